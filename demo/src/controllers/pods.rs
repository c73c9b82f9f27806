//! What controllers want to know of pods.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use k8s_openapi::api::core::v1::{Pod, PodCondition, PodStatus};

use crate::failure::Failure;
use crate::registry::Client;
use crate::store::Key;
use crate::time;

/// How often a condition is tried to be set beside others who write the same pod.
const ATTEMPTS: usize = 5;

/// A condition of a pod.
pub(crate) fn condition<'a>(status: Option<&'a PodStatus>, kind: &str) -> Option<&'a PodCondition> {
    status?.conditions.iter().flatten().find(|condition| condition.type_ == kind)
}

/// Sets a condition of a pod; since when it holds stays, if it held before.
pub(crate) fn set_condition(status: &mut PodStatus, mut condition: PodCondition) {
    let conditions = status.conditions.get_or_insert_default();
    if let Some(known) = conditions.iter_mut().find(|known| known.type_ == condition.type_) {
        if known.status == condition.status {
            condition.last_transition_time.clone_from(&known.last_transition_time);
        }
        *known = condition;
    } else {
        conditions.push(condition);
    }
}

/// Says on a pod why it is about to be ended for the cluster's sake.
///
/// # Errors
/// When it cannot be written. A pod that is gone is none.
pub(crate) fn disrupt(client: &Client, key: &Key, reason: &str, message: &str) -> Result<(), Failure> {
    let mut last = Ok(());
    for _ in 0..ATTEMPTS {
        let Some(mut pod) = client.store().typed::<Pod>(key.namespace(), key.name()).map(|pod| (*pod).clone()) else {
            return Ok(());
        };
        let condition = PodCondition {
            type_: "DisruptionTarget".to_owned(),
            status: "True".to_owned(),
            reason: Some(reason.to_owned()),
            message: Some(message.to_owned()),
            last_transition_time: Some(time::now()),
            ..PodCondition::default()
        };
        set_condition(pod.status.get_or_insert_default(), condition);
        match client.update_status(&pod) {
            Err(failure) if failure.is_conflict() => last = Err(failure),
            Err(failure) if !failure.is_not_found() => return Err(failure),
            _ => return Ok(()),
        }
    }
    last
}

/// Whether a pod is ready.
pub(crate) fn is_ready(pod: &Pod) -> bool {
    condition(pod.status.as_ref(), "Ready").is_some_and(|condition| condition.status == "True")
}

/// Whether a pod was ready for so many seconds.
pub(crate) fn is_available(pod: &Pod, seconds: i32, now: Timestamp) -> bool {
    is_ready(pod) && (seconds == 0 || until_available(pod, seconds, now).is_some_and(|wait| wait.is_zero()))
}

fn until_available(pod: &Pod, seconds: i32, now: Timestamp) -> Option<Duration> {
    let ready = condition(pod.status.as_ref(), "Ready").filter(|condition| condition.status == "True")?;
    let since = ready.last_transition_time.as_ref()?.0;
    let due = since.checked_add(SignedDuration::from_secs(i64::from(seconds))).ok()?;
    Some(Duration::try_from(due.duration_since(now)).unwrap_or_default())
}

/// How long until the next of these pods was ready for so many seconds.
pub(crate) fn next_availability<'a>(
    pods: impl IntoIterator<Item = &'a Pod>,
    seconds: i32,
    now: Timestamp,
) -> Option<Duration> {
    let waits = pods.into_iter().filter_map(|pod| until_available(pod, seconds, now));
    waits.filter(|wait| !wait.is_zero()).min()
}

/// The phase of a pod.
pub(crate) fn phase(pod: &Pod) -> &str {
    pod.status.as_ref().and_then(|status| status.phase.as_deref()).unwrap_or_default()
}

/// Whether a pod's containers ended, all of them and for good.
pub(crate) fn has_ended(pod: &Pod) -> bool {
    matches!(phase(pod), "Succeeded" | "Failed")
}

/// Whether a pod is being deleted.
pub(crate) fn is_terminating(pod: &Pod) -> bool {
    pod.metadata.deletion_timestamp.is_some()
}
