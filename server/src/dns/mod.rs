//! DNS: a server that answers as the cluster's own must, and a probe that asks whether the cluster's does.
//!
//! The hub publishes what DNS must serve ([`Shared`]) and never waits for who reads it. [`packet`] turns a packet into a
//! packet; [`Server`] listens, on UDP in a thread of its own and on TCP within limits. [`probe`] asks, as a client.

mod counters;
pub mod packet;
pub mod probe;
mod search;
mod server;
mod shared;
mod tcp;
mod udp;

pub use counters::Counters;
pub use search::Search;
pub use server::{ListenError, Server};
pub use shared::{Published, Shared};
