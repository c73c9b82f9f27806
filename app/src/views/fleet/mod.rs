//! The start: all StatefulSets, those that need attention first, and the rest as the reader wants to see them.

mod attention;
mod filters;
mod table;

use std::cmp::Ordering;

use leptos::prelude::*;
use topology::SetKey;
use topology::fleet::Summary;

use super::rail::admitted;
use super::reactive::{Row, changing, text};
use super::words;
use crate::language::tr;
use crate::say::said;
use crate::state::{FleetRow, Store};
use attention::Attention;
use filters::Filters;
#[cfg(feature = "hydrate")]
pub(crate) use filters::SEARCH_ID;
use table::Table;

/// All StatefulSets that the address lets through.
#[component]
pub(super) fn FleetPage() -> impl IntoView {
    let store = Store::get();
    // While the reader is at the rows, none of them moves.
    let held = RwSignal::new(false);
    let all = Memo::new(move |_| admitted(store, store.fleet.rows));
    let rows = chosen(store, all, held);
    let is_empty = Memo::new(move |_| all.read().is_empty());
    let totals = text(move || {
        let (mut ready, mut wanted) = (0, 0);
        let all = all.read();
        for (_, summary) in &*all {
            let summary = summary.read();
            ready += summary.ready;
            wanted += summary.replicas;
        }
        tr!(store.language, fleet.totals, sets = all.len(), ready = ready, wanted = wanted)
    });
    view! {
        <div class="title">
            <h1>"StatefulSets"</h1>
            <span class="chip" data-chip="totals">{totals}</span>
        </div>
        {changing(move || {
            if is_empty.get() {
                view! { <Nothing narrowed=store.place.read().namespace.clone()/> }.into_any()
            } else {
                view! {
                    <div
                        class="overview"
                        on:pointerenter=move |_| held.set(true)
                        on:pointerleave=move |_| held.set(false)
                    >
                        <Attention all held/>
                        <section class="panel">
                            <Filters rows/>
                            <Table rows/>
                        </section>
                    </div>
                }
                .into_any()
            }
        })}
    }
}

/// A row with its summary as it is when rows are put in order.
type Told = (Summary, FleetRow);

/// Puts rows in an order. Whatever that is, it is done by the same code: the page would be larger by more.
fn sort(rows: &mut [Told], order: &dyn Fn(&Told, &Told) -> Ordering) {
    rows.sort_unstable_by(order);
}

/// What is chosen, in its order. While it is held, rows only go that are gone altogether, until something else is chosen.
fn chosen(store: Store, all: Memo<Vec<FleetRow>>, held: RwSignal<bool>) -> Memo<Vec<Row>> {
    let place = Memo::new(move |_| {
        let place = store.place.read();
        (place.namespace.clone(), place.choice.clone())
    });
    let of = StoredValue::new(None);
    Memo::new(move |before: Option<&Vec<Row>>| {
        let place = place.get();
        let all = all.read();
        let same = of.with_value(|of| of.as_ref() == Some(&place));
        if let Some(before) = before.filter(|_| same && held.get()) {
            let is_there = |row: &&Row| match row {
                Row::Group(..) | Row::Deployment(_) => true,
                Row::Set((set, _)) => all.binary_search_by(|(known, _)| known.cmp(set)).is_ok(),
            };
            return before.iter().filter(is_there).cloned().collect();
        }
        let choice = place.1.clone();
        of.set_value(Some(place));
        let now = if choice.depends_on_time() { store.second.get() } else { store.second.get_untracked() };
        let mut rows = told(&all, &|set, summary| choice.admits(set, summary, now));
        sort(&mut rows, &|one, other| choice.order((&one.1.0, &one.0), (&other.1.0, &other.0)));
        grouped(rows.into_iter().map(|(_, row)| row).collect(), choice.grouped)
    })
}

/// The rows that are wanted, as they are now.
fn told(rows: &[FleetRow], is_wanted: &dyn Fn(&SetKey, &Summary) -> bool) -> Vec<Told> {
    let wanted = rows.iter().filter(|(set, summary)| is_wanted(set, &summary.read()));
    wanted.map(|row| (row.1.get(), row.clone())).collect()
}

/// The rows, each namespace under its name where they are grouped.
fn grouped(sets: Vec<FleetRow>, grouped: bool) -> Vec<Row> {
    if !grouped {
        return sets.into_iter().map(Row::Set).collect();
    }
    let mut rows = Vec::with_capacity(sets.len() + 8);
    for sets in sets.chunk_by(|(one, _), (other, _)| one.namespace == other.namespace) {
        rows.push(Row::Group(sets[0].0.namespace.clone(), sets.len()));
        rows.extend(sets.iter().cloned().map(Row::Set));
    }
    rows
}

#[component]
fn Nothing(narrowed: Option<String>) -> impl IntoView {
    let language = Store::get().language;
    let said = match narrowed {
        Some(namespace) => said!(language, fleet.none_in, namespace = namespace),
        None => said!(language, fleet.none),
    };
    view! {
        <section class="panel empty">
            <p>{words(said)}</p>
            <pre>"kubectl apply -f statefulset.yaml"</pre>
        </section>
    }
}
