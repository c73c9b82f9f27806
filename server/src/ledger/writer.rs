//! Brings rows from the recorder to the store, off the hub's path.

use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep, timeout};
use topology::Timestamp;
use topology::wire::{History, Source, Status};
use tracing::{info, warn};

use super::keeper::stopped;
use super::pruning::{Pruning, ROUND};
use super::recorder::Recorder;
use super::store::{Retention, Store, StoreError, Watched};
use super::{Place, Reader};
use crate::cluster::{self, Report, Resumed};
use crate::history::{Keeping, Part};

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
/// How long the last rows may take when the server stops.
const LAST_ROWS: Duration = Duration::from_secs(2);

/// The task that writes.
pub(super) struct Writer {
    /// Where to.
    pub(super) place: Place,
    /// The database, where it is open already.
    pub(super) store: Option<Store>,
    /// Where rows come from.
    pub(super) recorder: Recorder,
    /// Keeps every step.
    pub(super) keeping: Keeping,
    /// Who reads them.
    pub(super) reader: Reader,
    /// What is watched.
    pub(super) part: Part,
    /// Its namespaces; `None` is all.
    pub(super) namespaces: Option<Vec<String>>,
    /// Which run of the server this is.
    pub(super) run: u32,
    /// How the server stands to the cluster.
    pub(super) status: watch::Receiver<Status>,
    /// What is kept.
    pub(super) retention: Retention,
    /// How far what is too old was deleted.
    pub(super) pruning: Pruning,
    /// The way to the hub.
    pub(super) reports: mpsc::Sender<Report>,
    /// What the hub was told of it.
    pub(super) history: History,
    /// Whether the hub got what earlier runs knew.
    pub(super) resumed: bool,
    /// The clock.
    pub(super) clock: fn() -> Timestamp,
}

impl Writer {
    /// Opens the store, and tells the hub what it knows.
    pub(super) async fn begin(&mut self) {
        self.tell(History::Starting).await;
        if let Err(error) = self.open().await {
            self.failed(&error).await;
        }
    }

    /// Writes until the server stops; then what waits, if that is quick.
    pub(super) async fn run(mut self, mut stopping: watch::Receiver<bool>) {
        let mut prune = Instant::now();
        loop {
            let stop = tokio::select! {
                () = self.recorder.filled() => { sleep(GATHER).await; false }
                () = self.keeping.tape().filled() => { sleep(GATHER).await; false }
                () = sleep(HEARTBEAT) => false,
                () = stopped(&mut stopping) => true,
            };
            if stop {
                return self.end().await;
            }
            match self.write_all().await {
                Err(error) => {
                    self.failed(&error).await;
                    tokio::select! {
                        () = sleep(PAUSE) => {}
                        () = stopped(&mut stopping) => {}
                    }
                }
                Ok(()) if Instant::now() >= prune => {
                    if self.prune().await == 0 {
                        prune = Instant::now() + ROUND;
                    }
                }
                Ok(()) => {}
            }
        }
    }

    async fn end(mut self) {
        if timeout(LAST_ROWS, self.write_all()).await.is_err() {
            warn!(rows = self.recorder.waiting(), "rows of the ledger could not be written in time");
        }
        if let Some(store) = &self.store {
            // What was written stays, whether or not the connections end in time.
            let _ = timeout(LAST_ROWS, store.close()).await;
        }
    }

    /// The store, opened when it is not yet; the hub then gets what it knows.
    async fn open(&mut self) -> Result<Store, StoreError> {
        let store = match &self.store {
            Some(store) => store.clone(),
            None => match Store::open(&self.place).await? {
                Some(store) => self.store.insert(store).clone(),
                None => return Err(StoreError::Unusable("the ledger is off".to_owned())),
            },
        };
        if !self.resumed {
            let found = store.resume(self.part.cluster()).await?;
            let resumed =
                Resumed::new(found, &cluster::watches(self.namespaces.as_deref()), self.namespaces.as_deref());
            // Without a hub nobody needs it.
            let _ = self.reports.send(Report::Resumed(Box::new(resumed))).await;
            self.resumed = true;
            self.reader.opened(&store, &self.part);
        }
        Ok(store)
    }

    /// Writes what waits, and that the cluster is watched.
    async fn write_all(&mut self) -> Result<(), StoreError> {
        let store = self.open().await?;
        loop {
            // The time is taken before the rows are: what it says is not newer than they are.
            let watched = self.watched();
            let rows = self.recorder.take(BATCH);
            let last = rows.len() < BATCH;
            let heartbeat = watched.as_ref().filter(|_| last);
            if let Err(error) = store.write(self.part.cluster(), rows.clone(), heartbeat).await {
                self.recorder.put_back(rows);
                return Err(error);
            }
            if last {
                break;
            }
        }
        self.keeping.write(&store, &self.part).await?;
        self.tell(History::Kept { dropped: self.dropped() }).await;
        Ok(())
    }

    /// Until when everything was seen, while the server watches.
    fn watched(&self) -> Option<Watched> {
        let Source::Live { since } = self.status.borrow().source else { return None };
        // At its beginning everything was listed.
        let until = Timestamp::from_millis((self.clock)().as_millis() - LAG).max(since);
        Some(Watched { run: self.run, began: since, until, namespaces: self.namespaces.clone() })
    }

    /// How much there was no room for: rows, and events of what happened.
    fn dropped(&self) -> u64 {
        self.recorder.dropped() + self.keeping.tape().dropped()
    }

    async fn failed(&mut self, error: &StoreError) {
        let since = match &self.history {
            History::Failing { since, .. } => *since,
            History::Off | History::Starting | History::Kept { .. } => (self.clock)(),
        };
        let dropped = self.dropped();
        self.tell(History::Failing { since, problem: error.to_string(), dropped }).await;
    }

    /// Tells the hub when something is different now.
    async fn tell(&mut self, history: History) {
        match (&self.history, &history) {
            (History::Failing { .. }, History::Kept { dropped }) => {
                info!(place = %self.place, dropped, "history is being kept again");
            }
            (History::Starting, History::Kept { .. }) => info!(place = %self.place, "history is kept"),
            (History::Starting | History::Kept { .. }, History::Failing { problem, .. }) => {
                warn!(place = %self.place, problem, "history is not being kept; what is live goes on");
            }
            _ => {}
        }
        if self.history != history || history == History::Starting {
            self.history = history.clone();
            // Without a hub nobody needs it.
            let _ = self.reports.send(Report::History(history)).await;
        }
    }

    /// Deletes a step of what is too old or too much; how much that was.
    async fn prune(&mut self) -> u64 {
        let Some(store) = &self.store else { return 0 };
        let now = (self.clock)();
        match self.pruning.step(store, self.part.cluster(), self.retention, now).await {
            Ok((0, 0)) => 0,
            Ok((rows, segments)) => {
                info!(rows, segments, "old history was deleted");
                rows + segments
            }
            Err(error) => {
                warn!(%error, "old history cannot be deleted");
                0
            }
        }
    }
}
