//! The keys that mean something wherever the focus is, as long as it is on nothing that takes keys itself.

use leptos::ev;
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::{Element, Event, KeyboardEvent};

use crate::state::Store;
use crate::stretch::Stretch;

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
    let takes = |tag: &str| ["INPUT", "TEXTAREA", "SELECT"].contains(&tag);
    !is_modified(key)
        && !key.default_prevented()
        && store.asking.read_untracked().is_none()
        && !target(key).is_some_and(|target| takes(&target.tag_name()))
}

/// Whether a key is pressed with another that makes something else of it; Shift is part of many.
pub(super) fn is_modified(key: &KeyboardEvent) -> bool {
    key.ctrl_key() || key.meta_key() || key.alt_key()
}

/// The element that something happened to.
pub(super) fn target(event: &Event) -> Option<Element> {
    event.target()?.dyn_into().ok()
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
    let (lanes, now) = (store.lanes, store.now.get_untracked());
    // What follows now goes on to; else the middle stays.
    let zoom = |factor: f64| lanes.change(|it| it.zoomed(factor, if it.follows() { 1.0 } else { 0.5 }, now));
    // On a little further than back: now has moved on meanwhile, and who goes back and on follows it again.
    let pan = |quarters: i64| {
        lanes.change(|it| it.moved(quarters * it.millis() / 4 + quarters.max(0) * it.millis() / 64, now));
    };
    match (key.key().as_str(), key.shift_key()) {
        ("+" | "=", _) => zoom(0.5),
        ("-", false) => zoom(2.0),
        ("0", false) => lanes.change(Stretch::following),
        ("ArrowLeft", true) => pan(-1),
        ("ArrowRight", true) => pan(1),
        _ => return false,
    }
    true
}
