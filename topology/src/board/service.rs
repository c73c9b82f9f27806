//! A Service as a board shows it: itself, its slices, whom it reaches, and what its names answered before.

use std::collections::HashSet;
use std::net::IpAddr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{End, Former, Reach, ReachState};
use crate::dns::observed::Observed;
use crate::dns::{Name, NameKind, Record, RecordData, Rows, ServiceRecords, Zone, dashed};
use crate::facts::{self, EndpointPort, EndpointSlice, ServiceKind, ServicePort};

/// Of how many questions about one Service it is kept what the cluster's DNS says.
pub const MAX_OBSERVED: usize = 128;

/// A Service, seen from a StatefulSet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ServiceView {
    /// Its name.
    pub name: String,
    /// How it is reached; `None` when the StatefulSet's `serviceName` names a Service that does not exist.
    pub kind: Option<ServiceKind>,
    /// Whether it is the one that `serviceName` names: the pods' names in DNS are under it.
    pub governs: bool,
    /// Whether its selector chooses the pods that the StatefulSet makes.
    pub selects: bool,
    /// Whether pods that are not ready are published too.
    pub publishes_not_ready: bool,
    /// Its ports.
    pub ports: Vec<ServicePort>,
    /// The StatefulSet's pods in its EndpointSlices, sorted by pod name.
    pub reaches: Vec<(String, Reach)>,
    /// Its EndpointSlices with all their endpoints, sorted by name. Its records are made from them.
    pub slices: Vec<Arc<SliceView>>,
    /// What its names answered before, in the order in which it stopped.
    pub former: Vec<Former>,
    /// What the cluster's DNS said of its names when it was asked, sorted by question.
    pub observed: Vec<Observed>,
}

/// An EndpointSlice of a Service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct SliceView {
    /// Its name.
    pub name: String,
    /// The ports of every endpoint; none makes no SRV records.
    pub ports: Vec<EndpointPort>,
    /// Its endpoints, sorted.
    pub endpoints: Vec<EndpointView>,
    /// The first address in it that is none, and how many there are.
    pub unusable: Option<(String, u32)>,
}

/// An endpoint of a slice.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct EndpointView {
    /// The label of its name; without one, each address has its own ([`crate::dns::dashed`]).
    pub hostname: Option<String>,
    /// Its addresses.
    pub addresses: Vec<IpAddr>,
    /// Whether they are served.
    pub state: ReachState,
    /// The name of the pod behind it, which may be no member of the StatefulSet.
    pub pod: Option<String>,
}

/// A record that was served.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FormerRecord {
    /// What its name stands for.
    pub kind: NameKind,
    /// The record.
    pub record: Record,
    /// When it stopped.
    pub stopped: End,
}

impl ServiceView {
    /// Whether the Service is headless.
    pub fn is_headless(&self) -> bool {
        self.kind == Some(ServiceKind::Headless)
    }

    /// What DNS knows of the Service.
    pub fn records(&self, namespace: &str) -> ServiceRecords {
        let service = self.kind.clone().map(|kind| (kind, self.ports.clone()));
        let known = ServiceRecords::new(namespace, &self.name).with_service(service);
        self.slices.iter().fold(known, |known, slice| known.with_slice(&slice.name, Some(Arc::new(slice.rows()))))
    }

    /// Its whole record set: the same on the server and in a browser, as both hold the same view.
    pub fn record_set(&self, namespace: &str, zone: &Zone) -> Vec<(NameKind, Record)> {
        self.records(namespace).record_set(zone)
    }

    /// What its names answered before and do not any more, in the order in which it stopped.
    pub fn former_records(&self, namespace: &str, zone: &Zone) -> Vec<FormerRecord> {
        let records = self.records(namespace);
        let now: HashSet<(NameKind, Record)> = records.record_set(zone).into_iter().collect();
        let service = records.full_name(zone);
        let leads_to_pods = matches!(self.kind, Some(ServiceKind::Headless) | None);
        let mut all = Vec::new();
        for former in &self.former {
            let mut push = |kind, name: &Name, data| {
                let record = Record { name: name.clone(), ttl: zone.ttl, data };
                if !now.contains(&(kind, record.clone())) {
                    all.push(FormerRecord { kind, record, stopped: former.stopped });
                }
            };
            let address = RecordData::address(former.address);
            let name = former.label.as_ref().map(|label| records.endpoint_name_in(label, zone));
            if let Some(name) = &name {
                push(NameKind::Endpoint, name, address.clone());
            }
            if name.is_none() || leads_to_pods {
                push(NameKind::Service, &service, address);
            }
            let target = name.unwrap_or_else(|| service.clone());
            push(NameKind::Reverse, &Name::reverse(former.address), RecordData::Ptr(target));
        }
        all
    }

    pub(super) fn set_reach(&mut self, pod: &str, reach: Option<Reach>) {
        match (self.reaches.binary_search_by(|(known, _)| known.as_str().cmp(pod)), reach) {
            (Ok(at), Some(reach)) => self.reaches[at].1 = reach,
            (Ok(at), None) => drop(self.reaches.remove(at)),
            (Err(at), Some(reach)) => self.reaches.insert(at, (pod.to_owned(), reach)),
            (Err(_), None) => {}
        }
    }

    pub(super) fn set_slice(&mut self, name: &str, slice: Option<&Arc<SliceView>>) {
        self.doubt_all();
        match (self.slices.binary_search_by(|known| known.name.as_str().cmp(name)), slice) {
            (Ok(at), Some(slice)) => self.slices[at] = Arc::clone(slice),
            (Ok(at), None) => drop(self.slices.remove(at)),
            (Err(at), Some(slice)) => self.slices.insert(at, Arc::clone(slice)),
            (Err(_), None) => {}
        }
    }

    pub(super) fn change_endpoints(&mut self, slice: &str, gone: &[EndpointView], come: &[EndpointView]) {
        if let Ok(at) = self.slices.binary_search_by(|known| known.name.as_str().cmp(slice)) {
            Arc::make_mut(&mut self.slices[at]).change(gone, come);
        }
        if !self.observed.is_empty() {
            self.doubt(gone.iter().chain(come));
        }
    }

    /// Keeps what the cluster's DNS says, in place of what it said before; nothing where nothing is known. With too many questions, the one of which
    /// nothing is known goes, or was heard first.
    pub(super) fn observe(&mut self, new: &Observed) {
        let is_empty = new.said.is_none() && new.absent.is_none() && new.measured.is_empty();
        match self.observed.binary_search_by(|known| known.question.cmp(&new.question)) {
            Ok(at) if is_empty => drop(self.observed.remove(at)),
            Err(_) if is_empty => {}
            Ok(at) => self.observed[at] = new.clone(),
            Err(at) => {
                self.observed.insert(at, new.clone());
                if self.observed.len() > MAX_OBSERVED {
                    let heard = |observed: &Observed| observed.said.as_ref().map(|said| said.since);
                    let others = (0..self.observed.len()).filter(|other| *other != at);
                    let first = others.min_by_key(|other| heard(&self.observed[*other]));
                    first.map(|first| self.observed.remove(first));
                }
            }
        }
    }

    /// What the cluster's DNS said of any name of the Service may be of before.
    pub(super) fn doubt_all(&mut self) {
        self.observed.iter_mut().for_each(|observed| observed.said = None);
    }

    /// What the cluster's DNS said of the names of these endpoints, and of all of them together, is of before.
    fn doubt<'a>(&mut self, endpoints: impl Iterator<Item = &'a EndpointView>) {
        let (mut labels, mut reverse): (HashSet<String>, HashSet<Name>) = Default::default();
        for endpoint in endpoints {
            reverse.extend(endpoint.addresses.iter().map(|address| Name::reverse(*address)));
            labels.extend(endpoint.labels().into_iter().map(|label| label.to_ascii_lowercase()));
        }
        for observed in &mut self.observed {
            let name = observed.question.name.to_lowercase();
            let first = name.split('.').next().unwrap_or_default();
            let of_all = first == self.name || first.starts_with('_');
            if of_all || labels.contains(first) || reverse.contains(&observed.question.name) {
                observed.said = None;
            }
        }
    }
}

impl EndpointView {
    /// The labels of its names.
    pub fn labels(&self) -> Vec<String> {
        let dashed = || self.addresses.iter().map(|address| dashed(*address)).collect();
        self.hostname.clone().map_or_else(dashed, |hostname| vec![hostname])
    }
}

impl SliceView {
    /// The addresses that count for DNS.
    pub fn rows(&self) -> Rows {
        let served = self.endpoints.iter().filter(|endpoint| endpoint.state == ReachState::Ready);
        let served = served.map(|endpoint| (endpoint.hostname.as_deref(), endpoint.addresses.as_slice()));
        Rows::new(served, &self.ports)
    }

    /// The endpoints that are gone and those that have come, from this state to another; of equal ones as many as
    /// there are fewer or more.
    pub(crate) fn changes_to(&self, new: &Self) -> (Vec<EndpointView>, Vec<EndpointView>) {
        (lacking(&self.endpoints, &new.endpoints), lacking(&new.endpoints, &self.endpoints))
    }

    fn change(&mut self, gone: &[EndpointView], come: &[EndpointView]) {
        for endpoint in gone {
            if let Ok(at) = self.endpoints.binary_search(endpoint) {
                self.endpoints.remove(at);
            }
        }
        for endpoint in come {
            let at = self.endpoints.binary_search(endpoint).unwrap_or_else(|at| at);
            self.endpoints.insert(at, endpoint.clone());
        }
    }
}

/// What of `these` is not in `others`; both are sorted.
fn lacking(these: &[EndpointView], others: &[EndpointView]) -> Vec<EndpointView> {
    let mut others = others.iter().peekable();
    let lacking = these.iter().filter(|this| {
        while others.next_if(|other| other < this).is_some() {}
        others.next_if(|other| other == this).is_none()
    });
    lacking.cloned().collect()
}

impl From<&EndpointSlice> for SliceView {
    fn from(slice: &EndpointSlice) -> Self {
        let mut endpoints: Vec<EndpointView> = slice.endpoints.iter().map(EndpointView::from).collect();
        endpoints.sort();
        Self { name: slice.name.clone(), ports: slice.ports.clone(), endpoints, unusable: slice.unusable.clone() }
    }
}

impl From<&facts::Endpoint> for EndpointView {
    fn from(endpoint: &facts::Endpoint) -> Self {
        Self {
            hostname: endpoint.hostname.clone(),
            addresses: endpoint.addresses.clone(),
            state: ReachState::of(endpoint),
            pod: endpoint.pod.as_ref().map(|(name, _)| name.clone()),
        }
    }
}
