//! Who may ask: requests must name a host that the server is meant to be reached by (a page elsewhere whose name was
//! bound to this address must not read along), and what changes something or opens a stream must come from the page.

use std::collections::BTreeSet;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::uri::Authority;
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::problem::Problem;

/// The names and addresses that the server may be reached by, with any port.
#[derive(Debug)]
pub struct Hosts {
    names: BTreeSet<String>,
    any_address: bool,
}

impl Hosts {
    /// Loopback, the address that is listened on, and further names. When all addresses are listened on, any address
    /// will do: a page of somebody else's cannot have one as its name.
    pub fn new(listen: SocketAddr, further: &[String]) -> Self {
        let mut names = BTreeSet::from(["localhost".to_owned(), "127.0.0.1".to_owned(), "[::1]".to_owned()]);
        names.insert(bracketed(listen.ip()));
        names.extend(further.iter().map(|name| name.to_ascii_lowercase()));
        Self { names, any_address: listen.ip().is_unspecified() }
    }

    fn allow(&self, authority: &Authority) -> bool {
        let host = authority.host().to_ascii_lowercase();
        let address = host.trim_matches(['[', ']']).parse::<IpAddr>();
        self.names.contains(&host) || (self.any_address && address.is_ok())
    }
}

fn bracketed(ip: IpAddr) -> String {
    if ip.is_ipv6() { format!("[{ip}]") } else { ip.to_string() }
}

/// Refuses requests for other hosts, and cross-site ones that are more than reading.
pub(super) async fn check(State(hosts): State<Arc<Hosts>>, request: Request, next: Next) -> Response {
    match admit(&hosts, &request) {
        Ok(()) => next.run(request).await,
        Err(problem) => problem.into_response(),
    }
}

fn admit(hosts: &Hosts, request: &Request) -> Result<(), Problem> {
    let host = host_of(request)
        .ok_or_else(|| Problem::new(StatusCode::BAD_REQUEST, "the request names no host: send a Host header"))?;
    if !hosts.allow(&host) {
        let detail = format!(
            "{} is no name of this server: open it by the address that it printed, or start it with --allow-host {}",
            host.host(),
            host.host()
        );
        return Err(Problem::new(StatusCode::MISDIRECTED_REQUEST, detail));
    }
    let reads = matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
    let upgrades = request.headers().contains_key(header::UPGRADE);
    if (!reads || upgrades) && !same_origin(request.headers(), &host) {
        return Err(Problem::new(StatusCode::FORBIDDEN, "the request comes from another site's page"));
    }
    Ok(())
}

fn host_of(request: &Request) -> Option<Authority> {
    let named = request.headers().get(header::HOST).and_then(|host| host.to_str().ok());
    named.map_or_else(|| request.uri().authority().cloned(), |host| host.parse().ok())
}

/// Browsers send the origin of the page that asks; scripts send none.
fn same_origin(headers: &HeaderMap, host: &Authority) -> bool {
    let mut origins = headers.get_all(header::ORIGIN).iter();
    match (origins.next(), origins.next()) {
        (None, _) => true,
        (Some(origin), None) => origin.to_str().is_ok_and(|origin| {
            let authority = origin.strip_prefix("http://").or_else(|| origin.strip_prefix("https://"));
            authority.is_some_and(|authority| authority.eq_ignore_ascii_case(host.as_str()))
        }),
        (Some(_), Some(_)) => false,
    }
}

#[cfg(test)]
mod tests {
    use axum::body::Body;

    use super::*;

    fn request(method: &str, host: &str, origin: Option<&str>, upgrade: bool) -> Request {
        let mut request = Request::builder().method(method).uri("/").header(header::HOST, host);
        if let Some(origin) = origin {
            request = request.header(header::ORIGIN, origin);
        }
        if upgrade {
            request = request.header(header::UPGRADE, "websocket");
        }
        request.body(Body::empty()).unwrap()
    }

    #[test]
    fn given_hosts_and_origins_when_asked_then_only_the_own_page_gets_through() {
        let hosts = Hosts::new("127.0.0.1:7654".parse().unwrap(), &["Berth.Example".to_owned()]);
        let table = [
            ("GET", "127.0.0.1:7654", None, false, true),
            ("GET", "localhost:9", None, false, true),
            ("GET", "[::1]:7654", None, false, true),
            ("GET", "berth.example", None, false, true),
            ("GET", "evil.example", None, false, false),
            ("GET", "127.0.0.1.evil.example:7654", None, false, false),
            ("GET", "10.0.0.1:7654", None, false, false),
            ("GET", "user@localhost", None, false, true),
            ("GET", "localhost:7654", Some("https://evil.example"), false, true),
            ("GET", "localhost:7654", Some("https://evil.example"), true, false),
            ("GET", "localhost:7654", Some("http://localhost:7654"), true, true),
            ("GET", "localhost:7654", Some("http://localhost:1"), true, false),
            ("GET", "localhost:7654", Some("null"), true, false),
            ("POST", "localhost:7654", Some("null"), false, false),
            ("POST", "localhost:7654", None, false, true),
        ];
        for (method, host, origin, upgrade, admitted) in table {
            let verdict = admit(&hosts, &request(method, host, origin, upgrade));
            assert_eq!(verdict.is_ok(), admitted, "{method} {host} {origin:?} upgrade: {upgrade}");
        }
    }

    #[test]
    fn given_all_addresses_are_listened_on_when_asked_by_address_then_it_is_allowed_but_no_foreign_name() {
        let hosts = Hosts::new("0.0.0.0:7654".parse().unwrap(), &[]);
        assert!(admit(&hosts, &request("GET", "192.168.1.5:7654", None, false)).is_ok());
        assert!(admit(&hosts, &request("GET", "evil.example", None, false)).is_err());
    }
}
