//! `berth demo` as a process of a test's own.
#![allow(dead_code, reason = "each test binary uses its part")]

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpStream, UdpSocket};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use hickory_proto::op::{Message, MessageType, OpCode, Query};
use hickory_proto::rr::{Name, RecordType};

/// How long anything may take before a test gives up.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// `berth demo`, which ends with this.
pub(crate) struct Demo {
    child: Child,
    lines: Vec<String>,
}

impl Demo {
    /// Starts it with these options.
    pub(crate) fn start(arguments: &[&str]) -> Self {
        let listen: &[&str] = if arguments.contains(&"--listen") { &[] } else { &["--listen", "127.0.0.1:0"] };
        let mut command = Command::new(env!("CARGO_BIN_EXE_berth"));
        command
            .args(["demo", "--dns", "127.0.0.1:0", "--ledger", "memory"])
            .args(listen)
            .args(arguments)
            .stderr(Stdio::null());
        Self::run(command)
    }

    /// Starts it by this command.
    pub(crate) fn run(mut command: Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).spawn().expect("the binary runs");
        let mut lines = Vec::new();
        for line in BufReader::new(child.stdout.take().expect("it is piped")).lines() {
            lines.push(line.expect("text"));
            if lines.iter().any(|line| line.starts_with("Berth is at ")) {
                break;
            }
        }
        Self { child, lines }
    }

    /// Starts it with these options; everything that it logs is added to the file.
    pub(crate) fn start_logged(arguments: &[&str], log: &std::path::Path) -> Self {
        let log = std::fs::File::create(log).expect("a file");
        let mut command = Command::new(env!("CARGO_BIN_EXE_berth"));
        command.args(["demo", "--dns", "127.0.0.1:0"]).args(arguments).env("RUST_LOG", "trace").stderr(log);
        Self::run(command)
    }

    /// What stands behind these words.
    pub(crate) fn told(&self, words: &str) -> &str {
        let mut found = self.lines.iter().filter_map(|line| line.trim_start().strip_prefix(words));
        found.next().unwrap_or_else(|| panic!("{words} in {:#?}", self.lines))
    }

    pub(crate) fn kubeconfig(&self) -> PathBuf {
        self.told("export KUBECONFIG=").into()
    }

    /// Sends a request to the page's server.
    pub(crate) fn send(&self, method: &str, path: &str, body: &str) -> TcpStream {
        self.send_with(method, path, body, "")
    }

    /// The same with further header lines.
    pub(crate) fn send_with(&self, method: &str, path: &str, body: &str, headers: &str) -> TcpStream {
        let connection = if headers.contains("Upgrade: ") { "Upgrade" } else { "close" };
        let address = self.told("Berth is at http://");
        let mut stream = TcpStream::connect(address).expect("it listens");
        let length = body.len();
        let head = format!(
            "{method} {path} HTTP/1.1\r\nHost: {address}\r\nConnection: {connection}\r\nContent-Length: {length}"
        );
        write!(stream, "{head}\r\nContent-Type: application/json\r\n{headers}\r\n{body}").expect("it reads");
        stream
    }

    /// The code and the body of an answer of the page's server.
    pub(crate) fn ask(&self, method: &str, path: &str, body: &str) -> (u16, String) {
        let mut answer = String::new();
        self.send(method, path, body).read_to_string(&mut answer).expect("it answers");
        let (head, body) = answer.split_once("\r\n\r\n").expect("a body");
        let code = head.split(' ').nth(1).and_then(|code| code.parse().ok());
        (code.unwrap_or_else(|| panic!("a code in {head}")), body.to_owned())
    }

    /// The body of an answer of the page's server.
    pub(crate) fn get(&self, path: &str) -> String {
        self.ask("GET", path, "").1
    }

    /// The pods of a set that are ready, by name and address.
    pub(crate) fn ready(&self, name: &str, count: usize) -> Vec<(String, String)> {
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
    pub(crate) fn addresses(&self, name: &str) -> Vec<String> {
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

    /// Waits until the DNS server answers with this address alone.
    pub(crate) fn resolves(&self, name: &str, address: &str) {
        let end = Instant::now() + PATIENCE;
        loop {
            let found = self.addresses(name);
            if found == [address] {
                return;
            }
            assert!(Instant::now() < end, "{name} is at {found:?}, not at {address}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// What a command in a pod prints.
    pub(crate) fn exec(&self, arguments: &[&str]) -> String {
        let mut command = Command::new(programs().join("kubectl"));
        let home = env!("CARGO_TARGET_TMPDIR"); // kubectl keeps what it discovers there
        command.env_clear().env("HOME", home).env("KUBECONFIG", self.kubeconfig()).arg("exec").args(arguments);
        let output = command.output().expect("kubectl runs");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).expect("text")
    }

    /// Ends it by a TERM; its exit code.
    pub(crate) fn stop(mut self) -> Option<i32> {
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

/// The folder of kubectl.
///
/// # Panics
/// Without kubectl: the test cannot say anything then.
pub(crate) fn programs() -> PathBuf {
    let programs = std::env::var_os("CONTROL_PLANE_BIN").map(PathBuf::from);
    programs.filter(|programs| programs.join("kubectl").exists()).expect(
        "kubectl is missing: run `tools/setup control-plane`, then the tests with `make test`, or after `. tools/env`",
    )
}

/// The incarnations of now that are ready, by hostname and first address.
pub(crate) fn ready_pods(body: &str) -> Vec<(String, String)> {
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
