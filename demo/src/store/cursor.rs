//! A place in the changes of one kind.

use tokio::sync::watch;

use super::{Compacted, Event, Store};
use crate::kinds::Kind;

/// How many changes are read at once.
const BATCH: usize = 256;

/// A place in the changes of one kind, from where they are read on.
#[derive(Debug)]
pub struct Cursor {
    kind: Kind,
    after: u64,
    /// Whether there was more than a batch when it was read last.
    behind: bool,
    changed: watch::Receiver<u64>,
}

impl Cursor {
    pub(super) fn new(kind: Kind, after: u64, changed: watch::Receiver<u64>) -> Self {
        Self { kind, after, behind: false, changed }
    }

    /// The revision up to which every change was read.
    pub const fn revision(&self) -> u64 {
        self.after
    }

    /// Whether there are changes that were there already when it was read last: nothing tells of those any more.
    pub const fn is_behind(&self) -> bool {
        self.behind
    }

    /// The changes that came since, if there are any; at most a batch of them.
    ///
    /// # Errors
    /// When some of them are no longer kept.
    pub fn read(&mut self, store: &Store) -> Result<Vec<Event>, Compacted> {
        self.changed.borrow_and_update();
        let state = store.read();
        let after = state.kinds[self.kind.index()].history.after(self.after)?;
        let complete = after.len() <= BATCH;
        let events: Vec<Event> = after.take(BATCH).cloned().collect();
        self.behind = !complete;
        self.after = match events.last() {
            Some(last) if !complete => last.revision(),
            _ => state.revision.max(self.after),
        };
        Ok(events)
    }

    /// Waits for changes, and reads them.
    ///
    /// # Errors
    /// When some of them are no longer kept.
    pub async fn next(&mut self, store: &Store) -> Result<Vec<Event>, Compacted> {
        loop {
            let events = self.read(store)?;
            if !events.is_empty() {
                return Ok(events);
            }
            if self.changed.changed().await.is_err() {
                std::future::pending::<()>().await; // the store is gone: nothing will ever change
            }
        }
    }
}
