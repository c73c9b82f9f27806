//! The scheduler: finds a node for each pod, the one with the fewest pods of the same owner.

mod fit;
mod tally;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use k8s_openapi::api::core::v1::{Event as ApiEvent, Node, PersistentVolumeClaim, Pod, PodCondition};
use k8s_openapi::api::storage::v1::StorageClass;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use tokio::time::Instant;

use crate::controllers::{Controller, Queue, Recorder, condition, event_name, reference, set_condition};
use crate::failure::Failure;
use crate::kinds::{Kind, Typed};
use crate::pace::Pace;
use crate::registry::Client;
use crate::store::{Change, Event, Key};
use crate::time;
use tally::Tally;

/// The name under which it writes, and by which pods ask for it.
pub(crate) const NAME: &str = "default-scheduler";

/// How long a pod that fits nowhere waits until it is tried again, if nothing changes.
const AGAIN: Duration = Duration::from_secs(60);

/// The scheduler.
pub(crate) struct Scheduler {
    client: Client,
    recorder: Recorder,
    tally: Tally,
    pace: Pace,
    /// When each pod is seen to that came a moment ago, by its UID.
    not_before: HashMap<String, Instant>,
}

impl Scheduler {
    pub(crate) fn new(client: Client, pace: Pace) -> Self {
        let recorder = Recorder::new(client.clone(), NAME);
        Self { client, recorder, tally: Tally::default(), pace, not_before: HashMap::new() }
    }

    fn waiting(&self) -> Vec<Key> {
        let pods = self.client.store().list_typed::<Pod>(None);
        pods.iter().filter(|pod| is_waiting(pod)).map(|pod| Key::of(&**pod)).collect()
    }

    /// Why the pod's claims keep it from every node; or that they are about to be bound.
    fn claims(&self, pod: &Pod) -> Claims {
        let store = self.client.store();
        let volumes = pod.spec.as_ref().and_then(|spec| spec.volumes.as_ref()).into_iter().flatten();
        for name in volumes.filter_map(|volume| Some(&volume.persistent_volume_claim.as_ref()?.claim_name)) {
            let Some(claim) = store.typed::<PersistentVolumeClaim>(pod.namespace(), name) else {
                return Claims::Missing(format!("persistentvolumeclaim {name:?} not found"));
            };
            if claim.metadata.deletion_timestamp.is_some() {
                return Claims::Missing(format!("persistentvolumeclaim {name:?} is being deleted"));
            }
            let spec = claim.spec.clone().unwrap_or_default();
            if spec.volume_name.is_some() {
                continue;
            }
            let class = spec.storage_class_name.unwrap_or_default();
            if store.typed::<StorageClass>("", &class).is_some() {
                return Claims::Soon;
            }
            return Claims::Missing("pod has unbound immediate PersistentVolumeClaims".to_owned());
        }
        Claims::Bound
    }

    fn place(&mut self, pod: &Pod, node: &str) -> Result<(), Failure> {
        let key = Key::of(pod);
        self.client.registry().bind(&key, pod.uid(), node)?;
        self.tally.assume(pod, node);
        self.not_before.remove(pod.uid());
        let event = ApiEvent {
            metadata: ObjectMeta {
                name: Some(event_name(pod.name())),
                namespace: pod.metadata.namespace.clone(),
                ..ObjectMeta::default()
            },
            action: Some("Binding".to_owned()),
            event_time: Some(time::now_micro()),
            involved_object: reference(pod),
            message: Some(format!("Successfully assigned {key} to {node}")),
            reason: Some("Scheduled".to_owned()),
            reporting_component: Some(NAME.to_owned()),
            reporting_instance: Some(format!("{NAME}-control-plane")),
            type_: Some("Normal".to_owned()),
            ..ApiEvent::default()
        };
        // The pod has its node, whatever becomes of what is said of it.
        let _ = self.client.create(&event);
        Ok(())
    }

    fn fail(&mut self, pod: &Pod, message: &str) -> Result<(), Failure> {
        let known = condition(pod.status.as_ref(), "PodScheduled").and_then(|known| known.message.as_deref());
        if known == Some(message) {
            return Ok(());
        }
        let mut waiting = pod.clone();
        waiting.metadata.resource_version = None;
        set_condition(
            waiting.status.get_or_insert_default(),
            PodCondition {
                type_: "PodScheduled".to_owned(),
                status: "False".to_owned(),
                reason: Some("Unschedulable".to_owned()),
                message: Some(message.to_owned()),
                last_transition_time: Some(time::now()),
                observed_generation: pod.metadata.generation,
                last_probe_time: None,
            },
        );
        match self.client.update_status(&waiting) {
            Ok(_) => {
                self.recorder.warning(reference(pod), "FailedScheduling", message);
                Ok(())
            }
            Err(failure) if failure.is_not_found() => Ok(()),
            Err(failure) => Err(failure),
        }
    }
}

/// The state of a pod's claims.
enum Claims {
    Bound,
    Soon,
    Missing(String),
}

/// Whether a pod waits for a node.
fn is_waiting(pod: &Pod) -> bool {
    let Some(spec) = &pod.spec else { return false };
    let gated = spec.scheduling_gates.as_ref().is_some_and(|gates| !gates.is_empty());
    spec.node_name.as_deref().is_none_or(str::is_empty)
        && pod.metadata.deletion_timestamp.is_none()
        && spec.scheduler_name.as_deref().unwrap_or(NAME) == NAME
        && !gated
}

/// Why no node is good enough: each reason with how many nodes have it.
fn explain(reasons: &BTreeMap<String, usize>, nodes: usize) -> String {
    if nodes == 0 {
        return "no nodes available to schedule pods".to_owned();
    }
    let mut listed: Vec<String> = reasons.iter().map(|(reason, count)| format!("{count} {reason}")).collect();
    listed.sort();
    format!(
        "0/{nodes} nodes are available: {}. preemption: 0/{nodes} nodes are available: {nodes} Preemption is not helpful \
         for scheduling.",
        listed.join(", ")
    )
}

impl Controller for Scheduler {
    fn name(&self) -> &'static str {
        "scheduler"
    }

    fn watches(&self) -> &'static [Kind] {
        &[Kind::Node, Kind::Pod, Kind::PersistentVolumeClaim]
    }

    fn concerns(&mut self, event: &Event, queue: &mut Queue) {
        match event.object.kind {
            Kind::Pod => {
                let Some(pod) = event.object.parse::<Pod>() else { return };
                let freed = self.tally.follow(&pod, event.change);
                if event.change == Change::Deleted {
                    self.not_before.remove(pod.uid());
                } else if is_waiting(&pod) {
                    if event.change == Change::Added {
                        let then = Instant::now() + self.pace.schedule;
                        self.not_before.entry(pod.uid().to_owned()).or_insert(then);
                    }
                    queue.add(event.object.key.clone());
                }
                if freed {
                    self.waiting().into_iter().for_each(|key| queue.add(key));
                }
            }
            _ => self.waiting().into_iter().for_each(|key| queue.add(key)),
        }
    }

    fn sync(&mut self, key: &Key) -> Result<Option<Duration>, Failure> {
        let store = self.client.store();
        let Some(pod) = store.typed::<Pod>(key.namespace(), key.name()).filter(|pod| is_waiting(pod)) else {
            return Ok(None);
        };
        let wait = self.not_before.get(pod.uid()).map(|then| then.saturating_duration_since(Instant::now()));
        if let Some(wait) = wait.filter(|wait| !wait.is_zero()) {
            return Ok(Some(wait));
        }
        let nodes: Vec<Arc<Node>> = store.list_typed(None);
        match self.claims(&pod) {
            Claims::Bound => {}
            Claims::Soon => return Ok(None), // the claim's change brings it back
            Claims::Missing(why) => {
                self.fail(&pod, &format!("0/{} nodes are available: {why}. not found", nodes.len()))?;
                return Ok(Some(AGAIN));
            }
        }
        let mut reasons: BTreeMap<String, usize> = BTreeMap::new();
        let mut best: Option<(usize, &str)> = None;
        for node in &nodes {
            match fit::check(&pod, node, self.tally.of(node.name())) {
                Ok(()) => {
                    let load = self.tally.load(&pod, node.name());
                    if best.is_none_or(|(least, _)| load < least) {
                        best = Some((load, node.name()));
                    }
                }
                Err(reason) => *reasons.entry(reason).or_default() += 1,
            }
        }
        if let Some((_, node)) = best {
            self.place(&pod, node)?;
            Ok(None)
        } else {
            self.fail(&pod, &explain(&reasons, nodes.len()))?;
            Ok(Some(AGAIN))
        }
    }
}
