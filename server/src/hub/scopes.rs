//! The scopes that somebody looks at, and their channels.

use std::collections::HashMap;
use std::sync::Arc;

use tokio::sync::broadcast;
use topology::fold::Delta;
use topology::wire::{Scope, ServerMessage};
use topology::{Revision, SetKey};

use super::{Frame, message_for};

/// How many frames a client may be behind before it gets a snapshot instead.
const BEHIND: usize = 256;
/// With more scopes than this, those that nobody looks at any more are dropped at once: anybody can ask for any name.
const SWEEP: usize = 256;

/// Channels by scope; one without receivers is dropped at the next chance.
#[derive(Debug, Default)]
pub(super) struct Scopes {
    open: HashMap<Scope, Open>,
}

#[derive(Debug)]
struct Open {
    frames: broadcast::Sender<Arc<Frame>>,
    /// The latest snapshot, shared by all who subscribe at its revision.
    snapshot: Option<Arc<Frame>>,
}

impl Scopes {
    /// Sends each scope its part of the delta, written once.
    pub(super) fn publish(&mut self, delta: &Delta) {
        self.open.retain(|scope, open| {
            if open.frames.receiver_count() == 0 {
                return false;
            }
            if let Some(message) = message_for(scope, delta) {
                open.snapshot = None;
                // An error would mean that the last receiver went just now.
                let _ = open.frames.send(Arc::new(Frame::new(delta.revision, message)));
            }
            true
        });
    }

    pub(super) fn subscribe(&mut self, scope: Scope) -> broadcast::Receiver<Arc<Frame>> {
        self.open(scope).frames.subscribe()
    }

    /// The scope's snapshot: the one at hand if it is of this revision, else a new one.
    pub(super) fn snapshot(
        &mut self,
        scope: &Scope,
        now: Revision,
        make: impl FnOnce() -> ServerMessage,
    ) -> Arc<Frame> {
        let open = self.open(scope.clone());
        match &open.snapshot {
            Some(frame) if frame.revision == now => Arc::clone(frame),
            _ => {
                let frame = Arc::new(Frame::new(now, make()));
                open.snapshot = Some(Arc::clone(&frame));
                frame
            }
        }
    }

    /// The StatefulSets that somebody looks at.
    pub(super) fn sets(&self) -> impl Iterator<Item = &SetKey> {
        let watched = self.open.iter().filter(|(_, open)| open.frames.receiver_count() > 0);
        watched.filter_map(|(scope, _)| match scope {
            Scope::StatefulSet(set) => Some(set),
            Scope::Fleet | Scope::Deployment(_) => None,
        })
    }

    fn open(&mut self, scope: Scope) -> &mut Open {
        if self.open.len() > SWEEP && !self.open.contains_key(&scope) {
            self.open.retain(|_, open| open.frames.receiver_count() > 0);
        }
        self.open.entry(scope).or_insert_with(|| Open { frames: broadcast::Sender::new(BEHIND), snapshot: None })
    }
}
