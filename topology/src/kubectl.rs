//! What `kubectl get pods` prints for a pod.

use serde::{Deserialize, Serialize};

use crate::{Timestamp, kubernetes::Pod};

/// The columns READY, STATUS and RESTARTS.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct PodColumns {
    /// READY.
    pub ready: ReadyCount,
    /// STATUS.
    pub status: String,
    /// RESTARTS.
    pub restarts: Restarts,
}

/// READY: how many containers are ready, of how many.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ReadyCount {
    /// Ready ones.
    pub ready: u32,
    /// All.
    pub total: u32,
}

/// RESTARTS: how many, and when the latest was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Restarts {
    /// How many.
    pub count: u32,
    /// When a container ended last.
    pub last: Option<Timestamp>,
}

/// The columns of a pod.
pub fn pod_columns(_pod: &Pod) -> PodColumns {
    PodColumns::default()
}
