//! What browsers and scripts see: the page, the stream, the API, and whether all is well.

mod actions;
mod assets;
#[cfg(debug_assertions)]
mod gallery;
mod guard;
mod health;
mod history;
mod language;
mod ledger;
mod openapi;
mod page;
mod parameters;
mod problem;
mod records;
mod rest;
mod share;
mod stream;
mod walkthrough;

use std::sync::Arc;
use std::sync::atomic::AtomicUsize;

use axum::Router;
use axum::extract::{FromRef, Request};
use axum::http::{HeaderName, HeaderValue, header};
use axum::middleware;
use axum::routing::{any, get, post};
use tokio::sync::watch;
use topology::dns::Zone;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;
use tower_http::set_header::SetResponseHeaderLayer;
use tower_http::trace::TraceLayer;
use tracing::debug_span;

pub use guard::Hosts;
pub use share::Share;

use self::share::Gate;
use crate::act::{Actor, Playground};
use crate::hub::HubHandle;
use crate::ledger::Reader;
use crate::walkthrough::Walkthrough;

/// How many clients may have a stream at once.
pub const MAX_CLIENTS: usize = 4_096;

/// What the handlers share.
#[derive(Clone)]
pub struct Shared {
    /// The way to the state.
    pub hub: HubHandle,
    /// Who does what readers ask for; `None` when nothing may be changed from here.
    pub actor: Option<Arc<Actor>>,
    /// The demo's walk-through.
    pub walkthrough: Option<Arc<Walkthrough>>,
    /// Where history is read.
    pub ledger: Reader,
    /// Which names the server is reached by.
    pub hosts: Arc<Hosts>,
    /// The links by which a room is let in; `None` when nobody is asked for one.
    pub share: Option<Arc<Share>>,
    /// Turns true when the server stops.
    pub stopping: watch::Receiver<bool>,
    /// How many clients have a stream.
    pub clients: Arc<AtomicUsize>,
}

impl Shared {
    /// What the cluster's DNS is set to.
    fn zone(&self) -> Zone {
        self.hub.dns().latest().directory.zone().clone()
    }

    /// What readers may do.
    fn control(&self) -> app::Control {
        match self.actor.as_ref().map(|actor| actor.playground()) {
            None if self.walkthrough.is_some() => app::Control::Follow,
            None => app::Control::Look,
            Some(Playground::No) => app::Control::Act,
            Some(Playground::Demo) => app::Control::Demo,
        }
    }

    /// The same for who may only look.
    fn looking_on(&self) -> Self {
        Self { actor: None, ..self.clone() }
    }
}

impl FromRef<Shared> for HubHandle {
    fn from_ref(shared: &Shared) -> Self {
        shared.hub.clone()
    }
}

impl FromRef<Shared> for Reader {
    fn from_ref(shared: &Shared) -> Self {
        shared.ledger.clone()
    }
}

/// All routes.
pub fn router(shared: Shared) -> Router {
    // Rendering spawns tasks through this; a second call finds it set already.
    let _ = any_spawner::Executor::init_tokio();
    let hosts = Arc::clone(&shared.hosts);
    let routes = match shared.share.clone() {
        None => routes(shared),
        Some(share) => {
            let gate = Gate { share, visitors: routes(shared.looking_on()), presenter: routes(shared) };
            Router::new().fallback(share::check).with_state(gate)
        }
    };
    routes
        .layer(middleware::from_fn_with_state(hosts, guard::check))
        .layer(fixed(header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .layer(fixed(header::REFERRER_POLICY, "no-referrer"))
        .layer(fixed(HeaderName::from_static("cross-origin-opener-policy"), "same-origin"))
        .layer(fixed(HeaderName::from_static("cross-origin-resource-policy"), "same-origin"))
        .layer(fixed(header::X_FRAME_OPTIONS, "DENY"))
        .layer(CatchPanicLayer::custom(problem::panicked))
        .layer(TraceLayer::new_for_http().make_span_with(span).on_failure(()))
}

/// What the log lines of a request have in common.
fn span(request: &Request) -> tracing::Span {
    debug_span!("request", method = %request.method(), path = share::without_token(request.uri().path()))
}

/// What answers, for those who may do what `shared` has somebody for.
fn routes(shared: Shared) -> Router {
    let plain = Router::new()
        .route("/", get(page::overview))
        .route("/sets/{namespace}/{name}", get(page::set))
        .route("/deployments/{namespace}/{name}", get(page::deployment))
        .route("/sets/{namespace}/{name}/ledger", get(ledger::panel))
        .route("/api/v1/topology", get(rest::fleet))
        .route("/api/v1/topology/{namespace}/{statefulset}", get(rest::board))
        .route("/api/v1/deployments", get(rest::deployments))
        .route("/api/v1/deployments/{namespace}/{deployment}", get(rest::deployment))
        .route("/api/v1/records", get(records::records))
        .route("/api/v1/ledger", get(ledger::rows))
        .route("/api/v1/ledger/changes", get(ledger::changes))
        .route("/api/v1/history", get(history::marks))
        .route("/api/v1/actions", get(actions::offer).post(actions::perform))
        .route("/api/v1/walkthrough", get(walkthrough::guide))
        .route("/api/v1/walkthrough/{step}", post(walkthrough::run))
        .route("/walkthrough/{file}", get(walkthrough::manifest))
        .route("/api/v1/openapi.json", get(openapi::document))
        .route("/healthz", get(health::healthz))
        .route("/readyz", get(health::readyz))
        .route("/api/{*rest}", any(problem::no_such_route))
        .fallback(page::other);
    #[cfg(debug_assertions)]
    let plain = plain.route("/gallery", get(gallery::list));
    let plain = plain.layer(CompressionLayer::new());
    Router::new()
        .merge(plain)
        // Not compressed here: they come compressed, and a stream must not wait for a compressor.
        .route("/pkg/{*path}", get(assets::hashed))
        .route("/fonts/{file}", get(assets::font))
        .route("/favicon.svg", get(assets::favicon))
        .route("/api/v1/stream", get(stream::open))
        .route("/api/v1/recording", get(history::record))
        .with_state(shared)
}

fn fixed(name: HeaderName, value: &'static str) -> SetResponseHeaderLayer<HeaderValue> {
    SetResponseHeaderLayer::if_not_present(name, HeaderValue::from_static(value))
}
