//! The facts that are known now, by namespace.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::histories::Histories;
use crate::board::{End, Former, ReachState, SliceView};
use crate::dns::{Directory, Zone, dashed};
use crate::facts::{
    Deployment, EndpointSlice, Kind, Object, Pod, ReplicaSet, Service, ServiceKind, StatefulSet, Watch,
};
use crate::{SetKey, Timestamp, Uid};

/// What the cluster said last of every object.
#[derive(Debug, Default)]
pub(super) struct FactsStore {
    namespaces: BTreeMap<String, Namespace>,
    directory: Directory,
    histories: Histories,
    /// Addresses that names had a moment ago, and which Services' names: clients may still hold them.
    released: BTreeMap<IpAddr, Vec<Released>>,
}

/// An address that a name of a Service had a moment ago.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Released {
    namespace: String,
    service: String,
    /// Until when a client may hold it.
    until: Timestamp,
}

impl Released {
    /// The namespace of the Service.
    pub(super) fn namespace(&self) -> &str {
        &self.namespace
    }
}

/// A change of one Service that its boards have to be told.
#[derive(Debug)]
pub(super) struct ServiceChange {
    /// Its name.
    pub(super) service: String,
    /// Addresses that one of its names has no more.
    pub(super) former: Vec<Former>,
}

/// The objects of one namespace, by name.
#[derive(Debug, Default)]
pub(super) struct Namespace {
    pub(super) pods: BTreeMap<String, Pod>,
    pub(super) services: BTreeMap<String, Service>,
    pub(super) sets: BTreeMap<String, StatefulSet>,
    pub(super) replica_sets: BTreeMap<String, ReplicaSet>,
    deployments: BTreeMap<String, Deployment>,
    slices: BTreeMap<String, EndpointSlice>,
    /// Each Service's slices as boards show them, by name.
    views: BTreeMap<String, BTreeMap<String, Arc<SliceView>>>,
}

impl Namespace {
    /// The slices of a Service, sorted by name.
    pub(super) fn slices_of(&self, service: &str) -> impl Iterator<Item = &Arc<SliceView>> {
        self.views.get(service).into_iter().flat_map(BTreeMap::values)
    }

    /// The Services that slices name, whether they exist or not.
    pub(super) fn sliced_services(&self) -> impl Iterator<Item = &str> {
        self.views.keys().map(String::as_str)
    }

    fn is_empty(&self) -> bool {
        self.pods.is_empty()
            && self.services.is_empty()
            && self.sets.is_empty()
            && self.slices.is_empty()
            && self.replica_sets.is_empty()
            && self.deployments.is_empty()
    }

    /// Puts a slice's view in place of the one before, which is given back.
    fn swap_view(&mut self, service: &str, slice: &str, new: Option<Arc<SliceView>>) -> Option<Arc<SliceView>> {
        let views = self.views.entry(service.to_owned()).or_default();
        let before = match new {
            Some(new) => views.insert(slice.to_owned(), new),
            None => views.remove(slice),
        };
        if views.is_empty() {
            self.views.remove(service);
        }
        before
    }
}

impl FactsStore {
    pub(super) fn new(zone: Zone) -> Self {
        Self { directory: Directory::new(zone), ..Self::default() }
    }

    pub(super) fn directory(&self) -> &Directory {
        &self.directory
    }

    /// What the names of a Service answered before.
    pub(super) fn former(&self, namespace: &str, service: &str) -> &[Former] {
        self.histories.of(namespace, service)
    }

    /// What the names of every Service answered before, by namespace and Service.
    pub(super) fn histories(&self) -> Vec<(String, String, Vec<Former>)> {
        self.histories.all()
    }

    pub(super) fn histories_mut(&mut self) -> &mut Histories {
        &mut self.histories
    }

    /// Every address that a client may still hold.
    pub(super) fn all_released(&self) -> Vec<(IpAddr, Vec<Released>)> {
        self.released.iter().map(|(address, of)| (*address, of.clone())).collect()
    }

    pub(super) fn released_mut(&mut self) -> &mut BTreeMap<IpAddr, Vec<Released>> {
        &mut self.released
    }

    /// The Services, with their namespaces, of which a name had the address a moment ago.
    pub(super) fn released(&self, address: IpAddr) -> Vec<(String, String)> {
        let released = self.released.get(&address).into_iter().flatten();
        released.map(|released| (released.namespace.clone(), released.service.clone())).collect()
    }

    /// Forgets the addresses that no client can hold any more; the Services that they were of.
    pub(super) fn expire(&mut self, at: Timestamp) -> Vec<(String, String)> {
        let mut expired = Vec::new();
        self.released.retain(|_, of| {
            let old = of.extract_if(.., |released| released.until <= at);
            expired.extend(old.map(|released| (released.namespace, released.service)));
            !of.is_empty()
        });
        expired
    }

    /// When the next address expires.
    pub(super) fn expires(&self) -> Option<Timestamp> {
        self.released.values().flatten().map(|released| released.until).min()
    }

    pub(super) fn namespace(&self, name: &str) -> Option<&Namespace> {
        self.namespaces.get(name)
    }

    pub(super) fn set(&self, key: &SetKey) -> Option<&StatefulSet> {
        self.namespaces.get(&key.namespace)?.sets.get(&key.name)
    }

    pub(super) fn put_pod(&mut self, pod: Pod) -> Option<Pod> {
        let known = self.namespaces.get(&pod.namespace).and_then(|known| known.pods.get(&pod.name));
        self.directory.put_pod(known, Some(&pod));
        self.namespace_mut(&pod.namespace).pods.insert(pod.name.clone(), pod)
    }

    pub(super) fn remove_pod(&mut self, namespace: &str, name: &str, uid: &Uid) -> Option<Pod> {
        let pods = &mut self.namespaces.get_mut(namespace)?.pods;
        let removed = if pods.get(name)?.uid == *uid { pods.remove(name) } else { None };
        self.directory.put_pod(removed.as_ref(), None);
        self.tidy(namespace);
        removed
    }

    /// Keeps a Service. What stopped did so as `stopped` says.
    pub(super) fn put_service(&mut self, service: Service, at: Timestamp, stopped: End) -> ServiceChange {
        let (namespace, name) = (service.namespace.clone(), service.name.clone());
        let now = own_addresses(Some(&service));
        self.directory.put_service(&namespace, &name, Some((service.kind.clone(), service.ports.clone())), at);
        let before = self.namespace_mut(&namespace).services.insert(name.clone(), service);
        let mut gone = own_addresses(before.as_ref());
        gone.retain(|address| !now.contains(address));
        self.remember_own(&namespace, name, gone, stopped)
    }

    pub(super) fn remove_service(&mut self, service: &Service, at: Timestamp, stopped: End) -> Option<ServiceChange> {
        let (namespace, name) = (&service.namespace, &service.name);
        let known = self.namespaces.get_mut(namespace)?;
        known.services.get(name).filter(|known| known.uid == service.uid)?;
        let gone = own_addresses(known.services.remove(name).as_ref());
        self.directory.put_service(namespace, name, None, at);
        self.tidy(namespace);
        Some(self.remember_own(namespace, name.clone(), gone, stopped))
    }

    /// Keeps a slice; the Services that it says something about, before and now.
    pub(super) fn put_slice(&mut self, slice: EndpointSlice, at: Timestamp, stopped: End) -> Vec<ServiceChange> {
        let (namespace, name) = (slice.namespace.clone(), slice.name.clone());
        let known = self.namespaces.get(&namespace).and_then(|known| known.slices.get(&name));
        let before =
            known.and_then(|known| known.service.clone()).filter(|before| Some(before) != slice.service.as_ref());
        let view = Arc::new(SliceView::from(&slice));
        let mut changes = Vec::new();
        if let Some(before) = before {
            changes.push(self.swap_slice(&namespace, before, &name, None, at, stopped));
        }
        if let Some(service) = slice.service.clone() {
            changes.push(self.swap_slice(&namespace, service, &name, Some(view), at, stopped));
        }
        self.namespace_mut(&namespace).slices.insert(name, slice);
        changes
    }

    /// Drops a slice; the Service that it belonged to.
    pub(super) fn remove_slice(
        &mut self,
        namespace: &str,
        name: &str,
        at: Timestamp,
        stopped: End,
    ) -> Option<ServiceChange> {
        let service = self.namespaces.get_mut(namespace)?.slices.remove(name)?.service;
        let change = service.map(|service| self.swap_slice(namespace, service, name, None, at, stopped));
        self.tidy(namespace);
        change
    }

    fn swap_slice(
        &mut self,
        namespace: &str,
        service: String,
        name: &str,
        new: Option<Arc<SliceView>>,
        at: Timestamp,
        stopped: End,
    ) -> ServiceChange {
        let rows = new.as_ref().map(|view| Arc::new(view.rows()));
        self.directory.put_slice(namespace, &service, name, rows, at);
        let before = self.namespace_mut(namespace).swap_view(&service, name, new.clone());
        let gone = match (before, new) {
            (Some(before), Some(new)) => before.changes_to(&new).0,
            (Some(before), None) => before.endpoints.clone(),
            (None, _) => Vec::new(),
        };
        let now = self.directory.service(namespace, &service);
        let mut former = Vec::new();
        for endpoint in gone.iter().filter(|endpoint| endpoint.state == ReachState::Ready) {
            for address in &endpoint.addresses {
                let label = endpoint.hostname.clone().unwrap_or_else(|| dashed(*address));
                if !now.is_some_and(|now| now.serves(&label, *address)) {
                    former.push(Former { label: Some(label), address: *address, pod: endpoint.pod.clone(), stopped });
                }
            }
        }
        self.remember(namespace, service, former)
    }

    fn remember_own(&mut self, namespace: &str, service: String, gone: Vec<IpAddr>, stopped: End) -> ServiceChange {
        let former = gone.into_iter().map(|address| Former { label: None, address, pod: None, stopped });
        self.remember(namespace, service, former.collect())
    }

    fn remember(&mut self, namespace: &str, service: String, former: Vec<Former>) -> ServiceChange {
        if !former.is_empty() {
            self.histories.remember(namespace, &service, &former);
            for Former { address, stopped, .. } in former.iter().filter(|former| former.label.is_some()) {
                let until = self.directory.zone().keeps_until(stopped.latest());
                let (namespace, service) = (namespace.to_owned(), service.clone());
                self.released.entry(*address).or_default().push(Released { namespace, service, until });
            }
        }
        ServiceChange { service, former }
    }

    pub(super) fn put_set(&mut self, set: StatefulSet) -> Option<StatefulSet> {
        self.namespace_mut(&set.key.namespace).sets.insert(set.key.name.clone(), set)
    }

    pub(super) fn remove_set(&mut self, key: &SetKey, uid: &Uid) -> bool {
        let Some(known) = self.namespaces.get_mut(&key.namespace) else { return false };
        let removed =
            known.sets.get(&key.name).is_some_and(|set| set.uid == *uid) && known.sets.remove(&key.name).is_some();
        self.tidy(&key.namespace);
        removed
    }

    pub(super) fn put_replica_set(&mut self, set: ReplicaSet) {
        self.namespace_mut(&set.namespace).replica_sets.insert(set.name.clone(), set);
    }

    pub(super) fn remove_replica_set(&mut self, set: &ReplicaSet) {
        let Some(known) = self.namespaces.get_mut(&set.namespace) else { return };
        if known.replica_sets.get(&set.name).is_some_and(|known| known.uid == set.uid) {
            known.replica_sets.remove(&set.name);
        }
        self.tidy(&set.namespace);
    }

    pub(super) fn put_deployment(&mut self, deployment: Deployment) {
        self.namespace_mut(&deployment.key.namespace).deployments.insert(deployment.key.name.clone(), deployment);
    }

    pub(super) fn remove_deployment(&mut self, key: &SetKey, uid: &Uid) -> bool {
        let Some(known) = self.namespaces.get_mut(&key.namespace) else { return false };
        let is_known = known.deployments.get(&key.name).is_some_and(|known| known.uid == *uid);
        let removed = is_known && known.deployments.remove(&key.name).is_some();
        self.tidy(&key.namespace);
        removed
    }

    /// Copies of all objects that a watch covers.
    pub(super) fn of_watch(&self, watch: &Watch) -> Vec<Object> {
        let covered = self
            .namespaces
            .iter()
            .filter(|(name, _)| watch.namespace.as_deref().is_none_or(|watched| watched == name.as_str()));
        covered
            .flat_map(|(_, namespace)| -> Vec<Object> {
                match watch.kind {
                    Kind::Pod => namespace.pods.values().map(|pod| Object::Pod(Box::new(pod.clone()))).collect(),
                    Kind::Service => {
                        namespace.services.values().map(|it| Object::Service(Box::new(it.clone()))).collect()
                    }
                    Kind::EndpointSlice => {
                        namespace.slices.values().map(|it| Object::EndpointSlice(Box::new(it.clone()))).collect()
                    }
                    Kind::StatefulSet => {
                        namespace.sets.values().map(|it| Object::StatefulSet(Box::new(it.clone()))).collect()
                    }
                    Kind::Deployment => {
                        namespace.deployments.values().map(|it| Object::Deployment(Box::new(it.clone()))).collect()
                    }
                    Kind::ReplicaSet => {
                        namespace.replica_sets.values().map(|it| Object::ReplicaSet(Box::new(it.clone()))).collect()
                    }
                }
            })
            .collect()
    }

    fn namespace_mut(&mut self, name: &str) -> &mut Namespace {
        self.namespaces.entry(name.to_owned()).or_insert_with(|| {
            self.directory.put_namespace(name, true);
            Namespace::default()
        })
    }

    fn tidy(&mut self, name: &str) {
        if self.namespaces.get(name).is_some_and(Namespace::is_empty) {
            self.namespaces.remove(name);
            self.directory.put_namespace(name, false);
        }
    }
}

/// The addresses that a Service has itself.
fn own_addresses(service: Option<&Service>) -> Vec<IpAddr> {
    match service.map(|service| &service.kind) {
        Some(ServiceKind::ClusterIp(addresses)) => addresses.clone(),
        Some(ServiceKind::Headless | ServiceKind::ExternalName(_)) | None => Vec::new(),
    }
}
