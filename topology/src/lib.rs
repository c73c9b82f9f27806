//! The pure heart of Berth: facts of a Kubernetes cluster in, changes of its StatefulSets' topology out.
//!
//! Nothing in here does I/O, reads a clock or waits, and all of it compiles to WebAssembly: the server folds what it
//! watches with [`Topology`], and the page applies the same [`board::Change`]s to the same [`board::Board`]. The words
//! (identity, incarnation, lane, stage, revision) are those of `ARCHITECTURE.md`.
//!
//! - [`kubernetes`]: the API's objects, cut down to the fields that are used;
//! - [`facts`]: what an object says, as typed values, and the events of a watch;
//! - [`kubectl`]: the texts that `kubectl get pods` prints;
//! - [`fold`]: facts and a time in, the next state and its changes out;
//! - [`board`] and [`fleet`]: the state, about one StatefulSet and about all;
//! - [`crew`]: the pods of a Deployment, for contrast;
//! - [`order`]: what a controller does or waits for;
//! - [`dns`]: what the cluster's DNS serves;
//! - [`ledger`]: the lasting rows of incarnations, and how addresses changed;
//! - [`action`]: what may be done to a cluster, and the kubectl command for it;
//! - [`object_name`]: names that objects may have;
//! - [`wire`]: the protocol;
//! - [`trace`]: recorded watch streams.

pub mod action;
pub mod board;
pub mod crew;
pub mod dns;
pub mod facts;
pub mod fleet;
pub mod fold;
mod identity;
pub mod kubectl;
pub mod kubernetes;
pub mod ledger;
pub mod object_name;
pub mod order;
mod stage;
mod time;
#[cfg(not(target_family = "wasm"))]
pub mod trace;
pub mod wire;

pub use fold::Topology;
pub use identity::{Ordinal, ResourceVersion, Revision, SetKey, Uid};
pub use stage::Stage;
pub use time::Timestamp;
