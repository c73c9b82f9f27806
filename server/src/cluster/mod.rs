//! The cluster: watches of a Kubernetes API, turned into facts.
//!
//! One task per kind and namespace ([`watch`]) reports what it sees; one more ([`mod@namespaces`]) which namespaces exist,
//! for DNS; and one ([`pulse`]) asks every few seconds whether the API answers at all. All of them use the client of a
//! [`connect::Connector`], which makes a new one when credentials have expired. Nothing in here keeps objects: the hub
//! does.

pub mod connect;
mod health;
mod identity;
mod namespaces;
mod pulse;
mod resumed;
mod slim;
mod watch;

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use topology::Timestamp;
use topology::dns::Namespaces;
use topology::facts::{Kind, Observation, Watch};
use topology::fold::Check;
use topology::kubernetes;
use topology::wire::{History, Probe};

pub use connect::{ConnectError, Connector, Target};
pub use health::{Health, WatchHealth};
pub use identity::identity;
pub use resumed::Resumed;
pub(crate) use watch::root_cause;

/// What the cluster's tasks tell the hub, in the order in which it happened.
#[derive(Debug)]
pub enum Report {
    /// A watch saw something.
    Observed(Observation),
    /// A watch came up, broke, or was refused.
    Watch(Watch, WatchHealth),
    /// The API answers, or (with the reason) does not.
    Pulse(Result<(), Silence>),
    /// Whether the cluster's DNS is asked, and how that goes.
    Probe(Probe),
    /// What the cluster's DNS says.
    Checked(Vec<Check>),
    /// What the ledger knew of the cluster before. It comes before anything was observed, unless the ledger could not be
    /// opened then.
    Resumed(Box<Resumed>),
    /// Whether history is kept.
    History(History),
    /// Every namespace that exists; `None` where they may not be listed.
    Namespaces(Option<Namespaces>),
    /// What comes from now on was told at that time: it is of a recording.
    Clock(Timestamp),
    /// Nothing comes any more, for this reason: a recording is over.
    Over(String),
}

/// The API does not answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Silence {
    /// Why, in the words of the error.
    pub problem: String,
    /// When it was known to answer for the last time.
    pub since: Timestamp,
}

/// Starts the watches and the pulse, and, where all namespaces are watched, the one of namespaces; they end when the set
/// is dropped.
pub fn start(connector: &Arc<Connector>, namespaces: Option<&[String]>, reports: &mpsc::Sender<Report>) -> JoinSet<()> {
    let mut tasks = JoinSet::new();
    tasks.spawn(pulse::run(Arc::clone(connector), reports.clone()));
    if namespaces.is_none() {
        tasks.spawn(namespaces::run(Arc::clone(connector), reports.clone()));
    }
    for watch in watches(namespaces) {
        let (connector, reports) = (Arc::clone(connector), reports.clone());
        match watch.kind {
            Kind::Pod => tasks.spawn(watch::run::<kubernetes::Pod>(watch, connector, reports)),
            Kind::Service => tasks.spawn(watch::run::<kubernetes::Service>(watch, connector, reports)),
            Kind::EndpointSlice => tasks.spawn(watch::run::<kubernetes::EndpointSlice>(watch, connector, reports)),
            Kind::StatefulSet => tasks.spawn(watch::run::<kubernetes::StatefulSet>(watch, connector, reports)),
            Kind::Deployment => tasks.spawn(watch::run::<kubernetes::Deployment>(watch, connector, reports)),
            Kind::ReplicaSet => tasks.spawn(watch::run::<kubernetes::ReplicaSet>(watch, connector, reports)),
        };
    }
    tasks
}

/// Every watch that is needed: each kind, everywhere or in each namespace.
pub fn watches(namespaces: Option<&[String]>) -> Vec<Watch> {
    let namespaces: Vec<Option<String>> =
        namespaces.map_or_else(|| vec![None], |named| named.iter().cloned().map(Some).collect());
    let pairs =
        Kind::ALL.into_iter().flat_map(|kind| namespaces.iter().map(move |namespace| (kind, namespace.clone())));
    pairs.map(|(kind, namespace)| Watch { kind, namespace }).collect()
}
