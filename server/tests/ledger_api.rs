//! The ledger over HTTP: what is asked is what comes, as it is described, and what is wrong is said with its mend.

mod support;

use std::collections::BTreeSet;

use http::StatusCode;
use serde_json::Value;
use server::history::{Part, Tape, WAITING};
use server::ledger::{Place, Reader, Store};
use support::{answer, check_description, fed, observations};
use topology::ledger::{Ledger, Row};
use topology::{Timestamp, Topology, Uid};

const CLUSTER: &str = "a-cluster";

/// The rows of these traces.
fn rows(traces: &[&str]) -> Vec<Row> {
    let mut rows = std::collections::BTreeMap::<Uid, Row>::new();
    for trace in traces {
        let (mut topology, mut ledger) = (Topology::default(), Ledger::default());
        for (at, observation) in observations(trace).into_iter().enumerate() {
            let at = Timestamp::from_millis(i64::try_from(at).expect("small") * 100);
            if let Some(delta) = topology.apply(at, [observation]) {
                rows.extend(ledger.follow(&topology, &delta).into_iter().map(|row| (row.uid.clone(), row)));
            }
        }
    }
    rows.into_values().collect()
}

async fn with(rows: Vec<Row>) -> Reader {
    let store = Store::open(&Place::Memory).await.expect("it opens").expect("it is on");
    store.write(CLUSTER, rows, None).await.expect("it is written");
    Reader::of(&store, &Part::all(CLUSTER))
}

async fn get(reader: &Reader, path: &str) -> (StatusCode, String, String) {
    answer(fed().hub, reader.clone(), path).await
}

async fn json(reader: &Reader, path: &str) -> Value {
    let (status, _, body) = get(reader, path).await;
    assert_eq!(status, StatusCode::OK, "{path}: {body}");
    serde_json::from_str(&body).expect("JSON")
}

fn uids(page: &Value) -> Vec<String> {
    page["rows"].as_array().expect("rows").iter().map(|row| row["uid"].as_str().expect("a UID").to_owned()).collect()
}

/// Whether a row is wanted.
type Wanted<'a> = Box<dyn Fn(&Row) -> bool + 'a>;

#[tokio::test]
async fn given_rows_when_asked_for_by_any_filter_then_just_those_come_as_described() {
    let rows = rows(&["seed", "rollout", "scale"]);
    let reader = with(rows.clone()).await;
    let document = json(&reader, "/api/v1/openapi.json").await;
    let some = rows.iter().find(|row| row.ended.is_some() && !row.addresses.is_empty()).expect("one that ended");
    let (ip, node) = (some.addresses[0].ip, some.node.clone().expect("a node"));
    let gone = some.ended.expect("it ended").at.latest();
    let table: Vec<(String, Wanted<'_>)> = vec![
        (String::new(), Box::new(|_| true)),
        ("namespace=seed".to_owned(), Box::new(|row| row.set.namespace == "seed")),
        ("namespace=seed&statefulset=none".to_owned(), Box::new(|_| false)),
        ("pod=web-0".to_owned(), Box::new(|row| row.pod == "web-0")),
        (format!("node={node}"), Box::new(|row| row.node.as_ref() == Some(&node))),
        (format!("ip={ip}"), Box::new(|row| row.addresses.iter().any(|held| held.ip == ip))),
        ("ended=true".to_owned(), Box::new(|row| row.ended.is_some())),
        ("ended=false".to_owned(), Box::new(|row| row.ended.is_none())),
        (
            format!("from={}", gone.to_rfc3339()),
            Box::new(|row| row.ended.is_none_or(|ended| ended.at.latest() >= gone)),
        ),
        (format!("to={}", some.first_seen.to_rfc3339()), Box::new(|row| row.first_seen <= some.first_seen)),
    ];
    for (query, wanted) in table {
        let page = json(&reader, &format!("/api/v1/ledger?{query}&limit=1000").replace("?&", "?")).await;
        let found: BTreeSet<String> = uids(&page).into_iter().collect();
        let expected: BTreeSet<String> = rows.iter().filter(|row| wanted(row)).map(|row| row.uid.to_string()).collect();
        assert_eq!(found, expected, "{query}");
        check_description(&document, "/api/v1/ledger", "200", "application/json", &page.to_string(), &query);
    }
}

#[tokio::test]
async fn given_more_rows_than_a_page_has_when_each_next_is_followed_then_all_come_once_newest_first() {
    let rows = rows(&["rollout", "scale"]);
    let reader = with(rows.clone()).await;
    let (mut found, mut path) = (Vec::new(), "/api/v1/ledger?limit=3".to_owned());
    loop {
        let page = json(&reader, &path).await;
        assert!(uids(&page).len() <= 3);
        found.extend(uids(&page));
        let Some(next) = page["next"].as_str() else { break };
        path = format!("/api/v1/ledger?limit=3&after={next}");
    }
    let mut expected = rows;
    expected.sort_by(|one, other| (other.first_seen, &other.uid).cmp(&(one.first_seen, &one.uid)));
    assert_eq!(found, expected.iter().map(|row| row.uid.to_string()).collect::<Vec<_>>());
}

#[tokio::test]
async fn given_rows_when_downloaded_then_every_row_is_there_in_each_form() {
    let rows = rows(&["seed", "scale"]);
    let mut expected: Vec<&str> = rows.iter().map(|row| row.uid.0.as_ref()).collect();
    expected.sort_unstable();
    let reader = with(rows.clone()).await;
    let (_, kind, text) = get(&reader, "/api/v1/ledger?format=csv").await;
    assert_eq!(kind, "text/csv; charset=utf-8");
    let mut lines = text.lines().map(|line| line.split(',').collect::<Vec<_>>());
    let head = lines.next().expect("a first line");
    let column = |name: &str| head.iter().position(|column| *column == name).expect("the column");
    let (uid, addresses, why, who) = (column("uid"), column("addresses"), column("why"), column("who"));
    let mut found = Vec::new();
    for line in lines {
        let row = rows.iter().find(|row| row.uid.0.as_ref() == line[uid]).expect("a row that was written");
        assert_eq!(line.len(), head.len(), "{line:?}");
        assert!(row.addresses.iter().all(|held| line[addresses].contains(&held.ip.to_string())), "{line:?}");
        assert_eq!(line[why], row.ended.map(|ended| format!("{:?}", ended.why)).unwrap_or_default());
        assert_eq!(line[who], row.who.map(|who| format!("{who:?}")).unwrap_or_default());
        found.push(line[uid].to_owned());
    }
    found.sort_unstable();
    assert_eq!(found, expected);
    let (_, kind, text) = get(&reader, "/api/v1/ledger?format=ndjson&ended=true").await;
    assert_eq!(kind, "application/x-ndjson");
    let mut read: Vec<Row> = text.lines().map(|line| serde_json::from_str(line).expect("a row")).collect();
    read.sort_by(|one, other| one.uid.cmp(&other.uid));
    let mut ended: Vec<Row> = rows.into_iter().filter(|row| row.ended.is_some()).collect();
    ended.sort_by(|one, other| one.uid.cmp(&other.uid));
    assert_eq!(read, ended);
}

#[tokio::test]
async fn given_pods_that_were_replaced_when_the_changes_are_asked_for_then_old_and_new_and_the_time_away_are_told() {
    let mut rows = rows(&["seed"]);
    // A pod of another StatefulSet had an address before that one of these has now.
    let newest = rows.iter().find(|row| row.ended.is_none()).expect("a pod that exists").clone();
    let mut before = rows.iter().find(|row| row.ended.is_some()).expect("a pod that ended").clone();
    before.uid = Uid::from("other");
    before.set.name = "db".to_owned();
    before.pod = "db-0".to_owned();
    before.addresses[0].ip = newest.addresses[0].ip;
    before.ended.as_mut().expect("it ended").at = topology::board::End::Seen { at: Timestamp::from_millis(1) };
    rows.push(before);
    let reader = with(rows).await;
    let view = json(&reader, "/api/v1/ledger/changes?namespace=seed&statefulset=web").await;
    let changes = view["changes"].as_array().expect("changes");
    assert_eq!((changes.len(), &view["truncated"]), (2, &Value::Bool(false)), "{view}");
    for change in changes {
        assert_ne!(change["old"], change["new"]);
        assert!(change["away"]["least"].as_i64().is_some_and(|least| least > 0), "{change}");
    }
    let recycled = json(&reader, "/api/v1/ledger/changes?statefulset=web&recycled=true").await;
    let recycled = recycled["changes"].as_array().expect("changes");
    assert_eq!((recycled.len(), &recycled[0]["recycled_from"]["pod"]), (1, &Value::from("db-0")), "{recycled:?}");
    let ip = newest.addresses[0].ip;
    let one = json(&reader, &format!("/api/v1/ledger/changes?ip={ip}&pod={}", newest.pod)).await;
    assert_eq!(one["changes"].as_array().map(Vec::len), Some(1), "{one}");
    let later = json(&reader, "/api/v1/ledger/changes?from=2099-01-01T00:00:00Z").await;
    assert_eq!(later["changes"], Value::Array(Vec::new()));
    let (_, kind, text) = get(&reader, "/api/v1/ledger/changes?statefulset=web&format=csv").await;
    assert_eq!((kind.as_str(), text.lines().count()), ("text/csv; charset=utf-8", 3), "{text}");
}

#[tokio::test]
async fn given_rows_when_the_page_opens_its_ledger_then_each_pod_of_the_set_is_there_with_its_addresses_and_end() {
    let mut rows = rows(&["seed"]);
    let marked = rows.iter_mut().find(|row| row.ended.is_some()).expect("one that ended");
    marked.node = Some("<b>node</b>".to_owned());
    marked.addresses[0].from = topology::ledger::Moment::Between {
        after: Timestamp::from_millis(86_400_000),
        before: Timestamp::from_millis(86_460_000),
    };
    let reader = with(rows.clone()).await;
    let (status, kind, html) = get(&reader, "/sets/seed/web/ledger").await;
    assert_eq!((status, kind.as_str()), (StatusCode::OK, "text/html; charset=utf-8"));
    for row in &rows {
        assert!(html.contains(&format!("data-uid=\"{}\"", row.uid)), "{}: {html}", row.uid);
        assert!(row.addresses.iter().all(|held| html.contains(&held.ip.to_string())), "{}: {html}", row.uid);
    }
    let ended = rows.iter().filter(|row| row.ended.is_some()).count();
    assert_eq!(html.matches("data-why=\"Deleted\"").count(), ended, "{html}");
    assert_eq!(html.matches("data-who=\"Client\"").count(), ended, "{html}");
    assert!(html.contains("nobody watched") && html.contains("1970-01-02 00:00:00"), "{html}");
    assert!(html.contains("&lt;b&gt;node&lt;/b&gt;") && !html.contains("<b>node"), "{html}");
    let (_, _, other) = get(&reader, "/sets/seed/other/ledger").await;
    assert!(!other.contains("data-uid"), "{other}");
    let (_, _, off) = get(&Reader::off(), "/sets/seed/web/ledger").await;
    assert!(off.contains("--ledger"), "{off}");
}

#[tokio::test]
async fn given_a_question_that_cannot_be_answered_when_asked_then_a_problem_names_the_mend() {
    let reader = with(Vec::new()).await;
    for (path, expected) in [
        ("/api/v1/ledger?set=web", "statefulset"),
        ("/api/v1/ledger?ip=web-0", "10.1.2.3"),
        ("/api/v1/ledger?from=yesterday", "2026-01-31T12:00:00Z"),
        ("/api/v1/ledger?from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z", "exchange"),
        ("/api/v1/ledger?ended=maybe", "true or false"),
        ("/api/v1/ledger?limit=0", "from 1 to 1000"),
        ("/api/v1/ledger?limit=100000", "from 1 to 1000"),
        ("/api/v1/ledger?after=here", "`next`"),
        ("/api/v1/ledger?format=xml", "json, csv or ndjson"),
        ("/api/v1/ledger?format=csv&limit=3", "leave them out"),
        ("/api/v1/ledger?pod=a&pod=b", "once"),
        ("/api/v1/ledger/changes?node=a", "namespace"),
        ("/api/v1/ledger/changes?recycled=1", "true or false"),
    ] {
        let (status, kind, body) = get(&reader, path).await;
        assert_eq!((status, kind.as_str()), (StatusCode::BAD_REQUEST, "application/problem+json"), "{path}: {body}");
        let problem: Value = serde_json::from_str(&body).expect("JSON");
        assert!(problem["detail"].as_str().is_some_and(|detail| detail.contains(expected)), "{path}: {problem}");
    }
    let off = get(&Reader::off(), "/api/v1/ledger").await;
    assert!(off.0 == StatusCode::NOT_FOUND && off.2.contains("--ledger"), "{off:?}");
    let waiting = get(&Reader::waiting(&Tape::new(WAITING)), "/api/v1/ledger/changes").await;
    assert!(waiting.0 == StatusCode::SERVICE_UNAVAILABLE && waiting.2.contains("status"), "{waiting:?}");
}
