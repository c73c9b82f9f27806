//! One sentence or two for each reason.

use topology::board::Spec;
use topology::facts::{Kind, PodManagement};
use topology::order::{Blocked, Obstacle, Order, Outlook, Predecessor, Reason};
use topology::{Ordinal, SetKey, Stage};

use super::{Saying, said};
use crate::language::{Language, tr};
use crate::time::{Zone, duration};

/// Says what the controller of `set` does or waits for.
#[allow(clippy::too_many_lines, reason = "a few words for each variant")]
pub fn say(order: &Order, set: &SetKey, spec: Option<&Spec>, language: Language, zone: Zone) -> Saying {
    let pod = |ordinal: &Ordinal| set.pod_name(*ordinal);
    let ordered = spec.is_none_or(|spec| spec.policy == PodManagement::OrderedReady);
    match &order.reason {
        Reason::NoController { pods: 0 } => said!(language, reasons.set_gone),
        Reason::NoController { pods: 1 } => said!(language, reasons.no_set_one),
        Reason::NoController { pods } => said!(language, reasons.no_set, pods = pods),
        Reason::Deleting { pods: 1 } => said!(language, reasons.deleting_one),
        Reason::Deleting { pods } => said!(language, reasons.deleting, pods = pods),
        Reason::Settled { pods } => settled(*pods, ordered, language),
        Reason::ScaledToZero => said!(language, reasons.scaled_to_zero),
        Reason::NotObserved { generation, observed } => {
            said!(language, reasons.not_observed, generation = generation, observed = observed)
        }
        Reason::CreatesNext { ordinal } if ordered && !first(*ordinal, spec) => {
            said!(language, reasons.creates_next, pod = pod(ordinal))
        }
        Reason::CreatesNext { ordinal } => said!(language, reasons.creates, pod = pod(ordinal)),
        Reason::CannotCreate { ordinal, obstacle } => cannot_create(set, *ordinal, obstacle, language),
        Reason::WaitsForReady { ordinal, stage, status, after, blocks } => {
            let saying = not_ready(&pod(ordinal), *stage, status, language);
            let saying = match after {
                Some(after) => saying.and(language, created_after(set, *after, language, zone)),
                None => saying,
            };
            blocked(saying, Until::Ready, set, *blocks, ordered, language)
        }
        Reason::WaitsForAvailable { ordinal, min_ready_seconds, blocks } => {
            let saying = said!(language, reasons.available, pod = pod(ordinal), seconds = min_ready_seconds);
            blocked(saying, Until::Then, set, *blocks, ordered, language)
        }
        Reason::WaitsForTermination { ordinal, blocks: Some(Blocked::Creation(next)) } if next == ordinal => {
            said!(language, reasons.terminating_itself, pod = pod(ordinal))
        }
        Reason::WaitsForTermination { ordinal, blocks } => {
            let saying = said!(language, reasons.terminating, pod = pod(ordinal));
            blocked(saying, Until::Then, set, *blocks, ordered, language)
        }
        Reason::ReplacesEnded { ordinal, status } => {
            said!(language, reasons.replaces_ended, pod = pod(ordinal), status = status)
        }
        Reason::ScalesDown { ordinal, left: 0 | 1 } => said!(language, reasons.scales_down_last, pod = pod(ordinal)),
        Reason::ScalesDown { ordinal, left } if ordered => {
            said!(language, reasons.scales_down_ordered, pod = pod(ordinal), left = left)
        }
        Reason::ScalesDown { ordinal, left } => {
            said!(language, reasons.scales_down, pod = pod(ordinal), left = left)
        }
        Reason::ScaleDownWaits { ordinal, waits_for, stage, status } => {
            let (pod, waits_for, predicate) = (pod(ordinal), pod(waits_for), is(*stage, status, language));
            said!(language, reasons.scale_down_waits, pod = pod, waits_for = waits_for, predicate = predicate)
        }
        Reason::Updates { ordinal, updated, total } => {
            said!(language, reasons.updates, pod = pod(ordinal), updated = updated, total = total)
        }
        Reason::UpdateWaits { ordinal, waits_for, stage, status } => {
            let (pod, waits_for, predicate) = (pod(ordinal), pod(waits_for), is(*stage, status, language));
            said!(language, reasons.update_waits, pod = pod, waits_for = waits_for, predicate = predicate)
        }
        Reason::RolloutStuck { .. } => stuck(&order.reason, set, language),
        Reason::PartitionHolds { from, held: 1 } => said!(language, reasons.partition_one, from = from),
        Reason::PartitionHolds { from, held } => said!(language, reasons.partition, from = from, held = held),
        Reason::WaitsForDelete { ordinals, total } => waits_for_delete(set, ordinals, *total, language),
        Reason::Parallel { missing, starting, failing, terminating } => {
            parallel(*missing, *starting, *failing, *terminating, language)
        }
        Reason::NotKnown { kind } => said!(language, reasons.not_known, what = kinds(*kind)),
    }
}

/// What there are several of; no language has other words for these.
const fn kinds(kind: Kind) -> &'static str {
    match kind {
        Kind::Pod => "pods",
        Kind::Service => "Services",
        Kind::EndpointSlice => "EndpointSlices",
        Kind::StatefulSet => "StatefulSets",
        Kind::Deployment => "Deployments",
        Kind::ReplicaSet => "ReplicaSets",
    }
}

fn first(ordinal: Ordinal, spec: Option<&Spec>) -> bool {
    spec.is_some_and(|spec| spec.start == ordinal)
}

fn settled(pods: u32, ordered: bool, language: Language) -> Saying {
    let saying = match pods {
        1 => said!(language, reasons.settled_one),
        2 => said!(language, reasons.settled_two),
        _ => said!(language, reasons.settled, pods = pods),
    };
    if ordered { saying } else { saying.and(language, said!(language, reasons.settled_parallel)) }
}

/// `is …`, as the predicate of a sentence.
fn is(stage: Stage, status: &str, language: Language) -> String {
    match stage {
        Stage::Pending => tr!(language, reasons.is_pending).to_owned(),
        Stage::Creating | Stage::Starting if status == "Running" => tr!(language, reasons.is_running).to_owned(),
        Stage::Creating | Stage::Starting => tr!(language, reasons.is_starting, status = status),
        Stage::Ready => tr!(language, reasons.is_fresh).to_owned(),
        Stage::Terminating => tr!(language, reasons.is_terminating).to_owned(),
        Stage::Failing => tr!(language, reasons.is_failing, status = status),
        Stage::Completed => tr!(language, reasons.has_ended, status = status),
    }
}

fn not_ready(pod: &str, stage: Stage, status: &str, language: Language) -> Saying {
    match stage {
        Stage::Pending => said!(language, reasons.pending, pod = pod),
        Stage::Creating | Stage::Starting if status == "Running" => said!(language, reasons.runs, pod = pod),
        Stage::Failing => said!(language, reasons.failing, pod = pod, status = status),
        Stage::Creating | Stage::Starting => said!(language, reasons.starting, pod = pod),
        Stage::Ready | Stage::Terminating | Stage::Completed => {
            said!(language, reasons.otherwise, pod = pod, predicate = is(stage, status, language))
        }
    }
}

/// Below this, in milliseconds, one thing follows the other at once.
const BLINK: i64 = 50;

fn created_after(set: &SetKey, after: Predecessor, language: Language, zone: Zone) -> Saying {
    let passed = after.created.millis_since(after.ready);
    let (time, pod) = (zone.time(after.created), set.pod_name(after.ordinal));
    if passed < BLINK {
        return said!(language, reasons.created_at_once, time = time, after = pod);
    }
    said!(language, reasons.created_after, time = time, passed = duration(language, passed), after = pod)
}

/// Until what something does not happen.
#[derive(Clone, Copy)]
enum Until {
    /// The pod is Ready.
    Ready,
    /// What was just said.
    Then,
}

/// What does not happen until something has.
fn blocked(
    saying: Saying,
    until: Until,
    set: &SetKey,
    blocks: Option<Blocked>,
    ordered: bool,
    language: Language,
) -> Saying {
    let (ordinal, what) = match blocks {
        Some(Blocked::Creation(ordinal)) => (ordinal, tr!(language, reasons.not_created)),
        Some(Blocked::Removal(ordinal)) => (ordinal, tr!(language, reasons.not_removed)),
        Some(Blocked::Update(ordinal)) => (ordinal, tr!(language, reasons.not_replaced)),
        None => return saying,
    };
    let pod = set.pod_name(ordinal);
    let next = match until {
        Until::Ready => said!(language, reasons.until_ready, pod = pod, what = what),
        Until::Then => said!(language, reasons.until_then, pod = pod, what = what),
    };
    let why = if ordered { tr!(language, reasons.in_order) } else { tr!(language, reasons.stop) };
    saying.and(language, next.text(why))
}

fn cannot_create(set: &SetKey, ordinal: Ordinal, obstacle: &Obstacle, language: Language) -> Saying {
    let pod = set.pod_name(ordinal);
    match obstacle {
        Obstacle::NameTooLong { length } => said!(language, reasons.name_too_long, pod = pod, length = length),
        Obstacle::RevisionTooLong { length } => said!(language, reasons.revision_too_long, pod = pod, length = length),
        Obstacle::NameTaken { owner } => {
            let owner = owner.as_deref().unwrap_or(tr!(language, reasons.nobody));
            said!(language, reasons.name_taken, pod = pod, owner = owner, command = delete(set, &pod))
        }
    }
}

/// What deletes a pod.
fn delete(set: &SetKey, pod: &str) -> String {
    format!("kubectl delete pod {pod} -n {}", set.namespace)
}

fn stuck(reason: &Reason, set: &SetKey, language: Language) -> Saying {
    let Reason::RolloutStuck { pod, stage, status, revision, update_revision, outlook, .. } = reason else {
        return Saying::default();
    };
    let (predicate, command) = (is(*stage, status, language), delete(set, pod));
    match outlook {
        Outlook::Hopeless => said!(
            language,
            reasons.stuck,
            pod = pod,
            predicate = predicate,
            revision = revision,
            update = update_revision,
            command = command
        ),
        Outlook::IfReady => said!(
            language,
            reasons.stuck_unless_ready,
            pod = pod,
            predicate = predicate,
            revision = revision,
            update = update_revision,
            command = command
        ),
    }
}

fn waits_for_delete(set: &SetKey, ordinals: &[Ordinal], total: u32, language: Language) -> Saying {
    let named = ordinals.iter().map(|ordinal| set.pod_name(*ordinal)).collect::<Vec<_>>();
    let (pods, command) = (named.join(" "), delete(set, named.first().map_or("", String::as_str)));
    if total == 1 {
        return said!(language, reasons.waits_for_delete_one, pods = pods, command = command);
    }
    let rest = usize::try_from(total).unwrap_or(usize::MAX).saturating_sub(named.len());
    let more = if rest > 0 { tr!(language, reasons.and_more, count = rest) } else { String::new() };
    said!(language, reasons.waits_for_delete, total = total, pods = pods, more = more, command = command)
}

fn parallel(missing: u32, starting: u32, failing: u32, terminating: u32, language: Language) -> Saying {
    let counts = [
        (missing, tr!(language, reasons.to_be_created, count = missing)),
        (starting, tr!(language, reasons.count_starting, count = starting)),
        (failing, tr!(language, reasons.count_failing, count = failing)),
        (terminating, tr!(language, reasons.count_terminating, count = terminating)),
    ];
    let named: Vec<_> = counts.into_iter().filter(|(count, _)| *count > 0).map(|(_, text)| text).collect();
    said!(language, reasons.parallel, counts = named.join(tr!(language, reasons.comma)))
}

#[cfg(test)]
mod tests {
    use super::say;
    use crate::language::Language;
    use crate::time::Zone;
    use topology::facts::Kind;
    use topology::order::{Blocked, Obstacle, Order, Outlook, Predecessor, Reason};
    use topology::{Ordinal, SetKey, Stage, Timestamp};

    fn said(reason: Reason) -> String {
        said_in(Language::English, reason)
    }

    fn said_in(language: Language, reason: Reason) -> String {
        say(&Order { reason, since: None }, &SetKey::new("default", "web"), None, language, Zone::Utc).plain()
    }

    #[test]
    fn given_a_pod_that_starts_when_said_then_the_sentence_is_the_one_of_the_design() {
        let ready = Timestamp::from_millis(36_155_900);
        let created = Timestamp::from_millis(36_156_000);
        let text = said(Reason::WaitsForReady {
            ordinal: Ordinal(1),
            stage: Stage::Creating,
            status: "ContainerCreating".to_owned(),
            after: Some(Predecessor { ordinal: Ordinal(0), ready, created }),
            blocks: None,
        });
        let expected = "web-1 is starting. It was created at 10:02:36, 0.1 s after web-0 became Ready: the controller \
                        starts one pod at a time, in order.";
        assert_eq!(text, expected);
    }

    #[test]
    fn given_a_stuck_rollout_when_said_then_the_command_is_named_and_hope_only_where_there_is_some() {
        let reason = |outlook| Reason::RolloutStuck {
            ordinal: Ordinal(1),
            pod: "web-1".to_owned(),
            stage: Stage::Failing,
            status: "ImagePullBackOff".to_owned(),
            revision: "web-1a".to_owned(),
            update_revision: "web-2b".to_owned(),
            outlook,
        };
        let hopeless = said(reason(Outlook::Hopeless));
        let hopeful = said(reason(Outlook::IfReady));
        for text in [&hopeless, &hopeful] {
            assert!(text.contains("kubectl delete pod web-1 -n default") && text.contains("does not help"), "{text}");
        }
        assert!(hopeless.contains("stuck") && !hopeful.contains("stuck"));
    }

    #[test]
    fn given_what_waits_for_a_pod_when_said_then_it_is_said_until_when_and_one_pod_is_not_many() {
        let waits = |blocks| Reason::WaitsForReady {
            ordinal: Ordinal(2),
            stage: Stage::Failing,
            status: "CrashLoopBackOff".to_owned(),
            after: None,
            blocks: Some(blocks),
        };
        assert_eq!(
            said(waits(Blocked::Update(Ordinal(1)))),
            "web-2 is failing: CrashLoopBackOff. Until it is Ready, web-1 is not replaced: one pod at a time, in order."
        );
        let terminating =
            Reason::WaitsForTermination { ordinal: Ordinal(1), blocks: Some(Blocked::Removal(Ordinal(0))) };
        assert!(
            said(terminating)
                .ends_with("until it is gone. Until then web-0 is not removed: one pod at a time, in order.")
        );
        assert!(
            said(Reason::NoController { pods: 1 }).contains("1 pod still names it as its owner: nobody replaces it.")
        );
        assert!(said(Reason::NoController { pods: 2 }).contains("2 pods still name it as their owner"));
        assert!(said(Reason::Deleting { pods: 1 }).contains("1 pod is left; the garbage collector removes it."));
    }

    #[test]
    fn given_every_other_reason_when_said_then_there_is_a_gist_and_no_empty_gap() {
        let status = || "Running".to_owned();
        for reason in [
            Reason::NoController { pods: 0 },
            Reason::NoController { pods: 1 },
            Reason::Deleting { pods: 2 },
            Reason::Settled { pods: 2 },
            Reason::ScaledToZero,
            Reason::NotObserved { generation: 2, observed: 1 },
            Reason::CreatesNext { ordinal: Ordinal(1) },
            Reason::CannotCreate { ordinal: Ordinal(1), obstacle: Obstacle::NameTooLong { length: 64 } },
            Reason::CannotCreate { ordinal: Ordinal(1), obstacle: Obstacle::RevisionTooLong { length: 64 } },
            Reason::CannotCreate { ordinal: Ordinal(1), obstacle: Obstacle::NameTaken { owner: None } },
            Reason::WaitsForAvailable { ordinal: Ordinal(1), min_ready_seconds: 10, blocks: None },
            Reason::WaitsForTermination { ordinal: Ordinal(1), blocks: Some(Blocked::Removal(Ordinal(0))) },
            Reason::ReplacesEnded { ordinal: Ordinal(1), status: status() },
            Reason::ScalesDown { ordinal: Ordinal(1), left: 2 },
            Reason::ScaleDownWaits {
                ordinal: Ordinal(1),
                waits_for: Ordinal(0),
                stage: Stage::Starting,
                status: status(),
            },
            Reason::Updates { ordinal: Ordinal(1), updated: 1, total: 2 },
            Reason::UpdateWaits {
                ordinal: Ordinal(0),
                waits_for: Ordinal(1),
                stage: Stage::Starting,
                status: status(),
            },
            Reason::PartitionHolds { from: Ordinal(1), held: 1 },
            Reason::WaitsForDelete { ordinals: vec![Ordinal(0)], total: 3 },
            Reason::Parallel { missing: 1, starting: 0, failing: 2, terminating: 0 },
            Reason::NotKnown { kind: Kind::Pod },
        ] {
            let text = said(reason.clone());
            assert!(text.len() > 20 && !text.contains("  ") && !text.contains(" ."), "{reason:?}: {text}");
            let chinese = said_in(Language::Chinese, reason.clone());
            assert!(chinese.contains('。') && !chinese.contains("  ") && chinese != text, "{reason:?}: {chinese}");
        }
    }
}
