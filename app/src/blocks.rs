//! A lane as the blocks and gaps that are drawn: pure, without pixels.

use topology::board::{End, Found, Incarnation, Lane, Unwatched};
use topology::{Stage, Timestamp, Uid};

/// One incarnation, ready to be drawn.
#[derive(Debug, Clone, PartialEq)]
pub struct Block {
    /// Its number within the identity, counted from 1.
    pub number: usize,
    /// The pod's UID.
    pub uid: Uid,
    /// Its stages and the stretches that nobody watched, oldest first; never empty.
    pub pieces: Vec<Piece>,
    /// Whether it is gone.
    pub ended: bool,
    /// Its first address.
    pub ip: Option<String>,
    /// The address of the pod before it, where that was another one.
    pub former_ip: Option<String>,
    /// Its node.
    pub node: Option<String>,
    /// kubectl's STATUS.
    pub status: String,
    /// Whether it was made from another revision than the pod before it.
    pub revised: bool,
    /// Its containers' last restart, and how many there were in all.
    pub restart: Option<(Timestamp, i64)>,
}

/// A stretch of a block. The last one of a pod that exists has no end yet.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Piece {
    /// What the pod was in; `None` where nobody watched.
    pub stage: Option<Stage>,
    /// From when.
    pub from: Timestamp,
    /// Until when.
    pub to: Option<Timestamp>,
}

/// A stretch in which no pod held the identity.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Gap {
    /// From when.
    pub from: Timestamp,
    /// Until when; `None` while it lasts.
    pub to: Option<Timestamp>,
    /// Whether both ends were seen; else it was at least that long.
    pub seen: bool,
}

impl Block {
    /// The blocks of a lane. What lies in a stretch that nobody watched is drawn as such.
    pub fn all(lane: &Lane, unwatched: &[Unwatched]) -> Vec<Self> {
        let mut before: Option<&Incarnation> = None;
        let blocks = lane.incarnations.iter().enumerate().map(|(at, pod)| {
            let block = Self::of(pod, before, lane.number(at), unwatched);
            before = Some(pod);
            block
        });
        blocks.collect()
    }

    fn of(incarnation: &Incarnation, before: Option<&Incarnation>, number: usize, unwatched: &[Unwatched]) -> Self {
        let restarts = &incarnation.columns.restarts;
        let former = before.and_then(|before| before.ips.first()).filter(|_| !incarnation.ips.is_empty());
        Self {
            number,
            uid: incarnation.uid.clone(),
            pieces: unwatched.iter().fold(pieces(incarnation), |pieces, stretch| without(&pieces, *stretch)),
            ended: incarnation.ended.is_some(),
            ip: incarnation.ips.first().map(ToString::to_string),
            former_ip: former.filter(|former| Some(*former) != incarnation.ips.first()).map(ToString::to_string),
            node: incarnation.node.clone(),
            status: incarnation.columns.status.clone(),
            revised: before.is_some_and(|before| before.revision != incarnation.revision),
            restart: restarts.last.map(|at| (at, restarts.count)),
        }
    }

    /// When it begins.
    pub fn from(&self) -> Timestamp {
        self.pieces.first().map_or_else(Timestamp::default, |piece| piece.from)
    }

    /// When it ends, if it has.
    pub fn to(&self) -> Option<Timestamp> {
        self.pieces.last().and_then(|piece| piece.to)
    }
}

fn beginning(incarnation: &Incarnation) -> Timestamp {
    match (incarnation.found, incarnation.created) {
        (Found::Listed, Some(created)) => created.min(incarnation.first_seen),
        _ => incarnation.first_seen,
    }
}

fn pieces(incarnation: &Incarnation) -> Vec<Piece> {
    let mut pieces = Vec::with_capacity(incarnation.spans.len() + 2);
    let from = beginning(incarnation);
    if from < incarnation.first_seen {
        pieces.push(Piece { stage: None, from, to: Some(incarnation.first_seen) });
    }
    for (at, span) in incarnation.spans.iter().enumerate() {
        let next = incarnation.spans.get(at + 1).map(|next| next.from);
        let to = next.or(incarnation.ended.map(End::earliest)).map(|to| to.max(span.from));
        pieces.push(Piece { stage: Some(span.stage), from: span.from, to });
    }
    if let Some(End::Unseen { after, before }) = incarnation.ended {
        pieces.push(Piece { stage: None, from: after, to: Some(before.max(after)) });
    }
    pieces
}

/// The pieces with a stretch cut out of them that nobody watched.
fn without(pieces: &[Piece], Unwatched { from, to }: Unwatched) -> Vec<Piece> {
    let cut = |piece: &Piece| {
        let (begins, ends) = (piece.from.max(from), piece.to.map_or(to, |end| end.min(to)));
        if piece.stage.is_none() || begins >= ends {
            return [Some(*piece), None, None];
        }
        let before = Piece { to: Some(begins), ..*piece };
        let after = Piece { from: ends, ..*piece };
        let unwatched = Piece { stage: None, from: begins, to: Some(ends) };
        [
            (before.from < begins).then_some(before),
            Some(unwatched),
            after.to.is_none_or(|end| end > ends).then_some(after),
        ]
    };
    pieces.iter().flat_map(cut).flatten().collect()
}

/// The gaps between the pods of a lane, and the one that lasts.
pub fn gaps(lane: &Lane) -> Vec<Gap> {
    let next = lane.incarnations.iter().skip(1).map(Some).chain([None]);
    lane.incarnations
        .iter()
        .zip(next)
        .filter_map(|(before, next)| {
            let end = before.ended?;
            let seen = matches!(end, End::Seen { .. }) && next.is_none_or(|next| next.found == Found::Watched);
            Some(Gap { from: end.latest(), to: next.map(beginning), seen })
        })
        .filter(|gap| gap.to.is_none_or(|to| to > gap.from))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{Block, Gap, Piece, gaps, pieces};
    use topology::board::{End, Found, Incarnation, Lane, Span, Unwatched};
    use topology::facts::Pod;
    use topology::{Ordinal, Stage, Timestamp};

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_millis(seconds * 1000)
    }

    fn pod(spans: &[(Stage, i64)], ended: Option<End>) -> Incarnation {
        Incarnation {
            created: Some(at(spans[0].1)),
            spans: spans.iter().map(|&(stage, from)| Span { stage, from: at(from) }).collect(),
            ended,
            ..Incarnation::new(&Pod::from(topology::kubernetes::Pod::default()), at(spans[0].1), Found::Watched)
        }
    }

    fn lane(ordinal: u32, incarnations: Vec<Incarnation>) -> Lane {
        Lane { ordinal: Ordinal(ordinal), dropped: 0, incarnations }
    }

    #[test]
    fn given_what_nobody_watched_when_drawn_then_it_is_a_piece_without_a_stage() {
        let mut listed = pod(&[(Stage::Ready, 10)], Some(End::Unseen { after: at(20), before: at(30) }));
        listed.found = Found::Listed;
        listed.created = Some(at(4));
        let piece = |stage, from, to| Piece { stage, from: at(from), to: Some(at(to)) };
        assert_eq!(pieces(&listed), [piece(None, 4, 10), piece(Some(Stage::Ready), 10, 20), piece(None, 20, 30)]);
    }

    #[test]
    fn given_stretches_that_nobody_watched_when_drawn_then_they_are_cut_out_of_what_was_seen() {
        let piece = |stage, from, to: Option<i64>| Piece { stage, from: at(from), to: to.map(at) };
        let (ready, failing) = (Some(Stage::Ready), Some(Stage::Failing));
        let incarnation = pod(&[(Stage::Ready, 0), (Stage::Failing, 310)], None);
        let drawn = |stretches: &[(i64, i64)]| {
            let stretches: Vec<_> =
                stretches.iter().map(|&(from, to)| Unwatched { from: at(from), to: at(to) }).collect();
            Block::of(&incarnation, None, 1, &stretches).pieces
        };
        // What was found after the break began somewhere in it.
        let expected = [piece(ready, 0, Some(10)), piece(None, 10, Some(310)), piece(failing, 310, None)];
        assert_eq!(drawn(&[(10, 310)]), expected);
        let expected = [
            piece(ready, 0, Some(10)),
            piece(None, 10, Some(20)),
            piece(ready, 20, Some(310)),
            piece(failing, 310, Some(400)),
            piece(None, 400, Some(500)),
            piece(failing, 500, None),
        ];
        assert_eq!(drawn(&[(10, 20), (400, 500)]), expected);
        let untouched = [piece(ready, 0, Some(310)), piece(failing, 310, None)];
        assert_eq!(drawn(&[(-20, -10)]), untouched);
    }

    #[test]
    fn given_pods_one_after_the_other_when_drawn_then_the_gaps_lie_between_them() {
        let ends = |second| Some(End::Seen { at: at(second) });
        let pods = vec![pod(&[(Stage::Ready, 1)], ends(5)), pod(&[(Stage::Ready, 8)], ends(9))];
        let expected = [Gap { from: at(5), to: Some(at(8)), seen: true }, Gap { from: at(9), to: None, seen: true }];
        assert_eq!(gaps(&lane(0, pods)), expected);
        let missed = vec![
            pod(&[(Stage::Ready, 1)], Some(End::Unseen { after: at(2), before: at(5) })),
            pod(&[(Stage::Ready, 8)], None),
        ];
        assert_eq!(gaps(&lane(0, missed)), [Gap { from: at(5), to: Some(at(8)), seen: false }]);
        assert!(gaps(&lane(0, vec![pod(&[(Stage::Ready, 1)], None)])).is_empty());
    }

    #[test]
    fn given_pods_of_two_revisions_when_drawn_then_the_first_of_the_new_one_is_marked() {
        let of = |revision: &str| Incarnation {
            revision: Some(revision.to_owned()),
            ..pod(&[(Stage::Ready, 1)], Some(End::Seen { at: at(2) }))
        };
        let blocks = Block::all(&lane(0, ["a", "a", "b", "b"].map(of).to_vec()), &[]);
        assert_eq!(blocks.iter().map(|block| block.revised).collect::<Vec<_>>(), [false, false, true, false]);
    }
}
