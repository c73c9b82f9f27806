//! What an EndpointSlice says.

use std::net::IpAddr;

use crate::kubernetes::{self, EndpointConditions};
use crate::{ResourceVersion, Uid};

/// An EndpointSlice.
#[derive(Debug, Clone, PartialEq)]
pub struct EndpointSlice {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// Its resource version.
    pub version: ResourceVersion,
    /// The Service that it belongs to, by its label; a slice without one belongs to nobody.
    pub service: Option<String>,
    /// Its endpoints.
    pub endpoints: Vec<Endpoint>,
}

/// One endpoint.
#[derive(Debug, Clone, PartialEq)]
pub struct Endpoint {
    /// Its addresses; text that is no address is left out.
    pub addresses: Vec<IpAddr>,
    /// Its conditions.
    pub conditions: EndpointConditions,
    /// The label of its DNS name.
    pub hostname: Option<String>,
    /// Name and UID of the pod behind it.
    pub pod: Option<(String, Uid)>,
}

impl Endpoint {
    /// Whether the address is served: `ready`, or nothing said about it.
    pub fn is_ready(&self) -> bool {
        self.conditions.ready.unwrap_or(true)
    }
}

impl From<kubernetes::EndpointSlice> for EndpointSlice {
    fn from(slice: kubernetes::EndpointSlice) -> Self {
        let service = slice.metadata.labels.get("kubernetes.io/service-name").cloned();
        let endpoints = slice.endpoints.into_iter().map(|endpoint| Endpoint {
            addresses: endpoint.addresses.iter().filter_map(|address| address.parse().ok()).collect(),
            conditions: endpoint.conditions,
            hostname: Some(endpoint.hostname).filter(|hostname| !hostname.is_empty()),
            pod: endpoint.target_ref.filter(|target| target.kind == "Pod").map(|target| (target.name, target.uid)),
        });
        Self {
            endpoints: endpoints.collect(),
            namespace: slice.metadata.namespace,
            name: slice.metadata.name,
            version: slice.metadata.resource_version,
            service,
        }
    }
}
