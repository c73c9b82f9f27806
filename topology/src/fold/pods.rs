//! Pods to lanes: who holds which identity, from when to when.

use super::{Batch, GonePod, How};
use crate::board::{Change, End, Found, Incarnation};
use crate::facts::Pod;
use crate::{Ordinal, SetKey, Timestamp};

/// The identity that a pod holds: its controlling owner's and its name's.
fn identity_of(pod: &Pod) -> Option<(SetKey, Ordinal)> {
    let owner = pod.owner.as_ref().filter(|owner| owner.is_stateful_set)?;
    let ordinal = Ordinal::of_pod(&pod.name, &owner.name)?;
    Some((SetKey::new(&pod.namespace, &owner.name), ordinal))
}

impl Batch<'_> {
    pub(super) fn put_pod(&mut self, pod: &Pod, how: How) {
        let (namespace, name) = (pod.namespace.clone(), pod.name.clone());
        let identity = identity_of(pod);
        let before = self.topology.facts.put_pod(pod.clone());
        let known = before.as_ref().is_some_and(|before| before.uid == pod.uid);
        self.addresses_taken(before.as_ref(), pod);
        self.crew_pod(before.as_ref(), pod, how);
        if let Some((key, _)) = identity.as_ref().filter(|_| before.as_ref().is_some_and(|it| it.labels != pod.labels))
        {
            self.touch(key);
        }
        if let Some(before) = before {
            let held = identity_of(&before);
            if before.uid != pod.uid {
                self.end(held, how, Gone::Missed);
            } else if held != identity {
                self.end(held, how, Gone::Released);
            }
        }
        if let Some((key, ordinal)) = identity {
            self.replace_kept(&key, ordinal, pod, how);
            let found = match how {
                How::Watched if known => Found::Adopted,
                How::Watched => Found::Watched,
                How::Learnt { .. } => Found::Listed,
            };
            self.hold(&key, ordinal, pod, found);
        }
        self.stranger_changed(&namespace, &name);
    }

    pub(super) fn remove_pod(&mut self, pod: &Pod, how: How) {
        if let Some(gone) = self.topology.facts.remove_pod(&pod.namespace, &pod.name, &pod.uid) {
            let Pod { disruption, forced, graceless, .. } = gone;
            self.crew_gone(&gone, how, Gone::Deleted);
            self.gone.push(GonePod { uid: gone.uid.clone(), disruption, forced, graceless });
            self.end(identity_of(&gone), how, Gone::Deleted);
            self.stranger_changed(&pod.namespace, &pod.name);
        }
    }

    /// The pod holds the identity: a new incarnation, or the changes of the one that it is already, or is again after it
    /// had been released.
    fn hold(&mut self, key: &SetKey, ordinal: Ordinal, pod: &Pod, found: Found) {
        self.ensure_board(key);
        let last = self.topology.boards[key].lane(ordinal).and_then(|lane| lane.incarnations.last());
        if last.is_some_and(|last| last.ended.is_some() && last.uid == pod.uid) {
            self.step(key, Change::Resumed(ordinal));
        }
        let current = self.topology.boards[key].lane(ordinal).and_then(|lane| lane.current());
        if let Some(current) = current.filter(|current| current.uid == pod.uid) {
            let changes = current.changes_to(pod, self.at);
            if !changes.is_empty() {
                self.step(key, Change::Pod { ordinal, changes });
            }
        } else {
            let incarnation = Box::new(Incarnation::new(pod, self.at, found));
            self.step(key, Change::Started { ordinal, incarnation });
        }
    }

    pub(super) fn end(&mut self, identity: Option<(SetKey, Ordinal)>, how: How, gone: Gone) {
        let Some((key, ordinal)) = identity else { return };
        let Some(board) = self.topology.boards.get(&key) else { return };
        let Some(current) = board.lane(ordinal).and_then(|lane| lane.current()) else { return };
        let end = end_of(current, self.at, how, gone);
        self.step(&key, Change::Ended { ordinal, end });
    }
}

/// When a pod ended, of which that is known now.
pub(super) fn end_of(pod: &Incarnation, now: Timestamp, how: How, gone: Gone) -> End {
    let last_seen = pod.spans.last().map_or(pod.first_seen, |span| span.from);
    match (how, gone) {
        (How::Watched, Gone::Deleted | Gone::Released) => End::Seen { at: now },
        (How::Watched, Gone::Missed) => End::Unseen { after: last_seen, before: now },
        // What was learnt of it since then shows that it was there later still.
        (How::Learnt { unwatched_since }, _) => {
            End::Unseen { after: unwatched_since.map_or(last_seen, |since| since.max(last_seen)), before: now }
        }
    }
}

/// How a pod stopped holding an identity.
#[derive(Clone, Copy)]
pub(super) enum Gone {
    /// It was deleted.
    Deleted,
    /// It exists, but is no member any more.
    Released,
    /// Another pod has its name: its deletion was missed.
    Missed,
}
