//! A cluster of a test's own, and kubectl on it.
#![allow(dead_code, reason = "each test binary uses its part")]

use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};
use std::time::{Duration, Instant};

use demo::{Cluster, Content, Options, Pace};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};

/// How long something is waited for that is to come.
const PATIENCE: Duration = Duration::from_secs(60);

/// Starts a cluster that lives so many times as fast.
pub(crate) async fn cluster(content: Content, speed: f64) -> Cluster {
    let options = Options { pace: Pace::default().times(speed), content, ..Options::default() };
    Cluster::start(options).await.expect("a free port")
}

/// A client of a cluster.
pub(crate) async fn client(cluster: &Cluster) -> kube::Client {
    client_of(&demo::kubeconfig(cluster.address())).await
}

/// A client of the cluster of a kubeconfig.
pub(crate) async fn client_of(kubeconfig: &str) -> kube::Client {
    let kubeconfig = kube::config::Kubeconfig::from_yaml(kubeconfig).expect("a kubeconfig");
    let mut config = kube::Config::from_custom_kubeconfig(kubeconfig, &kube::config::KubeConfigOptions::default())
        .await
        .expect("valid");
    config.proxy_url = None;
    kube::Client::try_from(config).expect("a client")
}

/// Looks again and again until there is an answer.
///
/// # Panics
/// When it does not come.
pub(crate) async fn eventually<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let end = Instant::now() + PATIENCE;
    loop {
        if let Some(found) = look().await {
            return found;
        }
        assert!(Instant::now() < end, "{what} did not come");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// kubectl on a cluster.
pub(crate) struct Kubectl {
    program: PathBuf,
    home: PathBuf,
}

/// What kubectl printed.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Printed {
    pub(crate) out: String,
    pub(crate) err: String,
    pub(crate) code: Option<i32>,
}

impl Kubectl {
    /// kubectl with a folder of its own under this name.
    ///
    /// # Panics
    /// Without kubectl: the test cannot say anything then.
    pub(crate) fn new(name: &str, cluster: &Cluster) -> Self {
        Self::of(name, &demo::kubeconfig(cluster.address()))
    }

    /// The same on the cluster of a kubeconfig.
    ///
    /// # Panics
    /// Without kubectl.
    pub(crate) fn of(name: &str, kubeconfig: &str) -> Self {
        let programs = std::env::var_os("CONTROL_PLANE_BIN").map(PathBuf::from);
        let program = programs.map(|programs| programs.join("kubectl")).filter(|kubectl| kubectl.exists()).expect(
            "kubectl is missing: run `tools/setup control-plane`, then the tests with `make test`, or after `. tools/env`",
        );
        let home = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        let _ = std::fs::remove_dir_all(&home);
        std::fs::create_dir_all(&home).expect("a folder");
        std::fs::write(home.join("kubeconfig"), kubeconfig).expect("a file");
        Self { program, home }
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.program);
        command.args(arguments).env_clear().env("HOME", &self.home).env("KUBECONFIG", self.home.join("kubeconfig"));
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        command
    }

    /// Runs it with this on its standard input.
    pub(crate) async fn with_input(&self, arguments: &[&str], input: &str) -> Printed {
        let mut child = self.command(arguments).spawn().expect("kubectl runs");
        let mut stdin = child.stdin.take().expect("it is piped");
        stdin.write_all(input.as_bytes()).await.expect("it reads");
        drop(stdin);
        let Output { status, stdout, stderr } = child.wait_with_output().await.expect("it ends");
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("text");
        Printed { out: text(stdout), err: text(stderr), code: status.code() }
    }

    /// Runs it.
    pub(crate) async fn run(&self, line: &str) -> Printed {
        self.with_input(&line.split(' ').collect::<Vec<_>>(), "").await
    }

    /// What it prints when all goes well.
    ///
    /// # Panics
    /// When it does not.
    pub(crate) async fn ok(&self, line: &str) -> String {
        let printed = self.run(line).await;
        assert_eq!((printed.code, printed.err.as_str()), (Some(0), ""), "kubectl {line}: {}", printed.out);
        printed.out
    }

    /// Starts it, to read its lines as they come.
    pub(crate) fn watch(&self, line: &str) -> Watching {
        let mut child = self.command(&line.split(' ').collect::<Vec<_>>()).spawn().expect("kubectl runs");
        let lines = BufReader::new(child.stdout.take().expect("it is piped")).lines();
        Watching { child, lines }
    }
}

/// A kubectl that prints on and on; it ends when this is dropped.
pub(crate) struct Watching {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Watching {
    /// The next line.
    ///
    /// # Panics
    /// When none comes.
    pub(crate) async fn line(&mut self) -> String {
        let line = tokio::time::timeout(PATIENCE, self.lines.next_line()).await.expect("a line comes");
        line.expect("it can be read").expect("kubectl does not end")
    }

    /// Types a line.
    ///
    /// # Panics
    /// When it does not read.
    pub(crate) async fn type_line(&mut self, line: &str) {
        let stdin = self.child.stdin.as_mut().expect("it is piped");
        stdin.write_all(format!("{line}\n").as_bytes()).await.expect("it reads");
    }

    /// Waits until it ends by itself; its exit code.
    ///
    /// # Panics
    /// When it does not.
    pub(crate) async fn end(mut self) -> Option<i32> {
        tokio::time::timeout(PATIENCE, self.child.wait()).await.expect("it ends").expect("it ran").code()
    }
}

/// A table's lines with one space between columns, and without what stands under these headings.
pub(crate) fn table(text: &str, without: &[&str]) -> Vec<String> {
    let mut lines = text.lines();
    let Some(head) = lines.next() else { return Vec::new() };
    let columns: Vec<&str> = head.split("  ").map(str::trim).filter(|name| !name.is_empty()).collect();
    let kept: Vec<usize> = (0..columns.len()).filter(|at| !without.contains(&columns[*at])).collect();
    let row = |line: &str| {
        let cells: Vec<&str> = line.split("  ").map(str::trim).filter(|cell| !cell.is_empty()).collect();
        kept.iter().map(|at| cells.get(*at).copied().unwrap_or("?")).collect::<Vec<_>>().join(" ")
    };
    lines.map(row).collect()
}
