//! What the server's tests share: a hub fed by hand or by a trace, and a server on a free loopback port.
#![allow(dead_code, reason = "each test binary uses its part")]

pub(crate) mod watching;

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::time::Duration;

use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use futures::{SinkExt, StreamExt};
use server::clock::now;
use server::cluster::{Health, Report, WatchHealth, watches};
use server::hub::{Hub, HubHandle};
use server::ledger::Reader;
use server::web::{Hosts, Shared, router};
use tokio::net::TcpListener;
use tokio::sync::{mpsc, watch};
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};
use topology::dns::Zone;
use topology::facts::{Event, Observation};
use topology::trace;
use topology::wire::{ClientMessage, Cluster, Format, Instance, PROTOCOL, Scope, ServerMessage, Subscription};
use tower::ServiceExt;

/// How long anything may take before a test gives up.
pub(crate) const PATIENCE: Duration = Duration::from_secs(10);

/// The observations of a recorded trace.
pub(crate) fn observations(name: &str) -> Vec<Observation> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../tests/traces/{name}.jsonl"));
    let entries = trace::parse(&std::fs::read_to_string(file).expect("a trace")).expect("a readable trace");
    trace::observations(&entries).into_iter().map(|(_, observation)| observation).collect()
}

/// A hub without a cluster: what it is told comes through `reports`.
pub(crate) struct Fed {
    pub(crate) hub: HubHandle,
    pub(crate) reports: mpsc::Sender<Report>,
}

/// The cluster as the server introduces it.
pub(crate) fn cluster() -> Cluster {
    Cluster { name: "test".to_owned(), domain: "cluster.local".to_owned(), ttl: 5, namespaces: None, dns: None }
}

pub(crate) fn fed() -> Fed {
    let health = Health::new(watches(None), now());
    let (task, hub) = Hub::prepare(cluster(), Zone::default(), Instance(7), health, now);
    let (reports, inbox) = mpsc::channel(64);
    tokio::spawn(task.run(inbox));
    Fed { hub, reports }
}

impl Fed {
    pub(crate) async fn observe(&self, observation: Observation) {
        self.reports.send(Report::Observed(observation)).await.expect("the hub runs");
    }

    /// Tells the hub one thing, and waits until it has taken it.
    pub(crate) async fn observe_and_settle(&self, observation: Observation) {
        let listed = matches!(observation.event, Event::Listed(_));
        let watch = observation.watch.clone();
        self.observe(observation).await;
        if listed {
            self.reports.send(Report::Watch(watch, WatchHealth::Live)).await.expect("the hub runs");
        }
        self.settle().await;
    }

    /// Waits until the hub has taken every report: its queue is empty, and it answers after that.
    pub(crate) async fn settle(&self) {
        while self.reports.capacity() < self.reports.max_capacity() {
            tokio::task::yield_now().await;
        }
        self.hub.view(None).await.expect("the hub runs");
    }
}

/// A server on a free port.
pub(crate) struct Served {
    pub(crate) address: SocketAddr,
    pub(crate) fed: Fed,
    pub(crate) stopping: watch::Sender<bool>,
    pub(crate) ended: tokio::task::JoinHandle<()>,
}

/// What the handlers share, of a server that only looks.
fn shared(hub: HubHandle, ledger: Reader, address: SocketAddr, stopping: watch::Receiver<bool>) -> Shared {
    let (hosts, clients) = (Arc::new(Hosts::new(address, &[])), Arc::new(AtomicUsize::new(0)));
    Shared { actor: None, walkthrough: None, share: None, hub, ledger, hosts, stopping, clients }
}

/// The status, the kind and the body of an answer, without a network.
pub(crate) async fn answer(hub: HubHandle, ledger: Reader, path: &str) -> (StatusCode, String, String) {
    let (_stopping, stopping) = watch::channel(false);
    let shared = shared(hub, ledger, "127.0.0.1:1".parse().expect("valid"), stopping);
    let request = Request::get(path).header(header::HOST, "localhost").body(Body::empty()).expect("valid");
    let response = router(shared).oneshot(request).await.expect("an answer");
    let (parts, body) = response.into_parts();
    let kind = parts.headers.get(header::CONTENT_TYPE).map_or("", |kind| kind.to_str().expect("valid")).to_owned();
    let bytes = axum::body::to_bytes(body, 1 << 24).await.expect("a body");
    (parts.status, kind, String::from_utf8(bytes.to_vec()).expect("text"))
}

pub(crate) async fn served() -> Served {
    let fed = fed();
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("an address");
    let (stopping, mut stop) = watch::channel(false);
    let shared = shared(fed.hub.clone(), Reader::off(), address, stop.clone());
    let ended = tokio::spawn(async move {
        let wait = async move { drop(stop.wait_for(|stopping| *stopping).await.map(drop)) };
        axum::serve(listener, router(shared)).with_graceful_shutdown(wait).await.expect("it serves");
    });
    Served { address, fed, stopping, ended }
}

/// A client of the stream.
pub(crate) struct Client {
    socket: WebSocketStream<MaybeTlsStream<tokio::net::TcpStream>>,
    format: Format,
}

impl Client {
    pub(crate) async fn connect(served: &Served, format: Format) -> Self {
        Self::try_connect(served, format, &[]).await.expect("the stream opens")
    }

    pub(crate) async fn try_connect(
        served: &Served,
        format: Format,
        headers: &[(&'static str, &str)],
    ) -> Result<Self, Error> {
        let query = if format == Format::Json { "?format=json" } else { "" };
        let mut request = format!("ws://{}/api/v1/stream{query}", served.address).into_client_request()?;
        for (name, value) in headers {
            request.headers_mut().insert(*name, value.parse().expect("a header value"));
        }
        let (socket, _) = connect_async(request).await?;
        Ok(Self { socket, format })
    }

    /// Connects and says hello with these scopes.
    pub(crate) async fn hello(served: &Served, format: Format, scopes: &[Scope]) -> Self {
        let mut client = Self::connect(served, format).await;
        let subscriptions = scopes.iter().map(|scope| Subscription { scope: scope.clone(), since: None }).collect();
        client.say(&ClientMessage::Hello { protocol: PROTOCOL, subscriptions }).await;
        client
    }

    pub(crate) async fn say(&mut self, message: &ClientMessage) {
        let bytes = message.encode(self.format).expect("it can be written");
        self.send(bytes).await;
    }

    pub(crate) async fn send(&mut self, bytes: Vec<u8>) {
        let message = match self.format {
            Format::Postcard => Message::binary(bytes),
            Format::Json => Message::text(String::from_utf8(bytes).expect("JSON is text")),
        };
        self.socket.send(message).await.expect("it is sent");
    }

    /// The next message; `None` when the connection is closed.
    pub(crate) async fn next(&mut self) -> Option<ServerMessage> {
        loop {
            match timeout(PATIENCE, self.socket.next()).await.expect("a message in time")? {
                Ok(Message::Binary(bytes)) => {
                    return Some(ServerMessage::decode(&bytes, self.format).expect("a message"));
                }
                Ok(Message::Text(text)) => {
                    return Some(ServerMessage::decode(text.as_bytes(), self.format).expect("a message"));
                }
                Ok(Message::Close(_)) | Err(_) => return None,
                Ok(_) => {}
            }
        }
    }

    /// The next message that is no status or ping.
    pub(crate) async fn next_content(&mut self) -> Option<ServerMessage> {
        loop {
            match self.next().await {
                Some(ServerMessage::Status(_) | ServerMessage::Ping { .. }) => {}
                other => return other,
            }
        }
    }

    /// What the server says last, if it says why it closes.
    pub(crate) async fn bye(&mut self) -> Option<topology::wire::Bye> {
        let mut last = None;
        while let Some(message) = self.next().await {
            if let ServerMessage::Bye(bye) = message {
                last = Some(bye);
            }
        }
        last
    }
}

/// That an answer is as the API's own document describes it.
pub(crate) fn check_description(
    document: &serde_json::Value,
    route: &str,
    status: &str,
    kind: &str,
    body: &str,
    asked: &str,
) {
    let mut schema = document["paths"][route]["get"]["responses"][status]["content"][kind]["schema"].clone();
    assert!(schema.is_object(), "{asked}: {kind} is not described");
    schema["components"] = document["components"].clone();
    let validator = jsonschema::validator_for(&schema).expect("a schema");
    let body = serde_json::from_str(body).expect("JSON");
    let errors: Vec<String> = validator.iter_errors(&body).map(|error| error.to_string()).collect();
    assert!(errors.is_empty(), "{asked}: {errors:?}");
}
