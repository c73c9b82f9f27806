//! The button that records: what happens from one click to the next comes as a file.

use leptos::prelude::*;
use topology::wire::History;

use super::reactive::{click, maybe, text};
use crate::language::tr;
use crate::state::Store;
use crate::time::running;

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
                if let Some(bytes) = crate::client::history::size(store, from).await {
                    size.set(bytes);
                }
            });
        }
    });
    let words = text(move || match recording.get() {
        None => tr!(store.language, page.record).to_owned(),
        Some(from) => {
            let passed = running(store.language, store.timeline.present.get().millis_since(from));
            tr!(store.language, page.recording, passed = passed, size = size.get().div_ceil(1_000))
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
                    title=tr!(store.language, page.record_title)
                    on:click=click(switch)
                >
                    {words}
                </button>
            }
            .into_any()
        })
    })
}
