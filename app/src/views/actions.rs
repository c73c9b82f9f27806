//! What a reader may do: the buttons, and the dialog that asks once, shows the kubectl command, and says what came of it.

use leptos::html::Dialog;
use leptos::prelude::*;
use topology::action::{Action, PodRef};
use topology::board::Lane;

use super::reactive::{click, maybe, several, text, word};
use super::whole::whole;
use crate::language::{Language, tr};
use crate::route::Route;
use crate::say::asking::{action, can_go, failed, note, title, told, told_word, verb};
use crate::state::{Ask, Asking, Control, Stands, Store};

/// What can be done to the StatefulSet that is shown, or where all are.
#[component]
pub(super) fn ActionButtons() -> impl IntoView {
    let store = Store::get();
    maybe(move || match store.place.read().route {
        Route::Set(_) => Some(
            vec![
                button(store, tr!(store.language, dialogs.delete_pods), all_pods),
                button(store, tr!(store.language, dialogs.scale_more), |_| Some(Ask::Scale)),
                button(store, tr!(store.language, dialogs.restart_more), |_| Some(Ask::Restart)),
                button(store, tr!(store.language, dialogs.image_more), |_| Some(Ask::SetImage)),
            ]
            .into_any(),
        ),
        Route::Fleet => {
            let label = tr!(store.language, dialogs.apply_more);
            Some(button(store, label, |_| Some(Ask::ApplyWalkThrough)))
        }
        Route::Deployment(_) | Route::Unknown => None,
    })
}

fn button(store: Store, label: &'static str, ask: fn(Store) -> Option<Ask>) -> AnyView {
    view! { <button class="button" type="button" on:click=click(move |_| open(store, ask(store)))>{label}</button> }
        .into_any()
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
    let Some(ask) = ask else { return };
    let spec = store.board.controller.read_untracked().spec().cloned();
    let set = store.board.set.get_untracked().filter(|_| ask != Ask::ApplyWalkThrough);
    let namespace = set.as_ref().map_or_else(|| usual_namespace(store), |set| set.namespace.clone());
    let asking = Asking {
        serial: store.next_serial(),
        ask,
        namespace,
        set,
        offer: None,
        stands: Stands::Open,
        replicas: spec.as_ref().map_or(0, |spec| spec.replicas).to_string(),
        spec,
        container: String::new(),
        image: String::new(),
    };
    #[cfg(feature = "hydrate")]
    crate::client::ask::open(store, asking);
    #[cfg(not(feature = "hydrate"))]
    drop(asking);
}

/// Where something new is made unless the reader says otherwise: where the page is narrowed down to, or all of it is, or
/// where kubectl would.
fn usual_namespace(store: Store) -> String {
    let narrowed = store.place.read_untracked().namespace.clone();
    let watched = || store.cluster.read_untracked().namespaces.iter().flatten().next().cloned();
    narrowed.or_else(watched).unwrap_or_else(|| "default".to_owned())
}

/// What can be done to the pod of a lane.
pub(super) fn pod_buttons(store: Store, name: &str, lane: &ArcRwSignal<Lane>) -> AnyView {
    let (held, of_ready, lane) = (lane.clone(), lane.clone(), lane.clone());
    let missing = Memo::new(move |_| held.read().current().is_none());
    let ready = Memo::new(move |_| of_ready.read().current().is_some_and(|pod| pod.ready_since.is_some()));
    let language = store.language;
    let label = tr!(language, dialogs.delete_label, pod = name);
    let pod = name.to_owned();
    let delete = move |_| {
        let uid = lane.read_untracked().current().map(|pod| pod.uid.clone());
        open(store, uid.map(|uid| Ask::Delete(vec![PodRef { name: pod.clone(), uid }])));
    };
    let pod = name.to_owned();
    let set_ready = move |_| open(store, Some(Ask::SetReady { pod: pod.clone(), ready: !ready.get_untracked() }));
    let ready_button = (store.control == Control::Demo).then(|| {
        let words =
            word(
                move || {
                    if ready.get() { tr!(language, dialogs.not_ready_more) } else { tr!(language, dialogs.ready_more) }
                },
            );
        view! { <button class="button small" type="button" disabled=missing on:click=click(set_ready)>{words}</button> }
            .into_any()
    });
    view! {
        {ready_button}
        <button class="button small" type="button" aria-label=label disabled=missing on:click=click(delete)>
            {tr!(language, dialogs.delete_more)}
        </button>
    }
    .into_any()
}

/// Opens and closes a dialog as something says.
pub(super) fn follow(dialog: NodeRef<Dialog>, is_open: impl Fn() -> bool + 'static) {
    #[cfg(feature = "hydrate")]
    Effect::new(move |_| {
        let Some(dialog) = dialog.get() else { return };
        match (is_open(), dialog.open()) {
            // Nothing that can be said about it if the browser does not show it.
            (true, false) => drop(dialog.show_modal()),
            (false, true) => dialog.close(),
            (true, true) | (false, false) => {}
        }
    });
    #[cfg(not(feature = "hydrate"))]
    let _ = (dialog, is_open);
}

/// Asks once.
#[component]
pub(super) fn ActionDialog() -> impl IntoView {
    let store = Store::get();
    let (asking, language) = (store.asking, store.language);
    let dialog = NodeRef::<Dialog>::new();
    follow(dialog, move || asking.read().is_some());
    let of = move |what: fn(&Asking, Language) -> String| {
        text(move || asking.read().as_ref().map(|asking| what(asking, language)).unwrap_or_default())
    };
    let perform = move |_| {
        let sent = asking.read_untracked().as_ref().and_then(|asking| Some((asking.serial, action(asking)?)));
        #[cfg(feature = "hydrate")]
        if let Some((serial, action)) = sent {
            crate::client::ask::perform(store, serial, &action);
        }
        #[cfg(not(feature = "hydrate"))]
        drop(sent);
    };
    let unready = Memo::new(move |_| !asking.read().as_ref().is_some_and(can_go));
    let close = move || asking.set(None);
    let field = Memo::new(move |_| match asking.read().as_ref().map(|asking| &asking.ask) {
        Some(Ask::Scale) => "scale",
        Some(Ask::SetImage) => "image",
        Some(Ask::ApplyWalkThrough) => "namespace",
        _ => "",
    });
    view! {
        <dialog class="ask" node_ref=dialog on:close=move |_| close() aria-labelledby="ask">
            <h2 id="ask">{of(title)}</h2>
            {maybe(move || match field.get() {
                "scale" => Some(typed(tr!(language, dialogs.replicas), "number", of(|asking, _| asking.replicas.clone()), move |value| {
                    edit(store, |asking| asking.replicas = value);
                })),
                "image" => Some(view! {
                    <Containers/>
                    {typed(tr!(language, dialogs.image), "text", of(|asking, _| asking.image.clone()), move |value| {
                        edit(store, |asking| asking.image = value);
                    })}
                }.into_any()),
                "namespace" => Some(view! {
                    {typed(tr!(language, dialogs.namespace), "text", of(|asking, _| asking.namespace.clone()), move |value| {
                        move_to(store, value);
                    })}
                    <p class="quiet">
                        {tr!(language, dialogs.manifests)}
                        <a href="/walkthrough/svc.yaml" download="svc.yaml">"svc.yaml"</a>
                        {tr!(language, dialogs.manifests_and)}
                        <a href="/walkthrough/statefulset.yaml" download="statefulset.yaml">"statefulset.yaml"</a>
                        {tr!(language, dialogs.manifests_end)}
                    </p>
                }.into_any()),
                _ => None,
            })}
            <p class="note">{of(note)}</p>
            <p class="quiet">{tr!(language, dialogs.in_terminal)}</p>
            <pre>{whole(of(|asking, _| action(asking).as_ref().map(Action::command).unwrap_or_default()))}</pre>
            <p class="told" role="status" data-told=word(move || asking.read().as_ref().map_or("", told_word))>
                {of(told)}
            </p>
            <p class="told failed" role="alert" data-told="refused">{of(|asking, _| failed(asking))}</p>
            <div class="buttons">
                <button type="button" class="button" on:click=click(move |_| close())>
                    {word(move || {
                        let partly = asking.read().as_ref().is_some_and(|it| matches!(it.stands, Stands::Partly { .. }));
                        if partly { tr!(language, dialogs.close) } else { tr!(language, dialogs.cancel) }
                    })}
                </button>
                <button type="button" class="button primary" disabled=unready on:click=click(perform)>
                    {word(move || asking.read().as_ref().map_or("", |asking| verb(&asking.ask, language)))}
                </button>
            </div>
        </dialog>
    }
}

/// What came of the last action, until it is dismissed or a while has passed.
#[component]
pub(super) fn Toast() -> impl IntoView {
    let store = Store::get();
    let told = store.told;
    let dismiss = move |_| told.set(None);
    view! {
        <div class="toast" role="status">
            {maybe(move || told.get().map(|told| view! {
                <p class="told">{told.text}</p>
                <button type="button" class="button small" aria-label=tr!(store.language, dialogs.dismiss) on:click=click(dismiss)>"×"</button>
            }.into_any()))}
        </div>
    }
}

/// Whether what the fields say was sent, and cannot be changed any more.
fn is_sent(store: Store) -> Memo<bool> {
    Memo::new(move |_| store.asking.read().as_ref().is_some_and(|asking| asking.stands == Stands::Sent))
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
            <input type=kind min="0" spellcheck="false" disabled=is_sent(Store::get()) prop:value=value on:input:target=move |event| change(event.target().value())/>
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
            {tr!(store.language, dialogs.container)}
            <select disabled=is_sent(store) on:change:target=move |event| choose(event.target().value())>
                {several(move || names.get().into_iter().map(option).collect())}
            </select>
        </label>
    }
}

fn edit(store: Store, by: impl FnOnce(&mut Asking)) {
    let Some(serial) = store.asking.read_untracked().as_ref().map(|asking| asking.serial) else { return };
    store.change_asking(serial, |asking| {
        if asking.stands != Stands::Sent {
            // What was refused may be right now.
            asking.stands = Stands::Open;
            by(asking);
        }
    });
}

/// It is about another namespace, of which it is not known yet what may be done there.
fn move_to(store: Store, namespace: String) {
    edit(store, |asking| {
        asking.namespace = namespace;
        asking.offer = None;
    });
    #[cfg(feature = "hydrate")]
    if let Some(serial) = store.asking.read_untracked().as_ref().map(|asking| asking.serial) {
        crate::client::ask::offer(store, serial);
    }
}
