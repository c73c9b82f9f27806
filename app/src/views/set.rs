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
use crate::say::{name, say, tone};
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
        Presence::Awaited => view! { <section class="panel empty"><p>"Loading."</p></section> }.into_any(),
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
    let set = text(move || store.board.set.read().as_ref().map(ToString::to_string).unwrap_or_default());
    view! {
        <section class="panel empty">
            <h1>"No such StatefulSet"</h1>
            <p>
                "Nothing is known of "<code>{set}</code>
                ": it does not exist, was gone before Berth started, or is in a namespace that Berth does not watch. Should it be created, it appears here."
            </p>
        </section>
    }
}

/// Name, namespace, and the facts that everything else depends on.
#[component]
fn Title() -> impl IntoView {
    let store = Store::get();
    let board = store.board;
    let set = move || board.set.get();
    let spec = Memo::new(move |_| board.controller.read().spec().cloned());
    let gone = move || match &*board.controller.read() {
        Controller::Present(_) => None,
        Controller::NotSeen => Some("no StatefulSet object".to_owned()),
        Controller::Gone { at } => Some(format!("deleted {}", store.when(*at))),
    };
    let policy = move || {
        spec.read().as_ref().map(|spec| match spec.policy {
            PodManagement::OrderedReady => "OrderedReady",
            PodManagement::Parallel => "Parallel",
        })
    };
    let ready =
        move || spec.read().as_ref().map(|spec| format!("{} / {} ready", board.counts.read().ready, spec.replicas));
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
    let board = Store::get().board;
    let governing = Memo::new(move |_| board.services.read().iter().find(|service| service.governs).cloned());
    let unnamed = Memo::new(move |_| board.controller.read().spec().is_some_and(|spec| spec.service_name.is_empty()));
    let chip = move |service: &ServiceView| {
        let (what, fine) = match (&service.kind, service.is_headless()) {
            (None, _) if !board.sees(Kind::Service) => ("Service", true),
            (None, _) => ("missing Service", false),
            (Some(_), true) => ("headless", true),
            (Some(_), false) => ("not headless", false),
        };
        let name = service.name.clone();
        view! { <span class="chip" class:bad=!fine data-chip="service">{what}" "<b>{name}</b></span> }
    };
    maybe(move || match (governing.read().as_ref(), unnamed.get()) {
        (Some(service), _) => Some(chip(service).into_any()),
        (None, true) => Some(view! { <span class="chip bad" data-chip="service">"no serviceName"</span> }.into_any()),
        (None, false) => None,
    })
}

/// The revision, or the two between which a rollout stands.
#[component]
fn Revisions() -> impl IntoView {
    let board = Store::get().board;
    let revisions = Memo::new(move |_| {
        let counts = board.counts.read();
        (counts.current_revision.clone(), counts.update_revision.clone())
    });
    maybe(move || {
        let (current, update) = revisions.get();
        match (current.is_empty() && update.is_empty(), current == update) {
            (true, _) => None,
            (false, true) => Some(view! { <span class="chip">"revision "<b>{update}</b></span> }.into_any()),
            (false, false) => {
                Some(view! { <span class="chip rolling">"revision "{current}" → "<b>{update}</b></span> }.into_any())
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
        let saying = say(&order, &set, spec.read().as_ref(), store.zone.get());
        Some(words(saying))
    });
    let since = maybe(move || {
        since.get().map(|since| {
            let at = since.at();
            let latest = if matches!(since, Since::AtLatest(_)) { "at the latest " } else { "" };
            view! {
                <span class="since">
                    {text(move || format!("Since {} {latest}", store.when(at)))}
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
