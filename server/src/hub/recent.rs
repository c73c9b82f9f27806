//! The latest changes, kept so that a client that was away for a moment gets only what it missed.

use std::collections::VecDeque;
use std::sync::Arc;

use topology::Revision;
use topology::fold::Delta;
use topology::wire::Scope;

use super::{Frame, message_for};

/// How many revisions are kept.
const REVISIONS: usize = 4_096;
/// How many steps they may have in all: one revision can be a whole first list.
const STEPS: usize = 50_000;
/// With more frames than this to catch up, a snapshot is cheaper.
const MISSED: usize = 256;

/// The latest changes, oldest first, without a hole.
#[derive(Debug, Default)]
pub(super) struct Recent {
    deltas: VecDeque<(usize, Delta)>,
    steps: usize,
}

impl Recent {
    pub(super) fn push(&mut self, delta: Delta) {
        let of_boards: usize = delta.boards.iter().map(|(_, changes)| changes.len()).sum();
        let of_crews: usize = delta.crews.iter().map(|(_, changes)| changes.len()).sum();
        let steps = of_boards + of_crews + delta.fleet.len();
        self.steps += steps;
        self.deltas.push_back((steps, delta));
        while self.deltas.len() > REVISIONS || self.steps > STEPS {
            let Some((steps, _)) = self.deltas.pop_front() else { break };
            self.steps -= steps;
        }
    }

    /// What a scope's client at `since` missed until `now`. `None` when it is not known any more, or never was (a
    /// revision of the future), or is more than a snapshot.
    pub(super) fn since(&self, since: Revision, now: Revision, scope: &Scope) -> Option<Vec<Arc<Frame>>> {
        if since == now {
            return Some(Vec::new());
        }
        let (_, oldest) = self.deltas.front()?;
        if since > now || oldest.revision > since.next() {
            return None;
        }
        let missed = self.deltas.iter().rev().take_while(|(_, delta)| delta.revision > since);
        let mut frames: Vec<Arc<Frame>> = missed
            .filter_map(|(_, delta)| Some(Arc::new(Frame::new(delta.revision, message_for(scope, delta)?))))
            .take(MISSED + 1)
            .collect();
        frames.reverse();
        (frames.len() <= MISSED).then_some(frames)
    }
}
