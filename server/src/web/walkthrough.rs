//! The demo's walk-through: its steps, running them, and the manifests that they name.

use std::sync::Arc;

use app::guide::Guide;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use schemars::JsonSchema;
use serde::Serialize;

use super::Shared;
use super::actions::{actor, written};
use super::language::preferred_language;
use super::parameters::{Given, Pairs, Parameter};
use super::problem::Problem;
use crate::walkthrough::{RunError, Step, Walkthrough};

/// The name of the step that begins anew.
const RESET: &str = "reset";

/// The parameters of `/api/v1/walkthrough`.
pub(super) const GUIDE: &[Parameter] = &[("lang", "en or zh; default: by Accept-Language")];

/// What a step printed.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Printed {
    output: String,
}

/// `GET /api/v1/walkthrough`
pub(super) async fn guide(State(shared): State<Shared>, Query(pairs): Pairs, headers: HeaderMap) -> Response {
    written(told(&shared, &pairs, &headers), &headers)
}

fn told(shared: &Shared, pairs: &[(String, String)], headers: &HeaderMap) -> Result<Guide, Problem> {
    let walkthrough = walkthrough(shared)?;
    let given = Given::new(pairs, GUIDE)?.parsed("lang", "a language that the walk-through has: en or zh")?;
    let language = given.unwrap_or_else(|| preferred_language(headers));
    let host = headers.get(header::HOST).and_then(|value| value.to_str().ok()).unwrap_or_default();
    Ok(walkthrough.guide(language, &format!("http://{host}/walkthrough")))
}

/// `POST /api/v1/walkthrough/{step}`
pub(super) async fn run(State(shared): State<Shared>, Path(step): Path<String>, headers: HeaderMap) -> Response {
    written(run_step(&shared, &step).await, &headers)
}

async fn run_step(shared: &Shared, step: &str) -> Result<Printed, Problem> {
    let walkthrough = walkthrough(shared)?;
    // Who may only look may follow the steps, and run none.
    actor(shared)?;
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
    // Whoever may apply them here wants to see them, in the demo or elsewhere.
    if shared.actor.is_none() {
        walkthrough(&shared)?;
    }
    let manifest = demo::manifest(&file).ok_or_else(|| {
        let known = demo::MANIFESTS.map(|(name, _)| name).join(", ");
        Problem::new(StatusCode::NOT_FOUND, format!("there is no manifest {file:?}; there is: {known}"))
    })?;
    Ok(([(header::CONTENT_TYPE, "application/yaml; charset=utf-8")], manifest).into_response())
}

fn walkthrough(shared: &Shared) -> Result<&Arc<Walkthrough>, Problem> {
    shared.walkthrough.as_ref().ok_or_else(|| {
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
            RunError::Broken => Self::of_our_own(),
        }
    }
}
