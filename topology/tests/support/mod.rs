//! What the tests of the fold share.
#![allow(dead_code, reason = "each test binary uses its part")]

use std::path::{Path, PathBuf};

use topology::facts::{Event, Kind, Object, Observation, Watch};
use topology::{Timestamp, trace};

/// The recorded traces, by name.
pub(crate) fn traces() -> Vec<(String, Vec<(Timestamp, Observation)>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/traces");
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder)
        .expect("the traces are in the repository")
        .map(|entry| entry.expect("a readable folder").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "jsonl"))
        .collect();
    files.sort();
    files
        .iter()
        .map(|file| {
            let text = std::fs::read_to_string(file).expect("a readable trace");
            let entries = trace::parse(&text).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
            let name = file.file_stem().and_then(|stem| stem.to_str()).expect("a name in UTF-8");
            (name.to_owned(), trace::observations(&entries))
        })
        .collect()
}

/// What the cluster holds after these observations, by an independent and simpler fold: the last object of each name.
#[derive(Default, Clone)]
pub(crate) struct Cluster {
    objects: std::collections::BTreeMap<(Kind, String, String), Object>,
}

impl Cluster {
    pub(crate) fn observe(&mut self, observation: &Observation) {
        match &observation.event {
            Event::Listed(objects) => {
                self.objects.retain(|(kind, _, _), _| *kind != observation.watch.kind);
                for object in objects {
                    self.objects.insert(key(object), object.clone());
                }
            }
            Event::Applied(object) => drop(self.objects.insert(key(object), object.clone())),
            Event::Deleted(object) => drop(self.objects.remove(&key(object))),
            Event::Interrupted { .. } | Event::CaughtUp => {}
        }
    }

    /// A fresh list of one kind.
    pub(crate) fn list(&self, kind: Kind) -> Observation {
        let objects = self.objects.values().filter(|object| object.kind() == kind).cloned().collect();
        Observation { watch: Watch::everywhere(kind), event: Event::Listed(objects) }
    }

    pub(crate) fn pods(&self) -> impl Iterator<Item = &topology::facts::Pod> {
        self.objects.values().filter_map(|object| match object {
            Object::Pod(pod) => Some(pod.as_ref()),
            _ => None,
        })
    }
}

fn key(object: &Object) -> (Kind, String, String) {
    (object.kind(), object.namespace().to_owned(), object.name().to_owned())
}

/// The watches' first lists of a cluster that holds these objects, each with its `kind`.
pub(crate) fn objects(described: Vec<serde_json::Value>) -> Vec<Observation> {
    fn fact(value: serde_json::Value) -> Object {
        fn read<T: serde::de::DeserializeOwned + Into<Object>>(value: serde_json::Value) -> Object {
            serde_json::from_value::<T>(value).expect("an object of its kind").into()
        }
        match value["kind"].as_str().expect("a kind") {
            "Pod" => read::<topology::kubernetes::Pod>(value),
            "Service" => read::<topology::kubernetes::Service>(value),
            "EndpointSlice" => read::<topology::kubernetes::EndpointSlice>(value),
            "StatefulSet" => read::<topology::kubernetes::StatefulSet>(value),
            "Deployment" => read::<topology::kubernetes::Deployment>(value),
            "ReplicaSet" => read::<topology::kubernetes::ReplicaSet>(value),
            other => panic!("no such kind: {other}"),
        }
    }
    let facts: Vec<Object> = described.into_iter().map(fact).collect();
    let list = |kind: Kind| {
        let listed = facts.iter().filter(|object| object.kind() == kind).cloned().collect();
        Observation { watch: Watch::everywhere(kind), event: Event::Listed(listed) }
    };
    Kind::ALL.into_iter().map(list).collect()
}
