//! What the why line says, step by step, through every recorded trace: for eyes to judge.

mod support;

use std::fmt::Write as _;

use support::traces;
use topology::board::{End, Found, Incarnation, Lane, Span, Unwatched};
use topology::facts::Pod;
use topology::order::{StepKind, steps};
use topology::{Ordinal, Stage, Timestamp, Topology};

#[test]
fn given_a_trace_when_folded_then_the_order_tells_what_the_controller_does() {
    for (name, observations) in traces() {
        let mut topology = Topology::default();
        let mut story = String::new();
        let mut last = None;
        for (at, observation) in observations {
            topology.apply(at, [observation]);
            let reasons: Vec<_> =
                topology.boards().map(|(set, board)| format!("{set}: {:?}", board.order.reason)).collect();
            if last.as_ref() != Some(&reasons) {
                story.push_str(&reasons.join("\n"));
                story.push('\n');
                last = Some(reasons);
            }
        }
        insta::assert_snapshot!(name, story);
    }
}

#[test]
fn given_a_trace_when_it_has_ended_then_the_steps_between_neighbours_are_those_of_the_controller() {
    let mut story = String::new();
    for (name, observations) in traces() {
        let mut topology = Topology::default();
        for (at, observation) in observations {
            topology.apply(at, [observation]);
        }
        for (set, board) in topology.boards() {
            for pair in board.lanes.windows(2).filter(|pair| pair[0].ordinal.0 + 1 == pair[1].ordinal.0) {
                let (below, above) = (pair[0].ordinal, pair[1].ordinal);
                for step in steps(&pair[0], &pair[1], &board.unwatched) {
                    let (from, to) = if step.kind.is_up() { (below, above) } else { (above, below) };
                    let late = step.taken.millis_since(step.opened);
                    writeln!(story, "{name} {set}: {from} -> {to} {:?} after {late} ms", step.kind).unwrap();
                }
            }
        }
    }
    insta::assert_snapshot!("sequence", story);
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_millis(second * 1_000)
}

fn pod(revision: &str, spans: &[(Stage, i64)], ended: Option<End>) -> Incarnation {
    Incarnation {
        revision: Some(revision.to_owned()),
        spans: spans.iter().map(|&(stage, from)| Span { stage, from: at(from) }).collect(),
        ended,
        ..Incarnation::new(&Pod::from(topology::kubernetes::Pod::default()), at(spans[0].1), Found::Watched)
    }
}

fn lane(ordinal: u32, incarnations: Vec<Incarnation>) -> Lane {
    Lane { ordinal: Ordinal(ordinal), dropped: 0, incarnations }
}

#[test]
fn given_pods_that_went_one_after_the_other_when_asked_why_then_only_the_controllers_own_steps_are_told() {
    use Stage::{Pending, Ready, Terminating};
    let gone = |second| Some(End::Seen { at: at(second) });
    let kinds = |below: &Lane, above: &Lane, unwatched: &[Unwatched]| {
        steps(below, above, unwatched).into_iter().map(|step| step.kind).collect::<Vec<_>>()
    };
    let below = lane(0, vec![pod("a", &[(Ready, -10), (Terminating, 20)], gone(25))]);
    let above = |ended, next: Vec<Incarnation>| {
        let first = pod("a", &[(Pending, 1), (Ready, 3), (Terminating, 10)], ended);
        lane(1, [vec![first], next].concat())
    };
    assert_eq!(kinds(&below, &above(gone(20), vec![]), &[]), [StepKind::GoneSoNext]);
    assert_eq!(kinds(&below, &above(gone(17), vec![]), &[]), [], "long before");
    assert_eq!(kinds(&below, &above(gone(21), vec![]), &[]), [], "only after");
    let unseen = Some(End::Unseen { after: at(12), before: at(20) });
    assert_eq!(kinds(&below, &above(unseen, vec![]), &[]), [], "nobody saw it go");
    let missed = [Unwatched { from: at(12), to: at(20) }];
    assert_eq!(kinds(&below, &above(gone(20), vec![]), &missed), [], "nobody saw it asked");
    let back = |revision| vec![pod(revision, &[(Pending, 20)], None)];
    assert_eq!(kinds(&below, &above(gone(20), back("a")), &[]), [], "somebody deleted both");
    let renewed = |revision| vec![pod(revision, &[(Pending, 15), (Ready, 20)], None)];
    assert_eq!(kinds(&below, &above(gone(14), renewed("b")), &[]), [StepKind::ReadySoReplaced]);
    assert_eq!(kinds(&below, &above(gone(14), renewed("a")), &[]), [], "of the same revision");
}
