//! What a new cluster starts with.

use std::net::Ipv4Addr;
use std::sync::Arc;

use k8s_openapi::api::core::v1::Node;
use serde_json::{Map, Value, json};

use super::Content;
use crate::failure::Failure;
use crate::json::sorted;
use crate::kinds::Kind;
use crate::kubelet;
use crate::registry::{Client, Registry, WriteOptions};
use crate::store::Key;

/// The most nodes that a cluster can have: one for each range of pods' addresses in 10.42.0.0/16.
pub const MOST_NODES: u8 = 250;

/// The manifests that come with the demo, by their files' names.
pub const MANIFESTS: [(&str, &str); 4] = [
    ("svc.yaml", include_str!("../../manifests/svc.yaml")),
    ("statefulset.yaml", include_str!("../../manifests/statefulset.yaml")),
    ("deployment.yaml", include_str!("../../manifests/deployment.yaml")),
    ("parallel.yaml", include_str!("../../manifests/parallel.yaml")),
];

/// What a new cluster begins with: the walk-through's Service and StatefulSet, and a Deployment beside them.
const BEGINNING: [&str; 3] = ["svc.yaml", "statefulset.yaml", "deployment.yaml"];

/// The text of a manifest.
pub fn manifest(name: &str) -> Option<&'static str> {
    MANIFESTS.into_iter().find(|(known, _)| *known == name).map(|(_, text)| text)
}

/// The objects of a manifest; none where there is no such manifest.
///
/// ```
/// let made = demo::objects("parallel.yaml");
/// assert_eq!(made[1]["spec"]["podManagementPolicy"], "Parallel");
/// ```
pub fn objects(name: &str) -> Vec<Value> {
    // They come with this program, and the tests read each one.
    manifest(name).and_then(|text| serde_saphyr::from_multiple(text).ok()).unwrap_or_default()
}

/// Fills a store with what every cluster has, as far as it is not there, and a new one with its content.
///
/// # Errors
/// When something was refused.
pub(super) fn fill(registry: &Arc<Registry>, nodes: u8, content: Content) -> Result<(), Failure> {
    let is_new = registry.store.get(Kind::Namespace, &Key::new("", "default")).is_none();
    if !is_new {
        return Ok(());
    }
    for name in ["default", "kube-node-lease", "kube-public", "kube-system"] {
        create(registry, json!({"kind": "Namespace", "apiVersion": "v1", "metadata": {"name": name}}))?;
    }
    let kubelet = Client::new(registry, kubelet::NAME);
    for number in 0..nodes.clamp(1, MOST_NODES) {
        create(registry, node(number))?;
        // It is ready from the start, so that no pod has to wait for its kubelet.
        if let Some(node) = registry.store.typed::<Node>("", &node_name(number)) {
            kubelet.update_status(&kubelet::report(&node))?;
        }
    }
    create(registry, storage_class())?;
    create(registry, kubernetes())?;
    create(registry, cluster_dns())?;
    if content == Content::WalkThrough {
        for object in BEGINNING.into_iter().flat_map(objects) {
            apply(registry, object)?;
        }
    }
    Ok(())
}

fn create(registry: &Registry, object: Value) -> Result<(), Failure> {
    write(registry, object, "berth-demo")
}

fn write(registry: &Registry, object: Value, manager: &str) -> Result<(), Failure> {
    let Value::Object(object) = object else { return Err(Failure::internal("a manifest that is no object")) };
    let text = |name: &str| object.get(name).and_then(Value::as_str).unwrap_or_default();
    let kind = Kind::parse(text("apiVersion"), text("kind"));
    let kind = kind.ok_or_else(|| Failure::internal("a manifest of a kind that is not known"))?;
    let home = object.get("metadata").and_then(|metadata| metadata.get("namespace")?.as_str());
    let home = home.unwrap_or(if kind.is_namespaced() { "default" } else { "" }).to_owned();
    let options = WriteOptions { manager: manager.to_owned(), ..WriteOptions::default() };
    registry.create(kind.served(), &home, object, &options).map(drop)
}

/// Creates what a manifest says as `kubectl apply` does it, so that applying it once more changes nothing.
fn apply(registry: &Registry, mut object: Value) -> Result<(), Failure> {
    if let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) {
        metadata.insert("annotations".to_owned(), Value::Object(Map::new()));
        metadata.insert("namespace".to_owned(), json!("default"));
    }
    let applied = format!("{}\n", sorted(&object));
    object["metadata"]["annotations"] = json!({crate::fields::LAST_APPLIED: applied});
    write(registry, object, "kubectl-client-side-apply")
}

/// The third number of a node's range of pods' addresses: the walk-through's two first, then those that are left.
fn range_of(number: u8) -> u8 {
    match number {
        0 => 3,
        1 => 1,
        number => (0..=u8::MAX).filter(|third| ![3, 1].contains(third)).nth(usize::from(number) - 2).unwrap_or(u8::MAX),
    }
}

/// `node-a` to `node-z`, then `node-27` and so on.
fn node_name(number: u8) -> String {
    if number < 26 { format!("node-{}", char::from(b'a' + number)) } else { format!("node-{}", u16::from(number) + 1) }
}

fn node(number: u8) -> Value {
    let name = node_name(number);
    let range = format!("{}/24", Ipv4Addr::new(10, 42, range_of(number), 0));
    let labels = json!({
        "kubernetes.io/hostname": name, "kubernetes.io/os": "linux", "kubernetes.io/arch": "amd64",
        "beta.kubernetes.io/os": "linux", "beta.kubernetes.io/arch": "amd64",
    });
    json!({
        "kind": "Node", "apiVersion": "v1", "metadata": {"name": name, "labels": labels},
        "spec": {"podCIDR": range, "podCIDRs": [range]},
    })
}

fn storage_class() -> Value {
    json!({
        "kind": "StorageClass", "apiVersion": "storage.k8s.io/v1",
        "metadata": {"name": "standard", "annotations": {"storageclass.kubernetes.io/is-default-class": "true"}},
        "provisioner": "berth.demo/volumes", "volumeBindingMode": "WaitForFirstConsumer",
    })
}

fn kubernetes() -> Value {
    json!({
        "kind": "Service", "apiVersion": "v1",
        "metadata": {"name": "kubernetes", "namespace": "default", "labels": {"component": "apiserver", "provider": "kubernetes"}},
        "spec": {"clusterIP": "10.43.0.1", "ports": [{"name": "https", "port": 443, "targetPort": 6443}]},
    })
}

/// The Service of the cluster's DNS, whose address stands in every pod's `/etc/resolv.conf`.
fn cluster_dns() -> Value {
    json!({
        "kind": "Service", "apiVersion": "v1",
        "metadata": {"name": "kube-dns", "namespace": "kube-system", "labels": {"k8s-app": "kube-dns", "kubernetes.io/name": "CoreDNS"}},
        "spec": {
            "clusterIP": "10.43.0.10",
            "ports": [
                {"name": "dns", "port": 53, "protocol": "UDP"}, {"name": "dns-tcp", "port": 53, "protocol": "TCP"},
            ],
        },
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn given_many_nodes_when_named_then_each_has_a_name_and_a_range_of_its_own() {
        let names: BTreeSet<String> = (0..MOST_NODES).map(node_name).collect();
        let ranges: BTreeSet<u8> = (0..MOST_NODES).map(range_of).collect();
        assert_eq!((names.len(), ranges.len()), (usize::from(MOST_NODES), usize::from(MOST_NODES)));
        assert_eq!((node_name(0).as_str(), range_of(0)), ("node-a", 3));
        assert_eq!((node_name(1).as_str(), range_of(1)), ("node-b", 1));
    }
}
