//! Changes without an end: the recorded traces again and again, in many namespaces at once, with pods that are others
//! each time.

use std::collections::VecDeque;
use std::error::Error;
use std::path::Path;

use topology::facts::{Event, Kind, Object, Observation, Watch};
use topology::{ResourceVersion, Timestamp, Uid, trace};

/// In how many namespaces each trace goes on.
const NAMESPACES: u64 = 8;
const TRACES: [&str; 6] = ["seed", "scale", "rollout", "services", "unready", "parallel"];
/// Between two changes, in milliseconds.
const APART: i64 = 100;

/// The changes, in order.
pub(super) struct Changes {
    traces: Vec<Vec<Event>>,
    waiting: VecDeque<Observation>,
    round: u64,
    number: u64,
}

impl Changes {
    pub(super) fn of_traces() -> Result<Self, Box<dyn Error>> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../traces");
        let read = |name| -> Result<Vec<Event>, Box<dyn Error>> {
            let text = std::fs::read_to_string(folder.join(format!("{name}.jsonl")))?;
            let observations = trace::observations(&trace::parse(&text)?);
            Ok(observations.into_iter().flat_map(|(_, observation)| one_by_one(observation.event)).collect())
        };
        let traces = TRACES.into_iter().map(read).collect::<Result<_, _>>()?;
        let lists = Kind::ALL.into_iter().map(|kind| observed(kind, Event::Listed(Vec::new())));
        Ok(Self { traces, waiting: lists.collect(), round: 0, number: 0 })
    }

    /// A round: every trace in one namespace each, side by side.
    fn refill(&mut self) {
        let longest = self.traces.iter().map(Vec::len).max().unwrap_or_default();
        for at in 0..longest {
            for trace in &self.traces {
                if let Some(event) = trace.get(at) {
                    let mut event = event.clone();
                    if let Event::Applied(object) | Event::Deleted(object) = &mut event {
                        move_to(object, self.round);
                        self.waiting.push_back(observed(object.kind(), event));
                    }
                }
            }
        }
        self.round += 1;
    }
}

impl Iterator for Changes {
    type Item = (Timestamp, Observation);

    fn next(&mut self) -> Option<Self::Item> {
        if self.waiting.is_empty() {
            self.refill();
        }
        let mut observation = self.waiting.pop_front()?;
        self.number += 1;
        if let Event::Applied(object) | Event::Deleted(object) = &mut observation.event {
            *version(object) = ResourceVersion(Some(self.number));
        }
        let at = 1_700_000_000_000 + i64::try_from(self.number).unwrap_or(i64::MAX) * APART;
        Some((Timestamp::from_millis(at), observation))
    }
}

fn observed(kind: Kind, event: Event) -> Observation {
    Observation { watch: Watch::everywhere(kind), event }
}

/// A first list as single objects.
fn one_by_one(event: Event) -> Vec<Event> {
    match event {
        Event::Listed(objects) => objects.into_iter().map(Event::Applied).collect(),
        other => vec![other],
    }
}

/// Brings an object into a namespace of the round's, with a UID of the round's.
fn move_to(object: &mut Object, round: u64) {
    let namespace = |name: &mut String| *name = format!("{name}-{}", round % NAMESPACES);
    let other =
        |uid: &mut Uid| *uid = Uid::from(format!("{:08x}{}", round, uid.0.get(8..).unwrap_or_default()).as_str());
    match object {
        Object::Pod(pod) => {
            namespace(&mut pod.namespace);
            other(&mut pod.uid);
            if let Some(owner) = &mut pod.owner {
                other(&mut owner.uid);
            }
        }
        Object::Service(service) => {
            namespace(&mut service.namespace);
            other(&mut service.uid);
        }
        Object::EndpointSlice(slice) => namespace(&mut slice.namespace),
        Object::StatefulSet(set) => {
            namespace(&mut set.key.namespace);
            other(&mut set.uid);
        }
        Object::Deployment(deployment) => {
            namespace(&mut deployment.key.namespace);
            other(&mut deployment.uid);
        }
        Object::ReplicaSet(set) => {
            namespace(&mut set.namespace);
            other(&mut set.uid);
            if let Some(owner) = &mut set.owner {
                other(&mut owner.uid);
            }
        }
    }
}

fn version(object: &mut Object) -> &mut ResourceVersion {
    match object {
        Object::Pod(pod) => &mut pod.version,
        Object::Service(service) => &mut service.version,
        Object::EndpointSlice(slice) => &mut slice.version,
        Object::StatefulSet(set) => &mut set.version,
        Object::Deployment(deployment) => &mut deployment.version,
        Object::ReplicaSet(set) => &mut set.version,
    }
}
