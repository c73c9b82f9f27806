//! What the cluster's DNS says, beside what it must: verdicts, what is measured of a change, and how boards keep it.

mod support;

use serde_json::{Value, json};
use support::objects;
use topology::board::{Board, Change, MAX_OBSERVED, MAX_QUESTIONS, ServiceView};
use topology::dns::observed::{
    Failure, Lie, MAX_MEASURED, MAX_TOLD, Measured, Observed, Old, Question, Reply, Said, Stretch, Told, Tracker,
    Verdict, compare,
};
use topology::dns::{Name, QueryType, Rcode, RecordData, RecordType};
use topology::facts::{Event, Kind, Object, Observation, Watch};
use topology::fold::Check;
use topology::{SetKey, Timestamp, Topology};

fn at(millis: i64) -> Timestamp {
    Timestamp::from_millis(millis)
}

/// Addresses as `10.0.0.1`, aliases as `=name`, nothing as `NXDOMAIN`, and no record as `NODATA`.
fn told(text: &str) -> Told {
    let data = |word: &str| match word.strip_prefix('=') {
        Some(name) => RecordData::Cname(Name::new(name)),
        None => RecordData::address(word.parse().expect("an address")),
    };
    match text {
        "NXDOMAIN" => Told::nothing(5),
        "NODATA" => Told::new(Rcode::NoError, Vec::new(), 5),
        text => Told::new(Rcode::NoError, text.split(' ').map(data).collect(), 5),
    }
}

fn question(name: &str) -> Question {
    Question { name: Name::new(name), kind: RecordType::A }
}

#[test]
fn given_what_is_right_and_was_when_a_reply_comes_then_it_is_told_what_it_means() {
    let old = [Old { told: told("10.0.0.1"), stopped: at(100) }, Old { told: told("NXDOMAIN"), stopped: at(200) }];
    let is_old = |text: &str, since| Verdict::Old { told: told(text), since: at(since), until: at(6_000) };
    let table = [
        ("10.0.0.2", "10.0.0.2", Verdict::Same),
        ("10.0.0.2 10.0.0.3", "10.0.0.3 10.0.0.2", Verdict::Same),
        ("10.0.0.2 10.0.0.3", "10.0.0.2 10.0.0.3 10.0.0.2", Verdict::Same),
        ("NXDOMAIN", "NXDOMAIN", Verdict::Same),
        ("NODATA", "NODATA", Verdict::Same),
        ("=here.cluster.local 10.0.0.2", "=HERE.cluster.local 10.0.0.2", Verdict::Same),
        ("=example.org", "=example.org", Verdict::Same),
        ("=example.org", "=example.org 192.0.2.1", Verdict::Same),
        ("10.0.0.2", "10.0.0.1", is_old("10.0.0.1", 100)),
        ("10.0.0.2", "NXDOMAIN", is_old("NXDOMAIN", 200)),
        ("10.0.0.2", "NODATA", Verdict::Differs(told("NODATA"))),
        ("NXDOMAIN", "NODATA", Verdict::Differs(told("NODATA"))),
        ("NODATA", "10.0.0.9", Verdict::Differs(told("10.0.0.9"))),
        ("10.0.0.2 10.0.0.3", "10.0.0.2", Verdict::Differs(told("10.0.0.2"))),
        ("10.0.0.2", "10.0.0.2 10.0.0.3", Verdict::Differs(told("10.0.0.2 10.0.0.3"))),
        ("=example.org", "192.0.2.1", Verdict::Differs(told("192.0.2.1"))),
    ];
    for (expected, reply, verdict) in table {
        let found = compare(&told(expected), &old, &Reply::Told(told(reply)), at(1_000));
        assert_eq!(found, verdict, "{reply} for {expected}");
    }
    for failure in [Failure::Timeout, Failure::Truncated, Failure::Lie(Lie::Number), Failure::Rcode(23)] {
        let found = compare(&told("10.0.0.2"), &old, &Reply::Failed(failure), at(1_000));
        assert_eq!(found, Verdict::NoAnswer(failure));
    }
}

#[test]
fn given_a_thousand_wrong_addresses_when_compared_then_only_some_are_kept() {
    let many: Vec<String> = (0..1_000).map(|at| format!("10.0.{}.{}", at / 250, at % 250)).collect();
    match compare(&told("NXDOMAIN"), &[], &Reply::Told(told(&many.join(" "))), at(0)) {
        Verdict::Differs(told) => assert_eq!(told.data.len(), MAX_TOLD),
        other => panic!("{other:?}"),
    }
}

/// One event of a question's life.
#[derive(Clone, Copy)]
enum Step {
    /// This is right from then on.
    Expect(&'static str, i64),
    /// Asked, answered, and with what.
    See(i64, i64, &'static str),
    /// Asked, and given up.
    Fail(i64, i64),
}

fn follow(first: &'static str, steps: &[Step]) -> Observed {
    let mut tracker = Tracker::new(question("web-0"), told(first), Vec::new(), None, Vec::new());
    for step in steps {
        match step {
            Step::Expect(text, when) => drop(tracker.expect(told(text), at(*when))),
            Step::See(asked, when, text) => drop(tracker.see(at(*asked), at(*when), &Reply::Told(told(text)))),
            Step::Fail(asked, when) => drop(tracker.see(at(*asked), at(*when), &Reply::Failed(Failure::Timeout))),
        }
    }
    tracker.observed().clone()
}

#[test]
fn given_a_life_of_a_name_when_followed_then_lag_and_absence_are_measured_between_the_questions() {
    use Step::{Expect, Fail, See};
    let stretch = |least, most| Some(Stretch { least, most });
    let measured = |changed, lag, out| Measured { changed: at(changed), lag, out };
    let goes = [See(0, 2, "10.0.0.1"), Expect("NXDOMAIN", 100), See(110, 112, "10.0.0.1"), See(200, 203, "NXDOMAIN")];
    let table = [
        ("nothing changed", "10.0.0.1", vec![See(0, 2, "10.0.0.1"), See(50, 52, "10.0.0.1")], vec![], None),
        ("it goes", "10.0.0.1", goes.to_vec(), vec![measured(100, stretch(10, 103), None)], Some(203)),
        (
            "it goes and comes",
            "10.0.0.1",
            [&goes[..], &[Expect("10.0.0.2", 900), See(905, 907, "NXDOMAIN"), See(950, 951, "10.0.0.2")]].concat(),
            vec![measured(100, stretch(10, 103), stretch(702, 841)), measured(900, stretch(5, 51), None)],
            None,
        ),
        (
            "a question that was put before the change says nothing",
            "10.0.0.1",
            vec![Expect("10.0.0.2", 100), See(99, 101, "10.0.0.2")],
            vec![],
            None,
        ),
        (
            "nobody answers for a while",
            "10.0.0.1",
            vec![Expect("10.0.0.2", 100), Fail(101, 400), See(401, 402, "10.0.0.2")],
            vec![measured(100, stretch(0, 302), None)],
            None,
        ),
        (
            "another change before the first was followed",
            "10.0.0.1",
            vec![
                Expect("10.0.0.2", 100),
                See(150, 151, "10.0.0.1"),
                Expect("10.0.0.3", 200),
                See(250, 251, "10.0.0.3"),
            ],
            vec![measured(100, None, None), measured(200, stretch(0, 51), None)],
            None,
        ),
        (
            "the cluster's DNS knows of it before the watches here do",
            "10.0.0.1",
            vec![
                See(0, 1, "10.0.0.1"),
                See(95, 96, "NXDOMAIN"),
                Expect("NXDOMAIN", 100),
                See(101, 102, "NXDOMAIN"),
                Expect("10.0.0.2", 300),
                See(301, 302, "10.0.0.2"),
            ],
            vec![measured(100, stretch(0, 2), stretch(5, 302)), measured(300, stretch(0, 2), None)],
            None,
        ),
        (
            "it goes though it must not",
            "10.0.0.1",
            vec![See(0, 1, "10.0.0.1"), See(100, 101, "NXDOMAIN"), See(200, 201, "10.0.0.1")],
            vec![measured(101, None, stretch(0, 201))],
            None,
        ),
    ];
    for (what, first, steps, expected, absent) in table {
        let observed = follow(first, &steps);
        assert_eq!((observed.measured, observed.absent), (expected, absent.map(at)), "{what}");
    }
}

#[test]
fn given_a_name_that_changes_all_day_when_followed_then_what_is_kept_has_a_bound() {
    let mut tracker = Tracker::new(question("web-0"), told("10.0.0.0"), Vec::new(), None, Vec::new());
    for round in 1..200_i64 {
        tracker.expect(told(&format!("10.0.0.{round}")), at(round * 100));
        tracker.see(at(round * 100 + 1), at(round * 100 + 2), &Reply::Told(told(&format!("10.0.0.{round}"))));
    }
    let observed = tracker.observed();
    assert_eq!(observed.measured.len(), MAX_MEASURED);
    assert_eq!(observed.measured.last().map(|last| last.changed), Some(at(19_900)));
}

#[test]
fn given_the_same_answer_again_and_again_when_seen_then_it_is_news_once() {
    let mut tracker = Tracker::new(question("web-0"), told("10.0.0.1"), Vec::new(), None, Vec::new());
    let reply = Reply::Told(told("10.0.0.1"));
    let news: Vec<bool> = (0..4).map(|round| tracker.see(at(round * 10), at(round * 10 + 1), &reply)).collect();
    assert_eq!(news, [true, false, false, false]);
    assert_eq!(tracker.observed().said, Some(Said { verdict: Verdict::Same, since: at(1) }));
    assert!(tracker.pause(), "that nobody asks any more is news");
    assert_eq!(tracker.observed().said, None);
    assert!(!tracker.pause());
}

// Boards.

fn web() -> SetKey {
    SetKey::new("default", "web")
}

fn slice(version: usize, addresses: &[&str]) -> Observation {
    let endpoints: Vec<Value> = addresses
        .iter()
        .enumerate()
        .map(|(at, address)| {
            let pod = format!("web-{at}");
            json!({"addresses": [address], "hostname": pod, "conditions": {"ready": true},
                "targetRef": {"kind": "Pod", "name": pod, "uid": pod}})
        })
        .collect();
    let metadata = json!({"namespace": "default", "name": "nginx-1", "resourceVersion": version.to_string(),
        "labels": {"kubernetes.io/service-name": "nginx"}});
    let slice = json!({"metadata": metadata, "ports": [{"name": "web", "port": 80}], "endpoints": endpoints});
    let object: Object = serde_json::from_value::<topology::kubernetes::EndpointSlice>(slice).expect("a slice").into();
    Observation { watch: Watch::everywhere(Kind::EndpointSlice), event: Event::Applied(object) }
}

fn world() -> Topology {
    let mut topology = Topology::default();
    topology.apply(
        at(0),
        objects(vec![
            json!({"kind": "StatefulSet", "metadata": {"namespace": "default", "name": "web", "uid": "set"},
                "spec": {"serviceName": "nginx", "replicas": 2}}),
            json!({"kind": "Service", "metadata": {"namespace": "default", "name": "nginx", "uid": "nginx"},
                "spec": {"clusterIP": "None", "ports": [{"name": "web", "port": 80}]}}),
        ]),
    );
    topology.apply(at(1), [slice(1, &["10.0.0.1", "10.0.1.1"])]);
    topology
}

fn view(topology: &Topology) -> &ServiceView {
    topology.board(&web()).expect("the board").service("nginx").expect("its Service")
}

/// That the cluster's DNS says the same as `topology` now.
fn same(topology: &Topology, name: &str, kind: RecordType) -> Check {
    let name = Name::new(name);
    let expected = Told::from(&topology.directory().answer(&name, QueryType::Records(kind)));
    let said = Some(Said { verdict: Verdict::Same, since: at(2) });
    let observed = Observed { question: Question { name, kind }, said, absent: None, measured: Vec::new() };
    Check { namespace: "default".to_owned(), service: "nginx".to_owned(), expected, observed }
}

const NAMES: [(&str, RecordType); 5] = [
    ("web-0.nginx.default.svc.cluster.local", RecordType::A),
    ("web-1.nginx.default.svc.cluster.local", RecordType::A),
    ("nginx.default.svc.cluster.local", RecordType::A),
    ("_web._tcp.nginx.default.svc.cluster.local", RecordType::Srv),
    ("1.1.0.10.in-addr.arpa", RecordType::Ptr),
];

#[test]
fn given_what_dns_said_when_one_endpoint_changes_then_it_is_known_no_more_of_the_names_that_changed() {
    let mut topology = world();
    let checks: Vec<Check> = NAMES.iter().map(|(name, kind)| same(&topology, name, *kind)).collect();
    let delta = topology.check(at(2), checks.clone()).expect("news");
    assert_eq!((delta.boards.len(), delta.boards[0].1.len()), (1, NAMES.len()));
    assert_eq!(topology.check(at(3), checks), None, "the same again is no news");

    let mut mirror = topology.board(&web()).cloned().map(Box::new);
    let delta = topology.apply(at(4), [slice(2, &["10.0.0.1", "10.0.1.2"])]).expect("a change");
    delta.boards[0].1.iter().for_each(|change| Board::apply(&mut mirror, change));
    assert_eq!(mirror.as_deref(), topology.board(&web()), "a browser's board is the same");
    let known: Vec<bool> = NAMES
        .iter()
        .map(|(name, _)| {
            let observed = view(&topology).observed.iter().find(|observed| observed.question.name == Name::new(*name));
            observed.expect("it is kept").said.is_some()
        })
        .collect();
    assert_eq!(known, [true, false, false, false, false]);
}

#[test]
fn given_a_reply_to_a_question_under_another_expectation_when_it_comes_then_it_says_nothing() {
    let mut topology = world();
    let late = same(&topology, NAMES[1].0, NAMES[1].1);
    topology.apply(at(4), [slice(2, &["10.0.0.1", "10.0.1.2"])]);
    assert_eq!(topology.check(at(5), [late]), None);
    let of_nobody = Check { service: "other".to_owned(), ..same(&topology, NAMES[1].0, NAMES[1].1) };
    assert_eq!(topology.check(at(5), [of_nobody]), None, "a Service that no board has");
}

#[test]
fn given_more_questions_than_are_kept_when_answered_then_the_first_ones_go() {
    let mut topology = world();
    for number in 0..2 * MAX_OBSERVED {
        let mut check = same(&topology, &format!("web-{}.nginx.default.svc.cluster.local", number + 2), RecordType::A);
        check.observed.said = Some(Said { verdict: Verdict::Same, since: at(i64::try_from(number).expect("small")) });
        topology.check(at(5), [check]).expect("news");
    }
    let kept = &view(&topology).observed;
    assert_eq!(kept.len(), MAX_OBSERVED);
    let first = kept.iter().filter_map(|observed| observed.said.as_ref()).map(|said| said.since).min();
    assert_eq!(first, Some(at(i64::try_from(MAX_OBSERVED).expect("small"))));
    assert!(kept.is_sorted_by_key(|observed| &observed.question));
}

#[test]
fn given_a_board_when_asked_what_to_ask_then_it_is_the_names_that_it_shows() {
    let mut topology = world();
    topology.apply(at(1), [0, 1].map(pod));
    let wanted: Vec<String> = topology
        .questions(&web(), 24)
        .into_iter()
        .map(|wanted| format!("{} {} {}", wanted.question.name, wanted.question.kind, wanted.is_open()))
        .collect();
    let expected = [
        "web-0.nginx.default.svc.cluster.local. A true",
        "web-1.nginx.default.svc.cluster.local. A true",
        "nginx.default.svc.cluster.local. A true",
        "_web._tcp.nginx.default.svc.cluster.local. SRV true",
        "1.0.0.10.in-addr.arpa. PTR true",
        "1.1.0.10.in-addr.arpa. PTR true",
    ];
    assert_eq!(wanted, expected);
    let check = same(&topology, NAMES[0].0, NAMES[0].1);
    topology.check(at(2), [check]).expect("news");
    assert!(!topology.questions(&web(), 24)[0].is_open());
    assert_eq!(topology.questions(&SetKey::new("no", "such"), 24), []);

    let delta = topology.apply(at(4), [slice(2, &["10.0.0.1", "10.0.1.2"])]).expect("a change");
    let touched: Vec<_> = delta.touched().collect();
    assert_eq!((touched.len(), touched[0].labels.as_slice()), (1, ["web-1".to_owned()].as_slice()));
    let [wanted] = &topology.questions_of(&web(), "nginx", &touched[0].labels)[..] else { panic!("one question") };
    assert_eq!(wanted.old, [Old { told: told("10.0.1.1"), stopped: at(4) }]);

    let many: Vec<String> = (0..1_000).map(|at| format!("10.1.{}.{}", at / 250, at % 250 + 1)).collect();
    topology.apply(at(5), [slice(3, &many.iter().map(String::as_str).collect::<Vec<_>>())]);
    assert_eq!(topology.questions(&web(), usize::MAX).len(), MAX_QUESTIONS);
}

fn pod(ordinal: usize) -> Observation {
    let name = format!("web-{ordinal}");
    let owner =
        json!([{"apiVersion": "apps/v1", "kind": "StatefulSet", "name": "web", "uid": "set", "controller": true}]);
    let metadata = json!({"namespace": "default", "name": name, "uid": name, "ownerReferences": owner,
        "resourceVersion": (ordinal + 10).to_string()});
    let pod = json!({"metadata": metadata, "status": {"phase": "Running"}});
    let object: Object = serde_json::from_value::<topology::kubernetes::Pod>(pod).expect("a pod").into();
    Observation { watch: Watch::everywhere(Kind::Pod), event: Event::Applied(object) }
}

#[test]
fn given_a_delta_with_what_dns_said_when_it_is_applied_to_another_board_then_nothing_happens() {
    let topology = world();
    let Check { observed, .. } = same(&topology, NAMES[0].0, NAMES[0].1);
    let mut board = topology.board(&web()).cloned().map(Box::new);
    let before = board.clone();
    Board::apply(&mut board, &Change::Observed { service: "none".to_owned(), observed: Box::new(observed) });
    assert_eq!(board, before);
}
