//! What a recording holds.

use serde::{Deserialize, Serialize};
use topology::Timestamp;
use topology::facts::{Observation, Watch};
use topology::wire::Cluster;

use crate::cluster::{Report, Silence, WatchHealth};

/// What the first frame tells.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    /// The version of Berth that made it.
    pub version: String,
    /// When it was begun.
    pub at: Timestamp,
    /// The cluster.
    pub cluster: Cluster,
}

/// Something that happened.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Entry {
    /// When (arrival time).
    pub at: Timestamp,
    /// What.
    pub what: What,
}

/// What happened.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum What {
    /// A watch reported something.
    Observed(Observation),
    /// A watch came up, broke, or was refused.
    Watch(Watch, WatchHealth),
    /// The API answers, or does not.
    Pulse(Result<(), Silence>),
    /// Every namespace that exists, sorted; `None` where they may not be listed.
    Namespaces(Option<Vec<String>>),
}

impl What {
    /// The part of a report that is recorded; `None` where it is about this run of Berth rather than the cluster.
    pub fn of(report: Report) -> Option<Self> {
        match report {
            Report::Observed(observation) => Some(Self::Observed(observation)),
            Report::Watch(watch, health) => Some(Self::Watch(watch, health)),
            Report::Pulse(pulse) => Some(Self::Pulse(pulse)),
            Report::Namespaces(existing) => Some(Self::Namespaces(existing.map(|existing| {
                let mut names: Vec<String> = existing.iter().cloned().collect();
                names.sort();
                names
            }))),
            Report::Probe(_)
            | Report::Checked(_)
            | Report::Resumed(_)
            | Report::History(_)
            | Report::Clock(_)
            | Report::Over(_) => None,
        }
    }
}

impl From<What> for Report {
    fn from(what: What) -> Self {
        match what {
            What::Observed(observation) => Self::Observed(observation),
            What::Watch(watch, health) => Self::Watch(watch, health),
            What::Pulse(pulse) => Self::Pulse(pulse),
            What::Namespaces(existing) => Self::Namespaces(existing.map(|names| names.into_iter().collect())),
        }
    }
}
