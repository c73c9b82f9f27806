//! The slider under the lanes: any moment that is kept, with the moments of change marked.

use leptos::prelude::*;

use crate::geometry::px;
use crate::language::tr;
use crate::state::{SPEEDS, STEPS, Span, Store};
use crate::views::reactive::{click, maybe, several, text, word};

/// What the controls do.
#[derive(Clone, Copy)]
enum Do {
    Previous,
    Play,
    Next,
    Live,
}

/// The slider; nothing where no history is kept.
#[component]
pub(super) fn TimeSlider() -> impl IntoView {
    let store = Store::get();
    let is_kept = store.keeps_history();
    maybe(move || is_kept.get().then(|| view! { <Slider/> }.into_any()))
}

#[component]
fn Slider() -> impl IntoView {
    let store = Store::get();
    let (timeline, language) = (store.timeline, store.language);
    let value = Memo::new(move |_| match &*timeline.past.read() {
        Some(past) => timeline.place(past.at),
        None => STEPS,
    });
    let moment = text(move || match &*timeline.past.read() {
        Some(past) => store.when(past.at),
        None => tr!(language, timeline.now).to_owned(),
    });
    let moved = move |place: String| {
        let place = place.parse().unwrap_or(STEPS);
        #[cfg(feature = "hydrate")]
        match timeline.moment(place) {
            Some(at) => crate::client::history::visit(store, at),
            None => crate::client::history::live(store),
        }
        #[cfg(not(feature = "hydrate"))]
        let _: i64 = place;
    };
    let play = word(move || if timeline.plays.get() { "M3 2h3v10H3zM8 2h3v10H8z" } else { "M3 1l9 6-9 6z" });
    view! {
        <div class="timeline" role="group" aria-label=tr!(language, timeline.title)>
            <span class="steps">
                {control(Do::Previous, tr!(language, timeline.previous), text(|| "M10 2L4 7l6 5zM2 2h2v10H2z".to_owned()))}
                {control(Do::Play, tr!(language, timeline.play), text(move || play.get().to_owned()))}
                {control(Do::Next, tr!(language, timeline.next), text(|| "M4 2l6 5-6 5zM10 2h2v10h-2z".to_owned()))}
            </span>
            <select
                aria-label=tr!(language, timeline.speed)
                on:change:target=move |event| timeline.speed.set(event.target().value().parse().unwrap_or(1))
            >
                {SPEEDS.map(|speed| view! { <option value=speed.to_string()>{format!("{speed}×")}</option> }.into_any())}
            </select>
            <span class="edge">{text(move || store.when(timeline.from()))}</span>
            <span class="track">
                <Marked/>
                <input
                    class="moment"
                    type="range"
                    min="0"
                    max=STEPS.to_string()
                    value=STEPS.to_string()
                    prop:value=text(move || value.get().to_string())
                    aria-label=tr!(language, timeline.moment)
                    aria-valuetext=moment
                    on:input:target=move |event| moved(event.target().value())
                />
            </span>
            <select
                aria-label=tr!(language, timeline.span)
                on:change:target=move |event| {
                    let chosen = event.target().value();
                    let span = Span::ALL.into_iter().find(|span| span.label() == chosen);
                    timeline.span.set(span.unwrap_or(Span::TenMinutes));
                }
            >
                {Span::ALL.map(|span| {
                    let label = if span == Span::All { tr!(language, timeline.all) } else { span.label() };
                    view! { <option value=span.label()>{label}</option> }.into_any()
                })}
            </select>
            <button
                class="live-again"
                type="button"
                aria-pressed=text(move || (!timeline.is_past.get()).to_string())
                on:click=click(move |_| go(store, Do::Live))
            >
                {tr!(language, timeline.live)}
            </button>
        </div>
    }
}

fn control(what: Do, label: &'static str, path: Signal<String>) -> AnyView {
    let store = Store::get();
    view! {
        <button type="button" title=label aria-label=label on:click=click(move |_| go(store, what))>
            <svg viewBox="0 0 14 14" aria-hidden="true"><path d=path/></svg>
        </button>
    }
    .into_any()
}

#[cfg(feature = "hydrate")]
fn go(store: Store, what: Do) {
    use crate::client::history::{Side, live, play, step};
    match what {
        Do::Previous => step(store, Side::Previous),
        Do::Play => play(store),
        Do::Next => step(store, Side::Next),
        Do::Live => live(store),
    }
}

#[cfg(not(feature = "hydrate"))]
const fn go(_: Store, _: Do) {}

/// A mark for each moment of change; those that would cover each other have one.
#[component]
fn Marked() -> impl IntoView {
    let timeline = Store::get().timeline;
    let places = Memo::new(move |_| {
        let marks = timeline.marks.read();
        let mut places: Vec<i64> = marks.changes.iter().map(|at| timeline.place(*at) / 20).collect();
        places.dedup();
        places
    });
    let mark = |place: i64| -> AnyView {
        #[allow(clippy::cast_precision_loss, reason = "at most 500")]
        let x = px(place as f64 * 2.0);
        view! { <rect x=x y="0" width="2" height="8"/> }.into_any()
    };
    view! {
        <svg class="marks" viewBox="0 0 1000 8" preserveAspectRatio="none" aria-hidden="true">
            {several(move || places.get().into_iter().map(mark).collect())}
        </svg>
    }
}
