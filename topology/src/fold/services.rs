//! Services and EndpointSlices to views: which Services have to do with a StatefulSet, and whom they reach.

use std::cmp::Ordering;
use std::collections::BTreeSet;
use std::sync::Arc;

use super::Batch;
use super::facts_store::{Namespace, ServiceChange};
use crate::board::{Change, EndpointView, Former, Reach, ServiceView, SliceView};
use crate::facts::StatefulSet;
use crate::{Ordinal, SetKey};

impl Batch<'_> {
    /// A Service or one of its slices changed: every board that it has to do with is told.
    pub(super) fn service_changed(&mut self, namespace: &str, change: &ServiceChange) {
        let first = SetKey::new(namespace, "");
        let slices = self.slices_of(namespace, &change.service);
        let reaches = Reaches::of(&slices);
        let boards: Vec<SetKey> = self
            .topology
            .boards
            .range(first..)
            .map(|(key, _)| key)
            .take_while(|key| key.namespace == namespace)
            .cloned()
            .collect();
        for key in boards {
            self.relate_service(&key, &change.service, reaches.of_set(&key.name), &change.former);
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
            let slices = self.slices_of(&key.namespace, &service);
            self.relate_service(key, &service, Reaches::of(&slices).of_set(&key.name), &[]);
        }
    }

    fn relate_service(&mut self, key: &SetKey, service: &str, reaches: Vec<(String, Reach)>, former: &[Former]) {
        let facts = &self.topology.facts;
        let view = facts
            .namespace(&key.namespace)
            .and_then(|namespace| view(namespace, namespace.sets.get(&key.name), service, reaches));
        let Some(board) = self.topology.boards.get(key) else { return };
        let steps = match (board.service(service), view) {
            (None, None) => return,
            (None, Some(view)) => {
                let former = facts.former(&key.namespace, service).to_vec();
                vec![Change::Service(ServiceView { former, ..view })]
            }
            (Some(_), None) => vec![Change::ServiceGone(service.to_owned())],
            (Some(known), Some(view)) => changes(known, view, former),
        };
        self.touch(key); // A warning may tell what the board itself does not show.
        for step in steps {
            self.step(key, step);
        }
        self.share_slices(key, service);
    }

    /// Lets a board hold the same slices as everybody else, which are equal by now: a Service that many StatefulSets
    /// have to do with is held once.
    fn share_slices(&mut self, key: &SetKey, service: &str) {
        let Some(namespace) = self.topology.facts.namespace(&key.namespace) else { return };
        let known = self.topology.boards.get_mut(key).and_then(|board| board.service_mut(service));
        for (slice, shared) in known.into_iter().flat_map(|known| &mut known.slices).zip(namespace.slices_of(service)) {
            debug_assert_eq!(slice, shared, "the changes of {service} lead to what is");
            if !Arc::ptr_eq(slice, shared) && slice == shared {
                *slice = Arc::clone(shared);
            }
        }
    }

    fn slices_of(&self, namespace: &str, service: &str) -> Vec<Arc<SliceView>> {
        let namespace = self.topology.facts.namespace(namespace);
        namespace.map_or_else(Vec::new, |namespace| namespace.slices_of(service).cloned().collect())
    }
}

/// The steps from what a board knows of a Service to what is.
fn changes(known: &ServiceView, view: ServiceView, former: &[Former]) -> Vec<Change> {
    let service = known.name.clone();
    let mut changes = reach_changes(known, &view);
    changes.extend(slice_changes(known, &view));
    changes.extend(former.iter().map(|former| Change::Former { service: service.clone(), former: former.clone() }));
    let same = known.kind == view.kind
        && known.governs == view.governs
        && known.selects == view.selects
        && known.publishes_not_ready == view.publishes_not_ready
        && known.ports == view.ports;
    if !same {
        let bare =
            ServiceView { reaches: Vec::new(), slices: Vec::new(), former: Vec::new(), observed: Vec::new(), ..view };
        changes.insert(0, Change::Service(bare));
    }
    changes
}

fn slice_changes(known: &ServiceView, view: &ServiceView) -> Vec<Change> {
    let service = || known.name.clone();
    let mut changes = Vec::new();
    for pair in pairs(&known.slices, &view.slices, |slice| slice.name.as_str()) {
        match pair {
            (Some(gone), None) => changes.push(Change::SliceGone { service: service(), slice: gone.name.clone() }),
            (Some(was), Some(is)) if Arc::ptr_eq(was, is) || was == is => {}
            (Some(was), Some(is)) if was.ports == is.ports && was.unusable == is.unusable => {
                let (gone, come): (Vec<EndpointView>, Vec<EndpointView>) = was.changes_to(is);
                changes.push(Change::Endpoints { service: service(), slice: is.name.clone(), gone, come });
            }
            (_, Some(new)) => changes.push(Change::Slice { service: service(), slice: Arc::clone(new) }),
            (None, None) => {}
        }
    }
    changes
}

fn reach_changes(known: &ServiceView, view: &ServiceView) -> Vec<Change> {
    let change =
        |pod: &str, reach: Option<Reach>| Change::Reach { service: known.name.clone(), pod: pod.to_owned(), reach };
    let pairs = pairs(&known.reaches, &view.reaches, |(pod, _)| pod.as_str());
    let changed = pairs.into_iter().filter_map(|pair| match pair {
        (Some((pod, was)), Some((_, is))) => (was != is).then(|| change(pod, Some(*is))),
        (Some((pod, _)), None) => Some(change(pod, None)),
        (None, Some((pod, is))) => Some(change(pod, Some(*is))),
        (None, None) => None,
    });
    changed.collect()
}

/// The items of two sorted lists, those of the same name side by side.
fn pairs<'a, T>(one: &'a [T], other: &'a [T], name: impl Fn(&T) -> &str) -> Vec<(Option<&'a T>, Option<&'a T>)> {
    let (mut one, mut other) = (one.iter().peekable(), other.iter().peekable());
    let mut pairs = Vec::new();
    loop {
        let order = match (one.peek(), other.peek()) {
            (None, None) => return pairs,
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (Some(this), Some(that)) => name(this).cmp(name(that)),
        };
        pairs.push(match order {
            Ordering::Less => (one.next(), None),
            Ordering::Greater => (None, other.next()),
            Ordering::Equal => (one.next(), other.next()),
        });
    }
}

/// A Service as a StatefulSet sees it; `None` when they have nothing to do with each other.
fn view(
    namespace: &Namespace,
    set: Option<&StatefulSet>,
    name: &str,
    reaches: Vec<(String, Reach)>,
) -> Option<ServiceView> {
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
        slices: namespace.slices_of(name).cloned().collect(),
        former: Vec::new(),
        observed: Vec::new(),
    })
}

/// Whom the slices of a Service reach.
struct Reaches<'a> {
    /// The StatefulSet and the pod, sorted, each pod once.
    pods: Vec<(&'a str, &'a str, Reach)>,
}

impl<'a> Reaches<'a> {
    /// Names decide who belongs to which StatefulSet, not pods, because slices may be seen before the pods are.
    fn of(slices: &'a [Arc<SliceView>]) -> Self {
        let reach = |endpoint: &'a EndpointView| {
            let pod = endpoint.pod.as_deref()?;
            let (set, _) = Ordinal::split(pod)?;
            Some((set, pod, Reach { state: endpoint.state, by_name: endpoint.hostname.is_some() }))
        };
        let mut pods: Vec<_> = slices.iter().flat_map(|slice| &slice.endpoints).filter_map(reach).collect();
        pods.sort_by(|(set, pod, _), (other_set, other, _)| set.cmp(other_set).then_with(|| pod.cmp(other)));
        // A pod may be in several slices (address families, port sets): what serves it anywhere counts.
        pods.dedup_by(|(_, pod, reach), (_, kept, known)| {
            let same = pod == kept;
            if same {
                known.state = known.state.max(reach.state);
                known.by_name |= reach.by_name;
            }
            same
        });
        Self { pods }
    }

    /// Those of a StatefulSet, sorted by name.
    fn of_set(&self, set: &str) -> Vec<(String, Reach)> {
        let from = self.pods.partition_point(|(of, ..)| *of < set);
        let own = self.pods[from..].iter().take_while(|(of, ..)| *of == set);
        own.map(|(_, pod, reach)| ((*pod).to_owned(), *reach)).collect()
    }
}
