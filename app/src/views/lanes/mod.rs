//! Identity over time: a lane for each identity, a block for each pod that held it.
//!
//! The drawing lies still relative to an origin; one group moves it along with the time. So a frame costs one attribute,
//! whatever the number of lanes, and only what a change names is drawn anew.

mod axis;
mod block;
mod block_view;
mod card;
mod label;
mod lane;
mod legend;
mod timeline;

use leptos::html::Div;
use leptos::prelude::*;
use topology::Timestamp;

use crate::geometry::{Frame, Scale, Window, origin, px};
use crate::language::{Language, tr};
use crate::state::Store;
use crate::stretch::Stretch;
use crate::views::Window as Seen;
use crate::views::reactive::{click, each_lane, maybe, text};
use axis::{Axis, Deletions, Now, Unwatched};
use card::PodCard;
use lane::{LaneBlocks, LaneName, LaneOverlay};
use legend::{Legend, Patterns};
use timeline::TimeSlider;

/// How much larger everything is drawn for a room: the smallest words are 18 pixels high then.
const PRESENTED: f64 = 1.8;

/// The width that is drawn for before the page's own is known.
const WIDTH: f64 = 900.0;

/// Where things are drawn now.
#[derive(Clone, Copy)]
struct Drawing {
    stretch: RwSignal<Stretch>,
    frame: Memo<Frame>,
    scale: Memo<Scale>,
    /// Where words must begin at the least, so that the left edge of the plot does not cut into them.
    edge: Memo<f64>,
}

impl Drawing {
    fn get() -> Self {
        expect_context()
    }

    /// Until when time is shown, by a clock of the store's.
    fn until(&self, now: impl Fn() -> Timestamp) -> Timestamp {
        until(self.stretch.get(), now)
    }
}

/// What does not follow now does not move with it.
fn until(stretch: Stretch, now: impl Fn() -> Timestamp) -> Timestamp {
    match stretch.fixed() {
        Some(at) if !Store::get().timeline.is_past.get() => at,
        _ => stretch.until(now()),
    }
}

/// The panel with the lanes.
#[component]
pub(super) fn Lanes() -> impl IntoView {
    let store = Store::get();
    let (board, language) = (store.board, store.language);
    let plot = NodeRef::<Div>::new();
    let size = RwSignal::new((0.0_f64, 0.0_f64));
    let stretch = store.lanes.stretch;
    let count = Memo::new(move |_| board.lanes.read().len());
    let frame = Memo::new(move |_| {
        let (width, height) = size.get();
        let (width, count) = (if width > 0.0 { width } else { WIDTH }, count.get());
        // A room sees all lanes at once.
        if store.presents.get() {
            Frame::fitting((width / PRESENTED).floor(), (height / PRESENTED).floor(), count)
        } else {
            Frame::new(width.floor(), count)
        }
    });
    let origin = Memo::new(move |before: Option<&Timestamp>| {
        origin(before.copied(), until(stretch.get(), || store.second.get()))
    });
    let scale = Memo::new(move |_| Scale::new(origin.get(), stretch.get().millis(), frame.get()));
    // It is looked at once a second: until the next time the drawing moves on by so much.
    let edge = Memo::new(move |_| {
        let (scale, stretch) = (scale.get(), stretch.get());
        let left = scale.visible(until(stretch, || store.second.get())).0;
        if stretch.follows() { left + scale.per_milli * 1_000.0 } else { left }
    });
    provide_context(Drawing { stretch, frame, scale, edge });
    let seen = RwSignal::new(Seen::FIRST);
    #[cfg(feature = "hydrate")]
    Effect::new(move |_| {
        if let Some(plot) = plot.get() {
            #[allow(clippy::cast_precision_loss, reason = "some hundreds of lanes")]
            let row = move |height: f64| height / count.get_untracked().max(1) as f64;
            crate::client::window::follow(&plot, row, seen);
            crate::client::size::follow(&plot, size);
            crate::client::pan::follow(store, &plot, frame);
        }
    });

    let height = text(move || px(frame.get().height(count.get())));
    let view_box = text(move || format!("0 0 {} {}", px(frame.get().width), height.get()));
    let shift = text(move || {
        let scale = scale.get();
        format!("translate({} 0)", px(scale.plot - scale.x(until(stretch.get(), || store.now.get()))))
    });
    let label = text(move || label(store, count.get()));
    let is_crew = store.shows_crew();
    let (title, hint) = if is_crew {
        (tr!(language, lanes.pods_title), tr!(language, lanes.pods_hint))
    } else {
        (tr!(language, lanes.identity_title), tr!(language, lanes.identity_hint))
    };
    view! {
        <section class="panel lanes">
            <h2>
                {title}" "<span>{hint}</span>
                <Windows/>
            </h2>
            <div class="plot" node_ref=plot tabindex="0" role="group" aria-label=label>
                <svg viewBox=view_box aria-hidden="true">
                    <Patterns/>
                    <g class="names">
                        {each_lane(seen, |row| view! { <LaneName ordinal=row.0/> }.into_any())}
                    </g>
                    <svg
                        x=text(move || px(frame.get().left))
                        y="0"
                        width=text(move || px(frame.get().plot()))
                        height=height
                        overflow="hidden"
                    >
                        <g transform=shift>
                            <Axis height/>
                            {each_lane(seen, |row| view! { <LaneBlocks row/> }.into_any())}
                            <Deletions height/>
                            <Unwatched height/>
                        </g>
                        {each_lane(seen, |row| view! { <LaneOverlay row/> }.into_any())}
                    </svg>
                    <Now height/>
                </svg>
                <PodCard/>
            </div>
            {maybe(move || {
                let left_out = board.left_out.get();
                let words = tr!(language, lanes.left_out, count = left_out);
                (left_out > 0).then(|| view! { <p class="quiet" data-left-out=left_out.to_string()>{words}</p> }.into_any())
            })}
            {(!is_crew).then(|| view! { <TimeSlider/> }.into_any())}
            <div class="below">
                <Legend/>
                {save_buttons(plot, language)}
            </div>
        </section>
    }
}

/// What the drawing is, for who does not see it.
fn label(store: Store, count: usize) -> String {
    match (&*store.board.set.read(), &*store.crew.deployment.read()) {
        (Some(set), _) => tr!(store.language, lanes.label_identities, count = count, of = set.name),
        (None, deployment) => {
            let of = deployment.as_ref().map(|it| it.name.clone()).unwrap_or_default();
            tr!(store.language, lanes.label_pods, count = count, of = of)
        }
    }
}

/// Saves the drawing as it is shown.
fn save_buttons(plot: NodeRef<Div>, language: Language) -> AnyView {
    let button = move |picture: Picture| {
        let save = move |_| {
            #[cfg(feature = "hydrate")]
            if let Some(plot) = plot.get_untracked() {
                crate::client::picture::save(&plot, picture);
            }
            #[cfg(not(feature = "hydrate"))]
            let _ = (plot, picture);
        };
        let title = tr!(language, lanes.save_title);
        view! { <button type="button" class="button small" title=title on:click=click(save)>{picture.name()}</button> }
            .into_any()
    };
    view! { <p class="save">{tr!(language, lanes.save)} {Picture::ALL.map(button)}</p> }.into_any()
}

/// What a drawing is saved as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Picture {
    /// Lines and words.
    Svg,
    /// Pixels.
    Png,
}

impl Picture {
    const ALL: [Self; 2] = [Self::Svg, Self::Png];

    const fn name(self) -> &'static str {
        match self {
            Self::Svg => "SVG",
            Self::Png => "PNG",
        }
    }
}

/// How much time is shown, and the way back to now.
#[component]
fn Windows() -> impl IntoView {
    let store = Store::get();
    let (stretch, language) = (store.lanes.stretch, store.language);
    let follows = Memo::new(move |_| stretch.get().follows());
    let button = move |choice: Window| {
        let millis = choice.millis();
        let pressed = text(move || (stretch.get().millis() == millis).to_string());
        let choose = move || store.lanes.change(|stretch| stretch.of(millis));
        labelled_button(choice.label(), choice.label(), Some(pressed), Box::new(choose))
    };
    let zoom = move |factor: f64| {
        let now = store.now.get_untracked();
        store.lanes.change(|stretch| stretch.zoomed(factor, 1.0, now));
    };
    view! {
        {maybe(move || (!follows.get()).then(|| view! {
            <button
                type="button"
                class="follow"
                title=tr!(language, lanes.back_title)
                on:click=click(move |_| store.lanes.change(Stretch::following))
            >
                {tr!(language, lanes.back)}
            </button>
        }.into_any()))}
        <span class="windows" role="group" aria-label=tr!(language, lanes.how_much)>
            {labelled_button("−", tr!(language, lanes.more_time), None, Box::new(move || zoom(2.0)))}
            {Window::ALL.map(button)}
            {labelled_button("+", tr!(language, lanes.less_time), None, Box::new(move || zoom(0.5)))}
        </span>
    }
}

fn labelled_button(
    label: &'static str,
    title: &'static str,
    pressed: Option<Signal<String>>,
    press: Box<dyn Fn() + Send + Sync>,
) -> AnyView {
    view! {
        <button type="button" title=title aria-label=title aria-pressed=pressed on:click=click(move |_| press())>
            {label}
        </button>
    }
    .into_any()
}
