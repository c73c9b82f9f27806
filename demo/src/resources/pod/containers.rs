//! The containers of a pod.

use k8s_openapi::api::core::v1::{Container, ContainerPort, Probe, Volume};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use super::check::{check_port_number, check_protocol};
use crate::failure::FieldError;
use crate::names;
use crate::resources::{Errors, check_not_negative};
use crate::schema::Quantity;

/// Checks containers, or init containers.
pub(super) fn check(
    containers: &[Container],
    volumes: &[Volume],
    others: &[Container],
    field: &str,
    errors: &mut Errors,
) {
    for (index, container) in containers.iter().enumerate() {
        let field = format!("{field}[{index}]");
        let name = container.name.as_str();
        if name.is_empty() {
            errors.push(FieldError::required(format!("{field}.name"), ""));
        } else {
            for wrong in names::label(name) {
                errors.push(FieldError::invalid(format!("{field}.name"), name, wrong));
            }
        }
        if containers[..index].iter().chain(others).any(|other| !name.is_empty() && other.name == name) {
            errors.push(FieldError::duplicate(format!("{field}.name"), name));
        }
        let image = container.image.as_deref().unwrap_or_default();
        if image.is_empty() {
            errors.push(FieldError::required(format!("{field}.image"), ""));
        } else if image.trim() != image {
            let detail = "must not have leading or trailing whitespace";
            errors.push(FieldError::invalid(format!("{field}.image"), image, detail));
        }
        one_of(
            &format!("{field}.terminationMessagePolicy"),
            container.termination_message_policy.as_deref(),
            &["FallbackToLogsOnError", "File"],
            errors,
        );
        check_probes(container, &field, errors);
        check_ports(container.ports.as_deref().unwrap_or_default(), &format!("{field}.ports"), errors);
        check_variables(container, &field, errors);
        one_of(
            &format!("{field}.imagePullPolicy"),
            container.image_pull_policy.as_deref(),
            &["Always", "IfNotPresent", "Never"],
            errors,
        );
        check_mounts(container, volumes, &field, errors);
        check_amounts(container, &field, errors);
    }
}

/// Checks a value that is one of a few.
pub(super) fn one_of(field: &str, value: Option<&str>, known: &[&str], errors: &mut Errors) {
    if let Some(value) = value
        && !known.contains(&value)
    {
        errors.push(FieldError::not_supported(field, value, known));
    }
}

fn check_ports(ports: &[ContainerPort], field: &str, errors: &mut Errors) {
    for (index, port) in ports.iter().enumerate() {
        let field = format!("{field}[{index}]");
        if let Some(name) = port.name.as_deref() {
            for wrong in names::port(name) {
                errors.push(FieldError::invalid(format!("{field}.name"), name, wrong));
            }
            if ports[..index].iter().any(|other| other.name.as_deref() == Some(name)) {
                errors.push(FieldError::duplicate(format!("{field}.name"), name));
            }
        }
        if port.container_port == 0 {
            errors.push(FieldError::required(format!("{field}.containerPort"), ""));
        } else {
            check_port_number(&format!("{field}.containerPort"), port.container_port, errors);
        }
        check_protocol(&format!("{field}.protocol"), port.protocol.as_deref(), errors);
    }
}

fn check_variables(container: &Container, field: &str, errors: &mut Errors) {
    for (index, variable) in container.env.iter().flatten().enumerate() {
        let field = format!("{field}.env[{index}]");
        if variable.name.is_empty() {
            errors.push(FieldError::required(format!("{field}.name"), ""));
        } else if !variable.name.bytes().all(|b| (b' '..=b'~').contains(&b) && b != b'=') {
            let detail =
                "a valid environment variable name must consist only of printable ASCII characters other than '='";
            errors.push(FieldError::invalid(format!("{field}.name"), variable.name.as_str(), detail));
        }
        if variable.value_from.is_some() && variable.value.as_deref().is_some_and(|value| !value.is_empty()) {
            let detail = "may not be specified when `value` is not empty";
            errors.push(FieldError::invalid(format!("{field}.valueFrom"), "", detail));
        }
    }
}

fn check_mounts(container: &Container, volumes: &[Volume], field: &str, errors: &mut Errors) {
    let mounts = container.volume_mounts.as_deref().unwrap_or_default();
    for (index, mount) in mounts.iter().enumerate() {
        let field = format!("{field}.volumeMounts[{index}]");
        if mount.name.is_empty() {
            errors.push(FieldError::required(format!("{field}.name"), ""));
        } else if !volumes.iter().any(|volume| volume.name == mount.name) {
            errors.push(FieldError::not_found(format!("{field}.name"), mount.name.as_str()));
        }
        if mount.mount_path.is_empty() {
            errors.push(FieldError::required(format!("{field}.mountPath"), ""));
        }
        if mounts[..index].iter().any(|other| other.mount_path == mount.mount_path) {
            let path = mount.mount_path.as_str();
            errors.push(FieldError::invalid(format!("{field}.mountPath"), path, "must be unique"));
        }
    }
}

fn check_probes(container: &Container, field: &str, errors: &mut Errors) {
    let probes = [
        ("livenessProbe", &container.liveness_probe),
        ("readinessProbe", &container.readiness_probe),
        ("startupProbe", &container.startup_probe),
    ];
    for (name, probe) in probes {
        if let Some(probe) = probe {
            check_probe(probe, &format!("{field}.{name}"), errors);
        }
    }
}

fn check_probe(probe: &Probe, field: &str, errors: &mut Errors) {
    let handlers = [probe.exec.is_some(), probe.grpc.is_some(), probe.http_get.is_some(), probe.tcp_socket.is_some()];
    if !handlers.contains(&true) {
        errors.push(FieldError::required(field, "must specify a handler type"));
    }
    let port = probe.http_get.as_ref().map(|get| ("httpGet", &get.port));
    let port = port.or_else(|| probe.tcp_socket.as_ref().map(|socket| ("tcpSocket", &socket.port)));
    if let Some((handler, IntOrString::Int(port))) = port {
        check_port_number(&format!("{field}.{handler}.port"), *port, errors);
    }
    check_not_negative(errors, &format!("{field}.initialDelaySeconds"), probe.initial_delay_seconds);
    check_not_negative(errors, &format!("{field}.timeoutSeconds"), probe.timeout_seconds);
    check_not_negative(errors, &format!("{field}.periodSeconds"), probe.period_seconds);
    check_not_negative(errors, &format!("{field}.successThreshold"), probe.success_threshold);
    check_not_negative(errors, &format!("{field}.failureThreshold"), probe.failure_threshold);
}

fn check_amounts(container: &Container, field: &str, errors: &mut Errors) {
    let Some(resources) = &container.resources else { return };
    let parse = |text: &str| text.parse::<Quantity>().ok();
    for (name, amounts) in [("limits", &resources.limits), ("requests", &resources.requests)] {
        for (resource, amount) in amounts.iter().flatten() {
            if parse(&amount.0).is_some_and(Quantity::is_negative) {
                let field = format!("{field}.resources.{name}[{resource}]");
                errors.push(FieldError::invalid(field, amount.0.as_str(), "must be greater than or equal to 0"));
            }
        }
    }
    for (resource, request) in resources.requests.iter().flatten() {
        let Some(limit) = resources.limits.as_ref().and_then(|limits| limits.get(resource)) else { continue };
        if let (Some(asked), Some(most)) = (parse(&request.0), parse(&limit.0))
            && asked.millis() > most.millis()
        {
            let detail = format!("must be less than or equal to {resource} limit of {}", limit.0);
            let field = format!("{field}.resources.requests");
            errors.push(FieldError::invalid(field, request.0.as_str(), detail));
        }
    }
}
