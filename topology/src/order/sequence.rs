//! What the order let through: a pod that came or went just when its neighbour was where the controller had waited for.

use super::Predecessor;
use crate::board::{End, Found, Incarnation, Lane, Unwatched};
use crate::{Ordinal, Stage, Timestamp};

/// How long after its neighbour became Ready, or was gone, a pod may have come or been asked to go for the one to explain
/// the other, in milliseconds. The controller reacts within a few; what comes later came for another reason, such as a
/// change of `replicas`.
const SO_NEXT_MILLIS: i64 = 1_000;

/// A step of the controller from one identity to its neighbour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Step {
    /// Which.
    pub kind: StepKind,
    /// When the neighbour was where the controller had waited for (arrival time).
    pub opened: Timestamp,
    /// When the pod came, or was asked to go (arrival time).
    pub taken: Timestamp,
}

/// The steps that there are. `processReplica` walks up and creates, `processCondemned` walks down and deletes, and so does
/// the rolling update (`stateful_set_control.go` of Kubernetes 1.37).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum StepKind {
    /// The pod below became Ready, and so the one above was created.
    ReadySoNext,
    /// The pod above was gone, and so the one below had to go: scaling down.
    GoneSoNext,
    /// The new pod above became Ready, and so the old one below had to go: a rolling update.
    ReadySoReplaced,
}

impl StepKind {
    /// Whether it leads from the lower ordinal to the higher one.
    pub const fn is_up(self) -> bool {
        matches!(self, Self::ReadySoNext)
    }
}

/// The steps between two neighbours: `below` has the ordinal before that of `above`. In the order in which they were taken.
pub fn steps(below: &Lane, above: &Lane, unwatched: &[Unwatched]) -> Vec<Step> {
    let created = above.incarnations.iter().filter_map(|next| {
        let all = below.incarnations.iter().filter_map(|it| ready_so_next(it, next, below.ordinal));
        let latest = all.max_by_key(|predecessor| predecessor.ready)?;
        Some(Step { kind: StepKind::ReadySoNext, opened: latest.ready, taken: latest.created })
    });
    let removed = below.incarnations.iter().filter_map(|pod| {
        let asked = asked_to_go(pod, unwatched)?;
        gone_so_next(above, asked).or_else(|| ready_so_replaced(above, pod, asked))
    });
    let mut all: Vec<Step> = Vec::new();
    for step in created.chain(removed) {
        let at = all.partition_point(|before| before.taken <= step.taken);
        all.insert(at, step);
    }
    all
}

/// When a pod was asked to go, where that was seen.
pub fn asked_to_go(pod: &Incarnation, unwatched: &[Unwatched]) -> Option<Timestamp> {
    let at = pod.spans.iter().position(|span| span.stage == Stage::Terminating)?;
    let asked = pod.spans[at].from;
    // A pod that was already going when it was seen was asked at a time that nobody saw.
    (at > 0 && unwatched.iter().all(|stretch| !stretch.has_learnt(asked))).then_some(asked)
}

/// Whether `next` came because `before` had become Ready: both were seen, one shortly after the other.
pub fn ready_so_next(before: &Incarnation, next: &Incarnation, ordinal: Ordinal) -> Option<Predecessor> {
    if next.found == Found::Listed {
        return None;
    }
    let created = next.first_seen;
    Some(Predecessor { ordinal, ready: ready_just_before(before, created)?, created })
}

/// When a pod became Ready, where that was seen and a step was taken soon after.
fn ready_just_before(pod: &Incarnation, taken: Timestamp) -> Option<Timestamp> {
    let spans = pod.spans.iter().enumerate();
    let ready = spans.filter(|(at, span)| span.stage == Stage::Ready && (*at > 0 || pod.found == Found::Watched));
    ready.map(|(_, span)| span.from).filter(|ready| is_soon_after(*ready, taken)).max()
}

fn is_soon_after(opened: Timestamp, taken: Timestamp) -> bool {
    (0..=SO_NEXT_MILLIS).contains(&taken.millis_since(opened))
}

/// The pod above was gone just before, and none came in its place: one that somebody deleted would have been made anew at
/// once.
fn gone_so_next(above: &Lane, asked: Timestamp) -> Option<Step> {
    let seen = above.incarnations.iter().filter_map(|pod| match pod.ended {
        Some(End::Seen { at }) => Some(at),
        _ => None,
    });
    let gone = seen.filter(|gone| is_soon_after(*gone, asked)).max()?;
    let is_back = above.incarnations.iter().any(|pod| is_soon_after(gone, pod.first_seen));
    (!is_back).then_some(Step { kind: StepKind::GoneSoNext, opened: gone, taken: asked })
}

/// The pod above became Ready just before, of another revision than the one that had to go.
fn ready_so_replaced(above: &Lane, pod: &Incarnation, asked: Timestamp) -> Option<Step> {
    let old = pod.revision.as_ref()?;
    let newer = above.incarnations.iter().filter(|it| it.revision.as_ref().is_some_and(|revision| revision != old));
    let ready = newer.filter_map(|it| ready_just_before(it, asked)).max()?;
    Some(Step { kind: StepKind::ReadySoReplaced, opened: ready, taken: asked })
}
