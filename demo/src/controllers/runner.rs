//! Runs a controller: changes into its queue, and one object after another out of it.

use std::sync::Arc;

use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};
use tracing::{debug, trace};

use super::{Controller, Queue};
use crate::kinds::Kind;
use crate::store::{Change, Cursor, Event, Store};

/// The changes of several kinds, in their order; first of all, everything that is there.
pub(crate) struct Feed {
    store: Arc<Store>,
    cursors: Vec<(Kind, Option<Cursor>)>,
    changed: watch::Receiver<u64>,
}

impl Feed {
    /// The changes of these kinds.
    pub(crate) fn new(store: Arc<Store>, kinds: &[Kind]) -> Self {
        let changed = store.any_change();
        Self { store, cursors: kinds.iter().map(|kind| (*kind, None)).collect(), changed }
    }

    /// What came since. Where too much came to be kept, everything comes again as if it were new.
    pub(crate) fn read(&mut self) -> Vec<Event> {
        self.changed.borrow_and_update();
        let mut events = Vec::new();
        for (kind, place) in &mut self.cursors {
            let read = place.as_mut().map(|cursor| cursor.read(&self.store));
            if let Some(Ok(some)) = read {
                events.extend(some);
            } else {
                let (objects, cursor) = self.store.follow(*kind, None);
                *place = Some(cursor);
                let added = |object| Event { change: Change::Added, object, previous: None };
                events.extend(objects.into_iter().map(added));
            }
        }
        events.sort_by_key(Event::revision);
        events
    }

    /// Waits for changes, unless some were left.
    pub(crate) async fn changed(&mut self) {
        if self.cursors.iter().any(|(_, cursor)| cursor.as_ref().is_some_and(Cursor::is_behind)) {
            return;
        }
        if self.changed.changed().await.is_err() {
            std::future::pending::<()>().await; // the store is gone: nothing will ever change
        }
    }
}

/// Runs a controller for ever.
pub(super) async fn run(mut controller: Box<dyn Controller>, store: Arc<Store>) {
    let mut feed = Feed::new(store, controller.watches());
    let mut queue = Queue::default();
    let bell = controller.bell();
    loop {
        for event in feed.read() {
            controller.concerns(&event, &mut queue);
        }
        for key in bell.answer() {
            queue.add(key);
        }
        if let Some(key) = queue.pop() {
            match controller.sync(&key) {
                Ok(again) => {
                    queue.succeeded(&key);
                    if let Some(wait) = again {
                        queue.add_after(key, wait);
                    }
                }
                Err(failure) if failure.is_conflict() => {
                    trace!(controller = controller.name(), %key, %failure, "somebody was quicker");
                    queue.failed(key);
                }
                Err(failure) => {
                    debug!(controller = controller.name(), %key, %failure, "a step failed");
                    queue.failed(key);
                }
            }
            tokio::task::yield_now().await;
            continue;
        }
        let due = queue.due();
        tokio::select! {
            () = feed.changed() => {}
            () = bell.rung() => {}
            () = sleep_until(due.unwrap_or_else(Instant::now)), if due.is_some() => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::json;
    use tokio::time::timeout;

    use super::*;
    use crate::store::{Draft, Expected, Limits};

    fn put(store: &Store, number: usize) {
        let pod =
            json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": format!("pod-{number}"), "namespace": "a"}});
        let draft = Draft::new(Kind::Pod, pod.as_object().expect("an object").clone(), bytes::Bytes::new());
        store.put(draft, Expected::Absent).expect("there is none");
    }

    #[tokio::test]
    async fn given_more_changes_than_are_read_at_once_when_waited_for_then_the_others_come_without_a_new_one() {
        let store = Arc::new(Store::new(Limits::default()));
        let mut feed = Feed::new(Arc::clone(&store), &[Kind::Pod]);
        assert!(feed.read().is_empty());
        for number in 0..600 {
            put(&store, number);
        }
        let mut read = 0;
        while read < 600 {
            timeout(Duration::from_secs(5), feed.changed()).await.expect("there are changes");
            read += feed.read().len();
        }
        assert!(timeout(Duration::ZERO, feed.changed()).await.is_err(), "there are no more");
    }
}
