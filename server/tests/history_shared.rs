//! A database of history that several servers write, or one whose clock is wrong: nobody is shown what another one saw of
//! another part of the cluster, and a clock that jumps takes little with it.

#[path = "support/postgres.rs"]
mod postgres;
mod support;

use std::collections::BTreeSet;
use std::time::Duration;

use futures::StreamExt;
use postgres::Databases;
use server::history::{Keeping, Limits, Moment, Part, Tape, recording};
use server::ledger::{Keeper, Place, Retention, Run, Store, Watched};
use server::recording::{Head, Reader, What};
use sqlx::{Connection as _, Executor as _};
use support::{cluster, fed, observations};
use tokio::sync::{mpsc, watch};
use tokio::time::{sleep, timeout};
use topology::Timestamp;
use topology::dns::Zone;
use topology::facts::{Event, Observation, Watch};
use topology::fold::Input;

const DAY: i64 = 24 * 3_600_000;

fn at(millis: i64) -> Timestamp {
    Timestamp::from_millis(millis)
}

async fn open(place: &Place) -> Store {
    Store::open(place).await.expect("it opens").expect("it is not off")
}

/// Keeps what a run saw, one thing a second, up to this time.
async fn keep(store: &Store, part: &Part, run: u32, until: Timestamp, seen: Vec<Observation>) {
    let tape = Tape::new(100_000);
    let mut keeping = Keeping::new(tape.clone(), Zone::default(), run, Limits { events: 20, ..Limits::default() });
    let began = until.as_millis() - i64::try_from(seen.len()).expect("few") * 1_000;
    for (number, observation) in (1..).zip(seen) {
        tape.put(at(began + number * 1_000), Input::Observed(vec![observation]));
    }
    keeping.write(store, part).await.expect("it is written");
}

/// The namespaces of which something is shown at a moment; `None` when nothing is kept of it.
async fn shown(store: &Store, part: &Part, moment: Timestamp) -> Option<BTreeSet<String>> {
    let moment = Moment::at(store, part, Zone::default(), moment).await.expect("it answers")?;
    let lists = moment.topology.snapshot().lists();
    let of_list = |list: Observation| match list.event {
        Event::Listed(objects) => objects,
        event => panic!("{event:?} is no list"),
    };
    let objects = lists.into_iter().flat_map(of_list).map(|object| object.namespace().to_owned());
    Some(objects.chain(moment.topology.fleet().sets.iter().map(|(set, _)| set.namespace.clone())).collect())
}

/// The namespaces of the objects that a recording has.
async fn recorded(store: &Store, part: &Part, from: Timestamp, to: Timestamp) -> BTreeSet<String> {
    let head = Head { version: "1".to_owned(), at: from, cluster: cluster() };
    let stream = recording(store.clone(), part.clone(), Zone::default(), head, to).await.expect("it begins");
    let chunks: Vec<_> = stream.collect().await;
    let bytes: Vec<u8> = chunks.into_iter().flat_map(|chunk| chunk.expect("it is read")).collect();
    let (_, frames) = Reader::open(bytes.as_slice()).expect("a recording");
    let entries = frames.flat_map(|frame| frame.expect("whole"));
    let objects = entries.flat_map(|entry| match entry.what {
        What::Observed(Observation { event: Event::Listed(objects), .. }) => objects,
        What::Observed(Observation { event: Event::Applied(object) | Event::Deleted(object), .. }) => vec![object],
        _ => Vec::new(),
    });
    objects.map(|object| object.namespace().to_owned()).collect()
}

#[tokio::test]
async fn given_servers_that_see_more_and_less_when_they_share_a_database_then_each_is_shown_the_past_of_what_it_sees() {
    let databases = Databases::start("history-shared", "history history-shared");
    for place in &databases.places {
        share(&open(place).await).await;
    }
}

async fn share(store: &Store) {
    let (all, one) = (Part::all("c"), Part::new("c", Some(&["rollout".to_owned()])));
    let (both, other) = (
        Part::new("c", Some(&["rollout".to_owned(), "seed".to_owned()])),
        Part::new("c", Some(&["elsewhere".to_owned()])),
    );
    let of_one: Vec<Observation> = observations("rollout")
        .into_iter()
        .map(|Observation { watch, event }| Observation {
            watch: Watch { namespace: Some("rollout".to_owned()), ..watch },
            event,
        })
        .collect();
    // The traces are of two clusters; in one, the second one's lists would end what the first one had.
    let mut of_all = observations("seed");
    let more = observations("rollout").into_iter().filter(|observation| !matches!(observation.event, Event::Listed(_)));
    of_all.extend(more);
    let (first, second, third) = (at(10 * DAY), at(20 * DAY), at(30 * DAY));
    keep(store, &one, 1, first, of_one.clone()).await;
    keep(store, &all, 2, second, of_all).await;
    // Whoever sees less came last.
    keep(store, &one, 3, third, of_one).await;

    let names = |names: &[&str]| Some(names.iter().map(|name| (*name).to_owned()).collect::<BTreeSet<_>>());
    for (part, moment, expected) in [
        (&one, first, names(&["rollout"])),
        (&all, first, None),
        (&both, first, None),
        (&other, first, None),
        (&one, second, names(&["rollout"])),
        (&all, second, names(&["rollout", "seed"])),
        (&both, second, names(&["rollout", "seed"])),
        (&other, second, names(&[])),
        (&one, third, names(&["rollout"])),
        (&all, third, names(&["rollout", "seed"])),
        (&both, third, names(&["rollout", "seed"])),
    ] {
        assert_eq!(shown(store, part, moment).await, expected, "{part:?} at {moment:?}");
    }
    let window = async |part: &Part| store.window(part, at(0), at(i64::MAX)).await.expect("it answers");
    assert_eq!((window(&one).await.newest, window(&all).await.newest), (Some(third), Some(second)));
    assert!(window(&one).await.oldest < Some(first) && window(&all).await.oldest > Some(first));
    assert_eq!(recorded(store, &one, at(0), third).await, names(&["rollout"]).expect("some"));
    assert_eq!(recorded(store, &all, at(0), third).await, names(&["rollout", "seed"]).expect("some"));
    assert_eq!(recorded(store, &other, at(0), third).await, BTreeSet::new());
    for (part, namespace, known) in [(&one, "rollout", true), (&one, "seed", false), (&all, "seed", true)] {
        let set = topology::SetKey::new(namespace, "web");
        let marked = store.marked(part, &set, at(0), at(i64::MAX), 10).await.expect("it answers");
        let neighbours = store.neighbours(part, &set, third).await.expect("it answers");
        assert_eq!((!marked.times.is_empty(), neighbours.0.is_some()), (known, known), "{namespace} of {part:?}");
    }
}

#[tokio::test]
async fn given_a_clock_that_jumped_a_year_ahead_when_the_old_is_deleted_then_a_round_takes_a_day_of_history_and_not_all()
 {
    let databases = Databases::start("history-jumped", "history history-jumped");
    for place in &databases.places {
        jump(place.clone()).await;
    }
}

async fn jump(place: Place) {
    // What is replayed is kept under this name.
    let part = Part::all("recording");
    let store = open(&place).await;
    for day in 0..100 {
        let first = observations("seed").swap_remove(0);
        keep(&store, &part, u32::try_from(day).expect("few"), at(day * DAY), vec![first]).await;
    }
    let oldest = async || store.window(&part, at(0), at(i64::MAX)).await.expect("it answers").oldest;
    assert_eq!(oldest().await, Some(at(0)));
    let retention = Retention { age: Some(Duration::from_hours(90 * 24)), rows: 1_000, events: 1_000_000 };
    let keeper = Keeper::open(place, retention).await.expect("it opens").expect("it is not off");
    let (reports, mut told) = mpsc::channel(64);
    tokio::spawn(async move { while told.recv().await.is_some() {} });
    let ((stop, stopping), hub) = (watch::channel(false), fed().hub);
    let clock = || Timestamp::from_millis((99 + 365) * DAY);
    let (namespaces, zone, status) = (None, Zone::default(), hub.status());
    let kept = tokio::spawn(keeper.keep_replay(Run { namespaces, zone, reports, status, run: 1_000, clock, stopping }));
    let something_goes = async {
        while oldest().await == Some(at(0)) {
            sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(Duration::from_secs(30), something_goes).await.expect("a round begins");
    assert_eq!(oldest().await, Some(at(DAY)));
    stop.send(true).expect("it runs");
    kept.await.expect("it ends");
    assert_eq!(oldest().await, Some(at(DAY)));
}

#[tokio::test]
async fn given_a_ledger_of_before_segments_told_namespaces_when_opened_then_they_have_those_that_their_runs_watched() {
    let databases = Databases::start("history-namespaces", "history history-namespaces");
    for place in &databases.places {
        let store = open(place).await;
        let names = vec!["rollout".to_owned(), "seed".to_owned()];
        let (all, some) = (Part::all("c"), Part::new("c", Some(&names)));
        for (run, part, namespaces) in [(1, &all, None), (2, &some, Some(names.clone()))] {
            let until = at(i64::from(run) * DAY);
            keep(&store, part, run, until, observations("rollout")).await;
            let watched = Watched { run, began: at(0), until, namespaces };
            store.write("c", Vec::new(), Some(&watched)).await.expect("it is written");
        }
        let newest = async |store: &Store, part: &Part| {
            store.window(part, at(0), at(i64::MAX)).await.expect("it answers").newest
        };
        let now = (newest(&store, &all).await, newest(&store, &some).await);
        assert_eq!(now, (Some(at(DAY)), Some(at(2 * DAY))));
        store.close().await;
        let mut connection = sqlx::AnyConnection::connect(&url(place)).await.expect("it connects");
        for statement in
            ["ALTER TABLE segments DROP COLUMN namespaces", "DELETE FROM berth_migrations WHERE version = 3"]
        {
            connection.execute(statement).await.expect("it is as it was");
        }
        connection.close().await.expect("it ends");
        let store = open(place).await;
        assert_eq!((newest(&store, &all).await, newest(&store, &some).await), now);
    }
}

/// Where a database is, for others than the ledger.
fn url(place: &Place) -> String {
    match place {
        Place::File(path) => format!("sqlite://{}", path.to_str().expect("text").replace(' ', "%20")),
        Place::Postgres(url) => url.clone(),
        Place::Off | Place::Memory => panic!("nobody else reaches {place}"),
    }
}
