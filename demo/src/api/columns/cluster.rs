//! The columns of Services, their slices, nodes, namespaces and events.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use k8s_openapi::api::core::v1::{Event, Namespace, Node, Service, ServicePort};
use k8s_openapi::api::discovery::v1::EndpointSlice;
use serde_json::{Value, json};

use super::{Column, age, micro_age, name, or, some_of, text, wide};
use crate::kinds::Typed;

pub(super) const SERVICE: &[Column] = &[
    name("Name"),
    text("Type"),
    text("Cluster-IP"),
    text("External-IP"),
    text("Port(s)"),
    text("Age"),
    wide("Selector"),
];

pub(super) fn service(service: &Service, age: &str, _: Timestamp) -> Vec<Value> {
    let spec = service.spec.clone().unwrap_or_default();
    let kind = spec.type_.as_deref().unwrap_or_default();
    let ports: Vec<String> = spec.ports.iter().flatten().map(port).collect();
    let selector: Vec<String> = spec.selector.iter().flatten().map(|(key, value)| format!("{key}={value}")).collect();
    vec![
        json!(service.name()),
        json!(kind),
        or(spec.cluster_ips.iter().flatten().next().map(String::as_str), "<none>"),
        json!(external(service, kind)),
        or(Some(&ports.join(",")), "<none>"),
        json!(age),
        or(Some(&selector.join(",")), "<none>"),
    ]
}

fn port(port: &ServicePort) -> String {
    let protocol = port.protocol.as_deref().unwrap_or_default();
    match port.node_port {
        Some(node) if node > 0 => format!("{}:{node}/{protocol}", port.port),
        _ => format!("{}/{protocol}", port.port),
    }
}

fn external(service: &Service, kind: &str) -> String {
    let Some(spec) = &service.spec else { return "<unknown>".to_owned() };
    let given = spec.external_ips.clone().unwrap_or_default();
    match kind {
        "ClusterIP" | "NodePort" if given.is_empty() => "<none>".to_owned(),
        "ClusterIP" | "NodePort" => given.join(","),
        "LoadBalancer" => {
            let balancer = service.status.as_ref().and_then(|status| status.load_balancer.as_ref());
            let ingress = balancer.and_then(|balancer| balancer.ingress.as_ref()).into_iter().flatten();
            let mut all: BTreeSet<String> = ingress.filter_map(|it| it.ip.clone().or(it.hostname.clone())).collect();
            all.extend(given);
            if all.is_empty() { "<pending>".to_owned() } else { all.into_iter().collect::<Vec<_>>().join(",") }
        }
        "ExternalName" => spec.external_name.clone().unwrap_or_default(),
        _ => "<unknown>".to_owned(),
    }
}

pub(super) const ENDPOINT_SLICE: &[Column] =
    &[name("Name"), text("AddressType"), text("Ports"), text("Endpoints"), text("Age")];

pub(super) fn endpoint_slice(slice: &EndpointSlice, age: &str, _: Timestamp) -> Vec<Value> {
    let ports: Vec<String> = slice
        .ports
        .iter()
        .flatten()
        .map(|port| match (port.port, &port.name) {
            (Some(number), _) => number.to_string(),
            (None, Some(name)) => name.clone(),
            (None, None) => "*".to_owned(),
        })
        .collect();
    let addresses: Vec<String> =
        slice.endpoints.iter().flatten().flat_map(|endpoint| endpoint.addresses.iter().cloned()).collect();
    vec![json!(slice.name()), json!(slice.address_type), json!(some_of(&ports)), json!(some_of(&addresses)), json!(age)]
}

pub(super) const NODE: &[Column] = &[
    name("Name"),
    text("Status"),
    text("Roles"),
    text("Age"),
    text("Version"),
    wide("Internal-IP"),
    wide("External-IP"),
    wide("OS-Image"),
    wide("Kernel-Version"),
    wide("Container-Runtime"),
];

pub(super) fn node(node: &Node, age: &str, _: Timestamp) -> Vec<Value> {
    let status = node.status.clone().unwrap_or_default();
    let info = status.node_info.clone().unwrap_or_default();
    let ready = status.conditions.iter().flatten().find(|condition| condition.type_ == "Ready");
    let mut states = vec![match ready {
        Some(condition) if condition.status == "True" => "Ready",
        Some(_) => "NotReady",
        None => "Unknown",
    }];
    if node.spec.as_ref().is_some_and(|spec| spec.unschedulable == Some(true)) {
        states.push("SchedulingDisabled");
    }
    let address = |kind: &str| {
        let mut found = status.addresses.iter().flatten().filter(|address| address.type_ == kind);
        or(found.next().map(|address| address.address.as_str()), "<none>")
    };
    let kernel = match (info.kernel_version.as_str(), info.architecture.as_str()) {
        ("", "") => "<unknown>".to_owned(),
        ("", architecture) => format!("<unknown> ({architecture})"),
        (kernel, "") => kernel.to_owned(),
        (kernel, architecture) => format!("{kernel} ({architecture})"),
    };
    vec![
        json!(node.name()),
        json!(states.join(",")),
        or(Some(&roles(node.metadata.labels.as_ref())), "<none>"),
        json!(age),
        json!(info.kubelet_version),
        address("InternalIP"),
        address("ExternalIP"),
        or(Some(&info.os_image), "<unknown>"),
        json!(kernel),
        or(Some(&info.container_runtime_version), "<unknown>"),
    ]
}

fn roles(labels: Option<&BTreeMap<String, String>>) -> String {
    let roles: BTreeSet<&str> = labels
        .into_iter()
        .flatten()
        .filter_map(|(key, value)| match key.strip_prefix("node-role.kubernetes.io/") {
            Some(role) => Some(role),
            None => (key == "kubernetes.io/role").then_some(value.as_str()),
        })
        .filter(|role| !role.is_empty())
        .collect();
    roles.into_iter().collect::<Vec<_>>().join(",")
}

pub(super) const NAMESPACE: &[Column] = &[name("Name"), text("Status"), text("Age")];

pub(super) fn namespace(namespace: &Namespace, age: &str, _: Timestamp) -> Vec<Value> {
    let phase = namespace.status.as_ref().and_then(|status| status.phase.as_deref());
    vec![json!(namespace.name()), or(phase, ""), json!(age)]
}

pub(super) const EVENT: &[Column] = &[
    text("Last Seen"),
    text("Type"),
    text("Reason"),
    text("Object"),
    wide("Subobject"),
    wide("Source"),
    text("Message"),
    wide("First Seen"),
    wide("Count"),
    Column { name: "Name", kind: "string", format: "name", priority: 1 },
];

pub(super) fn event(event: &Event, _: &str, now: Timestamp) -> Vec<Value> {
    let first = match &event.first_timestamp {
        Some(first) => age(Some(first), now),
        None => micro_age(event.event_time.as_ref(), now),
    };
    let (last, count) = if let Some(series) = &event.series {
        (micro_age(series.last_observed_time.as_ref(), now), series.count.unwrap_or(0))
    } else {
        let last = event.last_timestamp.as_ref().map_or_else(|| first.clone(), |last| age(Some(last), now));
        (last, event.count.filter(|count| *count != 0).unwrap_or(1))
    };
    let about = &event.involved_object;
    let kind = about.kind.as_deref().unwrap_or_default().to_lowercase();
    let object = match about.name.as_deref().unwrap_or_default() {
        "" => kind,
        name => format!("{kind}/{name}"),
    };
    let source = event.source.clone().unwrap_or_default();
    let either = |first: Option<String>, second: &Option<String>| {
        first.filter(|text| !text.is_empty()).or_else(|| second.clone()).unwrap_or_default()
    };
    let component = either(source.component, &event.reporting_component);
    let source = match either(source.host, &event.reporting_instance) {
        host if host.is_empty() => component,
        host => format!("{component}, {host}"),
    };
    vec![
        json!(last),
        or(event.type_.as_deref(), ""),
        or(event.reason.as_deref(), ""),
        json!(object),
        or(about.field_path.as_deref(), ""),
        json!(source),
        json!(event.message.as_deref().unwrap_or_default().trim()),
        json!(first),
        json!(count),
        json!(event.name()),
    ]
}
