//! The demo's walk-through: its steps, running them, and the manifests that they name.

use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Shared;
use super::actions::written;
use super::problem::Problem;
use crate::walkthrough::{Language, RunError, Step, Walkthrough};

/// The name of the step that begins anew.
const RESET: &str = "reset";

#[derive(Debug, Deserialize)]
pub(super) struct Asked {
    lang: Option<String>,
}

/// What a step printed.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Printed {
    output: String,
}

/// `GET /api/v1/walkthrough`
pub(super) async fn guide(
    State(shared): State<Shared>,
    Query(Asked { lang }): Query<Asked>,
    headers: HeaderMap,
) -> Response {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let language = Language::preferred(lang.as_deref().or(text(header::ACCEPT_LANGUAGE)).unwrap_or_default());
    let files = format!("http://{}/walkthrough", text(header::HOST).unwrap_or_default());
    written(walkthrough(&shared).map(|walkthrough| walkthrough.guide(language, &files)), &headers)
}

/// `POST /api/v1/walkthrough/{step}`
pub(super) async fn run(State(shared): State<Shared>, Path(step): Path<String>, headers: HeaderMap) -> Response {
    written(run_step(&shared, &step).await, &headers)
}

async fn run_step(shared: &Shared, step: &str) -> Result<Printed, Problem> {
    let walkthrough = walkthrough(shared)?;
    if step == RESET {
        walkthrough.reset().await?;
        return Ok(Printed { output: String::new() });
    }
    let step = Step::named(step).ok_or_else(|| {
        Problem::new(StatusCode::NOT_FOUND, format!("there is no step {step:?}; /api/v1/walkthrough lists them"))
    })?;
    Ok(Printed { output: walkthrough.run(step).await? })
}

/// `GET /walkthrough/{file}`
pub(super) async fn manifest(State(shared): State<Shared>, Path(file): Path<String>) -> Result<Response, Problem> {
    walkthrough(&shared)?;
    let manifest = demo::manifest(&file).ok_or_else(|| {
        let known = demo::MANIFESTS.map(|(name, _)| name).join(", ");
        Problem::new(StatusCode::NOT_FOUND, format!("there is no manifest {file:?}; there is: {known}"))
    })?;
    Ok(([(header::CONTENT_TYPE, "application/yaml; charset=utf-8")], manifest).into_response())
}

fn walkthrough(shared: &Shared) -> Result<&Walkthrough, Problem> {
    shared.walkthrough.as_deref().ok_or_else(|| {
        Problem::new(StatusCode::NOT_FOUND, "the walk-through is part of the demo only: start it with `berth demo`")
    })
}

impl From<RunError> for Problem {
    fn from(error: RunError) -> Self {
        match error {
            RunError::Act(error) => error.into(),
            RunError::Hub(gone) => gone.into(),
            RunError::Busy | RunError::NoWeb | RunError::NotYet(_) => {
                Self::new(StatusCode::CONFLICT, error.to_string())
            }
            RunError::Stays => Self::new(StatusCode::GATEWAY_TIMEOUT, error.to_string()),
        }
    }
}
