//! Notices above everything else: that the page is not live, and what the server may not see.

use leptos::prelude::*;
use topology::wire::{History, Refusal, Source};

use super::reactive::{Changing, maybe, several, text};
use crate::state::{Link, Presence, Store};
use crate::time::running;

/// All notices that are due. They are announced politely, so the parts that count seconds are kept out of that.
#[component]
pub(super) fn Notices() -> impl IntoView {
    let store = Store::get();
    // What is only there for contrast says so itself.
    let refused = Memo::new(move |_| {
        let status = store.status.read();
        status.refused.iter().filter(|refusal| !refusal.kind.is_for_contrast()).cloned().collect::<Vec<_>>()
    });
    view! {
        <div class="notices" role="status">
            {past()}
            <NotLive/>
            {history()}
            {several(move || refused.get().into_iter().map(|refusal| view! { <Refused refusal/> }.into_any()).collect())}
            <noscript>
                <p class="notice">
                    "This page shows the state as of its loading. To see changes as they happen, allow its JavaScript and WebAssembly."
                </p>
            </noscript>
        </div>
    }
}

/// That the past is shown.
fn past() -> Changing {
    let store = Store::get();
    let timeline = store.timeline;
    let shown = Memo::new(move |_| {
        let is_unknown = store.board.presence.get() == Presence::Unknown;
        timeline.past.read().as_ref().map(|past| (past.unwatched, past.problem.clone(), is_unknown))
    });
    maybe(move || {
        shown.get().map(|(unwatched, problem, is_unknown)| {
            let at = text(move || timeline.past.read().as_ref().map(|past| store.when(past.at)).unwrap_or_default());
            let ago = text(move || {
                let at = timeline.past.read().as_ref().map(|past| past.at).unwrap_or_default();
                format!(" ({} ago)", running(timeline.present.get().millis_since(at)))
            });
            let words = match (problem, unwatched) {
                (Some(problem), _) => format!(" It cannot be shown: {problem}."),
                (None, Some(gap)) => format!(
                    " Nobody watched from {} to {}: what is shown is as of the beginning of that.",
                    store.when(gap.from),
                    store.when(gap.to)
                ),
                (None, None) if is_unknown => " There was nothing of it that was known.".to_owned(),
                (None, None) => String::new(),
            };
            view! {
                <p class="notice" data-notice="past">
                    "You look at the past: "<b aria-hidden="true">{at}</b><span aria-hidden="true">{ago}</span>"."{words}
                </p>
            }
            .into_any()
        })
    })
}

/// That history is not kept, or was not for a while.
fn history() -> Changing {
    let store = Store::get();
    let words = Memo::new(move |_| match &store.status.read().history {
        History::Failing { problem, dropped: 0, .. } => Some(format!("History is not being kept: {problem}.")),
        History::Failing { problem, dropped, .. } => {
            Some(format!("History is not being kept: {problem}. {dropped} rows are lost."))
        }
        History::Kept { dropped } if *dropped > 0 => Some(format!("History lacks {dropped} rows of a while ago.")),
        History::Off | History::Starting | History::Kept { .. } => None,
    });
    maybe(move || words.get().map(|words| view! { <p class="notice" data-notice="history">{words}</p> }.into_any()))
}

/// What keeps the page from being live.
#[derive(Clone, PartialEq)]
enum Trouble {
    Lost(Option<String>),
    Starting(Option<String>),
    Broken(String),
}

#[component]
fn NotLive() -> impl IntoView {
    let store = Store::get();
    let trouble = Memo::new(move |_| match (&*store.link.read(), &store.status.read().source) {
        _ if store.timeline.is_past.get() => None,
        (Link::Lost { farewell, .. }, _) => Some(Trouble::Lost(farewell.clone())),
        (_, Source::Starting { problem, .. }) => Some(Trouble::Starting(problem.clone())),
        (_, Source::Broken { problem, .. }) => Some(Trouble::Broken(problem.clone())),
        (_, Source::Live { .. }) => None,
    });
    let as_of = move || {
        maybe(move || {
            let since = store.unwatched_since()?;
            let words = view! {
                " What is shown is as of "
                <b>{text(move || store.when(since))}</b>
                <span aria-hidden="true">{text(move || format!(" ({} ago)", store.ago(since)))}</span>
                "; Berth keeps trying."
            };
            Some(words.into_any())
        })
    };
    maybe(move || {
        trouble.get().map(|trouble| {
            let (kind, words) = match trouble {
                Trouble::Lost(None) => ("lost", "Not live: the connection to Berth was lost.".to_owned()),
                Trouble::Lost(Some(farewell)) => ("lost", format!("Not live: {farewell}.")),
                Trouble::Starting(None) => ("starting", "Reading the cluster's first lists.".to_owned()),
                Trouble::Starting(Some(problem)) => {
                    ("starting", format!("The cluster's first lists are not in: {problem}. Berth keeps trying."))
                }
                Trouble::Broken(problem) => ("broken", format!("Not live: {problem}.")),
            };
            view! { <p class="notice" data-notice=kind>{words} {as_of()}</p> }.into_any()
        })
    })
}

/// Something that the API server refuses to show, and the rule that would grant it.
#[component]
fn Refused(refusal: Refusal) -> impl IntoView {
    let kind = refusal.kind;
    let place = match &refusal.namespace {
        Some(namespace) => format!("in the namespace {namespace}"),
        None => "in all namespaces".to_owned(),
    };
    let role = if refusal.namespace.is_some() { "Role" } else { "ClusterRole" };
    let rule = format!(
        "- apiGroups: [\"{}\"]\n  resources: [\"{}\"]\n  verbs: [\"get\", \"list\", \"watch\"]",
        kind.group(),
        kind.resource()
    );
    view! {
        <div class="notice" data-notice="refused" data-resource=kind.resource()>
            <p>
                <b>{format!("Berth may not list and watch {} {place}.", kind.resource())}</b>
                {format!(" What comes from them is missing here. This rule of a {role} grants it:")}
            </p>
            <pre>{rule}</pre>
        </div>
    }
}
