//! How the rest of the server asks the hub.

use std::net::SocketAddr;
use std::sync::Arc;

use thiserror::Error;
use tokio::sync::{broadcast, mpsc, oneshot, watch};
use topology::board::Board;
use topology::crew::Crew;
use topology::fleet::Fleet;
use topology::fold::Wanted;
use topology::wire::{Cluster, Instance, Scope, Status, Subscription};
use topology::{Revision, SetKey, Timestamp};

use super::Frame;
use crate::dns::Shared;

/// The hub has ended; the server is shutting down.
#[derive(Debug, Error)]
#[error("the server is shutting down")]
pub struct HubGone;

/// A way to ask the hub; cheap to clone.
#[derive(Debug, Clone)]
pub struct HubHandle {
    cluster: Arc<Cluster>,
    instance: Instance,
    requests: mpsc::Sender<Request>,
    status: watch::Receiver<Status>,
    readiness: watch::Receiver<Readiness>,
    dns: Shared,
}

/// Whether every first list is in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Readiness {
    /// The watches whose first list is not in, in words.
    pub missing: Vec<String>,
    /// Whether all were in once.
    pub ever: bool,
}

/// The state at one revision: the fleet, and one board or crew if asked for.
#[derive(Debug, Clone)]
pub struct View {
    /// Its revision.
    pub revision: Revision,
    /// The hub's clock.
    pub at: Timestamp,
    /// How the server stands to the cluster.
    pub status: Status,
    /// All StatefulSets.
    pub fleet: Fleet,
    /// The one that was asked for; its board is `None` when nothing is known of it.
    pub board: Option<(SetKey, Option<Box<Board>>)>,
    /// The Deployment that was asked for; its crew is `None` when nothing is known of it.
    pub crew: Option<(SetKey, Option<Box<Crew>>)>,
}

/// What a subscriber of a scope gets: first what brings it up to now, then what happens.
#[derive(Debug)]
pub struct Feed {
    /// The scope.
    pub scope: Scope,
    /// A snapshot, or the deltas that were missed.
    pub first: Vec<Arc<Frame>>,
    /// The deltas from then on.
    pub live: broadcast::Receiver<Arc<Frame>>,
}

/// What is worth asking the cluster's DNS.
#[derive(Debug, Default)]
pub struct Questions {
    /// About the names on somebody's screen.
    pub on_screen: Vec<Wanted>,
    /// About names that changed a moment ago, and when.
    pub changed: Vec<(Wanted, Timestamp)>,
}

#[derive(Debug)]
pub(super) enum Request {
    Subscribe { subscription: Subscription, reply: oneshot::Sender<Feed> },
    View { set: Option<SetKey>, deployment: Option<SetKey>, reply: oneshot::Sender<View> },
    Questions { reply: oneshot::Sender<Questions> },
}

impl HubHandle {
    pub(super) fn new(
        cluster: Cluster,
        instance: Instance,
        requests: mpsc::Sender<Request>,
        (status, readiness): (watch::Receiver<Status>, watch::Receiver<Readiness>),
        dns: Shared,
    ) -> Self {
        Self { cluster: Arc::new(cluster), instance, requests, status, readiness, dns }
    }

    /// The cluster that is watched.
    pub fn cluster(&self) -> &Cluster {
        &self.cluster
    }

    /// The server itself answers DNS questions there. Handles that were cloned before do not know.
    pub fn serves_dns(&mut self, address: SocketAddr) {
        Arc::make_mut(&mut self.cluster).dns = Some(address);
    }

    /// This run of the server.
    pub fn instance(&self) -> Instance {
        self.instance
    }

    /// How the server stands to the cluster, now and whenever it changes.
    pub fn status(&self) -> watch::Receiver<Status> {
        self.status.clone()
    }

    /// Whether every first list is in.
    pub fn readiness(&self) -> Readiness {
        self.readiness.borrow().clone()
    }

    /// What DNS must serve, now and from now on.
    pub fn dns(&self) -> &Shared {
        &self.dns
    }

    /// Everything of a scope from now on, beginning with what the subscriber lacks.
    ///
    /// # Errors
    /// When the hub has ended.
    pub async fn subscribe(&self, subscription: Subscription) -> Result<Feed, HubGone> {
        self.ask(|reply| Request::Subscribe { subscription, reply }).await
    }

    /// The state of now.
    ///
    /// # Errors
    /// When the hub has ended.
    pub async fn view(&self, set: Option<SetKey>) -> Result<View, HubGone> {
        self.ask(|reply| Request::View { set, deployment: None, reply }).await
    }

    /// The state of now, with a Deployment.
    ///
    /// # Errors
    /// When the hub has ended.
    pub async fn view_deployment(&self, deployment: SetKey) -> Result<View, HubGone> {
        self.ask(|reply| Request::View { set: None, deployment: Some(deployment), reply }).await
    }

    /// What is worth asking the cluster's DNS now.
    ///
    /// # Errors
    /// When the hub has ended.
    pub async fn questions(&self) -> Result<Questions, HubGone> {
        self.ask(|reply| Request::Questions { reply }).await
    }

    async fn ask<T>(&self, request: impl FnOnce(oneshot::Sender<T>) -> Request) -> Result<T, HubGone> {
        let (reply, answer) = oneshot::channel();
        self.requests.send(request(reply)).await.map_err(|_| HubGone)?;
        answer.await.map_err(|_| HubGone)
    }
}
