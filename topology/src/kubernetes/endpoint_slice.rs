//! `discovery.k8s.io/v1/EndpointSlice`.

use serde::{Deserialize, Serialize};

use super::{Metadata, or_default, port};
use crate::Uid;

/// An EndpointSlice: some of the addresses that a Service reaches now.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct EndpointSlice {
    /// Its metadata; the label `kubernetes.io/service-name` names its Service.
    #[serde(deserialize_with = "or_default")]
    pub metadata: Metadata,
    /// `IPv4`, `IPv6` or `FQDN`.
    #[serde(deserialize_with = "or_default")]
    pub address_type: String,
    /// Its endpoints.
    #[serde(deserialize_with = "or_default")]
    pub endpoints: Vec<Endpoint>,
    /// The ports of every endpoint.
    #[serde(deserialize_with = "or_default")]
    pub ports: Vec<EndpointPort>,
}

/// One endpoint.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Endpoint {
    /// Its addresses as text; only the first counts for a proxy, all count for DNS.
    #[serde(deserialize_with = "or_default")]
    pub addresses: Vec<String>,
    /// Its state.
    #[serde(deserialize_with = "or_default")]
    pub conditions: EndpointConditions,
    /// The label of its DNS name; empty where there is none.
    #[serde(deserialize_with = "or_default")]
    pub hostname: String,
    /// The pod behind it.
    #[serde(deserialize_with = "or_default")]
    pub target_ref: Option<TargetRef>,
}

/// The conditions of an endpoint; what is absent is `None`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default)]
pub struct EndpointConditions {
    /// Whether it takes traffic; absent counts as yes.
    #[serde(deserialize_with = "or_default")]
    pub ready: Option<bool>,
    /// Ready regardless of termination.
    #[serde(deserialize_with = "or_default")]
    pub serving: Option<bool>,
    /// Whether it is being deleted.
    #[serde(deserialize_with = "or_default")]
    pub terminating: Option<bool>,
}

/// What an endpoint stands for.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct TargetRef {
    /// The kind, as `Pod`.
    #[serde(deserialize_with = "or_default")]
    pub kind: String,
    /// Its name.
    #[serde(deserialize_with = "or_default")]
    pub name: String,
    /// Its UID.
    #[serde(deserialize_with = "or_default")]
    pub uid: Uid,
}

/// One port of a slice.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct EndpointPort {
    /// The name of the Service's port.
    #[serde(deserialize_with = "or_default")]
    pub name: String,
    /// `TCP`, `UDP` or `SCTP`.
    #[serde(deserialize_with = "or_default")]
    pub protocol: String,
    /// The port on the endpoint; absent means all ports.
    #[serde(deserialize_with = "port")]
    pub port: Option<u16>,
}
