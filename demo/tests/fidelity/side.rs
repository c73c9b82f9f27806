//! One of the two clusters: scenarios run on it, and everything that it streams meanwhile is kept.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use futures::{AsyncBufReadExt as _, TryStreamExt as _};
use serde_json::Value;

use super::scenario::{Scenario, Step};
use super::state::{History, Seen};
use super::support::Kubectl;

/// What is watched: the kind, and where.
pub(crate) const WATCHED: [(&str, &str); 6] = [
    ("pods", "/api/v1"),
    ("services", "/api/v1"),
    ("events", "/api/v1"),
    ("endpointslices", "/apis/discovery.k8s.io/v1"),
    ("statefulsets", "/apis/apps/v1"),
    ("controllerrevisions", "/apis/apps/v1"),
];

/// The rows that `kubectl get` prints, each with its object.
const TABLE: &str = "application/json;as=Table;v=v1;g=meta.k8s.io";

/// How long nothing must change until a cluster counts as quiet: longer than any step of a pod.
pub(crate) const QUIET: Duration = Duration::from_millis(1_500);

/// The longest that it may take to come to rest.
const PATIENCE: Duration = Duration::from_secs(60);

/// One of the two clusters.
pub(crate) struct Side {
    name: &'static str,
    client: kube::Client,
    kubeconfig: String,
}

/// What was streamed, in the order of arrival.
type Heard = Arc<Mutex<(Vec<Seen>, Instant)>>;

impl Side {
    pub(crate) async fn new(name: &'static str, kubeconfig: &str) -> Self {
        let client = super::support::client_of(kubeconfig).await;
        Self { name, client, kubeconfig: kubeconfig.to_owned() }
    }

    /// Runs a scenario in its namespace.
    pub(crate) async fn run(&self, scenario: &Scenario) -> History {
        let kubectl = Kubectl::of(&format!("fidelity-{}-{}", self.name, scenario.namespace), &self.kubeconfig);
        let namespace = format!("{{apiVersion: v1, kind: Namespace, metadata: {{name: {}}}}}", scenario.namespace);
        assert_eq!(kubectl.with_input(&["apply", "-f", "-"], &namespace).await.code, Some(0));
        let heard: Heard = Arc::new(Mutex::new((Vec::new(), Instant::now())));
        let start = Instant::now();
        let mut watches = tokio::task::JoinSet::new();
        for (kind, path) in WATCHED {
            let path = format!("{path}/namespaces/{}/{kind}", scenario.namespace);
            watches.spawn(listen(self.client.clone(), kind, path, Arc::clone(&heard), start));
        }
        for step in &scenario.steps {
            match step {
                Step::Kubectl { kubectl: arguments, input } => {
                    let arguments: Vec<&str> =
                        ["-n", &scenario.namespace].into_iter().chain(arguments.iter().map(String::as_str)).collect();
                    let printed = kubectl.with_input(&arguments, input).await;
                    assert_eq!(printed.code, Some(0), "{} {arguments:?}: {}", self.name, printed.err);
                }
                Step::Checkpoint { checkpoint } => self.settle(&heard, checkpoint).await,
                Step::Sleep { sleep } => tokio::time::sleep(Duration::from_secs_f64(*sleep)).await,
            }
        }
        watches.abort_all();
        while watches.join_next().await.is_some() {}
        let seen = std::mem::take(&mut heard.lock().expect("nobody panicked").0);
        History::new(&seen)
    }

    /// Waits until nothing changes any more.
    async fn settle(&self, heard: &Heard, checkpoint: &str) {
        let begin = Instant::now();
        loop {
            let last = heard.lock().expect("nobody panicked").1.max(begin);
            match QUIET.checked_sub(last.elapsed()) {
                None => return,
                Some(wait) => tokio::time::sleep(wait.max(Duration::from_millis(10))).await,
            }
            assert!(begin.elapsed() < PATIENCE, "{} does not come to rest at {checkpoint}", self.name);
        }
    }
}

/// Keeps what a watch streams.
async fn listen(client: kube::Client, kind: &'static str, path: String, heard: Heard, start: Instant) {
    let uri = format!(
        "{path}?watch=true&sendInitialEvents=true&allowWatchBookmarks=true&resourceVersionMatch=NotOlderThan&includeObject=Object"
    );
    let request = http::Request::get(uri).header("accept", TABLE).body(Vec::new()).expect("a request");
    let mut lines = client.request_stream(request).await.expect("a watch").lines();
    while let Some(line) = lines.try_next().await.expect("a line") {
        let event: Value = serde_json::from_str(&line).expect("an event");
        let change = event["type"].as_str().expect("a type");
        if change == "BOOKMARK" {
            continue;
        }
        assert!(["ADDED", "MODIFIED", "DELETED"].contains(&change), "{path}: {line}");
        let row = &event["object"]["rows"][0];
        let seen = Seen {
            at: start.elapsed(),
            kind,
            deleted: change == "DELETED",
            cells: row["cells"].as_array().cloned().unwrap_or_default(),
            object: row["object"].clone(),
        };
        let mut heard = heard.lock().expect("nobody panicked");
        heard.0.push(seen);
        heard.1 = Instant::now();
    }
}
