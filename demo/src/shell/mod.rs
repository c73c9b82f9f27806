//! The small shell that every container has: enough to see hostnames, names and addresses from within.

mod parse;
mod resolver;

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use k8s_openapi::api::core::v1::{Pod, Service};
use k8s_openapi::api::discovery::v1::EndpointSlice;
use rand::seq::IndexedRandom as _;

use crate::controllers::is_ready;
use crate::kinds::Typed as _;
use crate::store::Store;
use parse::{Command, Join, Piece, Word};
use resolver::Resolver;

/// The address of the cluster's DNS, as pods know it.
const NAMESERVER: &str = "10.43.0.10";

/// How deep `sh -c` may call itself.
const DEEPEST: u8 = 8;

/// What a command wrote, and its exit code.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Outcome {
    pub(crate) out: String,
    pub(crate) err: String,
    pub(crate) code: i32,
}

impl Outcome {
    fn out(out: impl Into<String>) -> Self {
        Self { out: out.into(), ..Self::default() }
    }

    fn err(code: i32, err: impl std::fmt::Display) -> Self {
        Self { err: format!("{err}\n"), code, ..Self::default() }
    }
}

/// A shell in a container of a pod.
pub(crate) struct Shell {
    store: Arc<Store>,
    resolver: Resolver,
    hostname: String,
    subdomain: Option<String>,
    address: String,
    variables: BTreeMap<String, String>,
    last: i32,
    /// Set when it was told to exit.
    pub(crate) exited: bool,
}

impl Shell {
    /// A shell in a container of a pod; `dns` is where the cluster's DNS really listens.
    pub(crate) fn new(store: &Arc<Store>, pod: &Pod, container: &str, dns: Option<SocketAddr>) -> Self {
        let nothing = k8s_openapi::api::core::v1::PodSpec::default();
        let spec = pod.spec.as_ref().unwrap_or(&nothing);
        let hostname = spec.hostname.clone().unwrap_or_else(|| pod.name().chars().take(63).collect());
        let mut variables: BTreeMap<String, String> = BTreeMap::new();
        let fixed = [
            ("HOME", "/"),
            ("HOSTNAME", hostname.as_str()),
            ("KUBERNETES_SERVICE_HOST", "10.43.0.1"),
            ("KUBERNETES_SERVICE_PORT", "443"),
            ("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"),
        ];
        variables.extend(fixed.map(|(name, value)| (name.to_owned(), value.to_owned())));
        let own = spec.containers.iter().find(|it| it.name == container);
        for variable in own.and_then(|it| it.env.as_ref()).into_iter().flatten() {
            variables.insert(variable.name.clone(), variable.value.clone().unwrap_or_default());
        }
        Self {
            store: Arc::clone(store),
            resolver: Resolver { server: dns, namespace: pod.namespace().to_owned() },
            hostname,
            subdomain: spec.subdomain.clone(),
            address: pod.status.as_ref().and_then(|status| status.pod_ip.clone()).unwrap_or_default(),
            variables,
            last: 0,
            exited: false,
        }
    }

    /// Runs a line, or several.
    pub(crate) async fn line(&mut self, line: &str) -> Outcome {
        self.script(line, 0).await
    }

    /// Runs a program with its arguments.
    pub(crate) async fn program(&mut self, words: &[String]) -> Outcome {
        self.command(words, 0).await
    }

    /// Whether a program is a shell that reads commands from its input.
    pub(crate) fn is_interactive(words: &[String]) -> bool {
        matches!(words, [program] if is_shell(program))
    }

    async fn script(&mut self, line: &str, depth: u8) -> Outcome {
        let commands = match parse::parse(line) {
            Ok(commands) => commands,
            Err(wrong) => {
                self.last = 2;
                return Outcome::err(2, format!("sh: {wrong}"));
            }
        };
        let mut all = Outcome::default();
        for Command { join, words } in commands {
            let runs = match join {
                Join::Always => true,
                Join::And => self.last == 0,
                Join::Or => self.last != 0,
            };
            if !runs {
                continue;
            }
            let words: Vec<String> = words.iter().map(|word| self.fill(word)).collect();
            let Outcome { out, err, code } = Box::pin(self.command(&words, depth)).await;
            all.out.push_str(&out);
            all.err.push_str(&err);
            self.last = code;
            if self.exited {
                break;
            }
        }
        all.code = self.last;
        all
    }

    fn fill(&self, word: &Word) -> String {
        let pieces = word.iter().map(|piece| match piece {
            Piece::Text(text) => text.clone(),
            Piece::Variable(name) if name == "?" => self.last.to_string(),
            Piece::Variable(name) => self.variables.get(name).cloned().unwrap_or_default(),
        });
        pieces.collect()
    }

    async fn command(&mut self, words: &[String], depth: u8) -> Outcome {
        let Some((program, arguments)) = words.split_first() else { return Outcome::default() };
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        if is_shell(program) {
            return match arguments[..] {
                ["-c", script, ..] if depth < DEEPEST => {
                    let outcome = self.script(script, depth + 1).await;
                    self.exited = false; // it was the inner one that was told
                    outcome
                }
                ["-c", ..] => Outcome::err(2, "sh: too many shells in each other"),
                _ => Outcome::default(),
            };
        }
        match (program.rsplit('/').next().unwrap_or_default(), &arguments[..]) {
            ("true" | ":", _) => Outcome::default(),
            ("false", _) => Outcome { code: 1, ..Outcome::default() },
            ("echo", ["-n", words @ ..]) => Outcome::out(words.join(" ")),
            ("echo", words) => Outcome::out(format!("{}\n", words.join(" "))),
            ("hostname", ["-f"]) => Outcome::out(format!("{}\n", self.full_name())),
            ("hostname", ["-i"]) => Outcome::out(format!("{}\n", self.address)),
            ("hostname", []) => Outcome::out(format!("{}\n", self.hostname)),
            ("hostname", _) => Outcome::err(1, "hostname: you must be root to change the host name"),
            ("env" | "printenv", []) => {
                let lines = self.variables.iter().map(|(name, value)| [name, "=", value, "\n"].concat());
                Outcome::out(lines.collect::<String>())
            }
            ("cat", files) => self.cat(files),
            ("nslookup", [name, ..]) => self.nslookup(name).await,
            ("wget", arguments) => self.wget(arguments).await,
            ("sleep", [seconds]) => sleep(seconds).await,
            ("exit", arguments) => {
                self.exited = true;
                let code = arguments.first().and_then(|code| code.parse().ok()).unwrap_or(self.last);
                Outcome { code, ..Outcome::default() }
            }
            _ => Outcome::err(127, format!("sh: {program}: not found")),
        }
    }

    fn full_name(&self) -> String {
        match &self.subdomain {
            Some(subdomain) => {
                format!("{}.{subdomain}.{}.svc.cluster.local", self.hostname, self.resolver.namespace)
            }
            None => self.hostname.clone(),
        }
    }

    fn cat(&self, files: &[&str]) -> Outcome {
        let mut all = Outcome::default();
        for file in files {
            match *file {
                "/etc/hostname" => all.out.extend([&self.hostname, "\n"]),
                "/etc/hosts" => all.out.push_str(&self.hosts()),
                "/etc/resolv.conf" => {
                    let search = self.resolver.search().join(" ");
                    let text = format!("search {search}\nnameserver {NAMESERVER}\noptions ndots:5\n");
                    all.out.push_str(&text);
                }
                file => {
                    let wrong = Outcome::err(1, format!("cat: can't open '{file}': No such file or directory"));
                    all.err.push_str(&wrong.err);
                    all.code = 1;
                }
            }
        }
        all
    }

    fn hosts(&self) -> String {
        let names = match &self.subdomain {
            Some(_) => format!("{}\t{}", self.full_name(), self.hostname),
            None => self.hostname.clone(),
        };
        let local = "# Kubernetes-managed hosts file.\n127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n\
                     fe00::0\tip6-localnet\nfe00::0\tip6-mcastprefix\nfe00::1\tip6-allnodes\nfe00::2\tip6-allrouters\n";
        format!("{local}{}\t{names}\n", self.address)
    }

    /// What the nslookup of `BusyBox` 1.28 prints.
    async fn nslookup(&self, name: &str) -> Outcome {
        let server = match NAMESERVER.parse() {
            Ok(address) => self.resolver.name(address).await,
            Err(_) => None,
        };
        let line = |number: usize, address: &str, name: Option<String>| {
            let name = name.map(|name| format!(" {name}")).unwrap_or_default();
            format!("Address {number}: {address}{name}\n")
        };
        let mut out = format!("Server:    {NAMESERVER}\n{}\n", line(1, NAMESERVER, server));
        let addresses = self.resolver.addresses(name).await;
        if addresses.is_empty() {
            return Outcome { out, ..Outcome::err(1, format!("nslookup: can't resolve '{name}'")) };
        }
        out.push_str(&["Name:      ", name, "\n"].concat());
        for (index, address) in addresses.iter().enumerate() {
            let back = self.resolver.name(*address).await;
            out.push_str(&line(index + 1, &address.to_string(), back));
        }
        Outcome::out(out)
    }

    /// Asks a server for a page: each pod answers with its own name.
    async fn wget(&self, arguments: &[&str]) -> Outcome {
        let Some(url) = arguments.iter().rfind(|it| !it.starts_with('-')) else {
            return Outcome::err(1, "wget: no URL; use it as in wget -qO- http://web-0.nginx");
        };
        let rest = url.strip_prefix("http://").unwrap_or(url);
        let host = rest.split('/').next().unwrap_or_default();
        let (name, _) = host.split_once(':').unwrap_or((host, ""));
        let address = match name.parse() {
            Ok(address) => Some(address),
            Err(_) => self.resolver.addresses(name).await.first().copied(),
        };
        let Some(address) = address else { return Outcome::err(1, format!("wget: bad address '{name}'")) };
        match self.served_by(address) {
            Some(hostname) => Outcome::out(format!("{hostname}\n")),
            None => Outcome::err(1, format!("wget: can't connect to remote host ({address}): Connection refused")),
        }
    }

    /// The hostname of the pod that answers at an address, which may be a Service's.
    fn served_by(&self, address: Ipv4Addr) -> Option<String> {
        let text = address.to_string();
        let services = self.store.list_typed::<Service>(None);
        let service = services
            .iter()
            .find(|service| service.spec.as_ref().and_then(|spec| spec.cluster_ip.as_deref()) == Some(text.as_str()));
        let target = match service {
            None => text,
            Some(service) => {
                let slices = self.store.list_typed::<EndpointSlice>(Some(service.namespace()));
                let ours = |slice: &&Arc<EndpointSlice>| {
                    let labels = slice.metadata.labels.as_ref();
                    labels
                        .and_then(|labels| labels.get("kubernetes.io/service-name"))
                        .is_some_and(|it| it == service.name())
                };
                let endpoints = slices.iter().filter(ours).flat_map(|slice| slice.endpoints.iter().flatten());
                let ready = endpoints.filter(|it| it.conditions.as_ref().is_none_or(|it| it.ready != Some(false)));
                let addresses: Vec<String> = ready.flat_map(|endpoint| endpoint.addresses.clone()).collect();
                addresses.choose(&mut rand::rng())?.clone()
            }
        };
        let pods = self.store.list_typed::<Pod>(None);
        let pod = pods.iter().find(|pod| {
            pod.status.as_ref().and_then(|status| status.pod_ip.as_deref()) == Some(target.as_str()) && is_ready(pod)
        })?;
        pod.spec.as_ref().and_then(|spec| spec.hostname.clone()).or_else(|| pod.metadata.name.clone())
    }
}

fn is_shell(program: &str) -> bool {
    matches!(program, "sh" | "/bin/sh" | "ash" | "/bin/ash" | "bash" | "/bin/bash")
}

async fn sleep(seconds: &str) -> Outcome {
    match seconds.parse::<f64>().ok().and_then(|seconds| Duration::try_from_secs_f64(seconds).ok()) {
        Some(wait) => {
            tokio::time::sleep(wait).await;
            Outcome::default()
        }
        None => Outcome::err(1, format!("sleep: invalid number '{seconds}'")),
    }
}
