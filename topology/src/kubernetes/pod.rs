//! `v1/Pod`.

use serde::{Deserialize, Deserializer};

use super::{Metadata, or_default, time};
use crate::Timestamp;

/// A pod.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct Pod {
    /// Its metadata.
    #[serde(deserialize_with = "or_default")]
    pub metadata: Metadata,
    /// What was asked for.
    #[serde(deserialize_with = "or_default")]
    pub spec: PodSpec,
    /// What is.
    #[serde(deserialize_with = "or_default")]
    pub status: PodStatus,
}

impl Pod {
    /// The condition of that type, if the pod has it.
    pub fn condition(&self, kind: &str) -> Option<&Condition> {
        self.status.conditions.iter().find(|condition| condition.kind == kind)
    }

    /// Whether its Ready condition is true.
    pub fn is_ready(&self) -> bool {
        self.condition("Ready").is_some_and(Condition::is_true)
    }
}

/// `spec` of a pod.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct PodSpec {
    /// The host name asked for.
    #[serde(deserialize_with = "or_default")]
    pub hostname: String,
    /// The subdomain: for a StatefulSet's pod, its `serviceName`.
    #[serde(deserialize_with = "or_default")]
    pub subdomain: String,
    /// Whether it uses its node's network, and so shares the node's addresses with others.
    #[serde(deserialize_with = "or_default")]
    pub host_network: bool,
    /// The node it was scheduled to; empty before.
    #[serde(deserialize_with = "or_default")]
    pub node_name: String,
    /// How long it has to end when whoever deletes it says nothing, in seconds.
    #[serde(deserialize_with = "or_default")]
    pub termination_grace_period_seconds: Option<i64>,
    /// Its containers.
    #[serde(deserialize_with = "or_default")]
    pub containers: Vec<ContainerSpec>,
    /// Its init containers, sidecars among them.
    #[serde(deserialize_with = "or_default")]
    pub init_containers: Vec<ContainerSpec>,
    /// Gates that hold its scheduling back; each is removed when it may go on.
    #[serde(deserialize_with = "or_default")]
    pub scheduling_gates: Vec<SchedulingGate>,
}

/// One entry of `spec.schedulingGates`.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct SchedulingGate {
    /// The gate's name.
    #[serde(deserialize_with = "or_default")]
    pub name: String,
}

/// A container of the spec.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ContainerSpec {
    /// The container's name.
    #[serde(deserialize_with = "or_default")]
    pub name: String,
    /// `Always` on an init container makes it a sidecar.
    #[serde(deserialize_with = "or_default")]
    pub restart_policy: String,
}

/// `status` of a pod.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct PodStatus {
    /// `Pending`, `Running`, `Succeeded`, `Failed` or `Unknown`.
    #[serde(deserialize_with = "or_default")]
    pub phase: String,
    /// Why the pod is as it is, as `Evicted`.
    #[serde(deserialize_with = "or_default")]
    pub reason: String,
    /// All addresses of the pod.
    #[serde(rename = "podIPs", deserialize_with = "or_default")]
    pub pod_ips: Vec<PodIp>,
    /// Its conditions.
    #[serde(deserialize_with = "or_default")]
    pub conditions: Vec<Condition>,
    /// States of the init containers.
    #[serde(deserialize_with = "or_default")]
    pub init_container_statuses: Vec<ContainerStatus>,
    /// States of the containers.
    #[serde(deserialize_with = "or_default")]
    pub container_statuses: Vec<ContainerStatus>,
}

/// One entry of `status.podIPs`.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct PodIp {
    /// The address as text.
    #[serde(deserialize_with = "or_default")]
    pub ip: String,
}

/// One condition.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Condition {
    /// Its type, as `Ready`.
    #[serde(rename = "type", deserialize_with = "or_default")]
    pub kind: String,
    /// `True`, `False` or `Unknown`.
    #[serde(deserialize_with = "or_default")]
    pub status: String,
    /// Why, in one word.
    #[serde(deserialize_with = "or_default")]
    pub reason: String,
    /// When the status changed last.
    #[serde(deserialize_with = "time")]
    pub last_transition_time: Option<Timestamp>,
}

impl Condition {
    /// Whether the status is `True`.
    pub fn is_true(&self) -> bool {
        self.status == "True"
    }
}

/// The state of one container.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ContainerStatus {
    /// The container's name.
    #[serde(deserialize_with = "or_default")]
    pub name: String,
    /// Whether it passes its readiness probe.
    #[serde(deserialize_with = "or_default")]
    pub ready: bool,
    /// Whether it passed its startup probe.
    #[serde(deserialize_with = "or_default")]
    pub started: bool,
    /// How often it was restarted.
    #[serde(deserialize_with = "or_default")]
    pub restart_count: i32,
    /// What it does now.
    #[serde(deserialize_with = "or_default")]
    pub state: ContainerState,
    /// How it ended before.
    #[serde(deserialize_with = "or_default")]
    pub last_state: ContainerState,
}

/// Waiting, running or terminated. The kubelet reports one; of several, the last of these counts.
#[derive(Debug, Clone, PartialEq)]
pub enum ContainerState {
    /// Not running yet, or not again; also where the API says nothing.
    Waiting {
        /// Why, as `ContainerCreating`.
        reason: String,
    },
    /// Running.
    Running {
        /// Since when.
        started_at: Option<Timestamp>,
    },
    /// Ended.
    Terminated(TerminatedState),
}

impl Default for ContainerState {
    fn default() -> Self {
        Self::Waiting { reason: String::new() }
    }
}

/// How a container ended.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct TerminatedState {
    /// Why, as `Completed` or `Error`.
    #[serde(deserialize_with = "or_default")]
    pub reason: String,
    /// Its exit code.
    #[serde(deserialize_with = "or_default")]
    pub exit_code: i32,
    /// The signal that ended it, or 0.
    #[serde(deserialize_with = "or_default")]
    pub signal: i32,
    /// When it ended.
    #[serde(deserialize_with = "time")]
    pub finished_at: Option<Timestamp>,
}

impl<'de> Deserialize<'de> for ContainerState {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Default, Deserialize)]
        #[serde(default)]
        struct Raw {
            waiting: Option<Waiting>,
            running: Option<Running>,
            terminated: Option<TerminatedState>,
        }
        #[derive(Default, Deserialize)]
        #[serde(default)]
        struct Waiting {
            #[serde(deserialize_with = "or_default")]
            reason: String,
        }
        #[derive(Default, Deserialize)]
        #[serde(rename_all = "camelCase", default)]
        struct Running {
            #[serde(deserialize_with = "time")]
            started_at: Option<Timestamp>,
        }
        let raw: Raw = or_default(deserializer)?;
        Ok(match (raw.terminated, raw.running, raw.waiting) {
            (Some(ended), _, _) => Self::Terminated(ended),
            (None, Some(running), _) => Self::Running { started_at: running.started_at },
            (None, None, waiting) => Self::Waiting { reason: waiting.unwrap_or_default().reason },
        })
    }
}
