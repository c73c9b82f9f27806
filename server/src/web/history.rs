//! The past: boards as of then, when they changed, and recordings of it.

use app::history::{Marks, Then};
use axum::body::Body;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use topology::{SetKey, Timestamp};

use super::Shared;
use super::actions::written;
use super::ledger::download;
use super::parameters::{Given, Pairs, Parameter, wrong};
use super::problem::Problem;
use crate::clock::now;
use crate::history::{MAX_MARKS, Marked, Moment, recording};
use crate::ledger::ReadError;
use crate::recording::Head;

/// How many moments are told unless it is said.
const USUAL_MARKS: usize = 500;

/// The parameters of `/api/v1/history`.
pub(super) const MARKS: &[Parameter] = &[
    ("namespace", "The namespace of the StatefulSet; without one no changes are told"),
    ("statefulset", "The name of the StatefulSet"),
    ("from", "Only changes since this time (RFC 3339, as 2026-01-31T12:00:00Z, or milliseconds since the Unix epoch)"),
    ("to", "Only changes until this time"),
    ("at", "The moment whose neighbours are wanted: previous and next"),
    ("limit", "How many changes are told, from 1 to 2000 (default 500); where there are more, only some of them"),
];

/// The parameters of `/api/v1/recording`.
pub(super) const RECORDING: &[Parameter] = &[
    ("from", "When it begins (RFC 3339, or milliseconds since the Unix epoch); default: with the oldest that is kept"),
    ("to", "When it ends; default: now"),
];

/// The one parameter of what can be asked for as of a moment.
pub(super) const AT: Parameter =
    ("at", "As of this moment (RFC 3339, or milliseconds since the Unix epoch); default: now");

/// `GET /api/v1/history`
pub(super) async fn marks(State(shared): State<Shared>, headers: HeaderMap, Query(pairs): Pairs) -> Response {
    written(marks_of(&shared, &pairs).await, &headers)
}

async fn marks_of(shared: &Shared, pairs: &[(String, String)]) -> Result<Marks, Problem> {
    let given = Given::new(pairs, MARKS)?;
    let set = match (given.text("namespace"), given.text("statefulset")) {
        (Some(namespace), Some(name)) => Some(SetKey::new(namespace, name)),
        (None, None) => None,
        _ => return Err(wrong("say of which StatefulSet: ?namespace=NAME&statefulset=NAME, or neither")),
    };
    let limit = match given.parsed("limit", "a number from 1 to 2000")? {
        None => USUAL_MARKS,
        Some(limit) if (1..=MAX_MARKS).contains(&limit) => limit,
        Some(_) => return Err(wrong("limit is not a number from 1 to 2000")),
    };
    let now = now();
    let (from, to) = (given.time("from")?.unwrap_or_default(), given.time("to")?.unwrap_or(now));
    let at = given.time("at")?;
    shared.ledger.settle(to.max(at.unwrap_or_default())).await;
    let (store, part) = shared.ledger.store()?;
    let window = store.window(part, from, to).await?;
    let marked = match &set {
        Some(set) => store.marked(part, set, from, to, limit).await?,
        None => Marked::default(),
    };
    let (previous, next) = match (&set, at) {
        (Some(set), Some(at)) => store.neighbours(part, set, at).await?,
        _ => (None, None),
    };
    Ok(Marks {
        oldest: window.oldest,
        now,
        changes: marked.times,
        thinned: marked.thinned,
        previous,
        next,
        events: window.events,
        bytes: window.bytes,
    })
}

/// `GET /api/v1/recording`
pub(super) async fn record(State(shared): State<Shared>, Query(pairs): Pairs) -> Result<Response, Problem> {
    let given = Given::new(&pairs, RECORDING)?;
    let (from, to) = (given.time("from")?, given.time("to")?.unwrap_or_else(now));
    if from.is_some_and(|from| from > to) {
        return Err(wrong("from is later than to: exchange them"));
    }
    shared.ledger.settle(to).await;
    let (store, part) = shared.ledger.store()?;
    let oldest = store.window(part, to, to).await?.oldest.filter(|oldest| *oldest <= to);
    let Some(oldest) = oldest else { return Err(not_kept()) };
    let head = Head {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        at: from.map_or(oldest, |from| from.max(oldest)),
        cluster: shared.hub.cluster().clone(),
    };
    let zone = shared.zone();
    let frames = recording(store.clone(), part.clone(), zone, head, to).await?;
    Ok(download("application/octet-stream", "recording.berth", Body::from_stream(frames)))
}

/// The state at a moment; that of now is the last one that can be asked for.
pub(super) async fn moment(shared: &Shared, at: Timestamp) -> Result<Moment, Problem> {
    shared.ledger.moment(shared.zone(), at).await?.ok_or_else(not_kept)
}

/// A board as of then.
pub(super) async fn then(shared: &Shared, set: &SetKey, at: Timestamp) -> Result<Then, Problem> {
    let moment = moment(shared, at).await?;
    let board = moment.topology.board(set).cloned().map(Box::new);
    Ok(Then { at, unwatched: moment.unwatched, board })
}

fn not_kept() -> Problem {
    Problem::new(StatusCode::NOT_FOUND, "no history is kept of that time; /api/v1/history tells how far it goes back")
}

impl From<ReadError> for Problem {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::Unreadable(error) => error.into(),
            ReadError::Store(error) => error.into(),
        }
    }
}
