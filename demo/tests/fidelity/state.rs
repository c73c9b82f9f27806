//! What is compared of an object: everything but times, addresses, UIDs, nodes and the random parts of names.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Map, Value, json};

/// What a watch streamed.
#[derive(Debug)]
pub(crate) struct Seen {
    pub(crate) at: Duration,
    pub(crate) kind: &'static str,
    pub(crate) deleted: bool,
    /// What `kubectl get` prints of it.
    pub(crate) cells: Vec<Value>,
    pub(crate) object: Value,
}

/// One object from its creation to its end.
#[derive(Debug)]
pub(crate) struct Life {
    /// Its kind and name, and the how many-th of that name it is.
    pub(crate) name: String,
    pub(crate) kind: &'static str,
    /// Each state that differs from the one before, and when it came.
    pub(crate) states: Vec<(Duration, Value)>,
}

/// The lives of all objects.
#[derive(Debug)]
pub(crate) struct History {
    pub(crate) lives: Vec<Life>,
}

impl History {
    pub(crate) fn new(seen: &[Seen]) -> Self {
        let names = Names::of(seen);
        let mut lives: Vec<Life> = Vec::new();
        let mut places: BTreeMap<String, usize> = BTreeMap::new();
        let mut counts: BTreeMap<String, usize> = BTreeMap::new();
        for seen in seen {
            if seen.kind == "events" && !is_compared(&seen.object) {
                continue;
            }
            let uid = text(&seen.object["metadata"]["uid"]);
            let place = *places.entry(uid).or_insert_with(|| {
                let name = format!("{}/{}", seen.kind, names.name(seen));
                let count = counts.entry(name.clone()).and_modify(|count| *count += 1).or_insert(1);
                let name = if *count == 1 { name } else { format!("{name}#{count}") };
                lives.push(Life { name, kind: seen.kind, states: Vec::new() });
                lives.len() - 1
            });
            let state = if seen.deleted { json!("gone") } else { names.state(seen) };
            let states = &mut lives[place].states;
            if states.last().is_none_or(|(_, last)| *last != state) {
                states.push((seen.at, state));
            }
        }
        Self { lives }
    }

    /// The lives of a kind's objects.
    pub(crate) fn of(&self, kind: &str) -> impl Iterator<Item = &Life> {
        self.lives.iter().filter(move |life| life.kind == kind)
    }
}

/// What a component says is compared if it runs on both sides: the reference has no kubelet that says anything.
fn is_compared(event: &Value) -> bool {
    let components = [&event["source"]["component"], &event["reportingComponent"]];
    components
        .into_iter()
        .filter_map(Value::as_str)
        .any(|it| ["statefulset-controller", "default-scheduler"].contains(&it))
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// What takes the place of random names and addresses.
struct Names {
    /// A ControllerRevision's name, and which revision it is.
    revisions: BTreeMap<String, String>,
    /// A pod's address, and the pod.
    addresses: BTreeMap<String, String>,
}

impl Names {
    fn of(seen: &[Seen]) -> Self {
        let (mut revisions, mut addresses) = (BTreeMap::new(), BTreeMap::new());
        for Seen { kind, object, .. } in seen {
            let name = text(&object["metadata"]["name"]);
            match *kind {
                "controllerrevisions" => {
                    revisions.insert(name, format!("revision-{}", object["revision"]));
                }
                "pods" => {
                    addresses.insert(text(&object["status"]["podIP"]), format!("address of {name}"));
                }
                _ => {}
            }
        }
        addresses.remove("");
        Self { revisions, addresses }
    }

    /// An object's name without its random part.
    fn name(&self, seen: &Seen) -> String {
        let (object, name) = (&seen.object, text(&seen.object["metadata"]["name"]));
        match seen.kind {
            "controllerrevisions" => self.revisions[&name].clone(),
            "endpointslices" => format!("{}*", text(&object["metadata"]["generateName"])),
            "events" => {
                let about = &object["involvedObject"];
                let subject = format!("{} {}", text(&about["kind"]), text(&about["name"]));
                // Parallel pods are made at once, in no order, so that each has its own place here.
                let message = if text(&about["kind"]) == "Pod" { String::new() } else { text(&object["message"]) };
                format!("{subject} {} {message}", text(&object["reason"]))
            }
            _ => name,
        }
    }

    fn state(&self, seen: &Seen) -> Value {
        let object = &seen.object;
        let mut state = match seen.kind {
            "pods" => json!({"spec": object["spec"], "status": pod_status(&object["status"])}),
            "events" => json!({"type": object["type"], "reason": object["reason"], "message": object["message"]}),
            "endpointslices" => {
                let mut endpoints = object["endpoints"].as_array().cloned().unwrap_or_default();
                endpoints.sort_by_key(|endpoint| text(&endpoint["targetRef"]["name"]));
                let ports = object["ports"].as_array().cloned().unwrap_or_default();
                json!({"addressType": object["addressType"], "endpoints": endpoints, "ports": ports})
            }
            "controllerrevisions" => json!({"revision": object["revision"], "data": object["data"]}),
            _ => json!({"spec": object["spec"], "status": object["status"]}),
        };
        if seen.kind != "events" {
            state["metadata"] = metadata(&object["metadata"]);
            if seen.kind == "endpointslices" {
                // It counts the steps in which the controller made its changes.
                state["metadata"]["generation"] = Value::Null;
            }
            // What kubectl prints: not ages, nodes and addresses, which stand in the later columns.
            let columns = if seen.kind == "endpointslices" { 2 } else { 4 };
            let columns = seen.cells.iter().filter(|cell| !is_age(cell)).take(columns);
            state["printed"] = columns.cloned().collect();
        }
        self.plain(&mut state);
        state
    }

    /// Takes out what differs from cluster to cluster.
    fn plain(&self, value: &mut Value) {
        match value {
            Value::String(text) => *text = self.plain_text(text),
            Value::Array(items) => items.iter_mut().for_each(|item| self.plain(item)),
            Value::Object(fields) => {
                for name in ["uid", "resourceVersion", "lastTransitionTime"] {
                    fields.remove(name);
                }
                if fields.contains_key("nodeName") {
                    fields.insert("nodeName".to_owned(), json!("NODE"));
                }
                for value in fields.values_mut() {
                    self.plain(value);
                }
                fields.retain(|_, value| !value.is_null());
            }
            _ => {}
        }
    }

    fn plain_text(&self, text: &str) -> String {
        if let Some(address) = self.addresses.get(text) {
            return address.clone();
        }
        if text.starts_with("10.43.") {
            return "SERVICE".to_owned();
        }
        if let Some((start, _)) = text.split_once(" to node-") {
            return format!("{start} to NODE");
        }
        let mut text = text.to_owned();
        for (name, revision) in &self.revisions {
            text = text.replace(name, revision);
        }
        match text.rsplit_once('-') {
            // nginx-x7k2p, whose last part is random
            Some((start, end)) if end.len() == 5 && is_random(end) => format!("{start}-*"),
            _ => text,
        }
    }
}

/// Whether a word is one of those that Kubernetes makes up: they have no vowels, and no digits like vowels.
fn is_random(word: &str) -> bool {
    word.chars().all(|c| "bcdfghjklmnpqrstvwxz2456789".contains(c))
}

fn is_age(cell: &Value) -> bool {
    let Some(cell) = cell.as_str() else { return false };
    cell.ends_with('s') && cell.starts_with(|c: char| c.is_ascii_digit()) || cell == "<unknown>"
}

fn metadata(metadata: &Value) -> Value {
    let mut kept = Map::new();
    for name in
        ["name", "generateName", "labels", "ownerReferences", "finalizers", "generation", "deletionGracePeriodSeconds"]
    {
        kept.insert(name.to_owned(), metadata[name].clone());
    }
    let mut annotations = metadata["annotations"].clone();
    if let Some(annotations) = annotations.as_object_mut() {
        annotations.remove("kubectl.kubernetes.io/last-applied-configuration");
        annotations.remove("endpoints.kubernetes.io/last-change-trigger-time");
    }
    kept.insert(
        "annotations".to_owned(),
        annotations.as_object().filter(|it| !it.is_empty()).map_or(Value::Null, |it| json!(it)),
    );
    kept.insert("deleting".to_owned(), json!(metadata["deletionTimestamp"].is_string()));
    Value::Object(kept)
}

fn pod_status(status: &Value) -> Value {
    let mut conditions: Vec<Value> = status["conditions"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|it| {
            // The reference's kubelet does not take a reason back when a condition comes true; a real one does.
            let reason = if it["status"] == "True" { &Value::Null } else { &it["reason"] };
            json!({"type": it["type"], "status": it["status"], "reason": reason})
        })
        .collect();
    conditions.sort_by_key(|condition| text(&condition["type"]));
    let containers: Vec<Value> = status["containerStatuses"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|it| {
            let state = it["state"].as_object().and_then(|state| state.iter().next());
            let state = state.map(|(name, state)| json!({"is": name, "reason": state["reason"]}));
            json!({
                "name": it["name"], "image": it["image"], "ready": it["ready"], "started": it["started"],
                "restartCount": it["restartCount"], "state": state,
            })
        })
        .collect();
    json!({
        "phase": status["phase"], "conditions": conditions, "containers": containers, "qosClass": status["qosClass"],
        "podIP": status["podIP"], "hostIP": status["hostIP"].is_string(), "startTime": status["startTime"].is_string(),
    })
}
