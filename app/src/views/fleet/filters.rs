//! The search, the filters and the order: all of it in the address, so that a link carries it.

use leptos::prelude::*;

use crate::choice::{Choice, MAX_QUERY, Show, Sort};
use crate::language::{Language, tr};
use crate::route::Place;
use crate::state::Store;
use crate::views::reactive::{Row, click, text};

/// The element that `/` leads to.
pub(crate) const SEARCH_ID: &str = "search";

/// What is shown of the fleet, and how much that is.
#[component]
pub(super) fn Filters(rows: Memo<Vec<Row>>) -> impl IntoView {
    let store = Store::get();
    let language = store.language;
    let choice = Memo::new(move |_| store.place.read().choice.clone());
    let found = text(move || {
        let sets = rows.read().iter().filter(|row| matches!(row, Row::Set(_))).count();
        match (choice.read().is_all(), sets) {
            (true, _) => String::new(),
            (false, 1) => tr!(language, fleet.found_one).to_owned(),
            (false, sets) => tr!(language, fleet.found, count = sets),
        }
    });
    let toggle = move |show: Show| {
        let pressed = text(move || choice.read().shows.contains(&show).to_string());
        view! {
            <button
                type="button"
                class="button small"
                data-show=show.word()
                aria-pressed=pressed
                on:click=click(move |_| choose(store, choice.get_untracked().toggled(show)))
            >
                {show_name(show, language)}
            </button>
        }
        .into_any()
    };
    let order = move |sort: Sort| {
        let selected = Memo::new(move |_| choice.read().sort == sort);
        view! { <option value=sort.word() selected=selected prop:selected=selected>{sort_name(sort, language)}</option> }
            .into_any()
    };
    view! {
        <div class="filters" role="search">
            <input
                type="search"
                id=SEARCH_ID
                placeholder=tr!(language, fleet.search)
                aria-label=tr!(language, fleet.search_label)
                maxlength=MAX_QUERY.to_string()
                value=choice.get_untracked().query
                prop:value=text(move || choice.read().query.clone())
                on:input:target=move |event| {
                    choose(store, Choice { query: event.target().value(), ..choice.get_untracked() });
                }
            />
            {Show::ALL.map(toggle)}
            <label>
                {tr!(language, fleet.order)}
                <select on:change:target=move |event| {
                    let word = event.target().value();
                    let sort = Sort::ALL.into_iter().find(|sort| sort.word() == word).unwrap_or_default();
                    choose(store, Choice { sort, ..choice.get_untracked() });
                }>
                    {Sort::ALL.map(order)}
                </select>
            </label>
            <button
                type="button"
                class="button small"
                data-show="group"
                aria-pressed=text(move || choice.read().grouped.to_string())
                on:click=click(move |_| {
                    let choice = choice.get_untracked();
                    choose(store, Choice { grouped: !choice.grouped, ..choice });
                })
            >
                {tr!(language, fleet.by_namespace)}
            </button>
            <span class="found" role="status">{found}</span>
        </div>
    }
}

fn show_name(show: Show, language: Language) -> &'static str {
    match show {
        Show::NotReady => tr!(language, fleet.not_ready),
        Show::Stuck => tr!(language, fleet.stuck),
        Show::Changed => tr!(language, fleet.changed_lately),
        Show::Warnings => tr!(language, fleet.warnings),
    }
}

fn sort_name(sort: Sort, language: Language) -> &'static str {
    match sort {
        Sort::Name => tr!(language, fleet.sort_name),
        Sort::Attention => tr!(language, fleet.sort_attention),
        Sort::Ready => tr!(language, fleet.sort_ready),
        Sort::Changed => tr!(language, fleet.sort_changed),
    }
}

/// Shows what is chosen, and notes it in the address.
fn choose(store: Store, choice: Choice) {
    let place = Place { choice, ..store.place.get_untracked() };
    #[cfg(feature = "hydrate")]
    crate::client::links::narrow(store, place);
    #[cfg(not(feature = "hydrate"))]
    let _ = (store, place);
}
