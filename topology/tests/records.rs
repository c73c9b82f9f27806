//! Record sets on boards: they travel as small changes, and what a name answered before is kept.

mod support;

use proptest::prelude::*;
use serde_json::{Value, json};
use support::{objects, traces};
use topology::board::{Board, End, MAX_FORMER, MAX_FORMER_OF_NAME, ServiceView};
use topology::dns::{NameKind, RecordType, Zone};
use topology::facts::{Event, Kind, Object, Observation, Watch};
use topology::fold::Delta;
use topology::wire::{Changes, Format, ServerMessage};
use topology::{SetKey, Timestamp, Topology};

fn web() -> SetKey {
    SetKey::new("default", "web")
}

fn slice(name: &str, version: usize, endpoints: &[Value]) -> Observation {
    let metadata = json!({"namespace": "default", "name": name, "resourceVersion": version.to_string(),
        "labels": {"kubernetes.io/service-name": "nginx"}});
    let slice = json!({"metadata": metadata, "ports": [{"name": "web", "port": 80}], "endpoints": endpoints});
    let object: Object = serde_json::from_value::<topology::kubernetes::EndpointSlice>(slice).expect("a slice").into();
    Observation { watch: Watch::everywhere(Kind::EndpointSlice), event: Event::Applied(object) }
}

fn endpoint(ordinal: usize, address: &str, ready: bool) -> Value {
    let pod = format!("web-{ordinal}");
    json!({"addresses": [address], "hostname": pod, "conditions": {"ready": ready},
        "targetRef": {"kind": "Pod", "name": pod, "uid": pod}})
}

fn world() -> Topology {
    let mut topology = Topology::default();
    topology.apply(
        Timestamp::default(),
        objects(vec![
            json!({"kind": "StatefulSet", "metadata": {"namespace": "default", "name": "web", "uid": "set"},
                "spec": {"serviceName": "nginx", "replicas": 3}}),
            json!({"kind": "Service", "metadata": {"namespace": "default", "name": "nginx", "uid": "nginx"},
                "spec": {"clusterIP": "None", "ports": [{"name": "web", "port": 80}]}}),
        ]),
    );
    topology
}

fn view(topology: &Topology) -> &ServiceView {
    topology.board(&web()).expect("the board").service("nginx").expect("its Service")
}

fn size(delta: Delta) -> usize {
    let [(set, changes)] = <[_; 1]>::try_from(delta.boards).expect("one board changed");
    let changes = Changes::StatefulSet { set, changes };
    let message = ServerMessage::Delta { revision: delta.revision, at: delta.at, changes };
    message.encode(Format::Postcard).expect("it can be written").len()
}

#[test]
fn given_a_thousand_endpoints_when_one_changes_then_the_change_has_under_200_bytes() {
    let address = |at: usize| format!("10.50.{}.{}", at / 250, at % 250 + 1);
    let mut endpoints: Vec<Value> = (0..1_000).map(|at| endpoint(at, &address(at), true)).collect();
    let mut topology = world();
    let at = Timestamp::from_millis(1_800_000_000_000);
    topology.apply(at, [slice("nginx-abcde", 1, &endpoints)]);
    for (version, changed) in [(2, endpoint(500, &address(500), false)), (3, endpoint(500, "10.51.7.7", true))] {
        endpoints[500] = changed;
        let delta = topology.apply(at, [slice("nginx-abcde", version, &endpoints)]).expect("it changes something");
        let size = size(delta);
        println!("one endpoint of a thousand: {size} bytes");
        assert!(size < 200, "{size} bytes");
    }
}

#[test]
fn given_the_walk_through_when_the_pods_are_back_then_their_names_answer_anew_and_remember_the_old_address() {
    let (_, observations) = traces().into_iter().find(|(name, _)| name == "seed").expect("the walk-through's trace");
    let mut topology = Topology::default();
    for (at, observation) in observations {
        topology.apply(at, [observation]);
    }
    let board = topology.board(&SetKey::new("seed", "web")).expect("its board");
    let view = board.service("nginx").expect("its Service");
    let (now, former) = (view.record_set("seed", &Zone::default()), view.former_records("seed", &Zone::default()));
    for lane in &board.lanes {
        let name = format!("{}.nginx.seed.svc.cluster.local", board.set.pod_name(lane.ordinal));
        let addresses = |at: usize| lane.incarnations[at].ips[0].to_string();
        let answers: Vec<String> = now
            .iter()
            .filter(|(_, record)| record.name.as_str() == name && record.data.kind() == RecordType::A)
            .map(|(_, record)| record.data.to_string())
            .collect();
        assert_eq!(answers, [addresses(1)], "{name}");
        let before: Vec<_> = former.iter().filter(|former| former.record.name.as_str() == name).collect();
        let [before] = before[..] else { panic!("{name} had one address before: {before:?}") };
        assert_eq!((before.kind, before.record.data.to_string()), (NameKind::Endpoint, addresses(0)));
        assert!(matches!(before.stopped, End::Seen { at } if at > lane.incarnations[0].first_seen));
        let of_service = |kind: NameKind| former.iter().filter(move |former| former.kind == kind).count();
        assert_eq!((of_service(NameKind::Service), of_service(NameKind::Reverse)), (2, 2));
    }
}

#[test]
fn given_a_name_that_comes_and_goes_for_ever_when_folded_then_what_is_remembered_is_bounded() {
    let mut topology = world();
    for version in 1..200 {
        let address = format!("10.42.0.{}", version % 250 + 1);
        topology.apply(Timestamp::default(), [slice("a", version, &[endpoint(0, &address, true)])]);
    }
    assert_eq!(view(&topology).former.len(), MAX_FORMER_OF_NAME);
    for version in 200..1_200 {
        let at = Timestamp::from_millis(i64::try_from(version).expect("small"));
        topology.apply(at, [slice("a", version, &[endpoint(version, "10.42.1.1", true)])]);
    }
    let former = &view(&topology).former;
    assert_eq!(former.len(), MAX_FORMER);
    assert!(former.is_sorted_by_key(|former| former.stopped.latest()));
    assert_eq!(former.last().and_then(|last| last.label.as_deref()), Some("web-1198"));
}

#[test]
fn given_a_break_when_an_address_is_gone_after_it_then_when_it_stopped_is_a_stretch() {
    let mut topology = world();
    let time = Timestamp::from_millis;
    topology.apply(time(1_000), [slice("a", 1, &[endpoint(0, "10.42.0.1", true)])]);
    let watch = Watch::everywhere(Kind::EndpointSlice);
    topology
        .apply(time(2_000), [Observation { watch: watch.clone(), event: Event::Interrupted { since: time(2_000) } }]);
    topology.apply(time(9_000), [Observation { watch, event: Event::Listed(Vec::new()) }]);
    let [former] = &view(&topology).former[..] else { panic!("one answer stopped") };
    assert_eq!(former.stopped, End::Unseen { after: time(2_000), before: time(9_000) });
}

#[test]
fn given_a_service_that_gets_another_address_when_folded_then_the_old_one_is_remembered() {
    let service = |address: &str, version: usize| {
        let metadata =
            json!({"namespace": "default", "name": "nginx", "uid": address, "resourceVersion": version.to_string()});
        let service = json!({"metadata": metadata, "spec": {"clusterIP": address, "clusterIPs": [address]}});
        let object: Object =
            serde_json::from_value::<topology::kubernetes::Service>(service).expect("a Service").into();
        Observation { watch: Watch::everywhere(Kind::Service), event: Event::Applied(object) }
    };
    let mut topology = world();
    topology.apply(Timestamp::from_millis(1), [service("10.43.0.1", 1)]);
    topology.apply(Timestamp::from_millis(2), [service("10.43.0.2", 2)]);
    let former = view(&topology).former_records("default", &Zone::default());
    let told: Vec<String> = former.iter().map(|former| format!("{:?} {}", former.kind, former.record)).collect();
    let expected = [
        "Service nginx.default.svc.cluster.local. A 10.43.0.1",
        "Reverse 1.0.43.10.in-addr.arpa. PTR nginx.default.svc.cluster.local.",
    ];
    assert_eq!(told, expected);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    /// What a client has that began anywhere: its records, made from its own board, are those of the server.
    #[test]
    fn given_any_slices_when_a_client_takes_the_changes_then_its_records_are_the_servers(
        steps in prop::collection::vec(
            (0..3_usize, prop::collection::vec((0..4_usize, 0..4_u8, any::<bool>()), 0..6)),
            1..16,
        ),
    ) {
        let mut topology = world();
        let mut clients: Vec<Option<Box<Board>>> = Vec::new();
        for (version, (name, endpoints)) in steps.iter().enumerate() {
            clients.push(topology.board(&web()).cloned().map(Box::new));
            let endpoints: Vec<Value> = endpoints
                .iter()
                .map(|(ordinal, address, ready)| endpoint(*ordinal, &format!("10.42.0.{address}"), *ready))
                .collect();
            let at = Timestamp::from_millis(i64::try_from(version).expect("small"));
            let delta = topology.apply(at, [slice(&format!("nginx-{name}"), version + 1, &endpoints)]);
            for client in &mut clients {
                for (_, changes) in delta.iter().flat_map(|delta| &delta.boards) {
                    for change in changes {
 Board::apply(client, change);
 }
                }
                let board = client.as_deref().expect("a board");
                prop_assert_eq!(Some(board), topology.board(&web()));
                let zone = topology.directory().zone();
                let server = topology.directory().service("default", "nginx").map(|known| known.record_set(zone));
                let own = board.service("nginx").map(|view| view.record_set("default", zone));
                prop_assert_eq!(own, server);
            }
        }
    }
}
