//! Moments and durations that may be known by their bounds only.

use serde::{Deserialize, Serialize};

use crate::Timestamp;
use crate::board::End;

/// When something happened, as far as it is known (arrival times).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum Moment {
    /// It was seen as it happened.
    Seen {
        /// When.
        at: Timestamp,
    },
    /// It happened while nobody watched.
    Between {
        /// When it had certainly not happened yet.
        after: Timestamp,
        /// When it had certainly happened.
        before: Timestamp,
    },
    /// It had happened already when somebody looked first.
    Before {
        /// When that was.
        before: Timestamp,
    },
}

impl Moment {
    /// When it had happened at the latest.
    pub const fn latest(self) -> Timestamp {
        match self {
            Self::Seen { at } => at,
            Self::Between { before, .. } | Self::Before { before } => before,
        }
    }

    /// When it happened at the earliest, where that is known.
    pub const fn earliest(self) -> Option<Timestamp> {
        match self {
            Self::Seen { at } => Some(at),
            Self::Between { after, .. } => Some(after),
            Self::Before { .. } => None,
        }
    }

    /// What two watchers know together of the same moment: the one that saw it knows best, and two who did not know that
    /// it was within both of their bounds.
    pub(super) fn meet(self, other: Self) -> Self {
        match (self, other) {
            (Self::Seen { at: one }, Self::Seen { at: other }) => Self::Seen { at: one.min(other) },
            (seen @ Self::Seen { .. }, _) | (_, seen @ Self::Seen { .. }) => seen,
            (one, other) => {
                let before = one.latest().min(other.latest());
                match one.earliest().max(other.earliest()) {
                    // Clocks that differ may leave nothing between the bounds.
                    Some(after) => Self::Between { after: after.min(before), before },
                    None => Self::Before { before },
                }
            }
        }
    }
}

impl From<End> for Moment {
    fn from(end: End) -> Self {
        match end {
            End::Seen { at } => Self::Seen { at },
            End::Unseen { after, before } => Self::Between { after, before },
        }
    }
}

/// How long something took, in milliseconds, as far as it is known: exact when both bounds are the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Elapsed {
    /// At least this.
    pub least: i64,
    /// At most this; `None` when that is not known.
    pub most: Option<i64>,
}

impl Elapsed {
    /// From one moment to another.
    ///
    /// ```
    /// use topology::{Timestamp, ledger::{Elapsed, Moment}};
    /// let at = Timestamp::from_millis;
    /// let seen = Moment::Seen { at: at(1_000) };
    /// let missed = Moment::Between { after: at(2_000), before: at(5_000) };
    /// assert_eq!(Elapsed::between(seen, missed), Elapsed { least: 1_000, most: Some(4_000) });
    /// ```
    pub fn between(from: Moment, until: Moment) -> Self {
        let least = until.earliest().map_or(0, |until| until.millis_since(from.latest()).max(0));
        let most = from.earliest().map(|from| until.latest().millis_since(from).max(least));
        Self { least, most }
    }

    /// Whether it is known to the millisecond.
    pub fn is_exact(self) -> bool {
        self.most == Some(self.least)
    }
}
