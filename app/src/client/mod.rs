//! What only runs in the browser.

pub(crate) mod ask;
mod clock;
mod fetch;
pub(crate) mod history;
mod keys;
pub(crate) mod ledger;
pub(crate) mod links;
pub(crate) mod pan;
pub(crate) mod picture;
pub(crate) mod present;
pub(crate) mod size;
mod stream;
pub(crate) mod theme;
pub(crate) mod window;

use std::time::Duration;

use leptos::mount::hydrate_body;
use leptos::prelude::*;
use leptos::task::spawn_local;
use wasm_bindgen_futures::JsFuture;

use crate::language::texts::{self, TEXTS_ID};
use crate::state::{Initial, STATE_ID, Store};
use crate::time::Zone;
use crate::views::App;

/// Takes over the page with the state that it carries, then follows the server.
pub(crate) fn start() {
    texts::take(element_text(TEXTS_ID).unwrap_or_default());
    let Some(initial) = carried() else {
        leptos::logging::error!("the page carries no state that this version can read");
        return;
    };
    let is_still = initial.is_still;
    hydrate_body(move || {
        let store = Store::new(initial, links::current());
        provide_context(store);
        // After the first render, which must be the server's to the letter.
        Effect::new(move |ran: Option<()>| {
            if ran.is_none() {
                store.zone.set(Zone::Local);
                links::start(store);
                present::start(store);
                history::start(store);
                keys::start(store);
                if is_still {
                    tell_stillness();
                } else {
                    stream::start(store, clock::start(store));
                }
            }
        });
        view! { <App/> }
    });
}

/// Tells whoever takes a picture of a specimen that it is drawn: the frame after next, as the first one measures it.
fn tell_stillness() {
    request_animation_frame(|| {
        request_animation_frame(|| {
            let page = document().query_selector(".page").ok().flatten();
            let _ = page.map(|page| page.set_attribute("data-still", "true"));
        });
    });
}

/// For how long it is said that something was copied.
const SAID: Duration = Duration::from_secs(2);

/// Copies a text, and says so for a moment where the browser let the page do it.
pub(crate) fn copy(text: &str, copied: RwSignal<bool>) {
    let done = JsFuture::from(window().navigator().clipboard().write_text(text));
    spawn_local(async move {
        if done.await.is_ok() {
            copied.set(true);
            set_timeout(move || copied.set(false), SAID);
        }
    });
}

/// The state in the page.
fn carried() -> Option<Initial> {
    let text = element_text(STATE_ID)?;
    // A character for each byte.
    let decoded = window().atob(&text).ok()?;
    let bytes: Vec<u8> = decoded.chars().filter_map(|byte| u8::try_from(byte).ok()).collect();
    postcard::from_bytes(&bytes).ok()
}

/// What an element of the page holds.
fn element_text(id: &str) -> Option<String> {
    document().get_element_by_id(id)?.text_content()
}
