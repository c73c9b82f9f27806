//! One lane: its name, its blocks, and the words that stay at the edge of the plot.

use leptos::prelude::*;
use topology::board::Lane;
use topology::{Ordinal, Stage, Timestamp};

use super::Drawing;
use super::block::{PlacedBlock, PlacedPiece, place};
use super::label::{Anchor, Label, labels};
use crate::blocks::{Arrow, Block, Gap, arrows, gaps};
use crate::geometry::{Frame, Scale, px, text_width};
use crate::state::{LaneRow, Store};
use crate::time::{duration, running};
use crate::views::reactive::{maybe, several, text};
use crate::views::{stage_name, stage_word};

/// Where a lane is: its index among all, and so its top.
fn top(ordinal: Ordinal) -> Memo<f64> {
    let (store, drawing) = (Store::get(), Drawing::get());
    Memo::new(move |_| {
        let index = store.board.lanes.read().binary_search_by_key(&ordinal, |(known, _)| *known).unwrap_or_default();
        drawing.frame.get().lane(index)
    })
}

fn lowered(top: Memo<f64>) -> Signal<String> {
    text(move || format!("translate(0 {})", px(top.get())))
}

fn blocks_of(lane: &Lane, store: Store) -> Vec<Block> {
    let unwatched = store.board.unwatched.read();
    lane.incarnations.iter().enumerate().map(|(at, pod)| Block::of(pod, lane.number(at), &unwatched)).collect()
}

/// The identity: the name, its name in DNS, and what storage it keeps.
#[component]
pub(super) fn LaneName(ordinal: Ordinal) -> impl IntoView {
    let (store, drawing) = (Store::get(), Drawing::get());
    let top = top(ordinal);
    let set = store.board.set.get_untracked();
    let name = set.map(|set| set.pod_name(ordinal)).unwrap_or_default();
    let further = {
        let name = name.clone();
        Memo::new(move |_| {
            let controller = store.board.controller.read();
            let spec = controller.spec()?;
            let dns = (!spec.service_name.is_empty()).then(|| format!("{name}.{}", spec.service_name));
            let claims = spec.claims.iter().map(|claim| format!("{claim}-{name}")).collect::<Vec<_>>();
            let claims = (!claims.is_empty()).then(|| format!("pvc {}", claims.join(" ")));
            Some((dns, claims))
        })
    };
    let further = maybe(move || {
        let frame = drawing.frame.get();
        let (dns, claims) = further.get().filter(|_| frame.is_roomy() && frame.has_two_lines())?;
        let claims = claims.filter(|_| frame.has_words_between());
        let line = |class, y, text: &str| view! { <text class=class y=y>{clipped(text, frame)}</text> }.into_any();
        let dns = dns.map(|dns| line("dns", "33", &dns));
        let claims = claims.map(|claims| line("claims", "49", &claims));
        Some(dns.into_iter().chain(claims).collect::<Vec<_>>().into_any())
    });
    let shown = {
        let name = name.clone();
        text(move || shortened(&name, room(drawing.frame.get())))
    };
    view! {
        <g class="identity" data-identity=name.clone() transform=lowered(top)>
            <text class="name" y=text(move || first_line(drawing.frame.get(), 17.0, 16.0))>
                {leptos::svg::title().child(name.clone())}
                {shown}
            </text>
            {further}
        </g>
    }
}

/// Where the first line of words stands, which has this place and size where there are two.
fn first_line(frame: Frame, place: f64, size: f64) -> String {
    px(if frame.has_two_lines() { place } else { frame.line(size) })
}

/// The room that names have beside the plot.
fn room(frame: Frame) -> f64 {
    frame.left - 14.0
}

/// A text cut to the room that names have.
fn clipped(text: &str, frame: Frame) -> String {
    let most = fitting(room(frame), text_width("m", 11.0, true));
    if text.chars().count() <= most {
        return text.to_owned();
    }
    text.chars().take(most.saturating_sub(1)).chain(['…']).collect()
}

/// How wide a character of a pod's name is: bold, and on the average.
const NAME_CHARACTER: f64 = 16.0 * 0.62;

/// A pod's name cut to a room. Its ordinal stays: that tells it from its neighbours.
fn shortened(name: &str, room: f64) -> String {
    let most = fitting(room, NAME_CHARACTER);
    let (set, ordinal) = name.rsplit_once('-').unwrap_or((name, ""));
    let ordinal_length = ordinal.chars().count() + 1;
    if name.chars().count() <= most.max(ordinal_length + 2) {
        return name.to_owned();
    }
    let kept = most.saturating_sub(ordinal_length + 1).max(1);
    format!("{}…-{ordinal}", set.chars().take(kept).collect::<String>())
}

/// How many characters fit.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a few dozen characters")]
fn fitting(room: f64, character: f64) -> usize {
    (room / character) as usize
}

/// The blocks of a lane, what lies between them, and the arrows into it.
#[component]
pub(super) fn LaneBlocks(row: LaneRow) -> impl IntoView {
    let (store, drawing) = (Store::get(), Drawing::get());
    let (ordinal, lane) = row;
    let top = top(ordinal);
    let name = store.board.set.get_untracked().map(|set| set.pod_name(ordinal)).unwrap_or_default();
    let blocks = {
        let lane = lane.clone();
        Memo::new(move |_| blocks_of(&lane.read(), store))
    };
    let gaps = {
        let lane = lane.clone();
        Memo::new(move |_| worded(gaps(&lane.read()), |gap| gap.from, drawing))
    };
    let arrows = Memo::new(move |_| {
        let rows = store.board.lanes.read();
        let before = ordinal.0.checked_sub(1)?;
        let at = rows.binary_search_by_key(&before, |(known, _)| known.0).ok()?;
        Some(worded(arrows(&rows[at].1.read(), &lane.read()), |arrow| arrow.created, drawing))
    });
    let placed = Memo::new(move |_| place(&blocks.read(), drawing.scale.get(), store.beat.get()));
    let labelled = Memo::new(move |_| {
        let mut all = labels(&blocks.read(), drawing.scale.get(), store.beat.get());
        all.retain(|label| label.at != Anchor::Edge);
        all
    });
    view! {
        <g class="lane" data-lane=name transform=lowered(top)>
            {several(move || {
                let (scale, frame) = (drawing.scale.get(), drawing.frame.get());
                gaps.get().into_iter().map(|(gap, words)| gap_view(gap, words, scale, frame, store)).collect()
            })}
            {several(move || {
                let bar = drawing.frame.get().bar;
                placed.get().into_iter().map(|block| block_view(block, bar, store)).collect()
            })}
            {several(move || {
                let frame = drawing.frame.get();
                labelled.get().into_iter().map(|label| label_view(label, frame)).collect()
            })}
            {several(move || {
                let (scale, frame) = (drawing.scale.get(), drawing.frame.get());
                let arrows = arrows.get().into_iter().flatten();
                arrows.map(|(arrow, words)| arrow_view(arrow, words, scale, frame)).collect()
            })}
        </g>
    }
}

/// Whether there is room for something's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Words {
    Shown,
    /// The edge of the plot would cut them off.
    Cut,
}

/// Each with whether its words, which begin a little after a time of it, can be read.
fn worded<T>(all: Vec<T>, begins: fn(&T) -> Timestamp, drawing: Drawing) -> Vec<(T, Words)> {
    let (scale, edge) = (drawing.scale.get(), drawing.edge.get());
    let with_words = |it: T| {
        let words = if scale.x(begins(&it)) < edge { Words::Cut } else { Words::Shown };
        (it, words)
    };
    all.into_iter().map(with_words).collect()
}

/// The words of the block that began before what is visible: they stand still at the edge of the plot.
#[component]
pub(super) fn LaneOverlay(row: LaneRow) -> impl IntoView {
    let (store, drawing) = (Store::get(), Drawing::get());
    let (ordinal, lane) = row;
    let top = top(ordinal);
    let blocks = Memo::new(move |_| blocks_of(&lane.read(), store));
    let label = Memo::new(move |_| {
        let all = labels(&blocks.read(), drawing.scale.get(), store.beat.get());
        all.into_iter().find(|label| label.at == Anchor::Edge)
    });
    view! {
        <g class="lane-edge" transform=lowered(top)>
            {maybe(move || label.get().map(|label| label_view(label, drawing.frame.get())))}
        </g>
    }
}

fn block_view(block: PlacedBlock, bar: f64, store: Store) -> AnyView {
    let PlacedBlock { number, uid, x, width, ended, pieces } = block;
    view! {
        <g class="block" data-uid=uid data-number=number data-ended=ended.to_string()>
            {pieces.into_iter().map(|piece| piece_view(piece, bar, store)).collect::<Vec<_>>()}
            <rect class="outline" x=px(x) y="0" width=px(width) height=px(bar) rx="5"/>
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
    let name = stage.map_or("Not watched", stage_name);
    match to {
        Some(to) => {
            format!("{name}: {} to {}, {}", store.when(from), store.when(to), duration(to.millis_since(from)))
        }
        None => format!("{name} since {}", store.when(from)),
    }
}

fn label_view(label: Label, frame: Frame) -> AnyView {
    let x = match label.at {
        Anchor::Drawing(x) => px(x),
        Anchor::Edge => px(10.0),
    };
    view! {
        <g class="label" data-stage=stage_word(label.stage)>
            <text class="address" x=x.clone() y=first_line(frame, 19.0, 13.0)>{label.address}</text>
            {frame.has_two_lines().then(|| view! { <text class="details" x=x y="35">{label.details}</text> }.into_any())}
        </g>
    }
    .into_any()
}

/// The stretch in which no pod held the identity, with its length where that fits.
fn gap_view(gap: Gap, words: Words, scale: Scale, frame: Frame, store: Store) -> AnyView {
    let (from, to) = (scale.x(gap.from), scale.end(gap.to));
    let middle = frame.bar / 2.0;
    let words = match gap.to {
        _ if words == Words::Cut => None,
        Some(to) => {
            let least = if gap.seen { "" } else { "at least " };
            let length = format!("empty {least}{}", duration(to.millis_since(gap.from)));
            let fits = text_width(&length, 11.0, false) < scale.x(to) - from - 6.0;
            fits.then(|| view! { <text x=px(from + 4.0) y=px(middle - 6.0)>{length}</text> }.into_any())
        }
        None => Some(
            view! {
                <text x=px(from + 8.0) y=px(middle - 6.0)>
                    {text(move || format!("empty for {}", running(store.second.get().millis_since(gap.from))))}
                </text>
            }
            .into_any(),
        ),
    };
    view! {
        <g class="gap">
            <line x1=px(from) x2=px(to) y1=px(middle) y2=px(middle)/>
            {words}
        </g>
    }
    .into_any()
}

/// From the pod that became Ready to the one that was created then.
fn arrow_view(arrow: Arrow, words: Words, scale: Scale, frame: Frame) -> AnyView {
    let (from, to) = (scale.x(arrow.ready), scale.x(arrow.created));
    let gap = frame.pitch - frame.bar;
    // Where lanes are all but together, it leads from within the one to the edge of the other.
    let (start, end) = if gap < 8.0 { (-gap - 7.0, -4.0) } else { (2.0 - gap, -5.0) };
    let bend = -start / 2.0;
    // Two moments that are all but the same would make a line that nobody sees as an arrow between two.
    let to = to.max(from + 3.0);
    let [from_x, to_x, from_y, near, far, to_y] = [from, to, start, start + bend, -bend - 4.0, end].map(px);
    let path = format!("M{from_x} {from_y}C{from_x} {near} {to_x} {far} {to_x} {to_y}");
    view! {
        <g class="arrow">
            <path d=path marker-end="url(#arrowhead)"/>
            {(words == Words::Shown && frame.has_words_between()).then(|| view! { <text x=px(to + 8.0) y=px(start / 2.0 + 4.0)>"Ready, so next"</text> }.into_any())}
        </g>
    }
    .into_any()
}

#[cfg(test)]
mod tests {
    use super::shortened;

    #[test]
    fn given_names_when_there_is_little_room_then_the_ordinal_stays() {
        for (name, room, text) in [
            ("web-0", 60.0, "web-0"),
            ("redis-10", 60.0, "re…-10"),
            ("redis-10", 162.0, "redis-10"),
            ("a-set-with-a-long-name-4", 162.0, "a-set-with-a-…-4"),
            ("web-1000000", 60.0, "w…-1000000"),
        ] {
            assert_eq!(shortened(name, room), text);
        }
    }
}
