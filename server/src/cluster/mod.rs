//! The cluster: watches of a Kubernetes API, turned into facts.
//!
//! One task per kind and namespace ([`watch`]) reports what it sees; one more ([`pulse`]) asks every few seconds whether
//! the API answers at all. All of them use the client of a [`connect::Connector`], which makes a new one when
//! credentials have expired. Nothing in here keeps objects: the hub does.

pub mod connect;
mod health;
mod identity;
mod pulse;
mod slim;
mod watch;

use std::sync::Arc;

use tokio::sync::mpsc;
use tokio::task::JoinSet;
use topology::facts::{Kind, Observation, Watch};
use topology::ledger::Row;
use topology::{Timestamp, kubernetes};

pub use connect::{ConnectError, Connector, Target};
pub use health::{Health, WatchHealth};
pub use identity::identity;

/// What the cluster's tasks tell the hub, in the order in which it happened.
#[derive(Debug)]
pub enum Report {
    /// A watch saw something.
    Observed(Observation),
    /// A watch came up, broke, or was refused.
    Watch(Watch, WatchHealth),
    /// The API answers, or (with the reason) does not.
    Pulse(Result<(), String>),
    /// What the ledger knew of the cluster before; comes before anything was observed.
    Resumed(Box<Resumed>),
}

/// What the ledger knew of the cluster before.
#[derive(Debug, Default)]
pub struct Resumed {
    /// The rows of the pods that may still exist, and of their forerunners; oldest first.
    pub rows: Vec<Row>,
    /// Until when each watch had been kept.
    pub watched: Vec<(Watch, Timestamp)>,
}

/// Starts the watches and the pulse; they end when the set is dropped.
pub fn start(connector: &Arc<Connector>, namespaces: Option<&[String]>, reports: &mpsc::Sender<Report>) -> JoinSet<()> {
    let mut tasks = JoinSet::new();
    tasks.spawn(pulse::run(Arc::clone(connector), reports.clone()));
    for watch in watches(namespaces) {
        let (connector, reports) = (Arc::clone(connector), reports.clone());
        match watch.kind {
            Kind::Pod => tasks.spawn(watch::run::<kubernetes::Pod>(watch, connector, reports)),
            Kind::Service => tasks.spawn(watch::run::<kubernetes::Service>(watch, connector, reports)),
            Kind::EndpointSlice => tasks.spawn(watch::run::<kubernetes::EndpointSlice>(watch, connector, reports)),
            Kind::StatefulSet => tasks.spawn(watch::run::<kubernetes::StatefulSet>(watch, connector, reports)),
        };
    }
    tasks
}

/// Keeps the watches and the pulse until it is dropped.
pub async fn watch(connector: Arc<Connector>, namespaces: Option<Vec<String>>, reports: mpsc::Sender<Report>) {
    let mut tasks = start(&connector, namespaces.as_deref(), &reports);
    drop(reports);
    while tasks.join_next().await.is_some() {}
}

/// Every watch that is needed: each kind, everywhere or in each namespace.
pub fn watches(namespaces: Option<&[String]>) -> Vec<Watch> {
    let namespaces: Vec<Option<String>> =
        namespaces.map_or_else(|| vec![None], |named| named.iter().cloned().map(Some).collect());
    let pairs =
        Kind::ALL.into_iter().flat_map(|kind| namespaces.iter().map(move |namespace| (kind, namespace.clone())));
    pairs.map(|(kind, namespace)| Watch { kind, namespace }).collect()
}
