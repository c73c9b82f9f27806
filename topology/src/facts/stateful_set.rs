//! What a StatefulSet says.

use serde::{Deserialize, Serialize};

use crate::kubernetes::{self, IntOrString, LabelSelector, Labels};
use crate::{Ordinal, ResourceVersion, SetKey, Timestamp, Uid};

/// A StatefulSet.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StatefulSet {
    /// Its namespace and name.
    pub key: SetKey,
    /// Its UID: pods whose controlling owner has it are its members.
    pub uid: Uid,
    /// Its resource version.
    pub version: ResourceVersion,
    /// When the API server stored it first.
    pub created: Option<Timestamp>,
    /// When its deletion was asked for, while it is going.
    pub deleting: Option<Timestamp>,
    /// Counts changes of the spec.
    pub generation: i64,
    /// How many pods are wanted.
    pub replicas: u32,
    /// The first ordinal.
    pub start: Ordinal,
    /// Whether pods come and go one by one.
    pub policy: PodManagement,
    /// The Service that its pods' names are under; may be empty or name none that exists.
    pub service_name: String,
    /// How changed templates are rolled out.
    pub strategy: UpdateStrategy,
    /// How long a pod must be Ready to count as available, in seconds.
    pub min_ready_seconds: u32,
    /// Which pods it may adopt.
    pub selector: LabelSelector,
    /// The labels of new pods.
    pub template_labels: Labels,
    /// The names of its claim templates.
    pub claims: Vec<String>,
    /// What its controller counted.
    pub counts: Counts,
}

impl StatefulSet {
    /// Whether the controller wants a pod with this ordinal: from `start` on, `replicas` of them.
    pub fn wants(&self, ordinal: Ordinal) -> bool {
        ordinal >= self.start && u64::from(ordinal.0) < u64::from(self.start.0) + u64::from(self.replicas)
    }
}

/// Whether pods come and go one by one (`spec.podManagementPolicy`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum PodManagement {
    /// One after the other, each Ready before the next.
    OrderedReady,
    /// All at once.
    Parallel,
}

/// How changed templates are rolled out (`spec.updateStrategy`).
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum UpdateStrategy {
    /// The controller replaces pods from the highest ordinal down.
    RollingUpdate {
        /// Ordinals below `start + partition` keep their revision.
        partition: u32,
        /// How many may be unavailable.
        max_unavailable: MaxUnavailable,
    },
    /// Whoever deletes a pod gets it back at the new revision.
    OnDelete,
    /// A strategy that Berth does not know, by its name.
    Other(String),
}

/// How many pods may be unavailable during a rolling update.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum MaxUnavailable {
    /// That many.
    Pods(u32),
    /// That many per cent of the replicas, rounded down, at least one.
    Percent(u32),
}

impl MaxUnavailable {
    /// The number of pods for a set of `replicas`; at least 1.
    pub fn of(self, replicas: u32) -> u32 {
        let pods = match self {
            Self::Pods(pods) => u64::from(pods),
            Self::Percent(percent) => u64::from(percent) * u64::from(replicas) / 100,
        };
        u32::try_from(pods.max(1)).unwrap_or(u32::MAX)
    }
}

/// What the controller counted (`status`).
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Counts {
    /// The generation of the spec that the controller has seen.
    pub observed_generation: i64,
    /// Existing pods.
    pub replicas: u32,
    /// Pods that run and are Ready.
    pub ready: u32,
    /// Pods that are Ready for `minReadySeconds`.
    pub available: u32,
    /// Pods of the current revision.
    pub current: u32,
    /// Pods of the update revision.
    pub updated: u32,
    /// The revision that was rolled out before.
    pub current_revision: String,
    /// The revision of the newest template.
    pub update_revision: String,
}

impl From<kubernetes::StatefulSet> for StatefulSet {
    fn from(set: kubernetes::StatefulSet) -> Self {
        let deleting = set.metadata.deletion_asked();
        let (spec, status) = (set.spec, set.status);
        let unsigned = |number: i32| u32::try_from(number).unwrap_or(0);
        let strategy = match spec.update_strategy.kind.as_str() {
            "" | "RollingUpdate" => {
                let rolling = spec.update_strategy.rolling_update.unwrap_or_default();
                UpdateStrategy::RollingUpdate {
                    partition: unsigned(rolling.partition),
                    max_unavailable: max_unavailable(rolling.max_unavailable.as_ref()),
                }
            }
            "OnDelete" => UpdateStrategy::OnDelete,
            other => UpdateStrategy::Other(other.to_owned()),
        };
        Self {
            key: SetKey { namespace: set.metadata.namespace, name: set.metadata.name },
            uid: set.metadata.uid,
            version: set.metadata.resource_version,
            created: set.metadata.creation_timestamp,
            deleting,
            generation: set.metadata.generation,
            replicas: unsigned(spec.replicas.unwrap_or(1)),
            start: Ordinal(unsigned(spec.ordinals.start)),
            policy: if spec.pod_management_policy == "Parallel" {
                PodManagement::Parallel
            } else {
                PodManagement::OrderedReady
            },
            service_name: spec.service_name,
            strategy,
            min_ready_seconds: unsigned(spec.min_ready_seconds),
            selector: spec.selector,
            template_labels: spec.template.metadata.labels,
            claims: spec.volume_claim_templates.into_iter().map(|claim| claim.metadata.name).collect(),
            counts: Counts {
                observed_generation: status.observed_generation,
                replicas: status.replicas,
                ready: status.ready_replicas,
                available: status.available_replicas,
                current: status.current_replicas,
                updated: status.updated_replicas,
                current_revision: status.current_revision,
                update_revision: status.update_revision,
            },
        }
    }
}

fn max_unavailable(value: Option<&IntOrString>) -> MaxUnavailable {
    match value {
        Some(IntOrString::Int(pods)) => MaxUnavailable::Pods(u32::try_from(*pods).unwrap_or(1)),
        Some(IntOrString::Text(text)) => text
            .strip_suffix('%')
            .and_then(|percent| percent.parse().ok())
            .map_or(MaxUnavailable::Pods(1), MaxUnavailable::Percent),
        None => MaxUnavailable::Pods(1),
    }
}
