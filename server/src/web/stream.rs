//! The stream: one WebSocket per client, by the protocol of [`topology::wire`].

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade, close_code};
use axum::extract::{Query, State};
use axum::response::Response;
use bytes::Bytes;
use serde::Deserialize;
use tokio::sync::watch;
use tokio::time::{Instant, interval, timeout};
use tokio_stream::wrappers::BroadcastStream;
use tokio_stream::wrappers::errors::BroadcastStreamRecvError;
use tokio_stream::{StreamExt, StreamMap};
use topology::wire::{
    Bye, ClientMessage, Format, MAX_CLIENT_MESSAGE, MAX_SUBSCRIPTIONS, PROTOCOL, Scope, ServerMessage, Subscription,
    Welcome,
};
use tracing::debug;

use super::{MAX_CLIENTS, Shared, assets};
use crate::clock::now;
use crate::hub::{Frame, HubHandle};

/// How long a client has for its hello.
const HELLO: Duration = Duration::from_secs(5);
/// Between two pings.
const PING: Duration = Duration::from_secs(15);
/// Between two looks at the page's files, in development.
const REBUILT: Duration = Duration::from_millis(500);
/// How long a client may say nothing.
const SILENCE: Duration = Duration::from_secs(45);
/// How long one frame may take to be sent. A client that is slower than this loses its connection; one that is only
/// behind gets a snapshot.
const SEND: Duration = Duration::from_secs(10);
/// What the WebSocket layer reads at most. More than [`MAX_CLIENT_MESSAGE`], so that a client that sends too much can be
/// told instead of being cut off.
const READ_LIMIT: usize = 8 * MAX_CLIENT_MESSAGE;

#[derive(Debug, Deserialize)]
pub(super) struct Options {
    format: Option<String>,
}

/// `GET /api/v1/stream`
pub(super) async fn open(
    State(shared): State<Shared>,
    Query(options): Query<Options>,
    upgrade: WebSocketUpgrade,
) -> Response {
    let format = if options.format.as_deref() == Some("json") { Format::Json } else { Format::Postcard };
    upgrade.max_message_size(READ_LIMIT).max_frame_size(READ_LIMIT).on_upgrade(move |socket| async move {
        let seat = Seat::take(&shared.clients);
        let mut client = Client { socket, format, shared, feeds: StreamMap::new(), heard: Instant::now() };
        let ended = match seat {
            Some(_) => client.serve().await,
            None => Ended::Bye(Bye::Full),
        };
        client.close(ended).await;
    })
}

/// A place among the clients; given back when dropped.
struct Seat(Arc<AtomicUsize>);

impl Seat {
    fn take(clients: &Arc<AtomicUsize>) -> Option<Self> {
        let seat = Self(Arc::clone(clients));
        (clients.fetch_add(1, Ordering::Relaxed) < MAX_CLIENTS).then_some(seat)
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Why a connection ends.
#[derive(Debug)]
enum Ended {
    /// The client is told why.
    Bye(Bye),
    /// The client went, or cannot be reached.
    Gone,
}

struct Client {
    socket: WebSocket,
    format: Format,
    shared: Shared,
    feeds: StreamMap<Scope, BroadcastStream<Arc<Frame>>>,
    heard: Instant,
}

impl Client {
    async fn serve(&mut self) -> Ended {
        match self.converse().await {
            Ok(never) => match never {},
            Err(ended) => ended,
        }
    }

    async fn converse(&mut self) -> Result<std::convert::Infallible, Ended> {
        let mut stopping = self.shared.stopping.clone();
        let mut status = self.shared.hub.status();
        let hello = tokio::select! {
            hello = timeout(HELLO, self.socket.recv()) => hello.map_err(|_| Ended::Bye(Bye::Silent))?,
            () = stop(&mut stopping) => return Err(Ended::Bye(Bye::ShuttingDown)),
        };
        let Some(ClientMessage::Hello { subscriptions, .. }) = self.read(hello)? else {
            return Err(Ended::Bye(Bye::Unexpected));
        };
        let greeted = status.borrow_and_update().clone();
        self.say(&self.welcome(greeted)).await?;
        self.subscribe(subscriptions).await?;
        let mut ping = interval(PING);
        ping.reset();
        let (mut rebuilt, page) = (interval(REBUILT), assets::build());
        loop {
            tokio::select! {
                message = self.socket.recv() => match self.read(message)? {
                    None | Some(ClientMessage::Pong { .. }) => {}
                    Some(ClientMessage::Subscribe(subscriptions)) => self.subscribe(subscriptions).await?,
                    Some(ClientMessage::Hello { .. }) => return Err(Ended::Bye(Bye::Unexpected)),
                },
                Some((scope, frame)) = self.feeds.next() => match frame {
                    Ok(frame) => self.send_frame(&frame).await?,
                    Err(BroadcastStreamRecvError::Lagged(missed)) => {
                        debug!(missed, "a client fell behind; it gets a snapshot");
                        self.feed(Subscription { scope, since: None }).await?;
                    }
                },
                changed = status.changed() => {
                    changed.map_err(|_| Ended::Bye(Bye::ShuttingDown))?;
                    let status = status.borrow_and_update().clone();
                    self.say(&ServerMessage::Status(status)).await?;
                }
                _ = ping.tick() => {
                    if self.heard.elapsed() > SILENCE {
                        return Err(Ended::Bye(Bye::Silent));
                    }
                    self.say(&ServerMessage::Ping { at: now() }).await?;
                }
                // In development the page's files change under the server. A page of another build reloads itself.
                _ = rebuilt.tick(), if cfg!(debug_assertions) => {
                    if assets::build().is_some_and(|now| page.as_ref() != Some(&now)) {
                        let status = status.borrow().clone();
                        self.say(&self.welcome(status)).await?;
                    }
                }
                () = stop(&mut stopping) => return Err(Ended::Bye(Bye::ShuttingDown)),
            }
        }
    }

    fn welcome(&self, status: topology::wire::Status) -> ServerMessage {
        let hub: &HubHandle = &self.shared.hub;
        ServerMessage::Welcome(Welcome {
            protocol: PROTOCOL,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            page: assets::build().unwrap_or_default(),
            instance: hub.instance(),
            cluster: hub.cluster().clone(),
            status,
            capabilities: Vec::new(),
        })
    }

    /// The message of a frame; `None` for frames of the WebSocket protocol itself.
    fn read(&mut self, frame: Option<Result<Message, axum::Error>>) -> Result<Option<ClientMessage>, Ended> {
        let frame = match frame {
            None => return Err(Ended::Gone),
            Some(Err(error)) => return Err(read_error(&error)),
            Some(Ok(frame)) => frame,
        };
        self.heard = Instant::now();
        let bytes: Bytes = match frame {
            Message::Close(_) => return Err(Ended::Gone),
            Message::Ping(_) | Message::Pong(_) => return Ok(None),
            Message::Binary(bytes) => bytes,
            Message::Text(text) => text.into(),
        };
        if bytes.len() > MAX_CLIENT_MESSAGE {
            return Err(Ended::Bye(too_large()));
        }
        ClientMessage::decode(&bytes, self.format).map(Some).map_err(|error| Ended::Bye(error.into()))
    }

    /// Other scopes in place of the ones before.
    async fn subscribe(&mut self, subscriptions: Vec<Subscription>) -> Result<(), Ended> {
        if subscriptions.len() > MAX_SUBSCRIPTIONS {
            let limit = u32::try_from(MAX_SUBSCRIPTIONS).unwrap_or(u32::MAX);
            return Err(Ended::Bye(Bye::TooManySubscriptions { limit }));
        }
        self.feeds.clear();
        for subscription in subscriptions {
            self.feed(subscription).await?;
        }
        Ok(())
    }

    async fn feed(&mut self, subscription: Subscription) -> Result<(), Ended> {
        let feed = self.shared.hub.subscribe(subscription).await.map_err(|_| Ended::Bye(Bye::ShuttingDown))?;
        for frame in &feed.first {
            self.send_frame(frame).await?;
        }
        self.feeds.insert(feed.scope, BroadcastStream::new(feed.live));
        Ok(())
    }

    async fn send_frame(&mut self, frame: &Frame) -> Result<(), Ended> {
        match frame.bytes(self.format) {
            Ok(bytes) => self.send(bytes).await,
            Err(error) => Err(Ended::Bye(error.into())),
        }
    }

    async fn say(&mut self, message: &ServerMessage) -> Result<(), Ended> {
        let bytes = message.encode(self.format).map_err(|error| Ended::Bye(error.into()))?;
        self.send(bytes.into()).await
    }

    async fn send(&mut self, bytes: Bytes) -> Result<(), Ended> {
        let frame = match self.format {
            Format::Postcard => Message::Binary(bytes),
            Format::Json => Message::Text(bytes.try_into().map_err(|_| Ended::Gone)?),
        };
        match timeout(SEND, self.socket.send(frame)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) | Err(_) => Err(Ended::Gone),
        }
    }

    async fn close(mut self, ended: Ended) {
        debug!(?ended, "a stream ends");
        if let Ended::Bye(bye) = ended {
            let code = if bye == Bye::ShuttingDown { close_code::AWAY } else { close_code::POLICY };
            if self.say(&ServerMessage::Bye(bye)).await.is_ok() {
                let close = Message::Close(Some(CloseFrame { code, reason: "".into() }));
                let _ = timeout(Duration::from_secs(1), self.socket.send(close)).await;
            }
        }
    }
}

/// Done when the server stops.
async fn stop(stopping: &mut watch::Receiver<bool>) {
    let _ = stopping.wait_for(|stopping| *stopping).await.map(drop);
}

/// A message beyond what is read at all is told from a broken connection by the text of the error, as the type is not
/// exposed.
fn read_error(error: &axum::Error) -> Ended {
    let text = error.to_string();
    if text.contains("too long") || text.contains("too big") || text.contains("Space limit exceeded") {
        Ended::Bye(too_large())
    } else {
        Ended::Gone
    }
}

fn too_large() -> Bye {
    Bye::TooLarge { limit: u32::try_from(MAX_CLIENT_MESSAGE).unwrap_or(u32::MAX) }
}
