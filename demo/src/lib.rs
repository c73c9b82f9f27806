//! An embedded cluster: a subset of the Kubernetes API over HTTP on loopback, with the controllers, the scheduler and the
//! kubelets that matter for StatefulSets, so that a workshop needs no Kubernetes.
//!
//! Requests come in through [`api`] and go to the [`registry`], which knows the rules of each kind and keeps the objects in
//! the [`store`]. The controllers use the registry as well, and live on the store's changes.
//!
//! ```
//! # #[tokio::main]
//! # async fn main() {
//! use demo::{Cluster, Options};
//!
//! let cluster = Cluster::start(Options::default()).await.expect("a free port");
//! println!("{}", demo::kubeconfig(cluster.address()));
//! cluster.stop().await.expect("nothing is to be kept");
//! # }
//! ```

pub mod api;
mod cluster;
mod controllers;
pub mod failure;
mod fields;
mod json;
pub mod kinds;
mod kubelet;
mod names;
mod pace;
pub mod registry;
mod resources;
mod runtime;
mod scheduler;
mod schema;
mod selectors;
mod shell;
pub mod store;
mod time;

pub use cluster::{Cluster, ClusterError, Content, MANIFESTS, MOST_NODES, Options, kubeconfig, manifest, objects};
pub use pace::Pace;
pub use shell::{MAX_TOLD, Ran};
