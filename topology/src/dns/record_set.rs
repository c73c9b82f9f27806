//! All records of a Service.

use std::collections::{BTreeSet, HashSet};
use std::hash::Hash;
use std::net::IpAddr;

use super::service::{Part, Selection, port_name};
use super::{Name, Record, RecordData, RecordType, ServiceRecords, Srv, Zone};
use crate::facts::{EndpointPort, Protocol, ServiceKind};

/// Up to how many items are compared one by one: that is quicker than hashing them.
const FEW: usize = 8;

/// What a name of a Service's record set stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum NameKind {
    /// The Service: `nginx.default.svc.cluster.local`.
    Service,
    /// One of its ports: `_web._tcp.nginx.default.svc.cluster.local`.
    Port,
    /// One of its endpoints: `web-0.nginx.default.svc.cluster.local`.
    Endpoint,
    /// One of its addresses: `239.3.42.10.in-addr.arpa`.
    Reverse,
}

impl ServiceRecords {
    /// The whole record set: every record that the Service makes, with what its name stands for, in a steady order.
    /// The specification names the addresses of the Service and of its endpoints, the SRV records of its ports, the
    /// names of its addresses and the alias; CoreDNS answers SRV for the other names too, and addresses for ports.
    ///
    /// A question for an address may get more names than the one in here, as other Services may have it as well.
    pub fn record_set(&self, zone: &Zone) -> Vec<(NameKind, Record)> {
        let service = self.full_name(zone);
        let entries = self.entries(zone);
        let mut set = Set { ttl: zone.ttl, records: Vec::with_capacity(entries.len() * 7 + 8) };
        match &self.kind {
            Some(ServiceKind::ExternalName(target)) if target.parse::<IpAddr>().is_err() => {
                set.push(NameKind::Service, &service, RecordData::Cname(fully_qualified(target)));
            }
            Some(ServiceKind::ExternalName(_)) | None => {}
            Some(ServiceKind::ClusterIp(_)) => {
                self.push_own(&mut set, NameKind::Service, &service, &service, Part::Whole);
                for (port, protocol) in self.named_ports() {
                    let name = port_name(port, protocol, &service);
                    let part = Part::Port { name: port, protocol: protocol.name() };
                    self.push_own(&mut set, NameKind::Port, &name, &service, part);
                }
                set.push_endpoints(&entries);
            }
            Some(ServiceKind::Headless) => {
                set.push_group(NameKind::Service, &service, &entries, Part::Whole);
                for (port, protocol) in self.named_ports() {
                    let name = port_name(port, protocol, &service);
                    let part = Part::Port { name: port, protocol: protocol.name() };
                    set.push_group(NameKind::Port, &name, &entries, part);
                }
                set.push_endpoints(&entries);
            }
        }
        self.push_reverse(&mut set, &service, &entries);
        set.records
    }

    /// The part of the [record set](Self::record_set) that names addresses.
    pub fn reverse_records(&self, zone: &Zone) -> Vec<Record> {
        let mut set = Set { ttl: zone.ttl, records: Vec::new() };
        self.push_reverse(&mut set, &self.full_name(zone), &self.entries(zone));
        set.records.into_iter().map(|(_, record)| record).collect()
    }

    fn push_reverse(&self, set: &mut Set, service: &Name, entries: &[Entry<'_>]) {
        if let Some(ServiceKind::ClusterIp(own)) = &self.kind {
            for address in own {
                set.push(NameKind::Reverse, &Name::reverse(*address), RecordData::Ptr(service.clone()));
            }
        }
        for group in by_label(entries) {
            let mut told = Told::of(group.len());
            for entry in group.iter().filter(|entry| told.is_new(entry.address)) {
                set.push(NameKind::Reverse, &Name::reverse(entry.address), RecordData::Ptr(entry.name.clone()));
            }
        }
    }

    /// Every counted address with its endpoint's full name, which is made once and shared by all its records. Sorted by
    /// label.
    fn entries(&self, zone: &Zone) -> Vec<Entry<'_>> {
        let suffix = format!(".{}.{}.svc.{}", self.name, self.namespace, zone.domain.as_str());
        let mut text = String::new();
        let mut entry = |label: &str, address, ports| {
            text.clear();
            text.push_str(label);
            text.push_str(&suffix);
            Entry { label_length: label.len(), name: Name::new(text.as_str()), address, ports }
        };
        let mut entries: Vec<Entry<'_>> =
            self.rows().map(|(row, ports)| entry(&row.label, row.address, ports)).collect();
        entries.sort_by(|one, other| one.label().cmp(other.label()));
        entries
    }

    fn push_own(&self, set: &mut Set, kind: NameKind, name: &Name, target: &Name, part: Part<'_>) {
        let Selection::Hits(hits) = self.select(part) else { return };
        for family in [RecordType::A, RecordType::Aaaa] {
            for data in super::service::addresses(&hits, family) {
                set.push(kind, name, data);
            }
        }
        let mut told = Told::of(hits.len());
        for port in hits.iter().filter_map(|hit| hit.port) {
            if told.is_new(port) {
                set.push_srv(kind, name, hits.len(), port, target);
            }
        }
    }

    fn named_ports(&self) -> BTreeSet<(&str, Protocol)> {
        // Put in one by one: to collect them would sort them first, by code that the page has to carry.
        let mut all = BTreeSet::new();
        let named = |(name, _): &(&str, Protocol)| !name.is_empty();
        if matches!(self.kind, Some(ServiceKind::ClusterIp(_))) {
            all.extend(self.ports.iter().map(|port| (port.name.as_str(), port.protocol)).filter(named));
        } else {
            let served = self.slices.iter().filter(|(_, rows)| !rows.all().is_empty());
            let ports = served.flat_map(|(_, rows)| rows.ports());
            all.extend(ports.map(|port| (port.name.as_str(), port.protocol)).filter(named));
        }
        all
    }
}

/// A counted address with its endpoint's name.
struct Entry<'a> {
    label_length: usize,
    name: Name,
    address: IpAddr,
    ports: &'a [EndpointPort],
}

impl Entry<'_> {
    fn label(&self) -> &str {
        &self.name.as_str()[..self.label_length]
    }

    /// How many ports of it are meant; a slice without ports counts as one that is none.
    fn count(&self, part: Part<'_>) -> usize {
        if self.ports.is_empty() { usize::from(part.has_port("", None)) } else { self.ports(part).count() }
    }

    fn ports(&self, part: Part<'_>) -> impl Iterator<Item = Option<u16>> {
        self.ports.iter().filter(move |port| part.has_port(&port.name, Some(port.protocol))).map(|port| port.port)
    }
}

/// The entries of each label, which are neighbours.
fn by_label<'a>(entries: &'a [Entry<'a>]) -> impl Iterator<Item = &'a [Entry<'a>]> {
    entries.chunk_by(|one, other| one.label() == other.label())
}

/// What was told already.
enum Told<T> {
    Few(Vec<T>),
    Many(HashSet<T>),
}

impl<T: Hash + Eq> Told<T> {
    fn of(count: usize) -> Self {
        if count <= FEW { Self::Few(Vec::new()) } else { Self::Many(HashSet::with_capacity(count)) }
    }

    fn is_new(&mut self, item: T) -> bool {
        match self {
            Self::Few(known) if known.contains(&item) => false,
            Self::Few(known) => {
                known.push(item);
                true
            }
            Self::Many(known) => known.insert(item),
        }
    }
}

/// A record set under way.
struct Set {
    ttl: u32,
    records: Vec<(NameKind, Record)>,
}

impl Set {
    fn push(&mut self, kind: NameKind, name: &Name, data: RecordData) {
        self.records.push((kind, Record { name: name.clone(), ttl: self.ttl, data }));
    }

    fn push_srv(&mut self, kind: NameKind, name: &Name, hits: usize, port: u16, target: &Name) {
        let weight = super::service::weight(hits);
        self.push(kind, name, RecordData::Srv(Srv { priority: 0, weight, port, target: target.clone() }));
    }

    /// The records of a name that stands for all of these.
    fn push_group(&mut self, kind: NameKind, name: &Name, entries: &[Entry<'_>], part: Part<'_>) {
        let hits: usize = entries.iter().map(|entry| entry.count(part)).sum();
        let meant = || entries.iter().filter(|entry| entry.count(part) > 0);
        let mut told = Told::of(entries.len());
        for ipv4 in [true, false] {
            for entry in meant().filter(|entry| entry.address.is_ipv4() == ipv4) {
                if told.is_new(entry.address) {
                    self.push(kind, name, RecordData::address(entry.address));
                }
            }
        }
        // Equal labels are neighbours: only among them a port can come twice.
        let (mut told, mut of): (Vec<u16>, &str) = (Vec::new(), "");
        for entry in meant() {
            if entry.label() != of {
                of = entry.label();
                told.clear();
            }
            for port in entry.ports(part).flatten() {
                if !told.contains(&port) {
                    told.push(port);
                    self.push_srv(kind, name, hits, port, &entry.name);
                }
            }
        }
    }

    /// The endpoints' own names, one after the other.
    fn push_endpoints(&mut self, entries: &[Entry<'_>]) {
        for group in by_label(entries) {
            if let [first, ..] = group {
                self.push_group(NameKind::Endpoint, &first.name, group, Part::Whole);
            }
        }
    }
}

/// The name that an alias stands for.
pub(super) fn fully_qualified(target: &str) -> Name {
    Name::new(target.strip_suffix('.').unwrap_or(target))
}
