//! What somebody should look at, each with what the controller waits for.

use leptos::prelude::*;
use topology::fleet::Attention as Urgency;

use super::{sort, told};
use crate::choice::{Choice, Show, Sort};
use crate::language::tr;
use crate::route::{Place, Route};
use crate::say::say;
use crate::state::{FleetRow, Store};
use crate::views::rail::{DotRow, ready_text};
use crate::views::reactive::{Row, each_row, maybe, text};
use crate::views::words;

/// How many are shown; the rest is a click away.
const MOST: usize = 5;

/// The StatefulSets that will not go on by themselves, those that have been so the longest first; nothing where there is
/// none. While it is held, it stays as it is.
#[component]
pub(super) fn Attention(all: Memo<Vec<FleetRow>>, held: RwSignal<bool>) -> impl IntoView {
    let store = Store::get();
    let stuck = Memo::new(move |before: Option<&Vec<FleetRow>>| {
        if let Some(before) = before.filter(|_| held.get()) {
            return before.clone();
        }
        let mut stuck = told(&all.read(), &|_, summary| summary.attention == Urgency::Stuck);
        sort(&mut stuck, &|(one, (key, _)), (other, (other_key, _))| {
            one.changed.cmp(&other.changed).then_with(|| key.cmp(other_key))
        });
        stuck.into_iter().map(|(_, row)| row).collect()
    });
    let some = Memo::new(move |_| !stuck.read().is_empty());
    let first = Signal::derive(move || stuck.read().iter().take(MOST).cloned().map(Row::Set).collect());
    let more = Memo::new(move |_| stuck.read().len().saturating_sub(MOST));
    let address = text(move || {
        let choice = Choice { shows: vec![Show::Stuck], sort: Sort::Attention, ..Choice::default() };
        Place { choice, ..store.place.read().to(Route::Fleet) }.address()
    });
    maybe(move || {
        some.get().then(|| {
            view! {
                <section class="panel attention" aria-labelledby="attention">
                    <h2 id="attention">{tr!(store.language, fleet.attention)}" "<span>{text(move || stuck.read().len().to_string())}</span></h2>
                    <ul>{each_row(first, line)}</ul>
                    {maybe(move || {
                        let more = more.get();
                        let words = move || tr!(store.language, fleet.more, count = more);
                        (more > 0).then(|| view! { <a href=address>{words()}</a> }.into_any())
                    })}
                </section>
            }
            .into_any()
        })
    })
}

fn line(row: Row) -> AnyView {
    let Row::Set((set, summary)) = row else { return ().into_any() };
    let store = Store::get();
    let address = {
        let set = set.clone();
        text(move || store.place.read().to(Route::Set(set.clone())).address())
    };
    let said = {
        let (set, summary) = (set.clone(), summary.clone());
        maybe(move || {
            let summary = summary.read();
            Some(words(say(summary.why.as_ref()?, &set, None, store.language, store.zone.get())))
        })
    };
    let ready = {
        let summary = summary.clone();
        text(move || ready_text(&summary.read(), store.language))
    };
    view! {
        <li data-set=set.to_string()>
            <a href=address><b>{set.name.clone()}</b>" "<small>{set.namespace.clone()}</small></a>
            <DotRow summary/>
            <small>{ready}</small>
            <p>{said}</p>
        </li>
    }
    .into_any()
}
