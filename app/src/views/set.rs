//! The page of one StatefulSet.

use leptos::prelude::*;
use topology::board::{Controller, ServiceView};
use topology::facts::{Kind, PodManagement};
use topology::order::Since;

use super::lanes::Lanes;
use super::ledger::Ledger;
use super::names::Names;
use super::pods::Pods;
use super::reactive::{changing, maybe, text, word};
use super::strangers::Strangers;
use super::warnings::Warnings;
use super::ways::TwoWays;
use super::words;
use crate::language::tr;
use crate::say::{name, said, say, tone};
use crate::state::{Presence, Store};

/// Everything about the StatefulSet that the address names.
#[component]
pub(super) fn SetPage() -> impl IntoView {
    let store = Store::get();
    // Who goes back to before there was anything keeps the slider.
    let presence = Memo::new(move |_| match store.board.presence.get() {
        Presence::Unknown if store.timeline.is_past.get() => Presence::Known,
        presence => presence,
    });
    changing(move || match presence.get() {
        Presence::Awaited => {
            view! { <section class="panel empty"><p>{tr!(store.language, set.loading)}</p></section> }.into_any()
        }
        Presence::Unknown => view! { <Unknown/> }.into_any(),
        Presence::Known => view! {
            <Title/>
            <Why/>
            <Lanes/>
            <Warnings/>
            <Pods/>
            <div class="pair">
                <Names/>
                <TwoWays/>
            </div>
            <Strangers/>
            <Ledger/>
        }
        .into_any(),
    })
}

#[component]
fn Unknown() -> impl IntoView {
    let store = Store::get();
    let language = store.language;
    let said = maybe(move || {
        let set = store.board.set.read().as_ref().map(ToString::to_string).unwrap_or_default();
        Some(words(said!(language, set.unknown, set = set)))
    });
    view! {
        <section class="panel empty">
            <h1>{tr!(language, set.unknown_title)}</h1>
            <p>{said}</p>
        </section>
    }
}

/// Name, namespace, and the facts that everything else depends on.
#[component]
fn Title() -> impl IntoView {
    let store = Store::get();
    let (board, language) = (store.board, store.language);
    let set = move || board.set.get();
    let spec = Memo::new(move |_| board.controller.read().spec().cloned());
    let gone = move || match &*board.controller.read() {
        Controller::Present(_) => None,
        Controller::NotSeen => Some(tr!(language, set.no_object).to_owned()),
        Controller::Gone { at } => Some(tr!(language, set.deleted, time = store.when(*at))),
    };
    let policy = move || {
        spec.read().as_ref().map(|spec| match spec.policy {
            PodManagement::OrderedReady => "OrderedReady",
            PodManagement::Parallel => "Parallel",
        })
    };
    let ready = move || {
        let spec = spec.read();
        spec.as_ref().map(|spec| tr!(language, set.ready, ready = board.counts.read().ready, replicas = spec.replicas))
    };
    view! {
        <div class="title">
            <h1>{text(move || set().map(|set| set.name).unwrap_or_default())}</h1>
            <code>{text(move || set().map(|set| set.namespace).unwrap_or_default())}</code>
            {maybe(move || gone().map(|gone| view! { <span class="chip bad">{gone}</span> }.into_any()))}
            {maybe(move || policy().map(|policy| view! { <span class="chip">{policy}</span> }.into_any()))}
            <GoverningService/>
            <Revisions/>
            {maybe(move || ready().map(|ready| view! { <span class="chip" data-chip="ready">{ready}</span> }.into_any()))}
        </div>
    }
}

/// The Service that the pods' names are under.
#[component]
fn GoverningService() -> impl IntoView {
    let Store { board, language, .. } = Store::get();
    let governing = Memo::new(move |_| board.services.read().iter().find(|service| service.governs).cloned());
    let unnamed = Memo::new(move |_| board.controller.read().spec().is_some_and(|spec| spec.service_name.is_empty()));
    let chip = move |service: &ServiceView| {
        let (what, fine) = match (&service.kind, service.is_headless()) {
            (None, _) if !board.sees(Kind::Service) => (tr!(language, set.service), true),
            (None, _) => (tr!(language, set.missing_service), false),
            (Some(_), true) => (tr!(language, set.headless), true),
            (Some(_), false) => (tr!(language, set.not_headless), false),
        };
        let name = service.name.clone();
        view! { <span class="chip" class:bad=!fine data-chip="service">{what}" "<b>{name}</b></span> }
    };
    maybe(move || match (governing.read().as_ref(), unnamed.get()) {
        (Some(service), _) => Some(chip(service).into_any()),
        (None, true) => {
            let unnamed = tr!(language, set.no_service_name);
            Some(view! { <span class="chip bad" data-chip="service">{unnamed}</span> }.into_any())
        }
        (None, false) => None,
    })
}

/// The revision, or the two between which a rollout stands.
#[component]
fn Revisions() -> impl IntoView {
    let Store { board, language, .. } = Store::get();
    let word = tr!(language, set.revision);
    let revisions = Memo::new(move |_| {
        let counts = board.counts.read();
        (counts.current_revision.clone(), counts.update_revision.clone())
    });
    maybe(move || {
        let (current, update) = revisions.get();
        match (current.is_empty() && update.is_empty(), current == update) {
            (true, _) => None,
            (false, true) => Some(view! { <span class="chip">{word}" "<b>{update}</b></span> }.into_any()),
            (false, false) => {
                Some(view! { <span class="chip rolling">{word}" "{current}" → "<b>{update}</b></span> }.into_any())
            }
        }
    })
}

/// What the controller is doing or waiting for, and since when.
#[component]
fn Why() -> impl IntoView {
    let store = Store::get();
    let board = store.board;
    let spec = Memo::new(move |_| board.controller.read().spec().cloned());
    let since = Memo::new(move |_| board.order.read().as_ref().and_then(|order| order.since));
    let said = maybe(move || {
        let (set, order) = (board.set.get()?, board.order.get()?);
        let saying = say(&order, &set, spec.read().as_ref(), store.language, store.zone.get());
        Some(words(saying))
    });
    let since = maybe(move || {
        since.get().map(|since| {
            let at = since.at();
            let words = text(move || match since {
                Since::AtLatest(_) => tr!(store.language, set.since_latest, time = store.when(at)),
                Since::Api(_) | Since::Arrival(_) => tr!(store.language, set.since, time = store.when(at)),
            });
            view! {
                <span class="since">
                    {words}
                    <span aria-hidden="true">{text(move || format!("({})", store.ago(at)))}</span>
                </span>
            }
            .into_any()
        })
    });
    view! {
        <p
            class="why"
            role="status"
            data-reason=word(move || board.order.read().as_ref().map_or("", |order| name(&order.reason)))
            data-tone=word(move || board.order.read().as_ref().map_or("", |order| tone(&order.reason)))
        >
            <span>{said}</span>
            " "
            {since}
        </p>
    }
}
