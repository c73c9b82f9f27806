//! What a reader may do: the buttons, and the dialog that asks once, shows the kubectl command, and says what came of it.

use leptos::html::Dialog;
use leptos::prelude::*;
use topology::action::{Ability, Action, PodRef};
use topology::board::Lane;

use super::reactive::{maybe, several, text, word};
use crate::route::Route;
use crate::state::{Ask, Asking, Control, Stands, Store};

/// What can be done to the StatefulSet that is shown.
#[component]
pub(super) fn ActionButtons() -> impl IntoView {
    let store = Store::get();
    maybe(move || {
        matches!(store.place.read().route, Route::Set(_)).then(|| {
            vec![
                button(store, "Delete pods…", all_pods),
                button(store, "Scale…", |_| Some(Ask::Scale)),
                button(store, "Restart…", |_| Some(Ask::Restart)),
                button(store, "Image…", |_| Some(Ask::SetImage)),
            ]
            .into_any()
        })
    })
}

fn button(store: Store, label: &'static str, ask: fn(Store) -> Option<Ask>) -> AnyView {
    view! { <button class="button" type="button" on:click=move |_| open(store, ask(store))>{label}</button> }.into_any()
}

fn all_pods(store: Store) -> Option<Ask> {
    let set = store.board.set.get_untracked()?;
    let lanes = store.board.lanes.read_untracked();
    let pods = lanes.iter().filter_map(|(ordinal, lane)| {
        let uid = lane.read_untracked().current()?.uid.clone();
        Some(PodRef { name: set.pod_name(*ordinal), uid })
    });
    Some(Ask::Delete(pods.collect()))
}

/// Opens the dialog.
fn open(store: Store, ask: Option<Ask>) {
    let replicas = store.board.controller.read_untracked().spec().map_or(0, |spec| spec.replicas);
    let asking = ask.map(|ask| Asking {
        ask,
        offer: None,
        stands: Stands::Open,
        replicas: replicas.to_string(),
        container: String::new(),
        image: String::new(),
    });
    #[cfg(feature = "hydrate")]
    if let Some(asking) = asking {
        crate::client::ask::open(store, asking);
    }
    #[cfg(not(feature = "hydrate"))]
    drop(asking);
}

/// What can be done to the pod of a lane.
pub(super) fn pod_buttons(store: Store, name: &str, lane: &ArcRwSignal<Lane>) -> AnyView {
    let (held, of_ready, lane) = (lane.clone(), lane.clone(), lane.clone());
    let missing = Memo::new(move |_| held.read().current().is_none());
    let ready = Memo::new(move |_| of_ready.read().current().is_some_and(|pod| pod.ready_since.is_some()));
    let label = format!("Delete {name}");
    let pod = name.to_owned();
    let delete = move |_| {
        let uid = lane.read_untracked().current().map(|pod| pod.uid.clone());
        open(store, uid.map(|uid| Ask::Delete(vec![PodRef { name: pod.clone(), uid }])));
    };
    let pod = name.to_owned();
    let set_ready = move |_| open(store, Some(Ask::SetReady { pod: pod.clone(), ready: !ready.get_untracked() }));
    let ready_button = (store.control == Control::Demo).then(|| {
        let words = word(move || if ready.get() { "Not ready…" } else { "Ready…" });
        view! { <button class="button small" type="button" disabled=missing on:click=set_ready>{words}</button> }
            .into_any()
    });
    view! {
        {ready_button}
        <button class="button small" type="button" aria-label=label disabled=missing on:click=delete>"Delete…"</button>
    }
    .into_any()
}

/// Asks once.
#[component]
pub(super) fn ActionDialog() -> impl IntoView {
    let store = Store::get();
    let asking = store.asking;
    let dialog = NodeRef::<Dialog>::new();
    #[cfg(feature = "hydrate")]
    Effect::new(move |_| {
        let Some(dialog) = dialog.get() else { return };
        match (asking.read().is_some(), dialog.open()) {
            // Nothing that can be said about it if the browser does not show it.
            (true, false) => drop(dialog.show_modal()),
            (false, true) => dialog.close(),
            (true, true) | (false, false) => {}
        }
    });
    let of = move |what: fn(&Asking) -> String| text(move || asking.read().as_ref().map(what).unwrap_or_default());
    let perform = move |_| {
        let action = asking.read_untracked().as_ref().and_then(|asking| action(asking, store));
        #[cfg(feature = "hydrate")]
        if let Some(action) = action {
            crate::client::ask::perform(store, &action);
        }
        #[cfg(not(feature = "hydrate"))]
        drop(action);
    };
    let unready = Memo::new(move |_| !asking.read().as_ref().is_some_and(|asking| can_go(asking, store)));
    let close = move || asking.set(None);
    let command = text(move || {
        let asking = asking.read();
        asking.as_ref().and_then(|asking| action(asking, store)).as_ref().map(Action::command).unwrap_or_default()
    });
    let field = Memo::new(move |_| match asking.read().as_ref().map(|asking| &asking.ask) {
        Some(Ask::Scale) => "scale",
        Some(Ask::SetImage) => "image",
        _ => "",
    });
    view! {
        <dialog node_ref=dialog on:close=move |_| close() aria-labelledby="ask">
            <h2 id="ask">{text(move || asking.read().as_ref().map(|asking| title(&asking.ask, store)).unwrap_or_default())}</h2>
            {maybe(move || match field.get() {
                "scale" => Some(typed("Replicas ", "number", of(|asking| asking.replicas.clone()), move |value| {
                    edit(store, |asking| asking.replicas = value);
                })),
                "image" => Some(view! {
                    <Containers/>
                    {typed("Image ", "text", of(|asking| asking.image.clone()), move |value| {
                        edit(store, |asking| asking.image = value);
                    })}
                }.into_any()),
                _ => None,
            })}
            <p class="quiet">"The same in a terminal:"</p>
            <pre>{command}</pre>
            <p class="told" role="status" data-told=word(move || asking.read().as_ref().map_or("", told_word))>
                {of(told)}
            </p>
            <div class="buttons">
                <button type="button" class="button" on:click=move |_| close()>
                    {word(move || match asking.read().as_ref().map(|asking| &asking.stands) {
                        Some(Stands::Done(_)) => "Close",
                        _ => "Cancel",
                    })}
                </button>
                <button type="button" class="button primary" disabled=unready on:click=perform>
                    {word(move || asking.read().as_ref().map_or("", |asking| verb(&asking.ask)))}
                </button>
            </div>
        </dialog>
    }
}

/// A field that is typed into.
fn typed(
    label: &'static str,
    kind: &'static str,
    value: Signal<String>,
    change: impl Fn(String) + Send + 'static,
) -> AnyView {
    view! {
        <label>
            {label}
            <input type=kind min="0" spellcheck="false" prop:value=value on:input:target=move |event| change(event.target().value())/>
        </label>
    }
    .into_any()
}

/// Which container's image is changed.
#[component]
fn Containers() -> impl IntoView {
    let store = Store::get();
    let choose = move |name: String| {
        edit(store, |asking| {
            let known = asking.offer.iter().flat_map(|offer| &offer.containers).find(|(known, _)| *known == name);
            if let Some((_, image)) = known.cloned() {
                asking.image = image;
            }
            asking.container = name;
        });
    };
    let names = Memo::new(move |_| {
        let asking = store.asking.read();
        let containers = asking.iter().flat_map(|asking| &asking.offer).flat_map(|offer| &offer.containers);
        containers.map(|(name, _)| name.clone()).collect::<Vec<_>>()
    });
    let option = |name: String| view! { <option value=name.clone()>{name.clone()}</option> }.into_any();
    view! {
        <label>
            "Container "
            <select on:change:target=move |event| choose(event.target().value())>
                {several(move || names.get().into_iter().map(option).collect())}
            </select>
        </label>
    }
}

fn edit(store: Store, by: impl FnOnce(&mut Asking)) {
    store.change_asking(|asking| {
        // What was refused may be right now.
        asking.stands = Stands::Open;
        by(asking);
    });
}

/// What is asked for, as far as the fields say something.
fn action(asking: &Asking, store: Store) -> Option<Action> {
    let set = store.board.set.get()?;
    Some(match &asking.ask {
        Ask::Delete(pods) => Action::Delete { namespace: set.namespace, pods: pods.clone() },
        Ask::Scale => Action::Scale { set, replicas: asking.replicas.trim().parse().ok()? },
        Ask::Restart => Action::Restart { set },
        Ask::SetImage => {
            let (container, image) = (asking.container.clone(), asking.image.trim().to_owned());
            Action::SetImage { set, container, image }
        }
        Ask::SetReady { pod, ready } => Action::SetReady { namespace: set.namespace, pod: pod.clone(), ready: *ready },
    })
}

/// Whether it can be confirmed now.
fn can_go(asking: &Asking, store: Store) -> bool {
    let Some(action) = action(asking, store) else { return false };
    let says_something = match &action {
        Action::Delete { pods, .. } => !pods.is_empty(),
        Action::SetImage { image, .. } => !image.is_empty(),
        _ => true,
    };
    let is_free = matches!(asking.stands, Stands::Open | Stands::Refused(_));
    says_something && is_free && asking.offer.as_ref().is_some_and(|offer| offer.abilities.contains(&action.needs()))
}

fn told_word(asking: &Asking) -> &'static str {
    match (&asking.stands, lacks(asking)) {
        (Stands::Done(_), _) => "done",
        (Stands::Refused(_), _) | (_, Some(_)) => "refused",
        (Stands::Open | Stands::Sent, None) => "",
    }
}

fn told(asking: &Asking) -> String {
    match &asking.stands {
        Stands::Done(said) | Stands::Refused(said) => said.clone(),
        Stands::Open | Stands::Sent => lacks(asking).unwrap_or_default().to_owned(),
    }
}

/// What Berth may not do for it.
fn lacks(asking: &Asking) -> Option<&'static str> {
    let (needs, missing) = match &asking.ask {
        Ask::Delete(_) => (Ability::DeletePods, "Berth may not do this: its role lacks delete on pods."),
        Ask::Scale => (Ability::Scale, "Berth may not do this: its role lacks patch on statefulsets/scale."),
        Ask::Restart | Ask::SetImage => {
            (Ability::ChangeTemplate, "Berth may not do this: its role lacks get and patch on statefulsets.")
        }
        Ask::SetReady { .. } => (Ability::SetReady, "Berth may not do this: its role lacks patch on pods."),
    };
    asking.offer.as_ref().filter(|offer| !offer.abilities.contains(&needs)).map(|_| missing)
}

fn title(ask: &Ask, store: Store) -> String {
    let set = store.board.set.read().as_ref().map(|set| set.name.clone()).unwrap_or_default();
    match ask {
        Ask::Delete(pods) => match pods.as_slice() {
            [] => format!("{set} has no pods to delete"),
            [pod] => format!("Delete {}?", pod.name),
            pods => format!("Delete all {} pods of {set}?", pods.len()),
        },
        Ask::Scale => format!("Scale {set}"),
        Ask::Restart => format!("Replace all pods of {set}?"),
        Ask::SetImage => format!("Change the image of {set}"),
        Ask::SetReady { pod, ready: false } => format!("Make {pod} not ready?"),
        Ask::SetReady { pod, ready: true } => format!("Let {pod} be ready?"),
    }
}

fn verb(ask: &Ask) -> &'static str {
    match ask {
        Ask::Delete(_) => "Delete",
        Ask::Scale => "Scale",
        Ask::Restart => "Restart",
        Ask::SetImage => "Change",
        Ask::SetReady { .. } => "Do it",
    }
}
