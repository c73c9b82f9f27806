//! The Deployment's pods, whose names do not return. Pure.

use std::collections::{BTreeMap, BTreeSet};

/// How many names of pods that were lost are remembered.
const MAX_LOST: usize = 256;
/// How many names are told.
const MAX_SHOWN: usize = 8;

/// The Deployment's pods.
#[derive(Debug, Default)]
pub(super) struct Contrast {
    /// Those that exist.
    pods: BTreeMap<String, Seen>,
    /// How many were lost: asked to go, or gone without that having been seen.
    losses: usize,
    /// Names of those.
    lost: BTreeSet<String>,
    /// Whether one of these names came back.
    returned: bool,
    /// The latest round of losses: how many there were before it, and the names that were lost in it.
    round: (usize, Vec<String>),
}

/// What is known of a pod of the Deployment.
#[derive(Debug)]
struct Seen {
    stage: ReplicaStage,
    /// How many were lost before it came.
    after: usize,
}

/// A pod with the Deployment's label.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Replica<'a> {
    /// Its name.
    pub name: &'a str,
    /// The kind of its controller; `None` when it has none.
    pub owner: Option<&'a str>,
    /// How far it is.
    pub stage: ReplicaStage,
}

/// How far a pod of the Deployment is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReplicaStage {
    /// It is not Ready.
    NotReady,
    /// It is.
    Ready,
    /// It was asked to go.
    Going,
}

impl Contrast {
    pub(super) fn see(&mut self, replica: &Replica<'_>) {
        if replica.owner != Some("ReplicaSet") {
            return;
        }
        let (name, stage, settled) = (replica.name, replica.stage, self.is_settled());
        if !self.pods.contains_key(name) {
            self.returned |= self.lost.contains(name);
            self.pods.insert(name.to_owned(), Seen { stage: ReplicaStage::NotReady, after: self.losses });
        }
        let Some(seen) = self.pods.get_mut(name) else { return };
        let goes = stage == ReplicaStage::Going && seen.stage != ReplicaStage::Going;
        seen.stage = stage;
        if goes {
            self.lose(name, settled);
        }
    }

    pub(super) fn miss(&mut self, name: &str) {
        let settled = self.is_settled();
        if self.pods.remove(name).is_some_and(|seen| seen.stage != ReplicaStage::Going) {
            self.lose(name, settled);
        }
    }

    /// All that there are: others are gone.
    pub(super) fn list(&mut self, replicas: &[Replica<'_>]) {
        let listed: BTreeSet<&str> = replicas.iter().map(|replica| replica.name).collect();
        let known: Vec<String> = self.pods.keys().cloned().collect();
        for pod in known.iter().filter(|pod| !listed.contains(pod.as_str())) {
            self.miss(pod);
        }
        for replica in replicas {
            self.see(replica);
        }
    }

    /// Whether there are none.
    pub(super) fn is_empty(&self) -> bool {
        self.pods.is_empty()
    }

    fn is_settled(&self) -> bool {
        self.pods.values().all(|seen| seen.stage == ReplicaStage::Ready)
    }

    /// What is lost when all were Ready begins a round.
    fn lose(&mut self, name: &str, settled: bool) {
        if settled {
            self.round = (self.losses, Vec::new());
        }
        if self.round.1.len() < MAX_SHOWN {
            self.round.1.push(name.to_owned());
        }
        self.losses += 1;
        if self.lost.len() < MAX_LOST {
            self.lost.insert(name.to_owned());
        }
    }

    /// Whether two were lost, and two that came for them are Ready, under new names. The first may be there before the
    /// second is lost: a ReplicaSet does not wait. So the one must have come after a loss, and the other after two.
    pub(super) fn is_replaced(&self) -> bool {
        let staying = self.pods.values().filter(|seen| seen.stage != ReplicaStage::Going);
        let all_ready = staying.clone().all(|seen| seen.stage == ReplicaStage::Ready);
        let after = |losses: usize| staying.clone().filter(move |seen| seen.after >= losses).count();
        after(1) >= 2 && after(2) >= 1 && all_ready && !self.returned
    }

    /// The names that were lost in the latest round, and those that came for them.
    pub(super) fn names(&self) -> Option<String> {
        let (before, lost) = &self.round;
        let came = self.pods.iter().filter(|(_, seen)| seen.after > *before && seen.stage != ReplicaStage::Going);
        let came: Vec<&str> = came.map(|(name, _)| name.as_str()).take(MAX_SHOWN).collect();
        // Below each other, as there is not much room beside the page.
        let column = |title: &str, names: &[&str]| format!("{title:<8}{}\n", names.join("\n        "));
        let lost: Vec<&str> = lost.iter().map(String::as_str).collect();
        let after = if came.is_empty() { String::new() } else { column("AFTER", &came) };
        (!lost.is_empty()).then(|| column("BEFORE", &lost) + &after)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn see(contrast: &mut Contrast, stages: &[(&str, ReplicaStage)]) {
        for &(name, stage) in stages {
            contrast.see(&Replica { name, owner: Some("ReplicaSet"), stage });
        }
    }

    #[test]
    fn given_pods_that_are_replaced_when_their_names_are_told_then_those_of_the_latest_round_are() {
        use ReplicaStage::{Going, NotReady, Ready};
        let mut contrast = Contrast::default();
        see(&mut contrast, &[("api-1", Ready), ("api-2", Ready)]);
        assert_eq!(contrast.names(), None);
        see(&mut contrast, &[("api-1", Going), ("api-3", NotReady), ("api-2", Going), ("api-4", NotReady)]);
        assert_eq!(contrast.names().unwrap(), "BEFORE  api-1\n        api-2\nAFTER   api-3\n        api-4\n");
        contrast.miss("api-1");
        contrast.miss("api-2");
        see(&mut contrast, &[("api-3", Ready), ("api-4", Ready)]);
        contrast.miss("api-4");
        see(&mut contrast, &[("api-5", NotReady)]);
        assert_eq!(contrast.names().unwrap(), "BEFORE  api-4\nAFTER   api-5\n");
    }
}
