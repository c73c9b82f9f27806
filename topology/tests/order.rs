//! What the why line says, step by step, through every recorded trace: for eyes to judge.

mod support;

use support::traces;
use topology::Topology;

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
