//! What is reported of a container.

use k8s_openapi::api::core::v1::{ContainerState, ContainerStateRunning, ContainerStateWaiting, ContainerStatus};
use tokio::time::Instant;

use super::{Container, Role, State, back_off};

impl Container {
    fn back_off_message(&self) -> String {
        let wait = back_off(u32::try_from(self.restarts - 1).unwrap_or(0)).as_secs();
        let wait = if wait < 60 { format!("{wait}s") } else { format!("{}m{}s", wait / 60, wait % 60) };
        format!("back-off {wait} restarting failed container={} pod={}", self.name, self.pod)
    }

    /// What is reported of it; `held` keeps it from being ready.
    pub(in crate::kubelet) fn status(&self, now: Instant, held: bool) -> ContainerStatus {
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
