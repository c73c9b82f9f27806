//! Blocks as they are drawn: a lane's pods, cut down to what is visible, placed, and folded where they are crowded.

use topology::{Stage, Timestamp};

use crate::blocks::{Block, Piece};
use crate::geometry::Scale;

/// A stretch of a block, placed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct PlacedPiece {
    pub(super) stage: Option<Stage>,
    pub(super) from: Timestamp,
    pub(super) to: Option<Timestamp>,
    pub(super) x: f64,
    pub(super) width: f64,
}

/// A block, placed.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct PlacedBlock {
    pub(super) number: usize,
    pub(super) uid: String,
    pub(super) x: f64,
    pub(super) width: f64,
    pub(super) ended: bool,
    /// Whether the pod was made from another revision than the one before.
    pub(super) revised: bool,
    /// Where its last restart was, and how many there were.
    pub(super) restart: Option<(f64, i64)>,
    pub(super) pieces: Vec<PlacedPiece>,
}

/// What is drawn in a lane.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Placed {
    /// A pod.
    One(PlacedBlock),
    /// Pods that lived too shortly to be told apart at this scale.
    Folded { pods: usize, x: f64, width: f64, from: Timestamp, to: Timestamp },
}

/// How narrow a block may get: a pod that lived for a moment is still seen.
const NARROWEST: f64 = 2.0;
/// How narrow ended pods may get that follow each other, before they are folded into one.
const CROWDED: f64 = 7.0;
/// How far apart they may lie then.
const NEAR: f64 = 6.0;

/// Places the blocks that reach into what is visible where it ends at `until`. The last pod stands by itself always.
pub(super) fn place(blocks: &[Block], scale: Scale, until: Timestamp) -> Vec<Placed> {
    let (left, right) = scale.visible(until);
    let visible = |block: &&Block| {
        block.to().is_none_or(|to| scale.x(to) >= left) && scale.x(block.from()) <= right + scale.per_milli * LATE
    };
    let visible: Vec<&Block> = blocks.iter().filter(visible).collect();
    let last = blocks.last().map(|block| block.number);
    let crowded = |block: &Block| {
        Some(block.number) != last && block.to().is_some_and(|to| scale.x(to) - scale.x(block.from()) < CROWDED)
    };
    let follows = |before: &Block, next: &Block| {
        crowded(before) && crowded(next) && before.to().is_some_and(|to| scale.x(next.from()) - scale.x(to) < NEAR)
    };
    visible.chunk_by(|before, next| follows(before, next)).map(|run| placed(run, scale, left)).collect()
}

/// What begins after the end of what is shown is drawn a little while before it is seen, in milliseconds: the drawing
/// moves on more often than it is placed.
const LATE: f64 = 1_000.0;

fn placed(run: &[&Block], scale: Scale, left: f64) -> Placed {
    let (first, last) = (run[0], run[run.len() - 1]);
    if run.len() == 1 {
        return Placed::One(placed_block(first, scale, left));
    }
    let (from, to) = (first.from(), last.to().unwrap_or(last.from()));
    let x = scale.x(from);
    Placed::Folded { pods: run.len(), x, width: (scale.x(to) - x).max(NARROWEST), from, to }
}

fn placed_block(block: &Block, scale: Scale, left: f64) -> PlacedBlock {
    let x = scale.x(block.from());
    let pieces = block.pieces.iter().filter(|piece| scale.end(piece.to) >= left);
    PlacedBlock {
        number: block.number,
        uid: block.uid.to_string(),
        x,
        width: (scale.end(block.to()) - x).max(NARROWEST),
        ended: block.ended,
        revised: block.revised,
        restart: block.restart.map(|(at, count)| (scale.x(at).max(x), count)),
        pieces: pieces.map(|piece| placed_piece(piece, scale)).collect(),
    }
}

fn placed_piece(piece: &Piece, scale: Scale) -> PlacedPiece {
    let x = scale.x(piece.from);
    let width = (scale.end(piece.to) - x).max(0.0);
    PlacedPiece { stage: piece.stage, from: piece.from, to: piece.to, x, width }
}

#[cfg(test)]
mod tests {
    use super::{Placed, place};
    use crate::blocks::{Block, Piece};
    use crate::geometry::{Frame, Scale};
    use topology::{Stage, Timestamp, Uid};

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_millis(seconds * 1_000)
    }

    fn block(number: usize, from: i64, to: Option<i64>) -> Block {
        Block {
            number,
            uid: Uid::from(format!("pod-{number}").as_str()),
            pieces: vec![Piece { stage: Some(Stage::Ready), from: at(from), to: to.map(at) }],
            ended: to.is_some(),
            ip: None,
            former_ip: None,
            node: None,
            status: String::new(),
            revised: false,
            restart: None,
        }
    }

    #[test]
    fn given_many_short_lives_when_placed_then_they_fold_and_the_last_pod_does_not() {
        let blocks: Vec<Block> =
            (0..20).zip((0..).step_by(10)).map(|(at, from)| block(at, from, Some(from + 9))).collect();
        let told = |millis, blocks: &[Block]| {
            let scale = Scale::new(at(0), millis, Frame::new(1_000.0, 1));
            let all = place(blocks, scale, at(200));
            let told = all.iter().map(|placed| match placed {
                Placed::One(block) => format!("{}", block.number),
                Placed::Folded { pods, .. } => format!("x{pods}"),
            });
            told.collect::<Vec<_>>().join(" ")
        };
        assert_eq!(told(3_600_000, &blocks), "x19 19", "an hour");
        assert_eq!(told(60_000, &blocks), "14 15 16 17 18 19", "a minute");
        let mixed = [block(1, 0, Some(1)), block(2, 2, Some(3)), block(3, 4, Some(150)), block(4, 151, None)];
        assert_eq!(told(900_000, &mixed), "x2 3 4");
        assert_eq!(told(900_000, &blocks[..1]), "0", "an identity that nobody holds keeps its last pod");
    }
}
