//! Brings rows from the recorder to the store, off the hub's path.

use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, sleep, timeout};
use topology::Timestamp;
use topology::wire::{Source, Status};
use tracing::{info, warn};

use super::Place;
use super::recorder::{Keeping, Recorder};
use super::store::{Retention, Store, StoreError, Watched};

/// How long rows gather before they are written.
const GATHER: Duration = Duration::from_millis(100);
/// How many rows are written in one transaction at most.
const BATCH: usize = 1_000;
/// How often it is written down that the cluster is watched.
const HEARTBEAT: Duration = Duration::from_secs(1);
/// Between what a watch has seen for certain and now: the reports under way, and those of a slow API server.
const LAG: i64 = 1_000;
/// The pause after a failure.
const PAUSE: Duration = Duration::from_secs(2);
/// How often old rows are deleted.
const PRUNE: Duration = Duration::from_secs(600);
/// Between two steps of deleting, so that writing is not held up.
const PRUNE_PAUSE: Duration = Duration::from_millis(50);
/// How long the last rows may take when the server stops.
const LAST_ROWS: Duration = Duration::from_secs(2);

/// The task that writes.
#[derive(Debug)]
pub struct Writer {
    /// Where to.
    pub place: Place,
    /// The database, where it is open already.
    pub store: Option<Store>,
    /// Where rows come from.
    pub recorder: Recorder,
    /// The cluster's identity.
    pub cluster: String,
    /// The namespaces that are watched; `None` is all.
    pub namespaces: Option<Vec<String>>,
    /// Which run of the server this is.
    pub run: u32,
    /// How the server stands to the cluster.
    pub status: watch::Receiver<Status>,
    /// What is kept.
    pub retention: Retention,
    /// The clock.
    pub clock: fn() -> Timestamp,
}

impl Writer {
    /// Writes until the server stops; then what waits, if that is quick.
    pub async fn run(mut self, mut stopping: watch::Receiver<bool>) {
        let mut prune = Instant::now();
        loop {
            let stop = tokio::select! {
                () = self.recorder.filled() => { sleep(GATHER).await; false }
                () = sleep(HEARTBEAT) => false,
                _ = stopping.wait_for(|stopping| *stopping) => true,
            };
            if stop {
                if timeout(LAST_ROWS, self.write_all()).await.is_err() {
                    warn!(rows = self.recorder.waiting(), "rows of the ledger could not be written in time");
                }
                if let Some(store) = &self.store {
                    let _ = timeout(LAST_ROWS, store.close()).await;
                }
                return;
            }
            let written = self.write_all().await;
            if let Err(error) = written {
                let passing = error.is_passing();
                self.failed(&error);
                if !passing {
                    return;
                }
                tokio::select! {
                    () = sleep(PAUSE) => {}
                    _ = stopping.wait_for(|stopping| *stopping) => {}
                }
            } else if prune.elapsed() >= PRUNE || prune.elapsed().is_zero() {
                prune = Instant::now();
                self.prune().await;
            }
        }
    }

    /// Writes what waits, and that the cluster is watched.
    async fn write_all(&mut self) -> Result<(), StoreError> {
        let store = match &self.store {
            Some(store) => store.clone(),
            None => match Store::open(&self.place).await? {
                Some(store) => self.store.insert(store).clone(),
                None => return Ok(()),
            },
        };
        loop {
            // The time is taken before the rows are: what it says is not newer than they are.
            let watched = self.watched();
            let rows = self.recorder.take(BATCH);
            let last = rows.len() < BATCH;
            let heartbeat = watched.as_ref().filter(|_| last);
            if let Err(error) = store.write(&self.cluster, rows.clone(), heartbeat).await {
                self.recorder.put_back(rows);
                return Err(error);
            }
            if last {
                break;
            }
        }
        if !matches!(*self.recorder.keeping().borrow(), Keeping::Kept) {
            info!(place = %self.place, dropped = self.recorder.dropped(), "the ledger is kept");
            self.recorder.tell(Keeping::Kept);
        }
        Ok(())
    }

    /// Until when everything was seen, while the server watches.
    fn watched(&self) -> Option<Watched> {
        let Source::Live { since } = self.status.borrow().source else { return None };
        let until = Timestamp::from_millis((self.clock)().as_millis() - LAG);
        let namespaces = self.namespaces.clone();
        (until >= since).then_some(Watched { run: self.run, began: since, until, namespaces })
    }

    fn failed(&self, error: &StoreError) {
        let since = match &*self.recorder.keeping().borrow() {
            Keeping::Failing { since, .. } => *since,
            Keeping::Off | Keeping::Starting | Keeping::Kept => (self.clock)(),
        };
        if !matches!(*self.recorder.keeping().borrow(), Keeping::Failing { .. }) {
            warn!(place = %self.place, %error, "history is not being kept; what is live goes on");
        }
        self.recorder.tell(Keeping::Failing { since, problem: error.to_string() });
    }

    async fn prune(&self) {
        let Some(store) = &self.store else { return };
        loop {
            match store.prune(&self.cluster, self.retention, (self.clock)()).await {
                Ok(0) => return,
                Ok(rows) => info!(rows, "old rows of the ledger were deleted"),
                Err(error) => return warn!(%error, "old rows of the ledger cannot be deleted"),
            }
            sleep(PRUNE_PAUSE).await;
        }
    }
}
