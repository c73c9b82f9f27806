//! Errors as `application/problem+json` (RFC 9457).

use std::any::Any;

use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use schemars::JsonSchema;
use serde::Serialize;
use tracing::error;

use crate::hub::HubGone;

/// What went wrong, and what to do.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Problem {
    #[serde(skip)]
    #[schemars(skip)]
    code: StatusCode,
    status: u16,
    title: &'static str,
    detail: String,
}

impl Problem {
    /// What is wrong and how to mend it.
    pub(super) fn detail(&self) -> &str {
        &self.detail
    }

    pub(super) fn code(&self) -> StatusCode {
        self.code
    }

    pub(super) fn new(code: StatusCode, detail: impl Into<String>) -> Self {
        let title = code.canonical_reason().unwrap_or("Error");
        Self { code, status: code.as_u16(), title, detail: detail.into() }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = (self.code, axum::Json(&self)).into_response();
        let kind = HeaderValue::from_static("application/problem+json");
        response.headers_mut().insert(header::CONTENT_TYPE, kind);
        response
    }
}

impl From<HubGone> for Problem {
    fn from(gone: HubGone) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, gone.to_string())
    }
}

pub(super) async fn no_such_route() -> Problem {
    Problem::new(StatusCode::NOT_FOUND, "no such address; the API is described at /api/v1/openapi.json")
}

/// A handler panicked: that request fails, the server goes on.
#[expect(clippy::needless_pass_by_value, reason = "the layer hands it over")]
pub(super) fn panicked(panic: Box<dyn Any + Send + 'static>) -> Response<Body> {
    let text = panic.downcast_ref::<&str>().copied().or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    error!(panic = text.unwrap_or("no message"), "a request handler panicked");
    Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "an error of Berth's own; its log says more").into_response()
}
