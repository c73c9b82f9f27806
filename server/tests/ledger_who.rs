//! Who ended a pod, as the ledger tells it: the same story on a real control plane and in the demo.

#[path = "support/berth.rs"]
mod berth;
#[path = "support/control_plane.rs"]
mod control_plane;
#[path = "support/demo.rs"]
mod demo;

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use berth::{Berth, until};
use control_plane::{CONTAINERS, ControlPlane, manifests, run_kubectl};
use demo::{Demo, programs};
use topology::ledger::{Row, Who, Why};

/// Runs kubectl with arguments and an input.
type Kubectl<'a> = &'a dyn Fn(&[&str], &str) -> Result<String, String>;

/// A cluster with a StatefulSet `web`, and a Berth that looks at it.
struct Scene<'a> {
    /// Asks Berth.
    get: &'a dyn Fn(&str) -> String,
    kubectl: Kubectl<'a>,
    /// The command that makes a node drop its pods, behind `kubectl`, with the node's name for `NODE`.
    lose: &'a [&'a str],
}

impl Scene<'_> {
    fn kubectl(&self, arguments: &[&str], input: &str) -> String {
        (self.kubectl)(arguments, input).unwrap_or_else(|error| panic!("{arguments:?}: {error}"))
    }

    fn ready(&self, count: u32) {
        let ask = ["get", "statefulset", "web", "-o", "jsonpath={.status.readyReplicas} of {.status.replicas}"];
        until("the pods are ready", Duration::from_millis(100), || {
            (self.kubectl(&ask, "") == format!("{count} of {count}")).then_some(())
        });
    }

    fn pod(&self, name: &str, path: &str) -> String {
        self.kubectl(&["get", "pod", name, "-o", &format!("jsonpath={path}")], "")
    }

    /// What the ledger tells of a pod once `done` is so.
    fn told(&self, uid: &str, done: fn(&Row) -> Option<Why>) -> (Why, Option<Who>) {
        until("the ledger tells why it goes", Duration::from_millis(100), || {
            let page = (self.get)("/api/v1/ledger?namespace=default&statefulset=web&limit=1000");
            let page: serde_json::Value = serde_json::from_str(&page).expect("JSON");
            let rows: Vec<Row> = serde_json::from_value(page["rows"].clone()).expect("rows");
            let row = rows.into_iter().find(|row| row.uid.0.as_ref() == uid)?;
            Some((done(&row)?, row.who))
        })
    }

    /// Ends pods in every way that there is.
    fn play(&self) {
        const EVICTION: &str = r#"{"apiVersion": "policy/v1", "kind": "Eviction",
            "metadata": {"name": "web-1", "namespace": "default"}}"#;
        let evict = ["create", "--raw", "/api/v1/namespaces/default/pods/web-1/eviction", "-f", "-"];
        let force = ["delete", "pod", "web-0", "--force", "--grace-period=0"];
        let table: [(&str, &[&str], &str, Why, Who); 5] = [
            ("web-1", &["delete", "pod", "web-1"], "", Why::Deleted, Who::Client),
            ("web-0", &force, "", Why::ForceDeleted, Who::Client),
            ("web-1", &evict, EVICTION, Why::Evicted, Who::EvictionApi),
            ("web-3", &["scale", "statefulset/web", "--replicas=3"], "", Why::ScaledDown, Who::Controller),
            ("web-0", &["rollout", "restart", "statefulset/web"], "", Why::RolledOut, Who::Controller),
        ];
        let mut pods = 4;
        for (pod, command, input, why, who) in table {
            self.ready(pods);
            let uid = self.pod(pod, "{.metadata.uid}");
            self.kubectl(command, input);
            assert_eq!(self.told(&uid, |row| row.ended.map(|ended| ended.why)), (why, Some(who)), "{command:?}");
            pods -= u32::from(why == Why::ScaledDown);
        }
        self.ready(pods);
        let (uid, node) = (self.pod("web-0", "{.metadata.uid}"), self.pod("web-0", "{.spec.nodeName}"));
        let lose: Vec<&str> =
            self.lose.iter().map(|word| if *word == "NODE" { node.as_str() } else { *word }).collect();
        self.kubectl(&lose, "");
        // What is on a node that is silent does not end: it is going for as long as that is so.
        assert_eq!(self.told(&uid, |row| row.why), (Why::NodeLost, Some(Who::TaintManager)), "{lose:?}");
    }
}

#[test]
fn given_a_control_plane_when_pods_end_in_every_way_then_the_ledger_names_who_wanted_each() {
    // The controller that deletes pods from tainted nodes needs no kubelet, unlike the one that finds nodes lost.
    let controllers = ("CONTROLLERS", "*,-node-lifecycle-controller");
    let settings = [("CREATE_MS", "150"), ("READY_MS", "350"), ("DELETE_MS", "250"), controllers];
    let plane = ControlPlane::start("ledger-who", &settings);
    let pods = manifests(4, &format!("terminationGracePeriodSeconds: 1, {CONTAINERS}"));
    plane.kubectl(&["apply", "-f", "-"], &pods).expect("it applies");
    let log = Path::new(env!("CARGO_TARGET_TMPDIR")).join("ledger-who.log");
    let berth = Berth::start(&plane.kubeconfig(), "memory", &log);
    berth.ready();
    let scene = Scene {
        get: &|path| berth.get(path),
        kubectl: &|arguments, input| plane.kubectl(arguments, input),
        lose: &["taint", "node", "NODE", "away=yes:NoExecute"],
    };
    scene.play();
}

#[test]
fn given_the_demo_when_pods_end_in_every_way_then_its_ledger_names_the_same() {
    let demo = Demo::start(&["--speed", "50"]);
    let kubectl = |arguments: &[&str], input: &str| {
        let mut command = Command::new(programs().join("kubectl"));
        let home = env!("CARGO_TARGET_TMPDIR"); // kubectl keeps what it discovers there
        command.env_clear().env("HOME", home).env("KUBECONFIG", demo.kubeconfig()).args(arguments);
        run_kubectl(command, input)
    };
    kubectl(&["scale", "statefulset/web", "--replicas=4"], "").expect("it is scaled");
    let scene = Scene {
        get: &|path| demo.get(path),
        kubectl: &kubectl,
        lose: &["annotate", "node", "NODE", "berth.demo/stopped=true"],
    };
    scene.play();
}
