//! The state as JSON.

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use schemars::JsonSchema;
use serde::Serialize;
use topology::board::{Board, Unwatched};
use topology::crew::{Crew, CrewSummary};
use topology::fleet::{Fleet, Summary};
use topology::wire::{Cluster, Status};
use topology::{Revision, SetKey, Timestamp};

use super::Shared;
use super::actions::{is_page, written};
use super::history::{AT, moment, then};
use super::parameters::{Given, Pairs, Parameter};
use super::problem::Problem;

/// All StatefulSets at one revision.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct FleetView {
    revision: Revision,
    at: Timestamp,
    cluster: Cluster,
    /// How the server stands to the cluster; not of the past.
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<Status>,
    /// The stretch around a moment of the past in which nobody watched.
    #[serde(skip_serializing_if = "Option::is_none")]
    unwatched: Option<Unwatched>,
    statefulsets: Vec<FleetEntry>,
}

/// One of them.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct FleetEntry {
    namespace: String,
    name: String,
    #[serde(flatten)]
    summary: Summary,
}

/// One StatefulSet at one revision.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct BoardView {
    revision: Revision,
    at: Timestamp,
    /// How the server stands to the cluster; not of the past.
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<Status>,
    /// The stretch around a moment of the past in which nobody watched.
    #[serde(skip_serializing_if = "Option::is_none")]
    unwatched: Option<Unwatched>,
    board: Box<Board>,
}

/// All Deployments at one revision.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct DeploymentsView {
    revision: Revision,
    at: Timestamp,
    /// How the server stands to the cluster; `refused` names `Deployment` or `ReplicaSet` where they may not be seen.
    status: Status,
    deployments: Vec<DeploymentEntry>,
}

/// One of them.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct DeploymentEntry {
    namespace: String,
    name: String,
    #[serde(flatten)]
    summary: CrewSummary,
}

/// One Deployment at one revision.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct CrewView {
    revision: Revision,
    at: Timestamp,
    /// How the server stands to the cluster.
    status: Status,
    crew: Box<Crew>,
}

/// The parameters of `/api/v1/deployments`.
pub(super) const DEPLOYMENTS: &[Parameter] = &[("namespace", "Only those of this namespace")];

/// `GET /api/v1/deployments`
pub(super) async fn deployments(
    State(shared): State<Shared>,
    Query(pairs): Pairs,
) -> Result<Json<DeploymentsView>, Problem> {
    let given = Given::new(&pairs, DEPLOYMENTS)?;
    let namespace = given.text("namespace");
    let view = shared.hub.view(None).await?;
    let all = view.fleet.deployments.into_iter();
    let wanted = all.filter(|(key, _)| namespace.as_ref().is_none_or(|namespace| key.namespace == *namespace));
    let deployments =
        wanted.map(|(key, summary)| DeploymentEntry { namespace: key.namespace, name: key.name, summary }).collect();
    Ok(Json(DeploymentsView { revision: view.revision, at: view.at, status: view.status, deployments }))
}

/// `GET /api/v1/deployments/{namespace}/{deployment}`
pub(super) async fn deployment(
    State(shared): State<Shared>,
    Path((namespace, name)): Path<(String, String)>,
    Query(pairs): Pairs,
) -> Result<Json<CrewView>, Problem> {
    Given::new(&pairs, &[])?;
    let deployment = SetKey::new(namespace, name);
    let view = shared.hub.view_deployment(deployment.clone()).await?;
    let Some((_, Some(crew))) = view.crew else {
        let detail = format!("no Deployment {deployment} is known; /api/v1/deployments lists those that are");
        return Err(Problem::new(StatusCode::NOT_FOUND, detail));
    };
    Ok(Json(CrewView { revision: view.revision, at: view.at, status: view.status, crew }))
}

/// The parameters of `/api/v1/topology`.
pub(super) const FLEET: &[Parameter] = &[("namespace", "Only those of this namespace"), AT];

/// `GET /api/v1/topology`
pub(super) async fn fleet(State(shared): State<Shared>, Query(pairs): Pairs) -> Result<Json<FleetView>, Problem> {
    let given = Given::new(&pairs, FLEET)?;
    let namespace = given.text("namespace");
    let wanted = |set: &SetKey| namespace.as_ref().is_none_or(|namespace| set.namespace == *namespace);
    let cluster = shared.hub.cluster().clone();
    let mut view = if let Some(at) = given.time("at")? {
        let moment = moment(&shared, at).await?;
        let (revision, unwatched) = (moment.topology.revision(), moment.unwatched);
        let statefulsets = entries(moment.topology.fleet().clone());
        FleetView { revision, at, cluster, status: None, unwatched, statefulsets }
    } else {
        let view = shared.hub.view(None).await?;
        let (revision, at, status) = (view.revision, view.at, Some(view.status));
        FleetView { revision, at, cluster, status, unwatched: None, statefulsets: entries(view.fleet) }
    };
    view.statefulsets.retain(|entry| wanted(&SetKey::new(entry.namespace.as_str(), entry.name.as_str())));
    Ok(Json(view))
}

fn entries(fleet: Fleet) -> Vec<FleetEntry> {
    let sets = fleet.sets.into_iter();
    sets.map(|(set, summary)| FleetEntry { namespace: set.namespace, name: set.name, summary }).collect()
}

/// `GET /api/v1/topology/{namespace}/{statefulset}`
pub(super) async fn board(
    State(shared): State<Shared>,
    Path((namespace, name)): Path<(String, String)>,
    headers: HeaderMap,
    Query(pairs): Pairs,
) -> Result<Response, Problem> {
    let set = SetKey::new(namespace, name);
    let Some(at) = Given::new(&pairs, &[AT])?.time("at")? else {
        let view = shared.hub.view(Some(set.clone())).await?;
        let Some((_, Some(board))) = view.board else { return Err(unknown(&set)) };
        let view =
            BoardView { revision: view.revision, at: view.at, status: Some(view.status), unwatched: None, board };
        return Ok(Json(view).into_response());
    };
    if is_page(&headers) {
        return Ok(written(then(&shared, &set, at).await, &headers));
    }
    let moment = moment(&shared, at).await?;
    let board = moment.topology.board(&set).cloned().map(Box::new).ok_or_else(|| unknown(&set))?;
    let (revision, unwatched) = (moment.topology.revision(), moment.unwatched);
    Ok(Json(BoardView { revision, at, status: None, unwatched, board }).into_response())
}

fn unknown(set: &SetKey) -> Problem {
    let detail = format!("no StatefulSet {set} is known; /api/v1/topology lists those that are");
    Problem::new(StatusCode::NOT_FOUND, detail)
}
