//! The Services that reach the pods, and which pods each of them reaches now.

use leptos::prelude::*;
use topology::board::{Reach, ReachState, ServiceView};
use topology::facts::{Kind, ServiceKind};

use super::reactive::{maybe, several, text};
use crate::language::{Language, tr};
use crate::state::Store;

/// A row for each Service.
#[component]
pub(super) fn Services() -> impl IntoView {
    let Store { board, language, .. } = Store::get();
    let names =
        Memo::new(move |_| board.services.read().iter().map(|service| service.name.clone()).collect::<Vec<_>>());
    view! {
        <div class="services">
            {several(move || names.get().into_iter().map(|name| view! { <ServiceRow name/> }.into_any()).collect())}
            {maybe(move || {
                let nobody = tr!(language, services.nobody);
                names.read().is_empty().then(|| view! { <p class="quiet">{nobody}</p> }.into_any())
            })}
        </div>
    }
}

#[component]
fn ServiceRow(name: String) -> impl IntoView {
    let Store { board, language, .. } = Store::get();
    let wanted = name.clone();
    let service = Memo::new(move |_| board.services.read().iter().find(|service| service.name == wanted).cloned());
    let of = move |what: fn(&ServiceView, Language) -> String| {
        text(move || service.read().as_ref().map(|service| what(service, language)).unwrap_or_default())
    };
    let kind = text(move || {
        service
            .read()
            .as_ref()
            .map(|service| kind_text(service, board.sees(Kind::Service), language))
            .unwrap_or_default()
    });
    let pods = several(move || {
        let service = service.read();
        let reaches = service.as_ref().map(|service| service.reaches.clone()).unwrap_or_default();
        let chips = reaches.into_iter().map(|(pod, reach)| {
            let text = reach_text(reach, language);
            view! {
                <span class="chip reach" data-reach=reach_word(reach.state) data-pod=pod.clone() title=text>
                    <b>{pod.clone()}</b>
                    " "
                    {text}
                </span>
            }
            .into_any()
        });
        chips.collect()
    });
    let nobody = maybe(move || {
        let nobody = service.read().as_ref().is_some_and(|service| service.reaches.is_empty());
        nobody.then(|| view! { <span class="quiet">{tr!(language, services.reaches_none)}</span> }.into_any())
    });
    view! {
        <div class="service" data-service=name.clone()>
            <p>
                <b>{name.clone()}</b>
                " "
                <span class="quiet">{kind}</span>
                " "
                <code>{of(ports_text)}</code>
            </p>
            <p class="quiet">{of(relation_text)}</p>
            <p class="reaches">
                {pods}
                {nobody}
            </p>
        </div>
    }
}

fn kind_text(service: &ServiceView, seen: bool, language: Language) -> String {
    match &service.kind {
        None if !seen => tr!(language, services.not_visible).to_owned(),
        None => tr!(language, services.missing).to_owned(),
        Some(ServiceKind::Headless) => tr!(language, services.headless).to_owned(),
        Some(ServiceKind::ClusterIp(ips)) if ips.is_empty() => tr!(language, services.unallocated).to_owned(),
        Some(ServiceKind::ClusterIp(ips)) => {
            let ips: Vec<String> = ips.iter().map(ToString::to_string).collect();
            tr!(language, services.cluster_ip, ips = ips.join(", "))
        }
        Some(ServiceKind::ExternalName(target)) => tr!(language, services.external, target = target),
    }
}

fn ports_text(service: &ServiceView, _: Language) -> String {
    let ports = service.ports.iter().map(|port| match port.name.as_str() {
        "" => format!("{}/{}", port.port, port.protocol),
        name => format!("{name} {}/{}", port.port, port.protocol),
    });
    ports.collect::<Vec<_>>().join(", ")
}

fn relation_text(service: &ServiceView, language: Language) -> String {
    let mut parts = Vec::with_capacity(3);
    if service.governs {
        parts.push(tr!(language, services.governs));
    }
    match (&service.kind, service.selects) {
        (None | Some(ServiceKind::ExternalName(_)), _) => {}
        (Some(_), true) => parts.push(tr!(language, services.selects)),
        (Some(_), false) => parts.push(tr!(language, services.selects_not)),
    }
    if service.publishes_not_ready {
        parts.push(tr!(language, services.publishes));
    }
    parts.join(tr!(language, services.semicolon))
}

fn reach_word(state: ReachState) -> &'static str {
    match state {
        ReachState::Ready => "ready",
        ReachState::Withheld => "withheld",
        ReachState::Terminating => "terminating",
    }
}

fn reach_text(reach: Reach, language: Language) -> &'static str {
    match (reach.state, reach.by_name) {
        (ReachState::Ready, true) => tr!(language, services.reached_by_name),
        (ReachState::Ready, false) => tr!(language, services.reached),
        (ReachState::Withheld, _) => tr!(language, services.withheld),
        (ReachState::Terminating, _) => tr!(language, services.withheld_terminating),
    }
}
