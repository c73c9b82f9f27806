//! What an EndpointSlice says.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use super::Protocol;
use crate::kubernetes::{self, EndpointConditions};
use crate::{ResourceVersion, Uid};

/// How many characters are kept of a text that is no address.
const UNUSABLE_LENGTH: usize = 64;

/// An EndpointSlice.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
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
    /// The ports of every endpoint.
    pub ports: Vec<EndpointPort>,
    /// The first address in it that is none (a host name, or nonsense), and how many there are; DNS skips them here.
    pub unusable: Option<(String, u32)>,
}

/// One endpoint.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
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

/// One port of a slice.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct EndpointPort {
    /// The name of the Service's port; may be empty.
    pub name: String,
    /// Its protocol.
    pub protocol: Protocol,
    /// The port on the endpoint; `None` means all ports.
    pub port: Option<u16>,
}

impl Endpoint {
    /// Whether the address is served: `ready`, or nothing said about it.
    pub fn is_ready(&self) -> bool {
        self.conditions.ready.unwrap_or(true)
    }
}

impl From<kubernetes::EndpointSlice> for EndpointSlice {
    fn from(slice: kubernetes::EndpointSlice) -> Self {
        let service = slice.metadata.labels.get("kubernetes.io/service-name").filter(|name| !name.is_empty()).cloned();
        let mut unusable: Option<(String, u32)> = None;
        let mut address = |text: &String| {
            let address = text.parse().ok();
            if address.is_none() {
                unusable.get_or_insert_with(|| (text.chars().take(UNUSABLE_LENGTH).collect(), 0)).1 += 1;
            }
            address
        };
        let endpoints = slice.endpoints.into_iter().map(|endpoint| Endpoint {
            addresses: endpoint.addresses.iter().filter_map(&mut address).collect(),
            conditions: endpoint.conditions,
            hostname: Some(endpoint.hostname).filter(|hostname| !hostname.is_empty()),
            pod: endpoint.target_ref.filter(|target| target.kind == "Pod").map(|target| (target.name, target.uid)),
        });
        let ports = slice.ports.into_iter().map(|port| EndpointPort {
            protocol: Protocol::parse(&port.protocol),
            port: port.port,
            name: port.name,
        });
        Self {
            endpoints: endpoints.collect(),
            ports: ports.collect(),
            namespace: slice.metadata.namespace,
            name: slice.metadata.name,
            version: slice.metadata.resource_version,
            service,
            unusable,
        }
    }
}
