//! What the DNS server counts.

use std::sync::atomic::{AtomicU64, Ordering};

/// How many packets came, and what became of those that were no good questions.
#[derive(Debug, Default)]
pub struct Counters {
    /// Questions that were answered, with whatever rcode.
    pub answered: Counter,
    /// Packets that are no DNS message but have a header to answer to: FORMERR, NOTIMP or BADVERS.
    pub malformed: Counter,
    /// Packets that nobody can be answered to: too short, or answers themselves.
    pub dropped: Counter,
    /// Answers that did not fit into a datagram.
    pub truncated: Counter,
    /// TCP connections that were refused, as there were too many.
    pub turned_away: Counter,
}

/// A number that only grows.
#[derive(Debug, Default)]
pub struct Counter(AtomicU64);

impl Counter {
    /// Counts one.
    pub fn count(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    /// How many were counted.
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}
