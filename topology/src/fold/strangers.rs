//! Pods that are no members of a StatefulSet though a name or a label suggests it.

use super::Batch;
use crate::board::{Change, MAX_STRANGERS, Stranger, StrangerReason};
use crate::facts::{Pod, StatefulSet};
use crate::kubernetes::LabelSelector;
use crate::{Ordinal, SetKey};

impl Batch<'_> {
    /// A pod came, changed or went: every StatefulSet of its namespace looks whether it is a stranger there.
    pub(super) fn stranger_changed(&mut self, namespace: &str, name: &str) {
        let Some(known) = self.topology.facts.namespace(namespace) else {
            return;
        };
        let pod = known.pods.get(name);
        let named = Ordinal::split(name).and_then(|(set, _)| known.sets.get(set)).map(|set| set.key.clone());
        let verdicts: Vec<(SetKey, Option<Stranger>)> = known
            .sets
            .values()
            .map(|set| (set.key.clone(), pod.and_then(|pod| stranger(set, pod))))
            .filter(|(key, is)| {
                let Some(board) = self.topology.boards.get(key) else { return false };
                board.stranger(name) != is.as_ref() && (is.is_none() || board.lists_stranger(name))
            })
            .collect();
        // A name that a StatefulSet needs may be taken, or free again, whether or not the pod is listed as a stranger.
        if let Some(key) = named.filter(|key| self.topology.boards.contains_key(key)) {
            self.touch(&key);
        }
        for (key, verdict) in verdicts {
            if let Some(stranger) = verdict {
                self.step(&key, Change::Stranger(stranger));
                continue;
            }
            let full = self.topology.boards[&key].strangers.len() >= MAX_STRANGERS;
            self.step(&key, Change::StrangerGone(name.to_owned()));
            if full {
                self.relate_strangers(&key);
            }
        }
    }

    /// A StatefulSet came or changed what tells members from strangers: all pods of its namespace are looked at.
    pub(super) fn relate_strangers(&mut self, key: &SetKey) {
        let Some(board) = self.topology.boards.get(key) else { return };
        let facts = self.topology.facts.namespace(&key.namespace);
        let set = facts.and_then(|known| known.sets.get(&key.name));
        let found: Vec<Stranger> = facts
            .zip(set)
            .into_iter()
            .flat_map(|(known, set)| known.pods.values().filter_map(|pod| stranger(set, pod)))
            .take(MAX_STRANGERS)
            .collect();
        let gone = board.strangers.iter().filter(|was| found.iter().all(|is| is.name != was.name));
        let mut changes: Vec<Change> = gone.map(|gone| Change::StrangerGone(gone.name.clone())).collect();
        let new = found.into_iter().filter(|is| board.stranger(&is.name) != Some(is));
        changes.extend(new.map(Change::Stranger));
        for change in changes {
            self.step(key, change);
        }
    }
}

fn stranger(set: &StatefulSet, pod: &Pod) -> Option<Stranger> {
    let ordinal = Ordinal::of_pod(&pod.name, &set.key.name);
    let owner = pod.owner.as_ref();
    let same_name = owner.is_some_and(|owner| owner.is_stateful_set && owner.name == set.key.name);
    let member = same_name && owner.is_some_and(|owner| owner.uid == set.uid);
    let wanted = ordinal.is_some_and(|ordinal| set.wants(ordinal));
    let reason = match ordinal {
        Some(_) if member => return None,
        Some(_) if same_name => StrangerReason::FormerSet,
        Some(_) if wanted => StrangerReason::TakesName,
        _ if selects(&set.selector, pod) => StrangerReason::Selected,
        _ => return None,
    };
    Some(Stranger {
        name: pod.name.clone(),
        uid: pod.uid.clone(),
        owner: owner.map(ToString::to_string),
        reason,
        stage: pod.stage,
        status: pod.columns.status.clone(),
    })
}

/// The API server refuses an empty selector; should one come all the same, it does not make every pod a stranger.
fn selects(selector: &LabelSelector, pod: &Pod) -> bool {
    let empty = selector.match_labels.is_empty() && selector.match_expressions.is_empty();
    !empty && selector.matches(&pod.labels)
}
