//! The keys that mean something wherever the focus is, as long as it is on nothing that takes keys itself.

use leptos::ev;
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::KeyboardEvent;

use crate::state::Store;

/// Listens for as long as the page lives.
pub(super) fn start(store: Store) {
    let _keys = window_event_listener(ev::keydown, move |key| {
        if pressed(store, &key) {
            key.prevent_default();
        }
    });
}

/// Whether a key is free to mean something here: what has the focus takes none itself, and no dialog is open.
pub(super) fn is_free(store: Store, key: &KeyboardEvent) -> bool {
    let modified = key.ctrl_key() || key.meta_key() || key.alt_key();
    let target = key.target().and_then(|target| target.dyn_into::<web_sys::Element>().ok());
    let takes = |tag: &str| ["INPUT", "TEXTAREA", "SELECT"].contains(&tag);
    !modified
        && !key.default_prevented()
        && store.asking.read_untracked().is_none()
        && !target.is_some_and(|target| takes(&target.tag_name()))
}

fn pressed(store: Store, key: &KeyboardEvent) -> bool {
    if !is_free(store, key) {
        return false;
    }
    if key.key() == "?" {
        store.lists_keys.update(|lists| *lists = !*lists);
        return true;
    }
    if key.key() == "/" && !store.lists_keys.get_untracked() {
        super::links::search(store);
        return true;
    }
    if store.lists_keys.get_untracked() || store.shown().is_none() {
        return false;
    }
    let (stretch, now) = (store.lanes.stretch, store.now.get_untracked());
    let zoom = |factor: f64| {
        // What follows now goes on to; else the middle stays.
        let around = if stretch.get_untracked().follows() { 1.0 } else { 0.5 };
        stretch.update(|stretch| *stretch = stretch.zoomed(factor, around, now));
    };
    let pan = |quarters: i64| {
        stretch.update(|stretch| *stretch = stretch.moved(quarters * stretch.millis() / 4, now));
    };
    match (key.key().as_str(), key.shift_key()) {
        ("+" | "=", _) => zoom(0.5),
        ("-", false) => zoom(2.0),
        ("0", false) => stretch.update(|stretch| *stretch = stretch.following()),
        ("ArrowLeft", true) => pan(-1),
        ("ArrowRight", true) => pan(1),
        _ => return false,
    }
    true
}
