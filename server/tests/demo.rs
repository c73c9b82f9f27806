//! `berth demo`: what it prints, what it serves, and how it ends.

#[path = "support/demo.rs"]
mod support;

use std::path::Path;
use std::process::Command;

use support::Demo;

#[test]
fn given_the_demo_when_started_then_page_kubeconfig_and_dns_show_the_walk_through_and_it_ends_cleanly() {
    let demo = Demo::start(&["--speed", "20"]);
    let kubeconfig = demo.kubeconfig();
    let text = std::fs::read_to_string(&kubeconfig).expect("the kubeconfig is there");
    assert!(text.contains("server: http://127.0.0.1:"), "{text}");
    let pods = demo.ready("web", 2);
    assert_eq!(pods.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(), ["web-0", "web-1"]);
    for (name, address) in pods {
        // The slices, which DNS follows, come a moment after the pods.
        demo.resolves(&format!("{name}.nginx.default.svc.cluster.local."), &address);
    }
    // From within a pod the same names are found, and a page comes from the pod that is meant.
    let table = [
        ("nslookup", "web-1.nginx", "web-1.nginx.default.svc.cluster.local\n"),
        ("wget", "http://web-1.nginx", "web-1\n"),
    ];
    for (program, name, end) in table {
        let said = demo.exec(&["web-0", "--", program, name]);
        assert!(said.ends_with(end), "{program}: {said}");
    }
    let said = demo.exec(&["web-0", "--", "nslookup", "web-0.nginx"]);
    let address = &demo.addresses("web-0.nginx.default.svc.cluster.local.")[0];
    let expected = format!(
        "Server:    10.43.0.10\nAddress 1: 10.43.0.10 kube-dns.kube-system.svc.cluster.local\n\n\
         Name:      web-0.nginx\nAddress 1: {address} web-0.nginx.default.svc.cluster.local\n"
    );
    assert_eq!(said, expected);
    assert_eq!(demo.stop(), Some(0));
    assert!(!kubeconfig.exists(), "the kubeconfig that nobody asked for is removed");
}

#[test]
fn given_a_state_file_when_the_demo_starts_again_then_the_same_pods_are_there() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("demo-state");
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).expect("a folder");
    let (state, kubeconfig) = (folder.join("kept.demo"), folder.join("kubeconfig"));
    let arguments = [
        "--speed",
        "20",
        "--demo-state",
        state.to_str().expect("text"),
        "--write-kubeconfig",
        kubeconfig.to_str().expect("text"),
    ];
    let first = Demo::start(&arguments);
    let before = first.ready("web", 2);
    assert_eq!(first.stop(), Some(0));
    assert!(kubeconfig.exists(), "the kubeconfig that was asked for stays");
    let second = Demo::start(&arguments);
    assert_eq!(second.ready("web", 2), before);
    assert_eq!(second.stop(), Some(0));
}

#[test]
fn given_an_empty_demo_when_started_then_there_is_no_set() {
    let demo = Demo::start(&["--empty", "--speed", "20"]);
    let fleet: serde_json::Value = serde_json::from_str(&demo.get("/api/v1/topology")).expect("JSON");
    assert!(!fleet.to_string().contains("\"web\""), "{fleet}");
    assert_eq!(demo.stop(), Some(0));
}

#[test]
fn given_a_wrong_call_when_started_then_one_sentence_names_the_way_out_and_the_code_is_2() {
    let table: [(&[&str], &str); 4] = [
        (&["demo", "--api", "0.0.0.0:0"], "127.0.0.1"),
        (&["--kubeconfig", "/nowhere", "demo"], "leave out --kubeconfig"),
        (&["demo", "--write-kubeconfig", "/nowhere/config"], "--write-kubeconfig PATH"),
        (&["demo", "--demo-state", "/proc/self/status"], "--demo-state"),
    ];
    for (arguments, expected) in table {
        let output = Command::new(env!("CARGO_BIN_EXE_berth")).args(arguments).output().expect("the binary runs");
        let told = String::from_utf8(output.stderr).expect("text");
        assert_eq!(output.status.code(), Some(2), "{told}");
        assert!(told.trim_end().lines().count() == 1 && told.contains(expected), "{told}");
    }
}
