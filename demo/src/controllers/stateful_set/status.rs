//! What a set's status says.

use jiff::Timestamp;
use k8s_openapi::api::apps::v1::{StatefulSet, StatefulSetStatus};
use k8s_openapi::api::core::v1::Pod;

use super::identity;
use super::revisions::History;
use crate::controllers::pods::{is_available, is_ready, is_terminating, phase};
use crate::failure::Failure;
use crate::kinds::Typed;
use crate::registry::Client;

/// The status of a set with these pods.
pub(super) fn of(set: &StatefulSet, history: &History, pods: &[Pod], now: Timestamp) -> StatefulSetStatus {
    let seconds = set.spec.min_ready_seconds.unwrap_or(0);
    let count = |counts: &dyn Fn(&Pod) -> bool| {
        i32::try_from(pods.iter().filter(|pod| counts(pod)).count()).unwrap_or(i32::MAX)
    };
    let ready = |pod: &Pod| phase(pod) == "Running" && is_ready(pod);
    let of_revision = |pod: &Pod, name: &str| !is_terminating(pod) && identity::revision(pod) == name;
    StatefulSetStatus {
        available_replicas: Some(count(&|pod| ready(pod) && is_available(pod, seconds, now))),
        collision_count: Some(history.collisions),
        conditions: set.status.as_ref().and_then(|status| status.conditions.clone()),
        current_replicas: some(count(&|pod| of_revision(pod, history.current.name()))),
        current_revision: history.current.metadata.name.clone(),
        observed_generation: set.metadata.generation,
        ready_replicas: some(count(&ready)),
        replicas: count(&|_| true),
        update_revision: history.update.metadata.name.clone(),
        updated_replicas: some(count(&|pod| of_revision(pod, history.update.name()))),
    }
}

/// A count that is left out when there is nothing.
pub(super) fn some(count: i32) -> Option<i32> {
    Some(count).filter(|count| *count != 0)
}

/// When all pods have the new revision it is the current one.
fn complete(set: &StatefulSet, status: &mut StatefulSetStatus) {
    let all = set.spec.replicas.unwrap_or(0);
    let has_all = |count: Option<i32>| count.unwrap_or(0) == all;
    if has_all(status.updated_replicas) && has_all(status.ready_replicas) && status.replicas == all {
        status.current_replicas = status.updated_replicas;
        status.current_revision.clone_from(&status.update_revision);
    }
}

/// Writes the status if it says something new.
///
/// # Errors
/// When it could not be written.
pub(super) fn write(client: &Client, set: &StatefulSet, status: &StatefulSetStatus) -> Result<(), Failure> {
    let mut status = status.clone();
    complete(set, &mut status);
    let known = set.status.clone().unwrap_or_default();
    let newer = status.observed_generation.unwrap_or(0) > known.observed_generation.unwrap_or(0);
    let same = StatefulSetStatus {
        observed_generation: known.observed_generation,
        collision_count: known.collision_count,
        available_replicas: Some(status.available_replicas.unwrap_or(0)),
        ..status.clone()
    } == StatefulSetStatus { available_replicas: Some(known.available_replicas.unwrap_or(0)), ..known };
    if same && !newer {
        return Ok(());
    }
    let mut set = set.clone();
    set.metadata.resource_version = None;
    set.status = Some(status);
    match client.update_status(&set) {
        Ok(_) => Ok(()),
        Err(failure) if failure.is_not_found() => Ok(()),
        Err(failure) => Err(failure),
    }
}
