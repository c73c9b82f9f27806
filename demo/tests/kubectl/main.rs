//! What kubectl prints on the demo beside what it prints on the reference control plane: the same lines are typed on both,
//! one after another, and output, errors and exit codes are compared but for times, addresses, nodes and random names.

mod plain;
mod table;

#[path = "../../../server/tests/support/control_plane.rs"]
mod control_plane;
#[path = "../support/mod.rs"]
mod support;

use std::path::{Path, PathBuf};
use std::process::Output;

use control_plane::ControlPlane;
use demo::{Cluster, Content, Options, Pace};
use plain::Plain;
use table::{Compared, Line, MANIFESTS, TABLE};

/// A cluster, and the folder from which kubectl is used on it.
struct Side {
    folder: PathBuf,
    programs: PathBuf,
}

impl Side {
    fn new(name: &str, kubeconfig: &str) -> Self {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("kubectl").join(name);
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir_all(&folder).expect("a folder");
        std::fs::write(folder.join("kubeconfig"), kubeconfig).expect("a file");
        for (file, text) in MANIFESTS {
            std::fs::write(folder.join(file), text).expect("a file");
        }
        let programs = std::env::var_os("CONTROL_PLANE_BIN").expect("the control plane needs it as well").into();
        Self { folder, programs }
    }

    /// Types a line: its output, its errors, its exit code.
    async fn run(&self, line: &str) -> [String; 3] {
        let mut command = tokio::process::Command::new("/bin/sh");
        command.args(["-c", line]).current_dir(&self.folder).env_clear().env("HOME", &self.folder).env("LC_ALL", "C");
        command.env("PATH", format!("{}:/usr/bin:/bin", self.programs.display()));
        command.env("KUBECONFIG", self.folder.join("kubeconfig"));
        let Output { status, stdout, stderr } = command.output().await.expect("a shell");
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        [text(&stdout), text(&stderr), status.code().map_or_else(String::new, |code| code.to_string())]
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn given_a_table_of_lines_when_typed_on_both_then_kubectl_prints_the_same() {
    let environment = [("CREATE_MS", "100"), ("READY_MS", "200"), ("DELETE_MS", "200")];
    let reference = tokio::task::spawn_blocking(move || ControlPlane::start("kubectl-reference", &environment));
    let reference = reference.await.expect("it starts");
    let options = Options { pace: Pace::default().times(5.0), content: Content::Empty, ..Options::default() };
    let cluster = Cluster::start(options).await.expect("a free port");
    let theirs = Side::new("reference", &std::fs::read_to_string(reference.kubeconfig()).expect("a kubeconfig"));
    let ours = Side::new("demo", &demo::kubeconfig(cluster.address()));
    let plain = Plain::new();
    let mut compared = 0;
    let mut differences = Vec::new();
    for Line { typed, compared: how } in TABLE {
        let (theirs, ours) = tokio::join!(theirs.run(typed), ours.run(typed));
        if *how == Compared::Not {
            assert_eq!((theirs[2].as_str(), ours[2].as_str()), ("0", "0"), "{typed}\n{}\n{}", theirs[1], ours[1]);
            continue;
        }
        compared += 1;
        let (their_text, our_text) = (plain.text(&theirs, *how), plain.text(&ours, *how));
        if !how.agree(&their_text, &our_text) {
            differences.push(format!("$ {typed}\n{}", plain::lines_that_differ(&their_text, &our_text)));
        }
    }
    assert!(compared >= 60, "{compared} lines are compared");
    let count = differences.len();
    assert!(differences.is_empty(), "{count} of {compared} lines differ:\n{}", differences.join("\n"));
    cluster.stop().await.expect("nothing is to be kept");
}
