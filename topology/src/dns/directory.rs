//! Everything that the cluster's DNS is made of, found by name and by address.

use std::net::IpAddr;
use std::sync::Arc;

use rpds::{HashTrieMapSync, HashTrieSetSync, RedBlackTreeMapSync};

use super::rows::Rows;
use super::{ServiceRecords, Zone};
use crate::facts::{Phase, Pod, ServiceKind, ServicePort};
use crate::{Timestamp, Uid};

/// Names of namespaces. A copy is cheap.
pub type Namespaces = HashTrieSetSync<String>;

/// Everything that the cluster's DNS is made of. A copy is cheap and stays as it was: whoever answers questions keeps
/// one, while the fold goes on with another.
#[derive(Debug, Clone, Default)]
pub struct Directory {
    pub(super) zone: Arc<Zone>,
    /// By `service.namespace`. The names of Services have no capitals, but a slice can name one by them, which is another.
    services: HashTrieMapSync<Box<str>, Arc<ServiceRecords>>,
    /// The Services that have a cluster IP, as `service.namespace`: one, but for a moment perhaps two.
    cluster_ips: HashTrieMapSync<IpAddr, Vec<Box<str>>>,
    /// The counted addresses, as `label.service.namespace` with how many entries have it.
    endpoints: HashTrieMapSync<IpAddr, RedBlackTreeMapSync<Box<str>, usize>>,
    /// The pods that have an address now.
    pods: HashTrieMapSync<IpAddr, Vec<PodAt>>,
    /// The namespaces that have objects.
    namespaces: HashTrieMapSync<Box<str>, ()>,
    /// All that exist, where that is known.
    existing: Option<Namespaces>,
    pub(super) serial: u32,
}

/// A pod that has an address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PodAt {
    pub(crate) namespace: String,
    pub(crate) name: String,
    uid: Uid,
    /// Whether it shares the address with its node and with others.
    pub(crate) shared: bool,
    /// Whether its name is answered where only living pods' are.
    living: bool,
}

impl PodAt {
    /// The pod, unless its containers ended: then its address may be another's already.
    fn of(pod: &Pod) -> Option<Self> {
        let ended = matches!(pod.phase, Phase::Succeeded | Phase::Failed);
        (!ended && !pod.ips.is_empty()).then(|| Self {
            namespace: pod.namespace.clone(),
            name: pod.name.clone(),
            uid: pod.uid.clone(),
            shared: pod.host_network,
            living: pod.deleting.is_none() && pod.phase != Phase::Unknown,
        })
    }
}

/// The key of a Service: CoreDNS looks up names in small letters, and slices by the name as they write it.
fn key(namespace: &str, name: &str) -> Box<str> {
    format!("{name}.{namespace}").into()
}

impl Directory {
    /// An empty directory.
    pub fn new(zone: Zone) -> Self {
        Self { zone: Arc::new(zone), ..Self::default() }
    }

    /// The same, with every namespace that exists; `None` where that is not known. A namespace with objects exists in any
    /// case.
    #[must_use]
    pub fn with_namespaces(self, existing: Option<Namespaces>) -> Self {
        Self { existing, ..self }
    }

    /// What the cluster's DNS is set to.
    pub fn zone(&self) -> &Zone {
        &self.zone
    }

    /// What is known of a Service.
    pub fn service(&self, namespace: &str, name: &str) -> Option<&ServiceRecords> {
        self.service_of_key(&key(namespace, name))
    }

    /// Everything that is known, by Service, in no order.
    pub fn services(&self) -> impl Iterator<Item = &ServiceRecords> {
        self.services.values().map(AsRef::as_ref)
    }

    /// The Service by its key, `service.namespace` in small letters, which is a part of every name below it.
    pub(super) fn service_of_key(&self, key: &str) -> Option<&ServiceRecords> {
        self.services.get(key).map(AsRef::as_ref)
    }

    pub(super) fn has_namespace(&self, name: &str) -> bool {
        self.namespaces.contains_key(name) || self.existing.as_ref().is_some_and(|existing| existing.contains(name))
    }

    /// Whether it is known of every namespace whether it exists.
    pub(super) fn knows_namespaces(&self) -> bool {
        self.existing.is_some()
    }

    /// The Service whose own address it is, as `service.namespace`.
    pub(super) fn cluster_ip(&self, address: IpAddr) -> Option<&str> {
        self.cluster_ips.get(&address)?.first().map(AsRef::as_ref)
    }

    /// The endpoints that have the address, as `label.service.namespace`.
    pub(super) fn endpoints_at(&self, address: IpAddr) -> impl Iterator<Item = &str> {
        self.endpoints.get(&address).into_iter().flat_map(RedBlackTreeMapSync::keys).map(AsRef::as_ref)
    }

    /// The pods that have the address.
    pub(crate) fn pods_at(&self, address: IpAddr) -> &[PodAt] {
        self.pods.get(&address).map_or(&[], Vec::as_slice)
    }

    /// Whether a living pod of the namespace has the address.
    pub(super) fn has_pod(&self, namespace: &str, address: IpAddr) -> bool {
        let of_namespace = |pod: &PodAt| pod.living && pod.namespace.eq_ignore_ascii_case(namespace);
        self.pods_at(address).iter().any(of_namespace)
    }

    /// A Service came, changed or (`None`) went.
    pub(crate) fn put_service(
        &mut self,
        namespace: &str,
        name: &str,
        service: Option<(ServiceKind, Vec<ServicePort>)>,
        at: Timestamp,
    ) {
        let before = self.service(namespace, name).and_then(|known| known.kind.as_ref()).map(cluster_ips_of);
        let after = service.as_ref().map(|(kind, _)| cluster_ips_of(kind)).unwrap_or_default();
        let key = key(namespace, name);
        for gone in before.unwrap_or_default() {
            remove(&mut self.cluster_ips, gone, |of| **of == *key);
        }
        for come in after {
            add(&mut self.cluster_ips, come, key.clone());
        }
        self.update(namespace, name, at, |known| known.with_service(service));
    }

    /// A slice of a Service came, changed or (`None`) went.
    pub(crate) fn put_slice(
        &mut self,
        namespace: &str,
        service: &str,
        slice: &str,
        rows: Option<Arc<Rows>>,
        at: Timestamp,
    ) {
        let known = self.services.get(&key(namespace, service)).cloned();
        let before = known.as_ref().and_then(|known| known.slices.iter().find(|(name, _)| **name == *slice));
        let before = before.map(|(_, rows)| Arc::clone(rows)).unwrap_or_default();
        let after = rows.clone().unwrap_or_default();
        let name = |label: &str| -> Box<str> { format!("{label}.{service}.{namespace}").into() };
        for gone in before.without(&after) {
            count_out(&mut self.endpoints, gone.address, &name(&gone.label));
        }
        for come in after.without(&before) {
            count_in(&mut self.endpoints, come.address, name(&come.label));
        }
        self.update(namespace, service, at, |known| known.with_slice(slice, rows));
    }

    /// A pod came, changed or went.
    pub(crate) fn put_pod(&mut self, before: Option<&Pod>, after: Option<&Pod>) {
        let at = |pod: Option<&Pod>| -> Option<(PodAt, Vec<IpAddr>)> { Some((PodAt::of(pod?)?, pod?.ips.clone())) };
        let (before, after) = (at(before), at(after));
        if before == after {
            return;
        }
        if let Some((pod, addresses)) = before {
            for address in addresses {
                remove(&mut self.pods, address, |of| *of == pod);
            }
        }
        if let Some((pod, addresses)) = after {
            for address in addresses {
                add(&mut self.pods, address, pod.clone());
            }
        }
    }

    /// A namespace has objects, or has none any more.
    pub(crate) fn put_namespace(&mut self, name: &str, exists: bool) {
        if exists && !self.namespaces.contains_key(name) {
            self.namespaces.insert_mut(name.into(), ());
        } else if !exists {
            self.namespaces.remove_mut(name);
        }
    }

    fn update(
        &mut self,
        namespace: &str,
        name: &str,
        at: Timestamp,
        change: impl FnOnce(ServiceRecords) -> ServiceRecords,
    ) {
        let key = key(namespace, name);
        let known = self.services.get(&key);
        let new = change(known.map_or_else(|| ServiceRecords::new(namespace, name), |known| known.as_ref().clone()));
        if known.is_some_and(|known| **known == new) {
            return;
        }
        if new.is_empty() {
            self.services.remove_mut(&key);
        } else {
            self.services.insert_mut(key, Arc::new(new));
        }
        self.serial = u32::try_from(at.as_millis().max(0) / 1000).unwrap_or(u32::MAX);
    }
}

fn cluster_ips_of(kind: &ServiceKind) -> Vec<IpAddr> {
    match kind {
        ServiceKind::ClusterIp(addresses) => addresses.clone(),
        ServiceKind::Headless | ServiceKind::ExternalName(_) => Vec::new(),
    }
}

fn add<T: Clone>(index: &mut HashTrieMapSync<IpAddr, Vec<T>>, address: IpAddr, item: T) {
    match index.get_mut(&address) {
        Some(known) => known.push(item),
        None => index.insert_mut(address, vec![item]),
    }
}

fn count_in(
    index: &mut HashTrieMapSync<IpAddr, RedBlackTreeMapSync<Box<str>, usize>>,
    address: IpAddr,
    name: Box<str>,
) {
    if index.get(&address).is_none() {
        index.insert_mut(address, RedBlackTreeMapSync::new_sync());
    }
    if let Some(known) = index.get_mut(&address) {
        let count = known.get(&name).copied().unwrap_or_default();
        known.insert_mut(name, count + 1);
    }
}

fn count_out(index: &mut HashTrieMapSync<IpAddr, RedBlackTreeMapSync<Box<str>, usize>>, address: IpAddr, name: &str) {
    let Some(known) = index.get_mut(&address) else { return };
    match known.get(name).copied() {
        Some(count) if count > 1 => known.insert_mut(name.into(), count - 1),
        Some(_) => drop(known.remove_mut(name)),
        None => {}
    }
    if known.is_empty() {
        index.remove_mut(&address);
    }
}

/// Takes one such item out.
fn remove<T: Clone>(index: &mut HashTrieMapSync<IpAddr, Vec<T>>, address: IpAddr, is: impl Fn(&T) -> bool) {
    let Some(known) = index.get_mut(&address) else { return };
    if let Some(at) = known.iter().position(is) {
        known.remove(at);
    }
    if known.is_empty() {
        index.remove_mut(&address);
    }
}
