//! The top of the page: which cluster, which namespace, and whether it is live.

use leptos::prelude::*;

use super::actions::ActionButtons;
use super::copy::copy_button;
use super::reactive::{click, maybe, several, text, word};
use super::record::RecordSwitch;
use super::shortcuts::KeysSwitch;
use crate::language::tr;
use crate::route::{Place, Route};
use crate::state::{Liveness, Store};

/// The top of the page.
#[component]
pub(super) fn Header() -> impl IntoView {
    let store = Store::get();
    let home = text(move || store.place.read().to(Route::Fleet).address());
    view! {
        <header>
            <a class="logo" href=home aria-label=tr!(store.language, page.home)>
                <svg class="anchor" viewBox="0 0 24 24" aria-hidden="true">
                    <circle cx="12" cy="5" r="2.6"/>
                    <path d="M12 7.6V21M7 11h10M4 14c.6 4.2 3.8 7 8 7s7.4-2.8 8-7M4 14l-1.6 2.6M4 14l2.6 1.6M20 14l1.6 2.6M20 14l-2.6 1.6"/>
                </svg>
                <b>"Berth"</b>
            </a>
            <span class="chip cluster" title=tr!(store.language, page.cluster)>
                <b>{text(move || store.cluster.read().name.clone())}</b>
            </span>
            <NamespaceFilter/>
            <Live/>
            <span class="buttons">
                {maybe(move || {
                    let acts = store.control.acts() && !store.timeline.is_past.get();
                    acts.then(|| view! { <ActionButtons/> }.into_any())
                })}
                <RecordSwitch/>
                {store.control.guides().then(|| view! { <GuideSwitch/> }.into_any())}
                <PresentSwitch/>
                {copy_link(store)}
                <ThemeSwitch/>
                <LanguageSwitch/>
                <KeysSwitch/>
            </span>
        </header>
    }
}

/// Narrows the fleet down to one namespace. The choice is in the address, so that a link carries it.
#[component]
fn NamespaceFilter() -> impl IntoView {
    let store = Store::get();
    let chosen = Memo::new(move |_| store.place.read().namespace.clone());
    let names = Memo::new(move |_| {
        let mut names = store.fleet.namespaces();
        // They are sorted; the chosen one may have no StatefulSet.
        if let Some(chosen) = chosen.get()
            && let Err(at) = names.binary_search(&chosen)
        {
            names.insert(at, chosen);
        }
        names
    });
    let choose = Callback::new(move |name: String| {
        let namespace = Some(name).filter(|name| !name.is_empty());
        let place = Place { namespace, ..store.place.get_untracked() };
        #[cfg(feature = "hydrate")]
        crate::client::links::go(store, &place);
        #[cfg(not(feature = "hydrate"))]
        drop(place);
    });
    // The attribute is what the page comes with. Once somebody has chosen, browsers go by the property alone.
    let option = move |name: Option<String>| {
        let value = name.clone().unwrap_or_default();
        let label = name.clone().unwrap_or_else(|| tr!(store.language, page.all).to_owned());
        let selected = Memo::new(move |_| *chosen.read() == name);
        view! { <option value=value selected=selected prop:selected=selected>{label}</option> }.into_any()
    };
    view! {
        <label class="chip filter">
            <span>{tr!(store.language, page.namespace)}</span>
            <select on:change:target=move |event| choose.run(event.target().value())>
                {option(None)}
                {several(move || names.get().into_iter().map(Some).map(option).collect())}
            </select>
        </label>
    }
}

/// Whether what is shown is live, and which revision it is.
#[component]
fn Live() -> impl IntoView {
    let store = Store::get();
    let language = store.language;
    let words = text(move || match store.liveness() {
        Liveness::Live => tr!(language, page.live).to_owned(),
        Liveness::Opening => tr!(language, page.as_of, time = store.when(store.heard.get())),
        Liveness::Starting => tr!(language, page.starting).to_owned(),
        Liveness::Past => {
            let at = store.timeline.past.read().as_ref().map(|past| past.at).unwrap_or_default();
            tr!(language, page.past, time = store.zone.get().when(at, store.timeline.present.get()))
        }
        Liveness::Lost | Liveness::Broken => {
            let since = store.unwatched_since().map(|since| store.ago(since)).unwrap_or_default();
            tr!(language, page.not_live_for, passed = since)
        }
    });
    view! {
        <span class="chip live" data-live=word(move || store.liveness().word())>
            <b>{words}</b>
            <span class="revision">{text(move || tr!(language, page.revision, revision = store.revision.get()))}</span>
        </span>
    }
}

/// Shows the walk-through, or hides it.
#[component]
fn GuideSwitch() -> impl IntoView {
    let store = Store::get();
    view! {
        <button
            class="button"
            type="button"
            aria-pressed=text(move || store.guided.get().to_string())
            on:click=click(move |_| store.guided.update(|guided| *guided = !*guided))
        >
            {tr!(store.language, page.guide)}
        </button>
    }
}

/// Shows the page to a room: the lanes and the why line fill the screen. Escape leads back.
#[component]
fn PresentSwitch() -> impl IntoView {
    let store = Store::get();
    let switch = move |_| {
        #[cfg(feature = "hydrate")]
        crate::client::present::switch(store);
    };
    let words =
        word(
            move || {
                if store.presents.get() { tr!(store.language, page.back) } else { tr!(store.language, page.present) }
            },
        );
    let is_set = move || matches!(store.place.read().route, Route::Set(_));
    maybe(move || {
        is_set().then(|| {
            view! { <button class="button present" type="button" on:click=click(switch)>{words}</button> }.into_any()
        })
    })
}

/// Copies a link to exactly what is shown.
fn copy_link(store: Store) -> AnyView {
    let language = store.language;
    let address = text(move || {
        let address = store.address();
        #[cfg(feature = "hydrate")]
        let address = format!("{}{address}", window().location().origin().unwrap_or_default());
        address
    });
    let words = move |copied| if copied { tr!(language, page.link_copied) } else { tr!(language, page.link) };
    copy_button("button link", Some(tr!(language, page.link_title).to_owned()), address, words)
}

/// Light, dark, or as the system has it. The choice stays in the browser.
#[component]
fn ThemeSwitch() -> impl IntoView {
    let switch = move |_| {
        #[cfg(feature = "hydrate")]
        crate::client::theme::next();
    };
    let language = Store::get().language;
    view! {
        <button class="button theme" type="button" on:click=click(switch) title=tr!(language, page.theme_title)>
            <svg viewBox="0 0 24 24" aria-hidden="true">
                <circle cx="12" cy="12" r="8"/>
                <path d="M12 4a8 8 0 0 1 0 16z"/>
            </svg>
            <span class="hidden">{tr!(language, page.theme)}</span>
        </button>
    }
}

/// The same place in the other language. The page is made anew for it.
#[component]
fn LanguageSwitch() -> impl IntoView {
    let store = Store::get();
    let other = store.language.other();
    let address = text(move || Place { language: Some(other), ..store.place.get() }.address());
    view! {
        <a class="button language" href=address lang=other.tag() hreflang=other.tag() title=tr!(store.language, page.language_title)>
            {tr!(store.language, page.language)}
        </a>
    }
}
