//! The hub: the one task that owns the topology. Reports of the cluster go in, changes come out, each with a revision.
//!
//! It never waits for a client. Every scope that somebody looks at has a bounded channel of shared frames; a client that
//! falls behind finds its place overwritten and asks for a snapshot.

mod frame;
mod handle;
mod recent;
mod scopes;
mod touched;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::time::sleep;
use topology::board::MAX_INCARNATIONS;
use topology::dns::{Namespaces, Zone};
use topology::facts::{Event, Kind, Observation};
use topology::fold::{Check, Delta, Input, Kept, Past};
use topology::ledger::Ledger;
use topology::wire::{Changes, Cluster, Instance, Scope, ServerMessage, State, Status, Subscription};
use topology::{Ordinal, SetKey, Timestamp, Topology};

pub use frame::Frame;
use handle::Request;
pub use handle::{Feed, HubGone, HubHandle, Questions, Readiness, View};
use recent::Recent;
use scopes::Scopes;
use touched::LatelyTouched;

use crate::cluster::{Health, Report, Resumed};
use crate::dns::{Published, Shared};
use crate::history::Tape;
use crate::ledger::Recorder;

/// How many reports may wait for the hub; beyond that the watches wait, and so the API server.
pub const REPORT_QUEUE: usize = 4_096;
/// How many reports are folded into one revision at most.
const BATCH: usize = 512;
/// How many questions may wait for the hub.
const REQUEST_QUEUE: usize = 1_024;
/// Of how many StatefulSets on screens the cluster's DNS is asked.
const MAX_PROBED: usize = 64;
/// Of how many identities of each: as many as a page lists at first.
const PROBED_IDENTITIES: usize = 24;

/// The state and everybody who looks at it.
pub struct Hub {
    topology: Topology,
    health: Health,
    status: watch::Sender<Status>,
    readiness: watch::Sender<Readiness>,
    scopes: Scopes,
    recent: Recent,
    touched: LatelyTouched,
    dns: Shared,
    namespaces: Option<Arc<[String]>>,
    /// Every namespace that exists, where that is known.
    existing: Option<Namespaces>,
    instance: Instance,
    clock: fn() -> Timestamp,
    ledger: Option<(Ledger, Recorder)>,
    /// Takes every step.
    tape: Option<Tape>,
    /// What time it was in a recording.
    told: Option<Timestamp>,
    /// What the ledger knew, when that came after the first lists.
    late: Option<Resumed>,
}

impl Hub {
    /// A hub that knows nothing yet, and the handle to ask it.
    pub fn prepare(
        cluster: Cluster,
        zone: Zone,
        instance: Instance,
        health: Health,
        clock: fn() -> Timestamp,
    ) -> (HubTask, HubHandle) {
        let status = watch::Sender::new(health.status());
        let readiness = watch::Sender::new(Readiness { missing: health.missing(), ever: false });
        let (requests, inbox) = mpsc::channel(REQUEST_QUEUE);
        let dns = Shared::default();
        let namespaces = cluster.namespaces.clone().map(Arc::from);
        let channels = (status.subscribe(), readiness.subscribe());
        let handle = HubHandle::new(cluster, instance, requests, channels, dns.clone());
        let hub = Self {
            topology: Topology::new(zone),
            health,
            status,
            readiness,
            scopes: Scopes::default(),
            recent: Recent::default(),
            touched: LatelyTouched::default(),
            dns,
            namespaces,
            existing: None,
            instance,
            clock,
            ledger: None,
            tape: None,
            told: None,
            late: None,
        };
        hub.publish_records(clock());
        (HubTask { hub, inbox }, handle)
    }

    /// Takes reports as of now, or, those of a recording, as of when they were recorded.
    fn take(&mut self, reports: &mut Vec<Report>) {
        let mut at = self.told.filter(|_| !reports.is_empty()).unwrap_or_else(self.clock);
        let mut together = Vec::with_capacity(reports.len());
        for report in reports.drain(..) {
            let Report::Clock(told) = report else {
                together.push(report);
                continue;
            };
            if !together.is_empty() && told != at {
                self.take_at(at, &mut together);
            }
            at = *self.told.insert(told);
        }
        self.take_at(at, &mut together);
    }

    fn take_at(&mut self, at: Timestamp, reports: &mut Vec<Report>) {
        let (mut observations, mut checks) = (Vec::with_capacity(reports.len()), Vec::new());
        for report in reports.drain(..) {
            match report {
                Report::Observed(observation) => observations.push(observation),
                Report::Watch(watch, health) => self.health.watch(watch, health, at),
                Report::Pulse(pulse) => {
                    // A watch that only seems quiet may have missed something since the last sign of life.
                    if let Err(silence) = &pulse {
                        let event = Event::Interrupted { since: silence.since };
                        let interrupted = self
                            .health
                            .watches()
                            .map(|watch| Observation { watch: watch.clone(), event: event.clone() });
                        observations.extend(interrupted);
                    }
                    self.health.pulse(pulse, at);
                }
                Report::Probe(probe) => self.health.probe(probe),
                Report::Checked(new) => checks.extend(new),
                Report::Resumed(resumed) => self.resume(*resumed, at),
                Report::History(history) => self.health.history(history),
                Report::Namespaces(existing) => self.existing = existing,
                Report::Over(reason) => self.health.over(reason, at),
                Report::Clock(_) => {}
            }
        }
        if let Some(delta) = self.observe(at, observations) {
            if self.readiness.borrow().ever {
                self.touched.push(&delta);
            }
            if let Some((ledger, recorder)) = &mut self.ledger {
                recorder.put(ledger.follow(&self.topology, &delta));
            }
            self.publish(delta);
        }
        self.close_missing(at);
        if !checks.is_empty()
            && let Some(delta) = self.check(at, checks)
        {
            self.publish(delta);
        }
        self.publish_records(at);
        let status = self.health.status();
        self.status.send_if_modified(|known| {
            let changed = *known != status;
            if changed {
                *known = status;
            }
            changed
        });
        let (missing, complete) = (self.health.missing(), self.health.is_complete());
        self.readiness.send_if_modified(|known| {
            let changed = known.missing != missing || known.ever != (known.ever || complete);
            if changed {
                *known = Readiness { missing, ever: known.ever || complete };
            }
            changed
        });
    }

    fn observe(&mut self, at: Timestamp, observations: Vec<Observation>) -> Option<Delta> {
        let Some(tape) = &self.tape else { return self.topology.apply(at, observations) };
        if tape.wants_whole() {
            tape.put_whole(at, self.topology.snapshot());
        }
        let input = Input::Observed(observations.clone());
        let delta = self.topology.apply(at, observations);
        // Time that changed nothing need not be told: it passes by itself.
        if delta.is_some() || !input.is_time_alone() {
            tape.put(at, input);
        }
        delta
    }

    fn check(&mut self, at: Timestamp, checks: Vec<Check>) -> Option<Delta> {
        if let Some(tape) = &self.tape {
            tape.put(at, Input::Checked(checks.clone()));
        }
        self.topology.check(at, checks)
    }

    fn publish(&mut self, delta: Delta) {
        self.scopes.publish(&delta);
        self.recent.push(delta);
    }

    /// Begins where an earlier run ended: its boards, until the first lists tell what became of their pods.
    fn resume(&mut self, resumed: Resumed, at: Timestamp) {
        if self.topology.has_listed_any() {
            self.late = Some(resumed);
            return;
        }
        let Resumed { rows, watched, gaps } = resumed;
        let mut identities: BTreeMap<(SetKey, Ordinal), Kept> = BTreeMap::new();
        for row in &rows {
            let kept = identities.entry((row.set.clone(), row.ordinal));
            let kept =
                kept.or_insert_with(|| Kept { set: row.set.clone(), ordinal: row.ordinal, incarnations: Vec::new() });
            kept.incarnations.push(row.incarnation());
        }
        for kept in identities.values_mut() {
            let excess = kept.incarnations.len().saturating_sub(MAX_INCARNATIONS);
            kept.incarnations.drain(..excess);
        }
        // The rows of the past do not change; those that can are followed from where they ended.
        if let Some((ledger, _)) = &mut self.ledger {
            let until = watched.iter().map(|(_, until)| *until).min();
            *ledger = Ledger::resume(rows, until);
        }
        let past = Past { watched, gaps, identities: identities.into_values().collect() };
        if let Some(tape) = &self.tape {
            tape.put(at, Input::Resumed(past.clone()));
        }
        if let Some(delta) = self.topology.resume(at, past) {
            self.publish(delta);
        }
    }

    /// What the ledger knew came when the cluster was watched already: what it left open and is gone by now is closed,
    /// once every list is in.
    fn close_missing(&mut self, at: Timestamp) {
        if !self.health.is_complete() {
            return;
        }
        let (Some(Resumed { rows, watched, .. }), Some((_, recorder))) = (self.late.take(), &self.ledger) else {
            return;
        };
        let until = watched.iter().map(|(_, until)| *until).min();
        recorder.put(topology::ledger::missing(&self.topology, rows, until, at));
    }

    /// What DNS must serve may change without a board that does.
    fn publish_records(&self, at: Timestamp) {
        self.dns.publish(Published {
            at,
            directory: self.topology.directory().clone().with_namespaces(self.existing.clone()),
            complete: self.health.has_listed(&[Kind::Service, Kind::EndpointSlice]),
            pods_complete: self.health.has_listed(&[Kind::Pod]),
            namespaces: self.namespaces.clone(),
        });
    }

    /// How long until time alone may change something.
    fn until_expiry(&self) -> Option<Duration> {
        let millis = self.topology.expires()?.millis_since((self.clock)());
        Some(Duration::from_millis(u64::try_from(millis).unwrap_or(0)))
    }

    fn answer(&mut self, request: Request) {
        // Whoever asked may be gone by now; then nobody needs the answer.
        match request {
            Request::Subscribe { subscription, reply } => drop(reply.send(self.subscribe(subscription))),
            Request::View { set, deployment, reply } => {
                let board = set.map(|set| {
                    let board = self.topology.board(&set).cloned().map(Box::new);
                    (set, board)
                });
                let crew = deployment.map(|deployment| {
                    let crew = self.topology.crew(&deployment).cloned().map(Box::new);
                    (deployment, crew)
                });
                let view = View {
                    revision: self.topology.revision(),
                    at: (self.clock)(),
                    status: self.health.status(),
                    fleet: self.topology.fleet().clone(),
                    board,
                    crew,
                };
                drop(reply.send(view));
            }
            Request::Questions { reply } => drop(reply.send(self.questions())),
        }
    }

    fn questions(&mut self) -> Questions {
        let topology = &self.topology;
        let sets = self.scopes.sets().take(MAX_PROBED);
        let on_screen = sets.flat_map(|set| topology.questions(set, PROBED_IDENTITIES)).collect();
        let changed = self.touched.since((self.clock)()).flat_map(|(at, touched)| {
            let questions = topology.questions_of(&touched.set, &touched.service, &touched.labels);
            questions.into_iter().map(|question| (question, *at))
        });
        Questions { on_screen, changed: changed.collect() }
    }

    /// What the client missed, or the whole state, and a receiver for what comes: all at one revision, so that nothing
    /// is lost or doubled in between.
    fn subscribe(&mut self, Subscription { scope, since }: Subscription) -> Feed {
        let now = self.topology.revision();
        let missed = since
            .filter(|since| since.instance == self.instance)
            .and_then(|since| self.recent.since(since.revision, now, &scope));
        let first = missed.unwrap_or_else(|| {
            let topology = &self.topology;
            let at = (self.clock)();
            vec![self.scopes.snapshot(&scope, now, || ServerMessage::Snapshot {
                revision: now,
                at,
                state: state_of(topology, &scope),
            })]
        });
        let live = self.scopes.subscribe(scope.clone());
        Feed { scope, first, live }
    }
}

fn state_of(topology: &Topology, scope: &Scope) -> State {
    match scope {
        Scope::Fleet => State::Fleet(topology.fleet().clone()),
        Scope::StatefulSet(set) => {
            State::StatefulSet { set: set.clone(), board: topology.board(set).cloned().map(Box::new) }
        }
        Scope::Deployment(deployment) => {
            State::Deployment { deployment: deployment.clone(), crew: topology.crew(deployment).cloned().map(Box::new) }
        }
    }
}

/// The part of a delta that concerns a scope, as a message.
fn message_for(scope: &Scope, delta: &topology::fold::Delta) -> Option<ServerMessage> {
    let changes = match scope {
        Scope::Fleet => (!delta.fleet.is_empty()).then(|| Changes::Fleet(delta.fleet.clone()))?,
        Scope::StatefulSet(set) => {
            let (_, changes) = delta.boards.iter().find(|(changed, _)| changed == set)?;
            Changes::StatefulSet { set: set.clone(), changes: changes.clone() }
        }
        Scope::Deployment(deployment) => {
            let (_, changes) = delta.crews.iter().find(|(changed, _)| changed == deployment)?;
            Changes::Deployment { deployment: deployment.clone(), changes: changes.clone() }
        }
    };
    Some(ServerMessage::Delta { revision: delta.revision, at: delta.at, changes })
}

/// A hub that is ready to run.
pub struct HubTask {
    hub: Hub,
    inbox: mpsc::Receiver<Request>,
}

impl HubTask {
    /// Lets the recorder have the rows that changes make, and the tape every step.
    #[must_use]
    pub fn recorded(mut self, recorder: Recorder, tape: Tape) -> Self {
        self.hub.ledger = Some((Ledger::default(), recorder));
        self.hub.tape = Some(tape);
        self
    }

    /// Runs until every handle is dropped. When the reports end, what is known stays and can be asked for.
    pub async fn run(mut self, mut reports: mpsc::Receiver<Report>) {
        let mut batch = Vec::with_capacity(BATCH);
        let mut reporting = true;
        loop {
            let expiry = self.hub.until_expiry();
            tokio::select! {
                () = sleep(expiry.unwrap_or_default()), if expiry.is_some() => self.hub.take(&mut Vec::new()),
                taken = reports.recv_many(&mut batch, BATCH), if reporting => match taken {
                    0 => reporting = false,
                    _ => self.hub.take(&mut batch),
                },
                request = self.inbox.recv() => match request {
                    Some(request) => self.hub.answer(request),
                    None => return,
                },
            }
        }
    }
}
