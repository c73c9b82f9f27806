//! All records of a Service.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::net::IpAddr;

use super::service::{Hit, Part, Selection, addresses, port_name, push_hits};
use super::{Name, Record, RecordData, RecordType, ServiceRecords, Zone};
use crate::facts::{Protocol, ServiceKind};

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
        let mut set = Set { of: self, zone, records: Vec::new() };
        match &self.kind {
            Some(ServiceKind::ExternalName(target)) if target.parse::<IpAddr>().is_err() => {
                set.push(NameKind::Service, &service, RecordData::Cname(fully_qualified(target)));
            }
            Some(ServiceKind::ExternalName(_)) | None => {}
            Some(ServiceKind::ClusterIp(_) | ServiceKind::Headless) => {
                set.push_part(NameKind::Service, &service, Part::Whole);
                for (port, protocol) in self.named_ports() {
                    let name = port_name(port, protocol, &service);
                    set.push_part(NameKind::Port, &name, Part::Port { name: port, protocol: protocol.name() });
                }
                set.push_endpoints();
            }
        }
        set.push_reverse(&service);
        set.records
    }

    fn named_ports(&self) -> BTreeSet<(&str, Protocol)> {
        let named = |(name, _): &(&str, Protocol)| !name.is_empty();
        if matches!(self.kind, Some(ServiceKind::ClusterIp(_))) {
            self.ports.iter().map(|port| (port.name.as_str(), port.protocol)).filter(named).collect()
        } else {
            let served = self.slices.iter().filter(|(_, rows)| !rows.all().is_empty());
            let ports = served.flat_map(|(_, rows)| rows.ports());
            ports.map(|port| (port.name.as_str(), port.protocol)).filter(named).collect()
        }
    }
}

/// A record set under way.
struct Set<'a> {
    of: &'a ServiceRecords,
    zone: &'a Zone,
    records: Vec<(NameKind, Record)>,
}

impl<'a> Set<'a> {
    fn push(&mut self, kind: NameKind, name: &Name, data: RecordData) {
        self.records.push((kind, Record { name: name.clone(), ttl: self.zone.ttl, data }));
    }

    fn push_part(&mut self, kind: NameKind, name: &Name, part: Part<'_>) {
        if let Selection::Hits(hits) = self.of.select(part) {
            self.push_hits(kind, name, &hits);
        }
    }

    fn push_hits(&mut self, kind: NameKind, name: &Name, hits: &[Hit<'_>]) {
        for family in [RecordType::A, RecordType::Aaaa] {
            for data in addresses(hits, family) {
                self.push(kind, name, data);
            }
        }
        let (srv, _) = self.of.srv(hits, self.zone.domain.as_str());
        for srv in srv {
            self.push(kind, name, RecordData::Srv(srv));
        }
    }

    /// The endpoints' own names, one after the other.
    fn push_endpoints(&mut self) {
        let mut endpoints: BTreeMap<&'a str, Vec<Hit<'a>>> = BTreeMap::new();
        for (row, ports) in self.of.rows() {
            push_hits(row, ports, Part::Whole, endpoints.entry(&row.label).or_default());
        }
        for (label, hits) in endpoints {
            let name = self.of.endpoint_name(label, self.zone.domain.as_str());
            self.push_hits(NameKind::Endpoint, &name, &hits);
        }
    }

    fn push_reverse(&mut self, service: &Name) {
        if let Some(ServiceKind::ClusterIp(own)) = &self.of.kind {
            for address in own {
                self.push(NameKind::Reverse, &Name::reverse(*address), RecordData::Ptr(service.clone()));
            }
        }
        let mut told = HashSet::new();
        for (row, _) in self.of.rows() {
            if told.insert((&row.label, row.address)) {
                let target = self.of.endpoint_name(&row.label, self.zone.domain.as_str());
                self.push(NameKind::Reverse, &Name::reverse(row.address), RecordData::Ptr(target));
            }
        }
    }
}

/// The name that an alias stands for.
pub(super) fn fully_qualified(target: &str) -> Name {
    Name::new(target.strip_suffix('.').unwrap_or(target))
}
