//! How lists and maps are merged: which lists are sets, which are maps by the key of their items, which objects and maps
//! are one value. What is not listed here: a list is one value, the fields of an object and the keys of a map are not.

use serde_json::{Map, Value, json};

use super::types::{ListKind, PatchKey};

/// A list whose items have a life of their own.
pub(super) struct ListRule {
    pub(super) kind: ListKind,
    pub(super) patch: Option<PatchKey>,
}

impl ListRule {
    /// As it stands in the documents.
    pub(super) fn extensions(&self) -> Map<String, Value> {
        let mut all = Map::new();
        let mut add = |name: &str, value: Value| all.insert(format!("x-kubernetes-{name}"), value);
        match &self.kind {
            ListKind::Atomic => add("list-type", json!("atomic")),
            ListKind::Set => add("list-type", json!("set")),
            ListKind::Map(keys) => {
                add("list-map-keys", json!(keys));
                add("list-type", json!("map"))
            }
        };
        if let Some(patch) = &self.patch {
            if let Some(key) = patch.key {
                add("patch-merge-key", json!(key));
            }
            add("patch-strategy", json!(if patch.retain_keys { "merge,retainKeys" } else { "merge" }));
        }
        all
    }
}

/// How a list is merged, if not as one value.
pub(super) fn of(object: &str, field: &str) -> Option<ListRule> {
    let kind = match (object, field) {
        (_, "conditions") if object.ends_with("Status") => ListKind::Map(&["type"]),
        ("Container" | "EphemeralContainer", "env")
        | ("ContainerStatus", "allocatedResourcesStatus")
        | ("ResourceRequirements", "claims")
        | (
            "PodSpec",
            "containers"
            | "ephemeralContainers"
            | "evictionResponders"
            | "imagePullSecrets"
            | "initContainers"
            | "resourceClaims"
            | "schedulingGates"
            | "volumes",
        )
        | ("PodStatus", "resourceClaimStatuses" | "volumeHealth") => ListKind::Map(&["name"]),
        ("Container" | "EphemeralContainer", "ports") => ListKind::Map(&["containerPort", "protocol"]),
        ("Container" | "EphemeralContainer", "volumeDevices") => ListKind::Map(&["devicePath"]),
        ("Container" | "EphemeralContainer" | "ContainerStatus", "volumeMounts") => ListKind::Map(&["mountPath"]),
        ("NodeStatus", "addresses") => ListKind::Map(&["type"]),
        ("PodSpec", "hostAliases") | ("PodStatus", "podIPs") => ListKind::Map(&["ip"]),
        ("PodSpec", "topologySpreadConstraints") => ListKind::Map(&["topologyKey", "whenUnsatisfiable"]),
        ("ServiceSpec", "ports") => ListKind::Map(&["port", "protocol"]),
        ("ResourceStatus", "resources") => ListKind::Map(&["resourceID"]),
        ("ObjectMeta", "ownerReferences") => ListKind::Map(&["uid"]),
        ("ObjectMeta", "finalizers") | ("NodeSpec", "podCIDRs") | ("Endpoint", "addresses") => ListKind::Set,
        ("PodStatus", "hostIPs") => ListKind::Atomic,
        _ => return None,
    };
    let patch = match (&kind, object, field) {
        (_, "ResourceRequirements" | "ResourceStatus" | "Endpoint", _) | (_, "PodStatus", "volumeHealth") => None,
        (ListKind::Atomic, ..) => Some(PatchKey { key: Some("ip"), retain_keys: false }),
        (ListKind::Set, ..) => Some(PatchKey { key: None, retain_keys: false }),
        (ListKind::Map(keys), _, field) => {
            let retain_keys = matches!(field, "volumes" | "resourceClaims" | "resourceClaimStatuses");
            Some(PatchKey { key: keys.first().copied(), retain_keys })
        }
    };
    Some(ListRule { kind, patch })
}

/// Whether objects of a type are one value.
pub(super) fn is_atomic_object(object: &str) -> bool {
    matches!(
        object,
        "ConfigMapKeySelector"
            | "EndpointPort"
            | "EvictionResponder"
            | "FileKeySelector"
            | "LabelSelector"
            | "LocalObjectReference"
            | "NodeSelector"
            | "NodeSelectorTerm"
            | "ObjectFieldSelector"
            | "ObjectReference"
            | "OwnerReference"
            | "ResourceFieldSelector"
            | "SecretKeySelector"
            | "SecretReference"
            | "TypedLocalObjectReference"
    )
}

/// Whether a map is one value.
pub(super) fn is_atomic_map(object: &str, field: &str) -> bool {
    matches!((object, field), ("PodSpec", "nodeSelector") | ("ServiceSpec", "selector"))
}

/// Whether an object of an atomic type is merged by its fields all the same.
pub(super) fn is_granular_field(object: &str, field: &str) -> bool {
    matches!((object, field), ("PersistentVolumeSpec", "claimRef"))
}
