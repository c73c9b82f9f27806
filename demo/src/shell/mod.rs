//! The small shell that every container has: enough to see hostnames, names and addresses from within.

mod parse;
mod resolver;

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use k8s_openapi::api::core::v1::{Pod, Service};
use k8s_openapi::api::discovery::v1::EndpointSlice;
use rand::seq::IndexedRandom as _;

use crate::controllers::is_ready;
use crate::kinds::Typed as _;
use crate::runtime::{Output, Runtime, Stream};
use parse::{Command, Join, Piece, Word};
use resolver::Resolver;

/// The address of the cluster's DNS, as pods know it.
const NAMESERVER: &str = "10.43.0.10";

/// How deep `sh -c` may call itself.
const DEEPEST: u8 = 8;

/// The programs that it knows beside shells.
const PROGRAMS: [&str; 13] =
    [":", "cat", "date", "echo", "env", "exit", "false", "hostname", "nslookup", "printenv", "sleep", "true", "wget"];

/// What a command writes, and its exit code.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
struct Outcome {
    out: String,
    err: String,
    code: i32,
}

impl Outcome {
    fn out(out: impl Into<String>) -> Self {
        Self { out: out.into(), ..Self::default() }
    }

    fn err(code: i32, err: impl std::fmt::Display) -> Self {
        Self { err: format!("{err}\n"), code, ..Self::default() }
    }
}

/// A command that ran in a container.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ran {
    /// The pod's namespace.
    pub namespace: String,
    /// The pod.
    pub pod: String,
    /// The program and its arguments.
    pub words: Vec<String>,
    /// What it wrote, at most [`MAX_TOLD`] bytes of it.
    pub output: String,
    /// Its exit code.
    pub code: i32,
}

/// How much of what a command wrote is told.
pub const MAX_TOLD: usize = 1 << 10;

/// A shell in a container of a pod.
pub(crate) struct Shell {
    runtime: Arc<Runtime>,
    resolver: Resolver,
    hostname: String,
    subdomain: Option<String>,
    address: String,
    variables: BTreeMap<String, String>,
    last: i32,
    /// The pod's name, which its hostname may be shorter than.
    pod: String,
    /// Set when it was told to exit.
    pub(crate) exited: bool,
}

impl Shell {
    /// A shell in a container of a pod.
    pub(crate) fn new(runtime: &Arc<Runtime>, pod: &Pod, container: &str) -> Self {
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
        let mut all = spec.containers.iter().chain(spec.init_containers.iter().flatten());
        let own = all.find(|it| it.name == container);
        for variable in own.and_then(|it| it.env.as_ref()).into_iter().flatten() {
            variables.insert(variable.name.clone(), variable.value.clone().unwrap_or_default());
        }
        Self {
            runtime: Arc::clone(runtime),
            resolver: Resolver { server: runtime.dns.clone(), namespace: pod.namespace().to_owned() },
            hostname,
            subdomain: spec.subdomain.clone(),
            address: pod.status.as_ref().and_then(|status| status.pod_ip.clone()).unwrap_or_default(),
            variables,
            last: 0,
            pod: pod.name().to_owned(),
            exited: false,
        }
    }

    /// Runs a line, or several; gives the exit code of the last command.
    pub(crate) async fn line(&mut self, line: &str, output: &Output) -> i32 {
        self.script(line, 0, output).await
    }

    /// Runs a program with its arguments; gives its exit code.
    pub(crate) async fn program(&mut self, words: &[String], output: &Output) -> i32 {
        self.run(words, 0, output).await
    }

    /// Whether a program is a shell that reads commands from its input.
    pub(crate) fn is_interactive(words: &[String]) -> bool {
        let is_plain = |option: &String| option.starts_with('-') && !option.contains('c');
        words.split_first().is_some_and(|(program, options)| is_shell(program) && options.iter().all(is_plain))
    }

    /// Whether there is such a program here.
    pub(crate) fn knows(program: &str) -> bool {
        is_shell(program) || PROGRAMS.contains(&program.rsplit('/').next().unwrap_or_default())
    }

    async fn run(&mut self, words: &[String], depth: u8, output: &Output) -> i32 {
        let Outcome { out, err, code } = Box::pin(self.command(words, depth, output)).await;
        output.write(Stream::Out, &out).await;
        output.write(Stream::Err, &err).await;
        code
    }

    async fn script(&mut self, line: &str, depth: u8, output: &Output) -> i32 {
        let commands = match parse::parse(line) {
            Ok(commands) => commands,
            Err(wrong) => {
                output.write(Stream::Err, &format!("sh: {wrong}\n")).await;
                self.last = 2;
                return self.last;
            }
        };
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
            self.last = self.run(&words, depth, output).await;
            if self.exited {
                break;
            }
        }
        self.last
    }

    fn fill(&self, word: &Word) -> String {
        let pieces = word.iter().map(|piece| match piece {
            Piece::Text(text) => text.clone(),
            Piece::Variable(name) if name == "?" => self.last.to_string(),
            Piece::Variable(name) => self.variables.get(name).cloned().unwrap_or_default(),
        });
        pieces.collect()
    }

    async fn command(&mut self, words: &[String], depth: u8, output: &Output) -> Outcome {
        let outcome = self.execute(words, depth, output).await;
        let mut told = outcome.out.clone();
        told.truncate(told.floor_char_boundary(MAX_TOLD));
        self.runtime.tell(Ran {
            namespace: self.resolver.namespace.clone(),
            pod: self.pod.clone(),
            words: words.to_vec(),
            output: told,
            code: outcome.code,
        });
        outcome
    }

    async fn execute(&mut self, words: &[String], depth: u8, output: &Output) -> Outcome {
        let Some((program, arguments)) = words.split_first() else { return Outcome::default() };
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        if is_shell(program) {
            return match arguments[..] {
                ["-c", script, ..] if depth < DEEPEST => {
                    let code = self.script(script, depth + 1, output).await;
                    self.exited = false; // it was the inner one that was told
                    Outcome { code, ..Outcome::default() }
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
            ("date", _) => Outcome::out(Timestamp::now().strftime("%a %b %e %H:%M:%S UTC %Y\n").to_string()),
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
        let (host, path) = rest.find('/').map_or((rest, "/"), |slash| rest.split_at(slash));
        let (name, _) = host.split_once(':').unwrap_or((host, ""));
        let address = match name.parse() {
            Ok(address) => Some(address),
            Err(_) => self.resolver.addresses(name).await.first().copied(),
        };
        let Some(address) = address else { return Outcome::err(1, format!("wget: bad address '{name}'")) };
        match self.served_by(address) {
            Some(pod) => {
                let hostname = pod.spec.as_ref().and_then(|spec| spec.hostname.as_deref());
                let page = format!("{}\n", hostname.unwrap_or_else(|| pod.name()));
                self.runtime.visited(&pod, &self.address, path, page.len());
                Outcome::out(page)
            }
            None => Outcome::err(1, format!("wget: can't connect to remote host ({address}): Connection refused")),
        }
    }

    /// The pod that answers at an address, which may be a Service's.
    fn served_by(&self, address: Ipv4Addr) -> Option<Arc<Pod>> {
        let store = &self.runtime.store;
        let text = address.to_string();
        let services = store.list_typed::<Service>(None);
        let service = services
            .iter()
            .find(|service| service.spec.as_ref().and_then(|spec| spec.cluster_ip.as_deref()) == Some(text.as_str()));
        let target = match service {
            None => text,
            Some(service) => {
                let slices = store.list_typed::<EndpointSlice>(Some(service.namespace()));
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
        store.list_typed::<Pod>(None).into_iter().find(|pod| {
            pod.status.as_ref().and_then(|status| status.pod_ip.as_deref()) == Some(target.as_str()) && is_ready(pod)
        })
    }
}

fn is_shell(program: &str) -> bool {
    matches!(program, "sh" | "/bin/sh" | "ash" | "/bin/ash" | "bash" | "/bin/bash")
}

async fn sleep(seconds: &str) -> Outcome {
    if seconds == "infinity" {
        std::future::pending::<()>().await;
    }
    match seconds.parse::<f64>().ok().and_then(|seconds| Duration::try_from_secs_f64(seconds).ok()) {
        Some(wait) => {
            tokio::time::sleep(wait).await;
            Outcome::default()
        }
        None => Outcome::err(1, format!("sleep: invalid number '{seconds}'")),
    }
}
