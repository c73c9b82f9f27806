//! Doing what a reader asked for: the only part of the server that changes a cluster. It is off unless the user turned it
//! on, and what it does is bounded by the rights that Berth's own credentials have.

mod permissions;

use std::sync::Arc;
use std::time::Duration;

use k8s_openapi::api::apps::v1::{Deployment, StatefulSet};
use k8s_openapi::api::core::v1::{Pod, Service};
use kube::Client;
use kube::api::{Api, DeleteParams, Patch, PatchParams, Preconditions};
use serde_json::{Value, json};
use thiserror::Error;
use tokio::time::timeout;
use topology::SetKey;
use topology::action::{Action, MAX_PODS, MAX_REPLICAS, Offer, PodRef, READY_ANNOTATION};
use tracing::info;

use crate::clock::now;
use crate::cluster::Connector;

/// The name under which what Berth applies is noted in the objects.
const MANAGER: &str = "berth";
/// How long the API has to answer.
const PATIENCE: Duration = Duration::from_secs(20);
/// The annotation by which `kubectl rollout restart` changes a template.
const RESTARTED: &str = "kubectl.kubernetes.io/restartedAt";

/// Whether the cluster is the demo's own, whose pods can be told not to be ready.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Playground {
    /// The demo's.
    Demo,
    /// A cluster of the user's.
    No,
}

/// Why something was not done. Each message is one sentence for the reader.
#[derive(Debug, Error)]
pub enum ActError {
    /// It makes no sense.
    #[error("{0}")]
    Invalid(String),
    /// The API refused it.
    #[error("{message}")]
    Refused {
        /// Its HTTP status.
        code: u16,
        /// What it said.
        message: String,
    },
    /// The API could not be asked.
    #[error("the Kubernetes API did not take it: {0}")]
    Failed(String),
    /// It took too long.
    #[error("the Kubernetes API did not answer within {} s; look whether it was done before you try again", PATIENCE.as_secs())]
    Late,
}

impl From<kube::Error> for ActError {
    fn from(error: kube::Error) -> Self {
        match error {
            kube::Error::Api(status) => Self::Refused { code: status.code, message: status.message },
            other => Self::Failed(other.to_string()),
        }
    }
}

/// Changes the cluster.
pub struct Actor {
    connector: Arc<Connector>,
    playground: Playground,
}

impl Actor {
    /// One that acts with the credentials of a connection.
    pub fn new(connector: Arc<Connector>, playground: Playground) -> Self {
        Self { connector, playground }
    }

    /// Whose cluster it is.
    pub fn playground(&self) -> Playground {
        self.playground
    }

    /// The connection of now.
    pub(crate) fn client(&self) -> Client {
        self.connector.subscribe().borrow().client.clone()
    }

    /// What may be done in a namespace, and which containers a StatefulSet has.
    ///
    /// # Errors
    /// When the API cannot be asked.
    pub async fn offer(&self, namespace: &str, set: Option<&str>) -> Result<Offer, ActError> {
        let client = self.client();
        let containers = async {
            match set {
                Some(set) => self.containers(namespace, set).await,
                None => Ok(Vec::new()),
            }
        };
        let asked = async { tokio::join!(permissions::abilities(&client, namespace, self.playground), containers) };
        let (abilities, containers) = timeout(PATIENCE, asked).await.map_err(|_| ActError::Late)?;
        // A set that is gone has no containers, and that is all that this says.
        Ok(Offer { abilities: abilities?, containers: containers.unwrap_or_default() })
    }

    /// The containers of a StatefulSet's pods, with their images.
    ///
    /// # Errors
    /// When there is no such StatefulSet, or the API cannot be asked.
    pub(crate) async fn containers(&self, namespace: &str, set: &str) -> Result<Vec<(String, String)>, ActError> {
        containers(&Api::namespaced(self.client(), namespace), set).await
    }

    /// Does something, and says in kubectl's words what was done.
    ///
    /// # Errors
    /// When it makes no sense, or the API refuses it. Of several pods some may be gone by then.
    pub async fn perform(&self, action: &Action) -> Result<Vec<String>, ActError> {
        let client = self.client();
        let done = timeout(PATIENCE, self.step(client, action)).await.map_err(|_| ActError::Late).flatten();
        match &done {
            Ok(_) => info!(command = action.command(), "done for a reader"),
            Err(error) => info!(command = action.command(), %error, "not done for a reader"),
        }
        done
    }

    async fn step(&self, client: Client, action: &Action) -> Result<Vec<String>, ActError> {
        match action {
            Action::Delete { namespace, pods } => delete(&Api::namespaced(client, namespace), pods).await,
            Action::Scale { set, replicas } => scale(client, set, *replicas).await,
            Action::Restart { set } => {
                let now = jiff::Timestamp::from_millisecond(now().as_millis()).unwrap_or_default();
                let now = now.round(jiff::Unit::Second).unwrap_or_default().to_string();
                let template = json!({"metadata": {"annotations": {RESTARTED: now}}});
                change_template(client, set, template, "restarted").await
            }
            Action::SetImage { set, container, image } => set_image(client, set, container, image).await,
            Action::SetReady { namespace, pod, ready } => {
                if self.playground == Playground::No {
                    let why = "readiness can be held back in the demo only: a real kubelet asks the pod's probe";
                    return Err(ActError::Invalid(why.to_owned()));
                }
                let value = if *ready { Value::Null } else { json!("false") };
                let patch = json!({"metadata": {"annotations": {READY_ANNOTATION: value}}});
                let pods: Api<Pod> = Api::namespaced(client, namespace);
                pods.patch(pod, &PatchParams::default(), &Patch::Merge(patch)).await?;
                Ok(vec![format!("pod/{pod} annotated")])
            }
            Action::ApplyWalkThrough => {
                self.apply(["svc.yaml", "statefulset.yaml"].into_iter().flat_map(demo::objects)).await
            }
        }
    }

    /// Applies manifests of Services, StatefulSets and Deployments, in the namespace `default`, as `kubectl apply --server-side`.
    pub(crate) async fn apply(&self, manifests: impl IntoIterator<Item = Value>) -> Result<Vec<String>, ActError> {
        let client = self.client();
        let options = PatchParams::apply(MANAGER).force();
        let mut said = Vec::new();
        for manifest in manifests {
            let name = manifest["metadata"]["name"].as_str().unwrap_or_default().to_owned();
            match manifest["kind"].as_str() {
                Some("Service") => {
                    let services: Api<Service> = Api::namespaced(client.clone(), "default");
                    services.patch(&name, &options, &Patch::Apply(manifest)).await?;
                    said.push(format!("service/{name} serverside-applied"));
                }
                Some("StatefulSet") => {
                    let sets: Api<StatefulSet> = Api::namespaced(client.clone(), "default");
                    sets.patch(&name, &options, &Patch::Apply(manifest)).await?;
                    said.push(format!("statefulset.apps/{name} serverside-applied"));
                }
                Some("Deployment") => {
                    let deployments: Api<Deployment> = Api::namespaced(client.clone(), "default");
                    deployments.patch(&name, &options, &Patch::Apply(manifest)).await?;
                    said.push(format!("deployment.apps/{name} serverside-applied"));
                }
                _ => {}
            }
        }
        Ok(said)
    }
}

async fn delete(api: &Api<Pod>, pods: &[PodRef]) -> Result<Vec<String>, ActError> {
    if pods.is_empty() || pods.len() > MAX_PODS {
        return Err(ActError::Invalid(format!("name between 1 and {MAX_PODS} pods")));
    }
    let one = async |PodRef { name, uid }: &PodRef| {
        let meant = Preconditions { uid: Some(uid.to_string()), resource_version: None };
        let options = DeleteParams { preconditions: Some(meant), ..DeleteParams::default() };
        api.delete(name, &options).await.map(|_| format!("pod \"{name}\" deleted"))
    };
    // One after another: the order is the one that the reader confirmed, and the API is not flooded.
    let mut said = Vec::new();
    for pod in pods {
        said.push(one(pod).await?);
    }
    Ok(said)
}

async fn scale(client: Client, set: &SetKey, replicas: u32) -> Result<Vec<String>, ActError> {
    if replicas > MAX_REPLICAS {
        return Err(ActError::Invalid(format!("between 0 and {MAX_REPLICAS} replicas can be asked for from here")));
    }
    let sets: Api<StatefulSet> = Api::namespaced(client, &set.namespace);
    let patch = Patch::Merge(json!({"spec": {"replicas": replicas}}));
    sets.patch_scale(&set.name, &PatchParams::default(), &patch).await?;
    Ok(vec![format!("statefulset.apps/{} scaled", set.name)])
}

async fn set_image(client: Client, set: &SetKey, container: &str, image: &str) -> Result<Vec<String>, ActError> {
    let sets: Api<StatefulSet> = Api::namespaced(client.clone(), &set.namespace);
    let known = containers(&sets, &set.name).await?;
    // A patch would make a container of a name that there is none of.
    if !known.iter().any(|(name, _)| name == container) {
        let names: Vec<&str> = known.iter().map(|(name, _)| name.as_str()).collect();
        let message = format!("unable to find container named \"{container}\"; there is: {}", names.join(", "));
        return Err(ActError::Invalid(message));
    }
    let template = json!({"spec": {"containers": [{"name": container, "image": image}]}});
    change_template(client, set, template, "image updated").await
}

async fn change_template(client: Client, set: &SetKey, template: Value, done: &str) -> Result<Vec<String>, ActError> {
    let sets: Api<StatefulSet> = Api::namespaced(client, &set.namespace);
    let patch = Patch::Strategic(json!({"spec": {"template": template}}));
    sets.patch(&set.name, &PatchParams::default(), &patch).await?;
    Ok(vec![format!("statefulset.apps/{} {done}", set.name)])
}

/// The containers of a StatefulSet's pods, with their images.
async fn containers(sets: &Api<StatefulSet>, name: &str) -> Result<Vec<(String, String)>, ActError> {
    let set = sets.get(name).await?;
    let containers = set.spec.template.spec.into_iter().flat_map(|pod| pod.containers);
    Ok(containers.map(|container| (container.name, container.image.unwrap_or_default())).collect())
}
