//! `kubectl delete` waits until what it deleted is gone, however soon another one has its name.

mod support;

use std::time::Duration;

use demo::Content;
use support::{Kubectl, cluster};
use tokio::time::timeout;

/// Far longer than a deletion takes.
const PATIENCE: Duration = Duration::from_secs(30);

#[tokio::test(flavor = "multi_thread")]
async fn given_a_pod_whose_name_returns_when_deleted_again_and_again_then_kubectl_ends_each_time() {
    let cluster = cluster(Content::WalkThrough, 20.0).await;
    let kubectl = Kubectl::new("replaced", &cluster);
    for time in 0..10 {
        let printed = timeout(PATIENCE, kubectl.run("delete pod web-0")).await;
        let printed = printed.unwrap_or_else(|_| panic!("deletion {time} ends"));
        // Where it is not back yet there is nothing to delete.
        let is_gone = printed.code == Some(0) || printed.err.contains("NotFound");
        assert!(is_gone, "deletion {time}: {printed:?}");
    }
    cluster.stop().await.expect("nothing is to be kept");
}

#[tokio::test(flavor = "multi_thread")]
async fn given_a_pod_when_kubectl_forwards_a_port_then_it_says_that_this_is_no_part_of_the_demo() {
    let cluster = cluster(Content::WalkThrough, 20.0).await;
    let kubectl = Kubectl::new("forwarded", &cluster);
    kubectl.ok("rollout status statefulset web --timeout=60s").await;
    let printed = timeout(PATIENCE, kubectl.run("port-forward pod/web-0 0:80")).await.expect("it ends");
    assert_eq!(printed.code, Some(1), "{printed:?}");
    assert!(printed.err.contains("port-forward is not part of the demo"), "{printed:?}");
    cluster.stop().await.expect("nothing is to be kept");
}
