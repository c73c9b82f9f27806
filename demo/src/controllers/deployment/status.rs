//! What a Deployment's status says: counts, and whether the rollout gets on.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use k8s_openapi::api::apps::v1::{Deployment, DeploymentCondition, DeploymentStatus, ReplicaSet};

use super::replica_sets::{REVISION, available, replicas, unavailable, wanted};
use super::rollout::Outcome;
use crate::failure::Failure;
use crate::kinds::Typed;
use crate::registry::Client;
use crate::time;

const PROGRESSING: &str = "Progressing";

/// The reason of a rollout that is over.
const DONE: &str = "NewReplicaSetAvailable";

/// The reason of a rollout that took too long.
const TIMED_OUT: &str = "ProgressDeadlineExceeded";

/// The longest deadline, which means none.
const NO_DEADLINE: i32 = i32::MAX;

fn has_deadline(deployment: &Deployment) -> bool {
    deployment.spec.progress_deadline_seconds.is_some_and(|seconds| seconds != NO_DEADLINE)
}

fn condition<'a>(status: Option<&'a DeploymentStatus>, kind: &str) -> Option<&'a DeploymentCondition> {
    status?.conditions.iter().flatten().find(|condition| condition.type_.as_deref() == Some(kind))
}

fn new_condition(kind: &str, status: &str, reason: &str, message: String) -> DeploymentCondition {
    DeploymentCondition {
        type_: Some(kind.to_owned()),
        status: Some(status.to_owned()),
        reason: Some(reason.to_owned()),
        message: Some(message),
        last_update_time: Some(time::now()),
        last_transition_time: Some(time::now()),
    }
}

fn set_condition(status: &mut DeploymentStatus, mut condition: DeploymentCondition) {
    let conditions = status.conditions.get_or_insert_default();
    if let Some(at) = conditions.iter().position(|known| known.type_ == condition.type_) {
        if conditions[at].status == condition.status && conditions[at].reason == condition.reason {
            return;
        }
        let known = conditions.remove(at);
        if known.status == condition.status {
            condition.last_transition_time = known.last_transition_time;
        }
    }
    conditions.push(condition);
}

fn remove_condition(status: &mut DeploymentStatus, kind: &str) {
    if let Some(conditions) = &mut status.conditions {
        conditions.retain(|condition| condition.type_.as_deref() != Some(kind));
    }
}

/// Whether everything is as it should be.
pub(super) fn is_complete(deployment: &Deployment) -> bool {
    deployment.status.as_ref().is_some_and(|status| is_complete_with(deployment, status))
}

fn is_complete_with(deployment: &Deployment, status: &DeploymentStatus) -> bool {
    let total = wanted(deployment);
    let has_all = |count: Option<i32>| count.unwrap_or(0) == total;
    has_all(status.updated_replicas)
        && has_all(status.replicas)
        && has_all(status.available_replicas)
        && status.observed_generation.unwrap_or(0) >= deployment.metadata.generation.unwrap_or(0)
}

/// Writes the status as it is set in the Deployment.
fn write_now(client: &Client, deployment: &mut Deployment) -> Result<(), Failure> {
    let mut new = deployment.clone();
    new.metadata.resource_version = None;
    let written = client.update_status(&new)?;
    deployment.metadata.resource_version = written.metadata.resource_version;
    Ok(())
}

/// Says that a rollout is paused, or goes on.
///
/// # Errors
/// When that could not be written.
pub(super) fn set_paused(client: &Client, deployment: &mut Deployment) -> Result<(), Failure> {
    if !has_deadline(deployment) || deployment.metadata.deletion_timestamp.is_some() {
        return Ok(());
    }
    let known = condition(deployment.status.as_ref(), PROGRESSING).and_then(|it| it.reason.as_deref());
    let (paused, said) = (deployment.spec.paused == Some(true), known == Some("DeploymentPaused"));
    let condition = match (paused, said) {
        _ if known == Some(TIMED_OUT) => return Ok(()),
        (true, false) => new_condition(PROGRESSING, "Unknown", "DeploymentPaused", "Deployment is paused".to_owned()),
        (false, true) => new_condition(PROGRESSING, "Unknown", "DeploymentResumed", "Deployment is resumed".to_owned()),
        _ => return Ok(()),
    };
    set_condition(deployment.status.get_or_insert_default(), condition);
    write_now(client, deployment)
}

/// Notes the number of the template on the Deployment itself.
fn note_number(client: &Client, deployment: &mut Deployment, number: i64) -> Result<(), Failure> {
    let annotations = deployment.metadata.annotations.get_or_insert_default();
    let number = number.to_string();
    if annotations.get(REVISION) == Some(&number) {
        return Ok(());
    }
    annotations.insert(REVISION.to_owned(), number);
    let written = client.update(deployment)?;
    deployment.metadata = written.metadata;
    Ok(())
}

/// Writes that the rollout goes on.
fn progresses(client: &Client, deployment: &mut Deployment, reason: &str, message: String) -> Result<(), Failure> {
    let condition = new_condition(PROGRESSING, "True", reason, message);
    set_condition(deployment.status.get_or_insert_default(), condition);
    write_now(client, deployment)
}

/// The ReplicaSet of the template was there already.
///
/// # Errors
/// When that could not be written.
pub(super) fn found(
    client: &Client,
    deployment: &mut Deployment,
    set: &ReplicaSet,
    number: i64,
) -> Result<(), Failure> {
    note_number(client, deployment, number)?;
    if !has_deadline(deployment) || condition(deployment.status.as_ref(), PROGRESSING).is_some() {
        return Ok(());
    }
    let message = format!("Found new replica set {:?}", set.name());
    progresses(client, deployment, "FoundNewReplicaSet", message)
}

/// The ReplicaSet of the template was made.
///
/// # Errors
/// When that could not be written.
pub(super) fn created(
    client: &Client,
    deployment: &mut Deployment,
    set: &ReplicaSet,
    number: i64,
) -> Result<(), Failure> {
    note_number(client, deployment, number)?;
    if !has_deadline(deployment) {
        return Ok(());
    }
    let message = format!("Created new replica set {:?}", set.name());
    progresses(client, deployment, "NewReplicaSetCreated", message)
}

/// The ReplicaSet of the template could not be made.
///
/// # Errors
/// When that could not be written.
pub(super) fn not_created(client: &Client, deployment: &mut Deployment, message: &str) -> Result<(), Failure> {
    if !has_deadline(deployment) {
        return Ok(());
    }
    let condition = new_condition(PROGRESSING, "False", "ReplicaSetCreateError", message.to_owned());
    set_condition(deployment.status.get_or_insert_default(), condition);
    write_now(client, deployment)
}

/// Another template had the same hash.
///
/// # Errors
/// When that could not be written.
pub(super) fn collided(client: &Client, deployment: &mut Deployment) -> Result<(), Failure> {
    let status = deployment.status.get_or_insert_default();
    status.collision_count = Some(status.collision_count.unwrap_or(0) + 1);
    write_now(client, deployment)
}

fn some(count: i32) -> Option<i32> {
    Some(count).filter(|count| *count != 0)
}

fn counts(outcome: &Outcome) -> DeploymentStatus {
    let all: Vec<&ReplicaSet> = outcome.old.iter().chain(&outcome.new).collect();
    let sum = |of: &dyn Fn(&ReplicaSet) -> i32| all.iter().map(|set| of(set)).sum::<i32>();
    let actual = |set: &ReplicaSet| set.status.as_ref().map_or(0, |status| status.replicas);
    let ready = |set: &ReplicaSet| set.status.as_ref().and_then(|status| status.ready_replicas).unwrap_or(0);
    let ending = |set: &ReplicaSet| set.status.as_ref().and_then(|status| status.terminating_replicas).unwrap_or(0);
    let known = outcome.deployment.status.clone().unwrap_or_default();
    let reachable = sum(&available);
    let mut status = DeploymentStatus {
        observed_generation: outcome.deployment.metadata.generation,
        replicas: some(sum(&actual)),
        updated_replicas: some(outcome.new.as_ref().map_or(0, actual)),
        ready_replicas: some(sum(&ready)),
        available_replicas: some(reachable),
        unavailable_replicas: some((sum(&replicas) - reachable).max(0)),
        terminating_replicas: Some(sum(&ending)),
        collision_count: known.collision_count,
        conditions: known.conditions,
    };
    let least = wanted(&outcome.deployment) - unavailable(&outcome.deployment);
    let condition = if reachable >= least {
        let message = "Deployment has minimum availability.".to_owned();
        new_condition("Available", "True", "MinimumReplicasAvailable", message)
    } else {
        let message = "Deployment does not have minimum availability.".to_owned();
        new_condition("Available", "False", "MinimumReplicasUnavailable", message)
    };
    set_condition(&mut status, condition);
    status
}

/// Says how the rollout gets on.
fn set_progress(outcome: &Outcome, status: &mut DeploymentStatus) {
    let deployment = &outcome.deployment;
    let known = deployment.status.clone().unwrap_or_default();
    if !has_deadline(deployment) {
        remove_condition(status, PROGRESSING);
        return;
    }
    let said = condition(Some(&known), PROGRESSING);
    let over = status.replicas == status.updated_replicas && said.and_then(|it| it.reason.as_deref()) == Some(DONE);
    if over {
        return;
    }
    let what = match &outcome.new {
        Some(set) => format!("ReplicaSet {:?}", set.name()),
        None => format!("Deployment {:?}", deployment.name()),
    };
    let count = |count: Option<i32>| count.unwrap_or(0);
    let old = |status: &DeploymentStatus| count(status.replicas) - count(status.updated_replicas);
    let gets_on = count(status.updated_replicas) > count(known.updated_replicas)
        || old(status) < old(&known)
        || count(status.ready_replicas) > count(known.ready_replicas)
        || count(status.available_replicas) > count(known.available_replicas);
    if is_complete_with(deployment, status) {
        set_condition(status, new_condition(PROGRESSING, "True", DONE, format!("{what} has successfully progressed.")));
    } else if gets_on {
        let mut condition = new_condition(PROGRESSING, "True", "ReplicaSetUpdated", format!("{what} is progressing."));
        if let Some(said) = said.filter(|said| said.status.as_deref() == Some("True")) {
            condition.last_transition_time.clone_from(&said.last_transition_time);
        }
        remove_condition(status, PROGRESSING);
        set_condition(status, condition);
    } else if has_timed_out(deployment, said) {
        let message = format!("{what} has timed out progressing.");
        set_condition(status, new_condition(PROGRESSING, "False", TIMED_OUT, message));
    }
}

/// When the deadline of a rollout is.
fn deadline(deployment: &Deployment, said: &DeploymentCondition) -> Option<Timestamp> {
    let seconds = deployment.spec.progress_deadline_seconds?;
    said.last_update_time.as_ref()?.0.checked_add(SignedDuration::from_secs(i64::from(seconds))).ok()
}

fn has_timed_out(deployment: &Deployment, said: Option<&DeploymentCondition>) -> bool {
    let Some(said) = said else { return false };
    match said.reason.as_deref() {
        Some(DONE) => false,
        Some(TIMED_OUT) => true,
        _ => deadline(deployment, said).is_some_and(|deadline| deadline < Timestamp::now()),
    }
}

/// Pods that could not be made are a matter of the Deployment too.
fn set_failure(outcome: &Outcome, status: &mut DeploymentStatus) {
    let of = |set: &ReplicaSet| {
        let conditions = set.status.as_ref().and_then(|status| status.conditions.clone()).unwrap_or_default();
        conditions.into_iter().find(|condition| condition.type_.as_deref() == Some("ReplicaFailure"))
    };
    match outcome.new.iter().chain(&outcome.old).find_map(of) {
        Some(failure) => {
            let mut condition = new_condition("ReplicaFailure", "True", "", failure.message.unwrap_or_default());
            condition.reason = failure.reason;
            set_condition(status, condition);
        }
        None => remove_condition(status, "ReplicaFailure"),
    }
}

/// Writes the status if it says something new; tells when the deadline is to be looked at.
///
/// # Errors
/// When it could not be written.
pub(super) fn write(client: &Client, outcome: Outcome) -> Result<Option<Duration>, Failure> {
    let mut status = counts(&outcome);
    if outcome.progress {
        set_progress(&outcome, &mut status);
        set_failure(&outcome, &mut status);
    }
    let mut deployment = outcome.deployment;
    if deployment.status.as_ref() != Some(&status) {
        deployment.status = Some(status);
        return match write_now(client, &mut deployment) {
            Err(failure) if !failure.is_not_found() => Err(failure),
            _ => Ok(None),
        };
    }
    let said = condition(deployment.status.as_ref(), PROGRESSING);
    let waits = said.filter(|said| {
        has_deadline(&deployment)
            && !is_complete(&deployment)
            && !matches!(said.reason.as_deref(), Some(TIMED_OUT | DONE | "DeploymentPaused"))
    });
    let due = waits.and_then(|said| deadline(&deployment, said));
    Ok(due.map(|due| time::until(due) + Duration::from_secs(1)))
}
