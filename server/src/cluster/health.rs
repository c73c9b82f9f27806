//! How Berth stands to the cluster: the sum of what its watches and the pulse tell.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use topology::Timestamp;
use topology::facts::{self, Watch};
use topology::wire::{History, Probe, Refusal, Source, Status};

use super::Silence;

/// Why a watch that has to begin anew is not live.
pub(super) const LISTING_ANEW: &str = "listing anew";

/// How one watch stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum WatchHealth {
    /// Its first list is not in.
    Starting,
    /// It runs.
    Live,
    /// The API server refuses it (403).
    Refused,
    /// It broke, for this reason.
    Broken(String),
}

/// What the watches and the pulse told.
#[derive(Debug)]
pub struct Health {
    watches: BTreeMap<Watch, WatchHealth>,
    /// Watches whose first list is in, or that were refused.
    settled: BTreeMap<Watch, bool>,
    /// Watches whose first list is in.
    listed: BTreeSet<Watch>,
    /// Watches that were listed, and then refused: what is known of them is of before.
    lost: BTreeSet<Watch>,
    pulse: Result<(), Silence>,
    probe: Probe,
    history: History,
    /// Why nothing comes any more.
    over: Option<String>,
    since: Timestamp,
    last: Kind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Starting,
    Live,
    Broken,
}

impl Health {
    /// Before anything was heard of `watches`.
    pub fn new(watches: impl IntoIterator<Item = Watch>, at: Timestamp) -> Self {
        let watches: BTreeMap<_, _> = watches.into_iter().map(|watch| (watch, WatchHealth::Starting)).collect();
        // What is only there for contrast is waited for by nobody.
        let needed = watches.keys().filter(|watch| !watch.kind.is_for_contrast());
        let settled = needed.map(|watch| (watch.clone(), false)).collect();
        Self {
            watches,
            settled,
            listed: BTreeSet::new(),
            lost: BTreeSet::new(),
            pulse: Ok(()),
            probe: Probe::Off,
            history: History::Off,
            over: None,
            since: at,
            last: Kind::Starting,
        }
    }

    /// A watch told how it stands.
    pub fn watch(&mut self, watch: Watch, health: WatchHealth, at: Timestamp) {
        if matches!(health, WatchHealth::Live | WatchHealth::Refused)
            && let Some(settled) = self.settled.get_mut(&watch)
        {
            *settled = true;
        }
        match health {
            WatchHealth::Live => {
                self.listed.insert(watch.clone());
                self.lost.remove(&watch);
            }
            WatchHealth::Refused => {
                // What is only there for contrast says so itself.
                if self.listed.remove(&watch) && !watch.kind.is_for_contrast() {
                    self.lost.insert(watch.clone());
                }
            }
            WatchHealth::Starting | WatchHealth::Broken(_) => {}
        }
        self.watches.insert(watch, health);
        self.refresh(at);
    }

    /// The pulse told whether the API answers.
    pub fn pulse(&mut self, pulse: Result<(), Silence>, at: Timestamp) {
        if pulse.is_ok() && self.pulse.is_err() {
            // Every watch lists anew now; until it has, what it said before holds no more.
            for health in self.watches.values_mut().filter(|health| **health == WatchHealth::Live) {
                *health = WatchHealth::Broken(LISTING_ANEW.to_owned());
            }
        }
        let since = pulse.as_ref().err().map_or(at, |silence| silence.since.min(at));
        self.pulse = pulse;
        self.refresh(since.max(self.since));
    }

    /// All watches.
    pub fn watches(&self) -> impl Iterator<Item = &Watch> {
        self.watches.keys()
    }

    /// The probe told whether the cluster's DNS is asked.
    pub fn probe(&mut self, probe: Probe) {
        self.probe = probe;
    }

    /// Nothing comes any more: what is shown is as of now.
    pub fn over(&mut self, reason: String, at: Timestamp) {
        self.over = Some(reason);
        self.refresh(at);
    }

    /// The ledger told whether history is kept.
    pub fn history(&mut self, history: History) {
        self.history = history;
    }

    /// Whether every first list is in, or refused.
    pub fn is_complete(&self) -> bool {
        self.settled.values().all(|settled| *settled)
    }

    /// Whether every object of these kinds was listed, and may still be seen.
    pub fn has_listed(&self, kinds: &[facts::Kind]) -> bool {
        self.watches.keys().filter(|watch| kinds.contains(&watch.kind)).all(|watch| self.listed.contains(watch))
    }

    /// The watches whose first list is not in, in words: `pods in all namespaces`.
    pub fn missing(&self) -> Vec<String> {
        let missing = self.settled.iter().filter(|(_, settled)| !**settled);
        missing.map(|(watch, _)| words(watch)).collect()
    }

    /// The sum.
    pub fn status(&self) -> Status {
        let refused = self.watches.iter().filter(|(_, health)| **health == WatchHealth::Refused);
        let refused = refused.map(|(watch, _)| Refusal { kind: watch.kind, namespace: watch.namespace.clone() });
        let since = self.since;
        let source = match self.kind() {
            Kind::Live => Source::Live { since },
            Kind::Starting => Source::Starting { since, problem: self.problem() },
            Kind::Broken => Source::Broken { since, problem: self.problem().unwrap_or_default() },
        };
        Status { source, refused: refused.collect(), probe: self.probe.clone(), history: self.history.clone() }
    }

    fn refresh(&mut self, at: Timestamp) {
        let kind = self.kind();
        if kind != self.last {
            (self.since, self.last) = (at, kind);
        }
    }

    fn kind(&self) -> Kind {
        if !self.is_complete() {
            Kind::Starting
        } else if self.problem().is_some() {
            Kind::Broken
        } else {
            Kind::Live
        }
    }

    fn problem(&self) -> Option<String> {
        let broken = self.watches.iter().find_map(|(watch, health)| match health {
            WatchHealth::Broken(problem) => Some(format!("the watch of {} broke: {problem}", words(watch))),
            WatchHealth::Starting | WatchHealth::Live | WatchHealth::Refused => None,
        });
        let lost = self.lost.first().map(|watch| format!("{} may not be seen any more (403)", words(watch)));
        let silence = self.pulse.as_ref().err();
        let pulse = silence.map(|silence| format!("the Kubernetes API does not answer: {}", silence.problem));
        self.over.clone().or(pulse).or(lost).or(broken)
    }
}

fn words(watch: &Watch) -> String {
    let place =
        watch.namespace.as_ref().map_or_else(|| "all namespaces".to_owned(), |name| format!("namespace {name}"));
    format!("{} in {place}", watch.kind.resource())
}
