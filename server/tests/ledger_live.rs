//! What the ledger promises, on a real control plane and against an independent witness: whatever happens to Berth, to the
//! API server or to etcd, what was seen is kept once, and what was not seen is not claimed.

#[path = "support/berth.rs"]
mod berth;
#[path = "support/cable.rs"]
mod cable;
#[path = "support/control_plane.rs"]
mod control_plane;
#[path = "support/postgres.rs"]
mod postgres;
#[path = "support/witness.rs"]
mod witness;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use berth::{Berth, until};
use cable::Cable;
use control_plane::{CONTAINERS, ControlPlane, manifests};
use postgres::Postgres;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde_json::Value;
use server::clock::now;
use topology::board::{End, Unwatched};
use topology::ledger::{Elapsed, IpChange, Moment, Row};
use topology::{Stage, Timestamp};
use witness::{Seen, Witness};

/// One at a time: each has a control plane of its own, and what they time should not depend on the others.
static ALONE: Mutex<()> = Mutex::new(());

/// How far apart two processes on a busy machine may see the same thing, in milliseconds.
const APART: i64 = 1_500;

/// A control plane whose pods come and go quickly, with the StatefulSet on it.
fn plane(name: &str, flags: &str) -> ControlPlane {
    let settings = [("CREATE_MS", "150"), ("READY_MS", "350"), ("DELETE_MS", "250"), ("APISERVER_FLAGS", flags)];
    let plane = ControlPlane::start(name, &settings);
    plane
        .kubectl(&["apply", "-f", "-"], &manifests(4, &format!("terminationGracePeriodSeconds: 1, {CONTAINERS}")))
        .expect("it applies");
    rolled_out(&plane);
    plane
}

fn rolled_out(plane: &ControlPlane) {
    plane.kubectl(&["rollout", "status", "statefulset/web", "--timeout=60s"], "").expect("it is rolled out");
}

/// A folder of the test's own.
fn folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).expect("a folder");
    folder
}

/// Every row of the ledger, by UID; none is there twice.
fn rows(berth: &Berth) -> BTreeMap<String, Row> {
    let mut rows = BTreeMap::new();
    for line in berth.get("/api/v1/ledger?format=ndjson").lines() {
        let row: Row = serde_json::from_str(line).expect("a row");
        let twice = rows.insert(row.uid.to_string(), row);
        assert!(twice.is_none(), "two rows of one pod: {twice:?}");
    }
    rows
}

/// Waits until the rows of the pods that exist are just those that kubectl lists, with their addresses; all rows.
fn settled(berth: &Berth, plane: &ControlPlane) -> BTreeMap<String, Row> {
    until("the ledger has what kubectl has", Duration::from_millis(200), || {
        let rows = rows(berth);
        let open: BTreeMap<String, Vec<String>> = rows
            .iter()
            .filter(|(_, row)| row.ended.is_none())
            .map(|(uid, row)| (uid.clone(), row.ips().map(|ip| ip.to_string()).collect()))
            .collect();
        (open == pods(plane)).then_some(rows)
    })
}

/// UID and addresses of each pod.
fn pods(plane: &ControlPlane) -> BTreeMap<String, Vec<String>> {
    let text = plane.kubectl(&["get", "pods", "-o", "json"], "").unwrap_or_default();
    let list: Value = serde_json::from_str(&text).unwrap_or_default();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let ips =
        |pod: &Value| pod["status"]["podIPs"].as_array().into_iter().flatten().map(|ip| text(&ip["ip"])).collect();
    list["items"].as_array().into_iter().flatten().map(|pod| (text(&pod["metadata"]["uid"]), ips(pod))).collect()
}

/// Restarts the StatefulSet again and again while `work` is done.
fn while_rolling<T>(plane: &ControlPlane, work: impl FnOnce() -> T) -> T {
    let done = AtomicBool::new(false);
    let result = std::thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                plane.kubectl(&["rollout", "restart", "statefulset/web"], "").expect("it restarts");
                rolled_out(plane);
            }
        });
        let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(work));
        done.store(true, Ordering::Relaxed);
        result
    });
    result.unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}

/// One run of Berth.
struct Up {
    began: Timestamp,
    live: Timestamp,
    ended: Timestamp,
}

/// For how many milliseconds a stretch was within runs that were live.
fn watched(ups: &[Up], from: Timestamp, until: Timestamp) -> i64 {
    ups.iter().map(|up| up.ended.min(until).millis_since(up.live.max(from)).max(0)).sum()
}

/// Whether a moment is one that Berth may know in this way, where the witness saw it happen at `truth`.
fn is_fair(moment: Moment, truth: Timestamp, ups: &[Up]) -> bool {
    let near = |at: Timestamp| at.millis_since(truth).abs() <= APART;
    match moment {
        Moment::Seen { at } => near(at) && ups.iter().any(|up| up.began <= at && at <= up.ended),
        Moment::Between { after, before } => after.millis_since(truth) <= APART && truth.millis_since(before) <= APART,
        Moment::Before { before } => truth.millis_since(before) <= APART,
    }
}

/// Holds a row to what the witness saw of its pod.
fn assert_fair(row: &Row, seen: &Seen, ups: &[Up]) {
    let told = || format!("{row:#?}\n{seen:#?}");
    assert_eq!(row.pod, seen.name);
    for held in &row.addresses {
        let found = seen.addresses.iter().find(|(ip, _)| *ip == held.ip.to_string());
        let Some((_, truth)) = found else { panic!("an address that it never had: {}", told()) };
        assert!(is_fair(held.from, *truth, ups), "{} since {:?}: {}", held.ip, held.from, told());
    }
    for stage in &row.stages {
        let truth = match stage.stage {
            Stage::Pending => Some(seen.came),
            Stage::Ready => seen.ready,
            Stage::Terminating => seen.terminating,
            _ => continue,
        };
        let Some(truth) = truth else { panic!("{:?} was never seen: {}", stage.stage, told()) };
        assert!(is_fair(stage.seen, truth, ups), "{stage:?}: {}", told());
    }
    match (row.ended.map(|ended| ended.at), seen.gone) {
        (Some(End::Seen { at }), Some(gone)) => assert!(is_fair(Moment::Seen { at }, gone, ups), "{}", told()),
        (Some(End::Unseen { after, before }), Some(gone)) => {
            assert!(is_fair(Moment::Between { after, before }, gone, ups), "{}", told());
        }
        (None, None) => {}
        _ => panic!("only one of them saw its end: {}", told()),
    }
}

/// Holds the time that an identity was away to what the witness saw.
fn assert_bounds(change: &IpChange, seen: &BTreeMap<String, Seen>) -> Option<Elapsed> {
    let away = change.away?;
    let old = &seen[&change.old_pod.to_string()];
    // The pod that got the address may have ended before it was Ready.
    let later = seen.values().filter(|pod| pod.name == old.name && pod.came > old.came);
    let back = later.filter_map(|pod| pod.ready).min()?;
    let truth = back.millis_since(old.terminating.or(old.gone)?);
    assert!(away.least <= truth + APART, "{change:?} took {truth} ms");
    assert!(away.most.is_none_or(|most| truth <= most + APART), "{change:?} took {truth} ms");
    Some(away)
}

#[test]
fn given_berth_is_killed_twenty_times_in_a_rolling_restart_when_it_is_back_then_each_pod_that_it_saw_is_there_once_and_nothing_else()
 {
    let _alone = ALONE.lock();
    let plane = plane("ledger-killed", "");
    let folder = folder("ledger-killed-data");
    let (ledger, log) = (folder.join("ledger.db"), folder.join("log"));
    let ledger = ledger.to_str().expect("text");
    let witness = Witness::start(&plane);
    until("the witness sees the pods", Duration::from_millis(50), || (witness.seen().len() == 4).then_some(()));
    let mut random = StdRng::seed_from_u64(5);
    let mut ups = Vec::new();
    while_rolling(&plane, || {
        for _ in 0..20 {
            let berth = Berth::start(&plane.kubeconfig(), ledger, &log);
            berth.ready();
            let live = now();
            std::thread::sleep(Duration::from_millis(random.random_range(100..2_500)));
            let (began, ended) = (berth.began, now());
            berth.kill();
            ups.push(Up { began, live, ended });
            std::thread::sleep(Duration::from_millis(random.random_range(0..1_500)));
        }
    });
    rolled_out(&plane);
    let berth = Berth::start(&plane.kubeconfig(), ledger, &log);
    berth.ready();
    let live = now();
    let rows = settled(&berth, &plane);
    ups.push(Up { began: berth.began, live, ended: now() });

    let seen = witness.seen();
    for (uid, row) in &rows {
        let Some(seen) = seen.get(uid) else { panic!("a pod that nobody else saw: {row:#?}") };
        assert_fair(row, seen, &ups);
    }
    let mut held = 0;
    for (uid, pod) in &seen {
        let gone = pod.gone.unwrap_or_else(now);
        if watched(&ups, pod.came, gone) > 1_000 {
            let row = rows.get(uid).unwrap_or_else(|| panic!("{uid} was watched and is missing: {pod:#?}"));
            held += 1;
            for (ip, since) in &pod.addresses {
                let there = row.addresses.iter().any(|held| held.ip.to_string() == *ip);
                assert!(there || watched(&ups, *since, gone) <= 1_000, "{ip} is missing: {row:#?}\n{pod:#?}");
            }
        }
    }
    assert!(held > 20, "only {held} of {} pods were watched for a second", seen.len());

    // Times across a gap have bounds, and those bounds hold.
    let changes = berth.json("/api/v1/ledger/changes?namespace=default&statefulset=web")["changes"].clone();
    let changes: Vec<IpChange> = serde_json::from_value(changes).expect("changes");
    let away: Vec<Elapsed> = changes.iter().filter_map(|change| assert_bounds(change, &seen)).collect();
    assert!(away.iter().any(|away| !away.is_exact()), "no time crossed a gap: {away:?}");

    // The board shows when nobody watched.
    let board = berth.json("/api/v1/topology/default/web")["board"].clone();
    let gaps = board["unwatched"].as_array().expect("gaps").len();
    assert!(gaps >= 12, "only {gaps} gaps are shown after 21 starts: {}", board["unwatched"]);
    let last = board["lanes"][0]["incarnations"].as_array().expect("pods").len();
    assert!(last > 2, "the lanes begin where the last run ended");

    // An ordinary stop and start changes nothing of what is over.
    let over =
        |rows: &BTreeMap<String, Row>| rows.values().filter(|row| row.ended.is_some()).cloned().collect::<Vec<Row>>();
    assert!(berth.stop().success());
    let berth = Berth::start(&plane.kubeconfig(), ledger, &log);
    berth.ready();
    let again = settled(&berth, &plane);
    assert_eq!(over(&again), over(&rows));
    assert_eq!(again.keys().collect::<Vec<_>>(), rows.keys().collect::<Vec<_>>());
}

#[tokio::test(flavor = "multi_thread")]
async fn given_etcd_was_compacted_and_the_api_server_restarted_while_berth_was_cut_off_when_it_is_back_then_the_gap_is_told_and_no_row_is_doubled()
 {
    let _alone = tokio::task::block_in_place(|| ALONE.lock());
    let plane = tokio::task::block_in_place(|| plane("ledger-expired", "--etcd-compaction-interval=1s"));
    let folder = folder("ledger-expired-data");
    let text = std::fs::read_to_string(plane.kubeconfig()).expect("its kubeconfig");
    let (_, rest) = text.split_once("https://").expect("a server");
    let server = rest.split('"').next().expect("an address").to_owned();
    let cable = Cable::to(server.parse().expect("an address")).await;
    let kubeconfig = folder.join("kubeconfig");
    std::fs::write(&kubeconfig, text.replace(&server, &cable.address.to_string())).expect("a file");
    tokio::task::block_in_place(|| {
        let ledger = folder.join("ledger.db");
        let berth = Berth::start(&kubeconfig, ledger.to_str().expect("text"), &folder.join("log"));
        berth.ready();
        let before = settled(&berth, &plane);
        let list = plane.kubectl(&["get", "--raw", "/api/v1/namespaces/default/pods"], "").expect("a list");
        let list: Value = serde_json::from_str(&list).expect("JSON");
        let version = list["metadata"]["resourceVersion"].as_str().expect("a version").to_owned();

        let cut = around(|| cable.cut());
        until("it says that it is not live", Duration::from_millis(50), || {
            berth.status()["source"].get("Broken").map(drop)
        });
        plane.kubectl(&["delete", "pods", "-l", "app=nginx"], "").expect("they go");
        until("other pods are there", Duration::from_millis(100), || {
            let pods = pods(&plane);
            (pods.len() == 4 && pods.iter().all(|(uid, ips)| !before.contains_key(uid) && !ips.is_empty()))
                .then_some(())
        });
        plane.restart_apiserver();
        // An API server that starts on a busy machine may take minutes; what it says is told when it never does.
        let path = format!("/api/v1/namespaces/default/pods?watch=true&timeoutSeconds=1&resourceVersion={version}");
        let began = Instant::now();
        loop {
            let told = plane.kubectl(&["get", "--raw", &path], "").unwrap_or_else(|error| error);
            // Its cache and etcd say it in words of their own.
            if ["too old", "compacted", "Expired"].iter().any(|words| told.contains(words)) {
                break;
            }
            assert!(began.elapsed() < Duration::from_mins(4), "what was before is not forgotten (410): {told}");
            std::thread::sleep(Duration::from_millis(200));
        }
        let mended = around(|| cable.mend());
        let after = settled(&berth, &plane);
        assert_eq!(after.len(), 8, "each pod has one row: {after:#?}");
        for (uid, row) in &after {
            match (before.contains_key(uid), row.ended.map(|ended| ended.at)) {
                (true, Some(End::Unseen { after, before })) => assert!(after < before),
                (false, None) => assert!(!matches!(row.stages[0].seen, Moment::Seen { .. }), "{row:#?}"),
                _ => panic!("nobody saw it, but: {row:#?}"),
            }
        }
        // One gap holds all of it; an API server that is slow to answer on a busy machine may make others.
        let board = berth.json("/api/v1/topology/default/web")["board"].clone();
        let gaps: Vec<Unwatched> = serde_json::from_value(board["unwatched"].clone()).expect("gaps");
        let holds = |gap: &&Unwatched| gap.from <= cut.1 && mended.0 <= gap.to && gap.to >= gap.from;
        assert_eq!(gaps.iter().filter(holds).count(), 1, "cut {cut:?}, mended {mended:?}: {gaps:?}");
        // And what happens from then on has its moment again.
        until("an end was seen", Duration::from_millis(100), || {
            berth.status()["source"].get("Live")?;
            plane.kubectl(&["delete", "pod", "web-1"], "").expect("it goes");
            let rows = settled(&berth, &plane);
            rows.values().any(|row| matches!(row.ended.map(|ended| ended.at), Some(End::Seen { .. }))).then_some(())
        });
    });
}

/// The times before and after something was done.
fn around(act: impl FnOnce()) -> (Timestamp, Timestamp) {
    let before = now();
    act();
    (before, now())
}

/// What does not depend on who watched.
fn essence(rows: &BTreeMap<String, Row>) -> Vec<Value> {
    let essence = |row: &Row| {
        serde_json::json!({
            "uid": row.uid, "pod": row.pod, "node": row.node, "revision": row.revision, "created": row.created,
            "ips": row.addresses.iter().map(|held| held.ip).collect::<Vec<_>>(),
            "stages": row.stages.iter().map(|stage| stage.stage).collect::<Vec<_>>(),
            "in_dns": row.dns.len(),
            "why": row.ended.map(|ended| ended.why),
        })
    };
    rows.values().map(essence).collect()
}

#[test]
fn given_two_replicas_on_one_postgresql_when_one_of_them_is_killed_in_a_rolling_restart_then_the_rows_are_those_of_one_alone()
 {
    let _alone = ALONE.lock();
    let postgres = Postgres::start("replicas");
    let database = postgres.database("berth");
    let plane = plane("ledger-replicas", "");
    let folder = folder("ledger-replicas-data");
    let alone = folder.join("alone.db");
    let start = |ledger: &str| {
        let berth = Berth::start(&plane.kubeconfig(), ledger, &folder.join("log"));
        berth.ready();
        berth
    };
    let alone = start(alone.to_str().expect("text"));
    let (one, other) = (start(&database), start(&database));
    let pause = || std::thread::sleep(Duration::from_secs(4));
    let other = while_rolling(&plane, || {
        pause();
        other.kill();
        pause();
        let again = start(&database);
        pause();
        again
    });
    rolled_out(&plane);
    // What is left of the last pod in DNS goes a moment later.
    let expected = until("the one alone is at rest", Duration::from_millis(500), || {
        let rows = settled(&alone, &plane);
        rows.values().all(|row| row.ended.is_none() || !row.is_in_dns()).then_some(rows)
    });
    assert!(expected.len() > 8, "pods were replaced: {}", expected.len());
    for berth in [&one, &other] {
        let same = || Some(settled(berth, &plane)).filter(|rows| essence(rows) == essence(&expected));
        until("they have what the one alone has", Duration::from_millis(500), same);
    }
    // A replica's end is no gap while the other one watches.
    let rows = rows(&other);
    let unseen = |row: &&Row| matches!(row.ended.map(|ended| ended.at), Some(End::Unseen { .. }));
    assert_eq!(rows.values().filter(unseen).count(), 0, "{rows:#?}");
    let uids: BTreeSet<&String> = rows.keys().collect();
    assert_eq!(uids, expected.keys().collect());
}
