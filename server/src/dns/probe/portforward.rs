//! The way to a DNS pod of a cluster that cannot be reached otherwise: DNS over TCP in a port-forward of the API.

use std::sync::Arc;
use std::time::Duration;

use k8s_openapi::api::core::v1::Pod;
use kube::api::{ListParams, Portforwarder};
use kube::client::UpgradeConnectionError;
use kube::{Api, Client};
use tokio::io::DuplexStream;
use tokio::sync::Mutex;
use tokio::time::timeout;
use topology::dns::observed::{Failure, Question, Reply};
use topology::wire::ProbeProblem;

use super::resolver::{Outcome, converse, is_clean};
use crate::cluster::Connector;
use crate::cluster::root_cause;

/// Where the cluster's DNS runs, in nearly every cluster.
const NAMESPACE: &str = "kube-system";
/// How its pods are found: the label has outlived kube-dns itself.
const LABEL: &str = "k8s-app=kube-dns";
/// The name of the port that DNS over TCP is on, and its usual number.
const PORT: (&str, u16) = ("dns-tcp", 53);
/// How many pods are looked at.
const MAX_PODS: u32 = 16;
/// How long the way may take to open.
const OPENING: Duration = Duration::from_secs(5);
/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(2);

/// The way to a DNS pod; opened when it is needed, and anew when it broke.
pub struct PortForward {
    connector: Arc<Connector>,
    open: Mutex<Option<Way>>,
}

/// An open way.
struct Way {
    stream: DuplexStream,
    /// The way closes with it.
    forwarder: Portforwarder,
}

impl Drop for Way {
    fn drop(&mut self) {
        self.forwarder.abort();
    }
}

impl PortForward {
    /// To a DNS pod of the cluster that `connector` connects to.
    pub fn new(connector: Arc<Connector>) -> Self {
        Self { connector, open: Mutex::new(None) }
    }

    /// How people call it.
    pub(super) fn name() -> String {
        format!("a DNS pod in {NAMESPACE}")
    }

    /// Asks; one question after the other. A way that broke since the last one (the pod is gone, or closed a silent
    /// connection) is opened anew once.
    pub(super) async fn ask(&self, question: &Question) -> Outcome {
        let mut open = self.open.lock().await;
        let was_open = open.is_some();
        match self.try_ask(&mut open, question).await {
            Ok(reply) => return reply.into(),
            Err(problem) if !was_open => {
                return Outcome { reply: Reply::Failed(Failure::Unreachable), problem: Some(problem) };
            }
            Err(_) => {}
        }
        match self.try_ask(&mut open, question).await {
            Ok(reply) => reply.into(),
            Err(problem) => Outcome { reply: Reply::Failed(Failure::Unreachable), problem: Some(problem) },
        }
    }

    async fn try_ask(&self, open: &mut Option<Way>, question: &Question) -> Result<Reply, ProbeProblem> {
        // Taken out: whatever happens but a good answer closes it.
        let mut way = if let Some(way) = open.take() {
            way
        } else {
            let client = self.connector.subscribe().borrow().client.clone();
            let opened = timeout(OPENING, self::open(client)).await;
            opened.map_err(|_| failed("the port-forward did not open in time"))??
        };
        match timeout(PATIENCE, converse(&mut way.stream, question)).await {
            Ok(Ok(reply)) => {
                if is_clean(&reply) {
                    *open = Some(way);
                }
                Ok(reply)
            }
            Ok(Err(error)) => Err(failed(&format!("the port-forward broke: {error}"))),
            Err(_elapsed) => Ok(Reply::Failed(Failure::Timeout)),
        }
    }
}

fn failed(problem: &str) -> ProbeProblem {
    ProbeProblem::Failed(problem.to_owned())
}

fn refused(verb: &str, resource: &str) -> ProbeProblem {
    ProbeProblem::Refused { verb: verb.to_owned(), resource: resource.to_owned(), namespace: NAMESPACE.to_owned() }
}

async fn open(client: Client) -> Result<Way, ProbeProblem> {
    let pods: Api<Pod> = Api::namespaced(client, NAMESPACE);
    let listed = pods.list(&ListParams::default().labels(LABEL).limit(MAX_PODS)).await;
    let listed = listed.map_err(|error| match error {
        kube::Error::Api(status) if status.code == 403 => refused("list", "pods"),
        other => failed(&root_cause(&other)),
    })?;
    let found =
        listed.items.iter().find(|pod| is_ready(pod)).and_then(|pod| Some((pod.metadata.name.clone()?, port(pod))));
    let none = || ProbeProblem::NoPod { label: LABEL.to_owned(), namespace: NAMESPACE.to_owned() };
    let (name, port) = found.ok_or_else(none)?;
    let mut forwarder = pods.portforward(&name, &[port]).await.map_err(|error| match error {
        kube::Error::Api(status) if status.code == 403 => refused("create", "pods/portforward"),
        kube::Error::UpgradeConnection(UpgradeConnectionError::ProtocolSwitch(status)) if status.as_u16() == 403 => {
            refused("create", "pods/portforward")
        }
        other => failed(&root_cause(&other)),
    })?;
    let stream = forwarder.take_stream(port).ok_or_else(|| failed("the port-forward has no stream"))?;
    Ok(Way { stream, forwarder })
}

fn is_ready(pod: &Pod) -> bool {
    let conditions = pod.status.as_ref().and_then(|status| status.conditions.as_ref());
    let ready = conditions.into_iter().flatten().any(|it| it.type_ == "Ready" && it.status == "True");
    ready && pod.metadata.deletion_timestamp.is_none()
}

fn port(pod: &Pod) -> u16 {
    let containers = pod.spec.iter().flat_map(|spec| &spec.containers);
    let mut ports = containers.flat_map(|container| container.ports.iter().flatten());
    let named = ports.find(|port| port.name.as_deref() == Some(PORT.0));
    named.and_then(|port| u16::try_from(port.container_port).ok()).unwrap_or(PORT.1)
}
