//! Whether all is well, which version this is, and which paths there are.

use axum::response::Response;
use http::{HeaderValue, StatusCode, header};
use serde_json::{Value, json};

use crate::failure::Failure;
use crate::kinds::SERVED;

/// The version of Kubernetes whose API this is.
pub(crate) const VERSION: &str = "v1.37.2";

/// What `kubectl version` shows of the server.
pub(super) fn version() -> Value {
    json!({
        "major": "1", "minor": "37", "emulationMajor": "1", "emulationMinor": "37", "minCompatibilityMajor": "1",
        "minCompatibilityMinor": "36", "gitVersion": VERSION, "gitCommit": "", "gitTreeState": "",
        "buildDate": "1970-01-01T00:00:00Z", "goVersion": "", "compiler": "", "platform": "linux/amd64",
    })
}

/// Whether all is well: it is, as long as there is an answer.
///
/// # Errors
/// When there is no such check.
pub(super) fn answer(part: &str, verbose: bool) -> Result<Response, Failure> {
    let body = match (part, verbose) {
        ("", true) => "[+]ping ok\n[+]etcd ok\nhealthz check passed\n".to_owned(),
        ("" | "ping" | "etcd" | "informer-sync", _) => "ok".to_owned(),
        _ => return Err(Failure::no_such_path()),
    };
    let mut response = Response::new(body.into());
    *response.status_mut() = StatusCode::OK;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    Ok(response)
}

/// Which paths there are.
pub(super) fn paths() -> Value {
    let mut paths: Vec<String> = ["/api", "/api/v1", "/apis"].map(str::to_owned).to_vec();
    for served in SERVED.iter().filter(|served| !served.group.is_empty()) {
        for path in [format!("/apis/{}", served.group), format!("/apis/{}/{}", served.group, served.version)] {
            if !paths.contains(&path) {
                paths.push(path);
            }
        }
    }
    paths.extend(["/healthz", "/livez", "/openapi/v3", "/readyz", "/version"].map(str::to_owned));
    json!({"paths": paths})
}
