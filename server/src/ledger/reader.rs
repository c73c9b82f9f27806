//! How the API reads the ledger.

use std::sync::{Arc, OnceLock};

use thiserror::Error;
use topology::Timestamp;
use topology::dns::Zone;

use super::{Store, StoreError};
use crate::history::{Moment, Tape};

/// Where the ledger is read; cheap to clone.
#[derive(Debug, Clone)]
pub struct Reader {
    opened: Option<Arc<OnceLock<(Store, String)>>>,
    /// What is not written yet.
    tape: Option<Tape>,
}

/// Why the ledger cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Unreadable {
    /// None is kept.
    #[error("no history is kept: start berth with --ledger PATH or --ledger postgres://USER@HOST/DATABASE")]
    Off,
    /// It is not open.
    #[error("the ledger is not open yet; the status in /api/v1/topology says why, try again in a moment")]
    NotOpen,
}

impl Reader {
    /// Of a ledger that is off.
    pub const fn off() -> Self {
        Self { opened: None, tape: None }
    }

    /// Of a ledger that is not open yet.
    pub fn waiting(tape: &Tape) -> Self {
        Self { opened: Some(Arc::default()), tape: Some(tape.clone()) }
    }

    /// Of a ledger that is open.
    pub fn of(store: &Store, cluster: &str) -> Self {
        let reader = Self { opened: Some(Arc::default()), tape: None };
        reader.opened(store, cluster);
        reader
    }

    /// The ledger is open, and this is the cluster's identity in it.
    pub(super) fn opened(&self, store: &Store, cluster: &str) {
        if let Some(opened) = &self.opened {
            // It is opened once.
            let _ = opened.set((store.clone(), cluster.to_owned()));
        }
    }

    /// The database, and the cluster's identity in it.
    ///
    /// # Errors
    /// When there is none.
    pub fn store(&self) -> Result<(&Store, &str), Unreadable> {
        let opened = self.opened.as_ref().ok_or(Unreadable::Off)?;
        opened.get().map(|(store, cluster)| (store, cluster.as_str())).ok_or(Unreadable::NotOpen)
    }

    /// Waits, not for long, until what happened by that time is written.
    pub async fn settle(&self, at: Timestamp) {
        if let Some(tape) = &self.tape {
            tape.settle(at).await;
        }
    }

    /// The state of the cluster at a moment; `None` when none is kept of it.
    ///
    /// # Errors
    /// When there is no ledger, or it cannot be read.
    pub async fn moment(&self, zone: Zone, at: Timestamp) -> Result<Option<Moment>, ReadError> {
        self.settle(at).await;
        let (store, cluster) = self.store()?;
        Ok(Moment::at(store, cluster, zone, at).await?)
    }
}

/// Why nothing of the past can be told.
#[derive(Debug, Error)]
pub enum ReadError {
    /// There is no ledger to read.
    #[error(transparent)]
    Unreadable(#[from] Unreadable),
    /// It failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}
