//! Which Services have to do with a StatefulSet and whom they reach, against what the recorded objects say.

mod support;

use support::traces;
use topology::board::{ReachState, ServiceView};
use topology::facts::{Observation, ServiceKind};
use topology::{SetKey, Timestamp, Topology, trace};

fn text(view: &ServiceView) -> String {
    let kind = match &view.kind {
        Some(ServiceKind::Headless) => "headless",
        Some(ServiceKind::ClusterIp(_)) => "ClusterIP",
        Some(ServiceKind::ExternalName(_)) => "ExternalName",
        None => "missing",
    };
    let reaches: Vec<String> = view
        .reaches
        .iter()
        .map(|(pod, reach)| {
            let state = match reach.state {
                ReachState::Ready => "",
                ReachState::Withheld => " withheld",
                ReachState::Terminating => " terminating",
            };
            format!("{pod}{state}{}", if reach.by_name { " by name" } else { "" })
        })
        .collect();
    let governs = if view.governs { " governs" } else { "" };
    let selects = if view.selects { " selects" } else { "" };
    format!("{} {kind}{governs}{selects} [{}]", view.name, reaches.join(", "))
}

/// What the board says at each checkpoint of a trace, when the cluster was quiet.
fn at_checkpoints(name: &str) -> String {
    let file = format!("{}/../tests/traces/{name}.jsonl", env!("CARGO_MANIFEST_DIR"));
    let entries = trace::parse(&std::fs::read_to_string(file).expect("a trace")).expect("a readable trace");
    let observations: Vec<(Timestamp, Observation)> = trace::observations(&entries);
    let mut told = String::new();
    for entry in &entries {
        let trace::Content::Checkpoint { name: checkpoint, .. } = &entry.content else { continue };
        let mut topology = Topology::default();
        let before = observations.iter().filter(|(at, _)| *at <= entry.at);
        before.for_each(|(at, observation)| drop(topology.apply(*at, [observation.clone()])));
        told += checkpoint;
        told.push('\n');
        if let Some(board) = topology.board(&SetKey::new(name, "web")) {
            for view in &board.services {
                told += "  ";
                told += &text(view);
                told.push('\n');
            }
        }
    }
    told
}

#[test]
fn given_services_that_come_and_go_when_folded_then_the_board_names_those_that_matter() {
    insta::assert_snapshot!("services-come-and-go", at_checkpoints("services"));
}

#[test]
fn given_an_unready_pod_when_folded_then_it_is_withheld_unless_not_ready_addresses_are_published() {
    insta::assert_snapshot!("services-unready", at_checkpoints("unready"));
}

#[test]
fn given_every_trace_when_folded_then_no_service_reaches_a_pod_of_another_set() {
    for (name, observations) in traces() {
        let mut topology = Topology::default();
        for (at, observation) in observations {
            topology.apply(at, [observation]);
            for (set, board) in topology.boards() {
                let prefix = format!("{}-", set.name);
                let reaches = board.services.iter().flat_map(|service| &service.reaches);
                for (pod, _) in reaches {
                    assert!(pod.starts_with(&prefix), "{name}: {pod} is not of {set}");
                }
            }
        }
    }
}
