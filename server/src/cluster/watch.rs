//! One watch: a list, then its changes, for ever.

use std::sync::Arc;
use std::time::Duration;

use futures::{StreamExt, pin_mut};
use kube::runtime::watcher;
use kube::{Api, Client};
use rand::RngExt;
use tokio::sync::mpsc;
use tokio::time::sleep;
use topology::facts::{Event, Object, Observation, Watch};
use tracing::{debug, info, warn};

use super::connect::Connector;
use super::health::LISTING_ANEW;
use super::slim::{Slim, Watched};
use super::{Report, WatchHealth};

/// The first and the longest pause before another try.
const BACK_OFF: (Duration, Duration) = (Duration::from_millis(200), Duration::from_secs(3));
/// The pause after a refusal (403): somebody has to grant something first.
const REFUSED_PAUSE: Duration = Duration::from_secs(10);

/// Watches until its receiver is gone.
pub async fn run<T: Watched>(watch: Watch, connector: Arc<Connector>, reports: mpsc::Sender<Report>) {
    let mut connections = connector.subscribe();
    let mut strategy = Strategy::Streaming;
    let mut session = Session {
        watch: &watch,
        connector: &connector,
        reports: &reports,
        pause: BACK_OFF.0,
        listed: Vec::new(),
        has_list: false,
        health: WatchHealth::Starting,
    };
    loop {
        let connection = connections.borrow_and_update().clone();
        let ended = tokio::select! {
            ended = session.follow::<T>(connection.client, strategy) => ended,
            changed = connections.changed() => if changed.is_ok() { Ended::Restart } else { Ended::NobodyListens },
        };
        if !session.interrupted().await {
            return;
        }
        match ended {
            Ended::NobodyListens => return,
            Ended::NoStreaming => {
                info!(resource = T::KIND.resource(), "the API server has no streaming lists; using pages");
                strategy = Strategy::Pages;
            }
            Ended::Unauthorized => {
                connector.renew(connection.generation).await;
                let pause = session.next_pause();
                sleep(pause).await;
            }
            Ended::Failed(pause) => connector.pause(pause).await,
            Ended::Restart => {}
        }
    }
}

/// How the first list is asked for.
#[derive(Clone, Copy)]
pub(super) enum Strategy {
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
    /// It broke or was refused; to be tried again after this pause.
    Failed(Duration),
    /// There is a newer connection, or the server ended the list.
    Restart,
    /// The hub is gone.
    NobodyListens,
}

/// One watch: what holds from one connection to the next.
struct Session<'a> {
    watch: &'a Watch,
    connector: &'a Connector,
    reports: &'a mpsc::Sender<Report>,
    pause: Duration,
    listed: Vec<Object>,
    /// Whether a list is in, so that what comes is missed once it breaks.
    has_list: bool,
    health: WatchHealth,
}

/// What an error of a watch means.
#[derive(Debug)]
pub(super) enum Failure {
    /// The credentials were refused (401).
    Unauthorized,
    /// It may not be listed and watched (403).
    Refused,
    /// The server does not know streaming lists.
    NoStreaming,
    /// The history that was asked for is gone (410): a new list follows.
    Expired,
    /// Anything else, in words.
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
            let Some(event) = events.next().await else { return Ended::Restart };
            let listens = match event {
                Ok(event) => self.take(event).await,
                Err(error) => return self.fail(classify(&error, strategy)).await,
            };
            if !listens {
                return Ended::NobodyListens;
            }
        }
    }

    async fn take<T: Watched>(&mut self, event: watcher::Event<Slim<T>>) -> bool {
        let event = match event {
            watcher::Event::Init => {
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
        self.observe(event).await && self.tell(WatchHealth::Live).await
    }

    /// Tells what went wrong. Whatever it was, a list comes next: that a resumed watch has caught up could only be
    /// guessed, while a list is a boundary.
    async fn fail(&mut self, failure: Failure) -> Ended {
        let (health, ended) = match failure {
            Failure::Unauthorized => {
                let problem = "the API server refused the credentials (401)".to_owned();
                (WatchHealth::Broken(problem), Ended::Unauthorized)
            }
            Failure::NoStreaming => return Ended::NoStreaming,
            Failure::Refused => (WatchHealth::Refused, Ended::Failed(REFUSED_PAUSE)),
            Failure::Expired => {
                let problem = "the watch expired (410); listing anew".to_owned();
                (WatchHealth::Broken(problem), Ended::Failed(self.next_pause()))
            }
            Failure::Broken(problem) => (WatchHealth::Broken(problem), Ended::Failed(self.next_pause())),
        };
        self.has_list = false;
        if self.tell(health).await { ended } else { Ended::NobodyListens }
    }

    /// Tells that nothing is known as it happens until the next list, from the last sign of life on.
    async fn interrupted(&mut self) -> bool {
        let listens = self.observe(Event::Interrupted { since: self.connector.alive_at() }).await;
        let was_live = std::mem::take(&mut self.has_list);
        let anew = WatchHealth::Broken(LISTING_ANEW.to_owned());
        listens && (!was_live || self.tell(anew).await)
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
            WatchHealth::Broken(problem) if problem == LISTING_ANEW => info!(resource, namespace, "listing anew"),
            WatchHealth::Broken(problem) => warn!(resource, namespace, problem, "watch broke"),
        }
        self.health = health.clone();
        self.reports.send(Report::Watch(self.watch.clone(), health)).await.is_ok()
    }
}

/// What the error means, when the list was asked for in that way.
pub(super) fn classify(error: &watcher::Error, strategy: Strategy) -> Failure {
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
