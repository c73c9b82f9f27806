//! From a configuration to a running server, and down again.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::time::Duration;

use axum::serve::ListenerExt;
use thiserror::Error;
use tokio::net::TcpListener;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinSet;
use tokio::time::timeout;
use topology::wire::{Cluster, Instance};
use tracing::{info, warn};

use crate::clock::now;
use crate::cluster::{self, ConnectError, Connector, Health, Target};
use crate::config::{Config, ConfigError};
use crate::dns;
use crate::hub::{Hub, REPORT_QUEUE};
use crate::ledger::{BUFFER, Place, PlaceError, Recorder, Store, StoreError, Writer, kept};
use crate::web::{self, Hosts, Shared};

/// How long open connections have to end after the clients were told.
const LAST_WORDS: Duration = Duration::from_secs(3);

/// Why the server did not start. Each message is one sentence with the way out.
#[derive(Debug, Error)]
pub enum StartError {
    /// A setting that cannot be used.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// No cluster to watch.
    #[error(transparent)]
    Connect(#[from] ConnectError),
    /// The address cannot be listened on.
    #[error(
        "cannot listen on {address}: {source}; choose another with --listen ADDRESS:PORT (port 0 takes a free one)"
    )]
    Listen {
        /// Which.
        address: SocketAddr,
        /// Why.
        source: std::io::Error,
    },
    /// There is no place for the ledger.
    #[error(transparent)]
    Place(#[from] PlaceError),
    /// The ledger is not one of this version's.
    #[error(transparent)]
    Ledger(#[from] StoreError),
    /// DNS cannot be served.
    #[error(transparent)]
    Dns(#[from] dns::ListenError),
    /// The server ended by itself.
    #[error("the server ended: {0}")]
    Serve(#[from] std::io::Error),
}

/// Serves until `stop` is done.
///
/// # Errors
/// When it cannot start; each error is for the user.
pub async fn run(config: Config, stop: impl Future<Output = ()> + Send + 'static) -> Result<(), StartError> {
    config.check()?;
    let zone = config.zone()?;
    let target = Target { kubeconfig: config.kubeconfig.clone(), context: config.context.clone() };
    let connector = Arc::new(Connector::new(target).await?);
    let place = config.ledger()?;
    let store = match Store::open(&place).await {
        Ok(store) => store,
        Err(error) if error.is_passing() => None, // The writer tries again, and says so.
        Err(error) => return Err(error.into()),
    };
    let listener = TcpListener::bind(config.listen).await;
    let listener = listener.map_err(|source| StartError::Listen { address: config.listen, source })?;
    let address = listener.local_addr()?;

    let namespaces = config.watched_namespaces();
    let cluster = Cluster {
        name: connector.name().to_owned(),
        domain: zone.domain.as_str().to_owned(),
        ttl: zone.ttl,
        namespaces: namespaces.clone(),
    };
    let health = Health::new(cluster::watches(namespaces.as_deref()), now());
    let (hub, handle) = Hub::prepare(cluster, zone, Instance(rand::random()), health, now);
    let dns = match config.dns {
        Some(address) => Some(dns::Server::start(address, handle.dns().clone(), config.search()).await?),
        None => None,
    };
    // Only now that nothing can refuse to start is the API asked.
    let (reports, inbox) = mpsc::channel(REPORT_QUEUE);
    let (stopping, stopped) = watch::channel(false);
    let recorder = (place != Place::Off).then(|| Recorder::new(BUFFER));
    let hub = match &recorder {
        Some(recorder) => hub.recorded(recorder.clone()),
        None => hub,
    };
    let hub = tokio::spawn(hub.run(inbox));
    let mut tasks = JoinSet::new();
    let mut writing = None;
    match recorder {
        None => drop(tasks.spawn(cluster::watch(connector, namespaces, reports))),
        Some(recorder) => {
            let (told, cluster) = oneshot::channel();
            tasks.spawn(kept(connector, namespaces.clone(), reports, store.clone(), told));
            let (status, retention, run) = (handle.status(), config.retention(), handle.instance().0);
            let writer =
                |cluster| Writer { place, store, recorder, cluster, namespaces, run, status, retention, clock: now };
            let stopped = stopped.clone();
            writing = Some(tokio::spawn(async move {
                if let Ok(cluster) = cluster.await {
                    writer(cluster).run(stopped).await;
                }
            }));
        }
    }

    let shared = Shared {
        hub: handle,
        hosts: Arc::new(Hosts::new(address, &config.allow_host)),
        stopping: stopped.clone(),
        clients: Arc::new(AtomicUsize::new(0)),
    };
    announce(address, dns.as_ref().map(dns::Server::address), config.open);

    // Small frames must leave at once: latency is what the page is about.
    let listener = listener.tap_io(|connection| {
        if let Err(error) = connection.set_nodelay(true) {
            warn!(%error, "cannot set TCP_NODELAY");
        }
    });
    let wait = async move {
        let mut stopped = stopped;
        let _ = stopped.wait_for(|stopped| *stopped).await;
    };
    let server = axum::serve(listener, web::router(shared)).with_graceful_shutdown(wait);
    let mut server = tokio::spawn(server.into_future());
    tokio::select! {
        ended = &mut server => return Ok(ended.map_err(std::io::Error::other)??),
        () = stop => info!("stopping"),
    }
    let _ = stopping.send(true);
    match timeout(LAST_WORDS, &mut server).await {
        Ok(ended) => ended.map_err(std::io::Error::other)??,
        Err(_elapsed) => {
            warn!("some connections did not end in time");
            server.abort();
        }
    }
    drop((tasks, dns));
    if let Some(writing) = writing {
        let _ = timeout(LAST_WORDS, writing).await;
    }
    hub.abort();
    Ok(())
}

/// Says where the page is, and DNS, on standard output: people and scripts read it there.
#[allow(clippy::print_stdout, reason = "the lines that belong on standard output")]
fn announce(address: SocketAddr, dns: Option<SocketAddr>, open: bool) {
    let shown =
        if address.ip().is_unspecified() { SocketAddr::from(([127, 0, 0, 1], address.port())) } else { address };
    let url = format!("http://{shown}");
    println!("Berth is at {url}");
    if let Some(dns) = dns {
        println!("DNS is at {dns}");
    }
    if open && let Err(error) = open::that_detached(&url) {
        warn!(%error, "cannot open a browser; open the address above");
    }
}
