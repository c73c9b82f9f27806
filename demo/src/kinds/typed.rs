//! The types of objects.

use k8s_openapi::Metadata;
use k8s_openapi::api::apps::v1::{ControllerRevision, Deployment, ReplicaSet, StatefulSet};
use k8s_openapi::api::core::v1::{Event, Namespace, Node, PersistentVolume, PersistentVolumeClaim, Pod, Service};
use k8s_openapi::api::discovery::v1::EndpointSlice;
use k8s_openapi::api::storage::v1::StorageClass;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::Kind;

/// A type whose values are objects of one kind.
pub trait Typed: Metadata<Ty = ObjectMeta> + Serialize + DeserializeOwned + Clone + Send + Sync + 'static {
    /// The kind.
    const OF: Kind;

    /// The name, empty while it has none.
    fn name(&self) -> &str {
        self.metadata().name.as_deref().unwrap_or_default()
    }

    /// The namespace, empty for what belongs to the cluster.
    fn namespace(&self) -> &str {
        self.metadata().namespace.as_deref().unwrap_or_default()
    }

    /// The UID, empty before it is created.
    fn uid(&self) -> &str {
        self.metadata().uid.as_deref().unwrap_or_default()
    }
}

macro_rules! typed {
    ($($name:ident),* $(,)?) => {
        $(impl Typed for $name {
            const OF: Kind = Kind::$name;
        })*
    };
}

typed!(
    Namespace,
    Node,
    Pod,
    Service,
    EndpointSlice,
    StatefulSet,
    Deployment,
    ReplicaSet,
    ControllerRevision,
    Event,
    PersistentVolumeClaim,
    PersistentVolume,
    StorageClass,
);
