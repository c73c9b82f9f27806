//! The columns that `kubectl get` shows, which the server makes: for each kind its own.

mod cluster;
mod pods;
mod storage;
mod workloads;

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{MicroTime, Time};
use serde_json::{Value, json};
use topology::kubectl::human_duration;

use crate::kinds::{Kind, Typed};
use crate::store::Object;

/// A column.
#[derive(Debug, Clone, Copy)]
pub(super) struct Column {
    name: &'static str,
    kind: &'static str,
    format: &'static str,
    priority: u8,
}

/// A column of texts.
const fn text(name: &'static str) -> Column {
    Column { name, kind: "string", format: "", priority: 0 }
}

/// A column of names.
const fn name(name: &'static str) -> Column {
    Column { name, kind: "string", format: "name", priority: 0 }
}

/// A column of whole numbers.
const fn integer(name: &'static str) -> Column {
    Column { name, kind: "integer", format: "", priority: 0 }
}

/// A column that only `-o wide` shows.
const fn wide(name: &'static str) -> Column {
    Column { name, kind: "string", format: "", priority: 1 }
}

impl Column {
    pub(super) fn to_json(self) -> Value {
        json!({
            "name": self.name, "type": self.kind, "format": self.format, "description": "", "priority": self.priority,
        })
    }
}

/// The columns of a kind.
pub(super) const fn columns(kind: Kind) -> &'static [Column] {
    match kind {
        Kind::Pod => pods::POD,
        Kind::Service => cluster::SERVICE,
        Kind::EndpointSlice => cluster::ENDPOINT_SLICE,
        Kind::Node => cluster::NODE,
        Kind::Namespace => cluster::NAMESPACE,
        Kind::Event => cluster::EVENT,
        Kind::StatefulSet => workloads::STATEFUL_SET,
        Kind::Deployment => workloads::DEPLOYMENT,
        Kind::ReplicaSet => workloads::REPLICA_SET,
        Kind::ControllerRevision => workloads::CONTROLLER_REVISION,
        Kind::PersistentVolumeClaim => storage::CLAIM,
        Kind::PersistentVolume => storage::VOLUME,
        Kind::StorageClass => storage::CLASS,
    }
}

/// What stands in the columns for an object.
pub(super) fn cells(object: &Object, now: Timestamp) -> Vec<Value> {
    let cells = match object.kind {
        Kind::Pod => pods::pod(object, now),
        Kind::Service => of(object, now, cluster::service),
        Kind::EndpointSlice => of(object, now, cluster::endpoint_slice),
        Kind::Node => of(object, now, cluster::node),
        Kind::Namespace => of(object, now, cluster::namespace),
        Kind::Event => of(object, now, cluster::event),
        Kind::StatefulSet => of(object, now, workloads::stateful_set),
        Kind::Deployment => of(object, now, workloads::deployment),
        Kind::ReplicaSet => of(object, now, workloads::replica_set),
        Kind::ControllerRevision => of(object, now, workloads::controller_revision),
        Kind::PersistentVolumeClaim => of(object, now, storage::claim),
        Kind::PersistentVolume => of(object, now, storage::volume),
        Kind::StorageClass => of(object, now, storage::class),
    };
    cells.unwrap_or_default()
}

fn of<T: Typed>(object: &Object, now: Timestamp, cells: fn(&T, &str, Timestamp) -> Vec<Value>) -> Option<Vec<Value>> {
    let typed: T = object.parse()?;
    let age = age(typed.metadata().creation_timestamp.as_ref(), now);
    Some(cells(&typed, &age, now))
}

fn since(time: Option<Timestamp>, now: Timestamp) -> String {
    time.map_or_else(|| "<unknown>".to_owned(), |time| human_duration(now.as_millisecond() - time.as_millisecond()))
}

/// How long ago a time was.
fn age(time: Option<&Time>, now: Timestamp) -> String {
    since(time.map(|time| time.0), now)
}

/// The same, to the microsecond.
fn micro_age(time: Option<&MicroTime>, now: Timestamp) -> String {
    since(time.map(|time| time.0), now)
}

/// A text, or another one in place of nothing.
fn or(text: Option<&str>, otherwise: &str) -> Value {
    Value::from(text.filter(|text| !text.is_empty()).unwrap_or(otherwise))
}

/// At most three of them, and how many more there are.
fn some_of(items: &[String]) -> String {
    const SHOWN: usize = 3;
    if items.is_empty() {
        return "<unset>".to_owned();
    }
    let shown = items.iter().take(SHOWN).cloned().collect::<Vec<_>>().join(",");
    if items.len() > SHOWN { format!("{shown} + {} more...", items.len() - SHOWN) } else { shown }
}
