//! The fold: facts and a time in, the next state and its changes out.
//!
//! [`Topology::apply`] is deterministic and the same for a live cluster, a recording and a test. What it ends in does
//! not depend on how the events of different watches interleave, nor on events that come twice.

mod checks;
mod crews;
mod facts_store;
mod histories;
mod order;
mod pods;
mod resume;
mod services;
mod snapshot;
mod step;
mod strangers;
mod warnings;

use std::collections::{BTreeMap, BTreeSet, HashMap};

pub use checks::{Check, Touched, Wanted};
use crews::Crews;
pub use crews::MAX_FORMER_CREWS;
use facts_store::FactsStore;
use resume::Unconfirmed;
pub use resume::{Kept, Past};
use serde::{Deserialize, Serialize};
pub use snapshot::Snapshot;
pub use step::{Input, Step};

use crate::board::{Board, Change, Controller, End, Spec, Unwatched};
use crate::crew::CrewChange;
use crate::dns::{Directory, Zone};
use crate::facts::{Counts, Disruption, Event, Kind, Object, Observation, Pod, StatefulSet, Watch};
use crate::fleet::{Fleet, FleetChange, Summary};
use crate::order::{Order, Reason};
use crate::{ResourceVersion, Revision, SetKey, Timestamp, Uid};

/// How many boards of StatefulSets that are gone, with all their pods, are kept for their history.
pub const MAX_FORMER_BOARDS: usize = 256;

/// Everything that is known of the cluster, and the boards made from it.
#[derive(Debug, Default)]
pub struct Topology {
    facts: FactsStore,
    watches: HashMap<Watch, WatchState>,
    boards: BTreeMap<SetKey, Box<Board>>,
    crews: Crews,
    fleet: Fleet,
    revision: Revision,
    unconfirmed: Unconfirmed,
}

/// What is known of one watch.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
struct WatchState {
    /// Events up to here were taken; what comes again is skipped.
    seen: ResourceVersion,
    /// Since when nothing is known, after the watch broke.
    interrupted: Option<Timestamp>,
    /// When it reported for the last time while it was whole.
    heard: Timestamp,
    /// Whether a list came in.
    listed: bool,
}

/// What one batch of observations changed.
#[derive(Debug, Clone, PartialEq)]
pub struct Delta {
    /// The revision after it.
    pub revision: Revision,
    /// When it was taken (arrival time).
    pub at: Timestamp,
    /// The steps of each board that changed.
    pub boards: Vec<(SetKey, Vec<Change>)>,
    /// The steps of each Deployment's crew that changed.
    pub crews: Vec<(SetKey, Vec<CrewChange>)>,
    /// The steps of the fleet.
    pub fleet: Vec<FleetChange>,
    /// The kinds of which it took something that nobody saw happen, and since when nobody had watched (`None` before
    /// the first list).
    pub learnt: BTreeMap<Kind, Option<Timestamp>>,
    /// The pods that it removed.
    pub gone: Vec<GonePod>,
}

/// A pod that was removed: what its last state told about why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GonePod {
    /// Its UID.
    pub uid: Uid,
    /// Why the cluster itself ended it, where it did.
    pub disruption: Option<Disruption>,
    /// Whether its deletion gave it no time to end in.
    pub forced: bool,
    /// Whether its own spec gave it no time.
    pub graceless: bool,
}

impl Topology {
    /// An empty topology of a cluster whose DNS is set like this.
    pub fn new(zone: Zone) -> Self {
        Self { facts: FactsStore::new(zone), ..Self::default() }
    }

    /// Takes a batch of observations that arrived at `at`. `None` when it changed nothing that is shown; else the state
    /// is at the delta's revision afterwards.
    pub fn apply(&mut self, at: Timestamp, observations: impl IntoIterator<Item = Observation>) -> Option<Delta> {
        let mut batch = Batch::new(self, at);
        batch.expire();
        for observation in observations {
            batch.observe(observation);
        }
        batch.finish()
    }

    /// The revision of the latest change.
    pub fn revision(&self) -> Revision {
        self.revision
    }

    /// The board of a StatefulSet.
    pub fn board(&self, set: &SetKey) -> Option<&Board> {
        self.boards.get(set).map(AsRef::as_ref)
    }

    /// All boards, by namespace and name.
    pub fn boards(&self) -> impl Iterator<Item = (&SetKey, &Board)> {
        self.boards.iter().map(|(set, board)| (set, board.as_ref()))
    }

    /// When time alone may change what is shown: an empty batch is due then.
    pub fn expires(&self) -> Option<Timestamp> {
        self.facts.expires()
    }

    /// The pod of that name, as the cluster said last.
    pub(crate) fn pod(&self, namespace: &str, name: &str) -> Option<&Pod> {
        self.facts.namespace(namespace)?.pods.get(name)
    }

    /// The StatefulSet of that name, as the cluster said last.
    pub(crate) fn stateful_set(&self, key: &SetKey) -> Option<&StatefulSet> {
        self.facts.set(key)
    }

    /// What the cluster's DNS must answer now; a copy is cheap.
    pub fn directory(&self) -> &Directory {
        self.facts.directory()
    }

    /// One summary per StatefulSet.
    pub fn fleet(&self) -> &Fleet {
        &self.fleet
    }
}

/// A batch under way: every step that a board takes is noted.
struct Batch<'a> {
    topology: &'a mut Topology,
    at: Timestamp,
    steps: BTreeMap<SetKey, Vec<Change>>,
    crew_steps: BTreeMap<SetKey, Vec<CrewChange>>,
    learnt: BTreeMap<Kind, Option<Timestamp>>,
    gone: Vec<GonePod>,
}

/// How it is known that an object came or went.
#[derive(Clone, Copy)]
enum How {
    /// The watch reported it as it happened.
    Watched,
    /// A list had it, or had it no more; or the watch reported it late, after a break.
    Learnt {
        /// Since when nobody had watched; `None` before the first list.
        unwatched_since: Option<Timestamp>,
    },
}

impl<'a> Batch<'a> {
    fn new(topology: &'a mut Topology, at: Timestamp) -> Self {
        let (steps, crew_steps) = (BTreeMap::new(), BTreeMap::new());
        Self { topology, at, steps, crew_steps, learnt: BTreeMap::new(), gone: Vec::new() }
    }
}

impl Batch<'_> {
    fn observe(&mut self, Observation { watch, event }: Observation) {
        let at = self.at;
        let state = self.topology.watches.entry(watch.clone()).or_default();
        match event {
            // Before its first list, and where no earlier run had watched, there was nothing to interrupt.
            Event::Interrupted { .. } if !state.listed && state.interrupted.is_none() => {}
            Event::Interrupted { since } => {
                // What it reported while it was whole shows that it still was.
                let since = since.min(at).max(state.heard);
                state.interrupted = Some(state.interrupted.map_or(since, |known| known.min(since)));
            }
            Event::CaughtUp => {
                state.heard = at;
                let interrupted = state.interrupted.take();
                self.watched_again(&watch, interrupted);
            }
            Event::Listed(objects) => {
                state.heard = at;
                let interrupted = state.interrupted.take();
                state.seen = objects.iter().map(Object::version).fold(ResourceVersion::default(), ResourceVersion::max);
                let first = !std::mem::replace(&mut state.listed, true);
                self.watched_again(&watch, interrupted);
                self.replace(&watch, objects, How::Learnt { unwatched_since: interrupted });
                if first {
                    self.first_seen(&watch);
                }
            }
            Event::Applied(object) => {
                if let Some(how) = state.take(object.version(), at) {
                    self.put(object, how);
                }
            }
            Event::Deleted(object) => {
                if let Some(how) = state.take(object.version(), at) {
                    self.remove(&object, how);
                }
            }
        }
    }

    /// The watch sees again what happens: the boards remember since when it had not.
    fn watched_again(&mut self, watch: &Watch, interrupted: Option<Timestamp>) {
        let Some(from) = interrupted.filter(|_| watch.kind == Kind::Pod) else { return };
        let stretch = Unwatched { from, to: self.at };
        for key in self.boards_of(watch) {
            self.step(&key, Change::Unwatched(stretch));
        }
        self.crews_watched_again(watch, stretch);
    }

    /// The first list of a watch is in: what it does not have does not exist.
    fn first_seen(&mut self, watch: &Watch) {
        for key in self.boards_of(watch) {
            let unseen = self.unseen(&key.namespace);
            if self.topology.boards[&key].unseen != unseen {
                self.step(&key, Change::Unseen(unseen));
            }
        }
    }

    fn boards_of(&self, watch: &Watch) -> Vec<SetKey> {
        let covered = |key: &&SetKey| watch.namespace.as_ref().is_none_or(|namespace| *namespace == key.namespace);
        self.topology.boards.keys().filter(covered).cloned().collect()
    }

    /// The kinds of which no list has come in that covers the namespace.
    fn unseen(&self, namespace: &str) -> Vec<Kind> {
        Kind::OF_SETS.into_iter().filter(|kind| !self.topology.has_listed(*kind, namespace)).collect()
    }

    /// A complete list: what is missing from it is gone.
    fn replace(&mut self, watch: &Watch, objects: Vec<Object>, how: How) {
        let listed: BTreeSet<_> =
            objects.iter().map(|object| (object.namespace().to_owned(), object.name().to_owned())).collect();
        for missing in self.topology.facts.of_watch(watch) {
            if !listed.contains(&(missing.namespace().to_owned(), missing.name().to_owned())) {
                self.remove(&missing, how);
            }
        }
        for object in objects {
            if watch.covers(&object) {
                self.put(object, how);
            }
        }
        self.confirm(watch, how);
    }

    fn put(&mut self, object: Object, how: How) {
        self.note(object.kind(), how);
        match object {
            Object::Pod(pod) => self.put_pod(&pod, how),
            Object::Service(service) => {
                let namespace = service.namespace.clone();
                let change = self.topology.facts.put_service(*service, self.at, self.stopped(how));
                self.service_changed(&namespace, &change);
            }
            Object::EndpointSlice(slice) => {
                let namespace = slice.namespace.clone();
                let changes = self.topology.facts.put_slice(*slice, self.at, self.stopped(how));
                for change in &changes {
                    self.service_changed(&namespace, change);
                }
            }
            Object::StatefulSet(set) => self.put_set(*set),
            Object::Deployment(deployment) => self.put_deployment(*deployment),
            Object::ReplicaSet(set) => self.put_replica_set(*set, how),
        }
    }

    fn remove(&mut self, object: &Object, how: How) {
        self.note(object.kind(), how);
        match object {
            Object::Pod(pod) => self.remove_pod(pod, how),
            Object::Service(service) => {
                let stopped = self.stopped(how);
                if let Some(change) = self.topology.facts.remove_service(service, self.at, stopped) {
                    self.service_changed(&service.namespace, &change);
                }
            }
            Object::EndpointSlice(slice) => {
                let stopped = self.stopped(how);
                let change = self.topology.facts.remove_slice(&slice.namespace, &slice.name, self.at, stopped);
                if let Some(change) = change {
                    self.service_changed(&slice.namespace, &change);
                }
            }
            Object::StatefulSet(set) => self.remove_set(set),
            Object::Deployment(deployment) => self.remove_deployment(deployment),
            Object::ReplicaSet(set) => self.topology.facts.remove_replica_set(set),
        }
    }

    /// Notes what nobody saw happen; of several stretches the earliest beginning counts.
    fn note(&mut self, kind: Kind, how: How) {
        if let How::Learnt { unwatched_since } = how {
            let since = self.learnt.entry(kind).or_insert(unwatched_since);
            *since = (*since).min(unwatched_since);
        }
    }

    /// When what is gone now stopped to be.
    fn stopped(&self, how: How) -> End {
        match how {
            How::Learnt { unwatched_since: Some(after) } => End::Unseen { after, before: self.at },
            How::Learnt { unwatched_since: None } | How::Watched => End::Seen { at: self.at },
        }
    }

    fn put_set(&mut self, set: StatefulSet) {
        let key = set.key.clone();
        self.ensure_board(&key);
        let before = self.topology.facts.put_set(set);
        let Some(set) = self.topology.facts.set(&key) else { return };
        let (spec, counts) = (Spec::from(set), set.counts.clone());
        let relations_changed = before.as_ref().is_none_or(|before| {
            before.uid != set.uid
                || before.service_name != set.service_name
                || before.template_labels != set.template_labels
                || before.selector != set.selector
                || before.start != set.start
                || before.replicas != set.replicas
        });
        let board = &self.topology.boards[&key];
        let controller = Controller::Present(spec);
        if board.controller != controller {
            self.step(&key, Change::Controller(controller));
        }
        if self.topology.boards[&key].counts != counts {
            self.step(&key, Change::Counts(counts));
        }
        if relations_changed {
            self.relate_services(&key);
            self.relate_strangers(&key);
        }
        self.touch(&key);
    }

    fn remove_set(&mut self, set: &StatefulSet) {
        if self.topology.facts.remove_set(&set.key, &set.uid) {
            self.step(&set.key, Change::Controller(Controller::Gone { at: self.at }));
            self.relate_services(&set.key);
            self.relate_strangers(&set.key);
        }
    }

    /// Makes the board of a StatefulSet that is named for the first time, by its own object or by a pod's owner.
    fn ensure_board(&mut self, key: &SetKey) {
        if self.topology.boards.contains_key(key) {
            return;
        }
        let board = Board {
            set: key.clone(),
            controller: Controller::NotSeen,
            counts: Counts::default(),
            order: Order { reason: Reason::NoController { pods: 0 }, since: None },
            services: Vec::new(),
            lanes: Vec::new(),
            strangers: Vec::new(),
            warnings: Vec::new(),
            unseen: self.unseen(&key.namespace),
            unwatched: Vec::new(),
        };
        self.step(key, Change::Appeared(Box::new(board)));
        self.relate_services(key);
    }

    /// Takes one step on a board, and notes it.
    fn step(&mut self, key: &SetKey, change: Change) {
        let mut board = self.topology.boards.remove(key);
        Board::apply(&mut board, &change);
        if let Some(board) = board {
            self.topology.boards.insert(key.clone(), board);
        }
        self.steps.entry(key.clone()).or_default().push(change);
    }

    /// Notes that a board is to be explained anew.
    fn touch(&mut self, key: &SetKey) {
        self.steps.entry(key.clone()).or_default();
    }

    fn finish(mut self) -> Option<Delta> {
        let touched: Vec<SetKey> = self.steps.keys().cloned().collect();
        for key in &touched {
            let order = self.explain(key);
            if self.topology.boards.get(key).is_some_and(|board| board.order != order) {
                self.step(key, Change::Order(order));
            }
            self.warn(key);
        }
        self.forget_oldest();
        self.forget_oldest_crews();
        let mut fleet = Vec::new();
        for set in self.steps.keys() {
            let known = self.topology.fleet.set(set);
            match self.topology.boards.get(set).map(|board| Summary::of(board)) {
                Some(summary) if known != Some(&summary) => {
                    fleet.push(FleetChange::Changed { set: set.clone(), summary });
                }
                None if known.is_some() => fleet.push(FleetChange::Forgotten(set.clone())),
                _ => {}
            }
        }
        fleet.extend(self.crew_summaries());
        for change in &fleet {
            self.topology.fleet.apply(change);
        }
        let boards: Vec<_> = self.steps.into_iter().filter(|(_, steps)| !steps.is_empty()).collect();
        let crews: Vec<_> = self.crew_steps.into_iter().collect();
        if boards.is_empty() && crews.is_empty() {
            return None;
        }
        self.topology.revision = self.topology.revision.next();
        Some(Delta {
            revision: self.topology.revision,
            at: self.at,
            boards,
            crews,
            fleet,
            learnt: self.learnt,
            gone: self.gone,
        })
    }

    /// Drops the history of what is long gone, so that a cluster that makes and deletes StatefulSets all day does not
    /// fill the memory.
    fn forget_oldest(&mut self) {
        let former = |board: &Board| {
            (self.topology.facts.set(&board.set).is_none() && board.pods().next().is_none())
                .then(|| board.last_sign_of_life())
        };
        // There are no more of them than before unless one that changed is one: to look at all each time would cost a large
        // cluster dearly.
        let changed = |key: &SetKey| self.topology.boards.get(key).is_some_and(|board| former(board).is_some());
        if !self.steps.keys().any(changed) {
            return;
        }
        let gone = self.topology.boards.values().filter_map(|board| Some((former(board)?, board.set.clone())));
        for key in oldest_beyond(MAX_FORMER_BOARDS, gone) {
            self.step(&key, Change::Forgotten);
        }
    }
}

/// Which of those that are gone are more than `most`: the ones that ended first.
fn oldest_beyond(most: usize, gone: impl Iterator<Item = (Timestamp, SetKey)>) -> Vec<SetKey> {
    let mut gone: Vec<_> = gone.collect();
    gone.sort_unstable();
    gone.truncate(gone.len().saturating_sub(most));
    gone.into_iter().map(|(_, key)| key).collect()
}

impl WatchState {
    /// How a new event is known; `None` when it is not new. A watch reports in the order of resource versions, so one
    /// that is not newer than the newest was taken before.
    fn take(&mut self, version: ResourceVersion, at: Timestamp) -> Option<How> {
        if version.is_covered_by(self.seen) {
            return None;
        }
        self.seen = self.seen.max(version);
        Some(match self.interrupted {
            None => {
                self.heard = at;
                How::Watched
            }
            since => How::Learnt { unwatched_since: since },
        })
    }
}

impl Watch {
    /// The watch that reports objects of `kind` in every namespace.
    pub const fn everywhere(kind: Kind) -> Self {
        Self { kind, namespace: None }
    }
}
