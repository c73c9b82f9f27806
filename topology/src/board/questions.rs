//! What can be asked of the cluster's DNS about a Service.

use std::collections::BTreeSet;
use std::net::IpAddr;

use super::{ReachState, ServiceView};
use crate::dns::observed::{Old, Question, Told};
use crate::dns::{Name, Rcode, RecordData, RecordType, ServiceRecords, Zone, port_name};
use crate::facts::{Protocol, ServiceKind};

/// How many questions are asked about one Service at most, the first ones.
pub const MAX_QUESTIONS: usize = 48;

impl ServiceView {
    /// The questions about its names that people ask: those of the endpoints with these labels, the Service's own, its
    /// ports', and those of addresses.
    pub fn questions(&self, namespace: &str, zone: &Zone, labels: &[String]) -> Vec<Question> {
        let Some(kind) = &self.kind else { return Vec::new() };
        let service = ServiceRecords::new(namespace, &self.name).full_name(zone);
        let question = |name: &Name, kind| Question { name: name.clone(), kind };
        let families = self.families();
        let mut all: Vec<Question> = self.questions_of_labels(namespace, zone, labels);
        match kind {
            ServiceKind::ExternalName(_) => all.push(question(&service, RecordType::Cname)),
            ServiceKind::Headless | ServiceKind::ClusterIp(_) => {
                all.extend(families.iter().map(|family| question(&service, *family)));
                let ports = self.named_ports();
                let ports = ports.into_iter().map(|(port, protocol)| port_name(port, protocol, &service));
                all.extend(ports.map(|name| question(&name, RecordType::Srv)));
                let own = if let ServiceKind::ClusterIp(own) = kind { own.as_slice() } else { &[] };
                let addresses = own.iter().copied().chain(self.served());
                let reverse = addresses.map(|address| question(&Name::reverse(address), RecordType::Ptr));
                all.extend(reverse.take(MAX_QUESTIONS));
            }
        }
        let mut told = BTreeSet::new();
        all.retain(|question| told.insert(question.clone()));
        all.truncate(MAX_QUESTIONS);
        all
    }

    /// The questions about the names of the endpoints with these labels.
    pub fn questions_of_labels(&self, namespace: &str, zone: &Zone, labels: &[String]) -> Vec<Question> {
        if !matches!(self.kind, Some(ServiceKind::Headless | ServiceKind::ClusterIp(_))) {
            return Vec::new();
        }
        let (records, families) = (ServiceRecords::new(namespace, &self.name), self.families());
        let names = labels.iter().map(|label| records.endpoint_name_in(label, zone));
        let questions =
            names.flat_map(|name| families.iter().map(move |kind| Question { name: name.clone(), kind: *kind }));
        questions.take(MAX_QUESTIONS).collect()
    }

    /// What a question about an endpoint's own name was answered before, the latest last. Of other names the whole
    /// answer is not kept.
    pub fn old_answers(&self, namespace: &str, zone: &Zone, question: &Question) -> Vec<Old> {
        let records = ServiceRecords::new(namespace, &self.name);
        let of = |address: IpAddr| RecordType::of_address(address) == question.kind;
        let own = self.former.iter().filter_map(|former| {
            let label = former.label.as_ref()?;
            (of(former.address) && records.endpoint_name_in(label, zone) == question.name).then(|| Old {
                told: Told::new(Rcode::NoError, vec![RecordData::address(former.address)], zone.ttl),
                stopped: former.stopped.latest(),
            })
        });
        own.collect()
    }

    /// The types of the addresses that it has, or would have.
    fn families(&self) -> Vec<RecordType> {
        let own = if let Some(ServiceKind::ClusterIp(own)) = &self.kind { own.as_slice() } else { &[] };
        let endpoints = self.slices.iter().flat_map(|slice| &slice.endpoints).flat_map(|endpoint| &endpoint.addresses);
        let mut families: BTreeSet<RecordType> =
            own.iter().chain(endpoints).map(|address| RecordType::of_address(*address)).collect();
        if families.is_empty() {
            families.insert(RecordType::A);
        }
        families.into_iter().collect()
    }

    fn named_ports(&self) -> BTreeSet<(&str, Protocol)> {
        // Put in one by one: to collect them would sort them first, by code that the page has to carry.
        let mut all = BTreeSet::new();
        let named = |(name, _): &(&str, Protocol)| !name.is_empty();
        all.extend(self.ports.iter().map(|port| (port.name.as_str(), port.protocol)).filter(named));
        if !matches!(self.kind, Some(ServiceKind::ClusterIp(_))) {
            // Those of the slices as well; while no endpoint is served, no slice may name any.
            let slices = self.slices.iter().flat_map(|slice| &slice.ports);
            all.extend(slices.map(|port| (port.name.as_str(), port.protocol)).filter(named));
        }
        all
    }

    /// The addresses that are served.
    fn served(&self) -> impl Iterator<Item = IpAddr> {
        let all = self.slices.iter().flat_map(|slice| &slice.endpoints);
        all.filter(|endpoint| endpoint.state == ReachState::Ready)
            .flat_map(|endpoint| endpoint.addresses.iter().copied())
    }
}
