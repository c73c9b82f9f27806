//! What the watches promise against a real API server: cut connections, a server that restarted, credentials that were
//! refused. Whatever happened, in the end Berth shows what kubectl shows, and what nobody saw has no moment.

#[path = "support/cable.rs"]
mod cable;
#[path = "support/control_plane.rs"]
mod control_plane;
mod support;

use std::path::{Path, PathBuf};
use std::time::Duration;

use cable::Cable;
use control_plane::{CONTAINERS, ControlPlane, manifests};
use serde_json::Value;
use support::watching::Watching;
use tokio::time::{Instant, sleep};
use topology::board::{Board, End};
use topology::wire::{Source, Status};
use topology::{SetKey, Stage};

/// How long a real control plane may take for anything.
const PATIENCE: Duration = Duration::from_secs(120);

/// What Berth shows of a cluster.
struct Shown(Watching);

impl Shown {
    async fn new(kubeconfig: &Path, namespaces: Option<&[String]>) -> Self {
        Self(Watching::start(kubeconfig.to_owned(), namespaces).await)
    }

    async fn board(&self, namespace: &str) -> Option<Board> {
        let view = self.0.hub.view(Some(SetKey::new(namespace, "web"))).await.expect("the hub runs");
        view.board.and_then(|(_, board)| board).map(|board| *board)
    }

    async fn until_status(&self, what: &str, wanted: impl Fn(&Status) -> bool) {
        let mut status = self.0.hub.status();
        let seen = tokio::time::timeout(PATIENCE, status.wait_for(wanted)).await;
        assert!(seen.is_ok(), "{what}, but it is {:?}", self.0.hub.status().borrow());
    }

    /// Waits until the board shows just the pods that kubectl shows, all Ready; that board.
    async fn until_settled(&self, plane: &ControlPlane, namespace: &str, replicas: usize) -> Board {
        until("Berth shows what kubectl shows", async || {
            let board = self.board(namespace).await?;
            let shown: Vec<(String, Vec<String>)> = board
                .pods()
                .filter(|(_, pod)| pod.stage() == Stage::Ready)
                .map(|(_, pod)| (pod.uid.to_string(), pod.ips.iter().map(ToString::to_string).collect()))
                .collect();
            (shown.len() == replicas && shown == pods_of_kubectl(plane, namespace)).then_some(board)
        })
        .await
    }
}

/// UID and addresses of every pod, by name.
fn pods_of_kubectl(plane: &ControlPlane, namespace: &str) -> Vec<(String, Vec<String>)> {
    let Ok(text) = plane.kubectl(&["get", "pods", "-n", namespace, "-o", "json"], "") else { return Vec::new() };
    let list: Value = serde_json::from_str(&text).expect("JSON");
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let ips = |pod: &Value| {
        let ips = pod["status"]["podIPs"].as_array().cloned().unwrap_or_default();
        ips.iter().map(|ip| text(&ip["ip"])).collect()
    };
    let pods = list["items"].as_array().cloned().unwrap_or_default();
    pods.iter().map(|pod| (text(&pod["metadata"]["uid"]), ips(pod))).collect()
}

async fn until<T>(what: &str, attempt: impl AsyncFn() -> Option<T>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(result) = attempt().await {
            return result;
        }
        assert!(Instant::now() < deadline, "{what} in time");
        sleep(Duration::from_millis(100)).await;
    }
}

fn is_live(status: &Status) -> bool {
    matches!(status.source, Source::Live { .. })
}

fn is_broken(status: &Status) -> bool {
    matches!(status.source, Source::Broken { .. })
}

/// A kubeconfig beside the plane's own, with something replaced.
fn altered(plane: &ControlPlane, name: &str, alter: impl Fn(&str) -> String) -> PathBuf {
    let text = std::fs::read_to_string(plane.kubeconfig()).expect("its kubeconfig");
    let file = plane.kubeconfig().with_file_name(name);
    std::fs::write(&file, alter(&text)).expect("a file");
    file
}

/// The address of the API server in a kubeconfig.
fn server_of(kubeconfig: &str) -> String {
    let (_, rest) = kubeconfig.split_once("https://").expect("a server");
    rest.split('"').next().expect("an address").to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn given_a_cut_cable_when_pods_are_replaced_meanwhile_then_their_ends_are_stretches_and_all_converges() {
    let plane = ControlPlane::start("cluster-cable", &[]);
    let text = std::fs::read_to_string(plane.kubeconfig()).expect("its kubeconfig");
    let server = server_of(&text);
    let cable = Cable::to(server.parse().expect("an address")).await;
    let kubeconfig = altered(&plane, "cable", |text| text.replace(&server, &cable.address.to_string()));
    plane.kubectl(&["apply", "-f", "-"], &manifests(2, CONTAINERS)).expect("it applies");
    let watching = Shown::new(&kubeconfig, None).await;
    watching.until_status("it becomes live", is_live).await;
    watching.until_settled(&plane, "default", 2).await;

    // Once the watches can resume; once they cannot (410), because the API server has forgotten what was before.
    for forgets in [false, true] {
        cable.cut();
        watching.until_status("it says that it is not live", is_broken).await;
        let before = pods_of_kubectl(&plane, "default");
        plane.kubectl(&["delete", "pods", "-l", "app=nginx"], "").expect("they go");
        until("other pods are there", async || {
            let pods = pods_of_kubectl(&plane, "default");
            (pods.len() == 2 && pods.iter().all(|pod| !before.contains(pod) && !pod.1.is_empty())).then_some(())
        })
        .await;
        if forgets {
            plane.restart_apiserver();
            until("the API server is back", async || plane.kubectl(&["get", "--raw", "/readyz"], "").ok()).await;
        }
        cable.mend();
        watching.until_status("it becomes live again", is_live).await;
        let board = watching.until_settled(&plane, "default", 2).await;
        for lane in &board.lanes {
            let gone = lane.incarnations.iter().rev().nth(1).expect("a pod before");
            assert!(before.iter().any(|(uid, _)| *uid == gone.uid.to_string()), "forgets: {forgets}");
            let Some(End::Unseen { after, before }) = gone.ended else {
                panic!("nobody saw {} end, but: {:?}; forgets: {forgets}", gone.hostname, gone.ended)
            };
            assert!(after < before);
        }
    }

    // And what happens from then on has its moment again.
    plane.kubectl(&["delete", "pod", "web-1"], "").expect("it goes");
    let board = watching.until_settled(&plane, "default", 2).await;
    let ended = board.lanes[1].incarnations.iter().rev().nth(1).and_then(|pod| pod.ended);
    assert!(matches!(ended, Some(End::Seen { .. })), "{ended:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn given_refused_credentials_when_the_kubeconfig_gets_good_ones_then_it_becomes_live_without_a_restart() {
    let plane = ControlPlane::start("cluster-credentials", &[]);
    for namespace in ["one", "two", "three"] {
        plane.kubectl(&["create", "namespace", namespace], "").expect("it is created");
        plane.kubectl(&["apply", "-n", namespace, "-f", "-"], &manifests(2, CONTAINERS)).expect("it applies");
    }
    let good = std::fs::read_to_string(plane.kubeconfig()).expect("its kubeconfig");
    let kubeconfig = altered(&plane, "credentials", |text| {
        let refused = "users: [{name: admin, user: {token: nonsense}}]";
        let lines = text.lines().map(|line| if line.starts_with("users:") { refused } else { line });
        lines.flat_map(|line| [line, "\n"]).collect()
    });
    let namespaces = ["one".to_owned(), "two".to_owned()];
    let watching = Shown::new(&kubeconfig, Some(&namespaces)).await;
    watching
        .until_status("it says that the credentials were refused", |status| {
            matches!(&status.source, Source::Starting { problem: Some(problem), .. } if problem.contains("401"))
        })
        .await;

    std::fs::write(&kubeconfig, &good).expect("a file");
    watching.until_status("it becomes live", is_live).await;
    for namespace in &namespaces {
        watching.until_settled(&plane, namespace, 2).await;
    }
    assert_eq!(watching.board("three").await, None, "a namespace that nobody asked to watch");
}
