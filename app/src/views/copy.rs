//! Copying a text.

use leptos::prelude::*;

use super::reactive::{click, word};

/// A button that copies a text; `words` are what it says before, and for a moment after it was copied.
pub(super) fn copy_button(
    class: &'static str,
    title: Option<String>,
    text: Signal<String>,
    words: impl Fn(bool) -> &'static str + Send + Sync + 'static,
) -> AnyView {
    let copied = RwSignal::new(false);
    let copy = move |_| {
        #[cfg(feature = "hydrate")]
        crate::client::copy(&text.get_untracked(), copied);
        #[cfg(not(feature = "hydrate"))]
        let _ = text;
    };
    let words = word(move || words(copied.get()));
    view! { <button type="button" class=class title=title on:click=click(copy)>{words}</button> }.into_any()
}
