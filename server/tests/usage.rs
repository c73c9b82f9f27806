//! What a wrong call gets: one sentence with the way out, and exit code 2.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

fn berth(home: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_berth"))
        .args(arguments)
        .env_clear()
        .env("HOME", home)
        .output()
        .expect("the binary runs")
}

fn home(name: &str) -> PathBuf {
    let home = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::create_dir_all(&home).expect("a folder");
    home
}

const KUBECONFIG: &str = r#"
apiVersion: v1
kind: Config
current-context: one
clusters: [{name: c, cluster: {server: "https://127.0.0.1:1"}}]
users: [{name: u, user: {}}]
contexts: [{name: one, context: {cluster: c, user: u}}, {name: two, context: {cluster: c, user: u}}]
"#;

#[test]
fn given_a_wrong_call_when_started_then_one_sentence_names_the_way_out_and_the_code_is_2() {
    let home = home("usage");
    let file = home.join("kubeconfig");
    std::fs::write(&file, KUBECONFIG).expect("a file");
    let broken = home.join("broken");
    std::fs::write(&broken, "contexts: [").expect("a file");
    let (file, broken) = (file.to_str().expect("valid"), broken.to_str().expect("valid"));
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let taken = taken.local_addr().expect("an address").to_string();
    let table: [(&str, &[&str], &[&str]); 14] = [
        ("no kubeconfig", &[], &["no kubeconfig found", "--kubeconfig"]),
        ("context without kubeconfig", &["--context", "one"], &["--context", "--kubeconfig"]),
        (
            "host with a port",
            &["--kubeconfig", file, "--allow-host", "berth.example:80"],
            &["\"berth.example:80\"", "without"],
        ),
        ("missing file", &["--kubeconfig", "/nowhere/config"], &["/nowhere/config", "--kubeconfig"]),
        ("broken file", &["--kubeconfig", broken], &["cannot use the kubeconfig"]),
        ("unknown context", &["--kubeconfig", file, "--context", "three"], &["\"three\"", "one, two"]),
        ("open address", &["--kubeconfig", file, "--listen", "0.0.0.0:0"], &["--i-know-this-is-open"]),
        ("open DNS address", &["--kubeconfig", file, "--dns", "0.0.0.0:0"], &["--i-know-this-is-open"]),
        ("no domain", &["--kubeconfig", file, "--cluster-domain", "a..b"], &["\"a..b\"", "cluster.local"]),
        (
            "DNS port taken",
            &["--kubeconfig", file, "--listen", "127.0.0.1:0", "--dns", &taken],
            &["--dns ADDRESS:PORT"],
        ),
        ("port taken", &["--kubeconfig", file, "--listen", &taken], &["cannot listen", "--listen"]),
        ("cluster of a recording", &["replay", "x", "--kubeconfig", file], &["berth replay", "leave out --kubeconfig"]),
        ("namespace of a recording", &["replay", "x", "-n", "shop"], &["berth replay", "leave out -n"]),
        ("all of a recording", &["replay", "x", "-A"], &["berth replay", "leave out -A"]),
    ];
    for (name, arguments, expected) in table {
        let output = berth(&home, arguments);
        let told = String::from_utf8(output.stderr).expect("text");
        assert_eq!(output.status.code(), Some(2), "{name}: {told}");
        assert_eq!(told.trim_end().lines().count(), 1, "{name}: {told}");
        for part in expected {
            assert!(told.contains(part), "{name}: {told:?} lacks {part:?}");
        }
    }
}

#[test]
fn given_an_argument_that_is_none_when_started_then_it_is_said_what_would_be_and_the_code_is_2() {
    let table: [(&[&str], &[&str]); 7] = [
        (&["-n", "Shop"], &["'Shop'", "--namespace", "lower-case letters"]),
        (&["-n", "shop.stock"], &["lower-case letters"]),
        (&["-n", ""], &["--namespace"]),
        (&["--dns", "5353", "--dns-search", "a_b"], &["'a_b'", "--dns-search", "lower-case letters"]),
        (&["--listen", "127.0.0.1"], &["--listen", "as in 127.0.0.1:7654"]),
        (&["--dns", "dns.example:53"], &["--dns", "as in 127.0.0.1:7654"]),
        (&["demo", "--share", "everywhere"], &["--share", "as in 0.0.0.0:7654"]),
    ];
    let home = home("arguments");
    for (arguments, expected) in table {
        let output = berth(&home, arguments);
        let told = String::from_utf8(output.stderr).expect("text");
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {told}");
        for part in expected {
            assert!(told.contains(part), "{arguments:?}: {told:?} lacks {part:?}");
        }
    }
}

#[test]
fn given_help_when_read_then_it_says_the_defaults_and_does_not_promise_what_the_flags_can_change() {
    for command in [&["--help"][..], &["demo", "--help"]] {
        let told = String::from_utf8(berth(&home("help"), command).stdout).expect("text");
        let words = told.split_whitespace().collect::<Vec<_>>().join(" ");
        for part in ["in the demo at 127.0.0.1:5353, or a free port", "in the demo as in the namespace \"default\""] {
            assert!(words.contains(part), "{part}: {told}");
        }
        assert!(!told.contains("Reads only"), "{told}");
    }
}

#[test]
fn given_an_unknown_flag_when_started_then_the_code_is_2() {
    assert_eq!(berth(&home("flags"), &["--nonsense"]).status.code(), Some(2));
}
