//! The page of one Deployment, for contrast: its pods in the same lanes, none of whose names returns.

use leptos::prelude::*;
use topology::facts::Kind;

use super::lanes::Lanes;
use super::pods::Pods;
use super::reactive::{changing, maybe, text};
use super::words;
use crate::language::tr;
use crate::say::said;
use crate::state::{Presence, Store};

/// Everything about the Deployment that the address names.
pub(super) fn deployment_page() -> AnyView {
    let Store { crew, language, .. } = Store::get();
    let page = changing(move || match crew.presence.get() {
        Presence::Awaited => {
            view! { <section class="panel empty"><p>{tr!(language, set.loading)}</p></section> }.into_any()
        }
        Presence::Unknown => unknown(),
        Presence::Known => vec![title(), view! { <Lanes/> }.into_any(), view! { <Pods/> }.into_any()].into_any(),
    });
    page.into_any()
}

fn unknown() -> AnyView {
    let Store { crew, language, .. } = Store::get();
    let said = maybe(move || {
        let deployment = crew.deployment.read().as_ref().map(ToString::to_string).unwrap_or_default();
        Some(words(said!(language, set.deployment_unknown, deployment = deployment)))
    });
    view! {
        <section class="panel empty">
            <h1>{tr!(language, set.deployment_unknown_title)}</h1>
            <p>{said}</p>
            {refused_contrast()}
        </section>
    }
    .into_any()
}

/// Name, namespace, and what makes it different.
fn title() -> AnyView {
    let Store { crew, language, .. } = Store::get();
    let of = |part: fn(topology::SetKey) -> String| text(move || crew.deployment.get().map(part).unwrap_or_default());
    let ready = maybe(move || {
        let ready = crew.ready.get();
        let is_there = !ready.is_empty();
        let words = if is_there { ready } else { tr!(language, set.no_deployment).to_owned() };
        Some(view! { <span class="chip" class:bad=!is_there data-chip="ready">{words}</span> }.into_any())
    });
    view! {
        <div class="title">
            <h1>{of(|deployment| deployment.name)}</h1>
            <code>{of(|deployment| deployment.namespace)}</code>
            <span class="chip">"Deployment"</span>
            {ready}
        </div>
        <p class="why contrast">{words(said!(language, set.contrast))}</p>
        {refused_contrast()}
    }
    .into_any()
}

/// What of Deployments may not be seen, and the rule that would grant it.
pub(super) fn refused_contrast() -> AnyView {
    let store = Store::get();
    let language = store.language;
    let and = tr!(language, set.refused_and);
    // In words, so that it changes only when they do.
    let refused = Memo::new(move |_| {
        let (status, place) = (store.status.read(), store.place.read());
        let here =
            |refused: &Option<String>| refused.is_none() || place.namespace.is_none() || *refused == place.namespace;
        let mut words = String::new();
        for kind in [Kind::Deployment, Kind::ReplicaSet] {
            if status.refused.iter().any(|refusal| refusal.kind == kind && here(&refusal.namespace)) {
                words.push_str(if words.is_empty() { "" } else { and });
                words.push_str(kind.resource());
            }
        }
        words
    });
    let told = maybe(move || {
        let refused = refused.get();
        (!refused.is_empty()).then(|| {
            let resources = refused.replace(and, "\", \"");
            let group = Kind::Deployment.group();
            let rule = format!(
                "- apiGroups: [\"{group}\"]\n  resources: [\"{resources}\"]\n  verbs: [\"get\", \"list\", \"watch\"]"
            );
            view! {
                <details class="refused">
                    <summary>{tr!(language, set.refused, resources = refused)}</summary>
                    {tr!(language, set.refused_contrast)}<pre>{rule}</pre>
                </details>
            }
            .into_any()
        })
    });
    told.into_any()
}
