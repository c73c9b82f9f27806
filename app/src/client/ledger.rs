//! Reads the ledger of the StatefulSet into its place on the page.

use leptos::prelude::*;
use leptos::task::spawn_local;
use topology::Timestamp;
use wasm_bindgen::JsValue;

use super::fetch::fetch;
use crate::state::Store;

/// Reads the rows, where the ledger is open.
pub(crate) fn read(store: Store) {
    let place = document().query_selector(".ledger[open] .scroll").ok().flatten();
    if let (Some(place), Some(set)) = (place, store.board.set.get_untracked()) {
        spawn_local(async move {
            // What cannot be fetched stays as it was: that the server is gone is said elsewhere.
            let _ = fill(
                store,
                &place,
                &format!("/sets/{}/{}/ledger?lang={}", set.namespace, set.name, store.language.word()),
            )
            .await;
        });
    }
}

async fn fill(store: Store, place: &web_sys::Element, path: &str) -> Result<(), JsValue> {
    let (_, text) = fetch(path, "text/html", None).await?;
    place.set_inner_html(&String::from_utf8_lossy(&text));
    let times = place.get_elements_by_tag_name("time");
    for time in (0..times.length()).filter_map(|at| times.item(at)) {
        if let Some(at) = time.get_attribute("data-at").and_then(|at| at.parse().ok()) {
            time.set_text_content(Some(&store.when(Timestamp::from_millis(at))));
        }
    }
    Ok(())
}
