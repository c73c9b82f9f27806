//! What the hub publishes for DNS.

use std::sync::Arc;

use arc_swap::ArcSwap;
use tokio::sync::watch;
use topology::Timestamp;
use topology::dns::{Answer, Directory, Name, QueryType, Rcode};

/// What DNS must serve, at one revision.
#[derive(Debug, Clone, Default)]
pub struct Published {
    /// When that was so first, at the latest.
    pub at: Timestamp,
    /// The records.
    pub directory: Directory,
    /// Whether every Service and slice of the watched namespaces is known: before the first lists are in, or without
    /// leave to see them, nothing can be said of a name that is not found.
    pub complete: bool,
    /// The namespaces that are watched; `None` is all.
    pub namespaces: Option<Arc<[String]>>,
}

/// The latest [`Published`]. Reading it never waits, and whoever publishes never waits for readers.
#[derive(Debug, Clone, Default)]
pub struct Shared {
    latest: Arc<ArcSwap<Published>>,
    changed: watch::Sender<()>,
}

impl Shared {
    /// Puts a new one in place of the one before.
    pub fn publish(&self, published: Published) {
        self.latest.store(Arc::new(published));
        self.changed.send_replace(());
    }

    /// The latest one.
    pub fn latest(&self) -> Arc<Published> {
        self.latest.load_full()
    }

    /// Tells when there is a newer one.
    pub fn changes(&self) -> watch::Receiver<()> {
        self.changed.subscribe()
    }

    /// A reader that finds the latest one quickly, again and again.
    pub fn reader(&self) -> Reader {
        Reader(arc_swap::Cache::new(Arc::clone(&self.latest)))
    }
}

/// Keeps the latest [`Published`] at hand; one for each task.
pub struct Reader(arc_swap::Cache<Arc<ArcSwap<Published>>, Arc<Published>>);

impl Reader {
    /// The latest one.
    pub fn latest(&mut self) -> &Published {
        self.0.load()
    }
}

impl Published {
    /// The answer to a question. That a name does not exist is said only where it can be known.
    pub fn answer(&self, name: &Name, kind: QueryType) -> Answer {
        let answer = self.directory.answer(name, kind);
        let can_be_known = || self.complete && self.watches(name) && !self.directory.is_undecided(name);
        let unknown = answer.rcode == Rcode::NxDomain && !can_be_known();
        if unknown { Answer { rcode: Rcode::ServFail, ..answer } } else { answer }
    }

    fn watches(&self, name: &Name) -> bool {
        let Some(watched) = &self.namespaces else { return true };
        let namespace = self.directory.namespace_of(name);
        namespace.is_some_and(|namespace| watched.contains(&namespace))
    }
}
