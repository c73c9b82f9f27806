//! What becomes of pods when their node is silent for a while.

mod support;

use demo::Content;
use support::{Kubectl, cluster, eventually};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn given_pods_that_were_made_not_ready_when_their_node_is_unmarked_then_its_kubelet_reports_them_ready_again() {
    let cluster = cluster(Content::WalkThrough, 20.0).await;
    let kubectl = Kubectl::new("nodes", &cluster);
    let ready = async |pod: &str| {
        let condition = "jsonpath={.status.conditions[?(@.type==\"Ready\")].status}";
        kubectl.run(&format!("get pod {pod} -o {condition}")).await.out
    };
    eventually("web-1 is Ready", async || (ready("web-1").await == "True").then_some(())).await;
    let node = kubectl.ok("get pod web-0 -o jsonpath={.spec.nodeName}").await;
    // As the node controller does it when a beat comes late, which happens on a machine that slept: first the mark, then
    // the pods. The node answers all the while, so that the mark is taken off again.
    let condition = r#"{"status":{"conditions":[{"type":"Ready","status":"False"}]}}"#;
    kubectl.ok(&format!("patch pod web-0 --subresource=status -p {condition}")).await;
    assert_eq!(ready("web-0").await, "False", "what others say stays as long as the kubelet has nothing to report");
    kubectl.ok(&format!("taint node {node} node.kubernetes.io/unreachable=:NoExecute")).await;
    eventually("web-0 is Ready again", async || (ready("web-0").await == "True").then_some(())).await;
    assert_eq!(kubectl.ok(&format!("get node {node} -o jsonpath={{.spec.taints}}")).await, "");
    cluster.stop().await.expect("nothing is to be kept");
}
