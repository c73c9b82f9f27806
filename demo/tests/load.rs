//! Load on the API, small enough for each run of the tests; `benches/load.rs` has the large one.

#[path = "support/load.rs"]
mod load;
mod support;

use demo::Content;
use load::{Load, fill, hold, resident};
use support::cluster;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn given_many_watches_when_an_object_is_changed_often_then_each_sees_every_change_in_order() {
    let cluster = cluster(Content::Empty, 10.0).await;
    let held = hold(&cluster, Load { watches: 60, writes_a_second: 100, seconds: 2 }).await;
    assert_eq!(held.writes, 200);
    cluster.stop().await.expect("nothing is to be kept");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn given_many_pods_when_all_are_made_then_memory_grows_no_more_than_they_and_the_changes_that_are_kept() {
    let cluster = cluster(Content::Empty, 10.0).await;
    let before = resident().expect("the system tells");
    fill(&cluster, 1_000).await;
    let grown = resident().expect("the system tells").saturating_sub(before);
    // Most of it are the latest changes of pods and of events, of each no more than 24 MiB, however many pods there are.
    assert!(grown < 2 * (24 << 20) + 1_000 * 20_000, "1,000 pods take {} kB", grown / 1_000);
    cluster.stop().await.expect("nothing is to be kept");
}
