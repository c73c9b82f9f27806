//! What the fold promises, on the recorded traces.

mod support;

use std::collections::BTreeMap;

use proptest::prelude::*;
use serde_json::json;
use support::{Cluster, objects, traces};
use topology::board::{Board, Controller, End, Incarnation};
use topology::facts::{Event, Kind, Object, Observation, Watch};
use topology::fleet::Fleet;
use topology::fold::{Delta, MAX_FORMER_BOARDS};
use topology::order::Reason;
use topology::{SetKey, Stage, Timestamp, Topology};

/// What a client holds that began with a snapshot and took every delta since.
#[derive(Clone, Default, PartialEq, Debug)]
struct Client {
    fleet: Fleet,
    boards: BTreeMap<SetKey, Option<Box<Board>>>,
}

impl Client {
    fn snapshot(topology: &Topology) -> Self {
        let boards = topology.boards().map(|(set, board)| (set.clone(), Some(Box::new(board.clone()))));
        Self { fleet: topology.fleet().clone(), boards: boards.collect() }
    }

    fn take(&mut self, delta: &Delta) {
        for (set, changes) in &delta.boards {
            let board = self.boards.entry(set.clone()).or_default();
            for change in changes {
                Board::apply(board, change);
            }
        }
        self.boards.retain(|_, board| board.is_some());
        delta.fleet.iter().for_each(|change| self.fleet.apply(change));
    }
}

/// The state without what depends on how it was watched: histories and arrival times.
fn present(topology: &Topology) -> Vec<String> {
    topology
        .boards()
        .filter(|(_, board)| board.controller.spec().is_some() || board.pods().next().is_some())
        .map(|(set, board)| {
            let pods: Vec<_> = board
                .pods()
                .map(|(ordinal, pod)| {
                    let Incarnation { uid, ips, node, columns, phase, ready_since, deleting, revision, .. } = pod;
                    (ordinal, uid, ips, node, columns, phase, ready_since, deleting, revision)
                })
                .collect();
            let reason = std::mem::discriminant(&board.order.reason);
            let mut services = board.services.clone();
            for service in &mut services {
                service.former.clear();
            }
            let (controller, counts) = (&board.controller, &board.counts);
            format!("{set} {controller:?} {counts:?} {services:?} {:?} {reason:?} {pods:?}", board.strangers)
        })
        .collect()
}

fn fold(observations: &[(Timestamp, Observation)]) -> Topology {
    let mut topology = Topology::default();
    for (at, observation) in observations {
        topology.apply(*at, [observation.clone()]);
    }
    topology
}

#[test]
fn given_any_prefix_when_the_rest_arrives_as_deltas_then_snapshot_plus_deltas_is_the_later_snapshot() {
    for (name, observations) in traces() {
        let mut topology = Topology::default();
        let mut clients = vec![(0, Client::default())];
        for (step, (at, observation)) in observations.iter().enumerate() {
            let before = topology.revision();
            let delta = topology.apply(*at, [observation.clone()]);
            let now = Client::snapshot(&topology);
            if let Some(delta) = &delta {
                assert_eq!(delta.revision, before.next(), "{name}: revisions count up by one");
                assert_eq!(delta.revision, topology.revision());
                for (_, client) in &mut clients {
                    client.take(delta);
                }
            }
            for (begun, client) in &clients {
                assert_eq!(*client, now, "{name}: client of step {begun} at step {step}");
            }
            clients.push((step, now));
        }
    }
}

#[test]
fn given_a_trace_when_folded_then_the_pods_on_the_boards_are_the_pods_of_the_cluster() {
    for (name, observations) in traces() {
        let (mut topology, mut cluster) = (Topology::default(), Cluster::default());
        for (at, observation) in &observations {
            topology.apply(*at, [observation.clone()]);
            cluster.observe(observation);
            let mut expected: Vec<_> = cluster
                .pods()
                .filter(|pod| pod.owner.as_ref().is_some_and(|owner| owner.is_stateful_set))
                .map(|pod| (pod.uid.clone(), pod.ips.clone(), pod.stage, pod.columns.clone()))
                .collect();
            let mut shown: Vec<_> = topology
                .boards()
                .flat_map(|(_, board)| board.pods())
                .map(|(_, pod)| (pod.uid.clone(), pod.ips.clone(), pod.stage(), pod.columns.clone()))
                .collect();
            expected.sort_by(|one, other| one.0.cmp(&other.0));
            shown.sort_by(|one, other| one.0.cmp(&other.0));
            assert_eq!(shown, expected, "{name} at {at:?}");
        }
    }
}

#[test]
fn given_the_walk_through_when_both_pods_are_deleted_then_names_return_in_order_with_other_uids_and_ips() {
    let (_, observations) = traces().into_iter().find(|(name, _)| name == "seed").expect("the walk-through's trace");
    let topology = fold(&observations);
    let board = topology.board(&SetKey::new("seed", "web")).expect("its board");
    assert_eq!(board.lanes.len(), 2);
    for lane in &board.lanes {
        let [first, second] = &lane.incarnations[..] else { panic!("two incarnations of {}", lane.ordinal) };
        assert!(matches!(first.ended, Some(End::Seen { .. })));
        assert!(second.ended.is_none() && second.stage() == Stage::Ready);
        assert_ne!(first.uid, second.uid);
        assert_ne!(first.ips, second.ips);
        assert_eq!(first.hostname, second.hostname);
        assert_eq!(second.hostname, board.set.pod_name(lane.ordinal));
        let stages: Vec<Stage> = second.spans.iter().map(|span| span.stage).collect();
        assert_eq!(stages, [Stage::Pending, Stage::Creating, Stage::Ready]);
    }
    let ready = |lane: usize, at: usize| {
        let spans = &board.lanes[lane].incarnations[at].spans;
        spans.iter().find(|span| span.stage == Stage::Ready).expect("it became Ready").from
    };
    for at in [0, 1] {
        assert!(board.lanes[1].incarnations[at].first_seen >= ready(0, at), "web-1 came after web-0 was Ready");
    }
    assert_eq!(board.order.reason, Reason::Settled { pods: 2 });
}

#[test]
fn given_a_fresh_list_after_any_step_when_it_arrives_then_nothing_changes() {
    for (name, observations) in traces() {
        let (mut topology, mut cluster) = (Topology::default(), Cluster::default());
        for (at, observation) in &observations {
            topology.apply(*at, [observation.clone()]);
            cluster.observe(observation);
            for kind in Kind::ALL {
                let delta = topology.apply(*at, [cluster.list(kind)]);
                if topology_has_list(&observations, kind, *at) {
                    assert_eq!(delta, None, "{name} at {at:?}: {kind:?}");
                }
            }
        }
    }
}

fn topology_has_list(observations: &[(Timestamp, Observation)], kind: Kind, until: Timestamp) -> bool {
    observations.iter().any(|(at, observation)| {
        *at <= until && observation.watch.kind == kind && matches!(observation.event, Event::Listed(_))
    })
}

#[test]
fn given_a_watch_that_broke_when_pods_are_gone_from_the_next_list_then_their_end_is_a_stretch_not_a_moment() {
    let (_, observations) = traces().into_iter().find(|(name, _)| name == "seed").expect("the walk-through's trace");
    let running = observations
        .iter()
        .position(|(_, observation)| matches!(observation.event, Event::Deleted(_)))
        .expect("a deletion");
    let mut topology = fold(&observations[..running]);
    let pods = |event| Observation { watch: topology::facts::Watch::everywhere(Kind::Pod), event };
    let (broken, back) = (Timestamp::from_millis(1_000_000), Timestamp::from_millis(1_030_000));
    // The break is noticed late, and more than once.
    let noticed = Timestamp::from_millis(1_005_000);
    topology.apply(noticed, [pods(Event::Interrupted { since: noticed })]);
    topology.apply(noticed, [pods(Event::Interrupted { since: broken })]);
    topology.apply(noticed, [pods(Event::Interrupted { since: noticed })]);
    topology.apply(back, [pods(Event::Listed(Vec::new()))]);
    let board = topology.board(&SetKey::new("seed", "web")).expect("its board");
    assert_eq!(board.pods().count(), 0);
    for lane in &board.lanes {
        let ended = lane.incarnations.last().and_then(|last| last.ended);
        assert_eq!(ended, Some(End::Unseen { after: broken, before: back }));
    }
}

#[test]
fn given_a_watch_that_reported_after_the_last_sign_of_life_when_it_breaks_then_the_gap_begins_at_its_report() {
    let pods = |event| Observation { watch: topology::facts::Watch::everywhere(Kind::Pod), event };
    let (_, observations) = traces().into_iter().find(|(name, _)| name == "seed").expect("the walk-through's trace");
    let gone = observations.iter().position(|(_, observation)| matches!(observation.event, Event::Deleted(_)));
    let mut topology = fold(&observations[..gone.expect("a deletion")]);
    let list = list_after(&observations, gone.expect("a deletion"));
    let (listed, noticed) = (Timestamp::from_millis(1_000_000), Timestamp::from_millis(1_005_000));
    let back = Timestamp::from_millis(1_030_000);
    topology.apply(listed, [list]);
    topology.apply(noticed, [pods(Event::Interrupted { since: Timestamp::from_millis(999_000) })]);
    topology.apply(back, [pods(Event::Listed(Vec::new()))]);
    let board = topology.board(&SetKey::new("seed", "web")).expect("its board");
    let ends: Vec<_> = board.lanes.iter().filter_map(|lane| lane.incarnations.last()?.ended).collect();
    assert!(!ends.is_empty());
    assert!(ends.iter().all(|end| *end == End::Unseen { after: listed, before: back }), "{ends:?}");
}

/// A fresh list of the pods that are there after so many observations.
fn list_after(observations: &[(Timestamp, Observation)], count: usize) -> Observation {
    let mut cluster = Cluster::default();
    for (_, observation) in &observations[..count] {
        cluster.observe(observation);
    }
    cluster.list(Kind::Pod)
}

#[test]
fn given_a_watch_that_resumes_when_it_catches_up_then_what_it_missed_has_no_moment_and_what_follows_has() {
    let (_, observations) = traces().into_iter().find(|(name, _)| name == "seed").expect("the walk-through's trace");
    let running = observations
        .iter()
        .position(|(_, observation)| matches!(observation.event, Event::Deleted(_)))
        .expect("a deletion");
    let web_0_is_gone = running + 1;
    let mut topology = fold(&observations[..running]);
    let pods = |event| Observation { watch: topology::facts::Watch::everywhere(Kind::Pod), event };
    let (broken, back) = (Timestamp::from_millis(1_000_000), Timestamp::from_millis(1_030_000));
    topology.apply(broken, [pods(Event::Interrupted { since: broken })]);
    let (missed, seen) = observations[running..].split_at(web_0_is_gone - running);
    topology.apply(back, missed.iter().map(|(_, observation)| observation.clone()));
    topology.apply(back, [pods(Event::CaughtUp)]);
    let later = Timestamp::from_millis(1_060_000);
    topology.apply(later, seen.iter().map(|(_, observation)| observation.clone()));
    let board = topology.board(&SetKey::new("seed", "web")).expect("its board");
    let ends: Vec<_> = board.lanes.iter().map(|lane| lane.incarnations[0].ended).collect();
    assert!(ends.contains(&Some(End::Unseen { after: broken, before: back })), "{ends:?}");
    assert!(ends.contains(&Some(End::Seen { at: later })), "{ends:?}");
}

#[test]
fn given_a_set_that_is_deleted_when_its_pods_are_gone_then_its_history_stays() {
    let (_, observations) = traces().into_iter().find(|(name, _)| name == "scale").expect("the trace");
    let topology = fold(&observations);
    let board = topology.board(&SetKey::new("scale", "web")).expect("its board");
    assert!(matches!(board.controller, Controller::Gone { .. }));
    assert_eq!(board.lanes.len(), 5);
    assert_eq!(board.order.reason, Reason::NoController { pods: 0 });
    assert!(topology.fleet().set(&board.set).is_some_and(|summary| !summary.exists));
}

#[test]
fn given_more_sets_that_are_gone_than_are_kept_when_another_goes_then_the_oldest_is_forgotten_in_whatever_order_they_ended()
 {
    let of = |number: usize| -> Vec<Object> {
        let (set, uid) = (format!("set-{number:03}"), format!("uid-{number}"));
        let owner =
            json!({"apiVersion": "apps/v1", "kind": "StatefulSet", "name": set, "uid": uid, "controller": true});
        let described = vec![
            json!({"kind": "StatefulSet", "apiVersion": "apps/v1", "metadata": {"namespace": "shop", "name": set, "uid": uid},
                   "spec": {"serviceName": "web", "replicas": 1, "selector": {}, "template": {"spec": {"containers": []}}}}),
            json!({"kind": "Pod", "apiVersion": "v1",
                   "metadata": {"namespace": "shop", "name": format!("{set}-0"), "uid": format!("pod-{number}"),
                                "ownerReferences": [owner]},
                   "spec": {"containers": []}, "status": {"phase": "Pending"}}),
        ];
        let listed = objects(described).into_iter().flat_map(|list| match list.event {
            Event::Listed(objects) => objects,
            _ => Vec::new(),
        });
        listed.collect()
    };
    let told = |event: fn(Object) -> Event, object: Object| Observation {
        watch: Watch::everywhere(object.kind()),
        event: event(object),
    };
    let (mut topology, mut now) = (Topology::default(), 0);
    let mut apply = |topology: &mut Topology, observations: Vec<Observation>| {
        now += 1_000;
        topology.apply(Timestamp::from_millis(now), observations);
    };
    apply(&mut topology, objects(Vec::new()));
    let all = MAX_FORMER_BOARDS + 40;
    for number in 0..all {
        let applied = of(number).into_iter().map(|object| told(Event::Applied, object)).collect();
        apply(&mut topology, applied);
    }
    for number in 0..all {
        let mut gone: Vec<_> = of(number).into_iter().map(|object| told(Event::Deleted, object)).collect();
        match number % 3 {
            0 => apply(&mut topology, gone),
            order => {
                if order == 1 {
                    gone.reverse();
                }
                for gone in gone {
                    apply(&mut topology, vec![gone]);
                }
            }
        }
        let kept: Vec<_> = topology.boards().map(|(set, _)| set.name.clone()).collect();
        let first = (number + 1).saturating_sub(MAX_FORMER_BOARDS);
        assert_eq!(kept, (first..all).map(|number| format!("set-{number:03}")).collect::<Vec<_>>(), "{number}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    /// The four watches are independent connections: any interleaving of them is possible, and after a reconnection
    /// events come twice.
    #[test]
    fn given_any_interleaving_and_duplication_when_folded_then_the_state_is_the_same(
        picks in prop::collection::vec((any::<prop::sample::Index>(), any::<bool>()), 4096),
    ) {
        for (name, observations) in traces() {
            let expected = fold(&observations);
            let mut watches: Vec<Vec<(Timestamp, Observation)>> = Kind::ALL
                .iter()
                .map(|kind| observations.iter().filter(|(_, it)| it.watch.kind == *kind).cloned().rev().collect())
                .collect();
            let mut topology = Topology::default();
            for (pick, twice) in picks.iter().cycle() {
                watches.retain(|watch| !watch.is_empty());
                if watches.is_empty() {
                    break;
                }
                let watch = pick.index(watches.len());
                let Some((at, observation)) = watches[watch].pop() else { continue };
                topology.apply(at, [observation.clone()]);
                if *twice {
                    topology.apply(at, [observation]);
                }
            }
            prop_assert_eq!(expected.boards().count(), topology.boards().count());
            for ((set, board), (_, other)) in expected.boards().zip(topology.boards()) {
                prop_assert_eq!(board, other, "{}: {}", name, set);
            }
            prop_assert_eq!(expected.fleet(), topology.fleet());
        }
    }

    /// A watch may break at any point and begin again with a list.
    #[test]
    fn given_a_fresh_list_at_any_points_when_folded_on_then_what_is_now_is_the_same(
        restarts in prop::collection::vec((any::<prop::sample::Index>(), 0..4_usize), 1..6),
        batch in 1..5_usize,
    ) {
        for (name, observations) in traces() {
            let restarts: Vec<(usize, Kind)> =
                restarts.iter().map(|(at, kind)| (at.index(observations.len()), Kind::ALL[*kind])).collect();
            let (mut topology, mut cluster) = (Topology::default(), Cluster::default());
            for (step, chunk) in observations.chunks(batch).enumerate() {
                let at = chunk[0].0;
                topology.apply(at, chunk.iter().map(|(_, observation)| observation.clone()));
                for (_, observation) in chunk {
                    cluster.observe(observation);
                }
                for (_, kind) in restarts.iter().filter(|(restart, _)| restart / batch == step) {
                    let list = cluster.list(*kind);
                    let interrupted = Observation { watch: list.watch.clone(), event: Event::Interrupted { since: at } };
                    topology.apply(at, [interrupted, list]);
                }
            }
            prop_assert_eq!(present(&fold(&observations)), present(&topology), "{}", name);
        }
    }
}
