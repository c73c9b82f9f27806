//! `berth demo`: what it prints, what it serves, and how it ends.

#[path = "support/demo.rs"]
mod support;

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use support::{Demo, PATIENCE, ready_pods};

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
fn given_a_reset_when_whoever_asked_for_it_goes_away_midway_then_it_goes_on_to_its_end() {
    // Slow enough that it is certainly not over when the connection is closed.
    let demo = Demo::start(&["--speed", "10"]);
    let before = demo.ready("web", 2);
    let asked = demo.send("POST", "/api/v1/walkthrough/reset", "");
    let gone = |body: &str| body.contains("\"Gone\"");
    let end = Instant::now() + PATIENCE;
    while !gone(&demo.get("/api/v1/topology/default/web")) {
        assert!(Instant::now() < end, "the StatefulSet goes");
        sleep(Duration::from_millis(10));
    }
    drop(asked);
    let after = demo.ready("web", 2);
    assert!(before.iter().zip(&after).all(|(before, after)| before.0 == after.0 && before.1 != after.1), "{after:?}");
    let end = Instant::now() + PATIENCE;
    // Nobody holds it any more: a step can be run.
    while demo.ask("POST", "/api/v1/walkthrough/hostnames", "") != (200, "{\"output\":\"web-0\\nweb-1\"}".to_owned()) {
        assert!(Instant::now() < end, "the reset ends");
        sleep(Duration::from_millis(10));
    }
    assert_eq!(demo.stop(), Some(0));
}

#[test]
fn given_what_is_no_name_when_an_action_names_it_then_it_is_refused_and_nothing_else_is_touched() {
    let demo = Demo::start(&["--speed", "20"]);
    let before = demo.ready("web", 2);
    let long = "a".repeat(300);
    for name in [
        "",
        "..",
        "web/status",
        "../../../../api/v1/namespaces/default/pods/web-0?",
        "web?x",
        "web#x",
        "w%2fx",
        "Web",
        &long,
    ] {
        let set = serde_json::json!({"namespace": "default", "name": name});
        for action in [
            serde_json::json!({"Scale": {"set": set, "replicas": 0}}),
            serde_json::json!({"Restart": {"set": set}}),
            serde_json::json!({"Delete": {"namespace": "default", "pods": [{"name": name, "uid": "1"}]}}),
            serde_json::json!({"Delete": {"namespace": name, "pods": [{"name": "web-0", "uid": "1"}]}}),
            serde_json::json!({"SetReady": {"namespace": "default", "pod": name, "ready": false}}),
            serde_json::json!({"ApplyWalkThrough": {"namespace": name}}),
        ] {
            let (code, told) = demo.ask("POST", "/api/v1/actions", &action.to_string());
            assert_eq!(code, 422, "{action}: {told}");
            assert!(told.contains("cannot exist"), "{told}");
        }
    }
    for query in ["namespace=a%2fb", "namespace=default&statefulset=..%2f..", "namespace=", "namespace=Default"] {
        assert_eq!(demo.ask("GET", &format!("/api/v1/actions?{query}"), "").0, 422, "{query}");
    }
    assert_eq!(demo.ready("web", 2), before);
    assert_eq!(demo.stop(), Some(0));
}

#[test]
fn given_a_demo_that_others_can_reach_when_they_act_then_only_what_was_allowed_is_done() {
    let (open, allowed): (&[&str], &[&str]) =
        (&["--listen", "0.0.0.0:0", "--i-know-this-is-open", "--speed", "20"], &["--allow-actions"]);
    let restart = r#"{"Restart": {"set": {"namespace": "default", "name": "web"}}}"#;
    for (further, codes) in [(&[][..], [403, 403, 404, 404]), (allowed, [200, 200, 200, 200])] {
        let demo = Demo::start(&[open, further].concat());
        demo.ready("web", 2);
        let asked = [
            demo.ask("GET", "/api/v1/actions?namespace=default", ""),
            demo.ask("POST", "/api/v1/actions", restart),
            demo.ask("GET", "/api/v1/walkthrough", ""),
            demo.ask("POST", "/api/v1/walkthrough/publish", ""),
        ];
        assert_eq!(asked.clone().map(|(code, _)| code), codes, "{further:?}: {asked:?}");
        assert_eq!(demo.stop(), Some(0));
    }
}

/// A demo that is shared, as its visitors and its presenter see it.
struct Room {
    demo: Demo,
}

impl Room {
    /// The head and the body of an answer.
    fn ask(&self, method: &str, path: &str, body: &str, headers: &str) -> (u16, String, String) {
        let mut answer = String::new();
        self.demo.send_with(method, path, body, headers).read_to_string(&mut answer).expect("it answers");
        let (head, body) = answer.split_once("\r\n\r\n").expect("a body");
        let code = head.split(' ').nth(1).and_then(|code| code.parse().ok()).expect("a code");
        (code, head.to_ascii_lowercase(), body.to_owned())
    }

    /// The token of the link that is printed behind these words.
    fn token(&self, words: &str) -> String {
        let (_, token) = self.demo.told(words).split_once("/join/").expect("a link");
        token.to_owned()
    }

    /// Follows the link; the cookie line of the session.
    fn join(&self, token: &str) -> String {
        let (code, head, _) = self.ask("GET", &format!("/join/{token}"), "", "");
        assert_eq!(code, 303, "{head}");
        assert!(head.contains("\r\nlocation: /\r\n"), "{head}");
        let cookie = head.lines().find_map(|line| line.strip_prefix("set-cookie: ")).expect("a cookie");
        for part in ["; path=/", "; httponly", "; samesite=lax"] {
            assert!(cookie.contains(part), "{cookie}");
        }
        format!("Cookie: {}\r\n", cookie.split(';').next().expect("a pair"))
    }
}

const UPGRADE: &str =
    "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";

#[test]
fn given_a_shared_demo_when_a_room_comes_then_visitors_look_the_presenter_acts_and_no_log_has_a_token() {
    let log = Path::new(env!("CARGO_TARGET_TMPDIR")).join("shared.log");
    let room = Room { demo: Demo::start_logged(&["--share", "0.0.0.0:0", "--speed", "20"], &log) };
    let (visitors, presenters) = (room.token("The room joins at http://"), room.token("You present at http://"));
    let (page, actions) = ("/", "/api/v1/actions");
    for path in [page, "/api/v1/topology", "/api/v1/stream", "/api/v1/openapi.json", "/sets/default/web", "/pkg/x"] {
        let (code, _, body) = room.ask("GET", path, "", "");
        assert!(code == 401 && body.contains("presenter"), "{path}: {code} {body}");
        assert_eq!(room.ask("GET", path, "", "Cookie: berth-session=0\r\n").0, 401, "{path}");
    }
    let (code, head, _) = room.ask("GET", "/join/00000000000000000000000000000000", "", "");
    assert!(code == 401 && !head.contains("set-cookie"), "{head}");
    let (visitor, presenter) = (room.join(&visitors), room.join(&presenters));
    let end = Instant::now() + PATIENCE;
    while ready_pods(&room.ask("GET", "/api/v1/topology/default/web", "", &visitor).2).len() < 2 {
        assert!(Instant::now() < end, "the pods are ready");
        sleep(Duration::from_millis(20));
    }
    let restart = r#"{"Restart": {"set": {"namespace": "default", "name": "web"}}}"#;
    for (method, path, body, codes) in [
        ("GET", page, "", [200, 200]),
        ("GET", "/api/v1/actions?namespace=default", "", [403, 200]),
        ("POST", actions, restart, [403, 200]),
        ("POST", "/api/v1/walkthrough/hostnames", "", [403, 200]),
        ("GET", "/walkthrough/statefulset.yaml", "", [200, 200]),
        ("GET", "/api/v1/walkthrough", "", [200, 200]),
    ] {
        for (session, expected) in [&visitor, &presenter].into_iter().zip(codes) {
            let (code, _, told) = room.ask(method, path, body, session);
            assert_eq!(code, expected, "{method} {path}: {told}");
            assert!(code != 403 || told.contains("presenter"), "{told}");
        }
    }
    // Whatever there is that does something is not for visitors, however it is asked for.
    let described: serde_json::Value =
        serde_json::from_str(&room.ask("GET", "/api/v1/openapi.json", "", &visitor).2).expect("JSON");
    let paths = described["paths"].as_object().expect("paths").iter();
    let doing: Vec<_> = paths
        .filter(|(_, methods)| methods.as_object().is_some_and(|all| all.len() > all.contains_key("get").into()))
        .collect();
    assert!(doing.len() >= 2, "{doing:?}");
    for (path, methods) in doing {
        let path = path.replace("{step}", "reset");
        for method in methods.as_object().expect("methods").keys().filter(|method| *method != "get") {
            let (code, _, told) = room.ask(&method.to_uppercase(), &path, restart, &visitor);
            assert_eq!(code, 403, "{method} {path}: {told}");
        }
    }
    // kubectl has no session, and is told to apply the manifest by its address.
    assert_eq!(room.ask("GET", "/walkthrough/statefulset.yaml", "", "").0, 200);
    let mut answer = [0; 12];
    let mut stream = room.demo.send_with("GET", "/api/v1/stream", "", &format!("{visitor}{UPGRADE}"));
    stream.read_exact(&mut answer).expect("it answers");
    assert_eq!(&answer, b"HTTP/1.1 101");
    assert_eq!(room.demo.stop(), Some(0));
    let logged = std::fs::read_to_string(&log).expect("the log");
    assert!(logged.contains("/join/"), "requests are logged, so that this can fail");
    assert!(!logged.contains(&visitors) && !logged.contains(&presenters), "a token is in the log");
}

#[test]
fn given_a_shared_demo_that_opens_the_page_when_its_command_line_is_read_by_others_then_the_link_works_once() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("opener");
    std::fs::create_dir_all(&folder).expect("a folder");
    let (opener, opened) = (folder.join("xdg-open"), folder.join("opened"));
    let _ = std::fs::remove_file(&opened);
    std::fs::write(&opener, format!("#!/bin/sh\necho \"$1\" > '{}'\n", opened.display())).expect("a file");
    let executable = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(&opener, executable).expect("it is ours");
    let mut command = Command::new(env!("CARGO_BIN_EXE_berth"));
    command.args(["demo", "--share", "127.0.0.1:0", "--dns", "127.0.0.1:0", "--ledger", "memory", "--open"]);
    let path = std::env::var("PATH").unwrap_or_default();
    command.env("PATH", format!("{}:{path}", folder.display())).stderr(Stdio::null());
    let room = Room { demo: Demo::run(command) };
    let end = Instant::now() + PATIENCE;
    let link = loop {
        match std::fs::read_to_string(&opened) {
            Ok(link) if link.ends_with('\n') => break link,
            _ => assert!(Instant::now() < end, "the page is opened"),
        }
        sleep(Duration::from_millis(20));
    };
    let once = link.trim().split_once("/join/").expect("a link").1.to_owned();
    let presenter = room.join(&once);
    assert_eq!(room.ask("GET", "/api/v1/actions?namespace=default", "", &presenter).0, 200);
    assert!(!presenter.contains(&once));
    assert_eq!(room.ask("GET", &format!("/join/{once}"), "", "").0, 401);
    assert_eq!(room.demo.stop(), Some(0));
}

#[test]
fn given_a_wrong_call_when_started_then_one_sentence_names_the_way_out_and_the_code_is_2() {
    let table: [(&[&str], &str); 6] = [
        (&["demo", "--share", "--listen", "127.0.0.1:0"], "leave out --listen"),
        (&["demo", "--api", "0.0.0.0:0"], "127.0.0.1"),
        (&["--kubeconfig", "/nowhere", "demo"], "leave out --kubeconfig"),
        (&["demo", "--write-kubeconfig", "/nowhere/config"], "--write-kubeconfig PATH"),
        (&["demo", "--demo-state", "/proc/self/status"], "--demo-state"),
        (
            &["demo", "--demo-state", "/nowhere/workshop.demo"],
            "cannot write the demo's state to /nowhere/workshop.demo",
        ),
    ];
    for (arguments, expected) in table {
        let output = Command::new(env!("CARGO_BIN_EXE_berth")).args(arguments).output().expect("the binary runs");
        let told = String::from_utf8(output.stderr).expect("text");
        assert_eq!(output.status.code(), Some(2), "{told}");
        assert!(told.trim_end().lines().count() == 1 && told.contains(expected), "{told}");
    }
}

#[test]
fn given_nobody_who_reads_what_it_prints_when_the_demo_starts_then_it_goes_on() {
    let free = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a port");
    let mut command = Command::new(env!("CARGO_BIN_EXE_berth"));
    command.args(["demo", "--dns", "127.0.0.1:0", "--ledger", "memory", "--listen"]).arg(free.to_string());
    // As `berth demo 2>&1 | head -0` leaves it.
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the binary runs");
    drop((child.stdout.take(), child.stderr.take()));
    // It answers once it has told everything.
    let answers = || {
        let mut stream = TcpStream::connect(free)?;
        write!(stream, "GET /healthz HTTP/1.1\r\nHost: {free}\r\nConnection: close\r\n\r\n")?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).map(|_| answer.starts_with("HTTP/1.1 200"))
    };
    let end = Instant::now() + PATIENCE;
    while !answers().unwrap_or(false) {
        assert_eq!(child.try_wait().expect("it is ours"), None, "it goes on");
        assert!(Instant::now() < end, "it answers");
        sleep(Duration::from_millis(20));
    }
    child.kill().expect("it runs");
    child.wait().expect("it ends");
}
