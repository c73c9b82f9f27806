//! Random operations on a cluster, and what may then be asked.

use std::collections::BTreeSet;
use std::net::IpAddr;

use hickory_proto::rr::RecordType;
use rand::RngExt;
use rand::rngs::StdRng;
use serde_json::{Value, json};

use crate::plane::Plane;

/// Where the operations are done.
pub(crate) const NAMESPACES: [&str; 2] = ["alpha", "beta"];
/// One that comes and goes, and never has an object of the watched kinds.
const PASSING: &str = "passing";
const SETS: [&str; 2] = ["web", "db"];
const SERVICES: [&str; 5] = ["nginx", "vip", "other", "hand", "alias"];

/// A namespace, to be applied.
pub(crate) fn namespace_manifest(name: &str) -> String {
    json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}).to_string()
}

/// The random operations, and what was done so far.
pub(crate) struct Operator<'a> {
    pub(crate) plane: &'a dyn Plane,
    pub(crate) random: StdRng,
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
    pub(crate) fn operate(&mut self) -> (String, Result<String, String>) {
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
                let (verb, done) = if there {
                    ("delete", kubectl(&["delete", "namespace", PASSING]))
                } else {
                    ("make", self.plane.kubectl(&["apply", "-f", "-"], &namespace_manifest(PASSING)))
                };
                (format!("{verb} the namespace {PASSING}"), done)
            }
            _ => {
                let object = self.service(service);
                (text(&format!("Service {object}")), self.apply(namespace, object))
            }
        }
    }
}

/// Every address that pods and Services have now.
pub(crate) fn addresses_now(plane: &dyn Plane) -> BTreeSet<IpAddr> {
    let read = |kind: &str, path: &str| {
        let template = format!("-o=jsonpath={{.items[*]{path}}}");
        let told = plane.kubectl(&["get", kind, "-n", "alpha", &template], "").unwrap_or_default()
            + " "
            + &plane.kubectl(&["get", kind, "-n", "beta", &template], "").unwrap_or_default();
        told.split([' ', '"', ',', '[', ']']).filter_map(|text| text.parse().ok()).collect::<Vec<IpAddr>>()
    };
    [read("pods", ".status.podIPs[*].ip"), read("svc", ".spec.clusterIPs[*]")].concat().into_iter().collect()
}

/// What both are asked: every name that may be there, and many that may not.
pub(crate) fn questions(addresses: &BTreeSet<IpAddr>) -> Vec<(String, RecordType)> {
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
