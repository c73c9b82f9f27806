//! From a configuration to a running server, and down again.

use std::net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use ::demo::Ran;
use axum::serve::ListenerExt;
use thiserror::Error;
use tokio::net::{TcpListener, lookup_host};
use tokio::sync::{broadcast, mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use topology::dns::Zone;
use topology::wire::{Cluster, Instance};
use tracing::{info, warn};

use crate::act::{Actor, Bounds, Playground};
use crate::clock::now;
use crate::cluster::{self, ConnectError, Connector, Health, Target};
use crate::config::{ClusterDns, Config, ConfigError};
use crate::console::tell;
use crate::demo::DemoError;
use crate::dns;
use crate::dns::probe::{PortForward, Probe, Resolver, system_servers};
use crate::hub::{Hub, REPORT_QUEUE};
use crate::ledger::{Keeper, Place, PlaceError, Reader, Run, StoreError};
use crate::recording::{RecordingError, Replay, ReplayArgs};
use crate::walkthrough::Walkthrough;
use crate::web::{self, Hosts, Share, Shared};

/// How long open connections have to end after the clients were told.
const LAST_WORDS: Duration = Duration::from_secs(3);
/// Between two looks whether all clients have gone, at the end.
const LOOK: Duration = Duration::from_millis(5);

/// Where a system names its DNS servers.
const RESOLV_CONF: &str = "/etc/resolv.conf";

/// Why the server did not start. Each message is one sentence with the way out.
#[derive(Debug, Error)]
pub enum StartError {
    /// A setting that cannot be used.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// No cluster to watch.
    #[error(transparent)]
    Connect(#[from] ConnectError),
    /// The embedded cluster cannot be started or kept.
    #[error(transparent)]
    Demo(#[from] DemoError),
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
    /// The cluster's DNS cannot be asked.
    #[error(
        "cannot ask the cluster's DNS at {at}: {source}; choose another place with --cluster-dns HOST:PORT, or off"
    )]
    ClusterDns {
        /// Where.
        at: String,
        /// Why.
        source: std::io::Error,
    },
    /// No recording can be made or shown.
    #[error(transparent)]
    Recording(#[from] RecordingError),
    /// The server ended by itself.
    #[error("the server ended: {0}")]
    Serve(#[from] std::io::Error),
}

/// Where what is shown comes from.
enum Origin {
    /// A cluster.
    Cluster(Watched),
    /// A recording, and where its history is kept meanwhile.
    Recording(Replay, Option<Keeper>),
}

/// A cluster that is watched.
struct Watched {
    /// The way to it.
    connector: Arc<Connector>,
    /// Who keeps its history, where that is wanted.
    keeper: Option<Keeper>,
    /// What runs in its containers, where it is the demo's own.
    demo: Option<broadcast::Receiver<Ran>>,
}

/// Serves a cluster until `stop` is done.
///
/// # Errors
/// When it cannot start; each error is for the user.
pub async fn run(config: Config, stop: impl Future<Output = ()> + Send + 'static) -> Result<(), StartError> {
    watch_and_serve(config, None, stop).await
}

/// The same on the demo's own cluster, with the walk-through; `commands` tells what runs in its containers.
///
/// # Errors
/// As [`run`].
pub async fn run_demo(
    config: Config,
    commands: broadcast::Receiver<Ran>,
    stop: impl Future<Output = ()> + Send + 'static,
) -> Result<(), StartError> {
    watch_and_serve(config, Some(commands), stop).await
}

/// Serves a recording until `stop` is done.
///
/// # Errors
/// When it cannot start; each error is for the user.
pub async fn replay(
    mut config: Config,
    arguments: ReplayArgs,
    stop: impl Future<Output = ()> + Send + 'static,
) -> Result<(), StartError> {
    config.watches_nothing()?;
    let replay = Replay::open(&arguments)?;
    let cluster = replay.head().cluster.clone();
    (config.cluster_domain, config.dns_ttl) = (cluster.domain.clone(), cluster.ttl);
    config.check()?;
    let zone = config.zone()?;
    // Beside the file nothing of it is kept.
    let keeper = Keeper::open(Place::Memory, config.retention()).await?;
    serve(config, zone, cluster, Origin::Recording(replay, keeper), stop).await
}

async fn watch_and_serve(
    config: Config,
    demo: Option<broadcast::Receiver<Ran>>,
    stop: impl Future<Output = ()> + Send + 'static,
) -> Result<(), StartError> {
    config.check()?;
    let zone = config.zone()?;
    let target = Target { kubeconfig: config.kubeconfig.clone(), context: config.context.clone() };
    let connector = Arc::new(Connector::new(target).await?);
    let keeper = Keeper::open(config.ledger()?, config.retention()).await?;
    let cluster = Cluster {
        name: connector.name().to_owned(),
        domain: zone.domain.as_str().to_owned(),
        ttl: zone.ttl,
        namespaces: config.watched_namespaces(),
        dns: None,
    };
    serve(config, zone, cluster, Origin::Cluster(Watched { connector, keeper, demo }), stop).await
}

async fn serve(
    config: Config,
    zone: Zone,
    cluster: Cluster,
    origin: Origin,
    stop: impl Future<Output = ()> + Send + 'static,
) -> Result<(), StartError> {
    let search = config.search()?;
    let listener = TcpListener::bind(config.listen).await;
    let listener = listener.map_err(|source| StartError::Listen { address: config.listen, source })?;
    let address = listener.local_addr()?;

    let namespaces = cluster.namespaces.clone();
    let zone_of_history = zone.clone();
    let health = Health::new(cluster::watches(namespaces.as_deref()), now());
    let (hub, mut handle) = Hub::prepare(cluster, zone, Instance(rand::random()), health, now);
    let dns = match config.dns {
        Some(address) => Some(dns::Server::start(address, handle.dns().clone(), search).await?),
        None => None,
    };
    if let Some(dns) = &dns {
        handle.serves_dns(dns.address());
    }
    let (resolver, keeper) = match &origin {
        Origin::Cluster(Watched { connector, keeper, .. }) => {
            (resolver(config.cluster_dns.as_ref(), connector).await?, keeper)
        }
        Origin::Recording(_, keeper) => (None, keeper),
    };
    let reader = keeper.as_ref().map_or_else(Reader::off, |keeper| keeper.reader().clone());
    let hub = match keeper {
        Some(keeper) => hub.recorded(keeper.recorder().clone(), keeper.tape().clone()),
        None => hub,
    };
    // Only now that nothing can refuse to start is the API asked, and DNS.
    let (reports, inbox) = mpsc::channel(REPORT_QUEUE);
    let (stopping, stopped) = watch::channel(false);
    let hub = tokio::spawn(hub.run(inbox));
    let probe = resolver.map(|resolver| Probe::new(resolver, handle.clone(), reports.clone(), now));
    let probe = probe.map(|probe| tokio::spawn(probe.run()));
    let share = config.share.then(|| Arc::new(Share::new(address.port())));
    let (mut tasks, mut observers) = (JoinSet::new(), JoinSet::new());
    let (mut keeping, mut actor, mut walkthrough) = (None, None, None);
    let run = Run {
        namespaces: namespaces.clone(),
        zone: zone_of_history,
        reports: reports.clone(),
        status: handle.status(),
        run: handle.instance().0,
        clock: now,
        stopping: stopped.clone(),
    };
    match origin {
        Origin::Cluster(Watched { connector, keeper, demo }) => {
            match keeper {
                None => tasks = cluster::start(&connector, namespaces.as_deref(), &reports),
                Some(keeper) => keeping = Some(tokio::spawn(keeper.keep(Arc::clone(&connector), run))),
            }
            let playground = if demo.is_some() { Playground::Demo } else { Playground::No };
            // The demo is there to be played with, but not by everybody who reaches an address that others can.
            let is_safe = share.is_some() || address.ip().is_loopback();
            let acts = config.allow_actions || (playground == Playground::Demo && is_safe);
            let bounds = Bounds(config.watched_namespaces());
            actor = acts.then(|| Arc::new(Actor::new(connector, playground, bounds)));
            walkthrough = demo
                .zip(actor.clone())
                .map(|(commands, actor)| Walkthrough::start(handle.clone(), actor, commands, &mut observers));
        }
        Origin::Recording(replay, keeper) => {
            keeping = keeper.map(|keeper| tokio::spawn(keeper.keep_replay(run)));
            tasks.spawn(replay.run(reports));
        }
    }
    let shared = Shared {
        hub: handle,
        actor,
        walkthrough,
        ledger: reader,
        hosts: Arc::new(Hosts::new(address, &config.allow_host)),
        share: share.clone(),
        stopping: stopped,
        clients: Arc::default(),
    };
    announce(address, dns.as_ref().map(dns::Server::address), share.as_deref(), config.open);

    serve_page(listener, shared, stopping, stop).await?;
    drop((tasks, dns, observers));
    if let Some(keeping) = keeping {
        // Its last rows; what it cannot write in time is told in the log.
        let _ = timeout(LAST_WORDS * 2, keeping).await;
    }
    if let Some(probe) = probe {
        probe.abort();
    }
    hub.abort();
    Ok(())
}

/// Serves the page until `stop` is done, and then until everybody was told.
async fn serve_page(
    listener: TcpListener,
    shared: Shared,
    stopping: watch::Sender<bool>,
    stop: impl Future<Output = ()> + Send + 'static,
) -> Result<(), StartError> {
    let (mut stopped, clients) = (shared.stopping.clone(), Arc::clone(&shared.clients));
    // Small frames must leave at once: latency is what the page is about.
    let listener = listener.tap_io(|connection| {
        if let Err(error) = connection.set_nodelay(true) {
            warn!(%error, "cannot set TCP_NODELAY");
        }
    });
    let wait = async move {
        let _ = stopped.wait_for(|stopped| *stopped).await;
    };
    let app = web::router(shared).into_make_service_with_connect_info::<SocketAddr>();
    let server = axum::serve(listener, app).with_graceful_shutdown(wait);
    let mut server = tokio::spawn(server.into_future());
    tokio::select! {
        ended = &mut server => return Ok(ended.map_err(std::io::Error::other)??),
        () = stop => info!("stopping"),
    }
    let _ = stopping.send(true);
    let last_words = async {
        let ended = (&mut server).await;
        // A stream is no connection of the server's any more: its task says goodbye by itself.
        while clients.load(Ordering::Relaxed) > 0 {
            sleep(LOOK).await;
        }
        ended
    };
    match timeout(LAST_WORDS, last_words).await {
        Ok(ended) => ended.map_err(std::io::Error::other)??,
        Err(_elapsed) => {
            warn!("some connections did not end in time");
            server.abort();
        }
    }
    Ok(())
}

/// Whom the probe asks; `None` for nobody. In a pod, as every other program there does.
async fn resolver(wanted: Option<&ClusterDns>, connector: &Arc<Connector>) -> Result<Option<Resolver>, StartError> {
    let failed = |at: &str| {
        let at = at.to_owned();
        move |source| StartError::ClusterDns { at, source }
    };
    Ok(match wanted {
        Some(ClusterDns::PortForward) => Some(Resolver::PortForward(PortForward::new(Arc::clone(connector)))),
        Some(ClusterDns::Address(at)) => {
            let found = lookup_host(at).await.map_err(failed(at))?;
            Some(Resolver::Servers(found.take(1).collect()))
        }
        None if connector.is_in_cluster() => {
            let text = std::fs::read_to_string(RESOLV_CONF).map_err(failed(RESOLV_CONF))?;
            Some(Resolver::Servers(system_servers(&text).map_err(failed(RESOLV_CONF))?))
        }
        Some(ClusterDns::Off) | None => None,
    })
}

/// Says where the page is, and DNS.
fn announce(address: SocketAddr, dns: Option<SocketAddr>, share: Option<&Share>, open: bool) {
    let shown =
        if address.ip().is_unspecified() { SocketAddr::from(([127, 0, 0, 1], address.port())) } else { address };
    let url = format!("http://{shown}");
    // The page last: whoever waits for that has read everything.
    if let Some(dns) = dns {
        tell(format_args!("DNS is at {dns}"));
    }
    if let Some(share) = share {
        let room =
            SocketAddr::new(if address.ip().is_unspecified() { own_address() } else { address.ip() }, address.port());
        tell(format_args!("The room joins at http://{room}{}", share.visitors_link()));
        tell(format_args!("You present at {url}{}", share.presenters_link()));
        tell("(Visitors look on; only who opened the second link acts. Give the first link alone to the room.)");
    }
    tell(format_args!("Berth is at {url}"));
    if open {
        // A command line can be read by everybody on this machine.
        let once = share.map(Share::link_for_once).unwrap_or_default();
        if let Err(error) = open::that_detached(format!("{url}{once}")) {
            warn!(%error, "cannot open a browser; open the address above");
        }
    }
}

/// This machine's address as the network around it has it; loopback when there is no network. Nothing is sent: a socket
/// that is connected knows by which of the machine's addresses it would send. The address that it is connected to is one
/// that documents use.
fn own_address() -> IpAddr {
    let found = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).and_then(|socket| {
        socket.connect((Ipv4Addr::new(192, 0, 2, 1), 9))?;
        socket.local_addr()
    });
    found.map_or(Ipv4Addr::LOCALHOST.into(), |address| address.ip())
}
