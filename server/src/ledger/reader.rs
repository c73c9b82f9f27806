//! How the API reads the ledger.

use std::sync::{Arc, OnceLock};

use thiserror::Error;
use topology::Timestamp;
use topology::dns::Zone;

use super::{Store, StoreError};
use crate::history::{Moment, Part, Tape};

/// Where the ledger is read; cheap to clone.
#[derive(Debug, Clone)]
pub struct Reader {
    opened: Option<Arc<OnceLock<(Store, Part)>>>,
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
    pub fn of(store: &Store, part: &Part) -> Self {
        let reader = Self { opened: Some(Arc::default()), tape: None };
        reader.opened(store, part);
        reader
    }

    /// The ledger is open, and this is what the server watches.
    pub(super) fn opened(&self, store: &Store, part: &Part) {
        if let Some(opened) = &self.opened {
            // It is opened once.
            let _ = opened.set((store.clone(), part.clone()));
        }
    }

    /// The database, and what the server watches.
    ///
    /// # Errors
    /// When there is none.
    pub fn store(&self) -> Result<(&Store, &Part), Unreadable> {
        let opened = self.opened.as_ref().ok_or(Unreadable::Off)?;
        opened.get().map(|(store, part)| (store, part)).ok_or(Unreadable::NotOpen)
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
        let (store, part) = self.store()?;
        Ok(Moment::at(store, part, zone, at).await?)
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
