//! The walk-through's ticks, on what a real control plane did: every recorded trace ticks the steps that it contains, in
//! order, and no others.

use std::path::Path;

use server::walkthrough::{Command, Progress, Step};
use topology::facts::PodManagement;
use topology::{SetKey, Timestamp, Topology, trace};

/// Folds a trace, and shows every state of its StatefulSet `web` to the walk-through.
fn ticks(name: &str) -> Vec<Step> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../tests/traces/{name}.jsonl"));
    let entries = trace::parse(&std::fs::read_to_string(file).expect("a trace")).expect("a readable trace");
    let mut topology = Topology::new(topology::dns::Zone::default());
    let mut progress = Progress::default();
    let web = SetKey::new(name, "web");
    for (at, observation) in trace::observations(&entries) {
        topology.apply(at, [observation]);
        if let Some(board) = topology.board(&web) {
            progress.see_web(board, at);
        }
        let parallel = topology
            .board(&web)
            .filter(|board| board.controller.spec().is_some_and(|spec| spec.policy == PodManagement::Parallel));
        if let Some(board) = parallel {
            progress.see_parallel(board);
        }
    }
    Step::all().filter(|step| progress.done(*step).is_some()).collect()
}

#[test]
fn given_recorded_traces_when_seen_then_each_ticks_what_happened_in_it() {
    let table: [(&str, &[Step]); 5] = [
        ("seed", &[Step::Make, Step::Order, Step::Delete, Step::Return]),
        ("scale", &[Step::Make, Step::Order, Step::ScaleUp, Step::ScaleDown]),
        ("rollout", &[Step::Make, Step::Order]),
        ("unready", &[Step::Make, Step::Order, Step::NotReady]),
        ("parallel", &[Step::Make, Step::Parallel]),
    ];
    for (trace, expected) in table {
        let found = ticks(trace);
        let missing: Vec<_> = expected.iter().filter(|step| !found.contains(step)).collect();
        assert!(missing.is_empty(), "{trace}: {missing:?} of {found:?}");
    }
    assert!(!ticks("scale").contains(&Step::Break) && !ticks("seed").contains(&Step::ScaleUp));
}

#[test]
fn given_commands_in_pods_when_they_print_what_they_should_then_the_steps_are_ticked_and_not_before() {
    let at = Timestamp::from_millis(1_000);
    let run = |progress: &mut Progress, pod: &str, words: &[&str], output: &str, succeeded: bool| {
        let words: Vec<String> = words.iter().map(|&word| word.to_owned()).collect();
        progress.see_command(&Command { pod, words: &words, output, succeeded }, at);
    };
    let mut progress = Progress::default();
    run(&mut progress, "web-0", &["hostname"], "web-0\n", true);
    run(&mut progress, "web-1", &["hostname"], "web-0\n", true); // somebody else's name
    assert_eq!(progress.done(Step::Hostnames), None);
    run(&mut progress, "web-1", &["hostname"], "web-1\n", true);
    assert_eq!(progress.done(Step::Hostnames), Some(at));

    let answer = |name: &str, address: &str| {
        format!(
            "Server:    10.43.0.10\nAddress 1: 10.43.0.10 kube-dns\n\nName:      {name}\nAddress 1: {address} {name}\n"
        )
    };
    run(&mut progress, "dns-test", &["nslookup", "web-0.nginx"], &answer("web-0.nginx", "10.42.3.2"), true);
    run(
        &mut progress,
        "dns-test",
        &["nslookup", "web-1.nginx"],
        "Server:    10.43.0.10\nAddress 1: 10.43.0.10\n\n",
        false,
    );
    run(&mut progress, "dns-test", &["nslookup", "web-1.other"], &answer("web-1.other", "10.42.3.3"), true);
    // Only the server's own address was printed.
    run(
        &mut progress,
        "dns-test",
        &["nslookup", "web-1.nginx"],
        "Server:    10.43.0.10\nAddress 1: 10.43.0.10\n\n",
        true,
    );
    assert_eq!(progress.done(Step::Resolve), None);
    let full = "web-1.nginx.default.svc.cluster.local";
    run(&mut progress, "dns-test", &["nslookup", full], &answer(full, "10.42.1.3"), true);
    assert_eq!(progress.done(Step::Resolve), Some(at));
}

#[test]
fn given_a_deployment_when_its_pods_are_replaced_then_the_step_waits_until_new_names_are_ready() {
    let at = Timestamp::from_millis(1_000);
    let mut progress = Progress::default();
    for pod in ["api-1", "api-2"] {
        progress.see_contrast(pod, true, at);
    }
    assert_eq!(progress.done(Step::Contrast), None);
    for pod in ["api-1", "api-2"] {
        progress.miss_contrast(pod, at);
    }
    progress.see_contrast("api-3", true, at);
    progress.see_contrast("api-4", false, at);
    assert_eq!(progress.done(Step::Contrast), None);
    progress.see_contrast("api-4", true, at);
    assert_eq!(progress.done(Step::Contrast), Some(at));
}

#[test]
fn given_a_new_round_when_nothing_happened_in_it_then_what_was_before_does_not_count() {
    let mut progress = Progress::from(Timestamp::from_millis(i64::MAX / 2));
    let words = ["hostname".to_owned()];
    for pod in ["web-0", "web-1"] {
        let command = Command { pod, words: &words, output: pod, succeeded: true };
        progress.see_command(&command, Timestamp::from_millis(1_000));
    }
    assert_eq!(Step::all().filter(|step| progress.done(*step).is_some()).count(), 0);
}
