//! The page of one Deployment, for contrast: its pods in the same lanes, none of whose names returns.

use leptos::prelude::*;
use topology::facts::Kind;

use super::lanes::Lanes;
use super::pods::Pods;
use super::reactive::{changing, maybe, text};
use crate::state::{Presence, Store};

/// Everything about the Deployment that the address names.
#[component]
pub(super) fn DeploymentPage() -> impl IntoView {
    let crew = Store::get().crew;
    changing(move || match crew.presence.get() {
        Presence::Awaited => view! { <section class="panel empty"><p>"Loading."</p></section> }.into_any(),
        Presence::Unknown => view! { <Unknown/> }.into_any(),
        Presence::Known => view! { <Title/> <Lanes/> <Pods/> }.into_any(),
    })
}

#[component]
fn Unknown() -> impl IntoView {
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
}

/// Name, namespace, and what makes it different.
#[component]
fn Title() -> impl IntoView {
    let crew = Store::get().crew;
    let of = |part: fn(topology::SetKey) -> String| text(move || crew.deployment.get().map(part).unwrap_or_default());
    let ready = maybe(move || {
        let chip = match crew.wanted.get() {
            Some(wanted) => {
                let words = text(move || format!("{} / {} ready", crew.ready.get(), wanted.replicas));
                view! { <span class="chip" data-chip="ready">{words}</span> }.into_any()
            }
            None => view! { <span class="chip bad">"no Deployment object"</span> }.into_any(),
        };
        Some(chip)
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
}

/// What of Deployments may not be seen, and the rule that would grant it.
pub(super) fn refused_contrast() -> AnyView {
    let store = Store::get();
    let refused = Memo::new(move |_| {
        let (status, place) = (store.status.read(), store.place.read());
        let here = |namespace: &Option<String>| {
            namespace.is_none() || place.namespace.is_none() || *namespace == place.namespace
        };
        let refused =
            |kind: Kind| status.refused.iter().any(|refusal| refusal.kind == kind && here(&refusal.namespace));
        let kinds = [Kind::Deployment, Kind::ReplicaSet].into_iter().filter(|kind| refused(*kind));
        kinds.map(Kind::resource).collect::<Vec<_>>()
    });
    maybe(move || {
        let refused = refused.get();
        (!refused.is_empty()).then(|| {
            let rule = format!(
                "- apiGroups: [\"{}\"]\n  resources: [\"{}\"]\n  verbs: [\"get\", \"list\", \"watch\"]",
                Kind::Deployment.group(),
                refused.join("\", \"")
            );
            view! {
                <details class="refused" data-refused=refused.join(" ")>
                    <summary>{format!("Berth may not list and watch {}.", refused.join(" and "))}</summary>
                    "Only the contrast is missing. This rule grants it:"<pre>{rule}</pre>
                </details>
            }
            .into_any()
        })
    })
    .into_any()
}
