//! Which rows of a long list can be seen.

use leptos::prelude::*;
use wasm_bindgen::JsCast;
use wasm_bindgen::prelude::Closure;
use web_sys::Element;

use super::size;
use crate::views::Window;

/// How many rows are made beyond those that can be seen, above and below.
const BEYOND: f64 = 12.0;

/// Keeps `seen` at the rows that can be seen for as long as the owner lives; `row` tells the height of one in pixels, of a
/// list of that height. Whatever is scrolled, the list's own place on the screen tells.
pub(crate) fn follow(list: &Element, row: impl Fn(f64) -> f64 + Copy + 'static, seen: RwSignal<Window>) {
    let asked = StoredValue::new(false);
    let look = {
        let list = StoredValue::new_local(list.clone());
        move || {
            let Some(area) = list.try_with_value(Element::get_bounding_client_rect) else { return };
            asked.set_value(false);
            let row = row(area.height());
            let height = window().inner_height().ok().and_then(|it| it.as_f64()).unwrap_or(area.height());
            #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a count of rows, not below 0")]
            let now = Window {
                first: (-area.top() / row - BEYOND).max(0.0) as usize,
                count: (height / row + 2.0 * BEYOND) as usize,
            };
            if *seen.read_untracked() != now {
                seen.set(now);
            }
        }
    };
    // Once for each frame, however often it is scrolled.
    let ask = move || {
        if asked.try_get_value() == Some(false) {
            asked.set_value(true);
            request_animation_frame(look);
        }
    };
    let size = RwSignal::new((0.0, 0.0));
    size::follow(list, size);
    Effect::new(move |_| {
        size.track();
        ask();
    });
    let scrolled = Closure::<dyn FnMut()>::new(ask);
    // What is scrolled inside the page does not bubble, but is captured.
    let _ = window().add_event_listener_with_callback_and_bool("scroll", scrolled.as_ref().unchecked_ref(), true);
    look();
    let kept = StoredValue::new_local(scrolled);
    on_cleanup(move || {
        kept.with_value(|scrolled| {
            let scrolled = scrolled.as_ref().unchecked_ref();
            let _ = window().remove_event_listener_with_callback_and_bool("scroll", scrolled, true);
        });
    });
}
