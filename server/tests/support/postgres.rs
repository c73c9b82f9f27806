//! A PostgreSQL server of a test's own, from Debian's package.
#![allow(dead_code, reason = "each test binary uses its part")]

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use server::ledger::Place;

/// How long it may take to start.
const PATIENCE: Duration = Duration::from_secs(60);

/// Runs until it is dropped.
pub(crate) struct Postgres {
    server: Child,
    folder: PathBuf,
    port: u16,
    programs: PathBuf,
}

impl Postgres {
    /// Starts one on a free loopback port, with its data in a folder of its own.
    ///
    /// # Panics
    /// Without its programs: the test cannot say anything then.
    pub(crate) fn start(name: &str) -> Self {
        let programs = programs().expect("PostgreSQL is missing: run `tools/setup`, or install Debian's `postgresql`");
        // Its user must reach the folder, which it need not below the checkout.
        let folder = std::env::temp_dir().join(format!("berth-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir_all(&folder).expect("a folder");
        if is_root() {
            run(Command::new("chown").arg("postgres").arg(&folder));
        }
        let data = folder.join("data");
        run(own(&programs.join("initdb")).args(["-U", "berth", "-A", "trust", "-N", "-D"]).arg(&data));
        let port = TcpListener::bind("127.0.0.1:0").expect("a free port").local_addr().expect("an address").port();
        let server = serve(&programs, &folder, port);
        let postgres = Self { server, folder, port, programs };
        postgres.wait();
        postgres
    }

    /// Waits until it answers.
    fn wait(&self) {
        let deadline = Instant::now() + PATIENCE;
        while !self.sql("SELECT 1") {
            assert!(Instant::now() < deadline, "PostgreSQL started in time");
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    /// Goes away, at once and with every connection.
    pub(crate) fn go(&mut self) {
        // The first line of this file is the server's own process id, also below `runuser`. INT ends it at once.
        let id = std::fs::read_to_string(self.folder.join("data/postmaster.pid")).ok();
        let id = id.and_then(|text| text.lines().next().map(str::to_owned));
        let _ = Command::new("kill").args(["-INT", &id.unwrap_or_else(|| self.server.id().to_string())]).status();
        let _ = self.server.wait();
    }

    /// Comes back with its data, where it was.
    pub(crate) fn come_back(&mut self) {
        self.server = serve(&self.programs, &self.folder, self.port);
        self.wait();
    }

    /// A new database; its URL.
    pub(crate) fn database(&self, name: &str) -> String {
        assert!(self.sql(&format!("CREATE DATABASE {name}")), "the database {name} is made");
        format!("postgres://berth@127.0.0.1:{}/{name}", self.port)
    }

    fn sql(&self, statement: &str) -> bool {
        let port = self.port.to_string();
        let psql = self.programs.join("psql");
        let arguments = ["-h", "127.0.0.1", "-p", &port, "-U", "berth", "-d", "postgres", "-qc", statement];
        let mut command = Command::new(psql);
        command.args(arguments).stdout(Stdio::null()).stderr(Stdio::null());
        command.status().is_ok_and(|status| status.success())
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        self.go();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// Runs the server on the data in a folder.
fn serve(programs: &Path, folder: &Path, port: u16) -> Child {
    own(&programs.join("postgres"))
        .arg("-D")
        .arg(folder.join("data"))
        .args(["-p", &port.to_string(), "-c", "listen_addresses=127.0.0.1", "-c", "fsync=off", "-k"])
        .arg(folder)
        .stderr(Stdio::null())
        .spawn()
        .expect("postgres runs")
}

/// Debian keeps each version's programs in a folder of its own; the newest counts.
fn programs() -> Option<PathBuf> {
    let versions = std::fs::read_dir("/usr/lib/postgresql").ok()?;
    let versions = versions.filter_map(|version| Some(version.ok()?.path().join("bin")));
    versions.filter(|bin| bin.join("initdb").exists()).max()
}

/// The program as a user who is not root, which PostgreSQL refuses.
fn own(program: &Path) -> Command {
    if !is_root() {
        return Command::new(program);
    }
    let mut command = Command::new("runuser");
    command.args(["-u", "postgres", "--"]).arg(program);
    command.current_dir("/");
    command
}

fn is_root() -> bool {
    let output = Command::new("id").arg("-u").output().expect("id runs");
    output.stdout.starts_with(b"0\n")
}

fn run(command: &mut Command) {
    let output = command.output().expect("it runs");
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
}

/// Both databases that a ledger can be in, each empty; gone with this.
pub(crate) struct Databases {
    pub(crate) places: Vec<Place>,
    pub(crate) folder: PathBuf,
    _postgres: Postgres,
}

impl Databases {
    /// Starts a PostgreSQL of that name, and makes room for a file in a folder of that name.
    pub(crate) fn start(name: &str, folder: &str) -> Self {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(folder);
        let _ = std::fs::remove_dir_all(&folder);
        let postgres = Postgres::start(name);
        let places = vec![Place::File(folder.join("ledger.db")), Place::Postgres(postgres.database("ledger"))];
        Self { places, folder, _postgres: postgres }
    }
}

impl Drop for Databases {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}
