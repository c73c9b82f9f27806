//! What waits to be seen to: each object once, some only later.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque};
use std::time::Duration;

use tokio::time::Instant;

use crate::store::Key;

/// How long a step that failed waits first; each time after that twice as long.
const FIRST_WAIT: Duration = Duration::from_millis(5);

/// The longest that a step which failed waits.
const LONGEST_WAIT: Duration = Duration::from_secs(60);

/// What waits to be seen to.
#[derive(Debug, Default)]
pub(crate) struct Queue {
    now: VecDeque<Key>,
    waiting: HashSet<Key>,
    later: BTreeMap<Instant, BTreeSet<Key>>,
    failed: HashMap<Key, u32>,
}

impl Queue {
    /// An object is to be seen to.
    pub(crate) fn add(&mut self, key: Key) {
        if self.waiting.insert(key.clone()) {
            self.now.push_back(key);
        }
    }

    /// An object is to be seen to after a while.
    pub(crate) fn add_after(&mut self, key: Key, wait: Duration) {
        self.later.entry(Instant::now() + wait).or_default().insert(key);
    }

    /// A step failed: it is tried again, after a while that grows.
    pub(super) fn failed(&mut self, key: Key) {
        let times = self.failed.entry(key.clone()).or_default();
        let wait = FIRST_WAIT.saturating_mul(2_u32.saturating_pow(*times)).min(LONGEST_WAIT);
        *times += 1;
        self.add_after(key, wait);
    }

    /// A step went well.
    pub(super) fn succeeded(&mut self, key: &Key) {
        self.failed.remove(key);
    }

    /// When the next one is due that waits for its time.
    pub(super) fn due(&self) -> Option<Instant> {
        self.later.keys().next().copied()
    }

    /// The next one that is to be seen to.
    pub(super) fn pop(&mut self) -> Option<Key> {
        let now = Instant::now();
        while let Some(entry) = self.later.first_entry().filter(|entry| *entry.key() <= now) {
            for key in entry.remove() {
                self.add(key);
            }
        }
        let key = self.now.pop_front()?;
        self.waiting.remove(&key);
        Some(key)
    }
}
