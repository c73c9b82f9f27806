//! What runs on each node, kept up with every change so that no pod has to be counted again.

use std::collections::HashMap;

use k8s_openapi::api::core::v1::Pod;

use crate::controllers::controller_of;
use crate::kinds::Typed;
use crate::schema::Quantity;
use crate::store::Change;

/// What runs on each node.
#[derive(Debug, Default)]
pub(super) struct Tally {
    nodes: HashMap<String, Load>,
    pods: HashMap<String, Placed>,
}

/// What runs on a node.
#[derive(Debug, Default)]
pub(super) struct Load {
    /// How many pods.
    pub(super) pods: usize,
    /// What they ask of it.
    pub(super) asked: Asked,
    owners: HashMap<String, usize>,
}

/// What a pod asks of a node, in thousandths.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct Asked {
    pub(super) cpu: i64,
    pub(super) memory: i64,
}

impl Asked {
    /// What a pod asks: its containers together.
    pub(super) fn by(pod: &Pod) -> Self {
        let containers = pod.spec.as_ref().map_or(&[][..], |spec| &spec.containers);
        let sum = |name: &str| {
            let amounts = containers.iter().filter_map(|container| {
                let requests = container.resources.as_ref()?.requests.as_ref()?;
                requests.get(name)?.0.parse::<Quantity>().ok()
            });
            amounts.map(Quantity::millis).fold(0, i64::saturating_add)
        };
        Self { cpu: sum("cpu"), memory: sum("memory") }
    }
}

#[derive(Debug)]
struct Placed {
    node: String,
    owner: String,
    asked: Asked,
}

impl Tally {
    /// Takes a change of a pod in; tells whether it made room on a node.
    pub(super) fn follow(&mut self, pod: &Pod, change: Change) -> bool {
        let ended = pod.status.as_ref().and_then(|status| status.phase.as_deref());
        let over = change == Change::Deleted || matches!(ended, Some("Succeeded" | "Failed"));
        let node = pod.spec.as_ref().and_then(|spec| spec.node_name.clone()).filter(|node| !node.is_empty());
        match node.filter(|_| !over) {
            Some(node) => {
                self.assume(pod, &node);
                false
            }
            None => self.remove(pod.uid()),
        }
    }

    /// A pod is on a node.
    pub(super) fn assume(&mut self, pod: &Pod, node: &str) {
        if self.pods.get(pod.uid()).is_some_and(|placed| placed.node == node) {
            return;
        }
        self.remove(pod.uid());
        let owner = owner(pod);
        let placed = Placed { node: node.to_owned(), owner, asked: Asked::by(pod) };
        let load = self.nodes.entry(node.to_owned()).or_default();
        load.pods += 1;
        load.asked.cpu = load.asked.cpu.saturating_add(placed.asked.cpu);
        load.asked.memory = load.asked.memory.saturating_add(placed.asked.memory);
        *load.owners.entry(placed.owner.clone()).or_default() += 1;
        self.pods.insert(pod.uid().to_owned(), placed);
    }

    fn remove(&mut self, uid: &str) -> bool {
        let Some(placed) = self.pods.remove(uid) else { return false };
        if let Some(load) = self.nodes.get_mut(&placed.node) {
            load.pods -= 1;
            load.asked.cpu -= placed.asked.cpu;
            load.asked.memory -= placed.asked.memory;
            if let Some(count) = load.owners.get_mut(&placed.owner) {
                *count -= 1;
                if *count == 0 {
                    load.owners.remove(&placed.owner);
                }
            }
        }
        true
    }

    /// What runs on a node.
    pub(super) fn of(&self, node: &str) -> Option<&Load> {
        self.nodes.get(node)
    }

    /// How many pods of the same owner run on a node; for a pod without one, how many pods.
    pub(super) fn load(&self, pod: &Pod, node: &str) -> usize {
        let Some(load) = self.nodes.get(node) else { return 0 };
        match owner(pod).as_str() {
            "" => load.pods,
            owner => load.owners.get(owner).copied().unwrap_or(0),
        }
    }
}

fn owner(pod: &Pod) -> String {
    controller_of(&pod.metadata).map(|owner| owner.uid.clone()).unwrap_or_default()
}
