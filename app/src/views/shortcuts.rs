//! The list of keys.

use leptos::html::Dialog;
use leptos::prelude::*;

use super::actions::follow;
use super::reactive::click;
use crate::language::{Language, tr};
use crate::state::Store;

/// Each key with what it does.
fn keys(language: Language) -> [(&'static str, &'static str); 10] {
    [
        ("?", tr!(language, keys.list)),
        ("/", tr!(language, keys.search)),
        ("← →", tr!(language, keys.changes)),
        (tr!(language, keys.space_key), tr!(language, keys.space)),
        ("+ −", tr!(language, keys.zoom)),
        ("Shift ← →", tr!(language, keys.pan)),
        ("0", tr!(language, keys.zero)),
        (tr!(language, keys.choose_key), tr!(language, keys.choose)),
        ("Esc", tr!(language, keys.escape)),
        (tr!(language, keys.pointer_key), tr!(language, keys.pointer)),
    ]
}

/// The list of keys, over the page.
#[component]
pub(super) fn Shortcuts() -> impl IntoView {
    let Store { lists_keys: lists, language, .. } = Store::get();
    let dialog = NodeRef::<Dialog>::new();
    follow(dialog, move || lists.get());
    let key = |(key, meaning): (&'static str, &'static str)| {
        view! { <div><dt><kbd>{key}</kbd></dt><dd>{meaning}</dd></div> }.into_any()
    };
    view! {
        <dialog class="keys" node_ref=dialog on:close=move |_| lists.set(false) aria-labelledby="keys">
            <h2 id="keys">{tr!(language, page.keys)}</h2>
            <dl>{keys(language).map(key)}</dl>
            <div class="buttons">
                <button type="button" class="button" on:click=click(move |_| lists.set(false))>{tr!(language, page.close)}</button>
            </div>
        </dialog>
    }
}

/// Opens the list, for those who do not know its key.
#[component]
pub(super) fn KeysSwitch() -> impl IntoView {
    let Store { lists_keys: lists, language, .. } = Store::get();
    let title = tr!(language, page.keys_title);
    view! {
        <button class="button keys-switch" type="button" title=title aria-label=title on:click=click(move |_| lists.set(true))>
            "?"
        </button>
    }
}
