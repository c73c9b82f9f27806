//! What a pod must not be.

use k8s_openapi::api::core::v1::{PodSpec, PodTemplateSpec};
use serde_json::json;

use super::containers::{self, one_of};
use super::volumes;
use crate::failure::FieldError;
use crate::names;
use crate::resources::Errors;
use crate::resources::metadata::{check_annotations, check_labels};

/// Where a spec stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Within {
    /// In a pod.
    Pod,
    /// In a template.
    Template,
}

/// Checks a template.
pub(crate) fn check_template(template: &PodTemplateSpec, field: &str, within: Within, errors: &mut Errors) {
    let nothing = PodSpec::default();
    check_spec(template.spec.as_ref().unwrap_or(&nothing), &format!("{field}.spec"), within, errors);
    if let Some(metadata) = &template.metadata {
        check_labels(&format!("{field}.labels"), metadata.labels.as_ref(), errors);
        check_annotations(&format!("{field}.annotations"), metadata.annotations.as_ref(), errors);
    }
}

/// Checks that pods of a template are started again whenever they end.
pub(crate) fn check_restart_policy(template: &PodTemplateSpec, errors: &mut Errors) {
    let policy = template.spec.as_ref().and_then(|spec| spec.restart_policy.as_deref()).unwrap_or_default();
    if policy != "Always" {
        errors.push(FieldError::not_supported("spec.template.spec.restartPolicy", policy, &["Always"]));
    }
}

/// Checks the spec of a pod or of a template.
pub(super) fn check_spec(spec: &PodSpec, field: &str, within: Within, errors: &mut Errors) {
    let nothing = Vec::new();
    let volumes = spec.volumes.as_ref().unwrap_or(&nothing);
    volumes::check(volumes, &format!("{field}.volumes"), errors);
    if spec.containers.is_empty() {
        errors.push(FieldError::required(format!("{field}.containers"), ""));
    }
    let init = spec.init_containers.as_deref().unwrap_or_default();
    containers::check(&spec.containers, volumes, &[], &format!("{field}.containers"), errors);
    containers::check(init, volumes, &spec.containers, &format!("{field}.initContainers"), errors);
    let policies = ["Always", "OnFailure", "Never"];
    if within == Within::Pod || spec.restart_policy.as_deref().is_some_and(|policy| !policies.contains(&policy)) {
        one_of(&format!("{field}.restartPolicy"), spec.restart_policy.as_deref(), &policies, errors);
    }
    let dns = ["ClusterFirstWithHostNet", "ClusterFirst", "Default", "None"];
    one_of(&format!("{field}.dnsPolicy"), spec.dns_policy.as_deref(), &dns, errors);
    check_labels(&format!("{field}.nodeSelector"), spec.node_selector.as_ref(), errors);
    for (name, value) in [("hostname", &spec.hostname), ("subdomain", &spec.subdomain)] {
        let value = value.as_deref().unwrap_or_default();
        if !value.is_empty() {
            for wrong in names::label(value) {
                errors.push(FieldError::invalid(format!("{field}.{name}"), value, wrong));
            }
        }
    }
    for (index, toleration) in spec.tolerations.iter().flatten().enumerate() {
        let field = format!("{field}.tolerations[{index}]");
        let operator = toleration.operator.as_deref().filter(|operator| !operator.is_empty());
        one_of(&format!("{field}.operator"), operator, &["Equal", "Exists"], errors);
        let effect = toleration.effect.as_deref().filter(|effect| !effect.is_empty());
        one_of(&format!("{field}.effect"), effect, &["NoSchedule", "PreferNoSchedule", "NoExecute"], errors);
    }
    if let Some(deadline) = spec.active_deadline_seconds
        && deadline < 1
    {
        let detail = "must be between 1 and 2147483647, inclusive";
        errors.push(FieldError::invalid(format!("{field}.activeDeadlineSeconds"), json!(deadline), detail));
    }
}

/// Checks the number of a port.
pub(crate) fn check_port_number(field: &str, port: i32, errors: &mut Errors) {
    if !(1..=65_535).contains(&port) {
        errors.push(FieldError::invalid(field, port, "must be between 1 and 65535, inclusive"));
    }
}

/// Checks a protocol.
pub(crate) fn check_protocol(field: &str, protocol: Option<&str>, errors: &mut Errors) {
    one_of(field, protocol, &["SCTP", "TCP", "UDP"], errors);
}
