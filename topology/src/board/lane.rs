//! A lane: one identity over time, and the pods that held it.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use crate::facts::{Phase, Pod};
use crate::kubectl::{PodColumns, ReadyCount, Restarts};
use crate::{Ordinal, Stage, Timestamp, Uid};

/// How many incarnations of one identity are kept.
pub const MAX_INCARNATIONS: usize = 32;
/// How many spans of one incarnation are kept: a pod that flaps for days must not grow without bound.
pub const MAX_SPANS: usize = 64;

/// One identity over time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Lane {
    /// The identity within its StatefulSet.
    pub ordinal: Ordinal,
    /// How many older incarnations were dropped to keep within [`MAX_INCARNATIONS`].
    pub dropped: u32,
    /// The pods that held it, oldest first. Only the last one can be alive.
    pub incarnations: Vec<Incarnation>,
}

impl Lane {
    /// A lane that nobody held yet.
    pub fn new(ordinal: Ordinal) -> Self {
        Self { ordinal, dropped: 0, incarnations: Vec::new() }
    }

    /// The pod that holds the identity now.
    pub fn current(&self) -> Option<&Incarnation> {
        self.incarnations.last().filter(|last| last.ended.is_none())
    }

    pub(super) fn current_mut(&mut self) -> Option<&mut Incarnation> {
        self.incarnations.last_mut().filter(|last| last.ended.is_none())
    }

    /// The pod that held the identity last is a member again.
    pub(super) fn resume(&mut self) {
        if let Some(last) = self.incarnations.last_mut() {
            last.ended = None;
        }
    }

    pub(super) fn start(&mut self, incarnation: &Incarnation) {
        if self.incarnations.len() >= MAX_INCARNATIONS {
            self.incarnations.remove(0);
            self.dropped += 1;
        }
        self.incarnations.push(incarnation.clone());
    }

    /// The number of the incarnation at `index` of [`Lane::incarnations`], counted from 1.
    pub fn number(&self, index: usize) -> usize {
        self.dropped as usize + index + 1
    }
}

/// One pod (one UID) that held an identity, from first seen to gone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Incarnation {
    /// The pod's UID.
    pub uid: Uid,
    /// The UID of its controlling owner: of the StatefulSet, or of an earlier one of the same name.
    pub owner: Uid,
    /// When the API server stored it first (API time).
    pub created: Option<Timestamp>,
    /// When Berth saw it first (arrival time).
    pub first_seen: Timestamp,
    /// Whether Berth saw it come.
    pub found: Found,
    /// What `hostname` prints in it.
    pub hostname: String,
    /// Its subdomain.
    pub subdomain: Option<String>,
    /// Its node.
    pub node: Option<String>,
    /// Its addresses.
    pub ips: Vec<IpAddr>,
    /// The ControllerRevision that it was made from.
    pub revision: Option<String>,
    /// Its phase.
    pub phase: Phase,
    /// What kubectl prints for it.
    pub columns: PodColumns,
    /// When it became Ready, while it is (API time, whole seconds).
    pub ready_since: Option<Timestamp>,
    /// When its deletion was asked for (API time, whole seconds).
    pub deleting: Option<Timestamp>,
    /// Its stages with their beginnings (arrival time), oldest first; never empty.
    pub spans: Vec<Span>,
    /// When it ended; `None` while it exists.
    pub ended: Option<End>,
}

/// One stage of an incarnation; it lasts until the next one begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Span {
    /// The stage.
    pub stage: Stage,
    /// When it was first seen (arrival time).
    pub from: Timestamp,
}

/// Whether an incarnation's beginning was seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum Found {
    /// It came while Berth watched.
    Watched,
    /// It was there already when Berth looked: at its start or after a break. What it did before is not known.
    Listed,
    /// It existed, watched, without holding the identity, and became a member then.
    Adopted,
}

/// How an end is known: of an incarnation, or of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum End {
    /// The watch reported it (arrival time).
    Seen {
        /// When.
        at: Timestamp,
    },
    /// It was missing after nobody had watched: it ended somewhere in between (arrival times).
    Unseen {
        /// When it was certainly still there.
        after: Timestamp,
        /// When it was certainly gone.
        before: Timestamp,
    },
}

impl End {
    /// When it was gone at the latest.
    pub const fn latest(self) -> Timestamp {
        match self {
            Self::Seen { at } => at,
            Self::Unseen { before, .. } => before,
        }
    }

    /// When it was still there at the earliest end that is possible.
    pub const fn earliest(self) -> Timestamp {
        match self {
            Self::Seen { at } => at,
            Self::Unseen { after, .. } => after,
        }
    }
}

/// One thing about a pod that changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum PodChange {
    /// A new stage, and when it was seen (arrival time).
    Stage(Span),
    /// READY.
    Ready(ReadyCount),
    /// STATUS.
    Status(String),
    /// RESTARTS.
    Restarts(Restarts),
    /// Its addresses.
    Ips(Vec<IpAddr>),
    /// Its node.
    Node(Option<String>),
    /// Its revision label.
    Revision(Option<String>),
    /// Its phase.
    Phase(Phase),
    /// Since when it is Ready (API time).
    ReadySince(Option<Timestamp>),
    /// When its deletion was asked for (API time).
    Deleting(Option<Timestamp>),
    /// Its controlling owner: another StatefulSet of the same name adopted it.
    Owner(Uid),
}

impl Incarnation {
    /// The incarnation that begins with this fact.
    pub fn new(pod: &Pod, at: Timestamp, found: Found) -> Self {
        Self {
            uid: pod.uid.clone(),
            owner: owner_of(pod),
            created: pod.created,
            first_seen: at,
            found,
            hostname: pod.hostname.clone(),
            subdomain: pod.subdomain.clone(),
            node: pod.node.clone(),
            ips: pod.ips.clone(),
            revision: pod.revision.clone(),
            phase: pod.phase,
            columns: pod.columns.clone(),
            ready_since: pod.ready_since,
            deleting: pod.deleting,
            spans: vec![Span { stage: pod.stage, from: at }],
            ended: None,
        }
    }

    /// Its stage now, or when it ended.
    pub fn stage(&self) -> Stage {
        self.spans.last().map_or(Stage::Pending, |span| span.stage)
    }

    /// Running with a true Ready condition: what the controller waits for.
    pub fn is_running_and_ready(&self) -> bool {
        self.phase == Phase::Running && self.ready_since.is_some()
    }

    /// What must change for this incarnation to say what the fact says.
    pub fn changes_to(&self, pod: &Pod, at: Timestamp) -> Vec<PodChange> {
        let mut changes = Vec::new();
        if self.stage() != pod.stage {
            changes.push(PodChange::Stage(Span { stage: pod.stage, from: at }));
        }
        if self.columns.ready != pod.columns.ready {
            changes.push(PodChange::Ready(pod.columns.ready));
        }
        if self.columns.status != pod.columns.status {
            changes.push(PodChange::Status(pod.columns.status.clone()));
        }
        if self.columns.restarts != pod.columns.restarts {
            changes.push(PodChange::Restarts(pod.columns.restarts));
        }
        if self.ips != pod.ips {
            changes.push(PodChange::Ips(pod.ips.clone()));
        }
        if self.node != pod.node {
            changes.push(PodChange::Node(pod.node.clone()));
        }
        if self.revision != pod.revision {
            changes.push(PodChange::Revision(pod.revision.clone()));
        }
        if self.phase != pod.phase {
            changes.push(PodChange::Phase(pod.phase));
        }
        if self.ready_since != pod.ready_since {
            changes.push(PodChange::ReadySince(pod.ready_since));
        }
        if self.deleting != pod.deleting {
            changes.push(PodChange::Deleting(pod.deleting));
        }
        let owner = owner_of(pod);
        if self.owner != owner {
            changes.push(PodChange::Owner(owner));
        }
        changes
    }

    /// Takes one change.
    pub fn apply(&mut self, change: &PodChange) {
        match change {
            PodChange::Stage(span) => {
                self.spans.push(*span);
                if self.spans.len() > MAX_SPANS {
                    // The first span keeps its beginning; the one after it is the oldest of the rest.
                    self.spans.remove(1);
                }
            }
            PodChange::Ready(ready) => self.columns.ready = *ready,
            PodChange::Status(status) => self.columns.status.clone_from(status),
            PodChange::Restarts(restarts) => self.columns.restarts = *restarts,
            PodChange::Ips(ips) => self.ips.clone_from(ips),
            PodChange::Node(node) => self.node.clone_from(node),
            PodChange::Revision(revision) => self.revision.clone_from(revision),
            PodChange::Phase(phase) => self.phase = *phase,
            PodChange::ReadySince(since) => self.ready_since = *since,
            PodChange::Deleting(asked) => self.deleting = *asked,
            PodChange::Owner(owner) => self.owner.clone_from(owner),
        }
    }
}

fn owner_of(pod: &Pod) -> Uid {
    pod.owner.as_ref().map(|owner| owner.uid.clone()).unwrap_or_default()
}
