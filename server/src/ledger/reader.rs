//! How the API reads the ledger.

use std::sync::{Arc, OnceLock};

use thiserror::Error;

use super::Store;

/// Where the ledger is read; cheap to clone.
#[derive(Debug, Clone)]
pub struct Reader(Option<Arc<OnceLock<(Store, String)>>>);

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
        Self(None)
    }

    /// Of a ledger that is not open yet.
    pub fn waiting() -> Self {
        Self(Some(Arc::default()))
    }

    /// Of a ledger that is open.
    pub fn of(store: &Store, cluster: &str) -> Self {
        let reader = Self::waiting();
        reader.opened(store, cluster);
        reader
    }

    /// The ledger is open, and this is the cluster's identity in it.
    pub(super) fn opened(&self, store: &Store, cluster: &str) {
        if let Self(Some(opened)) = self {
            // It is opened once.
            let _ = opened.set((store.clone(), cluster.to_owned()));
        }
    }

    /// The database, and the cluster's identity in it.
    ///
    /// # Errors
    /// When there is none.
    pub fn store(&self) -> Result<(&Store, &str), Unreadable> {
        let opened = self.0.as_ref().ok_or(Unreadable::Off)?;
        opened.get().map(|(store, cluster)| (store, cluster.as_str())).ok_or(Unreadable::NotOpen)
    }
}
