//! Events: what controllers say of what they do. What is said again is counted, not repeated.

use std::collections::HashMap;

use jiff::Timestamp;
use k8s_openapi::api::core::v1::{Event, EventSource, ObjectReference};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde_json::{Map, json};
use tracing::debug;

use crate::kinds::Typed;
use crate::registry::Client;
use crate::store::Key;
use crate::time;

/// How many things that were said are remembered, to count them when they are said again.
const REMEMBERED: usize = 4_096;

/// A reference to an object.
pub(crate) fn reference<T: Typed>(object: &T) -> ObjectReference {
    let metadata = object.metadata();
    ObjectReference {
        api_version: Some(T::OF.api_version()),
        kind: Some(T::OF.name().to_owned()),
        name: metadata.name.clone(),
        namespace: metadata.namespace.clone(),
        uid: metadata.uid.clone(),
        resource_version: metadata.resource_version.clone(),
        field_path: None,
    }
}

/// Says what one component does.
#[derive(Debug)]
pub(crate) struct Recorder {
    client: Client,
    component: &'static str,
    host: Option<String>,
    said: HashMap<[String; 5], (Key, i32)>,
}

impl Recorder {
    /// The events of a component.
    pub(crate) fn new(client: Client, component: &'static str) -> Self {
        Self { client, component, host: None, said: HashMap::new() }
    }

    /// The events of a component on a node.
    pub(crate) fn on(client: Client, component: &'static str, host: &str) -> Self {
        Self { host: Some(host.to_owned()), ..Self::new(client, component) }
    }

    /// Says something that is as it should be.
    pub(crate) fn normal(&mut self, about: ObjectReference, reason: &str, message: impl Into<String>) {
        self.record(about, "Normal", reason, message.into());
    }

    /// Says something that is not as it should be.
    pub(crate) fn warning(&mut self, about: ObjectReference, reason: &str, message: impl Into<String>) {
        self.record(about, "Warning", reason, message.into());
    }

    fn record(&mut self, about: ObjectReference, kind: &str, reason: &str, message: String) {
        let uid = about.uid.clone().unwrap_or_default();
        let path = about.field_path.clone().unwrap_or_default();
        let identity = [uid, path, kind.to_owned(), reason.to_owned(), message.clone()];
        if let Some((key, count)) = self.said.get_mut(&identity) {
            *count += 1;
            let fields = json!({"count": *count, "lastTimestamp": time::seconds(Timestamp::now())});
            let nothing = Map::new();
            let fields = fields.as_object().unwrap_or(&nothing);
            match self.client.merge::<Event>(key, None, fields) {
                Ok(_) => return,
                Err(failure) if failure.is_not_found() => {}
                Err(failure) => {
                    debug!(%failure, "an event could not be counted");
                    return;
                }
            }
        }
        let event = self.event(about, kind, reason, message);
        match self.client.create(&event) {
            Ok(_) => {
                if self.said.len() >= REMEMBERED {
                    self.said.clear();
                }
                self.said.insert(identity, (Key::of(&event), 1));
            }
            Err(failure) => debug!(%failure, "an event could not be recorded"),
        }
    }

    fn event(&self, about: ObjectReference, kind: &str, reason: &str, message: String) -> Event {
        let now = time::now();
        // What belongs to the cluster has its events in the default namespace.
        let namespace = about.namespace.clone().filter(|namespace| !namespace.is_empty());
        Event {
            metadata: ObjectMeta {
                name: Some(event_name(about.name.as_deref().unwrap_or_default())),
                namespace: Some(namespace.unwrap_or_else(|| "default".to_owned())),
                ..ObjectMeta::default()
            },
            count: Some(1),
            first_timestamp: Some(now.clone()),
            last_timestamp: Some(now),
            involved_object: about,
            message: Some(message),
            reason: Some(reason.to_owned()),
            reporting_component: Some(self.component.to_owned()),
            reporting_instance: self.host.clone(),
            source: Some(EventSource { component: Some(self.component.to_owned()), host: self.host.clone() }),
            type_: Some(kind.to_owned()),
            ..Event::default()
        }
    }
}

/// The name of an event: that of the object, and a time that no other one has.
pub(crate) fn event_name(object: &str) -> String {
    use std::sync::atomic::{AtomicU64, Ordering};
    static LAST: AtomicU64 = AtomicU64::new(0);
    let now = u64::try_from(Timestamp::now().as_nanosecond()).unwrap_or_default();
    let last = LAST.fetch_max(now, Ordering::Relaxed);
    let unique = if now > last { now } else { LAST.fetch_add(1, Ordering::Relaxed) + 1 };
    format!("{object}.{unique:x}")
}
