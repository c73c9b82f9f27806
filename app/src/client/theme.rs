//! Light, dark, or as the system has it.

use leptos::prelude::*;

/// Where the choice is kept, and the attribute of the document that tells it to the style sheet.
const KEY: &str = "berth-theme";
const ATTRIBUTE: &str = "data-theme";

/// From the system's to the other one, and back.
pub(crate) fn next() {
    let Some(root) = document().document_element() else { return };
    let dark = window().match_media("(prefers-color-scheme: dark)").ok().flatten().is_some_and(|query| query.matches());
    let storage = window().local_storage().ok().flatten();
    // The choice lasts as long as the page where nothing may be stored.
    if root.has_attribute(ATTRIBUTE) {
        let _ = root.remove_attribute(ATTRIBUTE);
        let _ = storage.map(|storage| storage.remove_item(KEY));
    } else {
        let other = if dark { "light" } else { "dark" };
        let _ = root.set_attribute(ATTRIBUTE, other);
        let _ = storage.map(|storage| storage.set_item(KEY, other));
    }
}
