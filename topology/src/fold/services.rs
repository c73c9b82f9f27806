//! Services and EndpointSlices to views: which Services have to do with a StatefulSet, and whom they reach.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

use super::Batch;
use super::facts_store::Namespace;
use crate::board::{Change, Reach, ReachState, ServiceView};
use crate::facts::{Endpoint, StatefulSet};
use crate::{Ordinal, SetKey};

type Reaches = Vec<(String, Reach)>;

impl Batch<'_> {
    /// A Service or one of its slices changed: every board that it has to do with is told.
    pub(super) fn service_changed(&mut self, namespace: &str, service: &str) {
        let first = SetKey::new(namespace, "");
        let mut reaches = self.reaches_by_set(namespace, service);
        let boards: Vec<SetKey> = self
            .topology
            .boards
            .range(first..)
            .map(|(key, _)| key)
            .take_while(|key| key.namespace == namespace)
            .cloned()
            .collect();
        for key in boards {
            let reaches = reaches.remove(&key.name).unwrap_or_default();
            self.relate_service(&key, service, reaches);
        }
    }

    /// A StatefulSet came or changed what relates it to Services: all of its namespace are looked at.
    pub(super) fn relate_services(&mut self, key: &SetKey) {
        let mut candidates: BTreeSet<String> = BTreeSet::new();
        if let Some(namespace) = self.topology.facts.namespace(&key.namespace) {
            candidates.extend(namespace.services.keys().cloned());
            candidates.extend(namespace.sliced_services().map(str::to_owned));
            candidates.extend(namespace.sets.get(&key.name).map(|set| set.service_name.clone()));
        }
        if let Some(board) = self.topology.boards.get(key) {
            candidates.extend(board.services.iter().map(|service| service.name.clone()));
        }
        for service in candidates {
            let reaches = self.topology.facts.namespace(&key.namespace);
            let reaches = reaches.map_or_else(BTreeMap::new, |known| reaches_of(known, &service, Some(&key.name)));
            let reaches = reaches.into_values().next().unwrap_or_default();
            self.relate_service(key, &service, reaches);
        }
    }

    fn relate_service(&mut self, key: &SetKey, service: &str, reaches: Reaches) {
        let facts = &self.topology.facts;
        let view = facts
            .namespace(&key.namespace)
            .and_then(|namespace| view(namespace, namespace.sets.get(&key.name), service, reaches));
        let Some(board) = self.topology.boards.get(key) else { return };
        let known = board.services.iter().find(|known| known.name == service);
        for change in changes(known, view) {
            self.step(key, change);
        }
    }

    fn reaches_by_set(&self, namespace: &str, service: &str) -> BTreeMap<String, Reaches> {
        self.topology
            .facts
            .namespace(namespace)
            .map_or_else(BTreeMap::new, |namespace| reaches_of(namespace, service, None))
    }
}

/// The steps from what a board knows of a Service to what is.
fn changes(known: Option<&ServiceView>, view: Option<ServiceView>) -> Vec<Change> {
    match (known, view) {
        (None, None) => Vec::new(),
        (None, Some(view)) => vec![Change::Service(view)],
        (Some(known), None) => vec![Change::ServiceGone(known.name.clone())],
        (Some(known), Some(view)) => {
            let mut changes = reach_changes(known, &view);
            let bare = |view: &ServiceView| ServiceView { reaches: Vec::new(), ..view.clone() };
            if bare(known) != bare(&view) {
                changes.insert(0, Change::Service(bare(&view)));
            }
            changes
        }
    }
}

fn reach_changes(known: &ServiceView, view: &ServiceView) -> Vec<Change> {
    let mut changes = Vec::new();
    let mut push = |pod: &str, reach| {
        changes.push(Change::Reach { service: view.name.clone(), pod: pod.to_owned(), reach });
    };
    let (mut before, mut after) = (known.reaches.iter().peekable(), view.reaches.iter().peekable());
    loop {
        match (before.peek(), after.peek()) {
            (None, None) => break,
            (Some((gone, _)), None) => {
                push(gone, None);
                before.next();
            }
            (None, Some((new, reach))) => {
                push(new, Some(*reach));
                after.next();
            }
            (Some((old, was)), Some((new, is))) => match old.cmp(new) {
                Ordering::Less => {
                    push(old, None);
                    before.next();
                }
                Ordering::Greater => {
                    push(new, Some(*is));
                    after.next();
                }
                Ordering::Equal => {
                    if was != is {
                        push(new, Some(*is));
                    }
                    before.next();
                    after.next();
                }
            },
        }
    }
    changes
}

/// A Service as a StatefulSet sees it; `None` when they have nothing to do with each other.
fn view(namespace: &Namespace, set: Option<&StatefulSet>, name: &str, reaches: Reaches) -> Option<ServiceView> {
    let service = namespace.services.get(name);
    let governs = !name.is_empty() && set.is_some_and(|set| set.service_name == name);
    let selects = service.zip(set).is_some_and(|(service, set)| service.selects(&set.template_labels));
    (governs || selects || !reaches.is_empty()).then(|| ServiceView {
        name: name.to_owned(),
        kind: service.map(|service| service.kind.clone()),
        governs,
        selects,
        publishes_not_ready: service.is_some_and(|service| service.publishes_not_ready),
        ports: service.map_or_else(Vec::new, |service| service.ports.clone()),
        reaches,
    })
}

/// The pods in a Service's slices, by the StatefulSet that their names belong to. Names decide, not pods, because slices
/// may be seen before the pods are.
fn reaches_of(namespace: &Namespace, service: &str, only: Option<&str>) -> BTreeMap<String, Reaches> {
    let mut sets: BTreeMap<String, BTreeMap<&str, Reach>> = BTreeMap::new();
    let endpoints = namespace.slices_of(service).flat_map(|slice| &slice.endpoints);
    for endpoint in endpoints {
        let Some((pod, _)) = &endpoint.pod else { continue };
        let Some((set, _)) = pod.rsplit_once('-') else { continue };
        if only.is_some_and(|only| only != set) || Ordinal::of_pod(pod, set).is_none() {
            continue;
        }
        let reach = reach(endpoint);
        let pods = sets.entry(set.to_owned()).or_default();
        // A pod may be in several slices (address families, port sets): what serves it anywhere counts.
        pods.entry(pod)
            .and_modify(|known| {
                known.state = known.state.max(reach.state);
                known.by_name |= reach.by_name;
            })
            .or_insert(reach);
    }
    let owned = |(pod, reach): (&str, Reach)| (pod.to_owned(), reach);
    sets.into_iter().map(|(set, pods)| (set, pods.into_iter().map(owned).collect())).collect()
}

fn reach(endpoint: &Endpoint) -> Reach {
    let state = if endpoint.is_ready() {
        ReachState::Ready
    } else if endpoint.conditions.terminating == Some(true) {
        ReachState::Terminating
    } else {
        ReachState::Withheld
    };
    Reach { state, by_name: endpoint.hostname.is_some() }
}
