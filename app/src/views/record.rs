//! The button that records: what happens from one click to the next comes as a file.

use leptos::prelude::*;
use topology::wire::History;

use super::reactive::{maybe, text};
use crate::state::Store;
use crate::time::duration;

/// Begins a recording, says how long and large it is, and ends it. Nothing where no history is kept: that is where it is
/// taken from.
#[component]
pub(super) fn RecordSwitch() -> impl IntoView {
    let store = Store::get();
    let recording = store.timeline.recording;
    let is_kept = Memo::new(move |_| matches!(store.status.read().history, History::Kept { .. }));
    let size = RwSignal::new(0_u64);
    #[cfg(feature = "hydrate")]
    Effect::new(move |_| {
        let present = store.timeline.present.get();
        if let Some(from) = recording.get()
            && present.as_millis() / 1_000 % 2 == 0
        {
            leptos::task::spawn_local(async move {
                if let Some(bytes) = crate::client::history::size(from).await {
                    size.set(bytes);
                }
            });
        }
    });
    let words = text(move || match recording.get() {
        None => "Record".to_owned(),
        Some(from) => {
            let passed = duration(store.timeline.present.get().millis_since(from) / 1_000 * 1_000);
            format!("Stop and save · {passed} · {} KB", size.get().div_ceil(1_000))
        }
    });
    let switch = move |_| {
        size.set(0);
        #[cfg(feature = "hydrate")]
        crate::client::history::record(store);
    };
    maybe(move || {
        is_kept.get().then(|| {
            view! {
                <button
                    class="button record"
                    type="button"
                    aria-pressed=text(move || recording.read().is_some().to_string())
                    title="Records what the cluster tells, for berth replay"
                    on:click=switch
                >
                    {words}
                </button>
            }
            .into_any()
        })
    })
}
