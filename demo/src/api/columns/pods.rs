//! The columns of pods.

use jiff::Timestamp;
use k8s_openapi::api::core::v1::Pod;
use serde_json::{Value, json};
use topology::kubectl::pod_columns;

use super::{Column, age, name, or, text, wide};
use crate::store::Object;

pub(super) const POD: &[Column] = &[
    name("Name"),
    text("Ready"),
    text("Status"),
    text("Restarts"),
    text("Age"),
    wide("IP"),
    wide("Node"),
    wide("Nominated Node"),
    wide("Readiness Gates"),
];

pub(super) fn pod(object: &Object, now: Timestamp) -> Option<Vec<Value>> {
    // READY, STATUS and RESTARTS are those that the page shows, from the same code.
    let slim: topology::kubernetes::Pod = serde_json::from_slice(&object.json()).ok()?;
    let columns = pod_columns(&slim);
    let pod: Pod = object.parse()?;
    let (spec, status) = (pod.spec.unwrap_or_default(), pod.status.unwrap_or_default());
    let ip = status.pod_ips.iter().flatten().next().map(|ip| ip.ip.as_str());
    let gates = spec.readiness_gates.as_deref().unwrap_or_default();
    let open = gates.iter().filter(|gate| {
        let mut conditions = status.conditions.iter().flatten();
        conditions.find(|it| it.type_ == gate.condition_type).is_some_and(|it| it.status == "True")
    });
    let gates = if gates.is_empty() { "<none>".to_owned() } else { format!("{}/{}", open.count(), gates.len()) };
    Some(vec![
        json!(object.key.name()),
        json!(columns.ready.to_string()),
        json!(columns.status),
        json!(columns.restarts.text(topology::Timestamp::from_millis(now.as_millisecond()))),
        json!(age(pod.metadata.creation_timestamp.as_ref(), now)),
        or(ip, "<none>"),
        or(spec.node_name.as_deref(), "<none>"),
        or(status.nominated_node_name.as_deref(), "<none>"),
        json!(gates),
    ])
}
