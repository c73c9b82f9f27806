//! The words on the blocks: on the widest visible stretch of each, as many as fit there.

use topology::{Stage, Timestamp};

use crate::blocks::Block;
use crate::geometry::{Scale, text_width, widest};
use crate::language::{Language, tr};
use crate::time::duration;

/// The words on a block.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Label {
    /// Where they begin: in the drawing, or at the plot's edge.
    pub(super) at: Anchor,
    /// What they are written on.
    pub(super) stage: Option<Stage>,
    /// The address that the identity had before, where there is room for it.
    pub(super) former: Option<String>,
    /// The address.
    pub(super) address: String,
    /// Which pod it is.
    pub(super) details: String,
}

/// Where words begin.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Anchor {
    /// At a place of the drawing, with which they move.
    Drawing(f64),
    /// At the left edge of the plot: what they stand on began before what is visible.
    Edge,
}

/// Between the edge of a stretch and its words.
const PADDING: f64 = 10.0;
/// The sizes of the two lines, as in the style sheet.
const SIZES: (f64, f64) = (13.0, 11.0);

/// The labels of a lane's blocks that have room for one.
pub(super) fn labels(blocks: &[Block], scale: Scale, until: Timestamp, language: Language) -> Vec<Label> {
    blocks.iter().filter_map(|block| label(block, scale, until, language)).collect()
}

fn label(block: &Block, scale: Scale, until: Timestamp, language: Language) -> Option<Label> {
    let (piece, from, to) = widest(&block.pieces, scale, until)?;
    let room = to - from - 2.0 * PADDING;
    let address = block.ip.clone().unwrap_or_else(|| tr!(language, lanes.no_ip).to_owned());
    if text_width(&address, SIZES.0, true) > room {
        return None;
    }
    let both = |former: &String| text_width(&format!("{former} → {address}"), SIZES.0, true) <= room;
    let former = block.former_ip.clone().filter(both);
    let at = if scale.x(piece.from) < from { Anchor::Edge } else { Anchor::Drawing(from + PADDING) };
    Some(Label { at, stage: piece.stage, former, address, details: details(block, room, language) })
}

/// `pod 1 · 49 s · uid 3f1c02d7 · node-a`, without the parts at the end that do not fit. That a pod is Running says its
/// colour already.
fn details(block: &Block, room: f64, language: Language) -> String {
    let lived = block.to().map(|to| duration(language, to.millis_since(block.from())));
    let parts = [
        Some(tr!(language, lanes.pod_number, number = block.number)),
        lived.or_else(|| Some(block.status.clone()).filter(|status| status != "Running")),
        Some(tr!(language, lanes.uid, uid = block.uid.short())),
        block.node.clone(),
    ];
    let mut text = String::new();
    for part in parts.into_iter().flatten() {
        let longer = if text.is_empty() { part } else { format!("{text} · {part}") };
        if text_width(&longer, SIZES.1, false) > room {
            break;
        }
        text = longer;
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{Anchor, Label};
    use crate::blocks::{Block, Piece};
    use crate::geometry::{Frame, Scale};
    use crate::language::Language;
    use topology::{Stage, Timestamp, Uid};

    fn labels(blocks: &[Block], scale: Scale, until: Timestamp) -> Vec<Label> {
        super::labels(blocks, scale, until, Language::English)
    }

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_millis(seconds * 1000)
    }

    fn block(from: i64, to: Option<i64>) -> Block {
        Block {
            number: 2,
            uid: Uid::from("a90e41c2-0000"),
            pieces: vec![Piece { stage: Some(Stage::Ready), from: at(from), to: to.map(at) }],
            ended: to.is_some(),
            ip: Some("10.42.3.244".to_owned()),
            former_ip: Some("10.42.3.239".to_owned()),
            node: Some("node-a".to_owned()),
            status: "Running".to_owned(),
            revised: false,
            restart: None,
        }
    }

    #[test]
    fn given_blocks_of_all_widths_when_labelled_then_the_words_fit_and_stay_visible() {
        let scale = Scale::new(at(0), 60_000, Frame::new(1000.0, 1));
        let wide = labels(&[block(50, None)], scale, at(100));
        assert_eq!(wide[0].details, "pod 2 · uid a90e41c2 · node-a");
        assert_eq!(wide[0].former.as_deref(), Some("10.42.3.239"));
        assert_eq!(wide[0].at, Anchor::Drawing(scale.x(at(50)) + 10.0));
        let began_before = labels(&[block(0, None)], scale, at(100));
        assert_eq!(began_before[0].at, Anchor::Edge);
        let narrow = labels(&[block(70, Some(80))], scale, at(100));
        assert_eq!((narrow[0].details.as_str(), &narrow[0].former), ("pod 2 · 10 s", &None));
        assert!(labels(&[block(98, Some(99))], scale, at(100)).is_empty());
    }
}
