//! `berth demo`: what it prints, what it serves, and how it ends.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpStream, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use hickory_proto::op::{Message, MessageType, OpCode, Query};
use hickory_proto::rr::{Name, RecordType};

/// How long anything may take before a test gives up.
const PATIENCE: Duration = Duration::from_secs(60);

struct Demo {
    child: Child,
    lines: Vec<String>,
}

impl Demo {
    fn start(arguments: &[&str]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_berth"))
            .args(["demo", "--listen", "127.0.0.1:0", "--dns", "127.0.0.1:0", "--speed", "20", "--ledger", "memory"])
            .args(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the binary runs");
        let mut lines = Vec::new();
        for line in BufReader::new(child.stdout.take().expect("it is piped")).lines() {
            lines.push(line.expect("text"));
            if lines.iter().any(|line| line.starts_with("Berth is at ")) {
                break;
            }
        }
        Self { child, lines }
    }

    /// What stands behind these words.
    fn told(&self, words: &str) -> &str {
        let mut found = self.lines.iter().filter_map(|line| line.trim_start().strip_prefix(words));
        found.next().unwrap_or_else(|| panic!("{words} in {:#?}", self.lines))
    }

    fn kubeconfig(&self) -> PathBuf {
        self.told("export KUBECONFIG=").into()
    }

    /// The body of an answer of the page's server.
    fn get(&self, path: &str) -> String {
        let address = self.told("Berth is at http://");
        let mut stream = TcpStream::connect(address).expect("it listens");
        write!(stream, "GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n").expect("it reads");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("it answers");
        answer.split_once("\r\n\r\n").expect("a body").1.to_owned()
    }

    /// The pods of a set that are ready, by name and address.
    fn ready(&self, name: &str, count: usize) -> Vec<(String, String)> {
        let end = Instant::now() + PATIENCE;
        loop {
            let body = self.get(&format!("/api/v1/topology/default/{name}"));
            let pods = ready_pods(&body);
            if pods.len() == count {
                return pods;
            }
            assert!(Instant::now() < end, "{count} pods: {body}");
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// The answers of the DNS server.
    fn addresses(&self, name: &str) -> Vec<String> {
        let socket = UdpSocket::bind("127.0.0.1:0").expect("a port");
        socket.set_read_timeout(Some(PATIENCE)).expect("a time");
        let mut question = Message::new(7, MessageType::Query, OpCode::Query);
        question.add_query(Query::query(Name::from_ascii(name).expect("a name"), RecordType::A));
        let bytes = question.to_vec().expect("bytes");
        socket.send_to(&bytes, self.told("DNS is at ")).expect("it is sent");
        let mut buffer = [0; 4096];
        let length = socket.recv(&mut buffer).expect("an answer");
        let answer = Message::from_vec(&buffer[..length]).expect("a message");
        answer.answers.iter().map(|record| record.data.to_string()).collect()
    }

    /// What a command in a pod prints.
    fn exec(&self, arguments: &[&str]) -> String {
        let programs = std::env::var_os("CONTROL_PLANE_BIN").map(PathBuf::from);
        let kubectl = programs.map(|programs| programs.join("kubectl")).filter(|kubectl| kubectl.exists()).expect(
            "kubectl is missing: run `tools/setup control-plane`, then the tests with `make test`, or after `. tools/env`",
        );
        let mut command = Command::new(kubectl);
        let home = env!("CARGO_TARGET_TMPDIR"); // kubectl keeps what it discovers there
        command.env_clear().env("HOME", home).env("KUBECONFIG", self.kubeconfig()).arg("exec").args(arguments);
        let output = command.output().expect("kubectl runs");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).expect("text")
    }

    /// Ends it by a TERM; its exit code.
    fn stop(mut self) -> Option<i32> {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").arg(id).status().expect("kill runs").success());
        self.child.wait().expect("it ends").code()
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The incarnations of now that are ready, by hostname and first address.
fn ready_pods(body: &str) -> Vec<(String, String)> {
    let board: serde_json::Value = serde_json::from_str(body).unwrap_or_default();
    let mut found = Vec::new();
    collect(&board, &mut found);
    found.sort();
    found
}

fn collect(value: &serde_json::Value, found: &mut Vec<(String, String)>) {
    match value {
        serde_json::Value::Object(fields) => {
            let has = |name: &str| fields.get(name).is_some_and(|value| !value.is_null());
            if has("ready_since") && !has("ended") && !has("deleting") {
                let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
                found.push((text(&fields["hostname"]), text(&fields["ips"][0])));
            }
            fields.values().for_each(|value| collect(value, found));
        }
        serde_json::Value::Array(items) => items.iter().for_each(|value| collect(value, found)),
        _ => {}
    }
}

#[test]
fn given_the_demo_when_started_then_page_kubeconfig_and_dns_show_the_walk_through_and_it_ends_cleanly() {
    let demo = Demo::start(&[]);
    let kubeconfig = demo.kubeconfig();
    let text = std::fs::read_to_string(&kubeconfig).expect("the kubeconfig is there");
    assert!(text.contains("server: http://127.0.0.1:"), "{text}");
    let pods = demo.ready("web", 2);
    assert_eq!(pods.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(), ["web-0", "web-1"]);
    for (name, address) in pods {
        assert_eq!(demo.addresses(&format!("{name}.nginx.default.svc.cluster.local.")), [address]);
    }
    // From within a pod the same names are found, and a page comes from the pod that is meant.
    let table = [
        ("nslookup", "web-1.nginx", "web-1.nginx.default.svc.cluster.local\n"),
        ("wget", "http://web-1.nginx", "web-1\n"),
    ];
    for (program, name, end) in table {
        let said = demo.exec(&["web-0", "--", program, name]);
        assert!(said.ends_with(end), "{program}: {said}");
    }
    let said = demo.exec(&["web-0", "--", "nslookup", "web-0.nginx"]);
    let address = &demo.addresses("web-0.nginx.default.svc.cluster.local.")[0];
    let expected = format!(
        "Server:    10.43.0.10\nAddress 1: 10.43.0.10 kube-dns.kube-system.svc.cluster.local\n\n\
         Name:      web-0.nginx\nAddress 1: {address} web-0.nginx.default.svc.cluster.local\n"
    );
    assert_eq!(said, expected);
    assert_eq!(demo.stop(), Some(0));
    assert!(!kubeconfig.exists(), "the kubeconfig that nobody asked for is removed");
}

#[test]
fn given_a_state_file_when_the_demo_starts_again_then_the_same_pods_are_there() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("demo-state");
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).expect("a folder");
    let (state, kubeconfig) = (folder.join("kept.demo"), folder.join("kubeconfig"));
    let arguments =
        ["--demo-state", state.to_str().expect("text"), "--write-kubeconfig", kubeconfig.to_str().expect("text")];
    let first = Demo::start(&arguments);
    let before = first.ready("web", 2);
    assert_eq!(first.stop(), Some(0));
    assert!(kubeconfig.exists(), "the kubeconfig that was asked for stays");
    let second = Demo::start(&arguments);
    assert_eq!(second.ready("web", 2), before);
    assert_eq!(second.stop(), Some(0));
}

#[test]
fn given_an_empty_demo_when_started_then_there_is_no_set() {
    let demo = Demo::start(&["--empty"]);
    let fleet: serde_json::Value = serde_json::from_str(&demo.get("/api/v1/topology")).expect("JSON");
    assert!(!fleet.to_string().contains("\"web\""), "{fleet}");
    assert_eq!(demo.stop(), Some(0));
}

#[test]
fn given_a_wrong_call_when_started_then_one_sentence_names_the_way_out_and_the_code_is_2() {
    let table: [(&[&str], &str); 4] = [
        (&["demo", "--api", "0.0.0.0:0"], "127.0.0.1"),
        (&["--kubeconfig", "/nowhere", "demo"], "leave out --kubeconfig"),
        (&["demo", "--write-kubeconfig", "/nowhere/config"], "--write-kubeconfig PATH"),
        (&["demo", "--demo-state", "/proc/self/status"], "--demo-state"),
    ];
    for (arguments, expected) in table {
        let output = Command::new(env!("CARGO_BIN_EXE_berth")).args(arguments).output().expect("the binary runs");
        let told = String::from_utf8(output.stderr).expect("text");
        assert_eq!(output.status.code(), Some(2), "{told}");
        assert!(told.trim_end().lines().count() == 1 && told.contains(expected), "{told}");
    }
}
