//! The StatefulSet controller: pods with names that stay, one after another.
//!
//! Each sync looks at all pods of a set afresh: [`revisions`] says which template is current and which is new, [`walk`]
//! makes the next step, and what there is then is written into the status.

mod claims;
mod identity;
mod revisions;
mod status;
mod walk;

use std::time::Duration;

use jiff::Timestamp;
use k8s_openapi::api::apps::v1::StatefulSet;
use k8s_openapi::api::core::v1::Pod;

use super::owners::{claim, owner_key};
use super::pods::next_availability;
use super::{Controller, Queue, Recorder};
use crate::failure::Failure;
use crate::kinds::{Kind, Typed};
use crate::registry::Client;
use crate::selectors::LabelSelector;
use crate::store::{Event, Key, Object};

/// The StatefulSet controller.
pub(super) struct StatefulSets {
    client: Client,
    recorder: Recorder,
}

impl StatefulSets {
    pub(super) const fn new(client: Client, recorder: Recorder) -> Self {
        Self { client, recorder }
    }

    /// The sets that could take in an object that nobody controls.
    fn candidates(&self, object: &Object) -> Vec<Key> {
        let sets = self.client.store().list_typed::<StatefulSet>(Some(object.key.namespace()));
        let selects = |set: &StatefulSet| {
            LabelSelector::of(&set.spec.selector).is_some_and(|it| !it.is_empty() && it.matches(&object.labels))
        };
        sets.iter().filter(|set| selects(set)).map(|set| Key::of(&**set)).collect()
    }
}

impl Controller for StatefulSets {
    fn name(&self) -> &'static str {
        "statefulset"
    }

    fn watches(&self) -> &'static [Kind] {
        &[Kind::StatefulSet, Kind::Pod, Kind::PersistentVolumeClaim]
    }

    fn concerns(&mut self, event: &Event, queue: &mut Queue) {
        match event.object.kind {
            Kind::StatefulSet => queue.add(event.object.key.clone()),
            Kind::Pod => {
                let owner = |object: &Object| owner_key(object, Kind::StatefulSet);
                let owners: Vec<Key> =
                    event.previous.iter().chain([&event.object]).filter_map(|object| owner(object)).collect();
                if owners.is_empty() && !event.object.owners.iter().any(|owner| owner.controller) {
                    for key in self.candidates(&event.object) {
                        queue.add(key);
                    }
                }
                for key in owners {
                    queue.add(key);
                }
            }
            // A claim that is gone may be what a pod waits for.
            _ => {
                for key in claims::sets_of(self.client.store(), &event.object.key) {
                    queue.add(key);
                }
            }
        }
    }

    fn sync(&mut self, key: &Key) -> Result<Option<Duration>, Failure> {
        let store = self.client.store();
        let Some(set) = store.typed::<StatefulSet>(key.namespace(), key.name()) else { return Ok(None) };
        let Some(selector) = LabelSelector::of(&set.spec.selector) else { return Ok(None) };
        let is_member =
            |pod: &Pod| identity::parent_and_ordinal(pod.name()).is_some_and(|(name, _)| name == set.name());
        let pods: Vec<Pod> = claim(&self.client, &*set, &selector, is_member)?;
        let history = revisions::History::load(&self.client, &set, &selector)?;
        let now = Timestamp::now();
        let mut walk = walk::Walk::new(&self.client, &mut self.recorder, &set, &history, &pods, now);
        let outcome = walk.run();
        let status = walk.into_status();
        status::write(&self.client, &set, &status)?;
        let truncated = history.truncate(&self.client, &set, &pods);
        outcome.and(truncated)?;
        let seconds = set.spec.min_ready_seconds.unwrap_or(0);
        let waits = seconds > 0 && status.ready_replicas != status.available_replicas;
        Ok(waits.then(|| {
            next_availability(&pods, seconds, now)
                .unwrap_or_else(|| Duration::from_secs(u64::try_from(seconds).unwrap_or_default()))
        }))
    }
}
