//! Pods that only look as if they belonged to the StatefulSet.

use leptos::prelude::*;
use topology::board::{Stranger, StrangerReason};

use super::reactive::{maybe, several};
use super::stage_word;
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
    let board = Store::get().board;
    view! {
            <section class="panel strangers">
                <h2>"Not its pods" <span>"though a name or a label suggests it"</span></h2>
                <div class="scroll">
                    <table>
                        <thead>
                            <tr>
                                <th scope="col">"Name"</th>
                                <th scope="col">"Status"</th>
                                <th scope="col">"Controlled by"</th>
                                <th scope="col">"Why it is listed"</th>
                            </tr>
                        </thead>
                        <tbody>
                            {several(move || board.strangers.read().iter().map(row).collect())}
                        </tbody>
                    </table>
                </div>
            </section>
    }
}

fn row(stranger: &Stranger) -> AnyView {
    view! {
        <tr data-stranger=stranger.name.clone() data-stage=stage_word(Some(stranger.stage))>
            <th scope="row">{stranger.name.clone()}</th>
            <td class="status">{stranger.status.clone()}</td>
            <td>{stranger.owner.clone().unwrap_or_else(|| "nobody".to_owned())}</td>
            <td>{reason_text(stranger.reason)}</td>
        </tr>
    }
    .into_any()
}

fn reason_text(reason: StrangerReason) -> &'static str {
    match reason {
        StrangerReason::TakesName => "it has the name of an identity, so the controller cannot create its own pod",
        StrangerReason::FormerSet => "it belongs to an earlier StatefulSet of the same name",
        StrangerReason::Selected => "the StatefulSet's selector matches its labels",
    }
}
