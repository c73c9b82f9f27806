//! Who may ask: programs on this machine. A page in a browser may not, not even one whose name was bound to this address.

use axum::extract::Request;
use axum::middleware::Next;
use axum::response::Response;
use http::header;
use http::uri::Authority;

use crate::failure::Failure;
use crate::kinds::Kind;

/// Refuses requests from pages, and requests for hosts that are not this machine.
pub(super) async fn check(request: Request, next: Next) -> Response {
    let headers = request.headers();
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).and_then(|host| host.parse().ok());
    let host = host.or_else(|| request.uri().authority().cloned());
    if headers.contains_key(header::ORIGIN) {
        return refuse("pages in a browser may not use this API");
    }
    match host {
        Some(host) if is_here(&host) => next.run(request).await,
        _ => refuse("this API is reached as 127.0.0.1 or localhost only"),
    }
}

fn is_here(host: &Authority) -> bool {
    let host = host.host().trim_matches(['[', ']']);
    host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

fn refuse(why: &str) -> Response {
    let message = format!("forbidden: {why}");
    super::failure(&Failure::forbidden(Kind::Pod.served(), "", why).with_message(message))
}
