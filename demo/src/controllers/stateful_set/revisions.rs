//! The revisions of a set: each template that it had, kept under a name that ends in its hash.

use std::collections::BTreeSet;

use k8s_openapi::api::apps::v1::{ControllerRevision, StatefulSet};
use k8s_openapi::api::core::v1::{Pod, PodTemplateSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use k8s_openapi::apimachinery::pkg::runtime::RawExtension;
use serde_json::{Value, json};

use super::identity;
use crate::controllers::owners::claim;
use crate::controllers::{owner_reference, template_hash};
use crate::failure::Failure;
use crate::kinds::Typed;
use crate::registry::{Client, DeleteOptions};
use crate::selectors::LabelSelector;
use crate::store::Key;

/// The label with the hash of a revision.
const HASH: &str = "controller.kubernetes.io/hash";

/// The revisions of a set.
#[derive(Debug)]
pub(super) struct History {
    all: Vec<ControllerRevision>,
    /// The one that pods had before.
    pub(super) current: ControllerRevision,
    /// The one that pods are to have.
    pub(super) update: ControllerRevision,
    /// How often two templates had the same hash.
    pub(super) collisions: i32,
}

impl History {
    /// Reads the revisions of a set, and adds one if its template is new.
    ///
    /// # Errors
    /// When a revision could not be written.
    pub(super) fn load(client: &Client, set: &StatefulSet, selector: &LabelSelector) -> Result<Self, Failure> {
        let mut all: Vec<ControllerRevision> = claim(client, set, selector, |_| true)?;
        sort(&mut all);
        let mut collisions = set.status.as_ref().and_then(|status| status.collision_count).unwrap_or(0);
        let next = all.last().and_then(|last| last.revision).unwrap_or(0) + 1;
        let data = patch_of(set);
        let equal = all.iter().rposition(|known| known.data.0 == data);
        let update = match equal {
            Some(at) if at + 1 == all.len() => all[at].clone(),
            // An earlier template came back: it is the newest again.
            Some(at) => {
                let mut known = all[at].clone();
                known.revision = Some(next);
                let renewed = client.update(&known)?;
                all.remove(at);
                all.push(renewed.clone());
                renewed
            }
            None => {
                let created = create(client, set, &data, next, &mut collisions)?;
                all.push(created.clone());
                created
            }
        };
        let named = set.status.as_ref().and_then(|status| status.current_revision.as_deref());
        let current = all.iter().find(|known| Some(known.name()) == named).unwrap_or(&update).clone();
        Ok(Self { all, current, update, collisions })
    }

    /// Deletes the oldest revisions that no pod has, but for as many as the set keeps.
    ///
    /// # Errors
    /// When one could not be deleted.
    pub(super) fn truncate(&self, client: &Client, set: &StatefulSet, pods: &[Pod]) -> Result<(), Failure> {
        let mut live: BTreeSet<&str> = pods.iter().map(identity::revision).collect();
        live.extend([self.current.name(), self.update.name()]);
        let old: Vec<&ControllerRevision> = self.all.iter().filter(|known| !live.contains(known.name())).collect();
        let Ok(kept) = usize::try_from(set.spec.revision_history_limit.unwrap_or(10)) else { return Ok(()) };
        for revision in old.iter().take(old.len().saturating_sub(kept)) {
            let deleted = client.delete::<ControllerRevision>(&Key::of(*revision), &DeleteOptions::of(revision.uid()));
            match deleted {
                Ok(_) => {}
                Err(failure) if failure.is_not_found() => {}
                Err(failure) => return Err(failure),
            }
        }
        Ok(())
    }
}

/// Oldest first; of the same age, by when they were made.
fn sort(revisions: &mut [ControllerRevision]) {
    revisions.sort_by(|a, b| {
        let key =
            |it: &ControllerRevision| (it.revision, it.metadata.creation_timestamp.clone(), it.metadata.name.clone());
        key(a).cmp(&key(b))
    });
}

/// What brings a set back to its template: a patch.
fn patch_of(set: &StatefulSet) -> Value {
    let mut template = serde_json::to_value(&set.spec.template).unwrap_or_default(); // a template can be written
    if let Some(template) = template.as_object_mut() {
        template.insert("$patch".to_owned(), json!("replace"));
    }
    json!({"spec": {"template": template}})
}

/// The template that a revision holds.
pub(super) fn template_of(revision: &ControllerRevision) -> PodTemplateSpec {
    let template = revision.data.0.get("spec").and_then(|spec| spec.get("template")).cloned().unwrap_or_default();
    serde_json::from_value(template).unwrap_or_default() // `patch_of` wrote it; what somebody else wrote has no containers
}

fn create(
    client: &Client,
    set: &StatefulSet,
    data: &Value,
    number: i64,
    collisions: &mut i32,
) -> Result<ControllerRevision, Failure> {
    loop {
        let hash = template_hash::revision_hash(data, *collisions);
        let labels = set.spec.template.metadata.as_ref().and_then(|metadata| metadata.labels.clone());
        let mut labels = labels.unwrap_or_default();
        labels.insert(HASH.to_owned(), hash.clone());
        let revision = ControllerRevision {
            metadata: ObjectMeta {
                name: Some(format!("{}-{hash}", set.name())),
                namespace: set.metadata.namespace.clone(),
                labels: Some(labels),
                annotations: set.metadata.annotations.clone(),
                owner_references: Some(vec![owner_reference(set)]),
                ..ObjectMeta::default()
            },
            data: RawExtension(data.clone()),
            revision: Some(number),
        };
        match client.create(&revision) {
            Err(failure) if failure.is_already_exists() => {
                let known = client.store().typed::<ControllerRevision>(set.namespace(), revision.name());
                match known {
                    Some(known) if known.data == revision.data => return Ok((*known).clone()),
                    _ => *collisions += 1,
                }
            }
            other => return other,
        }
    }
}
