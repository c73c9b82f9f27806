//! The stream: one WebSocket, opened again whenever it is lost, whose messages move the store along.

use futures::channel::mpsc;
use futures::future::{Either, poll_fn, select};
use futures::{SinkExt, StreamExt, pin_mut};
use gloo_net::websocket::Message;
use gloo_net::websocket::futures::WebSocket;
use gloo_timers::future::sleep;
use leptos::prelude::*;
use leptos::task::spawn_local;
use std::task::Poll;
use std::time::Duration;
use topology::wire::{
    Bye, Changes, ClientMessage, Format, PROTOCOL, Position, Scope, ServerMessage, State, Subscription, Welcome,
};
use topology::{Revision, SetKey, Timestamp};

use super::clock::{Skew, local};
use crate::language::{Language, tr};
use crate::state::{Link, Store};

/// How long nothing may be heard: the server pings every 15 s.
const SILENCE: Duration = Duration::from_secs(35);
/// How long a connection may take to open.
const OPENING: Duration = Duration::from_secs(10);
/// The first and the longest pause before the next try.
const PAUSE: (Duration, Duration) = (Duration::from_millis(200), Duration::from_secs(5));

/// Follows the server for as long as the page lives.
pub(super) fn start(store: Store, skew: Skew) {
    let (ask, wanted) = mpsc::unbounded();
    // What is looked at changed: ask for that instead.
    Effect::new(move |before: Option<()>| {
        store.board.set.track();
        store.crew.deployment.track();
        store.timeline.is_past.track();
        if before.is_some() {
            // The receiver lives as long as the page.
            let _ = ask.unbounded_send(());
        }
    });
    spawn_local(Follower { store, skew, wanted }.run());
}

struct Follower {
    store: Store,
    skew: Skew,
    /// Says that other scopes are wanted.
    wanted: mpsc::UnboundedReceiver<()>,
}

/// Why a connection ended.
enum Ended {
    /// It was lost, or never came up.
    Lost,
    /// The server said why.
    Bye(Bye),
    /// The server has another version of the page.
    Outdated,
}

impl Follower {
    async fn run(mut self) {
        let mut pause = PAUSE.0;
        loop {
            let ended = self.follow().await;
            let was_open = matches!(*self.store.link.read_untracked(), Link::Open);
            let farewell = match ended {
                Ended::Outdated | Ended::Bye(Bye::UnknownProtocol { .. }) => return reload(),
                Ended::Lost => None,
                Ended::Bye(bye) => Some(farewell(&bye, self.store.language)),
            };
            if was_open {
                pause = PAUSE.0;
            }
            let since = match *self.store.link.read_untracked() {
                Link::Lost { since, .. } => since,
                Link::Opening | Link::Open => self.skew.now(),
            };
            self.store.link.set(Link::Lost { since, farewell });
            sleep(pause.mul_f64(0.75 + js_sys::Math::random() / 2.0)).await;
            pause = (pause * 2).min(PAUSE.1);
        }
    }

    /// One connection, from its opening to its end.
    async fn follow(&mut self) -> Ended {
        let Ok(socket) = WebSocket::open(&address()) else { return Ended::Lost };
        let (mut say, mut hear) = match within(OPENING, opened(socket)).await {
            Some(Ok(socket)) => socket.split(),
            Some(Err(())) | None => return Ended::Lost,
        };
        let hello = ClientMessage::Hello { protocol: PROTOCOL, subscriptions: self.subscriptions() };
        if send(&mut say, &hello).await.is_err() {
            return Ended::Lost;
        }
        loop {
            let heard = {
                let (heard, wanted) = (within(SILENCE, hear.next()), self.wanted.next());
                pin_mut!(heard, wanted);
                match select(heard, wanted).await {
                    Either::Left((heard, _)) => Some(heard.flatten()),
                    Either::Right(_) => None,
                }
            };
            let answer = match heard {
                None => Some(ClientMessage::Subscribe(self.subscriptions())),
                Some(Some(Ok(Message::Bytes(bytes)))) => match self.read(&bytes) {
                    Ok(answer) => answer,
                    Err(ended) => return ended,
                },
                Some(_) => return Ended::Lost,
            };
            if let Some(answer) = answer
                && send(&mut say, &answer).await.is_err()
            {
                return Ended::Lost;
            }
        }
    }

    /// What the page shows, and what it has of that already.
    fn subscriptions(&self) -> Vec<Subscription> {
        let store = self.store;
        let instance = store.instance.get_untracked();
        let position = |revision: Revision| Position { instance, revision };
        let fleet = Subscription { scope: Scope::Fleet, since: store.fleet.revision.get_value().map(position) };
        // While the past is shown, nothing may change it.
        let shown = store.board.set.get_untracked().filter(|_| !store.timeline.is_past.get_untracked());
        let board = shown.map(|set| Subscription {
            scope: Scope::StatefulSet(set),
            since: store.board.revision.get_value().map(position),
        });
        let crew = store.crew.deployment.get_untracked().map(|deployment| Subscription {
            scope: Scope::Deployment(deployment),
            since: store.crew.revision.get_value().map(position),
        });
        [Some(fleet), board, crew].into_iter().flatten().collect()
    }

    /// Reads a message and takes it in. What cannot be read comes from a server that speaks otherwise.
    fn read(&self, bytes: &[u8]) -> Result<Option<ClientMessage>, Ended> {
        let message = ServerMessage::decode(bytes, Format::Postcard).map_err(|_| Ended::Outdated)?;
        self.take(message)
    }

    /// Takes a message in; what is to be answered.
    fn take(&self, message: ServerMessage) -> Result<Option<ClientMessage>, Ended> {
        let store = self.store;
        match message {
            ServerMessage::Welcome(welcome) => self.welcomed(welcome)?,
            ServerMessage::Snapshot { revision, at, state } => {
                self.heard(at);
                match state {
                    State::Fleet(fleet) => store.fleet.replace(fleet, revision),
                    State::StatefulSet { set, board } if self.shows(&set) => store.board.replace(board, revision),
                    State::Deployment { deployment, crew } if self.shows_deployment(&deployment) => {
                        store.crew.replace(crew, revision);
                    }
                    State::StatefulSet { .. } | State::Deployment { .. } => {}
                }
                store.revision.set(revision);
            }
            ServerMessage::Delta { revision, at, changes } => {
                self.heard(at);
                match changes {
                    Changes::Fleet(changes) => store.fleet.apply(&changes, revision),
                    Changes::StatefulSet { set, changes } if self.shows(&set) => store.board.apply(&changes, revision),
                    Changes::Deployment { deployment, changes } if self.shows_deployment(&deployment) => {
                        store.crew.apply(&changes, revision);
                    }
                    Changes::StatefulSet { .. } | Changes::Deployment { .. } => {}
                }
                // Each scope's come in order, but one scope's may overtake another's.
                store.revision.update(|shown| *shown = revision.max(*shown));
            }
            ServerMessage::Status(status) => {
                self.alive();
                store.status.set(status);
            }
            ServerMessage::Ping { at } => {
                self.heard(at);
                return Ok(Some(ClientMessage::Pong { at }));
            }
            ServerMessage::Bye(bye) => return Err(Ended::Bye(bye)),
        }
        Ok(None)
    }

    fn welcomed(&self, welcome: Welcome) -> Result<(), Ended> {
        let store = self.store;
        if welcome.page != store.page.get_value() {
            return Err(Ended::Outdated);
        }
        self.skew.forget();
        store.version.set(welcome.version);
        if store.instance.get_untracked() != welcome.instance {
            // The revisions so far are of another run of the server: nothing can follow on them.
            store.fleet.revision.set_value(None);
            store.board.revision.set_value(None);
            store.crew.revision.set_value(None);
        }
        store.instance.set(welcome.instance);
        store.cluster.set(welcome.cluster);
        store.status.set(welcome.status);
        store.link.set(Link::Open);
        self.alive();
        Ok(())
    }

    /// A message of another StatefulSet may still be under way after another one was asked for.
    fn shows(&self, set: &SetKey) -> bool {
        !self.store.timeline.is_past.get_untracked() && self.store.board.set.read_untracked().as_ref() == Some(set)
    }

    fn shows_deployment(&self, deployment: &SetKey) -> bool {
        self.store.crew.deployment.read_untracked().as_ref() == Some(deployment)
    }

    /// The server said something, and what time it is.
    fn heard(&self, at: Timestamp) {
        self.skew.heard(at);
        self.alive();
    }

    fn alive(&self) {
        self.store.heard.set(self.skew.now());
    }
}

fn address() -> String {
    let location = window().location();
    let scheme = if location.protocol().as_deref() == Ok("https:") { "wss" } else { "ws" };
    format!("{scheme}://{}/api/v1/stream", location.host().unwrap_or_default())
}

/// The connection, once it is open. Until then nothing can be heard but its failure, which is looked at first: a
/// connection that failed takes messages as well, and the browser's console complains about each.
async fn opened(mut socket: WebSocket) -> Result<WebSocket, ()> {
    poll_fn(|context| match socket.poll_next_unpin(context) {
        Poll::Ready(_) => Poll::Ready(Err(())),
        Poll::Pending => socket.poll_ready_unpin(context).map_err(|_| ()),
    })
    .await?;
    Ok(socket)
}

async fn send(
    say: &mut (impl SinkExt<Message, Error = gloo_net::websocket::WebSocketError> + Unpin),
    message: &ClientMessage,
) -> Result<(), ()> {
    let bytes = message.encode(Format::Postcard).map_err(|_| ())?;
    say.send(Message::Bytes(bytes)).await.map_err(|_| ())
}

/// What a future gives, if that is in time.
async fn within<T>(patience: Duration, future: impl Future<Output = T>) -> Option<T> {
    let late = sleep(patience);
    pin_mut!(future, late);
    match select(future, late).await {
        Either::Left((output, _)) => Some(output),
        Either::Right(_) => None,
    }
}

fn farewell(bye: &Bye, language: Language) -> String {
    let words = match bye {
        Bye::ShuttingDown => tr!(language, notices.shutting_down),
        Bye::Full => tr!(language, notices.full),
        Bye::Silent => tr!(language, notices.silent),
        Bye::UnknownProtocol { .. }
        | Bye::Malformed { .. }
        | Bye::TooLarge { .. }
        | Bye::Unexpected
        | Bye::TooManySubscriptions { .. } => tr!(language, notices.misunderstood),
    };
    words.to_owned()
}

/// The server is of another version than the page: the page of that version is fetched. Not more often than every few
/// seconds, should the two never agree.
fn reload() {
    const LAST: &str = "berth-reloaded";
    const APART: i64 = 10_000;
    let storage = window().session_storage().ok().flatten();
    let now = local().as_millis();
    let last = storage.as_ref().and_then(|storage| storage.get_item(LAST).ok().flatten());
    let last = last.and_then(|last| last.parse::<i64>().ok()).unwrap_or_default();
    let wait = (last + APART - now).clamp(0, APART);
    spawn_local(async move {
        sleep(Duration::from_millis(wait.unsigned_abs())).await;
        // Nothing can be kept where storing is forbidden; then the page reloads without the pause.
        let _ = storage.map(|storage| storage.set_item(LAST, &local().as_millis().to_string()));
        let _ = window().location().reload();
    });
}
