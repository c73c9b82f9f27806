//! Keeps a ledger beside the watches: they begin where an earlier run ended, and what they bring is written.

use std::sync::Arc;

use tokio::sync::{mpsc, watch};
use topology::Timestamp;
use topology::dns::Zone;
use topology::wire::{History, Status};
use tracing::warn;

use super::pruning::Pruning;
use super::writer::Writer;
use super::{BUFFER, Place, Reader, Recorder, Retention, Store, StoreError};
use crate::cluster::{self, Connector, Report};
use crate::history::{Keeping, Limits, Part, Tape, WAITING};

/// How many events are kept in memory at most: some fifty megabytes.
const IN_MEMORY: u64 = 500_000;

/// A ledger that is to be kept.
#[derive(Debug)]
pub struct Keeper {
    place: Place,
    store: Option<Store>,
    retention: Retention,
    recorder: Recorder,
    tape: Tape,
    reader: Reader,
}

/// Of what a ledger is kept.
pub struct Run {
    /// The namespaces that are watched; `None` is all.
    pub namespaces: Option<Vec<String>>,
    /// What the cluster's DNS is set to.
    pub zone: Zone,
    /// The way to the hub.
    pub reports: mpsc::Sender<Report>,
    /// How the server stands to the cluster.
    pub status: watch::Receiver<Status>,
    /// Which run of the server this is.
    pub run: u32,
    /// The clock.
    pub clock: fn() -> Timestamp,
    /// Turns true when the server stops.
    pub stopping: watch::Receiver<bool>,
}

impl Keeper {
    /// Opens the ledger; `None` when it is off. One that cannot be opened now is tried again while it is kept.
    ///
    /// # Errors
    /// When it never can: another version wrote it, or it is something else.
    pub async fn open(place: Place, mut retention: Retention) -> Result<Option<Self>, StoreError> {
        if place == Place::Memory {
            retention.events = retention.events.min(IN_MEMORY);
        }
        let store = match Store::open(&place).await {
            Ok(None) => return Ok(None),
            Ok(store) => store,
            Err(error) if error.is_passing() => {
                warn!(%place, %error, "the ledger cannot be opened now");
                None
            }
            Err(error) => return Err(error),
        };
        let (recorder, tape) = (Recorder::new(BUFFER), Tape::new(WAITING));
        let reader = Reader::waiting(&tape);
        Ok(Some(Self { place, store, retention, recorder, tape, reader }))
    }

    /// Takes the hub's rows.
    pub fn recorder(&self) -> &Recorder {
        &self.recorder
    }

    /// Takes the hub's steps.
    pub fn tape(&self) -> &Tape {
        &self.tape
    }

    /// Where the ledger is read.
    pub fn reader(&self) -> &Reader {
        &self.reader
    }

    /// Asks which cluster it is, gives the hub what the ledger knows of it, and only then watches, and writes until the
    /// server stops.
    pub async fn keep(self, connector: Arc<Connector>, run: Run) {
        let (mut stopping, reports, namespaces) = (run.stopping.clone(), run.reports.clone(), run.namespaces.clone());
        let cluster = tokio::select! {
            cluster = cluster::identity(&connector, &reports) => cluster,
            () = stopped(&mut stopping) => None,
        };
        let Some(cluster) = cluster else { return };
        let mut writer = self.writer(&cluster, run);
        // Before anything is observed, where that is possible.
        writer.begin().await;
        let _watches = cluster::start(&connector, namespaces.as_deref(), &reports);
        writer.run(stopping).await;
    }

    /// Writes what is told of a recording, of which nothing can be known before, until the server stops.
    pub async fn keep_replay(self, run: Run) {
        let stopping = run.stopping.clone();
        let mut writer = self.writer("recording", run);
        writer.begin().await;
        writer.run(stopping).await;
    }

    fn writer(self, cluster: &str, run: Run) -> Writer {
        let Run { namespaces, zone, reports, status, run, clock, stopping: _ } = run;
        Writer {
            place: self.place,
            store: self.store,
            recorder: self.recorder,
            keeping: Keeping::new(self.tape, zone, run, Limits::default()),
            reader: self.reader,
            part: Part::new(cluster, namespaces.as_deref()),
            namespaces,
            run,
            status,
            retention: self.retention,
            pruning: Pruning::default(),
            reports,
            history: History::Starting,
            resumed: false,
            clock,
        }
    }
}

/// Done when the server stops.
pub(super) async fn stopped(stopping: &mut watch::Receiver<bool>) {
    // An error means that the server is gone: that is the same. What is borrowed must not live on.
    let _ = stopping.wait_for(|stopping| *stopping).await;
}
