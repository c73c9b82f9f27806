//! Nonsense at the API: paths, parameters, patches and bodies that no client should send, and objects with parts of others
//! in them. Whatever comes, the answer is JSON, a refusal is a `Status`, nothing panics; and the cluster behind it still
//! does its work afterwards. What is sent is random, but the same in each run.

mod support;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use demo::Content;
use proptest::collection::{hash_map, vec};
use proptest::prelude::*;
use proptest::test_runner::{Config, RngSeed, TestRunner};
use serde_json::{Value, json};
use support::{Kubectl, cluster};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// How many requests are sent.
const REQUESTS: u32 = 1_500;
/// How long an answer may take to begin and, but for those that go on, to end.
const PATIENCE: Duration = Duration::from_secs(20);

#[derive(Debug, Clone)]
struct Sent {
    method: &'static str,
    path: String,
    query: String,
    accept: &'static str,
    kind: &'static str,
    body: Vec<u8>,
}

struct Answer {
    code: u16,
    body: Vec<u8>,
}

impl Sent {
    /// Whether its answer goes on for as long as somebody listens.
    fn goes_on(&self) -> bool {
        self.query.contains("watch=") || self.query.contains("follow=")
    }

    /// Sends it as HTTP/1.0, whose answers end with the connection.
    async fn send(&self, address: SocketAddr) -> Answer {
        let exchange = async {
            let mut stream = TcpStream::connect(address).await.expect("it listens");
            let head = format!(
                "{} {}?{} HTTP/1.0\r\nHost: 127.0.0.1\r\nAccept: {}\r\nContent-Type: {}\r\nContent-Length: {}\r\n\r\n",
                self.method,
                self.path,
                self.query,
                self.accept,
                self.kind,
                self.body.len(),
            );
            stream.write_all(&[head.as_bytes(), &self.body].concat()).await.expect("it reads");
            let mut answer = Vec::new();
            let mut piece = vec![0; 64 << 10];
            while let Ok(length) = stream.read(&mut piece).await {
                answer.extend_from_slice(&piece[..length]);
                if length == 0 || (self.goes_on() && answer.starts_with(b"HTTP/1.0 200")) {
                    break;
                }
            }
            answer
        };
        let answer = timeout(PATIENCE, exchange).await.expect("an answer in time");
        let end = answer.windows(4).position(|four| four == b"\r\n\r\n").expect("a head");
        let head = String::from_utf8_lossy(&answer[..end]);
        let code = head.split(' ').nth(1).and_then(|code| code.parse().ok()).expect("a code");
        Answer { code, body: answer[end + 4..].to_vec() }
    }
}

/// What is wrong with an answer.
fn complaint(sent: &Sent, answer: &Answer) -> Option<String> {
    let text = String::from_utf8_lossy(&answer.body);
    let json: Option<Value> = serde_json::from_slice(&answer.body).ok();
    let wrong = match answer.code {
        // A version that is not there yet is waited for, and does not come.
        504 if sent.query.contains("resourceVersion") => false,
        // What cannot be applied because its lists lack their keys is an error of the server's own to Kubernetes as well.
        500 if text.contains("failed to create typed patch object") => false,
        200..300 => false,
        400..500 => json.is_none_or(|status| {
            status["kind"] != "Status"
                || status["code"] != answer.code
                || status["message"].as_str().is_none_or(str::is_empty)
        }),
        _ => true,
    };
    wrong.then(|| format!("{} {}", answer.code, text.chars().take(500).collect::<String>()))
}

/// Any JSON, not deep.
fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        word().prop_map(Value::from),
        Just(json!("2026-01-01T00:00:00Z")),
        Just(json!("9999999999999999999Gi")),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Value::from),
            hash_map(word(), inner, 0..4).prop_map(|fields| fields.into_iter().collect::<Value>()),
        ]
    })
}

/// Words that mean something somewhere, and others.
fn word() -> impl Strategy<Value = String> {
    let known: Vec<&str> = vec![
        "",
        "web",
        "web-0",
        "nginx",
        "default",
        "metadata",
        "name",
        "spec",
        "status",
        "replicas",
        "template",
        "containers",
        "ports",
        "labels",
        "annotations",
        "managedFields",
        "ownerReferences",
        "finalizers",
        "deletionTimestamp",
        "uid",
        "resourceVersion",
        "generateName",
        "selector",
        "matchLabels",
        "clusterIP",
        "None",
        "conditions",
        "$patch",
        "replace",
        "delete",
        "$setElementOrder/containers",
        "$deleteFromPrimitiveList/finalizers",
        "$retainKeys",
        "podManagementPolicy",
        "updateStrategy",
        "partition",
        "maxUnavailable",
        "100%",
        "volumeClaimTemplates",
        "..",
        "-",
        "kubernetes",
        "app",
        "app=nginx",
        "default-token",
        "Orphan",
        "Foreground",
        "10.43.0.10",
        "::1",
    ];
    prop_oneof![4 => proptest::sample::select(known).prop_map(str::to_owned), 1 => "\\PC{0,12}", 1 => "[a-z0-9.-]{1,70}"]
}

/// Objects that are as they should be, each with the path of its kind.
fn good_objects() -> Vec<(String, Value)> {
    let files = ["svc.yaml", "statefulset.yaml", "deployment.yaml", "parallel.yaml"];
    let mut objects: Vec<Value> = files.into_iter().flat_map(demo::objects).collect();
    let pod = json!({"containers": [{"name": "c", "image": "nginx"}]});
    objects.push(json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "one"}, "spec": pod}));
    objects.push(json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"generateName": "some-"}, "spec": pod}));
    objects.push(json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "other"}}));
    objects.push(json!({"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "data"},
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}}));
    objects.push(json!({"apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "metadata": {"name": "slice"},
        "addressType": "IPv4", "endpoints": [{"addresses": ["10.42.1.9"]}], "ports": [{"port": 80}]}));
    let with_path = objects.into_iter().map(|object| {
        let text = |field: &str| object[field].as_str().unwrap_or_default().to_owned();
        let (version, kind) = (text("apiVersion"), text("kind").to_lowercase());
        let group = if version == "v1" { "/api/v1".to_owned() } else { format!("/apis/{version}") };
        let home = if kind == "namespace" { "" } else { "/namespaces/default" };
        (format!("{group}{home}/{kind}s"), object)
    });
    with_path.collect()
}

/// Puts something else in the place of a part of an object; `at` chooses which.
fn spoil(value: &mut Value, at: usize, by: &Value) {
    let count = match &*value {
        Value::Object(fields) => fields.len(),
        Value::Array(items) => items.len(),
        _ => 0,
    };
    if count == 0 {
        return value.clone_from(by);
    }
    let child = match value {
        Value::Object(fields) => fields.values_mut().nth(at % count),
        Value::Array(items) => items.get_mut(at % count),
        _ => None,
    };
    match child {
        Some(child) if at % 5 == 4 => child.clone_from(by),
        Some(child) => spoil(child, at / (count + 1), by),
        None => {}
    }
}

/// An object that is not as it should be in a few places, and the path of its kind.
fn spoilt() -> impl Strategy<Value = (String, Value)> {
    (proptest::sample::select(good_objects()), vec((any::<usize>(), any_json()), 0..3)).prop_map(
        |((path, mut object), spoils)| {
            for (at, by) in &spoils {
                spoil(&mut object, *at, by);
            }
            (path, object)
        },
    )
}

/// Steps of a JSON patch.
fn steps() -> impl Strategy<Value = Value> {
    let known =
        ["/metadata/labels/a", "/spec/replicas", "/spec/template", "/metadata", "/spec/ports/0", "/spec/x", "", "/-"];
    let random =
        || vec(word(), 0..5).prop_map(|parts| parts.iter().flat_map(|part| ["/", part.as_str()]).collect::<String>());
    let pointer = move || prop_oneof![proptest::sample::select(known.to_vec()).prop_map(str::to_owned), random()];
    let operation = proptest::sample::select(vec!["add", "remove", "replace", "move", "copy", "test", "none"]);
    let step = (operation, pointer(), pointer(), any_json())
        .prop_map(|(op, path, from, value)| json!({"op": op, "path": path, "from": from, "value": value}));
    vec(step, 0..4).prop_map(Value::from)
}

fn body() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        4 => spoilt().prop_map(|(_, object)| object.to_string().into_bytes()),
        2 => any_json().prop_map(|json| json.to_string().into_bytes()),
        2 => steps().prop_map(|steps| steps.to_string().into_bytes()),
        1 => vec(any::<u8>(), 0..64),
        1 => "(\\PC{0,20}\n){0,5}".prop_map(String::into_bytes),
        1 => Just(b"a: &a [*a, *a]\nb: {<<: *a}\n".to_vec()),
        1 => Just(vec![b'['; 20_000]),
        1 => Just(b"{\"a\":".repeat(20_000)),
    ]
}

fn escaped(text: &str) -> String {
    text.bytes()
        .map(|byte| if byte.is_ascii_alphanumeric() { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect()
}

fn path() -> impl Strategy<Value = String> {
    let group = proptest::sample::select(vec![
        "/api/v1",
        "/apis/apps/v1",
        "/apis/discovery.k8s.io/v1",
        "/apis/events.k8s.io/v1",
        "/apis/storage.k8s.io/v1",
        "/apis/authorization.k8s.io/v1",
        "/apis/none/v1",
        "/openapi/v3",
    ]);
    let kind = proptest::sample::select(vec![
        "pods",
        "services",
        "namespaces",
        "nodes",
        "events",
        "persistentvolumeclaims",
        "persistentvolumes",
        "statefulsets",
        "deployments",
        "replicasets",
        "controllerrevisions",
        "endpointslices",
        "storageclasses",
        "selfsubjectaccessreviews",
        "endpoints",
        "none",
    ]);
    let part =
        proptest::sample::select(vec!["status", "scale", "log", "binding", "eviction", "finalize", "exec", "none"]);
    let name = prop_oneof![3 => proptest::sample::select(vec!["web", "web-0", "web-1", "nginx", "api", "one", "default", "node-a"])
        .prop_map(str::to_owned), 1 => word()];
    let namespace = prop_oneof![4 => Just("default".to_owned()), 1 => Just("kube-system".to_owned()), 1 => word()];
    (group, proptest::option::weighted(0.8, namespace), kind, proptest::option::of((name, proptest::option::of(part))))
        .prop_map(|(group, namespace, kind, named)| {
            let mut path = group.to_owned();
            if let Some(namespace) = namespace {
                path = format!("{path}/namespaces/{}", escaped(&namespace));
            }
            path = format!("{path}/{kind}");
            if let Some((name, part)) = named {
                path = format!("{path}/{}", escaped(&name));
                path = part.map_or(path.clone(), |part| format!("{path}/{part}"));
            }
            path
        })
}

fn query() -> impl Strategy<Value = String> {
    let key = proptest::sample::select(vec![
        "labelSelector",
        "fieldSelector",
        "continue",
        "limit",
        "resourceVersion",
        "resourceVersionMatch",
        "watch",
        "sendInitialEvents",
        "allowWatchBookmarks",
        "timeoutSeconds",
        "dryRun",
        "fieldManager",
        "fieldValidation",
        "force",
        "propagationPolicy",
        "gracePeriodSeconds",
        "includeObject",
        "container",
        "tailLines",
        "sinceSeconds",
        "limitBytes",
        "follow",
        "previous",
        "pretty",
    ]);
    let selector = "(!?[a-z/.]{1,9}( ?(=|==|!=|in|notin|>|<) ?[(]?[a-z0-9,=()]{0,9}[)]?)?,?){0,3}";
    let value = prop_oneof![
        3 => proptest::sample::select(vec![
            "", "0", "1", "-1", "true", "false", "All", "Exact", "NotOlderThan", "Orphan", "Background", "Strict", "500",
            "18446744073709551616", "9223372036854775807", "app=nginx", "metadata.name=web-0", "status.phase!=Running",
            "eyJ2IjoibWV0YS5rOHMuaW8vdjEiLCJydiI6MSwic3RhcnQiOiJ3ZWIifQ",
        ]).prop_map(str::to_owned),
        2 => selector,
        1 => word(),
    ];
    vec((key, value), 0..4).prop_map(|pairs| {
        let pairs = pairs.iter().map(|(key, value)| format!("{key}={}", escaped(value)));
        pairs.collect::<Vec<_>>().join("&")
    })
}

/// What a client could send that makes a mistake or two.
fn nearly_right() -> impl Strategy<Value = Sent> {
    let method = proptest::sample::select(vec!["GET", "POST", "POST", "PUT", "PATCH", "PATCH", "PATCH", "DELETE"]);
    let patch = proptest::sample::select(vec![
        "application/merge-patch+json",
        "application/strategic-merge-patch+json",
        "application/json-patch+json",
        "application/apply-patch+yaml",
    ]);
    let part = proptest::option::weighted(0.15, proptest::sample::select(vec!["status", "scale", "log"]));
    let query = proptest::option::weighted(0.3, query()).prop_map(Option::unwrap_or_default);
    (method, spoilt(), patch, steps(), part, query).prop_map(
        |(method, (mut path, object), patch, steps, part, query)| {
            let is_patch = method == "PATCH";
            if method != "POST" && method != "GET" {
                let name = object["metadata"]["name"].as_str().filter(|name| !name.is_empty()).unwrap_or("web-0");
                path = format!("{path}/{}", escaped(name));
                path = part.map_or(path.clone(), |part| format!("{path}/{part}"));
            }
            let body = if is_patch && patch.contains("json-patch") { steps } else { object };
            let kind = if is_patch { patch } else { "application/json" };
            let query = if patch.contains("apply") { format!("fieldManager=nobody&force=true&{query}") } else { query };
            Sent { method, path, query, accept: "application/json", kind, body: body.to_string().into_bytes() }
        },
    )
}

fn request() -> impl Strategy<Value = Sent> {
    prop_oneof![2 => nearly_right(), 1 => all_wrong()]
}

fn all_wrong() -> impl Strategy<Value = Sent> {
    let method =
        proptest::sample::select(vec!["GET", "POST", "PUT", "PATCH", "PATCH", "PATCH", "DELETE", "OPTIONS", "HEAD"]);
    let accept = proptest::sample::select(vec![
        "*/*",
        "application/json",
        "application/json;as=Table;v=v1;g=meta.k8s.io",
        "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1",
        "application/vnd.kubernetes.protobuf",
        ",;q=NaN",
    ]);
    let kind = proptest::sample::select(vec![
        "application/json",
        "application/yaml",
        "application/merge-patch+json",
        "application/strategic-merge-patch+json",
        "application/strategic-merge-patch+json",
        "application/json-patch+json",
        "application/apply-patch+yaml",
        "application/vnd.kubernetes.protobuf",
        "nothing",
    ]);
    (method, path(), query(), accept, kind, body()).prop_map(|(method, path, query, accept, kind, body)| Sent {
        method,
        path,
        query,
        accept,
        kind,
        body,
    })
}

#[test]
fn given_nonsense_when_sent_then_it_is_refused_in_the_words_of_an_api_server_and_the_cluster_goes_on() {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime");
    let cluster = runtime.block_on(cluster(Content::WalkThrough, 100.0));
    let address = cluster.address();
    let config = Config {
        cases: REQUESTS,
        failure_persistence: None,
        rng_seed: RngSeed::Fixed(7_654),
        max_shrink_iters: 64,
        ..Config::default()
    };
    let codes = RefCell::new(BTreeMap::new());
    let tried = TestRunner::new(config).run(&request(), |sent| {
        let answer = runtime.block_on(sent.send(address));
        *codes.borrow_mut().entry(answer.code).or_insert(0_u32) += 1;
        match complaint(&sent, &answer) {
            Some(complaint) if sent.method != "HEAD" => Err(TestCaseError::fail(complaint)),
            _ => Ok(()),
        }
    });
    if let Err(error) = tried {
        panic!("{error}");
    }
    let codes = codes.into_inner();
    let all_kinds = [200, 201, 400, 404, 405, 406, 409, 415, 422].iter().all(|code| codes.contains_key(code));
    assert!(all_kinds, "some of it reached everything that can refuse or do it: {codes:?}");
    runtime.block_on(async {
        // No controller, kubelet or scheduler fell over what it was given.
        let kubectl = Kubectl::new("nonsense", &cluster);
        let namespace =
            json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "afterwards"}}).to_string();
        let made = kubectl.with_input(&["apply", "-f", "-"], &namespace).await;
        assert_eq!((made.code, made.err.as_str()), (Some(0), ""));
        for object in ["svc.yaml", "statefulset.yaml", "deployment.yaml"].into_iter().flat_map(demo::objects) {
            let made = kubectl.with_input(&["apply", "-n", "afterwards", "-f", "-"], &object.to_string()).await;
            assert_eq!((made.code, made.err.as_str()), (Some(0), ""));
        }
        let end = Instant::now() + PATIENCE;
        loop {
            let sets = "get statefulset,deployment -n afterwards -o jsonpath={.items[*].status.readyReplicas}";
            let slices = "get endpointslices -n afterwards -o jsonpath={.items[*].endpoints[*].hostname}";
            let found = (kubectl.run(sets).await.out, kubectl.run(slices).await.out);
            let mut served: Vec<&str> = found.1.split(' ').collect();
            served.sort_unstable();
            if found.0 == "2 2" && served == ["web-0", "web-1"] {
                break;
            }
            if Instant::now() > end {
                let all = kubectl.run("get nodes,pods,endpointslices,events -A -o wide").await.out;
                panic!("every pod becomes Ready, and has an endpoint: {found:?}\n{all}");
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        cluster.stop().await.expect("nothing is to be kept");
    });
}
