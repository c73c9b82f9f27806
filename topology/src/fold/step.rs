//! What moves a topology along, as it can be kept: the same steps make the same states, live and later.

use serde::{Deserialize, Serialize};

use super::{Check, Delta, Past, Topology};
use crate::Timestamp;
use crate::facts::Observation;

/// One step.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Step {
    /// When it was taken (arrival time).
    pub at: Timestamp,
    /// What happened.
    pub what: Input,
}

/// What happened.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum Input {
    /// The watches reported something; nothing when only time went by.
    Observed(Vec<Observation>),
    /// The cluster's DNS was asked.
    Checked(Vec<Check>),
    /// What an earlier run knew was taken over.
    Resumed(Past),
}

impl Input {
    /// Whether only time went by.
    pub fn is_time_alone(&self) -> bool {
        matches!(self, Self::Observed(observations) if observations.is_empty())
    }

    /// How many events or answers it holds.
    pub fn size(&self) -> usize {
        match self {
            Self::Observed(observations) => observations.len(),
            Self::Checked(checks) => checks.len(),
            Self::Resumed(_) => 1,
        }
    }
}

impl Topology {
    /// Takes a step: [`Topology::apply`], [`Topology::check`] or [`Topology::resume`].
    pub fn take(&mut self, Step { at, what }: Step) -> Option<Delta> {
        match what {
            Input::Observed(observations) => self.apply(at, observations),
            Input::Checked(checks) => self.check(at, checks),
            Input::Resumed(past) => self.resume(at, past),
        }
    }
}
