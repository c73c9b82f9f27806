//! What the user asked for on the command line.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Parser, ValueEnum};
use thiserror::Error;

/// Shows the topology state of a cluster's StatefulSets: the ordered pods, the names that stay, the addresses that
/// change. Reads only; the page is at the address that it prints.
#[derive(Debug, Clone, Parser)]
#[command(name = "berth", version)]
pub struct Config {
    /// The kubeconfig file; default: $KUBECONFIG, then ~/.kube/config, then the pod's service account
    #[arg(long, value_name = "PATH")]
    pub kubeconfig: Option<PathBuf>,

    /// The kubeconfig's context; default: its current one
    #[arg(long, value_name = "NAME")]
    pub context: Option<String>,

    /// A namespace to watch; may be given several times; default: all
    #[arg(short = 'n', long = "namespace", value_name = "NAMESPACE", conflicts_with = "all_namespaces")]
    pub namespaces: Vec<String>,

    /// Watch all namespaces (the default)
    #[arg(short = 'A', long)]
    pub all_namespaces: bool,

    /// Where to serve the page; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:7654")]
    pub listen: SocketAddr,

    /// Serve on an address that others can reach, though nobody is asked who they are
    #[arg(long)]
    pub i_know_this_is_open: bool,

    /// A further host name that browsers may use to reach the page; may be given several times
    #[arg(long, value_name = "NAME")]
    pub allow_host: Vec<String>,

    /// The domain of the cluster's DNS names
    #[arg(long, value_name = "DOMAIN", default_value = "cluster.local")]
    pub cluster_domain: String,

    /// Open the page in the browser
    #[arg(long)]
    pub open: bool,

    /// How log lines are written; the environment's `RUST_LOG` chooses which (default: info)
    #[arg(long, value_enum, default_value_t = LogFormat::Text)]
    pub log_format: LogFormat,
}

/// How log lines are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

/// A setting that cannot be used; the message names the way out.
#[derive(Debug, Error)]
pub enum ConfigError {
    /// An address that others can reach.
    #[error(
        "{0} can be reached from other machines, and Berth asks nobody who they are: use a loopback address such as \
         127.0.0.1:7654, or add --i-know-this-is-open"
    )]
    Open(SocketAddr),
}

impl Config {
    /// Refuses what would be unsafe.
    ///
    /// # Errors
    /// When the address can be reached by others and the user did not say that this is meant.
    pub fn check(&self) -> Result<(), ConfigError> {
        if self.listen.ip().is_loopback() || self.i_know_this_is_open {
            Ok(())
        } else {
            Err(ConfigError::Open(self.listen))
        }
    }

    /// The namespaces to watch, sorted and each once; `None` for all.
    pub fn watched_namespaces(&self) -> Option<Vec<String>> {
        let mut namespaces = self.namespaces.clone();
        namespaces.sort();
        namespaces.dedup();
        Some(namespaces).filter(|namespaces| !namespaces.is_empty())
    }
}
