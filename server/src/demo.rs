//! `berth demo`: a cluster inside this process, and Berth on it as on any other, over HTTP and with a kubeconfig.

use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, UdpSocket};
use std::path::{Path, PathBuf};

use ::demo::{Cluster, ClusterError, Content, MOST_NODES, Options, Pace, kubeconfig};
use clap::Args;
use clap::builder::RangedU64ValueParser;
use thiserror::Error;
use tracing::warn;

use crate::config::{Config, ConfigError, DEFAULT_LISTEN, on_loopback, place};
use crate::console::tell;
use crate::ledger::Place;
use crate::serve::{self, StartError};

/// The port of the demo's DNS, where it is free: the usual one needs more rights.
const DNS: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 5353);

/// Where the demo's page is shared unless somebody says otherwise.
const SHARED: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::UNSPECIFIED), DEFAULT_LISTEN.port());

/// What `berth demo` is told.
#[derive(Debug, Clone, Args)]
pub struct DemoArgs {
    /// Start with an empty cluster: without the walk-through's Service and StatefulSet, and the Deployment beside them
    #[arg(long)]
    pub empty: bool,

    /// Keep the cluster in this file, and go on with it the next time
    #[arg(long, value_name = "FILE")]
    pub demo_state: Option<PathBuf>,

    /// Lets a room in.
    #[arg(
        long,
        value_name = "ADDRESS:PORT",
        num_args = 0..=1,
        default_missing_value = "0.0.0.0:7654",
        value_parser = on_every_address,
        help = "Let a room in: serve the page to other machines, by links that are printed; visitors look, the \
                presenter acts; a port alone is one at every address; default: 0.0.0.0:7654, or a free port"
    )]
    pub share: Option<SocketAddr>,

    /// How many times as fast as in the walk-through pods come and go
    #[arg(long, value_name = "FACTOR", default_value_t = 1.0, value_parser = speed)]
    pub speed: f64,

    /// How many nodes a new cluster has
    #[arg(long, value_name = "COUNT", default_value_t = 2, value_parser = RangedU64ValueParser::<u8>::new().range(1..=u64::from(MOST_NODES)))]
    pub nodes: u8,

    /// Where the cluster's API listens, on loopback; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:0", value_parser = on_loopback)]
    pub api: SocketAddr,

    /// Where to write the kubeconfig; default: a file of its own among the temporary ones, removed at the end
    #[arg(long, value_name = "PATH")]
    pub write_kubeconfig: Option<PathBuf>,
}

/// Reads where a room is let in; a port alone is one at every address.
fn on_every_address(text: &str) -> Result<SocketAddr, String> {
    place(text, Ipv4Addr::UNSPECIFIED)
}

/// Reads how many times as fast.
fn speed(text: &str) -> Result<f64, String> {
    let speed: f64 = text.parse().map_err(|_| "it must be a number such as 2 or 0.5".to_owned())?;
    if (0.01..=1000.0).contains(&speed) { Ok(speed) } else { Err("it must be between 0.01 and 1000".to_owned()) }
}

/// Why the embedded cluster could not be started or kept. Each message names the way out.
#[derive(Debug, Error)]
pub enum DemoError {
    /// The cluster itself.
    #[error(transparent)]
    Cluster(#[from] ClusterError),
    /// The kubeconfig cannot be written.
    #[error("cannot write the demo's kubeconfig to {path}: {source}; choose another file with --write-kubeconfig PATH", path = .path.display())]
    Kubeconfig {
        /// Where.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
}

/// Starts a cluster and serves it until `stop` is done.
///
/// # Errors
/// When it cannot start, or cannot be kept at the end; each error is for the user.
pub async fn run(
    mut config: Config,
    arguments: DemoArgs,
    stop: impl Future<Output = ()> + Send + 'static,
) -> Result<(), StartError> {
    if config.kubeconfig.is_some() || config.context.is_some() {
        return Err(ConfigError::TwoClusters.into());
    }
    config.check()?;
    let is_kept = arguments.demo_state.is_some();
    let mut is_usual = config.listen == DEFAULT_LISTEN;
    if let Some(address) = arguments.share {
        if !is_usual {
            return Err(ConfigError::TwoPlaces(config.listen).into());
        }
        is_usual = address == SHARED;
        (config.share, config.listen) = (true, address);
    }
    let options = Options {
        listen: arguments.api,
        pace: Pace::default().times(arguments.speed),
        nodes: arguments.nodes,
        content: if arguments.empty { Content::Empty } else { Content::WalkThrough },
        state: arguments.demo_state,
    };
    let cluster = Cluster::start(options).await.map_err(DemoError::from)?;
    let file = Kubeconfig::write(arguments.write_kubeconfig, cluster.address())?;
    config.kubeconfig = Some(file.path.clone());
    if !is_kept {
        config.ledger.get_or_insert(Place::Memory);
    }
    if config.listen.port() == DEFAULT_LISTEN.port() && is_usual && TcpListener::bind(config.listen).is_err() {
        warn!(taken = config.listen.port(), "the usual port is taken; another one is used");
        config.listen.set_port(0);
    }
    let dns = *config.dns.insert(dns_address(config.dns));
    // Visitors type short names at it, as the walk-through does in a pod.
    config.dns_search.get_or_insert_with(|| "default".to_owned());
    // What is bound to every address is asked on this machine's own.
    cluster.set_dns(if dns.ip().is_unspecified() { SocketAddr::new(DNS.ip(), dns.port()) } else { dns });
    announce(&file.path, arguments.empty);
    let served = serve::run_demo(config, cluster.commands(), stop).await;
    drop(file);
    let stopped = cluster.stop().await.map_err(DemoError::from);
    served?;
    Ok(stopped?)
}

/// Where DNS is to be served: where the user says, or at the demo's own port if that is free. The pods must know the port,
/// so that a free one is looked for here.
fn dns_address(asked: Option<SocketAddr>) -> SocketAddr {
    match asked {
        Some(address) if address.port() != 0 => address,
        None if is_free(DNS) => DNS,
        asked => {
            let any = SocketAddr::new(asked.unwrap_or(DNS).ip(), 0);
            let free = (0..16).filter_map(|_| UdpSocket::bind(any).and_then(|socket| socket.local_addr()).ok());
            free.into_iter().find(|address| is_free(*address)).unwrap_or(any)
        }
    }
}

fn is_free(address: SocketAddr) -> bool {
    UdpSocket::bind(address).is_ok() && TcpListener::bind(address).is_ok()
}

/// The kubeconfig in its file; one that nobody asked for is removed at the end.
struct Kubeconfig {
    path: PathBuf,
    is_ours: bool,
}

impl Kubeconfig {
    fn write(path: Option<PathBuf>, api: SocketAddr) -> Result<Self, DemoError> {
        let is_ours = path.is_none();
        let path = path.unwrap_or_else(|| std::env::temp_dir().join(format!("berth-demo-{}.kubeconfig", api.port())));
        match write_private(&path, &kubeconfig(api)) {
            Ok(()) => Ok(Self { path, is_ours }),
            Err(source) => Err(DemoError::Kubeconfig { path, source }),
        }
    }
}

/// Writes a file that nobody else may read, in place of one that is there.
fn write_private(path: &Path, text: &str) -> std::io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut options = OpenOptions::new();
    options.write(true).create_new(true); // so that it is not written through a link that somebody put there
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)?.write_all(text.as_bytes())
}

impl Drop for Kubeconfig {
    fn drop(&mut self) {
        if self.is_ours
            && let Err(error) = fs::remove_file(&self.path)
        {
            warn!(%error, path = %self.path.display(), "the demo's kubeconfig is left behind");
        }
    }
}

/// Says how to use the cluster.
fn announce(kubeconfig: &Path, empty: bool) {
    let kubeconfig = kubeconfig.display();
    tell("A cluster is running in this process. In another terminal, use it by\n");
    tell(format_args!("  export KUBECONFIG={kubeconfig}\n"));
    tell(if empty {
        "and apply something, for example a StatefulSet; watch the page.\n"
    } else {
        "and try, one after another, and watch the page:\n
  kubectl get pods -w -l app=nginx
  kubectl exec web-0 -- nslookup web-1.nginx
  kubectl delete pod -l app=nginx
  kubectl scale statefulset web --replicas=4
  kubectl set image statefulset web nginx=nginx:missing   # a rollout that is stuck
  kubectl delete pod -l app=api                           # a Deployment's names never return\n"
    });
    tell("Ctrl-C ends all of it.\n");
}
