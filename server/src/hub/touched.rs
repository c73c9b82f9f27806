//! Names that changed a moment ago: the cluster's DNS is asked about them, whether somebody looks or not.

use std::collections::VecDeque;

use topology::Timestamp;
use topology::fold::{Delta, Touched};

/// How long a change is a moment ago, in milliseconds: longer than most clusters' DNS takes to follow.
const MOMENT: i64 = 60_000;
/// How many changes are kept, the latest ones.
const MAX_CHANGES: usize = 64;
/// A change of more names than this is one of the whole Service, as of a first list.
const MAX_LABELS: usize = 16;

/// The latest changes of endpoints, in order.
#[derive(Debug, Default)]
pub(super) struct LatelyTouched {
    changes: VecDeque<(Timestamp, Touched)>,
}

impl LatelyTouched {
    pub(super) fn push(&mut self, delta: &Delta) {
        let few = delta.touched().filter(|touched| touched.labels.len() <= MAX_LABELS).take(MAX_CHANGES);
        self.changes.extend(few.map(|touched| (delta.at, touched)));
        self.changes.drain(..self.changes.len().saturating_sub(MAX_CHANGES));
    }

    /// Those that are not too long ago.
    pub(super) fn since(&mut self, now: Timestamp) -> impl Iterator<Item = &(Timestamp, Touched)> {
        while self.changes.front().is_some_and(|(at, _)| now.millis_since(*at) > MOMENT) {
            self.changes.pop_front();
        }
        self.changes.iter()
    }
}
