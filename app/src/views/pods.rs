//! The pods of now in a table, with the columns of `kubectl get pods -o wide`.

use std::ops::Range;

use leptos::html::Tbody;
use leptos::prelude::*;
use topology::board::{Incarnation, Lane};
use topology::kubectl::human_duration;

use super::actions::pod_buttons;
use super::reactive::{each_lane, text, word};
use super::stage_word;
use super::windowed::Window;
use crate::geometry::px;
use crate::language::tr;
use crate::state::{LaneRow, Store};

/// The height of a row in pixels, as in the style sheet.
const ROW: f64 = 32.0;

/// A row for each identity, whether a pod holds it or not.
#[component]
pub(super) fn Pods() -> impl IntoView {
    let store = Store::get();
    let acts = has_buttons(store);
    let body = NodeRef::<Tbody>::new();
    let seen = RwSignal::new(Window::FIRST);
    #[cfg(feature = "hydrate")]
    Effect::new(move |_| {
        if let Some(body) = body.get() {
            crate::client::window::follow(&body, |_| ROW, seen);
        }
    });
    // What is left out above and below takes its room.
    #[allow(clippy::cast_precision_loss, reason = "some hundreds of rows")]
    let room = move |of: fn(&Range<usize>, usize) -> usize| {
        let height = text(move || {
            let rows = store.board.lanes.read().len();
            px(of(&seen.get().of(rows), rows) as f64 * ROW)
        });
        let space = view! { <svg class="space" width="1" height=height></svg> };
        view! { <tr class="space" aria-hidden="true"><td colspan="10">{space}</td></tr> }.into_any()
    };
    let language = store.language;
    let title = word(move || {
        if store.timeline.is_past.get() { tr!(language, tables.pods_then) } else { tr!(language, tables.pods_now) }
    });
    view! {
        <section class="panel">
            <h2>{title} <span>{tr!(language, tables.as_kubectl)}</span></h2>
            <div class="scroll">
                <table class="pods">
                    <thead>
                        <tr>
                            <th scope="col">{tr!(language, tables.name)}</th>
                            <th scope="col">{tr!(language, tables.ready)}</th>
                            <th scope="col">{tr!(language, tables.status)}</th>
                            <th scope="col">{tr!(language, tables.restarts)}</th>
                            <th scope="col">{tr!(language, tables.age)}</th>
                            <th scope="col">"IP"</th>
                            <th scope="col">{tr!(language, tables.node)}</th>
                            <th scope="col">{tr!(language, tables.revision)}</th>
                            <th scope="col">"UID"</th>
                            {acts.then(|| view! { <th scope="col"><span class="hidden">{tr!(language, tables.actions)}</span></th> }.into_any())}
                        </tr>
                    </thead>
                    <tbody node_ref=body>
                        {room(|part, _| part.start)}
                        {each_lane(seen, |row| view! { <PodRow row/> }.into_any())}
                        {room(|part, rows| rows - part.end)}
                    </tbody>
                </table>
            </div>
        </section>
    }
}

#[component]
fn PodRow(row: LaneRow) -> impl IntoView {
    let store = Store::get();
    let (ordinal, lane) = row;
    let name = store.pod_name(ordinal);
    let stage = {
        let lane = lane.clone();
        word(move || stage_word(lane.read().current().map(Incarnation::stage)))
    };
    let for_buttons = lane.clone();
    // Each cell by itself: what did not change is not written again.
    let cell = move |text: fn(&Incarnation, Store) -> String| {
        let lane = lane.clone();
        Memo::new(move |_| text_of(&lane.read(), |pod| text(pod, store)))
    };
    let uid = cell(|pod, _| pod.uid.to_string());
    view! {
        <tr data-pod=name.clone() data-stage=stage data-uid=uid>
            <th scope="row">{name.clone()}</th>
            <td data-column="ready">{cell(|pod, _| pod.columns.ready.to_string())}</td>
            <td data-column="status" class="status">{cell(|pod, _| pod.columns.status.clone())}</td>
            <td data-column="restarts">
                {cell(|pod, store| match pod.columns.restarts.last {
                    Some(_) => pod.columns.restarts.text(store.second.get()),
                    None => pod.columns.restarts.count.to_string(),
                })}
            </td>
            <td data-column="age">
                {cell(|pod, store| match pod.created {
                    Some(created) => human_duration(store.second.get().millis_since(created)),
                    None => "<unknown>".to_owned(),
                })}
            </td>
            <td data-column="ip"><code>{cell(|pod, _| addresses(pod))}</code></td>
            <td data-column="node">{cell(|pod, _| pod.node.clone().unwrap_or_else(|| NONE.to_owned()))}</td>
            <td data-column="revision">{cell(|pod, _| pod.revision.clone().unwrap_or_default())}</td>
            <td data-column="uid"><code>{cell(|pod, _| pod.uid.short().to_owned())}</code></td>
            {has_buttons(store).then(|| view! { <td class="do">{pod_buttons(store, &name, &for_buttons)}</td> }.into_any())}
        </tr>
    }
}

/// Whether something can be done to the pods here.
fn has_buttons(store: Store) -> bool {
    store.control.acts() && !store.shows_crew()
}

/// What kubectl prints where there is nothing.
const NONE: &str = "<none>";

fn text_of(lane: &Lane, text: impl Fn(&Incarnation) -> String) -> String {
    lane.current().map_or_else(|| "–".to_owned(), text)
}

fn addresses(pod: &Incarnation) -> String {
    if pod.ips.is_empty() {
        return NONE.to_owned();
    }
    pod.ips.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
}
