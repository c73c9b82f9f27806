//! The ledger: rows in pages or as a whole, and how addresses changed.

mod csv;
mod parameters;

use std::collections::BTreeSet;
use std::net::IpAddr;

use axum::Json;
use axum::body::{Body, Bytes};
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, Uri, header};
use axum::response::{Html, IntoResponse, Response};
use futures::{Stream, StreamExt, TryStreamExt, stream};
use schemars::JsonSchema;
use serde::Serialize;
use topology::ledger::{IpChange, Row, ip_changes};

pub(super) use self::parameters::{CHANGES, ROWS};
use self::parameters::{ChangesQuery, Export, Format, RowsQuery};
use super::language::language_of;
use super::parameters::Pairs;
use super::problem::Problem;
use crate::ledger::{Filter, MAX_PAGE, Position, Reader, Store, StoreError, Unreadable};

/// From how many rows the changes of addresses are derived at most: the newest.
const MAX_ROWS: usize = 10_000;
/// Of how many addresses it is looked up at once who had them before.
const HOLDERS: usize = 200;

/// How many rows the page shows at first.
const SHOWN: u32 = 100;

/// A page of rows, newest first.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct RowsView {
    /// The cluster's identity in the ledger: the UID of the namespace `kube-system`.
    cluster: String,
    rows: Vec<Row>,
    /// The value of `after` that gives the next page; absent on the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

/// How addresses changed, oldest first.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct ChangesView {
    /// The cluster's identity in the ledger: the UID of the namespace `kube-system`.
    cluster: String,
    changes: Vec<IpChange>,
    /// Whether there were older rows than the 10,000 that these are derived from.
    truncated: bool,
}

/// `GET /api/v1/ledger`
pub(super) async fn rows(State(reader): State<Reader>, Query(pairs): Pairs) -> Result<Response, Problem> {
    let RowsQuery { filter, format } = RowsQuery::parse(&pairs)?;
    let (store, part) = reader.store()?;
    let cluster = part.cluster();
    match format {
        Format::Page { limit, after } => {
            let page = store.page(cluster, &filter, after.as_ref(), limit).await?;
            let next = page.next.as_ref().map(parameters::cursor);
            Ok(Json(RowsView { cluster: cluster.to_owned(), rows: page.rows, next }).into_response())
        }
        Format::Export(Export::Csv) => {
            let head = stream::iter([Ok(csv::rows_head())]);
            let pages = pages(store, cluster, filter).map_ok(|rows| csv::rows(&rows));
            Ok(download("text/csv; charset=utf-8", "ledger.csv", Body::from_stream(head.chain(pages))))
        }
        Format::Export(Export::Lines) => {
            let pages = pages(store, cluster, filter).and_then(async |rows| lines(&rows));
            Ok(download("application/x-ndjson", "ledger.ndjson", Body::from_stream(pages)))
        }
    }
}

/// `GET /api/v1/ledger/changes`
pub(super) async fn changes(State(reader): State<Reader>, Query(pairs): Pairs) -> Result<Response, Problem> {
    let query = ChangesQuery::parse(&pairs)?;
    let (store, part) = reader.store()?;
    let cluster = part.cluster();
    let (mut rows, mut after) = (Vec::new(), None);
    let truncated = loop {
        let page = store.page(cluster, &query.filter, after.as_ref(), MAX_PAGE).await?;
        rows.extend(page.rows);
        after = page.next;
        if after.is_none() || rows.len() >= MAX_ROWS {
            break after.is_some();
        }
    };
    let mut changes = of_these(&rows, holders(store, cluster, &rows).await?);
    changes.retain(|change| query.wants(change));
    Ok(match query.format {
        None => Json(ChangesView { cluster: cluster.to_owned(), changes, truncated }).into_response(),
        Some(Export::Csv) => download("text/csv; charset=utf-8", "changes.csv", csv::changes(&changes).into()),
        Some(Export::Lines) => download("application/x-ndjson", "changes.ndjson", lines(&changes)?.into()),
    })
}

/// `GET /sets/{namespace}/{name}/ledger`: the newest rows of a StatefulSet, as the page shows them.
pub(super) async fn panel(
    State(reader): State<Reader>,
    Path((namespace, name)): Path<(String, String)>,
    uri: Uri,
    headers: HeaderMap,
) -> impl IntoResponse {
    let filter = Filter { namespace: Some(namespace), statefulset: Some(name), ..Filter::default() };
    let html = match reader.store() {
        Err(error) => app::views::ledger_problem(&error.to_string()),
        Ok((store, part)) => match store.page(part.cluster(), &filter, None, SHOWN).await {
            Ok(page) => app::views::ledger_rows(&page.rows, page.next.is_some(), language_of(&uri, &headers)),
            Err(error) => app::views::ledger_problem(&error.to_string()),
        },
    };
    ([(header::CACHE_CONTROL, "no-store")], Html(html))
}

/// The changes of the identities of `rows`; the others tell who had an address before.
fn of_these(rows: &[Row], others: Vec<Row>) -> Vec<IpChange> {
    let known: BTreeSet<_> = rows.iter().map(|row| row.uid.clone()).collect();
    let identities: BTreeSet<_> = rows.iter().map(|row| (row.set.clone(), row.ordinal)).collect();
    let mut all = rows.to_vec();
    all.extend(others.into_iter().filter(|row| !known.contains(&row.uid)));
    let mut changes = ip_changes(&all);
    changes.retain(|change| identities.contains(&(change.set.clone(), change.ordinal)));
    changes
}

/// Whoever else had an address of these.
async fn holders(store: &Store, cluster: &str, rows: &[Row]) -> Result<Vec<Row>, StoreError> {
    let addresses: BTreeSet<IpAddr> = rows.iter().flat_map(|row| row.addresses.iter().map(|held| held.ip)).collect();
    let addresses: Vec<IpAddr> = addresses.into_iter().collect();
    let mut holders = Vec::new();
    for addresses in addresses.chunks(HOLDERS) {
        holders.extend(store.holders(cluster, addresses).await?);
    }
    Ok(holders)
}

/// Every row that the filter lets through, newest first, page by page: what is read waits for the client.
fn pages(store: &Store, cluster: &str, filter: Filter) -> impl Stream<Item = Result<Vec<Row>, StoreError>> + use<> {
    let start = (store.clone(), cluster.to_owned(), filter, Some(None::<Position>));
    stream::try_unfold(start, async |(store, cluster, filter, from)| {
        let Some(after) = from else { return Ok(None) };
        let page = store.page(&cluster, &filter, after.as_ref(), MAX_PAGE).await?;
        let next = page.next.map(Some);
        Ok(Some((page.rows, (store, cluster, filter, next))))
    })
}

/// Each on a line of its own, as JSON.
fn lines<T: Serialize>(items: &[T]) -> Result<Bytes, StoreError> {
    let mut bytes = Vec::new();
    for item in items {
        serde_json::to_writer(&mut bytes, item).map_err(|error| StoreError::Unusable(error.to_string()))?;
        bytes.push(b'\n');
    }
    Ok(bytes.into())
}

/// An answer that is to be saved.
pub(super) fn download(kind: &'static str, name: &'static str, body: Body) -> Response {
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    let disposition = HeaderValue::try_from(format!("attachment; filename=\"{name}\""));
    if let Ok(disposition) = disposition {
        headers.insert(HeaderName::from_static("content-disposition"), disposition);
    }
    response
}

impl From<Unreadable> for Problem {
    fn from(error: Unreadable) -> Self {
        let code = match error {
            Unreadable::Off => StatusCode::NOT_FOUND,
            Unreadable::NotOpen => StatusCode::SERVICE_UNAVAILABLE,
        };
        Self::new(code, error.to_string())
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, format!("the ledger cannot be read now: {error}"))
    }
}
