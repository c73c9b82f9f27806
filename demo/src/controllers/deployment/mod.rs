//! The Deployment controller: a ReplicaSet for each template, and pods moved from the old ones to the new one.

mod replica_sets;
mod rollout;
mod status;

use std::time::Duration;

use k8s_openapi::api::apps::v1::{Deployment, ReplicaSet};
use k8s_openapi::api::core::v1::Pod;

use super::owners::{claim, owner_key};
use super::pods::has_ended;
use super::{Controller, Queue, Recorder};
use crate::failure::Failure;
use crate::kinds::{Kind, Typed};
use crate::registry::Client;
use crate::selectors::LabelSelector;
use crate::store::{Change, Event, Key, Object};

/// The Deployment controller.
pub(super) struct Deployments {
    client: Client,
    recorder: Recorder,
}

impl Deployments {
    pub(super) const fn new(client: Client, recorder: Recorder) -> Self {
        Self { client, recorder }
    }

    fn candidates(&self, object: &Object) -> Vec<Key> {
        let all = self.client.store().list_typed::<Deployment>(Some(object.key.namespace()));
        let selects = |it: &Deployment| {
            LabelSelector::of(&it.spec.selector).is_some_and(|it| !it.is_empty() && it.matches(&object.labels))
        };
        all.iter().filter(|it| selects(it)).map(|it| Key::of(&**it)).collect()
    }
}

impl Controller for Deployments {
    fn name(&self) -> &'static str {
        "deployment"
    }

    fn watches(&self) -> &'static [Kind] {
        &[Kind::Deployment, Kind::ReplicaSet, Kind::Pod]
    }

    fn concerns(&mut self, event: &Event, queue: &mut Queue) {
        match event.object.kind {
            Kind::Deployment => queue.add(event.object.key.clone()),
            Kind::ReplicaSet => {
                let owners: Vec<Key> = event
                    .previous
                    .iter()
                    .chain([&event.object])
                    .filter_map(|object| owner_key(object, Kind::Deployment))
                    .collect();
                if owners.is_empty() && !event.object.owners.iter().any(|owner| owner.controller) {
                    for key in self.candidates(&event.object) {
                        queue.add(key);
                    }
                }
                for key in owners {
                    queue.add(key);
                }
            }
            // Recreating waits until the last pod is gone.
            _ if event.change == Change::Deleted => {
                let Some(set) = owner_key(&event.object, Kind::ReplicaSet) else { return };
                if let Some(set) = self.client.store().get(Kind::ReplicaSet, &set)
                    && let Some(key) = owner_key(&set, Kind::Deployment)
                {
                    queue.add(key);
                }
            }
            _ => {}
        }
    }

    fn sync(&mut self, key: &Key) -> Result<Option<Duration>, Failure> {
        let store = self.client.store();
        let Some(deployment) = store.typed::<Deployment>(key.namespace(), key.name()) else { return Ok(None) };
        let mut deployment = (*deployment).clone();
        let Some(selector) = LabelSelector::of(&deployment.spec.selector) else { return Ok(None) };
        let sets: Vec<ReplicaSet> = claim(&self.client, &deployment, &selector, |_| true)?;
        status::set_paused(&self.client, &mut deployment)?;
        let running = sets.iter().any(|set| {
            let pods = store.owned_typed::<Pod>(set.uid());
            pods.iter().any(|pod| !has_ended(pod))
        });
        let mut rollout = rollout::Rollout::new(&self.client, &mut self.recorder, deployment, sets);
        rollout.run(running)?;
        status::write(&self.client, rollout.finish())
    }
}
