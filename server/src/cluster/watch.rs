//! One watch: a list, then its changes, for ever.

use std::sync::Arc;
use std::time::Duration;

use futures::{StreamExt, pin_mut};
use kube::runtime::watcher;
use kube::{Api, Client};
use rand::RngExt;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep, sleep_until};
use topology::facts::{Event, Object, Observation, Watch};
use tracing::{debug, info, warn};

use super::connect::Connector;
use super::slim::{Slim, Watched};
use super::{Report, WatchHealth};

/// The first and the longest pause before another try.
const BACK_OFF: (Duration, Duration) = (Duration::from_millis(200), Duration::from_secs(3));
/// The pause after a refusal (403): somebody has to grant something first.
const REFUSED_PAUSE: Duration = Duration::from_secs(10);
/// A watch that resumes where it had broken first reports what was missed, then says nothing until something changes.
/// One that was not refused within this time runs, and has caught up.
const CATCH_UP: Duration = Duration::from_millis(1_000);

/// Watches until its receiver is gone.
pub async fn run<T: Watched>(watch: Watch, connector: Arc<Connector>, reports: mpsc::Sender<Report>) {
    let mut connections = connector.subscribe();
    let mut strategy = Strategy::Streaming;
    loop {
        let connection = connections.borrow_and_update().clone();
        let mut session = Session {
            watch: &watch,
            connector: &connector,
            reports: &reports,
            pause: BACK_OFF.0,
            listed: Vec::new(),
            has_list: false,
            catching_up: None,
            health: WatchHealth::Starting,
        };
        let ended = tokio::select! {
            ended = session.follow::<T>(connection.client, strategy) => ended,
            changed = connections.changed() => if changed.is_ok() { Ended::Restart } else { Ended::NobodyListens },
        };
        match ended {
            Ended::NobodyListens => return,
            Ended::NoStreaming => {
                info!(resource = T::KIND.resource(), "the API server has no streaming lists; using pages");
                strategy = Strategy::Pages;
            }
            Ended::Unauthorized => {
                connector.renew(connection.generation).await;
                sleep(BACK_OFF.0).await;
            }
            Ended::Restart => {}
        }
        let interrupted = Report::Observed(Observation { watch: watch.clone(), event: Event::Interrupted });
        if reports.send(interrupted).await.is_err() {
            return;
        }
    }
}

/// How the first list is asked for.
#[derive(Clone, Copy)]
enum Strategy {
    /// As a part of the watch (Kubernetes 1.34 and newer).
    Streaming,
    /// In pages, before the watch.
    Pages,
}

/// Why a session is over.
enum Ended {
    /// The credentials were refused.
    Unauthorized,
    /// The server does not know streaming lists.
    NoStreaming,
    /// There is a newer connection.
    Restart,
    /// The hub is gone.
    NobodyListens,
}

/// One connection's watch.
struct Session<'a> {
    watch: &'a Watch,
    connector: &'a Connector,
    reports: &'a mpsc::Sender<Report>,
    pause: Duration,
    listed: Vec<Object>,
    /// Whether a list is in, so that a broken watch can resume.
    has_list: bool,
    /// Until when what comes counts as missed, after a break.
    catching_up: Option<Instant>,
    health: WatchHealth,
}

/// What an error of a watch means.
enum Failure {
    Unauthorized,
    Refused,
    NoStreaming,
    /// The history that was asked for is gone (410): a new list follows at once.
    Expired,
    Broken(String),
}

impl Session<'_> {
    async fn follow<T: Watched>(&mut self, client: Client, strategy: Strategy) -> Ended {
        let api: Api<Slim<T>> = match &self.watch.namespace {
            Some(namespace) => Api::namespaced(client, namespace),
            None => Api::all(client),
        };
        let config = match strategy {
            Strategy::Streaming => watcher::Config::default().streaming_lists(),
            Strategy::Pages => watcher::Config::default(),
        };
        let events = watcher(api, config);
        pin_mut!(events);
        loop {
            let event = tokio::select! {
                biased;
                () = reached(self.catching_up) => {
                    if !self.caught_up().await {
                        return Ended::NobodyListens;
                    }
                    continue;
                }
                event = events.next() => event,
            };
            let Some(event) = event else { return Ended::Restart };
            let listens = match event {
                Ok(event) => self.take(event).await,
                Err(error) => match classify(&error, strategy) {
                    Failure::Unauthorized => {
                        self.tell(WatchHealth::Broken("the API server refused the credentials (401)".to_owned())).await;
                        return Ended::Unauthorized;
                    }
                    Failure::NoStreaming => return Ended::NoStreaming,
                    failure => self.recover(failure).await,
                },
            };
            if !listens {
                return Ended::NobodyListens;
            }
        }
    }

    async fn take<T: Watched>(&mut self, event: watcher::Event<Slim<T>>) -> bool {
        let event = match event {
            watcher::Event::Init => {
                self.catching_up = None;
                self.listed.clear();
                return true;
            }
            watcher::Event::InitApply(object) => {
                self.listed.push(object.into_fact());
                return true;
            }
            watcher::Event::InitDone => {
                self.has_list = true;
                Event::Listed(std::mem::take(&mut self.listed))
            }
            watcher::Event::Apply(object) => Event::Applied(object.into_fact()),
            watcher::Event::Delete(object) => Event::Deleted(object.into_fact()),
        };
        self.pause = BACK_OFF.0;
        let listens = self.observe(event).await;
        if self.catching_up.is_some() {
            return listens;
        }
        listens && self.tell(WatchHealth::Live).await
    }

    /// The watch goes on, and what was missed has come.
    async fn caught_up(&mut self) -> bool {
        self.catching_up = None;
        self.observe(Event::CaughtUp).await && self.tell(WatchHealth::Live).await
    }

    /// Tells what went wrong and waits before the watcher is asked again; it resumes where it was.
    async fn recover(&mut self, failure: Failure) -> bool {
        let (health, pause) = match failure {
            Failure::Refused => (WatchHealth::Refused, REFUSED_PAUSE),
            Failure::Expired => {
                (WatchHealth::Broken("the watch expired (410); listing anew".to_owned()), Duration::ZERO)
            }
            Failure::Broken(problem) => (WatchHealth::Broken(problem), self.next_pause()),
            // Both end the session before this.
            Failure::Unauthorized | Failure::NoStreaming => return true,
        };
        let listens = self.observe(Event::Interrupted).await && self.tell(health).await;
        self.connector.pause(pause).await;
        self.catching_up = self.has_list.then(|| Instant::now() + CATCH_UP);
        listens
    }

    fn next_pause(&mut self) -> Duration {
        let pause = self.pause.mul_f64(rand::rng().random_range(0.75..1.25));
        self.pause = (self.pause * 2).min(BACK_OFF.1);
        pause
    }

    async fn observe(&self, event: Event) -> bool {
        let observation = Observation { watch: self.watch.clone(), event };
        self.reports.send(Report::Observed(observation)).await.is_ok()
    }

    async fn tell(&mut self, health: WatchHealth) -> bool {
        if self.health == health {
            return true;
        }
        let (resource, namespace) = (self.watch.kind.resource(), self.watch.namespace.as_deref().unwrap_or("all"));
        match &health {
            WatchHealth::Live | WatchHealth::Starting => info!(resource, namespace, "watching"),
            WatchHealth::Refused => warn!(resource, namespace, "may not be listed and watched (403)"),
            // Each further try that fails would say the same again.
            WatchHealth::Broken(problem) if matches!(self.health, WatchHealth::Broken(_)) => {
                debug!(resource, namespace, problem, "watch is still broken");
            }
            WatchHealth::Broken(problem) => warn!(resource, namespace, problem, "watch broke"),
        }
        self.health = health.clone();
        self.reports.send(Report::Watch(self.watch.clone(), health)).await.is_ok()
    }
}

/// Done when the time is reached; never without one.
async fn reached(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => sleep_until(deadline).await,
        None => std::future::pending().await,
    }
}

fn classify(error: &watcher::Error, strategy: Strategy) -> Failure {
    let source = match error {
        watcher::Error::InitialListFailed(error)
        | watcher::Error::WatchStartFailed(error)
        | watcher::Error::WatchFailed(error) => error,
        watcher::Error::WatchError(status) => return by_code(status.code, error, strategy),
        watcher::Error::NoResourceVersion => return Failure::Broken(error.to_string()),
    };
    match source {
        kube::Error::Api(status) => by_code(status.code, error, strategy),
        other => Failure::Broken(root_cause(other)),
    }
}

fn by_code(code: u16, error: &watcher::Error, strategy: Strategy) -> Failure {
    match (code, strategy) {
        (401, _) => Failure::Unauthorized,
        (403, _) => Failure::Refused,
        (400 | 422, Strategy::Streaming) => Failure::NoStreaming,
        (410, _) => Failure::Expired,
        _ => Failure::Broken(error.to_string()),
    }
}

/// The innermost message: "Connection refused" rather than a chain of wrappers around it.
pub(crate) fn root_cause(error: &dyn std::error::Error) -> String {
    let mut cause = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    cause.to_string()
}
