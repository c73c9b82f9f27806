//! What an object is before anything was written in it.

use serde_json::{Map, Value, json};

use crate::kinds::Kind;

/// The fields that an object of a kind has from the beginning: those that are objects or items themselves and are never left
/// out. Who creates an object manages what it writes in them, but not that they are there.
pub fn zero(kind: Kind) -> Map<String, Value> {
    let template = json!({"metadata": {}, "spec": {"containers": []}});
    let value = match kind {
        Kind::StatefulSet => json!({"spec": {"template": template, "updateStrategy": {}}, "status": {}}),
        Kind::Deployment => json!({"spec": {"template": template, "strategy": {}}, "status": {}}),
        Kind::ReplicaSet => json!({"spec": {"template": template}, "status": {}}),
        Kind::Pod => json!({"spec": {"containers": []}, "status": {}}),
        Kind::Service => json!({"spec": {}, "status": {"loadBalancer": {}}}),
        Kind::PersistentVolumeClaim => json!({"spec": {"resources": {}}, "status": {}}),
        Kind::Namespace | Kind::Node | Kind::PersistentVolume => json!({"spec": {}, "status": {}}),
        Kind::Event => json!({"involvedObject": {}, "source": {}}),
        Kind::ControllerRevision | Kind::EndpointSlice | Kind::StorageClass => json!({}),
    };
    match value {
        Value::Object(fields) => fields,
        _ => Map::new(),
    }
}
