//! Between the hub and the writer: a bounded queue of steps.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, watch};
use tokio::time::timeout;
use topology::Timestamp;
use topology::fold::{Input, Snapshot, Step};

/// How many events may wait to be written.
pub const WAITING: usize = 100_000;
/// How long a question waits for what is about to be written.
const SETTLING: Duration = Duration::from_secs(2);

/// Takes the hub's steps; cheap to clone.
#[derive(Debug, Clone)]
pub struct Tape {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    waiting: Mutex<Waiting>,
    limit: usize,
    filled: Notify,
    written: watch::Sender<Written>,
}

#[derive(Debug, Default)]
struct Waiting {
    items: VecDeque<Item>,
    events: usize,
    /// How many items were put, in all.
    put: u64,
    dropped: u64,
    gap: Gap,
}

/// Whether the steps follow on each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Gap {
    #[default]
    None,
    /// Some were dropped, and there is no room yet.
    Open,
    /// There is room again: what follows needs a whole state to follow on.
    Closing,
}

/// How far the writer is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Written {
    items: u64,
    until: Timestamp,
}

/// What is written.
#[derive(Debug)]
pub(super) enum Item {
    /// A step.
    Step(Step),
    /// The whole state, after something was dropped.
    Whole(Timestamp, Box<Snapshot>),
}

impl Tape {
    /// A tape on which `limit` events may wait.
    pub fn new(limit: usize) -> Self {
        let (waiting, filled) = (Mutex::default(), Notify::new());
        let written = watch::Sender::new(Written { items: 0, until: Timestamp::from_millis(i64::MIN) });
        Self { shared: Arc::new(Shared { waiting, limit, filled, written }) }
    }

    /// Takes a step without waiting. When there is no room for it, what waits is dropped with it: nothing could follow on
    /// steps with a hole between them. History then goes on from a whole state.
    pub fn put(&self, at: Timestamp, what: Input) {
        let mut waiting = self.waiting();
        let size = what.size().max(1);
        if waiting.gap != Gap::None {
            waiting.dropped += size as u64;
        } else if waiting.events > 0 && waiting.events + size > self.shared.limit {
            waiting.dropped += (waiting.events + size) as u64;
            waiting.items.clear();
            waiting.events = 0;
            waiting.gap = Gap::Open;
        } else {
            waiting.events += size;
            waiting.push(Item::Step(Step { at, what }));
        }
        drop(waiting);
        self.shared.filled.notify_one();
    }

    /// Whether it goes on only with the whole state.
    pub fn wants_whole(&self) -> bool {
        self.waiting().gap == Gap::Closing
    }

    /// Takes the whole state: what comes from now on follows on it.
    pub fn put_whole(&self, at: Timestamp, state: Snapshot) {
        let mut waiting = self.waiting();
        waiting.gap = Gap::None;
        waiting.events += 1;
        waiting.push(Item::Whole(at, Box::new(state)));
        drop(waiting);
        self.shared.filled.notify_one();
    }

    /// How many events were dropped.
    pub fn dropped(&self) -> u64 {
        self.waiting().dropped
    }

    /// Takes out about as many events as may be packed at once.
    pub(super) fn take(&self, limit: usize) -> Vec<Item> {
        let mut waiting = self.waiting();
        if waiting.gap == Gap::Open {
            waiting.gap = Gap::Closing;
        }
        let (mut taken, mut events) = (Vec::new(), 0);
        while events < limit {
            let Some(item) = waiting.items.pop_front() else { break };
            events += item.size();
            taken.push(item);
        }
        waiting.events = waiting.events.saturating_sub(events);
        taken
    }

    /// So many more items are written, up to this time.
    pub(super) fn wrote(&self, items: u64, until: Timestamp) {
        self.shared.written.send_modify(|written| {
            written.items += items;
            written.until = until.max(written.until);
        });
    }

    /// Done when what was put until now can be read, as far as it is of that time or before; or after a while, when it
    /// cannot be written.
    pub async fn settle(&self, at: Timestamp) {
        let put = self.waiting().put;
        let mut written = self.shared.written.subscribe();
        // An error means that there is no writer any more, which the tape outlives.
        let _ = timeout(SETTLING, written.wait_for(|written| written.items >= put || written.until > at)).await;
    }

    /// Done when something has come since it was asked last.
    pub(crate) async fn filled(&self) {
        self.shared.filled.notified().await;
    }

    /// Nothing that is done under the lock can leave it half changed.
    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.shared.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Waiting {
    fn push(&mut self, item: Item) {
        self.items.push_back(item);
        self.put += 1;
    }
}

impl Item {
    fn size(&self) -> usize {
        match self {
            Self::Step(step) => step.what.size().max(1),
            Self::Whole(..) => 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use topology::Topology;
    use topology::facts::{Event, Kind, Observation, Watch};

    use super::*;

    fn input(events: usize) -> Input {
        let observation = Observation { watch: Watch::everywhere(Kind::Pod), event: Event::CaughtUp };
        Input::Observed(vec![observation; events])
    }

    #[test]
    fn given_a_full_tape_when_more_comes_then_it_is_counted_and_history_goes_on_from_a_whole_state() {
        let at = Timestamp::from_millis(5);
        let tape = Tape::new(10);
        tape.put(at, input(4));
        tape.put(at, input(6));
        assert_eq!((tape.dropped(), tape.wants_whole()), (0, false));
        tape.put(at, input(1));
        assert_eq!((tape.dropped(), tape.wants_whole()), (11, false), "what waited is of no use without it");
        tape.put(at, input(2));
        assert_eq!(tape.dropped(), 13);
        // Only a writer that works asks for more.
        assert!(tape.take(100).is_empty() && tape.wants_whole());
        tape.put_whole(at, Topology::default().snapshot());
        tape.put(at, input(3));
        assert!(matches!(tape.take(100).as_slice(), [Item::Whole(..), Item::Step(_)]));
        assert_eq!((tape.dropped(), tape.wants_whole()), (13, false));
    }

    #[test]
    fn given_a_first_list_that_is_larger_than_the_tape_when_put_then_it_is_kept() {
        let tape = Tape::new(10);
        tape.put(Timestamp::default(), input(50));
        assert_eq!((tape.dropped(), tape.take(1).len()), (0, 1));
    }
}
