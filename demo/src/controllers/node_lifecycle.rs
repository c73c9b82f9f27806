//! Nodes that do not answer: they are marked, and after a while their pods are told to go.

use std::collections::HashMap;
use std::time::Duration;

use jiff::Timestamp;
use k8s_openapi::api::core::v1::{Node, NodeCondition, Pod, Taint, Toleration};
use tokio::time::Instant;

use super::pods::{condition, disrupt, is_terminating, set_condition};
use super::{Controller, Queue, Recorder, reference};
use crate::failure::Failure;
use crate::kinds::{Kind, Typed};
use crate::pace::Pace;
use crate::registry::{Client, DeleteOptions};
use crate::store::{Event, Key};
use crate::time;

/// The taint of a node that does not answer.
const UNREACHABLE: &str = "node.kubernetes.io/unreachable";

/// The controller of nodes that do not answer.
pub(super) struct Nodes {
    client: Client,
    recorder: Recorder,
    pace: Pace,
    /// When each node was heard of last, and what it said then.
    heard: HashMap<String, (Option<Timestamp>, Instant)>,
}

impl Nodes {
    pub(super) fn new(client: Client, recorder: Recorder, pace: Pace) -> Self {
        Self { client, recorder, pace, heard: HashMap::new() }
    }

    /// Marks a node that does not answer, and its pods as not ready.
    fn lose(&mut self, node: &Node) -> Result<(), Failure> {
        let mut lost = node.clone();
        let status = lost.status.get_or_insert_default();
        for condition in status.conditions.iter_mut().flatten() {
            if condition.status != "Unknown" {
                *condition = NodeCondition {
                    status: "Unknown".to_owned(),
                    reason: Some("NodeStatusUnknown".to_owned()),
                    message: Some("Kubelet stopped posting node status.".to_owned()),
                    last_transition_time: Some(time::now()),
                    ..condition.clone()
                };
            }
        }
        let mut lost = self.client.update_status(&lost)?;
        let message = format!("Node {} status is now: NodeNotReady", node.name());
        self.recorder.normal(reference(node), "NodeNotReady", message);
        let taints = lost.spec.get_or_insert_default().taints.get_or_insert_default();
        taints.retain(|taint| taint.key != UNREACHABLE);
        for effect in ["NoSchedule", "NoExecute"] {
            taints.push(Taint {
                effect: effect.to_owned(),
                key: UNREACHABLE.to_owned(),
                time_added: Some(time::now()),
                value: None,
            });
        }
        self.client.update(&lost)?;
        for pod in self.pods_on(node.name()) {
            self.not_ready(&pod)?;
        }
        Ok(())
    }

    fn not_ready(&mut self, pod: &Pod) -> Result<(), Failure> {
        let Some(known) = condition(pod.status.as_ref(), "Ready").filter(|known| known.status == "True") else {
            return Ok(());
        };
        let mut condition = known.clone();
        "False".clone_into(&mut condition.status);
        condition.last_transition_time = Some(time::now());
        let mut pod = pod.clone();
        if let Some(status) = &mut pod.status {
            set_condition(status, condition);
        }
        match self.client.update_status(&pod) {
            Ok(_) => {
                self.recorder.warning(reference(&pod), "NodeNotReady", "Node is not ready");
                Ok(())
            }
            Err(failure) if failure.is_not_found() => Ok(()),
            Err(failure) => Err(failure),
        }
    }

    fn pods_on(&self, node: &str) -> Vec<Pod> {
        let pods = self.client.store().list_typed::<Pod>(None);
        let on = |pod: &Pod| pod.spec.as_ref().and_then(|spec| spec.node_name.as_deref()) == Some(node);
        pods.iter().filter(|pod| on(pod)).map(|pod| (**pod).clone()).collect()
    }

    /// Takes the mark off a node that answers again.
    fn find(&mut self, node: &Node) -> Result<(), Failure> {
        let mut found = node.clone();
        if let Some(spec) = &mut found.spec {
            let taints = spec.taints.take().unwrap_or_default();
            let left: Vec<_> = taints.into_iter().filter(|taint| taint.key != UNREACHABLE).collect();
            spec.taints = Some(left).filter(|left| !left.is_empty());
        }
        self.client.update(&found).map(drop)
    }

    /// Tells the pods to go that do not bear the node's taint any longer; tells when the next one will not.
    fn evict(&mut self, node: &Node, since: Timestamp) -> Result<Option<Duration>, Failure> {
        let pace = self.pace;
        let mut next = None;
        for pod in self.pods_on(node.name()) {
            if is_terminating(&pod) {
                continue;
            }
            let tolerations = pod.spec.as_ref().and_then(|spec| spec.tolerations.clone()).unwrap_or_default();
            let Some(seconds) = patience(&tolerations) else { continue };
            let waited = time::since(since);
            let wait = pace.scaled(Duration::from_secs(seconds)).saturating_sub(waited);
            if wait.is_zero() {
                let message = format!("Marking for deletion Pod {}", Key::of(&pod));
                let about = reference(&pod);
                let why = "Taint manager: deleting due to NoExecute taint";
                disrupt(&self.client, &Key::of(&pod), "DeletionByTaintManager", why)?;
                match self.client.delete::<Pod>(&Key::of(&pod), &DeleteOptions::of(pod.uid())) {
                    Err(failure) if !failure.is_not_found() => return Err(failure),
                    _ => self.recorder.normal(about, "TaintManagerEviction", message),
                }
            } else {
                next = Some(next.map_or(wait, |next: Duration| next.min(wait)));
            }
        }
        Ok(next)
    }
}

/// Whether a node is marked as one that does not answer.
pub(crate) fn is_marked_unreachable(node: &Node) -> bool {
    let taints = node.spec.iter().filter_map(|spec| spec.taints.as_ref()).flatten();
    taints.into_iter().any(|taint| taint.key == UNREACHABLE)
}

/// For how many seconds a pod stays on a node that does not answer; none for ever.
fn patience(tolerations: &[Toleration]) -> Option<u64> {
    let bears = |it: &&Toleration| {
        it.key.as_deref().is_none_or(|key| key.is_empty() || key == UNREACHABLE)
            && it.effect.as_deref().is_none_or(|effect| effect.is_empty() || effect == "NoExecute")
    };
    match tolerations.iter().find(bears) {
        None => Some(0),
        Some(toleration) => toleration.toleration_seconds.map(|seconds| u64::try_from(seconds).unwrap_or(0)),
    }
}

impl Controller for Nodes {
    fn name(&self) -> &'static str {
        "node-lifecycle"
    }

    fn watches(&self) -> &'static [Kind] {
        &[Kind::Node]
    }

    fn concerns(&mut self, event: &Event, queue: &mut Queue) {
        queue.add(event.object.key.clone());
    }

    fn sync(&mut self, key: &Key) -> Result<Option<Duration>, Failure> {
        let Some(node) = self.client.store().typed::<Node>("", key.name()) else {
            self.heard.remove(key.name());
            return Ok(None);
        };
        let conditions = node.status.as_ref().and_then(|status| status.conditions.clone()).unwrap_or_default();
        let Some(ready) = conditions.iter().find(|condition| condition.type_ == "Ready") else { return Ok(None) };
        let beat = ready.last_heartbeat_time.as_ref().map(|time| time.0);
        let heard = self.heard.entry(key.name().to_owned()).or_insert((beat, Instant::now()));
        if heard.0 != beat {
            *heard = (beat, Instant::now());
        }
        let grace = self.pace.node_grace();
        let silent = heard.1.elapsed();
        let taints = node.spec.as_ref().and_then(|spec| spec.taints.clone()).unwrap_or_default();
        let marked = taints.iter().find(|taint| taint.key == UNREACHABLE && taint.effect == "NoExecute");
        match (ready.status.as_str(), marked) {
            ("True", Some(_)) => {
                self.find(&node)?;
                Ok(Some(grace))
            }
            ("Unknown", Some(mark)) => {
                let since = mark.time_added.as_ref().map_or_else(Timestamp::now, |time| time.0);
                self.evict(&node, since)
            }
            _ if silent >= grace => {
                self.lose(&node)?;
                Ok(Some(Duration::ZERO))
            }
            _ => Ok(Some(grace.saturating_sub(silent))),
        }
    }
}
