//! Blocks as they are drawn: a lane's pods, cut down to what is visible and placed.

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
    pub(super) pieces: Vec<PlacedPiece>,
}

/// How narrow a block may get: a pod that lived for a moment is still seen.
const NARROWEST: f64 = 2.0;

/// Places the blocks that reach into what is visible at `now`.
pub(super) fn place(blocks: &[Block], scale: Scale, now: Timestamp) -> Vec<PlacedBlock> {
    let (left, _) = scale.visible(now);
    let visible = |block: &&Block| block.to().is_none_or(|to| scale.x(to) >= left);
    blocks.iter().filter(visible).map(|block| placed(block, scale, left)).collect()
}

fn placed(block: &Block, scale: Scale, left: f64) -> PlacedBlock {
    let x = scale.x(block.from());
    let pieces = block.pieces.iter().filter(|piece| scale.end(piece.to) >= left);
    PlacedBlock {
        number: block.number,
        uid: block.uid.to_string(),
        x,
        width: (scale.end(block.to()) - x).max(NARROWEST),
        ended: block.ended,
        pieces: pieces.map(|piece| placed_piece(piece, scale)).collect(),
    }
}

fn placed_piece(piece: &Piece, scale: Scale) -> PlacedPiece {
    let x = scale.x(piece.from);
    let width = (scale.end(piece.to) - x).max(0.0);
    PlacedPiece { stage: piece.stage, from: piece.from, to: piece.to, x, width }
}
