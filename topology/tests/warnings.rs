//! What is warned of, case by case, and that each warning goes when its cause is mended.

mod support;

use serde_json::{Value, json};
use support::objects;
use topology::board::{Board, End, LongName, Pods, Warning};
use topology::dns::{Name, Zone};
use topology::facts::Protocol;
use topology::{SetKey, Timestamp, Topology};

const SECOND: i64 = 1_000;

fn set(service: &str, replicas: u32) -> Value {
    set_named("web", service, replicas)
}

fn set_named(name: &str, service: &str, replicas: u32) -> Value {
    json!({"kind": "StatefulSet", "metadata": {"namespace": "default", "name": name, "uid": "set"},
        "spec": {"serviceName": service, "replicas": replicas, "selector": {"matchLabels": {"app": "nginx"}},
            "template": {"metadata": {"labels": {"app": "nginx"}}}},
        "status": {"updateRevision": format!("{name}-7694b45654")}})
}

fn service(name: &str, spec: Value) -> Value {
    let mut all = json!({"clusterIP": "None", "selector": {"app": "nginx"}, "ports": [{"name": "web", "port": 80}]});
    let Value::Object(spec) = spec else { panic!("a spec is an object") };
    spec.into_iter().for_each(|(field, value)| all[field] = value);
    json!({"kind": "Service", "metadata": {"namespace": "default", "name": name, "uid": name}, "spec": all})
}

fn pod(name: &str, address: &str, more: Value) -> Value {
    let mut pod = json!({"kind": "Pod", "metadata": {"namespace": "default", "name": name, "uid": name, "labels": {"app": "nginx"},
            "ownerReferences": [{"apiVersion": "apps/v1", "kind": "StatefulSet", "name": "web", "uid": "set", "controller": true}]},
        "status": {"phase": "Running", "podIPs": [{"ip": address}],
            "conditions": [{"type": "Ready", "status": "True", "lastTransitionTime": "2026-01-01T00:00:00Z"}]}});
    merge(&mut pod, more);
    pod
}

fn merge(into: &mut Value, from: Value) {
    match (into, from) {
        (Value::Object(into), Value::Object(from)) => {
            from.into_iter().for_each(|(field, value)| merge(into.entry(field).or_insert(Value::Null), value));
        }
        (into, from) => *into = from,
    }
}

/// A slice of a Service with these endpoints: host name, address, whether ready.
fn slice(service: &str, endpoints: &[(&str, &str, bool)]) -> Value {
    let endpoints: Vec<Value> = endpoints
        .iter()
        .map(|(pod, address, ready)| {
            json!({"addresses": [address], "hostname": pod, "conditions": {"ready": ready},
                "targetRef": {"kind": "Pod", "name": pod, "uid": pod}})
        })
        .collect();
    json!({"kind": "EndpointSlice", "metadata": {"namespace": "default", "name": format!("{service}-a"),
            "labels": {"kubernetes.io/service-name": service}},
        "ports": [{"name": "web", "port": 80}], "endpoints": endpoints})
}

/// A StatefulSet of two pods as it should be, with these objects in place of its own or beside them.
fn world(changed: Vec<Value>) -> Vec<Value> {
    let mut all = vec![
        set("nginx", 2),
        service("nginx", json!({})),
        pod("web-0", "10.42.1.1", json!({})),
        pod("web-1", "10.42.1.2", json!({})),
        slice("nginx", &[("web-0", "10.42.1.1", true), ("web-1", "10.42.1.2", true)]),
    ];
    for new in changed {
        let same =
            |known: &&mut Value| known["kind"] == new["kind"] && known["metadata"]["name"] == new["metadata"]["name"];
        match all.iter_mut().find(same) {
            Some(known) => *known = new,
            None => all.push(new),
        }
    }
    all
}

fn without(kind: &str) -> Vec<Value> {
    world(Vec::new()).into_iter().filter(|object| object["kind"] != kind).collect()
}

fn board(topology: &Topology, name: &str) -> Board {
    topology.board(&SetKey::new("default", name)).expect("its board").clone()
}

fn pods(first: &str, more: u32) -> Pods {
    Pods { first: first.to_owned(), more }
}

fn nginx() -> String {
    "nginx".to_owned()
}

fn labels(app: &str) -> topology::kubernetes::Labels {
    [("app".to_owned(), app.to_owned())].into()
}

#[test]
#[allow(clippy::too_many_lines, reason = "a table, to be read as one")]
fn given_each_cause_when_folded_then_it_is_warned_of_and_the_warning_goes_when_it_is_mended() {
    let nobodys = || service("nginx", json!({"selector": {"app": "nobody"}}));
    let other = |name: &str| (name.to_owned(), "10.42.9.9".to_owned());
    let (api, api_address) = other("api-6f7-x");
    let three =
        [("web-0", "10.42.1.1", true), ("web-1", "10.42.1.2", true), (api.as_str(), api_address.as_str(), true)];
    let unlabelled = || pod("web-1", "10.42.1.2", json!({"metadata": {"labels": {"app": "mine"}}}));
    let unready = || pod("web-1", "10.42.1.2", json!({"status": {"conditions": []}}));
    let not_ready = |ready| slice("nginx", &[("web-0", "10.42.1.1", true), ("web-1", "10.42.1.2", ready)]);
    let odd_slice = json!({"kind": "EndpointSlice", "metadata": {"namespace": "default", "name": "by-hand",
            "labels": {"kubernetes.io/service-name": "nginx"}}, "endpoints": [{"addresses": ["example.org", "10.0.0.300"]}]});
    let table: Vec<(&str, Vec<Value>, Vec<Warning>)> = vec![
        (
            "no serviceName",
            world(vec![set("", 2)]),
            vec![Warning::NoServiceName, Warning::OtherService { service: nginx(), headless: true, by_name: true }],
        ),
        ("no such Service", without("Service"), vec![Warning::ServiceMissing { service: nginx() }]),
        (
            "not headless",
            world(vec![service("nginx", json!({"clusterIP": "10.43.0.1"}))]),
            vec![Warning::NotHeadless { service: nginx() }],
        ),
        (
            "an alias",
            world(vec![service("nginx", json!({"type": "ExternalName", "externalName": "example.org"}))]),
            vec![Warning::NotHeadless { service: nginx() }],
        ),
        (
            "selects nobody",
            world(vec![nobodys(), slice("nginx", &[])]),
            vec![Warning::SelectsNobody { service: nginx(), selector: labels("nobody"), labels: labels("nginx") }],
        ),
        (
            "no selector",
            world(vec![service("nginx", json!({"selector": {}})), slice("nginx", &[])]),
            vec![Warning::SelectsNobody { service: nginx(), selector: [].into(), labels: labels("nginx") }],
        ),
        (
            "selects others",
            world(vec![nobodys(), slice("nginx", &three[2..])]),
            vec![Warning::SelectsOthers {
                service: nginx(),
                selector: labels("nobody"),
                labels: labels("nginx"),
                pods: pods(&api, 0),
            }],
        ),
        (
            "reaches others too",
            world(vec![slice("nginx", &three)]),
            vec![Warning::ReachesOthers { service: nginx(), pods: pods(&api, 0) }],
        ),
        ("a pod lost its label, and the slice is still as before", world(vec![unlabelled()]), vec![]),
        (
            "a pod lost its label, and so its names",
            world(vec![unlabelled(), slice("nginx", &three[..1])]),
            vec![Warning::NotSelected { service: nginx(), selector: labels("nginx"), pods: pods("web-1", 0) }],
        ),
        (
            "unnamed port",
            world(vec![service("nginx", json!({"ports": [{"port": 53, "protocol": "UDP"}]}))]),
            vec![Warning::UnnamedPort { service: nginx(), port: 53, protocol: Protocol::Udp }],
        ),
        (
            "withheld",
            world(vec![unready(), not_ready(false)]),
            vec![Warning::NotReadyWithheld { service: nginx(), pods: pods("web-1", 0) }],
        ),
        (
            "published",
            world(vec![unready(), not_ready(true), service("nginx", json!({"publishNotReadyAddresses": true}))]),
            vec![Warning::NotReadyPublished { service: nginx(), pods: pods("web-1", 0) }],
        ),
        (
            "another Service",
            world(vec![service("vip", json!({"clusterIP": "10.43.0.2"})), slice("vip", &[])]),
            vec![Warning::OtherService { service: "vip".to_owned(), headless: false, by_name: false }],
        ),
        (
            "another Service with the pods' names",
            world(vec![service("more", json!({})), slice("more", &three[..2])]),
            vec![Warning::OtherService { service: "more".to_owned(), headless: true, by_name: true }],
        ),
        (
            "addresses that are none",
            world(vec![odd_slice.clone()]),
            vec![Warning::UnusableAddress {
                service: nginx(),
                slice: "by-hand".to_owned(),
                address: "example.org".to_owned(),
                count: 2,
            }],
        ),
    ];
    for (name, broken, expected) in table {
        let mut topology = Topology::default();
        topology.apply(Timestamp::from_millis(1), objects(world(Vec::new())));
        assert_eq!(board(&topology, "web").warnings, [], "{name}: all is well at first");
        topology.apply(Timestamp::from_millis(2), objects(broken));
        assert_eq!(board(&topology, "web").warnings, expected, "{name}");
        topology.apply(Timestamp::from_millis(3), objects(world(Vec::new())));
        assert_eq!(board(&topology, "web").warnings, [], "{name}: mended");
    }
}

#[test]
fn given_names_over_63_characters_when_folded_then_the_pod_or_its_revision_is_named() {
    let revision = |name: &str| (format!("{name}-7694b45654"), LongName::Revision);
    let (of_52, of_53, of_61, of_62) = ("a".repeat(52), "b".repeat(53), "c".repeat(61), "d".repeat(62));
    let table = [
        (of_52.clone(), 11, vec![]),
        (of_53.clone(), 11, vec![revision(&of_53)]),
        (of_61.clone(), 10, vec![revision(&of_61)]),
        (of_61.clone(), 11, vec![(format!("{of_61}-10"), LongName::Pod), revision(&of_61)]),
        (of_62.clone(), 0, vec![(format!("{of_62}-0"), LongName::Pod), revision(&of_62)]),
    ];
    for (name, replicas, expected) in table {
        let mut topology = Topology::default();
        topology.apply(
            Timestamp::default(),
            objects(vec![set_named(&name, "nginx", replicas), service("nginx", json!({}))]),
        );
        let long = |warning: &Warning| match warning {
            Warning::NameTooLong { name, of } => Some((name.clone(), *of)),
            _ => None,
        };
        let found: Vec<_> = board(&topology, &name).warnings.iter().filter_map(long).collect();
        assert_eq!(found, expected, "{name} {replicas}");
    }
}

/// web-0 leaves DNS at second 10; what then has its address, at second 11 if not said otherwise.
fn reuse(zone: Zone, new: Value, at: i64) -> (Topology, Vec<Warning>) {
    let time = |seconds| Timestamp::from_millis(seconds * SECOND);
    let mut topology = Topology::new(zone);
    topology.apply(time(1), objects(world(Vec::new())));
    let mut left = world(vec![slice("nginx", &[("web-1", "10.42.1.2", true)])]);
    left.retain(|object| object["metadata"]["name"] != "web-0");
    topology.apply(time(10), objects(left.clone()));
    assert_eq!(board(&topology, "web").warnings, []);
    left.push(new);
    topology.apply(time(at), objects(left));
    let warnings = board(&topology, "web").warnings;
    (topology, warnings)
}

fn stranger(more: Value) -> Value {
    let mut stranger = pod("api-x", "10.42.1.1", json!({"metadata": {"namespace": "other", "ownerReferences": null}}));
    merge(&mut stranger, more);
    stranger
}

#[test]
fn given_an_address_that_goes_to_another_pod_when_a_client_may_still_hold_it_then_it_is_warned_of_until_it_may_not() {
    let (mut topology, warnings) = reuse(Zone::default(), stranger(json!({})), 11);
    let (stopped, until) = (Timestamp::from_millis(10 * SECOND), Timestamp::from_millis(15 * SECOND));
    let expected = Warning::AddressReused {
        service: nginx(),
        label: "web-0".to_owned(),
        address: "10.42.1.1".parse().expect("valid"),
        namespace: "other".to_owned(),
        pod: "api-x".to_owned(),
        stopped: End::Seen { at: stopped },
        until,
    };
    assert_eq!(warnings, [expected]);
    assert_eq!(topology.expires(), Some(until));
    assert_eq!(topology.apply(Timestamp::from_millis(until.as_millis() - 1), []), None);
    let delta = topology.apply(until, []).expect("time alone ends it");
    assert_eq!(delta.boards.len(), 1);
    assert_eq!(board(&topology, "web").warnings, []);
    assert_eq!(topology.expires(), None);
}

#[test]
fn given_an_address_that_is_no_danger_when_folded_then_nothing_is_warned_of() {
    let back = pod("web-0", "10.42.1.1", json!({"metadata": {"uid": "web-0 again"}}));
    let cases = [
        ("too late", stranger(json!({})), 15),
        ("the same name", back, 11),
        ("another address", stranger(json!({"status": {"podIPs": [{"ip": "10.42.1.9"}]}})), 11),
        ("the node's network", stranger(json!({"spec": {"hostNetwork": true}})), 11),
        ("ended", stranger(json!({"status": {"phase": "Succeeded"}})), 11),
    ];
    for (name, new, at) in cases {
        assert_eq!(reuse(Zone::default(), new, at).1, [], "{name}");
    }
    let longer = Zone { ttl: 30, ..Zone::new(Name::new("cluster.local")) };
    assert_eq!(reuse(longer, stranger(json!({})), 15).1.len(), 1, "with a longer TTL it is one");
}

#[test]
fn given_more_warnings_than_are_listed_when_folded_then_the_list_is_bounded() {
    let others = (0..200).map(|at| service(&format!("other-{at:03}"), json!({})));
    let mut topology = Topology::default();
    topology.apply(Timestamp::default(), objects(world(others.collect())));
    assert_eq!(board(&topology, "web").warnings.len(), topology::board::MAX_WARNINGS);
    topology.apply(Timestamp::default(), objects(world(Vec::new())));
    assert_eq!(board(&topology, "web").warnings, []);
}
