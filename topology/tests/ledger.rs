//! What the ledger promises, on the recorded traces: a row for each pod, with what the pod's own objects and CoreDNS
//! said, and the same rows whoever watched.

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::path::Path;

use support::{Cluster, objects, traces};
use topology::board::{End, Found};
use topology::dns::{Rcode, RecordType};
use topology::facts::{Event, Kind, Object, Observation, Watch};
use topology::ledger::{Elapsed, Ledger, Moment, Row, Who, Why, ip_changes, missing};
use topology::trace::{self, Step};
use topology::{Ordinal, Stage, Timestamp, Topology, Uid};

/// A server that watches and writes rows.
#[derive(Default)]
struct Watcher {
    topology: Topology,
    ledger: Ledger,
    rows: BTreeMap<Uid, Row>,
}

impl Watcher {
    fn observe(&mut self, at: Timestamp, observations: impl IntoIterator<Item = Observation>) {
        if let Some(delta) = self.topology.apply(at, observations) {
            for row in self.ledger.follow(&self.topology, &delta) {
                self.rows.insert(row.uid.clone(), row);
            }
        }
    }

    fn watched(observations: &[(Timestamp, Observation)]) -> Self {
        let mut watcher = Self::default();
        for (at, observation) in observations {
            watcher.observe(*at, [observation.clone()]);
        }
        watcher
    }

    fn of(&self, ordinal: u32) -> Vec<&Row> {
        let mut rows: Vec<&Row> = self.rows.values().filter(|row| row.ordinal == Ordinal(ordinal)).collect();
        rows.sort_by_key(|row| row.first_seen);
        rows
    }

    fn all(&self) -> Vec<Row> {
        self.rows.values().cloned().collect()
    }
}

fn of_trace(name: &str) -> Vec<(Timestamp, Observation)> {
    traces().into_iter().find(|(trace, _)| trace == name).expect("the trace").1
}

const fn at(millis: i64) -> Timestamp {
    Timestamp::from_millis(millis)
}

/// What the pods' own objects say, gathered without the fold: addresses in order, stages in order, whether it is gone.
#[derive(Debug, Default, PartialEq)]
struct Story {
    ips: Vec<IpAddr>,
    stages: Vec<Stage>,
    node: Option<String>,
    revision: Option<String>,
    gone: bool,
}

fn stories(observations: &[(Timestamp, Observation)]) -> BTreeMap<Uid, Story> {
    let mut stories: BTreeMap<Uid, Story> = BTreeMap::new();
    for (_, observation) in observations {
        let (objects, gone): (Vec<&Object>, bool) = match &observation.event {
            Event::Listed(objects) => (objects.iter().collect(), false),
            Event::Applied(object) => (vec![object], false),
            Event::Deleted(object) => (vec![object], true),
            Event::Interrupted { .. } | Event::CaughtUp => continue,
        };
        for object in objects {
            let Object::Pod(pod) = object else { continue };
            if !pod.owner.as_ref().is_some_and(|owner| owner.is_stateful_set) {
                continue;
            }
            let story = stories.entry(pod.uid.clone()).or_default();
            story.gone |= gone;
            if gone {
                continue;
            }
            for ip in &pod.ips {
                if !story.ips.contains(ip) {
                    story.ips.push(*ip);
                }
            }
            if story.stages.last() != Some(&pod.stage) {
                story.stages.push(pod.stage);
            }
            story.node.clone_from(&pod.node);
            story.revision.clone_from(&pod.revision);
        }
    }
    stories
}

fn story(row: &Row) -> Story {
    Story {
        ips: row.addresses.iter().map(|held| held.ip).collect(),
        stages: row.stages.iter().map(|stage| stage.stage).collect(),
        node: row.node.clone(),
        revision: row.revision.clone(),
        gone: row.ended.is_some(),
    }
}

#[test]
fn given_a_trace_when_followed_then_each_pod_has_one_row_that_tells_what_its_own_objects_told() {
    for (name, observations) in traces() {
        let watcher = Watcher::watched(&observations);
        let told: BTreeMap<Uid, Story> = watcher.rows.iter().map(|(uid, row)| (uid.clone(), story(row))).collect();
        assert_eq!(told, stories(&observations), "{name}");
        for row in watcher.rows.values() {
            assert_eq!(row.pod, row.set.pod_name(row.ordinal), "{name}");
            for stage in &row.stages {
                let tells = matches!(stage.stage, Stage::Pending | Stage::Ready | Stage::Terminating);
                assert_eq!(stage.api.is_some(), tells, "{name}: {stage:?}");
            }
        }
    }
}

#[test]
fn given_the_checkpoints_of_a_trace_when_coredns_is_asked_then_rows_are_in_dns_just_where_it_answers_with_their_address()
 {
    let mut asked = 0;
    for (name, _) in traces() {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../tests/traces/{name}.jsonl"));
        let entries = trace::parse(&std::fs::read_to_string(file).expect("a trace")).expect("a readable trace");
        let mut watcher = Watcher::default();
        for step in trace::steps(&entries) {
            let (checkpoint, lookups) = match step {
                Step::Observed(at, observation) => {
                    watcher.observe(at, [observation]);
                    continue;
                }
                Step::Checkpoint(checkpoint, lookups) => (checkpoint, lookups),
            };
            for lookup in lookups.iter().filter(|lookup| lookup.kind == RecordType::A) {
                let of_name = |row: &&Row| {
                    let subdomain = row.subdomain.as_deref().unwrap_or_default();
                    let own = format!("{}.{subdomain}.{}.svc.cluster.local", row.hostname, row.set.namespace);
                    lookup.name.as_str().eq_ignore_ascii_case(&own)
                };
                if !watcher.rows.values().any(|row| of_name(&row)) {
                    continue;
                }
                let served: BTreeSet<String> = watcher
                    .rows
                    .values()
                    .filter(of_name)
                    .filter(|row| row.is_in_dns())
                    .flat_map(|row| row.ips().map(|ip| ip.to_string()).collect::<Vec<_>>())
                    .collect();
                let answers = lookup.answers.iter().filter_map(|answer| answer.split(" A ").nth(1));
                let answered: BTreeSet<String> = answers.map(str::to_owned).collect();
                assert_eq!(served, answered, "{name} at {checkpoint}: {} is {:?}", lookup.name.as_str(), lookup.rcode);
                assert_eq!(served.is_empty(), lookup.rcode != Rcode::NoError, "{name} at {checkpoint}");
                asked += 1;
            }
        }
    }
    assert!(asked > 30, "only {asked} questions were about pods' own names");
}

#[test]
fn given_what_was_done_in_a_trace_when_pods_end_then_the_ledger_tells_why_and_who_wanted_it() {
    let table: [(&str, &[(Why, Who)]); 4] = [
        ("seed", &[(Why::Deleted, Who::Client)]),
        ("rollout", &[(Why::RolledOut, Who::Controller)]),
        ("scale", &[(Why::ScaledDown, Who::Controller), (Why::ForceDeleted, Who::Client)]),
        ("parallel", &[(Why::ScaledDown, Who::Controller)]),
    ];
    for (name, expected) in table {
        let watcher = Watcher::watched(&of_trace(name));
        let ended = watcher.rows.values().filter_map(|row| Some((row.ended?.why, row.who)));
        let told: BTreeSet<(Why, Option<Who>)> = ended.collect();
        for (why, who) in expected {
            assert!(told.contains(&(*why, Some(*who))), "{name}: {told:?} lacks {why:?} by {who:?}");
        }
        let all: BTreeSet<Why> = told.iter().map(|(why, _)| *why).collect();
        assert!(!all.contains(&Why::NotKnown), "{name}: everything was watched, but {told:?}");
        // The reasons that are the controller's own are never put on a client.
        let wrong = |(why, who): &&(Why, Option<Who>)| {
            matches!(why, Why::ScaledDown | Why::RolledOut) && *who == Some(Who::Client)
        };
        assert_eq!(told.iter().find(wrong), None, "{name}");
    }
}

/// A StatefulSet `web` of two with its pod `web-0`, which is told as `status` says.
fn web(pod: &serde_json::Value) -> Vec<Observation> {
    let set = serde_json::json!({
        "kind": "StatefulSet", "metadata": {"namespace": "shop", "name": "web", "uid": "set", "resourceVersion": "1"},
        "spec": {"replicas": 2, "serviceName": "nginx", "selector": {"matchLabels": {"app": "web"}}},
        "status": {"updateRevision": "web-1"},
    });
    objects(vec![set, pod.clone()])
}

fn web_0() -> serde_json::Value {
    serde_json::json!({
        "kind": "Pod",
        "metadata": {
            "namespace": "shop", "name": "web-0", "uid": "pod", "resourceVersion": "2",
            "creationTimestamp": "2026-01-01T00:00:00Z", "labels": {"controller-revision-hash": "web-1"},
            "ownerReferences": [{"apiVersion": "apps/v1", "kind": "StatefulSet", "name": "web", "uid": "set",
                                 "controller": true}],
        },
        "spec": {"nodeName": "node-1", "hostname": "web-0", "subdomain": "nginx", "containers": [{"name": "web"}]},
        "status": {"phase": "Running", "podIPs": [{"ip": "10.1.0.1"}],
                   "conditions": [{"type": "Ready", "status": "True", "lastTransitionTime": "2026-01-01T00:00:02Z"}]},
    })
}

fn pod(value: &serde_json::Value) -> Object {
    serde_json::from_value::<topology::kubernetes::Pod>(value.clone()).expect("a pod").into()
}

fn pods(event: Event) -> Observation {
    Observation { watch: Watch::everywhere(Kind::Pod), event }
}

#[test]
fn given_how_a_pod_goes_when_it_is_gone_then_the_reason_is_typed_and_nothing_is_guessed() {
    let going = |change: fn(&mut serde_json::Value)| {
        let mut going = web_0();
        going["metadata"]["resourceVersion"] = "9".into();
        going["metadata"]["deletionTimestamp"] = "2026-01-01T00:01:00Z".into();
        change(&mut going);
        going
    };
    let disrupted = |reason: &'static str| {
        let mut going = going(|_| {});
        let condition = serde_json::json!({"type": "DisruptionTarget", "status": "True", "reason": reason});
        going["status"]["conditions"].as_array_mut().expect("conditions").push(condition);
        going
    };
    let table = [
        ("deleted", going(|_| {}), Why::Deleted, Some(Who::Client)),
        ("drained", disrupted("EvictionByEvictionAPI"), Why::Evicted, Some(Who::EvictionApi)),
        ("short of memory", disrupted("TerminationByKubelet"), Why::Evicted, Some(Who::Kubelet)),
        ("preempted", disrupted("PreemptionByScheduler"), Why::Preempted, Some(Who::Scheduler)),
        ("tainted", disrupted("DeletionByTaintManager"), Why::NodeLost, Some(Who::TaintManager)),
        ("its node gone", disrupted("DeletionByPodGC"), Why::NodeLost, Some(Who::PodCollector)),
        ("a reason of the future", disrupted("Whatever"), Why::Deleted, None),
        (
            "evicted",
            going(|pod| pod["status"] = serde_json::json!({"phase": "Failed", "reason": "Evicted"})),
            Why::Evicted,
            Some(Who::Kubelet),
        ),
        (
            "failed",
            going(|pod| pod["status"] = serde_json::json!({"phase": "Failed"})),
            Why::Failed,
            Some(Who::Controller),
        ),
        (
            "completed",
            going(|pod| pod["status"] = serde_json::json!({"phase": "Succeeded"})),
            Why::Completed,
            Some(Who::Controller),
        ),
        // The controller rolls out when web-1 is there, and not before: it may be a client, but that is not certain.
        (
            "outdated",
            going(|pod| pod["metadata"]["labels"]["controller-revision-hash"] = "web-0".into()),
            Why::RolledOut,
            None,
        ),
    ];
    for (name, going, why, who) in table {
        let mut watcher = Watcher::default();
        watcher.observe(at(1_000), web(&web_0()));
        watcher.observe(at(2_000), [pods(Event::Applied(pod(&going)))]);
        let mut gone = going.clone();
        gone["metadata"]["resourceVersion"] = "10".into();
        watcher.observe(at(3_000), [pods(Event::Deleted(pod(&gone)))]);
        let ended = watcher.rows[&Uid::from("pod")].ended.expect("it ended");
        assert_eq!((ended.why, ended.at), (why, End::Seen { at: at(3_000) }), "{name}");
        assert_eq!(watcher.rows[&Uid::from("pod")].who, who, "{name}");
    }

    let mut left = Watcher::default();
    left.observe(at(1_000), web(&web_0()));
    let no_sets = Observation { watch: Watch::everywhere(Kind::StatefulSet), event: Event::Listed(Vec::new()) };
    left.observe(at(2_000), [no_sets]);
    left.observe(at(3_000), [pods(Event::Applied(pod(&going(|_| {}))))]);
    let row = &left.rows[&Uid::from("pod")];
    assert_eq!((row.why, row.who), (Some(Why::SetDeleted), Some(Who::GarbageCollector)));

    // A pod that vanishes at once was forced to, unless its own spec gives it no time.
    for (grace, why) in [(30, Why::ForceDeleted), (0, Why::Deleted)] {
        let mut forced = Watcher::default();
        let mut gone = web_0();
        gone["spec"]["terminationGracePeriodSeconds"] = grace.into();
        forced.observe(at(1_000), web(&gone));
        gone["metadata"]["resourceVersion"] = "10".into();
        forced.observe(at(2_000), [pods(Event::Deleted(pod(&gone)))]);
        let row = &forced.rows[&Uid::from("pod")];
        assert_eq!((row.ended.map(|ended| ended.why), row.who), (Some(why), Some(Who::Client)), "{grace}");
    }

    let mut missed = Watcher::default();
    missed.observe(at(1_000), web(&web_0()));
    missed.observe(at(2_000), [pods(Event::Interrupted { since: at(2_000) })]);
    missed.observe(at(9_000), [pods(Event::Listed(Vec::new()))]);
    let ended = missed.rows[&Uid::from("pod")].ended.expect("it ended");
    assert_eq!(ended.why, Why::NotKnown);
    assert_eq!(ended.at, End::Unseen { after: at(2_000), before: at(9_000) });
}

#[test]
fn given_a_controller_that_has_not_told_its_newest_revision_when_a_pod_goes_then_why_is_told_once_it_has() {
    let set = |generation: i64, observed: i64, revision: &str, version: &str| {
        serde_json::json!({
            "kind": "StatefulSet",
            "metadata": {"namespace": "shop", "name": "web", "uid": "set", "resourceVersion": version, "generation": generation},
            "spec": {"replicas": 2, "serviceName": "nginx", "selector": {"matchLabels": {"app": "web"}}},
            "status": {"observedGeneration": observed, "updateRevision": revision},
        })
    };
    let applied = |value: serde_json::Value| {
        let set = serde_json::from_value::<topology::kubernetes::StatefulSet>(value).expect("a StatefulSet");
        let watch = Watch::everywhere(Kind::StatefulSet);
        Observation { watch, event: Event::Applied(set.into()) }
    };
    let mut going = web_0();
    going["metadata"]["resourceVersion"] = "9".into();
    going["metadata"]["deletionTimestamp"] = "2026-01-01T00:01:00Z".into();
    let table = [
        ("it rolled out", Some("web-2"), Why::RolledOut),
        ("it changed something else", Some("web-1"), Why::Deleted),
        ("nothing came before the end", None, Why::Deleted),
    ];
    for (name, told, why) in table {
        let mut watcher = Watcher::default();
        watcher.observe(at(1_000), objects(vec![set(1, 1, "web-1", "1"), web_0()]));
        watcher.observe(at(2_000), [applied(set(2, 1, "web-1", "8"))]);
        watcher.observe(at(2_010), [pods(Event::Applied(pod(&going)))]);
        assert_eq!(watcher.rows[&Uid::from("pod")].why, None, "{name}: not yet");
        if let Some(revision) = told {
            watcher.observe(at(2_020), [applied(set(2, 2, revision, "10"))]);
            assert_eq!(watcher.rows[&Uid::from("pod")].why, Some(why), "{name}");
        }
        let mut gone = going.clone();
        gone["metadata"]["resourceVersion"] = "11".into();
        watcher.observe(at(3_000), [pods(Event::Deleted(pod(&gone)))]);
        assert_eq!(watcher.rows[&Uid::from("pod")].ended.map(|ended| ended.why), Some(why), "{name}");
    }
}

#[test]
fn given_a_scale_down_that_is_heard_of_after_the_deletion_when_it_happened_before_then_the_controller_wanted_it() {
    let set = |replicas: u32, version: &str| {
        let value = serde_json::json!({
            "metadata": {"namespace": "shop", "name": "web", "uid": "set", "resourceVersion": version},
            "spec": {"replicas": replicas, "serviceName": "nginx", "selector": {"matchLabels": {"app": "web"}}},
            "status": {"updateRevision": "web-1"},
        });
        let set = serde_json::from_value::<topology::kubernetes::StatefulSet>(value).expect("a StatefulSet");
        Observation { watch: Watch::everywhere(Kind::StatefulSet), event: Event::Applied(set.into()) }
    };
    let mut going = web_0();
    going["metadata"]["resourceVersion"] = "9".into();
    going["metadata"]["deletionTimestamp"] = "2026-01-01T00:01:00Z".into();
    for (version, why, who) in [("8", Why::ScaledDown, Who::Controller), ("10", Why::Deleted, Who::Client)] {
        let mut watcher = Watcher::default();
        watcher.observe(at(1_000), web(&web_0()));
        watcher.observe(at(2_000), [pods(Event::Applied(pod(&going)))]);
        watcher.observe(at(2_010), [set(0, version)]);
        let row = &watcher.rows[&Uid::from("pod")];
        assert_eq!((row.why, row.who), (Some(why), Some(who)), "the StatefulSet was scaled at version {version}");
    }
}

#[test]
fn given_a_row_that_an_earlier_version_wrote_when_it_is_read_then_nobody_is_named() {
    let mut watcher = Watcher::default();
    watcher.observe(at(1_000), web(&web_0()));
    let mut json = serde_json::to_value(&watcher.rows[&Uid::from("pod")]).expect("JSON");
    json.as_object_mut().expect("an object").remove("who");
    assert_eq!(serde_json::from_value::<Row>(json).expect("a row").who, None);
}

#[test]
fn given_both_pods_deleted_when_they_are_back_then_the_changes_tell_old_and_new_address_and_how_long_it_took() {
    let watcher = Watcher::watched(&of_trace("seed"));
    let changes = ip_changes(&watcher.all());
    assert_eq!(changes.len(), 2, "{changes:?}");
    for change in &changes {
        let [old, new] = watcher.of(change.ordinal.0)[..] else { panic!("two pods of {}", change.ordinal) };
        assert_eq!((change.old, change.new), (old.addresses[0].ip, Some(new.addresses[0].ip)));
        assert_eq!((&change.old_pod, change.new_pod.as_ref()), (&old.uid, Some(&new.uid)));
        let gone = old.stages.iter().find(|stage| stage.stage == Stage::Terminating).expect("it ended").seen.latest();
        let back = new.stages.iter().find(|stage| stage.stage == Stage::Ready).expect("it is back").seen.latest();
        let away = change.away.expect("it is back");
        assert!(away.is_exact() && away.least == back.millis_since(gone) && away.least > 0, "{away:?}");
        assert!(change.out_of_dns.is_some_and(|out| out.is_exact() && out.least > 0), "{:?}", change.out_of_dns);
        assert_eq!(change.recycled_from, None);
    }
}

#[test]
fn given_a_gap_when_a_pod_was_replaced_in_it_then_the_time_away_has_bounds_and_no_made_up_number() {
    let mut watcher = Watcher::default();
    watcher.observe(at(1_000), web(&web_0()));
    watcher.observe(at(10_000), [pods(Event::Interrupted { since: at(10_000) })]);
    let mut next = web_0();
    next["metadata"]["uid"] = "next".into();
    next["metadata"]["resourceVersion"] = "20".into();
    next["status"]["podIPs"][0]["ip"] = "10.1.0.2".into();
    watcher.observe(at(40_000), [pods(Event::Listed(vec![pod(&next)]))]);
    let changes = ip_changes(&watcher.all());
    assert_eq!(changes.len(), 1, "{changes:?}");
    let gap = Moment::Between { after: at(10_000), before: at(40_000) };
    assert_eq!(watcher.rows[&Uid::from("next")].stages[0].seen, gap);
    assert_eq!(changes[0].away, Some(Elapsed { least: 0, most: Some(30_000) }));
    assert_eq!(watcher.rows[&Uid::from("next")].found, Found::Listed);
}

#[test]
fn given_an_address_that_another_pod_had_when_it_is_given_again_then_the_change_names_the_one_before() {
    let row = |ordinal: u32, uid: &str, ip: &str, from: i64, until: Option<i64>| {
        let mut watcher = Watcher::default();
        watcher.observe(at(from), web(&web_0()));
        let mut row = watcher.rows.remove(&Uid::from("pod")).expect("its row");
        (row.ordinal, row.uid, row.pod) = (Ordinal(ordinal), Uid::from(uid), format!("web-{ordinal}"));
        row.addresses[0].ip = ip.parse().expect("an address");
        row.addresses[0].from = Moment::Seen { at: at(from) };
        row.ended = until.map(|until| topology::ledger::Ended { at: End::Seen { at: at(until) }, why: Why::Deleted });
        row
    };
    let rows = [
        row(0, "a", "10.1.0.1", 1_000, Some(2_000)),
        row(1, "b", "10.1.0.2", 1_000, Some(3_000)),
        row(1, "c", "10.1.0.1", 4_000, None),
    ];
    let changes = ip_changes(&rows);
    let given = changes.iter().find(|change| change.ordinal == Ordinal(1)).expect("web-1 changed");
    let holder = given.recycled_from.as_ref().expect("somebody had it before");
    assert_eq!((holder.pod.as_str(), holder.until), ("web-0", at(2_000)));
    let left = changes.iter().find(|change| change.ordinal == Ordinal(0)).expect("web-0 is away");
    assert_eq!((left.new, left.at), (None, at(2_000)));
}

/// What of a row does not depend on who watched.
type Essence = (Uid, Story, Option<Why>, Option<Who>, usize);

fn essence(rows: &BTreeMap<Uid, Row>) -> Vec<Essence> {
    let why = |row: &Row| row.ended.map(|ended| ended.why);
    rows.values().map(|row| (row.uid.clone(), story(row), why(row), row.who, row.dns.len())).collect()
}

fn joined(one: &BTreeMap<Uid, Row>, other: &BTreeMap<Uid, Row>) -> BTreeMap<Uid, Row> {
    let mut all = one.clone();
    for (uid, row) in other {
        let row = match all.remove(uid) {
            Some(known) => known.merge(row.clone()),
            None => row.clone(),
        };
        all.insert(uid.clone(), row);
    }
    all
}

/// Two servers watch one cluster, the second from some moment on and a little later each time; what they know together is
/// what one who watched all along knows, in whatever order and however often they write.
#[test]
fn given_a_second_watcher_when_rows_are_joined_then_they_are_those_of_the_first_alone() {
    for (name, observations) in traces() {
        let first = Watcher::watched(&observations);
        for start in 0..observations.len() {
            let delay = i64::try_from(start * 37 % 400).expect("small");
            let (mut second, mut cluster) = (Watcher::default(), Cluster::default());
            observations[..start].iter().for_each(|(_, observation)| cluster.observe(observation));
            if start > 0 {
                let now = at(observations[start - 1].0.as_millis() + delay);
                second.observe(now, Kind::ALL.map(|kind| cluster.list(kind)));
            }
            for (seen, observation) in &observations[start..] {
                second.observe(at(seen.as_millis() + delay), [observation.clone()]);
            }
            let both = joined(&first.rows, &second.rows);
            assert_eq!(essence(&both), essence(&first.rows), "{name} from {start}");
            assert_eq!(joined(&second.rows, &first.rows), both, "{name} from {start}: in either order");
            assert_eq!(joined(&both, &first.rows), both, "{name} from {start}: written again");
            assert_eq!(joined(&both, &second.rows), both, "{name} from {start}: written again");
        }
    }
}

#[test]
fn given_a_pod_that_is_released_and_taken_back_when_rows_are_joined_then_its_row_is_open_again_whoever_writes_last() {
    let owned = |version: u32, owner: serde_json::Value| {
        let mut pod = web_0();
        pod["metadata"]["resourceVersion"] = version.to_string().into();
        pod["metadata"]["ownerReferences"] = owner;
        pod
    };
    let owner = web_0()["metadata"]["ownerReferences"].clone();
    let mut watcher = Watcher::default();
    watcher.observe(at(1_000), web(&web_0()));
    let held = watcher.rows[&Uid::from("pod")].clone();
    watcher.observe(at(2_000), [pods(Event::Applied(pod(&owned(3, serde_json::json!([])))))]);
    let released = watcher.rows[&Uid::from("pod")].clone();
    assert_eq!(released.ended.map(|ended| ended.why), Some(Why::Released));
    watcher.observe(at(3_000), [pods(Event::Applied(pod(&owned(4, owner))))]);
    let back = watcher.rows[&Uid::from("pod")].clone();
    assert_eq!((watcher.rows.len(), back.ended, back.why), (1, None, None));
    for (one, other, expected) in [(&held, &released, &released), (&released, &back, &back), (&held, &back, &back)] {
        assert_eq!(one.clone().merge(other.clone()).ended, expected.ended);
        assert_eq!(other.clone().merge(one.clone()).ended, expected.ended);
    }
    watcher.observe(at(4_000), [pods(Event::Deleted(pod(&owned(5, serde_json::json!([])))))]);
    let gone = watcher.rows[&Uid::from("pod")].clone();
    assert!(gone.ended.is_some_and(|ended| ended.why != Why::Released), "{:?}", gone.ended);
    assert_eq!(released.merge(gone.clone()).ended, gone.ended);
}

#[test]
fn given_rows_that_an_earlier_run_left_open_when_they_are_found_late_then_those_of_pods_that_are_gone_are_closed() {
    let mut watcher = Watcher::default();
    watcher.observe(at(1_000), web(&web_0()));
    let alive = watcher.rows[&Uid::from("pod")].clone();
    let mut lost = alive.clone();
    (lost.ordinal, lost.pod, lost.uid) = (Ordinal(1), "web-1".to_owned(), Uid::from("lost"));
    let mut before = alive.clone();
    before.uid = Uid::from("before");
    let rows = [alive, lost, before];
    let nothing = missing(&Topology::default(), rows.clone(), None, at(9_000));
    assert_eq!(nothing, [], "nothing was listed");
    let closed = missing(&watcher.topology, rows, Some(at(5_000)), at(9_000));
    let uids: Vec<&str> = closed.iter().map(|row| row.uid.0.as_ref()).collect();
    assert_eq!(uids, ["lost", "before"]);
    for row in &closed {
        let ended = row.ended.expect("it is closed");
        assert_eq!((ended.at, ended.why), (End::Unseen { after: at(5_000), before: at(9_000) }, Why::NotKnown));
    }
}

#[test]
fn given_a_ledger_that_is_resumed_when_the_rest_is_followed_then_its_rows_are_as_if_it_had_never_stopped() {
    for (name, observations) in traces() {
        let whole = Watcher::watched(&observations);
        for part in 1..6 {
            let (before, after) = observations.split_at(observations.len() * part / 6);
            let mut watcher = Watcher::watched(before);
            watcher.ledger = Ledger::resume(watcher.all(), before.last().map(|(at, _)| *at));
            for (at, observation) in after {
                watcher.observe(*at, [observation.clone()]);
            }
            assert_eq!(watcher.rows, whole.rows, "{name}: {part}/6");
        }
    }
}

#[test]
fn given_a_row_when_it_is_written_as_json_and_read_then_it_is_the_same() {
    for (name, observations) in traces() {
        for row in Watcher::watched(&observations).rows.values() {
            let text = serde_json::to_string(row).expect("JSON");
            assert_eq!(&serde_json::from_str::<Row>(&text).expect("a row"), row, "{name}");
            assert!(text.len() < 4_096, "{} bytes", text.len());
        }
    }
}
