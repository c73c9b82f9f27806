//! Load on the API in a process of its own: what is held, and how much memory it takes. `make bench` runs it; it ends with
//! a failure when a watch misses a change.

#[path = "../tests/support/load.rs"]
mod load;
#[path = "../tests/support/mod.rs"]
mod support;

use std::time::Instant;

use demo::Content;
use load::{Load, fill, hold, resident};
use support::cluster;

/// How much memory 10,000 pods may take.
const GOAL: u64 = 400_000_000;
const PODS: usize = 10_000;

#[tokio::main]
#[allow(clippy::print_stdout, reason = "figures belong on standard output")]
async fn main() {
    let watched = cluster(Content::Empty, 1.0).await;
    let load = Load { watches: 500, writes_a_second: 200, seconds: 5 };
    let held = hold(&watched, load).await;
    println!(
        "Demo's API: {} watches saw each of {} changes in order; made in {:.2} s (5 s is as fast as asked), all seen {} ms \
         after the last",
        load.watches,
        held.writes,
        held.took.as_secs_f64(),
        held.lag.as_millis(),
    );
    watched.stop().await.expect("nothing is to be kept");
    let filled = cluster(Content::Empty, 1.0).await;
    let began = Instant::now();
    fill(&filled, PODS).await;
    let (took, memory) = (began.elapsed().as_secs_f64(), resident().unwrap_or_default());
    let verdict = if memory < GOAL { "met" } else { "missed" };
    println!(
        "Demo's memory: {PODS} pods in {took:.1} s, {} MB resident (goal under 400 MB: {verdict})",
        memory / 1_000_000
    );
    filled.stop().await.expect("nothing is to be kept");
}
