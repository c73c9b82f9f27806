//! The ledger of the StatefulSet: read from the server when it is opened. The server makes its rows, so that the page needs
//! no code for them.

#[cfg(feature = "ssr")]
mod rows;

use leptos::prelude::*;

#[cfg(feature = "ssr")]
pub use self::rows::{ledger_problem, ledger_rows};
use super::reactive::{click, maybe, text};
use crate::language::tr;
use crate::state::Store;

/// Where the rows are, closed at first; nothing where no history is kept.
#[component]
pub(super) fn Ledger() -> impl IntoView {
    let store = Store::get();
    let is_kept = store.keeps_history();
    maybe(move || is_kept.get().then(|| view! { <Panel/> }.into_any()))
}

#[component]
fn Panel() -> impl IntoView {
    let store = Store::get();
    let language = store.language;
    let read = move || {
        #[cfg(feature = "hydrate")]
        crate::client::ledger::read(store);
    };
    let csv = move |what: &'static str| {
        text(move || {
            let set = store.board.set.get().unwrap_or_else(|| topology::SetKey::new("", ""));
            format!("/api/v1/ledger{what}?namespace={}&statefulset={}&format=csv", set.namespace, set.name)
        })
    };
    view! {
        <details class="panel ledger" on:toggle=move |_| read()>
            <summary>{tr!(language, ledger.title)}" "<span>{tr!(language, ledger.hint)}</span></summary>
            <p>
                <button class="button" type="button" on:click=click(move |_| read())>{tr!(language, ledger.again)}</button>
                <a href=csv("") download="">{tr!(language, ledger.csv)}</a>
                <a href=csv("/changes") download="">{tr!(language, ledger.changes_csv)}</a>
            </p>
            <div class="scroll"></div>
        </details>
    }
}
