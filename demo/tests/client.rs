//! The API, by the client that Berth itself uses.

mod support;

use demo::{Cluster, Content, Options, Pace};
use futures::{StreamExt as _, TryStreamExt as _};
use k8s_openapi::api::apps::v1::StatefulSet;
use k8s_openapi::api::core::v1::{ConfigMap, Namespace, Pod, Service};
use kube::api::{Api, DeleteParams, ListParams, Patch, PatchParams, PostParams, WatchEvent, WatchParams};
use kube::runtime::watcher;
use serde_json::json;
use support::{client, cluster, eventually};

fn service(name: &str, extra: serde_json::Value) -> Service {
    let mut value = json!({"metadata": {"name": name}, "spec": {"ports": [{"port": 80}], "selector": {"app": name}}});
    json_merge(&mut value, extra);
    serde_json::from_value(value).expect("a Service")
}

fn json_merge(into: &mut serde_json::Value, from: serde_json::Value) {
    match (into, from) {
        (serde_json::Value::Object(into), serde_json::Value::Object(from)) => {
            for (name, value) in from {
                json_merge(into.entry(name).or_insert(serde_json::Value::Null), value);
            }
        }
        (into, from) => *into = from,
    }
}

fn refusal(error: &kube::Error) -> (u16, String) {
    match error {
        kube::Error::Api(status) => (status.code, status.message.clone()),
        other => panic!("the API refuses: {other}"),
    }
}

#[tokio::test]
async fn given_objects_when_written_in_every_way_then_each_has_the_outcome_that_kubernetes_gives() {
    let cluster = cluster(Content::Empty, 10.0).await;
    let services: Api<Service> = Api::namespaced(client(&cluster).await, "default");
    let created = services.create(&PostParams::default(), &service("a", json!({}))).await.expect("it is valid");
    let address = created.spec.as_ref().and_then(|spec| spec.cluster_ip.clone()).expect("an address");
    assert!(address.starts_with("10.43."), "{address}");

    let exists = services.create(&PostParams::default(), &service("a", json!({}))).await.expect_err("it exists");
    assert_eq!(refusal(&exists), (409, "services \"a\" already exists".to_owned()));
    let wrong = service("B_", json!({"spec": {"ports": [{"port": 0}]}}));
    let (code, message) = refusal(&services.create(&PostParams::default(), &wrong).await.expect_err("it is wrong"));
    assert!(code == 422 && message.contains("metadata.name") && message.contains("spec.ports[0].port"), "{message}");

    // An old version is refused, as somebody wrote meanwhile.
    let patch = Patch::Merge(json!({"metadata": {"labels": {"one": "1"}}}));
    services.patch("a", &PatchParams::default(), &patch).await.expect("it exists");
    let stale = services.replace("a", &PostParams::default(), &created).await.expect_err("it is stale");
    assert!(matches!(refusal(&stale), (409, message) if message.contains("the object has been modified")));

    // What two managers apply is merged, and they must not contradict each other.
    let apply = |value: &str| {
        Patch::Apply(
            json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "a", "labels": {"two": value}}}),
        )
    };
    let first = PatchParams::apply("first");
    services.patch("a", &first, &apply("2")).await.expect("nobody else says so");
    let second = PatchParams::apply("second");
    let conflict = services.patch("a", &second, &apply("3")).await.expect_err("the first one says otherwise");
    assert!(matches!(refusal(&conflict), (409, message) if message.contains(".metadata.labels.two")));
    let forced = services.patch("a", &second.force(), &apply("3")).await.expect("it insists");
    assert_eq!(
        forced.metadata.labels.map(|labels| labels.into_iter().collect::<Vec<_>>()),
        Some(vec![("one".to_owned(), "1".to_owned()), ("two".to_owned(), "3".to_owned())])
    );

    services.delete("a", &DeleteParams::default()).await.expect("it exists");
    assert_eq!(
        refusal(&services.get("a").await.expect_err("it is gone")),
        (404, "services \"a\" not found".to_owned())
    );
    let maps: Api<ConfigMap> = Api::namespaced(client(&cluster).await, "default");
    assert_eq!(refusal(&maps.list(&ListParams::default()).await.expect_err("it is not served")).0, 404);
}

#[tokio::test]
async fn given_many_objects_when_listed_in_pages_and_by_selectors_then_each_is_there_once() {
    let cluster = cluster(Content::Empty, 10.0).await;
    let services: Api<Service> = Api::namespaced(client(&cluster).await, "kube-public");
    for number in 0..7 {
        let labels = json!({"metadata": {"labels": {"odd": (number % 2 == 1).to_string()}}});
        services.create(&PostParams::default(), &service(&format!("s{number}"), labels)).await.expect("valid");
    }
    let mut names = Vec::new();
    let mut page = ListParams::default().limit(3);
    loop {
        let list = services.list(&page).await.expect("a list");
        names.extend(list.items.into_iter().filter_map(|service| service.metadata.name));
        match list.metadata.continue_.filter(|token| !token.is_empty()) {
            Some(token) => page = page.continue_token(&token),
            None => break,
        }
    }
    assert_eq!(names, ["s0", "s1", "s2", "s3", "s4", "s5", "s6"]);
    for (selector, count) in [("odd=true", 3), ("odd!=true", 4), ("odd in (true,false)", 7), ("!odd", 0)] {
        let list = services.list(&ListParams::default().labels(selector)).await.expect("a list");
        assert_eq!(list.items.len(), count, "{selector}");
    }
    let one = services.list(&ListParams::default().fields("metadata.name=s3")).await.expect("a list");
    assert_eq!(one.items.len(), 1);
}

#[tokio::test]
async fn given_a_watch_when_things_change_then_every_change_comes_in_order_and_bookmarks_end_the_first_list() {
    let cluster = cluster(Content::Empty, 10.0).await;
    let client = client(&cluster).await;
    let services: Api<Service> = Api::namespaced(client.clone(), "default");
    // The way that Berth watches: what is there comes through the watch, up to a bookmark.
    let events = watcher(services.clone(), watcher::Config::default().streaming_lists());
    let mut events = Box::pin(events.map_ok(|event| match event {
        watcher::Event::Init => "init".to_owned(),
        watcher::Event::InitApply(service) => format!("known {}", service.metadata.name.unwrap_or_default()),
        watcher::Event::InitDone => "done".to_owned(),
        watcher::Event::Apply(service) => format!("apply {}", service.metadata.name.unwrap_or_default()),
        watcher::Event::Delete(service) => format!("delete {}", service.metadata.name.unwrap_or_default()),
    }));
    let mut seen = Vec::new();
    while seen.last().is_none_or(|last| last != "done") {
        seen.push(events.next().await.expect("it goes on").expect("an event"));
    }
    services.create(&PostParams::default(), &service("a", json!({}))).await.expect("valid");
    services.delete("a", &DeleteParams::default()).await.expect("it exists");
    for _ in 0..2 {
        seen.push(events.next().await.expect("it goes on").expect("an event"));
    }
    assert_eq!(seen, ["init", "known kubernetes", "done", "apply a", "delete a"]);
}

#[tokio::test]
async fn given_a_namespace_when_deleted_then_what_is_in_it_goes_first() {
    let cluster = cluster(Content::Empty, 50.0).await;
    let client = client(&cluster).await;
    let namespaces: Api<Namespace> = Api::all(client.clone());
    let namespace = serde_json::from_value(json!({"metadata": {"name": "shop"}})).expect("a namespace");
    namespaces.create(&PostParams::default(), &namespace).await.expect("valid");
    let sets: Api<StatefulSet> = Api::namespaced(client.clone(), "shop");
    let set = json!({
        "metadata": {"name": "web"},
        "spec": {
            "serviceName": "nginx", "replicas": 2, "selector": {"matchLabels": {"app": "nginx"}},
            "template": {
                "metadata": {"labels": {"app": "nginx"}},
                "spec": {"containers": [{"name": "nginx", "image": "nginx"}]},
            },
        },
    });
    sets.create(&PostParams::default(), &serde_json::from_value(set).expect("a set")).await.expect("valid");
    let pods: Api<Pod> = Api::namespaced(client.clone(), "shop");
    eventually("two pods", async || {
        (pods.list(&ListParams::default()).await.expect("a list").items.len() == 2).then_some(())
    })
    .await;
    namespaces.delete("shop", &DeleteParams::default()).await.expect("it exists");
    eventually("the end of the namespace", async || {
        namespaces.get_opt("shop").await.expect("an answer").is_none().then_some(())
    })
    .await;
    assert_eq!(pods.list(&ListParams::default()).await.expect("a list").items.len(), 0);
}

#[tokio::test]
async fn given_a_state_file_when_the_cluster_starts_again_then_everything_is_there_and_runs_on() {
    let path = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("kept.demo");
    let _ = std::fs::remove_file(&path);
    let options = Options { state: Some(path.clone()), pace: Pace::default().times(20.0), ..Options::default() };
    let start = async || Cluster::start(options.clone()).await.expect("it starts");
    let ready = async |cluster: &Cluster| {
        let pods: Api<Pod> = Api::namespaced(client(cluster).await, "default");
        let list = ListParams::default().labels("app=nginx");
        eventually("two pods that run", async || {
            let pods = pods.list(&list).await.expect("a list").items;
            let ips = pods.iter().filter_map(|pod| pod.status.as_ref()?.pod_ip.clone()).collect::<Vec<_>>();
            let uids = pods.iter().filter_map(|pod| pod.metadata.uid.clone()).collect::<Vec<_>>();
            (ips.len() == 2).then_some((ips, uids))
        })
        .await
    };
    let first = start().await;
    let before = ready(&first).await;
    first.stop().await.expect("it is kept");
    let second = start().await;
    assert_eq!(ready(&second).await, before);
    // What happened before the start is not kept: whoever watches from there is told to list anew.
    let all: Api<Pod> = Api::all(client(&second).await);
    let mut old = Box::pin(all.watch(&WatchParams::default(), "1").await.expect("a stream"));
    match old.next().await {
        Some(Ok(WatchEvent::Error(status))) => assert_eq!(status.code, 410),
        other => panic!("an error comes, not {other:?}"),
    }
    // It lives on: a pod that is deleted comes back elsewhere.
    let pods: Api<Pod> = Api::namespaced(client(&second).await, "default");
    pods.delete("web-0", &DeleteParams::default()).await.expect("it exists");
    eventually("another web-0 that runs", async || {
        let pod = pods.get_opt("web-0").await.expect("an answer")?;
        let ip = pod.status?.pod_ip?;
        (!before.0.contains(&ip)).then_some(())
    })
    .await;
    second.stop().await.expect("it is kept");
}

#[tokio::test]
async fn given_requests_from_pages_or_for_other_hosts_when_sent_then_they_are_refused() {
    let cluster = cluster(Content::Empty, 1.0).await;
    let address = cluster.address();
    let table = [
        (format!("Host: {address}"), "200"),
        ("Host: localhost".to_owned(), "200"),
        ("Host: evil.example".to_owned(), "403"),
        (format!("Host: {address}\r\nOrigin: http://evil.example"), "403"),
    ];
    for (headers, expected) in table {
        use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
        let mut stream = tokio::net::TcpStream::connect(address).await.expect("it listens");
        let request = format!("GET /version HTTP/1.1\r\n{headers}\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await.expect("it reads");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.expect("it answers");
        assert_eq!(answer.split(' ').nth(1), Some(expected), "{headers}");
    }
}
