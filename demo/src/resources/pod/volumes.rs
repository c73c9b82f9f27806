//! The volumes of a pod.

use k8s_openapi::api::core::v1::Volume;
use serde_json::Value;

use crate::failure::FieldError;
use crate::names;
use crate::resources::Errors;

/// What a volume comes from: the names of the sources that are given.
fn sources(volume: &Volume) -> Vec<String> {
    let Ok(Value::Object(fields)) = serde_json::to_value(volume) else { return Vec::new() };
    fields.into_iter().map(|(name, _)| name).filter(|name| name != "name").collect()
}

/// Whether it is said what a volume comes from.
pub(super) fn has_source(volume: &Volume) -> bool {
    !sources(volume).is_empty()
}

/// Checks volumes.
pub(super) fn check(volumes: &[Volume], field: &str, errors: &mut Errors) {
    for (index, volume) in volumes.iter().enumerate() {
        let field = format!("{field}[{index}]");
        for name in sources(volume).iter().skip(1) {
            let detail = "may not specify more than 1 volume type";
            errors.push(FieldError::forbidden(format!("{field}.{name}"), detail));
        }
        let name = volume.name.as_str();
        if name.is_empty() {
            errors.push(FieldError::required(format!("{field}.name"), ""));
        } else {
            for wrong in names::label(name) {
                errors.push(FieldError::invalid(format!("{field}.name"), name, wrong));
            }
        }
        if volumes[..index].iter().any(|other| other.name == name) {
            errors.push(FieldError::duplicate(format!("{field}.name"), name));
        }
    }
}
