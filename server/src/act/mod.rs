//! Doing what a reader asked for: the only part of the server that changes a cluster. It is off unless the user turned it
//! on, and what it does is bounded by the rights that Berth's own credentials have and by the namespaces that it watches.

mod apply;
mod deed;
mod image;
mod permissions;

use std::sync::Arc;
use std::time::Duration;

use k8s_openapi::api::apps::v1::StatefulSet;
use k8s_openapi::api::core::v1::Pod;
use kube::Client;
use kube::api::{Api, DeleteParams, Patch, PatchParams, Preconditions};
use serde_json::{Value, json};
use thiserror::Error;
use tokio::time::{Instant, timeout, timeout_at};
use topology::action::{Action, Offer, READY_ANNOTATION};
use topology::object_name::{Label, Subdomain};
use topology::{SetKey, Uid};
use tracing::info;

use self::deed::{Deed, Target};
use self::image::Image;
use crate::clock::now;
use crate::cluster::Connector;

/// How long the API has to answer.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);
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

/// The namespaces that something may be done in: those that are watched; `None` is all.
#[derive(Debug, Clone, Default)]
pub struct Bounds(pub Option<Vec<String>>);

/// Why something was not done. Each message is one sentence for the reader.
#[derive(Debug, Error)]
pub enum ActError {
    /// It makes no sense.
    #[error("{0}")]
    Invalid(String),
    /// It is in a namespace that is not watched.
    #[error("this Berth watches, and acts in, {watched} only; start it with -n {namespace} to act there")]
    Outside {
        /// The namespace.
        namespace: Label,
        /// Those that are watched.
        watched: String,
    },
    /// Something of that name exists, and is somebody's.
    #[error(
        "{object} exists in the namespace {namespace}, and Berth did not make it: choose another namespace, or delete it \
         if nobody needs it"
    )]
    Foreign {
        /// What, as kubectl names it.
        object: String,
        /// Where.
        namespace: Label,
    },
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

/// What came of something: of several things, some may have been done and others not.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// What was done, in kubectl's words.
    pub said: Vec<String>,
    /// What was not, and why.
    pub failed: Vec<String>,
}

impl Outcome {
    fn of(said: String) -> Self {
        Self { said: vec![said], failed: Vec::new() }
    }

    /// What came of several things; it is an error only where nothing was done.
    fn collect(results: impl IntoIterator<Item = (String, Result<String, ActError>)>) -> Result<Self, ActError> {
        let (mut outcome, mut first) = (Self::default(), None);
        for (what, result) in results {
            match result {
                Ok(said) => outcome.said.push(said),
                Err(error) => {
                    outcome.failed.push(format!("{what}: {error}"));
                    first.get_or_insert(error);
                }
            }
        }
        match first {
            Some(ActError::Refused { code, .. }) if outcome.said.is_empty() && outcome.failed.len() > 1 => {
                Err(ActError::Refused { code, message: outcome.failed.join("\n") })
            }
            Some(first) if outcome.said.is_empty() => Err(first),
            _ => Ok(outcome),
        }
    }
}

/// Changes the cluster.
pub struct Actor {
    connector: Arc<Connector>,
    playground: Playground,
    bounds: Bounds,
}

impl Actor {
    /// One that acts with the credentials of a connection.
    pub fn new(connector: Arc<Connector>, playground: Playground, bounds: Bounds) -> Self {
        Self { connector, playground, bounds }
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
    /// When one of them cannot exist, or the API cannot be asked.
    pub async fn offer(&self, namespace: &str, set: Option<&str>) -> Result<Offer, ActError> {
        let client = self.client();
        let namespace = self.bounds.namespace(namespace)?;
        let set = set.map(|set| Target::read(&SetKey::new(namespace.as_str(), set), &self.bounds)).transpose()?;
        let containers = async {
            match &set {
                Some(set) => containers(&client, set).await,
                None => Ok(Vec::new()),
            }
        };
        let abilities = permissions::abilities(&client, namespace.as_str(), self.playground);
        let asked = async { tokio::join!(abilities, containers) };
        let (abilities, containers) = timeout(PATIENCE, asked).await.map_err(|_| ActError::Late)?;
        // A set that is gone has no containers, and that is all that this says.
        Ok(Offer { abilities: abilities?, containers: containers.unwrap_or_default() })
    }

    /// Does something, and says in kubectl's words what was done, and what was not.
    ///
    /// # Errors
    /// When it makes no sense, or nothing of it was done.
    pub async fn perform(&self, action: &Action) -> Result<Outcome, ActError> {
        let done = match Deed::read(action, &self.bounds) {
            Ok(deed) => self.step(deed).await,
            Err(error) => Err(error),
        };
        match &done {
            Ok(Outcome { failed, .. }) if failed.is_empty() => info!(command = action.command(), "done for a reader"),
            Ok(Outcome { failed, .. }) => info!(command = action.command(), ?failed, "done in part for a reader"),
            Err(error) => info!(command = action.command(), %error, "not done for a reader"),
        }
        done
    }

    /// The namespace of that name, if something may be done there.
    ///
    /// # Errors
    /// When it is none, or Berth watches others.
    pub(crate) fn namespace(&self, name: &str) -> Result<Label, ActError> {
        self.bounds.namespace(name)
    }

    async fn step(&self, deed: Deed) -> Result<Outcome, ActError> {
        let (client, deadline) = (self.client(), Instant::now() + PATIENCE);
        let said = match deed {
            // Those with several parts look at the clock themselves, so that what was done till then is told.
            Deed::Delete { namespace, pods } => return delete(client, &namespace, pods, deadline).await,
            Deed::ApplyWalkThrough { namespace } => {
                let manifests = ["svc.yaml", "statefulset.yaml"].into_iter().flat_map(demo::objects);
                return self.apply(&namespace, manifests, deadline).await;
            }
            Deed::Scale { set, replicas } => within(deadline, scale(client, &set, replicas)).await,
            Deed::Restart { set } => within(deadline, restart(client, &set)).await,
            Deed::SetImage { set, container, image } => {
                within(deadline, set_image(client, &set, &container, &image)).await
            }
            Deed::SetReady { namespace, pod, ready } => {
                if self.playground == Playground::No {
                    let why = "readiness can be held back in the demo only: a real kubelet asks the pod's probe";
                    return Err(ActError::Invalid(why.to_owned()));
                }
                within(deadline, set_ready(client, &namespace, &pod, ready)).await
            }
        }?;
        Ok(Outcome::of(said))
    }
}

async fn within<T>(deadline: Instant, work: impl Future<Output = Result<T, ActError>>) -> Result<T, ActError> {
    timeout_at(deadline, work).await.map_err(|_| ActError::Late)?
}

/// Deletes one after another: the order is the one that the reader confirmed, and the API is not flooded. What fails does
/// not keep the others.
async fn delete(
    client: Client,
    namespace: &Label,
    pods: Vec<(Subdomain, Uid)>,
    deadline: Instant,
) -> Result<Outcome, ActError> {
    let api: Api<Pod> = Api::namespaced(client, namespace.as_str());
    let one = async |name: &Subdomain, uid: &Uid| {
        let meant = Preconditions { uid: Some(uid.to_string()), resource_version: None };
        let options = DeleteParams { preconditions: Some(meant), ..DeleteParams::default() };
        within(deadline, async { Ok(api.delete(name.as_str(), &options).await?) }).await?;
        Ok(format!("pod \"{name}\" deleted from {namespace} namespace"))
    };
    let mut results = Vec::with_capacity(pods.len());
    for (name, uid) in &pods {
        let result = if Instant::now() < deadline { one(name, uid).await } else { Err(ActError::Late) };
        results.push((name.to_string(), result));
    }
    Outcome::collect(results)
}

async fn scale(client: Client, set: &Target, replicas: u32) -> Result<String, ActError> {
    let patch = Patch::Merge(json!({"spec": {"replicas": replicas}}));
    sets(client, &set.namespace).patch_scale(set.name.as_str(), &PatchParams::default(), &patch).await?;
    Ok(format!("statefulset.apps/{} scaled", set.name))
}

async fn restart(client: Client, set: &Target) -> Result<String, ActError> {
    let now = jiff::Timestamp::from_millisecond(now().as_millis()).unwrap_or_default();
    let now = now.round(jiff::Unit::Second).unwrap_or_default().to_string();
    let template = json!({"metadata": {"annotations": {RESTARTED: now}}});
    change_template(client, set, template, "restarted").await
}

async fn set_image(client: Client, set: &Target, container: &Label, image: &Image) -> Result<String, ActError> {
    let known = containers(&client, set).await?;
    match known.iter().find(|(name, _)| name == container.as_str()) {
        // A patch would make a container of a name that there is none of.
        None => {
            let names: Vec<&str> = known.iter().map(|(name, _)| name.as_str()).collect();
            let message = format!("unable to find container named \"{container}\"; there is: {}", names.join(", "));
            return Err(ActError::Invalid(message));
        }
        // kubectl prints nothing then, which would look as if the button did not work.
        Some((_, before)) if before == image.as_str() => {
            return Ok(format!("statefulset.apps/{} unchanged: {container} has the image {image} already", set.name));
        }
        Some(_) => {}
    }
    let template = json!({"spec": {"containers": [{"name": container.as_str(), "image": image.as_str()}]}});
    change_template(client, set, template, "image updated").await
}

async fn change_template(client: Client, set: &Target, template: Value, done: &str) -> Result<String, ActError> {
    let patch = Patch::Strategic(json!({"spec": {"template": template}}));
    sets(client, &set.namespace).patch(set.name.as_str(), &PatchParams::default(), &patch).await?;
    Ok(format!("statefulset.apps/{} {done}", set.name))
}

async fn set_ready(client: Client, namespace: &Label, pod: &Subdomain, ready: bool) -> Result<String, ActError> {
    let value = if ready { Value::Null } else { json!("false") };
    let patch = json!({"metadata": {"annotations": {READY_ANNOTATION: value}}});
    let pods: Api<Pod> = Api::namespaced(client, namespace.as_str());
    pods.patch(pod.as_str(), &PatchParams::default(), &Patch::Merge(patch)).await?;
    Ok(format!("pod/{pod} annotated"))
}

fn sets(client: Client, namespace: &Label) -> Api<StatefulSet> {
    Api::namespaced(client, namespace.as_str())
}

/// The containers of a StatefulSet's pods, with their images.
async fn containers(client: &Client, set: &Target) -> Result<Vec<(String, String)>, ActError> {
    let set = sets(client.clone(), &set.namespace).get(set.name.as_str()).await?;
    let containers = set.spec.template.spec.into_iter().flat_map(|pod| pod.containers);
    Ok(containers.map(|container| (container.name, container.image.unwrap_or_default())).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(message: &str) -> ActError {
        ActError::Refused { code: 409, message: message.to_owned() }
    }

    #[test]
    fn given_several_results_when_collected_then_what_was_done_is_told_beside_what_was_not() {
        let done = |name: &str| (name.to_owned(), Ok(format!("{name} deleted")));
        let partly = [done("web-0"), ("web-1".to_owned(), Err(refused("another one"))), done("web-2")];
        let outcome = Outcome::collect(partly).unwrap();
        assert_eq!(outcome.said, ["web-0 deleted", "web-2 deleted"]);
        assert_eq!(outcome.failed, ["web-1: another one"]);
        let late = Outcome::collect([done("web-0"), ("web-1".to_owned(), Err(ActError::Late))]).unwrap();
        assert_eq!(late.said, ["web-0 deleted"]);
        assert!(late.failed[0].starts_with("web-1: the Kubernetes API did not answer"));
        let nothing = Outcome::collect(["a", "b"].map(|name| (name.to_owned(), Err(refused("no")))));
        match nothing {
            Err(ActError::Refused { code: 409, message }) => assert_eq!(message, "a: no\nb: no"),
            other => panic!("{other:?}"),
        }
        assert!(matches!(Outcome::collect([("a".to_owned(), Err(ActError::Late))]), Err(ActError::Late)));
    }
}
