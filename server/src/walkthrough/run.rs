//! What a step does when it is run from the page: the same as its commands in a terminal.

use std::fmt::Write as _;
use std::time::Duration;

use k8s_openapi::api::apps::v1::{Deployment, StatefulSet};
use k8s_openapi::api::core::v1::{PersistentVolumeClaim, Pod, Service};
use kube::api::{Api, AttachParams, DeleteParams, ListParams, Patch, PatchParams};
use kube::{Client, ResourceExt as _};
use serde_json::{Value, json};
use thiserror::Error;
use tokio::io::AsyncReadExt as _;
use tokio::time::{sleep, timeout};
use topology::action::{Action, PodRef};
use topology::board::{Board, Incarnation};
use topology::{SetKey, Stage};

use super::steps::Step;
use super::{CONTRAST, NAMESPACE, WEB};
use crate::act::{ActError, Actor};
use crate::hub::{HubGone, HubHandle};

/// The two images that a rolling update goes back and forth between.
const IMAGES: [&str; 2] = ["nginx:1.9.2", "nginx:1.9.1"];
/// How long a command in a container may take.
const COMMAND: Duration = Duration::from_secs(10);
/// How long everything may take to go away.
const GOING: Duration = Duration::from_secs(60);
/// Between two looks whether it has.
const LOOK: Duration = Duration::from_millis(50);

/// Why a step was not run. Each message is one sentence for the reader.
#[derive(Debug, Error)]
pub enum RunError {
    /// One at a time.
    #[error("another step is running; wait for it to end")]
    Busy,
    /// There is no `web` to do it with.
    #[error("there is no StatefulSet web: run the first step, or start over")]
    NoWeb,
    /// What it needs is not there yet.
    #[error("{0} is not running yet; wait until it is, and run the step again")]
    NotYet(String),
    /// The cluster refused.
    #[error(transparent)]
    Act(#[from] ActError),
    /// The server is going down.
    #[error(transparent)]
    Hub(#[from] HubGone),
    /// Pods that do not go.
    #[error("the demo's pods did not go within {} s; look for what holds them with kubectl get pods", GOING.as_secs())]
    Stays,
}

impl From<kube::Error> for RunError {
    fn from(error: kube::Error) -> Self {
        Self::Act(error.into())
    }
}

/// Runs a step; what it prints is returned.
pub(super) async fn step(hub: &HubHandle, actor: &Actor, step: Step) -> Result<String, RunError> {
    let web = SetKey::new(NAMESPACE, WEB);
    let client = actor.client();
    let said = match step {
        Step::Make => actor.perform(&Action::ApplyWalkThrough).await?,
        Step::Order | Step::Return => return Ok(pods_now(&*board(hub).await?)),
        Step::Hostnames => within(&client, &["web-0", "web-1"], &["sh", "-c", "hostname"]).await?,
        Step::Resolve => {
            let mut said = within(&client, &["web-0"], &["nslookup", "web-0.nginx"]).await?;
            said.extend(within(&client, &["web-0"], &["nslookup", "web-1.nginx"]).await?);
            said
        }
        Step::Delete => {
            let pods = pods_of(&*board(hub).await?, |_| true);
            actor.perform(&Action::Delete { namespace: NAMESPACE.to_owned(), pods }).await?
        }
        Step::Contrast => {
            let pods: Api<Pod> = Api::namespaced(client, NAMESPACE);
            let all = pods.list(&ListParams::default().labels(CONTRAST)).await?;
            let pods = all.into_iter().filter(|pod| pod.metadata.deletion_timestamp.is_none());
            let pods =
                pods.map(|pod| PodRef { uid: pod.uid().unwrap_or_default().as_str().into(), name: pod.name_any() });
            actor.perform(&Action::Delete { namespace: NAMESPACE.to_owned(), pods: pods.collect() }).await?
        }
        Step::ScaleUp => actor.perform(&Action::Scale { set: web, replicas: 4 }).await?,
        Step::ScaleDown => actor.perform(&Action::Scale { set: web, replicas: 2 }).await?,
        Step::Partition => {
            let mut said = partition(&client, 1).await?;
            let image = other_image(actor).await?;
            said.extend(set_image(actor, web, image).await?);
            said
        }
        Step::Finish => partition(&client, 0).await?,
        Step::Break => set_image(actor, web, "nginx:missing").await?,
        Step::Mend => {
            let mut said = set_image(actor, web, IMAGES[0]).await?;
            let pods = pods_of(&*board(hub).await?, |pod| pod.stage() == Stage::Failing);
            if !pods.is_empty() {
                said.extend(actor.perform(&Action::Delete { namespace: NAMESPACE.to_owned(), pods }).await?);
            }
            said
        }
        Step::NotReady => set_ready(actor, false).await?,
        Step::Publish => publish(&client, true).await?,
        Step::Restore => {
            let mut said = set_ready(actor, true).await?;
            said.extend(publish(&client, false).await?);
            said
        }
        Step::Parallel => actor.apply(demo::objects("parallel.yaml")).await?,
    };
    Ok(said.join("\n"))
}

/// Takes away everything in the namespace, and waits until it is gone.
pub(super) async fn reset(actor: &Actor) -> Result<(), RunError> {
    let client = actor.client();
    let (options, all) = (DeleteParams::default(), ListParams::default());
    Api::<StatefulSet>::namespaced(client.clone(), NAMESPACE).delete_collection(&options, &all).await?;
    Api::<Deployment>::namespaced(client.clone(), NAMESPACE).delete_collection(&options, &all).await?;
    let services: Api<Service> = Api::namespaced(client.clone(), NAMESPACE);
    for service in services.list(&all).await?.iter().filter(|service| service.name_any() != "kubernetes") {
        services.delete(&service.name_any(), &options).await?;
    }
    let pods: Api<Pod> = Api::namespaced(client.clone(), NAMESPACE);
    pods.delete_collection(&options, &all).await?;
    let gone = async {
        while !pods.list(&all).await?.items.is_empty() {
            sleep(LOOK).await;
        }
        Ok::<_, kube::Error>(())
    };
    timeout(GOING, gone).await.map_err(|_| RunError::Stays)??;
    Api::<PersistentVolumeClaim>::namespaced(client, NAMESPACE).delete_collection(&options, &all).await?;
    Ok(())
}

/// Makes what the demo begins with.
pub(super) async fn begin(actor: &Actor) -> Result<(), RunError> {
    let files = ["svc.yaml", "statefulset.yaml", "deployment.yaml"];
    actor.apply(files.into_iter().flat_map(demo::objects)).await?;
    Ok(())
}

async fn board(hub: &HubHandle) -> Result<Box<Board>, RunError> {
    let view = hub.view(Some(SetKey::new(NAMESPACE, WEB))).await?;
    let board: Option<Box<Board>> = view.board.and_then(|(_, board)| board);
    let board = board.filter(|board| board.controller.spec().is_some());
    board.ok_or(RunError::NoWeb)
}

/// The pods of now of which something holds.
fn pods_of(board: &Board, holds: impl Fn(&Incarnation) -> bool) -> Vec<PodRef> {
    let pods = board.pods().filter(|(_, pod)| holds(pod));
    pods.map(|(ordinal, pod)| PodRef { name: board.set.pod_name(ordinal), uid: pod.uid.clone() }).collect()
}

/// The pods as `kubectl get pods -o wide` prints them, with the addresses of before.
fn pods_now(board: &Board) -> String {
    let mut text = format!("{:<8}{:<7}{:<19}{:<14}BEFORE\n", "NAME", "READY", "STATUS", "IP");
    for (ordinal, pod) in board.pods() {
        let address = |ips: &[std::net::IpAddr]| ips.first().map_or_else(|| "<none>".to_owned(), ToString::to_string);
        let earlier = board.lane(ordinal).and_then(|lane| lane.incarnations.iter().rev().find(|it| it.ended.is_some()));
        let earlier = earlier.map(|it| address(&it.ips)).unwrap_or_default();
        let columns = &pod.columns;
        let (name, ready) = (board.set.pod_name(ordinal), columns.ready.to_string());
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{name:<8}{ready:<7}{:<19}{:<14}{earlier}", columns.status, address(&pod.ips));
    }
    text
}

/// Runs a program in the first container of each pod, and collects what it prints.
async fn within(client: &Client, pods: &[&str], words: &[&str]) -> Result<Vec<String>, RunError> {
    let api: Api<Pod> = Api::namespaced(client.clone(), NAMESPACE);
    let mut said = Vec::new();
    for &pod in pods {
        let options = AttachParams::default().stdin(false).stdout(true).stderr(true);
        let printed = async {
            let mut process = api.exec(pod, words.iter().copied(), &options).await?;
            let mut printed = String::new();
            if let Some(mut output) = process.stdout() {
                // What cannot be read was not printed.
                let _ = output.read_to_string(&mut printed).await;
            }
            if let Some(mut errors) = process.stderr() {
                let _ = errors.read_to_string(&mut printed).await;
            }
            Ok::<_, kube::Error>(printed)
        };
        match timeout(COMMAND, printed).await {
            Ok(Ok(printed)) => said.push(printed.trim_end().to_owned()),
            Ok(Err(_)) | Err(_) => return Err(RunError::NotYet(pod.to_owned())),
        }
    }
    Ok(said)
}

async fn other_image(actor: &Actor) -> Result<&'static str, RunError> {
    let has_first = actor.containers(NAMESPACE, WEB).await?.iter().any(|(_, image)| image == IMAGES[0]);
    Ok(IMAGES[usize::from(has_first)])
}

async fn set_image(actor: &Actor, set: SetKey, image: &str) -> Result<Vec<String>, RunError> {
    let action = Action::SetImage { set, container: "nginx".to_owned(), image: image.to_owned() };
    Ok(actor.perform(&action).await?)
}

async fn set_ready(actor: &Actor, ready: bool) -> Result<Vec<String>, RunError> {
    let action = Action::SetReady { namespace: NAMESPACE.to_owned(), pod: "web-0".to_owned(), ready };
    Ok(actor.perform(&action).await?)
}

async fn partition(client: &Client, partition: u32) -> Result<Vec<String>, RunError> {
    let strategy = json!({"type": "RollingUpdate", "rollingUpdate": {"partition": partition}});
    let sets: Api<StatefulSet> = Api::namespaced(client.clone(), NAMESPACE);
    patch(&sets, WEB, json!({"spec": {"updateStrategy": strategy}})).await?;
    Ok(vec!["statefulset.apps/web patched".to_owned()])
}

async fn publish(client: &Client, publish: bool) -> Result<Vec<String>, RunError> {
    let services: Api<Service> = Api::namespaced(client.clone(), NAMESPACE);
    patch(&services, "nginx", json!({"spec": {"publishNotReadyAddresses": publish}})).await?;
    Ok(vec!["service/nginx patched".to_owned()])
}

async fn patch<K>(api: &Api<K>, name: &str, patch: Value) -> Result<(), kube::Error>
where
    K: Clone + serde::de::DeserializeOwned + std::fmt::Debug,
{
    api.patch(name, &PatchParams::default(), &Patch::Merge(patch)).await.map(drop)
}
