//! All StatefulSets: one signal per summary.

use leptos::prelude::*;
use topology::fleet::{Fleet, FleetChange, Summary};
use topology::{Revision, SetKey};

/// A StatefulSet and its summary.
pub type FleetRow = (SetKey, ArcRwSignal<Summary>);

/// The summaries of all StatefulSets.
#[derive(Clone, Copy)]
pub struct FleetStore {
    /// By namespace and name. Changes when StatefulSets come or go.
    pub rows: RwSignal<Vec<FleetRow>>,
    /// Whether there is more than one namespace.
    pub several: Memo<bool>,
    /// The last revision that was applied; `None` when it was another run of the server's.
    pub revision: StoredValue<Option<Revision>>,
}

impl FleetStore {
    pub(super) fn new(fleet: Fleet, revision: Revision) -> Self {
        let rows = fleet.sets.into_iter().map(|(set, summary)| (set, ArcRwSignal::new(summary))).collect();
        let rows: RwSignal<Vec<FleetRow>> = RwSignal::new(rows);
        let several = Memo::new(move |_| {
            rows.with(|rows| rows.windows(2).any(|pair| pair[0].0.namespace != pair[1].0.namespace))
        });
        Self { rows, several, revision: StoredValue::new(Some(revision)) }
    }

    /// The namespaces that have StatefulSets, sorted.
    pub fn namespaces(&self) -> Vec<String> {
        self.rows.with(|rows| {
            let mut all: Vec<String> = rows.iter().map(|(set, _)| set.namespace.clone()).collect();
            all.dedup();
            all
        })
    }

    /// Takes the whole state.
    pub fn replace(&self, fleet: Fleet, revision: Revision) {
        let known: Vec<SetKey> = self.rows.with_untracked(|rows| rows.iter().map(|(set, _)| set.clone()).collect());
        let gone = known.into_iter().filter(|set| !fleet.sets.contains_key(set)).map(FleetChange::Forgotten);
        let gone: Vec<_> = gone.collect();
        let there = fleet.sets.into_iter().map(|(set, summary)| FleetChange::Changed { set, summary });
        self.revision.set_value(Some(revision));
        self.apply(&gone.into_iter().chain(there).collect::<Vec<_>>(), revision);
    }

    /// Takes some steps. Before there is a state that they could follow on, they are of an earlier subscription.
    pub fn apply(&self, changes: &[FleetChange], revision: Revision) {
        if self.revision.get_value().is_none() {
            return;
        }
        self.revision.set_value(Some(revision));
        for change in changes {
            let (FleetChange::Changed { set, .. } | FleetChange::Forgotten(set)) = change;
            let found = self.rows.with_untracked(|rows| rows.binary_search_by(|(known, _)| known.cmp(set)));
            match (change, found) {
                (FleetChange::Changed { summary, .. }, Ok(at)) => {
                    let signal = self.rows.with_untracked(|rows| rows[at].1.clone());
                    if *signal.read_untracked() != *summary {
                        signal.set(summary.clone());
                    }
                }
                (FleetChange::Changed { set, summary }, Err(at)) => {
                    self.rows.update(|rows| rows.insert(at, (set.clone(), ArcRwSignal::new(summary.clone()))));
                }
                (FleetChange::Forgotten(_), Ok(at)) => self.rows.update(|rows| drop(rows.remove(at))),
                (FleetChange::Forgotten(_), Err(_)) => {}
            }
        }
    }
}
