//! Questions to the server besides the stream, in the same binary form.

use std::time::Duration;

use gloo_timers::future::sleep;
use leptos::prelude::*;
use leptos::task::spawn_local;
use topology::action::{Action, Offer};

use super::fetch::fetch;
use crate::guide::Guide;
use crate::language::tr;
use crate::state::{Asking, Serial, Stands, Store};

const POSTCARD: &str = "application/postcard";
/// Between two questions how far the walk-through is, while it is open.
const PAUSE: Duration = Duration::from_secs(1);

/// For how long it is told what came of an action.
const TOLD: Duration = Duration::from_secs(12);

/// Sends a request, with a body or without, and reads the answer's bytes, or the words of what went wrong.
pub(super) async fn answer(store: Store, address: String, body: Option<Vec<u8>>) -> Result<Vec<u8>, String> {
    match fetch(&address, POSTCARD, body).await {
        Ok((true, bytes)) => Ok(bytes),
        Ok((false, words)) => Err(String::from_utf8_lossy(&words).into_owned()),
        Err(_) => Err(tr!(store.language, dialogs.unreachable).to_owned()),
    }
}

/// Opens the dialog about something, and asks what may be done.
pub(crate) fn open(store: Store, asking: Asking) {
    let serial = asking.serial;
    store.asking.set(Some(asking));
    offer(store, serial);
}

/// Asks what may be done where the dialog is about. The answer is taken if it still is about that.
pub(crate) fn offer(store: Store, serial: Serial) {
    let Some((namespace, set)) = store.asking.with_untracked(|asking| {
        let asking = asking.as_ref().filter(|asking| asking.serial == serial)?;
        Some((asking.namespace.trim().to_owned(), asking.set.clone()))
    }) else {
        return;
    };
    let set = set.map(|set| format!("&statefulset={}", set.name)).unwrap_or_default();
    let address = format!("/api/v1/actions?namespace={}{set}", js_sys::encode_uri_component(&namespace));
    spawn_local(async move {
        let told = answer(store, address, None).await;
        let told = told.and_then(|bytes| postcard::from_bytes::<Offer>(&bytes).map_err(|error| error.to_string()));
        store.change_asking(serial, |asking| match told {
            _ if asking.namespace.trim() != namespace => {}
            Ok(offer) => {
                if let Some((container, image)) = offer.containers.first() {
                    asking.container.clone_from(container);
                    asking.image.clone_from(image);
                }
                asking.offer = Some(offer);
            }
            Err(wrong) => asking.stands = Stands::Refused(wrong),
        });
    });
}

/// Does it; what kubectl would print, and what was not done, is told.
pub(crate) fn perform(store: Store, serial: Serial, action: &Action) {
    let Ok(body) = postcard::to_allocvec(action) else { return };
    store.change_asking(serial, |asking| asking.stands = Stands::Sent);
    spawn_local(async move {
        let done = answer(store, "/api/v1/actions".to_owned(), Some(body)).await;
        let outcome = done.map(|bytes| {
            let told = postcard::from_bytes::<(String, Vec<String>, Vec<String>)>(&bytes);
            let (_, said, failed) = told.unwrap_or_default();
            (said.join("\n"), failed.join("\n"))
        });
        store.conclude(serial, outcome);
        sleep(TOLD).await;
        store.end_telling(serial);
    });
}

/// Asks how far the walk-through is, again and again while it is open and the page is visible.
pub(crate) fn follow_guide(store: Store) {
    spawn_local(async move {
        loop {
            if store.guided.get_untracked() && !document().hidden() {
                refresh(store).await;
            }
            sleep(PAUSE).await;
        }
    });
}

/// Asks how far it is.
pub(crate) async fn refresh(store: Store) {
    let told = answer(store, format!("/api/v1/walkthrough?lang={}", store.language.word()), None).await;
    // Without an answer it stays as it is: the top of the page says that the server is away.
    let Some(told) = told.ok().and_then(|bytes| postcard::from_bytes::<Guide>(&bytes).ok()) else { return };
    if store.guide.read_untracked().guide.as_ref() != Some(&told) {
        store.guide.update(|state| state.guide = Some(told));
    }
}

/// Runs a step of the walk-through, or starts it over.
pub(crate) fn run(store: Store, step: &str) {
    let address = format!("/api/v1/walkthrough/{step}");
    store.guide.update(|state| {
        state.running = true;
        state.wrong = None;
    });
    spawn_local(async move {
        let done = answer(store, address, Some(Vec::new())).await;
        store.guide.update(|state| {
            state.running = false;
            state.wrong = done.err();
        });
        refresh(store).await;
    });
}
