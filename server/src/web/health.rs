//! Whether the server lives, and whether what it shows can be trusted.

use axum::extract::State;
use axum::http::StatusCode;
use topology::wire::Source;

use crate::hub::HubHandle;

/// The process answers.
pub(super) async fn healthz() -> &'static str {
    "ok\n"
}

/// Every first list is in (or was refused), and the API answers; else why not.
pub(super) async fn readyz(State(hub): State<HubHandle>) -> (StatusCode, String) {
    let status = hub.status().borrow().clone();
    let readiness = hub.readiness();
    let why = match status.source {
        Source::Live { .. } => return (StatusCode::OK, "ok\n".to_owned()),
        Source::Starting { problem, .. } => {
            let waiting = format!("waiting for the first list of {}", readiness.missing.join(", "));
            problem.map_or(waiting.clone(), |problem| format!("{waiting}; {problem}"))
        }
        Source::Broken { since, problem } => format!("not live since {}: {problem}", since.to_rfc3339()),
    };
    (StatusCode::SERVICE_UNAVAILABLE, format!("{why}\n"))
}
