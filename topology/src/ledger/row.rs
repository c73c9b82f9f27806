//! A row of the ledger: all that is kept of one incarnation.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use super::why::Verdict;
use super::{Moment, Who, Why};
use crate::board::{End, Found, Incarnation, MAX_SPANS, PodChange, Span};
use crate::facts::Phase;
use crate::kubectl::PodColumns;
use crate::{Ordinal, ResourceVersion, SetKey, Stage, Timestamp, Uid};

/// How many addresses of one incarnation are kept.
pub const MAX_ADDRESSES: usize = 32;
/// How many stretches in DNS of one incarnation are kept: a pod that flaps for days must not grow without bound.
pub const MAX_IN_DNS: usize = 64;

/// One pod (one UID) that held an identity. The cluster is the same for all rows of a server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Row {
    /// The StatefulSet.
    pub set: SetKey,
    /// The UID of its controlling owner: of the StatefulSet, or of an earlier one of the same name.
    pub set_uid: Uid,
    /// The identity within the StatefulSet.
    pub ordinal: Ordinal,
    /// The pod's name.
    pub pod: String,
    /// The pod's UID.
    pub uid: Uid,
    /// Whether Berth saw it come.
    pub found: Found,
    /// When the API server stored it first (API time).
    pub created: Option<Timestamp>,
    /// When Berth saw it first (arrival time).
    pub first_seen: Timestamp,
    /// What `hostname` prints in it.
    pub hostname: String,
    /// Its subdomain: with the host name, its name in DNS.
    pub subdomain: Option<String>,
    /// Its node.
    pub node: Option<String>,
    /// The ControllerRevision that it was made from.
    pub revision: Option<String>,
    /// Its addresses, in the order in which it got them.
    pub addresses: Vec<HeldAddress>,
    /// Its phase.
    pub phase: Phase,
    /// What kubectl prints for it, RESTARTS among it.
    pub columns: PodColumns,
    /// When it became Ready, while it is (API time).
    pub ready_since: Option<Timestamp>,
    /// When its deletion was asked for (API time).
    pub deleting: Option<Timestamp>,
    /// Its stages, oldest first; never empty.
    pub stages: Vec<StageTime>,
    /// When its own name in DNS had one of its addresses.
    pub dns: Vec<InDns>,
    /// Why it goes, from when that is seen.
    pub why: Option<Why>,
    /// Who wants that; `None` where it is not known.
    #[serde(default)]
    pub who: Option<Who>,
    /// Its end; `None` while it exists.
    pub ended: Option<Ended>,
    /// The newest version of its object that this is made from: of two rows, it tells which one knows more.
    pub version: Option<u64>,
}

/// An address that a pod had.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct HeldAddress {
    /// The address.
    pub ip: IpAddr,
    /// Since when.
    pub from: Moment,
    /// Until when, where it lost it before its end.
    pub until: Option<Moment>,
}

/// A stage of an incarnation; it lasts until the next one begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct StageTime {
    /// The stage.
    pub stage: Stage,
    /// When it began (arrival time).
    pub seen: Moment,
    /// When it began, where the API tells (API time, whole seconds): its creation for Pending, the Ready condition for
    /// Ready, the deletion that was asked for for Terminating.
    pub api: Option<Timestamp>,
}

/// A stretch in which a pod's own name had one of its addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct InDns {
    /// When the name entered DNS.
    pub entered: Moment,
    /// When it left; `None` while it is there.
    pub left: Option<Moment>,
}

/// The end of an incarnation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Ended {
    /// When.
    pub at: End,
    /// Why.
    pub why: Why,
}

impl Row {
    pub(super) fn new(set: &SetKey, ordinal: Ordinal, pod: &Incarnation, moment: Moment) -> Self {
        let began = match pod.found {
            Found::Watched => Moment::Seen { at: pod.first_seen },
            // It existed before it held the identity.
            Found::Adopted => Moment::Before { before: pod.first_seen },
            Found::Listed => match moment {
                Moment::Seen { at } => Moment::Before { before: at },
                learnt => learnt,
            },
        };
        let stages = pod.spans.iter().enumerate();
        let mut row = Self {
            set: set.clone(),
            set_uid: pod.owner.clone(),
            ordinal,
            pod: set.pod_name(ordinal),
            uid: pod.uid.clone(),
            found: pod.found,
            created: pod.created,
            first_seen: pod.first_seen,
            hostname: pod.hostname.clone(),
            subdomain: pod.subdomain.clone(),
            node: pod.node.clone(),
            revision: pod.revision.clone(),
            addresses: pod.ips.iter().map(|ip| HeldAddress { ip: *ip, from: began, until: None }).collect(),
            phase: pod.phase,
            columns: pod.columns.clone(),
            ready_since: pod.ready_since,
            deleting: pod.deleting,
            stages: stages
                .map(|(at, span)| StageTime {
                    stage: span.stage,
                    seen: if at == 0 { began } else { Moment::Seen { at: span.from } },
                    api: None,
                })
                .collect(),
            dns: Vec::new(),
            why: None,
            who: None,
            ended: None,
            version: None,
        };
        row.date_stage();
        row
    }

    /// Takes changes of the pod that became known at that moment.
    pub(super) fn apply(&mut self, changes: &[PodChange], moment: Moment) {
        let moment = match moment {
            // It was otherwise when it was seen last.
            Moment::Before { before } => Moment::Between { after: self.last_sign().min(before), before },
            known => known,
        };
        for change in changes {
            match change {
                PodChange::Stage(span) => {
                    self.stages.push(StageTime { stage: span.stage, seen: moment, api: None });
                    if self.stages.len() > MAX_SPANS {
                        self.stages.remove(1);
                    }
                }
                PodChange::Ready(ready) => self.columns.ready = *ready,
                PodChange::Status(status) => self.columns.status.clone_from(status),
                PodChange::Restarts(restarts) => self.columns.restarts = *restarts,
                PodChange::Ips(ips) => self.change_addresses(ips, moment),
                PodChange::Node(node) => self.node.clone_from(node),
                PodChange::Revision(revision) => self.revision.clone_from(revision),
                PodChange::Phase(phase) => self.phase = *phase,
                PodChange::ReadySince(since) => self.ready_since = *since,
                PodChange::Deleting(asked) => self.deleting = *asked,
                PodChange::Owner(owner) => self.set_uid.clone_from(owner),
            }
        }
        self.date_stage();
    }

    pub(super) fn judge(&mut self, Verdict { why, who }: Verdict) {
        (self.why, self.who) = (Some(why), who);
    }

    /// Whether it was seen to become Terminating, rather than found to be so.
    pub(super) fn deletion_was_seen(&self) -> bool {
        self.stages.first().is_some_and(|first| first.stage != Stage::Terminating)
    }

    /// The API's time of the stage of now, where it tells one.
    fn date_stage(&mut self) {
        let (created, ready, deleting) = (self.created, self.ready_since, self.deleting);
        if let Some(last) = self.stages.last_mut() {
            last.api = match last.stage {
                Stage::Pending => created,
                Stage::Ready => ready,
                Stage::Terminating => deleting,
                Stage::Creating | Stage::Starting | Stage::Failing | Stage::Completed => None,
            };
        }
    }

    fn change_addresses(&mut self, now: &[IpAddr], moment: Moment) {
        for held in self.addresses.iter_mut().filter(|held| held.until.is_none()) {
            if !now.contains(&held.ip) {
                held.until = Some(moment);
            }
        }
        let holds = |row: &Self, ip: &IpAddr| row.addresses.iter().any(|held| held.ip == *ip && held.until.is_none());
        for ip in now {
            if !holds(self, ip) {
                self.addresses.push(HeldAddress { ip: *ip, from: moment, until: None });
            }
        }
        if self.addresses.len() > MAX_ADDRESSES {
            self.addresses.remove(0);
        }
    }

    /// The addresses that it has, or had at its end.
    pub fn ips(&self) -> impl Iterator<Item = IpAddr> {
        self.addresses.iter().filter(|held| held.until.is_none()).map(|held| held.ip)
    }

    /// Whether its own name is in DNS.
    pub fn is_in_dns(&self) -> bool {
        self.dns.last().is_some_and(|last| last.left.is_none())
    }

    pub(super) fn enter_dns(&mut self, entered: Moment) {
        self.dns.push(InDns { entered, left: None });
        if self.dns.len() > MAX_IN_DNS {
            self.dns.remove(1);
        }
    }

    pub(super) fn leave_dns(&mut self, left: Moment) {
        if let Some(last) = self.dns.last_mut().filter(|last| last.left.is_none()) {
            last.left = Some(left);
        }
    }

    /// When something of it was seen last (arrival time); it was there at that time.
    pub fn last_sign(&self) -> Timestamp {
        self.stages.last().map_or(self.first_seen, |last| last.seen.latest().max(self.first_seen))
    }

    pub(super) fn resource_version(&self) -> ResourceVersion {
        ResourceVersion(self.version)
    }

    /// The incarnation as boards show it.
    pub fn incarnation(&self) -> Incarnation {
        let spans = self.stages.iter().map(|stage| Span { stage: stage.stage, from: stage.seen.latest() });
        Incarnation {
            uid: self.uid.clone(),
            owner: self.set_uid.clone(),
            created: self.created,
            first_seen: self.first_seen,
            found: self.found,
            hostname: self.hostname.clone(),
            subdomain: self.subdomain.clone(),
            node: self.node.clone(),
            ips: self.ips().collect(),
            revision: self.revision.clone(),
            phase: self.phase,
            columns: self.columns.clone(),
            ready_since: self.ready_since,
            deleting: self.deleting,
            spans: spans.collect(),
            ended: self.ended.map(|ended| ended.at),
        }
    }
}
