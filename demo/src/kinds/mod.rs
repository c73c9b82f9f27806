//! The kinds of objects that the cluster keeps, and how each is served.

mod served;
mod typed;

pub use served::{SERVED, Scope, Served, Subresource, VERBS, served, served_as};
pub use typed::Typed;

/// A kind of object that the cluster keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// A namespace.
    Namespace,
    /// A node.
    Node,
    /// A pod.
    Pod,
    /// A Service.
    Service,
    /// The endpoints of a Service, or a part of them.
    EndpointSlice,
    /// A StatefulSet.
    StatefulSet,
    /// A Deployment.
    Deployment,
    /// A ReplicaSet.
    ReplicaSet,
    /// A former or present template of a StatefulSet.
    ControllerRevision,
    /// Something that happened to an object.
    Event,
    /// A claim of storage.
    PersistentVolumeClaim,
    /// Storage that a claim is bound to.
    PersistentVolume,
    /// A way to get storage.
    StorageClass,
}

impl Kind {
    /// All of them, those first that others need to exist.
    pub const ALL: [Self; 13] = [
        Self::Namespace,
        Self::Node,
        Self::StorageClass,
        Self::PersistentVolume,
        Self::PersistentVolumeClaim,
        Self::Service,
        Self::EndpointSlice,
        Self::ControllerRevision,
        Self::StatefulSet,
        Self::Deployment,
        Self::ReplicaSet,
        Self::Pod,
        Self::Event,
    ];

    /// Its place in [`Kind::ALL`]-sized tables.
    pub(crate) const fn index(self) -> usize {
        self as usize
    }

    /// How it is served, in its own group.
    pub fn served(self) -> &'static Served {
        served::of(self)
    }

    /// The name, as manifests write it.
    pub fn name(self) -> &'static str {
        self.served().name
    }

    /// The `apiVersion` that manifests write.
    pub fn api_version(self) -> String {
        self.served().api_version()
    }

    /// Whether its objects live in namespaces.
    pub fn is_namespaced(self) -> bool {
        self.served().scope == Scope::Namespaced
    }

    /// The kind that an owner reference or a manifest means.
    pub fn parse(api_version: &str, name: &str) -> Option<Self> {
        let named = SERVED.iter().find(|served| served.name == name && served.api_version() == api_version)?;
        Some(named.kind)
    }
}
