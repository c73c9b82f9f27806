//! The start: all StatefulSets in a table.

use leptos::prelude::*;
use topology::fleet::Summary;

use super::rail::{DotRow, admitted, attention_word, ready_text};
use super::reactive::{changing, each_set, text, word};
use crate::route::Route;
use crate::state::{FleetRow, Store};

/// All StatefulSets that the filter lets through.
#[component]
pub(super) fn FleetPage() -> impl IntoView {
    let store = Store::get();
    let rows = admitted(store);
    let there = Memo::new(move |_| !rows.read().is_empty());
    view! {
        <div class="title">
            <h1>"StatefulSets"</h1>
            <span class="chip">{text(move || rows.read().len().to_string())}</span>
        </div>
        {changing(move || {
            if there.get() {
                view! { <Table rows/> }.into_any()
            } else {
                view! { <Nothing narrowed=store.place.read().namespace.clone()/> }.into_any()
            }
        })}
    }
}

#[component]
fn Table(rows: Memo<Vec<FleetRow>>) -> impl IntoView {
    view! {
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
                            {each_set(rows, |row| view! { <FleetLine row/> }.into_any())}
                        </tbody>
                    </table>
                </div>
            </section>
    }
}

#[component]
fn FleetLine(row: FleetRow) -> impl IntoView {
    let store = Store::get();
    let (set, summary) = row;
    let address = {
        let set = set.clone();
        text(move || store.place.read().to(Route::Set(set.clone())).address())
    };
    let of = |what: fn(&Summary) -> String| {
        let summary = summary.clone();
        text(move || what(&summary.read()))
    };
    let attention = {
        let summary = summary.clone();
        word(move || attention_word(&summary.read()))
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

fn state_text(summary: &Summary) -> &'static str {
    match (summary.exists, attention_word(summary)) {
        (false, _) => "deleted",
        (true, "stuck") => "needs attention",
        (true, "busy") => "changing",
        (true, _) => "settled",
    }
}

#[component]
fn Nothing(narrowed: Option<String>) -> impl IntoView {
    let what = match narrowed {
        Some(namespace) => format!("The namespace {namespace} has no StatefulSet, or does not exist."),
        None => "There is no StatefulSet yet.".to_owned(),
    };
    view! {
        <section class="panel empty">
            <p><b>{what}</b>" As soon as one is created it appears here, for example with:"</p>
            <pre>"kubectl apply -f statefulset.yaml"</pre>
        </section>
    }
}
