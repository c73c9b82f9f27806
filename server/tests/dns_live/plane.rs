//! Clusters that a real CoreDNS answers for.

use std::fmt::Write as _;
use std::net::{SocketAddr, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::control_plane::{ControlPlane, run_kubectl};
use crate::demo::{Demo, programs};

/// A cluster, with a CoreDNS that answers for it.
pub(crate) trait Plane: Send {
    /// Runs kubectl with this on its standard input; what it prints.
    fn kubectl(&self, arguments: &[&str], input: &str) -> Result<String, String>;

    /// Where CoreDNS listens.
    fn coredns(&self) -> SocketAddr;
}

impl Plane for ControlPlane {
    fn kubectl(&self, arguments: &[&str], input: &str) -> Result<String, String> {
        Self::kubectl(self, arguments, input)
    }

    fn coredns(&self) -> SocketAddr {
        self.dns()
    }
}

/// The demo, and a CoreDNS that watches it as it would any cluster.
pub(crate) struct WatchedDemo {
    pub(crate) demo: Demo,
    coredns: Child,
    address: SocketAddr,
    home: PathBuf,
}

impl WatchedDemo {
    /// Starts both in a folder of that name, and waits until CoreDNS answers.
    pub(crate) fn start(name: &str) -> Self {
        let demo = Demo::start(&["--empty", "--speed", "10"]);
        let home = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        std::fs::create_dir_all(&home).expect("a folder");
        let address = free_address();
        let mut corefile = String::new();
        let zones = "cluster.local in-addr.arpa ip6.arpa";
        let kubeconfig = demo.kubeconfig();
        // Writing to a string cannot fail.
        let _ = writeln!(corefile, ".:{} {{\n bind 127.0.0.1\n errors\n kubernetes {zones} {{", address.port());
        let _ = writeln!(corefile, "  kubeconfig {}\n  pods insecure\n }}\n}}", kubeconfig.display());
        let path = home.join("Corefile");
        std::fs::write(&path, corefile).expect("a file");
        let log = std::fs::File::create(home.join("coredns.log")).expect("a file");
        let coredns = Command::new(programs().join("coredns"))
            .arg("-conf")
            .arg(&path)
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .expect("CoreDNS runs");
        Self { demo, coredns, address, home }
    }
}

impl Plane for WatchedDemo {
    fn kubectl(&self, arguments: &[&str], input: &str) -> Result<String, String> {
        let mut command = Command::new(programs().join("kubectl"));
        command.env("HOME", &self.home).arg("--kubeconfig").arg(self.demo.kubeconfig()).args(arguments);
        run_kubectl(command, input)
    }

    fn coredns(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for WatchedDemo {
    fn drop(&mut self) {
        let _ = self.coredns.kill();
        let _ = self.coredns.wait();
    }
}

/// An address that is free on UDP and TCP right now.
fn free_address() -> SocketAddr {
    let deadline = Instant::now() + Duration::from_secs(10);
    loop {
        let socket = UdpSocket::bind("127.0.0.1:0").expect("a free port");
        let address = socket.local_addr().expect("it is bound");
        if std::net::TcpListener::bind(address).is_ok() {
            return address;
        }
        assert!(Instant::now() < deadline, "a port that is free on UDP and TCP");
    }
}
