//! The addresses and node ports of Services.

use std::collections::BTreeSet;
use std::net::Ipv4Addr;

use rand::RngExt as _;
use rand::seq::IteratorRandom as _;
use serde_json::{Map, Value, json};

use crate::failure::FieldError;
use crate::kinds::Kind;
use crate::store::Store;

/// The ports of nodes that Services can have.
const NODE_PORTS: std::ops::RangeInclusive<u16> = 30_000..=32_767;

/// Gives out the addresses of Services.
#[derive(Debug)]
pub struct Addresses {
    /// The range's first address, which nobody gets.
    network: Ipv4Addr,
    /// How many of the address's bits are the range's.
    bits: u8,
}

/// What Services have already.
struct Taken {
    addresses: BTreeSet<Ipv4Addr>,
    ports: BTreeSet<u16>,
}

impl Addresses {
    /// The addresses of a range.
    pub const fn new(network: Ipv4Addr, bits: u8) -> Self {
        Self { network, bits }
    }

    fn size(&self) -> u32 {
        1 << (32 - u32::from(self.bits))
    }

    fn contains(&self, address: Ipv4Addr) -> bool {
        let offset = u32::from(address).wrapping_sub(u32::from(self.network));
        offset > 0 && offset < self.size() - 1
    }

    /// Gives a Service the addresses and ports that it needs and does not have.
    pub(super) fn allocate(&mut self, store: &Store, service: &mut Map<String, Value>, errors: &mut Vec<FieldError>) {
        let uid = super::metadata_text(service, "uid").to_owned();
        let taken = taken(store, &uid);
        let Some(spec) = crate::resources::within(service, "spec") else { return };
        let kind = spec.get("type").and_then(Value::as_str).unwrap_or_default().to_owned();
        if kind == "ExternalName" {
            for name in ["clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy"] {
                spec.remove(name);
            }
            return;
        }
        match spec.get("clusterIP").and_then(Value::as_str).unwrap_or_default().to_owned().as_str() {
            "None" => {}
            "" => {
                if let Some(address) = self.free(&taken.addresses) {
                    spec.insert("clusterIP".to_owned(), json!(address));
                    spec.insert("clusterIPs".to_owned(), json!([address]));
                } else {
                    let detail = "failed to allocate a serviceIP: range is full";
                    errors.push(FieldError::invalid("spec.clusterIPs", json!(null), detail));
                }
            }
            given => {
                let parsed = given.parse::<Ipv4Addr>();
                let problem = match parsed {
                    Ok(address) if !self.contains(address) => Some(format!(
                        "the provided IP ({given}) is not in the valid range. The range of valid IPs is {}/{}",
                        self.network, self.bits
                    )),
                    Ok(address) if taken.addresses.contains(&address) => {
                        Some("provided IP is already allocated".to_owned())
                    }
                    Ok(_) => None,
                    Err(_) => Some(format!("the provided IP ({given}) is not of the cluster's family, IPv4")),
                };
                if let Some(problem) = problem {
                    let detail = format!("failed to allocate IP {given}: {problem}");
                    errors.push(FieldError::invalid("spec.clusterIPs", json!([given]), detail));
                }
            }
        }
        allocate_ports(spec, &kind, taken.ports, errors);
    }

    /// An address by chance that nobody has.
    fn free(&self, taken: &BTreeSet<Ipv4Addr>) -> Option<Ipv4Addr> {
        let mut random = rand::rng();
        let at = |offset: u32| Ipv4Addr::from(u32::from(self.network) + offset);
        for _ in 0..64 {
            let address = at(random.random_range(1..self.size() - 1));
            if !taken.contains(&address) {
                return Some(address);
            }
        }
        (1..self.size() - 1).map(at).filter(|address| !taken.contains(address)).choose(&mut random)
    }
}

fn allocate_ports(spec: &mut Map<String, Value>, kind: &str, mut taken: BTreeSet<u16>, errors: &mut Vec<FieldError>) {
    let wants = kind == "NodePort" || kind == "LoadBalancer";
    let ports = spec.get_mut("ports").and_then(Value::as_array_mut);
    for (index, port) in ports.into_iter().flatten().enumerate() {
        let Some(port) = port.as_object_mut() else { continue };
        let given = port.get("nodePort").and_then(Value::as_u64).unwrap_or(0);
        if !wants {
            port.remove("nodePort");
        } else if given == 0 {
            let free = NODE_PORTS.filter(|port| !taken.contains(port)).choose(&mut rand::rng());
            if let Some(free) = free {
                taken.insert(free);
                port.insert("nodePort".to_owned(), json!(free));
            }
        } else {
            let known = u16::try_from(given).ok().filter(|port| NODE_PORTS.contains(port));
            let field = format!("spec.ports[{index}].nodePort");
            match known {
                None => {
                    let detail = "provided port is not in the valid range. The range of valid ports is 30000-32767";
                    errors.push(FieldError::invalid(field, given, detail));
                }
                Some(port) if !taken.insert(port) => {
                    errors.push(FieldError::invalid(field, given, "provided port is already allocated"));
                }
                Some(_) => {}
            }
        }
    }
}

/// What the other Services have.
fn taken(store: &Store, but: &str) -> Taken {
    let mut taken = Taken { addresses: BTreeSet::new(), ports: BTreeSet::new() };
    for service in store.list(Kind::Service, None).1 {
        if *service.uid == *but {
            continue;
        }
        let address = service.fields.iter().find(|(name, _)| *name == "spec.clusterIP");
        taken.addresses.extend(address.and_then(|(_, text)| text.parse::<Ipv4Addr>().ok()));
        let kind = service.fields.iter().find(|(name, _)| *name == "spec.type").map_or("", |(_, text)| text);
        if kind == "NodePort" || kind == "LoadBalancer" {
            let value = service.value();
            let ports = value.get("spec").and_then(|spec| spec.get("ports")?.as_array()).into_iter().flatten();
            let ports = ports.filter_map(|port| u16::try_from(port.get("nodePort")?.as_u64()?).ok());
            taken.ports.extend(ports);
        }
    }
    taken
}

/// What an update leaves out stays.
pub(super) fn keep_addresses(live: &Map<String, Value>, service: &mut Map<String, Value>) {
    let of = |service: &Map<String, Value>, name: &str| service.get("spec").and_then(|spec| spec.get(name)).cloned();
    let kind = |service: &Map<String, Value>| of(service, "type").and_then(|kind| kind.as_str().map(str::to_owned));
    let external = Some("ExternalName".to_owned());
    if kind(live) == external || kind(service) == external {
        return;
    }
    let (old, new) = (of(live, "ports"), of(service, "ports"));
    let Some(spec) = crate::resources::within(service, "spec") else { return };
    if spec.get("clusterIP").and_then(Value::as_str).is_none_or(str::is_empty) {
        for name in ["clusterIP", "clusterIPs"] {
            if let Some(value) = of(live, name) {
                spec.insert(name.to_owned(), value);
            }
        }
    }
    let wants = matches!(spec.get("type").and_then(Value::as_str), Some("NodePort" | "LoadBalancer"));
    let (Some(Value::Array(old)), Some(Value::Array(mut new)), true) = (old, new, wants) else { return };
    for port in &mut new {
        let same = |other: &&Value| {
            ["port", "protocol"].iter().all(|name| {
                let default = json!("TCP");
                let value = |port: &Value| port.get(name).cloned().unwrap_or_else(|| default.clone());
                value(other) == value(port)
            })
        };
        let known = old.iter().find(same).and_then(|known| known.get("nodePort")).cloned();
        if let (Some(known), Some(port)) = (known, port.as_object_mut()) {
            port.entry("nodePort").or_insert(known);
        }
    }
    spec.insert("ports".to_owned(), Value::Array(new));
}
