//! Berth's DNS server beside a real CoreDNS: after each of many random operations both give the same answers to the same
//! questions, within moments. Once on a real control plane, and once on the demo, whose API CoreDNS watches like any
//! cluster's.
//!
//! `BERTH_DNS_SEED`, a number, draws other operations; a failure tells the seed. The programs of the reference control
//! plane must be there (`tools/setup control-plane`): without them the test fails and says so.

mod asking;
#[path = "../support/control_plane.rs"]
mod control_plane;
#[path = "../support/demo.rs"]
mod demo;
mod operations;
mod plane;
#[path = "../support/mod.rs"]
mod support;

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use asking::differences;
use control_plane::ControlPlane;
use operations::{NAMESPACES, Operator, addresses_now, namespace_manifest, questions};
use plane::{Plane, WatchedDemo};
use rand::SeedableRng;
use rand::rngs::StdRng;
use server::dns::Server;
use support::watching::Watching;

/// How many operations there are.
const OPERATIONS: usize = 48;
/// How long both may take to agree after one of them.
const BOUND: Duration = Duration::from_secs(30);

#[tokio::test(flavor = "multi_thread")]
async fn given_random_operations_on_a_real_cluster_when_both_are_asked_then_berth_answers_as_coredns() {
    let quick = [("DUAL", "1"), ("CREATE_MS", "60"), ("READY_MS", "120"), ("DELETE_MS", "80")];
    let plane = ControlPlane::start("dns-live", &quick);
    let watching = Watching::start(plane.kubeconfig(), None).await;
    let any = SocketAddr::from(([127, 0, 0, 1], 0));
    let dns = Server::start(any, watching.hub.dns().clone(), None).await.expect("a free port");
    let address = dns.address();
    let test = tokio::task::spawn_blocking(move || operate_and_compare(&plane, address));
    test.await.unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic()));
    drop((dns, watching));
}

#[test]
fn given_random_operations_on_the_demo_when_both_are_asked_then_berth_answers_as_coredns() {
    let plane = WatchedDemo::start("dns-live-demo");
    let address = plane.demo.told("DNS is at ").parse().expect("an address");
    operate_and_compare(&plane, address);
}

fn operate_and_compare(plane: &dyn Plane, berth: SocketAddr) {
    let seed = std::env::var("BERTH_DNS_SEED")
        .map_or_else(|_| rand::random_range(0..1_000_000), |text| text.parse().expect("BERTH_DNS_SEED is a number"));
    println!("BERTH_DNS_SEED={seed}");
    for name in NAMESPACES {
        plane.kubectl(&["apply", "-f", "-"], &namespace_manifest(name)).expect("a namespace");
    }
    let mut operator = Operator { plane, random: StdRng::seed_from_u64(seed) };
    let (mut addresses, mut story, mut asked) = (BTreeSet::new(), Vec::new(), 0);
    let (mut tried, mut refused) = (0, Vec::new());
    while story.len() < OPERATIONS {
        let (what, result) = operator.operate();
        tried += 1;
        assert!(tried < 4 * OPERATIONS, "BERTH_DNS_SEED={seed}: most operations are refused\n{}", refused.join("\n"));
        // What cannot be done (there is no such pod) is no operation.
        if let Err(error) = result {
            refused.push(format!("{what}: {error}"));
            continue;
        }
        story.push(what);
        let began = Instant::now();
        loop {
            addresses.extend(addresses_now(plane));
            let questions = questions(&addresses);
            asked += questions.len();
            let differences = differences(plane.coredns(), berth, &questions);
            if differences.is_empty() {
                break;
            }
            assert!(
                began.elapsed() < BOUND,
                "BERTH_DNS_SEED={seed}: {} of {} answers differ after operation {}\n{}\n{}",
                differences.len(),
                questions.len(),
                story.len(),
                story.join("\n"),
                differences[..differences.len().min(10)].join("\n"),
            );
        }
    }
    println!(
        "{} operations of {tried}, {asked} questions asked of both, {} addresses seen",
        story.len(),
        addresses.len()
    );
}
