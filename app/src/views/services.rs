//! The Services that reach the pods, and which pods each of them reaches now.

use leptos::prelude::*;
use topology::board::{Reach, ReachState, ServiceView};
use topology::facts::{Kind, ServiceKind};

use super::reactive::{maybe, several, text};
use crate::state::Store;

/// A row for each Service.
#[component]
pub(super) fn Services() -> impl IntoView {
    let board = Store::get().board;
    let names =
        Memo::new(move |_| board.services.read().iter().map(|service| service.name.clone()).collect::<Vec<_>>());
    view! {
        <div class="services">
            {several(move || names.get().into_iter().map(|name| view! { <ServiceRow name/> }.into_any()).collect())}
            {maybe(move || {
                let nobody = "No Service selects these pods, and serviceName names none.";
                names.read().is_empty().then(|| view! { <p class="quiet">{nobody}</p> }.into_any())
            })}
        </div>
    }
}

#[component]
fn ServiceRow(name: String) -> impl IntoView {
    let board = Store::get().board;
    let wanted = name.clone();
    let service = Memo::new(move |_| board.services.read().iter().find(|service| service.name == wanted).cloned());
    let of =
        move |what: fn(&ServiceView) -> String| text(move || service.read().as_ref().map(what).unwrap_or_default());
    let kind = text(move || {
        service.read().as_ref().map(|service| kind_text(service, board.sees(Kind::Service))).unwrap_or_default()
    });
    let pods = several(move || {
        let service = service.read();
        let reaches = service.as_ref().map(|service| service.reaches.clone()).unwrap_or_default();
        let chips = reaches.into_iter().map(|(pod, reach)| {
            let text = reach_text(reach);
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
        nobody.then(|| view! { <span class="quiet">"It reaches none of these pods now."</span> }.into_any())
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

fn kind_text(service: &ServiceView, seen: bool) -> String {
    match &service.kind {
        None if !seen => "not visible to Berth".to_owned(),
        None => "does not exist".to_owned(),
        Some(ServiceKind::Headless) => "headless: DNS answers with the pods' addresses".to_owned(),
        Some(ServiceKind::ClusterIp(ips)) if ips.is_empty() => "ClusterIP, not allocated yet".to_owned(),
        Some(ServiceKind::ClusterIp(ips)) => {
            let ips: Vec<String> = ips.iter().map(ToString::to_string).collect();
            format!("ClusterIP {}: DNS answers with it", ips.join(", "))
        }
        Some(ServiceKind::ExternalName(target)) => format!("ExternalName: an alias of {target}"),
    }
}

fn ports_text(service: &ServiceView) -> String {
    let ports = service.ports.iter().map(|port| match port.name.as_str() {
        "" => format!("{}/{}", port.port, port.protocol),
        name => format!("{name} {}/{}", port.port, port.protocol),
    });
    ports.collect::<Vec<_>>().join(", ")
}

fn relation_text(service: &ServiceView) -> String {
    let mut parts = Vec::with_capacity(3);
    if service.governs {
        parts.push("the pods' names are under it (serviceName)");
    }
    match (&service.kind, service.selects) {
        (None | Some(ServiceKind::ExternalName(_)), _) => {}
        (Some(_), true) => parts.push("its selector chooses these pods"),
        (Some(_), false) => parts.push("its selector does not choose these pods"),
    }
    if service.publishes_not_ready {
        parts.push("it publishes pods that are not Ready too");
    }
    parts.join("; ")
}

fn reach_word(state: ReachState) -> &'static str {
    match state {
        ReachState::Ready => "ready",
        ReachState::Withheld => "withheld",
        ReachState::Terminating => "terminating",
    }
}

fn reach_text(reach: Reach) -> &'static str {
    match (reach.state, reach.by_name) {
        (ReachState::Ready, true) => "reached, also by its own name",
        (ReachState::Ready, false) => "reached",
        (ReachState::Withheld, _) => "withheld: not Ready",
        (ReachState::Terminating, _) => "withheld: terminating",
    }
}
