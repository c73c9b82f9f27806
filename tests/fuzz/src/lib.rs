//! What the fuzz targets share: the server's own files for DNS packets, and a cluster to ask about.
//!
//! The files are taken by their paths rather than from the server's crate, as that takes the page with it: half an hour
//! to build with a sanitizer, for three files without I/O.

#[allow(dead_code, reason = "the server uses all of it")]
pub mod dns;

use std::sync::LazyLock;

use topology::Topology;
use topology::trace;

/// A cluster with Services of all kinds, as it was recorded.
pub static PUBLISHED: LazyLock<dns::Published> = LazyLock::new(|| {
    let mut topology = Topology::default();
    for recorded in [include_str!("../../traces/services.jsonl"), include_str!("../../traces/seed.jsonl")] {
        let entries = trace::parse(recorded).expect("a readable trace");
        for (at, observation) in trace::observations(&entries) {
            topology.apply(at, [observation]);
        }
    }
    dns::Published { directory: topology.directory().clone(), complete: true, ..dns::Published::default() }
});
