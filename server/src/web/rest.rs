//! The state as JSON.

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use topology::board::Board;
use topology::fleet::Summary;
use topology::wire::{Cluster, Status};
use topology::{Revision, SetKey, Timestamp};

use super::problem::Problem;
use crate::hub::HubHandle;

/// All StatefulSets at one revision.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct FleetView {
    revision: Revision,
    at: Timestamp,
    cluster: Cluster,
    status: Status,
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
    status: Status,
    board: Box<Board>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Filter {
    namespace: Option<String>,
}

/// `GET /api/v1/topology`
pub(super) async fn fleet(
    State(hub): State<HubHandle>,
    Query(filter): Query<Filter>,
) -> Result<Json<FleetView>, Problem> {
    let view = hub.view(None).await?;
    let wanted = |set: &SetKey| filter.namespace.as_ref().is_none_or(|namespace| set.namespace == *namespace);
    let statefulsets = view.fleet.sets.into_iter().filter(|(set, _)| wanted(set));
    let statefulsets =
        statefulsets.map(|(set, summary)| FleetEntry { namespace: set.namespace, name: set.name, summary });
    Ok(Json(FleetView {
        revision: view.revision,
        at: view.at,
        cluster: hub.cluster().clone(),
        status: view.status,
        statefulsets: statefulsets.collect(),
    }))
}

/// `GET /api/v1/topology/{namespace}/{statefulset}`
pub(super) async fn board(
    State(hub): State<HubHandle>,
    Path((namespace, name)): Path<(String, String)>,
) -> Result<Json<BoardView>, Problem> {
    let view = hub.view(Some(SetKey::new(namespace, name))).await?;
    let unknown = |set: &SetKey| {
        Problem::new(
            StatusCode::NOT_FOUND,
            format!("no StatefulSet {set} is known; /api/v1/topology lists those that are"),
        )
    };
    match view.board {
        Some((_, Some(board))) => {
            Ok(Json(BoardView { revision: view.revision, at: view.at, status: view.status, board }))
        }
        Some((set, None)) => Err(unknown(&set)),
        None => Err(unknown(&SetKey::new("", ""))),
    }
}
