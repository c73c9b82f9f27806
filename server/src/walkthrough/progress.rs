//! Which steps were done: read from what the cluster did, whoever made it do so. Pure: what was seen and a time go in.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use topology::board::{Board, End, Found, Incarnation, Lane, ReachState, Spec};
use topology::facts::{PodManagement, UpdateStrategy};
use topology::order::Reason;
use topology::{Ordinal, Stage, Timestamp, Uid};

use super::contrast::{Contrast, Replica};
use super::steps::Step;

/// How far somebody has come.
#[derive(Debug)]
pub struct Progress {
    /// What happened before does not count.
    since: Timestamp,
    /// The domain of the cluster's names.
    domain: String,
    done: BTreeMap<Step, Timestamp>,
    /// Pods whose `hostname` was asked for within, and was their name.
    named: BTreeSet<String>,
    /// Names that DNS was asked for from within a pod, and that it answered.
    resolved: BTreeSet<String>,
    /// How many pods the set asked for when it was seen last.
    replicas: Option<(Uid, u32)>,
    /// Whether it asked for more then than before, which has not come to be yet.
    grows: bool,
    /// When it was last seen that nobody wanted both web-0 and web-1.
    unwanted: Option<Timestamp>,
    contrast: Contrast,
}

impl Default for Progress {
    fn default() -> Self {
        Self::from(Timestamp::default(), "cluster.local")
    }
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
    /// Nothing done in a cluster of this domain; only what happens from then on counts.
    pub fn from(since: Timestamp, domain: &str) -> Self {
        Self {
            since,
            domain: domain.to_ascii_lowercase(),
            done: BTreeMap::new(),
            named: BTreeSet::new(),
            resolved: BTreeSet::new(),
            replicas: None,
            grows: false,
            unwanted: None,
            contrast: Contrast::default(),
        }
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
        let wants = |spec: &Spec| spec.deleting.is_none() && spec.wants(Ordinal(0)) && spec.wants(Ordinal(1));
        if !board.controller.spec().is_some_and(wants) {
            self.unwanted = Some(now);
        }
        let zero_and_one = board.lane(Ordinal(0)).zip(board.lane(Ordinal(1)));
        if let Some((zero, one)) = zero_and_one {
            self.tick(Step::Order, self.ordered(zero, one));
            self.tick(Step::Delete, self.both_deleted(zero, one));
            self.tick(Step::Return, self.both_returned(zero, one));
        }
        self.see_scale(board);
        self.see_rollout(board, now);
        self.see_readiness(board, now);
    }

    /// The pods of a lane that came in this round, oldest first.
    fn of_round<'a>(&self, lane: &'a Lane) -> impl DoubleEndedIterator<Item = &'a Incarnation> + use<'a> {
        let since = self.since;
        lane.incarnations.iter().filter(move |pod| pod.first_seen >= since)
    }

    /// When the last pod of `one` came, if a pod of `zero` was seen to become Ready before, and was still there.
    fn ordered(&self, zero: &Lane, one: &Lane) -> Option<Timestamp> {
        let came = self.of_round(one).rev().filter(|pod| pod.found == Found::Watched).map(|pod| pod.first_seen);
        let mut in_order = came.filter(|came| {
            self.of_round(zero).any(|pod| {
                let alive = pod.ended.is_none_or(|end| end.latest() >= *came);
                // One that was Ready already when it was found may have become so after the other.
                let seen = pod.found == Found::Watched || pod.spans.first().is_some_and(|it| it.stage != Stage::Ready);
                alive && seen && became_ready(pod).is_some_and(|ready| ready <= *came)
            })
        });
        in_order.next()
    }

    /// When both were gone that somebody deleted: together, before one of them was replaced, and while the set wanted both.
    /// A rolling update replaces them too, but one after the other.
    fn both_deleted(&self, zero: &Lane, one: &Lane) -> Option<Timestamp> {
        let last = |lane: &Lane| {
            let at = lane.incarnations.iter().rposition(|pod| pod.ended.is_some())?;
            let pod = lane.incarnations.get(at).filter(|pod| pod.first_seen >= self.since)?;
            let end = pod.ended?.latest();
            let terminating = pod.spans.iter().find(|span| span.stage == Stage::Terminating);
            let asked = terminating.map_or(end, |span| span.from);
            Some((end, asked, lane.incarnations.get(at + 1).and_then(became_ready)))
        };
        let ((zero_end, zero_asked, zero_back), (one_end, one_asked, one_back)) = last(zero).zip(last(one))?;
        let together = zero_back.is_none_or(|back| one_asked < back) && one_back.is_none_or(|back| zero_asked < back);
        let wanted = self.unwanted.is_none_or(|unwanted| zero_end.min(one_end) > unwanted);
        (together && wanted).then(|| zero_end.max(one_end))
    }

    /// When both were Ready again after that, each with another address than before.
    fn both_returned(&self, zero: &Lane, one: &Lane) -> Option<Timestamp> {
        let deleted = self.done(Step::Delete)?;
        let back = |lane: &Lane| {
            let now = lane.current().filter(|now| now.stage() == Stage::Ready)?;
            let before = self.of_round(lane).rev().find(|pod| pod.ended.is_some_and(|end| end.latest() <= deleted))?;
            let differs = !before.ips.is_empty() && !now.ips.iter().any(|ip| before.ips.contains(ip));
            differs.then(|| became_ready(now))?
        };
        Some(back(zero)?.max(back(one)?))
    }

    fn see_scale(&mut self, board: &Board) {
        let Some(spec) = board.controller.spec().filter(|spec| spec.policy == PodManagement::OrderedReady) else {
            return;
        };
        let asked = (spec.uid.clone(), spec.replicas);
        if self.replicas.as_ref() != Some(&asked) {
            let before = self.replicas.replace(asked).filter(|(uid, _)| *uid == spec.uid);
            self.grows = before.is_some_and(|(_, replicas)| replicas < spec.replicas);
        }
        let ready = |ordinal: Ordinal| {
            let pod = board.lane(ordinal)?.current().filter(|pod| pod.first_seen >= self.since)?;
            (pod.stage() == Stage::Ready).then(|| became_ready(pod))?
        };
        // In order: each was Ready after the one before it.
        let up: Option<Vec<Timestamp>> =
            if self.grows && spec.replicas > 2 { spec.ordinals().map(ready).collect() } else { None };
        let added = up.iter().flatten().skip(2);
        let up = added.clone().last().copied().filter(|_| added.is_sorted());
        let above = board.lanes.iter().filter(|lane| lane.ordinal.0 >= 2);
        let above = above.filter_map(|lane| self.of_round(lane).next_back());
        let ends: Option<Vec<Timestamp>> = above.map(|pod| pod.ended.map(End::latest)).collect();
        let ends = ends.filter(|ends| spec.replicas <= 2 && ends.iter().rev().is_sorted());
        self.grows &= up.is_none();
        self.tick(Step::ScaleUp, up);
        self.tick(Step::ScaleDown, ends.and_then(|ends| ends.first().copied()));
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
        let held = (1..spec.replicas).contains(&partition)
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
        let mut endpoints = service.slices.iter().flat_map(|slice| &slice.endpoints);
        let Some(endpoint) = endpoints.find(|endpoint| endpoint.pod.as_deref() == Some(name.as_str())) else { return };
        let served = endpoint.state == ReachState::Ready && endpoint.hostname.as_deref() == Some(name.as_str());
        self.tick_once(Step::NotReady, !service.publishes_not_ready && !served, now);
        self.tick_once(Step::Publish, service.publishes_not_ready && served, now);
    }

    /// The board of the StatefulSet without an order.
    pub fn see_parallel(&mut self, board: &Board) {
        let mut first = board.lanes.iter().filter_map(|lane| self.of_round(lane).next());
        let Some((zero, one)) = first.next().zip(first.next()) else { return };
        // Not even the first one was Ready when the second was there.
        let at_once = became_ready(zero).filter(|ready| *ready > one.first_seen);
        self.tick(Step::Parallel, at_once.map(|_| one.first_seen));
    }

    /// A pod with the Deployment's label came or changed.
    pub fn see_contrast(&mut self, replica: &Replica<'_>, now: Timestamp) {
        self.contrast.see(replica);
        self.tick_once(Step::Contrast, self.contrast.is_replaced(), now);
    }

    /// A pod with the Deployment's label is gone.
    pub fn miss_contrast(&mut self, pod: &str, now: Timestamp) {
        self.contrast.miss(pod);
        self.tick_once(Step::Contrast, self.contrast.is_replaced(), now);
    }

    /// All pods with the Deployment's label, after a time in which nobody may have watched: others are gone.
    pub fn list_contrast(&mut self, replicas: &[Replica<'_>], now: Timestamp) {
        self.contrast.list(replicas);
        self.tick_once(Step::Contrast, self.contrast.is_replaced(), now);
    }

    /// Whether the Deployment has no pods.
    pub fn has_no_replicas(&self) -> bool {
        self.contrast.is_empty()
    }

    /// The names of the Deployment's pods before some were lost and after; `None` while none was.
    pub fn contrast_names(&self) -> Option<String> {
        self.contrast.names()
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
                let identity = identity_of(name, &self.domain);
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

/// Which of the two pods a name in DNS is of, as it is written within the namespace or longer.
fn identity_of(name: &str, domain: &str) -> Option<&'static str> {
    let name = name.to_ascii_lowercase();
    ["web-0", "web-1"].into_iter().find(|pod| {
        let rest = name.strip_prefix(pod).and_then(|rest| rest.strip_prefix(".nginx"));
        rest.is_some_and(|rest| {
            let full = format!(".default.svc.{domain}");
            ["", ".default", ".default.svc", full.as_str()].contains(&rest) || rest.strip_suffix('.') == Some(&full)
        })
    })
}

/// When a pod became Ready first, as far as it was seen.
fn became_ready(pod: &Incarnation) -> Option<Timestamp> {
    pod.spans.iter().find(|span| span.stage == Stage::Ready).map(|span| span.from)
}

fn is_pull_failure(status: &str) -> bool {
    matches!(status, "ErrImagePull" | "ImagePullBackOff")
}
