//! One lane: its name, its blocks, and the words that stay at the edge of the plot.

use leptos::prelude::*;
use topology::board::Lane;
use topology::order::steps;
use topology::{Ordinal, Timestamp};

use super::Drawing;
use super::block::place;
use super::block_view::{Words, first_line, gap_view, label_view, placed_view, step_view};
use super::label::{Anchor, labels};
use crate::blocks::{Block, gaps};
use crate::geometry::{Frame, px, text_width};
use crate::state::{LaneRow, Store};
use crate::views::reactive::{maybe, several, text};

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

/// The blocks of a lane, as they change.
fn blocks_of(lane: ArcRwSignal<Lane>) -> Memo<Vec<Block>> {
    let store = Store::get();
    Memo::new(move |_| Block::all(&lane.read(), &store.board.unwatched.read()))
}

/// The identity: the name, its name in DNS, and what storage it keeps.
#[component]
pub(super) fn LaneName(ordinal: Ordinal) -> impl IntoView {
    let (store, drawing) = (Store::get(), Drawing::get());
    let top = top(ordinal);
    let name = store.pod_name(ordinal);
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

/// The blocks of a lane, what lies between them, and the controller's steps from the neighbour below and back.
#[component]
pub(super) fn LaneBlocks(row: LaneRow) -> impl IntoView {
    let (store, drawing) = (Store::get(), Drawing::get());
    let (ordinal, lane) = row;
    let blocks = blocks_of(lane.clone());
    let top = top(ordinal);
    let name = store.pod_name(ordinal);
    let gaps = {
        let lane = lane.clone();
        Memo::new(move |_| worded(gaps(&lane.read()), |gap| gap.from, drawing))
    };
    let steps = Memo::new(move |_| {
        // A Deployment's pods wait for nobody.
        if store.shows_crew() {
            return None;
        }
        let rows = store.board.lanes.read();
        let below = ordinal.0.checked_sub(1)?;
        let at = rows.binary_search_by_key(&below, |(known, _)| known.0).ok()?;
        let steps = steps(&rows[at].1.read(), &lane.read(), &store.board.unwatched.read());
        Some(worded(steps, |step| step.taken, drawing))
    });
    let placed = Memo::new(move |_| {
        let until = drawing.until(|| store.beat.get());
        place(&blocks.read(), drawing.scale.get(), until)
    });
    let labelled = Memo::new(move |_| {
        let mut all = labels(&blocks.read(), drawing.scale.get(), drawing.until(|| store.beat.get()), store.language);
        all.retain(|label| label.at != Anchor::Edge);
        all
    });
    view! {
        <g class="lane" data-lane=name data-ordinal=ordinal.to_string() transform=lowered(top)>
            {several(move || {
                let (scale, frame) = (drawing.scale.get(), drawing.frame.get());
                gaps.get().into_iter().map(|(gap, words)| gap_view(gap, words, scale, frame, store)).collect()
            })}
            {several(move || {
                let bar = drawing.frame.get().bar;
                placed.get().into_iter().map(|placed| placed_view(placed, bar, store)).collect()
            })}
            {several(move || {
                let frame = drawing.frame.get();
                labelled.get().into_iter().map(|label| label_view(label, frame)).collect()
            })}
            {several(move || {
                let (scale, frame) = (drawing.scale.get(), drawing.frame.get());
                let steps = steps.get().into_iter().flatten();
                steps.map(|(step, words)| step_view(step, words, scale, frame, store.language)).collect()
            })}
        </g>
    }
}

/// Each with whether its words, which begin a little after a time of it, can be read: the edge of the plot must not cut
/// them off, nor words before them cover them.
fn worded<T>(all: Vec<T>, begins: fn(&T) -> Timestamp, drawing: Drawing) -> Vec<(T, Words)> {
    let (scale, mut edge) = (drawing.scale.get(), drawing.edge.get());
    let with_words = |it: T| {
        let x = scale.x(begins(&it));
        let words = if x < edge { Words::Cut } else { Words::Shown };
        if words == Words::Shown {
            edge = x + WORDS;
        }
        (it, words)
    };
    all.into_iter().map(with_words).collect()
}

/// The room that the words between lanes take.
const WORDS: f64 = 86.0;

/// The words of the block that began before what is visible: they stand still at the edge of the plot.
#[component]
pub(super) fn LaneOverlay(row: LaneRow) -> impl IntoView {
    let (store, drawing) = (Store::get(), Drawing::get());
    let (ordinal, lane) = row;
    let blocks = blocks_of(lane);
    let top = top(ordinal);
    let label = Memo::new(move |_| {
        let all = labels(&blocks.read(), drawing.scale.get(), drawing.until(|| store.beat.get()), store.language);
        all.into_iter().find(|label| label.at == Anchor::Edge)
    });
    view! {
        <g class="lane-edge" transform=lowered(top)>
            {maybe(move || label.get().map(|label| label_view(label, drawing.frame.get())))}
        </g>
    }
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
