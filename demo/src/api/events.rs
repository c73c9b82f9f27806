//! Events in the words of their newer group: the same things under other names.

use serde_json::{Map, Value};

/// The names in the core group and in `events.k8s.io`.
const NAMES: [(&str, &str); 7] = [
    ("involvedObject", "regarding"),
    ("message", "note"),
    ("reportingComponent", "reportingController"),
    ("source", "deprecatedSource"),
    ("firstTimestamp", "deprecatedFirstTimestamp"),
    ("lastTimestamp", "deprecatedLastTimestamp"),
    ("count", "deprecatedCount"),
];

/// An event of the core group in the newer words.
pub(super) fn to_new(event: &mut Map<String, Value>) {
    rename(event, |(old, new)| (old, new));
    event.insert("apiVersion".to_owned(), Value::from("events.k8s.io/v1"));
}

/// An event in the newer words as one of the core group.
pub(super) fn to_core(event: &mut Map<String, Value>) {
    rename(event, |(old, new)| (new, old));
    event.insert("apiVersion".to_owned(), Value::from("v1"));
}

fn rename(
    event: &mut Map<String, Value>,
    direction: impl Fn((&'static str, &'static str)) -> (&'static str, &'static str),
) {
    for pair in NAMES {
        let (from, to) = direction(pair);
        if let Some(value) = event.remove(from) {
            event.insert(to.to_owned(), value);
        }
    }
}

/// The JSON of an event of the core group, in the newer words.
pub(super) fn json_to_new(json: &[u8]) -> Vec<u8> {
    match serde_json::from_slice::<Map<String, Value>>(json) {
        Ok(mut event) => {
            to_new(&mut event);
            serde_json::to_vec(&event).unwrap_or_default() // a JSON object can be written
        }
        Err(_) => json.to_vec(),
    }
}
