//! What runs in containers, with a real kubectl: logs, attach, and pods that run a command.

mod support;

use std::time::Duration;

use demo::{Cluster, Content};
use support::{Kubectl, cluster, eventually, table};

async fn ready(name: &str) -> (Cluster, Kubectl) {
    let cluster = cluster(Content::WalkThrough, 20.0).await;
    let kubectl = Kubectl::new(name, &cluster);
    kubectl.ok("rollout status statefulset web --timeout=60s").await;
    (cluster, kubectl)
}

#[tokio::test(flavor = "multi_thread")]
async fn given_an_nginx_when_pages_are_got_from_it_then_its_log_says_so_in_every_form() {
    let (cluster, kubectl) = ready("logs").await;
    let address = kubectl.ok("get pod web-0 -o jsonpath={.status.podIP}").await;
    let visitor = kubectl.ok("get pod web-1 -o jsonpath={.status.podIP}").await;
    let started = kubectl.ok("logs web-0").await;
    let notices: Vec<&str> = started.lines().map(|line| line.split_once("1#1: ").expect("a notice").1).collect();
    assert_eq!(notices, ["using the \"epoll\" event method", "nginx/1.9.1", "start worker processes"]);

    let mut following = kubectl.watch("logs -f --tail=0 web-0");
    // What is written before the log is followed does not come, so that it is tried until it does.
    let page = format!("http://{address}/a");
    let got = ["exec", "web-1", "--", "wget", "-qO-", &page];
    let first = loop {
        assert_eq!(kubectl.with_input(&got, "").await.out, "web-0\n");
        let line = tokio::time::timeout(Duration::from_millis(500), following.line()).await;
        if let Ok(line) = line {
            break line;
        }
    };
    let is_access = |line: &str| {
        line.starts_with(&format!("{visitor} - - [")) && line.contains("] \"GET /a HTTP/1.1\" 200 6 \"-\" \"Wget\"")
    };
    assert!(is_access(&first), "{first}");
    let last = kubectl.ok("logs web-0 --tail=1 -c nginx").await;
    assert!(is_access(&last) && last.lines().count() == 1, "{last}");
    let (time, line) = kubectl
        .ok("logs web-0 --tail=1 --timestamps")
        .await
        .split_once(' ')
        .map(|(time, line)| (time.to_owned(), line.to_owned()))
        .expect("a time");
    assert!(time.len() == 30 && time.parse::<jiff::Timestamp>().is_ok() && line == last, "{time} {line}");
    assert_eq!(kubectl.ok("logs web-0 --since-time=2020-01-01T00:00:00Z --limit-bytes=4").await, started[..4]);
    // kubectl sends whole seconds, so that what came earlier in the same second is printed too.
    let since = kubectl.ok(&format!("logs web-0 --timestamps --since-time={time}")).await;
    assert!(since.ends_with(&last) && since.lines().all(|line| line[..19] >= time[..19]), "{since}");
    assert_eq!(kubectl.ok("logs web-0 --since-time=2999-01-01T00:00:00Z").await, "");
    let all = kubectl.ok("logs -l app=nginx --prefix --tail=-1").await;
    assert!(all.contains("[pod/web-1/nginx] "), "{all}");

    kubectl.ok("delete pod web-0").await;
    while !following.line().await.contains("signal 15 (SIGTERM) received, exiting") {}
    assert_eq!(following.end().await, Some(0));
    cluster.stop().await.expect("nothing is to be kept");
}

#[tokio::test(flavor = "multi_thread")]
async fn given_containers_that_do_not_run_when_logs_are_asked_then_the_answer_is_a_kubelets() {
    let (cluster, kubectl) = ready("no-logs").await;
    kubectl.ok("run broken --image=nginx:crash").await;
    kubectl.ok("run nowhere --image=nginx:missing").await;
    let table = [
        ("logs web-0 -p", "previous terminated container \"nginx\" in pod \"web-0\" not found"),
        ("logs web-0 -c other", "container other is not valid for pod web-0 out of: nginx"),
        (
            "logs nowhere",
            "container \"nowhere\" in pod \"nowhere\" is waiting to start: trying and failing to pull image",
        ),
    ];
    for (line, expected) in table {
        let expected = match line {
            "logs web-0 -c other" => format!("error: {expected}\n"),
            _ => format!("Error from server (BadRequest): {expected}\n"),
        };
        // The image is tried again and again, and each time something else is said.
        eventually(&expected, async || {
            let said = kubectl.run(line).await;
            assert_eq!(said.code, Some(1), "{line}: {}", said.out);
            (said.err == expected).then_some(())
        })
        .await;
    }
    let missing = kubectl.run("logs web-9").await;
    assert_eq!(missing.err, "error: error from server (NotFound): pods \"web-9\" not found in namespace \"default\"\n");
    let crash = "nginx: [emerg] open() \"/etc/nginx/nginx.conf\" failed (2: No such file or directory)\n";
    for line in ["logs broken -p", "logs broken"] {
        eventually(line, async || (kubectl.run(line).await.out == crash).then_some(())).await;
    }
    cluster.stop().await.expect("nothing is to be kept");
}

#[tokio::test(flavor = "multi_thread")]
async fn given_a_pod_that_runs_a_command_when_that_ends_then_the_pod_ends_as_it_did() {
    let (cluster, kubectl) = ready("commands").await;
    let table: [(&str, &str, &str, &str, i32); 3] = [
        ("good", "echo hello; hostname", "hello\ngood\n", "Completed", 0),
        ("bad", "echo oops && exit 3", "oops\n", "Error", 3),
        ("unknown", "vi", "sh: vi: not found\n", "Error", 127),
    ];
    for (name, script, log, status, code) in table {
        let arguments = ["run", name, "--image=busybox:1.28.4", "--restart=Never", "--", "sh", "-c", script];
        assert_eq!(kubectl.with_input(&arguments, "").await.out, format!("pod/{name} created\n"));
        let printed = eventually("the end", async || {
            let printed = table_of(&kubectl, name).await;
            (printed == format!("{name} 0/1 {status} 0")).then_some(printed)
        });
        printed.await;
        let exit = format!("get pod {name} -o jsonpath={{.status.containerStatuses[0].state.terminated.exitCode}}");
        assert_eq!(kubectl.ok(&exit).await, code.to_string());
        assert_eq!(kubectl.ok(&format!("logs {name}")).await, log);
    }
    // Its input is that of kubectl, and ends with it; afterwards the pod is gone.
    let run = ["run", "-i", "--rm", "--image=busybox", "--restart=Never", "--quiet", "shell", "--", "sh"];
    for (input, out, code) in [("hostname\nfalse || echo so\n", "shell\nso\n", 0), ("exit 5\nhostname\n", "", 5)] {
        let said = kubectl.with_input(&run, input).await;
        assert_eq!((said.out.as_str(), said.code), (out, Some(code)), "{}", said.err);
        eventually("no pod", async || (kubectl.run("get pod shell").await.code == Some(1)).then_some(())).await;
    }
    // One that is started again keeps what it wrote before.
    kubectl.ok("run again --image=busybox -- sh -c hostname").await;
    eventually("the log of before", async || (kubectl.run("logs again -p").await.out == "again\n").then_some(())).await;
    cluster.stop().await.expect("nothing is to be kept");
}

async fn table_of(kubectl: &Kubectl, name: &str) -> String {
    table(&kubectl.ok(&format!("get pod {name}")).await, &["AGE"]).join("\n")
}

#[tokio::test(flavor = "multi_thread")]
async fn given_a_container_that_reads_when_several_attach_then_all_see_what_it_writes() {
    let (cluster, kubectl) = ready("attach").await;
    kubectl.ok("run shell --image=busybox --stdin --leave-stdin-open --attach=false").await;
    kubectl.ok("wait pod/shell --for=condition=Ready").await;
    let (mut reading, mut typing) = (kubectl.watch("attach shell -q"), kubectl.watch("attach -i -q shell"));
    // The one that reads sees what is written once it is attached, so that it is tried until it does.
    eventually("what is typed", async || {
        typing.type_line("echo seen").await;
        assert_eq!(typing.line().await, "seen");
        tokio::time::timeout(Duration::from_millis(200), reading.line()).await.ok().filter(|line| line == "seen")
    })
    .await;
    // When the container ends, so does what is attached to it.
    typing.type_line("exit").await;
    assert_eq!((reading.end().await, typing.end().await), (Some(0), Some(0)));
    let server = kubectl.run("exec web-0 -c other -- hostname").await;
    assert_eq!(server.err, "error: container other is not valid for pod web-0 out of: nginx\n");
    cluster.stop().await.expect("nothing is to be kept");
}
