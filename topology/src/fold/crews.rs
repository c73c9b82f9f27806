//! Pods to crews: which pods are a Deployment's, by the owner references of its ReplicaSets.

use std::collections::{BTreeMap, BTreeSet};

use super::pods::{Gone, end_of};
use super::{Batch, How, Topology, oldest_beyond};
use crate::board::{Found, Incarnation, Unwatched};
use crate::crew::{Crew, CrewChange, CrewSummary, Hand, Wanted};
use crate::facts::{Deployment, Owner, Pod, ReplicaSet, Watch};
use crate::fleet::FleetChange;
use crate::{SetKey, Uid};

/// How many crews of Deployments that are gone, with all their pods, are kept for their history.
pub const MAX_FORMER_CREWS: usize = 64;

/// The crews, and where each pod belongs.
#[derive(Debug, Default)]
pub(super) struct Crews {
    pub(super) of: BTreeMap<SetKey, Box<Crew>>,
    /// The crew of each pod that exists, and its number in it.
    members: BTreeMap<Uid, (SetKey, u32)>,
    /// Pods whose owner is a ReplicaSet of no known Deployment, by the UID of that: namespaces and names.
    waiting: BTreeMap<Uid, BTreeSet<(String, String)>>,
}

impl Topology {
    /// The crew of a Deployment.
    pub fn crew(&self, deployment: &SetKey) -> Option<&Crew> {
        self.crews.of.get(deployment).map(AsRef::as_ref)
    }

    /// All crews, by namespace and name.
    pub fn crews(&self) -> impl Iterator<Item = (&SetKey, &Crew)> {
        self.crews.of.iter().map(|(deployment, crew)| (deployment, crew.as_ref()))
    }

    /// Takes crews as they were. `pods` are those of ReplicaSets that exist.
    pub(super) fn restore_crews(&mut self, crews: Vec<Crew>, pods: &[Pod]) {
        for crew in crews {
            let key = crew.deployment.clone();
            let members = crew.pods().map(|hand| (hand.pod.uid.clone(), (key.clone(), hand.number)));
            self.crews.members.extend(members);
            let summary = CrewSummary::of(&crew);
            self.fleet.apply(&FleetChange::Deployment { deployment: key.clone(), summary });
            self.crews.of.insert(key, Box::new(crew));
        }
        for pod in pods {
            if !self.crews.members.contains_key(&pod.uid) {
                self.crews.wait(pod);
            }
        }
    }

    /// The Deployment that a pod is of, as far as its ReplicaSet tells.
    fn deployment_of(&self, pod: &Pod) -> Option<SetKey> {
        let owner = of_replica_set(pod)?;
        let set = self.facts.namespace(&pod.namespace)?.replica_sets.get(&owner.name)?;
        set.deployment().filter(|_| set.uid == owner.uid)
    }
}

/// The ReplicaSet that controls a pod.
pub(super) fn of_replica_set(pod: &Pod) -> Option<&Owner> {
    pod.owner.as_ref().filter(|owner| owner.kind == "ReplicaSet")
}

impl Crews {
    /// The pod may be told later to be a member.
    fn wait(&mut self, pod: &Pod) {
        if let Some(owner) = of_replica_set(pod) {
            let pods = self.waiting.entry(owner.uid.clone()).or_default();
            pods.insert((pod.namespace.clone(), pod.name.clone()));
        }
    }

    fn wait_no_more(&mut self, pod: &Pod) {
        let Some(owner) = &pod.owner else { return };
        let Some(pods) = self.waiting.get_mut(&owner.uid) else { return };
        pods.remove(&(pod.namespace.clone(), pod.name.clone()));
        if pods.is_empty() {
            self.waiting.remove(&owner.uid);
        }
    }
}

impl Batch<'_> {
    /// A pod came or changed. `before` had its name.
    pub(super) fn crew_pod(&mut self, before: Option<&Pod>, pod: &Pod, how: How) {
        if let Some(before) = before {
            let owner = |pod: &Pod| pod.owner.as_ref().map(|owner| owner.uid.clone());
            if before.uid != pod.uid {
                self.crew_gone(before, how, Gone::Missed);
            } else if owner(before) != owner(pod) {
                self.crew_gone(before, how, Gone::Released);
            }
        }
        if let Some((key, number)) = self.topology.crews.members.get(&pod.uid).cloned() {
            let hand = self.topology.crew(&key).and_then(|crew| crew.hand(number));
            let changes = hand.map(|hand| hand.pod.changes_to(pod, self.at)).unwrap_or_default();
            if !changes.is_empty() {
                self.crew_step(&key, CrewChange::Pod { number, changes });
            }
        } else if let Some(key) = self.topology.deployment_of(pod) {
            self.join_crew(&key, pod, how);
        } else {
            self.topology.crews.wait(pod);
        }
    }

    fn join_crew(&mut self, key: &SetKey, pod: &Pod, how: How) {
        self.ensure_crew(key);
        let found = match how {
            How::Watched => Found::Watched,
            How::Learnt { .. } => Found::Listed,
        };
        let number = self.topology.crews.of[key].next;
        let hand = Hand { number, name: pod.name.clone(), pod: Incarnation::new(pod, self.at, found) };
        self.topology.crews.members.insert(pod.uid.clone(), (key.clone(), number));
        self.crew_step(key, CrewChange::Came(Box::new(hand)));
    }

    /// A pod is gone, or another's.
    pub(super) fn crew_gone(&mut self, pod: &Pod, how: How, gone: Gone) {
        self.topology.crews.wait_no_more(pod);
        let Some((key, number)) = self.topology.crews.members.remove(&pod.uid) else { return };
        let Some(hand) = self.topology.crew(&key).and_then(|crew| crew.hand(number)) else { return };
        let end = end_of(&hand.pod, self.at, how, gone);
        self.crew_step(&key, CrewChange::Ended { number, end });
    }

    pub(super) fn put_replica_set(&mut self, set: ReplicaSet, how: How) {
        let (uid, deployment) = (set.uid.clone(), set.deployment());
        self.topology.facts.put_replica_set(set);
        let Some(key) = deployment else { return };
        for (namespace, name) in self.topology.crews.waiting.remove(&uid).unwrap_or_default() {
            if let Some(pod) = self.topology.pod(&namespace, &name).cloned() {
                self.join_crew(&key, &pod, how);
            }
        }
    }

    pub(super) fn put_deployment(&mut self, deployment: Deployment) {
        let key = deployment.key.clone();
        let wanted = Some(Wanted::from(&deployment));
        self.topology.facts.put_deployment(deployment);
        self.ensure_crew(&key);
        if self.topology.crews.of[&key].wanted != wanted {
            self.crew_step(&key, CrewChange::Wanted(wanted));
        }
    }

    pub(super) fn remove_deployment(&mut self, deployment: &Deployment) {
        if self.topology.facts.remove_deployment(&deployment.key, &deployment.uid) {
            self.crew_step(&deployment.key, CrewChange::Wanted(None));
        }
    }

    /// The watch of pods sees again what happens.
    pub(super) fn crews_watched_again(&mut self, watch: &Watch, stretch: Unwatched) {
        let covered = |key: &&SetKey| watch.namespace.as_ref().is_none_or(|namespace| *namespace == key.namespace);
        let keys: Vec<SetKey> = self.topology.crews.of.keys().filter(covered).cloned().collect();
        for key in keys {
            self.crew_step(&key, CrewChange::Unwatched(stretch));
        }
    }

    fn ensure_crew(&mut self, key: &SetKey) {
        if !self.topology.crews.of.contains_key(key) {
            self.crew_step(key, CrewChange::Appeared(Box::new(Crew::new(key.clone()))));
        }
    }

    fn crew_step(&mut self, key: &SetKey, change: CrewChange) {
        let mut crew = self.topology.crews.of.remove(key);
        Crew::apply(&mut crew, &change);
        if let Some(crew) = crew {
            self.topology.crews.of.insert(key.clone(), crew);
        }
        self.crew_steps.entry(key.clone()).or_default().push(change);
    }

    /// What the fleet says of the crews that changed.
    pub(super) fn crew_summaries(&self) -> Vec<FleetChange> {
        let mut changes = Vec::new();
        for key in self.crew_steps.keys() {
            let known = self.topology.fleet.deployment(key);
            match self.topology.crew(key).map(CrewSummary::of) {
                Some(summary) if known != Some(&summary) => {
                    changes.push(FleetChange::Deployment { deployment: key.clone(), summary });
                }
                None if known.is_some() => changes.push(FleetChange::DeploymentForgotten(key.clone())),
                _ => {}
            }
        }
        changes
    }

    /// Drops the history of what is long gone.
    pub(super) fn forget_oldest_crews(&mut self) {
        let former = |crew: &Crew| crew.wanted.is_none() && crew.pods().next().is_none();
        // As with boards: there are no more of them unless one that changed is one.
        if !self.crew_steps.keys().any(|key| self.topology.crew(key).is_some_and(former)) {
            return;
        }
        let crews = self.topology.crews().filter(|(_, crew)| former(crew));
        let gone = crews.map(|(key, crew)| (crew.last_sign_of_life(), key.clone()));
        for key in oldest_beyond(MAX_FORMER_CREWS, gone) {
            self.crew_step(&key, CrewChange::Forgotten);
        }
    }
}
