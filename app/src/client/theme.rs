//! Light, dark, high contrast, or as the system has it.

use leptos::prelude::*;

/// Where the choice is kept, and the attribute of the document that tells it to the style sheet.
const KEY: &str = "berth-theme";
const ATTRIBUTE: &str = "data-theme";

/// From the system's to the other one of light and dark, to high contrast, and back.
pub(crate) fn next() {
    let Some(root) = document().document_element() else { return };
    let dark = window().match_media("(prefers-color-scheme: dark)").ok().flatten().is_some_and(|query| query.matches());
    let chosen = match root.get_attribute(ATTRIBUTE).as_deref() {
        None => Some(if dark { "light" } else { "dark" }),
        Some("light" | "dark") => Some("contrast"),
        Some(_) => None,
    };
    let storage = window().local_storage().ok().flatten();
    // The choice lasts as long as the page where nothing may be stored.
    let _ = match chosen {
        Some(theme) => root.set_attribute(ATTRIBUTE, theme).map(|()| storage.map(|it| it.set_item(KEY, theme))),
        None => root.remove_attribute(ATTRIBUTE).map(|()| storage.map(|it| it.remove_item(KEY))),
    };
}
