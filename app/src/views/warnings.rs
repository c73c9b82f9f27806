//! What is wrong, or soon may be, with names and addresses.

use leptos::prelude::*;
use topology::board::{Warning, Weight};

use super::reactive::maybe;
use super::words;
use crate::language::tr;
use crate::say::{warn, warning_name};
use crate::state::Store;

/// A line for each warning, what is broken first; nothing where there is none.
#[component]
pub(super) fn Warnings() -> impl IntoView {
    let store = Store::get();
    let board = store.board;
    let sorted = Memo::new(move |_| {
        let (broken, notes): (Vec<Warning>, Vec<Warning>) =
            board.warnings.get().into_iter().partition(|warning| warning.weight() == Weight::Broken);
        [broken, notes].concat()
    });
    let line = move |warning: Warning| {
        let set = board.set.get()?;
        let said = warn(&warning, &set, store.language, store.zone.get());
        let heavy = warning.weight() == Weight::Broken;
        let line = view! {
            <li data-warning=warning_name(&warning) data-weight=if heavy { "broken" } else { "note" }>
                {words(said)}
            </li>
        };
        Some(line.into_any())
    };
    view! {
        {maybe(move || {
            let lines: Vec<AnyView> = sorted.get().into_iter().filter_map(line).collect();
            let panel = |lines| view! {
                <section class="panel warnings">
                    <h2>{tr!(store.language, warnings.title)}</h2>
                    <ul>{lines}</ul>
                </section>
            };
            (!lines.is_empty()).then(|| panel(lines).into_any())
        })}
    }
}
