//! The StatefulSets in a table, of which only the rows that can be seen are made.

use leptos::html::Tbody;
use leptos::prelude::*;
use topology::fleet::Summary;

use crate::language::{Language, tr};
use crate::route::Route;
use crate::state::{FleetRow, Store};
use crate::views::rail::{DotRow, attention_word, ready_text};
use crate::views::reactive::{Row, maybe, text, word};
use crate::views::windowed::{Window, Windowed, windowed};

/// The height of a row in pixels, as in the style sheet.
const ROW: f64 = 34.0;
/// How many columns there are.
const COLUMNS: &str = "7";

#[component]
pub(super) fn Table(rows: Memo<Vec<Row>>) -> impl IntoView {
    let language = Store::get().language;
    let body = NodeRef::<Tbody>::new();
    let window = RwSignal::new(Window::FIRST);
    #[cfg(feature = "hydrate")]
    Effect::new(move |_| {
        if let Some(body) = body.get() {
            crate::client::window::follow(&body, |_| ROW, window);
        }
    });
    let Windowed { above, rows: seen, below } = windowed(rows, window, ROW, line);
    view! {
        <div class="scroll">
            <table class="fleet">
                <thead>
                    <tr>
                        <th scope="col">{tr!(language, fleet.name)}</th>
                        <th scope="col">{tr!(language, fleet.namespace)}</th>
                        <th scope="col">{tr!(language, fleet.service)}</th>
                        <th scope="col">{tr!(language, fleet.ready)}</th>
                        <th scope="col">{tr!(language, fleet.pods)}</th>
                        <th scope="col">{tr!(language, fleet.state)}</th>
                        <th scope="col">{tr!(language, fleet.changed)}</th>
                    </tr>
                </thead>
                <tbody node_ref=body>
                    <tr class="space" aria-hidden="true"><td colspan=COLUMNS><svg class="space" width="1" height=above></svg></td></tr>
                    {seen}
                    <tr class="space" aria-hidden="true"><td colspan=COLUMNS><svg class="space" width="1" height=below></svg></td></tr>
                </tbody>
            </table>
        </div>
        {maybe(move || {
            let words = tr!(language, fleet.nothing);
            rows.read().is_empty().then(|| view! { <p class="quiet">{words}</p> }.into_any())
        })}
    }
}

fn line(row: Row) -> AnyView {
    match row {
        Row::Group(namespace, count) => {
            let language = Store::get().language;
            let count = if count == 1 {
                tr!(language, fleet.group_one).to_owned()
            } else {
                tr!(language, fleet.group, count = count)
            };
            view! { <tr class="group"><th scope="rowgroup" colspan=COLUMNS>{namespace}" "<small>{count}</small></th></tr> }
                .into_any()
        }
        Row::Set(row) => set_line(row),
        // The table is of StatefulSets alone.
        Row::Deployment(_) => ().into_any(),
    }
}

fn set_line((set, summary): FleetRow) -> AnyView {
    let store = Store::get();
    let address = {
        let set = set.clone();
        text(move || store.place.read().to(Route::Set(set.clone())).address())
    };
    let of = |what: fn(&Summary, Language) -> String| {
        let summary = summary.clone();
        text(move || what(&summary.read(), store.language))
    };
    let changed = {
        let summary = summary.clone();
        text(move || {
            let changed = summary.read().changed;
            changed.map(|at| tr!(store.language, fleet.ago, passed = store.ago(at))).unwrap_or_default()
        })
    };
    let attention = {
        let summary = summary.clone();
        word(move || attention_word(&summary.read()))
    };
    view! {
        <tr data-set=set.to_string() data-attention=attention>
            <th scope="row"><a href=address>{set.name.clone()}</a></th>
            <td>{set.namespace.clone()}</td>
            <td>{of(|summary, _| summary.service_name.clone())}</td>
            <td>{of(ready_text)}</td>
            <td><DotRow summary=summary.clone()/></td>
            <td><span class="state">{of(state_text)}</span></td>
            <td class="changed">{changed}</td>
        </tr>
    }
    .into_any()
}

/// The state in a word or two, and how many warnings there are.
fn state_text(summary: &Summary, language: Language) -> String {
    let state = match (summary.exists, attention_word(summary)) {
        (false, _) => tr!(language, fleet.deleted),
        (true, "stuck") => tr!(language, fleet.needs_attention),
        (true, "busy") => tr!(language, fleet.changing),
        (true, _) => tr!(language, fleet.settled),
    };
    match summary.warnings {
        0 => state.to_owned(),
        1 => tr!(language, fleet.warning_one, state = state),
        warnings => tr!(language, fleet.warning, state = state, count = warnings),
    }
}
