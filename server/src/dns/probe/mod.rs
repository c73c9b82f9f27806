//! The probe: asks the cluster's DNS what it says, and tells the hub.
//!
//! It asks only about names that are on somebody's screen or that changed a moment ago, and only so often. The hub never
//! waits for it: the probe takes what DNS must serve from where the DNS server does, and asks the hub like any client
//! which questions there are.

pub mod message;
mod pace;
mod portforward;
mod resolver;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep_until};
use topology::Timestamp;
use topology::dns::observed::{Question, Reply, Told, Tracker};
use topology::dns::{QueryType, Rcode, RecordType};
use topology::fold::{Check, Wanted};
use topology::wire::{self, ProbeProblem};
use tracing::{info, warn};

pub use pace::RATE;
use pace::{Budget, pause};
pub use portforward::PortForward;
pub use resolver::{Outcome, Resolver, system_servers};

use super::Published;
use crate::cluster::Report;
use crate::hub::{HubGone, HubHandle, Questions};

/// How many questions may be under way at once.
const PARALLEL: usize = 16;
/// How many questions are followed at most.
const MAX_QUESTIONS: usize = 2_048;
/// Between two looks at what is on screens, while nothing changes.
const LOOK: Duration = Duration::from_secs(1);
/// Between two looks at what changed, while much does.
const BREATH: Duration = Duration::from_millis(20);
/// A change of a Service's endpoints that is not longer ago, in milliseconds, is what changed its other names.
const JUST: i64 = 1_000;

/// Which question, and about which Service.
type Key = (String, String, Question);

/// Asks for as long as somebody listens.
pub struct Probe {
    resolver: Arc<Resolver>,
    hub: HubHandle,
    reports: mpsc::Sender<Report>,
    clock: fn() -> Timestamp,
    followed: BTreeMap<Key, Followed>,
    /// How many questions were ever followed.
    count: u64,
    budget: Budget,
    under_way: JoinSet<Answered>,
    /// What was told last of how the asking goes.
    told: Option<wire::Probe>,
}

/// A question that is followed.
struct Followed {
    /// Which of all that were ever followed: a reply to one that was given up is not for its successor.
    number: u64,
    tracker: Tracker,
    /// When it is to be asked next; `None` while it need not be.
    due: Option<Instant>,
    /// Whether it is asked right now.
    is_asked: bool,
    is_on_screen: bool,
    /// Whether a board shows nothing of what is known here.
    is_open: bool,
    /// When what is right changed last.
    changed: Option<Instant>,
}

/// A question that was asked.
struct Answered {
    key: Key,
    number: u64,
    asked: Timestamp,
    at: Timestamp,
    outcome: Outcome,
}

impl Probe {
    /// A probe that asks `resolver` and tells the hub through `reports`.
    pub fn new(resolver: Resolver, hub: HubHandle, reports: mpsc::Sender<Report>, clock: fn() -> Timestamp) -> Self {
        Self {
            resolver: Arc::new(resolver),
            hub,
            reports,
            clock,
            followed: BTreeMap::new(),
            count: 0,
            budget: Budget::default(),
            under_way: JoinSet::new(),
            told: None,
        }
    }

    /// Asks until the hub has ended.
    pub async fn run(mut self) {
        info!(asked = self.resolver.name(), "asking the cluster's DNS");
        if self.tell_problem(None).await.is_ok() {
            while self.step().await.is_ok() {}
        }
    }

    /// Looks at what there is to ask, and asks, until it has to look again.
    async fn step(&mut self) -> Result<(), HubGone> {
        let mut changes = self.hub.dns().changes();
        let mut look = interval(LOOK);
        look.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut looked = Instant::now();
        loop {
            let next = self.ask_due();
            tokio::select! {
                _ = look.tick() => self.look().await?,
                changed = changes.changed() => {
                    changed.map_err(|_| HubGone)?;
                    sleep_until(looked + BREATH).await;
                    changes.mark_unchanged();
                    self.look().await?;
                    looked = Instant::now();
                }
                Some(answered) = self.under_way.join_next(), if !self.under_way.is_empty() => {
                    if let Ok(answered) = answered {
                        self.take(answered).await?;
                    }
                }
                () = sleep_until(next.unwrap_or_else(Instant::now)), if next.is_some() => {}
            }
        }
    }

    /// Which questions there are now, and what is right.
    async fn look(&mut self) -> Result<(), HubGone> {
        let Questions { on_screen, changed } = self.hub.questions().await?;
        let published = self.hub.dns().latest();
        let mut unwanted: BTreeSet<Key> = self.followed.keys().cloned().collect();
        self.followed.values_mut().for_each(|followed| followed.is_on_screen = false);
        // The names of endpoints first, of which the moment of the change is known.
        let (mut services, mut latest) = (BTreeMap::new(), BTreeMap::new());
        for (wanted, at) in changed {
            services.insert((wanted.namespace.clone(), wanted.service.clone()), at);
            latest.insert(key(&wanted), (wanted, at));
        }
        for (key, (wanted, at)) in latest {
            if self.want(wanted, Some(at), at, &published) {
                unwanted.remove(&key);
            }
        }
        for wanted in on_screen {
            let service = services.get(&(wanted.namespace.clone(), wanted.service.clone()));
            let at = service.copied().filter(|at| published.at.millis_since(*at) < JUST).unwrap_or(published.at);
            let key = key(&wanted);
            if self.want(wanted, None, at, &published) {
                unwanted.remove(&key);
            }
            if let Some(followed) = self.followed.get_mut(&key) {
                followed.is_on_screen = true;
            }
        }
        let mut checks = Vec::new();
        for key in unwanted {
            if let Some(Followed { mut tracker, .. }) = self.followed.remove(&key)
                && tracker.pause()
            {
                checks.push(check(&key, &tracker));
            }
        }
        self.report(checks).await
    }

    /// Follows a question, or goes on: what is right may have changed at `at`. `since` is when it did where that is still
    /// to be measured. Not where it cannot be known what is right.
    fn want(&mut self, wanted: Wanted, since: Option<Timestamp>, at: Timestamp, published: &Published) -> bool {
        let key = key(&wanted);
        let Some(expected) = expected(&wanted.question, published) else { return false };
        if self.followed.len() >= MAX_QUESTIONS && !self.followed.contains_key(&key) {
            return false;
        }
        let (now, is_open) = (Instant::now(), wanted.is_open());
        let count = &mut self.count;
        let followed = self.followed.entry(key).or_insert_with(|| {
            *count += 1;
            let measured = wanted.known.map(|known| known.measured).unwrap_or_default();
            let tracker = Tracker::new(wanted.question, expected.clone(), wanted.old, since, measured);
            let changed = since.map(|_| now);
            let number = *count;
            Followed { number, tracker, due: Some(now), is_asked: false, is_on_screen: false, is_open, changed }
        });
        followed.is_open = is_open;
        let is_new = followed.tracker.expect(expected, at);
        if is_new {
            followed.changed = Some(now);
        }
        let is_known_here_only = is_open && followed.tracker.observed().said.is_some();
        if is_new || is_known_here_only || followed.due.is_none() {
            followed.due = Some(now);
        }
        true
    }

    /// Asks what is due, as far as that is allowed, what waits longest first; when to look at it again.
    fn ask_due(&mut self) -> Option<Instant> {
        let now = Instant::now();
        let mut next: Option<Instant> = None;
        let mut waiting: Vec<(Instant, &Key, &mut Followed)> = Vec::new();
        for (key, followed) in &mut self.followed {
            match followed.due.filter(|_| !followed.is_asked) {
                Some(due) if due <= now => waiting.push((due, key, followed)),
                Some(due) => next = Some(next.map_or(due, |next| next.min(due))),
                None => {}
            }
        }
        waiting.sort_by_key(|(due, ..)| *due);
        for (_, key, followed) in waiting {
            if !followed.is_on_screen && !followed.tracker.is_unsettled() {
                followed.due = None;
                continue;
            }
            if self.under_way.len() >= PARALLEL {
                break; // One of them ends, then it is this one's turn.
            }
            if let Err(later) = self.budget.take(now) {
                next = Some(next.map_or(later, |next| next.min(later)));
                break;
            }
            followed.is_asked = true;
            let (resolver, key, number) = (Arc::clone(&self.resolver), key.clone(), followed.number);
            let clock = self.clock;
            self.under_way.spawn(async move {
                let asked = clock();
                let outcome = resolver.ask(&key.2).await;
                Answered { key, number, asked, at: clock(), outcome }
            });
        }
        next
    }

    async fn take(&mut self, answered: Answered) -> Result<(), HubGone> {
        let Answered { key, number, asked, at, outcome } = answered;
        let mut checks = Vec::new();
        if let Some(followed) = self.followed.get_mut(&key).filter(|followed| followed.number == number) {
            followed.is_asked = false;
            let is_news = followed.tracker.see(asked, at, &outcome.reply);
            let failed = matches!(outcome.reply, Reply::Failed(_));
            let calm = pause(followed.tracker.is_unsettled(), failed, followed.changed);
            followed.due = followed.due.map(|_| Instant::now() + calm);
            if is_news || followed.is_open {
                followed.is_open = false;
                let tracker = &followed.tracker;
                checks.push(check(&key, tracker));
            }
        }
        self.tell_problem(outcome.problem).await?;
        self.report(checks).await
    }

    async fn report(&self, checks: Vec<Check>) -> Result<(), HubGone> {
        if checks.is_empty() {
            return Ok(());
        }
        self.reports.send(Report::Checked(checks)).await.map_err(|_| HubGone)
    }

    async fn tell_problem(&mut self, problem: Option<ProbeProblem>) -> Result<(), HubGone> {
        let told = wire::Probe::On { asked: self.resolver.name(), problem };
        if self.told.as_ref() == Some(&told) {
            return Ok(());
        }
        if let wire::Probe::On { problem: Some(problem), .. } = &told {
            warn!(?problem, "the cluster's DNS cannot be asked");
        }
        self.told = Some(told.clone());
        self.reports.send(Report::Probe(told)).await.map_err(|_| HubGone)
    }
}

fn key(wanted: &Wanted) -> Key {
    (wanted.namespace.clone(), wanted.service.clone(), wanted.question.clone())
}

fn check((namespace, service, _): &Key, tracker: &Tracker) -> Check {
    let (expected, observed) = (tracker.expected().clone(), tracker.observed().clone());
    Check { namespace: namespace.clone(), service: service.clone(), expected, observed }
}

/// What is right; `None` where that cannot be known, as what other namespaces have is not watched.
fn expected(question: &Question, published: &Published) -> Option<Told> {
    let is_partial = question.kind == RecordType::Ptr && published.namespaces.is_some();
    let answer = published.answer(&question.name, QueryType::Records(question.kind));
    let is_known = matches!(answer.rcode, Rcode::NoError | Rcode::NxDomain);
    (published.complete && is_known && !is_partial).then(|| Told::from(&answer))
}
