//! Nodes.

use k8s_openapi::api::core::v1::Node;
use serde_json::{Map, Value, json};

use super::{Errors, Rules, add, within};
use crate::failure::FieldError;
use crate::names;

const EFFECTS: [&str; 3] = ["NoSchedule", "PreferNoSchedule", "NoExecute"];

impl Rules for Node {
    fn fill(&mut self) {
        self.spec.get_or_insert_default();
    }

    fn check(&self, errors: &mut Errors) {
        let spec = self.spec.as_ref();
        for (index, taint) in spec.and_then(|spec| spec.taints.as_ref()).into_iter().flatten().enumerate() {
            let field = format!("metadata.taints[{index}]");
            for wrong in names::label_key(&taint.key) {
                errors.push(FieldError::invalid(format!("{field}.key"), taint.key.as_str(), wrong));
            }
            if !EFFECTS.contains(&taint.effect.as_str()) {
                errors.push(FieldError::not_supported(format!("{field}.effect"), taint.effect.as_str(), &EFFECTS));
            }
        }
        for (index, range) in spec.and_then(|spec| spec.pod_cidrs.as_ref()).into_iter().flatten().enumerate() {
            if !is_range(range) {
                let detail = "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)";
                errors.push(FieldError::invalid(format!("spec.podCIDRs[{index}]"), range.as_str(), detail));
            }
        }
    }

    fn complete(object: &mut Map<String, Value>) {
        let Some(status) = within(object, "status") else { return };
        add(status, "daemonEndpoints", json!({"kubeletEndpoint": {"Port": 0}}));
        let nothing = json!({
            "machineID": "", "systemUUID": "", "bootID": "", "kernelVersion": "", "osImage": "",
            "containerRuntimeVersion": "", "kubeletVersion": "", "kubeProxyVersion": "", "operatingSystem": "",
            "architecture": "",
        });
        add(status, "nodeInfo", nothing);
    }
}

/// Whether a text is a range of addresses, such as `10.42.3.0/24`.
fn is_range(text: &str) -> bool {
    let Some((address, bits)) = text.split_once('/') else { return false };
    let most = match address.parse::<std::net::IpAddr>() {
        Ok(std::net::IpAddr::V4(_)) => 32,
        Ok(std::net::IpAddr::V6(_)) => 128,
        Err(_) => return false,
    };
    bits.parse::<u8>().is_ok_and(|bits| bits <= most)
}
