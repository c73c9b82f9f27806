//! The page of one Deployment, for contrast: its pods in the same lanes, none of whose names returns.

use leptos::prelude::*;
use topology::facts::Kind;

use super::lanes::Lanes;
use super::pods::Pods;
use super::reactive::{changing, maybe, text};
use crate::state::{Presence, Store};

/// Everything about the Deployment that the address names.
pub(super) fn deployment_page() -> AnyView {
    let crew = Store::get().crew;
    let page = changing(move || match crew.presence.get() {
        Presence::Awaited => view! { <section class="panel empty"><p>"Loading."</p></section> }.into_any(),
        Presence::Unknown => unknown(),
        Presence::Known => vec![title(), view! { <Lanes/> }.into_any(), view! { <Pods/> }.into_any()].into_any(),
    });
    page.into_any()
}

fn unknown() -> AnyView {
    let crew = Store::get().crew;
    let deployment = text(move || crew.deployment.read().as_ref().map(ToString::to_string).unwrap_or_default());
    view! {
        <section class="panel empty">
            <h1>"No such Deployment"</h1>
            <p>
                "Nothing is known of "<code>{deployment}</code>
                ": it does not exist, or is in a namespace that Berth does not watch. Should it be created, it appears here."
            </p>
            {refused_contrast()}
        </section>
    }
    .into_any()
}

/// Name, namespace, and what makes it different.
fn title() -> AnyView {
    let crew = Store::get().crew;
    let of = |part: fn(topology::SetKey) -> String| text(move || crew.deployment.get().map(part).unwrap_or_default());
    let ready = maybe(move || {
        let ready = crew.ready.get();
        let is_there = !ready.is_empty();
        let words = if is_there { ready } else { "no Deployment object".to_owned() };
        Some(view! { <span class="chip" class:bad=!is_there data-chip="ready">{words}</span> }.into_any())
    });
    view! {
        <div class="title">
            <h1>{of(|deployment| deployment.name)}</h1>
            <code>{of(|deployment| deployment.namespace)}</code>
            <span class="chip">"Deployment"</span>
            {ready}
        </div>
        <p class="why contrast">
            <b>"These pods have no berth: their names never return."</b>
            " A ReplicaSet makes up a name for each. When a pod goes, another one comes in its place, at once and under another name. No record in DNS is a pod's own, there is no order, and no volume waits for the next."
        </p>
        {refused_contrast()}
    }
    .into_any()
}

/// What of Deployments may not be seen, and the rule that would grant it.
pub(super) fn refused_contrast() -> AnyView {
    const AND: &str = " and ";
    let store = Store::get();
    // In words, so that it changes only when they do.
    let refused = Memo::new(move |_| {
        let (status, place) = (store.status.read(), store.place.read());
        let here =
            |refused: &Option<String>| refused.is_none() || place.namespace.is_none() || *refused == place.namespace;
        let mut words = String::new();
        for kind in [Kind::Deployment, Kind::ReplicaSet] {
            if status.refused.iter().any(|refusal| refusal.kind == kind && here(&refusal.namespace)) {
                words.push_str(if words.is_empty() { "" } else { AND });
                words.push_str(kind.resource());
            }
        }
        words
    });
    let told = maybe(move || {
        let refused = refused.get();
        (!refused.is_empty()).then(|| {
            let resources = refused.replace(AND, "\", \"");
            let group = Kind::Deployment.group();
            let rule = format!(
                "- apiGroups: [\"{group}\"]\n  resources: [\"{resources}\"]\n  verbs: [\"get\", \"list\", \"watch\"]"
            );
            view! {
                <details class="refused">
                    <summary>{format!("Berth may not list and watch {refused}.")}</summary>
                    "Only the contrast is missing. This rule grants it:"<pre>{rule}</pre>
                </details>
            }
            .into_any()
        })
    });
    told.into_any()
}
