//! The facts that are known now, by namespace.

use std::collections::{BTreeMap, BTreeSet};

use crate::facts::{EndpointSlice, Kind, Object, Pod, Service, StatefulSet, Watch};
use crate::{SetKey, Uid};

/// What the cluster said last of every object.
#[derive(Debug, Default)]
pub(super) struct FactsStore {
    namespaces: BTreeMap<String, Namespace>,
}

/// The objects of one namespace, by name.
#[derive(Debug, Default)]
pub(super) struct Namespace {
    pub(super) pods: BTreeMap<String, Pod>,
    pub(super) services: BTreeMap<String, Service>,
    pub(super) sets: BTreeMap<String, StatefulSet>,
    slices: BTreeMap<String, EndpointSlice>,
    /// The names of each Service's slices.
    slices_of: BTreeMap<String, BTreeSet<String>>,
}

impl Namespace {
    /// The slices of a Service.
    pub(super) fn slices_of(&self, service: &str) -> impl Iterator<Item = &EndpointSlice> {
        self.slices_of.get(service).into_iter().flatten().filter_map(|slice| self.slices.get(slice))
    }

    /// The Services that slices name, whether they exist or not.
    pub(super) fn sliced_services(&self) -> impl Iterator<Item = &str> {
        self.slices_of.keys().map(String::as_str)
    }

    fn is_empty(&self) -> bool {
        self.pods.is_empty() && self.services.is_empty() && self.sets.is_empty() && self.slices.is_empty()
    }

    fn unlink(&mut self, slice: &EndpointSlice) -> Option<String> {
        let service = slice.service.clone()?;
        if let Some(slices) = self.slices_of.get_mut(&service) {
            slices.remove(&slice.name);
            if slices.is_empty() {
                self.slices_of.remove(&service);
            }
        }
        Some(service)
    }
}

impl FactsStore {
    pub(super) fn namespace(&self, name: &str) -> Option<&Namespace> {
        self.namespaces.get(name)
    }

    pub(super) fn set(&self, key: &SetKey) -> Option<&StatefulSet> {
        self.namespaces.get(&key.namespace)?.sets.get(&key.name)
    }

    pub(super) fn put_pod(&mut self, pod: Pod) -> Option<Pod> {
        self.namespace_mut(&pod.namespace).pods.insert(pod.name.clone(), pod)
    }

    pub(super) fn remove_pod(&mut self, namespace: &str, name: &str, uid: &Uid) -> Option<Pod> {
        let pods = &mut self.namespaces.get_mut(namespace)?.pods;
        let removed = if pods.get(name)?.uid == *uid { pods.remove(name) } else { None };
        self.tidy(namespace);
        removed
    }

    pub(super) fn put_service(&mut self, service: Service) {
        self.namespace_mut(&service.namespace).services.insert(service.name.clone(), service);
    }

    pub(super) fn remove_service(&mut self, namespace: &str, name: &str, uid: &Uid) -> bool {
        let Some(known) = self.namespaces.get_mut(namespace) else { return false };
        let removed = known.services.get(name).is_some_and(|service| service.uid == *uid)
            && known.services.remove(name).is_some();
        self.tidy(namespace);
        removed
    }

    /// Keeps a slice; the Services that it says something about, before and now.
    pub(super) fn put_slice(&mut self, slice: EndpointSlice) -> BTreeSet<String> {
        let namespace = self.namespace_mut(&slice.namespace);
        let before = namespace.slices.remove(&slice.name).and_then(|before| namespace.unlink(&before));
        let service = slice.service.clone();
        if let Some(service) = &service {
            namespace.slices_of.entry(service.clone()).or_default().insert(slice.name.clone());
        }
        namespace.slices.insert(slice.name.clone(), slice);
        before.into_iter().chain(service).collect()
    }

    /// Drops a slice; the Service that it belonged to.
    pub(super) fn remove_slice(&mut self, namespace: &str, name: &str) -> Option<String> {
        let known = self.namespaces.get_mut(namespace)?;
        let service = known.slices.remove(name).and_then(|slice| known.unlink(&slice));
        self.tidy(namespace);
        service
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
                }
            })
            .collect()
    }

    fn namespace_mut(&mut self, name: &str) -> &mut Namespace {
        self.namespaces.entry(name.to_owned()).or_default()
    }

    fn tidy(&mut self, name: &str) {
        if self.namespaces.get(name).is_some_and(Namespace::is_empty) {
            self.namespaces.remove(name);
        }
    }
}
