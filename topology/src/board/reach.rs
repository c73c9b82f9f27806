//! Who reaches the pods of a StatefulSet, and which pods only look like its own.

use serde::{Deserialize, Serialize};

use crate::facts::Endpoint;
use crate::{Stage, Uid};

/// How a Service's slices carry a pod.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Reach {
    /// Whether its address is served.
    pub state: ReachState,
    /// Whether the endpoint has a host name, so that the pod has a name of its own under the Service.
    pub by_name: bool,
}

impl ReachState {
    /// The state of an endpoint.
    pub fn of(endpoint: &Endpoint) -> Self {
        if endpoint.is_ready() {
            Self::Ready
        } else if endpoint.conditions.terminating == Some(true) {
            Self::Terminating
        } else {
            Self::Withheld
        }
    }
}

/// Whether the slices serve an endpoint's address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum ReachState {
    /// In a slice, withheld: not ready.
    Withheld,
    /// In a slice, withheld: being deleted.
    Terminating,
    /// Served.
    Ready,
}

/// A pod that is not a member though a name or a label suggests it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Stranger {
    /// Its name.
    pub name: String,
    /// Its UID.
    pub uid: Uid,
    /// Who controls it, as `ReplicaSet api-6f7`; `None` when nobody does.
    pub owner: Option<String>,
    /// Why it is listed here.
    pub reason: StrangerReason,
    /// Its stage.
    pub stage: Stage,
    /// kubectl's STATUS for it.
    pub status: String,
}

/// Why a pod that is no member is listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum StrangerReason {
    /// It has the name of an identity, so the controller cannot create its own pod.
    TakesName,
    /// It belongs to an earlier StatefulSet of the same name (another UID).
    FormerSet,
    /// It is selected by the StatefulSet's labels, but somebody else controls it or nobody does.
    Selected,
}
