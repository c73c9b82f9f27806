//! What a StatefulSet's controller does, going by what is known.

use super::{Batch, Topology};
use crate::board::{Board, Incarnation};
use crate::facts::{Kind, Phase, StatefulSet};
use crate::order::{Member, Order, Reason, Situation, explain};
use crate::{Ordinal, SetKey};

impl Topology {
    /// Whether the controller would delete that pod in its next pass, if the pod were as it is told here.
    pub(crate) fn would_delete(&self, key: &SetKey, ordinal: Ordinal, pod: &Incarnation) -> bool {
        let (Some(board), Some(set)) = (self.board(key), self.facts.set(key)) else { return false };
        let others = board.members().filter(|(other, _)| *other != ordinal);
        let mut members: Vec<_> = others.map(|(ordinal, pod)| Member { ordinal, pod }).collect();
        members.push(Member { ordinal, pod });
        members.sort_by_key(|member| member.ordinal);
        match self.pass(board, set, members).reason {
            Reason::ReplacesEnded { ordinal: next, .. }
            | Reason::ScalesDown { ordinal: next, .. }
            | Reason::Updates { ordinal: next, .. } => next == ordinal,
            Reason::Parallel { .. } => !set.wants(ordinal) || matches!(pod.phase, Phase::Failed | Phase::Succeeded),
            _ => false,
        }
    }

    /// One pass of the controller over these pods.
    fn pass(&self, board: &Board, set: &StatefulSet, members: Vec<Member<'_>>) -> Order {
        let pods = self.facts.namespace(&set.key.namespace).map(|known| &known.pods);
        let owner = |name: &str| Some(pods?.get(name)?.owner.as_ref().map(ToString::to_string));
        explain(&Situation { set, members, holder: &owner, lanes: &board.lanes, unwatched: &board.unwatched })
    }
}

impl Batch<'_> {
    pub(super) fn explain(&self, key: &SetKey) -> Order {
        let topology = &*self.topology;
        let because = |reason| Order { reason, since: None };
        let Some(board) = topology.board(key) else { return because(Reason::NoController { pods: 0 }) };
        let hidden = [Kind::StatefulSet, Kind::Pod].into_iter().find(|kind| board.unseen.contains(kind));
        if let Some(kind) = hidden {
            return because(Reason::NotKnown { kind });
        }
        let Some(set) = topology.facts.set(key) else {
            let pods = u32::try_from(board.pods().count()).unwrap_or(u32::MAX);
            return because(Reason::NoController { pods });
        };
        let members = board.members().map(|(ordinal, pod)| Member { ordinal, pod }).collect();
        topology.pass(board, set, members)
    }
}
