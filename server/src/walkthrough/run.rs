//! What a step does when it is run from the page: the same as its commands in a terminal.

use std::fmt::Write as _;
use std::time::Duration;

use k8s_openapi::api::apps::v1::{Deployment, ReplicaSet, StatefulSet};
use k8s_openapi::api::core::v1::{PersistentVolumeClaim, Pod, Service};
use kube::api::{Api, AttachParams, DeleteParams, ListParams, Patch, PatchParams};
use kube::{Client, ResourceExt as _};
use serde_json::{Value, json};
use thiserror::Error;
use tokio::io::AsyncReadExt as _;
use tokio::time::{Instant, sleep, timeout};
use topology::SetKey;
use topology::action::{Action, PodRef};
use topology::board::Board;

use super::steps::Step;
use super::{CONTRAST, NAMESPACE, WEB};
use crate::act::{ActError, Actor, Outcome, PATIENCE};
use crate::hub::{HubGone, HubHandle};

/// The image that a rolling update brings, and that mends a broken one.
const IMAGE: &str = "nginx:1.9.2";
/// How long a command in a container may take.
const COMMAND: Duration = Duration::from_secs(10);
/// How long everything may take to go away.
const GOING: Duration = Duration::from_secs(60);
/// Between two looks whether it has.
pub(super) const LOOK: Duration = Duration::from_millis(50);

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
    /// A bug.
    #[error("an error of Berth's own; its log says more")]
    Broken,
}

impl From<kube::Error> for RunError {
    fn from(error: kube::Error) -> Self {
        Self::Act(error.into())
    }
}

/// Runs a step; what it prints is returned.
pub(super) async fn step(hub: &HubHandle, actor: &Actor, step: Step) -> Result<String, RunError> {
    let namespace = actor.namespace(NAMESPACE)?;
    let web = SetKey::new(NAMESPACE, WEB);
    let client = actor.client();
    let said = match step {
        Step::Make => act(actor, Action::ApplyWalkThrough { namespace: NAMESPACE.to_owned() }).await?,
        Step::Order | Step::Return => return Ok(pods_now(&*board(hub).await?)),
        Step::Hostnames => within(&client, &["web-0", "web-1"], &["sh", "-c", "hostname"]).await?,
        Step::Resolve => {
            let mut said = within(&client, &["web-0"], &["nslookup", "web-0.nginx"]).await?;
            said.extend(within(&client, &["web-0"], &["nslookup", "web-1.nginx"]).await?);
            said
        }
        Step::Delete => delete(actor, pods_of(&*board(hub).await?)).await?,
        Step::Contrast => {
            let pods: Api<Pod> = Api::namespaced(client, NAMESPACE);
            let all = pods.list(&ListParams::default().labels(CONTRAST)).await?;
            let pods = all.iter().filter(|pod| pod.metadata.deletion_timestamp.is_none());
            delete(actor, pods.map(reference).collect()).await?
        }
        Step::ScaleUp => act(actor, Action::Scale { set: web, replicas: 4 }).await?,
        Step::ScaleDown => act(actor, Action::Scale { set: web, replicas: 2 }).await?,
        Step::Partition => {
            let mut said = partition(&client, 1).await?;
            said.extend(set_image(actor, web, IMAGE).await?);
            said
        }
        Step::Finish => partition(&client, 0).await?,
        Step::Break => set_image(actor, web, "nginx:missing").await?,
        Step::Mend => {
            let mut said = set_image(actor, web, IMAGE).await?;
            let pods: Api<Pod> = Api::namespaced(client, NAMESPACE);
            said.extend(delete(actor, vec![reference(&pods.get("web-1").await?)]).await?);
            said
        }
        Step::NotReady => set_ready(actor, false).await?,
        Step::Publish => publish(&client, true).await?,
        Step::Restore => {
            let mut said = set_ready(actor, true).await?;
            said.extend(publish(&client, false).await?);
            said
        }
        Step::Parallel => {
            let deadline = Instant::now() + PATIENCE;
            lines(actor.apply(&namespace, demo::objects("parallel.yaml"), deadline).await?)
        }
    };
    Ok(said.join("\n"))
}

async fn act(actor: &Actor, action: Action) -> Result<Vec<String>, RunError> {
    Ok(lines(actor.perform(&action).await?))
}

/// What was done, and then what was not.
fn lines(Outcome { mut said, failed }: Outcome) -> Vec<String> {
    said.extend(failed);
    said
}

async fn delete(actor: &Actor, pods: Vec<PodRef>) -> Result<Vec<String>, RunError> {
    act(actor, Action::Delete { namespace: NAMESPACE.to_owned(), pods }).await
}

fn reference(pod: &Pod) -> PodRef {
    PodRef { name: pod.name_any(), uid: pod.uid().unwrap_or_default().as_str().into() }
}

/// Takes away everything in the namespace, and waits until it is gone.
pub(super) async fn reset(actor: &Actor) -> Result<(), RunError> {
    actor.namespace(NAMESPACE)?;
    let client = actor.client();
    let (options, all) = (DeleteParams::default(), ListParams::default());
    Api::<StatefulSet>::namespaced(client.clone(), NAMESPACE).delete_collection(&options, &all).await?;
    Api::<Deployment>::namespaced(client.clone(), NAMESPACE).delete_collection(&options, &all).await?;
    // Those of Deployments would go with them, and those that somebody made alone would make their pods anew.
    Api::<ReplicaSet>::namespaced(client.clone(), NAMESPACE).delete_collection(&options, &all).await?;
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
    going(gone).await?;
    Api::<PersistentVolumeClaim>::namespaced(client, NAMESPACE).delete_collection(&options, &all).await?;
    Ok(())
}

/// Waits for something that is so when all has gone.
pub(super) async fn going<E>(gone: impl Future<Output = Result<(), E>>) -> Result<(), RunError>
where
    RunError: From<E>,
{
    Ok(timeout(GOING, gone).await.map_err(|_| RunError::Stays)??)
}

/// Makes what the demo begins with.
pub(super) async fn begin(actor: &Actor) -> Result<(), RunError> {
    let files = ["svc.yaml", "statefulset.yaml", "deployment.yaml"];
    let namespace = actor.namespace(NAMESPACE)?;
    let manifests = files.into_iter().flat_map(demo::objects);
    let made = actor.apply(&namespace, manifests, Instant::now() + PATIENCE).await?;
    if made.failed.is_empty() { Ok(()) } else { Err(ActError::Failed(made.failed.join("\n")).into()) }
}

async fn board(hub: &HubHandle) -> Result<Box<Board>, RunError> {
    let view = hub.view(Some(SetKey::new(NAMESPACE, WEB))).await?;
    let board: Option<Box<Board>> = view.board.and_then(|(_, board)| board);
    let board = board.filter(|board| board.controller.spec().is_some());
    board.ok_or(RunError::NoWeb)
}

/// The pods of now.
fn pods_of(board: &Board) -> Vec<PodRef> {
    board.pods().map(|(ordinal, pod)| PodRef { name: board.set.pod_name(ordinal), uid: pod.uid.clone() }).collect()
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

async fn set_image(actor: &Actor, set: SetKey, image: &str) -> Result<Vec<String>, RunError> {
    let action = Action::SetImage { set, container: "nginx".to_owned(), image: image.to_owned() };
    act(actor, action).await
}

async fn set_ready(actor: &Actor, ready: bool) -> Result<Vec<String>, RunError> {
    let action = Action::SetReady { namespace: NAMESPACE.to_owned(), pod: "web-0".to_owned(), ready };
    act(actor, action).await
}

async fn partition(client: &Client, partition: u32) -> Result<Vec<String>, RunError> {
    let strategy = json!({"type": "RollingUpdate", "rollingUpdate": {"partition": partition}});
    let sets: Api<StatefulSet> = Api::namespaced(client.clone(), NAMESPACE);
    let said = patch(&sets, WEB, json!({"spec": {"updateStrategy": strategy}})).await?;
    Ok(vec![format!("statefulset.apps/web {said}")])
}

async fn publish(client: &Client, publish: bool) -> Result<Vec<String>, RunError> {
    let services: Api<Service> = Api::namespaced(client.clone(), NAMESPACE);
    let said = patch(&services, "nginx", json!({"spec": {"publishNotReadyAddresses": publish}})).await?;
    Ok(vec![format!("service/nginx {said}")])
}

/// Patches it, and says whether that changed something.
async fn patch<K>(api: &Api<K>, name: &str, patch: Value) -> Result<&'static str, kube::Error>
where
    K: kube::Resource + Clone + serde::de::DeserializeOwned + std::fmt::Debug,
{
    let before = api.get(name).await?.resource_version();
    let after = api.patch(name, &PatchParams::default(), &Patch::Merge(patch)).await?.resource_version();
    Ok(if before == after { "patched (no change)" } else { "patched" })
}
