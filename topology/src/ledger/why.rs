//! Why an incarnation ended.

use serde::{Deserialize, Serialize};

use super::Row;
use crate::Topology;
use crate::board::Controller;
use crate::facts::{Disruption, Phase, UpdateStrategy};
use crate::fold::Delta;

/// Why an incarnation ended, as far as its own object and its StatefulSet's tell. Kubernetes does not record who asked
/// for a deletion.
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
    /// Its deletion was asked for, by whom and what for is not recorded.
    Deleted,
    /// Nobody watched.
    NotKnown,
}

/// Why the pod's deletion was asked for, going by its object and, where that is judged at the very moment, by its
/// StatefulSet: later, what that wants may have changed.
pub(super) fn why_deleted(topology: &Topology, delta: &Delta, row: &Row, at_the_moment: bool) -> Why {
    let pod = topology.pod(&row.set.namespace, &row.pod).filter(|pod| pod.uid == row.uid);
    let gone = delta.gone.iter().find(|gone| gone.uid == row.uid);
    let told = pod.map(|pod| (pod.disruption, pod.forced)).or(gone.map(|gone| (gone.disruption, gone.forced)));
    let (disruption, forced) = told.unwrap_or_default();
    match disruption {
        Some(Disruption::Evicted) => return Why::Evicted,
        Some(Disruption::Preempted) => return Why::Preempted,
        Some(Disruption::NodeLost) => return Why::NodeLost,
        None => {}
    }
    match (row.columns.status.as_str(), row.phase) {
        ("Evicted", _) => return Why::Evicted,
        ("NodeLost" | "Unknown", _) => return Why::NodeLost,
        (_, Phase::Failed) => return Why::Failed,
        (_, Phase::Succeeded) => return Why::Completed,
        _ => {}
    }
    if !at_the_moment {
        return Why::Deleted;
    }
    // A pod without a node goes at once, whoever deletes it; every other one first has its time.
    if forced && row.node.is_some() {
        return Why::ForceDeleted;
    }
    let Some(board) = topology.board(&row.set) else { return Why::Deleted };
    let spec = match &board.controller {
        Controller::Present(spec) if spec.uid == row.set_uid && spec.deleting.is_none() => spec,
        Controller::NotSeen => return Why::Deleted,
        Controller::Present(_) | Controller::Gone { .. } => return Why::SetDeleted,
    };
    if !spec.wants(row.ordinal) {
        return Why::ScaledDown;
    }
    let newest = &board.counts.update_revision;
    let outdated = !newest.is_empty() && row.revision.as_ref().is_some_and(|revision| revision != newest);
    match &spec.strategy {
        UpdateStrategy::RollingUpdate { partition, .. }
            if outdated && row.ordinal.0 >= spec.start.0.saturating_add(*partition) =>
        {
            Why::RolledOut
        }
        UpdateStrategy::RollingUpdate { .. } | UpdateStrategy::OnDelete | UpdateStrategy::Other(_) => Why::Deleted,
    }
}
