//! Beginning where an earlier run ended: what it knew of pods, until the first lists tell what became of them.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::pods::Gone;
use super::{Batch, Delta, How, Topology};
use crate::board::{Change, Controller, Incarnation, Unwatched};
use crate::facts::{Kind, Pod, Watch};
use crate::{Ordinal, SetKey, Timestamp};

/// What earlier runs knew.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Past {
    /// Until when each watch had been kept, by that run or by another server: what is missing from the first list ended
    /// after that.
    pub watched: Vec<(Watch, Timestamp)>,
    /// When nobody had watched before that, by namespace, oldest first.
    pub gaps: BTreeMap<String, Vec<Unwatched>>,
    /// The identities and their pods.
    pub identities: Vec<Kept>,
}

/// What an earlier run knew of one identity.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Kept {
    /// The StatefulSet.
    pub set: SetKey,
    /// The identity within it.
    pub ordinal: Ordinal,
    /// The pods that held it, oldest first. Only the last one may have no end.
    pub incarnations: Vec<Incarnation>,
}

/// What the first lists have not confirmed yet.
#[derive(Debug, Default)]
pub(super) struct Unconfirmed {
    pub(super) pods: BTreeSet<(SetKey, Ordinal)>,
    pub(super) sets: BTreeSet<SetKey>,
}

impl Topology {
    /// Takes what an earlier run knew, before anything was observed.
    pub fn resume(&mut self, at: Timestamp, past: Past) -> Option<Delta> {
        for (watch, until) in past.watched {
            self.watches.entry(watch).or_default().interrupted = Some(until);
        }
        let mut batch = Batch::new(self, at);
        for Kept { set, ordinal, incarnations } in past.identities {
            batch.ensure_board(&set);
            if batch.topology.unconfirmed.sets.insert(set.clone()) {
                for gap in past.gaps.get(&set.namespace).into_iter().flatten() {
                    batch.step(&set, Change::Unwatched(*gap));
                }
            }
            if incarnations.last().is_some_and(|last| last.ended.is_none()) {
                batch.topology.unconfirmed.pods.insert((set.clone(), ordinal));
            }
            for incarnation in incarnations {
                batch.step(&set, Change::Started { ordinal, incarnation: Box::new(incarnation) });
            }
        }
        batch.finish()
    }

    /// Whether a list is in already.
    pub fn has_listed_any(&self) -> bool {
        self.watches.values().any(|state| state.listed)
    }

    /// Whether every object of that kind in the namespace was listed once.
    pub(crate) fn has_listed(&self, kind: Kind, namespace: &str) -> bool {
        let listed = |namespace: Option<&str>| {
            let watch = Watch { kind, namespace: namespace.map(str::to_owned) };
            self.watches.get(&watch).is_some_and(|state| state.listed)
        };
        listed(None) || listed(Some(namespace))
    }
}

impl Batch<'_> {
    /// A pod holds an identity of which an earlier run knew another pod.
    pub(super) fn replace_kept(&mut self, key: &SetKey, ordinal: Ordinal, pod: &Pod, how: How) {
        if !self.topology.unconfirmed.pods.remove(&(key.clone(), ordinal)) {
            return;
        }
        let current = self.topology.board(key).and_then(|board| board.lane(ordinal)?.current());
        if current.is_some_and(|current| current.uid != pod.uid) {
            self.end(Some((key.clone(), ordinal)), how, Gone::Missed);
        }
    }

    /// A first list is in: what an earlier run knew and is not in it is gone.
    pub(super) fn confirm(&mut self, watch: &Watch, how: How) {
        let covers = |key: &SetKey| watch.namespace.as_deref().is_none_or(|watched| watched == key.namespace);
        let unconfirmed = &mut self.topology.unconfirmed;
        match watch.kind {
            Kind::Pod => {
                let gone: Vec<_> = unconfirmed.pods.extract_if(.., |(key, _)| covers(key)).collect();
                for identity in gone {
                    self.end(Some(identity), how, Gone::Missed);
                }
            }
            Kind::StatefulSet => {
                let listed: Vec<_> = unconfirmed.sets.extract_if(.., covers).collect();
                for key in listed {
                    if self.topology.facts.set(&key).is_none() {
                        self.step(&key, Change::Controller(Controller::Gone { at: self.at }));
                    }
                }
            }
            Kind::Service | Kind::EndpointSlice | Kind::Deployment | Kind::ReplicaSet => {}
        }
    }
}
