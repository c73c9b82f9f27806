//! How each kind is served: its group, its names, what can be done with it.

use super::Kind;

/// Whether objects live in namespaces.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// They belong to the cluster.
    Cluster,
    /// They live in a namespace.
    Namespaced,
}

/// A part of an object, or something beside it, that is addressed by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subresource {
    /// What controllers and kubelets report.
    Status,
    /// How many replicas there should be.
    Scale,
    /// A namespace's finalizers.
    Finalize,
    /// The outputs and the input of a container.
    Attach,
    /// A command in a container.
    Exec,
    /// What a container wrote.
    Log,
    /// A polite deletion.
    Eviction,
}

impl Subresource {
    /// The name in paths.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Status => "status",
            Self::Scale => "scale",
            Self::Finalize => "finalize",
            Self::Attach => "attach",
            Self::Exec => "exec",
            Self::Log => "log",
            Self::Eviction => "eviction",
        }
    }

    /// The group, version and kind of what is sent and received, where that is not the object itself.
    pub const fn other_kind(self) -> Option<(&'static str, &'static str, &'static str)> {
        match self {
            Self::Scale => Some(("autoscaling", "v1", "Scale")),
            Self::Eviction => Some(("policy", "v1", "Eviction")),
            Self::Attach => Some(("", "v1", "PodAttachOptions")),
            Self::Exec => Some(("", "v1", "PodExecOptions")),
            Self::Status | Self::Finalize | Self::Log => None,
        }
    }

    /// What can be done with it, as discovery lists it.
    pub const fn verbs(self) -> &'static [&'static str] {
        match self {
            Self::Status | Self::Scale => &["get", "patch", "update"],
            Self::Finalize => &["update"],
            Self::Attach | Self::Exec => &["create", "get"],
            Self::Log => &["get"],
            Self::Eviction => &["create"],
        }
    }
}

/// How a kind is served in a group.
#[derive(Debug)]
pub struct Served {
    /// What is kept.
    pub kind: Kind,
    /// The group; empty for the core.
    pub group: &'static str,
    /// The version.
    pub version: &'static str,
    /// The name in manifests.
    pub name: &'static str,
    /// The name in paths.
    pub plural: &'static str,
    /// The name for one of them.
    pub singular: &'static str,
    /// Names that save typing.
    pub short: &'static [&'static str],
    /// The groups of kinds that it is listed with.
    pub categories: &'static [&'static str],
    /// Whether objects live in namespaces.
    pub scope: Scope,
    /// Its subresources.
    pub subresources: &'static [Subresource],
}

/// What can be done with every kind, as discovery lists it.
pub const VERBS: [&str; 8] = ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"];

impl Served {
    /// The `apiVersion` that manifests write.
    pub fn api_version(&self) -> String {
        if self.group.is_empty() { self.version.to_owned() } else { format!("{}/{}", self.group, self.version) }
    }

    /// The name that messages use: with the group, where there is one.
    pub fn resource(&self) -> String {
        if self.group.is_empty() { self.plural.to_owned() } else { format!("{}.{}", self.plural, self.group) }
    }

    /// The subresource of that name.
    pub fn subresource(&self, name: &str) -> Option<Subresource> {
        self.subresources.iter().copied().find(|subresource| subresource.name() == name)
    }
}

const NAMESPACED: Scope = Scope::Namespaced;
const STATUS: &[Subresource] = &[Subresource::Status];
const WORKLOAD: &[Subresource] = &[Subresource::Scale, Subresource::Status];
const ALL: &[&str] = &["all"];

/// Everything that is served, group by group, in the order in which discovery lists it.
pub static SERVED: [Served; 14] = [
    core(Kind::Event, "Event", "events", "event", &["ev"], &[], NAMESPACED, &[]),
    core(
        Kind::Namespace,
        "Namespace",
        "namespaces",
        "namespace",
        &["ns"],
        &[],
        Scope::Cluster,
        &[Subresource::Finalize, Subresource::Status],
    ),
    core(Kind::Node, "Node", "nodes", "node", &["no"], &[], Scope::Cluster, STATUS),
    core(
        Kind::PersistentVolumeClaim,
        "PersistentVolumeClaim",
        "persistentvolumeclaims",
        "persistentvolumeclaim",
        &["pvc"],
        &[],
        NAMESPACED,
        STATUS,
    ),
    core(
        Kind::PersistentVolume,
        "PersistentVolume",
        "persistentvolumes",
        "persistentvolume",
        &["pv"],
        &[],
        Scope::Cluster,
        STATUS,
    ),
    core(
        Kind::Pod,
        "Pod",
        "pods",
        "pod",
        &["po"],
        ALL,
        NAMESPACED,
        &[Subresource::Attach, Subresource::Eviction, Subresource::Exec, Subresource::Log, Subresource::Status],
    ),
    core(Kind::Service, "Service", "services", "service", &["svc"], ALL, NAMESPACED, STATUS),
    apps(Kind::ControllerRevision, "ControllerRevision", "controllerrevisions", "controllerrevision", &[], &[], &[]),
    apps(Kind::Deployment, "Deployment", "deployments", "deployment", &["deploy"], ALL, WORKLOAD),
    apps(Kind::ReplicaSet, "ReplicaSet", "replicasets", "replicaset", &["rs"], ALL, WORKLOAD),
    apps(Kind::StatefulSet, "StatefulSet", "statefulsets", "statefulset", &["sts"], ALL, WORKLOAD),
    Served {
        kind: Kind::Event,
        group: "events.k8s.io",
        version: "v1",
        name: "Event",
        plural: "events",
        singular: "event",
        short: &["ev"],
        categories: &[],
        scope: NAMESPACED,
        subresources: &[],
    },
    Served {
        kind: Kind::StorageClass,
        group: "storage.k8s.io",
        version: "v1",
        name: "StorageClass",
        plural: "storageclasses",
        singular: "storageclass",
        short: &["sc"],
        categories: &[],
        scope: Scope::Cluster,
        subresources: &[],
    },
    Served {
        kind: Kind::EndpointSlice,
        group: "discovery.k8s.io",
        version: "v1",
        name: "EndpointSlice",
        plural: "endpointslices",
        singular: "endpointslice",
        short: &[],
        categories: &[],
        scope: NAMESPACED,
        subresources: &[],
    },
];

#[allow(clippy::too_many_arguments, reason = "a row of the table, in its columns' order")]
const fn core(
    kind: Kind,
    name: &'static str,
    plural: &'static str,
    singular: &'static str,
    short: &'static [&'static str],
    categories: &'static [&'static str],
    scope: Scope,
    subresources: &'static [Subresource],
) -> Served {
    Served { kind, group: "", version: "v1", name, plural, singular, short, categories, scope, subresources }
}

const fn apps(
    kind: Kind,
    name: &'static str,
    plural: &'static str,
    singular: &'static str,
    short: &'static [&'static str],
    categories: &'static [&'static str],
    subresources: &'static [Subresource],
) -> Served {
    let scope = Scope::Namespaced;
    Served { kind, group: "apps", version: "v1", name, plural, singular, short, categories, scope, subresources }
}

/// What is served at a group, version and plural name.
pub fn served(group: &str, version: &str, plural: &str) -> Option<&'static Served> {
    SERVED.iter().find(|served| served.group == group && served.version == version && served.plural == plural)
}

/// How a kind is served in a group.
pub fn served_as(kind: Kind, group: &str) -> Option<&'static Served> {
    SERVED.iter().find(|served| served.kind == kind && served.group == group)
}

/// How a kind is served in its own group: the first that has it.
pub(super) fn of(kind: Kind) -> &'static Served {
    let found = SERVED.iter().find(|served| served.kind == kind);
    found.unwrap_or(&SERVED[0]) // each kind has a row: a test looks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn given_each_kind_when_looked_up_then_it_has_a_row_of_its_own() {
        for kind in Kind::ALL {
            assert_eq!(of(kind).kind, kind);
            assert_eq!(Kind::parse(&kind.api_version(), kind.name()), Some(kind));
        }
    }

    #[test]
    fn given_all_kinds_when_numbered_then_each_number_is_used_once() {
        let mut numbers: Vec<usize> = Kind::ALL.iter().map(|kind| kind.index()).collect();
        numbers.sort_unstable();
        assert_eq!(numbers, (0..Kind::ALL.len()).collect::<Vec<_>>());
    }
}
