//! What the hub publishes for DNS.

use std::sync::Arc;

use arc_swap::ArcSwap;
use tokio::sync::watch;
use topology::Timestamp;
use topology::dns::{Answer, Directory, Name, Place, PodNames, QueryType, Rcode};

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
    /// The same of the pods, which make names where DNS answers [verified](topology::dns::PodNames::Verified) ones.
    pub pods_complete: bool,
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
        let unknown = answer.rcode == Rcode::NxDomain && !self.can_be_denied(name);
        if unknown { Answer { rcode: Rcode::ServFail, ..answer } } else { answer }
    }

    /// Whether everything is known that could make the name exist.
    fn can_be_denied(&self, name: &Name) -> bool {
        let watched = |namespace: &str| {
            self.namespaces.as_ref().is_none_or(|watched| watched.iter().any(|watched| watched == namespace))
        };
        let verified = self.directory.zone().pods == PodNames::Verified;
        self.complete
            && match self.directory.place_of(name) {
                Place::Services(namespace) => watched(&namespace) && !self.directory.is_undecided(name),
                Place::Pods(namespace) => {
                    watched(&namespace) && (self.pods_complete || !verified) && !self.directory.is_undecided(name)
                }
                Place::Address => self.namespaces.is_none(),
                Place::Zone => true,
            }
    }
}
