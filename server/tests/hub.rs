//! What the hub promises its subscribers: nothing lost, nothing doubled, nothing unbounded.

mod support;

use std::collections::BTreeMap;

use server::clock::now;
use server::cluster::{Report, Silence, watches};
use support::{fed, observations};
use tokio::sync::broadcast::error::TryRecvError;
use topology::board::{Board, End};
use topology::facts::{Event, Observation};
use topology::fleet::Fleet;
use topology::wire::{Changes, Format, Instance, Position, Scope, ServerMessage, Source, State, Subscription};
use topology::{Revision, SetKey, Timestamp};

/// What a client holds of one scope.
#[derive(Clone, Debug, Default, PartialEq)]
struct Held {
    revision: Revision,
    fleet: Fleet,
    board: Option<Box<Board>>,
}

impl Held {
    fn take(&mut self, frame: &server::hub::Frame) -> &'static str {
        let bytes = frame.bytes(Format::Postcard).expect("it can be written");
        match ServerMessage::decode(&bytes, Format::Postcard).expect("a message") {
            ServerMessage::Snapshot { revision, state, .. } => {
                self.revision = revision;
                match state {
                    State::Fleet(fleet) => self.fleet = fleet,
                    State::StatefulSet { board, .. } => self.board = board,
                    State::Deployment { crew, .. } => panic!("nobody asked for {crew:?}"),
                }
                "snapshot"
            }
            ServerMessage::Delta { revision, changes, .. } => {
                assert!(revision > self.revision, "{revision} after {}", self.revision);
                self.revision = revision;
                match changes {
                    Changes::Fleet(changes) => {
                        for change in &changes {
                            self.fleet.apply(change);
                        }
                    }
                    Changes::StatefulSet { changes, .. } => {
                        for change in &changes {
                            Board::apply(&mut self.board, change);
                        }
                    }
                    Changes::Deployment { changes, .. } => panic!("nobody asked for {changes:?}"),
                }
                "delta"
            }
            other => panic!("{other:?} is no content"),
        }
    }
}

fn scopes(trace: &str) -> [Scope; 2] {
    [Scope::Fleet, Scope::StatefulSet(SetKey::new(trace, "web"))]
}

#[tokio::test]
async fn given_subscribers_at_every_step_when_the_trace_goes_on_then_all_end_in_the_same_state() {
    for trace in ["seed", "scale", "rollout", "unready"] {
        let fed = fed();
        let mut clients = Vec::new();
        for (step, observation) in observations(trace).into_iter().enumerate() {
            if step % 7 == 0 {
                for scope in scopes(trace) {
                    let feed = fed.hub.subscribe(Subscription { scope, since: None }).await.expect("the hub runs");
                    let mut held = Held::default();
                    for frame in &feed.first {
                        held.take(frame);
                    }
                    clients.push((feed, held));
                }
            }
            fed.observe_and_settle(observation).await;
        }
        let view = fed.hub.view(Some(SetKey::new(trace, "web"))).await.expect("the hub runs");
        for (mut feed, mut held) in clients {
            while let Ok(frame) = feed.live.try_recv() {
                held.take(&frame);
            }
            match feed.scope {
                Scope::Fleet => assert_eq!(held.fleet, view.fleet, "{trace}"),
                Scope::StatefulSet(_) => {
                    assert_eq!(Some(held.board), view.board.clone().map(|(_, board)| board), "{trace}");
                }
                Scope::Deployment(deployment) => panic!("nobody asked for {deployment}"),
            }
        }
    }
}

#[tokio::test]
async fn given_a_client_that_was_away_when_it_resumes_then_it_gets_just_what_it_missed() {
    let trace = "rollout";
    let fed = fed();
    let mut states: BTreeMap<u64, [Held; 2]> = BTreeMap::new();
    for observation in observations(trace) {
        fed.observe_and_settle(observation).await;
        let view = fed.hub.view(Some(SetKey::new(trace, "web"))).await.expect("the hub runs");
        let board = view.board.and_then(|(_, board)| board);
        let revision = view.revision;
        let fleet = Held { revision, fleet: view.fleet, board: None };
        states.insert(revision.0, [fleet, Held { revision, fleet: Fleet::default(), board }]);
    }
    let now = states.values().last().expect("states").clone();
    for state in states.values() {
        for ((scope, held), now) in scopes(trace).into_iter().zip(state).zip(&now) {
            let mut held = held.clone();
            let since = Some(Position { instance: Instance(7), revision: held.revision });
            let feed = fed.hub.subscribe(Subscription { scope, since }).await.expect("the hub runs");
            for frame in &feed.first {
                assert_eq!(held.take(frame), "delta", "since {}", held.revision);
            }
            assert_eq!((held.fleet, held.board), (now.fleet.clone(), now.board.clone()));
        }
    }
}

#[tokio::test]
async fn given_a_position_of_another_run_or_of_the_future_when_resuming_then_a_snapshot_comes() {
    let fed = fed();
    for observation in observations("seed") {
        fed.observe_and_settle(observation).await;
    }
    for position in [
        Position { instance: Instance(8), revision: Revision(3) },
        Position { instance: Instance(7), revision: Revision(100_000) },
    ] {
        let subscription = Subscription { scope: Scope::Fleet, since: Some(position) };
        let feed = fed.hub.subscribe(subscription).await.expect("the hub runs");
        let kinds: Vec<_> = feed.first.iter().map(|frame| Held::default().take(frame)).collect();
        assert_eq!(kinds, ["snapshot"], "{position:?}");
    }
}

#[tokio::test]
async fn given_a_client_that_does_not_read_when_much_happens_then_its_channel_stays_bounded_and_it_can_begin_anew() {
    let fed = fed();
    let scope = Scope::StatefulSet(SetKey::new("seed", "web"));
    let mut feed = fed.hub.subscribe(Subscription { scope: scope.clone(), since: None }).await.expect("the hub runs");
    for _ in 0..12 {
        // Each round tells the same story of pods that come and go; versions are forgotten by a fresh list.
        for observation in observations("seed") {
            fed.observe_and_settle(observation).await;
        }
    }
    assert!(feed.live.len() > 256, "only {} frames: the trace is too short for this test", feed.live.len());
    assert!(matches!(feed.live.try_recv(), Err(TryRecvError::Lagged(_))));
    let fresh = fed.hub.subscribe(Subscription { scope, since: None }).await.expect("the hub runs");
    let mut held = Held::default();
    assert_eq!(held.take(&fresh.first[0]), "snapshot");
    let view = fed.hub.view(Some(SetKey::new("seed", "web"))).await.expect("the hub runs");
    assert_eq!(Some(held.board), view.board.map(|(_, board)| board));
}

#[tokio::test]
async fn given_many_clients_of_one_scope_when_something_happens_then_all_share_one_frame() {
    let fed = fed();
    let subscription = || Subscription { scope: Scope::Fleet, since: None };
    let mut feeds = Vec::new();
    for _ in 0..50 {
        feeds.push(fed.hub.subscribe(subscription()).await.expect("the hub runs"));
    }
    let snapshots: Vec<_> = feeds.iter().map(|feed| feed.first[0].bytes(Format::Postcard).expect("bytes")).collect();
    assert!(snapshots.iter().all(|bytes| bytes.as_ptr() == snapshots[0].as_ptr()), "one snapshot for all");
    for observation in observations("seed") {
        fed.observe_and_settle(observation).await;
    }
    let mut frames = Vec::new();
    for feed in &mut feeds {
        frames.push(feed.live.try_recv().expect("a frame").bytes(Format::Postcard).expect("bytes"));
    }
    assert!(frames.iter().all(|bytes| bytes.as_ptr() == frames[0].as_ptr()), "one encoding for all");
}

#[tokio::test]
async fn given_an_api_that_was_silent_when_pods_are_missing_then_they_may_have_ended_since_its_last_answer() {
    let fed = fed();
    let all = observations("seed");
    let gone = all.iter().position(|observation| matches!(observation.event, Event::Deleted(_))).expect("a deletion");
    for observation in all.into_iter().take(gone) {
        fed.observe_and_settle(observation).await;
    }
    // The last answer came after all of this, and before the silence was noticed.
    let answered = now();
    while now() <= answered {
        tokio::task::yield_now().await;
    }
    let silence = Silence { problem: "no answer within 3 s".to_owned(), since: answered };
    fed.reports.send(Report::Pulse(Err(silence))).await.expect("the hub runs");
    fed.settle().await;
    assert_eq!(since(&fed), answered);
    // Before every list is in anew, an answer alone makes nothing live.
    fed.reports.send(Report::Pulse(Ok(()))).await.expect("the hub runs");
    fed.settle().await;
    assert!(!fed.hub.status().borrow().source.is_live());
    for watch in watches(None) {
        fed.observe_and_settle(Observation { watch, event: Event::Listed(Vec::new()) }).await;
    }
    assert!(fed.hub.status().borrow().source.is_live());
    let view = fed.hub.view(Some(SetKey::new("seed", "web"))).await.expect("the hub runs");
    let board = view.board.and_then(|(_, board)| board).expect("its board");
    let ends: Vec<_> = board.lanes.iter().filter_map(|lane| lane.incarnations.last()?.ended).collect();
    assert!(!ends.is_empty());
    let honest = |end: &End| matches!(end, End::Unseen { after, before } if *after == answered && after < before);
    assert!(ends.iter().all(honest), "{answered:?} {ends:?}");
}

/// Since when the source is not live.
fn since(fed: &support::Fed) -> Timestamp {
    match fed.hub.status().borrow().source {
        Source::Broken { since, .. } => since,
        ref other => panic!("{other:?} is not broken"),
    }
}
