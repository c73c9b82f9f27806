//! The walk-through's steps, with a real kubectl.

mod support;

use demo::Content;
use support::{Kubectl, cluster, eventually, table};

const SERVICE: &str = include_str!("../manifests/svc.yaml");
const STATEFUL_SET: &str = include_str!("../manifests/statefulset.yaml");

/// The columns of `kubectl get pods -w` but for the age.
async fn pod_line(watching: &mut support::Watching) -> String {
    let line = watching.line().await;
    let mut cells: Vec<&str> = line.split_whitespace().collect();
    cells.pop();
    cells.join(" ")
}

#[tokio::test(flavor = "multi_thread")]
async fn given_an_empty_cluster_when_the_walk_through_is_typed_then_kubectl_prints_what_it_says() {
    let cluster = cluster(Content::Empty, 4.0).await;
    let kubectl = Kubectl::new("walkthrough", &cluster);

    let applied = kubectl.with_input(&["apply", "-f", "-"], SERVICE).await;
    assert_eq!((applied.out.as_str(), applied.err.as_str()), ("service/nginx created\n", ""));
    let service = kubectl.ok("get service nginx").await;
    assert_eq!(table(&service, &["AGE"]), ["nginx ClusterIP None <none> 80/TCP"]);

    let mut watching = kubectl.watch("get pods -w -l app=nginx");
    let applied = kubectl.with_input(&["apply", "-f", "-"], STATEFUL_SET).await;
    assert_eq!(applied.out, "statefulset.apps/web created\n");
    let mut seen = Vec::new();
    while seen.last().is_none_or(|line| line != "web-1 1/1 Running 0") {
        seen.push(pod_line(&mut watching).await);
    }
    let expected = [
        "NAME READY STATUS RESTARTS",
        "web-0 0/1 Pending 0",
        "web-0 0/1 Pending 0",
        "web-0 0/1 ContainerCreating 0",
        "web-0 1/1 Running 0",
        "web-1 0/1 Pending 0",
        "web-1 0/1 Pending 0",
        "web-1 0/1 ContainerCreating 0",
        "web-1 1/1 Running 0",
    ];
    assert_eq!(seen, expected);
    eventually("the status", async || {
        (table(&kubectl.ok("get statefulset web").await, &["AGE"]) == ["web 2/2"]).then_some(())
    })
    .await;

    for name in ["web-0", "web-1"] {
        let said = kubectl.with_input(&["exec", name, "--", "sh", "-c", "hostname"], "").await;
        assert_eq!((said.out, said.err.as_str(), said.code), (format!("{name}\n"), "", Some(0)));
    }

    let addresses = "get pods -l app=nginx -o jsonpath={.items[*].status.podIP}";
    let before = kubectl.ok(addresses).await;
    let [first, second] = before.split(' ').collect::<Vec<_>>()[..] else { panic!("two addresses: {before}") };
    assert!(first.starts_with("10.42.3.") && second.starts_with("10.42.1."), "{before}");

    let deleted = kubectl.ok("delete pod -l app=nginx --wait=false").await;
    let expected = "pod \"web-0\" deleted from default namespace\npod \"web-1\" deleted from default namespace\n";
    assert_eq!(deleted, expected);
    let mut seen = Vec::new();
    while seen.last().is_none_or(|line| line != "web-1 1/1 Running 0") {
        let line = pod_line(&mut watching).await;
        if seen.last() != Some(&line) {
            seen.push(line);
        }
    }
    // web-0 is back while web-1 still ends; web-1 comes back when its old pod is gone.
    let place = |line: &str| seen.iter().position(|it| it == line).unwrap_or_else(|| panic!("{line} in {seen:#?}"));
    let last = |line: &str| seen.iter().rposition(|it| it == line).unwrap_or_else(|| panic!("{line} in {seen:#?}"));
    assert!(place("web-0 1/1 Running 0") < last("web-1 1/1 Terminating 0"), "{seen:#?}");
    assert!(last("web-1 1/1 Terminating 0") < place("web-1 0/1 Pending 0"), "{seen:#?}");
    let after = kubectl.ok(addresses).await;
    let after: Vec<&str> = after.split(' ').collect();
    assert!(after[0] != first && after[1] != second, "new addresses: {before}, then {after:?}");
    cluster.stop().await.expect("nothing is to be kept");
}

#[tokio::test(flavor = "multi_thread")]
async fn given_the_walk_through_when_it_goes_on_then_scaling_and_rollouts_are_as_kubectl_expects_them() {
    let cluster = cluster(Content::WalkThrough, 10.0).await;
    let kubectl = Kubectl::new("rollouts", &cluster);
    let rolled = kubectl.ok("rollout status statefulset web --timeout=60s").await;
    assert!(rolled.contains("partitioned roll out complete") || rolled.contains("rolling update complete"), "{rolled}");

    assert_eq!(kubectl.ok("scale statefulset web --replicas=3").await, "statefulset.apps/web scaled\n");
    let waited = kubectl.ok("wait --for=jsonpath={.status.readyReplicas}=3 statefulset/web --timeout=60s").await;
    assert_eq!(waited, "statefulset.apps/web condition met\n");

    assert_eq!(kubectl.ok("set image statefulset web nginx=nginx:1.27").await, "statefulset.apps/web image updated\n");
    let rolled = kubectl.ok("rollout status statefulset web --timeout=60s").await;
    assert!(rolled.contains("partitioned roll out complete: 3 new pods have been updated"), "{rolled}");
    let images = kubectl.ok("get pods -l app=nginx -o jsonpath={.items[*].spec.containers[0].image}").await;
    assert_eq!(images, "nginx:1.27 nginx:1.27 nginx:1.27");
    let history = kubectl.ok("rollout history statefulset web").await;
    assert!(history.contains("REVISION  CHANGE-CAUSE\n1         <none>\n2         <none>"), "{history}");

    // A rollout that is stuck: the pod that cannot start stops it, and has to be deleted once the image is mended.
    kubectl.ok("set image statefulset web nginx=nginx:missing").await;
    eventually("the broken pod", async || {
        let pods = table(&kubectl.ok("get pods -l app=nginx").await, &["AGE", "RESTARTS"]);
        pods.iter().any(|pod| pod == "web-2 0/1 ImagePullBackOff").then_some(())
    })
    .await;
    let undone = kubectl.run("rollout undo statefulset web").await;
    assert_eq!(undone.out, "statefulset.apps/web rolled back\n");
    let warning = "Warning: resource statefulsets/web was previously managed with 'kubectl apply'.";
    assert!(undone.err.starts_with(warning), "{}", undone.err);
    assert_eq!(kubectl.ok("delete pod web-2").await, "pod \"web-2\" deleted from default namespace\n");
    kubectl.ok("wait --for=jsonpath={.status.readyReplicas}=3 statefulset/web --timeout=60s").await;

    // A Deployment's names do not return.
    let names = "get pods -l app=api -o jsonpath={.items[*].metadata.name}";
    kubectl.ok("wait --for=condition=Available deployment/api --timeout=60s").await;
    let before = kubectl.ok(names).await;
    kubectl.ok("delete pod -l app=api").await;
    kubectl.ok("wait --for=condition=Available deployment/api --timeout=60s").await;
    let after = kubectl.ok(names).await;
    assert!(before.split(' ').all(|name| !after.contains(name)), "{before}, then {after}");
    assert_eq!(kubectl.ok("rollout restart deployment api").await, "deployment.apps/api restarted\n");
    let rolled = kubectl.ok("rollout status deployment api --timeout=60s").await;
    assert!(rolled.ends_with("deployment \"api\" successfully rolled out\n"), "{rolled}");

    assert_eq!(kubectl.ok("delete statefulset web").await, "statefulset.apps \"web\" deleted from default namespace\n");
    eventually("no pod of the set", async || {
        kubectl.ok("get pods -l app=nginx -o name").await.is_empty().then_some(())
    })
    .await;
    cluster.stop().await.expect("nothing is to be kept");
}

#[tokio::test(flavor = "multi_thread")]
async fn given_pods_when_commands_run_in_them_then_output_errors_and_exit_codes_come_back() {
    let cluster = cluster(Content::WalkThrough, 20.0).await;
    let kubectl = Kubectl::new("exec", &cluster);
    kubectl.ok("wait --for=condition=Ready pod/web-0 --timeout=60s").await;
    let search = "search default.svc.cluster.local svc.cluster.local cluster.local";
    let table: [(&[&str], &str, &str, i32); 8] = [
        (&["--", "hostname", "-f"], "web-0.nginx.default.svc.cluster.local\n", "", 0),
        (&["--", "sh", "-c", "false || echo $HOSTNAME && exit 3"], "web-0\n", "", 3),
        (&["--", "sh", "-c", "echo a; sleep 0.01; cat /etc/hostname"], "a\nweb-0\n", "", 0),
        (&["--", "cat", "/etc/resolv.conf"], &format!("{search}\nnameserver 10.43.0.10\noptions ndots:5\n"), "", 0),
        (&["--", "vi"], "", "sh: vi: not found\n", 127),
        (&["--", "sh", "-c", "echo 'a"], "", "sh: syntax error: unterminated quoted string\n", 2),
        (&["--", "wget", "-qO-", "http://nowhere"], "", "wget: bad address 'nowhere'\n", 1),
        // A shell that reads what comes in.
        (&["-i", "--", "sh"], "web-0\n", "", 4),
    ];
    for (arguments, out, err, code) in table {
        let input = if arguments[0] == "-i" { "hostname\nexit 4\necho never\n" } else { "" };
        let said = kubectl.with_input(&[&["exec", "web-0"], arguments].concat(), input).await;
        assert_eq!((said.out.as_str(), said.code), (out, Some(code)), "{arguments:?}: {}", said.err);
        let end = if code == 0 { String::new() } else { format!("command terminated with exit code {code}\n") };
        assert_eq!(said.err, format!("{err}{end}"), "{arguments:?}");
    }
    let nobody = kubectl.run("exec web-9 -- hostname").await;
    assert_eq!(nobody.err, "Error from server (NotFound): pods \"web-9\" not found\n");
    cluster.stop().await.expect("nothing is to be kept");
}

#[tokio::test(flavor = "multi_thread")]
async fn given_the_loaded_walk_through_when_it_is_applied_again_then_nothing_changes() {
    let cluster = cluster(Content::WalkThrough, 10.0).await;
    let kubectl = Kubectl::new("again", &cluster);
    for (manifest, expected) in
        [(SERVICE, "service/nginx unchanged\n"), (STATEFUL_SET, "statefulset.apps/web unchanged\n")]
    {
        let applied = kubectl.with_input(&["apply", "-f", "-"], manifest).await;
        assert_eq!((applied.out.as_str(), applied.err.as_str()), (expected, ""));
    }
    cluster.stop().await.expect("nothing is to be kept");
}
