//! What one endpoint's change in a Service of a thousand costs, from the fact to the bytes of the delta, and to the whole
//! record set made anew.

use std::fmt;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use topology::facts::{Event, Kind, Object, Observation, Watch};
use topology::kubernetes;
use topology::wire::{Changes, Format, ServerMessage};
use topology::{Timestamp, Topology};

const ENDPOINTS: usize = 1_000;
/// How many endpoints a slice has at most, as the slice controller makes them.
const SLICE: usize = 100;
const ROUNDS: usize = 400;

/// The medians and the worst of all rounds.
pub struct Cost {
    fold: [Duration; 2],
    records: [Duration; 2],
    bytes: usize,
}

impl fmt::Display for Cost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let micros = |[median, worst]: [Duration; 2]| format!("{} {}", median.as_micros(), worst.as_micros());
        write!(f, "{} {} {}", micros(self.fold), micros(self.records), self.bytes)
    }
}

fn address(at: usize) -> String {
    format!("10.50.{}.{}", at / 250, at % 250 + 1)
}

fn slice(number: usize, version: usize, withheld: Option<usize>) -> Observation {
    let endpoint = |at: usize| {
        let pod = format!("web-{at}");
        json!({"addresses": [address(at)], "hostname": pod, "conditions": {"ready": withheld != Some(at)},
            "targetRef": {"kind": "Pod", "name": pod, "uid": pod}})
    };
    let endpoints: Vec<Value> = (number * SLICE..(number + 1) * SLICE).map(endpoint).collect();
    let labels = json!({"kubernetes.io/service-name": "nginx"});
    let metadata = json!({"namespace": "default", "name": format!("nginx-{number:05}"), "labels": labels,
        "resourceVersion": version.to_string()});
    applied::<kubernetes::EndpointSlice>(
        Kind::EndpointSlice,
        json!({"metadata": metadata, "ports": [{"name": "web", "port": 80}], "endpoints": endpoints}),
    )
}

fn pod(at: usize) -> Observation {
    let name = format!("web-{at}");
    let owner =
        json!([{"apiVersion": "apps/v1", "kind": "StatefulSet", "name": "web", "uid": "set", "controller": true}]);
    let labels = json!({"app": "nginx"});
    let metadata =
        json!({"namespace": "default", "name": name, "uid": name, "labels": labels, "ownerReferences": owner});
    let ready = json!([{"type": "Ready", "status": "True", "lastTransitionTime": "2026-01-01T00:00:00Z"}]);
    let status = json!({"phase": "Running", "podIPs": [{"ip": address(at)}], "conditions": ready});
    applied::<kubernetes::Pod>(Kind::Pod, json!({"metadata": metadata, "status": status}))
}

/// # Panics
/// Never: the values are made above.
fn applied<T: serde::de::DeserializeOwned + Into<Object>>(kind: Kind, value: Value) -> Observation {
    let object = serde_json::from_value::<T>(value).map(Into::into);
    let event = object.map_or(Event::CaughtUp, Event::Applied);
    Observation { watch: Watch::everywhere(kind), event }
}

/// A StatefulSet of a thousand Ready pods, with its Service and slices.
fn world() -> Topology {
    let mut topology = Topology::default();
    let at = Timestamp::from_millis(1);
    let labels = json!({"app": "nginx"});
    let set = json!({"metadata": {"namespace": "default", "name": "web", "uid": "set"},
        "spec": {"serviceName": "nginx", "replicas": ENDPOINTS, "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}}}});
    topology.apply(at, [applied::<kubernetes::StatefulSet>(Kind::StatefulSet, set)]);
    let service = json!({"metadata": {"namespace": "default", "name": "nginx", "uid": "nginx"},
        "spec": {"clusterIP": "None", "selector": labels, "ports": [{"name": "web", "port": 80}]}});
    topology.apply(at, [applied::<kubernetes::Service>(Kind::Service, service)]);
    topology.apply(at, (0..ENDPOINTS).map(pod));
    topology.apply(at, (0..ENDPOINTS / SLICE).map(|number| slice(number, number + 1, None)));
    topology
}

/// Measures it: every second another endpoint is withheld, or served again.
pub fn measure() -> Cost {
    let mut topology = world();
    let (mut folds, mut sets, mut bytes) = (Vec::new(), Vec::new(), 0);
    for round in 0..ROUNDS {
        let endpoint = (round / 2 * 37) % ENDPOINTS;
        let observation = slice(endpoint / SLICE, ENDPOINTS + round, (round % 2 == 0).then_some(endpoint));
        let at = Timestamp::from_millis(1_800_000_000_000 + i64::try_from(round).unwrap_or(0) * 1_000);
        let began = Instant::now();
        let delta = topology.apply(at, [observation]);
        for (set, changes) in delta.iter().flat_map(|delta| delta.boards.clone()) {
            let changes = Changes::StatefulSet { set, changes };
            let message = ServerMessage::Delta { revision: topology.revision(), at, changes };
            bytes = bytes.max(message.encode(Format::Postcard).map_or(usize::MAX, |bytes| bytes.len()));
        }
        folds.push(began.elapsed());
        let began = Instant::now();
        let directory = topology.directory();
        let records = directory.service("default", "nginx").map(|known| known.record_set(directory.zone()));
        sets.push(began.elapsed());
        let records = records.map_or(0, |records| records.len());
        assert!(delta.is_some() && records > 6 * ENDPOINTS, "the world is as it should be: {records} records");
    }
    Cost { fold: summary(folds), records: summary(sets), bytes }
}

fn summary(mut times: Vec<Duration>) -> [Duration; 2] {
    times.sort();
    [times[times.len() / 2], times.last().copied().unwrap_or_default()]
}
