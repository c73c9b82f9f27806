//! What tells a controller of something that is not in the store.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::Notify;

use crate::store::Key;

/// The objects that are to be seen to for a reason that is not in the store; each is kept once.
#[derive(Debug, Clone, Default)]
pub(crate) struct Bell {
    keys: Arc<Mutex<BTreeSet<Key>>>,
    rung: Arc<Notify>,
}

impl Bell {
    /// An object is to be seen to.
    pub(crate) fn ring(&self, key: Key) {
        self.keys.lock().unwrap_or_else(PoisonError::into_inner).insert(key);
        self.rung.notify_one();
    }

    /// The objects for which it was rung since.
    pub(super) fn answer(&self) -> BTreeSet<Key> {
        std::mem::take(&mut *self.keys.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Waits until it is rung.
    pub(super) async fn rung(&self) {
        self.rung.notified().await;
    }
}
