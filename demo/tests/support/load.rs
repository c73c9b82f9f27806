//! Load on a cluster's API: many watches and many writes, and many pods.
#![allow(dead_code, reason = "the test and the benchmark use their parts")]

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use demo::Cluster;
use futures::future::try_join_all;
use k8s_openapi::api::core::v1::{Pod, Service};
use kube::api::{Api, Patch, PatchParams, PostParams};
use serde_json::json;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;
use tokio::time::{MissedTickBehavior, interval, timeout};

use crate::support::client;

/// How long the last change may take to reach the last watch.
const PATIENCE: Duration = Duration::from_secs(60);

/// How much there is of it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Load {
    /// The watches that are open at once.
    pub(crate) watches: usize,
    /// How many times in a second an object is changed.
    pub(crate) writes_a_second: u32,
    /// For how many seconds.
    pub(crate) seconds: u32,
}

/// How it went.
#[derive(Debug)]
pub(crate) struct Held {
    /// The changes that were made.
    pub(crate) writes: u32,
    /// How long that took.
    pub(crate) took: Duration,
    /// How long after the last change every watch had seen all of them.
    pub(crate) lag: Duration,
}

/// Changes an object again and again while many watch it. Each sees every change, in order.
///
/// # Panics
/// When one does not.
pub(crate) async fn hold(cluster: &Cluster, load: Load) -> Held {
    let services: Api<Service> = Api::namespaced(client(cluster).await, "default");
    let service = json!({"metadata": {"name": "load", "labels": {"count": "0"}}, "spec": {"ports": [{"port": 80}]}});
    let service: Service = serde_json::from_value(service).expect("a Service");
    let made = services.create(&PostParams::default(), &service).await.expect("it is valid");
    let version = made.metadata.resource_version.expect("a version");
    let writes = load.writes_a_second * load.seconds;
    let mut watches = Vec::new();
    for _ in 0..load.watches {
        let stream = watch(cluster.address(), &version).await;
        watches.push(tokio::spawn(see_all(stream, writes)));
    }
    let began = Instant::now();
    let mut beat = interval(Duration::from_secs(1) / load.writes_a_second);
    beat.set_missed_tick_behavior(MissedTickBehavior::Burst);
    for count in 1..=writes {
        beat.tick().await;
        let patch = Patch::Merge(json!({"metadata": {"labels": {"count": count.to_string()}}}));
        services.patch("load", &PatchParams::default(), &patch).await.expect("it exists");
    }
    let (took, last) = (began.elapsed(), Instant::now());
    timeout(PATIENCE, try_join_all(watches)).await.expect("all is seen in time").expect("each sees all of it");
    Held { writes, took, lag: last.elapsed() }
}

/// Opens a watch, as HTTP/1.0: its lines come as they are.
async fn watch(address: SocketAddr, version: &str) -> BufReader<TcpStream> {
    let mut stream = TcpStream::connect(address).await.expect("it listens");
    let path = format!("/api/v1/namespaces/default/services?watch=true&resourceVersion={version}");
    let head = format!("GET {path} HTTP/1.0\r\nHost: 127.0.0.1\r\nAccept: application/json\r\n\r\n");
    stream.write_all(head.as_bytes()).await.expect("it reads");
    let mut stream = BufReader::with_capacity(64 << 10, stream);
    let mut line = String::new();
    while line.trim_end() != "" || line.is_empty() {
        line.clear();
        let length = stream.read_line(&mut line).await.expect("it answers");
        assert!(length > 0, "a head");
    }
    stream
}

async fn see_all(mut stream: BufReader<TcpStream>, writes: u32) {
    let mut line = String::new();
    for count in 1..=writes {
        line.clear();
        stream.read_line(&mut line).await.expect("it goes on");
        let seen = line.split("\"count\":\"").nth(1).and_then(|rest| rest.split('"').next());
        assert_eq!(seen, Some(count.to_string().as_str()), "the next change: {line}");
    }
}

/// Makes pods of a usual size, which no node is needed for.
///
/// # Panics
/// When one is refused.
pub(crate) async fn fill(cluster: &Cluster, pods: usize) {
    let api: Api<Pod> = Api::namespaced(client(cluster).await, "default");
    let one = async |number: usize| {
        let pod = json!({
            "metadata": {"name": format!("pod-{number}"), "labels": {"app": "load"}},
            "spec": {"containers": [{"name": "nginx", "image": "nginx:1.9.1", "ports": [{"containerPort": 80, "name": "web"}]}]},
        });
        let pod: Pod = serde_json::from_value(pod).expect("a Pod");
        api.create(&PostParams::default(), &pod).await.expect("it is valid");
    };
    for number in 0..pods {
        one(number).await;
    }
}

/// The memory that this process holds, in bytes; none where the system does not tell.
pub(crate) fn resident() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    Some(line.trim().strip_suffix(" kB")?.parse::<u64>().ok()? * 1024)
}
