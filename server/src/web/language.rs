//! Which language a reader is answered in.

use app::language::Language;
use axum::http::{HeaderMap, Uri, header};

/// The one that the address asks for, else what the browser prefers.
pub(super) fn language_of(uri: &Uri, headers: &HeaderMap) -> Language {
    let asked = uri.query().into_iter().flat_map(|query| query.split('&')).find_map(|pair| pair.strip_prefix("lang="));
    asked.and_then(|tag| tag.parse().ok()).unwrap_or_else(|| preferred_language(headers))
}

/// The first language in `Accept-Language` that there is.
pub(super) fn preferred_language(headers: &HeaderMap) -> Language {
    let wanted = headers.get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok());
    Language::preferred(wanted.unwrap_or_default())
}
