//! The texts of the page's language, which come with the page: its code has none of them, and none of another language.

#[cfg(feature = "hydrate")]
use std::sync::OnceLock;

#[cfg(feature = "ssr")]
use super::Language;

/// The element of the page that carries them.
pub(crate) const TEXTS_ID: &str = "berth-texts";

/// The texts of a language: a line for each, in the order of their numbers.
#[cfg(feature = "ssr")]
pub(crate) const fn lines(language: Language) -> &'static str {
    const LINES: [&str; 2] = include!(concat!(env!("OUT_DIR"), "/texts.rs"));
    LINES[language as usize]
}

/// The numbers of the texts, by catalogue and key.
#[cfg(feature = "hydrate")]
#[allow(non_upper_case_globals, dead_code, reason = "made of the catalogues")]
pub(crate) mod numbers {
    include!(concat!(env!("OUT_DIR"), "/numbers.rs"));
}

#[cfg(feature = "hydrate")]
static TEXTS: OnceLock<Vec<&'static str>> = OnceLock::new();

/// Takes the texts from the page, for as long as it is loaded.
#[cfg(feature = "hydrate")]
pub(crate) fn take(lines: String) {
    let lines: &'static str = lines.leak();
    // Whoever comes first has them: there is one page.
    let _ = TEXTS.set(lines.lines().collect());
}

/// A text by its number.
#[cfg(feature = "hydrate")]
#[inline(never)]
pub(crate) fn read(number: usize) -> &'static str {
    TEXTS.get().and_then(|texts| texts.get(number)).copied().unwrap_or_default()
}
