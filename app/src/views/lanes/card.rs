//! The card of the pod that is pointed at: what is known of it, and the commands that say so.

use leptos::prelude::*;
use topology::SetKey;
use topology::board::{End, Found, Incarnation, Lane};

use super::Drawing;
use crate::language::{Language, tr};
use crate::state::{Pointed, Store};
use crate::time::duration;
use crate::views::copy::copy_button;
use crate::views::reactive::{click, maybe, several, text};
use crate::views::{stage_name, stage_word};

/// How wide a card is, as in the style sheet.
const WIDTH: &str = "380px";

/// The place of the card, and the card while a pod is pointed at.
#[component]
pub(super) fn PodCard() -> impl IntoView {
    let store = Store::get();
    let shown = Memo::new(move |_| {
        let pointed = store.lanes.pointed.get()?;
        let (_, lane) = lane_of(store, &pointed)?;
        lane.read().incarnations.iter().any(|pod| pod.uid == pointed.uid).then_some(pointed)
    });
    view! {
        <div class="card-place" aria-live="polite">
            {maybe(move || shown.get().and_then(|pointed| card(store, &pointed)))}
        </div>
    }
}

/// The lane of an identity, and where among them it is.
fn lane_of(store: Store, pointed: &Pointed) -> Option<(usize, ArcRwSignal<Lane>)> {
    let rows = store.board.lanes.read();
    let at = rows.iter().position(|(ordinal, _)| *ordinal == pointed.ordinal)?;
    Some((at, rows[at].1.clone()))
}

fn card(store: Store, pointed: &Pointed) -> Option<AnyView> {
    let drawing = Drawing::get();
    let (index, lane) = lane_of(store, pointed)?;
    let x = left_of(store, &lane, pointed, drawing);
    let set = store.shown()?;
    let name = store.pod_name(pointed.ordinal);
    let uid = pointed.uid.clone();
    let of = move |what: fn(&Lane, usize, Store) -> String| {
        let (lane, uid) = (lane.clone(), uid.clone());
        text(move || {
            let lane = lane.read();
            let at = lane.incarnations.iter().position(|pod| pod.uid == uid);
            at.map(|at| what(&lane, at, store)).unwrap_or_default()
        })
    };
    // Below its lane, where it covers none of it, and within the plot.
    let frame = drawing.frame.get();
    let left = format!("clamp(0px, {}%, calc(100% - {WIDTH}))", crate::geometry::px(x / frame.width * 100.0));
    let height = frame.height(store.board.lanes.read_untracked().len());
    let top = format!("{}%", crate::geometry::px((frame.lane(index) + frame.bar + 4.0) / height * 100.0));
    let stage = of(|lane, at, _| stage_word(Some(lane.incarnations[at].stage())).to_owned());
    let language = store.language;
    let facts: [(&'static str, Signal<String>); 9] = [
        ("UID", of(|lane, at, _| lane.incarnations[at].uid.to_string())),
        (tr!(language, card.address), of(addresses)),
        (tr!(language, card.node), of(node)),
        (tr!(language, card.revision), of(revision)),
        (tr!(language, card.created), of(created)),
        (tr!(language, card.stages), of(stages)),
        (tr!(language, card.restarts), of(restarts)),
        (tr!(language, card.status), of(|lane, at, _| lane.incarnations[at].columns.status.clone())),
        (tr!(language, card.ended), of(ended)),
    ];
    let commands = {
        let uid = pointed.uid.to_string();
        let is_there = of(|lane, at, _| lane.incarnations[at].ended.is_none().to_string());
        let name = name.clone();
        several(move || {
            commands(&set, &name, &uid, is_there.get() == "true")
                .into_iter()
                .map(|text| command(text, language))
                .collect()
        })
    };
    Some(
        view! {
            <div class="pod-card" data-uid=pointed.uid.to_string() data-stage=stage style:left=left style:top=top>
                <h3>
                    <b>{name}</b> " "
                    {of(title)}
                    <button type="button" class="close" aria-label=tr!(language, card.close) on:click=click(move |_| store.lanes.pointed.set(None))>"×"</button>
                </h3>
                <dl>{facts.map(|(term, fact)| fact_view(term, fact))}</dl>
                <div class="commands">{commands}</div>
            </div>
        }
        .into_any(),
    )
}

fn fact_view(term: &'static str, fact: Signal<String>) -> AnyView {
    maybe(move || {
        let is_there = !fact.read().is_empty();
        is_there.then(|| view! { <div><dt>{term}</dt><dd>{fact}</dd></div> }.into_any())
    })
    .into_any()
}

fn title(lane: &Lane, at: usize, store: Store) -> String {
    let stage = stage_name(lane.incarnations[at].stage(), store.language);
    tr!(store.language, card.title, number = lane.number(at), stage = stage)
}

/// Where the pod's block begins in the drawing, or the plot does.
fn left_of(store: Store, lane: &ArcRwSignal<Lane>, pointed: &Pointed, drawing: Drawing) -> f64 {
    let lane = lane.read_untracked();
    let from = lane.incarnations.iter().find(|pod| pod.uid == pointed.uid).map(|pod| pod.first_seen);
    let (frame, scale) = (drawing.frame.get_untracked(), drawing.scale.get_untracked());
    let left = scale.visible(untrack(|| drawing.until(|| store.now.get_untracked()))).0;
    frame.left + from.map_or(0.0, |from| scale.x(from) - left).max(0.0)
}

fn node(lane: &Lane, at: usize, store: Store) -> String {
    lane.incarnations[at].node.clone().unwrap_or_else(|| tr!(store.language, card.not_scheduled).to_owned())
}

fn addresses(lane: &Lane, at: usize, store: Store) -> String {
    let ips = |pod: &Incarnation| pod.ips.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    let now = ips(&lane.incarnations[at]);
    let before = at.checked_sub(1).map(|at| ips(&lane.incarnations[at])).filter(|before| !before.is_empty());
    let language = store.language;
    match (before, now.is_empty()) {
        (None, true) => tr!(language, card.none_yet).to_owned(),
        (None, false) => now,
        (Some(before), true) => tr!(language, card.none_yet_before, before = before),
        (Some(before), false) if before == now => tr!(language, card.as_before, now = now),
        (Some(before), false) => format!("{before} → {now}"),
    }
}

fn revision(lane: &Lane, at: usize, _: Store) -> String {
    let of = |at: usize| lane.incarnations[at].revision.clone().unwrap_or_default();
    let (now, before) = (of(at), at.checked_sub(1).map(of));
    match before {
        Some(before) if before != now => format!("{before} → {now}"),
        _ => now,
    }
}

fn created(lane: &Lane, at: usize, store: Store) -> String {
    let pod = &lane.incarnations[at];
    let created = pod.created.map(|created| store.when(created)).unwrap_or_default();
    match pod.found {
        Found::Watched => created,
        Found::Listed => tr!(store.language, card.before_watched, created = created),
        Found::Adopted => {
            tr!(store.language, card.member_since, created = created, seen = store.when(pod.first_seen))
        }
    }
}

/// `Pending 10:02:36 (0.4 s), Ready 10:02:38`: the last few.
fn stages(lane: &Lane, at: usize, store: Store) -> String {
    const MOST: usize = 6;
    let language = store.language;
    let pod = &lane.incarnations[at];
    let end = pod.ended.map(End::latest);
    let first = pod.spans.len().saturating_sub(MOST);
    let told = (first..pod.spans.len()).map(|at| {
        let span = pod.spans[at];
        let until = pod.spans.get(at + 1).map(|next| next.from).or(end);
        let (stage, from) = (stage_name(span.stage, language), store.when(span.from));
        match until.map(|until| duration(language, until.millis_since(span.from))) {
            Some(passed) => tr!(language, card.lasted, stage = stage, from = from, passed = passed),
            None => format!("{stage} {from}"),
        }
    });
    let told = told.collect::<Vec<_>>().join(tr!(language, card.comma));
    if first > 0 { format!("… {told}") } else { told }
}

fn restarts(lane: &Lane, at: usize, store: Store) -> String {
    let restarts = &lane.incarnations[at].columns.restarts;
    match restarts.last {
        Some(last) => tr!(store.language, card.last, count = restarts.count, last = store.when(last)),
        None => restarts.count.to_string(),
    }
}

fn ended(lane: &Lane, at: usize, store: Store) -> String {
    match lane.incarnations[at].ended {
        None => String::new(),
        Some(End::Seen { at }) => store.when(at),
        Some(End::Unseen { after, before }) => {
            tr!(store.language, card.between, after = store.when(after), before = store.when(before))
        }
    }
}

/// What kubectl has to say about a pod; of one that is gone, only its events are left.
fn commands(set: &SetKey, name: &str, uid: &str, is_there: bool) -> Vec<String> {
    let namespace = &set.namespace;
    let events = format!("kubectl -n {namespace} get events --field-selector involvedObject.uid={uid}");
    if !is_there {
        return vec![events];
    }
    vec![
        format!("kubectl -n {namespace} describe pod {name}"),
        format!("kubectl -n {namespace} logs {name} --all-containers"),
        events,
    ]
}

fn command(command: String, language: Language) -> AnyView {
    let words = move |copied| if copied { tr!(language, card.copied) } else { tr!(language, card.copy) };
    let button = copy_button("button small", None, Signal::stored(command.clone()), words);
    view! { <p><code>{command}</code>{button}</p> }.into_any()
}
