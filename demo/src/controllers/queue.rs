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
    /// When each one is due that waits for its time: of several times the first.
    due: HashMap<Key, Instant>,
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
        let due = Instant::now() + wait;
        match self.due.get(&key) {
            Some(known) if *known <= due => return,
            Some(known) => {
                if let Some(keys) = self.later.get_mut(known) {
                    keys.remove(&key);
                }
            }
            None => {}
        }
        self.due.insert(key.clone(), due);
        self.later.entry(due).or_default().insert(key);
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
                self.due.remove(&key);
                self.add(key);
            }
        }
        let key = self.now.pop_front()?;
        self.waiting.remove(&key);
        Some(key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(name: &str) -> Key {
        Key::new("default", name)
    }

    #[tokio::test(start_paused = true)]
    async fn given_objects_when_added_several_times_then_each_comes_once_and_when_it_is_first_due() {
        let mut queue = Queue::default();
        queue.add(key("now"));
        queue.add(key("now"));
        for seconds in [5, 2, 9] {
            queue.add_after(key("later"), Duration::from_secs(seconds));
        }
        assert_eq!(queue.pop(), Some(key("now")));
        assert_eq!(queue.pop(), None);
        tokio::time::advance(Duration::from_secs(2)).await;
        assert_eq!(queue.pop(), Some(key("later")));
        tokio::time::advance(Duration::from_secs(60)).await;
        assert_eq!(queue.pop(), None);
    }

    #[tokio::test(start_paused = true)]
    async fn given_a_step_that_fails_when_tried_again_then_it_waits_longer_each_time_until_it_succeeds() {
        let mut queue = Queue::default();
        let mut waits = Vec::new();
        for _ in 0..3 {
            queue.failed(key("web"));
            let due = queue.due().expect("it waits");
            waits.push((due - Instant::now()).as_millis());
            tokio::time::advance(Duration::from_millis(100)).await;
            assert_eq!(queue.pop(), Some(key("web")));
        }
        assert_eq!(waits, [5, 10, 20]);
        queue.succeeded(&key("web"));
        queue.failed(key("web"));
        assert_eq!(queue.due().map(|due| (due - Instant::now()).as_millis()), Some(5));
    }
}
