//! EndpointSlices, and the revisions of StatefulSets.

use k8s_openapi::api::apps::v1::ControllerRevision;
use k8s_openapi::api::discovery::v1::EndpointSlice;
use serde_json::{Map, Value};

use super::{Errors, Rules, check_unchanged};
use crate::failure::FieldError;
use crate::names;

/// The most endpoints of a slice.
const MAX_ENDPOINTS: usize = 1_000;

/// The most addresses of an endpoint.
const MAX_ADDRESSES: usize = 100;

impl Rules for EndpointSlice {
    fn fill(&mut self) {
        for port in self.ports.iter_mut().flatten() {
            port.name.get_or_insert_default();
            port.protocol.get_or_insert_with(|| "TCP".to_owned());
        }
    }

    fn check(&self, errors: &mut Errors) {
        for (index, port) in self.ports.iter().flatten().enumerate() {
            let name = port.name.as_deref().unwrap_or_default();
            if !name.is_empty() {
                for wrong in names::label(name) {
                    errors.push(FieldError::invalid(format!("ports[{index}].name"), name, wrong));
                }
            }
            super::pod::check_protocol(&format!("ports[{index}].protocol"), port.protocol.as_deref(), errors);
        }
        if !["IPv4", "IPv6", "FQDN"].contains(&self.address_type.as_str()) {
            let known = ["FQDN", "IPv4", "IPv6"];
            errors.push(FieldError::not_supported("addressType", self.address_type.as_str(), &known));
        }
        let endpoints = self.endpoints.as_deref().unwrap_or_default();
        if endpoints.len() > MAX_ENDPOINTS {
            errors.push(FieldError::too_many("endpoints", endpoints.len(), MAX_ENDPOINTS));
        }
        for (index, endpoint) in endpoints.iter().enumerate() {
            let field = format!("endpoints[{index}]");
            if endpoint.addresses.is_empty() {
                errors.push(FieldError::required(format!("{field}.addresses"), ""));
            } else if endpoint.addresses.len() > MAX_ADDRESSES {
                let found = endpoint.addresses.len();
                errors.push(FieldError::too_many(format!("{field}.addresses"), found, MAX_ADDRESSES));
            }
            for (at, address) in endpoint.addresses.iter().enumerate() {
                let field = format!("{field}.addresses[{at}]");
                let parsed = address.parse::<std::net::IpAddr>();
                match (self.address_type.as_str(), parsed) {
                    ("IPv4", Ok(ip)) if ip.is_ipv4() => {}
                    ("IPv6", Ok(ip)) if ip.is_ipv6() => {}
                    ("FQDN", _) => {
                        for wrong in names::subdomain(address) {
                            errors.push(FieldError::invalid(&field, address.as_str(), wrong));
                        }
                    }
                    ("IPv4" | "IPv6", _) => {
                        let kind = &self.address_type;
                        let detail = format!("must be an {kind} address");
                        errors.push(FieldError::invalid(&field, address.as_str(), detail));
                    }
                    _ => {}
                }
            }
            if let Some(hostname) = endpoint.hostname.as_deref() {
                for wrong in names::label(hostname) {
                    errors.push(FieldError::invalid(format!("{field}.hostname"), hostname, wrong));
                }
            }
        }
    }

    fn check_update(&self, old: &Self, errors: &mut Errors) {
        check_unchanged(errors, "addressType", &self.address_type, &old.address_type);
    }

    fn complete(object: &mut Map<String, Value>) {
        for name in ["endpoints", "ports"] {
            let nothing = object.get(name).and_then(Value::as_array).is_none_or(Vec::is_empty);
            if nothing {
                object.insert(name.to_owned(), Value::Null);
            }
        }
    }
}

impl Rules for ControllerRevision {
    fn check_update(&self, old: &Self, errors: &mut Errors) {
        check_unchanged(errors, "data", &self.data, &old.data);
    }
}
