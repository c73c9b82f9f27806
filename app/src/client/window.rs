//! Which rows of a long list can be seen.

use leptos::prelude::*;
use wasm_bindgen::JsCast;
use wasm_bindgen::prelude::Closure;
use web_sys::{Element, ResizeObserver};

use crate::views::Window;

/// How many rows are made beyond those that can be seen, above and below.
const BEYOND: f64 = 12.0;

/// Keeps the window at the rows that can be seen for as long as the owner lives; `row` is the height of one in pixels.
/// Whatever is scrolled, the list's own place on the screen tells.
pub(crate) fn follow(list: &Element, row: f64, window: RwSignal<Window>) {
    let asked = StoredValue::new(false);
    let look = {
        let list = StoredValue::new_local(list.clone());
        move || {
            let Some(area) = list.try_with_value(Element::get_bounding_client_rect) else { return };
            asked.set_value(false);
            let height = page().inner_height().ok().and_then(|it| it.as_f64()).unwrap_or(area.height());
            #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a count of rows, not below 0")]
            let seen = Window {
                first: (-area.top() / row - BEYOND).max(0.0) as usize,
                count: (height / row + 2.0 * BEYOND) as usize,
            };
            if *window.read_untracked() != seen {
                window.set(seen);
            }
        }
    };
    // Once for each frame, however often it is scrolled.
    let moved = Closure::<dyn FnMut()>::new(move || {
        if asked.try_get_value() == Some(false) {
            asked.set_value(true);
            request_animation_frame(look);
        }
    });
    // What is scrolled inside the page does not bubble, but is captured.
    let _ = page().add_event_listener_with_callback_and_bool("scroll", moved.as_ref().unchecked_ref(), true);
    let observer = ResizeObserver::new(moved.as_ref().unchecked_ref());
    if let Ok(observer) = &observer {
        observer.observe(list);
    }
    look();
    let kept = StoredValue::new_local((observer, moved));
    on_cleanup(move || {
        kept.with_value(|(observer, moved)| {
            let _ = page().remove_event_listener_with_callback_and_bool("scroll", moved.as_ref().unchecked_ref(), true);
            if let Ok(observer) = observer {
                observer.disconnect();
            }
        });
    });
}

/// The browser's window; the name is taken by the list's.
fn page() -> web_sys::Window {
    leptos::prelude::window()
}
