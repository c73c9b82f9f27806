//! Who reaches the pods of a StatefulSet, and which pods only look like its own.

use serde::{Deserialize, Serialize};

use crate::facts::{ServiceKind, ServicePort};
use crate::{Stage, Uid};

/// A Service, seen from a StatefulSet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ServiceView {
    /// Its name.
    pub name: String,
    /// How it is reached; `None` when the StatefulSet's `serviceName` names a Service that does not exist.
    pub kind: Option<ServiceKind>,
    /// Whether it is the one that `serviceName` names: the pods' names in DNS are under it.
    pub governs: bool,
    /// Whether its selector chooses the pods that the StatefulSet makes.
    pub selects: bool,
    /// Whether pods that are not ready are published too.
    pub publishes_not_ready: bool,
    /// Its ports.
    pub ports: Vec<ServicePort>,
    /// The StatefulSet's pods in its EndpointSlices, sorted by pod name.
    pub reaches: Vec<(String, Reach)>,
}

impl ServiceView {
    /// Whether the Service is headless.
    pub fn is_headless(&self) -> bool {
        self.kind == Some(ServiceKind::Headless)
    }

    pub(super) fn set_reach(&mut self, pod: &str, reach: Option<Reach>) {
        match (self.reaches.binary_search_by(|(known, _)| known.as_str().cmp(pod)), reach) {
            (Ok(at), Some(reach)) => self.reaches[at].1 = reach,
            (Ok(at), None) => drop(self.reaches.remove(at)),
            (Err(at), Some(reach)) => self.reaches.insert(at, (pod.to_owned(), reach)),
            (Err(_), None) => {}
        }
    }
}

/// How a Service's slices carry a pod.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Reach {
    /// Whether its address is served.
    pub state: ReachState,
    /// Whether the endpoint has a host name, so that the pod has a name of its own under the Service.
    pub by_name: bool,
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
