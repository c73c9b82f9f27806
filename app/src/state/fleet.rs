//! All StatefulSets, and, for contrast, all Deployments: one signal per summary.

use leptos::prelude::*;
use topology::crew::CrewSummary;
use topology::fleet::{Attention, Fleet, FleetChange, Summary};
use topology::{Revision, SetKey};

/// A StatefulSet or a Deployment, and its summary.
pub type FleetRow = (SetKey, ArcRwSignal<Summary>);

/// The summaries of all StatefulSets.
#[derive(Clone, Copy)]
pub struct FleetStore {
    /// By namespace and name. Changes when StatefulSets come or go.
    pub rows: RwSignal<Vec<FleetRow>>,
    /// The Deployments, likewise.
    pub deployments: RwSignal<Vec<FleetRow>>,
    /// Whether there is more than one namespace.
    pub several: Memo<bool>,
    /// The last revision that was applied; `None` when it was another run of the server's.
    pub revision: StoredValue<Option<Revision>>,
}

impl FleetStore {
    pub(super) fn new(fleet: Fleet, revision: Revision) -> Self {
        let deployments = fleet.deployments.into_iter();
        let deployments: Vec<FleetRow> =
            deployments.map(|(key, summary)| (key, ArcRwSignal::new(in_a_row(summary)))).collect();
        let deployments = RwSignal::new(deployments);
        let rows = fleet.sets.into_iter().map(|(set, summary)| (set, ArcRwSignal::new(summary))).collect();
        let rows: RwSignal<Vec<FleetRow>> = RwSignal::new(rows);
        let several = Memo::new(move |_| {
            let (rows, deployments) = (rows.read(), deployments.read());
            let mut all = rows.iter().chain(&*deployments).map(|(key, _)| &key.namespace);
            let first = all.next();
            all.any(|namespace| Some(namespace) != first)
        });
        Self { rows, deployments, several, revision: StoredValue::new(Some(revision)) }
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
        let mut changes = Vec::new();
        self.rows.with_untracked(|rows| {
            let gone = rows.iter().filter(|(set, _)| fleet.set(set).is_none());
            changes.extend(gone.map(|(set, _)| FleetChange::Forgotten(set.clone())));
        });
        self.deployments.with_untracked(|rows| {
            let gone = rows.iter().filter(|(deployment, _)| fleet.deployment(deployment).is_none());
            changes.extend(gone.map(|(deployment, _)| FleetChange::DeploymentForgotten(deployment.clone())));
        });
        changes.extend(fleet.sets.into_iter().map(|(set, summary)| FleetChange::Changed { set, summary }));
        let deployments = fleet.deployments.into_iter();
        changes.extend(deployments.map(|(deployment, summary)| FleetChange::Deployment { deployment, summary }));
        self.revision.set_value(Some(revision));
        self.apply(&changes, revision);
    }

    /// Takes some steps. Before there is a state that they could follow on, they are of an earlier subscription.
    pub fn apply(&self, changes: &[FleetChange], revision: Revision) {
        if self.revision.get_value().is_none() {
            return;
        }
        self.revision.set_value(Some(revision));
        for change in changes {
            match change {
                FleetChange::Changed { set, summary } => put(self.rows, set, Some(summary.clone())),
                FleetChange::Forgotten(set) => put(self.rows, set, None),
                FleetChange::Deployment { deployment, summary } => {
                    put(self.deployments, deployment, Some(in_a_row(summary.clone())));
                }
                FleetChange::DeploymentForgotten(deployment) => put(self.deployments, deployment, None),
            }
        }
    }
}

/// Puts a summary in its row, or takes the row away.
fn put(rows: RwSignal<Vec<FleetRow>>, key: &SetKey, summary: Option<Summary>) {
    let found = rows.with_untracked(|rows| rows.binary_search_by(|(known, _)| known.cmp(key)));
    match (summary, found) {
        (Some(summary), Ok(at)) => {
            let signal = rows.with_untracked(|rows| rows[at].1.clone());
            if *signal.read_untracked() != summary {
                signal.set(summary);
            }
        }
        (Some(summary), Err(at)) => rows.update(|rows| rows.insert(at, (key.clone(), ArcRwSignal::new(summary)))),
        (None, Ok(at)) => rows.update(|rows| drop(rows.remove(at))),
        (None, Err(_)) => {}
    }
}

/// A Deployment as the rows of StatefulSets are: it has no Service, and nobody waits for anything of it.
fn in_a_row(CrewSummary { exists, replicas, ready, dots }: CrewSummary) -> Summary {
    let attention = Attention::Settled;
    let service_name = String::new();
    Summary { exists, replicas, ready, service_name, dots, attention, warnings: 0, changed: None, why: None }
}
