//! The walk-through's ticks, on what a real control plane did: every recorded trace ticks the steps that it contains, in
//! order, and no others; and what only looks like a step ticks none.

use std::path::Path;

use server::walkthrough::{Command, Progress, Replica, ReplicaStage, Step};
use topology::board::{Board, Controller, Found, ReachState};
use topology::facts::{PodManagement, UpdateStrategy};
use topology::{Ordinal, SetKey, Stage, Timestamp, Topology, trace};

/// Every state of the StatefulSet `web` of a trace, with its time.
fn boards(name: &str) -> Vec<(Timestamp, Board)> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../tests/traces/{name}.jsonl"));
    let entries = trace::parse(&std::fs::read_to_string(file).expect("a trace")).expect("a readable trace");
    let mut topology = Topology::new(topology::dns::Zone::default());
    let web = SetKey::new(name, "web");
    let mut boards = Vec::new();
    for (at, observation) in trace::observations(&entries) {
        topology.apply(at, [observation]);
        boards.extend(topology.board(&web).map(|board| (at, board.clone())));
    }
    boards
}

fn show(progress: &mut Progress, board: &Board, at: Timestamp) {
    progress.see_web(board, at);
    if board.controller.spec().is_some_and(|spec| spec.policy == PodManagement::Parallel) {
        progress.see_parallel(board);
    }
}

fn ticked(progress: &Progress) -> Vec<Step> {
    Step::all().filter(|step| progress.done(*step).is_some()).collect()
}

/// The steps that a trace ticks when each of its states is changed by `change` before it is shown.
fn ticks_of(name: &str, change: impl Fn(&mut Board)) -> Vec<Step> {
    let mut progress = Progress::default();
    for (at, mut board) in boards(name) {
        change(&mut board);
        show(&mut progress, &board, at);
    }
    ticked(&progress)
}

#[test]
fn given_recorded_traces_when_seen_then_each_ticks_what_happened_in_it_in_order_and_nothing_else() {
    let table: [(&str, &[Step]); 6] = [
        ("seed", &[Step::Make, Step::Order, Step::Delete, Step::Return]),
        ("scale", &[Step::Make, Step::Order, Step::ScaleUp, Step::ScaleDown]),
        ("rollout", &[Step::Make, Step::Order, Step::Partition, Step::Finish]),
        ("unready", &[Step::Make, Step::Order, Step::NotReady, Step::Publish]),
        ("parallel", &[Step::Make, Step::Parallel]),
        ("services", &[Step::Make, Step::Order]),
    ];
    for (name, expected) in table {
        let mut progress = Progress::default();
        let mut before: Vec<Option<Timestamp>> = Step::all().map(|_| None).collect();
        for (at, board) in boards(name) {
            show(&mut progress, &board, at);
            let times: Vec<Option<Timestamp>> = Step::all().map(|step| progress.done(step)).collect();
            let goes_on = before.iter().zip(&times).all(|(before, now)| before <= now);
            assert!(goes_on && times.iter().flatten().all(|time| *time <= at), "{name}: {before:?} {times:?}");
            before = times;
        }
        assert_eq!(ticked(&progress), expected, "{name}");
    }
}

#[test]
fn given_what_only_looks_like_a_step_when_seen_then_it_is_not_ticked() {
    let first =
        |board: &mut Board| -> Option<Timestamp> { Some(board.lane(Ordinal(0))?.incarnations.first()?.first_seen) };
    let never = |name: &str, step: Step, why: &str, change: &dyn Fn(&mut Board)| {
        assert!(ticks_of(name, |_| {}).contains(&step), "{name} has it");
        let found = ticks_of(name, change);
        assert!(!found.contains(&step), "{step:?} though {why}: {found:?}");
    };
    let spec = |board: &mut Board, change: &dyn Fn(&mut topology::board::Spec)| {
        if let Controller::Present(spec) = &mut board.controller {
            change(spec);
        }
    };
    let pod = |board: &mut Board, ordinal: u32, change: &dyn Fn(&mut topology::board::Incarnation)| {
        let lane = board.lanes.iter_mut().find(|lane| lane.ordinal == Ordinal(ordinal));
        lane.into_iter().flat_map(|lane| &mut lane.incarnations).for_each(change);
    };
    never("seed", Step::Order, "web-1 was there when it was looked", &|board| {
        pod(board, 1, &|pod| pod.found = Found::Listed);
    });
    never("seed", Step::Order, "web-0 was Ready when it was found, and both came at once", &|board| {
        let at = first(board);
        pod(board, 0, &|pod| {
            pod.found = Found::Listed;
            pod.spans.retain(|span| span.stage == Stage::Ready);
        });
        pod(board, 1, &|pod| pod.first_seen = at.unwrap_or(pod.first_seen));
    });
    never("seed", Step::Order, "web-1 came before web-0 was Ready", &|board| {
        let at = first(board);
        pod(board, 1, &|pod| pod.first_seen = at.unwrap_or(pod.first_seen));
    });
    never("seed", Step::Delete, "nobody wanted them any more", &|board| spec(board, &|spec| spec.replicas = 0));
    never("seed", Step::Delete, "they went with their set", &|board| {
        spec(board, &|spec| spec.deleting = Some(Timestamp::from_millis(1)));
    });
    never("seed", Step::Return, "they have the addresses of before", &|board| {
        for ordinal in [0, 1] {
            pod(board, ordinal, &|pod| pod.ips = vec!["10.42.0.9".parse().expect("an address")]);
        }
    });
    never("scale", Step::ScaleUp, "all were there from the beginning", &|board| {
        let uid = format!("{}", board.counts.replicas);
        spec(board, &|spec| spec.uid = uid.as_str().into());
    });
    never("scale", Step::ScaleUp, "one that is wanted is missing", &|board| {
        spec(board, &|spec| spec.replicas += u32::from(spec.replicas > 2));
    });
    never("scale", Step::ScaleUp, "a lower one is not Ready", &|board| {
        let count = board.lanes.len();
        pod(board, 1, &|pod| {
            if count > 2 {
                pod.spans.retain(|span| span.stage != Stage::Ready);
                pod.spans.push(topology::board::Span { stage: Stage::Starting, from: pod.first_seen });
            }
        });
    });
    never("unready", Step::NotReady, "its address is served", &|board| {
        for service in &mut board.services {
            for slice in &mut service.slices {
                let slice = std::sync::Arc::make_mut(slice);
                slice.endpoints.iter_mut().for_each(|endpoint| endpoint.state = ReachState::Ready);
            }
        }
    });
    never("parallel", Step::Parallel, "the first was Ready before another came", &|board| {
        for ordinal in 4..10 {
            pod(board, ordinal, &|pod| pod.first_seen = Timestamp::from_millis(pod.first_seen.as_millis() + 600_000));
        }
    });
}

#[test]
fn given_a_pod_that_is_not_ready_when_the_service_publishes_then_the_step_waits_until_its_record_is_served() {
    let publish = |state: ReachState, hostname: Option<&str>| {
        ticks_of("unready", |board| {
            for service in &mut board.services {
                service.publishes_not_ready = true;
                for slice in &mut service.slices {
                    for endpoint in &mut std::sync::Arc::make_mut(slice).endpoints {
                        endpoint.state = state;
                        endpoint.hostname = hostname.map_or_else(|| endpoint.pod.clone(), |name| Some(name.to_owned()));
                    }
                }
            }
        })
        .contains(&Step::Publish)
    };
    assert!(publish(ReachState::Ready, None));
    assert!(!publish(ReachState::Withheld, None), "it is asked for, but not served yet");
    assert!(!publish(ReachState::Ready, Some("another")), "the address is served, but not under its name");
}

#[test]
fn given_a_rollout_when_the_partition_leaves_no_pod_out_or_leaves_all_out_then_nothing_was_updated_in_part() {
    let partition = |wanted: u32| {
        ticks_of("rollout", |board| {
            if let Controller::Present(spec) = &mut board.controller
                && let UpdateStrategy::RollingUpdate { partition, .. } = &mut spec.strategy
            {
                *partition = wanted;
            }
        })
    };
    for wanted in [0, 3, 9] {
        assert!(!partition(wanted).contains(&Step::Partition), "{wanted}");
    }
    assert!(partition(2).contains(&Step::Partition));
}

#[test]
fn given_a_round_that_begins_later_when_seen_then_what_came_before_it_does_not_count() {
    for name in ["seed", "scale", "parallel", "unready"] {
        let all = boards(name);
        let end = all.last().map(|(at, _)| Timestamp::from_millis(at.as_millis() + 1)).expect("states");
        let mut progress = Progress::from(end, "cluster.local");
        for (at, board) in &all {
            show(&mut progress, board, *at);
        }
        assert_eq!(ticked(&progress), [], "{name}");
        // Seen once more in the new round, with the lanes of the one before.
        let (_, board) = all.last().expect("states");
        show(&mut progress, board, end);
        let found = ticked(&progress);
        assert!(found.iter().all(|step| matches!(step, Step::Make | Step::Publish)), "{name}: {found:?}");
    }
}

#[test]
fn given_lanes_of_an_earlier_round_when_all_come_at_once_again_then_it_is_ticked_again() {
    let all = boards("parallel");
    let (shift, end) = (1_000_000, all.last().map(|(at, _)| *at).expect("states"));
    let later = |at: Timestamp| Timestamp::from_millis(at.as_millis() + shift);
    let mut progress = Progress::from(Timestamp::from_millis(end.as_millis() + 1), "cluster.local");
    let (_, before) = all.last().expect("states");
    for (at, mut board) in all.clone() {
        // The pods of before have ended, and stand before those of now.
        for lane in &mut board.lanes {
            for pod in &mut lane.incarnations {
                pod.first_seen = later(pod.first_seen);
                pod.spans.iter_mut().for_each(|span| span.from = later(span.from));
            }
            let earlier = before.lane(lane.ordinal).into_iter().flat_map(|lane| lane.incarnations.clone());
            lane.incarnations.splice(0..0, earlier);
        }
        progress.see_parallel(&board);
        let _ = at;
    }
    assert!(progress.done(Step::Parallel).is_some_and(|at| at > end));
}

fn run(progress: &mut Progress, at: Timestamp, pod: &str, words: &[&str], output: &str, succeeded: bool) {
    let words: Vec<String> = words.iter().map(|&word| word.to_owned()).collect();
    progress.see_command(&Command { pod, words: &words, output, succeeded }, at);
}

#[test]
fn given_commands_in_pods_when_they_print_what_they_should_then_the_steps_are_ticked_and_not_before() {
    let at = Timestamp::from_millis(1_000);
    let mut progress = Progress::default();
    run(&mut progress, at, "web-0", &["hostname"], "web-0\n", true);
    run(&mut progress, at, "web-1", &["hostname"], "web-0\n", true); // somebody else's name
    assert_eq!(progress.done(Step::Hostnames), None);
    run(&mut progress, at, "web-1", &["hostname"], "web-1\n", true);
    assert_eq!(progress.done(Step::Hostnames), Some(at));

    let server = "Server:    10.43.0.10\nAddress 1: 10.43.0.10 kube-dns\n\n";
    let answer = |name: &str| format!("{server}Name:      {name}\nAddress 1: 10.42.1.3 {name}\n");
    run(&mut progress, at, "dns-test", &["nslookup", "web-0.nginx"], &answer("web-0.nginx"), true);
    run(&mut progress, at, "dns-test", &["nslookup", "web-1.nginx"], server, false);
    // Only the server's own address was printed.
    run(&mut progress, at, "dns-test", &["nslookup", "web-1.nginx"], server, true);
    let others = [
        "web-1.other",
        "web-1.nginx.other",
        "web-1.nginx.other.svc.cluster.local",
        "web-1.nginx.default.pod",
        "web-1.nginx.default.svc.example.org",
        "web-1.nginx.default.svc.cluster.local.example.org",
        "web-1.nginx.example.org",
        "web-10.nginx",
        "xweb-1.nginx",
        "web-1.nginxx",
        "web-1",
    ];
    for name in others {
        run(&mut progress, at, "dns-test", &["nslookup", name], &answer(name), true);
        assert_eq!(progress.done(Step::Resolve), None, "{name}");
    }
    let names = [
        "web-1.nginx",
        "WEB-1.nginx",
        "web-1.nginx.default",
        "web-1.nginx.default.svc",
        "web-1.nginx.default.svc.cluster.local",
        "web-1.nginx.default.svc.cluster.local.",
    ];
    for name in names {
        let mut progress = Progress::default();
        for name in ["web-0.nginx", name] {
            run(&mut progress, at, "dns-test", &["nslookup", name], &answer(name), true);
        }
        assert_eq!(progress.done(Step::Resolve), Some(at), "{name}");
    }
    let mut elsewhere = Progress::from(at, "example.org");
    for name in ["web-0.nginx", "web-1.nginx.default.svc.example.org"] {
        run(&mut elsewhere, at, "dns-test", &["nslookup", name], &answer(name), true);
    }
    assert_eq!(elsewhere.done(Step::Resolve), Some(at));
}

/// What happens to pods with the Deployment's label: `+` is not Ready, `*` Ready, `-` asked to go, `x` gone, `~` Ready and
/// of nobody, `=` Ready and of a StatefulSet.
fn contrast(story: &str) -> bool {
    let at = Timestamp::from_millis(1_000);
    let mut progress = Progress::default();
    for word in story.split(' ') {
        let (what, name) = word.split_at(1);
        let (owner, stage) = match what {
            "+" => (Some("ReplicaSet"), ReplicaStage::NotReady),
            "*" => (Some("ReplicaSet"), ReplicaStage::Ready),
            "-" => (Some("ReplicaSet"), ReplicaStage::Going),
            "~" => (None, ReplicaStage::Ready),
            "=" => (Some("StatefulSet"), ReplicaStage::Ready),
            _ => {
                progress.miss_contrast(name, at);
                continue;
            }
        };
        progress.see_contrast(&Replica { name, owner, stage }, at);
    }
    progress.done(Step::Contrast).is_some()
}

#[test]
fn given_a_deployment_when_two_pods_were_lost_then_the_step_waits_for_two_that_came_for_them() {
    for (story, done, why) in [
        ("*1 *2 -1 +3 -2 +4 *3 x1 x2 *4", true, "the first came before the second was lost"),
        ("*1 *2 -1 -2 +3 +4 *3 *4", true, "they are replaced before they are gone"),
        ("*1 *2 x1 x2 *3 *4", true, "nobody saw them being asked to go"),
        ("*1 *2 -1 -2 x1 x2 *3 +4", false, "one is not Ready"),
        ("*1 *2 *3 *4 -3 -4 x3 x4", false, "it was scaled up and down"),
        ("*1 *2 *3 -1 x1 *4 -2 x2", false, "a rolling update brings one before it takes one"),
        ("*1 *2 -1 -2 x1 x2 *1 *3", false, "a name is back"),
        ("~1 ~2 x1 x2 ~3 ~4", false, "nobody owns them"),
        ("=1 =2 x1 x2 =3 =4", false, "they are a StatefulSet's"),
        ("*1 *2 -1 -2 x1 x2 ~3 ~4", false, "what came is nobody's"),
    ] {
        assert_eq!(contrast(story), done, "{story}: {why}");
    }
}

#[test]
fn given_a_new_round_when_nothing_happened_in_it_then_what_was_before_does_not_count() {
    let mut progress = Progress::from(Timestamp::from_millis(i64::MAX / 2), "cluster.local");
    for pod in ["web-0", "web-1"] {
        run(&mut progress, Timestamp::from_millis(1_000), pod, &["hostname"], pod, true);
    }
    assert_eq!(ticked(&progress), []);
}
