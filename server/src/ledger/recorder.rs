//! Between the hub and the writer: a bounded buffer in which the newest state of each row waits.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;
use topology::Uid;
use topology::ledger::Row;

/// How many rows may wait to be written.
pub const BUFFER: usize = 50_000;

/// Takes the hub's rows; cheap to clone.
#[derive(Debug, Clone)]
pub struct Recorder {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    buffer: Mutex<Buffer>,
    limit: usize,
    filled: Notify,
}

#[derive(Debug, Default)]
struct Buffer {
    rows: BTreeMap<Uid, Row>,
    dropped: u64,
}

impl Recorder {
    /// A recorder whose buffer has room for `limit` rows.
    pub fn new(limit: usize) -> Self {
        Self { shared: Arc::new(Shared { buffer: Mutex::default(), limit, filled: Notify::new() }) }
    }

    /// Takes rows without waiting. A newer state takes the place of one that was not written yet; when there is no room
    /// for another row, it is dropped and counted.
    pub fn put(&self, rows: Vec<Row>) {
        if rows.is_empty() {
            return;
        }
        let mut buffer = self.buffer();
        for row in rows {
            if buffer.rows.len() < self.shared.limit || buffer.rows.contains_key(&row.uid) {
                buffer.rows.insert(row.uid.clone(), row);
            } else {
                buffer.dropped += 1;
            }
        }
        drop(buffer);
        self.shared.filled.notify_one();
    }

    /// How many rows were dropped.
    pub fn dropped(&self) -> u64 {
        self.buffer().dropped
    }

    /// How many rows wait.
    pub fn waiting(&self) -> usize {
        self.buffer().rows.len()
    }

    /// Takes out as many rows as may be written at once.
    pub(super) fn take(&self, limit: usize) -> Vec<Row> {
        let mut buffer = self.buffer();
        if buffer.rows.len() <= limit {
            return std::mem::take(&mut buffer.rows).into_values().collect();
        }
        (0..limit).map_while(|_| buffer.rows.pop_first()).map(|(_, row)| row).collect()
    }

    /// Puts rows back that could not be written, unless there is a newer state of them.
    pub(super) fn put_back(&self, rows: Vec<Row>) {
        let mut buffer = self.buffer();
        for row in rows {
            if buffer.rows.contains_key(&row.uid) {
                continue;
            }
            if buffer.rows.len() < self.shared.limit {
                buffer.rows.insert(row.uid.clone(), row);
            } else {
                buffer.dropped += 1;
            }
        }
    }

    /// Done when rows have come since it was asked last.
    pub(super) async fn filled(&self) {
        self.shared.filled.notified().await;
    }

    /// Nothing that is done under the lock can leave the buffer half changed.
    fn buffer(&self) -> MutexGuard<'_, Buffer> {
        self.shared.buffer.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use topology::board::Change;
    use topology::facts::{Event, Kind, Observation, Watch};
    use topology::ledger::Ledger;
    use topology::{Timestamp, Topology};

    use super::*;

    /// A row of a pod of its own.
    fn row(uid: &str) -> Row {
        let pod = serde_json::json!({
            "metadata": {"namespace": "shop", "name": "web-0", "uid": uid, "resourceVersion": "1",
                         "ownerReferences": [{"apiVersion": "apps/v1", "kind": "StatefulSet", "name": "web", "uid": "set",
                                              "controller": true}]},
            "spec": {"containers": []}, "status": {"phase": "Pending"},
        });
        let pod: topology::kubernetes::Pod = serde_json::from_value(pod).expect("a pod");
        let event = Event::Listed(vec![pod.into()]);
        let (mut topology, mut ledger) = (Topology::default(), Ledger::default());
        let observation = Observation { watch: Watch::everywhere(Kind::Pod), event };
        let delta = topology.apply(Timestamp::from_millis(1), [observation]).expect("a change");
        assert!(delta.boards.iter().any(|(_, changes)| matches!(changes[0], Change::Appeared(_))));
        ledger.follow(&topology, &delta).pop().expect("a row")
    }

    #[test]
    fn given_a_full_buffer_when_more_comes_then_it_is_dropped_and_counted_and_what_waits_is_brought_up_to_date() {
        let recorder = Recorder::new(2);
        recorder.put(vec![row("a"), row("b"), row("c")]);
        assert_eq!((recorder.waiting(), recorder.dropped()), (2, 1));
        let newer = Row { node: Some("node-a".to_owned()), ..row("a") };
        recorder.put(vec![newer.clone()]);
        assert_eq!((recorder.waiting(), recorder.dropped()), (2, 1));
        let taken = recorder.take(1);
        assert_eq!(taken, std::slice::from_ref(&newer));
        // What could not be written goes back, unless a newer state came meanwhile.
        recorder.put(vec![row("a")]);
        recorder.put_back(taken);
        assert_eq!(recorder.take(9), [row("a"), row("b")]);
        recorder.put(vec![row("c"), row("d")]);
        recorder.put_back(vec![newer]);
        assert_eq!((recorder.waiting(), recorder.dropped()), (2, 2));
    }
}
