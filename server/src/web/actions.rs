//! What readers may do to the cluster, and doing it.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use schemars::JsonSchema;
use serde::Serialize;
use serde::de::DeserializeOwned;
use topology::action::Action;

use super::Shared;
use super::parameters::{Given, Pairs, Parameter, wrong};
use super::problem::Problem;
use crate::act::{ActError, Actor, Outcome};

/// How the page writes what it sends, and reads what it gets: as on the stream.
const POSTCARD: &str = "application/postcard";

/// What was done.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Done {
    /// The kubectl command that does the same.
    command: String,
    /// What kubectl would have printed.
    said: Vec<String>,
    /// What of it was not done, and why.
    failed: Vec<String>,
}

/// The parameters of `GET /api/v1/actions`.
const OFFER: &[Parameter] = &[("namespace", "Where"), ("statefulset", "Whose containers are to be listed")];

/// `GET /api/v1/actions`
pub(super) async fn offer(State(shared): State<Shared>, Query(pairs): Pairs, headers: HeaderMap) -> Response {
    let answer = async {
        let actor = actor(&shared)?;
        let given = Given::new(&pairs, OFFER)?;
        let namespace = given
            .get("namespace")
            .ok_or_else(|| wrong("say where: ?namespace=NAME, and &statefulset=NAME for its containers"))?;
        Ok(actor.offer(namespace, given.get("statefulset")).await?)
    };
    written(answer.await, &headers)
}

/// `POST /api/v1/actions`
pub(super) async fn perform(State(shared): State<Shared>, headers: HeaderMap, body: Bytes) -> Response {
    let answer = async {
        let actor = Arc::clone(actor(&shared)?);
        let action: Action = read(&headers, &body)?;
        let command = action.command();
        // In a task of its own: who goes away meanwhile does not leave it half done.
        let done = tokio::spawn(async move { actor.perform(&action).await });
        let Outcome { said, failed } = done.await.map_err(|_| Problem::of_our_own())??;
        Ok(Done { command, said, failed })
    };
    let answer = answer.await;
    let is_partial = answer.as_ref().is_ok_and(|done| !done.failed.is_empty());
    let mut response = written(answer, &headers);
    if is_partial {
        *response.status_mut() = StatusCode::MULTI_STATUS;
    }
    response
}

pub(super) fn actor(shared: &Shared) -> Result<&Arc<Actor>, Problem> {
    shared.actor.as_ref().ok_or_else(|| {
        Problem::new(StatusCode::FORBIDDEN, "this Berth only looks; start it with --allow-actions to let readers act")
    })
}

/// Reads a body by its type. Only these types are read: a form on another site's page can send neither.
fn read<T: DeserializeOwned>(headers: &HeaderMap, body: &[u8]) -> Result<T, Problem> {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let unreadable = |what: &dyn std::fmt::Display| {
        let detail = format!("the body is no action: {what}; /api/v1/openapi.json describes them");
        Problem::new(StatusCode::UNPROCESSABLE_ENTITY, detail)
    };
    match kind.split(';').next().unwrap_or_default().trim() {
        "application/json" => serde_json::from_slice(body).map_err(|error| unreadable(&error)),
        POSTCARD => postcard::from_bytes(body).map_err(|error| unreadable(&error)),
        _ => Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "send an action as application/json")),
    }
}

/// Whether it is the page that asks.
pub(super) fn is_page(headers: &HeaderMap) -> bool {
    headers.get(header::ACCEPT).is_some_and(|accept| accept.as_bytes() == POSTCARD.as_bytes())
}

/// Writes an answer as it is wanted: the page reads a problem as its words alone.
pub(super) fn written<T: Serialize>(answer: Result<T, Problem>, headers: &HeaderMap) -> Response {
    let mut response = match (answer, is_page(headers)) {
        (Ok(answer), false) => axum::Json(answer).into_response(),
        (Err(problem), false) => problem.into_response(),
        (Err(problem), true) => (problem.code(), problem.detail().to_owned()).into_response(),
        (Ok(answer), true) => match postcard::to_allocvec(&answer) {
            Ok(bytes) => ([(header::CONTENT_TYPE, POSTCARD)], bytes).into_response(),
            Err(error) => Problem::new(StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response(),
        },
    };
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

impl From<ActError> for Problem {
    fn from(error: ActError) -> Self {
        let code = match &error {
            ActError::Invalid(_) => StatusCode::UNPROCESSABLE_ENTITY,
            ActError::Outside { .. } => StatusCode::FORBIDDEN,
            ActError::Foreign { .. } => StatusCode::CONFLICT,
            ActError::Refused { code, .. } => StatusCode::from_u16(*code).unwrap_or(StatusCode::BAD_GATEWAY),
            ActError::Failed(_) => StatusCode::BAD_GATEWAY,
            ActError::Late => StatusCode::GATEWAY_TIMEOUT,
        };
        Self::new(code, error.to_string())
    }
}
