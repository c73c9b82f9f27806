//! A pod on its node: its containers, its address, and what is reported of them.

use std::net::Ipv4Addr;

use k8s_openapi::api::core::v1::{ContainerStatus, HostIP, Pod, PodCondition, PodIP, PodSpec, PodStatus};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use tokio::time::Instant;

use super::container::{Container, Restart, Role, Said};
use crate::controllers::{condition, set_condition};
use crate::kinds::Typed as _;
use crate::pace::Pace;
use crate::runtime::Wanted;
use crate::time;

/// The annotation that keeps a pod from being ready while it says `false`.
pub(super) const READY: &str = "berth.demo/ready";

/// A pod on its node.
#[derive(Debug)]
pub(super) struct Sandbox {
    containers: Vec<Container>,
    restart: Restart,
    started: Option<Time>,
    /// When its containers begin to be created.
    create: Instant,
    /// When it is gone, once it is being deleted.
    pub(super) gone: Option<Instant>,
    pub(super) address: Option<Ipv4Addr>,
    /// What was reported last.
    reported: Option<Report>,
}

/// What is reported of a pod.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Report {
    phase: &'static str,
    address: Option<Ipv4Addr>,
    init: Vec<ContainerStatus>,
    main: Vec<ContainerStatus>,
    initialized: bool,
    containers_ready: bool,
    /// The conditions of its gates that are missing.
    closed_gates: Vec<String>,
    generation: Option<i64>,
}

/// What to say of a container.
#[derive(Debug)]
pub(super) struct About {
    /// Where the container stands in the pod: `spec.containers{nginx}`.
    pub(super) path: String,
    pub(super) said: Said,
}

fn restart_of(spec: &PodSpec) -> Restart {
    match spec.restart_policy.as_deref() {
        Some("Never") => Restart::Never,
        Some("OnFailure") => Restart::OnFailure,
        _ => Restart::Always,
    }
}

fn about(container: &Container, said: Vec<Said>) -> Vec<About> {
    let list = if container.role == Role::Main { "containers" } else { "initContainers" };
    let path = format!("spec.{list}{{{}}}", container.name);
    said.into_iter().map(|said| About { path: path.clone(), said }).collect()
}

impl Sandbox {
    /// A pod that came to its node; one that was there before goes on where it was.
    pub(super) fn new(pod: &Pod, now: Instant, pace: &Pace) -> Self {
        let nothing = PodSpec::default();
        let spec = pod.spec.as_ref().unwrap_or(&nothing);
        let restart = restart_of(spec);
        let full = format!("{}_{}({})", pod.name(), pod.namespace(), pod.uid());
        let init = spec.init_containers.iter().flatten().map(|it| {
            let role = if it.restart_policy.as_deref() == Some("Always") { Role::Sidecar } else { Role::Init };
            (it, role)
        });
        let main = spec.containers.iter().map(|it| (it, Role::Main));
        let mut containers: Vec<Container> =
            init.chain(main).map(|(it, role)| Container::new(it, role, restart, full.clone())).collect();
        let nothing = PodStatus::default();
        let status = pod.status.as_ref().unwrap_or(&nothing);
        let known = status.init_container_statuses.iter().chain(&status.container_statuses).flatten();
        let mut resumed = false;
        for status in known {
            if let Some(container) = containers.iter_mut().find(|container| container.name == status.name) {
                container.resume(status, now, pace);
                resumed = true;
            }
        }
        Self {
            containers,
            restart,
            started: status.start_time.clone(),
            create: if resumed { now } else { now + pace.create },
            gone: None,
            address: status.pod_ip.as_deref().and_then(|ip| ip.parse().ok()),
            reported: None,
        }
    }

    /// Makes the steps that are due. `address` gives the pod its address when it needs one.
    pub(super) fn advance(
        &mut self,
        pod: &Pod,
        now: Instant,
        pace: &Pace,
        mut address: impl FnMut() -> Option<Ipv4Addr>,
    ) -> Vec<About> {
        if now < self.create {
            return Vec::new();
        }
        self.started.get_or_insert_with(time::now);
        let mut said = self.follow_images(pod, now, pace);
        loop {
            said.extend(self.start_next(now, pace));
            let due = self.containers.iter().any(|it| it.due().is_some_and(|due| due <= now));
            if !due {
                return said;
            }
            if self.address.is_none() {
                self.address = address();
                if self.address.is_none() {
                    self.create = now + pace.start; // it is tried again
                    let why = "Failed to create pod sandbox: no address is left in the node's range";
                    let failed = Said { kind: "Warning", reason: "FailedCreatePodSandBox", message: why.to_owned() };
                    said.push(About { path: String::new(), said: failed });
                    return said;
                }
            }
            for container in &mut self.containers {
                let news = container.advance(now, pace);
                said.extend(about(container, news));
            }
        }
    }

    /// Lets those containers begin whose turn it is: one after another the first ones, then all others at once.
    fn start_next(&mut self, now: Instant, pace: &Pace) -> Vec<About> {
        let mut said = Vec::new();
        for container in &mut self.containers {
            if container.is_queued() {
                let news = container.create(now, pace);
                said.extend(about(container, news));
            }
            if container.role != Role::Main && !container.has_made_way() {
                break;
            }
        }
        said
    }

    fn follow_images(&mut self, pod: &Pod, now: Instant, pace: &Pace) -> Vec<About> {
        let Some(spec) = &pod.spec else { return Vec::new() };
        let mut said = Vec::new();
        for wanted in spec.init_containers.iter().flatten().chain(&spec.containers) {
            if let Some(container) = self.containers.iter_mut().find(|it| it.name == wanted.name) {
                let news = container.follow(wanted, now, pace);
                said.extend(about(container, news));
            }
        }
        said
    }

    /// The process of a container ended by itself.
    pub(super) fn exited(&mut self, id: &str, code: i32, now: Instant) {
        for container in &mut self.containers {
            container.exited(id, code, now);
        }
    }

    /// The containers that run.
    pub(super) fn running(&self) -> Vec<Wanted> {
        self.containers.iter().filter(|it| it.is_running()).map(Container::wanted).collect()
    }

    /// The containers are told to end.
    pub(super) fn kill(&self) -> Vec<About> {
        let running = self.containers.iter().filter(|it| it.is_running());
        let said = running.map(|it| {
            let message = format!("Stopping container {}", it.name);
            about(it, vec![Said { kind: "Normal", reason: "Killing", message }])
        });
        said.flatten().collect()
    }

    /// When there is something to do next.
    pub(super) fn due(&self, now: Instant) -> Option<Instant> {
        if let Some(gone) = self.gone {
            return Some(gone);
        }
        if now < self.create {
            return Some(self.create);
        }
        let steps = self.containers.iter().filter_map(Container::due);
        let ready = self.containers.iter().filter_map(Container::ready_at).filter(|ready| *ready > now);
        steps.chain(ready).min()
    }

    /// Forgets what was reported, so that it is reported again.
    pub(super) fn forget_report(&mut self) {
        self.reported = None;
    }

    /// What is to be reported, if that is something new. What others wrote of the pod stays until then.
    pub(super) fn news(&mut self, pod: &Pod, now: Instant) -> Option<Report> {
        if now < self.create && self.started.is_none() {
            return None;
        }
        let report = self.report(pod, now);
        if self.reported.as_ref() == Some(&report) {
            return None;
        }
        self.reported = Some(report.clone());
        Some(report)
    }

    fn report(&self, pod: &Pod, now: Instant) -> Report {
        let annotations = pod.metadata.annotations.as_ref();
        let held = annotations.and_then(|it| it.get(READY)).is_some_and(|ready| ready == "false");
        let (main, init): (Vec<&Container>, Vec<&Container>) =
            self.containers.iter().partition(|it| it.role == Role::Main);
        let statuses = |them: &[&Container]| them.iter().map(|it| it.status(now, held)).collect::<Vec<_>>();
        let (init_statuses, main_statuses) = (statuses(&init), statuses(&main));
        let initialized = init.iter().all(|it| it.has_made_way());
        let sidecars_ready =
            init.iter().zip(&init_statuses).all(|(it, status)| it.role != Role::Sidecar || status.ready);
        let gates = pod.spec.iter().filter_map(|spec| spec.readiness_gates.as_ref()).flatten();
        let is_open = |kind: &str| condition(pod.status.as_ref(), kind).is_some_and(|it| it.status == "True");
        let closed = gates.map(|gate| gate.condition_type.clone()).filter(|kind| !is_open(kind));
        Report {
            phase: phase(self.restart, &init, &main, initialized),
            address: self.address,
            containers_ready: sidecars_ready && main_statuses.iter().all(|it| it.ready),
            init: init_statuses,
            main: main_statuses,
            initialized,
            closed_gates: closed.collect(),
            generation: pod.metadata.generation,
        }
    }

    /// A status that says what is reported, and what others said of other things.
    pub(super) fn status(&self, pod: &Pod, report: Report, host: Option<&str>) -> PodStatus {
        let mut status = pod.status.clone().unwrap_or_default();
        status.phase = Some(report.phase.to_owned());
        status.host_ip = host.map(str::to_owned);
        status.host_ips = host.map(|ip| vec![HostIP { ip: ip.to_owned() }]);
        status.pod_ip = report.address.map(|ip| ip.to_string());
        status.pod_ips = status.pod_ip.clone().map(|ip| vec![PodIP { ip }]);
        status.start_time.clone_from(&self.started);
        status.observed_generation = report.generation;
        set_conditions(&mut status, &report);
        status.init_container_statuses = Some(report.init).filter(|init| !init.is_empty());
        status.container_statuses = Some(report.main);
        status
    }
}

/// The phase of a pod, from its containers.
fn phase(restart: Restart, init: &[&Container], main: &[&Container], initialized: bool) -> &'static str {
    let failed = |it: &&Container| it.ended().is_some_and(|code| code != 0);
    if !initialized {
        return if init.iter().any(|it| it.role == Role::Init && failed(it)) { "Failed" } else { "Pending" };
    }
    if main.iter().all(|it| it.ended().is_some()) {
        return if restart != Restart::Always && main.iter().any(failed) { "Failed" } else { "Succeeded" };
    }
    if main.iter().all(|it| it.has_run()) { "Running" } else { "Pending" }
}

fn set_conditions(status: &mut PodStatus, report: &Report) {
    let over = matches!(report.phase, "Succeeded" | "Failed");
    let done = (report.phase == "Succeeded").then_some("PodCompleted");
    let names = |statuses: &[ContainerStatus], counts: &dyn Fn(&ContainerStatus) -> bool| {
        statuses.iter().filter(|it| counts(it)).map(|it| it.name.clone()).collect::<Vec<_>>().join(" ")
    };
    let unready = format!("containers with unready status: [{}]", names(&report.main, &|it| !it.ready));
    let not_ready = Some(("ContainersNotReady", unready));
    let incomplete = format!("containers with incomplete status: [{}]", names(&report.init, &|it| !it.ready));
    let gates = report
        .closed_gates
        .iter()
        .map(|kind| format!("corresponding condition of pod readiness gate {kind:?} does not exist."));
    let gates = gates.collect::<Vec<_>>().join(", ");
    let ready = report.containers_ready && report.closed_gates.is_empty();
    let why = if report.containers_ready { Some(("ReadinessGatesNotReady", gates)) } else { not_ready.clone() };
    let conditions = [
        ("PodReadyToStartContainers", report.address.is_some() && !over, None),
        ("Initialized", report.initialized, Some(("ContainersNotInitialized", incomplete))),
        ("Ready", ready, why),
        ("ContainersReady", report.containers_ready, not_ready),
    ];
    let own = conditions.each_ref().map(|(kind, ..)| *kind);
    for (kind, holds, why) in conditions {
        let why = why.filter(|_| !holds);
        let reason = why.as_ref().map(|(reason, _)| done.unwrap_or(reason).to_owned());
        set_condition(
            status,
            PodCondition {
                type_: kind.to_owned(),
                status: if holds { "True" } else { "False" }.to_owned(),
                reason,
                message: why.map(|(_, message)| message).filter(|_| done.is_none()),
                last_transition_time: Some(time::now()),
                observed_generation: report.generation,
                last_probe_time: None,
            },
        );
    } // Those of others come behind its own.
    status.conditions.get_or_insert_default().sort_by_key(|condition| !own.contains(&condition.type_.as_str()));
}
