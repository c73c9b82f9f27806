//! What `kubectl` promises: READY, STATUS and RESTARTS are to the letter what Kubernetes' own printer prints.
//!
//! The expected columns in `data/` were printed by that printer (`tests/control-plane/kubernetes/printer`):
//! `data/pods.jsonl` for pods made by hand, one case a line; `data/traces/NAME.txt` for each pod event of
//! `tests/traces/NAME.jsonl`, as `LINE READY STATUS RESTARTS`. Ages are those at [`NOW`].
//!
//! With `POD_PRINTER` naming the printer, it prints all of them again, and random pods as well; a difference fails.
//! With `POD_PRINTER_WRITE` set too, it rewrites the expected columns first; `POD_PRINTER_SEED`, a number, draws other
//! random pods. A container has at most one state throughout, as the kubelet reports it.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::SystemTime;
use std::{env, fs, thread};

use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use topology::Timestamp;
use topology::kubectl::{human_duration, pod_columns};
use topology::kubernetes::Pod;

/// When the committed columns were printed, as far as ages go: 2026-01-01T12:00:00Z.
const NOW: Timestamp = Timestamp::from_millis(1_767_268_800_000);

/// How Go writes a time that is none.
const NO_TIME: &str = "0001-01-01T00:00:00Z";

/// How many random pods the real printer is asked about.
const RANDOM_PODS: usize = 2000;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Columns {
    ready: String,
    status: String,
    restarts: String,
}

/// A line of `data/pods.jsonl`.
#[derive(Serialize, Deserialize)]
struct Case {
    name: String,
    pod: Value,
    #[serde(flatten)]
    columns: Columns,
}

/// The pod events of a trace, each with its line.
struct Trace {
    name: String,
    pods: Vec<(usize, Value)>,
}

impl Trace {
    fn expected_file(&self) -> PathBuf {
        data("traces").join(&self.name).with_extension("txt")
    }

    fn expected_text(&self, columns: &[Columns]) -> String {
        let pairs = self.pods.iter().zip(columns);
        lines(pairs.map(|((line, _), it)| format!("{line} {} {} {}", it.ready, it.status, it.restarts)))
    }

    fn objects(&self) -> impl Iterator<Item = &Value> {
        self.pods.iter().map(|(_, pod)| pod)
    }
}

/// The text of these lines, the last one ended as well.
fn lines(lines: impl Iterator<Item = String>) -> String {
    lines.flat_map(|line| [line, "\n".to_owned()]).collect()
}

fn data(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(name)
}

fn read(file: &Path) -> String {
    fs::read_to_string(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}

fn cases() -> Vec<Case> {
    let text = read(&data("pods.jsonl"));
    text.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"))).collect()
}

fn traces() -> Vec<Trace> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/traces");
    let mut files: Vec<PathBuf> = fs::read_dir(folder)
        .expect("the traces are in the repository")
        .map(|entry| entry.expect("a readable folder").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "jsonl"))
        .collect();
    files.sort();
    files.iter().map(|file| trace(file)).collect()
}

fn trace(file: &Path) -> Trace {
    let name = file.file_stem().and_then(|stem| stem.to_str()).expect("a name in UTF-8").to_owned();
    let text = read(file);
    let entries = text.lines().map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
    let pods = (1..)
        .zip(entries)
        .filter(|(_, entry)| entry["watch"] == "pods" && entry["type"] != "BOOKMARK")
        .map(|(line, mut entry)| (line, entry["object"].take()))
        .collect();
    Trace { name, pods }
}

/// What we print.
fn ours(pod: &Value) -> Columns {
    let pod: Pod = serde_json::from_str(&pod.to_string()).unwrap_or_else(|error| panic!("{error}: {pod}"));
    let columns = pod_columns(&pod);
    Columns { ready: columns.ready.to_string(), status: columns.status, restarts: columns.restarts.text(NOW) }
}

/// The real printer, where the environment names one.
struct Printer(PathBuf);

impl Printer {
    fn find() -> Option<Self> {
        let found = env::var_os("POD_PRINTER").map(|path| Self(path.into()));
        if found.is_none() {
            println!("POD_PRINTER is not set: only the committed columns were checked");
        }
        found
    }

    /// What it prints. It reads the clock, so the pods are moved from [`NOW`] to now. Ages that leave half a minute to
    /// the next text give it the time to start.
    fn print<'a>(&self, pods: impl Iterator<Item = &'a Value>) -> Vec<Columns> {
        let by = now().millis_since(NOW);
        let input = lines(pods.map(|pod| later(pod.clone(), by).to_string()));
        let mut printer = Command::new(&self.0)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{}: {error}", self.0.display()));
        let mut stdin = printer.stdin.take().expect("it is piped");
        let asked = input.lines().count();
        let writer = thread::spawn(move || stdin.write_all(input.as_bytes()));
        let output = printer.wait_with_output().expect("it ends");
        assert!(output.status.success(), "the printer failed; its standard error says why");
        writer.join().expect("no panic").expect("it read all pods");
        let text = String::from_utf8(output.stdout).expect("UTF-8");
        let columns: Vec<Columns> = text.lines().map(|line| serde_json::from_str(line).expect("columns")).collect();
        assert_eq!(columns.len(), asked, "one line for each pod");
        columns
    }
}

fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).expect("a clock after 1970");
    Timestamp::from_millis(i64::try_from(since.as_millis()).expect("a clock before the year 292 million"))
}

/// The pod with each `finishedAt` that much later: no other time is printed.
fn later(mut pod: Value, millis: i64) -> Value {
    match &mut pod {
        Value::Object(fields) => fields.iter_mut().for_each(|(name, value)| match value {
            Value::String(time) if name == "finishedAt" && time != NO_TIME => *time = moved(time, millis),
            _ => *value = later(value.take(), millis),
        }),
        Value::Array(items) => items.iter_mut().for_each(|item| *item = later(item.take(), millis)),
        _ => {}
    }
    pod
}

fn moved(time: &str, millis: i64) -> String {
    let at = Timestamp::parse(time).unwrap_or_else(|| panic!("{time} is no time"));
    Timestamp::from_millis(at.as_millis() + millis).to_rfc3339()
}

/// Whether the expected columns are to be rewritten.
fn rewrites() -> bool {
    env::var_os("POD_PRINTER_WRITE").is_some()
}

/// What the random pods are drawn from: the same ones each time, unless the environment asks for others.
fn seed() -> u64 {
    env::var("POD_PRINTER_SEED").map_or(0, |text| text.parse().expect("POD_PRINTER_SEED is a number"))
}

fn write(file: &Path, text: &str) {
    fs::write(file, text).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
}

#[test]
fn given_pods_in_every_state_when_printed_then_the_columns_are_those_of_kubernetes() {
    let cases = cases();
    assert!(cases.len() >= 45, "the file is whole");
    for case in cases {
        assert_eq!(ours(&case.pod), case.columns, "{}: {}", case.name, case.pod);
    }
}

#[test]
fn given_every_pod_event_of_the_traces_when_printed_then_the_columns_are_those_of_kubernetes() {
    for trace in traces() {
        assert!(!trace.pods.is_empty(), "{} has pods", trace.name);
        let columns: Vec<Columns> = trace.objects().map(ours).collect();
        assert_eq!(trace.expected_text(&columns), read(&trace.expected_file()), "{}", trace.name);
    }
}

#[test]
fn given_the_real_printer_when_it_prints_the_pods_made_by_hand_then_the_committed_columns_are_its_own() {
    let Some(printer) = Printer::find() else { return };
    let mut cases = cases();
    let real = printer.print(cases.iter().map(|case| &case.pod));
    if rewrites() {
        cases.iter_mut().zip(&real).for_each(|(case, columns)| case.columns = columns.clone());
        let text = lines(cases.iter().map(|case| serde_json::to_string(case).expect("JSON")));
        write(&data("pods.jsonl"), &text);
    }
    for (case, columns) in cases.iter().zip(real) {
        assert_eq!(case.columns, columns, "{}: {}", case.name, case.pod);
    }
}

#[test]
fn given_the_real_printer_when_it_prints_the_traces_then_the_committed_columns_are_its_own() {
    let Some(printer) = Printer::find() else { return };
    for trace in traces() {
        let real = trace.expected_text(&printer.print(trace.objects()));
        if rewrites() {
            write(&trace.expected_file(), &real);
        }
        assert_eq!(read(&trace.expected_file()), real, "{}", trace.name);
    }
}

#[test]
fn given_the_real_printer_when_it_prints_random_pods_then_ours_prints_the_same() {
    let Some(printer) = Printer::find() else { return };
    let seed = seed();
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &[seed.to_le_bytes(); 4].concat());
    let mut runner = TestRunner::new_with_rng(Config::default(), rng);
    let pods: Vec<Value> =
        (0..RANDOM_PODS).map(|_| pods().new_tree(&mut runner).expect("no filter gives up").current()).collect();
    for (pod, columns) in pods.iter().zip(printer.print(pods.iter())) {
        assert_eq!(ours(pod), columns, "POD_PRINTER_SEED={seed}: {pod}");
    }
}

proptest! {
    #![proptest_config(Config { failure_persistence: None, ..Config::default() })]

    #[test]
    fn given_any_pod_when_printed_then_it_never_panics(pod in pods(), now in any::<i64>()) {
        let pod: Pod = serde_json::from_value(pod).expect("a pod");
        let columns = pod_columns(&pod);
        prop_assert!(!columns.ready.to_string().is_empty());
        prop_assert!(!columns.restarts.text(Timestamp::from_millis(now)).is_empty());
    }

    #[test]
    fn given_any_duration_when_printed_then_it_never_panics(millis in any::<i64>()) {
        prop_assert!(!human_duration(millis).is_empty());
    }
}

/// A field's value: one of those that mean something, or any text.
fn one_of(meaningful: &'static [&'static str]) -> impl Strategy<Value = Value> {
    prop_oneof![
        20 => prop::sample::select(meaningful).prop_map(Value::from),
        1 => "\\PC{0,8}".prop_map(Value::from),
        1 => Just(Value::Null),
    ]
}

/// What a field may be where the API's default is as good.
fn or_null(value: impl Strategy<Value = Value>) -> impl Strategy<Value = Value> {
    prop_oneof![4 => value, 1 => Just(Value::Null)]
}

/// Few names, so that they collide and sidecars meet containers.
fn name() -> impl Strategy<Value = Value> {
    prop::sample::select(&["a", "b", "c", "d"][..]).prop_map(Value::from)
}

fn waiting() -> impl Strategy<Value = Value> {
    const REASONS: &[&str] = &["", "PodInitializing", "ContainerCreating", "CrashLoopBackOff", "Completed"];
    one_of(REASONS).prop_map(|reason| json!({"waiting": {"reason": reason}}))
}

fn terminated() -> impl Strategy<Value = Value> {
    let code = prop_oneof![3 => Just(0), 2 => 1..256, 1 => any::<i32>()];
    let signal = prop_oneof![3 => Just(0), 1 => 1..32];
    (one_of(&["", "Completed", "Error", "OOMKilled"]), code, signal, time()).prop_map(|(reason, code, signal, at)| {
        json!({"terminated": {"reason": reason, "exitCode": code, "signal": signal, "finishedAt": at}})
    })
}

/// Times whose age leaves half a minute to the next text, and times that are none.
fn time() -> impl Strategy<Value = Value> {
    let past = (10..5_000_000_i64).prop_map(|minutes| {
        let age = (minutes * 60 + 30) * 1000;
        Value::from(Timestamp::from_millis(NOW.as_millis() - age).to_rfc3339())
    });
    prop_oneof![8 => past, 1 => Just(Value::Null), 1 => Just(Value::from(NO_TIME))]
}

fn state() -> impl Strategy<Value = Value> {
    let running = json!({"running": {"startedAt": "2025-12-01T00:00:00Z"}});
    prop_oneof![2 => waiting(), 3 => Just(running), 3 => terminated(), 1 => Just(json!({})), 1 => Just(Value::Null)]
}

fn container_status() -> impl Strategy<Value = Value> {
    let restarts = prop_oneof![4 => Just(0), 4 => 1..20, 1 => any::<i32>()];
    let flag = || or_null(any::<bool>().prop_map(Value::from));
    (name(), flag(), flag(), restarts, state(), state()).prop_map(|(name, ready, started, restarts, state, last)| {
        json!({"name": name, "ready": ready, "started": started, "restartCount": restarts, "state": state,
            "lastState": last})
    })
}

fn container() -> impl Strategy<Value = Value> {
    (name(), one_of(&["Always", "Always", "OnFailure"]))
        .prop_map(|(name, policy)| json!({"name": name, "restartPolicy": policy}))
}

fn condition() -> impl Strategy<Value = Value> {
    let kind = one_of(&["PodScheduled", "Initialized", "Ready", "ContainersReady"]);
    let reason = one_of(&["", "", "SchedulingGated", "Unschedulable"]);
    (kind, one_of(&["True", "True", "False", "Unknown"]), reason)
        .prop_map(|(kind, status, reason)| json!({"type": kind, "status": status, "reason": reason}))
}

fn up_to(most: usize, item: impl Strategy<Value = Value>) -> impl Strategy<Value = Value> {
    or_null(prop::collection::vec(item, 0..=most).prop_map(Value::from))
}

/// A pod's status. In half of them no init container holds the others back.
fn status() -> impl Strategy<Value = Value> {
    let phase = one_of(&["Pending", "Running", "Running", "Succeeded", "Failed", "Unknown"]);
    let reason = prop_oneof![3 => Just(Value::Null), 1 => one_of(&["Evicted", "NodeLost", "Completed"])];
    let inits = prop_oneof![Just(Value::Null), up_to(4, container_status())];
    (phase, reason, up_to(4, condition()), inits, up_to(4, container_status())).prop_map(
        |(phase, reason, conditions, inits, containers)| {
            json!({"phase": phase, "reason": reason, "conditions": conditions, "initContainerStatuses": inits,
                "containerStatuses": containers})
        },
    )
}

fn pods() -> impl Strategy<Value = Value> {
    let deleted = prop_oneof![3 => Just(Value::Null), 1 => Just(Value::from("2026-01-01T12:00:30Z"))];
    let spec = (up_to(4, container()), up_to(4, container()))
        .prop_map(|(containers, inits)| json!({"containers": containers, "initContainers": inits}));
    (deleted, or_null(spec), prop_oneof![20 => status().boxed(), 1 => Just(Value::Null).boxed()]).prop_map(
        |(deleted, spec, status)| {
            json!({"metadata": {"name": "web-0", "deletionTimestamp": deleted}, "spec": spec, "status": status})
        },
    )
}

#[test]
fn given_the_bounds_of_each_form_when_a_duration_is_printed_then_it_is_the_text_of_kubernetes() {
    const SECOND: i64 = 1000;
    const MINUTE: i64 = 60 * SECOND;
    const HOUR: i64 = 60 * MINUTE;
    const DAY: i64 = 24 * HOUR;
    const YEAR: i64 = 365 * DAY;
    let table = [
        (-DAY, "<invalid>"),
        (-2 * SECOND, "<invalid>"),
        (-2 * SECOND + 1, "0s"),
        (-SECOND, "0s"),
        (-SECOND + 1, "0s"),
        (0, "0s"),
        (SECOND - 1, "0s"),
        (SECOND, "1s"),
        (MINUTE, "60s"),
        (2 * MINUTE - 1, "119s"),
        (2 * MINUTE, "2m"),
        (2 * MINUTE + SECOND, "2m1s"),
        (3 * MINUTE - 1, "2m59s"),
        (10 * MINUTE - 1, "9m59s"),
        (10 * MINUTE, "10m"),
        (10 * MINUTE + SECOND, "10m"),
        (HOUR, "60m"),
        (3 * HOUR - 1, "179m"),
        (3 * HOUR, "3h"),
        (3 * HOUR + MINUTE - 1, "3h"),
        (3 * HOUR + MINUTE, "3h1m"),
        (8 * HOUR - 1, "7h59m"),
        (8 * HOUR, "8h"),
        (8 * HOUR + MINUTE, "8h"),
        (DAY, "24h"),
        (48 * HOUR - 1, "47h"),
        (48 * HOUR, "2d"),
        (2 * DAY + HOUR - 1, "2d"),
        (2 * DAY + HOUR, "2d1h"),
        (8 * DAY - 1, "7d23h"),
        (8 * DAY, "8d"),
        (8 * DAY + HOUR, "8d"),
        (YEAR, "365d"),
        (2 * YEAR - 1, "729d"),
        (2 * YEAR, "2y"),
        (2 * YEAR + DAY - 1, "2y"),
        (2 * YEAR + DAY, "2y1d"),
        (3 * YEAR - 1, "2y364d"),
        (3 * YEAR, "3y"),
        (8 * YEAR - 1, "7y364d"),
        (8 * YEAR, "8y"),
        (8 * YEAR + DAY, "8y"),
        (9 * YEAR - 1, "8y"),
        (9 * YEAR, "9y"),
        (292 * YEAR, "292y"),
        (i64::MAX, "292y"),
        (i64::MIN, "<invalid>"),
    ];
    for (millis, text) in table {
        assert_eq!(human_duration(millis), text, "{millis} ms");
    }
}
