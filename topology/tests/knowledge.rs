//! What is not known is not claimed: kinds that were not listed, stretches that nobody watched, pods that change owners.

mod support;

use serde_json::{Value, json};
use support::objects;
use topology::board::{Board, End, Found, Unwatched};
use topology::facts::{Event, Kind, Observation, Watch};
use topology::order::{Reason, Since};
use topology::{Ordinal, SetKey, Stage, Timestamp, Topology};

fn set(uid: &str) -> Value {
    json!({"kind": "StatefulSet", "metadata": {"namespace": "default", "name": "web", "uid": uid},
        "spec": {"serviceName": "nginx", "replicas": 1, "selector": {"matchLabels": {"app": "nginx"}},
            "template": {"metadata": {"labels": {"app": "nginx"}}}},
        "status": {"updateRevision": "a"}})
}

/// The pod web-0 at a resource version, controlled by the StatefulSets of these UIDs (one or none).
fn pod(version: u32, ready: bool, owners: &[&str]) -> Value {
    let owners = owners.iter();
    let owners: Vec<Value> = owners
        .map(|uid| json!({"apiVersion": "apps/v1", "kind": "StatefulSet", "name": "web", "uid": uid, "controller": true}))
        .collect();
    json!({"kind": "Pod",
        "metadata": {"namespace": "default", "name": "web-0", "uid": "pod-0", "resourceVersion": version.to_string(),
            "creationTimestamp": "1970-01-01T00:00:00Z", "ownerReferences": owners,
            "labels": {"app": "nginx", "controller-revision-hash": "a"}},
        "status": {"phase": "Running",
            "conditions": [{"type": "Ready", "status": if ready { "True" } else { "False" },
                "lastTransitionTime": "1970-01-01T00:00:00Z"}]}})
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_millis(seconds * 1_000)
}

fn pods(event: Event) -> Observation {
    Observation { watch: Watch::everywhere(Kind::Pod), event }
}

/// The list of pods that has this one.
fn listed(pod: Value) -> Observation {
    let lists = objects(vec![pod]);
    lists.into_iter().find(|list| list.watch.kind == Kind::Pod).expect("a list of pods")
}

fn applied(pod: Value) -> Observation {
    let Event::Listed(mut pods_listed) = listed(pod).event else { panic!("a list") };
    pods(Event::Applied(pods_listed.remove(0)))
}

fn board(topology: &Topology) -> &Board {
    topology.board(&SetKey::new("default", "web")).expect("its board")
}

#[test]
fn given_kinds_that_were_not_listed_when_folded_then_nothing_is_concluded_from_their_absence() {
    let all = || objects(vec![set("set-1"), pod(1, true, &["set-1"])]);
    for hidden in [Kind::Pod, Kind::StatefulSet] {
        let mut topology = Topology::default();
        topology.apply(at(1), all().into_iter().filter(|list| list.watch.kind != hidden));
        assert_eq!(board(&topology).order.reason, Reason::NotKnown { kind: hidden });
        topology.apply(at(2), all().into_iter().filter(|list| list.watch.kind == hidden));
        assert_eq!(board(&topology).order.reason, Reason::Settled { pods: 1 }, "{hidden:?} are known now");
    }
    let mut topology = Topology::default();
    topology.apply(at(1), all().into_iter().filter(|list| list.watch.kind != Kind::Service));
    assert!(board(&topology).warnings.is_empty(), "{:?}", board(&topology).warnings);
    topology.apply(at(2), all().into_iter().filter(|list| list.watch.kind == Kind::Service));
    assert_eq!(board(&topology).warnings.len(), 1, "now it is known that there is no such Service");
}

#[test]
fn given_a_watch_that_broke_when_it_sees_again_then_the_stretch_is_kept_and_what_was_learnt_is_so_at_the_latest() {
    for resumes in [false, true] {
        let mut topology = Topology::default();
        topology.apply(at(0), objects(vec![set("set-1"), pod(1, true, &["set-1"])]));
        topology.apply(at(10), [pods(Event::Interrupted { since: at(10) })]);
        let then = if resumes {
            vec![applied(pod(2, false, &["set-1"])), pods(Event::CaughtUp)]
        } else {
            vec![listed(pod(2, false, &["set-1"]))]
        };
        topology.apply(at(310), then);
        let board = board(&topology);
        assert_eq!(board.unwatched, [Unwatched { from: at(10), to: at(310) }]);
        assert_eq!(board.order.since, Some(Since::AtLatest(at(310))));
        let stages: Vec<_> = board.lanes[0].incarnations[0].spans.iter().map(|span| span.stage).collect();
        assert_eq!(stages, [Stage::Ready, Stage::Starting]);
    }
}

#[test]
fn given_a_pod_that_was_seen_during_a_break_when_it_is_gone_after_it_then_it_ended_after_it_was_seen() {
    let mut topology = Topology::default();
    topology.apply(at(0), objects(vec![set("set-1")]));
    topology.apply(at(10), [pods(Event::Interrupted { since: at(10) })]);
    topology.apply(at(20), [applied(pod(1, false, &["set-1"]))]);
    let mut gone = applied(pod(2, false, &["set-1"]));
    if let Event::Applied(object) = gone.event {
        gone.event = Event::Deleted(object);
    }
    topology.apply(at(21), [gone]);
    let ended = board(&topology).lanes[0].incarnations[0].ended;
    assert_eq!(ended, Some(End::Unseen { after: at(20), before: at(21) }));
}

#[test]
fn given_a_pod_that_another_set_of_the_name_adopts_when_folded_then_it_stays_one_incarnation_and_a_member() {
    let adopted = |topology: &Topology| {
        let board = board(topology);
        assert_eq!(board.lanes[0].incarnations.len(), 1);
        let only = &board.lanes[0].incarnations[0];
        assert!(only.ended.is_none() && only.found == Found::Listed && only.owner.to_string() == "set-2");
        assert_eq!(board.order.reason, Reason::Settled { pods: 1 });
    };
    let start = || {
        let mut topology = Topology::default();
        topology.apply(at(0), objects(vec![set("set-1"), pod(1, true, &["set-1"])]));
        topology
    };
    let sets = |uid| objects(vec![set(uid)]).into_iter().filter(|list| list.watch.kind == Kind::StatefulSet);

    let mut watched = start();
    watched.apply(at(60), sets("set-2").chain([applied(pod(2, true, &[]))]));
    let taken =
        Reason::CannotCreate { ordinal: Ordinal(0), obstacle: topology::order::Obstacle::NameTaken { owner: None } };
    assert_eq!(board(&watched).order.reason, taken, "nobody's until it is adopted");
    watched.apply(at(70), [applied(pod(3, true, &["set-2"]))]);
    adopted(&watched);

    let mut unwatched = start();
    unwatched.apply(at(10), [pods(Event::Interrupted { since: at(10) })]);
    unwatched.apply(at(70), sets("set-2").chain([listed(pod(3, true, &["set-2"]))]));
    adopted(&unwatched);
}
