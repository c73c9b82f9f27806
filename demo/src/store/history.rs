//! The latest changes of one kind.

use std::collections::VecDeque;
use std::sync::Arc;

use thiserror::Error;

use super::{Limits, Object};

/// What happened to an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// It came.
    Added,
    /// It has a new version.
    Modified,
    /// It went.
    Deleted,
}

/// A change.
#[derive(Debug, Clone)]
pub struct Event {
    /// What happened.
    pub change: Change,
    /// The object after it; its last version when it went.
    pub object: Arc<Object>,
    /// The object before it.
    pub previous: Option<Arc<Object>>,
}

impl Event {
    /// The revision of the change.
    pub fn revision(&self) -> u64 {
        self.object.revision
    }
}

/// The changes since a revision are not all kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("the changes up to revision {up_to} are no longer kept")]
pub struct Compacted {
    /// The last revision whose change is gone.
    pub up_to: u64,
}

/// The latest changes, in their order.
#[derive(Debug, Default)]
pub(super) struct History {
    events: VecDeque<Event>,
    bytes: usize,
    /// The last revision whose change is gone.
    compacted: u64,
}

impl History {
    pub(super) fn push(&mut self, event: Event, limits: Limits) {
        self.bytes += event.object.size();
        self.events.push_back(event);
        while self.events.len() > limits.changes || self.bytes > limits.change_bytes {
            let Some(oldest) = self.events.pop_front() else { break };
            self.bytes -= oldest.object.size();
            self.compacted = oldest.revision();
        }
    }

    /// Forgets everything up to a revision.
    pub(super) fn compact(&mut self, revision: u64) {
        self.events.clear();
        self.bytes = 0;
        self.compacted = revision;
    }

    /// The changes after a revision.
    pub(super) fn after(
        &self,
        revision: u64,
    ) -> Result<impl DoubleEndedIterator<Item = &Event> + ExactSizeIterator, Compacted> {
        if revision < self.compacted {
            return Err(Compacted { up_to: self.compacted });
        }
        let first = self.events.partition_point(|event| event.revision() <= revision);
        Ok(self.events.range(first..))
    }
}
