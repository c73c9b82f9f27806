//! The API over HTTP, as an API server speaks it: discovery, objects, watches, tables.

mod attach;
mod channels;
mod columns;
mod container;
mod discovery;
mod events;
mod exec;
mod guard;
mod health;
mod list;
mod logs;
mod media;
mod path;
mod query;
mod reviews;
mod table;
mod watch;
mod write;

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::middleware;
use axum::response::Response;
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use serde_json::Value;
use tower_http::catch_panic::CatchPanicLayer;

use crate::failure::Failure;
use crate::kinds::Subresource;
use crate::registry::{Registry, Written};
use crate::runtime::Runtime;
use crate::schema;
use crate::store::Key;
pub(crate) use health::VERSION;
use media::Form;
use path::{Discovery, Objects, Target};
use query::Query;

/// The longest body that is read.
const MAX_BODY: usize = 3 << 20;

/// What the API answers from.
#[derive(Clone)]
pub struct Api {
    /// The objects.
    pub registry: Arc<Registry>,
    /// What runs in containers.
    pub(crate) runtime: Arc<Runtime>,
    /// Turns true when the server stops, so that watches end.
    pub stopping: tokio::sync::watch::Receiver<bool>,
    /// Where it listens.
    pub address: SocketAddr,
}

/// What `kubectl port-forward` is told.
const NO_PORTS: &str = "port-forward is not part of the demo, in whose pods no program listens; their pages are there from \
                        within: kubectl exec web-0 -- wget -qO- http://web-1.nginx";

/// The API as a service.
pub fn router(api: Api) -> Router {
    Router::new()
        .fallback(handle)
        .layer(middleware::from_fn(guard::check))
        .layer(CatchPanicLayer::custom(|_| failure(&Failure::internal("a handler panicked"))))
        .with_state(Arc::new(api))
}

/// What a request says, taken apart.
struct Call {
    method: Method,
    headers: HeaderMap,
    query: Query,
    body: Bytes,
}

impl Call {
    /// The program that asks, by which it is known as a manager of fields.
    fn agent(&self) -> &str {
        let agent = self.headers.get(header::USER_AGENT).and_then(|agent| agent.to_str().ok()).unwrap_or_default();
        let name = agent.split('/').next().unwrap_or_default();
        if name.is_empty() { "unknown" } else { name.get(..128).unwrap_or(name) }
    }
}

async fn handle(State(api): State<Arc<Api>>, request: Request) -> Response {
    match answer(&api, request).await {
        Ok(response) => response,
        Err(refused) => failure(&refused),
    }
}

async fn answer(api: &Api, request: Request) -> Result<Response, Failure> {
    let target = path::parse(request.uri().path()).ok_or_else(Failure::no_such_path)?;
    let query = Query::parse(request.uri().query());
    let (parts, body) = request.into_parts();
    if let Target::Objects(objects) = &target
        && let Some(part @ (Subresource::Exec | Subresource::Attach)) = objects.subresource
        && let Some(name) = &objects.name
    {
        let key = Key::new(objects.home(), name);
        return match part {
            Subresource::Exec => exec::answer(api, objects, &key, parts).await,
            _ => attach::answer(api, objects, &key, parts).await,
        };
    }
    let body = to_bytes(body, MAX_BODY).await.map_err(|_| Failure::too_large(MAX_BODY))?;
    let method = if parts.method == Method::HEAD { Method::GET } else { parts.method };
    let call = Call { method, headers: parts.headers, query, body };
    let get = || if call.method == Method::GET { Ok(()) } else { Err(Failure::method_not_allowed()) };
    match target {
        Target::PortForward => Err(Failure::method_not_allowed().with_message(NO_PORTS)),
        Target::Objects(objects) => on_objects(api, &objects, &call).await,
        Target::Review(kind) if call.method == Method::POST => reviews::answer(kind, &call),
        Target::Review(_) => Err(Failure::method_not_allowed()),
        Target::Discovery(question) => {
            get()?;
            discover(api, &question, &call)
        }
        Target::OpenApi(path) => {
            get()?;
            open_api(path.as_deref(), &call)
        }
        Target::OpenApiV2 => {
            get()?;
            Ok(open_api_v2())
        }
        Target::Version => {
            get()?;
            Ok(json(StatusCode::OK, &health::version()))
        }
        Target::Health(part) => {
            get()?;
            health::answer(&part, call.query.flag("verbose"))
        }
        Target::Root => {
            get()?;
            Ok(json(StatusCode::OK, &health::paths()))
        }
    }
}

async fn on_objects(api: &Api, objects: &Objects, call: &Call) -> Result<Response, Failure> {
    let key = objects.name.as_ref().map(|name| Key::new(objects.home(), name));
    match (&call.method, key, objects.subresource) {
        (&Method::GET, None, _) if call.query.flag("watch") => watch::answer(api, objects, call).await,
        (&Method::GET, None, _) => list::answer(api, objects, call).await,
        (&Method::POST, None, _) => write::create(api, objects, call),
        (&Method::DELETE, None, _) => write::delete_all(api, objects, call),
        (&Method::GET, Some(key), Some(Subresource::Log)) => logs::answer(api, objects, &key, call),
        (&Method::GET, Some(key), part) => list::one(api, objects, &key, part, call),
        (&Method::PUT, Some(key), part) => write::update(api, objects, &key, part, call),
        (&Method::PATCH, Some(key), part) => write::patch(api, objects, &key, part, call),
        (&Method::DELETE, Some(key), None) => write::delete(api, objects, &key, call),
        (&Method::POST, Some(key), Some(part)) => write::create_part(api, objects, &key, part, call),
        _ => Err(Failure::method_not_allowed()),
    }
}

fn discover(api: &Api, question: &Discovery, call: &Call) -> Result<Response, Failure> {
    let core = matches!(question, Discovery::Core);
    if (core || matches!(question, Discovery::Groups))
        && let Some(version) = media::aggregated(&call.headers)
    {
        let mut response = json(StatusCode::OK, &discovery::aggregated(core));
        let kind = format!("application/json;g=apidiscovery.k8s.io;v={version};as=APIGroupDiscoveryList");
        if let Ok(kind) = HeaderValue::from_str(&kind) {
            response.headers_mut().insert(header::CONTENT_TYPE, kind);
        }
        return Ok(response);
    }
    media::form(&call.headers)?;
    Ok(json(StatusCode::OK, &discovery::plain(question, &api.address.to_string())?))
}

fn open_api(path: Option<&str>, call: &Call) -> Result<Response, Failure> {
    let Some(path) = path else { return Ok(json(StatusCode::OK, &schema::index())) };
    let (body, hash) = schema::document(path).ok_or_else(Failure::no_such_path)?;
    let mut response = raw(StatusCode::OK, Body::from(body));
    // Under its own hash a document never changes.
    let cached = if call.query.text("hash") == hash { "public, immutable" } else { "no-cache, private" };
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static(cached));
    if let Ok(tag) = HeaderValue::from_str(&format!("\"{hash}\"")) {
        response.headers_mut().insert(header::ETAG, tag);
    }
    Ok(response)
}

/// A document of the older form that describes nothing, as kubectl reads it: it asks there for kinds that the newer form does
/// not have, and must learn that they are not there either.
fn open_api_v2() -> Response {
    /// A field of a message in protobuf: a text, or another message.
    fn field(number: u8, value: &[u8]) -> Vec<u8> {
        let length = u8::try_from(value.len()).unwrap_or_default(); // all of them are short
        [&[number << 3 | 2, length][..], value].concat()
    }
    let info = [field(1, b"Kubernetes"), field(2, VERSION.as_bytes())].concat();
    let document = [field(1, b"2.0"), field(2, &info), field(8, &[])].concat();
    let mut response = raw(StatusCode::OK, document);
    let kind = HeaderValue::from_static("application/com.github.proto-openapi.spec.v2.v1.0+protobuf");
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    response
}

/// An answer that is JSON already.
fn raw(status: StatusCode, body: impl Into<Body>) -> Response {
    let mut response = Response::new(body.into());
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache, private"));
    response
}

fn json(status: StatusCode, value: &Value) -> Response {
    raw(status, value.to_string())
}

/// What a refused request gets.
fn failure(refused: &Failure) -> Response {
    let status = serde_json::to_string(&refused.to_status()).unwrap_or_default(); // a status can be written
    let mut response = raw(refused.code, status);
    if let Some(seconds) = refused.details.as_ref().and_then(|details| details.retry_after_seconds) {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}

/// What a write gets.
fn written(objects: &Objects, written: Written, created: StatusCode) -> Response {
    let status = if written.created { created } else { StatusCode::OK };
    let body = if objects.is_new_event() { events::json_to_new(&written.json) } else { written.json };
    let mut response = raw(status, body);
    for warning in written.warnings {
        if let Ok(value) = HeaderValue::from_str(&format!("299 - {warning:?}")) {
            response.headers_mut().append(header::WARNING, value);
        }
    }
    response
}

/// An object in the form that is wanted.
fn in_form(objects: &Objects, object: &crate::store::Object, form: Form, call: &Call) -> Result<Vec<u8>, Failure> {
    let mut out = Vec::with_capacity(object.size() + 64);
    match form {
        Form::Json if objects.is_new_event() => out = events::json_to_new(&object.json()),
        Form::Json => object.write_json(&mut out),
        Form::Metadata => table::write_metadata_object(&mut out, object),
        Form::Table => {
            let include = table::Include::parse(call.query.text("includeObject"))?;
            let version = serde_json::json!({"resourceVersion": object.revision.to_string()});
            table::write_head(&mut out, object.kind, &version);
            table::write_row(&mut out, object, include, jiff::Timestamp::now());
            out.extend_from_slice(table::TAIL);
        }
    }
    Ok(out)
}
