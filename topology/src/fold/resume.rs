//! Beginning where an earlier run ended: what it knew of pods, until the first lists tell what became of them.

use std::collections::BTreeSet;

use super::pods::Gone;
use super::{Batch, Delta, How, Topology};
use crate::board::{Change, Controller, Incarnation};
use crate::facts::{Kind, Pod, Watch};
use crate::{Ordinal, SetKey, Timestamp};

/// What an earlier run knew of one identity.
#[derive(Debug, Clone, PartialEq)]
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
    pods: BTreeSet<(SetKey, Ordinal)>,
    sets: BTreeSet<SetKey>,
}

impl Topology {
    /// Takes what an earlier run knew, before anything was observed. `watched` tells until when that run, or another
    /// server, had watched: what is missing from the first list ended after that.
    pub fn resume(
        &mut self,
        at: Timestamp,
        watched: impl IntoIterator<Item = (Watch, Timestamp)>,
        kept: impl IntoIterator<Item = Kept>,
    ) -> Option<Delta> {
        for (watch, until) in watched {
            self.watches.entry(watch).or_default().interrupted = Some(until);
        }
        let mut batch = Batch::new(self, at);
        for Kept { set, ordinal, incarnations } in kept {
            batch.ensure_board(&set);
            batch.topology.unconfirmed.sets.insert(set.clone());
            if incarnations.last().is_some_and(|last| last.ended.is_none()) {
                batch.topology.unconfirmed.pods.insert((set.clone(), ordinal));
            }
            for incarnation in incarnations {
                batch.step(&set, Change::Started { ordinal, incarnation: Box::new(incarnation) });
            }
        }
        batch.finish()
    }

    /// Whether every object of that kind in the namespace was listed once.
    pub(crate) fn has_listed(&self, kind: Kind, namespace: &str) -> bool {
        let covers = |watch: &Watch| watch.namespace.as_deref().is_none_or(|watched| watched == namespace);
        self.watches.iter().any(|(watch, state)| watch.kind == kind && covers(watch) && state.listed)
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
            Kind::Service | Kind::EndpointSlice => {}
        }
    }
}
