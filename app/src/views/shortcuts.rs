//! The list of keys.

use leptos::html::Dialog;
use leptos::prelude::*;

use super::actions::follow;
use crate::state::Store;

/// Each key with what it does.
const KEYS: [(&str, &str); 10] = [
    ("?", "show this list, or hide it"),
    ("/", "search the StatefulSets"),
    ("← →", "go to the change before, or after"),
    ("Space", "play the past, or stop"),
    ("+ −", "show less time, or more"),
    ("Shift ← →", "move the lanes back in time, or on"),
    ("0", "show what happens now"),
    ("Tab to the lanes, then ← → ↑ ↓", "choose a pod, and see its card"),
    ("Esc", "close the card, or leave the room's view"),
    ("Ctrl + wheel, drag, pinch", "zoom and move the lanes"),
];

/// The list of keys, over the page.
#[component]
pub(super) fn Shortcuts() -> impl IntoView {
    let lists = Store::get().lists_keys;
    let dialog = NodeRef::<Dialog>::new();
    follow(dialog, move || lists.get());
    let key = |(key, meaning): (&'static str, &'static str)| {
        view! { <div><dt><kbd>{key}</kbd></dt><dd>{meaning}</dd></div> }.into_any()
    };
    view! {
        <dialog class="keys" node_ref=dialog on:close=move |_| lists.set(false) aria-labelledby="keys">
            <h2 id="keys">"Keys"</h2>
            <dl>{KEYS.map(key)}</dl>
            <div class="buttons">
                <button type="button" class="button" on:click=move |_| lists.set(false)>"Close"</button>
            </div>
        </dialog>
    }
}

/// Opens the list, for those who do not know its key.
#[component]
pub(super) fn KeysSwitch() -> impl IntoView {
    let lists = Store::get().lists_keys;
    view! {
        <button class="button keys-switch" type="button" title="Keys (?)" aria-label="Keys" on:click=move |_| lists.set(true)>
            "?"
        </button>
    }
}
