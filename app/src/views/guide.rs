//! The walk-through beside the page.

use leptos::html::Dialog;
use leptos::prelude::*;

use super::actions::follow;
use super::copy::copy_button;
use super::reactive::{click, maybe, several, text};
use super::whole::whole;
use crate::guide::Step;
use crate::language::tr;
use crate::state::{GuideState, Store};

/// The first step of which something holds.
fn find(state: &GuideState, holds: impl Fn(&Step) -> bool) -> Option<&Step> {
    state.guide.iter().flat_map(|guide| &guide.chapters).flat_map(|chapter| &chapter.steps).find(|step| holds(step))
}

fn run(store: Store, step: &str) {
    #[cfg(feature = "hydrate")]
    crate::client::ask::run(store, step);
    #[cfg(not(feature = "hydrate"))]
    let _ = (store, step);
}

/// The drawer with the steps.
#[component]
pub(super) fn GuideDrawer() -> impl IntoView {
    let store = Store::get();
    #[cfg(feature = "hydrate")]
    Effect::new(move |ran: Option<()>| {
        if ran.is_none() {
            crate::client::ask::follow_guide(store);
        }
    });
    // The chapters are drawn anew when they come, and not when a step is done.
    let chapters = Memo::new(move |_| {
        let state = store.guide.read();
        let chapters = state.guide.iter().flat_map(|guide| &guide.chapters);
        chapters.map(|chapter| chapter.title.clone()).collect::<Vec<_>>()
    });
    let running = Memo::new(move |_| store.guide.read().running);
    let confirms = RwSignal::new(false);
    let chapter = move |title: String| {
        let state = store.guide.read_untracked();
        let chapters = state.guide.iter().flat_map(|guide| &guide.chapters);
        let steps = chapters.filter(|chapter| chapter.title == title).flat_map(|chapter| &chapter.steps);
        let steps: Vec<_> =
            steps.map(|step| view! { <GuideStep name=step.name.clone() running/> }.into_any()).collect();
        view! { <h3>{title}</h3> <ol>{steps}</ol> }.into_any()
    };
    let hidden = Memo::new(move |_| !store.guided.get());
    let acts = store.control.acts();
    let language = store.language;
    view! {
        <aside class="guide" aria-label=tr!(language, guide.title) hidden=hidden>
            <h2>
                {tr!(language, guide.title)}
                <span class="buttons">
                    {acts.then(|| view! {
                        <button type="button" class="button small" disabled=running on:click=click(move |_| confirms.set(true))>
                            {tr!(language, guide.reset)}
                        </button>
                    }.into_any())}
                </span>
            </h2>
            {(!acts).then(|| view! { <p class="quiet">{tr!(language, guide.follows)}</p> }.into_any())}
            <p class="wrong" role="alert">{text(move || store.guide.read().wrong.clone().unwrap_or_default())}</p>
            {several(move || chapters.get().into_iter().map(chapter).collect())}
            {acts.then(|| view! { <StartOver confirms/> }.into_any())}
        </aside>
    }
}

/// Asks once before everything is taken away.
#[component]
fn StartOver(confirms: RwSignal<bool>) -> impl IntoView {
    let store = Store::get();
    let language = store.language;
    let dialog = NodeRef::<Dialog>::new();
    follow(dialog, move || confirms.get());
    let close = move || confirms.set(false);
    let press = move |_| {
        close();
        run(store, "reset");
    };
    view! {
        <dialog class="reset" node_ref=dialog on:close=move |_| close() aria-labelledby="reset">
            <h2 id="reset">{tr!(language, guide.reset_title)}</h2>
            <p>{tr!(language, guide.reset_does)}</p>
            <p class="quiet">{tr!(language, guide.reset_leaves)}</p>
            <div class="buttons">
                <button type="button" class="button" on:click=click(move |_| close())>
                    {tr!(language, guide.cancel)}
                </button>
                <button type="button" class="button primary" on:click=click(press)>{tr!(language, guide.reset)}</button>
            </div>
        </dialog>
    }
}

/// One step: open when it is the next one, or when it was run here.
#[component]
fn GuideStep(name: String, running: Memo<bool>) -> impl IntoView {
    let store = Store::get();
    let name = StoredValue::new(name);
    let of = move |what: fn(&Step) -> String| {
        text(move || {
            find(&store.guide.read(), |step| name.with_value(|name| step.name == *name)).map(what).unwrap_or_default()
        })
    };
    let is_next = Memo::new(move |_| {
        let state = store.guide.read();
        find(&state, |step| step.done.is_none()).is_some_and(|step| name.with_value(|name| step.name == *name))
    });
    let done = of(|step| step.done.map(|_| "done").unwrap_or_default().to_owned());
    let state = text(move || match (done.get(), is_next.get()) {
        (done, _) if !done.is_empty() => done,
        (_, true) => "next".to_owned(),
        (_, false) => "later".to_owned(),
    });
    let ran = RwSignal::new(false);
    let open = Memo::new(move |_| is_next.get() || ran.get());
    let press = move |_| {
        ran.set(true);
        name.with_value(|name| run(store, name));
    };
    let commands = of(|step| step.commands.join("\n"));
    let language = store.language;
    let copy = copy_button("button", None, commands, move |copied| {
        if copied { tr!(language, guide.copied) } else { tr!(language, guide.copy) }
    });
    let output = of(|step| step.output.clone().unwrap_or_default());
    view! {
        <li data-step=name.get_value() data-done=state>
            <details prop:open=open>
                <summary>{of(|step| step.title.clone())}</summary>
                <p>{whole(of(|step| step.text.clone()))}</p>
                <pre>{whole(commands)}</pre>
                <span class="buttons">
                    {store.control.acts().then(|| view! {
                        <button type="button" class="button primary" disabled=running on:click=click(press)>
                            {tr!(language, guide.run)}
                        </button>
                    }.into_any())}
                    {copy}
                </span>
                {maybe(move || {
                    let output = output.get();
                    (!output.is_empty()).then(|| view! { <pre class="output" role="status">{output}</pre> }.into_any())
                })}
            </details>
        </li>
    }
}
