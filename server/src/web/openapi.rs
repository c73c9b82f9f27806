//! The description of the API (OpenAPI 3.1), made from the types that the handlers answer with.

use std::sync::LazyLock;

use app::guide::Guide;
use app::history::Marks;
use axum::Json;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use schemars::generate::SchemaSettings;
use serde_json::{Value, json};
use topology::action::{Action, Offer};

use super::actions::Done;
use super::history::{AT, MARKS, RECORDING};
use super::ledger::{CHANGES, ChangesView, ROWS, RowsView};
use super::parameters::Parameter;
use super::problem::Problem;
use super::records::{RECORDS, RecordsView};
use super::rest::{BoardView, CrewView, DEPLOYMENTS, DeploymentsView, FLEET, FleetView};
use super::walkthrough::{GUIDE, Printed};

static DOCUMENT: LazyLock<Value> = LazyLock::new(describe);

/// `GET /api/v1/openapi.json`
pub(super) async fn document() -> Response {
    let mut response = Json(&*DOCUMENT).into_response();
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    response
}

#[allow(clippy::too_many_lines, reason = "one entry for each route")]
fn describe() -> Value {
    let mut schemas = SchemaSettings::draft2020_12()
        .with(|settings| settings.definitions_path = "/components/schemas".into())
        .into_generator();
    let fleet = schemas.subschema_for::<FleetView>();
    let board = schemas.subschema_for::<BoardView>();
    let (deployments, crew) = (schemas.subschema_for::<DeploymentsView>(), schemas.subschema_for::<CrewView>());
    let records = schemas.subschema_for::<RecordsView>();
    let action = schemas.subschema_for::<Action>();
    let offer = schemas.subschema_for::<Offer>();
    let done = schemas.subschema_for::<Done>();
    let guide = schemas.subschema_for::<Guide>();
    let printed = schemas.subschema_for::<Printed>();
    let (rows, changes) = (schemas.subschema_for::<RowsView>(), schemas.subschema_for::<ChangesView>());
    let marks = schemas.subschema_for::<Marks>();
    let problem = schemas.subschema_for::<Problem>();
    let components = schemas.take_definitions(true);
    let answer = |description: &str, kind: &str, schema: &schemars::Schema| json!({"description": description, "content": {kind: {"schema": schema}}});
    let parameter = |name: &str, place: &str, description: &str| {
        json!({"name": name, "in": place, "required": place == "path", "description": description,
               "schema": {"type": "string"}})
    };
    let parameters = |all: &[Parameter]| -> Vec<Value> {
        all.iter().map(|(name, description)| parameter(name, "query", description)).collect()
    };
    let download = |description: &str, kind: &str, schema: &schemars::Schema| {
        let mut answer = answer(description, kind, schema);
        for kind in ["text/csv", "application/x-ndjson"] {
            answer["content"][kind] = json!({"schema": {"type": "string"}});
        }
        answer
    };
    let text = |description: &str| json!({"description": description, "content": {"text/plain": {"schema": {"type": "string"}}}});
    let problems = "application/problem+json";
    // Of what is kept: the parameters may be wrong, nothing may be kept, and the database may not be there.
    let kept = |found: Value, missing: &str, closed: &str| {
        json!({
            "200": found,
            "400": answer("A parameter that cannot be used", problems, &problem),
            "404": answer(missing, problems, &problem),
            "503": answer(closed, problems, &problem),
        })
    };
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Berth",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "The topology state of a cluster's StatefulSets. Changes are streamed over a WebSocket at \
                            /api/v1/stream (postcard, or JSON with ?format=json).",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "paths": {
            "/api/v1/topology": {"get": {
                "operationId": "listStatefulSets",
                "summary": "All StatefulSets, one summary each",
                "parameters": parameters(FLEET),
                "responses": kept(answer("The fleet at one revision", "application/json", &fleet), "No history is kept of that time", "The server is shutting down, or the ledger is not open"),
            }},
            "/api/v1/topology/{namespace}/{statefulset}": {"get": {
                "operationId": "getStatefulSet",
                "summary": "Everything about one StatefulSet",
                "parameters": [
                    parameter("namespace", "path", "Its namespace"),
                    parameter("statefulset", "path", "Its name"),
                    parameter(AT.0, "query", AT.1),
                ],
                "responses": kept(answer("Its board at one revision", "application/json", &board), "Nothing is known of it, or no history is kept of that time", "The server is shutting down, or the ledger is not open"),
            }},
            "/api/v1/deployments": {"get": {
                "operationId": "listDeployments",
                "summary": "The Deployments, which are there for contrast",
                "parameters": parameters(DEPLOYMENTS),
                "responses": {
                    "200": answer("Their summaries at one revision", "application/json", &deployments),
                    "400": answer("A parameter that cannot be used", problems, &problem),
                },
            }},
            "/api/v1/deployments/{namespace}/{deployment}": {"get": {
                "operationId": "getDeployment",
                "summary": "The pods of one Deployment while Berth watched: none of their names returns",
                "parameters": [
                    parameter("namespace", "path", "Its namespace"),
                    parameter("deployment", "path", "Its name"),
                ],
                "responses": {
                    "200": answer("Its pods at one revision", "application/json", &crew),
                    "400": answer("A parameter that cannot be used", problems, &problem),
                    "404": answer("Nothing is known of it", problems, &problem),
                },
            }},
            "/api/v1/records": {"get": {
                "operationId": "listRecords",
                "summary": "What the cluster's DNS must serve: the records of every Service",
                "parameters": parameters(RECORDS),
                "responses": {
                    "200": answer("The record sets of now", "application/json", &records),
                    "400": answer("A parameter that cannot be used", problems, &problem),
                },
            }},
            "/api/v1/ledger": {"get": {
                "operationId": "listIncarnations",
                "summary": "The pods that held identities, newest first, also those that are gone",
                "parameters": parameters(ROWS),
                "responses": kept(download("A page of rows, or all of them", "application/json", &rows), "No history is kept", "The ledger is not open"),
            }},
            "/api/v1/ledger/changes": {"get": {
                "operationId": "listAddressChanges",
                "summary": "How the addresses of identities changed, oldest first, and which were another pod's before",
                "parameters": parameters(CHANGES),
                "responses": kept(download("The changes", "application/json", &changes), "No history is kept", "The ledger is not open"),
            }},
            "/api/v1/history": {"get": {
                "operationId": "listMoments",
                "summary": "How far history goes back, and when the board of a StatefulSet changed",
                "parameters": parameters(MARKS),
                "responses": kept(answer("The moments, in order", "application/json", &marks), "No history is kept", "The ledger is not open"),
            }},
            "/api/v1/recording": {"get": {
                "operationId": "getRecording",
                "summary": "What the cluster's watches told in a stretch of time that is kept, for `berth replay`",
                "parameters": parameters(RECORDING),
                "responses": kept(json!({"description": "The recording", "content": {"application/octet-stream": {}}}), "No history is kept of that time", "The ledger is not open"),
            }},
            "/api/v1/actions": {
                "get": {
                    "operationId": "offerActions",
                    "summary": "What readers may do in a namespace",
                    "parameters": [
                        {"name": "namespace", "in": "query", "required": true, "description": "Where",
                         "schema": {"type": "string"}},
                        parameter("statefulset", "query", "Whose containers are to be listed"),
                    ],
                    "responses": {
                        "200": answer("What Berth's own rights allow", "application/json", &offer),
                        "400": answer("A parameter that cannot be used", problems, &problem),
                        "403": answer("This Berth only looks", problems, &problem),
                    },
                },
                "post": {
                    "operationId": "act",
                    "summary": "Does something to the cluster, as the kubectl command that the answer names",
                    "requestBody": {"required": true, "content": {"application/json": {"schema": action}}},
                    "responses": {
                        "200": answer("It was done", "application/json", &done),
                        "207": answer("Some of it was done; the answer says what was not", "application/json", &done),
                        "403": answer("This Berth only looks, watches other namespaces, or has not the rights", problems, &problem),
                        "409": answer("The object is another one by now, or somebody else's", problems, &problem),
                        "422": answer("It makes no sense", problems, &problem),
                    },
                },
            },
            "/api/v1/walkthrough": {"get": {
                "operationId": "getWalkthrough",
                "summary": "The demo's steps, and when the cluster did each",
                "parameters": parameters(GUIDE),
                "responses": {
                    "200": answer("The steps", "application/json", &guide),
                    "400": answer("A parameter that cannot be used", problems, &problem),
                    "404": answer("This is no demo", problems, &problem),
                },
            }},
            "/api/v1/walkthrough/{step}": {"post": {
                "operationId": "runStep",
                "summary": "Runs a step of the demo; the step \"reset\" starts it over",
                "parameters": [parameter("step", "path", "Its name")],
                "responses": {
                    "200": answer("What it printed", "application/json", &printed),
                    "404": answer("There is no such step, or this is no demo", problems, &problem),
                    "409": answer("Another step is running, or what it needs is not there", problems, &problem),
                },
            }},
            "/healthz": {"get": {
                "operationId": "healthz",
                "summary": "Whether the process answers",
                "responses": {"200": text("It does")},
            }},
            "/readyz": {"get": {
                "operationId": "readyz",
                "summary": "Whether every first list is in and the Kubernetes API answers",
                "responses": {"200": text("Yes"), "503": text("Why not")},
            }},
        },
        "components": {"schemas": components},
    })
}
