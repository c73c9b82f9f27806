//! The connection: which cluster, with which credentials, and new ones when they expire.

use std::path::PathBuf;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use kube::config::{KubeConfigOptions, Kubeconfig, KubeconfigError};
use kube::{Client, Config};
use thiserror::Error;
use tokio::sync::{Mutex, Notify, watch};
use tokio::time::{Instant, timeout};
use topology::Timestamp;
use tracing::{info, warn};

use crate::clock::now;

/// How long a rebuilt connection is left alone before the next rebuild.
const REBUILD_PAUSE: Duration = Duration::from_secs(2);

/// What the cluster is called that this program runs in.
const IN_CLUSTER: &str = "in-cluster";

/// Which cluster is meant.
#[derive(Debug, Clone, Default)]
pub struct Target {
    /// A kubeconfig file in place of the usual ones.
    pub kubeconfig: Option<PathBuf>,
    /// A context in place of the current one.
    pub context: Option<String>,
}

/// Why there is no cluster to watch. Each message names the way out.
#[derive(Debug, Error)]
pub enum ConnectError {
    /// Neither a kubeconfig nor a service account.
    #[error(
        "no kubeconfig found: set KUBECONFIG, pass --kubeconfig PATH, or put one at ~/.kube/config (in a pod, a service \
         account is used)"
    )]
    NoKubeconfig,
    /// A context, and nothing that could have it.
    #[error(
        "--context names a context of a kubeconfig, but no kubeconfig was found: pass it with --kubeconfig PATH, or leave \
         --context out to use the pod's service account"
    )]
    ContextWithoutKubeconfig,
    /// A kubeconfig that cannot be read.
    #[error("cannot use the kubeconfig{}: {}; mend it or pass another with --kubeconfig PATH", named(.path.as_ref()), one_line(.source))]
    Unusable {
        /// Which one, if it was named.
        path: Option<PathBuf>,
        /// What is wrong with it.
        source: KubeconfigError,
    },
    /// A context that the kubeconfig does not have.
    #[error("the kubeconfig has no context {name:?}; it has: {}", known.join(", "))]
    UnknownContext {
        /// The name that was asked for.
        name: String,
        /// The names that there are.
        known: Vec<String>,
    },
    /// A kubeconfig without a current context.
    #[error("the kubeconfig names no current context: pass --context with one of: {}", .0.join(", "))]
    NoCurrentContext(Vec<String>),
    /// A client could not be made from the configuration.
    #[error("cannot make a client for the cluster: {0}; check the kubeconfig's certificates and proxy")]
    Client(#[from] kube::Error),
}

/// The first line of a message: parsers draw pictures below it.
fn one_line(error: &KubeconfigError) -> String {
    error.to_string().lines().next().unwrap_or_default().to_owned()
}

fn named(path: Option<&PathBuf>) -> String {
    path.map_or_else(String::new, |path| format!(" {}", path.display()))
}

/// A client, and which one it is: the number grows with each new client.
#[derive(Clone)]
pub struct Connection {
    /// The client.
    pub client: Client,
    /// Its number.
    pub generation: u64,
}

/// Holds the connection and renews it.
pub struct Connector {
    target: Target,
    name: String,
    is_in_cluster: bool,
    current: watch::Sender<Connection>,
    rebuilt: Mutex<Option<Instant>>,
    answers: Notify,
    /// When the API was asked what it answered last, in milliseconds.
    alive: AtomicI64,
}

impl Connector {
    /// Reads the configuration and makes the first client. Does not talk to the cluster yet.
    ///
    /// # Errors
    /// When no cluster is configured, or not in a usable way.
    pub async fn new(target: Target) -> Result<Self, ConnectError> {
        let (config, context) = load(&target).await?;
        let is_in_cluster = context.is_none();
        let name = context.unwrap_or_else(|| IN_CLUSTER.to_owned());
        let connection = Connection { client: Client::try_from(config)?, generation: 0 };
        let current = watch::Sender::new(connection);
        let alive = AtomicI64::new(now().as_millis());
        Ok(Self { target, name, is_in_cluster, current, rebuilt: Mutex::new(None), answers: Notify::new(), alive })
    }

    /// How the user calls the cluster: the context's name, or `in-cluster`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether it is the cluster that this program runs in, as its service account.
    pub fn is_in_cluster(&self) -> bool {
        self.is_in_cluster
    }

    /// The connection of now; the receiver tells when there is a newer one.
    pub fn subscribe(&self) -> watch::Receiver<Connection> {
        self.current.subscribe()
    }

    /// Credentials were refused: reads the configuration afresh. Many watches notice at once; only the first one that
    /// still has the refused generation does something.
    pub async fn renew(&self, refused: u64) {
        let mut rebuilt = self.rebuilt.lock().await;
        if self.current.borrow().generation != refused {
            return;
        }
        if rebuilt.is_some_and(|at| at.elapsed() < REBUILD_PAUSE) {
            return;
        }
        *rebuilt = Some(Instant::now());
        match self.rebuild().await {
            Ok(()) => info!("credentials were refused; read them afresh"),
            Err(error) => warn!(%error, "credentials were refused and cannot be read afresh"),
        }
    }

    /// The API did not answer for a while: connections may be dead without knowing, and which of the watches missed
    /// something cannot be told, so every one begins anew on fresh ones.
    pub async fn restart(&self) {
        if let Err(error) = self.rebuild().await {
            warn!(%error, "the configuration cannot be read afresh; going on with the one before");
            self.current.send_modify(|connection| connection.generation += 1);
        }
    }

    async fn rebuild(&self) -> Result<(), ConnectError> {
        let (config, _) = load(&self.target).await?;
        let client = Client::try_from(config)?;
        self.current.send_modify(|connection| {
            *connection = Connection { client, generation: connection.generation + 1 };
        });
        Ok(())
    }

    /// The API answered what it was asked then: until then, connections that nothing was heard of were whole.
    pub fn was_alive(&self, asked: Timestamp) {
        self.alive.store(asked.as_millis(), Ordering::Relaxed);
    }

    /// When the API was known to answer for the last time.
    pub fn alive_at(&self) -> Timestamp {
        Timestamp::from_millis(self.alive.load(Ordering::Relaxed))
    }

    /// The API answers again: nobody needs to wait longer before the next try.
    pub fn answers_again(&self) {
        self.answers.notify_waiters();
    }

    /// Waits before another try: for that long, or until the API answers again.
    pub async fn pause(&self, pause: Duration) {
        // Past its end, or woken: both mean the same.
        let _ = timeout(pause, self.answers.notified()).await;
    }
}

/// The configuration and its context; `None` for a pod's service account.
async fn load(target: &Target) -> Result<(Config, Option<String>), ConnectError> {
    let (mut config, name) = match read(target)? {
        Some(kubeconfig) => {
            let known: Vec<String> = kubeconfig.contexts.iter().map(|context| context.name.clone()).collect();
            let name = target.context.clone().or_else(|| kubeconfig.current_context.clone());
            let name = name.filter(|name| !name.is_empty());
            let name = name.ok_or_else(|| ConnectError::NoCurrentContext(known.clone()))?;
            if !known.contains(&name) {
                return Err(ConnectError::UnknownContext { name, known });
            }
            let options = KubeConfigOptions { context: Some(name.clone()), ..KubeConfigOptions::default() };
            let config = Config::from_custom_kubeconfig(kubeconfig, &options).await;
            (config.map_err(|source| unusable(target, source))?, Some(name))
        }
        None if target.context.is_some() => return Err(ConnectError::ContextWithoutKubeconfig),
        None => (Config::incluster().map_err(|_| ConnectError::NoKubeconfig)?, None),
    };
    if config.cluster_url.host().is_some_and(is_loopback) {
        config.proxy_url = None;
    }
    Ok((config, name))
}

fn read(target: &Target) -> Result<Option<Kubeconfig>, ConnectError> {
    if let Some(path) = &target.kubeconfig {
        return Kubeconfig::read_from(path).map(Some).map_err(|source| unusable(target, source));
    }
    match Kubeconfig::read() {
        Ok(kubeconfig) => Ok(Some(kubeconfig)),
        Err(KubeconfigError::FindPath) => Ok(None),
        Err(KubeconfigError::ReadConfig(error, _))
            if error.kind() == std::io::ErrorKind::NotFound && std::env::var_os("KUBECONFIG").is_none() =>
        {
            Ok(None)
        }
        Err(source) => Err(unusable(target, source)),
    }
}

fn unusable(target: &Target, source: KubeconfigError) -> ConnectError {
    ConnectError::Unusable { path: target.kubeconfig.clone(), source }
}

fn is_loopback(host: &str) -> bool {
    let host = host.trim_matches(['[', ']']);
    host == "localhost" || host.parse().is_ok_and(|ip: std::net::IpAddr| ip.is_loopback())
}
