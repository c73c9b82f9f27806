//! What is looked at for the ticks: two boards, the Deployment's pods, and what runs in containers.

use std::pin::pin;
use std::sync::Arc;

use demo::Ran;
use futures::StreamExt as _;
use k8s_openapi::api::core::v1::Pod;
use kube::Api;
use kube::runtime::{WatchStreamExt as _, watcher};
use tokio::sync::broadcast;
use tokio::sync::broadcast::error::RecvError;
use topology::wire::{Scope, Subscription};
use topology::{SetKey, Timestamp};

use super::{CONTRAST, Command, NAMESPACE, PARALLEL, Progress, Replica, ReplicaStage, Walkthrough};
use crate::clock::now;

/// Looks at a board whenever it changes, until the hub ends.
pub(super) async fn board(walkthrough: Arc<Walkthrough>, set: SetKey) {
    let hub = &walkthrough.hub;
    let subscription = Subscription { scope: Scope::StatefulSet(set.clone()), since: None };
    let Ok(mut feed) = hub.subscribe(subscription).await else { return };
    loop {
        let Ok(view) = hub.view(Some(set.clone())).await else { return };
        if let Some((_, Some(board))) = view.board {
            walkthrough.see(|progress| {
                if set.name == PARALLEL { progress.see_parallel(&board) } else { progress.see_web(&board, view.at) }
            });
        }
        // What was missed is in the board as well.
        if matches!(feed.live.recv().await, Err(RecvError::Closed)) {
            return;
        }
    }
}

/// Looks at the Deployment's pods, for ever.
pub(super) async fn contrast(walkthrough: Arc<Walkthrough>) {
    let pods: Api<Pod> = Api::namespaced(walkthrough.actor.client(), NAMESPACE);
    let events = watcher(pods, watcher::Config::default().labels(CONTRAST)).default_backoff();
    let mut events = pin!(events);
    let mut contrast = Contrast::default();
    while let Some(event) = events.next().await {
        // The demo's API is in this process: a watch that ends is opened again.
        if let Ok(event) = event {
            walkthrough.see(|progress| contrast.take(event, progress, now()));
        }
    }
}

/// Reads the events of a watch. What is missing in a list that follows on a watch that broke is gone.
#[derive(Default)]
struct Contrast {
    /// The list, while it comes in.
    list: Vec<Pod>,
}

impl Contrast {
    fn take(&mut self, event: watcher::Event<Pod>, progress: &mut Progress, now: Timestamp) {
        match event {
            watcher::Event::Init => self.list.clear(),
            watcher::Event::InitApply(pod) => self.list.push(pod),
            watcher::Event::InitDone => {
                let list = std::mem::take(&mut self.list);
                let replicas: Vec<Replica<'_>> = list.iter().map(replica).collect();
                progress.list_contrast(&replicas, now);
            }
            watcher::Event::Apply(pod) => progress.see_contrast(&replica(&pod), now),
            watcher::Event::Delete(pod) => {
                progress.miss_contrast(pod.metadata.name.as_deref().unwrap_or_default(), now);
            }
        }
    }
}

/// Looks at what runs in containers, until the demo ends.
pub(super) async fn commands(walkthrough: Arc<Walkthrough>, mut commands: broadcast::Receiver<Ran>) {
    loop {
        match commands.recv().await {
            Ok(ran) if ran.namespace == NAMESPACE => walkthrough.see(|progress| {
                let Ran { pod, words, output, code, .. } = &ran;
                progress.see_command(&Command { pod, words, output, succeeded: *code == 0 }, now());
            }),
            Ok(_) | Err(RecvError::Lagged(_)) => {}
            Err(RecvError::Closed) => return,
        }
    }
}

/// What the walk-through wants to know of a pod.
fn replica(pod: &Pod) -> Replica<'_> {
    let conditions = pod.status.iter().flat_map(|status| status.conditions.iter().flatten());
    let is_ready = conditions.into_iter().any(|condition| condition.type_ == "Ready" && condition.status == "True");
    let owners = pod.metadata.owner_references.iter().flatten();
    Replica {
        name: pod.metadata.name.as_deref().unwrap_or_default(),
        owner: owners.into_iter().find(|owner| owner.controller == Some(true)).map(|owner| owner.kind.as_str()),
        stage: match (&pod.metadata.deletion_timestamp, is_ready) {
            (Some(_), _) => ReplicaStage::Going,
            (None, true) => ReplicaStage::Ready,
            (None, false) => ReplicaStage::NotReady,
        },
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::Step;
    use super::*;

    fn pod(name: &str) -> Pod {
        let owner =
            json!({"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "api", "uid": "1", "controller": true});
        serde_json::from_value(json!({
            "metadata": {"name": name, "ownerReferences": [owner]},
            "status": {"conditions": [{"type": "Ready", "status": "True"}]},
        }))
        .unwrap()
    }

    #[test]
    fn given_a_watch_that_broke_when_the_new_list_lacks_pods_then_they_are_gone() {
        use watcher::Event::{Init, InitApply, InitDone};
        let (mut contrast, mut progress) = (Contrast::default(), Progress::default());
        let mut list = |names: &[&str]| {
            let events = [Init].into_iter().chain(names.iter().map(|name| InitApply(pod(name)))).chain([InitDone]);
            events.for_each(|event| contrast.take(event, &mut progress, Timestamp::from_millis(1_000)));
            (progress.has_no_replicas(), progress.done(Step::Contrast).is_some())
        };
        assert_eq!(list(&["api-1", "api-2"]), (false, false));
        assert_eq!(list(&["api-1", "api-2"]), (false, false));
        assert_eq!(list(&["api-3", "api-4"]), (false, true));
        assert_eq!(list(&[]), (true, true));
    }
}
