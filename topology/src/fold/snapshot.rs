//! The whole state at one moment, in a form that can be kept: whoever begins with it and takes every [`super::Step`] since
//! ends in the same state as who was there all the time.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use super::crews::of_replica_set;
use super::facts_store::Released;
use super::resume::Unconfirmed;
use super::{Topology, WatchState};
use crate::board::{Board, Former};
use crate::crew::Crew;
use crate::dns::Zone;
use crate::facts::{Event, Kind, Object, Observation, Watch};
use crate::fleet::{Fleet, Summary};
use crate::{Ordinal, Revision, SetKey};

/// A whole state.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Snapshot {
    revision: Revision,
    watches: Vec<(Watch, WatchState)>,
    objects: Vec<Object>,
    boards: Vec<Board>,
    /// Of an earlier version, which had none, there are none.
    #[serde(default)]
    crews: Vec<Crew>,
    /// What the names of each Service answered before, by namespace and Service.
    former: Vec<(String, String, Vec<Former>)>,
    released: Vec<(IpAddr, Vec<Released>)>,
    unconfirmed: (BTreeSet<(SetKey, Ordinal)>, BTreeSet<SetKey>),
}

impl Snapshot {
    /// The StatefulSets that have a board.
    pub fn sets(&self) -> impl Iterator<Item = &SetKey> {
        self.boards.iter().map(|board| &board.set)
    }

    /// Of some namespaces only: as if nobody had looked into the others.
    #[must_use]
    pub fn within(mut self, has: impl Fn(&str) -> bool) -> Self {
        self.watches.retain(|(watch, _)| watch.namespace.as_deref().is_none_or(&has));
        self.objects.retain(|object| has(object.namespace()));
        self.boards.retain(|board| has(&board.set.namespace));
        self.crews.retain(|crew| has(&crew.deployment.namespace));
        self.former.retain(|(namespace, ..)| has(namespace));
        for (_, of) in &mut self.released {
            of.retain(|released| has(released.namespace()));
        }
        self.released.retain(|(_, of)| !of.is_empty());
        self.unconfirmed.0.retain(|(set, _)| has(&set.namespace));
        self.unconfirmed.1.retain(|set| has(&set.namespace));
        self
    }

    /// The lists that a watcher who began at that moment would have got, of the watches whose list was in.
    pub fn lists(self) -> Vec<Observation> {
        let Self { mut objects, watches, .. } = self;
        let mut watches: Vec<Watch> =
            watches.into_iter().filter(|(_, state)| state.listed).map(|(watch, _)| watch).collect();
        watches.sort();
        let list = |watch: Watch| {
            let of_watch = objects.extract_if(.., |object| watch.covers(object)).collect();
            Observation { watch, event: Event::Listed(of_watch) }
        };
        watches.into_iter().map(list).collect()
    }
}

impl Topology {
    /// The state of now.
    pub fn snapshot(&self) -> Snapshot {
        let mut watches: Vec<_> = self.watches.iter().map(|(watch, state)| (watch.clone(), *state)).collect();
        watches.sort_by(|(one, _), (other, _)| one.cmp(other));
        let of_kind = |kind| self.facts.of_watch(&Watch::everywhere(kind));
        Snapshot {
            revision: self.revision,
            watches,
            objects: Kind::ALL.into_iter().flat_map(of_kind).collect(),
            boards: self.boards.values().map(|board| board.as_ref().clone()).collect(),
            crews: self.crews().map(|(_, crew)| crew.clone()).collect(),
            former: self.facts.histories(),
            released: self.facts.all_released(),
            unconfirmed: (self.unconfirmed.pods.clone(), self.unconfirmed.sets.clone()),
        }
    }

    /// A topology that goes on from a snapshot, of a cluster whose DNS is set like this.
    pub fn restore(zone: Zone, snapshot: Snapshot) -> Self {
        let Snapshot { revision, watches, objects, boards, crews, former, released, unconfirmed: (pods, sets) } =
            snapshot;
        let mut topology = Self::new(zone);
        let mut known = Vec::new();
        for object in objects {
            if let Object::Pod(pod) = &object
                && of_replica_set(pod).is_some()
            {
                known.push(pod.as_ref().clone());
            }
            topology.facts.restore(object);
        }
        topology.facts.restore_past(former, released);
        topology.watches = watches.into_iter().collect();
        let summaries = boards.iter().map(|board| (board.set.clone(), Summary::of(board)));
        topology.fleet = Fleet { sets: summaries.collect(), ..Fleet::default() };
        topology.restore_crews(crews, &known);
        topology.boards = boards.into_iter().map(|board| (board.set.clone(), Box::new(board))).collect();
        topology.unconfirmed = Unconfirmed { pods, sets };
        topology.revision = revision;
        topology
    }
}

impl super::facts_store::FactsStore {
    /// Takes an object that was known.
    fn restore(&mut self, object: Object) {
        // Nothing stops by what is put where nothing was, so that the time of it does not matter.
        let (at, stopped) = (crate::Timestamp::default(), crate::board::End::Seen { at: crate::Timestamp::default() });
        match object {
            Object::Pod(pod) => drop(self.put_pod(*pod)),
            Object::Service(service) => drop(self.put_service(*service, at, stopped)),
            Object::EndpointSlice(slice) => drop(self.put_slice(*slice, at, stopped)),
            Object::StatefulSet(set) => drop(self.put_set(*set)),
            Object::Deployment(deployment) => self.put_deployment(*deployment),
            Object::ReplicaSet(set) => self.put_replica_set(*set),
        }
    }

    fn restore_past(&mut self, former: Vec<(String, String, Vec<Former>)>, released: Vec<(IpAddr, Vec<Released>)>) {
        for (namespace, service, former) in former {
            self.histories_mut().remember(&namespace, &service, &former);
        }
        *self.released_mut() = released.into_iter().collect::<BTreeMap<_, _>>();
    }
}
