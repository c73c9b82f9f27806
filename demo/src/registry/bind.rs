//! Giving a pod its node.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::{Live, Registry, write_failure};
use crate::failure::Failure;
use crate::kinds::Kind;
use crate::store::{Draft, Expected, Key};
use crate::time;

impl Registry {
    /// Gives a pod its node, in one step: the node, and the condition that says so.
    ///
    /// # Errors
    /// When the pod is gone, or has a node already.
    pub fn bind(&self, key: &Key, uid: &str, node: &str) -> Result<(), Failure> {
        let served = Kind::Pod.served();
        let Live { object, mut value, .. } = self.live(served, key)?;
        if *object.uid != *uid {
            return Err(Failure::conflict(served, key.name(), "the pod is another one of this name"));
        }
        let generation = value.get("metadata").and_then(|metadata| metadata.get("generation").cloned());
        let Some(spec) = crate::resources::within(&mut value, "spec") else {
            return Err(Failure::internal("a pod without a spec"));
        };
        if spec.get("nodeName").and_then(Value::as_str).is_some_and(|node| !node.is_empty()) {
            let why = format!("pod {} is already assigned to node", key.name());
            return Err(Failure::conflict(served, key.name(), &why));
        }
        spec.insert("nodeName".to_owned(), json!(node));
        let mut condition = Map::new();
        condition.insert("type".to_owned(), json!("PodScheduled"));
        condition.insert("status".to_owned(), json!("True"));
        condition.insert("lastProbeTime".to_owned(), Value::Null);
        condition.insert("lastTransitionTime".to_owned(), json!(time::seconds(Timestamp::now())));
        condition.extend(generation.map(|generation| ("observedGeneration".to_owned(), generation)));
        if let Some(status) = crate::resources::within(&mut value, "status") {
            let conditions = status.entry("conditions").or_insert_with(|| json!([]));
            if let Some(conditions) = conditions.as_array_mut() {
                conditions.retain(|known| known.get("type").and_then(Value::as_str) != Some("PodScheduled"));
                conditions.push(Value::Object(condition));
            }
        }
        let draft = Draft::new(Kind::Pod, value, object.managed.clone());
        let done = self.store.put(draft, Expected::Revision(object.revision));
        done.map(drop).map_err(|error| write_failure(error, served, key.name()))
    }
}
