//! The pods of a Deployment: whose they are, in whatever order that is told, and that no name returns.

mod support;

use serde_json::{Value, json};
use support::objects;
use topology::board::{End, Found};
use topology::crew::{Crew, CrewSummary, MAX_GONE};
use topology::facts::{Event, Kind, Object, Observation, Watch};
use topology::fleet::{Dots, Fleet};
use topology::fold::{Delta, MAX_FORMER_CREWS};
use topology::{SetKey, Stage, Timestamp, Topology};

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_millis(1_790_000_000_000 + seconds * 1_000)
}

fn key() -> SetKey {
    SetKey::new("default", "api")
}

fn metadata(name: &str, uid: &str, version: u64, owner: Option<(&str, &str, &str)>) -> Value {
    let owners: Vec<Value> = owner
        .into_iter()
        .map(|(kind, name, uid)| {
            json!({ "apiVersion": "apps/v1", "kind": kind, "name": name, "uid": uid, "controller": true })
        })
        .collect();
    json!({
        "name": name, "namespace": "default", "uid": uid, "resourceVersion": version.to_string(), "ownerReferences": owners,
    })
}

fn deployment(version: u64, replicas: u32) -> Value {
    json!({ "kind": "Deployment", "metadata": metadata("api", "d", version, None), "spec": { "replicas": replicas } })
}

fn replica_set() -> Value {
    json!({ "kind": "ReplicaSet", "metadata": metadata("api-1", "r", 2, Some(("Deployment", "api", "d"))) })
}

fn pod(name: &str, version: u64, ready: bool) -> Value {
    let ready = if ready { "True" } else { "False" };
    json!({
        "kind": "Pod",
        "metadata": metadata(name, &format!("uid of {name}"), version, Some(("ReplicaSet", "api-1", "r"))),
        "spec": { "containers": [{ "name": "c" }] },
        "status": { "phase": "Running", "conditions": [{ "type": "Ready", "status": ready }] },
    })
}

fn object(value: Value) -> Object {
    let lists = objects(vec![value]);
    let found = lists.into_iter().find_map(|list| match list.event {
        Event::Listed(mut listed) => listed.pop(),
        _ => None,
    });
    found.expect("an object")
}

fn applied(value: Value) -> Observation {
    let object = object(value);
    Observation { watch: Watch::everywhere(object.kind()), event: Event::Applied(object) }
}

fn deleted(value: Value) -> Observation {
    let object = object(value);
    Observation { watch: Watch::everywhere(object.kind()), event: Event::Deleted(object) }
}

fn crew(topology: &Topology) -> &Crew {
    topology.crew(&key()).expect("a crew")
}

fn names(topology: &Topology) -> Vec<&str> {
    crew(topology).pods().map(|hand| hand.name.as_str()).collect()
}

/// What a client holds that began with nothing and took every delta.
#[derive(Default)]
struct Client {
    fleet: Fleet,
    crew: Option<Box<Crew>>,
}

impl Client {
    fn take(&mut self, delta: Option<Delta>) {
        let Some(delta) = delta else { return };
        for change in delta.crews.iter().filter(|(of, _)| *of == key()).flat_map(|(_, changes)| changes) {
            Crew::apply(&mut self.crew, change);
        }
        delta.fleet.iter().for_each(|change| self.fleet.apply(change));
    }
}

#[test]
fn given_the_first_lists_in_any_order_when_in_then_the_pods_are_the_deployments() {
    let all = || vec![deployment(1, 2), replica_set(), pod("api-1-a", 3, true), pod("api-1-b", 4, true)];
    let lists = objects(all());
    for first in 0..lists.len() {
        let mut topology = Topology::default();
        let mut client = Client::default();
        for turn in 0..lists.len() {
            client.take(topology.apply(at(0), [lists[(first + turn) % lists.len()].clone()]));
        }
        assert_eq!(names(&topology), ["api-1-a", "api-1-b"], "beginning with list {first}");
        assert!(crew(&topology).pods().all(|hand| hand.pod.found == Found::Listed));
        assert_eq!(client.crew.as_deref(), Some(crew(&topology)));
        let ready = Dots { stage: Some(Stage::Ready), count: 2 };
        let summary = CrewSummary { exists: true, replicas: 2, ready: 2, dots: vec![ready] };
        assert_eq!(client.fleet.deployment(&key()), Some(&summary));
        assert_eq!(topology.fleet(), &client.fleet);
        assert!(topology.fleet().sets.is_empty(), "none of it is a StatefulSet's");
    }
}

#[test]
fn given_pods_that_are_replaced_when_watched_then_each_has_a_lane_of_its_own_and_those_before_have_ended() {
    let mut topology = Topology::default();
    let mut client = Client::default();
    client.take(topology.apply(at(0), objects(vec![deployment(1, 1), replica_set(), pod("api-1-a", 3, true)])));
    client.take(topology.apply(at(5), [applied(pod("api-1-b", 5, false))]));
    client.take(topology.apply(at(6), [deleted(pod("api-1-a", 6, true))]));
    client.take(topology.apply(at(7), [applied(pod("api-1-b", 7, true))]));
    let hands = &crew(&topology).hands;
    assert_eq!(
        hands.iter().map(|hand| (hand.number, hand.name.as_str())).collect::<Vec<_>>(),
        [(0, "api-1-a"), (1, "api-1-b")]
    );
    assert_eq!(hands[0].pod.ended, Some(End::Seen { at: at(6) }));
    assert_eq!(hands[1].pod.found, Found::Watched);
    assert_eq!(hands[1].pod.spans.last().map(|span| (span.stage, span.from)), Some((Stage::Ready, at(7))));
    assert_eq!(client.crew.as_deref(), Some(crew(&topology)));
    assert_eq!(topology.fleet(), &client.fleet);
}

#[test]
fn given_a_replica_set_that_goes_first_when_its_pods_go_then_their_ends_are_seen() {
    let mut topology = Topology::default();
    topology.apply(at(0), objects(vec![deployment(1, 1), replica_set(), pod("api-1-a", 3, true)]));
    topology.apply(at(1), [deleted(deployment(4, 1))]);
    topology.apply(at(2), [deleted(replica_set())]);
    assert_eq!(names(&topology), ["api-1-a"]);
    assert!(topology.fleet().deployment(&key()).is_some_and(|summary| !summary.exists));
    topology.apply(at(3), [applied(pod("api-1-a", 5, false))]);
    topology.apply(at(4), [deleted(pod("api-1-a", 6, false))]);
    assert_eq!(crew(&topology).hands[0].pod.ended, Some(End::Seen { at: at(4) }));
}

#[test]
fn given_pods_of_others_when_listed_then_they_are_no_deployments() {
    let mut bare = pod("job-a", 3, true);
    bare["metadata"]["ownerReferences"][0]["kind"] = json!("Job");
    let mut other = pod("api-1-z", 4, true);
    // The name is right, the UID is another's.
    other["metadata"]["ownerReferences"][0]["uid"] = json!("r of before");
    let mut topology = Topology::default();
    topology.apply(at(0), objects(vec![deployment(1, 2), replica_set(), bare, other]));
    assert_eq!(names(&topology), Vec::<&str>::new());
    let missing = Dots { stage: None, count: 2 };
    assert_eq!(topology.fleet().deployment(&key()).map(|summary| &summary.dots[..]), Some(&[missing][..]));
}

#[test]
fn given_a_break_when_watched_again_then_what_went_in_it_has_bounds() {
    let mut topology = Topology::default();
    topology.apply(at(0), objects(vec![deployment(1, 1), replica_set(), pod("api-1-a", 3, true)]));
    let watch = Watch::everywhere(Kind::Pod);
    topology.apply(at(10), [Observation { watch: watch.clone(), event: Event::Interrupted { since: at(8) } }]);
    topology.apply(at(20), [Observation { watch, event: Event::Listed(vec![object(pod("api-1-b", 9, true))]) }]);
    let hands = &crew(&topology).hands;
    assert_eq!(hands[0].pod.ended, Some(End::Unseen { after: at(8), before: at(20) }));
    assert_eq!((hands[1].name.as_str(), hands[1].pod.found), ("api-1-b", Found::Listed));
    assert_eq!(crew(&topology).unwatched.len(), 1);
}

#[test]
fn given_many_pods_and_deployments_when_gone_then_only_the_latest_are_remembered() {
    let mut topology = Topology::default();
    topology.apply(at(0), objects(vec![deployment(1, 1), replica_set()]));
    for round in 0..100_u64 {
        let name = format!("api-1-{round}");
        topology.apply(at(1), [applied(pod(&name, 10 + 2 * round, true))]);
        topology.apply(at(2), [deleted(pod(&name, 11 + 2 * round, true))]);
    }
    assert_eq!(crew(&topology).hands.len(), MAX_GONE);
    assert_eq!(crew(&topology).hands.last().map(|hand| hand.number), Some(99));
    for round in 0..100_u64 {
        let mut other = deployment(300 + 2 * round, 1);
        other["metadata"]["name"] = json!(format!("other-{round}"));
        topology.apply(at(3), [applied(other.clone())]);
        other["metadata"]["resourceVersion"] = json!((301 + 2 * round).to_string());
        topology.apply(at(4), [deleted(other)]);
    }
    assert_eq!(topology.crews().count(), MAX_FORMER_CREWS + 1);
    assert_eq!(topology.fleet().deployments.len(), MAX_FORMER_CREWS + 1);
}

#[test]
fn given_a_snapshot_when_restored_then_it_goes_on_as_if_it_had_been_there() {
    let mut topology = Topology::default();
    topology.apply(at(0), objects(vec![deployment(1, 1), pod("api-1-a", 3, true)]));
    let mut restored = Topology::restore(topology::dns::Zone::default(), topology.snapshot());
    for topology in [&mut topology, &mut restored] {
        // The ReplicaSet is told late: until then the pod waits.
        topology.apply(at(1), [applied(replica_set())]);
        topology.apply(at(2), [applied(pod("api-1-a", 4, false))]);
    }
    assert_eq!(names(&restored), ["api-1-a"]);
    assert_eq!(crew(&topology), crew(&restored));
    assert_eq!(topology.fleet(), restored.fleet());
}

#[test]
fn given_a_snapshot_when_narrowed_then_only_the_deployments_of_its_namespaces_are_left() {
    let mut topology = Topology::default();
    topology.apply(at(0), objects(vec![deployment(1, 1), replica_set(), pod("api-1-a", 3, true)]));
    for (namespace, left) in [("default", 1), ("other", 0)] {
        let snapshot = topology.snapshot().within(|name| name == namespace);
        let narrowed = Topology::restore(topology::dns::Zone::default(), snapshot);
        assert_eq!((narrowed.crews().count(), narrowed.fleet().deployments.len()), (left, left), "{namespace}");
    }
}
