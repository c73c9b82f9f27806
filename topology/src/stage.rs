//! The stage of a pod: the few states that a lane is coloured by.

use serde::{Deserialize, Serialize};

use crate::kubernetes::{ContainerState, ContainerStatus, Pod};

/// Where a pod stands between its creation and its end. Beside it, kubectl's STATUS text says more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum Stage {
    /// Created; not scheduled yet, or the kubelet has not begun.
    Pending,
    /// The kubelet makes its containers, or its init containers run.
    Creating,
    /// Its containers run, but it is not Ready.
    Starting,
    /// Running, and its Ready condition is true.
    Ready,
    /// Asked to go (`metadata.deletionTimestamp` is set) and still there.
    Terminating,
    /// Failed, or a container cannot start or keeps ending.
    Failing,
    /// Every container ended well (phase Succeeded).
    Completed,
}

impl Stage {
    /// All stages, in the order in which a legend names them.
    pub const ALL: [Self; 7] =
        [Self::Pending, Self::Creating, Self::Starting, Self::Ready, Self::Terminating, Self::Failing, Self::Completed];

    /// The stage of a pod as the API shows it.
    pub fn of(pod: &Pod) -> Self {
        if pod.metadata.deletion_timestamp.is_some() {
            return Self::Terminating;
        }
        match pod.status.phase.as_str() {
            "Succeeded" => Self::Completed,
            "Failed" | "Unknown" => Self::Failing,
            "Running" if pod.is_ready() => Self::Ready,
            "Running" if containers_fail(pod) => Self::Failing,
            "Running" => Self::Starting,
            _ if containers_fail(pod) => Self::Failing,
            _ if pod.status.container_statuses.is_empty() && pod.status.init_container_statuses.is_empty() => {
                Self::Pending
            }
            _ => Self::Creating,
        }
    }
}

fn containers_fail(pod: &Pod) -> bool {
    let status = &pod.status;
    status.init_container_statuses.iter().chain(&status.container_statuses).any(fails)
}

/// Waiting for the kubelet's own work is progress; waiting for any other reason (an image that cannot be pulled, a
/// back-off) and a non-zero exit are failures.
fn fails(container: &ContainerStatus) -> bool {
    match &container.state {
        ContainerState::Waiting { reason } => !matches!(reason.as_str(), "" | "ContainerCreating" | "PodInitializing"),
        ContainerState::Terminated(ended) => ended.exit_code != 0 || ended.signal != 0,
        ContainerState::Running { .. } => false,
    }
}
