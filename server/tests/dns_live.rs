//! Berth's DNS server beside a real CoreDNS, on a real control plane: after each of many random operations both give
//! the same answers to the same questions, within moments.
//!
//! `BERTH_DNS_SEED`, a number, draws other operations; a failure tells the seed. The programs of the reference control
//! plane must be there (`tools/setup control-plane`): without them the test fails and says so.

#[path = "support/control_plane.rs"]
mod control_plane;
mod support;

use std::collections::BTreeSet;
use std::io::{self, Read as _, Write as _};
use std::net::{IpAddr, SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use control_plane::ControlPlane;
use hickory_proto::op::{Edns, Message, Query};
use hickory_proto::rr::{DNSClass, Name, RData, Record, RecordType};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde_json::{Value, json};
use server::dns::Server;
use support::watching::Watching;

/// How many operations there are.
const OPERATIONS: usize = 48;
/// How long both may take to agree after one of them.
const BOUND: Duration = Duration::from_secs(30);
const NAMESPACES: [&str; 2] = ["alpha", "beta"];
/// One that comes and goes, and never has an object of the watched kinds.
const PASSING: &str = "passing";
const SETS: [&str; 2] = ["web", "db"];
const SERVICES: [&str; 5] = ["nginx", "vip", "other", "hand", "alias"];

/// A server of Berth's that watches the control plane.
struct Berth {
    dns: Server,
    _watching: Watching,
}

async fn berth(plane: &ControlPlane) -> Berth {
    let watching = Watching::start(plane.kubeconfig(), None).await;
    let dns = Server::start(SocketAddr::from(([127, 0, 0, 1], 0)), watching.hub.dns().clone(), None).await;
    Berth { dns: dns.expect("a free port"), _watching: watching }
}

/// An answer as text: rcode, answers with owner and TTL, the SOA without its serial, the further addresses.
#[derive(Debug, PartialEq)]
struct Told {
    rcode: String,
    answers: Vec<String>,
    authority: Vec<String>,
    additional: Vec<String>,
}

/// Asks a server over TCP, where every answer is whole: over UDP each server leaves out what does not fit in its own way.
struct Asker {
    server: SocketAddr,
    /// Opened when it is needed: servers close connections after some questions.
    stream: Option<TcpStream>,
}

impl Asker {
    fn ask(&mut self, name: &str, kind: RecordType) -> Result<Told, String> {
        let mut message = Message::query();
        message.metadata.id = 7;
        let mut query = Query::query(Name::from_ascii(name).map_err(|error| error.to_string())?, kind);
        query.set_query_class(DNSClass::IN);
        message.add_query(query);
        let mut edns = Edns::new();
        edns.set_max_payload(4_096);
        message.edns = Some(edns);
        let packet = message.to_vec().map_err(|error| error.to_string())?;
        let answer = match self.say(&packet) {
            Ok(answer) => answer,
            Err(_closed) => self.say(&packet).map_err(|error| format!("no answer: {error}"))?,
        };
        told(&Message::from_vec(&answer).map_err(|error| error.to_string())?)
    }

    /// One message, and the one that comes back, each with its length before it (RFC 1035 §4.2.2).
    fn say(&mut self, packet: &[u8]) -> io::Result<Vec<u8>> {
        let mut stream = match self.stream.take() {
            Some(stream) => stream,
            None => TcpStream::connect(self.server)?,
        };
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(Duration::from_secs(3)))?;
        let length = u16::try_from(packet.len()).map_err(io::Error::other)?;
        stream.write_all(&[&length.to_be_bytes()[..], packet].concat())?;
        let mut length = [0; 2];
        stream.read_exact(&mut length)?;
        let mut answer = vec![0; usize::from(u16::from_be_bytes(length))];
        stream.read_exact(&mut answer)?;
        self.stream = Some(stream);
        Ok(answer)
    }
}

fn told(answer: &Message) -> Result<Told, String> {
    if answer.metadata.truncation {
        return Err("truncated, over TCP".to_owned());
    }
    let text = |records: &[Record]| {
        let mut lines: Vec<String> = records.iter().map(line).collect();
        lines.sort();
        lines
    };
    Ok(Told {
        rcode: answer.metadata.response_code.to_string(),
        answers: text(&answer.answers),
        authority: text(&answer.authorities),
        additional: text(&answer.additionals),
    })
}

fn line(record: &Record) -> String {
    let data = match &record.data {
        RData::SOA(soa) => {
            format!("{} {} {} {} {} {}", soa.mname, soa.rname, soa.refresh, soa.retry, soa.expire, soa.minimum)
        }
        data => data.to_string(),
    };
    format!("{} {} {} {data}", record.name, record.ttl, record.record_type())
}

/// What both are asked: every name that may be there, and many that may not.
fn questions(addresses: &BTreeSet<IpAddr>) -> Vec<(String, RecordType)> {
    use RecordType::{A, AAAA, CNAME, HTTPS, MX, NS, PTR, SOA, SRV, TXT};
    let zone = "cluster.local.";
    let mut questions: Vec<(String, RecordType)> = Vec::new();
    let mut add = |name: String, kinds: &[RecordType]| questions.extend(kinds.iter().map(|kind| (name.clone(), *kind)));
    for name in ["", "svc.", "pod.", "none.", "dns-version.", "ns.dns.", "nowhere.svc.", "a.b.c.d.e.svc."] {
        add(format!("{name}{zone}"), &[A, AAAA, TXT, SOA, HTTPS, SRV]);
    }
    add(zone.to_owned(), &[NS, MX]);
    for namespace in [NAMESPACES[0], NAMESPACES[1], PASSING] {
        add(format!("{namespace}.svc.{zone}"), &[A, TXT, SRV]);
        add(format!("{namespace}.pod.{zone}"), &[A]);
        for name in ["10-42-1-5", "fd00-42--5", "web-0", "x.10-42-1-5", "10-42-1-256"] {
            add(format!("{name}.{namespace}.pod.{zone}"), &[A, AAAA, SRV]);
        }
        for service in SERVICES {
            let base = format!("{service}.{namespace}.svc.{zone}");
            add(base.clone(), &[A, AAAA, SRV, CNAME, TXT, HTTPS, PTR]);
            add(base.to_ascii_uppercase(), &[A, SRV]);
            for port in ["_web._tcp", "web.TCP", "_dns._udp", "_._tcp", "_none._tcp"] {
                add(format!("{port}.{base}"), &[SRV, A]);
            }
            for label in ["web-0", "web-1", "web-2", "db-0", "db-1", "hand-0", "HAND-1", "x.y.z"] {
                add(format!("{label}.{base}"), &[A, AAAA, SRV]);
            }
            for address in addresses {
                add(format!("{}.{base}", topology::dns::dashed(*address)), &[A, AAAA]);
            }
        }
    }
    for address in addresses {
        add(topology::dns::Name::reverse(*address).to_string(), &[PTR, A]);
    }
    for name in ["in-addr.arpa.", "ip6.arpa.", "1.in-addr.arpa.", "svc.ip6.arpa."] {
        add(name.to_owned(), &[PTR, A, SOA]);
    }
    questions
}

/// The random operations, and what was done so far.
struct Operator<'a> {
    plane: &'a ControlPlane,
    random: StdRng,
}

impl Operator<'_> {
    fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.random.random_range(0..from.len())]
    }

    fn apply(&self, namespace: &str, mut object: Value) -> Result<String, String> {
        object["metadata"]["namespace"] = namespace.into();
        self.plane.kubectl(&["apply", "--server-side", "--force-conflicts", "-f", "-"], &object.to_string())
    }

    fn ports(&mut self) -> Value {
        match self.pick(&[0, 1, 2, 3]) {
            0 => json!([{"name": "web", "port": 80, "protocol": "TCP"}]),
            1 => json!([{"port": 8080, "protocol": "TCP"}]),
            2 => {
                json!([{"name": "web", "port": 81, "protocol": "TCP"}, {"name": "dns", "port": 53, "protocol": "UDP"}])
            }
            _ => json!([{"name": "dns", "port": 5353, "protocol": "UDP"}]),
        }
    }

    fn stateful_set(&mut self, name: &str) -> Value {
        let policy = self.pick(&["OrderedReady", "Parallel"]);
        json!({"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {"name": name}, "spec": {
            "serviceName": self.pick(&["nginx", "other"]), "replicas": self.pick(&[1, 2, 3]), "podManagementPolicy": policy,
            "selector": {"matchLabels": {"set": name}},
            "template": {"metadata": {"labels": {"set": name, "app": "nginx"}},
                "spec": {"containers": [{"name": "c", "image": "nginx"}], "terminationGracePeriodSeconds": 1}}}})
    }

    fn service(&mut self, name: &str) -> Value {
        let families = self.pick(&["SingleStack", "PreferDualStack"]);
        let mut spec = json!({"ports": self.ports(), "ipFamilyPolicy": families, "publishNotReadyAddresses": self.pick(&[false, false, true])});
        match name {
            "alias" => {
                let inside = format!("nginx.{}.svc.cluster.local", self.pick(&NAMESPACES));
                let target = if self.random.random() { inside } else { "example.org".to_owned() };
                spec = json!({"type": "ExternalName", "externalName": target});
            }
            "vip" => spec["selector"] = json!({"app": "nginx"}),
            "hand" => spec["clusterIP"] = "None".into(),
            _ => {
                spec["clusterIP"] = "None".into();
                spec["selector"] = json!({"app": self.pick(&["nginx", "nginx", "nobody"])});
            }
        }
        json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": name}, "spec": spec})
    }

    /// A slice that nobody but us makes: host names or none, ready or not or nothing said, ports or none.
    fn slice(&mut self, namespace: &str) -> Value {
        let six = self.random.random::<bool>();
        let octet = if namespace == "alpha" { 1 } else { 2 };
        let endpoints: Vec<Value> = (0..self.pick(&[0, 1, 2, 3]))
            .map(|at| {
                let address =
                    if six { format!("fd00:60:{octet}::{at:x}") } else { format!("10.60.{octet}.{}", at + 1) };
                let mut endpoint = json!({"addresses": [address]});
                if self.random.random() {
                    endpoint["hostname"] = self.pick(&["hand-0", "hand-1", "web-0"]).into();
                }
                if let Some(ready) = self.pick(&[None, Some(true), Some(false)]) {
                    endpoint["conditions"] = json!({"ready": ready, "serving": true});
                }
                endpoint
            })
            .collect();
        let ports = self.pick(&[true, true, false]).then(|| self.ports()).unwrap_or(json!([]));
        let ports = match ports {
            Value::Array(ports) => ports
                .into_iter()
                .map(|mut port| {
                    port["name"] = port["name"].as_str().unwrap_or("").into();
                    port
                })
                .collect::<Vec<_>>(),
            _ => Vec::new(),
        };
        let family = if six { "IPv6" } else { "IPv4" };
        json!({"apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice",
            "metadata": {"name": format!("hand-{}", family.to_lowercase()), "labels": {"kubernetes.io/service-name": "hand"}},
            "addressType": family, "endpoints": endpoints, "ports": ports})
    }

    /// Does one thing; what it was.
    fn operate(&mut self) -> (String, Result<String, String>) {
        let namespace = self.pick(&NAMESPACES);
        let set = self.pick(&SETS);
        let pod = format!("{set}-{}", self.pick(&[0, 1, 2]));
        let service = self.pick(&SERVICES);
        let kubectl = |arguments: &[&str]| self.plane.kubectl(&[&["-n", namespace], arguments].concat(), "");
        let text = |what: &str| format!("{what} in {namespace}");
        match self.random.random_range(0..15) {
            0 | 1 => {
                let object = self.stateful_set(set);
                let done = self.apply(namespace, object);
                // Most of a StatefulSet cannot be changed: then it is made anew.
                (
                    text(&format!("StatefulSet {set}")),
                    done.or_else(|_| kubectl(&["delete", "sts", set, "--ignore-not-found", "--wait=false"])),
                )
            }
            2 => {
                let replicas = format!("--replicas={}", self.pick(&[0, 1, 2, 3]));
                (text(&format!("scale {set} {replicas}")), kubectl(&["scale", "sts", set, &replicas]))
            }
            3 | 4 => (
                text(&format!("delete pod {pod}")),
                kubectl(&["delete", "pod", &pod, "--ignore-not-found", "--wait=false"]),
            ),
            5 => {
                let label = self.pick(&["app=nginx", "app=mine"]);
                (text(&format!("label {pod} {label}")), kubectl(&["label", "pod", &pod, label, "--overwrite"]))
            }
            6 | 7 => {
                let ready = self.pick(&["True", "False"]);
                let patch = json!({"status": {"conditions": [{"type": "Ready", "status": ready, "lastTransitionTime": "2026-01-01T00:00:00Z"}]}}).to_string();
                (
                    text(&format!("{pod} Ready={ready}")),
                    kubectl(&["patch", "pod", &pod, "--subresource=status", "--type=strategic", "-p", &patch]),
                )
            }
            8 => {
                let patch = json!({"spec": {"ports": self.ports()}}).to_string();
                (
                    text(&format!("ports of {service} {patch}")),
                    kubectl(&["patch", "svc", service, "--type=merge", "-p", &patch]),
                )
            }
            9 => {
                (text(&format!("delete Service {service}")), kubectl(&["delete", "svc", service, "--ignore-not-found"]))
            }
            10 => {
                let object = self.slice(namespace);
                (text(&format!("slice {object}")), self.apply(namespace, object))
            }
            11 => {
                let there = kubectl(&["get", "namespace", PASSING]).is_ok();
                let verb = if there { "delete" } else { "create" };
                (format!("{verb} the namespace {PASSING}"), kubectl(&[verb, "namespace", PASSING]))
            }
            _ => {
                let object = self.service(service);
                (text(&format!("Service {object}")), self.apply(namespace, object))
            }
        }
    }
}

/// Every address that pods and Services have now.
fn addresses_now(plane: &ControlPlane) -> BTreeSet<IpAddr> {
    let read = |kind: &str, path: &str| {
        let template = format!("-o=jsonpath={{.items[*]{path}}}");
        let told = plane.kubectl(&["get", kind, "-n", "alpha", &template], "").unwrap_or_default()
            + " "
            + &plane.kubectl(&["get", kind, "-n", "beta", &template], "").unwrap_or_default();
        told.split([' ', '"', ',', '[', ']']).filter_map(|text| text.parse().ok()).collect::<Vec<IpAddr>>()
    };
    [read("pods", ".status.podIPs[*].ip"), read("svc", ".spec.clusterIPs[*]")].concat().into_iter().collect()
}

/// The questions that are answered differently.
fn differences(coredns: SocketAddr, berth: SocketAddr, questions: &[(String, RecordType)]) -> Vec<String> {
    let mut coredns = Asker { server: coredns, stream: None };
    let mut berth = Asker { server: berth, stream: None };
    let differs = questions.iter().filter_map(|(name, kind)| {
        let (theirs, ours) = (coredns.ask(name, *kind), berth.ask(name, *kind));
        (theirs != ours).then(|| format!("{name} {kind}\n  CoreDNS: {theirs:?}\n  Berth:   {ours:?}"))
    });
    differs.collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn given_random_operations_on_a_real_cluster_when_both_are_asked_then_berth_answers_as_coredns() {
    let seed = std::env::var("BERTH_DNS_SEED")
        .map_or_else(|_| rand::random_range(0..1_000_000), |text| text.parse().expect("BERTH_DNS_SEED is a number"));
    println!("BERTH_DNS_SEED={seed}");
    let quick = [("DUAL", "1"), ("CREATE_MS", "60"), ("READY_MS", "120"), ("DELETE_MS", "80")];
    let plane = ControlPlane::start("dns-live", &quick);
    for namespace in NAMESPACES {
        plane.kubectl(&["create", "namespace", namespace], "").expect("a namespace");
    }
    let berth = berth(&plane).await;
    let (coredns, ours) = (plane.dns(), berth.dns.address());
    let test = move || {
        let mut operator = Operator { plane: &plane, random: StdRng::seed_from_u64(seed) };
        let (mut addresses, mut story, mut asked) = (BTreeSet::new(), Vec::new(), 0);
        while story.len() < OPERATIONS {
            let (what, result) = operator.operate();
            // What cannot be done (there is no such pod) is no operation.
            if result.is_err() {
                continue;
            }
            story.push(what);
            let began = Instant::now();
            loop {
                addresses.extend(addresses_now(&plane));
                let questions = questions(&addresses);
                asked += questions.len();
                let differences = differences(coredns, ours, &questions);
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
        println!("{} operations, {asked} questions asked of both, {} addresses seen", story.len(), addresses.len());
    };
    tokio::task::spawn_blocking(test).await.unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic()));
    drop(berth);
}
