//! One sentence or two for each reason.

use topology::board::Spec;
use topology::facts::{Kind, PodManagement};
use topology::order::{Blocked, Obstacle, Order, Outlook, Predecessor, Reason};
use topology::{Ordinal, SetKey, Stage};

use super::Saying;
use crate::time::{Zone, duration};

/// Says what the controller of `set` does or waits for.
pub fn say(order: &Order, set: &SetKey, spec: Option<&Spec>, zone: Zone) -> Saying {
    let pod = |ordinal: &Ordinal| set.pod_name(*ordinal);
    let ordered = spec.is_none_or(|spec| spec.policy == PodManagement::OrderedReady);
    match &order.reason {
        Reason::NoController { pods: 0 } => Saying::gist("The StatefulSet is gone.").text(" None of its pods is left."),
        Reason::NoController { pods } => Saying::gist("There is no StatefulSet.")
            .text(match pods {
                1 => " 1 pod still names it as its owner: nobody replaces it.".to_owned(),
                _ => format!(" {pods} pods still name it as their owner: nobody replaces them."),
            }),
        Reason::Deleting { pods: 1 } => Saying::gist("The StatefulSet is being deleted.")
            .text(" 1 pod is left; the garbage collector removes it."),
        Reason::Deleting { pods } => Saying::gist("The StatefulSet is being deleted.").text(format!(
            " {pods} pods are left; the garbage collector removes them in no particular order. To have them go in order, \
             scale to 0 first."
        )),
        Reason::Settled { pods } => settled(*pods, ordered),
        Reason::ScaledToZero => Saying::gist("Scaled to zero.")
            .text(" No pod is wanted and none is left. The identities stay: the next pods get the same names."),
        Reason::NotObserved { generation, observed } => Saying::gist("The spec has just changed.").text(format!(
            " The controller has seen generation {observed} of it; the newest is {generation}."
        )),
        Reason::CreatesNext { ordinal } => {
            let saying = Saying::gist(format!("{} comes next.", pod(ordinal)));
            match (ordered, first(*ordinal, spec)) {
                (true, false) => saying.text(" The pods before it are Ready, and it has none: the controller creates it now."),
                _ => saying.text(" It has no pod: the controller creates it now."),
            }
        }
        Reason::CannotCreate { ordinal, obstacle } => cannot_create(set, *ordinal, obstacle),
        Reason::WaitsForReady { ordinal, stage, status, after, blocks } => {
            let saying = not_ready(&pod(ordinal), *stage, status);
            let saying = match after {
                Some(after) => created_after(saying, set, *after, zone),
                None => saying,
            };
            blocked(saying, "it is Ready, ", set, *blocks, ordered)
        }
        Reason::WaitsForAvailable { ordinal, min_ready_seconds, blocks } => {
            let saying = Saying::gist(format!("{} is Ready, but not for long enough.", pod(ordinal))).text(format!(
                " It counts as available after {min_ready_seconds} s without a break (minReadySeconds)."
            ));
            blocked(saying, "then ", set, *blocks, ordered)
        }
        Reason::WaitsForTermination { ordinal, blocks } => {
            let saying = Saying::gist(format!("{} is terminating.", pod(ordinal)));
            let saying = match blocks {
                Some(Blocked::Creation(next)) if next == ordinal => {
                    return saying.text(" Its name is taken until it is gone; only then can its successor be created.");
                }
                _ => saying.text(" The controller waits until it is gone."),
            };
            blocked(saying, "then ", set, *blocks, ordered)
        }
        Reason::ReplacesEnded { ordinal, status } => Saying::gist(format!("{} has ended", pod(ordinal)))
            .text(format!(" ({status}). The controller deletes it and creates a new one under the same name.")),
        Reason::ScalesDown { ordinal, left } => {
            let saying = Saying::gist(format!("Scaling down: {} goes.", pod(ordinal)));
            match left {
                0 | 1 => saying.text(" It is the last that has to go."),
                _ if ordered => saying.text(format!(" {left} have to go in all, the highest ordinal first, one at a time.")),
                _ => saying.text(format!(" {left} have to go in all.")),
            }
        }
        Reason::ScaleDownWaits { ordinal, waits_for, stage, status } => {
            Saying::gist(format!("Scaling down waits for {}.", pod(waits_for)))
                .text(format!(" {} should go, but ", pod(ordinal)))
                .code(pod(waits_for))
                .text(format!(" {}: no pod is removed while another is not available.", is(*stage, status)))
        }
        Reason::Updates { ordinal, updated, total } => {
            Saying::gist(format!("Rolling update: {} is replaced.", pod(ordinal))).text(format!(
                " {updated} of {total} have the new revision. The update goes from the highest ordinal down."
            ))
        }
        Reason::UpdateWaits { ordinal, waits_for, stage, status } => {
            Saying::gist(format!("Rolling update: waiting for {}.", pod(waits_for)))
                .text(" It ")
                .text(is(*stage, status))
                .text("; before it is available, ")
                .code(pod(ordinal))
                .text(" is not replaced.")
        }
        Reason::RolloutStuck { .. } => stuck(&order.reason, set),
        Reason::PartitionHolds { from, held } => Saying::gist("The partition holds the update back.").text(format!(
            " Pods from ordinal {from} on have the new revision; {} below it {} the old one until the partition is lowered.",
            pods_text(*held),
            if *held == 1 { "keeps" } else { "keep" }
        )),
        Reason::WaitsForDelete { ordinals, total } => waits_for_delete(set, ordinals, *total),
        Reason::Parallel { missing, starting, failing, terminating } => parallel(*missing, *starting, *failing, *terminating),
        Reason::NotKnown { kind } => not_known(*kind),
    }
}

fn not_known(kind: Kind) -> Saying {
    let what = match kind {
        Kind::Pod => "pods",
        Kind::Service => "Services",
        Kind::EndpointSlice => "EndpointSlices",
        Kind::StatefulSet => "StatefulSets",
        Kind::Deployment => "Deployments",
        Kind::ReplicaSet => "ReplicaSets",
    };
    Saying::gist(format!("The {what} are not visible."))
        .text(" Without them nothing can be said: either their list is still under way, or Berth may not see them.")
}

fn pods_text(pods: u32) -> String {
    format!("{pods} {}", if pods == 1 { "pod" } else { "pods" })
}

fn first(ordinal: Ordinal, spec: Option<&Spec>) -> bool {
    spec.is_some_and(|spec| spec.start == ordinal)
}

fn settled(pods: u32, ordered: bool) -> Saying {
    let gist = match pods {
        1 => "The pod is Ready.".to_owned(),
        2 => "Both pods are Ready.".to_owned(),
        _ => format!("All {pods} pods are Ready."),
    };
    let saying = Saying::gist(gist).text(" They are of the newest revision: the controller has nothing to do.");
    if ordered { saying } else { saying.text(" Should pods go, it replaces them all at once (Parallel).") }
}

/// `is …`, as the predicate of a sentence.
fn is(stage: Stage, status: &str) -> String {
    match stage {
        Stage::Pending => "is pending".to_owned(),
        Stage::Creating | Stage::Starting if status == "Running" => "is running but not Ready".to_owned(),
        Stage::Creating | Stage::Starting => format!("is starting ({status})"),
        Stage::Ready => "is Ready, but not for long enough".to_owned(),
        Stage::Terminating => "is terminating".to_owned(),
        Stage::Failing => format!("is failing ({status})"),
        Stage::Completed => format!("has ended ({status})"),
    }
}

fn not_ready(pod: &str, stage: Stage, status: &str) -> Saying {
    match stage {
        Stage::Pending => Saying::gist(format!("{pod} is pending.")),
        Stage::Creating | Stage::Starting if status == "Running" => {
            Saying::gist(format!("{pod} is starting.")).text(" Its containers run, but it is not Ready yet.")
        }
        Stage::Failing => Saying::gist(format!("{pod} is failing: {status}.")),
        Stage::Creating | Stage::Starting => Saying::gist(format!("{pod} is starting.")),
        Stage::Ready | Stage::Terminating | Stage::Completed => Saying::gist(format!("{pod} {}.", is(stage, status))),
    }
}

/// Below this, in milliseconds, one thing follows the other at once.
const BLINK: i64 = 50;

fn created_after(saying: Saying, set: &SetKey, after: Predecessor, zone: Zone) -> Saying {
    let passed = after.created.millis_since(after.ready);
    let how = if passed < BLINK { "as soon as".to_owned() } else { format!("{} after", duration(passed)) };
    saying
        .text(format!(" It was created at {}, {how} ", zone.time(after.created)))
        .code(set.pod_name(after.ordinal))
        .text(" became Ready: the controller starts one pod at a time, in order.")
}

/// What does not happen until something has.
fn blocked(saying: Saying, until: &str, set: &SetKey, blocks: Option<Blocked>, ordered: bool) -> Saying {
    let (ordinal, what) = match blocks {
        Some(Blocked::Creation(ordinal)) => (ordinal, "is not created"),
        Some(Blocked::Removal(ordinal)) => (ordinal, "is not removed"),
        Some(Blocked::Update(ordinal)) => (ordinal, "is not replaced"),
        None => return saying,
    };
    let why = if ordered { ": one pod at a time, in order." } else { "." };
    saying.text(format!(" Until {until}")).code(set.pod_name(ordinal)).text(format!(" {what}{why}"))
}

fn cannot_create(set: &SetKey, ordinal: Ordinal, obstacle: &Obstacle) -> Saying {
    let pod = set.pod_name(ordinal);
    let saying = Saying::gist(format!("{pod} cannot be created."));
    match obstacle {
        Obstacle::NameTooLong { length } => saying.text(format!(
            " Its name would have {length} characters; a label value, which it becomes, has 63 at most. The StatefulSet \
             needs a shorter name."
        )),
        Obstacle::RevisionTooLong { length } => saying.text(format!(
            " The name of its revision has {length} characters; a label value, which it becomes, has 63 at most. The \
             StatefulSet needs a shorter name: with 52 characters every revision fits."
        )),
        Obstacle::NameTaken { owner } => {
            let holder = match owner {
                Some(owner) => format!("is controlled by {owner}"),
                None => "is controlled by nobody".to_owned(),
            };
            saying
                .text(format!(" A pod of that name exists that {holder}. To free the name: "))
                .code(format!("kubectl delete pod {pod} -n {}", set.namespace))
        }
    }
}

fn stuck(reason: &Reason, set: &SetKey) -> Saying {
    let Reason::RolloutStuck { pod, stage, status, revision, update_revision, outlook, .. } = reason else {
        return Saying::default();
    };
    let command = format!("kubectl delete pod {pod} -n {}", set.namespace);
    match outlook {
        Outlook::Hopeless => Saying::gist(format!("The rollout is stuck at {pod}."))
            .text(format!(" It {} at revision ", is(*stage, status)))
            .code(revision)
            .text(", and the controller waits for it to become Ready before it replaces it. The template is at ")
            .code(update_revision)
            .text(" already, so mending it again does not help; deleting the pod does: ")
            .code(command),
        Outlook::IfReady => Saying::gist(format!("The rollout waits for {pod}."))
            .text(format!(" It {} at the old revision ", is(*stage, status)))
            .code(revision)
            .text(" and is replaced by ")
            .code(update_revision)
            .text(" only once it is Ready. Should it not become Ready by itself, changing the template does not help; deleting the pod does: ")
            .code(command),
    }
}

fn waits_for_delete(set: &SetKey, ordinals: &[Ordinal], total: u32) -> Saying {
    let named = ordinals.iter().map(|ordinal| set.pod_name(*ordinal)).collect::<Vec<_>>();
    let gist = if total == 1 {
        "One pod waits to be deleted.".to_owned()
    } else {
        format!("{total} pods wait to be deleted.")
    };
    let rest = usize::try_from(total).unwrap_or(usize::MAX).saturating_sub(named.len());
    let saying =
        Saying::gist(gist).text(" With OnDelete the controller replaces no pod by itself: ").code(named.join(" "));
    let saying = if rest > 0 { saying.text(format!(" and {rest} more")) } else { saying };
    let saying = saying.text(if total == 1 {
        " keeps its old revision until then: "
    } else {
        " keep their old revision until then: "
    });
    saying.code(format!("kubectl delete pod {} -n {}", named.first().map_or("", String::as_str), set.namespace))
}

fn parallel(missing: u32, starting: u32, failing: u32, terminating: u32) -> Saying {
    let counts =
        [(missing, "to be created"), (starting, "starting"), (failing, "failing"), (terminating, "terminating")];
    let named: Vec<_> =
        counts.into_iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}")).collect();
    Saying::gist(format!("Working on all pods at once: {}.", named.join(", ")))
        .text(" With Parallel no pod waits for another.")
}

#[cfg(test)]
mod tests {
    use super::say;
    use crate::time::Zone;
    use topology::facts::Kind;
    use topology::order::{Blocked, Obstacle, Order, Outlook, Predecessor, Reason};
    use topology::{Ordinal, SetKey, Stage, Timestamp};

    fn said(reason: Reason) -> String {
        say(&Order { reason, since: None }, &SetKey::new("default", "web"), None, Zone::Utc).plain()
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
        }
    }
}
