//! An independent witness: `kubectl get pods -w -o json`, and what it saw of each pod, and when.

use std::collections::BTreeMap;
use std::process::{Child, Stdio};
use std::sync::{Arc, Mutex};

use serde_json::{Deserializer, Value};
use server::clock::now;
use topology::Timestamp;

use crate::control_plane::ControlPlane;

/// Watches until it is dropped.
pub(crate) struct Witness {
    kubectl: Child,
    seen: Arc<Mutex<BTreeMap<String, Seen>>>,
}

/// What was seen of a pod.
#[derive(Debug, Clone, Default)]
pub(crate) struct Seen {
    pub(crate) name: String,
    pub(crate) came: Timestamp,
    pub(crate) addresses: Vec<(String, Timestamp)>,
    pub(crate) ready: Option<Timestamp>,
    pub(crate) terminating: Option<Timestamp>,
    pub(crate) gone: Option<Timestamp>,
}

impl Witness {
    pub(crate) fn start(plane: &ControlPlane) -> Self {
        let arguments = ["get", "pods", "-w", "-o", "json", "--output-watch-events"];
        let mut kubectl = plane.kubectl_command(&arguments).stdout(Stdio::piped()).spawn().expect("kubectl runs");
        let events = kubectl.stdout.take().expect("it is piped");
        let seen = Arc::new(Mutex::new(BTreeMap::new()));
        let shared = Arc::clone(&seen);
        std::thread::spawn(move || {
            for event in Deserializer::from_reader(events).into_iter::<Value>().map_while(Result::ok) {
                take(&mut shared.lock().expect("nobody panics with it"), &event, now());
            }
        });
        Self { kubectl, seen }
    }

    /// What was seen of each pod so far, by UID.
    pub(crate) fn seen(&self) -> BTreeMap<String, Seen> {
        self.seen.lock().expect("nobody panics with it").clone()
    }
}

fn take(seen: &mut BTreeMap<String, Seen>, event: &Value, at: Timestamp) {
    let pod = &event["object"];
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let known = seen.entry(text(&pod["metadata"]["uid"])).or_insert_with(|| Seen {
        name: text(&pod["metadata"]["name"]),
        came: at,
        ..Seen::default()
    });
    if event["type"] == "DELETED" {
        known.gone = Some(at);
        return;
    }
    for ip in pod["status"]["podIPs"].as_array().into_iter().flatten() {
        let ip = text(&ip["ip"]);
        if known.addresses.iter().all(|(had, _)| *had != ip) {
            known.addresses.push((ip, at));
        }
    }
    let mut conditions = pod["status"]["conditions"].as_array().into_iter().flatten();
    if conditions.any(|condition| condition["type"] == "Ready" && condition["status"] == "True") {
        known.ready.get_or_insert(at);
    }
    if pod["metadata"]["deletionTimestamp"].is_string() {
        known.terminating.get_or_insert(at);
    }
}

impl Drop for Witness {
    fn drop(&mut self) {
        let _ = self.kubectl.kill();
        let _ = self.kubectl.wait();
    }
}
