//! The kubelets of all nodes: they take the pods that were given to a node through their lives, at the pace of the
//! walk-through, and report what becomes of them.

mod addresses;
mod container;
mod node;
mod sandbox;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use k8s_openapi::api::core::v1::{Node, Pod};
use tokio::time::Instant;

use crate::controllers::{Bell, Controller, Queue, Recorder, has_ended, reference};
use crate::failure::Failure;
use crate::kinds::{Kind, Typed as _};
use crate::pace::Pace;
use crate::registry::{Client, DeleteOptions};
use crate::runtime::Runtime;
use crate::store::{Change, Event, Key};
use crate::time;
use addresses::Addresses;
pub(crate) use node::report;
use sandbox::{About, Sandbox};

/// The name under which it writes.
pub(crate) const NAME: &str = "kubelet";

/// The kubelets.
pub(crate) struct Kubelet {
    client: Client,
    runtime: Arc<Runtime>,
    pace: Pace,
    recorders: HashMap<String, Recorder>,
    /// The pods on nodes that run, by their UIDs.
    sandboxes: HashMap<String, Sandbox>,
    addresses: Addresses,
}

impl Kubelet {
    pub(crate) fn new(client: Client, runtime: Arc<Runtime>, pace: Pace) -> Self {
        let (recorders, sandboxes) = (HashMap::new(), HashMap::new());
        Self { client, runtime, pace, recorders, sandboxes, addresses: Addresses::default() }
    }

    fn on_pod(&mut self, event: &Event, queue: &mut Queue) {
        let object = &event.object;
        if event.change == Change::Deleted {
            self.sandboxes.remove(&*object.uid);
            self.runtime.forget(&object.uid);
            self.addresses.release(&object.uid);
            return;
        }
        let Some(pod) = object.parse::<Pod>() else { return };
        if has_ended(&pod) {
            self.addresses.release(&object.uid);
        } else if let Some(ip) = pod.status.as_ref().and_then(|status| status.pod_ip.as_deref()?.parse().ok()) {
            let name = pod.spec.as_ref().and_then(|spec| spec.node_name.as_deref()).unwrap_or_default();
            let node = self.client.store().typed::<Node>("", name);
            self.addresses.keep(&object.uid, ip, node.as_deref().and_then(node::range));
        }
        queue.add(object.key.clone());
    }

    fn on_node(&mut self, event: &Event, queue: &mut Queue) {
        queue.add(event.object.key.clone());
        let stopped =
            |object: &crate::store::Object| object.parse::<Node>().is_some_and(|node| node::is_stopped(&node));
        let changed = event.previous.as_ref().is_none_or(|previous| stopped(previous) != stopped(&event.object));
        if !changed {
            return;
        }
        for pod in self.pods_on(event.object.key.name()) {
            // A node that comes back reports everything anew.
            if let Some(sandbox) = self.sandboxes.get_mut(pod.uid()) {
                sandbox.forget_report();
            }
            queue.add(Key::of(&*pod));
        }
    }

    fn pods_on(&self, node: &str) -> Vec<Arc<Pod>> {
        let mut pods = self.client.store().list_typed::<Pod>(None);
        pods.retain(|pod| pod.spec.as_ref().and_then(|spec| spec.node_name.as_deref()) == Some(node));
        pods
    }

    /// Reports that a node is alive.
    fn beat(&self, node: &Node) -> Result<Option<Duration>, Failure> {
        let period = self.pace.node_grace() / 4;
        let silent = node::last_beat(node).map(time::since);
        match silent.map(|silent| period.saturating_sub(silent)) {
            Some(wait) if !wait.is_zero() && node::address(node).is_some() => Ok(Some(wait)),
            _ => {
                self.client.update_status(&node::report(node))?;
                Ok(Some(period))
            }
        }
    }

    fn see_to(&mut self, pod: &Pod, node: &Node) -> Result<Option<Duration>, Failure> {
        let now = Instant::now();
        let pace = self.pace;
        let sandbox = self.sandboxes.entry(pod.uid().to_owned()).or_insert_with(|| Sandbox::new(pod, now, &pace));
        if pod.metadata.deletion_timestamp.is_some() {
            return self.end(pod, node, now);
        }
        let (addresses, host) = (&mut self.addresses, node::address(node));
        let on_host = pod.spec.as_ref().is_some_and(|spec| spec.host_network == Some(true));
        for (container, code) in self.runtime.exits(pod.uid()) {
            sandbox.exited(&container, code, now);
        }
        let said = sandbox.advance(pod, now, &pace, || match host {
            Some(host) if on_host => host.parse().ok(),
            _ => addresses.assign(pod.uid(), node::range(node)?),
        });
        let news = sandbox.news(pod, now).map(|report| sandbox.status(pod, report, host));
        let due = sandbox.due(now);
        if let Some(status) = news {
            let mut pod = pod.clone();
            pod.metadata.resource_version = None;
            pod.status = Some(status);
            self.runtime.run(&pod, &sandbox.running());
            match self.client.update_status(&pod) {
                Err(failure) if failure.is_not_found() => return Ok(None),
                Err(failure) => {
                    sandbox.forget_report();
                    return Err(failure);
                }
                Ok(_) => {}
            }
        }
        self.say(pod, node, said);
        Ok(due.map(|due| due.saturating_duration_since(now)))
    }

    /// Ends a pod that is being deleted.
    fn end(&mut self, pod: &Pod, node: &Node, now: Instant) -> Result<Option<Duration>, Failure> {
        let grace = pod.metadata.deletion_grace_period_seconds.unwrap_or(0);
        let Some(grace) = u64::try_from(grace).ok().filter(|grace| *grace > 0) else {
            return Ok(None); // it is held by its finalizers alone
        };
        let pace = self.pace;
        let stop = if self.is_slow(node) { pace.slow_stop } else { pace.stop };
        let Some(sandbox) = self.sandboxes.get_mut(pod.uid()) else { return Ok(None) };
        let first = sandbox.gone.is_none();
        let latest = now + stop.min(Duration::from_secs(grace));
        let gone = sandbox.gone.map_or(latest, |gone| gone.min(latest));
        sandbox.gone = Some(gone);
        if first {
            let said = sandbox.kill();
            self.runtime.terminate(pod.uid());
            self.say(pod, node, said);
        }
        if now < gone {
            return Ok(Some(gone - now));
        }
        match self.client.delete::<Pod>(&Key::of(pod), &DeleteOptions::now(pod.uid())) {
            Err(failure) if !failure.is_not_found() && !failure.is_conflict() => Err(failure),
            _ => Ok(None),
        }
    }

    /// Every second node takes its time to end pods.
    fn is_slow(&self, node: &Node) -> bool {
        let nodes = self.client.store().list_typed::<Node>(None);
        nodes.iter().position(|known| known.name() == node.name()).is_some_and(|place| place % 2 == 1)
    }

    fn say(&mut self, pod: &Pod, node: &Node, about: Vec<About>) {
        if about.is_empty() {
            return;
        }
        let client = &self.client;
        let recorder = self.recorders.entry(node.name().to_owned());
        let recorder = recorder.or_insert_with(|| Recorder::on(client.clone(), NAME, node.name()));
        for About { path, said } in about {
            let mut object = reference(pod);
            object.field_path = Some(path).filter(|path| !path.is_empty());
            if said.kind == "Normal" {
                recorder.normal(object, said.reason, said.message);
            } else {
                recorder.warning(object, said.reason, said.message);
            }
        }
    }
}

impl Controller for Kubelet {
    fn name(&self) -> &'static str {
        NAME
    }

    fn watches(&self) -> &'static [Kind] {
        &[Kind::Node, Kind::Pod]
    }

    fn bell(&self) -> Bell {
        self.runtime.bell.clone()
    }

    fn concerns(&mut self, event: &Event, queue: &mut Queue) {
        match event.object.kind {
            Kind::Pod => self.on_pod(event, queue),
            _ => self.on_node(event, queue),
        }
    }

    fn sync(&mut self, key: &Key) -> Result<Option<Duration>, Failure> {
        let node = |name: &str| self.client.store().typed::<Node>("", name).filter(|node| !node::is_stopped(node));
        if key.namespace().is_empty() {
            return node(key.name()).map_or(Ok(None), |node| self.beat(&node));
        }
        let Some(pod) = self.client.store().typed::<Pod>(key.namespace(), key.name()) else { return Ok(None) };
        let name = pod.spec.as_ref().and_then(|spec| spec.node_name.as_deref()).unwrap_or_default();
        if name.is_empty() || has_ended(&pod) {
            return Ok(None);
        }
        node(name).map_or(Ok(None), |node| self.see_to(&pod, &node))
    }
}
