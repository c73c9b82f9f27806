//! The life of a container: created, running, failing, waiting to be tried again, ended. Images do nothing here; what one
//! would do is told by its tag: `:missing` cannot be pulled, `:crash` ends at once with an error, every other one runs.

use std::time::Duration;

use k8s_openapi::api::core::v1::{
    Container as Spec, ContainerState, ContainerStateRunning, ContainerStateTerminated, ContainerStateWaiting,
    ContainerStatus,
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use tokio::time::Instant;
use uuid::Uuid;

use crate::pace::Pace;
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

/// What an image does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Image {
    Runs,
    Ends,
    Crashes,
    Missing,
}

impl Image {
    fn of(name: &str, role: Role) -> Self {
        let last = name.rsplit('/').next().unwrap_or_default();
        match (last.split_once(':').map(|(_, tag)| tag), role) {
            (Some("missing"), _) => Self::Missing,
            (Some("crash"), _) => Self::Crashes,
            (_, Role::Init) => Self::Ends,
            _ => Self::Runs,
        }
    }
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
            let until = self.lifetime(pace).map(|lifetime| now + lifetime);
            self.state = State::Running { since: running.started_at.unwrap_or_else(time::now), until, ready: now };
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
        if self.pulls_always || Image::of(&self.image, self.role) == Image::Missing {
            vec![normal("Pulling", format!("Pulling image {:?}", self.image))]
        } else {
            Vec::new()
        }
    }

    /// It is to run another image: what runs is ended, and the new one started.
    pub(super) fn replace_image(&mut self, image: &str, now: Instant, pace: &Pace) -> Vec<Said> {
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
            State::Creating { .. } if Image::of(&self.image, self.role) == Image::Missing => {
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
            State::Running { since, .. } => {
                let code = i32::from(Image::of(&self.image, self.role) == Image::Crashes);
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
        let until = self.lifetime(pace).map(|lifetime| now + lifetime);
        self.state = State::Running { since: time::now(), until, ready: now + pace.scaled(self.ready_after) };
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

    /// How long it runs, when it does not run for ever.
    fn lifetime(&self, pace: &Pace) -> Option<Duration> {
        match Image::of(&self.image, self.role) {
            Image::Crashes => Some(pace.scaled(UNTIL_CRASH)),
            Image::Ends => Some(pace.start),
            Image::Runs | Image::Missing => None,
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

    fn back_off_message(&self) -> String {
        let wait = back_off(u32::try_from(self.restarts - 1).unwrap_or(0)).as_secs();
        let wait = if wait < 60 { format!("{wait}s") } else { format!("{}m{}s", wait / 60, wait % 60) };
        format!("back-off {wait} restarting failed container={} pod={}", self.name, self.pod)
    }

    /// What is reported of it; `held` keeps it from being ready.
    pub(super) fn status(&self, now: Instant, held: bool) -> ContainerStatus {
        let waiting = |reason: &str, message: Option<String>| ContainerState {
            waiting: Some(ContainerStateWaiting { reason: Some(reason.to_owned()), message }),
            ..ContainerState::default()
        };
        let image = &self.image;
        let state = match &self.state {
            State::Queued => waiting("PodInitializing", None),
            State::Creating { .. } => waiting("ContainerCreating", None),
            State::PullFailed { .. } => waiting("ErrImagePull", Some(format!("{image}: not found"))),
            State::PullBackOff { .. } => {
                let message = format!("Back-off pulling image {image:?}: ErrImagePull: {image}: not found");
                waiting("ImagePullBackOff", Some(message))
            }
            State::CrashBackOff { .. } => waiting("CrashLoopBackOff", Some(self.back_off_message())),
            State::Running { since, .. } => ContainerState {
                running: Some(ContainerStateRunning { started_at: Some(since.clone()) }),
                ..ContainerState::default()
            },
            State::Ended { end, .. } => {
                ContainerState { terminated: Some((**end).clone()), ..ContainerState::default() }
            }
        };
        let ready = match self.role {
            Role::Init => self.has_made_way(),
            _ => !held && self.ready_at().is_some_and(|ready| ready <= now),
        };
        let last = ContainerState { terminated: self.last.clone(), ..ContainerState::default() };
        let has_run = self.has_run();
        ContainerStatus {
            container_id: has_run.then(|| self.id.clone()),
            image: image.clone(),
            image_id: if has_run { image.clone() } else { String::new() },
            last_state: Some(last),
            name: self.name.clone(),
            ready,
            restart_count: self.restarts,
            started: Some(self.is_running()),
            state: Some(state),
            ..ContainerStatus::default()
        }
    }
}

fn new_id() -> String {
    format!("demo://{}", Uuid::new_v4().simple())
}

fn back_off(times: u32) -> Duration {
    FIRST_BACK_OFF.saturating_mul(2_u32.saturating_pow(times)).min(LONGEST_BACK_OFF)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn container(image: &str, role: Role, restart: Restart) -> Container {
        let spec = Spec { name: "nginx".to_owned(), image: Some(image.to_owned()), ..Spec::default() };
        Container::new(&spec, role, restart, "web-0_default(u)".to_owned())
    }

    /// What is seen of a container from one step to the next.
    fn life(mut container: Container, steps: usize) -> Vec<String> {
        let pace = Pace::default();
        let mut now = Instant::now();
        container.create(now, &pace);
        let mut seen = Vec::new();
        for _ in 0..steps {
            let status = container.status(now, false);
            let state = status.state.unwrap_or_default();
            let word = state.waiting.and_then(|it| it.reason);
            let word = word.or(state.running.map(|_| "Running".to_owned()));
            let word = word.or(state.terminated.and_then(|it| it.reason)).unwrap_or_default();
            seen.push(format!("{word} {}", status.restart_count));
            let Some(due) = container.due() else { break };
            now = due;
            container.advance(now, &pace);
        }
        seen
    }

    #[test]
    fn given_images_when_run_then_each_lives_as_its_tag_says() {
        let table: [(&str, Role, Restart, &[&str]); 7] = [
            ("nginx:1.9.1", Role::Main, Restart::Always, &["ContainerCreating 0", "Running 0"]),
            ("localhost:5000/nginx", Role::Main, Restart::Always, &["ContainerCreating 0", "Running 0"]),
            ("setup:1", Role::Init, Restart::Always, &["ContainerCreating 0", "Running 0", "Completed 0"]),
            ("log:1", Role::Sidecar, Restart::Never, &["ContainerCreating 0", "Running 0"]),
            (
                "nginx:missing",
                Role::Main,
                Restart::Always,
                &[
                    "ContainerCreating 0",
                    "ErrImagePull 0",
                    "ImagePullBackOff 0",
                    "ErrImagePull 0",
                    "ImagePullBackOff 0",
                ],
            ),
            (
                "nginx:crash",
                Role::Main,
                Restart::Always,
                &[
                    "ContainerCreating 0",
                    "Running 0",
                    "Error 0",
                    "Running 1",
                    "Error 1",
                    "CrashLoopBackOff 1",
                    "Running 2",
                ],
            ),
            ("nginx:crash", Role::Main, Restart::Never, &["ContainerCreating 0", "Running 0", "Error 0"]),
        ];
        for (image, role, restart, expected) in table {
            assert_eq!(life(container(image, role, restart), expected.len()), expected, "{image} {role:?} {restart:?}");
        }
    }

    #[test]
    fn given_a_container_that_runs_when_its_image_changes_then_it_is_started_again_with_the_new_one() {
        let (pace, now) = (Pace::default(), Instant::now());
        let mut container = container("nginx:1.9.1", Role::Main, Restart::Always);
        container.create(now, &pace);
        container.advance(now + pace.start, &pace);
        assert_eq!(container.replace_image("nginx:1.9.1", now, &pace), []);
        let said = container.replace_image("nginx:1.27", now, &pace);
        assert_eq!(said[0].message, "Container nginx definition changed, will be restarted");
        container.advance(now + pace.start, &pace);
        let status = container.status(now + pace.start, false);
        assert_eq!((status.image.as_str(), status.restart_count, status.ready), ("nginx:1.27", 1, true));
        assert!(status.last_state.is_some_and(|last| last.terminated.is_some()));
    }

    #[test]
    fn given_what_was_reported_when_it_is_resumed_then_what_ran_runs_on() {
        let (pace, now) = (Pace::default(), Instant::now());
        let mut before = container("nginx:1.9.1", Role::Main, Restart::Always);
        before.create(now, &pace);
        before.advance(now + pace.start, &pace);
        let known = before.status(now + pace.start, false);
        let mut after = container("nginx:1.9.1", Role::Main, Restart::Always);
        after.resume(&known, now, &pace);
        assert_eq!(after.status(now, false), known);
        assert_eq!(after.due(), None);
    }
}
