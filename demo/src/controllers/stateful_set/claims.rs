//! The claims of a set's pods: made before the pod, and kept after it unless the set says otherwise.

use k8s_openapi::api::apps::v1::StatefulSet;
use k8s_openapi::api::core::v1::{PersistentVolumeClaim, Pod};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::OwnerReference;

use super::identity::{self, ordinal};
use crate::controllers::{Recorder, owner_reference, reference};
use crate::failure::Failure;
use crate::kinds::{Kind, Typed};
use crate::registry::Client;
use crate::store::{Key, Store};

/// The sets that may use a claim, by its name: `TEMPLATE-SET-ORDINAL`.
pub(super) fn sets_of(store: &Store, claim: &Key) -> Vec<Key> {
    let Some((stem, _)) = identity::parent_and_ordinal(claim.name()) else { return Vec::new() };
    let sets = store.list_typed::<StatefulSet>(Some(claim.namespace()));
    let uses =
        |set: &StatefulSet| identity::claim_templates(set).any(|template| stem == format!("{template}-{}", set.name()));
    sets.iter().filter(|set| uses(set)).map(|set| Key::of(&**set)).collect()
}

fn known(store: &Store, set: &StatefulSet, pod: &Pod) -> Vec<PersistentVolumeClaim> {
    let names = identity::claim_templates(set).map(|template| identity::claim_name(set, template, ordinal(pod)));
    names
        .filter_map(|name| store.typed::<PersistentVolumeClaim>(set.namespace(), &name))
        .map(|it| (*it).clone())
        .collect()
}

/// Makes the claims of a pod that are missing.
///
/// # Errors
/// When one could not be made, or is being deleted.
pub(super) fn create(client: &Client, recorder: &mut Recorder, set: &StatefulSet, pod: &Pod) -> Result<(), Failure> {
    let mut failed = None;
    for template in set.spec.volume_claim_templates.iter().flatten() {
        let mut claim = template.clone();
        let name = identity::claim_name(set, template.name(), ordinal(pod));
        claim.metadata.name = Some(name.clone());
        claim.metadata.namespace.clone_from(&set.metadata.namespace);
        claim.status = None;
        let labels = claim.metadata.labels.get_or_insert_default();
        labels.extend(set.spec.selector.match_labels.clone().unwrap_or_default());
        match client.store().typed::<PersistentVolumeClaim>(set.namespace(), &name) {
            Some(known) if known.metadata.deletion_timestamp.is_some() => {
                failed =
                    Some(Failure::conflict(Kind::Pod.served(), pod.name(), &format!("pvc {name} is being deleted")));
            }
            Some(_) => {}
            None => {
                let (set_name, pod_name) = (set.name(), pod.name());
                match client.create(&claim) {
                    Ok(_) => {
                        let message = format!("Create Claim {name} Pod {pod_name} in StatefulSet {set_name} success");
                        recorder.normal(reference(set), "SuccessfulCreate", message);
                    }
                    Err(failure) if failure.is_already_exists() => {}
                    Err(failure) => {
                        let message = format!(
                            "Create Claim {name} for Pod {pod_name} in StatefulSet {set_name} failed error: {failure}"
                        );
                        recorder.warning(reference(set), "FailedCreate", message);
                        let wrapped = format!("failed to create PVC {name}: {failure}");
                        failed = Some(failure.with_message(wrapped));
                    }
                }
            }
        }
    }
    failed.map_or(Ok(()), Err)
}

/// What a set wants to become of its claims.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Policy {
    /// They go when the pod is scaled away.
    scaled: bool,
    /// They go with the set.
    deleted: bool,
}

impl Policy {
    fn of(set: &StatefulSet) -> Self {
        let policy = set.spec.persistent_volume_claim_retention_policy.clone().unwrap_or_default();
        let goes = |value: Option<String>| value.as_deref() == Some("Delete");
        Self { scaled: goes(policy.when_scaled), deleted: goes(policy.when_deleted) }
    }
}

/// Whether an owner of a claim has the name of this one but is another.
fn is_stale_reference<T: Typed>(owner: &OwnerReference, object: &T) -> bool {
    owner.kind == T::OF.name() && owner.name == object.name() && owner.uid != object.uid()
}

/// The owners that a claim should have among the set and the pod.
fn wanted(set: &StatefulSet, pod: &Pod) -> Vec<OwnerReference> {
    let policy = Policy::of(set);
    let place = i64::from(ordinal(pod)) - i64::from(identity::start(set));
    let scaled_away = place < 0 || place >= i64::from(set.spec.replicas.unwrap_or(0));
    match policy {
        Policy { scaled: true, .. } if scaled_away && !pod.uid().is_empty() => vec![owner_reference(pod)],
        Policy { scaled: true, .. } if scaled_away => Vec::new(),
        Policy { deleted: true, .. } => vec![owner_reference(set)],
        _ => Vec::new(),
    }
}

fn is_ours(owner: &OwnerReference, set: &StatefulSet, pod: &Pod) -> bool {
    owner.uid == set.uid() || owner.uid == pod.uid()
}

fn is_right(claim: &PersistentVolumeClaim, set: &StatefulSet, pod: &Pod) -> bool {
    let owners = claim.metadata.owner_references.as_deref().unwrap_or_default();
    if owners.iter().any(|owner| is_stale_reference(owner, set) || is_stale_reference(owner, pod)) {
        return true; // somebody else's, until that is gone
    }
    let foreign = owners.iter().any(|owner| owner.controller == Some(true) && !is_ours(owner, set, pod));
    if foreign && Policy::of(set) != (Policy { scaled: false, deleted: false }) {
        return true;
    }
    let ours: Vec<&OwnerReference> = owners.iter().filter(|owner| is_ours(owner, set, pod)).collect();
    let wanted = wanted(set, pod);
    ours.len() == wanted.len() && wanted.iter().all(|owner| ours.contains(&owner))
}

/// Whether the claims of a pod have the owners that the set's policy wants.
pub(super) fn match_policy(store: &Store, set: &StatefulSet, pod: &Pod) -> bool {
    known(store, set, pod).iter().all(|claim| is_right(claim, set, pod))
}

/// Gives the claims of a pod the owners that the set's policy wants: with its owners a claim goes.
///
/// # Errors
/// When one could not be changed.
pub(super) fn keep_policy(
    client: &Client,
    recorder: &mut Recorder,
    set: &StatefulSet,
    pod: &Pod,
) -> Result<(), Failure> {
    for mut claim in known(client.store(), set, pod) {
        if is_right(&claim, set, pod) {
            continue;
        }
        let owners = claim.metadata.owner_references.get_or_insert_default();
        owners.retain(|owner| !is_ours(owner, set, pod));
        owners.extend(wanted(set, pod));
        if let Err(failure) = client.update(&claim) {
            let name = claim.name();
            let message = format!(
                "Update Pod {} in StatefulSet {} failed error: could not update claim {name} for delete policy ownerRefs: {failure}",
                pod.name(),
                set.name()
            );
            recorder.warning(reference(set), "FailedUpdate", message);
            return Err(failure);
        }
    }
    Ok(())
}

/// Whether a pod must not be made yet, because a claim of it still goes with the pod that had the name before.
pub(super) fn is_stale(store: &Store, set: &StatefulSet, pod: &Pod) -> bool {
    Policy::of(set).scaled
        && known(store, set, pod)
            .iter()
            .any(|claim| claim.metadata.owner_references.iter().flatten().any(|owner| is_stale_reference(owner, pod)))
}
