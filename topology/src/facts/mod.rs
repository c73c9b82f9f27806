//! Facts: what one object of the cluster says, in the form that the fold works on. Made from the API's objects
//! ([`crate::kubernetes`]) at the edge, so that everything behind it deals with typed values only.

mod deployment;
mod endpoint_slice;
mod pod;
mod protocol;
mod service;
mod stateful_set;

pub use deployment::{Deployment, ReplicaSet};
pub use endpoint_slice::{Endpoint, EndpointPort, EndpointSlice};
pub use pod::{Disruption, Owner, Phase, Pod};
pub use protocol::Protocol;
pub use service::{Service, ServiceKind, ServicePort};
pub use stateful_set::{Counts, MaxUnavailable, PodManagement, StatefulSet, UpdateStrategy};

use serde::{Deserialize, Serialize};

use crate::{ResourceVersion, Timestamp};

/// The kinds of objects that are watched.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum Kind {
    /// `v1/Pod`.
    Pod,
    /// `v1/Service`.
    Service,
    /// `discovery.k8s.io/v1/EndpointSlice`.
    EndpointSlice,
    /// `apps/v1/StatefulSet`.
    StatefulSet,
    /// `apps/v1/Deployment`.
    Deployment,
    /// `apps/v1/ReplicaSet`.
    ReplicaSet,
}

impl Kind {
    /// All kinds.
    pub const ALL: [Self; 6] =
        [Self::Pod, Self::Service, Self::EndpointSlice, Self::StatefulSet, Self::Deployment, Self::ReplicaSet];

    /// Those without which something is missing of StatefulSets.
    pub const OF_SETS: [Self; 4] = [Self::Pod, Self::Service, Self::EndpointSlice, Self::StatefulSet];

    /// Whether it is only there for contrast: without it everything about StatefulSets is whole.
    pub const fn is_for_contrast(self) -> bool {
        matches!(self, Self::Deployment | Self::ReplicaSet)
    }

    /// The API group; empty for the core group.
    pub const fn group(self) -> &'static str {
        match self {
            Self::Pod | Self::Service => "",
            Self::EndpointSlice => "discovery.k8s.io",
            Self::StatefulSet | Self::Deployment | Self::ReplicaSet => "apps",
        }
    }

    /// The resource's name in URLs and RBAC rules.
    pub const fn resource(self) -> &'static str {
        match self {
            Self::Pod => "pods",
            Self::Service => "services",
            Self::EndpointSlice => "endpointslices",
            Self::StatefulSet => "statefulsets",
            Self::Deployment => "deployments",
            Self::ReplicaSet => "replicasets",
        }
    }
}

/// One watch: a kind in one namespace, or in all.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Watch {
    /// What is watched.
    pub kind: Kind,
    /// Where; `None` is everywhere.
    pub namespace: Option<String>,
}

impl Watch {
    /// Whether an object of that kind and namespace is reported by this watch.
    pub fn covers(&self, object: &Object) -> bool {
        self.kind == object.kind() && self.namespace.as_deref().is_none_or(|namespace| namespace == object.namespace())
    }
}

/// What a watch reported.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Observation {
    /// Which watch.
    pub watch: Watch,
    /// What.
    pub event: Event,
}

/// The events of one watch, in the order in which they came.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum Event {
    /// A complete list. Objects that are missing from it were deleted while nobody watched.
    Listed(Vec<Object>),
    /// An object was made or changed.
    Applied(Object),
    /// An object is gone; its last state.
    Deleted(Object),
    /// The watch broke: until the next list, or until it has caught up, nothing is known as it happens.
    Interrupted {
        /// When it was known to be whole for the last time: earlier than the break was noticed.
        since: Timestamp,
    },
    /// The watch goes on where it had broken, and what was missed has come: from now on things are seen as they happen.
    CaughtUp,
}

/// A fact of any kind.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Object {
    /// A pod.
    Pod(Box<Pod>),
    /// A Service.
    Service(Box<Service>),
    /// An EndpointSlice.
    EndpointSlice(Box<EndpointSlice>),
    /// A StatefulSet.
    StatefulSet(Box<StatefulSet>),
    /// A Deployment.
    Deployment(Box<Deployment>),
    /// A ReplicaSet.
    ReplicaSet(Box<ReplicaSet>),
}

impl Object {
    /// Its kind.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Pod(_) => Kind::Pod,
            Self::Service(_) => Kind::Service,
            Self::EndpointSlice(_) => Kind::EndpointSlice,
            Self::StatefulSet(_) => Kind::StatefulSet,
            Self::Deployment(_) => Kind::Deployment,
            Self::ReplicaSet(_) => Kind::ReplicaSet,
        }
    }

    /// Its namespace.
    pub fn namespace(&self) -> &str {
        match self {
            Self::Pod(pod) => &pod.namespace,
            Self::Service(service) => &service.namespace,
            Self::EndpointSlice(slice) => &slice.namespace,
            Self::StatefulSet(set) => &set.key.namespace,
            Self::Deployment(deployment) => &deployment.key.namespace,
            Self::ReplicaSet(set) => &set.namespace,
        }
    }

    /// Its name.
    pub fn name(&self) -> &str {
        match self {
            Self::Pod(pod) => &pod.name,
            Self::Service(service) => &service.name,
            Self::EndpointSlice(slice) => &slice.name,
            Self::StatefulSet(set) => &set.key.name,
            Self::Deployment(deployment) => &deployment.key.name,
            Self::ReplicaSet(set) => &set.name,
        }
    }

    /// Its resource version.
    pub fn version(&self) -> ResourceVersion {
        match self {
            Self::Pod(pod) => pod.version,
            Self::Service(service) => service.version,
            Self::EndpointSlice(slice) => slice.version,
            Self::StatefulSet(set) => set.version,
            Self::Deployment(deployment) => deployment.version,
            Self::ReplicaSet(set) => set.version,
        }
    }
}

impl From<crate::kubernetes::Pod> for Object {
    fn from(object: crate::kubernetes::Pod) -> Self {
        Self::Pod(Box::new(object.into()))
    }
}

impl From<crate::kubernetes::Service> for Object {
    fn from(object: crate::kubernetes::Service) -> Self {
        Self::Service(Box::new(object.into()))
    }
}

impl From<crate::kubernetes::EndpointSlice> for Object {
    fn from(object: crate::kubernetes::EndpointSlice) -> Self {
        Self::EndpointSlice(Box::new(object.into()))
    }
}

impl From<crate::kubernetes::Deployment> for Object {
    fn from(object: crate::kubernetes::Deployment) -> Self {
        Self::Deployment(Box::new(object.into()))
    }
}

impl From<crate::kubernetes::ReplicaSet> for Object {
    fn from(object: crate::kubernetes::ReplicaSet) -> Self {
        Self::ReplicaSet(Box::new(object.into()))
    }
}

impl From<crate::kubernetes::StatefulSet> for Object {
    fn from(object: crate::kubernetes::StatefulSet) -> Self {
        Self::StatefulSet(Box::new(object.into()))
    }
}
