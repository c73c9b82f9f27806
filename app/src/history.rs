//! The past as the page asks for it.

use serde::{Deserialize, Serialize};
use topology::Timestamp;
use topology::board::{Board, Unwatched};

/// What is kept of the past of a StatefulSet.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ssr", derive(schemars::JsonSchema))]
pub struct Marks {
    /// The first moment that can be shown.
    pub oldest: Option<Timestamp>,
    /// The server's clock.
    pub now: Timestamp,
    /// When its board changed; where that was too often to tell all, only some of the moments.
    pub changes: Vec<Timestamp>,
    /// Whether there are more than are told.
    pub thinned: bool,
    /// The last change before the moment that was asked about.
    pub previous: Option<Timestamp>,
    /// The first change after it.
    pub next: Option<Timestamp>,
    /// How many events of the whole cluster are kept of that stretch.
    pub events: u64,
    /// How many bytes they take.
    pub bytes: u64,
}

/// The board of a StatefulSet at a moment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Then {
    /// The moment.
    pub at: Timestamp,
    /// The stretch around it in which nobody watched: what is shown is as of its beginning.
    pub unwatched: Option<Unwatched>,
    /// The board; `None` where nothing was known of the StatefulSet.
    pub board: Option<Box<Board>>,
}
