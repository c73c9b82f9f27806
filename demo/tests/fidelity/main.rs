//! The demo's cluster beside the reference control plane: every recorded scenario runs on both at the same time, and what
//! becomes of each object, and in which order across pods, must be the same.
//!
//! Both live at the same pace, and the demo's nodes end pods equally quickly here: the reference has no slow ones.

mod compare;
mod scenario;
mod side;
mod state;

#[path = "../../../server/tests/support/control_plane.rs"]
mod control_plane;
#[path = "../support/mod.rs"]
mod support;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

use control_plane::ControlPlane;
use demo::{Cluster, Content, Options, Pace};
use scenario::Scenario;
use side::Side;

/// How long each step of a pod takes, in milliseconds, on both sides.
const CREATE: u64 = 200;
const START: u64 = 400;
const STOP: u64 = 300;

/// What comes within this time comes at once: no step of a pod is shorter.
const MOMENT: Duration = Duration::from_millis(CREATE);

fn scenarios() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/control-plane/record/scenarios");
    let files = std::fs::read_dir(folder).expect("the scenarios are in the repository");
    let mut files: Vec<PathBuf> = files.map(|entry| entry.expect("a readable folder").path()).collect();
    files.retain(|file| file.extension().is_some_and(|it| it == "py") && !file.ends_with("common.py"));
    files.sort();
    files
}

/// A machine with other things to do can hold one side up for longer than a moment. What is different does not depend on
/// that: it is so again.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn given_every_scenario_when_it_runs_on_both_then_all_objects_go_through_the_same_states_in_the_same_order() {
    let mut differences = self::differences().await;
    if !differences.is_empty() {
        let again = self::differences().await;
        differences.retain(|difference| again.contains(difference));
    }
    let told: Vec<&str> = differences.iter().map(String::as_str).collect();
    assert!(told.is_empty(), "{} differences, twice:\n{}", told.len(), told.join("\n"));
}

/// What is different between the two, run side by side.
async fn differences() -> BTreeSet<String> {
    let scenarios: Vec<Scenario> = scenarios().iter().map(|file| Scenario::read(file)).collect();
    assert!(scenarios.len() >= 6, "{} scenarios", scenarios.len());
    let milliseconds = [("CREATE_MS", CREATE), ("READY_MS", START), ("DELETE_MS", STOP)];
    let environment = milliseconds.map(|(name, value)| (name, value.to_string()));
    let reference = tokio::task::spawn_blocking(move || {
        ControlPlane::start("fidelity-reference", &environment.each_ref().map(|(name, value)| (*name, value.as_str())))
    });
    let reference = reference.await.expect("it starts");
    let pace = Pace {
        schedule: Duration::ZERO,
        create: Duration::from_millis(CREATE),
        start: Duration::from_millis(START),
        stop: Duration::from_millis(STOP),
        slow_stop: Duration::from_millis(STOP),
        speed: 1.0,
    };
    let options = Options { pace, content: Content::Empty, ..Options::default() };
    let cluster = Cluster::start(options).await.expect("a free port");
    let sides = [
        Side::new("reference", &std::fs::read_to_string(reference.kubeconfig()).expect("a kubeconfig")).await,
        Side::new("demo", &demo::kubeconfig(cluster.address())).await,
    ];
    let runs = sides.iter().flat_map(|side| scenarios.iter().map(move |scenario| side.run(scenario)));
    let mut told = futures::future::join_all(runs).await;
    let ours = told.split_off(scenarios.len());
    let mut differences = BTreeSet::new();
    for ((scenario, theirs), ours) in scenarios.iter().zip(&told).zip(&ours) {
        let found = compare::differences(theirs, ours, MOMENT);
        differences.extend(found.into_iter().map(|difference| format!("{}: {difference}", scenario.namespace)));
    }
    let pods: usize = told.iter().map(|history| history.of("pods").count()).sum();
    assert!(pods > 30, "{pods} pods were seen");
    cluster.stop().await.expect("nothing is to be kept");
    differences
}
