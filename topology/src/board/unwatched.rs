//! Stretches of time in which nobody watched the pods.

use serde::{Deserialize, Serialize};

use crate::Timestamp;

/// How many stretches a board keeps; the oldest goes first.
pub const MAX_UNWATCHED: usize = 64;

/// A stretch of time (arrival times) in which the pods were not watched, and after which what had become of them was
/// learnt. What happened in it, and when, is not known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Unwatched {
    /// When they were watched last.
    pub from: Timestamp,
    /// When they were watched again.
    pub to: Timestamp,
}

impl Unwatched {
    /// Whether what was learnt at this time had happened then or before: the time says only when it was so at the latest.
    pub fn has_learnt(&self, at: Timestamp) -> bool {
        self.from < at && at <= self.to
    }
}
