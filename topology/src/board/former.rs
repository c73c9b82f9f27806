//! What names answered before.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use super::End;

/// How many former answers of one name are kept.
pub const MAX_FORMER_OF_NAME: usize = 8;
/// How many former answers of one Service are kept.
pub const MAX_FORMER: usize = 512;

/// An address that a name of a Service had, and has no more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Former {
    /// The label of the endpoint; `None` when it was the Service's own address.
    pub label: Option<String>,
    /// The address.
    pub address: IpAddr,
    /// The pod that had it, where the slice named one.
    pub pod: Option<String>,
    /// When it stopped. The slices, or the Service itself for its own address, say so.
    pub stopped: End,
}

impl Former {
    fn order(&self) -> (crate::Timestamp, &Option<String>, IpAddr) {
        (self.stopped.latest(), &self.label, self.address)
    }
}

/// Adds one, and drops the oldest of its name, or of all, when there are too many.
pub(crate) fn remember(all: &mut Vec<Former>, new: &Former) {
    let at = all.partition_point(|known| known.order() <= new.order());
    all.insert(at, new.clone());
    if all.iter().filter(|known| known.label == new.label).count() > MAX_FORMER_OF_NAME
        && let Some(oldest) = all.iter().position(|known| known.label == new.label)
    {
        all.remove(oldest);
    }
    if all.len() > MAX_FORMER {
        all.remove(0);
    }
}
