//! What all lanes share: times, the line of now, deletions, and stretches that nobody watched.

use leptos::prelude::*;
use topology::Timestamp;
use topology::order::asked_to_go;

use super::Drawing;
use crate::geometry::{Frame, Scale, px, text_width, ticks};
use crate::language::{Language, tr};
use crate::state::Store;
use crate::views::reactive::{maybe, several, text, word};

/// Deletions that came within this time of each other are marked together, in milliseconds.
const TOGETHER: i64 = 1_500;

/// The size of the words at a deletion, as in the style sheet.
const WORDS: f64 = 10.5;

/// How far from the left edge a time must be not to be cut off, and from the right one for the word "now".
const EDGE: f64 = 24.0;
const NOW_WORD: f64 = 58.0;

/// The times of the axis, above the lanes, with a line for each.
#[component]
pub(super) fn Axis(height: Signal<String>) -> impl IntoView {
    let (store, drawing) = (Store::get(), Drawing::get());
    let marks = Memo::new(move |_| {
        let until = drawing.until(|| store.second.get());
        let millis = drawing.stretch.get().millis();
        let marks = ticks(millis, drawing.frame.get().plot(), until, store.zone.get().offset(until));
        let (edge, (_, right)) = (drawing.edge.get(), drawing.scale.get().visible(until));
        let named = |at: Timestamp| {
            let x = drawing.scale.get().x(at);
            x - edge > EDGE && right - x > NOW_WORD
        };
        marks.into_iter().map(|at| (at, named(at))).collect::<Vec<_>>()
    });
    let mark = move |(at, named): (Timestamp, bool)| -> AnyView {
        let x = px(drawing.scale.get().x(at));
        view! {
            <line x1=x.clone() x2=x.clone() y1=px(Frame::TOP - 8.0) y2=height/>
            {named.then(|| view! { <text x=x y="12">{store.zone.get().time(at)}</text> }.into_any())}
        }
        .into_any()
    };
    view! { <g class="axis">{several(move || marks.get().into_iter().map(mark).collect())}</g> }
}

/// The line of now, at the end of what follows it.
#[component]
pub(super) fn Now(height: Signal<String>) -> impl IntoView {
    let (store, drawing) = (Store::get(), Drawing::get());
    let follows = Memo::new(move |_| drawing.stretch.get().follows());
    maybe(move || {
        let word = word(move || {
            if store.timeline.is_past.get() { tr!(store.language, lanes.then) } else { tr!(store.language, lanes.now) }
        });
        let right = text(move || px(drawing.frame.get().right));
        let line = move || {
            view! {
                <g class="now">
                    <line x1=right x2=right y1=px(Frame::TOP - 10.0) y2=height/>
                    <text x=right y="12">{word}</text>
                </g>
            }
            .into_any()
        };
        follows.get().then(line)
    })
}

/// When pods were asked to go: a line through all lanes.
#[component]
pub(super) fn Deletions(height: Signal<String>) -> impl IntoView {
    let (store, drawing) = (Store::get(), Drawing::get());
    let deletions = Memo::new(move |_| {
        let (lanes, unwatched) = (store.board.lanes.read(), store.board.unwatched.read());
        let mut asked = Vec::new();
        for (_, lane) in lanes.iter() {
            asked.extend(lane.read().incarnations.iter().filter_map(|pod| asked_to_go(pod, &unwatched)));
        }
        grouped(asked)
    });
    let marks = Memo::new(move |_| named(&deletions.read(), drawing.scale.get(), drawing.edge.get(), store.language));
    let line = move |(x, words): (f64, Option<String>)| -> AnyView {
        let x = px(x);
        view! {
            <line x1=x.clone() x2=x.clone() y1=px(Frame::TOP - 2.0) y2=height/>
            {words.map(|words| view! { <text x=x y=px(Frame::TOP)>{words}</text> }.into_any())}
        }
        .into_any()
    };
    view! {
        <g class="deletions">
            {several(move || marks.get().into_iter().map(line).collect())}
        </g>
    }
}

/// Pods that were asked to go at about the same time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Deletion {
    at: Timestamp,
    pods: usize,
}

/// Where each deletion is marked, and its words, which end there; none where they would cover those before them, or begin
/// beyond the edge.
fn named(deletions: &[Deletion], scale: Scale, edge: f64, language: Language) -> Vec<(f64, Option<String>)> {
    let mut taken = edge;
    let marks = deletions.iter().map(|deletion| {
        let x = scale.x(deletion.at);
        let words = match deletion.pods {
            1 => tr!(language, lanes.deleted_one).to_owned(),
            pods => tr!(language, lanes.deleted, count = pods),
        };
        let fits = x - text_width(&words, WORDS, false) > taken;
        if fits {
            taken = x;
        }
        (x, fits.then_some(words))
    });
    marks.collect()
}

fn grouped(mut asked: Vec<Timestamp>) -> Vec<Deletion> {
    asked.sort_unstable();
    let mut groups: Vec<Deletion> = Vec::new();
    for at in asked {
        match groups.last_mut() {
            Some(last) if at.millis_since(last.at) <= TOGETHER => last.pods += 1,
            _ => groups.push(Deletion { at, pods: 1 }),
        }
    }
    groups
}

/// From when on nobody watches, while nobody does.
#[component]
pub(super) fn Unwatched(height: Signal<String>) -> impl IntoView {
    let (store, drawing) = (Store::get(), Drawing::get());
    let since = Memo::new(move |_| store.unwatched_since());
    maybe(move || {
        since.get().map(|since| {
            let scale = drawing.scale.get();
            let x = scale.x(since);
            view! {
                <rect
                    class="unwatched"
                    x=px(x)
                    y=px(Frame::TOP - 8.0)
                    width=px(scale.end(None) - x)
                    height=height
                    fill="url(#pattern-unwatched)"
                />
            }
            .into_any()
        })
    })
}

#[cfg(test)]
mod tests {
    use super::{Deletion, grouped, named};
    use crate::geometry::{Frame, Scale};
    use crate::language::Language;
    use topology::Timestamp;

    #[test]
    fn given_deletions_one_after_another_when_named_then_no_words_cover_others() {
        let at = |seconds: i64| Timestamp::from_millis(seconds * 1000);
        let deletions = [0, 4, 8, 30].map(|seconds| Deletion { at: at(seconds), pods: 1 });
        let scale = Scale::new(at(0), 60_000, Frame::new(600.0, 1));
        let words = |edge| {
            named(&deletions, scale, edge, Language::English)
                .iter()
                .map(|(_, words)| words.is_some())
                .collect::<Vec<_>>()
        };
        assert_eq!(words(f64::NEG_INFINITY), [true, false, false, true]);
        assert_eq!(words(scale.x(at(8))), [false, false, false, true], "no words that the edge cuts off");
    }

    #[test]
    fn given_deletions_close_to_each_other_when_marked_then_they_have_one_mark() {
        let at = Timestamp::from_millis;
        let asked = vec![at(50_000), at(1_000), at(1_200), at(2_400)];
        assert_eq!(grouped(asked), [Deletion { at: at(1_000), pods: 3 }, Deletion { at: at(50_000), pods: 1 }]);
    }
}
