//! Which steps were done: read from what the cluster did, whoever made it do so. Pure: what was seen and a time go in.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use topology::board::{Board, End, Incarnation, Lane};
use topology::facts::{PodManagement, UpdateStrategy};
use topology::order::Reason;
use topology::{Ordinal, Stage, Timestamp};

use super::steps::Step;

/// How many names of pods that are gone are remembered.
const MAX_GONE: usize = 256;

/// How far somebody has come.
#[derive(Debug, Default)]
pub struct Progress {
    /// What happened before does not count.
    since: Timestamp,
    done: BTreeMap<Step, Timestamp>,
    /// Pods whose `hostname` was asked for within, and was their name.
    named: BTreeSet<String>,
    /// Names that DNS was asked for from within a pod, and that it answered.
    resolved: BTreeSet<String>,
    /// The Deployment's pods, and whether they are Ready.
    contrast: BTreeMap<String, bool>,
    /// Those that are gone.
    gone: BTreeSet<String>,
}

/// A command that ran in a pod.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Command<'a> {
    /// The pod.
    pub pod: &'a str,
    /// The program and its arguments.
    pub words: &'a [String],
    /// What it wrote.
    pub output: &'a str,
    /// Whether it succeeded.
    pub succeeded: bool,
}

impl Progress {
    /// Nothing done; only what happens from then on counts.
    pub fn from(since: Timestamp) -> Self {
        Self { since, ..Self::default() }
    }

    /// When a step was done last.
    pub fn done(&self, step: Step) -> Option<Timestamp> {
        self.done.get(&step).copied()
    }

    /// The first step that is not done yet.
    pub fn next(&self) -> Option<Step> {
        Step::all().find(|step| !self.done.contains_key(step))
    }

    fn tick(&mut self, step: Step, at: Option<Timestamp>) {
        if let Some(at) = at.filter(|at| *at >= self.since) {
            let known = self.done.entry(step).or_insert(at);
            *known = at.max(*known);
        }
    }

    /// A step that lasts is done when it is first seen; it is not done again and again.
    fn tick_once(&mut self, step: Step, holds: bool, now: Timestamp) {
        if holds && !self.done.contains_key(&step) {
            self.tick(step, Some(now));
        }
    }

    /// The board of `web`, as it is now.
    pub fn see_web(&mut self, board: &Board, now: Timestamp) {
        let headless = board.services.iter().any(|service| service.governs && service.is_headless());
        self.tick_once(Step::Make, headless && board.controller.spec().is_some(), now);
        let zero_and_one = board.lane(Ordinal(0)).zip(board.lane(Ordinal(1)));
        if let Some((zero, one)) = zero_and_one {
            self.tick(Step::Order, ordered(zero, one));
            self.tick(Step::Delete, self.both_ended(zero, one));
            self.tick(Step::Return, self.both_returned(zero, one));
        }
        self.see_scale(board);
        self.see_rollout(board, now);
        self.see_readiness(board, now);
    }

    /// When both were gone, if they are of this round.
    fn both_ended(&self, zero: &Lane, one: &Lane) -> Option<Timestamp> {
        let end = |lane: &Lane| lane.incarnations.iter().rev().find_map(|it| it.ended).map(End::latest);
        let (zero, one) = (end(zero)?, end(one)?);
        (zero.min(one) >= self.since).then(|| zero.max(one))
    }

    /// When both were Ready again after that, each with another address than before.
    fn both_returned(&self, zero: &Lane, one: &Lane) -> Option<Timestamp> {
        let back = |lane: &Lane| {
            let now = lane.current().filter(|now| now.stage() == Stage::Ready)?;
            let before = lane.incarnations.iter().rev().find(|it| it.ended.is_some())?;
            let ended = before.ended?.latest();
            let differs = !before.ips.is_empty() && !now.ips.iter().any(|ip| before.ips.contains(ip));
            (ended >= self.since && differs).then(|| became_ready(now))?
        };
        Some(back(zero)?.max(back(one)?))
    }

    fn see_scale(&mut self, board: &Board) {
        let Some(spec) = board.controller.spec().filter(|spec| spec.policy == PodManagement::OrderedReady) else {
            return;
        };
        let replicas = spec.replicas;
        let added: Vec<&Lane> = board.lanes.iter().filter(|lane| lane.ordinal.0 >= 2).collect();
        let up: Option<Vec<Timestamp>> =
            added.iter().filter(|lane| lane.ordinal.0 < replicas).map(|lane| became_ready(lane.current()?)).collect();
        // In order: each was Ready after the one before it.
        if let Some(up) = up.filter(|up| !up.is_empty() && replicas >= 3 && up.is_sorted()) {
            self.tick(Step::ScaleUp, up.last().copied());
        }
        let ends: Option<Vec<Timestamp>> =
            added.iter().map(|lane| lane.incarnations.last()?.ended.map(End::latest)).collect();
        if let Some(ends) = ends.filter(|ends| replicas <= 2 && ends.iter().rev().is_sorted()) {
            self.tick(Step::ScaleDown, ends.first().copied());
        }
    }

    fn see_rollout(&mut self, board: &Board, now: Timestamp) {
        let Some(spec) = board.controller.spec() else { return };
        let counts = &board.counts;
        let observed = counts.observed_generation >= spec.generation;
        let rolling = counts.current_revision != counts.update_revision;
        let partition = match spec.strategy {
            UpdateStrategy::RollingUpdate { partition, .. } => partition,
            UpdateStrategy::OnDelete | UpdateStrategy::Other(_) => 0,
        };
        let is_at = |ordinal: u32, revision: &str| {
            let pod = board.lane(Ordinal(ordinal)).and_then(Lane::current);
            pod.is_some_and(|pod| pod.stage() == Stage::Ready && pod.revision.as_deref() == Some(revision))
        };
        let held = partition > 0
            && (0..spec.replicas).all(|ordinal| {
                is_at(ordinal, if ordinal < partition { &counts.current_revision } else { &counts.update_revision })
            });
        self.tick_once(Step::Partition, observed && rolling && held, now);
        let settled = observed && matches!(board.order.reason, Reason::Settled { .. });
        let broken = match &board.order.reason {
            Reason::RolloutStuck { status, .. } | Reason::UpdateWaits { status, .. } => is_pull_failure(status),
            Reason::WaitsForReady { stage, status, .. } => *stage == Stage::Failing && is_pull_failure(status),
            _ => false,
        };
        if self.done.contains_key(&Step::Partition) {
            self.tick_once(Step::Finish, settled && !rolling && partition == 0, now);
        }
        if self.done.contains_key(&Step::Break) {
            self.tick_once(Step::Mend, settled && !rolling, now);
        }
        self.tick_once(Step::Break, observed && broken, now);
    }

    fn see_readiness(&mut self, board: &Board, now: Timestamp) {
        let governing = board.services.iter().find(|service| service.governs && service.is_headless());
        let Some(service) = governing else { return };
        // It was Ready, still runs and is not going: its readiness was taken back.
        let unready = board
            .pods()
            .find(|(_, pod)| pod.stage() == Stage::Starting && pod.deleting.is_none() && became_ready(pod).is_some());
        let Some((ordinal, _)) = unready else {
            let restored = self.done.contains_key(&Step::Publish) && !service.publishes_not_ready;
            let ready = matches!(board.order.reason, Reason::Settled { .. });
            return self.tick_once(Step::Restore, restored && ready, now);
        };
        let name = board.set.pod_name(ordinal);
        let served = service.slices.iter().flat_map(|slice| &slice.endpoints).any(|endpoint| {
            endpoint.pod.as_deref() == Some(name.as_str()) && endpoint.state == topology::board::ReachState::Ready
        });
        self.tick_once(Step::NotReady, !service.publishes_not_ready && !served, now);
        self.tick_once(Step::Publish, service.publishes_not_ready, now);
    }

    /// The board of the StatefulSet without an order.
    pub fn see_parallel(&mut self, board: &Board) {
        let first = |index: usize| board.lanes.get(index).and_then(|lane| lane.incarnations.first());
        let Some((zero, one)) = first(0).zip(first(1)) else { return };
        // Not even the first one was Ready when the second was there.
        let at_once = became_ready(zero).filter(|ready| *ready > one.first_seen);
        self.tick(Step::Parallel, at_once.map(|_| one.first_seen));
    }

    /// A pod of the Deployment came or changed.
    pub fn see_contrast(&mut self, pod: &str, ready: bool, now: Timestamp) {
        self.contrast.insert(pod.to_owned(), ready);
        self.tick_contrast(now);
    }

    /// A pod of the Deployment is gone.
    pub fn miss_contrast(&mut self, pod: &str, now: Timestamp) {
        self.contrast.remove(pod);
        if self.gone.len() < MAX_GONE {
            self.gone.insert(pod.to_owned());
        }
        self.tick_contrast(now);
    }

    fn tick_contrast(&mut self, now: Timestamp) {
        let back = self.contrast.keys().any(|name| self.gone.contains(name));
        let ready = self.contrast.len() >= 2 && self.contrast.values().all(|ready| *ready);
        self.tick_once(Step::Contrast, self.gone.len() >= 2 && ready && !back, now);
    }

    /// A command ran in a pod.
    pub fn see_command(&mut self, command: &Command<'_>, now: Timestamp) {
        if !command.succeeded {
            return;
        }
        let words: Vec<&str> = command.words.iter().map(String::as_str).collect();
        match words[..] {
            ["hostname"] if command.output.trim() == command.pod => {
                self.named.insert(command.pod.to_owned());
            }
            ["nslookup", name, ..] => {
                let identity = ["web-0", "web-1"].into_iter().find(|it| name.split('.').take(2).eq([*it, "nginx"]));
                // Before the name stands the server, with an address too.
                let answer = command.output.lines().skip_while(|line| !line.starts_with("Name:"));
                let answered = answer.into_iter().any(|line| {
                    let address = line.strip_prefix("Address 1: ").and_then(|rest| rest.split(' ').next());
                    address.is_some_and(|address| address.parse::<IpAddr>().is_ok())
                });
                self.resolved.extend(identity.filter(|_| answered).map(str::to_owned));
            }
            _ => return,
        }
        let both = |known: &BTreeSet<String>| known.contains("web-0") && known.contains("web-1");
        self.tick_once(Step::Hostnames, both(&self.named), now);
        self.tick_once(Step::Resolve, both(&self.resolved), now);
    }
}

/// When `one` came, if `zero` was Ready by then and still there.
fn ordered(zero: &Lane, one: &Lane) -> Option<Timestamp> {
    let came = one.incarnations.iter().rev().map(|it| it.first_seen);
    let mut in_order = came.filter(|came| {
        zero.incarnations.iter().any(|it| {
            let alive = it.ended.is_none_or(|end| end.latest() >= *came);
            alive && became_ready(it).is_some_and(|ready| ready <= *came)
        })
    });
    in_order.next()
}

/// When a pod became Ready first, as far as it was seen.
fn became_ready(pod: &Incarnation) -> Option<Timestamp> {
    pod.spans.iter().find(|span| span.stage == Stage::Ready).map(|span| span.from)
}

fn is_pull_failure(status: &str) -> bool {
    matches!(status, "ErrImagePull" | "ImagePullBackOff")
}
