//! A reference control plane of a test's own: real etcd, kube-apiserver, controllers, kwok and CoreDNS.
#![allow(dead_code, reason = "each test binary uses its part")]

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// What runs in the walk-through's pods.
pub(crate) const CONTAINERS: &str = "containers: [{name: nginx, image: 'nginx:1.9.1'}]";

/// The walk-through's Service and StatefulSet, with that many pods of this spec.
pub(crate) fn manifests(replicas: u32, pod: &str) -> String {
    format!(
        "
apiVersion: v1
kind: Service
metadata: {{name: nginx}}
spec: {{clusterIP: None, selector: {{app: nginx}}, ports: [{{port: 80, name: web}}]}}
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {{name: web}}
spec:
  serviceName: nginx
  replicas: {replicas}
  selector: {{matchLabels: {{app: nginx}}}}
  template:
    metadata: {{labels: {{app: nginx}}}}
    spec: {{{pod}}}
"
    )
}

/// Runs until it is dropped.
pub(crate) struct ControlPlane {
    up: Child,
    folder: PathBuf,
    settings: BTreeMap<String, String>,
}

impl ControlPlane {
    /// Starts one; `environment` is that of `tests/control-plane/up`.
    ///
    /// # Panics
    /// Without its programs: the test cannot say anything then.
    pub(crate) fn start(name: &str, environment: &[(&str, &str)]) -> Self {
        let programs = std::env::var_os("CONTROL_PLANE_BIN").map(PathBuf::from);
        let programs = programs.filter(|programs| programs.join("coredns").exists()).expect(
            "the programs of the reference control plane are missing: run `tools/setup control-plane`, then the tests \
             with `make test`, or after `. tools/env`",
        );
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        let _ = std::fs::remove_dir_all(&folder);
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/control-plane/up");
        let mut up = Command::new(script)
            .args([&programs, &folder])
            .env("WITH_PARENT", "1")
            .envs(environment.iter().copied())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the script runs");
        let lines = BufReader::new(up.stdout.take().expect("it is piped")).lines();
        let mut settings = BTreeMap::new();
        for line in lines.map_while(Result::ok) {
            let Some((key, value)) = line.split_once('=') else { continue };
            settings.insert(key.to_owned(), value.to_owned());
            if key == "READY" {
                break;
            }
        }
        let plane = Self { up, folder, settings };
        assert!(
            plane.settings.contains_key("READY"),
            "the control plane came up; its logs are in {}",
            plane.folder.display()
        );
        plane
    }

    fn setting(&self, key: &str) -> &str {
        self.settings.get(key).unwrap_or_else(|| panic!("the control plane tells {key}"))
    }

    /// The kubeconfig.
    pub(crate) fn kubeconfig(&self) -> PathBuf {
        self.setting("KUBECONFIG").into()
    }

    /// Where CoreDNS listens.
    pub(crate) fn dns(&self) -> std::net::SocketAddr {
        self.setting("DNS").parse().expect("an address")
    }

    /// Kills kube-apiserver, and starts it again on its port: what its watch cache held is gone.
    pub(crate) fn restart_apiserver(&self) {
        // One after the other has had its effect: of two signals at once, the script may see only one.
        let before = self.id_of_apiserver();
        self.signal("USR1");
        let command_line = format!("/proc/{before}/cmdline");
        wait_until("kube-apiserver is gone", || std::fs::read(&command_line).unwrap_or_default().is_empty());
        self.signal("USR2");
        wait_until("kube-apiserver is started again", || self.id_of_apiserver() != before);
    }

    fn id_of_apiserver(&self) -> String {
        std::fs::read_to_string(self.folder.join("kube-apiserver.pid")).unwrap_or_default().trim().to_owned()
    }

    fn signal(&self, name: &str) {
        let id = self.up.id().to_string();
        let sent = Command::new("kill").args([format!("-{name}"), id]).status().expect("kill runs");
        assert!(sent.success(), "{name} reaches the control plane");
    }

    /// kubectl with these arguments, to be run.
    pub(crate) fn kubectl_command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(self.setting("KUBECTL"));
        command.arg("--kubeconfig").arg(self.kubeconfig()).args(arguments);
        command
    }

    /// Runs kubectl with this on its standard input; what it prints.
    pub(crate) fn kubectl(&self, arguments: &[&str], input: &str) -> Result<String, String> {
        use std::io::Write as _;
        let mut child = self
            .kubectl_command(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("kubectl runs");
        child.stdin.take().expect("it is piped").write_all(input.as_bytes()).expect("it reads");
        let output = child.wait_with_output().expect("it ends");
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        if output.status.success() { Ok(text(&output.stdout)) } else { Err(text(&output.stderr)) }
    }
}

fn wait_until(what: &str, is_so: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(30);
    while !is_so() {
        assert!(Instant::now() < deadline, "{what}, in time");
        std::thread::sleep(Duration::from_millis(20));
    }
}

impl Drop for ControlPlane {
    fn drop(&mut self) {
        // TERM by its own id: the script stops what it started.
        let _ = Command::new("kill").arg(self.up.id().to_string()).status();
        let _ = self.up.wait();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}
