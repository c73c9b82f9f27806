//! The Kubernetes objects as the API sends them, cut down to the fields that Berth uses. Everything else, above all
//! `managedFields`, annotations and environments, is skipped while reading and never held.
//!
//! Reading is lenient: what is missing or `null` becomes empty and a malformed time counts as missing, so that one
//! odd object cannot stop a watch.
mod deployment;
mod endpoint_slice;
mod pod;
mod service;
mod stateful_set;

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer};

pub use deployment::{Deployment, DeploymentSpec, ReplicaSet};
pub use endpoint_slice::{Endpoint, EndpointConditions, EndpointPort, EndpointSlice, TargetRef};
pub use pod::{
    Condition, ContainerSpec, ContainerState, ContainerStatus, Pod, PodIp, PodSpec, PodStatus, SchedulingGate,
    TerminatedState,
};
pub use service::{Service, ServicePort, ServiceSpec};
pub use stateful_set::{
    ClaimTemplate, IntOrString, LabelSelector, Ordinals, PodTemplate, RollingUpdate, SelectorRequirement, StatefulSet,
    StatefulSetSpec, StatefulSetStatus, UpdateStrategy,
};

use crate::{ResourceVersion, Timestamp, Uid};

/// Labels or a selector: equal pairs.
pub type Labels = BTreeMap<String, String>;

/// `metadata`, without annotations and `managedFields`.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Metadata {
    /// The object's name.
    #[serde(deserialize_with = "or_default")]
    pub name: String,
    /// Its namespace.
    #[serde(deserialize_with = "or_default")]
    pub namespace: String,
    /// Its UID.
    #[serde(deserialize_with = "or_default")]
    pub uid: Uid,
    /// Its resource version.
    #[serde(deserialize_with = "resource_version")]
    pub resource_version: ResourceVersion,
    /// Counts changes of the spec.
    #[serde(deserialize_with = "or_default")]
    pub generation: i64,
    /// When the API server stored it first.
    #[serde(deserialize_with = "time")]
    pub creation_timestamp: Option<Timestamp>,
    /// Set while the object is being deleted: when its grace period ends.
    #[serde(deserialize_with = "time")]
    pub deletion_timestamp: Option<Timestamp>,
    /// The grace period of the deletion under way, in seconds.
    #[serde(deserialize_with = "or_default")]
    pub deletion_grace_period_seconds: Option<i64>,
    /// Its labels.
    #[serde(deserialize_with = "or_default")]
    pub labels: Labels,
    /// Who owns it.
    #[serde(deserialize_with = "or_default")]
    pub owner_references: Vec<OwnerReference>,
}

impl Metadata {
    /// The owner with `controller: true`: it alone decides membership.
    pub fn controller(&self) -> Option<&OwnerReference> {
        self.owner_references.iter().find(|owner| owner.controller)
    }

    /// When the deletion was asked for: `deletionTimestamp` is the end of the grace period, so the period is taken off.
    pub fn deletion_asked(&self) -> Option<Timestamp> {
        let ends = self.deletion_timestamp?;
        let grace = self.deletion_grace_period_seconds.unwrap_or(0).max(0).saturating_mul(1000);
        Some(Timestamp::from_millis(ends.as_millis().saturating_sub(grace)))
    }
}

/// One entry of `metadata.ownerReferences`.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct OwnerReference {
    /// `apps/v1` for a StatefulSet.
    #[serde(deserialize_with = "or_default")]
    pub api_version: String,
    /// The kind, as `StatefulSet`.
    #[serde(deserialize_with = "or_default")]
    pub kind: String,
    /// The owner's name.
    #[serde(deserialize_with = "or_default")]
    pub name: String,
    /// The owner's UID.
    #[serde(deserialize_with = "or_default")]
    pub uid: Uid,
    /// Whether this owner manages the object.
    #[serde(deserialize_with = "or_default")]
    pub controller: bool,
}

impl OwnerReference {
    /// Whether the owner is a StatefulSet of the group `apps`.
    pub fn is_stateful_set(&self) -> bool {
        self.kind == "StatefulSet" && self.api_version.starts_with("apps/")
    }
}

/// A value that may be missing or `null`: then its default.
pub(crate) fn or_default<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Default + Deserialize<'de>,
{
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

/// A port; a number that is none counts as missing. The API server takes any number in an EndpointSlice.
pub(crate) fn port<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u16>, D::Error> {
    let number: Option<i64> = Option::deserialize(deserializer)?;
    Ok(number.and_then(|number| u16::try_from(number).ok()))
}

/// A time in RFC 3339; malformed ones count as missing.
pub(crate) fn time<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Timestamp>, D::Error> {
    let text: Option<std::borrow::Cow<'_, str>> = Option::deserialize(deserializer)?;
    Ok(text.and_then(|text| Timestamp::parse(&text)))
}

fn resource_version<'de, D: Deserializer<'de>>(deserializer: D) -> Result<ResourceVersion, D::Error> {
    let text: Option<std::borrow::Cow<'_, str>> = Option::deserialize(deserializer)?;
    Ok(text.map_or_else(ResourceVersion::default, |text| ResourceVersion::parse(&text)))
}
