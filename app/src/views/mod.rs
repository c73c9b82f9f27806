//! The components of the page.

mod actions;
mod copy;
mod deployment;
mod fleet;
mod guide;
mod header;
mod lanes;
mod ledger;
mod names;
mod notice;
mod pods;
mod rail;
mod reactive;
mod record;
mod services;
mod set;
mod shortcuts;
mod strangers;
mod warnings;
mod ways;
mod whole;
mod windowed;

use leptos::prelude::*;
use topology::Stage;

use crate::language::{Language, tr};
use crate::route::Route;
use crate::say::{Part, Saying};
use crate::state::Store;
use actions::{ActionDialog, Toast};
use deployment::deployment_page;
use fleet::FleetPage;
#[cfg(feature = "hydrate")]
pub(crate) use fleet::SEARCH_ID;
use guide::GuideDrawer;
use header::Header;
#[cfg(feature = "hydrate")]
pub(crate) use lanes::Picture;
#[cfg(feature = "ssr")]
pub use ledger::{ledger_problem, ledger_rows};
use notice::Notices;
use rail::Rail;
use reactive::{changing, text, word};
use set::SetPage;
use shortcuts::Shortcuts;
pub use windowed::Window;

/// The whole page. Needs a [`Store`] in its context.
#[component]
pub fn App() -> impl IntoView {
    let store = Store::get();
    // A page stays when only its StatefulSet or the filter changes.
    let kind = Memo::new(move |_| match store.place.read().route {
        Route::Fleet => Kind::Fleet,
        Route::Set(_) => Kind::Set,
        Route::Deployment(_) => Kind::Deployment,
        Route::Unknown => Kind::Nothing,
    });
    view! {
        <div
            class="page"
            data-live=word(move || store.liveness().word())
            data-revision=text(move || store.revision.get().to_string())
            data-presents=text(move || store.presents.get().to_string())
            data-guided=text(move || store.guided.get().to_string())
        >
            <a class="skip" href="#content">{tr!(store.language, page.skip)}</a>
            <Header/>
            <div class="columns">
                <Rail/>
                <main id="content" tabindex="-1">
                    <Notices/>
                    {changing(move || match kind.get() {
                        Kind::Fleet => view! { <FleetPage/> }.into_any(),
                        Kind::Set => view! { <SetPage/> }.into_any(),
                        Kind::Deployment => deployment_page(),
                        Kind::Nothing => view! { <NotFound/> }.into_any(),
                    })}
                </main>
                {store.control.guides().then(|| view! { <GuideDrawer/> }.into_any())}
            </div>
            {store.control.acts().then(|| view! { <ActionDialog/> <Toast/> }.into_any())}
            <Shortcuts/>
        </div>
    }
}

/// The kinds of pages.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Fleet,
    Set,
    Deployment,
    Nothing,
}

/// An address that shows nothing.
#[component]
fn NotFound() -> impl IntoView {
    let store = Store::get();
    let language = store.language;
    let start = text(move || store.place.read().to(Route::Fleet).address());
    view! {
        <section class="panel empty">
            <h1>{tr!(language, page.nothing_title)}</h1>
            <p>
                {tr!(language, page.nothing)}
                <a href=start>{tr!(language, page.start)}</a>
                {tr!(language, page.stop)}
            </p>
        </section>
    }
}

/// What was said, with its looks.
fn words(saying: Saying) -> AnyView {
    let parts = saying.0.into_iter().map(|part| match part {
        Part::Strong(text) => view! { <b>{text}</b> }.into_any(),
        Part::Text(text) => text.into_any(),
        Part::Code(text) => view! { <code>{text}</code> }.into_any(),
    });
    parts.collect::<Vec<_>>().into_any()
}

/// The name of a stage, as styles and scripts know it.
pub(crate) const fn stage_word(stage: Option<Stage>) -> &'static str {
    match stage {
        Some(Stage::Pending) => "pending",
        Some(Stage::Creating) => "creating",
        Some(Stage::Starting) => "starting",
        Some(Stage::Ready) => "ready",
        Some(Stage::Terminating) => "terminating",
        Some(Stage::Failing) => "failing",
        Some(Stage::Completed) => "completed",
        None => "none",
    }
}

/// The name of a stage, as people read it.
pub(crate) fn stage_name(stage: Stage, language: Language) -> &'static str {
    match stage {
        Stage::Pending => tr!(language, lanes.pending),
        Stage::Creating => tr!(language, lanes.creating),
        Stage::Starting => tr!(language, lanes.starting),
        Stage::Ready => tr!(language, lanes.ready),
        Stage::Terminating => tr!(language, lanes.terminating),
        Stage::Failing => tr!(language, lanes.failing),
        Stage::Completed => tr!(language, lanes.completed),
    }
}
