//! Showing the page to a room: the whole screen, where the browser lets the page have it.

use leptos::ev;
use leptos::prelude::*;

use crate::state::Store;

/// Begins or ends it.
pub(crate) fn switch(store: Store) {
    let presents = !store.presents.get_untracked();
    store.presents.set(presents);
    // Without the whole screen it is large all the same.
    if presents {
        let _ = document().document_element().map(|root| root.request_fullscreen());
    } else if document().fullscreen_element().is_some() {
        document().exit_fullscreen();
    }
}

/// Escape ends it, and so does the browser's own way out of the whole screen.
pub(super) fn start(store: Store) {
    let end = move || {
        if store.presents.get_untracked() {
            store.presents.set(false);
        }
    };
    let _keys = window_event_listener(ev::keydown, move |key| {
        if key.key() == "Escape" {
            end();
        }
    });
    let _screen = window_event_listener(ev::fullscreenchange, move |_| {
        if document().fullscreen_element().is_none() {
            end();
        }
    });
}
