//! Pods that only look as if they belonged to the StatefulSet.

use leptos::prelude::*;
use topology::board::{Stranger, StrangerReason};

use super::reactive::{maybe, several};
use super::stage_word;
use crate::language::{Language, tr};
use crate::state::Store;

/// A row for each; nothing where there is none.
#[component]
pub(super) fn Strangers() -> impl IntoView {
    let board = Store::get().board;
    let there = Memo::new(move |_| !board.strangers.read().is_empty());
    view! {
        {maybe(move || there.get().then(|| view! { <Table/> }.into_any()))}
    }
}

#[component]
fn Table() -> impl IntoView {
    let Store { board, language, .. } = Store::get();
    view! {
            <section class="panel strangers">
                <h2>{tr!(language, tables.strangers)}" "<span>{tr!(language, tables.strangers_hint)}</span></h2>
                <div class="scroll">
                    <table>
                        <thead>
                            <tr>
                                <th scope="col">{tr!(language, tables.name)}</th>
                                <th scope="col">{tr!(language, tables.status)}</th>
                                <th scope="col">{tr!(language, tables.controlled_by)}</th>
                                <th scope="col">{tr!(language, tables.why_listed)}</th>
                            </tr>
                        </thead>
                        <tbody>
                            {several(move || board.strangers.read().iter().map(|stranger| row(stranger, language)).collect())}
                        </tbody>
                    </table>
                </div>
            </section>
    }
}

fn row(stranger: &Stranger, language: Language) -> AnyView {
    view! {
        <tr data-stranger=stranger.name.clone() data-stage=stage_word(Some(stranger.stage))>
            <th scope="row">{stranger.name.clone()}</th>
            <td class="status">{stranger.status.clone()}</td>
            <td>{stranger.owner.clone().unwrap_or_else(|| tr!(language, tables.nobody).to_owned())}</td>
            <td>{reason_text(stranger.reason, language)}</td>
        </tr>
    }
    .into_any()
}

fn reason_text(reason: StrangerReason, language: Language) -> &'static str {
    match reason {
        StrangerReason::TakesName => tr!(language, tables.takes_name),
        StrangerReason::FormerSet => tr!(language, tables.former_set),
        StrangerReason::Selected => tr!(language, tables.selected),
    }
}
