//! Recordings: what is written is what is read, whatever becomes of the file; and a replay shows what was live.

#[path = "support/berth.rs"]
mod berth;

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use berth::{Berth, KUBECONFIG, until};
use flate2::Compression;
use flate2::write::DeflateEncoder;
use proptest::prelude::*;
use serde_json::Value;
use server::recording::{Damage, Entry, FORMAT, Fault, Head, NotARecording, Reader, Source, What, Writer};
use topology::wire::Cluster;
use topology::{Timestamp, trace};

const PAUSE: Duration = Duration::from_millis(50);
const TRACES: [&str; 6] = ["seed", "scale", "rollout", "services", "unready", "parallel"];

fn trace_file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../tests/traces/{name}.jsonl"))
}

fn entries(name: &str) -> Vec<Entry> {
    let text = std::fs::read_to_string(trace_file(name)).expect("a trace");
    let observations = trace::observations(&trace::parse(&text).expect("a readable trace"));
    observations.into_iter().map(|(at, observation)| Entry { at, what: What::Observed(observation) }).collect()
}

fn head() -> Head {
    let cluster =
        Cluster { name: "test".to_owned(), domain: "cluster.local".to_owned(), ttl: 5, namespaces: None, dns: None };
    Head { version: "1".to_owned(), at: Timestamp::from_millis(5), cluster }
}

/// A recording with so many entries in each frame.
fn recording(entries: &[Entry], in_frame: usize) -> Vec<u8> {
    let mut writer = Writer::new(Vec::new(), &head()).expect("it is written");
    for entries in entries.chunks(in_frame) {
        for entry in entries {
            writer.push(entry).expect("it is written");
        }
        writer.flush().expect("it is written");
    }
    writer.into_inner()
}

/// The entries as text, which tells everything of them; and where they end before their time.
fn read(bytes: &[u8]) -> Result<(Vec<String>, Option<Damage>), NotARecording> {
    let (read, reader) = Reader::open(bytes)?;
    assert_eq!(read, head());
    let (mut entries, mut damage) = (Vec::new(), None);
    for frame in reader {
        match frame {
            Ok(frame) => entries.extend(texts(&frame)),
            Err(found) => assert_eq!(damage.replace(found), None, "nothing comes behind damage"),
        }
    }
    Ok((entries, damage))
}

fn texts(entries: &[Entry]) -> Vec<String> {
    entries.iter().map(|entry| serde_json::to_string(entry).expect("JSON")).collect()
}

#[test]
fn given_every_trace_when_recorded_and_read_then_every_entry_is_the_same_and_the_file_is_small() {
    for name in TRACES {
        let entries = entries(name);
        let bytes = recording(&entries, 50);
        let (found, damage) = read(&bytes).expect("a recording");
        assert_eq!((found, damage), (texts(&entries), None), "{name}");
        let (_, reader) = Reader::open(bytes.as_slice()).expect("a recording");
        let (mut one, mut other) = (topology::Topology::default(), topology::Topology::default());
        for (before, after) in entries.iter().zip(reader.flat_map(|frame| frame.expect("whole"))) {
            let (What::Observed(before), What::Observed(after_)) = (&before.what, after.what) else { panic!("{name}") };
            assert_eq!(one.apply(after.at, [before.clone()]), other.apply(after.at, [after_]), "{name}");
        }
        assert!(bytes.len() < texts(&entries).iter().map(String::len).sum::<usize>() / 4, "{name}: {}", bytes.len());
    }
}

#[test]
fn given_a_recording_that_is_cut_anywhere_when_read_then_what_is_whole_is_there_and_the_place_is_told() {
    let entries = &entries("seed")[..24];
    let bytes = recording(entries, 4);
    let all = texts(entries);
    let mut whole = 0;
    for length in 0..bytes.len() {
        match read(&bytes[..length]) {
            Ok((found, damage)) => {
                assert_eq!(found, all[..found.len()], "{length}");
                assert!(found.len() >= whole, "{length}");
                whole = found.len();
                if let Some(damage) = damage {
                    let at = usize::try_from(damage.at).expect("small");
                    assert!(at <= length && read(&bytes[..at]).is_ok_and(|(_, damage)| damage.is_none()), "{damage}");
                } else {
                    assert_eq!(found.len() % 4, 0, "{length}: it ends with a frame");
                }
            }
            Err(error) => assert!(length < 400 && whole == 0, "{length}: {error}"),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 256, failure_persistence: None, rng_seed: proptest::test_runner::RngSeed::Fixed(5), ..ProptestConfig::default()
    })]

    #[test]
    fn given_a_recording_with_wrong_bytes_when_read_then_nothing_wrong_is_shown(
        places in prop::collection::vec((any::<prop::sample::Index>(), 1..=255_u8), 1..4),
    ) {
        let entries = entries("seed");
        let good = recording(&entries, 4);
        let all = texts(&entries);
        let mut bytes = good.clone();
        for (place, change) in places {
            let at = place.index(bytes.len());
            bytes[at] ^= change;
        }
        match read(&bytes) {
            Ok((found, damage)) => {
                prop_assert_eq!(&found[..], &all[..found.len()]);
                prop_assert!(damage.is_some() || bytes == good);
            }
            Err(error) => prop_assert!(!error.to_string().is_empty()),
        }
    }
}

/// A frame of a content, as it is in a file.
fn frame(content: &[u8]) -> Vec<u8> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(content).expect("it is written");
    let packed = encoder.finish().expect("it is written");
    let length = u32::try_from(packed.len()).expect("small");
    [&length.to_le_bytes()[..], &crc32fast::hash(&packed).to_le_bytes(), &packed].concat()
}

#[test]
fn given_a_frame_that_unpacks_to_more_than_any_has_when_read_then_it_is_damage_and_what_is_before_it_is_there() {
    let entries = &entries("seed")[..8];
    let good = recording(entries, 4);
    let bomb = frame(&vec![b'\n'; (64 << 20) + 1]);
    assert!(bomb.len() < 100_000, "it is small in the file: {}", bomb.len());
    let (found, damage) = read(&[&good[..], &bomb, &frame(b"\n")].concat()).expect("a recording");
    assert_eq!(found, texts(entries));
    assert_eq!(damage, Some(Damage { place: "byte", at: good.len() as u64, fault: Fault::TooLong }));
    let head = [&good[..10], &bomb[..]].concat();
    assert!(matches!(read(&head), Err(NotARecording::Head(Damage { fault: Fault::TooLong, .. }))));
}

#[test]
fn given_a_trace_that_never_ends_when_opened_then_it_is_shown_up_to_where_it_is_too_long() {
    let file = folder("recording-endless").join("trace");
    let mut trace = std::fs::read(trace_file("seed")).expect("a trace");
    trace.push(b'{');
    trace.resize(65 << 20, b' ');
    std::fs::write(&file, trace).expect("a file");
    let frames: Vec<_> = Source::open(&file).expect("it opens").frames.collect();
    let [Ok(read), Err(damage)] = &frames[..] else { panic!("{} frames", frames.len()) };
    assert!(!read.is_empty() && damage.fault == Fault::TooLong, "{damage}");
}

#[test]
fn given_what_is_no_recording_when_replayed_then_that_is_said_with_the_mend_and_the_code_is_2() {
    let folder = folder("recording-other");
    let good = recording(&entries("seed"), 50);
    let mut newer = good.clone();
    newer[8..10].copy_from_slice(&(FORMAT + 1).to_le_bytes());
    let table: [(&str, &[u8], &str); 5] = [
        ("text", b"something else, and long enough", "berth record FILE"),
        ("json", b"{\"a\": 1}\n", "berth record FILE"),
        ("empty", b"", "berth record FILE"),
        ("newer", &newer, "format 2"),
        ("cut", &good[..20], "head is damaged"),
    ];
    for (name, bytes, expected) in table {
        let file = folder.join(name);
        std::fs::write(&file, bytes).expect("a file");
        let mut berth = Command::new(env!("CARGO_BIN_EXE_berth"));
        let output = berth.args(["replay", "--listen", "127.0.0.1:0"]).arg(&file).output().expect("it runs");
        let told = String::from_utf8(output.stderr).expect("text");
        assert_eq!(output.status.code(), Some(2), "{name}: {told}");
        assert!(told.contains(expected) && told.trim_end().lines().count() == 1, "{name}: {told}");
    }
    let there = folder.join("text");
    let mut berth = Command::new(env!("CARGO_BIN_EXE_berth"));
    let kubeconfig = folder.join("kubeconfig");
    std::fs::write(&kubeconfig, KUBECONFIG).expect("a file");
    let output = berth.arg("record").arg(&there).arg("--kubeconfig").arg(&kubeconfig).output().expect("it runs");
    let told = String::from_utf8(output.stderr).expect("text");
    assert!(output.status.code() == Some(2) && told.contains("another file"), "{told}");
    assert_eq!(std::fs::read(&there).expect("it is there"), table[0].1, "what was there is not lost");
}

/// A folder of the test's own.
fn folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).expect("a folder");
    folder
}

fn replay(file: &Path, log: &Path) -> Berth {
    let mut command = Command::new(env!("CARGO_BIN_EXE_berth"));
    command.args(["replay", "--speed", "1000", "--listen", "127.0.0.1:0"]).arg(file);
    Berth::run(command, log)
}

/// Waits until a replay is over; why it is.
fn over(berth: &Berth) -> String {
    until("the replay is over", PAUSE, || {
        let status = berth.status();
        let problem = status["source"]["Broken"]["problem"].as_str()?;
        problem.contains("the recording").then(|| problem.to_owned())
    })
}

#[test]
fn given_traces_when_replayed_then_the_page_shows_their_end_and_says_that_it_is_over() {
    let folder = folder("recording-traces");
    for name in TRACES {
        let berth = replay(&trace_file(name), &folder.join("log"));
        assert!(over(&berth).ends_with("is over"), "{name}");
        let mut topology = topology::Topology::default();
        for Entry { at, what } in entries(name) {
            if let What::Observed(observation) = what {
                topology.apply(at, [observation]);
            }
        }
        for (set, board) in topology.boards() {
            let path = format!("/api/v1/topology/{}/{}", set.namespace, set.name);
            let shown = berth.json(&path)["board"].clone();
            let pods = |board: &Value| -> Vec<(Value, Value, Value)> {
                let lanes = board["lanes"].as_array().cloned().unwrap_or_default();
                let pods = lanes.iter().flat_map(|lane| lane["incarnations"].as_array().cloned().unwrap_or_default());
                pods.map(|pod| (pod["uid"].clone(), pod["ips"].clone(), pod["columns"].clone())).collect()
            };
            let expected = serde_json::to_value(board).expect("JSON");
            assert_eq!(pods(&shown), pods(&expected), "{name}: {set}");
            // When it went is a matter of milliseconds.
            let controller = |board: &Value| board["controller"]["Present"].clone();
            assert_eq!(controller(&shown), controller(&expected), "{name}: {set}");
        }
        assert!(berth.stop().success());
    }
}

/// A program that writes lines; it ends with this.
struct Program(Child);

impl Program {
    /// Starts it, and waits for a line that begins like this; what it went on with.
    fn start(mut command: Command, log: &Path, line: &str) -> (Self, String) {
        let log = std::fs::File::options().create(true).append(true).open(log).expect("a file");
        let mut child = command.stdout(Stdio::piped()).stderr(log).spawn().expect("it runs");
        let lines = BufReader::new(child.stdout.take().expect("it is piped")).lines();
        let found = lines.map_while(Result::ok).find_map(|text| text.strip_prefix(line).map(str::to_owned));
        (Self(child), found.expect("it says it"))
    }

    fn signal(&mut self, name: &str) -> Option<i32> {
        Command::new("kill").args([format!("-{name}"), self.0.id().to_string()]).status().expect("kill runs");
        self.0.wait().expect("it ends").code()
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The demo, once everything in it was listed.
fn demo(kubeconfig: &Path, log: &Path) -> Berth {
    let mut demo = Command::new(env!("CARGO_BIN_EXE_berth"));
    demo.args(["demo", "--listen", "127.0.0.1:0", "--dns", "127.0.0.1:0", "--speed", "20", "--write-kubeconfig"]);
    demo.arg(kubeconfig);
    let demo = Berth::run(demo, log);
    demo.ready();
    demo
}

#[test]
fn given_a_cluster_that_is_recorded_when_replayed_then_the_page_is_as_it_was_also_up_to_where_the_file_is_cut() {
    let folder = folder("recording-live");
    let (log, kubeconfig) = (folder.join("log"), folder.join("kubeconfig"));
    let demo = demo(&kubeconfig, &log);
    let file = folder.join("recording");
    let mut record = Command::new(env!("CARGO_BIN_EXE_berth"));
    record.arg("record").arg(&file).arg("--kubeconfig").arg(&kubeconfig);
    let (mut record, told) = Program::start(record, &log, "Recording ");
    assert!(told.contains("Ctrl-C"), "{told}");
    let pods = |berth: &Berth| -> Vec<(String, String)> {
        let Some((200, body)) = berth.try_get("/api/v1/topology/default/web") else { return Vec::new() };
        let view: Value = serde_json::from_str(&body).expect("JSON");
        let lanes = view["board"]["lanes"].as_array().cloned().unwrap_or_default();
        let pods = lanes.iter().filter_map(|lane| lane["incarnations"].as_array()?.last());
        let ready = pods.filter(|pod| pod["ended"].is_null() && pod["ready_since"].is_string());
        ready.map(|pod| (pod["uid"].to_string(), pod["ips"].to_string())).collect()
    };
    let settled = |what: &str| until(what, PAUSE, || Some(pods(&demo)).filter(|pods| pods.len() == 2));
    let size = || std::fs::metadata(&file).map_or(0, |file| file.len());
    let first = settled("both pods are Ready");
    // Nothing happens now: once the file stays as it is for longer than it is kept waiting, it has everything so far.
    let mut known = (0, Instant::now());
    let listed = until("the first lists are recorded", PAUSE, || {
        let size = size();
        if size != known.0 {
            known = (size, Instant::now());
        }
        (size > 1_000 && known.1.elapsed() > Duration::from_millis(1_500)).then_some(size)
    });
    delete(&kubeconfig, "web-0");
    let last =
        until("another pod is there", PAUSE, || Some(pods(&demo)).filter(|pods| pods.len() == 2 && *pods != first));
    // What is not flushed yet is when it is told to end.
    std::thread::sleep(Duration::from_millis(300));
    assert_eq!(record.signal("INT"), Some(0));
    assert!(demo.stop().success());

    let berth = replay(&file, &log);
    assert!(over(&berth).ends_with("is over"));
    assert_eq!(pods(&berth), last);
    let records = berth.json("/api/v1/records?namespace=default").to_string();
    assert!(records.contains("web-0.nginx.default.svc.cluster.local."), "{records}");
    drop(berth);

    let bytes = std::fs::read(&file).expect("it is there");
    let cut = folder.join("cut");
    let cut_at = usize::try_from(listed).expect("small") + 5;
    assert!(cut_at < bytes.len(), "something came after the first lists");
    std::fs::write(&cut, &bytes[..cut_at]).expect("a file");
    let berth = replay(&cut, &log);
    let told = over(&berth);
    assert!(told.contains(&format!("damaged from byte {listed} on")), "{told}");
    assert_eq!(pods(&berth), first, "{told}");
    let source = Source::open(&cut).expect("a recording");
    assert_eq!(source.frames.filter(Result::is_err).count(), 1);
}

#[test]
fn given_a_running_berth_when_its_recording_is_downloaded_and_replayed_then_the_page_is_as_it_was() {
    let folder = folder("recording-downloaded");
    let (log, kubeconfig) = (folder.join("log"), folder.join("kubeconfig"));
    let demo = demo(&kubeconfig, &log);
    // All pods of the set that ever were, with their addresses.
    let pods = |berth: &Berth, query: &str| -> Vec<(String, String, bool)> {
        let Some((200, body)) = berth.try_get(&format!("/api/v1/topology/default/web{query}")) else {
            return Vec::new();
        };
        let view: Value = serde_json::from_str(&body).expect("JSON");
        let lanes = view["board"]["lanes"].as_array().cloned().unwrap_or_default();
        let pods = lanes.iter().flat_map(|lane| lane["incarnations"].as_array().cloned().unwrap_or_default());
        let is_ready = |pod: &Value| pod["ended"].is_null() && pod["ready_since"].is_string();
        pods.map(|pod| (pod["uid"].to_string(), pod["ips"].to_string(), is_ready(&pod))).collect()
    };
    let settled = |count: usize| {
        until("all pods are Ready", PAUSE, || {
            let pods = pods(&demo, "");
            (pods.len() == count && pods.iter().filter(|(.., ready)| *ready).count() >= 2).then_some(pods)
        })
    };
    let first = settled(2);
    let moment = server::clock::now().as_millis();
    delete(&kubeconfig, "web-0");
    until("another pod is there", PAUSE, || Some(pods(&demo, "")).filter(|pods| pods.len() == 3));
    let last = settled(3);
    // What was there before can be asked for at once.
    assert_eq!(pods(&demo, &format!("?at={moment}")), first);
    let identities = |pods: &[(String, String, bool)]| -> Vec<(String, String)> {
        pods.iter().map(|(uid, ips, _)| (uid.clone(), ips.clone())).collect()
    };
    for (name, query, expected) in [("all", String::new(), &last), ("past", format!("?to={moment}"), &first)] {
        let file = folder.join(name);
        std::fs::write(&file, demo.bytes(&format!("/api/v1/recording{query}"))).expect("a file");
        let berth = replay(&file, &log);
        assert!(over(&berth).ends_with("is over"), "{name}");
        assert_eq!(identities(&pods(&berth, "")), identities(expected), "{name}");
        // A replay has a past as well.
        let then = pods(&berth, &format!("?at={moment}"));
        assert_eq!(identities(&then), identities(&first), "{name}");
        assert!(berth.stop().success());
    }
    assert!(demo.stop().success());
}

/// Deletes a pod through the demo's API.
fn delete(kubeconfig: &Path, pod: &str) {
    use std::io::{Read as _, Write as _};
    let text = std::fs::read_to_string(kubeconfig).expect("its kubeconfig");
    let (_, rest) = text.split_once("http://").expect("a server");
    let server = rest.split(['"', '\n', '}', ',']).next().expect("an address").trim();
    let mut stream = std::net::TcpStream::connect(server).expect("it listens");
    let path = format!("/api/v1/namespaces/default/pods/{pod}");
    write!(stream, "DELETE {path} HTTP/1.1\r\nHost: {server}\r\nConnection: close\r\n\r\n").expect("it reads");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("it answers");
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
}
