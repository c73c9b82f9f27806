//! Going back in time: boards as of then are fetched, one after the other, the latest wish first.

use std::time::Duration;

use gloo_timers::future::sleep;
use leptos::ev;
use leptos::prelude::*;
use leptos::task::spawn_local;
use topology::wire::History;
use topology::{Revision, Timestamp};

use super::ask::answer;
use super::clock::local;
use super::keys::{is_free, is_modified, target};
use super::links::narrow;
use crate::history::{Marks, Then};
use crate::route::Place;
use crate::state::{Link, Past, Store};

/// Between two looks for new moments of change.
const REFRESH: Duration = Duration::from_secs(4);
/// Between two moments while the past is played.
const FRAME: Duration = Duration::from_millis(100);

/// Keeps the moments of change up to date, and lets keys move through them, for as long as the page lives.
pub(super) fn start(store: Store) {
    let _keys = window_event_listener(ev::keydown, move |key| {
        if pressed(store, &key) {
            key.prevent_default();
        }
    });
    Effect::new(move |_| {
        store.board.set.track();
        store.timeline.span.track();
        store.link.track();
        spawn_local(refresh(store));
    });
    spawn_local(async move {
        loop {
            sleep(REFRESH).await;
            if !document().hidden() {
                refresh(store).await;
            }
        }
    });
}

fn is_kept(store: Store) -> bool {
    !matches!(store.status.read_untracked().history, History::Off | History::Starting)
}

/// What the server tells of the moments of change; with a moment, of its neighbours as well.
async fn ask(store: Store, at: Option<Timestamp>) -> Option<Marks> {
    let set = store.board.set.get_untracked().filter(|_| is_kept(store))?;
    let from = untrack(|| store.timeline.from()).as_millis();
    let at = at.map(|at| format!("&at={}", at.as_millis())).unwrap_or_default();
    let address = format!("/api/v1/history?namespace={}&statefulset={}&from={from}{at}", set.namespace, set.name);
    postcard::from_bytes(&answer(store, address, None).await.ok()?).ok()
}

/// Asks for the moments of change while the server is there.
async fn refresh(store: Store) {
    if *store.link.read_untracked() == Link::Open
        && let Some(marks) = ask(store, None).await
        && marks != *store.timeline.marks.read_untracked()
    {
        store.timeline.marks.set(marks);
    }
}

/// Shows a moment of the past.
pub(crate) fn visit(store: Store, at: Timestamp) {
    let (wanted, busy) = (store.timeline.wanted, store.timeline.busy);
    store.timeline.past.update(|past| match past {
        Some(past) => past.at = at,
        None => *past = Some(Past { at, unwatched: None, problem: None }),
    });
    wanted.set_value(Some(at));
    if busy.get_value() {
        return;
    }
    busy.set_value(true);
    spawn_local(async move {
        while let Some(at) = wanted.try_update_value(Option::take).flatten() {
            fetch(store, at).await;
        }
        busy.set_value(false);
        note(store);
    });
}

async fn fetch(store: Store, at: Timestamp) {
    let Some(set) = store.board.set.get_untracked() else { return };
    let address = format!("/api/v1/topology/{}/{}?at={}", set.namespace, set.name, at.as_millis());
    let told = answer(store, address, None).await;
    let told = told.and_then(|bytes| postcard::from_bytes::<Then>(&bytes).map_err(|error| error.to_string()));
    // Meanwhile it may have been left, or another StatefulSet be shown.
    let is_wanted = store.timeline.is_past.get_untracked() && *store.board.set.read_untracked() == Some(set);
    if !is_wanted {
        return;
    }
    let (unwatched, problem) = match told {
        Ok(then) => {
            store.now.set(at);
            store.board.replace(then.board, Revision::default());
            (then.unwatched, None)
        }
        Err(problem) => (None, Some(problem)),
    };
    store.timeline.past.update(|past| {
        if let Some(past) = past
            && (past.unwatched != unwatched || past.problem != problem)
        {
            (past.unwatched, past.problem) = (unwatched, problem);
        }
    });
}

/// Shows what is live again.
pub(crate) fn live(store: Store) {
    if !store.timeline.is_past.get_untracked() {
        return;
    }
    store.timeline.plays.set(false);
    // What is shown is of the past: nothing that comes can follow on it.
    store.board.revision.set_value(None);
    store.timeline.past.set(None);
    note(store);
}

/// Shows what an address says: a moment, or what is live.
pub(super) fn follow(store: Store, place: &Place) {
    match place.at {
        Some(at) if place.set().is_some() => visit(store, at),
        _ => live(store),
    }
}

/// The address carries the moment, so that a link does. While the past is played it is not noted: browsers forbid to
/// change it so often.
fn note(store: Store) {
    if store.timeline.plays.get_untracked() {
        return;
    }
    let at = store.timeline.past.read_untracked().as_ref().map(|past| past.at);
    let place = Place { at, ..store.place.get_untracked() };
    if place == *store.place.read_untracked() {
        return;
    }
    narrow(store, place);
}

/// The moment that is shown; now, where that is.
fn shown(store: Store) -> Timestamp {
    store.timeline.past.read_untracked().as_ref().map_or_else(|| store.now.get_untracked(), |past| past.at)
}

/// Which neighbour of a moment.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    /// The change before it.
    Previous,
    /// The one after it; behind the last one is now.
    Next,
}

/// Shows the next moment of change.
pub(crate) fn step(store: Store, side: Side) {
    store.timeline.plays.set(false);
    if side == Side::Next && !store.timeline.is_past.get_untracked() {
        return;
    }
    spawn_local(async move {
        let Some(marks) = ask(store, Some(shown(store))).await else { return };
        match (side, marks.previous, marks.next) {
            (Side::Previous, Some(at), _) | (Side::Next, _, Some(at)) => visit(store, at),
            (Side::Next, _, None) => live(store),
            (Side::Previous, None, _) => {}
        }
    });
}

/// Plays the past from the moment that is shown, or from the beginning of the slider; or stops that.
pub(crate) fn play(store: Store) {
    let timeline = store.timeline;
    if timeline.plays.get_untracked() {
        timeline.plays.set(false);
        return note(store);
    }
    timeline.plays.set(true);
    if !timeline.is_past.get_untracked() {
        visit(store, untrack(|| timeline.from()));
    }
    spawn_local(async move {
        let mut before = local();
        loop {
            sleep(FRAME).await;
            if !timeline.plays.get_untracked() {
                return;
            }
            let now = local();
            let passed = now.millis_since(before).clamp(0, 1_000) * i64::from(timeline.speed.get_untracked());
            before = now;
            // Who moves the slider meanwhile goes on from there.
            let at = Timestamp::from_millis(shown(store).as_millis() + passed);
            if at >= timeline.present.get_untracked() {
                return live(store);
            }
            visit(store, at);
        }
    });
}

/// Whether a key moved through time: ← and → go to the changes, the space bar plays.
fn pressed(store: Store, key: &web_sys::KeyboardEvent) -> bool {
    let has_slider = store.board.set.read_untracked().is_some() && is_kept(store);
    if !has_slider || !(is_free(store, key) || on_slider(key)) || key.shift_key() || store.lists_keys.get_untracked() {
        return false;
    }
    // Where a key means something of its own, it keeps that.
    let taken = |tag: &str| ["BUTTON", "A", "SUMMARY"].contains(&tag);
    if target(key).is_some_and(|target| taken(&target.tag_name())) {
        return false;
    }
    match key.key().as_str() {
        "ArrowLeft" => step(store, Side::Previous),
        "ArrowRight" => step(store, Side::Next),
        " " => play(store),
        _ => return false,
    }
    true
}

fn on_slider(key: &web_sys::KeyboardEvent) -> bool {
    !is_modified(key) && !key.default_prevented() && target(key).is_some_and(|target| target.class_name() == "moment")
}

/// Begins a recording, or ends it: then the browser fetches it.
pub(crate) fn record(store: Store) {
    let recording = store.timeline.recording;
    match recording.get_untracked() {
        None => recording.set(Some(store.timeline.present.get_untracked())),
        Some(from) => {
            recording.set(None);
            let address = format!("/api/v1/recording?from={}", from.as_millis());
            // It comes as a file to be saved: the page stays.
            let _ = window().location().set_href(&address);
        }
    }
}

/// How many bytes of history there are since then.
pub(crate) async fn size(store: Store, from: Timestamp) -> Option<u64> {
    let told = answer(store, format!("/api/v1/history?from={}", from.as_millis()), None).await.ok()?;
    postcard::from_bytes::<Marks>(&told).ok().map(|marks| marks.bytes)
}
