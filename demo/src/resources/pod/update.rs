//! What may change about a pod that exists.

use k8s_openapi::api::core::v1::{Container, PodSpec};
use serde_json::Value;

use crate::failure::FieldError;
use crate::resources::Errors;

const MAY_CHANGE: &str = "`spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,\
                          `spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` \
                          (allow it to be set to 1 if it was previously negative)";

/// Checks a new spec of a pod against the one before.
pub(super) fn check(new: &PodSpec, old: &PodSpec, errors: &mut Errors) {
    let counts = [
        ("containers", new.containers.len(), old.containers.len()),
        ("initContainers", new.init_containers.iter().flatten().count(), old.init_containers.iter().flatten().count()),
    ];
    for (name, new, old) in counts {
        if new != old {
            let detail = "pod updates may not add or remove containers";
            errors.push(FieldError::forbidden(format!("spec.{name}"), detail));
            return;
        }
    }
    let kept = old.tolerations.iter().flatten().all(|old| new.tolerations.iter().flatten().any(|new| new == old));
    if !kept {
        let detail = "existing toleration can not be modified except its tolerationSeconds";
        errors.push(FieldError::forbidden("spec.tolerations", detail));
    }
    let mut allowed = old.clone();
    images(&mut allowed.containers, &new.containers);
    if let (Some(allowed), Some(new)) = (&mut allowed.init_containers, &new.init_containers) {
        images(allowed, new);
    }
    allowed.active_deadline_seconds = new.active_deadline_seconds;
    allowed.tolerations.clone_from(&new.tolerations);
    allowed.scheduling_gates.clone_from(&new.scheduling_gates);
    // The scheduler's own, which no client can change by an update; binding sets it.
    if old.node_name.is_none() {
        allowed.node_name.clone_from(&new.node_name);
    }
    if *new != allowed {
        let changed = differences(&allowed, new).join(", ");
        let detail = format!("pod updates may not change fields other than {MAY_CHANGE}\nchanged: {changed}");
        errors.push(FieldError::forbidden("spec", detail));
    }
}

fn images(allowed: &mut [Container], new: &[Container]) {
    for (allowed, new) in allowed.iter_mut().zip(new) {
        allowed.image.clone_from(&new.image);
    }
}

/// The names of the fields that differ.
fn differences(old: &PodSpec, new: &PodSpec) -> Vec<String> {
    let fields = |spec: &PodSpec| match serde_json::to_value(spec) {
        Ok(Value::Object(fields)) => fields,
        _ => serde_json::Map::new(),
    };
    let (old, new) = (fields(old), fields(new));
    let mut names: Vec<String> =
        old.keys().chain(new.keys()).filter(|name| old.get(*name) != new.get(*name)).cloned().collect();
    names.sort();
    names.dedup();
    names.into_iter().map(|name| format!("spec.{name}")).collect()
}
