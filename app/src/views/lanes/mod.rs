//! Identity over time: a lane for each identity, a block for each pod that held it.
//!
//! The drawing lies still relative to an origin; one group moves it along with the time. So a frame costs one attribute,
//! whatever the number of lanes, and only what a change names is drawn anew.

mod axis;
mod block;
mod label;
mod lane;
mod legend;
mod timeline;

use leptos::html::Div;
use leptos::prelude::*;
use topology::Timestamp;

use crate::geometry::{Frame, Scale, Window, origin, px};
use crate::state::Store;
use crate::views::reactive::{each_lane, maybe, text};
use axis::{Axis, Deletions, Now, Unwatched};
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
    window: RwSignal<Window>,
    frame: Memo<Frame>,
    scale: Memo<Scale>,
    /// Where words must begin at the least, so that the left edge of the plot does not cut into them.
    edge: Memo<f64>,
}

impl Drawing {
    fn get() -> Self {
        expect_context()
    }
}

/// The panel with the lanes.
#[component]
pub(super) fn Lanes() -> impl IntoView {
    let store = Store::get();
    let board = store.board;
    let plot = NodeRef::<Div>::new();
    let size = RwSignal::new((0.0_f64, 0.0_f64));
    #[cfg(feature = "hydrate")]
    Effect::new(move |_| {
        if let Some(plot) = plot.get() {
            crate::client::size::follow(&plot, size);
        }
    });
    let window = RwSignal::new(Window::TwoMinutes);
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
    let origin = Memo::new(move |before: Option<&Timestamp>| origin(before.copied(), store.second.get()));
    let scale = Memo::new(move |_| Scale::new(origin.get(), window.get(), frame.get()));
    // It is looked at once a second: until the next time the drawing moves on by so much.
    let edge = Memo::new(move |_| {
        let scale = scale.get();
        scale.visible(store.second.get()).0 + scale.per_milli * 1_000.0
    });
    provide_context(Drawing { window, frame, scale, edge });

    let height = text(move || px(frame.get().height(count.get())));
    let view_box = text(move || format!("0 0 {} {}", px(frame.get().width), height.get()));
    let shift = text(move || {
        let scale = scale.get();
        format!("translate({} 0)", px(scale.plot - scale.x(store.now.get())))
    });
    let label = text(move || {
        let set = board.set.read().as_ref().map(|set| set.name.clone()).unwrap_or_default();
        format!("{} identities of {set} over time; the table of pods says what is now.", count.get())
    });
    view! {
        <section class="panel lanes">
            <h2>
                "Identity over time" <span>"each row is an identity that stays · each block is one pod that held it"</span>
                <Windows window/>
            </h2>
            <div class="plot" node_ref=plot>
                <svg viewBox=view_box role="img" aria-label=label>
                    <Patterns/>
                    <g class="names">
                        {each_lane(|row| view! { <LaneName ordinal=row.0/> }.into_any())}
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
                            {each_lane(|row| view! { <LaneBlocks row/> }.into_any())}
                            <Deletions height/>
                            <Unwatched height/>
                        </g>
                        {each_lane(|row| view! { <LaneOverlay row/> }.into_any())}
                    </svg>
                    <Now height/>
                </svg>
            </div>
            {maybe(move || {
                let left_out = board.left_out.get();
                let words = format!("{left_out} more pods have no lane here; those that are not Ready are drawn first.");
                (left_out > 0).then(|| view! { <p class="quiet" data-left-out=left_out.to_string()>{words}</p> }.into_any())
            })}
            <TimeSlider/>
            <Legend/>
        </section>
    }
}

/// How much time is shown.
#[component]
fn Windows(window: RwSignal<Window>) -> impl IntoView {
    let button = move |choice: Window| {
        view! {
            <button
                type="button"
                aria-pressed=text(move || (window.get() == choice).to_string())
                on:click=move |_| window.set(choice)
            >
                {choice.label()}
            </button>
        }
    };
    view! { <span class="windows" role="group" aria-label="How much time is shown">{Window::ALL.map(button)}</span> }
}
