//! What history promises, on SQLite and on a real PostgreSQL alike: any moment is shown as it was.

#[path = "support/postgres.rs"]
mod postgres;
mod support;

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use futures::StreamExt;
use http::StatusCode;
use postgres::Databases;
use serde_json::Value;
use server::history::{Keeping, Limits, Moment, Part, Tape, recording};
use server::ledger::{Place, Reader, Retention, Store, Watched};
use server::recording::{Head, Reader as RecordingReader, What};
use support::{answer, check_description, cluster, fed};
use topology::board::{Change, Unwatched};
use topology::dns::Zone;
use topology::facts::{Event, Kind, Observation, Watch};
use topology::fold::{Input, Step};
use topology::{SetKey, Timestamp, Topology, trace};

/// Small segments, so that short traces have many.
const SMALL: Limits = Limits { events: 20, length: 64 << 10, snapshot: 8 << 10 };

/// Numbers that look random, the same each time.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: i64) -> i64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        i64::try_from(self.0 >> 1).expect("63 bits") % bound.max(1)
    }
}

async fn open(place: &Place) -> Store {
    Store::open(place).await.expect("it opens").expect("it is not off")
}

fn all(cluster: &str) -> Part {
    Part::all(cluster)
}

fn at(millis: i64) -> Timestamp {
    Timestamp::from_millis(millis)
}

fn traces() -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/traces");
    let files = std::fs::read_dir(folder).expect("the traces").map(|entry| entry.expect("a readable folder").path());
    let traces = files.filter(|path| path.extension().is_some_and(|extension| extension == "jsonl"));
    let mut names: Vec<_> =
        traces.map(|path| path.file_stem().expect("a name").to_str().expect("text").to_owned()).collect();
    names.sort();
    names
}

/// The steps of a hub that takes several observations at once now and then, and whose pods' watch breaks now and then.
fn steps(name: &str, random: &mut Random) -> Vec<Step> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../tests/traces/{name}.jsonl"));
    let entries = trace::parse(&std::fs::read_to_string(file).expect("a trace")).expect("a readable trace");
    let mut steps: Vec<Step> = Vec::new();
    for (at, observation) in trace::observations(&entries) {
        match steps.last_mut() {
            Some(Step { at: last, what: Input::Observed(all) }) if random.below(4) == 0 => {
                *last = at;
                all.push(observation);
            }
            _ => steps.push(Step { at, what: Input::Observed(vec![observation]) }),
        }
        if random.below(40) == 0 {
            let since = Timestamp::from_millis(at.as_millis() - 20);
            for event in [Event::Interrupted { since }, Event::CaughtUp] {
                let observation = Observation { watch: Watch::everywhere(Kind::Pod), event };
                steps.push(Step { at, what: Input::Observed(vec![observation]) });
            }
        }
    }
    steps
}

/// What was live, and when.
#[derive(Default)]
struct Live {
    topology: Topology,
    states: Vec<(Timestamp, String)>,
    changes: BTreeMap<SetKey, Vec<Timestamp>>,
}

impl Live {
    fn take(&mut self, step: Step) {
        let at = step.at;
        if let Some(delta) = self.topology.take(step) {
            for (set, changes) in &delta.boards {
                if changes.iter().all(|change| matches!(change, Change::Unseen(_) | Change::WarningGone(_))) {
                    continue;
                }
                let times = self.changes.entry(set.clone()).or_default();
                if times.last() != Some(&at) {
                    times.push(at);
                }
            }
        }
        self.states.push((at, text(&self.topology)));
    }

    fn state(&self, at: Timestamp) -> Option<&str> {
        self.states.iter().rfind(|(taken, _)| *taken <= at).map(|(_, state)| state.as_str())
    }
}

/// Everything that is known, as text.
fn text(topology: &Topology) -> String {
    serde_json::to_string(&topology.snapshot()).expect("it can be written")
}

/// Keeps steps as a server does, which writes now and then.
async fn keep(store: &Store, part: &Part, run: u32, steps: Vec<Step>, limits: Limits, random: &mut Random) -> Live {
    let tape = Tape::new(10_000);
    let mut keeping = Keeping::new(tape.clone(), Zone::default(), run, limits);
    let mut live = Live::default();
    for step in steps {
        tape.put(step.at, step.what.clone());
        live.take(step);
        if random.below(7) == 0 {
            keeping.write(store, part).await.expect("it is written");
        }
    }
    keeping.write(store, part).await.expect("it is written");
    live
}

async fn shown(store: &Store, part: &Part, at: Timestamp) -> Option<String> {
    let moment = Moment::at(store, part, Zone::default(), at).await.expect("it answers");
    moment.map(|moment| text(&moment.topology))
}

#[tokio::test]
async fn given_200_moments_of_every_trace_when_shown_then_each_is_the_state_that_was_live() {
    let databases = Databases::start("moments", "history moments");
    for place in &databases.places {
        let store = open(place).await;
        for name in traces() {
            let mut random = Random(0x5eed);
            let live = keep(&store, &all(&name), 7, steps(&name, &mut random), SMALL, &mut random).await;
            let (first, last) = (live.states[0].0.as_millis(), live.states[live.states.len() - 1].0.as_millis());
            for _ in 0..200 {
                let moment = at(first - 50 + random.below(last - first + 100));
                assert_eq!(
                    shown(&store, &all(&name), moment).await.as_deref(),
                    live.state(moment),
                    "{name}: {moment:?}"
                );
            }
            for (set, times) in &live.changes {
                let marked =
                    store.marked(&all(&name), set, at(0), at(i64::MAX), times.len()).await.expect("it answers");
                assert_eq!((&marked.times, marked.thinned), (times, false), "{name}: {set}");
                let few = store.marked(&all(&name), set, at(0), at(i64::MAX), 3).await.expect("it answers");
                assert!(few.times.len() <= 3 && few.thinned == (times.len() > 3), "{name}: {set}: {few:?}");
                for _ in 0..20 {
                    let moment = at(first - 50 + random.below(last - first + 100));
                    let expected = (
                        times.iter().rfind(|time| **time < moment).copied(),
                        times.iter().find(|time| **time > moment).copied(),
                    );
                    let found = store.neighbours(&all(&name), set, moment).await.expect("it answers");
                    assert_eq!(found, expected, "{name}: {set}: {moment:?}");
                }
            }
        }
    }
}

/// Times of a clock that is set back midway: what happens then seems to happen at the latest time that there was.
fn set_back(steps: Vec<Step>) -> Vec<Step> {
    let from = steps.len() / 2;
    let step = |(number, step): (usize, Step)| {
        let number = i64::try_from(number).expect("small");
        let back = i64::try_from(from).expect("small");
        let millis = if number < back { number * 100 } else { number * 100 - back * 60 };
        Step { at: at(1_000_000 + millis), ..step }
    };
    steps.into_iter().enumerate().map(step).collect()
}

#[tokio::test]
async fn given_a_clock_that_was_set_back_when_moments_are_shown_then_what_came_last_is_shown_last_and_nothing_is_hidden()
 {
    let steps = set_back(steps("rollout", &mut Random(11)));
    let store = open(&Place::Memory).await;
    keep(&store, &all("back"), 1, steps.clone(), SMALL, &mut Random(5)).await;
    let mut latest = at(i64::MIN);
    let mut live = Live::default();
    for step in steps {
        latest = latest.max(step.at);
        live.take(step);
        live.states.last_mut().expect("a state").0 = latest;
    }
    for number in 0..live.states.len() {
        let (moment, _) = live.states[number];
        let there = shown(&store, &all("back"), moment).await;
        assert_eq!(there.as_deref(), live.state(moment), "step {number} at {moment:?}");
    }
}

#[tokio::test]
async fn given_two_runs_when_a_moment_between_them_is_shown_then_it_says_that_nobody_watched() {
    let store = open(&Place::Memory).await;
    let mut random = Random(3);
    let first = steps("seed", &mut random);
    let (began, ended) = (first[0].at, first[first.len() - 1].at);
    let shift = ended.millis_since(began) + 60_000;
    let second: Vec<Step> =
        first.iter().map(|step| Step { at: at(step.at.as_millis() + shift), what: step.what.clone() }).collect();
    let again = second[0].at;
    let live = keep(&store, &all("c"), 1, first, SMALL, &mut random).await;
    let later = keep(&store, &all("c"), 2, second, SMALL, &mut random).await;
    for (run, began, until) in [(1, began, ended), (2, again, at(again.as_millis() + 600_000))] {
        let watched = Watched { run, began, until, namespaces: None };
        store.write("c", Vec::new(), Some(&watched)).await.expect("it is written");
    }
    let between = at(ended.as_millis() + 30_000);
    let moment =
        Moment::at(&store, &all("c"), Zone::default(), between).await.expect("it answers").expect("it is kept");
    assert_eq!(moment.unwatched, Some(Unwatched { from: ended, to: again }));
    assert_eq!(Some(text(&moment.topology).as_str()), live.state(ended));
    for (moment, live) in [(at(ended.as_millis() - 100), &live), (at(again.as_millis() + 9_000), &later)] {
        let found =
            Moment::at(&store, &all("c"), Zone::default(), moment).await.expect("it answers").expect("it is kept");
        assert_eq!((found.unwatched, Some(text(&found.topology).as_str())), (None, live.state(moment)));
    }
}

#[tokio::test]
async fn given_more_than_is_to_be_kept_when_pruned_then_the_oldest_goes_in_steps_and_the_rest_is_shown_as_it_was() {
    let databases = Databases::start("history-pruned", "history history-pruned");
    for place in &databases.places {
        let store = open(place).await;
        let mut random = Random(9);
        let mut live = Live::default();
        // One run in which the same happens again and again.
        let (once, mut every) = (steps("rollout", &mut random), Vec::new());
        let length = once[once.len() - 1].at.millis_since(once[0].at) + 1_000;
        for round in 0..6 {
            every.extend(
                once.iter().map(|step| Step { at: at(step.at.as_millis() + round * length), what: step.what.clone() }),
            );
        }
        let limits = Limits { events: 10, ..SMALL };
        let kept = keep(&store, &all("c"), 1, every, limits, &mut random).await;
        live.states = kept.states;
        let (first, last) = (live.states[0].0, live.states[live.states.len() - 1].0);
        let window = store.window(&all("c"), first, last).await.expect("it answers");
        assert_eq!((window.oldest, window.newest), (Some(first), Some(last)));
        let now = at(last.as_millis() + 1_000);
        for retention in [
            Retention { age: None, rows: 1_000, events: window.events / 2 },
            Retention { age: Some(Duration::from_millis(length.unsigned_abs() * 2)), rows: 1_000, events: u64::MAX },
        ] {
            let mut rounds = 0;
            loop {
                let gone = store.prune_history("c", retention, now).await.expect("it is written");
                assert!(gone <= 64, "in bounded steps: {gone}");
                rounds += 1;
                if gone == 0 {
                    break;
                }
            }
            assert!(rounds > 1, "something went");
            let left = store.window(&all("c"), first, last).await.expect("it answers");
            assert!(left.events < window.events && left.events >= window.events / 4, "{left:?} of {window:?}");
            let oldest = left.oldest.expect("something is kept");
            assert!(oldest > first);
            for _ in 0..100 {
                let moment = at(first.as_millis() + random.below(last.millis_since(first)));
                let found = shown(&store, &all("c"), moment).await;
                if moment >= oldest {
                    assert_eq!(found.as_deref(), live.state(moment), "{moment:?}");
                } else {
                    assert_eq!(found, None, "{moment:?} is before {oldest:?}");
                }
            }
        }
        // All of a run that is over goes.
        let retention = Retention { age: Some(Duration::ZERO), rows: 1_000, events: u64::MAX };
        while store.prune_history("c", retention, at(now.as_millis() + 1)).await.expect("it is written") > 0 {}
        assert_eq!(store.window(&all("c"), first, last).await.expect("it answers").oldest, None);
        let marked =
            store.marked(&all("c"), &SetKey::new("rollout", "web"), at(0), at(i64::MAX), 10).await.expect("it answers");
        assert!(marked.times.is_empty(), "marks go with their segments");
    }
}

#[tokio::test]
async fn given_a_tape_that_overflowed_when_it_goes_on_then_what_is_shown_is_what_was_live_from_then_on() {
    let store = open(&Place::Memory).await;
    let mut random = Random(77);
    let steps = steps("scale", &mut random);
    let tape = Tape::new(30);
    let mut keeping = Keeping::new(tape.clone(), Zone::default(), 1, SMALL);
    let (mut live, mut resumed) = (Live::default(), None);
    for (number, step) in steps.into_iter().enumerate() {
        if tape.wants_whole() {
            tape.put_whole(step.at, live.topology.snapshot());
            resumed.get_or_insert(step.at);
        }
        tape.put(step.at, step.what.clone());
        live.take(step);
        // Nothing can be written for a while.
        if number < 10 || (60..).contains(&number) {
            keeping.write(&store, &all("c")).await.expect("it is written");
        }
    }
    keeping.write(&store, &all("c")).await.expect("it is written");
    assert!(tape.dropped() > 20, "{}", tape.dropped());
    let resumed = resumed.expect("it went on");
    for (at, _) in live.states.iter().filter(|(at, _)| *at >= resumed) {
        assert_eq!(shown(&store, &all("c"), *at).await.as_deref(), live.state(*at), "{at:?}");
    }
}

/// The pods that exist, and those that do no more, by what makes them out.
fn pods(topology: &Topology) -> Vec<String> {
    let boards = topology.boards().flat_map(|(set, board)| {
        let set = set.clone();
        board.lanes.iter().flat_map(move |lane| {
            let set = set.clone();
            lane.incarnations
                .iter()
                .map(move |pod| format!("{set} {:?} {} {:?} {}", lane.ordinal, pod.uid, pod.ips, pod.ended.is_some()))
        })
    });
    boards.collect()
}

#[tokio::test]
async fn given_a_stretch_of_history_when_recorded_then_a_replay_of_it_ends_where_the_cluster_was() {
    let store = open(&Place::Memory).await;
    for name in traces() {
        let mut random = Random(5);
        let live = keep(&store, &all(&name), 7, steps(&name, &mut random), SMALL, &mut random).await;
        let (first, last) = (live.states[0].0, live.states[live.states.len() - 1].0);
        for part in [0, 3, 7] {
            let from = at(first.as_millis() + last.millis_since(first) * part / 10);
            let head = Head { version: "1".to_owned(), at: from, cluster: cluster() };
            let stream = recording(store.clone(), all(&name), Zone::default(), head.clone(), last).await;
            let chunks: Vec<_> = stream.expect("it begins").collect().await;
            let bytes: Vec<u8> = chunks.into_iter().flat_map(|chunk| chunk.expect("it is read")).collect();
            let (read, frames) = RecordingReader::open(bytes.as_slice()).expect("a recording");
            assert_eq!(read, head);
            let (mut topology, mut latest) = (Topology::default(), from);
            for entry in frames.flat_map(|frame| frame.expect("whole")) {
                assert!(entry.at >= latest, "{name}: {:?} after {latest:?}", entry.at);
                latest = entry.at;
                if let What::Observed(observation) = entry.what {
                    topology.apply(entry.at, [observation]);
                }
            }
            let (mut found, mut expected) = (pods(&topology), pods(&live.topology));
            if part > 0 {
                // Who was gone before it began is not in it.
                let gone = |pod: &String| !pod.ends_with("true");
                found.retain(gone);
                expected.retain(gone);
            }
            assert_eq!(found, expected, "{name} from {part}/10 on");
        }
    }
}

#[tokio::test]
async fn given_history_when_asked_for_over_http_then_answers_are_as_described_and_wrong_questions_name_the_mend() {
    let store = open(&Place::Memory).await;
    let mut random = Random(1);
    let live = keep(&store, &all("c"), 7, steps("seed", &mut random), SMALL, &mut random).await;
    let (reader, fed) = (Reader::of(&store, &all("c")), fed());
    let get = async |path: &str| answer(fed.hub.clone(), reader.clone(), path).await;
    let document: Value = serde_json::from_str(&get("/api/v1/openapi.json").await.2).expect("JSON");
    let middle = live.changes[&SetKey::new("seed", "web")][20];
    let time = middle.to_rfc3339();
    let marks = "/api/v1/history?namespace=seed&statefulset=web";
    for (path, route, status, part) in [
        (format!("/api/v1/topology?at={time}"), "/api/v1/topology", "200", "\"web\""),
        (format!("/api/v1/topology/seed/web?at={time}"), "/api/v1/topology/{namespace}/{statefulset}", "200", "web-0"),
        (
            format!("/api/v1/topology/seed/web?at={}", middle.as_millis()),
            "/api/v1/topology/{namespace}/{statefulset}",
            "200",
            "web-0",
        ),
        (
            "/api/v1/topology/seed/web?at=noon".to_owned(),
            "/api/v1/topology/{namespace}/{statefulset}",
            "400",
            "2026-01-31T12:00:00Z",
        ),
        (
            "/api/v1/topology/seed/web?at=-99".to_owned(),
            "/api/v1/topology/{namespace}/{statefulset}",
            "404",
            "/api/v1/history",
        ),
        (
            format!("/api/v1/topology/seed/none?at={time}"),
            "/api/v1/topology/{namespace}/{statefulset}",
            "404",
            "seed/none",
        ),
        (format!("{marks}&at={time}"), "/api/v1/history", "200", "previous"),
        (format!("{marks}&limit=0"), "/api/v1/history", "400", "1 to 2000"),
        ("/api/v1/history".to_owned(), "/api/v1/history", "200", "oldest"),
        ("/api/v1/history?namespace=a".to_owned(), "/api/v1/history", "400", "statefulset=NAME"),
        ("/api/v1/recording?from=9&to=8".to_owned(), "/api/v1/recording", "400", "exchange"),
        ("/api/v1/recording?to=-99".to_owned(), "/api/v1/recording", "404", "no history"),
    ] {
        let (code, kind, body) = get(&path).await;
        assert_eq!(code.as_str(), status, "{path}: {body}");
        assert!(body.contains(part), "{path}: {body}");
        check_description(&document, route, status, &kind, &body, &path);
    }
    let (_, _, body) = get(&format!("/api/v1/topology/seed/web?at={time}")).await;
    let body: Value = serde_json::from_str(&body).expect("JSON");
    let then: Value = serde_json::from_str(live.state(middle).expect("it was live")).expect("JSON");
    assert_eq!(body["board"], then["boards"][0]);
    let off = answer(fed.hub.clone(), Reader::off(), &format!("/api/v1/topology/seed/web?at={time}")).await;
    assert!(off.0 == StatusCode::NOT_FOUND && off.2.contains("--ledger"), "{off:?}");
}
