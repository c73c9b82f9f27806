//! Getting objects: one, or all that are meant, page by page.

use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use futures::stream;
use http::StatusCode;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use tokio::time::timeout;

use super::media::{self, Form};
use super::table::{self, Include};
use super::{Api, Call, Objects, events, in_form, raw};
use crate::failure::{Failure, FieldError};
use crate::kinds::Subresource;
use crate::registry::scale_of;
use crate::selectors::{FieldSelector, LabelSelector};
use crate::store::{Key, Object};

/// How long a revision is waited for that is not there yet.
const PATIENCE: Duration = Duration::from_secs(3);

/// How many objects are written at once.
const CHUNK: usize = 64;

/// One object, or a part of it.
///
/// # Errors
/// When it does not exist.
pub(super) fn one(
    api: &Api,
    objects: &Objects,
    key: &Key,
    part: Option<Subresource>,
    call: &Call,
) -> Result<Response, Failure> {
    let form = media::form(&call.headers)?;
    let object = api.registry.get(objects.served, key)?;
    match part {
        None | Some(Subresource::Status) => Ok(raw(StatusCode::OK, in_form(objects, &object, form, call)?)),
        Some(Subresource::Scale) => Ok(super::json(StatusCode::OK, &scale_of(&object))),
        Some(_) => Err(Failure::method_not_allowed()),
    }
}

/// Where a page ends and the next begins.
#[derive(Debug, Serialize, Deserialize)]
struct Continue {
    /// The form of this.
    v: String,
    /// The revision that all pages are of.
    rv: u64,
    /// The last object of the page before.
    start: (String, String),
}

impl Continue {
    fn parse(text: &str) -> Result<Self, Failure> {
        let unreadable = || Failure::bad_request("continue key is not valid: cannot decode it");
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| unreadable())?;
        serde_json::from_slice(&bytes).map_err(|_| unreadable())
    }

    fn text(&self) -> String {
        URL_SAFE_NO_PAD.encode(serde_json::to_vec(self).unwrap_or_default()) // it can be written
    }
}

/// Waits until a revision is there.
///
/// # Errors
/// When it does not come.
pub(super) async fn wait_for(api: &Api, objects: &Objects, revision: u64) -> Result<(), Failure> {
    let store = &api.registry.store;
    if store.revision() >= revision {
        return Ok(());
    }
    let mut changes = store.changes(objects.served.kind);
    let come = async {
        while store.revision() < revision {
            if changes.changed().await.is_err() {
                return;
            }
        }
    };
    let _ = timeout(PATIENCE, come).await;
    let current = store.revision();
    if current >= revision { Ok(()) } else { Err(Failure::revision_too_large(revision, current)) }
}

/// All objects that are meant, or a page of them.
///
/// # Errors
/// When the question cannot be understood, or is about a revision that is gone.
pub(super) async fn answer(api: &Api, objects: &Objects, call: &Call) -> Result<Response, Failure> {
    let form = media::form(&call.headers)?;
    let include = Include::parse(call.query.text("includeObject"))?;
    let (labels, fields) = call.query.selectors(objects.served)?;
    let limit = call.query.number("limit")?.and_then(|limit| usize::try_from(limit).ok()).filter(|limit| *limit > 0);
    let page = Page::find(api, objects, call, &labels, &fields, limit).await?;
    Ok(page.into_response(objects, form, include))
}

/// A page of objects.
struct Page {
    revision: u64,
    objects: Vec<Arc<Object>>,
    next: Option<Continue>,
    remaining: Option<usize>,
}

impl Page {
    async fn find(
        api: &Api,
        objects: &Objects,
        call: &Call,
        labels: &LabelSelector,
        fields: &FieldSelector,
        limit: Option<usize>,
    ) -> Result<Self, Failure> {
        let store = &api.registry.store;
        let (kind, namespace) = (objects.served.kind, objects.namespace.as_deref());
        let asked = call.query.version()?;
        let matching = call.query.text("resourceVersionMatch");
        check_matching(matching, asked)?;
        let (revision, mut all, after) = match call.query.text("continue") {
            "" => match asked {
                Some(revision) if matching == "Exact" => {
                    wait_for(api, objects, revision).await?;
                    let then =
                        store.list_at(kind, namespace, revision).map_err(|_| gone(revision, store.revision()))?;
                    (revision, then, None)
                }
                asked => {
                    wait_for(api, objects, asked.unwrap_or(0)).await?;
                    let (revision, now) = store.list(kind, namespace);
                    (revision, now, None)
                }
            },
            token => {
                if asked.is_some_and(|asked| asked != 0) {
                    let message = "specifying resource version is not allowed when using continue";
                    return Err(Failure::bad_request(message));
                }
                let token = Continue::parse(token)?;
                let then = store.list_at(kind, namespace, token.rv).map_err(|_| page_gone())?;
                (token.rv, then, Some(Key::new(&token.start.0, &token.start.1)))
            }
        };
        let selected = |object: &Object| {
            labels.matches(&object.labels) && fields.matches(object.key.namespace(), object.key.name(), &object.fields)
        };
        all.retain(|object| after.as_ref().is_none_or(|after| object.key > *after) && selected(object));
        let total = all.len();
        let mut next = None;
        if let Some(limit) = limit.filter(|limit| *limit < total) {
            all.truncate(limit);
            next = all.last().map(|last| {
                let start = (last.key.namespace().to_owned(), last.key.name().to_owned());
                Continue { v: "meta.k8s.io/v1".to_owned(), rv: revision, start }
            });
        }
        // Who selects is not told how many there are, as it would have to be counted.
        let counted = labels.is_empty() && fields.is_empty();
        let remaining = next.as_ref().filter(|_| counted).map(|_| total - all.len());
        Ok(Self { revision, objects: all, next, remaining })
    }

    fn into_response(self, objects: &Objects, form: Form, include: Include) -> Response {
        let mut metadata = Map::new();
        metadata.insert("resourceVersion".to_owned(), json!(self.revision.to_string()));
        if let Some(next) = &self.next {
            metadata.insert("continue".to_owned(), json!(next.text()));
        }
        if let Some(remaining) = self.remaining {
            metadata.insert("remainingItemCount".to_owned(), json!(remaining));
        }
        let metadata = Value::Object(metadata);
        let mut head = Vec::new();
        if form == Form::Table {
            table::write_head(&mut head, objects.served.kind, &metadata);
        } else {
            let (kind, version) = match form {
                Form::Metadata => ("PartialObjectMetadataList".to_owned(), "meta.k8s.io/v1".to_owned()),
                _ => (format!("{}List", objects.served.name), objects.served.api_version()),
            };
            let text = format!("{{\"kind\":{kind:?},\"apiVersion\":{version:?},\"metadata\":{metadata},\"items\":[");
            head.extend_from_slice(text.as_bytes());
        }
        let new_event = objects.is_new_event();
        let now = Timestamp::now();
        let chunks: Vec<Vec<Arc<Object>>> = self.objects.chunks(CHUNK).map(<[_]>::to_vec).collect();
        let parts = chunks.into_iter().enumerate().map(move |(number, chunk)| {
            let mut out = Vec::new();
            for (index, object) in chunk.iter().enumerate() {
                if number + index > 0 {
                    out.push(b',');
                }
                match form {
                    Form::Table => table::write_row(&mut out, object, include, now),
                    Form::Metadata => table::write_metadata_object(&mut out, object),
                    Form::Json if new_event => out.extend_from_slice(&events::json_to_new(&object.json())),
                    Form::Json => object.write_item(&mut out),
                }
            }
            out
        });
        let parts = std::iter::once(head).chain(parts).chain(std::iter::once(b"]}".to_vec()));
        let parts = parts.map(|part| Ok::<_, std::convert::Infallible>(Bytes::from(part)));
        raw(StatusCode::OK, Body::from_stream(stream::iter(parts)))
    }
}

/// Whether a revision is asked for in a way that makes sense.
pub(super) fn check_matching(matching: &str, asked: Option<u64>) -> Result<(), Failure> {
    let invalid = |error: FieldError| Failure::invalid_kind("meta.k8s.io", "ListOptions", "", vec![error]);
    match matching {
        "Exact" | "NotOlderThan" if asked.is_none() => {
            let detail = "resourceVersionMatch is forbidden unless resourceVersion is provided";
            Err(invalid(FieldError::forbidden("resourceVersionMatch", detail)))
        }
        "Exact" if asked == Some(0) => {
            let detail = "resourceVersionMatch \"exact\" is forbidden for resourceVersion \"0\"";
            Err(invalid(FieldError::forbidden("resourceVersionMatch", detail)))
        }
        "" | "Exact" | "NotOlderThan" => Ok(()),
        other => {
            let known = ["Exact", "NotOlderThan", ""];
            Err(invalid(FieldError::not_supported("resourceVersionMatch", other, &known)))
        }
    }
}

fn gone(revision: u64, oldest: u64) -> Failure {
    Failure::expired(format!("too old resource version: {revision} ({oldest})"))
}

fn page_gone() -> Failure {
    Failure::expired(
        "The provided continue parameter is too old to display a consistent list result. You can start a new list without \
         the continue parameter.",
    )
}
