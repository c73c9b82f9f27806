//! What DNS knows of one Service, and what of it a name means.

use std::collections::HashSet;
use std::net::IpAddr;
use std::sync::Arc;

use super::rows::{Row, Rows};
use super::{Name, RecordData, RecordType, Srv, Zone};
use crate::facts::{EndpointPort, Protocol, ServiceKind, ServicePort};

/// One Service as DNS sees it: itself, and the counted addresses of its slices.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceRecords {
    pub(super) namespace: Box<str>,
    pub(super) name: Box<str>,
    /// How it is reached; `None` while only slices name it. Names exist only below a Service that exists.
    pub(super) kind: Option<ServiceKind>,
    pub(super) ports: Vec<ServicePort>,
    /// By the slices' names.
    pub(super) slices: Vec<(Box<str>, Arc<Rows>)>,
}

/// Which part of a Service a name means.
#[derive(Debug, Clone, Copy)]
pub(super) enum Part<'a> {
    /// The Service's own name.
    Whole,
    /// The endpoints of that label.
    Endpoint(&'a str),
    /// The ports of that name and protocol; an empty one stands for any.
    Port { name: &'a str, protocol: &'a str },
}

/// What a name within a Service stands for.
#[derive(Debug)]
pub(super) enum Selection<'a> {
    /// There is no such name.
    Nothing,
    /// Another name.
    Alias(&'a str),
    /// These addresses with these ports; may be none.
    Hits(Vec<Hit<'a>>),
}

/// An address with one of its ports.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Hit<'a> {
    /// The label of the endpoint; `None` for the Service's own address.
    pub(super) label: Option<&'a str>,
    pub(super) address: IpAddr,
    /// The port; `None` where none is given: then it counts, but there is no SRV record.
    pub(super) port: Option<u16>,
}

impl ServiceRecords {
    /// A Service of which nothing is known yet.
    pub fn new(namespace: &str, name: &str) -> Self {
        Self { namespace: namespace.into(), name: name.into(), kind: None, ports: Vec::new(), slices: Vec::new() }
    }

    /// Its namespace.
    pub fn namespace(&self) -> &str {
        &self.namespace
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether the Service itself exists; else only slices name it, and there are no records.
    pub fn exists(&self) -> bool {
        self.kind.is_some()
    }

    /// Takes what the Service itself says; `None` when it does not exist.
    #[must_use]
    pub fn with_service(mut self, service: Option<(ServiceKind, Vec<ServicePort>)>) -> Self {
        (self.kind, self.ports) = service.map_or((None, Vec::new()), |(kind, ports)| (Some(kind), ports));
        self
    }

    /// Takes the counted addresses of one of its slices; `None` when the slice is gone.
    #[must_use]
    pub fn with_slice(mut self, name: &str, rows: Option<Arc<Rows>>) -> Self {
        match (self.slices.binary_search_by(|(known, _)| known.as_ref().cmp(name)), rows) {
            (Ok(at), Some(rows)) => self.slices[at].1 = rows,
            (Ok(at), None) => drop(self.slices.remove(at)),
            (Err(at), Some(rows)) => self.slices.insert(at, (name.into(), rows)),
            (Err(_), None) => {}
        }
        self
    }

    /// Whether neither a Service nor a slice is left.
    pub(super) fn is_empty(&self) -> bool {
        self.kind.is_none() && self.slices.is_empty()
    }

    /// The Service's full name. The zone comes as it was asked for, since answers keep the case of the question.
    pub(super) fn service_name(&self, zone: &str) -> Name {
        Name::new(format!("{}.{}.svc.{zone}", self.name, self.namespace))
    }

    /// The full name of one of its endpoints.
    pub(super) fn endpoint_name(&self, label: &str, zone: &str) -> Name {
        Name::new(format!("{label}.{}.{}.svc.{zone}", self.name, self.namespace))
    }

    /// The Service's own full name.
    pub fn full_name(&self, zone: &Zone) -> Name {
        self.service_name(zone.domain.as_str())
    }

    /// The full name of one of its endpoints.
    pub fn endpoint_name_in(&self, label: &str, zone: &Zone) -> Name {
        self.endpoint_name(label, zone.domain.as_str())
    }

    /// The counted addresses of all slices.
    pub(super) fn rows(&self) -> impl Iterator<Item = (&Row, &[EndpointPort])> {
        self.slices.iter().flat_map(|(_, rows)| rows.all().iter().map(|row| (row, rows.ports())))
    }

    /// Whether any slice has that label with that address.
    pub(crate) fn serves(&self, label: &str, address: IpAddr) -> bool {
        self.slices.iter().any(|(_, rows)| rows.has(label, address))
    }

    /// Whether the name of that label answers with that address.
    pub(crate) fn answers(&self, label: &str, address: IpAddr) -> bool {
        matches!(self.kind, Some(ServiceKind::Headless | ServiceKind::ClusterIp(_))) && self.serves(label, address)
    }

    pub(super) fn select(&self, part: Part<'_>) -> Selection<'_> {
        match (&self.kind, part) {
            (Some(ServiceKind::ExternalName(target)), Part::Whole) if target.parse::<IpAddr>().is_err() => {
                Selection::Alias(target)
            }
            // A name that is an address is no name, and nothing exists below an alias.
            (Some(ServiceKind::ExternalName(_)) | None, _) => Selection::Nothing,
            (Some(ServiceKind::ClusterIp(addresses)), Part::Whole | Part::Port { .. }) => {
                self.cluster_hits(addresses, part)
            }
            (Some(ServiceKind::Headless), _) | (Some(ServiceKind::ClusterIp(_)), Part::Endpoint(_)) => {
                let mut hits = Vec::new();
                for (_, rows) in &self.slices {
                    let chosen = if let Part::Endpoint(label) = part { rows.of_label(label) } else { rows.all() };
                    for row in chosen {
                        push_hits(row, rows.ports(), part, &mut hits);
                    }
                }
                if hits.is_empty() { Selection::Nothing } else { Selection::Hits(hits) }
            }
        }
    }

    fn cluster_hits<'a>(&'a self, addresses: &'a [IpAddr], part: Part<'_>) -> Selection<'a> {
        let mut hits = Vec::new();
        let mut push = |port: Option<u16>| {
            hits.extend(addresses.iter().map(|address| Hit { label: None, address: *address, port }));
        };
        let mut exists = false;
        for port in self.ports.iter().filter(|port| part.has_port(&port.name, Some(port.protocol))) {
            push(Some(port.port));
            exists = true;
        }
        if self.ports.is_empty() && part.has_port("", None) {
            push(None);
            exists = true;
        }
        if exists { Selection::Hits(hits) } else { Selection::Nothing }
    }

    /// The SRV records that hits make, with the addresses of their targets. Equal ones are made once, but all count for
    /// the weight.
    pub(super) fn srv(&self, hits: &[Hit<'_>], zone: &str) -> (Vec<Srv>, Vec<(Name, IpAddr)>) {
        let weight = weight(hits.len());
        let (mut records, mut addresses) = (Vec::with_capacity(hits.len()), Vec::with_capacity(hits.len()));
        let (mut ports_told, mut addresses_told) = (HashSet::new(), HashSet::new());
        let mut target: Option<(Option<&str>, Name)> = None;
        for Hit { label, address, port } in hits {
            let Some(port) = *port else { continue };
            let name = match &target {
                Some((of, name)) if of == label => name.clone(),
                _ => {
                    let name = label.map_or_else(|| self.service_name(zone), |label| self.endpoint_name(label, zone));
                    target = Some((*label, name.clone()));
                    name
                }
            };
            if ports_told.insert((*label, port)) {
                records.push(Srv { priority: 0, weight, port, target: name.clone() });
            }
            if addresses_told.insert((*label, *address)) {
                addresses.push((name, *address));
            }
        }
        (records, addresses)
    }
}

impl Part<'_> {
    /// Whether a port of that name and protocol is meant.
    pub(super) fn has_port(self, port: &str, protocol: Option<Protocol>) -> bool {
        let Part::Port { name, protocol: wanted } = self else { return true };
        (name.is_empty() || name.eq_ignore_ascii_case(port))
            && (wanted.is_empty() || wanted.eq_ignore_ascii_case(protocol.map_or("", Protocol::name)))
    }
}

/// The hits of one counted address: one for each port that is meant. A slice without ports counts as one port that is none.
fn push_hits<'a>(row: &'a Row, ports: &[EndpointPort], part: Part<'_>, hits: &mut Vec<Hit<'a>>) {
    let mut push = |port| hits.push(Hit { label: Some(&row.label), address: row.address, port });
    if ports.is_empty() && part.has_port("", None) {
        push(None);
    }
    ports.iter().filter(|port| part.has_port(&port.name, Some(port.protocol))).for_each(|port| push(port.port));
}

/// The weight of each of so many hits: their share of 100, but at least 1.
pub(super) fn weight(hits: usize) -> u16 {
    u16::try_from(100 / hits.max(1)).unwrap_or(100).max(1)
}

/// The address records of one family that hits make, each address once.
pub(super) fn addresses(hits: &[Hit<'_>], family: RecordType) -> Vec<RecordData> {
    let mut told = HashSet::with_capacity(if hits.len() > 1 { hits.len() } else { 0 });
    let of_family = hits.iter().map(|hit| hit.address).filter(|it| RecordType::of_address(*it) == family);
    of_family.filter(|address| hits.len() == 1 || told.insert(*address)).map(RecordData::address).collect()
}

/// The name of a Service's port: `_web._tcp.nginx.default.svc.cluster.local`.
pub(crate) fn port_name(port: &str, protocol: Protocol, service: &Name) -> Name {
    Name::new(format!("_{port}._{}.{}", protocol.name().to_ascii_lowercase(), service.as_str()))
}
