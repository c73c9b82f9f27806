//! The server: watches a cluster, keeps its topology, and shows it.
//!
//! - [`act`]: doing what a reader asked for;
//! - [`config`]: what the user asked for;
//! - [`console`]: lines on standard output;
//! - [`cluster`]: watches of a Kubernetes API, turned into facts;
//! - [`hub`]: the one owner of the state;
//! - [`demo`]: the embedded cluster, and Berth on it;
//! - [`dns`]: a DNS server that answers as the cluster's own must;
//! - [`history`]: every step, kept, so that any moment can be shown again;
//! - [`ledger`]: the rows of incarnations, kept in a database;
//! - [`recording`]: what watches brought, in a file, and the page from it;
//! - [`walkthrough`]: the demo's steps, and which were done;
//! - [`web`]: the page, the stream and the API;
//! - [`serve`]: all of them together.

pub mod act;
pub mod clock;
pub mod cluster;
pub mod config;
pub mod console;
pub mod demo;
pub mod dns;
pub mod history;
pub mod hub;
pub mod ledger;
pub mod recording;
pub mod serve;
pub mod walkthrough;
pub mod web;
