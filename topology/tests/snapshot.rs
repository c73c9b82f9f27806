//! What snapshots and steps promise: whoever goes on from one is where everybody else is.

mod support;

use proptest::prelude::*;
use proptest::test_runner::{Config, RngSeed, TestRunner};
use support::traces;
use topology::dns::Zone;
use topology::facts::{Event, Kind, Observation, Watch};
use topology::fold::{Input, Snapshot, Step};
use topology::{Timestamp, Topology};

/// A trace as the hub takes it, several observations at once now and then, with a watch that breaks in between.
fn steps(observations: &[(Timestamp, Observation)], together: usize) -> Vec<Step> {
    let mut steps = Vec::new();
    for (number, observations) in observations.chunks(together).enumerate() {
        let at = observations.last().map_or(Timestamp::default(), |(at, _)| *at);
        let mut all: Vec<Observation> = observations.iter().map(|(_, observation)| observation.clone()).collect();
        if number % 17 == 16 {
            let since = Timestamp::from_millis(at.as_millis() - 50);
            all.push(Observation { watch: Watch::everywhere(Kind::Pod), event: Event::Interrupted { since } });
        } else if number % 17 == 1 {
            all.push(Observation { watch: Watch::everywhere(Kind::Pod), event: Event::CaughtUp });
        }
        steps.push(Step { at, what: Input::Observed(all) });
    }
    steps
}

/// Everything that is known, as text.
fn text(topology: &Topology) -> String {
    serde_json::to_string(&topology.snapshot()).expect("it can be written")
}

fn read(text: &str) -> Topology {
    let snapshot: Snapshot = serde_json::from_str(text).expect("it can be read");
    Topology::restore(Zone::default(), snapshot)
}

#[test]
fn given_any_moment_of_every_trace_when_gone_on_from_its_snapshot_then_every_change_is_the_same() {
    let traces = traces();
    let mut runner = TestRunner::new(Config { cases: 200, rng_seed: RngSeed::Fixed(11), ..Config::default() });
    for (name, observations) in &traces {
        let strategy = (1..4_usize, any::<prop::sample::Index>());
        let tested = runner.run(&strategy, |(together, moment)| {
            let steps = steps(observations, together);
            let moment = moment.index(steps.len());
            let mut live = Topology::default();
            for step in &steps[..moment] {
                live.take(step.clone());
            }
            let written = text(&live);
            let mut restored = read(&written);
            prop_assert_eq!(&text(&restored), &written, "{}: it is the same at {}", name, moment);
            prop_assert_eq!(restored.fleet(), live.fleet());
            prop_assert_eq!(restored.expires(), live.expires());
            for step in &steps[moment..steps.len().min(moment + 40)] {
                let (expected, found) = (live.take(step.clone()), restored.take(step.clone()));
                prop_assert_eq!(found, expected, "{}: {:?} after {}", name, step.at, moment);
            }
            prop_assert_eq!(text(&restored), text(&live));
            Ok(())
        });
        tested.unwrap_or_else(|error| panic!("{name}: {error}"));
    }
}

#[test]
fn given_a_snapshot_when_only_its_lists_are_taken_then_the_same_exists() {
    for (name, observations) in traces() {
        let mut live = Topology::default();
        for (at, observation) in observations {
            live.apply(at, [observation]);
        }
        let mut other = Topology::default();
        other.apply(Timestamp::from_millis(1), live.snapshot().lists());
        let existing = |topology: &Topology| -> Vec<String> {
            let boards = topology.boards().filter(|(_, board)| board.controller.spec().is_some());
            let pods = boards.flat_map(|(set, board)| {
                let set = set.clone();
                board.pods().map(move |(ordinal, pod)| format!("{set} {ordinal:?} {} {:?}", pod.uid, pod.ips))
            });
            pods.collect()
        };
        assert_eq!(existing(&other), existing(&live), "{name}");
        assert_eq!(other.snapshot().lists().len(), live.snapshot().lists().len(), "{name}");
    }
}
