//! What `kubectl get pods` prints for a pod: READY, STATUS, RESTARTS and ages, to the letter.
//!
//! The source is `printPod` in `pkg/printers/internalversion/printers.go` of Kubernetes 1.37 and `HumanDuration` in
//! `k8s.io/apimachinery`; `tests/kubectl.rs` compares with that code itself.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::Timestamp;
use crate::kubernetes::{Condition, ContainerState, ContainerStatus, Pod, TerminatedState};

/// The columns READY, STATUS and RESTARTS.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct PodColumns {
    /// READY.
    pub ready: ReadyCount,
    /// STATUS.
    pub status: String,
    /// RESTARTS.
    pub restarts: Restarts,
}

/// READY: how many containers are ready, of how many. Sidecars count, other init containers do not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ReadyCount {
    /// Ready ones.
    pub ready: u32,
    /// All.
    pub total: u32,
}

impl fmt::Display for ReadyCount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.ready, self.total)
    }
}

/// Go's zero time, 0001-01-01T00:00:00Z: no time at all.
const NO_TIME: Timestamp = Timestamp::from_millis(-62_135_596_800_000);

/// The longest duration that Go can hold, about 292 years, in seconds.
const LONGEST_SECONDS: i64 = i64::MAX / 1_000_000_000;

/// RESTARTS: how many, and when the latest was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Restarts {
    /// How many. Signed as in the API, which forbids no negative count.
    pub count: i64,
    /// When a container ended last (API time).
    pub last: Option<Timestamp>,
}

impl Restarts {
    /// The text of the column: `0`, `3`, or `3 (5m ago)`.
    ///
    /// ```
    /// use topology::{Timestamp, kubectl::Restarts};
    /// let restarts = Restarts { count: 3, last: Some(Timestamp::from_millis(0)) };
    /// assert_eq!(restarts.text(Timestamp::from_millis(300_000)), "3 (5m ago)");
    /// ```
    pub fn text(self, now: Timestamp) -> String {
        match self.last {
            Some(last) if self.count != 0 => format!("{} ({} ago)", self.count, human_duration(now.millis_since(last))),
            _ => self.count.to_string(),
        }
    }

    fn add(&mut self, container: &ContainerStatus) {
        self.count += i64::from(container.restart_count);
        if let ContainerState::Terminated(ended) = &container.last_state {
            self.last = self.last.max(ended.finished_at.filter(|at| *at > NO_TIME));
        }
    }
}

/// The columns of a pod.
pub fn pod_columns(pod: &Pod) -> PodColumns {
    let mut columns = PodColumns {
        ready: ReadyCount { ready: 0, total: count(pod.spec.containers.len() + sidecars(pod)) },
        status: phase_or_reason(pod),
        restarts: Restarts::default(),
    };
    let (initializing, sidecar_restarts) = print_init_containers(pod, &mut columns);
    if !initializing || pod.condition("Initialized").is_some_and(Condition::is_true) {
        columns.restarts = sidecar_restarts;
        print_containers(pod, &mut columns);
    }
    if pod.metadata.deletion_timestamp.is_some() {
        if pod.status.reason == "NodeLost" {
            "Unknown".clone_into(&mut columns.status);
        } else if !matches!(pod.status.phase.as_str(), "Failed" | "Succeeded") {
            "Terminating".clone_into(&mut columns.status);
        }
    }
    columns
}

fn count(items: usize) -> u32 {
    u32::try_from(items).unwrap_or(u32::MAX)
}

fn sidecars(pod: &Pod) -> usize {
    pod.spec.init_containers.iter().filter(|container| container.restart_policy == "Always").count()
}

fn is_sidecar(pod: &Pod, name: &str) -> bool {
    let mut named = pod.spec.init_containers.iter().rev().filter(|container| container.name == name);
    named.next().is_some_and(|container| container.restart_policy == "Always")
}

fn phase_or_reason(pod: &Pod) -> String {
    let status = &pod.status;
    let gated = status.conditions.iter().any(|it| it.kind == "PodScheduled" && it.reason == "SchedulingGated");
    if gated {
        "SchedulingGated".to_owned()
    } else if status.reason.is_empty() {
        status.phase.clone()
    } else {
        status.reason.clone()
    }
}

/// Walks the init containers up to the first that is neither done nor a started sidecar; that one names the status.
/// Tells whether there was one, and the restarts of the sidecars on the way.
fn print_init_containers(pod: &Pod, columns: &mut PodColumns) -> (bool, Restarts) {
    let mut sidecar_restarts = Restarts::default();
    for (index, container) in pod.status.init_container_statuses.iter().enumerate() {
        columns.restarts.add(container);
        let sidecar = is_sidecar(pod, &container.name);
        if sidecar {
            sidecar_restarts.add(container);
        }
        let reason = match &container.state {
            ContainerState::Terminated(ended) if ended.exit_code == 0 => continue,
            _ if sidecar && container.started => {
                columns.ready.ready += u32::from(container.ready);
                continue;
            }
            ContainerState::Terminated(ended) => ended_text(ended),
            ContainerState::Waiting { reason } if !matches!(reason.as_str(), "" | "PodInitializing") => reason.clone(),
            ContainerState::Waiting { .. } | ContainerState::Running { .. } => {
                format!("{index}/{}", pod.spec.init_containers.len())
            }
        };
        columns.status = format!("Init:{reason}");
        return (true, sidecar_restarts);
    }
    (false, sidecar_restarts)
}

/// Walks the containers from the last to the first, each overriding what the ones behind it said.
fn print_containers(pod: &Pod, columns: &mut PodColumns) {
    let mut any_running = false;
    let mut error = None;
    for container in pod.status.container_statuses.iter().rev() {
        columns.restarts.add(container);
        match &container.state {
            ContainerState::Waiting { reason } if !reason.is_empty() => columns.status.clone_from(reason),
            ContainerState::Terminated(ended) => {
                columns.status = ended_text(ended);
                if ended.exit_code != 0 {
                    error = Some(columns.status.clone());
                }
            }
            ContainerState::Running { .. } if container.ready => {
                any_running = true;
                columns.ready.ready += 1;
            }
            ContainerState::Waiting { .. } | ContainerState::Running { .. } => {}
        }
    }
    if columns.status == "Completed" {
        let any_ready = pod.status.conditions.iter().any(|condition| condition.kind == "Ready" && condition.is_true());
        if any_running && any_ready {
            "Running".clone_into(&mut columns.status);
        } else if let Some(error) = error {
            columns.status = error;
        } else if any_running {
            "NotReady".clone_into(&mut columns.status);
        }
    }
}

fn ended_text(ended: &TerminatedState) -> String {
    if !ended.reason.is_empty() {
        ended.reason.clone()
    } else if ended.signal != 0 {
        format!("Signal:{}", ended.signal)
    } else {
        format!("ExitCode:{}", ended.exit_code)
    }
}

/// A duration in milliseconds as kubectl prints ages: two units at most, the coarser the longer.
///
/// ```
/// use topology::kubectl::human_duration;
/// assert_eq!(human_duration(119_000), "119s");
/// assert_eq!(human_duration(125_000), "2m5s");
/// assert_eq!(human_duration(-5_000), "<invalid>");
/// ```
pub fn human_duration(millis: i64) -> String {
    let seconds = (millis / 1000).min(LONGEST_SECONDS);
    let (minutes, hours) = (seconds / 60, seconds / 3600);
    let days = hours / 24;
    let pair = |large: i64, unit: char, small: i64, sub: char| match small {
        0 => format!("{large}{unit}"),
        _ => format!("{large}{unit}{small}{sub}"),
    };
    match seconds {
        ..-1 => "<invalid>".to_owned(),
        -1 => "0s".to_owned(),
        0..120 => format!("{seconds}s"),
        _ if minutes < 10 => pair(minutes, 'm', seconds % 60, 's'),
        _ if minutes < 180 => format!("{minutes}m"),
        _ if hours < 8 => pair(hours, 'h', minutes % 60, 'm'),
        _ if hours < 48 => format!("{hours}h"),
        _ if days < 8 => pair(days, 'd', hours % 24, 'h'),
        _ if days < 365 * 2 => format!("{days}d"),
        _ if days < 365 * 8 => pair(days / 365, 'y', days % 365, 'd'),
        _ => format!("{}y", days / 365),
    }
}
