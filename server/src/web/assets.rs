//! The page's static files: embedded in the binary (in development builds read from disk), already compressed, and with
//! hashed names so that browsers may keep them for ever.

use std::path::Path;
use std::time::SystemTime;

use axum::body::Body;
use axum::extract;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use rust_embed::{EmbeddedFile, RustEmbed};

use super::problem::Problem;

#[derive(RustEmbed)]
#[folder = "../target/site"]
#[allow_missing = true]
struct Site;

const FOR_EVER: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");
const FOR_A_WHILE: HeaderValue = HeaderValue::from_static("public, max-age=3600");

/// The page's files, by their hashed names. Looked up for each page, since they change in development: then the latest
/// of several is the one.
pub(super) fn names() -> app::Assets {
    let find = |extension: &str| {
        let suffix = format!(".{extension}");
        let found = Site::iter().filter(|name| name.starts_with("pkg/") && name.ends_with(&suffix));
        found.max_by_key(|name| modified(name)).map_or_else(String::new, |name| format!("/{name}"))
    };
    let font = Site::iter().find(|name| name.starts_with("fonts/inter-") && name.ends_with(".woff2"));
    let font = font.map_or_else(String::new, |name| format!("/{name}"));
    app::Assets { css: find("css"), js: find("js"), wasm: find("wasm"), font }
}

/// When a file was written, in development builds, which read it from disk. There is one of each kind otherwise.
fn modified(name: &str) -> Option<SystemTime> {
    let site = cfg!(debug_assertions).then(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/site"))?;
    site.join(name).metadata().and_then(|file| file.modified()).ok()
}

/// The build of the page: its hashed names. `None` while it is not there, or not wholly.
pub(super) fn build() -> Option<String> {
    let app::Assets { css, js, wasm, .. } = names();
    let files = [css, js, wasm];
    files.iter().all(|file| !file.is_empty()).then(|| files.join(" "))
}

/// `GET /pkg/{path}`
pub(super) async fn hashed(extract::Path(path): extract::Path<String>, headers: HeaderMap) -> Response {
    serve(&format!("pkg/{path}"), &headers, FOR_EVER)
}

/// `GET /fonts/{file}`
pub(super) async fn font(extract::Path(file): extract::Path<String>, headers: HeaderMap) -> Response {
    serve(&format!("fonts/{file}"), &headers, FOR_EVER)
}

/// `GET /favicon.svg`
pub(super) async fn favicon(headers: HeaderMap) -> Response {
    serve("favicon.svg", &headers, FOR_A_WHILE)
}

/// The name is looked up among the embedded ones, so that there is no path to climb.
fn serve(name: &str, headers: &HeaderMap, keep: HeaderValue) -> Response {
    let accepted = headers.get(header::ACCEPT_ENCODING).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let packed = [("br", "br"), ("gzip", "gz")].into_iter().find_map(|(encoding, extension)| {
        let file = accepts(accepted, encoding).then(|| Site::get(&format!("{name}.{extension}"))).flatten()?;
        Some((file, Some(encoding)))
    });
    let Some((file, encoding)) = packed.or_else(|| Some((Site::get(name)?, None))) else {
        return Problem::new(StatusCode::NOT_FOUND, "no such file").into_response();
    };
    let tag = tag(&file);
    if headers.get(header::IF_NONE_MATCH).is_some_and(|known| *known == tag) {
        return (StatusCode::NOT_MODIFIED, [(header::ETAG, tag)]).into_response();
    }
    let kind = mime_guess::from_path(name).first_or_octet_stream();
    let mut response = Response::new(Body::from(file.data.into_owned()));
    let answer = response.headers_mut();
    if let Ok(kind) = HeaderValue::from_str(kind.essence_str()) {
        answer.insert(header::CONTENT_TYPE, kind);
    }
    if let Some(encoding) = encoding {
        answer.insert(header::CONTENT_ENCODING, HeaderValue::from_static(encoding));
    }
    answer.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    answer.insert(header::CACHE_CONTROL, keep);
    answer.insert(header::ETAG, tag);
    response
}

/// Whether an `Accept-Encoding` allows an encoding (`;q=0` forbids it).
fn accepts(header: &str, encoding: &str) -> bool {
    header.split(',').any(|item| {
        let mut parts = item.split(';').map(str::trim);
        let named = parts.next().is_some_and(|name| name.eq_ignore_ascii_case(encoding));
        named && parts.all(|part| !matches!(part, "q=0" | "q=0.0" | "q=0.00" | "q=0.000"))
    })
}

fn tag(file: &EmbeddedFile) -> HeaderValue {
    use std::fmt::Write as _;
    let hash = file.metadata.sha256_hash();
    let hex = hash.iter().take(16).fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    });
    HeaderValue::from_str(&format!("\"{hex}\"")).unwrap_or(HeaderValue::from_static("\"\""))
}

#[cfg(test)]
mod tests {
    use super::accepts;

    #[test]
    fn given_accept_encoding_headers_when_read_then_only_what_is_allowed_is_sent() {
        for (header, allowed) in [
            ("gzip, deflate, br, zstd", true),
            ("br;q=0.5", true),
            ("BR", true),
            ("br;q=0", false),
            ("gzip", false),
            ("brotli", false),
            ("", false),
        ] {
            assert_eq!(accepts(header, "br"), allowed, "{header}");
        }
    }
}
