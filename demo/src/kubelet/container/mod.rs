//! The life of a container: created, running, failing, waiting to be tried again, ended. What it does once it runs is told
//! by its image and its command ([`Program`]).

mod status;

use std::time::Duration;

use k8s_openapi::api::core::v1::{Container as Spec, ContainerStateTerminated, ContainerStatus};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use tokio::time::Instant;
use uuid::Uuid;

use crate::pace::Pace;
use crate::runtime::{Program, Wanted};
use crate::time;

/// How long a container waits that failed, at first; each time after that twice as long.
const FIRST_BACK_OFF: Duration = Duration::from_secs(10);

/// The longest that it waits.
const LONGEST_BACK_OFF: Duration = Duration::from_secs(300);

/// How long a container runs that crashes.
const UNTIL_CRASH: Duration = Duration::from_secs(1);

/// What a container is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// It does what the pod is for.
    Main,
    /// It does something first, and ends.
    Init,
    /// It starts before the others and stays.
    Sidecar,
}

/// When a container that ended is started again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Restart {
    Always,
    OnFailure,
    Never,
}

/// Something to say of a container.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Said {
    pub(super) kind: &'static str,
    pub(super) reason: &'static str,
    pub(super) message: String,
}

fn normal(reason: &'static str, message: impl Into<String>) -> Said {
    Said { kind: "Normal", reason, message: message.into() }
}

fn warning(reason: &'static str, message: impl Into<String>) -> Said {
    Said { kind: "Warning", reason, message: message.into() }
}

#[derive(Debug, Clone, PartialEq)]
enum State {
    /// Others come before it.
    Queued,
    Creating {
        until: Instant,
    },
    /// Its image could not be pulled just now.
    PullFailed {
        until: Instant,
    },
    PullBackOff {
        until: Instant,
    },
    Running {
        since: Time,
        until: Option<Instant>,
        /// How it ends then.
        code: i32,
        ready: Instant,
    },
    /// It ended: for good, or until it is started again.
    Ended {
        end: Box<ContainerStateTerminated>,
        again: Option<Instant>,
    },
    CrashBackOff {
        until: Instant,
    },
}

/// A container.
#[derive(Debug)]
pub(super) struct Container {
    pub(super) name: String,
    pub(super) role: Role,
    image: String,
    program: Program,
    pulls_always: bool,
    ready_after: Duration,
    restart: Restart,
    id: String,
    state: State,
    restarts: i32,
    pull_failures: u32,
    last: Option<ContainerStateTerminated>,
    /// The pod, as messages name it: `web-0_default(UID)`.
    pod: String,
}

impl Container {
    /// A container that waits until it is its turn.
    pub(super) fn new(spec: &Spec, role: Role, restart: Restart, pod: String) -> Self {
        let delay = spec.readiness_probe.as_ref().and_then(|probe| probe.initial_delay_seconds).unwrap_or(0);
        Self {
            name: spec.name.clone(),
            role,
            image: spec.image.clone().unwrap_or_default(),
            program: Program::of(spec, role == Role::Init),
            pulls_always: spec.image_pull_policy.as_deref() == Some("Always"),
            ready_after: Duration::from_secs(u64::try_from(delay).unwrap_or_default()),
            restart,
            id: new_id(),
            state: State::Queued,
            restarts: 0,
            pull_failures: 0,
            last: None,
            pod,
        }
    }

    /// Takes up what was reported of it before: what ran still runs, and what waited is tried anew.
    pub(super) fn resume(&mut self, known: &ContainerStatus, now: Instant, pace: &Pace) {
        self.restarts = known.restart_count;
        self.last = known.last_state.as_ref().and_then(|state| state.terminated.clone());
        let state = known.state.clone().unwrap_or_default();
        if let Some(running) = state.running {
            self.id = known.container_id.clone().unwrap_or_else(new_id);
            let since = running.started_at.unwrap_or_else(time::now);
            self.state = self.running(since, now, now, pace);
        } else if let Some(end) = state.terminated {
            let again = self.is_started_again(end.exit_code).then_some(now);
            self.state = State::Ended { end: Box::new(end), again };
        } else {
            self.state = State::Creating { until: now };
        }
    }

    /// It is its turn.
    pub(super) fn create(&mut self, now: Instant, pace: &Pace) -> Vec<Said> {
        self.state = State::Creating { until: now + pace.start };
        if self.pulls_always || Program::is_missing(&self.image) {
            vec![normal("Pulling", format!("Pulling image {:?}", self.image))]
        } else {
            Vec::new()
        }
    }

    /// Follows its specification: when that names another image, what runs is ended, and the new one started.
    pub(super) fn follow(&mut self, spec: &Spec, now: Instant, pace: &Pace) -> Vec<Said> {
        let image = spec.image.as_deref().unwrap_or_default();
        self.program = Program::of(spec, self.role == Role::Init);
        if image == self.image || self.state == State::Queued {
            image.clone_into(&mut self.image);
            return Vec::new();
        }
        let mut said = Vec::new();
        if let State::Running { since, .. } = &self.state {
            let message = format!("Container {} definition changed, will be restarted", self.name);
            said.push(normal("Killing", message));
            self.last = Some(self.terminated(0, since.clone()));
            self.restarts += 1;
        }
        image.clone_into(&mut self.image);
        self.pull_failures = 0;
        self.id = new_id();
        said.extend(self.create(now, pace));
        said
    }

    /// Makes the steps that are due.
    pub(super) fn advance(&mut self, now: Instant, pace: &Pace) -> Vec<Said> {
        let mut said = Vec::new();
        while self.due().is_some_and(|due| due <= now) {
            said.extend(self.step(now, pace));
        }
        said
    }

    fn step(&mut self, now: Instant, pace: &Pace) -> Vec<Said> {
        match &self.state {
            State::Creating { .. } if Program::is_missing(&self.image) => {
                self.state = State::PullFailed { until: now + pace.start };
                let message = format!("Failed to pull image {:?}: {}: not found", self.image, self.image);
                vec![warning("Failed", message), warning("Failed", "Error: ErrImagePull")]
            }
            State::Creating { .. } => self.run(now, pace),
            State::CrashBackOff { .. } => self.start_again(now, pace),
            State::PullFailed { .. } => {
                self.state = State::PullBackOff { until: now + pace.scaled(back_off(self.pull_failures)) };
                self.pull_failures += 1;
                let message = format!("Back-off pulling image {:?}", self.image);
                vec![normal("BackOff", message), warning("Failed", "Error: ImagePullBackOff")]
            }
            State::PullBackOff { .. } => {
                self.state = State::Creating { until: now };
                vec![normal("Pulling", format!("Pulling image {:?}", self.image))]
            }
            State::Running { since, code, .. } => {
                let code = *code;
                let end = Box::new(self.terminated(code, since.clone()));
                let again = self.is_started_again(code).then(|| now + pace.start);
                self.state = State::Ended { end, again };
                Vec::new()
            }
            State::Ended { end, .. } => {
                self.last = Some((**end).clone());
                // The first time it is started at once, after that it waits, longer each time.
                if self.restarts == 0 {
                    self.start_again(now, pace)
                } else {
                    let wait = back_off(u32::try_from(self.restarts - 1).unwrap_or(0));
                    self.state = State::CrashBackOff { until: now + pace.scaled(wait) };
                    let message = format!("Back-off restarting failed container {} in pod {}", self.name, self.pod);
                    vec![warning("BackOff", message)]
                }
            }
            State::Queued => Vec::new(),
        }
    }

    fn start_again(&mut self, now: Instant, pace: &Pace) -> Vec<Said> {
        self.restarts = self.restarts.saturating_add(1);
        self.id = new_id();
        self.run(now, pace)
    }

    fn run(&mut self, now: Instant, pace: &Pace) -> Vec<Said> {
        self.state = self.running(time::now(), now, now + pace.scaled(self.ready_after), pace);
        let image = &self.image;
        let pulled = if self.pulls_always {
            let took = pace.start;
            format!(
                "Successfully pulled image {image:?} in {took:?} ({took:?} including waiting). Image size: 0 bytes."
            )
        } else {
            format!("Container image {image:?} already present on machine")
        };
        vec![normal("Pulled", pulled), normal("Created", "Container created"), normal("Started", "Container started")]
    }

    fn running(&self, since: Time, now: Instant, ready: Instant, pace: &Pace) -> State {
        let lifetime = match self.program {
            Program::Crashes => Some(pace.scaled(UNTIL_CRASH)),
            Program::Ends => Some(pace.start),
            Program::Serves | Program::Runs(_) => None,
        };
        let code = i32::from(self.program == Program::Crashes);
        State::Running { since, until: lifetime.map(|lifetime| now + lifetime), code, ready }
    }

    /// Its process ended by itself.
    pub(super) fn exited(&mut self, id: &str, exit: i32, now: Instant) {
        if let State::Running { until, code, .. } = &mut self.state
            && self.id == id
        {
            (*until, *code) = (Some(now), exit);
        }
    }

    /// What is to run of it.
    pub(super) fn wanted(&self) -> Wanted {
        Wanted {
            name: self.name.clone(),
            id: self.id.clone(),
            image: self.image.clone(),
            program: self.program.clone(),
        }
    }

    fn is_started_again(&self, code: i32) -> bool {
        match (self.role, self.restart) {
            (Role::Sidecar, _) | (Role::Main, Restart::Always) => true,
            (Role::Init | Role::Main, Restart::Never) => false,
            (Role::Init, _) | (Role::Main, Restart::OnFailure) => code != 0,
        }
    }

    fn terminated(&self, code: i32, since: Time) -> ContainerStateTerminated {
        ContainerStateTerminated {
            container_id: Some(self.id.clone()),
            exit_code: code,
            finished_at: Some(time::now()),
            reason: Some(if code == 0 { "Completed" } else { "Error" }.to_owned()),
            started_at: Some(since),
            ..ContainerStateTerminated::default()
        }
    }

    /// When the next step is due.
    pub(super) fn due(&self) -> Option<Instant> {
        match &self.state {
            State::Queued => None,
            State::Creating { until }
            | State::PullFailed { until }
            | State::PullBackOff { until }
            | State::CrashBackOff { until } => Some(*until),
            State::Running { until, .. } => *until,
            State::Ended { again, .. } => *again,
        }
    }

    /// When it will be ready, if it is not yet.
    pub(super) fn ready_at(&self) -> Option<Instant> {
        match &self.state {
            State::Running { ready, .. } => Some(*ready),
            _ => None,
        }
    }

    pub(super) fn is_queued(&self) -> bool {
        self.state == State::Queued
    }

    pub(super) fn is_running(&self) -> bool {
        matches!(self.state, State::Running { .. })
    }

    /// Whether those behind it may start.
    pub(super) fn has_made_way(&self) -> bool {
        match self.role {
            Role::Sidecar => self.is_running(),
            _ => matches!(&self.state, State::Ended { end, .. } if end.exit_code == 0),
        }
    }

    /// How it ended, if it did so for good.
    pub(super) fn ended(&self) -> Option<i32> {
        match &self.state {
            State::Ended { end, again: None } => Some(end.exit_code),
            _ => None,
        }
    }

    /// Whether it ran at some time.
    pub(super) fn has_run(&self) -> bool {
        self.last.is_some() || matches!(self.state, State::Running { .. } | State::Ended { .. })
    }
}

fn new_id() -> String {
    format!("demo://{}", Uuid::new_v4().simple())
}

fn back_off(times: u32) -> Duration {
    FIRST_BACK_OFF.saturating_mul(2_u32.saturating_pow(times)).min(LONGEST_BACK_OFF)
}

#[cfg(test)]
mod tests;
