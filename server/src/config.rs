//! What the user asked for on the command line.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use clap::builder::RangedU64ValueParser;
use clap::{Parser, Subcommand, ValueEnum};
use http::uri::Authority;
use thiserror::Error;
use topology::dns::{Name, NameError, PodNames, Zone};
use topology::object_name::{BadName, Label};

use crate::demo::DemoArgs;
use crate::dns::Search;
use crate::ledger::{Place, PlaceError, Retention};
use crate::recording::{RecordArgs, ReplayArgs};

/// Shows the topology state of a cluster's StatefulSets: the ordered pods, the names that stay, the addresses that
/// change. The page is at the address that it prints; nothing is changed in the cluster unless readers may (--allow-actions).
#[derive(Debug, Clone, Parser)]
#[command(name = "berth", version)]
#[allow(clippy::struct_excessive_bools, reason = "each is a switch of its own on the command line")]
pub struct Config {
    /// What to do other than to watch a cluster
    #[command(subcommand)]
    pub command: Option<Command>,

    /// The kubeconfig file; default: $KUBECONFIG, then ~/.kube/config, then the pod's service account
    #[arg(long, value_name = "PATH", global = true)]
    pub kubeconfig: Option<PathBuf>,

    /// The kubeconfig's context; default: its current one
    #[arg(long, value_name = "NAME", global = true)]
    pub context: Option<String>,

    /// A namespace to watch; may be given several times; default: all
    #[arg(short = 'n', long = "namespace", value_name = "NAMESPACE", conflicts_with = "all_namespaces", global = true, value_parser = namespace)]
    pub namespaces: Vec<String>,

    /// Watch all namespaces (the default)
    #[arg(short = 'A', long, global = true)]
    pub all_namespaces: bool,

    /// Where to serve the page; a port alone is one on loopback, and port 0 takes a free one
    #[arg(long, global = true, value_name = "ADDRESS:PORT", default_value_t = DEFAULT_LISTEN, value_parser = on_loopback)]
    pub listen: SocketAddr,

    /// Serve on an address that others can reach, though nobody is asked who they are
    #[arg(long, global = true)]
    pub i_know_this_is_open: bool,

    /// A further host name that browsers may use to reach the page; may be given several times
    #[arg(long, global = true, value_name = "NAME")]
    pub allow_host: Vec<String>,

    /// The domain of the cluster's DNS names
    #[arg(long, value_name = "DOMAIN", default_value = "cluster.local")]
    pub cluster_domain: String,

    /// Also serve DNS, on UDP and TCP, with the answers that the cluster's own must give; a port alone is one on loopback,
    /// and port 0 takes a free one; default: not served, and in the demo at 127.0.0.1:5353, or a free port
    #[arg(long, global = true, value_name = "ADDRESS:PORT", value_parser = on_loopback)]
    pub dns: Option<SocketAddr>,

    /// Understand short names (web-0.nginx) in questions to --dns as a pod of this namespace does; default: they are not
    /// understood, and in the demo as in the namespace "default"
    #[arg(long, global = true, value_name = "NAMESPACE", value_parser = namespace)]
    pub dns_search: Option<String>,

    /// How long the cluster's DNS lets a record be kept, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = Zone::DEFAULT_TTL, value_parser = RangedU64ValueParser::<u32>::new().range(0..=3600))]
    pub dns_ttl: u32,

    /// Which names of pods (10-42-1-5.default.pod.cluster.local) the cluster's DNS answers
    #[arg(long, value_enum, value_name = "WHICH", default_value_t = DnsPods::Insecure)]
    pub dns_pods: DnsPods,

    /// Where history is kept.
    #[arg(
        long,
        value_name = "PATH|URL|memory|off",
        global = true,
        help = "Where history is kept: a file, a PostgreSQL URL, memory (while it runs), or off; default: \
                $XDG_DATA_HOME/berth/ledger.db, and memory for a demo that is not kept"
    )]
    pub ledger: Option<Place>,

    /// How long history is kept after a pod's end, as in 90d or 12h
    #[arg(long, value_name = "AGE", default_value = "90d", value_parser = age, global = true)]
    pub keep: Duration,

    /// How many pods of a cluster history is kept of; those that exist are never dropped
    #[arg(long, value_name = "ROWS", default_value_t = 1_000_000)]
    pub keep_rows: u64,

    /// How many events of a cluster history is kept of, about; each takes some hundred bytes
    #[arg(long, value_name = "EVENTS", default_value_t = 5_000_000, global = true)]
    pub keep_events: u64,

    /// Ask the cluster's DNS what it says, and show it beside what it must say: at an address, or through the API's
    /// port-forward to a DNS pod ("portforward"), or not ("off"); default: in a pod its resolver, else off
    #[arg(long, value_name = "HOST:PORT|portforward|off")]
    pub cluster_dns: Option<ClusterDns>,

    /// Let readers of the page change the cluster (delete pods, scale, restart, set images), as far as Berth's own
    /// rights there go; the demo lets them without this while it listens on loopback
    #[arg(long, global = true)]
    pub allow_actions: bool,

    /// Whether the page is shared with a room by links, which the demo is told.
    #[arg(skip)]
    pub share: bool,

    /// Open the page in the browser
    #[arg(long, global = true)]
    pub open: bool,

    /// How log lines are written; the environment's `RUST_LOG` chooses which (default: info)
    #[arg(long, global = true, value_enum, default_value_t = LogFormat::Text)]
    pub log_format: LogFormat,
}

/// Where the page is served unless somebody says otherwise.
pub const DEFAULT_LISTEN: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 7654);

/// What to do other than to watch a cluster.
#[derive(Debug, Clone, Subcommand)]
pub enum Command {
    /// Start a cluster inside this process and watch it: no Kubernetes is needed, and kubectl can use it
    Demo(DemoArgs),
    /// Write down what a cluster's watches tell, until Ctrl-C
    Record(RecordArgs),
    /// Show a recording: the same page, without a cluster
    Replay(ReplayArgs),
}

/// How log lines are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

/// Which names of pods the cluster's DNS answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum DnsPods {
    /// None.
    Disabled,
    /// Every one that spells an address.
    Insecure,
    /// Those of living pods.
    Verified,
}

/// Where the cluster's own DNS is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ClusterDns {
    /// Nowhere.
    Off,
    /// At this host and port.
    Address(String),
    /// In a DNS pod, through the Kubernetes API.
    PortForward,
}

impl FromStr for ClusterDns {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "off" => Ok(Self::Off),
            "portforward" => Ok(Self::PortForward),
            _ => match text.rsplit_once(':') {
                Some((host, port)) if !host.is_empty() && port.parse::<u16>().is_ok_and(|port| port > 0) => {
                    Ok(Self::Address(text.to_owned()))
                }
                _ => Err("give HOST:PORT (as 10.43.0.10:53), portforward or off"),
            },
        }
    }
}

/// A setting that cannot be used; the message names the way out.
#[derive(Debug, Error)]
pub enum ConfigError {
    /// An address that others can reach.
    #[error(
        "{0} can be reached from other machines, and Berth asks nobody who they are: use a loopback address such as \
         127.0.0.1:{port}, or add --i-know-this-is-open", port = .0.port()
    )]
    Open(SocketAddr),
    /// A host with more than a name.
    #[error(
        "--allow-host {0:?} can never match: give the host alone, without scheme, port or path, as in berth.example"
    )]
    Host(String),
    /// A cluster domain that is no name.
    #[error("--cluster-domain {domain:?} cannot be used: {source}; give it as in cluster.local")]
    Domain {
        /// What was given.
        domain: String,
        /// What is wrong with it.
        source: NameError,
    },
    /// A cluster to watch, together with the demo's own.
    #[error("`berth demo` watches the cluster that it starts: leave out --kubeconfig and --context")]
    TwoClusters,
    /// A cluster to watch, where a recording is to be shown.
    #[error("`berth replay` shows what is in the file, whatever clusters there are: leave out {0}")]
    NoCluster(&'static str),
    /// Two places for one page.
    #[error("--share says where the page listens: leave out --listen, or say it so: --share {0}")]
    TwoPlaces(SocketAddr),
    /// A namespace for short names, and nobody to ask for them.
    #[error(
        "--dns-search says how names are understood that are asked for here: add --dns ADDRESS:PORT, as in --dns 127.0.0.1:5353"
    )]
    SearchOfNothing,
    /// A cluster domain without a label.
    #[error("--cluster-domain must not be empty; give it as in cluster.local")]
    NoDomain,
}

impl Config {
    /// Refuses what would be unsafe.
    ///
    /// # Errors
    /// When an address can be reached by others and the user did not say that this is meant, a host is no host, or the
    /// domain is none.
    pub fn check(&self) -> Result<(), ConfigError> {
        let open = |address: &SocketAddr| !address.ip().is_loopback() && !self.i_know_this_is_open;
        // A page that is shared asks everybody for a session.
        let page = (!self.share).then_some(self.listen);
        if let Some(address) = [page, self.dns].into_iter().flatten().find(open) {
            return Err(ConfigError::Open(address));
        }
        let is_host = |name: &str| name.parse::<Authority>().is_ok_and(|authority| authority.host() == name);
        if let Some(name) = self.allow_host.iter().find(|name| !is_host(name)) {
            return Err(ConfigError::Host(name.clone()));
        }
        self.zone().map(drop)
    }

    /// Refuses what says which cluster to watch, where none is.
    ///
    /// # Errors
    /// When there is such a setting.
    pub fn watches_nothing(&self) -> Result<(), ConfigError> {
        let settings = [
            (self.kubeconfig.is_some(), "--kubeconfig"),
            (self.context.is_some(), "--context"),
            (!self.namespaces.is_empty(), "-n"),
            (self.all_namespaces, "-A"),
        ];
        match settings.into_iter().find(|(is_given, _)| *is_given) {
            Some((_, setting)) => Err(ConfigError::NoCluster(setting)),
            None => Ok(()),
        }
    }

    /// What the cluster's DNS is set to.
    ///
    /// # Errors
    /// When the domain is none.
    pub fn zone(&self) -> Result<Zone, ConfigError> {
        let domain = Name::parse(&self.cluster_domain)
            .map_err(|source| ConfigError::Domain { domain: self.cluster_domain.clone(), source })?;
        if domain.as_str().is_empty() {
            return Err(ConfigError::NoDomain);
        }
        let pods = match self.dns_pods {
            DnsPods::Disabled => PodNames::Disabled,
            DnsPods::Insecure => PodNames::Insecure,
            DnsPods::Verified => PodNames::Verified,
        };
        Ok(Zone { domain, ttl: self.dns_ttl, pods })
    }

    /// Where history is kept.
    ///
    /// # Errors
    /// When nothing was said, and the environment names no folder.
    pub fn ledger(&self) -> Result<Place, PlaceError> {
        self.ledger.clone().map_or_else(Place::usual, Ok)
    }

    /// How much history is kept.
    pub fn retention(&self) -> Retention {
        Retention { age: Some(self.keep), rows: self.keep_rows, events: self.keep_events }
    }

    /// How short names are understood.
    ///
    /// # Errors
    /// When DNS is not served.
    pub fn search(&self) -> Result<Option<Search>, ConfigError> {
        if self.dns_search.is_some() && self.dns.is_none() {
            return Err(ConfigError::SearchOfNothing);
        }
        Ok(self.dns_search.clone().map(|namespace| Search { namespace }))
    }

    /// The namespaces to watch, sorted and each once; `None` for all.
    pub fn watched_namespaces(&self) -> Option<Vec<String>> {
        let mut namespaces = self.namespaces.clone();
        namespaces.sort();
        namespaces.dedup();
        Some(namespaces).filter(|namespaces| !namespaces.is_empty())
    }
}

/// Reads the name of a namespace.
fn namespace(text: &str) -> Result<String, BadName> {
    Label::parse(text).map(|label| label.to_string())
}

/// Reads where to listen; a port alone is one on loopback.
pub(crate) fn on_loopback(text: &str) -> Result<SocketAddr, String> {
    place(text, Ipv4Addr::LOCALHOST)
}

/// Reads where to listen; a port alone, `7654` or `:7654`, is one at this address.
pub(crate) fn place(text: &str, alone: Ipv4Addr) -> Result<SocketAddr, String> {
    let port = text.strip_prefix(':').unwrap_or(text).parse::<u16>();
    let named = text.strip_prefix("localhost:").map(|port| format!("{}:{port}", Ipv4Addr::LOCALHOST));
    match port {
        Ok(port) => Ok(SocketAddr::from((alone, port))),
        Err(_) => named.as_deref().unwrap_or(text).parse().map_err(|_| {
            format!("give an address and a port, as in {alone}:7654 or [::1]:7654, or a port alone, as in 7654")
        }),
    }
}

/// Reads an age: a number with `d`, `h`, `m` or `s`.
fn age(text: &str) -> Result<Duration, String> {
    let wrong = || format!("{text:?} is no age: give a number with d, h, m or s, as in 90d");
    let at = text.len().checked_sub(1).filter(|at| text.is_char_boundary(*at)).ok_or_else(wrong)?;
    let (number, unit) = text.split_at(at);
    let seconds = match unit {
        "d" => 86_400,
        "h" => 3_600,
        "m" => 60,
        "s" => 1,
        _ => return Err(wrong()),
    };
    let number: u64 = number.parse().map_err(|_| wrong())?;
    number.checked_mul(seconds).map(Duration::from_secs).ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn given_places_to_listen_when_read_then_a_port_alone_is_one_and_anything_else_is_told_how() {
        for (text, expected) in [
            ("7654", "127.0.0.1:7654"),
            (":5353", "127.0.0.1:5353"),
            ("localhost:80", "127.0.0.1:80"),
            ("0.0.0.0:0", "0.0.0.0:0"),
            ("[::1]:1", "[::1]:1"),
        ] {
            assert_eq!(on_loopback(text).map(|address| address.to_string()).as_deref(), Ok(expected));
        }
        for text in
            ["", ":", "127.0.0.1", "localhost", "localhost:", "::1", "65536", "-1", "example.org:80", "127.0.0.1:http"]
        {
            assert!(on_loopback(text).is_err_and(|told| told.contains("127.0.0.1:7654")), "{text}");
        }
        assert_eq!(place("8000", Ipv4Addr::UNSPECIFIED), Ok(SocketAddr::from(([0, 0, 0, 0], 8000))));
    }
}
