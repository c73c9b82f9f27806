//! What a pod says.

use std::fmt;
use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use crate::kubectl::PodColumns;
use crate::kubernetes::{self, Labels};
use crate::{ResourceVersion, Stage, Timestamp, Uid};

/// The longest host name that a pod gets; longer names are cut (a DNS label, RFC 1035 §2.3.4).
const HOSTNAME_LENGTH: usize = 63;

/// A pod.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Pod {
    /// Its UID: the incarnation.
    pub uid: Uid,
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// Its resource version.
    pub version: ResourceVersion,
    /// When the API server stored it first.
    pub created: Option<Timestamp>,
    /// When its deletion was asked for, while it is going.
    pub deleting: Option<Timestamp>,
    /// Its labels.
    pub labels: Labels,
    /// Its controlling owner.
    pub owner: Option<Owner>,
    /// What `hostname` prints in it.
    pub hostname: String,
    /// Its subdomain, where it has one: together they make its name in DNS.
    pub subdomain: Option<String>,
    /// The node that it was scheduled to.
    pub node: Option<String>,
    /// Its addresses, as the API orders them.
    pub ips: Vec<IpAddr>,
    /// Whether it uses its node's network, and so shares the node's addresses with others.
    pub host_network: bool,
    /// Its phase.
    pub phase: Phase,
    /// When its Ready condition became true, while it is.
    pub ready_since: Option<Timestamp>,
    /// Its stage.
    pub stage: Stage,
    /// What `kubectl get pods` prints for it.
    pub columns: PodColumns,
    /// The ControllerRevision that it was made from.
    pub revision: Option<String>,
    /// Why the cluster itself ends it, where it does.
    pub disruption: Option<Disruption>,
    /// Whether its deletion gives it no time to end in.
    pub forced: bool,
    /// Whether its own spec gives it no time: then whoever deletes it seems to force that.
    #[serde(default)]
    pub graceless: bool,
}

impl Pod {
    /// Running with a true Ready condition: what the StatefulSet controller waits for.
    pub fn is_running_and_ready(&self) -> bool {
        self.phase == Phase::Running && self.ready_since.is_some()
    }
}

/// Why the cluster itself ends a pod (its condition `DisruptionTarget`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Disruption {
    /// Evicted through the API, as by a drain.
    Evicted,
    /// The scheduler makes room for a pod of higher priority.
    Preempted,
    /// It does not bear a taint of its node.
    NodeLost,
    /// Its kubelet ends it: the node runs out of something, or shuts down.
    Terminated,
    /// Its node does not exist any more, or is out of service.
    Collected,
    /// For a reason that Berth does not know.
    Other,
}

impl Disruption {
    fn of(pod: &kubernetes::Pod) -> Option<Self> {
        let condition = pod.condition("DisruptionTarget").filter(|condition| condition.is_true())?;
        match condition.reason.as_str() {
            "EvictionByEvictionAPI" => Some(Self::Evicted),
            "PreemptionByScheduler" => Some(Self::Preempted),
            "DeletionByTaintManager" => Some(Self::NodeLost),
            "TerminationByKubelet" => Some(Self::Terminated),
            "DeletionByPodGC" => Some(Self::Collected),
            _ => Some(Self::Other),
        }
    }
}

/// A controlling owner.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Owner {
    /// Its kind.
    pub kind: String,
    /// Its name.
    pub name: String,
    /// Its UID.
    pub uid: Uid,
    /// Whether it is a StatefulSet of the group `apps`.
    pub is_stateful_set: bool,
}

impl From<&kubernetes::OwnerReference> for Owner {
    fn from(owner: &kubernetes::OwnerReference) -> Self {
        Self {
            kind: owner.kind.clone(),
            name: owner.name.clone(),
            uid: owner.uid.clone(),
            is_stateful_set: owner.is_stateful_set(),
        }
    }
}

impl fmt::Display for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.kind, self.name)
    }
}

/// The phase of a pod.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum Phase {
    /// Not all containers were started yet.
    Pending,
    /// Bound to a node, all containers were started.
    Running,
    /// All containers ended well.
    Succeeded,
    /// All containers ended, one of them badly.
    Failed,
    /// The node does not tell.
    Unknown,
}

impl From<kubernetes::Pod> for Pod {
    fn from(pod: kubernetes::Pod) -> Self {
        let columns = crate::kubectl::pod_columns(&pod);
        let stage = Stage::of(&pod);
        let ready_since = pod
            .condition("Ready")
            .filter(|condition| condition.is_true())
            .map(|condition| condition.last_transition_time.or(pod.metadata.creation_timestamp).unwrap_or_default());
        let deleting = pod.metadata.deletion_asked();
        let disruption = Disruption::of(&pod);
        let graceless = pod.spec.termination_grace_period_seconds == Some(0);
        let forced = deleting.is_some() && pod.metadata.deletion_grace_period_seconds == Some(0);
        let owner = pod.metadata.controller().map(Owner::from);
        let mut hostname =
            if pod.spec.hostname.is_empty() { pod.metadata.name.clone() } else { pod.spec.hostname.clone() };
        hostname.truncate(floor_char_boundary(&hostname, HOSTNAME_LENGTH));
        Self {
            ips: pod.status.pod_ips.iter().filter_map(|ip| ip.ip.parse().ok()).collect(),
            phase: match pod.status.phase.as_str() {
                "Running" => Phase::Running,
                "Succeeded" => Phase::Succeeded,
                "Failed" => Phase::Failed,
                "Unknown" => Phase::Unknown,
                _ => Phase::Pending,
            },
            revision: pod.metadata.labels.get("controller-revision-hash").cloned(),
            uid: pod.metadata.uid,
            namespace: pod.metadata.namespace,
            name: pod.metadata.name,
            version: pod.metadata.resource_version,
            created: pod.metadata.creation_timestamp,
            labels: pod.metadata.labels,
            subdomain: Some(pod.spec.subdomain).filter(|subdomain| !subdomain.is_empty()),
            node: Some(pod.spec.node_name).filter(|node| !node.is_empty()),
            host_network: pod.spec.host_network,
            disruption,
            forced,
            graceless,
            deleting,
            owner,
            hostname,
            ready_since,
            stage,
            columns,
        }
    }
}

fn floor_char_boundary(text: &str, at: usize) -> usize {
    (0..=at.min(text.len())).rev().find(|&end| text.is_char_boundary(end)).unwrap_or(0)
}
