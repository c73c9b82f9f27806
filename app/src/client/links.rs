//! Links within the page: another place is shown without loading the page anew, and the browser's history knows it.
//!
//! A router library would make a tenth of all that the page loads; there are two kinds of addresses here, and
//! [`Place`] reads and writes both.

use leptos::ev;
use leptos::prelude::*;
use wasm_bindgen::{JsCast, JsValue};

use crate::route::{Place, Route};
use crate::state::Store;
use crate::views::SEARCH_ID;

/// The place in the address bar.
pub(super) fn current() -> Place {
    let location = window().location();
    let (path, query) = (location.pathname().unwrap_or_default(), location.search().unwrap_or_default());
    Place::parse(&format!("{path}{query}"))
}

/// Follows links and the browser's own buttons for as long as the page lives.
pub(super) fn start(store: Store) {
    let _clicks = window_event_listener(ev::click, move |click| {
        if let Some(place) = target(&click) {
            click.prevent_default();
            go(store, &place);
        }
    });
    let _buttons = window_event_listener(ev::popstate, move |_| show(store, &current()));
}

/// Shows another place and notes it in the history.
pub(crate) fn go(store: Store, place: &Place) {
    let address = place.address();
    if *place != *store.place.read_untracked() {
        // Without a history the address bar stays behind; the page is right all the same.
        let _ = window().history().and_then(|history| history.push_state_with_url(&JsValue::NULL, "", Some(&address)));
    }
    show(store, place);
}

/// Shows the same otherwise, and notes that in place of what was noted: each letter of a search is no step back.
pub(crate) fn narrow(store: Store, place: Place) {
    let address = place.address();
    // Without a history the address bar stays behind; the page is right all the same.
    let _ = window().history().and_then(|history| history.replace_state_with_url(&JsValue::NULL, "", Some(&address)));
    store.place.set(place);
}

/// Leads to the search of the fleet.
pub(super) fn search(store: Store) {
    let place = store.place.get_untracked();
    if place.route != Route::Fleet {
        go(store, &place.to(Route::Fleet));
    }
    // At once, so that no letter is lost; a page of the fleet that is new is there with the next frame.
    if !focus(SEARCH_ID) {
        request_animation_frame(|| {
            let _ = focus(SEARCH_ID);
        });
    }
}

/// Gives the focus to an element; whether it is there.
fn focus(id: &str) -> bool {
    let element = document().get_element_by_id(id).and_then(|it| it.dyn_into::<web_sys::HtmlElement>().ok());
    element.is_some_and(|element| element.focus().is_ok())
}

fn show(store: Store, place: &Place) {
    let moved = place.route != store.place.read_untracked().route;
    document().set_title(&place.title(store.language));
    store.go(place.clone());
    super::history::follow(store, place);
    if moved {
        super::present::leave();
        window().scroll_to_with_x_and_y(0.0, 0.0);
        // Whoever reads by keyboard or ear goes on where the new content begins.
        focus("content");
    }
}

/// The place that a click asks for: a plain click on a link to an address of this page.
fn target(click: &web_sys::MouseEvent) -> Option<Place> {
    let plain = click.button() == 0 && !(click.ctrl_key() || click.meta_key() || click.shift_key() || click.alt_key());
    if !plain || click.default_prevented() {
        return None;
    }
    let clicked: web_sys::Element = click.target()?.dyn_into().ok()?;
    let link = clicked.closest("a[href]").ok().flatten()?;
    let address = link.get_attribute("href")?;
    let elsewhere = ["target", "download", "hreflang"].into_iter().any(|name| link.has_attribute(name));
    (address.starts_with('/') && !elsewhere).then(|| Place::parse(&address))
}
