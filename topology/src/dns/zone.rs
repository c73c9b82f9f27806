//! What a cluster's DNS is set to.

use serde::{Deserialize, Serialize};

use super::Name;
use crate::Timestamp;

/// The settings of a cluster's DNS, as far as its records depend on them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Zone {
    /// The cluster's domain.
    pub domain: Name,
    /// How long a record may be kept, in seconds.
    pub ttl: u32,
    /// Which names of pods are answered.
    pub pods: PodNames,
}

/// Which names of pods (`10-42-1-5.default.pod.cluster.local`) are answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum PodNames {
    /// None.
    Disabled,
    /// Every name that spells an address, whether such a pod lives or not.
    #[default]
    Insecure,
    /// Those of living pods.
    Verified,
}

impl Zone {
    /// CoreDNS' own TTL where none is set. Many clusters set 30.
    pub const DEFAULT_TTL: u32 = 5;

    /// Until when a client may keep an answer that it got at `at`.
    pub fn keeps_until(&self, at: Timestamp) -> Timestamp {
        Timestamp::from_millis(at.as_millis().saturating_add(i64::from(self.ttl) * 1_000))
    }

    /// A domain with everything else as CoreDNS has it.
    pub fn new(domain: Name) -> Self {
        Self { domain, ttl: Self::DEFAULT_TTL, pods: PodNames::default() }
    }
}

impl Default for Zone {
    /// `cluster.local`.
    fn default() -> Self {
        Self::new(Name::new("cluster.local"))
    }
}
