//! How many replicas a workload should have: its `scale`.

use serde_json::{Map, Value, json};

use crate::failure::{Failure, FieldError};
use crate::selectors::LabelSelector;
use crate::store::Object;

/// The scale of a workload.
pub fn scale_of(object: &Object) -> Value {
    let value = object.value();
    let field = |part: &str, name: &str| value.get(part).and_then(|part| part.get(name)).cloned();
    let metadata = |name: &str| field("metadata", name);
    let selector = field("spec", "selector").and_then(|selector| serde_json::from_value(selector).ok());
    let selector = selector.as_ref().and_then(LabelSelector::of).unwrap_or_default();
    let mut scale = json!({
        "kind": "Scale",
        "apiVersion": "autoscaling/v1",
        "metadata": {
            "name": object.key.name(),
            "namespace": object.key.namespace(),
            "uid": &*object.uid,
            "resourceVersion": object.revision.to_string(),
            "creationTimestamp": metadata("creationTimestamp"),
        },
        "spec": {},
        "status": {"replicas": field("status", "replicas").unwrap_or_else(|| json!(0)), "selector": selector.to_string()},
    });
    if let Some(replicas) = field("spec", "replicas").filter(|replicas| *replicas != json!(0)) {
        scale["spec"]["replicas"] = replicas;
    }
    scale
}

/// A workload with another scale.
///
/// # Errors
/// When that is no number that it can have.
pub fn with_scale(mut object: Map<String, Value>, scale: &Value) -> Result<Map<String, Value>, Failure> {
    let replicas = match scale.get("spec").and_then(|spec| spec.get("replicas")) {
        None | Some(Value::Null) => 0,
        Some(value) => value.as_i64().filter(|number| i32::try_from(*number).is_ok()).ok_or_else(|| {
            let message = "Scale in version \"v1\" cannot be handled as a Scale: json: cannot unmarshal into Go struct \
                           field ScaleSpec.spec.replicas of type int32";
            Failure::bad_request(message)
        })?,
    };
    if replicas < 0 {
        let name = scale.get("metadata").and_then(|metadata| metadata.get("name")?.as_str()).unwrap_or_default();
        let error = FieldError::invalid("spec.replicas", replicas, "must be greater than or equal to 0");
        return Err(Failure::invalid_kind("autoscaling", "Scale", name, vec![error]));
    }
    if let Some(spec) = crate::resources::within(&mut object, "spec") {
        spec.insert("replicas".to_owned(), json!(replicas));
    }
    Ok(object)
}
