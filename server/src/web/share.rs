//! A page that is shared with a room: whoever has no session is told to ask for the link; one link lets visitors look,
//! another lets the presenter act.

mod attempts;

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::{ConnectInfo, Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use subtle::ConstantTimeEq as _;
use tower::ServiceExt as _;

use self::attempts::Attempts;
use super::problem::Problem;

/// Where the links lead; the token follows.
pub const JOIN: &str = "/join/";

/// For how long a link for once leads in.
const ONCE: Duration = Duration::from_secs(60);

/// What a session may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    /// Looks on.
    Visitor,
    /// Acts.
    Presenter,
}

/// 128 random bits, as text that a link can hold. It is not shown by `Debug`, so that it gets into no log.
struct Token(String);

impl Token {
    fn random() -> Self {
        Self(format!("{:032x}", rand::random::<u128>()))
    }

    /// Takes the same time wherever the first difference is.
    fn is(&self, text: &str) -> bool {
        self.0.as_bytes().ct_eq(text.as_bytes()).into()
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Token(..)")
    }
}

/// The links of this run.
#[derive(Debug)]
pub struct Share {
    visitor: Token,
    presenter: Token,
    /// The presenter's link that works once, until when.
    once: Mutex<Option<(Token, Instant)>>,
    /// The name of the cookie that holds a session. Cookies know no ports, and there may be several demos on one machine.
    cookie: String,
    attempts: Mutex<Attempts>,
}

impl Share {
    /// The links to a page that is served at this port.
    pub fn new(port: u16) -> Self {
        Self {
            visitor: Token::random(),
            presenter: Token::random(),
            once: Mutex::default(),
            cookie: format!("berth-session-{port}"),
            attempts: Mutex::default(),
        }
    }

    /// The path of the link that lets visitors look.
    pub fn visitors_link(&self) -> String {
        format!("{JOIN}{}", self.visitor.0)
    }

    /// The path of the link that lets the presenter act.
    pub fn presenters_link(&self) -> String {
        format!("{JOIN}{}", self.presenter.0)
    }

    /// The path of a link that makes whoever follows it first, and soon, the presenter. It may be seen by others then.
    pub fn link_for_once(&self) -> String {
        let token = Token::random();
        let link = format!("{JOIN}{}", token.0);
        *self.once.lock().unwrap_or_else(PoisonError::into_inner) = Some((token, Instant::now() + ONCE));
        link
    }

    /// Whether it is the link for once, which is used up then.
    fn takes_once(&self, token: &str, now: Instant) -> bool {
        let mut once = self.once.lock().unwrap_or_else(PoisonError::into_inner);
        let is_valid = once.as_ref().is_some_and(|(known, until)| known.is(token) && now < *until);
        if is_valid {
            *once = None;
        }
        is_valid
    }

    fn role_of(&self, token: &str) -> Option<Role> {
        // Both are compared, whichever it is.
        match (self.presenter.is(token), self.visitor.is(token)) {
            (true, _) => Some(Role::Presenter),
            (false, true) => Some(Role::Visitor),
            (false, false) => None,
        }
    }

    /// The role of a request's session. Wrong cookies are not counted: a page of an earlier run asks again and again,
    /// and must keep nobody out.
    fn session(&self, headers: &HeaderMap) -> Option<Role> {
        let cookies = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
        let pairs = cookies.flat_map(|value| value.split(';')).filter_map(|pair| pair.trim().split_once('='));
        pairs.filter(|(name, _)| *name == self.cookie).find_map(|(_, token)| self.role_of(token))
    }

    fn join(&self, token: &str, before: Option<Role>, from: IpAddr, now: Instant) -> Response {
        let mut attempts = self.attempts.lock().unwrap_or_else(PoisonError::into_inner);
        if !attempts.admit(from, now) {
            let wait = [(header::RETRY_AFTER, "1")];
            let told = told(StatusCode::TOO_MANY_REQUESTS, "Too many wrong links were tried; try again in a second.");
            return (wait, told).into_response();
        }
        let once = self.takes_once(token, now).then_some(Role::Presenter);
        let Some(role) = once.or_else(|| self.role_of(token)) else {
            attempts.count(from);
            return told(
                StatusCode::UNAUTHORIZED,
                "This link is not valid, or not any more. Ask the presenter for the link of today.",
            );
        };
        let mut response =
            (StatusCode::SEE_OTHER, [(header::LOCATION, "/"), (header::CACHE_CONTROL, "no-store")]).into_response();
        // Who presents stays the presenter, though they try the visitors' link.
        if before != Some(Role::Presenter) {
            let token = if role == Role::Presenter { &self.presenter } else { &self.visitor };
            // Lax: with Strict, a link in a chat or a mail would lead to a page without the cookie.
            let cookie = format!("{}={}; Path=/; HttpOnly; SameSite=Lax", self.cookie, token.0);
            if let Ok(mut cookie) = HeaderValue::try_from(cookie) {
                cookie.set_sensitive(true);
                response.headers_mut().insert(header::SET_COOKIE, cookie);
            }
        }
        response
    }
}

/// What stands before the routes of a shared page. It is no layer of the routes: those would have matched the path then,
/// and would do so once more.
#[derive(Debug, Clone)]
pub(super) struct Gate {
    /// The links.
    pub(super) share: Arc<Share>,
    /// What the presenter gets.
    pub(super) presenter: Router,
    /// What visitors get: the same routes, without anybody who acts.
    pub(super) visitors: Router,
}

/// Lets in by session, and takes who follows a link in.
pub(super) async fn check(State(gate): State<Gate>, request: Request) -> Response {
    let role = gate.share.session(request.headers());
    let path = request.uri().path();
    if let Some(token) = path.strip_prefix(JOIN) {
        // Without a connection, as in tests, all come from the same place.
        let from = request.extensions().get::<ConnectInfo<SocketAddr>>();
        let from = from.map_or(Ipv4Addr::UNSPECIFIED.into(), |ConnectInfo(from)| from.ip());
        return match *request.method() {
            Method::GET => gate.share.join(token, role, from, Instant::now()),
            // What looks at links before people follow them uses none up.
            _ => told(StatusCode::METHOD_NOT_ALLOWED, "Open the link in a browser."),
        };
    }
    let reads = matches!(*request.method(), Method::GET | Method::HEAD);
    // The walk-through's manifests are for kubectl, which has no session; they tell nothing of the cluster.
    let is_manifest = reads && path.starts_with("/walkthrough/");
    match role {
        Some(Role::Presenter) => answer(gate.presenter, request).await,
        _ if is_manifest => answer(gate.presenter, request).await,
        Some(Role::Visitor) if reads && path != "/api/v1/actions" => answer(gate.visitors, request).await,
        Some(Role::Visitor) => Problem::new(
            StatusCode::FORBIDDEN,
            "you are here as a visitor, who looks on: only who opened the presenter's link may act",
        )
        .into_response(),
        None if path.starts_with("/api/") => {
            let problem = Problem::new(StatusCode::UNAUTHORIZED, "no session: ask the presenter for the link");
            ([(header::WWW_AUTHENTICATE, CHALLENGE)], problem).into_response()
        }
        None => told(StatusCode::UNAUTHORIZED, "This page is shared by link. Ask the presenter for it."),
    }
}

async fn answer(routes: Router, request: Request) -> Response {
    match routes.oneshot(request).await {
        Ok(response) => response,
        Err(never) => match never {},
    }
}

/// HTTP wants each 401 to name a scheme; a browser knows nothing to ask for in this one.
const CHALLENGE: &str = "Cookie realm=\"berth\"";

/// A page of one sentence.
fn told(code: StatusCode, sentence: &str) -> Response {
    let page = format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><meta name=\"viewport\" \
         content=\"width=device-width\"><title>Berth</title><h1>Berth</h1><p>{sentence}</p></html>\n"
    );
    let mut response = (code, axum::response::Html(page)).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static("default-src 'none'"));
    if code == StatusCode::UNAUTHORIZED {
        headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static(CHALLENGE));
    }
    response
}

/// A request's path as logs may have it.
pub(super) fn without_token(path: &str) -> &str {
    if path.starts_with(JOIN) { JOIN } else { path }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

    fn follow(share: &Share, token: &str, before: Option<Role>) -> Response {
        share.join(token, before, HERE, Instant::now())
    }

    /// The role that the session has which an answer gave.
    fn role(share: &Share, response: &Response) -> Option<Role> {
        let cookie = response.headers().get(header::SET_COOKIE)?.to_str().ok()?;
        let mut headers = HeaderMap::new();
        headers.insert(header::COOKIE, format!("a=b; {}", cookie.split(';').next()?).parse().ok()?);
        share.session(&headers)
    }

    #[test]
    fn given_links_when_followed_then_each_gives_its_role_and_a_presenter_stays_one() {
        let share = Share::new(1);
        let visitor = follow(&share, &share.visitor.0, None);
        assert_eq!((visitor.status(), role(&share, &visitor)), (StatusCode::SEE_OTHER, Some(Role::Visitor)));
        let presenter = follow(&share, &share.presenter.0, Some(Role::Visitor));
        assert_eq!((presenter.status(), role(&share, &presenter)), (StatusCode::SEE_OTHER, Some(Role::Presenter)));
        let again = follow(&share, &share.visitor.0, Some(Role::Presenter));
        assert_eq!((again.status(), role(&share, &again)), (StatusCode::SEE_OTHER, None));
        // Another demo on this machine is sent this one's cookie as well, and has its own beside it.
        let other = Share { presenter: Token(share.presenter.0.clone()), ..Share::new(2) };
        assert_eq!(role(&other, &presenter), None);
        assert!(presenter.headers()[header::SET_COOKIE].to_str().unwrap().starts_with("berth-session-1="));
    }

    #[test]
    fn given_a_link_for_once_when_followed_then_the_first_one_in_time_presents() {
        let share = Share::new(1);
        let token = share.link_for_once().split_off(JOIN.len());
        let first = follow(&share, &token, None);
        assert_eq!((first.status(), role(&share, &first)), (StatusCode::SEE_OTHER, Some(Role::Presenter)));
        assert!(!first.headers()[header::SET_COOKIE].to_str().unwrap().contains(&token), "it is no session");
        assert_eq!(follow(&share, &token, None).status(), StatusCode::UNAUTHORIZED, "the second one comes too late");
        let late = share.link_for_once().split_off(JOIN.len());
        assert_eq!(share.join(&late, None, HERE, Instant::now() + ONCE).status(), StatusCode::UNAUTHORIZED);
    }

    #[test]
    fn given_somebody_who_tries_wrong_links_when_others_join_then_they_can() {
        let share = Share::new(1);
        let last = loop {
            match follow(&share, "0", None).status() {
                StatusCode::UNAUTHORIZED => {}
                other => break other,
            }
        };
        assert_eq!(last, StatusCode::TOO_MANY_REQUESTS);
        assert_eq!(
            follow(&share, &share.visitor.0, None).status(),
            StatusCode::TOO_MANY_REQUESTS,
            "not even looked at"
        );
        let other = IpAddr::from([192, 168, 1, 7]);
        assert_eq!(share.join(&share.visitor.0, None, other, Instant::now()).status(), StatusCode::SEE_OTHER);
        let later = Instant::now() + Duration::from_secs(2);
        assert_eq!(share.join(&share.visitor.0, None, HERE, later).status(), StatusCode::SEE_OTHER);
    }

    #[test]
    fn given_links_when_shown_for_debugging_then_no_token_is_in_it() {
        let share = Share::new(1);
        let once = share.link_for_once().split_off(JOIN.len());
        let shown = format!("{share:?}");
        assert!([&share.visitor.0, &share.presenter.0, &once].iter().all(|token| !shown.contains(*token)), "{shown}");
        assert_eq!(share.visitor.0.len(), 32);
        assert_ne!(share.visitor.0, share.presenter.0);
        assert_eq!(without_token(&share.visitors_link()), JOIN);
    }
}
