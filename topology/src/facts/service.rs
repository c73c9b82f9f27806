//! What a Service says.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use super::Protocol;
use crate::kubernetes::{self, Labels};
use crate::{ResourceVersion, Uid};

/// A Service.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Service {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// Its UID.
    pub uid: Uid,
    /// Its resource version.
    pub version: ResourceVersion,
    /// How it is reached.
    pub kind: ServiceKind,
    /// Which pods it reaches; empty means that no labels choose them.
    pub selector: Labels,
    /// Its ports.
    pub ports: Vec<ServicePort>,
    /// Whether pods that are not ready are published too.
    pub publishes_not_ready: bool,
}

impl Service {
    /// Whether the Service chooses pods with these labels.
    pub fn selects(&self, labels: &Labels) -> bool {
        !self.selector.is_empty() && self.selector.iter().all(|(key, value)| labels.get(key) == Some(value))
    }
}

/// How a Service is reached.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum ServiceKind {
    /// No virtual address: DNS answers with the pods' own.
    Headless,
    /// One virtual address (or one of each family); empty until it was allocated.
    ClusterIp(Vec<IpAddr>),
    /// A CNAME to another name.
    ExternalName(String),
}

/// One port of a Service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ServicePort {
    /// Its name; may be empty.
    pub name: String,
    /// Its protocol.
    pub protocol: Protocol,
    /// The port number.
    pub port: u16,
}

impl From<kubernetes::Service> for Service {
    fn from(service: kubernetes::Service) -> Self {
        let spec = service.spec;
        let kind = if spec.kind == "ExternalName" {
            ServiceKind::ExternalName(spec.external_name)
        } else if spec.cluster_ips.first().unwrap_or(&spec.cluster_ip) == "None" {
            ServiceKind::Headless
        } else {
            let ips = if spec.cluster_ips.is_empty() { vec![spec.cluster_ip] } else { spec.cluster_ips };
            ServiceKind::ClusterIp(ips.iter().filter_map(|ip| ip.parse().ok()).collect())
        };
        let ports = spec.ports.into_iter().filter_map(|port| {
            Some(ServicePort { protocol: Protocol::parse(&port.protocol), port: port.port?, name: port.name })
        });
        Self {
            namespace: service.metadata.namespace,
            name: service.metadata.name,
            uid: service.metadata.uid,
            version: service.metadata.resource_version,
            kind,
            selector: spec.selector,
            ports: ports.collect(),
            publishes_not_ready: spec.publish_not_ready_addresses,
        }
    }
}
