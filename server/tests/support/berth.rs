//! Berth itself, as its users start it.
#![allow(dead_code, reason = "each test binary uses its part")]

use std::fs::File;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use server::clock::now;
use topology::Timestamp;

/// A kubeconfig whose cluster nobody serves.
pub(crate) const KUBECONFIG: &str = r#"
apiVersion: v1
kind: Config
current-context: one
clusters: [{name: c, cluster: {server: "https://127.0.0.1:1"}}]
users: [{name: u, user: {}}]
contexts: [{name: one, context: {cluster: c, user: u}}]
"#;

/// How long anything may take before a test gives up.
const PATIENCE: Duration = Duration::from_secs(60);

/// Runs until it is dropped.
pub(crate) struct Berth {
    child: Child,
    address: String,
    /// When it was started.
    pub(crate) began: Timestamp,
}

impl Berth {
    /// Starts it and waits until it says where it is; what it logs is added to the file.
    pub(crate) fn start(kubeconfig: &Path, ledger: &str, log: &Path) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_berth"));
        command.arg("--kubeconfig").arg(kubeconfig).args(["--listen", "127.0.0.1:0", "--ledger", ledger]);
        Self::run(command, log)
    }

    /// The same of a command.
    pub(crate) fn run(mut command: Command, log: &Path) -> Self {
        let log = File::options().create(true).append(true).open(log).expect("a file");
        let began = now();
        let child = command.env("NO_COLOR", "1").stdout(Stdio::piped()).stderr(log).spawn();
        let mut child = child.expect("the binary runs");
        let mut lines = BufReader::new(child.stdout.take().expect("it is piped")).lines();
        let address = lines.find_map(|line| line.ok()?.strip_prefix("Berth is at http://").map(str::to_owned));
        Self { child, address: address.expect("it says where it is"), began }
    }

    /// The status and the body of an answer; `None` when there is none.
    pub(crate) fn try_get(&self, path: &str) -> Option<(u16, String)> {
        let mut stream = TcpStream::connect(&self.address).ok()?;
        // In this version the end of the connection is the end of the body.
        write!(stream, "GET {path} HTTP/1.0\r\nHost: {}\r\n\r\n", self.address).ok()?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).ok()?;
        let (head, body) = answer.split_once("\r\n\r\n")?;
        Some((head.split(' ').nth(1)?.parse().ok()?, body.to_owned()))
    }

    /// The body of a good answer.
    pub(crate) fn get(&self, path: &str) -> String {
        let (status, body) = self.try_get(path).expect("it answers");
        assert_eq!(status, 200, "{path}: {body}");
        body
    }

    /// The body of a good answer that is no text.
    pub(crate) fn bytes(&self, path: &str) -> Vec<u8> {
        let mut stream = TcpStream::connect(&self.address).expect("it listens");
        write!(stream, "GET {path} HTTP/1.0\r\nHost: {}\r\n\r\n", self.address).expect("it reads");
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).expect("it answers");
        let end = answer.windows(4).position(|bytes| bytes == b"\r\n\r\n").expect("a head");
        assert!(answer.starts_with(b"HTTP/1.0 200"), "{}", String::from_utf8_lossy(&answer[..end]));
        answer.split_off(end + 4)
    }

    pub(crate) fn json(&self, path: &str) -> Value {
        serde_json::from_str(&self.get(path)).expect("JSON")
    }

    /// How it stands to the cluster and to its history.
    pub(crate) fn status(&self) -> Value {
        self.json("/api/v1/topology")["status"].clone()
    }

    /// Waits until every first list is in.
    pub(crate) fn ready(&self) {
        until("it is ready", Duration::from_millis(10), || {
            self.try_get("/readyz").filter(|(status, _)| *status == 200).map(drop)
        });
    }

    /// Kills it without a word.
    pub(crate) fn kill(mut self) {
        self.child.kill().expect("it runs");
        self.child.wait().expect("it ends");
    }

    /// Ends it as a service manager does.
    pub(crate) fn stop(mut self) -> ExitStatus {
        let id = self.child.id().to_string();
        Command::new("kill").arg(id).status().expect("kill runs");
        self.child.wait().expect("it ends")
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Berth {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Tries until it works.
pub(crate) fn until<T>(what: &str, pause: Duration, mut attempt: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(result) = attempt() {
            return result;
        }
        assert!(Instant::now() < deadline, "{what}, in time");
        std::thread::sleep(pause);
    }
}
