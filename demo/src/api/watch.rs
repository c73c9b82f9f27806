//! Watching objects: what is there, then every change, for as long as somebody listens.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::response::Response;
use futures::stream;
use http::{HeaderValue, StatusCode, header};
use jiff::Timestamp;
use rand::RngExt as _;
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

use super::media::{self, Form};
use super::table::{self, Include};
use super::{Api, Call, Objects, events, list};
use crate::failure::{Failure, FieldError};
use crate::kinds::Served;
use crate::selectors::{FieldSelector, LabelSelector};
use crate::store::{Change, Compacted, Cursor, Event, Object, Store};

/// How often a watcher that wants to know is told how far it has come.
const BOOKMARKS: Duration = Duration::from_secs(60);

/// Between two deliveries to one watcher at least. A change that comes alone is told at once; of many, those that come
/// within this time are told together, so that hundreds of watchers do not cost a packet each for every one of them.
const APART: Duration = Duration::from_millis(10);

/// The shortest time after which a watch ends when the client does not say, in seconds.
const MIN_TIMEOUT: u64 = 1_800;

/// The annotation of the bookmark behind the objects that were there.
const INITIAL_END: &str = "k8s.io/initial-events-end";

/// Answers with a stream of changes.
///
/// # Errors
/// When the question cannot be understood.
pub(super) async fn answer(api: &Api, objects: &Objects, call: &Call) -> Result<Response, Failure> {
    let form = media::form(&call.headers)?;
    let include = Include::parse(call.query.text("includeObject"))?;
    let (labels, fields) = call.query.selectors(objects.served)?;
    let asked = call.query.version()?;
    let initial = call.query.flag("sendInitialEvents");
    check_initial(call, initial)?;
    let seconds = match call.query.number("timeoutSeconds")?.and_then(|seconds| u64::try_from(seconds).ok()) {
        Some(seconds) if seconds > 0 => seconds,
        _ => rand::rng().random_range(MIN_TIMEOUT..2 * MIN_TIMEOUT),
    };
    let view = View {
        served: objects.served,
        namespace: objects.namespace.clone(),
        labels,
        fields,
        form,
        include,
        new_event: objects.is_new_event(),
    };
    let store = Arc::clone(&api.registry.store);
    let kind = objects.served.kind;
    let mut waiting = VecDeque::new();
    let cursor = match asked {
        Some(revision) if revision > 0 && !initial => {
            if let Err(refused) = list::wait_for(api, objects, revision).await {
                return Ok(respond(stream::iter([Ok::<_, std::convert::Infallible>(error_line(&refused))])));
            }
            store.follow_from(kind, revision)
        }
        asked => {
            list::wait_for(api, objects, asked.unwrap_or(0)).await?;
            let (known, cursor) = store.follow(kind, view.namespace.as_deref());
            waiting.extend(known.into_iter().filter(|object| view.selects(object)).map(Waiting::Known));
            if initial && call.query.flag("allowWatchBookmarks") {
                waiting.push_back(Waiting::Bookmark { revision: cursor.revision(), end_of_initial: true });
            }
            cursor
        }
    };
    let watcher = Watcher {
        store,
        cursor,
        view,
        waiting,
        bookmarks: call.query.flag("allowWatchBookmarks").then(|| Instant::now() + BOOKMARKS),
        until: Instant::now() + Duration::from_secs(seconds),
        due: Instant::now(),
        stopping: api.stopping.clone(),
        ended: false,
        first: true,
    };
    let lines = stream::unfold(watcher, |mut watcher| async move {
        let lines = watcher.next().await?;
        Some((Ok::<_, std::convert::Infallible>(lines), watcher))
    });
    Ok(respond(lines))
}

fn respond(lines: impl futures::Stream<Item = Result<Bytes, std::convert::Infallible>> + Send + 'static) -> Response {
    let mut response = Response::new(Body::from_stream(lines));
    *response.status_mut() = StatusCode::OK;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache, private"));
    response
}

fn check_initial(call: &Call, initial: bool) -> Result<(), Failure> {
    let matching = call.query.text("resourceVersionMatch");
    let given = !call.query.all("sendInitialEvents").is_empty();
    let detail = match (given, initial, matching) {
        (true, true, "NotOlderThan") | (true, false, "" | "NotOlderThan") | (false, _, "") => return Ok(()),
        (true, ..) => "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan",
        (false, ..) => {
            let detail = "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided";
            let error = FieldError::forbidden("resourceVersionMatch", detail);
            return Err(Failure::invalid_kind("meta.k8s.io", "ListOptions", "", vec![error]));
        }
    };
    let error = FieldError::forbidden("resourceVersionMatch", detail);
    Err(Failure::invalid_kind("meta.k8s.io", "ListOptions", "", vec![error]))
}

/// What a watcher wants to see, and how.
struct View {
    served: &'static Served,
    namespace: Option<String>,
    labels: LabelSelector,
    fields: FieldSelector,
    form: Form,
    include: Include,
    new_event: bool,
}

/// Something that is there before the first change.
enum Waiting {
    Known(Arc<Object>),
    Bookmark { revision: u64, end_of_initial: bool },
}

/// A watch.
struct Watcher {
    store: Arc<Store>,
    cursor: Cursor,
    view: View,
    waiting: VecDeque<Waiting>,
    /// When the next bookmark is due, for who wants them.
    bookmarks: Option<Instant>,
    until: Instant,
    /// Before then it is told nothing.
    due: Instant,
    stopping: watch::Receiver<bool>,
    ended: bool,
    /// Whether no table was sent yet: the first names the columns.
    first: bool,
}

/// What a watch waits for.
enum Woken {
    /// It is to end.
    Over,
    /// There are changes, or some are no longer kept.
    News(Result<Vec<Event>, Compacted>),
    /// It is time to say how far it has come.
    BookmarkDue,
}

/// How many objects that are there are sent at once.
const CHUNK: usize = 64;

impl Watcher {
    /// The next lines; none when the watch has ended.
    async fn next(&mut self) -> Option<Bytes> {
        loop {
            if self.ended {
                return None;
            }
            let mut out = Vec::new();
            if !self.waiting.is_empty() {
                for waiting in self.waiting.drain(..CHUNK.min(self.waiting.len())).collect::<Vec<_>>() {
                    match waiting {
                        Waiting::Known(object) => self.write(&mut out, "ADDED", &object),
                        Waiting::Bookmark { revision, end_of_initial } => {
                            self.write_bookmark(&mut out, revision, end_of_initial);
                        }
                    }
                }
                return Some(Bytes::from(out));
            }
            match self.wait().await {
                Woken::Over => return None,
                Woken::News(Ok(events)) => {
                    for event in &events {
                        self.write_event(&mut out, event);
                    }
                    self.due = Instant::now() + APART;
                }
                Woken::News(Err(compacted)) => {
                    self.ended = true;
                    let message = format!("too old resource version: {} ({})", self.cursor.revision(), compacted.up_to);
                    return Some(error_line(&Failure::expired(message)));
                }
                Woken::BookmarkDue => {
                    self.bookmarks = Some(Instant::now() + BOOKMARKS);
                    self.write_bookmark(&mut out, self.cursor.revision(), false);
                }
            }
            if !out.is_empty() {
                return Some(Bytes::from(out));
            }
        }
    }

    async fn wait(&mut self) -> Woken {
        let bookmark = self.bookmarks.unwrap_or(self.until);
        let Self { cursor, store, due, .. } = self;
        let news = async {
            if Instant::now() < *due {
                sleep_until(*due).await;
            }
            cursor.next(store).await
        };
        tokio::select! {
            biased;
            _ = self.stopping.wait_for(|stopping| *stopping) => Woken::Over,
            () = sleep_until(self.until) => Woken::Over,
            events = news => Woken::News(events),
            () = sleep_until(bookmark), if self.bookmarks.is_some() => Woken::BookmarkDue,
        }
    }

    /// Writes a change as the watcher sees it: what comes to be selected was added for it, what ceases to be is gone.
    fn write_event(&mut self, out: &mut Vec<u8>, event: &Event) {
        let before = event.previous.as_ref().filter(|object| self.view.selects(object));
        let after = Some(&event.object).filter(|object| event.change != Change::Deleted && self.view.selects(object));
        match (before, after) {
            (None, None) => {}
            (None, Some(object)) => self.write(out, "ADDED", object),
            (Some(_), Some(object)) => self.write(out, "MODIFIED", object),
            (Some(_), None) if event.change == Change::Deleted => self.write(out, "DELETED", &event.object),
            (Some(before), None) => self.write(out, "DELETED", &before.at(event.revision())),
        }
    }

    fn write(&mut self, out: &mut Vec<u8>, what: &str, object: &Object) {
        out.extend_from_slice(format!("{{\"type\":\"{what}\",\"object\":").as_bytes());
        match self.view.form {
            Form::Json if self.view.new_event => out.extend_from_slice(&events::json_to_new(&object.json())),
            Form::Json => object.write_json(out),
            Form::Metadata => table::write_metadata_object(out, object),
            Form::Table => {
                let version = json!({"resourceVersion": object.revision.to_string()});
                self.write_table_head(out, &version);
                table::write_row(out, object, self.view.include, Timestamp::now());
                out.extend_from_slice(table::TAIL);
            }
        }
        out.extend_from_slice(b"}\n");
    }

    fn write_table_head(&mut self, out: &mut Vec<u8>, metadata: &Value) {
        if std::mem::take(&mut self.first) {
            table::write_head(out, self.view.served.kind, metadata);
        } else {
            let head = format!(
                "{{\"kind\":\"Table\",\"apiVersion\":\"meta.k8s.io/v1\",\"metadata\":{metadata},\"columnDefinitions\":null,\"rows\":["
            );
            out.extend_from_slice(head.as_bytes());
        }
    }

    fn write_bookmark(&mut self, out: &mut Vec<u8>, revision: u64, end_of_initial: bool) {
        let mut metadata = json!({"resourceVersion": revision.to_string()});
        if end_of_initial {
            metadata["annotations"] = json!({INITIAL_END: "true"});
        }
        out.extend_from_slice(b"{\"type\":\"BOOKMARK\",\"object\":");
        if self.view.form == Form::Table {
            self.write_table_head(out, &metadata);
            out.extend_from_slice(table::TAIL);
        } else {
            let (kind, version) = match self.view.form {
                Form::Metadata => ("PartialObjectMetadata", "meta.k8s.io/v1".to_owned()),
                _ => (self.view.served.name, self.view.served.api_version()),
            };
            let object = json!({"kind": kind, "apiVersion": version, "metadata": metadata});
            out.extend_from_slice(object.to_string().as_bytes());
        }
        out.extend_from_slice(b"}\n");
    }
}

impl View {
    fn selects(&self, object: &Object) -> bool {
        let (namespace, name) = (object.key.namespace(), object.key.name());
        self.namespace.as_deref().is_none_or(|own| own == namespace)
            && self.labels.matches(&object.labels)
            && self.fields.matches(namespace, name, &object.fields)
    }
}

fn error_line(refused: &Failure) -> Bytes {
    let status = serde_json::to_value(refused.to_status()).unwrap_or_default(); // a status can be written
    Bytes::from(format!("{}\n", json!({"type": "ERROR", "object": status})))
}
