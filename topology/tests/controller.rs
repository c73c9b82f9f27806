//! What the order says for the states that a StatefulSet's controller can find, rule by rule. Each scene is listed as a
//! cluster would list it: a set, and its pods as `ORDINAL STATE REVISION`.

#![allow(clippy::too_many_lines, reason = "the tables are the specification")]

use serde_json::{Value, json};
use topology::facts::{Event, Kind, Object, Observation, Watch};
use topology::order::{Blocked, Obstacle, Outlook, Reason};
use topology::{Ordinal, SetKey, Stage, Timestamp, Topology, kubernetes};

const SET_UID: &str = "set-1";

/// A StatefulSet `web` of 3 replicas, all of revision `a`; `change` is merged into it.
fn set(change: &Value) -> Object {
    let mut set = json!({
        "metadata": {"name": "web", "namespace": "default", "uid": SET_UID, "generation": 1, "resourceVersion": "1"},
        "spec": {
            "replicas": 3, "serviceName": "nginx", "selector": {"matchLabels": {"app": "nginx"}},
            "updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"partition": 0}},
            "template": {"metadata": {"labels": {"app": "nginx"}}},
        },
        "status": {"observedGeneration": 1, "currentRevision": "a", "updateRevision": "a", "availableReplicas": 3},
    });
    merge(&mut set, change);
    serde_json::from_value::<kubernetes::StatefulSet>(set).expect("a StatefulSet").into()
}

fn merge(into: &mut Value, change: &Value) {
    match (into, change) {
        (Value::Object(into), Value::Object(change)) => {
            for (key, value) in change {
                merge(into.entry(key).or_insert(Value::Null), value);
            }
        }
        (into, change) => *into = change.clone(),
    }
}

/// `2 ready a`: web-2 is Running and Ready, of revision a. States: pending, creating, starting, ready, failing, crash,
/// failed, going (Terminating); `-` is no revision; a fourth word names the owner's UID, `-` for none.
fn pod(text: &str) -> Object {
    let words: Vec<&str> = text.split_whitespace().collect();
    let (ordinal, state, revision) = (words[0], words[1], words[2]);
    let waiting = |reason: &str| json!([{"name": "nginx", "state": {"waiting": {"reason": reason}}}]);
    let running = json!([{"name": "nginx", "ready": state == "ready", "state": {"running": {}}}]);
    let (phase, containers) = match state {
        "pending" => ("Pending", json!([])),
        "creating" => ("Pending", waiting("ContainerCreating")),
        "failing" => ("Pending", waiting("ImagePullBackOff")),
        "crash" => ("Running", waiting("CrashLoopBackOff")),
        "failed" => ("Failed", json!([])),
        _ => ("Running", running),
    };
    let ready = if matches!(state, "ready" | "going") { "True" } else { "False" };
    let owner = match words.get(3) {
        None => json!([owner(SET_UID)]),
        Some(&"-") => json!([]),
        Some(uid) => json!([owner(uid)]),
    };
    let labels = match revision {
        "-" => json!({"app": "nginx"}),
        _ => json!({"app": "nginx", "controller-revision-hash": revision}),
    };
    let pod = json!({
        "metadata": {
            "name": format!("web-{ordinal}"), "namespace": "default", "uid": format!("pod-{ordinal}"),
            "labels": labels,
            "ownerReferences": owner,
            "deletionTimestamp": (state == "going").then_some("2026-01-01T00:00:30Z"),
        },
        "spec": {"containers": [{"name": "nginx"}]},
        "status": {
            "phase": phase, "containerStatuses": containers,
            "conditions": [{"type": "Ready", "status": ready,
                            "lastTransitionTime": format!("2026-01-01T00:00:{ordinal:0>2}Z")}],
        },
    });
    serde_json::from_value::<kubernetes::Pod>(pod).expect("a pod").into()
}

fn owner(uid: &str) -> Value {
    json!({"apiVersion": "apps/v1", "kind": "StatefulSet", "name": "web", "uid": uid, "controller": true})
}

fn list(kind: Kind, objects: Vec<Object>) -> Observation {
    Observation { watch: Watch::everywhere(kind), event: Event::Listed(objects) }
}

fn reason(change: &Value, pods: &[&str]) -> Reason {
    let mut topology = Topology::default();
    let pods = pods.iter().map(|text| pod(text)).collect();
    let scene = [list(Kind::StatefulSet, vec![set(change)]), list(Kind::Pod, pods)];
    topology.apply(Timestamp::from_millis(1), scene);
    topology.board(&SetKey::new("default", "web")).expect("its board").order.reason.clone()
}

const fn at(ordinal: u32) -> Ordinal {
    Ordinal(ordinal)
}

fn waits(ordinal: u32, stage: Stage, status: &str, blocks: Option<Blocked>) -> Reason {
    Reason::WaitsForReady { ordinal: at(ordinal), stage, status: status.to_owned(), after: None, blocks }
}

fn burst(missing: u32, starting: u32, failing: u32, terminating: u32) -> Reason {
    Reason::Parallel { missing, starting, failing, terminating }
}

#[test]
fn given_each_state_of_an_ordered_set_when_explained_then_the_rule_that_holds_it_is_named() {
    let none = json!({});
    let mended = json!({"status": {"updateRevision": "c"}});
    let rolling = json!({"status": {"updateRevision": "b"}});
    let partition =
        json!({"spec": {"updateStrategy": {"rollingUpdate": {"partition": 2}}}, "status": {"updateRevision": "b"}});
    let down = json!({"spec": {"replicas": 1}});
    let min_ready = json!({"spec": {"minReadySeconds": 10}, "status": {"availableReplicas": 2}});
    let stuck = |ordinal, stage, status: &str, outlook| Reason::RolloutStuck {
        ordinal: at(ordinal),
        pod: format!("web-{ordinal}"),
        stage,
        status: status.to_owned(),
        revision: "b".to_owned(),
        update_revision: "c".to_owned(),
        outlook,
    };
    let create = |ordinal| Reason::CreatesNext { ordinal: at(ordinal) };
    let scales_down = |ordinal, left| Reason::ScalesDown { ordinal: at(ordinal), left };
    let terminates = |ordinal, blocks| Reason::WaitsForTermination { ordinal: at(ordinal), blocks };

    let table: Vec<(&str, &Value, &[&str], Reason)> = vec![
        ("all is well", &none, &["0 ready a", "1 ready a", "2 ready a"], Reason::Settled { pods: 3 }),
        ("nothing exists yet", &none, &[], create(0)),
        ("a hole is filled before what is above it", &none, &["0 ready a", "2 ready a"], create(1)),
        (
            "a pod that is not Ready stops the creation of the next",
            &none,
            &["0 ready a", "1 starting a"],
            waits(1, Stage::Starting, "Running", Some(Blocked::Creation(at(2)))),
        ),
        (
            "the lowest one decides, also when a higher one is missing",
            &none,
            &["0 crash a", "1 ready a"],
            waits(0, Stage::Failing, "CrashLoopBackOff", Some(Blocked::Creation(at(2)))),
        ),
        (
            "a failed pod is replaced",
            &none,
            &["0 ready a", "1 failed a", "2 ready a"],
            Reason::ReplacesEnded { ordinal: at(1), status: "Failed".to_owned() },
        ),
        (
            "a name is free only when its pod is gone",
            &none,
            &["0 going a", "1 ready a", "2 ready a"],
            terminates(0, None),
        ),
        (
            "one of two deleted pods comes back first",
            &none,
            &["0 going a", "1 going a", "2 ready a"],
            terminates(0, Some(Blocked::Creation(at(1)))),
        ),
        (
            "Ready, but not for long enough",
            &min_ready,
            &["0 ready a", "1 ready a", "2 ready a"],
            Reason::WaitsForAvailable { ordinal: at(2), min_ready_seconds: 10, blocks: None },
        ),
        ("the highest goes first", &down, &["0 ready a", "1 ready a", "2 ready a"], scales_down(2, 2)),
        ("and while it goes, the next one waits", &down, &["0 ready a", "1 ready a", "2 going a"], scales_down(2, 2)),
        (
            "scaling down waits for the replicas that stay",
            &down,
            &["0 starting a", "1 ready a", "2 ready a"],
            waits(0, Stage::Starting, "Running", Some(Blocked::Removal(at(2)))),
        ),
        (
            "an unready pod above another unready one waits for it",
            &down,
            &["0 ready a", "1 starting a", "2 starting a"],
            Reason::ScaleDownWaits {
                ordinal: at(2),
                waits_for: at(1),
                stage: Stage::Starting,
                status: "Running".to_owned(),
            },
        ),
        (
            "the first unhealthy one may go itself",
            &down,
            &["0 ready a", "1 ready a", "2 starting a"],
            scales_down(2, 2),
        ),
        (
            "a rolling update goes from the top",
            &rolling,
            &["0 ready a", "1 ready a", "2 ready b"],
            Reason::Updates { ordinal: at(1), updated: 1, total: 3 },
        ),
        (
            "a new pod must be Ready before the update goes on",
            &rolling,
            &["0 ready a", "1 ready a", "2 failing b"],
            waits(2, Stage::Failing, "ImagePullBackOff", Some(Blocked::Update(at(1)))),
        ),
        (
            "a mended template does not reach a broken pod",
            &mended,
            &["0 ready a", "1 ready a", "2 failing b"],
            stuck(2, Stage::Failing, "ImagePullBackOff", Outlook::Hopeless),
        ),
        (
            "nor one that only never becomes Ready",
            &mended,
            &["0 ready a", "1 ready a", "2 starting b"],
            stuck(2, Stage::Starting, "Running", Outlook::IfReady),
        ),
        (
            "below the partition an old revision is right",
            &partition,
            &["0 starting a", "1 ready a", "2 ready b"],
            waits(0, Stage::Starting, "Running", None),
        ),
        (
            "what the partition holds back is named",
            &partition,
            &["0 ready a", "1 ready a", "2 ready b"],
            Reason::PartitionHolds { from: at(2), held: 2 },
        ),
    ];
    for (name, change, pods, expected) in table {
        assert_eq!(reason(change, pods), expected, "{name}");
    }
}

#[test]
fn given_other_policies_and_states_when_explained_then_they_are_told_apart() {
    let parallel = json!({"spec": {"podManagementPolicy": "Parallel"}});
    let parallel_rolling = json!({"spec": {"podManagementPolicy": "Parallel"}, "status": {"updateRevision": "b"}});
    let none = json!({});
    let parallel_min_ready = json!({
        "spec": {"podManagementPolicy": "Parallel", "minReadySeconds": 60},
        "status": {"updateRevision": "b", "availableReplicas": 2},
    });
    let update_waits = |ordinal, waits_for, stage, status: &str| Reason::UpdateWaits {
        ordinal: at(ordinal),
        waits_for: at(waits_for),
        stage,
        status: status.to_owned(),
    };
    let two_at_once = json!({
        "spec": {"podManagementPolicy": "Parallel", "updateStrategy": {"rollingUpdate": {"maxUnavailable": "67%"}}},
        "status": {"updateRevision": "b"},
    });
    let on_delete = json!({"spec": {"updateStrategy": {"type": "OnDelete"}}, "status": {"updateRevision": "b"}});
    let zero = json!({"spec": {"replicas": 0}});
    let zero_parallel = json!({"spec": {"replicas": 0, "podManagementPolicy": "Parallel"}});
    let from_three = json!({"spec": {"ordinals": {"start": 3}}});
    let deleting = json!({"metadata": {"deletionTimestamp": "2026-01-01T00:00:00Z"}});
    let unseen_spec = json!({"metadata": {"generation": 2}});
    let long = json!({"metadata": {"name": "web"}, "spec": {"ordinals": {"start": 0}, "replicas": 1}});
    let taken = |owner: Option<&str>| Reason::CannotCreate {
        ordinal: at(0),
        obstacle: Obstacle::NameTaken { owner: owner.map(str::to_owned) },
    };

    let table: Vec<(&str, &Value, &[&str], Reason)> = vec![
        ("Parallel creates all at once", &parallel, &["1 starting a"], burst(2, 1, 0, 0)),
        ("Parallel counts what fails and goes", &parallel, &["0 crash a", "1 going a", "2 ready a"], burst(0, 0, 1, 1)),
        ("Parallel removes all at once", &zero_parallel, &["0 ready a", "1 ready a"], burst(0, 0, 0, 2)),
        (
            "Parallel updates from the top",
            &parallel_rolling,
            &["0 ready a", "1 ready a", "2 ready a"],
            Reason::Updates { ordinal: at(2), updated: 0, total: 3 },
        ),
        (
            "Parallel updates no more pods at once than may be unavailable",
            &parallel_rolling,
            &["0 ready a", "1 ready a", "2 starting b"],
            update_waits(1, 2, Stage::Starting, "Running"),
        ),
        (
            "Parallel waits for a pod that is being replaced",
            &parallel_rolling,
            &["0 ready a", "1 ready a", "2 going a"],
            update_waits(1, 2, Stage::Terminating, "Terminating"),
        ),
        (
            "Parallel waits for a new pod that fails",
            &parallel_rolling,
            &["0 ready a", "1 ready a", "2 failing b"],
            update_waits(1, 2, Stage::Failing, "ImagePullBackOff"),
        ),
        (
            "Parallel replaces an old pod that fails at once, which ends a broken rollout",
            &parallel_rolling,
            &["0 failing a", "1 ready a", "2 ready b"],
            Reason::Updates { ordinal: at(0), updated: 1, total: 3 },
        ),
        (
            "Parallel waits until a new pod was Ready for long enough",
            &parallel_min_ready,
            &["0 ready a", "1 ready a", "2 ready b"],
            update_waits(1, 2, Stage::Ready, "Running"),
        ),
        (
            "with the last old pod gone, only the new one is awaited",
            &parallel_rolling,
            &["0 starting b", "1 ready b", "2 ready b"],
            burst(0, 1, 0, 0),
        ),
        (
            "maxUnavailable in per cent is rounded down",
            &two_at_once,
            &["0 ready a", "1 ready a", "2 ready b"],
            Reason::Updates { ordinal: at(1), updated: 1, total: 3 },
        ),
        (
            "OnDelete waits for somebody",
            &on_delete,
            &["0 ready a", "1 ready b", "2 ready a"],
            Reason::WaitsForDelete { ordinals: vec![at(0), at(2)], total: 2 },
        ),
        ("replicas: 0", &zero, &[], Reason::ScaledToZero),
        ("ordinals may start higher", &from_three, &["3 ready a"], Reason::CreatesNext { ordinal: at(4) }),
        (
            "what is below the start is not wanted",
            &from_three,
            &["3 ready a", "4 ready a", "5 ready a", "0 ready a"],
            Reason::ScalesDown { ordinal: at(0), left: 1 },
        ),
        ("deletion follows no order", &deleting, &["0 ready a", "1 ready a"], Reason::Deleting { pods: 2 }),
        (
            "the controller has not looked yet",
            &unseen_spec,
            &["0 ready a", "1 ready a", "2 ready a"],
            Reason::NotObserved { generation: 2, observed: 1 },
        ),
        (
            "a pod without a revision is not of the newest",
            &none,
            &["0 ready a", "1 ready a", "2 ready -"],
            Reason::Updates { ordinal: at(2), updated: 2, total: 3 },
        ),
        ("a stranger holds the name", &long, &["0 ready a -"], taken(None)),
        (
            "a pod of an earlier set of the same name holds it",
            &long,
            &["0 going a set-0"],
            taken(Some("StatefulSet web")),
        ),
    ];
    for (name, change, pods, expected) in table {
        assert_eq!(reason(change, pods), expected, "{name}");
    }
}

#[test]
fn given_a_name_over_63_characters_when_a_pod_is_missing_then_it_cannot_be_created() {
    let cannot = |obstacle| Reason::CannotCreate { ordinal: at(0), obstacle };
    // The revision's name (the set's, `-`, and a hash) becomes a label value just as the pod's.
    for (length, expected) in [
        (62, cannot(Obstacle::NameTooLong { length: 64 })),
        (61, cannot(Obstacle::RevisionTooLong { length: 72 })),
        (53, cannot(Obstacle::RevisionTooLong { length: 64 })),
        (52, Reason::CreatesNext { ordinal: at(0) }),
    ] {
        let name = "w".repeat(length);
        let revision = format!("{name}-7694b45654");
        let status = json!({"currentRevision": revision, "updateRevision": revision});
        let mut topology = Topology::default();
        let long = set(&json!({"metadata": {"name": name}, "status": status}));
        topology.apply(Timestamp::from_millis(1), [list(Kind::StatefulSet, vec![long]), list(Kind::Pod, Vec::new())]);
        let board = topology.board(&SetKey::new("default", &*name)).expect("its board");
        assert_eq!(board.order.reason, expected, "{length}");
    }
}

#[test]
fn given_four_billion_replicas_when_explained_then_nothing_is_allocated_for_them() {
    let many =
        json!({"spec": {"replicas": i32::MAX, "ordinals": {"start": i32::MAX}, "podManagementPolicy": "Parallel"}});
    assert_eq!(reason(&many, &[]), burst(i32::MAX as u32, 0, 0, 0));
    let negative = json!({"spec": {"replicas": -5}});
    assert_eq!(reason(&negative, &[]), Reason::ScaledToZero);
}

#[test]
fn given_many_pods_that_look_like_members_when_one_of_them_holds_a_name_then_that_is_still_found() {
    let mut pods = vec![pod("0 ready a -")];
    for index in 0..100 {
        let Object::Pod(mut other) = pod("9 ready a -") else { panic!("a pod") };
        other.name = format!("a-{index}-x");
        other.uid = other.name.as_str().into();
        pods.push(Object::Pod(other));
    }
    let mut topology = Topology::default();
    topology.apply(Timestamp::from_millis(1), [list(Kind::StatefulSet, vec![set(&json!({}))]), list(Kind::Pod, pods)]);
    let reason =
        |topology: &Topology| topology.board(&SetKey::new("default", "web")).expect("a board").order.reason.clone();
    let taken = Obstacle::NameTaken { owner: None };
    assert_eq!(reason(&topology), Reason::CannotCreate { ordinal: at(0), obstacle: taken });
    let gone = Observation { watch: Watch::everywhere(Kind::Pod), event: Event::Deleted(pod("0 ready a -")) };
    topology.apply(Timestamp::from_millis(2), [gone]);
    assert_eq!(reason(&topology), Reason::CreatesNext { ordinal: at(0) });
}
