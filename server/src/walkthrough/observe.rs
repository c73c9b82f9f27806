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
use topology::SetKey;
use topology::wire::{Scope, Subscription};

use super::{CONTRAST, Command, NAMESPACE, PARALLEL, Walkthrough};
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
    while let Some(event) = events.next().await {
        match event {
            Ok(watcher::Event::Apply(pod) | watcher::Event::InitApply(pod)) => {
                let ready = is_ready(&pod);
                let name = pod.metadata.name.unwrap_or_default();
                walkthrough.see(|progress| progress.see_contrast(&name, ready, now()));
            }
            Ok(watcher::Event::Delete(pod)) => {
                let name = pod.metadata.name.unwrap_or_default();
                walkthrough.see(|progress| progress.miss_contrast(&name, now()));
            }
            // The demo's API is in this process: a watch that ends is opened again, and what it missed is listed.
            Ok(watcher::Event::Init | watcher::Event::InitDone) | Err(_) => {}
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

fn is_ready(pod: &Pod) -> bool {
    let conditions = pod.status.iter().flat_map(|status| status.conditions.iter().flatten());
    pod.metadata.deletion_timestamp.is_none()
        && conditions.into_iter().any(|condition| condition.type_ == "Ready" && condition.status == "True")
}
