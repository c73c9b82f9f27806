//! Notices above everything else: that the page is not live, and what the server may not see.

use leptos::prelude::*;
use topology::wire::{History, Refusal, Source};

use super::reactive::{Changing, maybe, several, text};
use super::words;
use crate::language::tr;
use crate::say::said;
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
                    {tr!(store.language, page.scripts)}
                </p>
            </noscript>
        </div>
    }
}

/// That the past is shown.
fn past() -> Changing {
    let store = Store::get();
    let (timeline, language) = (store.timeline, store.language);
    let shown = Memo::new(move |_| {
        let is_unknown = store.board.presence.get() == Presence::Unknown;
        timeline.past.read().as_ref().map(|past| (past.unwatched, past.problem.clone(), is_unknown))
    });
    maybe(move || {
        shown.get().map(|(unwatched, problem, is_unknown)| {
            let at = text(move || timeline.past.read().as_ref().map(|past| store.when(past.at)).unwrap_or_default());
            let ago = text(move || {
                let at = timeline.past.read().as_ref().map(|past| past.at).unwrap_or_default();
                tr!(language, notices.past_ago, passed = running(language, timeline.present.get().millis_since(at)))
            });
            let words = match (problem, unwatched) {
                (Some(problem), _) => tr!(language, notices.past_problem, problem = problem),
                (None, Some(gap)) => {
                    tr!(language, notices.past_unwatched, from = store.when(gap.from), to = store.when(gap.to))
                }
                (None, None) if is_unknown => tr!(language, notices.past_unknown).to_owned(),
                (None, None) => String::new(),
            };
            view! {
                <p class="notice" data-notice="past">
                    {tr!(language, notices.past)}
                    <b aria-hidden="true">{at}</b>
                    <span aria-hidden="true">{ago}</span>
                    {tr!(language, notices.stop)}
                    {language.space()}
                    {words}
                </p>
            }
            .into_any()
        })
    })
}

/// That history is not kept, or was not for a while.
fn history() -> Changing {
    let store = Store::get();
    let language = store.language;
    let words = Memo::new(move |_| match &store.status.read().history {
        History::Failing { problem, dropped: 0, .. } => Some(tr!(language, notices.history_failing, problem = problem)),
        History::Failing { problem, dropped, .. } => {
            Some(tr!(language, notices.history_lost, problem = problem, count = dropped))
        }
        History::Kept { dropped } if *dropped > 0 => Some(tr!(language, notices.history_lacks, count = dropped)),
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
    let language = store.language;
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
                {language.space()}
                {tr!(language, notices.as_of)}
                <b>{text(move || store.when(since))}</b>
                <span aria-hidden="true">
                    {text(move || tr!(language, notices.as_of_ago, passed = store.ago(since)))}
                </span>
                {tr!(language, notices.keeps_trying)}
            };
            Some(words.into_any())
        })
    };
    maybe(move || {
        trouble.get().map(|trouble| {
            let (kind, words) = match trouble {
                Trouble::Lost(None) => ("lost", tr!(language, notices.lost).to_owned()),
                Trouble::Lost(Some(farewell)) => ("lost", tr!(language, notices.farewell, reason = farewell)),
                Trouble::Starting(None) => ("starting", tr!(language, notices.starting).to_owned()),
                Trouble::Starting(Some(problem)) => {
                    ("starting", tr!(language, notices.starting_problem, problem = problem))
                }
                Trouble::Broken(problem) => ("broken", tr!(language, notices.farewell, reason = problem)),
            };
            view! { <p class="notice" data-notice=kind>{words} {as_of()}</p> }.into_any()
        })
    })
}

/// Something that the API server refuses to show, and the rule that would grant it.
#[component]
fn Refused(refusal: Refusal) -> impl IntoView {
    let (kind, language) = (refusal.kind, Store::get().language);
    let place = match &refusal.namespace {
        Some(namespace) => tr!(language, notices.in_namespace, namespace = namespace),
        None => tr!(language, notices.in_all).to_owned(),
    };
    let role = if refusal.namespace.is_some() { "Role" } else { "ClusterRole" };
    let rule = format!(
        "- apiGroups: [\"{}\"]\n  resources: [\"{}\"]\n  verbs: [\"get\", \"list\", \"watch\"]",
        kind.group(),
        kind.resource()
    );
    view! {
        <div class="notice" data-notice="refused" data-resource=kind.resource()>
            <p>{words(said!(language, notices.refused, resource = kind.resource(), place = place, role = role))}</p>
            <pre>{rule}</pre>
        </div>
    }
}
