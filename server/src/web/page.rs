//! The page, rendered with the state of now, so that it can be read before (and without) WebAssembly.

use app::route::Place;
use app::state::Past;
use axum::body::Body;
use axum::extract::{Path, Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use leptos::nonce::use_nonce;
use leptos::prelude::{expect_context, provide_context};
use leptos_axum::ResponseOptions;
use topology::SetKey;

use super::Shared;
use super::assets;
use super::history;
use super::language::language_of;
use super::problem::Problem;
use crate::hub::View;

/// `GET /`
pub(super) async fn overview(State(shared): State<Shared>, request: Request) -> Response {
    match shared.hub.view(None).await {
        Ok(view) => render(&shared, view, None, StatusCode::OK, request).await,
        Err(gone) => Problem::from(gone).into_response(),
    }
}

/// `GET /sets/{namespace}/{name}`
pub(super) async fn set(
    State(shared): State<Shared>,
    Path((namespace, name)): Path<(String, String)>,
    request: Request,
) -> Response {
    let set = SetKey::new(namespace, name);
    match shared.hub.view(Some(set.clone())).await {
        Ok(mut view) => {
            let mut past = None;
            if let Some(at) = Place::parse(&request.uri().to_string()).at {
                let told = history::then(&shared, &set, at).await;
                let (board, unwatched, problem) = match told {
                    Ok(then) => (then.board, then.unwatched, None),
                    Err(problem) => (None, None, Some(problem.detail().to_owned())),
                };
                view.board = Some((set, board));
                past = Some(Past { at, unwatched, problem });
            }
            let known = view.board.as_ref().is_some_and(|(_, board)| board.is_some());
            let status = if known { StatusCode::OK } else { StatusCode::NOT_FOUND };
            render(&shared, view, past, status, request).await
        }
        Err(gone) => Problem::from(gone).into_response(),
    }
}

/// `GET /deployments/{namespace}/{name}`
pub(super) async fn deployment(
    State(shared): State<Shared>,
    Path((namespace, name)): Path<(String, String)>,
    request: Request,
) -> Response {
    match shared.hub.view_deployment(SetKey::new(namespace, name)).await {
        Ok(view) => {
            let known = view.crew.as_ref().is_some_and(|(_, crew)| crew.is_some());
            let status = if known { StatusCode::OK } else { StatusCode::NOT_FOUND };
            render(&shared, view, None, status, request).await
        }
        Err(gone) => Problem::from(gone).into_response(),
    }
}

/// Any other address: the page says that there is nothing.
pub(super) async fn other(State(shared): State<Shared>, request: Request) -> Response {
    match shared.hub.view(None).await {
        Ok(view) => render(&shared, view, None, StatusCode::NOT_FOUND, request).await,
        Err(gone) => Problem::from(gone).into_response(),
    }
}

async fn render(
    shared: &Shared,
    view: View,
    past: Option<Past>,
    status: StatusCode,
    request: Request<Body>,
) -> Response {
    #[cfg(debug_assertions)]
    if let Some(specimen) = super::gallery::asked(request.uri()) {
        let language = language_of(request.uri(), request.headers());
        return rendered(specimen.initial(language), StatusCode::OK, request).await;
    }
    let hub = &shared.hub;
    let initial = app::Initial {
        control: shared.control(),
        cluster: hub.cluster().clone(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        page: assets::build().unwrap_or_default(),
        language: language_of(request.uri(), request.headers()),
        is_still: false,
        instance: hub.instance(),
        revision: view.revision,
        at: view.at,
        status: view.status,
        fleet: view.fleet,
        past,
        board: view.board,
        crew: view.crew,
    };
    rendered(initial, status, request).await
}

async fn rendered(initial: app::Initial, status: StatusCode, request: Request<Body>) -> Response {
    let address = request.uri().to_string();
    let shell = move || {
        let options = expect_context::<ResponseOptions>();
        options.insert_header(header::CONTENT_SECURITY_POLICY, content_security_policy());
        app::shell(initial.clone(), &address, assets::names())
    };
    let handler = leptos_axum::render_app_async_with_context(|| provide_context(()), shell);
    let mut response = handler(request).await;
    *response.status_mut() = status;
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response.headers_mut().append(header::VARY, HeaderValue::from_static("accept-language"));
    response
}

/// Only what comes with this page may run, and only this server may be talked to. The nonce is new for each page.
fn content_security_policy() -> HeaderValue {
    let nonce = use_nonce().map(|nonce| nonce.to_string()).unwrap_or_default();
    let policy = format!(
        "default-src 'none'; script-src 'nonce-{nonce}' 'strict-dynamic' 'wasm-unsafe-eval'; style-src 'self'; \
         img-src 'self' data:; font-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'self'; \
         frame-ancestors 'none'"
    );
    HeaderValue::from_str(&policy).unwrap_or(HeaderValue::from_static("default-src 'none'"))
}
