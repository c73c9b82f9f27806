//! Services.

use std::net::IpAddr;

use k8s_openapi::api::core::v1::{LoadBalancerStatus, Service, ServicePort, ServiceSpec, ServiceStatus};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use serde_json::{Map, Value, json};

use super::{Errors, Rules, add, within};
use crate::failure::FieldError;
use crate::names;

const TYPES: [&str; 4] = ["ClusterIP", "ExternalName", "LoadBalancer", "NodePort"];

impl Rules for Service {
    fn name_errors(name: &str) -> Vec<String> {
        names::label(name)
    }

    fn fill(&mut self) {
        let spec = self.spec.get_or_insert_default();
        spec.session_affinity.get_or_insert_with(|| "None".to_owned());
        let kind = spec.type_.get_or_insert_with(|| "ClusterIP".to_owned()).clone();
        for port in spec.ports.iter_mut().flatten() {
            port.protocol.get_or_insert_with(|| "TCP".to_owned());
            let number = port.port;
            if matches!(&port.target_port, None | Some(IntOrString::Int(0))) {
                port.target_port = Some(IntOrString::Int(number));
            }
        }
        if kind == "ExternalName" {
            return;
        }
        spec.internal_traffic_policy.get_or_insert_with(|| "Cluster".to_owned());
        if kind == "NodePort" || kind == "LoadBalancer" {
            spec.external_traffic_policy.get_or_insert_with(|| "Cluster".to_owned());
        }
        if kind == "LoadBalancer" {
            spec.allocate_load_balancer_node_ports.get_or_insert(true);
        }
        spec.ip_family_policy.get_or_insert_with(|| "SingleStack".to_owned());
        spec.ip_families.get_or_insert_with(|| vec!["IPv4".to_owned()]);
        // One of both names of the address may be left out.
        let given = spec.cluster_ip.clone().filter(|ip| !ip.is_empty());
        match (given, &spec.cluster_ips) {
            (Some(ip), None) => spec.cluster_ips = Some(vec![ip]),
            (None, Some(ips)) => spec.cluster_ip = ips.first().cloned(),
            _ => {}
        }
    }

    fn follow(&mut self, old: &Self) {
        let (Some(new), Some(old)) = (&mut self.spec, &old.spec) else { return };
        // Who changes one name of the address means both.
        if new.cluster_ip != old.cluster_ip && new.cluster_ips == old.cluster_ips {
            new.cluster_ips = new.cluster_ip.clone().filter(|ip| !ip.is_empty()).map(|ip| vec![ip]);
        }
    }

    fn begin(&mut self) {
        let load_balancer = Some(LoadBalancerStatus::default());
        self.status = Some(ServiceStatus { load_balancer, ..ServiceStatus::default() });
    }

    fn check(&self, errors: &mut Errors) {
        let Some(spec) = &self.spec else { return };
        let kind = spec.type_.as_deref().unwrap_or_default();
        let ip = spec.cluster_ip.as_deref().unwrap_or_default();
        let headless = ip == "None";
        let ports = spec.ports.as_deref().unwrap_or_default();
        if ports.is_empty() && !headless && kind != "ExternalName" {
            errors.push(FieldError::required("spec.ports", ""));
        }
        check_ports(ports, headless, errors);
        for (key, value) in spec.selector.iter().flatten() {
            for wrong in names::label_key(key) {
                errors.push(FieldError::invalid("spec.selector", key.as_str(), wrong));
            }
            for wrong in names::label_value(value) {
                errors.push(FieldError::invalid("spec.selector", value.as_str(), wrong));
            }
        }
        if !TYPES.contains(&kind) {
            errors.push(FieldError::not_supported("spec.type", kind, &TYPES));
        }
        check_address(spec, errors);
        let affinity = spec.session_affinity.as_deref().unwrap_or_default();
        if !["ClientIP", "None"].contains(&affinity) {
            errors.push(FieldError::not_supported("spec.sessionAffinity", affinity, &["ClientIP", "None"]));
        }
    }

    fn check_update(&self, old: &Self, errors: &mut Errors) {
        let (Some(new), Some(old)) = (&self.spec, &old.spec) else { return };
        let external = |spec: &ServiceSpec| spec.type_.as_deref() == Some("ExternalName");
        if external(new) || external(old) {
            return;
        }
        let first = |spec: &ServiceSpec| spec.cluster_ips.iter().flatten().next().cloned();
        if let (Some(new), Some(old)) = (first(new), first(old))
            && new != old
        {
            errors.push(FieldError::invalid("spec.clusterIPs[0]", json!([new]), "may not change once set"));
        }
    }

    fn complete(object: &mut Map<String, Value>) {
        if let Some(status) = within(object, "status") {
            add(status, "loadBalancer", json!({}));
        }
    }
}

fn check_address(spec: &ServiceSpec, errors: &mut Errors) {
    let kind = spec.type_.as_deref().unwrap_or_default();
    let ip = spec.cluster_ip.as_deref().unwrap_or_default();
    if kind == "ExternalName" {
        if !ip.is_empty() {
            let detail = "may not be set for ExternalName services";
            errors.push(FieldError::forbidden("spec.clusterIPs[0]", detail));
        }
        let name = spec.external_name.as_deref().unwrap_or_default().trim_end_matches('.');
        if name.is_empty() {
            errors.push(FieldError::required("spec.externalName", ""));
        } else {
            for wrong in names::subdomain(name) {
                errors.push(FieldError::invalid("spec.externalName", name, wrong));
            }
        }
    } else if ip == "None" && (kind == "NodePort" || kind == "LoadBalancer") {
        let detail = format!("may not be set to 'None' for {kind} services");
        errors.push(FieldError::invalid("spec.clusterIPs[0]", ip, detail));
    } else if !ip.is_empty() && ip != "None" && ip.parse::<IpAddr>().is_err() {
        let detail = "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)";
        errors.push(FieldError::invalid("spec.clusterIPs[0]", ip, detail));
    }
}

fn check_ports(ports: &[ServicePort], headless: bool, errors: &mut Errors) {
    let known = ["SCTP", "TCP", "UDP"];
    for (index, port) in ports.iter().enumerate() {
        let field = format!("spec.ports[{index}]");
        let name = port.name.as_deref().unwrap_or_default();
        if name.is_empty() {
            if ports.len() > 1 {
                errors.push(FieldError::required(format!("{field}.name"), ""));
            }
        } else {
            for wrong in names::label(name) {
                errors.push(FieldError::invalid(format!("{field}.name"), name, wrong));
            }
            if ports[..index].iter().any(|other| other.name.as_deref() == Some(name)) {
                errors.push(FieldError::duplicate(format!("{field}.name"), name));
            }
        }
        super::pod::check_port_number(&format!("{field}.port"), port.port, errors);
        let protocol = port.protocol.as_deref().unwrap_or_default();
        if !known.contains(&protocol) {
            errors.push(FieldError::not_supported(format!("{field}.protocol"), protocol, &known));
        }
        let target = format!("{field}.targetPort");
        match &port.target_port {
            Some(IntOrString::Int(number)) => super::pod::check_port_number(&target, *number, errors),
            Some(IntOrString::String(name)) => {
                for wrong in names::port(name) {
                    errors.push(FieldError::invalid(&target, name.as_str(), wrong));
                }
            }
            None => {}
        }
        if headless && port.node_port.is_some_and(|port| port != 0) {
            let detail = "may not be used when `type` is 'ClusterIP'";
            errors.push(FieldError::forbidden(format!("{field}.nodePort"), detail));
        }
    }
    for (index, port) in ports.iter().enumerate() {
        let same = |other: &ServicePort| other.port == port.port && other.protocol == port.protocol;
        if ports[..index].iter().any(same) {
            let value = json!({
                "Name": port.name.as_deref().unwrap_or_default(), "Protocol": port.protocol, "AppProtocol": null,
                "Port": port.port, "TargetPort": 0, "NodePort": port.node_port.unwrap_or_default(),
            });
            errors.push(FieldError::duplicate(format!("spec.ports[{index}]"), value));
        }
    }
}
