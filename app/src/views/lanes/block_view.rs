//! The looks of what a lane consists of: blocks, their words, what lies between them, and the steps between lanes.

use leptos::prelude::*;
use topology::order::{Step, StepKind};
use topology::{Stage, Timestamp};

use super::block::{Placed, PlacedBlock, PlacedPiece};
use super::label::{Anchor, Label};
use crate::blocks::Gap;
use crate::geometry::{Frame, Scale, px, text_width};
use crate::language::{Language, tr};
use crate::state::Store;
use crate::time::{duration, running};
use crate::views::reactive::{text, word};
use crate::views::{stage_name, stage_word};

/// Whether there is room for something's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Words {
    Shown,
    /// The edge of the plot would cut them off, or others cover them.
    Cut,
}

/// Where the first line of words stands, which has this place and size where there are two.
pub(super) fn first_line(frame: Frame, place: f64, size: f64) -> String {
    px(if frame.has_two_lines() { place } else { frame.line(size) })
}

/// A pod, or several that are folded.
pub(super) fn placed_view(placed: Placed, bar: f64, store: Store) -> AnyView {
    match placed {
        Placed::One(block) => block_view(block, bar, store),
        Placed::Folded { pods, x, width, from, to } => {
            let (from, to) = (store.when(from), store.when(to));
            let words = tr!(store.language, lanes.folded, count = pods, from = from, to = to);
            let count = format!("×{pods}");
            let fits = text_width(&count, 11.0, false) + 4.0 < width;
            view! {
                <g class="block folded" data-pods=pods.to_string()>
                    <rect class="piece" data-stage="folded" x=px(x) y="0" width=px(width) height=px(bar) rx="5" fill="url(#pattern-folded)">
                        {leptos::svg::title().child(words)}
                    </rect>
                    {fits.then(|| view! { <text x=px(x + width / 2.0) y=px(bar / 2.0 + 4.0)>{count}</text> }.into_any())}
                </g>
            }
            .into_any()
        }
    }
}

fn block_view(block: PlacedBlock, bar: f64, store: Store) -> AnyView {
    let PlacedBlock { number, uid, x, width, ended, revised, restart, pieces } = block;
    let language = store.language;
    let pointed = {
        let uid = uid.clone();
        word(move || match &*store.lanes.pointed.read() {
            Some(pointed) if pointed.uid.as_str() == uid => "true",
            _ => "false",
        })
    };
    view! {
        <g class="block" data-uid=uid data-number=number data-ended=ended.to_string() data-pointed=pointed>
            {pieces.into_iter().map(|piece| piece_view(piece, bar, store)).collect::<Vec<_>>()}
            <rect class="outline" x=px(x) y="0" width=px(width) height=px(bar) rx="5"/>
            {revised.then(|| {
                let corner = format!("M{} 0h11l-11 11z", px(x + 1.0));
                view! { <path class="revised" d=corner>{leptos::svg::title().child(tr!(language, lanes.revised))}</path> }.into_any()
            })}
            {restart.map(|(at, count)| {
                let words = if count == 1 { tr!(language, lanes.restarted_once).to_owned() } else { tr!(language, lanes.restarted, count = count) };
                let tick = format!("M{} {}v-9m-3 3l3 -3 3 3", px(at), px(bar));
                view! { <path class="restart" d=tick>{leptos::svg::title().child(words)}</path> }.into_any()
            })}
        </g>
    }
    .into_any()
}

fn piece_view(piece: PlacedPiece, bar: f64, store: Store) -> AnyView {
    let PlacedPiece { stage, from, to, x, width } = piece;
    let word = if stage.is_some() { stage_word(stage) } else { "unwatched" };
    let title = text(move || piece_title(piece.stage, from, to, store));
    view! {
        <rect class="piece" data-stage=word x=px(x) y="0" width=px(width) height=px(bar) fill=format!("url(#pattern-{word})")>
            {leptos::svg::title().child(title)}
        </rect>
    }
    .into_any()
}

fn piece_title(stage: Option<Stage>, from: Timestamp, to: Option<Timestamp>, store: Store) -> String {
    let language = store.language;
    let stage = stage.map_or(tr!(language, lanes.not_watched), |stage| stage_name(stage, language));
    let since = store.when(from);
    let Some(to) = to else { return tr!(language, lanes.piece_open, stage = stage, from = since) };
    let passed = duration(language, to.millis_since(from));
    tr!(language, lanes.piece, stage = stage, from = since, to = store.when(to), passed = passed)
}

pub(super) fn label_view(label: Label, frame: Frame) -> AnyView {
    let x = match label.at {
        Anchor::Drawing(x) => px(x),
        Anchor::Edge => px(10.0),
    };
    view! {
        <g class="label" data-stage=stage_word(label.stage)>
            <text class="address" x=x.clone() y=first_line(frame, 19.0, 13.0)>
                {label.former.map(|former| view! { <tspan class="former">{former}</tspan>" → " }.into_any())}
                {label.address}
            </text>
            {frame.has_two_lines().then(|| view! { <text class="details" x=x y="35">{label.details}</text> }.into_any())}
        </g>
    }
    .into_any()
}

/// The stretch in which no pod held the identity, with its length where that fits.
pub(super) fn gap_view(gap: Gap, words: Words, scale: Scale, frame: Frame, store: Store) -> AnyView {
    let (from, to) = (scale.x(gap.from), scale.end(gap.to));
    let (middle, language) = (frame.bar / 2.0, store.language);
    let words = match gap.to {
        _ if words == Words::Cut => None,
        Some(to) => {
            let passed = duration(language, to.millis_since(gap.from));
            let length = if gap.seen {
                tr!(language, lanes.empty, passed = passed)
            } else {
                tr!(language, lanes.empty_least, passed = passed)
            };
            let fits = text_width(&length, 11.0, false) < scale.x(to) - from - 6.0;
            fits.then(|| view! { <text x=px(from + 4.0) y=px(middle - 6.0)>{length}</text> }.into_any())
        }
        None if store.shows_crew() => {
            let fits = move |words: &str| {
                #[allow(clippy::cast_precision_loss, reason = "milliseconds of this age are exact")]
                let room = store.second.get().millis_since(gap.from) as f64 * scale.per_milli;
                text_width(words, 11.0, false) + 8.0 < room
            };
            let words = [tr!(language, lanes.never_returns), tr!(language, lanes.for_good), ""];
            let words = word(move || words.into_iter().find(|words| fits(words)).unwrap_or_default());
            Some(view! { <text x=px(from + 8.0) y=px(middle - 6.0)>{words}</text> }.into_any())
        }
        None => {
            let words = text(move || {
                let passed = running(language, store.second.get().millis_since(gap.from));
                tr!(language, lanes.empty_for, passed = passed)
            });
            Some(view! { <text x=px(from + 8.0) y=px(middle - 6.0)>{words}</text> }.into_any())
        }
    };
    view! {
        <g class="gap">
            <line x1=px(from) x2=px(to) y1=px(middle) y2=px(middle)/>
            {words}
        </g>
    }
    .into_any()
}

/// From the pod that was where the controller had waited for to its neighbour, which came or had to go then.
pub(super) fn step_view(step: Step, words: Words, scale: Scale, frame: Frame, language: Language) -> AnyView {
    let (from, to) = (scale.x(step.opened), scale.x(step.taken));
    let gap = frame.pitch - frame.bar;
    // Drawn in the upper ordinal's lane, which is the lower one on the page: from above its edge down to it, or back.
    let (above, below) = if gap < 8.0 { (-gap - 7.0, -4.0) } else { (2.0 - gap, -5.0) };
    let (start, end) = if step.kind.is_up() { (above, below) } else { (below + 3.0, above + 3.0) };
    let bend = (end - start) / 2.0;
    // Two moments that are all but the same would make a line that nobody sees as an arrow between two.
    let to = to.max(from + 3.0);
    let [from_x, to_x, from_y, near, far, to_y] = [from, to, start, start + bend, end - bend, end].map(px);
    let path = format!("M{from_x} {from_y}C{from_x} {near} {to_x} {far} {to_x} {to_y}");
    let (kind, said) = match step.kind {
        StepKind::ReadySoNext => ("ready-so-next", tr!(language, lanes.ready_so_next)),
        StepKind::GoneSoNext => ("gone-so-next", tr!(language, lanes.gone_so_next)),
        StepKind::ReadySoReplaced => ("ready-so-replaced", tr!(language, lanes.ready_so_next)),
    };
    view! {
        <g class="arrow" data-step=kind>
            <path d=path pathLength="1" marker-end="url(#arrowhead)"/>
            {(words == Words::Shown && frame.has_words_between()).then(|| view! { <text x=px(to + 8.0) y=px(above / 2.0 + 4.0)>{said}</text> }.into_any())}
        </g>
    }
    .into_any()
}
