//! Why an incarnation ended.

use serde::{Deserialize, Serialize};

use super::Row;
use crate::board::{Controller, Incarnation};
use crate::facts::{Disruption, Phase, UpdateStrategy};
use crate::fold::Delta;
use crate::{Stage, Topology};

/// Why an incarnation ended, as far as its own object and its StatefulSet's tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum Why {
    /// It was evicted: through the API, as by a drain, or by its kubelet.
    Evicted,
    /// The scheduler made room for a pod of higher priority.
    Preempted,
    /// Its node was lost or tainted.
    NodeLost,
    /// A container ended badly and it was not restarted: the controller replaces it.
    Failed,
    /// Its containers ended well: the controller replaces it.
    Completed,
    /// Its StatefulSet was being deleted, or was gone.
    SetDeleted,
    /// Its StatefulSet wanted its ordinal no more.
    ScaledDown,
    /// It was of an older revision than the one that its StatefulSet rolled out.
    RolledOut,
    /// It vanished at once, although it was on a node: deleted without a grace period.
    ForceDeleted,
    /// It exists, but is no member of the StatefulSet any more.
    Released,
    /// Its deletion was asked for; what for is not recorded.
    Deleted,
    /// Nobody watched.
    NotKnown,
}

/// Who ended an incarnation, or asked for its deletion.
///
/// A deletion leaves no entry in `managedFields`, and the events of a StatefulSet are lost after some two dozen in a row,
/// so that one that is missing means nothing. What tells is the pod's own condition `DisruptionTarget`, which whoever ends
/// a pod for the cluster's sake sets first, and otherwise the StatefulSet at that very moment: whether its controller was
/// to delete just that pod, or had no reason to. Where neither is certain, nobody is named.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum Who {
    /// A client, through the eviction API, as a drain does.
    EvictionApi,
    /// Its kubelet.
    Kubelet,
    /// The scheduler.
    Scheduler,
    /// The taint manager: the pod does not bear a taint of its node.
    TaintManager,
    /// The collector of pods whose node is gone or out of service.
    PodCollector,
    /// The garbage collector, after its StatefulSet.
    GarbageCollector,
    /// Its StatefulSet's controller.
    Controller,
    /// A client of the API, which deleted the pod or its namespace: the controller had no reason to.
    Client,
}

/// Why a pod goes, and who wants that, where it is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Verdict {
    pub(super) why: Why,
    pub(super) who: Option<Who>,
}

impl Verdict {
    const fn by(why: Why, who: Who) -> Self {
        Self { why, who: Some(who) }
    }

    const fn of(why: Why) -> Self {
        Self { why, who: None }
    }
}

/// Why the pod's deletion was asked for and by whom, going by its object and, where that is judged at the very moment, by
/// its StatefulSet: later, what that wants may have changed.
pub(super) fn why_deleted(topology: &Topology, delta: &Delta, row: &Row, at_the_moment: bool) -> Verdict {
    let pod = topology.pod(&row.set.namespace, &row.pod).filter(|pod| pod.uid == row.uid);
    let gone = delta.gone.iter().find(|gone| gone.uid == row.uid);
    let (disruption, forced, graceless) = pod
        .map(|pod| (pod.disruption, pod.forced, pod.graceless))
        .or(gone.map(|gone| (gone.disruption, gone.forced, gone.graceless)))
        .unwrap_or_default();
    match disruption {
        Some(Disruption::Evicted) => return Verdict::by(Why::Evicted, Who::EvictionApi),
        Some(Disruption::Terminated) => return Verdict::by(Why::Evicted, Who::Kubelet),
        Some(Disruption::Preempted) => return Verdict::by(Why::Preempted, Who::Scheduler),
        Some(Disruption::NodeLost) => return Verdict::by(Why::NodeLost, Who::TaintManager),
        Some(Disruption::Collected) => return Verdict::by(Why::NodeLost, Who::PodCollector),
        Some(Disruption::Other) | None => {}
    }
    let by_controller = || {
        let is_next = at_the_moment && topology.would_delete(&row.set, row.ordinal, &before_deletion(row));
        is_next.then_some(Who::Controller)
    };
    match (row.columns.status.as_str(), row.phase) {
        ("Evicted", _) => return Verdict::by(Why::Evicted, Who::Kubelet),
        ("NodeLost" | "Unknown", _) => return Verdict::of(Why::NodeLost),
        (_, Phase::Failed) => return Verdict { why: Why::Failed, who: by_controller() },
        (_, Phase::Succeeded) => return Verdict { why: Why::Completed, who: by_controller() },
        _ => {}
    }
    if !at_the_moment || disruption.is_some() {
        return Verdict::of(Why::Deleted);
    }
    // A pod without a node goes at once, whoever deletes it, as does one whose spec gives it no time.
    if row.node.is_some() && !graceless && (forced || row.deleting.is_none()) {
        return Verdict::by(Why::ForceDeleted, Who::Client);
    }
    let Some(board) = topology.board(&row.set) else { return Verdict::of(Why::Deleted) };
    let spec = match &board.controller {
        Controller::Present(spec) if spec.uid == row.set_uid && spec.deleting.is_none() => spec,
        Controller::NotSeen => return Verdict::of(Why::Deleted),
        Controller::Present(_) | Controller::Gone { .. } => {
            return Verdict::by(Why::SetDeleted, Who::GarbageCollector);
        }
    };
    if !spec.wants(row.ordinal) {
        return Verdict { why: Why::ScaledDown, who: by_controller() };
    }
    let newest = &board.counts.update_revision;
    let outdated = !newest.is_empty() && row.revision.as_ref().is_some_and(|revision| revision != newest);
    match &spec.strategy {
        UpdateStrategy::RollingUpdate { partition, .. }
            if outdated && row.ordinal.0 >= spec.start.0.saturating_add(*partition) =>
        {
            Verdict { why: Why::RolledOut, who: by_controller() }
        }
        UpdateStrategy::Other(_) => Verdict::of(Why::Deleted),
        UpdateStrategy::RollingUpdate { .. } | UpdateStrategy::OnDelete => Verdict::by(Why::Deleted, Who::Client),
    }
}

/// The pod as it was when nobody had asked for its deletion yet.
fn before_deletion(row: &Row) -> Incarnation {
    let mut pod = row.incarnation();
    (pod.deleting, pod.ended) = (None, None);
    while pod.spans.pop_if(|last| last.stage == Stage::Terminating).is_some() {}
    pod
}
