//! The ReplicaSet controller: so many pods of a template, whichever.

use std::cmp::Reverse;
use std::time::Duration;

use jiff::Timestamp;
use k8s_openapi::api::apps::v1::{ReplicaSet, ReplicaSetCondition, ReplicaSetStatus};
use k8s_openapi::api::core::v1::{Pod, PodTemplateSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use super::owners::{claim, owner_key};
use super::pods::{has_ended, is_available, is_ready, is_terminating, next_availability, phase};
use super::{Controller, Queue, Recorder, owner_reference, reference};
use crate::failure::Failure;
use crate::kinds::{Kind, Typed};
use crate::registry::{Client, DeleteOptions};
use crate::selectors::LabelSelector;
use crate::store::{Event, Key, Object};
use crate::time;

/// How many pods are made or deleted in one pass.
const BURST: usize = 500;

/// The annotation with what it costs to delete a pod.
const COST: &str = "controller.kubernetes.io/pod-deletion-cost";

/// The ReplicaSet controller.
pub(super) struct ReplicaSets {
    client: Client,
    recorder: Recorder,
}

impl ReplicaSets {
    pub(super) const fn new(client: Client, recorder: Recorder) -> Self {
        Self { client, recorder }
    }

    fn candidates(&self, object: &Object) -> Vec<Key> {
        let all = self.client.store().list_typed::<ReplicaSet>(Some(object.key.namespace()));
        let selects = |it: &ReplicaSet| {
            LabelSelector::of(&it.spec.selector).is_some_and(|it| !it.is_empty() && it.matches(&object.labels))
        };
        all.iter().filter(|it| selects(it)).map(|it| Key::of(&**it)).collect()
    }

    /// Makes pods that are missing, or deletes those that are too many.
    fn manage(&mut self, set: &ReplicaSet, active: &[Pod]) -> Result<(), Failure> {
        let wanted = usize::try_from(set.spec.replicas.unwrap_or(0)).unwrap_or_default();
        for _ in active.len()..wanted.min(active.len() + BURST) {
            self.create(set)?;
        }
        if active.len() > wanted {
            let mut ranked = active.to_vec();
            ranked.sort_by_key(|pod| rank(pod, active));
            for pod in ranked.iter().take((active.len() - wanted).min(BURST)) {
                self.delete(set, pod)?;
            }
        }
        Ok(())
    }

    fn create(&mut self, set: &ReplicaSet) -> Result<(), Failure> {
        let template: PodTemplateSpec = set.spec.template.clone().unwrap_or_default();
        let given = template.metadata.unwrap_or_default();
        let pod = Pod {
            metadata: ObjectMeta {
                generate_name: Some(format!("{}-", set.name())),
                namespace: set.metadata.namespace.clone(),
                labels: given.labels,
                annotations: given.annotations,
                finalizers: given.finalizers,
                owner_references: Some(vec![owner_reference(set)]),
                ..ObjectMeta::default()
            },
            spec: template.spec,
            status: None,
        };
        match self.client.create(&pod) {
            Ok(pod) => {
                let message = format!("Created pod: {}", pod.name());
                self.recorder.normal(reference(set), "SuccessfulCreate", message);
                Ok(())
            }
            Err(failure) => {
                self.recorder.warning(reference(set), "FailedCreate", format!("Error creating: {failure}"));
                Err(failure)
            }
        }
    }

    fn delete(&mut self, set: &ReplicaSet, pod: &Pod) -> Result<(), Failure> {
        match self.client.delete::<Pod>(&Key::of(pod), &DeleteOptions::of(pod.uid())) {
            Err(failure) if failure.is_not_found() => Ok(()),
            Err(failure) => {
                self.recorder.warning(reference(set), "FailedDelete", format!("Error deleting: {failure}"));
                Err(failure)
            }
            Ok(_) => {
                let message = format!("Deleted pod: {}", pod.name());
                self.recorder.normal(reference(set), "SuccessfulDelete", message);
                Ok(())
            }
        }
    }
}

/// Which pods go first: those that are least far, least ready, most doubled up, youngest.
fn rank(pod: &Pod, all: &[Pod]) -> impl Ord + use<> {
    let node = |pod: &Pod| pod.spec.as_ref().and_then(|spec| spec.node_name.clone()).unwrap_or_default();
    let own = node(pod);
    let phase = match phase(pod) {
        "Pending" => 0,
        "Unknown" => 1,
        _ => 2,
    };
    let cost = pod.metadata.annotations.as_ref().and_then(|annotations| annotations.get(COST)?.parse().ok());
    let beside = all.iter().filter(|other| !own.is_empty() && node(other) == own && is_ready(other)).count();
    let ready =
        super::condition(pod.status.as_ref(), "Ready").and_then(|condition| condition.last_transition_time.clone());
    let ready = ready.map(|time| time.0);
    let made = pod.metadata.creation_timestamp.as_ref().map(|time| time.0);
    (!own.is_empty(), phase, is_ready(pod), cost.unwrap_or(0_i64), usize::MAX - beside, Reverse(ready), Reverse(made))
}

impl Controller for ReplicaSets {
    fn name(&self) -> &'static str {
        "replicaset"
    }

    fn watches(&self) -> &'static [Kind] {
        &[Kind::ReplicaSet, Kind::Pod]
    }

    fn concerns(&mut self, event: &Event, queue: &mut Queue) {
        if event.object.kind == Kind::ReplicaSet {
            queue.add(event.object.key.clone());
            return;
        }
        let owners: Vec<Key> =
            event.previous.iter().chain([&event.object]).filter_map(|it| owner_key(it, Kind::ReplicaSet)).collect();
        if owners.is_empty() && !event.object.owners.iter().any(|owner| owner.controller) {
            for key in self.candidates(&event.object) {
                queue.add(key);
            }
        }
        for key in owners {
            queue.add(key);
        }
    }

    fn sync(&mut self, key: &Key) -> Result<Option<Duration>, Failure> {
        let store = self.client.store();
        let Some(set) = store.typed::<ReplicaSet>(key.namespace(), key.name()) else { return Ok(None) };
        let Some(selector) = LabelSelector::of(&set.spec.selector) else { return Ok(None) };
        let pods: Vec<Pod> = claim(&self.client, &*set, &selector, |_: &Pod| true)?;
        let (ending, mut active): (Vec<Pod>, Vec<Pod>) =
            pods.into_iter().filter(|pod| !has_ended(pod)).partition(is_terminating);
        active.sort_by_key(|pod| pod.metadata.name.clone());
        let managed = match set.metadata.deletion_timestamp {
            None => self.manage(&set, &active),
            Some(_) => Ok(()),
        };
        let now = Timestamp::now();
        let status = status(&set, &active, &ending, managed.as_ref().err(), now);
        write(&self.client, &set, &status)?;
        managed?;
        let seconds = set.spec.min_ready_seconds.unwrap_or(0);
        let waits = seconds > 0 && status.ready_replicas != status.available_replicas;
        Ok(if waits { next_availability(&active, seconds, now) } else { None })
    }
}

fn status(
    set: &ReplicaSet,
    active: &[Pod],
    ending: &[Pod],
    failed: Option<&Failure>,
    now: Timestamp,
) -> ReplicaSetStatus {
    let seconds = set.spec.min_ready_seconds.unwrap_or(0);
    let labels = set.spec.template.as_ref().and_then(|template| template.metadata.as_ref()?.labels.clone());
    let labelled = LabelSelector::equal_to(&labels.unwrap_or_default());
    let number = |count: usize| i32::try_from(count).unwrap_or(i32::MAX);
    let count = |counts: &dyn Fn(&Pod) -> bool| {
        Some(number(active.iter().filter(|pod| counts(pod)).count())).filter(|count| *count != 0)
    };
    let known = set.status.clone().unwrap_or_default();
    let mut conditions = known.conditions.unwrap_or_default();
    let said = conditions.iter().any(|condition| condition.type_.as_deref() == Some("ReplicaFailure"));
    match failed {
        Some(failure) if !said => {
            let too_few = number(active.len()) < set.spec.replicas.unwrap_or(0);
            conditions.push(ReplicaSetCondition {
                type_: Some("ReplicaFailure".to_owned()),
                status: Some("True".to_owned()),
                reason: Some(if too_few { "FailedCreate" } else { "FailedDelete" }.to_owned()),
                message: Some(failure.to_string()),
                last_transition_time: Some(time::now()),
            });
        }
        None => conditions.retain(|condition| condition.type_.as_deref() != Some("ReplicaFailure")),
        Some(_) => {}
    }
    ReplicaSetStatus {
        available_replicas: count(&|pod| is_available(pod, seconds, now)),
        conditions: Some(conditions).filter(|conditions| !conditions.is_empty()),
        fully_labeled_replicas: count(&|pod| labelled.matches(&pod.metadata.labels.clone().unwrap_or_default())),
        observed_generation: set.metadata.generation,
        ready_replicas: count(&is_ready),
        replicas: number(active.len()),
        terminating_replicas: Some(number(ending.len())),
    }
}

fn write(client: &Client, set: &ReplicaSet, status: &ReplicaSetStatus) -> Result<(), Failure> {
    if set.status.as_ref() == Some(status) {
        return Ok(());
    }
    let mut set = set.clone();
    set.metadata.resource_version = None;
    set.status = Some(status.clone());
    match client.update_status(&set) {
        Err(failure) if !failure.is_not_found() => Err(failure),
        _ => Ok(()),
    }
}
