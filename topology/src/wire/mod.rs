//! The protocol between the server and its clients (WebSocket, `/api/v1/stream`).
//!
//! A client opens with [`ClientMessage::Hello`]; the server answers with [`ServerMessage::Welcome`] and then, for each
//! scope, either a [`ServerMessage::Snapshot`] or, when it still has what the client missed, the [`ServerMessage::Delta`]s
//! since the client's revision. From then on it sends deltas as they happen. Frames are `postcard`, or JSON with
//! `?format=json`; both carry the same messages. Enums grow at their end only; any other change of a type in here
//! needs a new [`PROTOCOL`] number.

mod codec;

use std::net::SocketAddr;

use serde::{Deserialize, Serialize};

pub use codec::{CodecError, Format, MAX_CLIENT_MESSAGE};

use crate::board::{Board, Change};
use crate::crew::{Crew, CrewChange};
use crate::facts::Kind;
use crate::fleet::{Fleet, FleetChange};
use crate::{Revision, SetKey, Timestamp};

/// The number of this protocol.
pub const PROTOCOL: u16 = 5;

/// How many scopes a client may have at once.
pub const MAX_SUBSCRIPTIONS: usize = 8;

/// What a client can ask to see.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum Scope {
    /// One summary per StatefulSet, and per Deployment.
    Fleet,
    /// Everything about one StatefulSet.
    StatefulSet(SetKey),
    /// Everything about one Deployment.
    Deployment(SetKey),
}

/// A scope, and what the client has of it already.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Subscription {
    /// What to see.
    pub scope: Scope,
    /// The client's state, where it has one: it then gets what it missed, if the server still knows.
    pub since: Option<Position>,
}

/// A revision of one run of the server. A number alone would not do: after a restart it counts anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Position {
    /// Which run of the server.
    pub instance: Instance,
    /// The last revision that the client has.
    pub revision: Revision,
}

/// One run of the server: a random number chosen at its start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(transparent)]
pub struct Instance(pub u32);

/// What clients say.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum ClientMessage {
    /// The first message.
    Hello {
        /// The protocol that the client speaks; [`PROTOCOL`].
        protocol: u16,
        /// What it wants to see.
        subscriptions: Vec<Subscription>,
    },
    /// Other scopes from now on, in place of the ones before.
    Subscribe(Vec<Subscription>),
    /// The answer to a ping.
    Pong {
        /// The time in the ping.
        at: Timestamp,
    },
}

/// What the server says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum ServerMessage {
    /// The first message.
    Welcome(Welcome),
    /// The whole state of a scope.
    Snapshot {
        /// The revision of the state.
        revision: Revision,
        /// The server's clock when it was taken.
        at: Timestamp,
        /// The state.
        state: State,
    },
    /// What one revision changed in a scope.
    Delta {
        /// The revision after it.
        revision: Revision,
        /// The server's clock when it happened.
        at: Timestamp,
        /// What changed.
        changes: Changes,
    },
    /// How the server stands to the cluster; sent when it changes.
    Status(Status),
    /// Answer with a pong, or be closed.
    Ping {
        /// The server's clock.
        at: Timestamp,
    },
    /// The server closes the connection after this.
    Bye(Bye),
}

/// The server introduces itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Welcome {
    /// The protocol that is spoken; [`PROTOCOL`].
    pub protocol: u16,
    /// The version of the server.
    pub version: String,
    /// The build of the page that it serves: a page of another build fetches that one.
    pub page: String,
    /// Which run of it.
    pub instance: Instance,
    /// The cluster that it watches.
    pub cluster: Cluster,
    /// How it stands to the cluster.
    pub status: Status,
    /// What this server can do beyond showing; empty where it only shows.
    pub capabilities: Vec<Capability>,
}

/// Something that a server can do beyond showing. None exists in this version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum Capability {}

/// The cluster that is watched.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Cluster {
    /// How the user calls it: the context's name, or `in-cluster`.
    pub name: String,
    /// The domain of its DNS names, as `cluster.local`.
    pub domain: String,
    /// How long a record of its DNS may be kept, in seconds.
    pub ttl: u32,
    /// The namespaces that are watched; `None` is all.
    pub namespaces: Option<Vec<String>>,
    /// Where the server itself answers DNS questions, if it does.
    pub dns: Option<SocketAddr>,
}

/// How the server stands to the cluster.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Status {
    /// Whether what is shown is live.
    pub source: Source,
    /// What the server may not see.
    pub refused: Vec<Refusal>,
    /// Whether the cluster's DNS is asked.
    pub probe: Probe,
    /// Whether history is kept.
    pub history: History,
}

/// Whether history is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum History {
    /// It is not.
    Off,
    /// Where it is kept is not open yet.
    Starting,
    /// It is.
    Kept {
        /// How many pods' rows are missing or incomplete, because they could not be kept until they could be written.
        dropped: u64,
    },
    /// It cannot be written. What happens meanwhile waits, as long as there is room.
    Failing {
        /// Since when (server's clock).
        since: Timestamp,
        /// What went wrong, in the words of the error.
        problem: String,
        /// How many rows there was no room for.
        dropped: u64,
    },
}

/// Whether the cluster's DNS is asked what it says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum Probe {
    /// It is not.
    Off,
    /// It is.
    On {
        /// Whom the server asks: an address with a port, or a pod.
        asked: String,
        /// Why that does not work, if it does not.
        problem: Option<ProbeProblem>,
    },
}

/// Why the cluster's DNS cannot be asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum ProbeProblem {
    /// The API server refused it (403): this verb on this resource in this namespace is not granted.
    Refused {
        /// The verb.
        verb: String,
        /// The resource.
        resource: String,
        /// The namespace.
        namespace: String,
    },
    /// There is no pod to ask: none that is Ready has this label in this namespace.
    NoPod {
        /// The label.
        label: String,
        /// The namespace.
        namespace: String,
    },
    /// It failed, in the words of the error.
    Failed(String),
}

/// Whether what is shown is live.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum Source {
    /// The first lists are not in yet.
    Starting {
        /// Since when (server's clock).
        since: Timestamp,
        /// What went wrong so far, if anything.
        problem: Option<String>,
    },
    /// Every watch runs.
    Live {
        /// Since when (server's clock).
        since: Timestamp,
    },
    /// A watch broke: what is shown is as of then.
    Broken {
        /// Since when (server's clock).
        since: Timestamp,
        /// What went wrong, in the words of the error.
        problem: String,
    },
}

impl Source {
    /// Whether what is shown is live.
    pub const fn is_live(&self) -> bool {
        matches!(self, Self::Live { .. })
    }
}

/// Something that the API server refused to show (403). The rule that would grant it: the verbs `get`, `list` and
/// `watch` on the kind's resource in its API group.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Refusal {
    /// The kind.
    pub kind: Kind,
    /// Where; `None` is everywhere.
    pub namespace: Option<String>,
}

/// The state of a scope.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum State {
    /// Of [`Scope::Fleet`].
    Fleet(Fleet),
    /// Of [`Scope::StatefulSet`].
    StatefulSet {
        /// Which.
        set: SetKey,
        /// Its board; `None` when nothing is known of it.
        board: Option<Box<Board>>,
    },
    /// Of [`Scope::Deployment`].
    Deployment {
        /// Which.
        deployment: SetKey,
        /// Its crew; `None` when nothing is known of it.
        crew: Option<Box<Crew>>,
    },
}

/// What one revision changed in a scope.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum Changes {
    /// In [`Scope::Fleet`].
    Fleet(Vec<FleetChange>),
    /// In [`Scope::StatefulSet`].
    StatefulSet {
        /// Which.
        set: SetKey,
        /// The steps, in order.
        changes: Vec<Change>,
    },
    /// In [`Scope::Deployment`].
    Deployment {
        /// Which.
        deployment: SetKey,
        /// The steps, in order.
        changes: Vec<CrewChange>,
    },
}

/// Why the server closes a connection.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum Bye {
    /// The server stops; another try later may find a new one.
    ShuttingDown,
    /// The client speaks a protocol that the server does not.
    UnknownProtocol {
        /// The one that the server speaks.
        supported: u16,
    },
    /// A message could not be read.
    Malformed {
        /// What was wrong with it.
        problem: String,
    },
    /// A message was too large.
    TooLarge {
        /// How many bytes a message may have.
        limit: u32,
    },
    /// The first message was not a hello, or a second one came.
    Unexpected,
    /// More scopes than allowed.
    TooManySubscriptions {
        /// How many are allowed.
        limit: u32,
    },
    /// Nothing was heard for too long.
    Silent,
    /// The server has as many clients as it takes.
    Full,
}
