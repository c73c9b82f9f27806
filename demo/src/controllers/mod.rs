//! The controllers: each looks at what is wanted and what is, and makes the next step.
//!
//! A controller says which changes concern which of its objects; those wait in its queue, each once, and are seen to one
//! after another ([`runner`]). Seeing to one ([`Controller::sync`]) looks at everything afresh and never waits.

mod bell;
mod deployment;
mod endpoint_slice;
mod event_ttl;
mod garbage;
mod namespace;
mod node_lifecycle;
mod owners;
mod pods;
mod queue;
mod recorder;
mod replica_set;
mod runner;
mod stateful_set;
mod storage;
mod template_hash;

use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;

use crate::failure::Failure;
use crate::kinds::Kind;
use crate::kubelet::{self, Kubelet};
use crate::pace::Pace;
use crate::registry::{Client, Registry};
use crate::runtime::Runtime;
use crate::scheduler::{self, Scheduler};
use crate::store::{Event, Key};

pub(crate) use bell::Bell;
pub(crate) use node_lifecycle::is_marked_unreachable;
pub(crate) use owners::{controller_of, owner_reference};
pub(crate) use pods::{condition, disrupt, has_ended, is_ready, set_condition};
pub(crate) use queue::Queue;
pub(crate) use recorder::{Recorder, event_name, reference};

/// The name under which the controllers write.
const MANAGER: &str = "kube-controller-manager";

/// A controller.
pub(crate) trait Controller: Send + 'static {
    /// Its name, for logs.
    fn name(&self) -> &'static str;

    /// The kinds whose changes concern it.
    fn watches(&self) -> &'static [Kind];

    /// Puts the objects that a change concerns into the queue.
    fn concerns(&mut self, event: &Event, queue: &mut Queue);

    /// Sees to an object: makes the next step. Tells when to look again, if nothing changes before.
    ///
    /// # Errors
    /// When a step failed; it is tried again after a while.
    fn sync(&mut self, key: &Key) -> Result<Option<Duration>, Failure>;

    /// What tells it of that which is not in the store.
    fn bell(&self) -> Bell {
        Bell::default()
    }
}

/// Starts all controllers, the scheduler and the kubelets; they end when the set is dropped.
pub(crate) fn start(registry: &Arc<Registry>, runtime: &Arc<Runtime>, pace: Pace, tasks: &mut JoinSet<()>) {
    let client = Client::new(registry, MANAGER);
    let recorder = |component: &'static str| Recorder::new(client.clone(), component);
    let store = Arc::clone(&registry.store);
    let mut run = |controller: Box<dyn Controller>| {
        tasks.spawn(runner::run(controller, Arc::clone(&store)));
    };
    run(Box::new(stateful_set::StatefulSets::new(client.clone(), recorder("statefulset-controller"))));
    run(Box::new(deployment::Deployments::new(client.clone(), recorder("deployment-controller"))));
    run(Box::new(replica_set::ReplicaSets::new(client.clone(), recorder("replicaset-controller"))));
    run(Box::new(endpoint_slice::EndpointSlices::new(client.clone())));
    run(Box::new(garbage::Garbage::new(client.clone())));
    run(Box::new(namespace::Namespaces::new(client.clone())));
    run(Box::new(storage::Claims::new(client.clone(), recorder("persistentvolume-controller"))));
    let nodes = node_lifecycle::Nodes::new(client.clone(), recorder("node-controller"), pace);
    run(Box::new(nodes));
    run(Box::new(Scheduler::new(Client::new(registry, scheduler::NAME), pace)));
    run(Box::new(Kubelet::new(Client::new(registry, kubelet::NAME), Arc::clone(runtime), pace)));
    tasks.spawn(event_ttl::run(client));
}
