//! The API: JSON as its own description says, readiness in words, and errors that name what to do.

mod support;

use http::StatusCode;
use serde_json::{Value, json};
use server::clock::now;
use server::cluster::{Report, Silence, WatchHealth, watches};
use server::ledger::Reader;
use support::{Fed, answer, check_description, fed, observations};
use topology::crew::Crew;
use topology::facts::{Event, Kind, Object, Observation, Watch};
use topology::wire::{Changes, Format, Scope, ServerMessage, State, Subscription};
use topology::{SetKey, kubernetes};

async fn get(fed: &Fed, path: &str) -> (StatusCode, String, String) {
    answer(fed.hub.clone(), Reader::off(), path).await
}

async fn fed_with(trace: &str) -> Fed {
    let fed = fed();
    for observation in observations(trace) {
        fed.observe_and_settle(observation).await;
    }
    fed
}

#[tokio::test]
async fn given_the_api_when_asked_then_every_answer_is_as_its_description_says() {
    let document = get(&fed(), "/api/v1/openapi.json").await;
    assert_eq!((document.0, document.1.as_str()), (StatusCode::OK, "application/json"));
    let document: Value = serde_json::from_str(&document.2).expect("JSON");
    for trace in ["seed", "scale", "rollout", "services", "unready", "parallel"] {
        let fed = fed_with(trace).await;
        for (path, route, status) in [
            ("/api/v1/topology".to_owned(), "/api/v1/topology", "200"),
            (format!("/api/v1/topology/{trace}/web"), "/api/v1/topology/{namespace}/{statefulset}", "200"),
            (format!("/api/v1/records?namespace={trace}"), "/api/v1/records", "200"),
            ("/api/v1/topology/no/such".to_owned(), "/api/v1/topology/{namespace}/{statefulset}", "404"),
        ] {
            let (code, kind, body) = get(&fed, &path).await;
            assert_eq!(code.as_str(), status, "{path}: {body}");
            check_description(&document, route, status, &kind, &body, &path);
        }
    }
}

#[tokio::test]
async fn given_a_namespace_when_the_fleet_is_asked_for_then_only_its_sets_are_listed() {
    let fed = fed_with("seed").await;
    for (query, expected) in [("", 1), ("?namespace=seed", 1), ("?namespace=other", 0)] {
        let (_, _, body) = get(&fed, &format!("/api/v1/topology{query}")).await;
        let body: Value = serde_json::from_str(&body).expect("JSON");
        assert_eq!(body["statefulsets"].as_array().map(Vec::len), Some(expected), "{query}");
    }
}

/// A Deployment `api` of one pod.
fn a_deployment() -> Vec<Observation> {
    let object = |kind: &str, name: &str, uid: &str, owner: Option<(&str, &str, &str)>| {
        let owners: Vec<Value> = owner
            .map(|(kind, name, uid)| json!({"apiVersion": "apps/v1", "kind": kind, "name": name, "uid": uid, "controller": true}))
            .into_iter()
            .collect();
        json!({
            "kind": kind, "spec": {"replicas": 1}, "status": {"phase": "Running"},
            "metadata": {"name": name, "namespace": "shop", "uid": uid, "resourceVersion": "1", "ownerReferences": owners},
        })
    };
    let deployment: kubernetes::Deployment =
        serde_json::from_value(object("Deployment", "api", "d", None)).expect("a Deployment");
    let set: kubernetes::ReplicaSet =
        serde_json::from_value(object("ReplicaSet", "api-1", "r", Some(("Deployment", "api", "d"))))
            .expect("a ReplicaSet");
    let pod: kubernetes::Pod =
        serde_json::from_value(object("Pod", "api-1-x", "p", Some(("ReplicaSet", "api-1", "r")))).expect("a pod");
    let listed =
        |object: Object| Observation { watch: Watch::everywhere(object.kind()), event: Event::Listed(vec![object]) };
    [pod.into(), set.into(), deployment.into()].map(listed).into()
}

#[tokio::test]
async fn given_a_deployment_when_asked_for_then_its_pods_are_told_as_described() {
    let fed = fed();
    for observation in a_deployment() {
        fed.observe_and_settle(observation).await;
    }
    let document = get(&fed, "/api/v1/openapi.json").await;
    let document: Value = serde_json::from_str(&document.2).expect("JSON");
    let one = "/api/v1/deployments/{namespace}/{deployment}";
    for (path, route, status, expected) in [
        ("/api/v1/deployments", "/api/v1/deployments", "200", r#""name":"api""#),
        ("/api/v1/deployments?namespace=other", "/api/v1/deployments", "200", r#""deployments":[]"#),
        ("/api/v1/deployments?bogus=1", "/api/v1/deployments", "400", "there are namespace"),
        ("/api/v1/deployments/shop/api", one, "200", r#""name":"api-1-x""#),
        ("/api/v1/deployments/shop/api?bogus=1", one, "400", "there are none"),
        ("/api/v1/deployments/shop/web", one, "404", "/api/v1/deployments lists"),
    ] {
        let (code, kind, body) = get(&fed, path).await;
        assert_eq!(code.as_str(), status, "{path}: {body}");
        assert!(body.contains(expected), "{path}: {body}");
        check_description(&document, route, status, &kind, &body, path);
    }
    for (path, code, expected) in [
        ("/deployments/shop/api", StatusCode::OK, "api-1-x"),
        ("/deployments/shop/web", StatusCode::NOT_FOUND, "No such Deployment"),
    ] {
        let (status, _, body) = get(&fed, path).await;
        assert_eq!(status, code, "{path}");
        assert!(body.contains(expected), "{path}");
    }
}

#[tokio::test]
async fn given_who_looks_at_a_deployment_when_its_pod_goes_then_only_what_changed_is_told() {
    let fed = fed();
    let [pod, set, deployment] = <[Observation; 3]>::try_from(a_deployment()).expect("three lists");
    for observation in [pod.clone(), set, deployment] {
        fed.observe_and_settle(observation).await;
    }
    let scope = Scope::Deployment(SetKey::new("shop", "api"));
    let mut feed = fed.hub.subscribe(Subscription { scope, since: None }).await.expect("the hub runs");
    let read = |frame: &server::hub::Frame| {
        let bytes = frame.bytes(Format::Postcard).expect("it can be written");
        ServerMessage::decode(&bytes, Format::Postcard).expect("a message")
    };
    let ServerMessage::Snapshot { state: State::Deployment { mut crew, .. }, .. } = read(&feed.first[0]) else {
        panic!("a snapshot comes first")
    };
    assert_eq!(crew.as_ref().map(|crew| crew.pods().count()), Some(1));
    fed.observe_and_settle(Observation { event: Event::Listed(Vec::new()), ..pod }).await;
    let ServerMessage::Delta { changes: Changes::Deployment { changes, .. }, .. } =
        read(&feed.live.try_recv().expect("a delta"))
    else {
        panic!("then what changed")
    };
    for change in &changes {
        Crew::apply(&mut crew, change);
    }
    assert_eq!(crew.as_ref().map(|crew| (crew.pods().count(), crew.hands.len())), Some((0, 1)));
}

#[tokio::test]
async fn given_the_walk_through_when_its_records_are_asked_for_then_each_service_has_its_own() {
    let fed = fed_with("seed").await;
    let listed = |body: &str| -> Vec<String> {
        let body: Value = serde_json::from_str(body).expect("JSON");
        let services = body["services"].as_array().expect("a list").clone();
        let lines = services.into_iter().flat_map(|service| {
            let records = service["records"].as_array().expect("a list").clone();
            let name = service["name"].as_str().expect("a name").to_owned();
            records.into_iter().map(move |record| {
                format!("{name}: {} {} {} {}", record["name"], record["type"], record["ttl"], record["data"])
                    .replace('"', "")
            })
        });
        lines.collect()
    };
    let (status, _, body) = get(&fed, "/api/v1/records?namespace=seed&service=nginx").await;
    assert_eq!(status, StatusCode::OK, "{body}");
    let directory = fed.hub.dns().latest().directory.clone();
    let records = directory.service("seed", "nginx").expect("it is known").record_set(directory.zone());
    let expected: Vec<String> = records
        .iter()
        .map(|(_, record)| format!("nginx: {} {} {} {}", record.name, record.data.kind(), record.ttl, record.data))
        .collect();
    assert_eq!(listed(&body), expected);
    assert!(expected.iter().any(|line| line.starts_with("nginx: web-0.nginx.seed.svc.cluster.local. A 5 10.42.")));
    for query in ["?namespace=none", "?service=none", "?namespace=seed&service=none"] {
        let (_, _, body) = get(&fed, &format!("/api/v1/records{query}")).await;
        assert_eq!(listed(&body), [""; 0], "{query}");
    }
}

#[tokio::test]
async fn given_parameters_that_there_are_none_of_when_asked_then_a_problem_names_those_that_there_are() {
    for (path, mend) in [
        ("/api/v1/records?bogus=1", "there are namespace, service"),
        ("/api/v1/records?service=a&service=b", "service is given twice"),
        ("/api/v1/topology?bogus=1", "there are namespace, at"),
        ("/api/v1/history?bogus=1", "there are namespace, statefulset"),
    ] {
        let (status, kind, body) = get(&fed(), path).await;
        let expected = (StatusCode::BAD_REQUEST, "application/problem+json");
        assert_eq!((status, kind.as_str()), expected, "{path}: {body}");
        assert!(body.contains(mend), "{path}: {body}");
    }
}

#[tokio::test]
async fn given_an_unknown_address_when_asked_then_a_problem_names_the_description() {
    let (status, kind, body) = get(&fed(), "/api/v1/nothing").await;
    assert_eq!((status, kind.as_str()), (StatusCode::NOT_FOUND, "application/problem+json"));
    assert!(body.contains("/api/v1/openapi.json"), "{body}");
    for path in ["/pkg/../Cargo.toml", "/pkg/%2e%2e/%2e%2e/Cargo.toml", "/pkg//etc/passwd", "/pkg/nothing.js"] {
        assert_eq!(get(&fed(), path).await.0, StatusCode::NOT_FOUND, "{path}");
    }
}

#[tokio::test]
async fn given_the_watches_when_asked_for_readiness_then_it_is_there_once_all_are_listed_or_refused() {
    let fed = fed();
    assert_eq!(get(&fed, "/healthz").await.0, StatusCode::OK);
    let (contrast, mut left): (Vec<_>, Vec<_>) =
        watches(None).into_iter().partition(|watch| watch.kind.is_for_contrast());
    left.reverse();
    while let Some(watch) = left.pop() {
        let (status, _, body) = get(&fed, "/readyz").await;
        assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
        assert!(body.contains(watch.kind.resource()), "{body}");
        let health = if left.is_empty() { WatchHealth::Refused } else { WatchHealth::Live };
        fed.reports.send(Report::Watch(watch, health)).await.expect("the hub runs");
        fed.settle().await;
    }
    assert_eq!(get(&fed, "/readyz").await.0, StatusCode::OK);
    // What is only there for contrast may be listed, refused, and refused later: it changes nothing of that.
    for health in [WatchHealth::Live, WatchHealth::Refused] {
        for watch in &contrast {
            fed.reports.send(Report::Watch(watch.clone(), health.clone())).await.expect("the hub runs");
        }
        fed.settle().await;
        assert_eq!(get(&fed, "/readyz").await.0, StatusCode::OK);
        assert!(fed.hub.status().borrow().source.is_live());
    }
    let refused: Vec<Kind> = fed.hub.status().borrow().refused.iter().map(|refusal| refusal.kind).collect();
    assert!(refused.contains(&Kind::Deployment) && refused.contains(&Kind::ReplicaSet), "{refused:?}");
    fed.reports
        .send(Report::Pulse(Err(Silence { problem: "nobody is there".to_owned(), since: now() })))
        .await
        .expect("the hub runs");
    fed.settle().await;
    let (status, _, body) = get(&fed, "/readyz").await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(body.contains("nobody is there"), "{body}");
}

#[tokio::test]
async fn given_pods_that_were_listed_when_they_are_refused_then_it_is_not_ready_until_they_are_listed_again() {
    let fed = fed_with("seed").await;
    assert_eq!(get(&fed, "/readyz").await.0, StatusCode::OK);
    let pods = watches(None).into_iter().find(|watch| watch.kind == Kind::Pod).expect("pods are watched");
    for (health, status) in
        [(WatchHealth::Refused, StatusCode::SERVICE_UNAVAILABLE), (WatchHealth::Live, StatusCode::OK)]
    {
        fed.reports.send(Report::Watch(pods.clone(), health)).await.expect("the hub runs");
        fed.settle().await;
        let (code, _, body) = get(&fed, "/readyz").await;
        assert_eq!(code, status, "{body}");
        assert_eq!(body.contains("may not be seen any more (403)"), !code.is_success(), "{body}");
    }
}
