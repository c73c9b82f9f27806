//! The cluster as a whole: its store, its API on loopback, its controllers, from start to stop.

mod bootstrap;
mod keep;
mod kubeconfig;

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;

use thiserror::Error;
use tokio::net::TcpListener;
use tokio::sync::{broadcast, watch};
use tokio::task::{JoinHandle, JoinSet};
use tracing::warn;

use crate::api::{self, Api};
use crate::controllers;
use crate::failure::Failure;
use crate::pace::Pace;
use crate::registry::{Addresses, Registry};
use crate::runtime::Runtime;
use crate::shell::Ran;
use crate::store::{self, Limits, StateError, Store};

pub use bootstrap::{MANIFESTS, MOST_NODES, manifest, objects};
pub use kubeconfig::kubeconfig;

/// The addresses of Services: 10.43.0.0/16.
const SERVICES: (Ipv4Addr, u8) = (Ipv4Addr::new(10, 43, 0, 0), 16);

/// What a cluster is to be.
#[derive(Debug, Clone)]
pub struct Options {
    /// Where the API listens; only loopback is served. Port 0 takes a free one.
    pub listen: SocketAddr,
    /// How fast it lives.
    pub pace: Pace,
    /// How many nodes it has, if it is new.
    pub nodes: u8,
    /// Whether it starts with what the walk-through makes, if it is new.
    pub content: Content,
    /// The file in which it is kept.
    pub state: Option<PathBuf>,
}

/// What a new cluster starts with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Content {
    /// Nothing but what every cluster has.
    Empty,
    /// The walk-through's Service and StatefulSet, and a Deployment beside them.
    WalkThrough,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            pace: Pace::default(),
            nodes: 2,
            content: Content::WalkThrough,
            state: None,
        }
    }
}

/// Why a cluster did not start, or could not be kept. Each message names the way out.
#[derive(Debug, Error)]
pub enum ClusterError {
    /// The address cannot be listened on.
    #[error("the demo's API cannot listen on {address}: {source}; choose another address, or port 0 for a free one")]
    Listen {
        /// Which.
        address: SocketAddr,
        /// Why.
        source: std::io::Error,
    },
    /// An address that others can reach.
    #[error(
        "the demo's API asks nobody who they are, so that it is served on loopback only, not on {0}; use 127.0.0.1"
    )]
    Open(SocketAddr),
    /// The state cannot be read or written.
    #[error(transparent)]
    State(#[from] StateError),
    /// What a new cluster starts with was refused.
    #[error("the demo could not be set up: {0}")]
    Content(#[from] Failure),
}

/// A cluster that runs. When it is dropped it ends, without being kept once more.
#[derive(Debug)]
pub struct Cluster {
    address: SocketAddr,
    registry: Arc<Registry>,
    runtime: Arc<Runtime>,
    state: Option<PathBuf>,
    dns: watch::Sender<Option<SocketAddr>>,
    stopping: watch::Sender<bool>,
    server: JoinHandle<std::io::Result<()>>,
    tasks: JoinSet<()>,
}

impl Cluster {
    /// Starts a cluster: its API answers when this returns.
    ///
    /// # Errors
    /// When the address cannot be listened on, or the state cannot be read, or not be kept.
    pub async fn start(options: Options) -> Result<Self, ClusterError> {
        if !options.listen.ip().is_loopback() {
            return Err(ClusterError::Open(options.listen));
        }
        let store = Arc::new(Store::new(Limits::default()));
        if let Some(path) = &options.state {
            let (store, path) = (Arc::clone(&store), path.clone());
            let loaded = tokio::task::spawn_blocking(move || {
                // What cannot be kept is better said now than at the end of a workshop.
                store::can_save(&path)?;
                store::load(&store, &path)
            });
            loaded.await.map_err(Failure::internal)??;
        }
        let registry = Arc::new(Registry::new(Arc::clone(&store), Addresses::new(SERVICES.0, SERVICES.1)));
        bootstrap::fill(&registry, options.nodes, options.content)?;

        let listening = |source| ClusterError::Listen { address: options.listen, source };
        let listener = TcpListener::bind(options.listen).await.map_err(listening)?;
        let address = listener.local_addr().map_err(listening)?;
        let (stopping, stopped) = watch::channel(false);
        let (dns, known_dns) = watch::channel(None);
        let runtime = Arc::new(Runtime::new(&store, known_dns));
        let api =
            Api { registry: Arc::clone(&registry), runtime: Arc::clone(&runtime), stopping: stopped.clone(), address };
        let server = tokio::spawn(serve(listener, api, stopped));
        let mut tasks = JoinSet::new();
        controllers::start(&registry, &runtime, options.pace, &mut tasks);
        if let Some(path) = &options.state {
            tasks.spawn(keep::run(store, path.clone()));
        }
        Ok(Self { address, registry, runtime, state: options.state, dns, stopping, server, tasks })
    }

    /// Where its API listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Tells where the cluster's DNS is really served, which pods ask at 10.43.0.10.
    pub fn set_dns(&self, address: SocketAddr) {
        self.dns.send_replace(Some(address));
    }

    /// The commands that run in containers from now on.
    pub fn commands(&self) -> broadcast::Receiver<Ran> {
        self.runtime.commands()
    }

    /// Ends it, and keeps it in its file.
    ///
    /// # Errors
    /// When it cannot be kept.
    pub async fn stop(mut self) -> Result<(), ClusterError> {
        let _ = self.stopping.send(true);
        self.tasks.shutdown().await;
        self.server.abort();
        if let Some(path) = self.state.take() {
            let registry = Arc::clone(&self.registry);
            let saved = tokio::task::spawn_blocking(move || store::save(&registry.store, &path));
            saved.await.map_err(Failure::internal)??;
        }
        Ok(())
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        let _ = self.stopping.send(true);
        self.server.abort();
        self.runtime.stop();
    }
}

async fn serve(listener: TcpListener, api: Api, mut stopped: watch::Receiver<bool>) -> std::io::Result<()> {
    use axum::serve::ListenerExt as _;
    // The lines of a watch are small and must leave at once.
    let listener = listener.tap_io(|connection| {
        if let Err(error) = connection.set_nodelay(true) {
            warn!(%error, "cannot set TCP_NODELAY");
        }
    });
    let stop = async move {
        let _ = stopped.wait_for(|stopped| *stopped).await;
    };
    axum::serve(listener, api::router(api)).with_graceful_shutdown(stop).await
}
