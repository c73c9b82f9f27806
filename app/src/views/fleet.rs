//! The start: all StatefulSets in a table.

use leptos::prelude::*;

use super::rail::{DotRow, admitted, attention_word, ready_text};
use crate::route::Route;
use crate::state::{FleetRow, Store};

/// All StatefulSets that the filter lets through.
#[component]
pub(super) fn FleetPage() -> impl IntoView {
    let store = Store::get();
    let rows = admitted(store);
    let narrowed = move || store.place.read().namespace.is_some();
    view! {
        <div class="title">
            <h1>"StatefulSets"</h1>
            <span class="chip">{move || rows.read().len()}</span>
        </div>
        <Show
            when=move || !rows.read().is_empty()
            fallback=move || view! { <Nothing narrowed=narrowed()/> }
        >
            <section class="panel">
                <div class="scroll">
                    <table class="fleet">
                        <thead>
                            <tr>
                                <th scope="col">"Name"</th>
                                <th scope="col">"Namespace"</th>
                                <th scope="col">"Service"</th>
                                <th scope="col">"Ready"</th>
                                <th scope="col">"Pods"</th>
                                <th scope="col">"State"</th>
                            </tr>
                        </thead>
                        <tbody>
                            <For each=move || rows.get() key=|(set, _)| set.clone() let:row>
                                <FleetLine row/>
                            </For>
                        </tbody>
                    </table>
                </div>
            </section>
        </Show>
    }
}

#[component]
fn FleetLine(row: FleetRow) -> impl IntoView {
    let store = Store::get();
    let (set, summary) = row;
    let address = {
        let set = set.clone();
        move || store.place.read().to(Route::Set(set.clone())).address()
    };
    let of = |text: fn(&topology::fleet::Summary) -> String| {
        let summary = summary.clone();
        move || text(&summary.read())
    };
    let attention = {
        let summary = summary.clone();
        move || attention_word(&summary.read())
    };
    view! {
        <tr data-set=set.to_string() data-attention=attention>
            <th scope="row"><a href=address>{set.name.clone()}</a></th>
            <td>{set.namespace.clone()}</td>
            <td>{of(|summary| summary.service_name.clone())}</td>
            <td>{of(ready_text)}</td>
            <td><DotRow summary=summary.clone()/></td>
            <td><span class="state">{of(|summary| state_text(summary).to_owned())}</span></td>
        </tr>
    }
}

fn state_text(summary: &topology::fleet::Summary) -> &'static str {
    match (summary.exists, attention_word(summary)) {
        (false, _) => "deleted",
        (true, "stuck") => "needs attention",
        (true, "busy") => "changing",
        (true, _) => "settled",
    }
}

#[component]
fn Nothing(narrowed: bool) -> impl IntoView {
    let what = if narrowed { "There is no StatefulSet in this namespace." } else { "There is no StatefulSet yet." };
    view! {
        <section class="panel empty">
            <p><b>{what}</b>" As soon as one is created it appears here, for example with:"</p>
            <pre>"kubectl apply -f statefulset.yaml"</pre>
        </section>
    }
}
