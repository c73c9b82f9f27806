//! What the ledger's store promises, on SQLite and on a real PostgreSQL alike.

#[path = "support/postgres.rs"]
mod postgres;

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use postgres::Databases;
use server::ledger::{Filter, Place, Retention, State, Store, StoreError, Watched};
use sqlx::{Connection, Executor};
use topology::facts::Observation;
use topology::ledger::{Ledger, Row};
use topology::{Ordinal, Timestamp, Topology, Uid, trace};

const CLUSTER: &str = "cluster-uid";

fn databases(name: &str) -> Databases {
    Databases::start(name, &format!("ledger {name}?#%"))
}

async fn open(place: &Place) -> Store {
    Store::open(place).await.expect("it opens").expect("it is not off")
}

fn observations(name: &str) -> Vec<(Timestamp, Observation)> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../tests/traces/{name}.jsonl"));
    trace::observations(&trace::parse(&std::fs::read_to_string(file).expect("a trace")).expect("a readable trace"))
}

/// The rows that a watcher of the trace writes, batch by batch, who sees everything so many milliseconds late.
fn batches(name: &str, late: i64) -> Vec<Vec<Row>> {
    let (mut topology, mut ledger) = (Topology::default(), Ledger::default());
    let follow = |(at, observation): (Timestamp, Observation)| {
        let delta = topology.apply(Timestamp::from_millis(at.as_millis() + late), [observation])?;
        Some(ledger.follow(&topology, &delta)).filter(|rows| !rows.is_empty())
    };
    observations(name).into_iter().filter_map(follow).collect()
}

fn last(batches: &[Vec<Row>]) -> BTreeMap<Uid, Row> {
    batches.iter().flatten().map(|row| (row.uid.clone(), row.clone())).collect()
}

/// What another program does with the database.
async fn execute(place: &Place, statement: &'static str) {
    match place {
        Place::File(path) => {
            let options = sqlx::sqlite::SqliteConnectOptions::new().filename(path);
            let mut connection = sqlx::SqliteConnection::connect_with(&options).await.expect("it opens");
            connection.execute(statement).await.expect("it is done");
        }
        Place::Postgres(url) => {
            let mut connection = sqlx::PgConnection::connect(url).await.expect("it opens");
            connection.execute(statement).await.expect("it is done");
        }
        Place::Off | Place::Memory => {}
    }
}

async fn all(store: &Store) -> BTreeMap<Uid, Row> {
    let page = store.page(CLUSTER, &Filter::default(), None, 1_000).await.expect("it answers");
    page.rows.into_iter().map(|row| (row.uid.clone(), row)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn given_a_history_when_it_is_written_step_by_step_and_opened_again_then_it_is_there_as_it_was() {
    for place in &databases("steps").places {
        let store = open(place).await;
        let batches = batches("rollout", 0);
        for rows in &batches {
            store.write(CLUSTER, rows.clone(), None).await.expect("it is written");
        }
        // Written again, also what is older, it changes nothing.
        for rows in &batches {
            store.write(CLUSTER, rows.clone(), None).await.expect("it is written");
        }
        store.close().await;
        assert_eq!(all(&open(place).await).await, last(&batches), "{place}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn given_two_writers_at_once_when_both_watched_the_same_then_there_is_one_row_for_each_pod_as_joined() {
    for place in &databases("writers").places {
        let (one, other) = (batches("scale", 0), batches("scale", 40));
        let write = async |batches: Vec<Vec<Row>>| {
            let store = open(place).await;
            for rows in batches {
                store.write(CLUSTER, rows, None).await.expect("it is written");
            }
        };
        tokio::join!(write(one.clone()), write(other.clone()));
        let (first, second) = (last(&one), last(&other));
        let joined = first.iter().map(|(uid, row)| (uid.clone(), row.clone().merge(second[uid].clone())));
        assert_eq!(all(&open(place).await).await, joined.collect(), "{place}");
    }
}

/// Whether a row is wanted.
type Wanted<'a> = Box<dyn Fn(&Row) -> bool + 'a>;

#[tokio::test(flavor = "multi_thread")]
async fn given_filters_when_asked_then_just_those_rows_come_in_pages_that_join_without_a_seam() {
    for place in &databases("filters").places {
        let store = open(place).await;
        for trace in ["seed", "rollout", "scale"] {
            store.write(CLUSTER, last(&batches(trace, 0)).into_values().collect(), None).await.expect("written");
        }
        store.write("another", last(&batches("parallel", 0)).into_values().collect(), None).await.expect("written");
        let rows = all(&store).await;
        let some = rows.values().find(|row| row.ended.is_some()).expect("one that ended").clone();
        let ip = some.addresses[0].ip;
        let (came, gone) = (some.first_seen, some.ended.expect("it ended").at.latest());
        let ended_before = |row: &Row, at| row.ended.is_some_and(|ended| ended.at.latest() < at);
        let table: Vec<(Filter, Wanted<'_>)> = vec![
            (Filter::default(), Box::new(|_| true)),
            (
                Filter { namespace: Some("seed".to_owned()), ..Filter::default() },
                Box::new(|row| row.set.namespace == "seed"),
            ),
            (Filter { statefulset: Some("none".to_owned()), ..Filter::default() }, Box::new(|_| false)),
            (Filter { ordinal: Some(Ordinal(0)), ..Filter::default() }, Box::new(|row| row.ordinal == Ordinal(0))),
            (
                Filter { ip: Some(ip), ..Filter::default() },
                Box::new(|row| row.addresses.iter().any(|held| held.ip == ip)),
            ),
            (Filter { pod: Some(some.pod.clone()), ..Filter::default() }, Box::new(|row| row.pod == some.pod)),
            (Filter { node: some.node.clone(), ..Filter::default() }, Box::new(|row| row.node == some.node)),
            (Filter { state: Some(State::Open), ..Filter::default() }, Box::new(|row| row.ended.is_none())),
            (Filter { state: Some(State::Ended), ..Filter::default() }, Box::new(|row| row.ended.is_some())),
            (Filter { from: Some(gone), ..Filter::default() }, Box::new(|row| !ended_before(row, gone))),
            (Filter { until: Some(came), ..Filter::default() }, Box::new(|row| row.first_seen <= came)),
        ];
        for (filter, wanted) in &table {
            let mut expected: Vec<&Row> = rows.values().filter(|row| wanted(row)).collect();
            expected.sort_by(|one, other| (other.first_seen, &other.uid).cmp(&(one.first_seen, &one.uid)));
            let (mut found, mut after) = (Vec::new(), None);
            loop {
                let page = store.page(CLUSTER, filter, after.as_ref(), 3).await.expect("it answers");
                assert!(page.rows.len() <= 3);
                found.extend(page.rows);
                after = page.next;
                if after.is_none() {
                    break;
                }
            }
            assert_eq!(found.iter().collect::<Vec<_>>(), expected, "{place}: {filter:?}");
        }
        let holders = store.holders(CLUSTER, &[ip]).await.expect("it answers");
        assert!(holders.iter().any(|row| row.uid == some.uid), "{place}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn given_retention_when_pruned_then_the_oldest_ends_go_in_bounded_steps_and_nothing_that_exists() {
    for place in &databases("retention").places {
        let store = open(place).await;
        let rows: Vec<Row> =
            last(&batches("scale", 0)).into_values().chain(last(&batches("seed", 0)).into_values()).collect();
        store.write(CLUSTER, rows.clone(), None).await.expect("it is written");
        let ended = rows.iter().filter(|row| row.ended.is_some()).count();
        let alive = rows.len() - ended;
        assert!(ended > 3 && alive > 0);
        let keep = Retention { age: None, rows: u64::try_from(rows.len() - 2).expect("valid"), events: u64::MAX };
        assert_eq!(store.prune(CLUSTER, keep, Timestamp::from_millis(0)).await.expect("it prunes"), 2, "{place}");
        assert_eq!(store.prune(CLUSTER, keep, Timestamp::from_millis(0)).await.expect("it prunes"), 0, "{place}");
        let keep = Retention { age: Some(Duration::from_secs(60)), rows: 1_000, events: u64::MAX };
        let later = Timestamp::from_millis(1_000_000_000);
        let gone = store.prune(CLUSTER, keep, later).await.expect("it prunes");
        assert_eq!(gone, u64::try_from(ended - 2).expect("valid"), "{place}");
        let left = all(&store).await;
        assert!(left.len() == alive && left.values().all(|row| row.ended.is_none()), "{place}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn given_what_a_run_left_open_when_the_next_one_starts_then_it_finds_that_and_until_when_somebody_watched() {
    for place in &databases("resume").places {
        let store = open(place).await;
        let batches = batches("seed", 0);
        let half = &batches[..batches.len() / 2];
        let at = Timestamp::from_millis;
        let watched = |run, until, namespaces| Watched { run, began: at(1_000), until: at(until), namespaces };
        for rows in half {
            store.write(CLUSTER, rows.clone(), Some(&watched(1, 2_000, None))).await.expect("it is written");
        }
        store.write(CLUSTER, Vec::new(), Some(&watched(1, 9_000, None))).await.expect("it is written");
        let shop = Some(vec!["shop".to_owned()]);
        store.write(CLUSTER, Vec::new(), Some(&watched(2, 12_000, shop))).await.expect("it is written");
        let found = open(place).await.resume(CLUSTER).await.expect("it answers");
        let rows: BTreeMap<Uid, Row> = found.rows.iter().map(|row| (row.uid.clone(), row.clone())).collect();
        assert_eq!(rows, last(half), "{place}");
        let until = |namespace| found.watched_until(namespace).map(Timestamp::as_millis);
        assert_eq!((until(None), until(Some("shop")), until(Some("other"))), (Some(9_000), Some(12_000), Some(9_000)));
        assert_eq!(store.watched(CLUSTER, 10).await.expect("it answers").len(), 2, "{place}");
        assert!(open(place).await.resume("another").await.expect("it answers").rows.is_empty());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn given_a_newer_schema_or_something_else_when_opened_then_it_is_refused_in_words_and_not_touched() {
    let databases = databases("schema");
    for place in &databases.places {
        let store = open(place).await;
        let rows = last(&batches("seed", 0));
        store.write(CLUSTER, rows.values().cloned().collect(), None).await.expect("it is written");
        let newer = "INSERT INTO berth_migrations (version, description, success, checksum, execution_time) VALUES (99, 'future', true, '', 0)";
        execute(place, newer).await;
        let refused = Store::open(place).await.expect_err("a newer schema");
        assert!(matches!(refused, StoreError::Newer { found: 99, .. }) && !refused.is_passing(), "{place}: {refused}");
        assert!(refused.to_string().contains("newer version of Berth"), "{refused}");
        assert_eq!(all(&store).await, rows, "{place}");
    }
    let file = databases.folder.join("other");
    let text =
        "something that somebody wrote, and that is far longer than the header of a database's file. ".repeat(20);
    std::fs::write(&file, &text).expect("a file");
    let refused = Store::open(&Place::File(file.clone())).await.expect_err("no ledger");
    assert!(matches!(refused, StoreError::Foreign { .. }), "{refused}");
    assert_eq!(std::fs::read_to_string(&file).expect("it is there"), text);
    let nowhere = Store::open(&Place::File("/proc/nowhere/ledger.db".into())).await.expect_err("no folder can be made");
    assert!(nowhere.is_passing(), "{nowhere}");
}
