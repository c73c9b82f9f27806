//! What a reader may do: the buttons, and the dialog that asks once, shows the kubectl command, and says what came of it.

use leptos::html::Dialog;
use leptos::prelude::*;
use topology::Ordinal;
use topology::action::{Ability, Action, PodRef};
use topology::board::Lane;
use topology::facts::UpdateStrategy;

use super::reactive::{maybe, several, text, word};
use crate::route::Route;
use crate::state::{Ask, Asking, Control, Stands, Store};

/// What can be done to the StatefulSet that is shown, or where all are.
#[component]
pub(super) fn ActionButtons() -> impl IntoView {
    let store = Store::get();
    maybe(move || match store.place.read().route {
        Route::Set(_) => Some(
            vec![
                button(store, "Delete pods…", all_pods),
                button(store, "Scale…", |_| Some(Ask::Scale)),
                button(store, "Restart…", |_| Some(Ask::Restart)),
                button(store, "Image…", |_| Some(Ask::SetImage)),
            ]
            .into_any(),
        ),
        Route::Fleet => Some(button(store, "Apply the walk-through…", |_| Some(Ask::ApplyWalkThrough))),
        Route::Unknown => None,
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
    let asking = store.asking;
    let dialog = NodeRef::<Dialog>::new();
    follow(dialog, move || asking.read().is_some());
    let of = move |what: fn(&Asking) -> String| text(move || asking.read().as_ref().map(what).unwrap_or_default());
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
                "scale" => Some(typed("Replicas ", "number", of(|asking| asking.replicas.clone()), move |value| {
                    edit(store, |asking| asking.replicas = value);
                })),
                "image" => Some(view! {
                    <Containers/>
                    {typed("Image ", "text", of(|asking| asking.image.clone()), move |value| {
                        edit(store, |asking| asking.image = value);
                    })}
                }.into_any()),
                "namespace" => Some(view! {
                    {typed("Namespace ", "text", of(|asking| asking.namespace.clone()), move |value| {
                        move_to(store, value);
                    })}
                    <p class="quiet">
                        "The manifests: "
                        <a href="/walkthrough/svc.yaml" download="svc.yaml">"svc.yaml"</a>
                        " and "
                        <a href="/walkthrough/statefulset.yaml" download="statefulset.yaml">"statefulset.yaml"</a>
                        "."
                    </p>
                }.into_any()),
                _ => None,
            })}
            <p class="note">{of(note)}</p>
            <p class="quiet">"The same in a terminal:"</p>
            <pre>{of(|asking| action(asking).as_ref().map(Action::command).unwrap_or_default())}</pre>
            <p class="told" role="status" data-told=word(move || asking.read().as_ref().map_or("", told_word))>
                {of(told)}
            </p>
            <p class="told failed" role="alert" data-told="refused">{of(failed)}</p>
            <div class="buttons">
                <button type="button" class="button" on:click=move |_| close()>
                    {word(move || match asking.read().as_ref().map(|asking| &asking.stands) {
                        Some(Stands::Done { .. }) => "Close",
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
            "Container "
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

/// What is asked for, as far as the fields say something.
fn action(asking: &Asking) -> Option<Action> {
    let namespace = asking.namespace.trim().to_owned();
    let set = || asking.set.clone();
    Some(match &asking.ask {
        Ask::Delete(pods) => Action::Delete { namespace, pods: pods.clone() },
        Ask::Scale => Action::Scale { set: set()?, replicas: asking.replicas.trim().parse().ok()? },
        Ask::Restart => Action::Restart { set: set()? },
        Ask::SetImage => {
            let (container, image) = (asking.container.clone(), asking.image.trim().to_owned());
            Action::SetImage { set: set()?, container, image }
        }
        Ask::SetReady { pod, ready } => Action::SetReady { namespace, pod: pod.clone(), ready: *ready },
        Ask::ApplyWalkThrough => Action::ApplyWalkThrough { namespace },
    })
}

/// Whether it can be confirmed now.
fn can_go(asking: &Asking) -> bool {
    let Some(action) = action(asking) else { return false };
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
        (Stands::Done { .. }, _) => "done",
        (Stands::Refused(_), _) | (_, Some(_)) => "refused",
        (Stands::Open | Stands::Sent, None) => "",
    }
}

fn told(asking: &Asking) -> String {
    match &asking.stands {
        Stands::Done { said, .. } | Stands::Refused(said) => said.clone(),
        Stands::Open | Stands::Sent => lacks(asking).unwrap_or_default().to_owned(),
    }
}

/// What was not done.
fn failed(asking: &Asking) -> String {
    match &asking.stands {
        Stands::Done { failed, .. } => failed.clone(),
        Stands::Open | Stands::Sent | Stands::Refused(_) => String::new(),
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
        Ask::ApplyWalkThrough => {
            let missing =
                "Berth may not do this: its role lacks get, create and patch on services and statefulsets there.";
            (Ability::Apply, missing)
        }
    };
    asking.offer.as_ref().filter(|offer| !offer.abilities.contains(&needs)).map(|_| missing)
}

fn title(asking: &Asking) -> String {
    let set = asking.set.as_ref().map(|set| set.name.as_str()).unwrap_or_default();
    match &asking.ask {
        Ask::Delete(pods) => match pods.as_slice() {
            [] => format!("{set} has no pods to delete"),
            [pod] => format!("Delete {}?", pod.name),
            pods => format!("Delete all {} pods of {set}?", pods.len()),
        },
        Ask::Scale => format!("Scale {set}"),
        Ask::Restart => format!("Restart {set}?"),
        Ask::SetImage => format!("Change the image of {set}"),
        Ask::SetReady { pod, ready: false } => format!("Make {pod} not ready?"),
        Ask::SetReady { pod, ready: true } => format!("Let {pod} be ready?"),
        Ask::ApplyWalkThrough => "Apply the walk-through's Service and StatefulSet?".to_owned(),
    }
}

/// What comes of a changed template.
fn note(asking: &Asking) -> String {
    let (Ask::Restart | Ask::SetImage, Some(set), Some(spec)) = (&asking.ask, &asking.set, &asking.spec) else {
        return String::new();
    };
    match spec.strategy {
        UpdateStrategy::OnDelete => {
            "Its update strategy is OnDelete: no pod is replaced now. Each gets the change when somebody deletes it."
                .to_owned()
        }
        UpdateStrategy::RollingUpdate { partition: 0, .. } => {
            "Its pods are replaced from the highest number down, as many at a time as maxUnavailable allows.".to_owned()
        }
        UpdateStrategy::RollingUpdate { partition, .. } if partition >= spec.replicas => {
            "Its partition keeps all pods as they are: none is replaced now.".to_owned()
        }
        UpdateStrategy::RollingUpdate { partition, .. } => {
            let last = set.pod_name(Ordinal(spec.start.0.saturating_add(partition)));
            format!(
                "Its pods are replaced from the highest number down to {last}; the partition keeps the others as they are."
            )
        }
        UpdateStrategy::Other(_) => String::new(),
    }
}

fn verb(ask: &Ask) -> &'static str {
    match ask {
        Ask::Delete(_) => "Delete",
        Ask::Scale => "Scale",
        Ask::Restart => "Restart",
        Ask::SetImage => "Change",
        Ask::SetReady { .. } => "Do it",
        Ask::ApplyWalkThrough => "Apply",
    }
}

#[cfg(test)]
mod tests {
    use topology::board::Spec;
    use topology::facts::{MaxUnavailable, PodManagement};
    use topology::{SetKey, Uid};

    use super::*;

    fn asking(ask: Ask, strategy: UpdateStrategy) -> Asking {
        let spec = Spec {
            uid: Uid::default(),
            created: None,
            deleting: None,
            generation: 1,
            replicas: 3,
            start: Ordinal(0),
            policy: PodManagement::OrderedReady,
            service_name: "nginx".to_owned(),
            strategy,
            min_ready_seconds: 0,
            claims: Vec::new(),
        };
        Asking {
            serial: crate::state::Serial::default(),
            ask,
            set: Some(SetKey::new("shop", "web")),
            spec: Some(spec),
            namespace: "shop".to_owned(),
            offer: None,
            stands: Stands::Open,
            replicas: "3".to_owned(),
            container: "nginx".to_owned(),
            image: "nginx:2".to_owned(),
        }
    }

    #[test]
    fn given_a_strategy_when_a_template_is_changed_then_the_dialog_says_which_pods_are_replaced() {
        let rolling = |partition| UpdateStrategy::RollingUpdate { partition, max_unavailable: MaxUnavailable::Pods(1) };
        for (strategy, said) in [
            (rolling(0), "as many at a time as maxUnavailable allows"),
            (rolling(1), "down to web-1; the partition keeps the others"),
            (rolling(3), "none is replaced now"),
            (UpdateStrategy::OnDelete, "no pod is replaced now"),
        ] {
            for ask in [Ask::Restart, Ask::SetImage] {
                let note = note(&asking(ask, strategy.clone()));
                assert!(note.contains(said), "{strategy:?}: {note}");
            }
        }
        assert_eq!(note(&asking(Ask::Scale, rolling(0))), "");
    }

    #[test]
    fn given_each_thing_to_do_when_confirmed_then_it_is_done_to_the_set_that_was_asked_about() {
        let pods = vec![PodRef { name: "web-0".to_owned(), uid: Uid::default() }];
        for (ask, command) in [
            (Ask::Delete(pods), "kubectl delete pod web-0 -n shop"),
            (Ask::Scale, "kubectl scale statefulset web --replicas=3 -n shop"),
            (Ask::Restart, "kubectl rollout restart statefulset web -n shop"),
            (Ask::SetImage, "kubectl set image statefulset web nginx=nginx:2 -n shop"),
            (Ask::ApplyWalkThrough, "kubectl apply -f svc.yaml -f statefulset.yaml -n shop"),
        ] {
            let asking = asking(ask, UpdateStrategy::OnDelete);
            assert_eq!(action(&asking).map(|action| action.command()).as_deref(), Some(command));
        }
    }
}
