//! A ledger that cannot be kept: what is live goes on, the status says so, and what happened meanwhile is written once that
//! works again. Each cluster is a demo's, each disk a small one of the test's own.

#[path = "support/berth.rs"]
mod berth;
#[path = "support/postgres.rs"]
mod postgres;

use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use berth::{Berth, KUBECONFIG, until};
use postgres::Postgres;
use serde_json::Value;
use server::ledger::{Place, Store};
use sqlx::{Connection as _, Executor as _};
use topology::board::End;
use topology::ledger::{Row, Why};

const PAUSE: Duration = Duration::from_millis(50);

/// A folder of the test's own.
fn folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(folder.join("disk")).expect("a folder");
    folder
}

/// `berth demo` with its data in a folder; `mount` is a shell command that mounts `$1` first, in a name space of its own.
struct Demo {
    berth: Berth,
    folder: PathBuf,
}

impl Demo {
    fn start(folder: &Path, mount: Option<&str>, ledger: Option<&str>) -> Self {
        let berth = env!("CARGO_BIN_EXE_berth");
        let path = |name: &str| folder.join(name).to_str().expect("text").to_owned();
        let mut command = match mount {
            Some(mount) => {
                let mut command = Command::new("unshare");
                let script = format!("disk=$1; shift; {mount} && exec \"$@\"");
                command.args(["-Urm", "sh", "-c", &script, "sh", &path("disk"), berth]);
                command
            }
            None => Command::new(berth),
        };
        command.args(["demo", "--listen", "127.0.0.1:0", "--dns", "127.0.0.1:0", "--speed", "20"]);
        command.args(["--demo-state", &path("state"), "--write-kubeconfig", &path("kubeconfig")]);
        command.args(["--ledger", ledger.unwrap_or(&path("disk/ledger.db"))]);
        let berth = Berth::run(command, &folder.join("log"));
        berth.ready();
        Self { berth, folder: folder.to_owned() }
    }

    /// Deletes a pod through the cluster's API.
    fn delete(&self, pod: &str) {
        let text = std::fs::read_to_string(self.folder.join("kubeconfig")).expect("its kubeconfig");
        let (_, rest) = text.split_once("http://").expect("a server");
        let server = rest.split(['"', '\n', '}', ',']).next().expect("an address").trim();
        let mut stream = TcpStream::connect(server).expect("it listens");
        let path = format!("/api/v1/namespaces/default/pods/{pod}");
        write!(stream, "DELETE {path} HTTP/1.1\r\nHost: {server}\r\nConnection: close\r\n\r\n").expect("it reads");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("it answers");
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    }

    /// UID of each pod that the board shows as Ready, by its name, once there are both.
    fn ready(&self) -> BTreeMap<String, String> {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        until("both pods are Ready", PAUSE, || {
            let (status, body) = self.berth.try_get("/api/v1/topology/default/web")?;
            let view: Value = serde_json::from_str(&body).ok().filter(|_| status == 200)?;
            let pods: BTreeMap<String, String> = view["board"]["lanes"]
                .as_array()?
                .iter()
                .filter_map(|lane| lane["incarnations"].as_array()?.last())
                .filter(|pod| pod["ended"].is_null() && pod["columns"]["status"] == "Running")
                .filter(|pod| pod["ready_since"].is_string())
                .map(|pod| (text(&pod["hostname"]), text(&pod["uid"])))
                .collect();
            (pods.len() == 2).then_some(pods)
        })
    }

    /// Deletes a pod, and waits until the page's state shows another one: what is live goes on. The UID of the one before.
    fn replace(&self, pod: &str) -> String {
        let before = self.ready().remove(pod).expect("it is there");
        self.delete(pod);
        until("another pod is there", PAUSE, || (self.ready()[pod] != before).then(|| before.clone()))
    }

    fn history(&self) -> Value {
        self.berth.status()["history"].clone()
    }

    fn until_history(&self, what: &str, kind: &str) -> Value {
        until(what, PAUSE, || self.history().get(kind).cloned())
    }

    /// Every row, by UID.
    fn rows(&self) -> BTreeMap<String, Row> {
        let text = self.berth.get("/api/v1/ledger?format=ndjson&statefulset=web");
        let rows = text.lines().map(|line| serde_json::from_str::<Row>(line).expect("a row"));
        rows.map(|row| (row.uid.to_string(), row)).collect()
    }

    /// A file as the server sees it.
    fn inside(&self, name: &str) -> PathBuf {
        let disk = self.folder.join("disk");
        let disk = disk.strip_prefix("/").expect("an absolute path");
        Path::new(&format!("/proc/{}/root", self.berth.id())).join(disk).join(name)
    }
}

#[test]
fn given_a_full_disk_when_pods_come_and_go_then_that_is_said_and_all_of_it_is_written_once_there_is_room() {
    let folder = folder("ledger-full");
    let demo = Demo::start(&folder, Some("mount -t tmpfs -o size=2m none \"$disk\""), None);
    demo.until_history("history is kept", "Kept");
    let mut filler = std::fs::File::create(demo.inside("filler")).expect("a file");
    while filler.write_all(&[0; 4096]).is_ok() {}
    let gone: Vec<String> = (0..3).map(|_| demo.replace("web-0")).collect();
    let failing = demo.until_history("it says that history is not kept", "Failing");
    assert!(failing["problem"].as_str().is_some_and(|problem| problem.contains("full")), "{failing}");
    assert!(failing["since"].is_string() && failing["dropped"] == 0, "{failing}");
    drop(filler);
    std::fs::remove_file(demo.inside("filler")).expect("it is removed");
    let kept = demo.until_history("history is kept again", "Kept");
    assert_eq!(kept["dropped"], 0);
    let rows = demo.rows();
    for uid in gone {
        let row = rows.get(&uid).unwrap_or_else(|| panic!("{uid} is missing: {rows:#?}"));
        let ended = row.ended.expect("it ended");
        assert!(matches!(ended.at, End::Seen { .. }), "Berth watched all the time: {row:#?}");
        assert!(!row.addresses.is_empty(), "{row:#?}");
    }
}

#[test]
fn given_a_database_that_goes_away_when_it_comes_back_then_rows_and_moments_of_meanwhile_are_there() {
    let folder = folder("ledger-away");
    let mut postgres = Postgres::start("ledger-away");
    let url = postgres.database("ledger");
    let demo = Demo::start(&folder, None, Some(&url));
    demo.until_history("history is kept", "Kept");
    let first = demo.ready();
    postgres.go();
    let gone = demo.replace("web-0");
    assert_eq!(gone, first["web-0"]);
    let failing = demo.until_history("it says that history is not kept", "Failing");
    assert!(failing["problem"].is_string() && failing["dropped"] == 0, "{failing}");
    let meanwhile = demo.ready();
    let moment = server::clock::now().as_millis();
    demo.replace("web-0");
    postgres.come_back();
    let kept = demo.until_history("history is kept again", "Kept");
    assert_eq!(kept["dropped"], 0);
    let rows = demo.rows();
    for uid in [&gone, &meanwhile["web-0"]] {
        let ended = rows.get(uid).and_then(|row| row.ended).unwrap_or_else(|| panic!("{uid} is missing: {rows:#?}"));
        assert!(matches!(ended.at, End::Seen { .. }), "Berth watched all the time: {ended:?}");
    }
    let then = demo.berth.json(&format!("/api/v1/topology/default/web?at={moment}"));
    let lanes = then["board"]["lanes"].as_array().expect("lanes");
    let pods: Vec<&str> =
        lanes.iter().filter_map(|lane| lane["incarnations"].as_array()?.last()?["uid"].as_str()).collect();
    assert_eq!(pods, [meanwhile["web-0"].as_str(), meanwhile["web-1"].as_str()]);
}

#[test]
fn given_a_ledger_that_is_read_only_at_the_start_when_it_can_be_written_then_what_went_before_is_closed_and_nothing_is_doubled()
 {
    let folder = folder("ledger-read-only");
    let demo = Demo::start(&folder, None, None);
    let first = demo.ready();
    until("both pods are in the ledger", PAUSE, || (demo.rows().len() == 2).then_some(()));
    assert!(demo.berth.stop().success());

    // Meanwhile somebody else looks, and a pod goes.
    let demo = Demo::start(&folder, None, Some("memory"));
    let missed = demo.replace("web-1");
    assert_eq!(missed, first["web-1"], "the cluster is the one of before");
    assert!(demo.berth.stop().success());

    let mount = "mount --bind \"$disk\" \"$disk\" && mount -o remount,bind,ro \"$disk\"";
    let demo = Demo::start(&folder, Some(mount), None);
    let failing = demo.until_history("it says that history is not kept", "Failing");
    assert!(failing["problem"].is_string(), "{failing}");
    let (status, told) = demo.berth.try_get("/api/v1/ledger").expect("an answer");
    assert!(status == 503 && told.contains("not open"), "{status} {told}");
    let old = demo.replace("web-0");
    assert_eq!(old, first["web-0"], "the cluster is the one of before");
    let id = demo.berth.id().to_string();
    let disk = folder.join("disk");
    let mut remount = Command::new("nsenter");
    remount.args(["-t", &id, "-U", "-m", "--preserve-credentials", "mount", "-o", "remount,bind,rw"]).arg(&disk);
    assert!(remount.status().expect("it runs").success());

    let kept = demo.until_history("history is kept", "Kept");
    assert_eq!(kept["dropped"], 0);
    let rows = until("all is written", PAUSE, || {
        let rows = demo.rows();
        [&old, &missed].iter().all(|uid| rows.get(*uid).is_some_and(|row| row.ended.is_some())).then_some(rows)
    });
    assert_eq!(rows.len(), 4, "{rows:#?}");
    let now = demo.ready();
    assert!(now.values().all(|uid| rows[uid].ended.is_none() && !rows[uid].addresses.is_empty()), "{rows:#?}");
    let ended = |uid: &String| rows[uid].ended.expect("it ended");
    assert_ne!(ended(&old).why, Why::NotKnown, "its end was seen");
    let End::Unseen { after, before } = ended(&missed).at else { panic!("nobody saw its end: {rows:#?}") };
    assert!(after < before && ended(&missed).why == Why::NotKnown, "{rows:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn given_a_ledger_of_a_newer_version_when_started_then_it_is_refused_with_code_2_and_not_touched() {
    let folder = folder("ledger-newer");
    let file = folder.join("disk/ledger.db");
    let store = Store::open(&Place::File(file.clone())).await.expect("it opens").expect("it is on");
    store.close().await;
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(&file);
    let mut connection = sqlx::SqliteConnection::connect_with(&options).await.expect("it opens");
    let newer = "INSERT INTO berth_migrations (version, description, success, checksum, execution_time) VALUES (99, 'future', true, '', 0)";
    connection.execute(newer).await.expect("it is done");
    connection.close().await.expect("it closes");
    let before = std::fs::read(&file).expect("it is there");
    let kubeconfig = folder.join("kubeconfig");
    std::fs::write(&kubeconfig, KUBECONFIG).expect("a file");
    let mut berth = Command::new(env!("CARGO_BIN_EXE_berth"));
    berth.arg("--kubeconfig").arg(&kubeconfig).args(["--listen", "127.0.0.1:0", "--ledger"]).arg(&file);
    let output = berth.output().expect("it runs");
    let told = String::from_utf8(output.stderr).expect("text");
    assert_eq!(output.status.code(), Some(2), "{told}");
    assert!(told.contains("newer version of Berth") && told.contains("--ledger"), "{told}");
    assert!(std::fs::read(&file).expect("it is there") == before, "it was touched");
}
