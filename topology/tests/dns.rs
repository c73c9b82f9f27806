//! What DNS answers, case by case as CoreDNS does, and that a Service's record set is just what is answered.

mod support;

use std::collections::BTreeSet;
use std::net::IpAddr;

use proptest::prelude::*;
use serde_json::{Value, json};
use support::{objects, traces};
use topology::dns::{Answer, Name, NameKind, PodNames, QueryType, Rcode, Record, RecordType, Zone};
use topology::facts::{Event, Kind, Object, Observation, Watch};
use topology::{Timestamp, Topology};

const EVERY_TYPE: [RecordType; 7] = [
    RecordType::A,
    RecordType::Aaaa,
    RecordType::Srv,
    RecordType::Ptr,
    RecordType::Cname,
    RecordType::Txt,
    RecordType::Soa,
];

fn service(name: &str, spec: impl Into<Value>) -> Value {
    let spec: Value = spec.into();
    json!({"kind": "Service", "metadata": {"namespace": "default", "name": name, "uid": name}, "spec": spec})
}

fn slice(name: &str, service: &str, ports: impl Into<Value>, endpoints: impl Into<Value>) -> Value {
    let (ports, endpoints): (Value, Value) = (ports.into(), endpoints.into());
    let labels = json!({"kubernetes.io/service-name": service});
    json!({"kind": "EndpointSlice", "metadata": {"namespace": "default", "name": name, "labels": labels},
        "ports": ports, "endpoints": endpoints})
}

fn web_port() -> Value {
    json!([{"name": "web", "protocol": "TCP", "port": 80}])
}

fn cluster(zone: Zone, described: Vec<Value>) -> Topology {
    let mut topology = Topology::new(zone);
    topology.apply(Timestamp::from_millis(1_700_000_000_123), objects(described));
    topology
}

/// Headless, ClusterIP (dual stack) and ExternalName Services with slices of every kind.
fn world() -> Vec<Value> {
    let ports = json!([{"name": "web", "port": 80}, {"name": "dns", "protocol": "UDP", "port": 53}]);
    vec![
        service("nginx", json!({"clusterIP": "None", "clusterIPs": ["None"], "ports": ports})),
        slice(
            "nginx-v4",
            "nginx",
            web_port(),
            json!([
                {"addresses": ["10.42.1.5"], "hostname": "web-0", "conditions": {"ready": true}},
                {"addresses": ["10.42.1.6"], "hostname": "web-1", "conditions": {}},
                {"addresses": ["10.42.1.7"], "hostname": "web-2", "conditions": {"ready": false, "serving": true}},
                {"addresses": ["10.42.1.8"], "conditions": {"ready": true}},
            ]),
        ),
        slice(
            "nginx-v6",
            "nginx",
            web_port(),
            json!([
                {"addresses": ["fd00:42::5"], "hostname": "web-0"},
                {"addresses": ["fd00:42::"]},
                {"addresses": ["not an address", "10.42.1.999"], "hostname": "web-9"},
            ]),
        ),
        service("bare", json!({"clusterIP": "None"})),
        slice("bare-a", "bare", json!([]), json!([{"addresses": ["10.42.2.1"], "hostname": "only"}])),
        slice("bare-b", "bare", json!([{"name": "", "port": 9}]), json!([{"addresses": ["10.42.2.2"]}])),
        service("empty", json!({"clusterIP": "None"})),
        slice("empty-a", "empty", json!(null), json!(null)),
        service("six", json!({"clusterIP": "None"})),
        slice("six-a", "six", web_port(), json!([{"addresses": ["fd00:42::6"], "hostname": "h"}])),
        service("vip", json!({"clusterIP": "10.43.0.9", "clusterIPs": ["10.43.0.9", "fd00:43::9"], "ports": ports})),
        slice(
            "vip-a",
            "vip",
            web_port(),
            json!([{"addresses": ["10.42.1.5"], "hostname": "web-0"}, {"addresses": ["10.42.1.8"]}]),
        ),
        service("portless", json!({"clusterIP": "10.43.0.10"})),
        service("alias", json!({"type": "ExternalName", "externalName": "example.org"})),
        service("inner", json!({"type": "ExternalName", "externalName": "nginx.default.svc.cluster.local."})),
        service("dead", json!({"type": "ExternalName", "externalName": "nobody.default.svc.cluster.local"})),
        service("ring", json!({"type": "ExternalName", "externalName": "rong.default.svc.cluster.local"})),
        service("rong", json!({"type": "ExternalName", "externalName": "ring.default.svc.cluster.local"})),
        service("number", json!({"type": "ExternalName", "externalName": "10.0.0.1"})),
        slice("orphan-a", "orphan", web_port(), json!([{"addresses": ["10.42.9.9"], "hostname": "lost"}])),
        json!({"kind": "Pod", "metadata": {"namespace": "default", "name": "alive"},
            "status": {"phase": "Running", "podIP": "10.42.7.1", "podIPs": [{"ip": "10.42.7.1"}]}}),
        json!({"kind": "Pod", "metadata": {"namespace": "default", "name": "done"},
            "status": {"phase": "Succeeded", "podIP": "10.42.7.2", "podIPs": [{"ip": "10.42.7.2"}]}}),
    ]
}

/// `RCODE`, then what the answers say, sorted.
fn told(answer: &Answer) -> String {
    let mut data: Vec<String> = answer.answers.iter().map(|record| record.data.to_string()).collect();
    data.sort();
    [answer.rcode.to_string()].into_iter().chain(data).collect::<Vec<_>>().join(" | ")
}

fn ask(topology: &Topology, name: &str, kind: RecordType) -> Answer {
    topology.directory().answer(&Name::new(name), QueryType::Records(kind))
}

#[test]
#[allow(clippy::too_many_lines, reason = "a table, to be read as one")]
fn given_services_of_every_kind_when_asked_then_the_answers_are_those_of_coredns() {
    use RecordType::{A, Aaaa, Cname, Ptr, Soa, Srv, Txt};
    let topology = cluster(Zone::default(), world());
    let table = [
        ("", A, "NOERROR"),
        ("svc", A, "NOERROR"),
        ("pod", A, "NOERROR"),
        ("default.svc", A, "NOERROR"),
        ("default.pod", A, "NOERROR"),
        ("nowhere.svc", A, "NXDOMAIN"),
        ("nginx.nowhere.svc", A, "NXDOMAIN"),
        ("other", A, "NXDOMAIN"),
        ("", Txt, "NXDOMAIN"),
        ("nginx.default.svc", Txt, "NOERROR"),
        ("dns-version", Txt, "NOERROR | \"1.1.0\""),
        ("dns-version", A, "NXDOMAIN"),
        ("ns.dns", A, "NOERROR"),
        ("nothing.at.all", Soa, "NOERROR"),
        ("nginx.default.svc", A, "NOERROR | 10.42.1.5 | 10.42.1.6 | 10.42.1.8"),
        ("nginx.default.svc", Aaaa, "NOERROR | fd00:42:: | fd00:42::5"),
        ("nginx.default.svc", Cname, "NOERROR"),
        ("nginx.default.svc", Ptr, "NOERROR"),
        ("web-0.nginx.default.svc", A, "NOERROR | 10.42.1.5"),
        ("web-0.nginx.default.svc", Aaaa, "NOERROR | fd00:42::5"),
        ("web-1.nginx.default.svc", Aaaa, "NOERROR"),
        ("web-2.nginx.default.svc", A, "NXDOMAIN"),
        ("web-9.nginx.default.svc", A, "NXDOMAIN"),
        ("10-42-1-5.nginx.default.svc", A, "NXDOMAIN"),
        ("10-42-1-8.nginx.default.svc", A, "NOERROR | 10.42.1.8"),
        ("fd00-42--0.nginx.default.svc", Aaaa, "NOERROR | fd00:42::"),
        ("a.web-0.nginx.default.svc", A, "NXDOMAIN"),
        ("a.b.web-0.nginx.default.svc", A, "NXDOMAIN"),
        ("web-0.nginx.default.svc", Srv, "NOERROR | 0 50 80 web-0.nginx.default.svc.cluster.local."),
        ("_web._tcp.nginx.default.svc", A, "NOERROR | 10.42.1.5 | 10.42.1.6 | 10.42.1.8"),
        ("web.tcp.nginx.default.svc", A, "NOERROR | 10.42.1.5 | 10.42.1.6 | 10.42.1.8"),
        ("_web._udp.nginx.default.svc", Srv, "NXDOMAIN"),
        ("_dns._udp.nginx.default.svc", Srv, "NXDOMAIN"),
        ("bare.default.svc", A, "NOERROR | 10.42.2.1 | 10.42.2.2"),
        ("bare.default.svc", Srv, "NOERROR | 0 50 9 10-42-2-2.bare.default.svc.cluster.local."),
        ("only.bare.default.svc", Srv, "NOERROR"),
        ("_web._tcp.bare.default.svc", Srv, "NXDOMAIN"),
        ("_._tcp.bare.default.svc", Srv, "NOERROR | 0 100 9 10-42-2-2.bare.default.svc.cluster.local."),
        ("_._.bare.default.svc", A, "NOERROR | 10.42.2.1 | 10.42.2.2"),
        ("empty.default.svc", A, "NXDOMAIN"),
        ("empty.default.svc", Txt, "NXDOMAIN"),
        ("six.default.svc", A, "NOERROR"),
        ("h.six.default.svc", A, "NOERROR"),
        ("vip.default.svc", A, "NOERROR | 10.43.0.9"),
        ("vip.default.svc", Aaaa, "NOERROR | fd00:43::9"),
        (
            "vip.default.svc",
            Srv,
            "NOERROR | 0 25 53 vip.default.svc.cluster.local. | 0 25 80 vip.default.svc.cluster.local.",
        ),
        ("_dns._udp.vip.default.svc", Srv, "NOERROR | 0 50 53 vip.default.svc.cluster.local."),
        ("_dns._tcp.vip.default.svc", Srv, "NXDOMAIN"),
        ("web-0.vip.default.svc", A, "NOERROR | 10.42.1.5"),
        ("10-42-1-8.vip.default.svc", A, "NOERROR | 10.42.1.8"),
        ("web-1.vip.default.svc", A, "NXDOMAIN"),
        ("portless.default.svc", A, "NOERROR | 10.43.0.10"),
        ("portless.default.svc", Srv, "NOERROR"),
        ("_web._tcp.portless.default.svc", A, "NXDOMAIN"),
        ("alias.default.svc", A, "NOERROR | example.org."),
        ("alias.default.svc", Aaaa, "NOERROR | example.org."),
        ("alias.default.svc", Cname, "NOERROR | example.org."),
        ("alias.default.svc", Srv, "NOERROR"),
        ("alias.default.svc", Txt, "NOERROR"),
        ("a.alias.default.svc", A, "NXDOMAIN"),
        ("_web._tcp.alias.default.svc", Srv, "NXDOMAIN"),
        ("inner.default.svc", A, "NOERROR | 10.42.1.5 | 10.42.1.6 | 10.42.1.8 | nginx.default.svc.cluster.local."),
        ("dead.default.svc", A, "NOERROR"),
        ("dead.default.svc", Cname, "NOERROR | nobody.default.svc.cluster.local."),
        ("ring.default.svc", A, "NOERROR"),
        ("number.default.svc", A, "NXDOMAIN"),
        ("orphan.default.svc", A, "NXDOMAIN"),
        ("lost.orphan.default.svc", A, "NXDOMAIN"),
        ("10-42-7-1.default.pod", A, "NOERROR | 10.42.7.1"),
        ("10-99-9-9.default.pod", A, "NOERROR | 10.99.9.9"),
        ("10-99-9-9.default.pod", Aaaa, "NOERROR"),
        ("fd00-42--5.default.pod", Aaaa, "NOERROR | fd00:42::5"),
        ("a.10-42-7-1.default.pod", A, "NOERROR | 10.42.7.1"),
        ("10-42-7-1.default.pod", Srv, "NOERROR | 0 100 0 10-42-7-1.default.pod.cluster.local."),
        ("web-0.default.pod", A, "NXDOMAIN"),
        ("10-42-7-1.nowhere.pod", A, "NXDOMAIN"),
    ];
    for (base, kind, expected) in table {
        let name = if base.is_empty() { "cluster.local".to_owned() } else { format!("{base}.cluster.local") };
        assert_eq!(told(&ask(&topology, &name, kind)), expected, "{name} {kind}");
    }
    let weighted = told(&ask(&topology, "nginx.default.svc.cluster.local", Srv));
    assert!(weighted.contains("0 20 80 web-0.nginx"), "five addresses with a port each: {weighted}");
    for (name, expected) in [
        ("5.1.42.10.in-addr.arpa", "web-0.nginx.default.svc.cluster.local. | web-0.vip.default.svc.cluster.local."),
        (
            "8.1.42.10.in-addr.arpa",
            "10-42-1-8.nginx.default.svc.cluster.local. | 10-42-1-8.vip.default.svc.cluster.local.",
        ),
        ("9.0.43.10.in-addr.arpa", "vip.default.svc.cluster.local."),
        ("9.9.42.10.in-addr.arpa", "lost.orphan.default.svc.cluster.local."),
        (
            "5.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.2.4.0.0.0.0.d.f.ip6.arpa",
            "web-0.nginx.default.svc.cluster.local.",
        ),
    ] {
        assert_eq!(told(&ask(&topology, name, Ptr)), format!("NOERROR | {expected}"), "{name}");
        assert_eq!(ask(&topology, name, A).rcode, Rcode::NxDomain, "{name}: CoreDNS looks for a Service of that name");
    }
    for name in ["7.1.42.10.in-addr.arpa", "1.7.42.10.in-addr.arpa", "42.10.in-addr.arpa", "x.in-addr.arpa"] {
        assert_eq!(told(&ask(&topology, name, Ptr)), "NXDOMAIN", "{name}");
    }
    for name in ["in-addr.arpa", "ip6.arpa", "svc.in-addr.arpa"] {
        assert_eq!(told(&ask(&topology, name, Ptr)), "NOERROR", "{name}");
    }
}

#[test]
fn given_pod_names_in_each_mode_when_asked_then_only_those_of_the_mode_are_answered() {
    let modes = [
        (PodNames::Disabled, ["NXDOMAIN", "NXDOMAIN", "NXDOMAIN", "NXDOMAIN"]),
        (PodNames::Insecure, ["NOERROR", "NOERROR | 10.42.7.1", "NOERROR | 10.42.7.2", "NOERROR | 10.42.7.3"]),
        (PodNames::Verified, ["NOERROR", "NOERROR | 10.42.7.1", "NXDOMAIN", "NXDOMAIN"]),
    ];
    for (pods, expected) in modes {
        let topology = cluster(Zone { pods, ..Zone::default() }, world());
        let names = ["default.pod", "10-42-7-1.default.pod", "10-42-7-2.default.pod", "10-42-7-3.default.pod"];
        for (name, expected) in names.into_iter().zip(expected) {
            let answer = ask(&topology, &format!("{name}.cluster.local"), RecordType::A);
            assert_eq!(told(&answer), expected, "{pods:?} {name}");
        }
    }
}

#[test]
fn given_a_question_in_any_case_when_answered_then_its_case_comes_back_and_the_objects_keep_theirs() {
    let topology = cluster(Zone::default(), world());
    let name = "_WEB._Tcp.NGINX.Default.SVC.Cluster.LOCAL";
    let answer = ask(&topology, name, RecordType::Srv);
    assert!(answer.answers.iter().all(|record| record.name.as_str() == name), "{answer:?}");
    assert!(told(&answer).contains("0 20 80 web-0.nginx.default.svc.Cluster.LOCAL."), "{}", told(&answer));
    let negative = ask(&topology, "None.NGINX.Default.SVC.Cluster.LOCAL", RecordType::A);
    let soa = negative.authority.expect("a negative answer has the zone's SOA");
    assert_eq!(soa.name.as_str(), "Cluster.LOCAL");
    assert_eq!(soa.data.to_string(), "ns.dns.Cluster.LOCAL. hostmaster.Cluster.LOCAL. 1700000000 7200 1800 86400 5");
}

#[test]
fn given_srv_records_when_answered_then_the_addresses_of_their_targets_come_along() {
    let topology = cluster(Zone::default(), world());
    let answer = ask(&topology, "nginx.default.svc.cluster.local", RecordType::Srv);
    let targets: BTreeSet<String> = answer.additional.iter().map(Record::to_string).collect();
    let expected = [
        "web-0.nginx.default.svc.cluster.local. A 10.42.1.5",
        "web-0.nginx.default.svc.cluster.local. AAAA fd00:42::5",
        "web-1.nginx.default.svc.cluster.local. A 10.42.1.6",
        "10-42-1-8.nginx.default.svc.cluster.local. A 10.42.1.8",
        "fd00-42--0.nginx.default.svc.cluster.local. AAAA fd00:42::",
    ];
    assert_eq!(targets, expected.map(str::to_owned).into());
    assert_eq!(answer.answers.len(), 4, "two addresses of one label make one record");
}

#[test]
fn given_another_domain_and_ttl_when_asked_then_they_count_and_other_names_are_refused() {
    let zone = Zone { ttl: 30, ..Zone::new(Name::parse("Corp.Example.").expect("a name")) };
    let topology = cluster(zone, world());
    let answer = ask(&topology, "web-0.nginx.default.svc.corp.example", RecordType::A);
    assert_eq!(told(&answer), "NOERROR | 10.42.1.5");
    assert_eq!(answer.answers[0].ttl, 30);
    let nothing = ask(&topology, "x.corp.example", RecordType::A).authority.expect("a negative answer has a SOA");
    assert!(nothing.data.to_string().ends_with(" 7200 1800 86400 30"), "{}", nothing.data);
    for name in ["web-0.nginx.default.svc.cluster.local", "example", "xcorp.example", "", "org"] {
        let answer = ask(&topology, name, RecordType::A);
        assert_eq!((answer.rcode, answer.authority), (Rcode::Refused, None), "{name}");
    }
    let directory = topology.directory();
    let transfer = directory.answer(&Name::new("corp.example"), QueryType::Transfer);
    assert_eq!(transfer, Answer::bare(Rcode::Refused));
    let other = directory.answer(&Name::new("nginx.default.svc.corp.example"), QueryType::Other);
    assert_eq!((other.rcode, other.answers.len()), (Rcode::NoError, 0));
    assert!(other.authority.is_some());
}

/// Every record of a Service's set is answered under its name, and nothing else is. Only an address may have names of
/// other Services too, and an alias is followed.
fn assert_record_sets_are_answered(topology: &Topology, services: &[(String, String)]) {
    let directory = topology.directory();
    for (namespace, service) in services {
        let Some(known) = directory.service(namespace, service) else { continue };
        let set = known.record_set(directory.zone());
        let names: BTreeSet<(NameKind, &Name)> = set.iter().map(|(kind, record)| (*kind, &record.name)).collect();
        for (of, name) in names {
            let kinds: &[RecordType] = if of == NameKind::Reverse { &[RecordType::Ptr] } else { &EVERY_TYPE };
            for kind in kinds {
                let answered = directory.answer(name, QueryType::Records(*kind));
                let own = |record: &&Record| record.name == *name && record.data.kind() == *kind;
                let expected: BTreeSet<&Record> = set.iter().map(|(_, record)| record).filter(own).collect();
                let got: BTreeSet<&Record> = answered.answers.iter().filter(own).collect();
                assert_eq!(answered.rcode, Rcode::NoError, "{name} {kind}");
                if of == NameKind::Reverse {
                    let cluster_ip = got.len() == 1;
                    assert!(got.is_superset(&expected) || cluster_ip, "{name}: {got:?}, not {expected:?}");
                } else {
                    assert_eq!(got, expected, "{name} {kind}");
                }
            }
        }
        assert_eq!(set.len(), set.iter().collect::<BTreeSet<_>>().len(), "each record once: {service}");
    }
}

#[test]
fn given_services_of_every_kind_when_their_record_sets_are_made_then_each_record_is_what_is_answered() {
    let topology = cluster(Zone::default(), world());
    let names = ["nginx", "bare", "empty", "six", "vip", "portless", "alias", "inner", "number", "orphan"];
    let services: Vec<_> = names.map(|name| ("default".to_owned(), name.to_owned())).into();
    assert_record_sets_are_answered(&topology, &services);
    let count = |name| topology.directory().service("default", name).map(|it| it.record_set(&Zone::default()).len());
    assert_eq!(names.map(count), [32, 8, 0, 7, 18, 2, 1, 1, 0, 1].map(Some));
}

#[test]
fn given_every_trace_when_folded_then_record_sets_are_what_is_answered_and_boards_make_the_same() {
    for (name, observations) in traces() {
        let mut topology = Topology::default();
        for (at, observation) in observations {
            topology.apply(at, [observation]);
            let services = ["nginx", "nginx-vip", "other", "alias"].map(|service| (name.clone(), service.to_owned()));
            assert_record_sets_are_answered(&topology, &services);
            for (set, board) in topology.boards() {
                for view in &board.services {
                    let zone = topology.directory().zone();
                    let known = topology.directory().service(&set.namespace, &view.name);
                    let expected = known.map_or_else(Vec::new, |known| known.record_set(zone));
                    assert_eq!(view.record_set(&set.namespace, zone), expected, "{name}: {}", view.name);
                }
            }
        }
    }
}

#[test]
fn given_a_slice_of_a_thousand_endpoints_when_asked_then_all_are_answered() {
    let address = |at: u32| format!("10.50.{}.{}", at / 250, at % 250 + 1);
    let endpoints: Vec<Value> =
        (0..1_000).map(|at| json!({"addresses": [address(at)], "hostname": format!("web-{at}")})).collect();
    let big =
        vec![service("big", json!({"clusterIP": "None"})), slice("big-a", "big", web_port(), Value::from(endpoints))];
    let topology = cluster(Zone::default(), big);
    let answers = |kind| ask(&topology, "big.default.svc.cluster.local", kind).answers;
    assert_eq!((answers(RecordType::A).len(), answers(RecordType::Srv).len()), (1_000, 1_000));
    assert!(answers(RecordType::Srv)[0].data.to_string().starts_with("0 1 80 "), "a weight is at least 1");
    assert_eq!(
        told(&ask(&topology, "web-999.big.default.svc.cluster.local", RecordType::A)),
        format!("NOERROR | {}", address(999))
    );
}

#[test]
fn given_a_directory_that_was_kept_when_the_fold_goes_on_then_it_still_answers_as_it_did() {
    let mut topology = cluster(Zone::default(), world());
    let kept = topology.directory().clone();
    let watch = Watch::everywhere(Kind::EndpointSlice);
    let event = Event::Listed(Vec::new());
    topology.apply(Timestamp::from_millis(1_800_000_000_000), [Observation { watch, event }]);
    let name = Name::new("web-0.nginx.default.svc.cluster.local");
    let ask = QueryType::Records(RecordType::A);
    assert_eq!(told(&kept.answer(&name, ask)), "NOERROR | 10.42.1.5");
    assert_eq!(told(&topology.directory().answer(&name, ask)), "NXDOMAIN");
}

/// A label that may be in a name: of the world, or any.
fn label() -> impl Strategy<Value = String> {
    let known = [
        "nginx",
        "bare",
        "vip",
        "alias",
        "ring",
        "default",
        "svc",
        "pod",
        "cluster",
        "local",
        "web-0",
        "_web",
        "_tcp",
        "10-42-1-8",
        "in-addr",
        "ip6",
        "arpa",
        "dns-version",
        "5",
        "1",
        "42",
        "10",
        "a",
        "-",
        "_",
        "ns",
        "dns",
    ];
    prop_oneof![8 => prop::sample::select(known.to_vec()).prop_map(str::to_owned), 1 => "[ -~]{0,8}", 1 => "\\PC{0,6}"]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn given_any_name_when_asked_then_nothing_panics_and_the_answer_is_well_formed(
        labels in prop::collection::vec(label(), 0..8),
        suffix in prop::sample::select(vec!["", ".svc.cluster.local", ".default.svc.cluster.local", ".pod.cluster.local", ".in-addr.arpa", ".ip6.arpa"]),
    ) {
        thread_local! {
            static WORLD: Topology = cluster(Zone::default(), world());
        }
        let labels: Vec<String> = labels.into_iter().filter(|label| !label.is_empty()).collect();
        let name = Name::new((labels.join(".") + suffix).trim_start_matches('.'));
        let kinds = EVERY_TYPE.map(QueryType::Records).into_iter().chain([QueryType::Transfer, QueryType::Other]);
        WORLD.with(|world| for kind in kinds {
            let answer = world.directory().answer(&name, kind);
            let negative = answer.answers.is_empty() && answer.rcode != Rcode::Refused;
            assert_eq!(answer.authority.is_some(), negative, "{name} {kind:?}: {answer:?}");
            if let Some(first) = answer.answers.first() {
                assert_eq!(first.name.as_str(), name.as_str());
            }
        });
    }

    /// The index that is kept up to date says what one made anew says.
    #[test]
    fn given_slices_that_come_change_and_go_when_folded_then_the_directory_is_as_if_made_at_once(
        steps in prop::collection::vec((0..3_usize, 0..4_usize, prop::collection::vec((0..6_u8, prop::option::of(0..4_u8), any::<bool>()), 0..5)), 1..24),
    ) {
        let mut topology = Topology::default();
        let mut now: std::collections::BTreeMap<usize, Value> = std::collections::BTreeMap::new();
        topology.apply(Timestamp::default(), objects(services()));
        for (version, (at, of, endpoints)) in steps.iter().enumerate() {
            let endpoints: Vec<Value> = endpoints.iter().map(|(address, hostname, ready)| {
                json!({"addresses": [format!("10.42.0.{address}")], "hostname": hostname.map(|it| format!("web-{it}")),
                    "conditions": {"ready": ready}})
            }).collect();
            let name = format!("slice-{at}");
            let mut object = slice(&name, ["a", "b", "c", ""][*of], web_port(), Value::from(endpoints));
            object["metadata"]["resourceVersion"] = Value::from((version + 1).to_string());
            let gone = version % 5 == 4;
            let fact: Object = serde_json::from_value::<topology::kubernetes::EndpointSlice>(object.clone()).expect("a slice").into();
            let event = if gone { Event::Deleted(fact) } else { Event::Applied(fact) };
            topology.apply(Timestamp::from_millis(1), [Observation { watch: Watch::everywhere(Kind::EndpointSlice), event }]);
            if gone { now.remove(at); } else { now.insert(*at, object); }
        }
        let fresh = cluster(Zone::default(), services().into_iter().chain(now.into_values()).collect());
        for service in ["a", "b", "c"] {
            let set = |topology: &Topology| topology.directory().service("default", service).map(|it| it.record_set(&Zone::default()));
            prop_assert_eq!(set(&topology), set(&fresh), "{}", service);
        }
        for address in 0..6_u8 {
            let name = Name::reverse(IpAddr::from([10, 42, 0, address]));
            let ptr = |topology: &Topology| told(&ask(topology, name.as_str(), RecordType::Ptr));
            prop_assert_eq!(ptr(&topology), ptr(&fresh), "{}", name);
        }
    }
}

fn services() -> Vec<Value> {
    ["a", "b", "c"].map(|name| service(name, json!({"clusterIP": "None"}))).into()
}
