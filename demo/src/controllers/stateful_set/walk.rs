//! One pass over the pods of a set: the replicas from the lowest ordinal up, then those out of range from the highest
//! down, then the update. Under `OrderedReady` the pass ends at the first pod that has to be waited for.

use jiff::Timestamp;
use k8s_openapi::api::apps::v1::{StatefulSet, StatefulSetStatus};
use k8s_openapi::api::core::v1::Pod;
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use super::identity::{self, ordinal};
use super::revisions::{History, template_of};
use super::{claims, status};
use crate::controllers::pods::{has_ended, is_available, is_ready, is_terminating, phase};
use crate::controllers::{Recorder, reference};
use crate::failure::Failure;
use crate::kinds::Typed;
use crate::registry::{Client, DeleteOptions};
use crate::resources::Amount;
use crate::store::Key;

/// A pass over the pods of a set.
pub(super) struct Walk<'a> {
    client: &'a Client,
    recorder: &'a mut Recorder,
    set: &'a StatefulSet,
    history: &'a History,
    status: StatefulSetStatus,
    /// The pods in range, by ordinal; none where a pod is missing.
    replicas: Vec<Option<Pod>>,
    /// The pods out of range, the highest first.
    condemned: Vec<Pod>,
    /// The lowest pod that is not available, of those in range if there is one.
    first_unavailable: Option<String>,
    now: Timestamp,
}

/// Whether the pass goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Next {
    GoOn,
    Stop,
}

impl<'a> Walk<'a> {
    pub(super) fn new(
        client: &'a Client,
        recorder: &'a mut Recorder,
        set: &'a StatefulSet,
        history: &'a History,
        pods: &[Pod],
        now: Timestamp,
    ) -> Self {
        let (start, count) = (identity::start(set), set.spec.replicas.unwrap_or(0));
        let mut replicas: Vec<Option<Pod>> = vec![None; usize::try_from(count).unwrap_or_default()];
        let mut condemned = Vec::new();
        for pod in pods {
            let place = usize::try_from(i64::from(ordinal(pod)) - i64::from(start)).ok();
            match place.and_then(|place| replicas.get_mut(place)) {
                Some(replica) => *replica = Some(pod.clone()),
                None => condemned.push(pod.clone()),
            }
        }
        condemned.sort_by_key(|pod| std::cmp::Reverse(ordinal(pod)));
        let status = status::of(set, history, pods, now);
        let mut walk =
            Self { client, recorder, set, history, status, replicas, condemned, first_unavailable: None, now };
        walk.first_unavailable = walk.find_first_unavailable();
        walk
    }

    fn find_first_unavailable(&self) -> Option<String> {
        let start = identity::start(self.set);
        let missing =
            |place: usize| format!("{}-{}", self.set.name(), i64::from(start) + i64::try_from(place).unwrap_or(0));
        for (place, replica) in self.replicas.iter().enumerate() {
            match replica {
                None => return Some(missing(place)),
                Some(pod) if self.is_unavailable(pod) => return Some(pod.name().to_owned()),
                Some(_) => {}
            }
        }
        let lowest_first = self.condemned.iter().rev();
        lowest_first.into_iter().find(|pod| self.is_unavailable(pod)).map(|pod| pod.name().to_owned())
    }

    /// The status as the pass left it.
    pub(super) fn into_status(self) -> StatefulSetStatus {
        self.status
    }

    fn ordered(&self) -> bool {
        self.set.spec.pod_management_policy.as_deref() != Some("Parallel")
    }

    fn is_available(&self, pod: &Pod) -> bool {
        is_available(pod, self.set.spec.min_ready_seconds.unwrap_or(0), self.now)
    }

    fn is_unavailable(&self, pod: &Pod) -> bool {
        !self.is_available(pod) || is_terminating(pod)
    }

    /// Makes the pass.
    ///
    /// # Errors
    /// When a step failed; the steps before it are made.
    pub(super) fn run(&mut self) -> Result<(), Failure> {
        if self.set.metadata.deletion_timestamp.is_some() {
            return Ok(());
        }
        let mut failed = None;
        for place in 0..self.replicas.len() {
            match self.see_to_replica(place) {
                Ok(Next::Stop) if self.ordered() => return Ok(()),
                Ok(_) => {}
                Err(failure) if self.ordered() => return Err(failure),
                // The others do not wait for this one.
                Err(failure) => failed = failed.or(Some(failure)),
            }
        }
        if let Some(failure) = failed {
            return Err(failure);
        }
        for pod in self.condemned.clone() {
            claims::keep_policy(self.client, self.recorder, self.set, &pod)?;
        }
        for pod in self.condemned.clone() {
            if self.see_to_condemned(&pod)? == Next::Stop && self.ordered() {
                return Ok(());
            }
        }
        let strategy = self.set.spec.update_strategy.as_ref().and_then(|strategy| strategy.type_.as_deref());
        if strategy == Some("OnDelete") { Ok(()) } else { self.update() }
    }

    fn see_to_replica(&mut self, place: usize) -> Result<Next, Failure> {
        let Some(pod) = self.replicas[place].clone() else {
            let ordinal = i64::from(identity::start(self.set)) + i64::try_from(place).unwrap_or(0);
            return self.create(i32::try_from(ordinal).unwrap_or(i32::MAX));
        };
        if has_ended(&pod) {
            if !is_terminating(&pod) {
                self.delete(&pod)?;
            }
            return Ok(Next::Stop);
        }
        if phase(&pod) == "Pending" {
            claims::create(self.client, self.recorder, self.set, &pod)?;
            claims::keep_policy(self.client, self.recorder, self.set, &pod)?;
        }
        let waits = is_terminating(&pod) || !(phase(&pod) == "Running" && is_ready(&pod)) || !self.is_available(&pod);
        if waits && self.ordered() {
            return Ok(Next::Stop);
        }
        let claims_match = claims::match_policy(self.client.store(), self.set, &pod);
        if identity::matches(&pod) && identity::storage_matches(self.set, &pod) && claims_match {
            return Ok(Next::GoOn);
        }
        self.repair(pod)?;
        Ok(Next::GoOn)
    }

    fn create(&mut self, ordinal: i32) -> Result<Next, Failure> {
        let revision = if self.is_held_back(ordinal) { &self.history.current } else { &self.history.update };
        let pod = identity::new_pod(self.set, &template_of(revision), revision.name(), ordinal);
        if claims::is_stale(self.client.store(), self.set, &pod) {
            return Ok(Next::Stop);
        }
        let created =
            claims::create(self.client, self.recorder, self.set, &pod).and_then(|()| self.client.create(&pod));
        match created {
            Ok(_) => {
                claims::keep_policy(self.client, self.recorder, self.set, &pod)?;
                self.say("Create", &pod, None);
                Ok(Next::Stop)
            }
            Err(failure) => {
                if !failure.is_already_exists() {
                    self.say("Create", &pod, Some(&failure));
                }
                Err(failure)
            }
        }
    }

    /// Whether a missing pod is to have the revision from before the update.
    fn is_held_back(&self, ordinal: i32) -> bool {
        let Some(strategy) = &self.set.spec.update_strategy else { return false };
        let held = match &strategy.rolling_update {
            Some(rolling) => rolling.partition.unwrap_or(0),
            None if strategy.type_.as_deref() == Some("RollingUpdate") => {
                self.set.status.as_ref().and_then(|status| status.current_replicas).unwrap_or(0)
            }
            None => return false,
        };
        i64::from(ordinal) < i64::from(identity::start(self.set)) + i64::from(held)
    }

    fn repair(&mut self, mut pod: Pod) -> Result<(), Failure> {
        claims::create(self.client, self.recorder, self.set, &pod)?;
        claims::keep_policy(self.client, self.recorder, self.set, &pod)?;
        if identity::matches(&pod) {
            return Ok(());
        }
        identity::repair(&mut pod);
        let updated = self.client.update(&pod).map(drop);
        self.say("Update", &pod, updated.as_ref().err());
        updated
    }

    fn see_to_condemned(&mut self, pod: &Pod) -> Result<Next, Failure> {
        if is_terminating(pod) {
            return Ok(if self.ordered() { Next::Stop } else { Next::GoOn });
        }
        let healthy = phase(pod) == "Running" && is_ready(pod) && self.is_available(pod);
        if self.ordered() && !healthy && self.first_unavailable.as_deref() != Some(pod.name()) {
            return Ok(Next::Stop);
        }
        self.delete(pod)?;
        Ok(Next::Stop)
    }

    /// Replaces pods of an older revision, from the highest ordinal down to the partition.
    fn update(&mut self) -> Result<(), Failure> {
        let rolling = self.set.spec.update_strategy.as_ref().and_then(|strategy| strategy.rolling_update.as_ref());
        let lowest = usize::try_from(rolling.and_then(|rolling| rolling.partition).unwrap_or(0)).unwrap_or_default();
        let most = most_unavailable(rolling.and_then(|rolling| rolling.max_unavailable.as_ref()), self.replicas.len());
        let new = self.history.update.name().to_owned();
        let pods: Vec<Pod> = self.replicas.iter().flatten().cloned().collect();
        // A pod that was made in this pass is not available either.
        let missing = self.replicas.len() - pods.len();
        let unavailable = missing + pods.iter().filter(|pod| self.is_unavailable(pod)).count();
        let is_old = |pod: &Pod| identity::revision(pod) != new && !is_terminating(pod);
        let old_and_unavailable = pods.iter().filter(|pod| is_old(pod) && self.is_unavailable(pod)).count();
        let ordered = self.ordered();
        if unavailable >= most && (ordered || old_and_unavailable == 0) {
            return Ok(());
        }
        let above: Vec<Pod> =
            self.replicas.iter().skip(lowest).rev().flatten().filter(|pod| is_old(pod)).cloned().collect();
        let budget = most.saturating_sub(unavailable);
        if ordered {
            for pod in above.iter().take(budget) {
                self.replace(pod)?;
            }
            return Ok(());
        }
        // What serves nobody goes first and costs nothing.
        for pod in above.iter().filter(|pod| !self.is_available(pod)).cloned().collect::<Vec<_>>() {
            self.replace(&pod)?;
        }
        for pod in above.iter().filter(|pod| self.is_available(pod)).take(budget).cloned().collect::<Vec<_>>() {
            self.replace(&pod)?;
        }
        Ok(())
    }

    fn replace(&mut self, pod: &Pod) -> Result<(), Failure> {
        self.delete(pod)?;
        self.status.current_replicas = status::some(self.status.current_replicas.unwrap_or(0) - 1);
        Ok(())
    }

    fn delete(&mut self, pod: &Pod) -> Result<(), Failure> {
        let deleted = self.client.delete::<Pod>(&Key::of(pod), &DeleteOptions::of(pod.uid()));
        match deleted {
            Err(failure) if !failure.is_not_found() => {
                self.say("Delete", pod, Some(&failure));
                Err(failure)
            }
            _ => {
                self.say("Delete", pod, None);
                Ok(())
            }
        }
    }

    fn say(&mut self, verb: &str, pod: &Pod, failure: Option<&Failure>) {
        let (set, pod) = (self.set.name(), pod.name());
        match failure {
            None => {
                let message = format!("{verb} Pod {pod} in StatefulSet {set} successful");
                self.recorder.normal(reference(self.set), &format!("Successful{verb}"), message);
            }
            Some(failure) => {
                let message = format!("{verb} Pod {pod} in StatefulSet {set} failed error: {failure}");
                self.recorder.warning(reference(self.set), &format!("Failed{verb}"), message);
            }
        }
    }
}

/// How many pods may be unavailable: at least one.
fn most_unavailable(given: Option<&IntOrString>, replicas: usize) -> usize {
    let total = i32::try_from(replicas).unwrap_or(i32::MAX);
    let amount = given.and_then(Amount::of).unwrap_or(Amount::Number(1));
    usize::try_from(amount.of_total(total, false)).unwrap_or_default().max(1)
}
