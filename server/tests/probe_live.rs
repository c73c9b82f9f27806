//! The probe beside a real CoreDNS, on a real control plane: asked directly, and through a port-forward that goes all the
//! way from the API server to the kubelet (kwok's, which connects each DNS pod's port 53 to CoreDNS).

#[path = "support/control_plane.rs"]
mod control_plane;
mod support;

use std::sync::Arc;
use std::time::Duration;

use control_plane::ControlPlane;
use serde_json::json;
use server::clock::now;
use server::cluster::Connector;
use server::dns::probe::{PortForward, Probe, Resolver};
use server::hub::Feed;
use support::watching::Watching;
use tokio::time::{Instant, sleep};
use topology::SetKey;
use topology::board::Board;
use topology::dns::observed::{Observed, Verdict};
use topology::dns::{Name, RecordType};
use topology::wire::{self, ProbeProblem, Scope, Subscription};

/// How long anything may take.
const BOUND: Duration = Duration::from_secs(40);
const WEB_0: &str = "web-0.nginx.default.svc.cluster.local";

struct Berth {
    watching: Watching,
    _feed: Feed,
}

/// Berth with somebody who looks at `default/web`, and a probe.
async fn berth(kubeconfig: std::path::PathBuf, resolver: impl FnOnce(&Arc<Connector>) -> Resolver) -> Berth {
    let mut watching = Watching::start(kubeconfig, None).await;
    let Watching { hub, connector, reports, tasks } = &mut watching;
    tasks.spawn(Probe::new(resolver(connector), hub.clone(), reports.clone(), now).run());
    let scope = Scope::StatefulSet(SetKey::new("default", "web"));
    let feed = hub.subscribe(Subscription { scope, since: None }).await.expect("the hub runs");
    Berth { watching, _feed: feed }
}

impl Berth {
    async fn board(&self) -> Option<Box<Board>> {
        let view = self.watching.hub.view(Some(SetKey::new("default", "web"))).await.expect("the hub runs");
        view.board.and_then(|(_, board)| board)
    }

    async fn observed(&self) -> Vec<Observed> {
        let board = self.board().await;
        board.iter().flat_map(|board| &board.services).flat_map(|service| service.observed.clone()).collect()
    }

    /// Waits until the board shows this of what the cluster's DNS says.
    async fn eventually<T>(&self, what: &str, is_so: impl Fn(&[Observed]) -> Option<T>) -> T {
        let began = Instant::now();
        loop {
            let observed = self.observed().await;
            if let Some(found) = is_so(&observed) {
                return found;
            }
            let probe = self.watching.hub.status().borrow().probe.clone();
            assert!(began.elapsed() < BOUND, "{what}: {observed:#?}, {probe:?}");
            sleep(Duration::from_millis(20)).await;
        }
    }
}

fn apply(plane: &ControlPlane, object: &serde_json::Value) {
    plane.kubectl(&["apply", "--server-side", "-f", "-"], &object.to_string()).expect("it is applied");
}

fn walk_through(plane: &ControlPlane) {
    apply(
        plane,
        &json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "nginx", "namespace": "default"},
        "spec": {"clusterIP": "None", "selector": {"app": "nginx"}, "ports": [{"name": "web", "port": 80}]}}),
    );
    apply(
        plane,
        &json!({"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {"name": "web", "namespace": "default"},
        "spec": {"serviceName": "nginx", "replicas": 2, "selector": {"matchLabels": {"app": "nginx"}},
            "template": {"metadata": {"labels": {"app": "nginx"}},
                "spec": {"containers": [{"name": "nginx", "image": "nginx"}], "terminationGracePeriodSeconds": 1}}}}),
    );
}

fn of<'a>(all: &'a [Observed], name: &str, kind: RecordType) -> Option<&'a Observed> {
    all.iter().find(|it| it.question.name == Name::new(name) && it.question.kind == kind)
}

/// A name of an address that no pod has any more.
fn is_former(observed: &Observed) -> bool {
    observed.question.kind == RecordType::Ptr && observed.said.is_none()
}

/// Both pods are there, and the cluster's DNS says of every name what it must.
fn all_same(all: &[Observed]) -> Option<usize> {
    let same = all.iter().all(|it| it.said.as_ref().is_some_and(|said| said.verdict == Verdict::Same) || is_former(it));
    let both = ["web-0", "web-1"].iter().all(|pod| {
        let name = format!("{pod}.nginx.default.svc.cluster.local");
        of(all, &name, RecordType::A).is_some_and(|it| it.absent.is_none())
    });
    (same && both && all.iter().filter(|it| it.question.kind == RecordType::Ptr).count() >= 2).then_some(all.len())
}

/// The measured change after which web-0 was out of DNS, once it is back.
fn back(all: &[Observed]) -> Option<(u32, u32)> {
    let web_0 = of(all, WEB_0, RecordType::A)?;
    let measured = web_0.measured.iter().rev().find_map(|measured| Some((measured.lag?.most, measured.out?.most)))?;
    all_same(all).map(|_| measured)
}

#[tokio::test(flavor = "multi_thread")]
async fn given_a_real_cluster_when_pods_are_deleted_then_the_probe_measures_what_its_dns_does() {
    let plane = ControlPlane::start("probe-live", &[]);
    walk_through(&plane);
    let berth = berth(plane.kubeconfig(), |_| Resolver::Servers(vec![plane.dns()])).await;
    let names = berth.eventually("every name is the same", all_same).await;
    assert!(names >= 6, "{names} names");
    plane.kubectl(&["delete", "pod", "-l", "app=nginx", "--wait=false"], "").expect("they go");
    let absent = |all: &[Observed]| of(all, WEB_0, RecordType::A)?.absent;
    berth.eventually("web-0 is out of DNS", absent).await;
    let (lag, out) = berth.eventually("web-0 is back", back).await;
    // kwok takes half a second to end a pod, and one to start the next.
    assert!(lag < 5_000 && (500..30_000).contains(&out), "lag {lag} ms, out {out} ms");
    println!("{names} names; DNS lagged the slice {lag} ms at most, web-0 was out of DNS {out} ms at most");

    through_a_port_forward(&plane).await;
}

/// The same cluster, as from a laptop.
async fn through_a_port_forward(plane: &ControlPlane) {
    let forward = |connector: &Arc<Connector>| Resolver::PortForward(PortForward::new(Arc::clone(connector)));
    let problem = |berth: &Berth| match berth.watching.hub.status().borrow().probe.clone() {
        wire::Probe::On { problem, .. } => problem,
        wire::Probe::Off => None,
    };
    let berth = self::berth(plane.kubeconfig(), forward).await;
    let began = Instant::now();
    while !matches!(problem(&berth), Some(ProbeProblem::NoPod { .. })) {
        assert!(began.elapsed() < BOUND, "that there is no DNS pod is told: {:?}", problem(&berth));
        sleep(Duration::from_millis(20)).await;
    }
    let labels = json!({"k8s-app": "kube-dns"});
    let port = json!([{"name": "dns-tcp", "containerPort": 53, "protocol": "TCP"}]);
    apply(
        plane,
        &json!({"apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": "coredns", "namespace": "kube-system", "labels": labels},
        "spec": {"containers": [{"name": "coredns", "image": "coredns", "ports": port}]}}),
    );
    let names = berth.eventually("every name is the same, through the port-forward", all_same).await;
    assert_eq!(problem(&berth), None);
    println!("{names} names through the port-forward");
    drop(berth);

    // Somebody who may see everything that Berth watches, but may not open port-forwards.
    let rules = json!([
        {"apiGroups": ["", "apps", "discovery.k8s.io"], "resources": ["pods", "services", "statefulsets", "endpointslices"],
            "verbs": ["get", "list", "watch"]}]);
    apply(
        plane,
        &json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole",
        "metadata": {"name": "viewer"}, "rules": rules}),
    );
    plane.kubectl(&["create", "serviceaccount", "viewer", "-n", "default"], "").expect("an account");
    let binding = ["create", "clusterrolebinding", "viewer", "--clusterrole=viewer", "--serviceaccount=default:viewer"];
    plane.kubectl(&binding, "").expect("a binding");
    let token = plane.kubectl(&["create", "token", "viewer", "-n", "default"], "").expect("a token");
    let config = plane.kubectl(&["config", "view", "--raw", "-o", "json"], "").expect("a configuration");
    let mut config: serde_json::Value = serde_json::from_str(&config).expect("JSON");
    config["users"][0]["user"] = json!({"token": token.trim()});
    let file = plane.kubeconfig().with_file_name("viewer.kubeconfig");
    std::fs::write(&file, config.to_string()).expect("it is written");
    let berth = self::berth(file, forward).await;
    let began = Instant::now();
    loop {
        if let Some(ProbeProblem::Refused { verb, resource, namespace }) = problem(&berth) {
            assert_eq!((verb.as_str(), resource.as_str()), ("create", "pods/portforward"));
            assert_eq!(namespace, "kube-system");
            return;
        }
        assert!(began.elapsed() < BOUND, "that it is refused is told: {:?}", problem(&berth));
        sleep(Duration::from_millis(20)).await;
    }
}
