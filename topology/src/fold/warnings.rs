//! What is wrong with the names and addresses of a StatefulSet's pods.

use super::Batch;
use super::facts_store::FactsStore;
use crate::board::{Board, Change, LongName, MAX_WARNINGS, Pods, ReachState, ServiceView, Warning};
use crate::facts::{Kind, Pod, Service, ServiceKind, StatefulSet};
use crate::{Ordinal, SetKey, Timestamp};

/// The longest label (RFC 1035 §2.3.4), which is also the longest value of a Kubernetes label.
const MAX_LABEL: usize = 63;

impl Batch<'_> {
    /// Looks anew at what is wrong.
    pub(super) fn warn(&mut self, key: &SetKey) {
        let topology = &*self.topology;
        let Some(board) = topology.boards.get(key) else { return };
        let mut now = topology
            .facts
            .set(key)
            .map_or_else(Vec::new, |set| Look { facts: &topology.facts, board, set, at: self.at }.warnings());
        now.sort();
        now.dedup();
        now.truncate(MAX_WARNINGS);
        let gone = board.warnings.iter().filter(|was| now.binary_search(was).is_err());
        let mut steps: Vec<Change> = gone.map(|gone| Change::WarningGone(Box::new(gone.clone()))).collect();
        let new = now.into_iter().filter(|is| board.warnings.binary_search(is).is_err());
        steps.extend(new.map(|new| Change::Warned(Box::new(new))));
        for step in steps {
            self.step(key, step);
        }
    }

    /// A pod has an address that it had not before: whoever had it a moment ago is looked at.
    pub(super) fn addresses_taken(&mut self, before: Option<&Pod>, pod: &Pod) {
        let new =
            pod.ips.iter().filter(|ip| before.is_none_or(|before| before.uid != pod.uid || !before.ips.contains(ip)));
        let released = new.flat_map(|ip| self.topology.facts.released(*ip)).collect::<Vec<_>>();
        for (namespace, service) in released {
            self.touch_boards_of(&namespace, &service);
        }
    }

    /// Old answers that no client can hold any more are no danger.
    pub(super) fn expire(&mut self) {
        for (namespace, service) in self.topology.facts.expire(self.at) {
            self.touch_boards_of(&namespace, &service);
        }
    }

    fn touch_boards_of(&mut self, namespace: &str, service: &str) {
        let boards = self.topology.boards.range(SetKey::new(namespace, "")..);
        let of_namespace = boards.take_while(|(key, _)| key.namespace == namespace);
        let concerned = of_namespace.filter(|(_, board)| board.service(service).is_some());
        let keys: Vec<SetKey> = concerned.map(|(key, _)| key.clone()).collect();
        for key in keys {
            self.touch(&key);
        }
    }
}

/// One look at a StatefulSet.
struct Look<'a> {
    facts: &'a FactsStore,
    board: &'a Board,
    set: &'a StatefulSet,
    at: Timestamp,
}

impl Look<'_> {
    fn warnings(&self) -> Vec<Warning> {
        let mut warnings = Vec::new();
        if self.set.service_name.is_empty() {
            warnings.push(Warning::NoServiceName);
        }
        warnings.extend(self.long_names());
        let namespace = self.facts.namespace(&self.set.key.namespace);
        for view in &self.board.services {
            let service = namespace.and_then(|known| known.services.get(&view.name));
            match service {
                Some(service) if view.governs => self.governing(view, service, &mut warnings),
                Some(_) if view.selects || !view.reaches.is_empty() => warnings.push(Warning::OtherService {
                    service: view.name.clone(),
                    headless: view.is_headless(),
                    by_name: view.reaches.iter().any(|(_, reach)| reach.by_name),
                }),
                None if view.governs && self.sees(Kind::Service) => {
                    warnings.push(Warning::ServiceMissing { service: view.name.clone() });
                }
                Some(_) | None => {}
            }
            self.reused(view, &mut warnings);
            let unusable = view.slices.iter().filter_map(|slice| Some((slice, slice.unusable.as_ref()?)));
            warnings.extend(unusable.map(|(slice, (address, count))| Warning::UnusableAddress {
                service: view.name.clone(),
                slice: slice.name.clone(),
                address: address.clone(),
                count: *count,
            }));
        }
        warnings
    }

    /// The Service that `serviceName` names.
    fn governing(&self, view: &ServiceView, service: &Service, warnings: &mut Vec<Warning>) {
        let name = || view.name.clone();
        if !view.is_headless() {
            warnings.push(Warning::NotHeadless { service: name() });
        }
        if matches!(service.kind, ServiceKind::ExternalName(_)) {
            return;
        }
        let endpoints = view.slices.iter().flat_map(|slice| &slice.endpoints);
        let others = endpoints.filter_map(|endpoint| endpoint.pod.as_deref()).filter(|pod| !self.is_own(pod));
        let others = Pods::of(others);
        let (selector, labels) = (|| service.selector.clone(), || self.set.template_labels.clone());
        match (view.selects, view.reaches.is_empty(), others) {
            (true, _, Some(pods)) | (false, false, Some(pods)) => {
                warnings.push(Warning::ReachesOthers { service: name(), pods });
            }
            (false, true, Some(pods)) => {
                warnings.push(Warning::SelectsOthers { service: name(), selector: selector(), labels: labels(), pods });
            }
            (false, true, None) if self.sees(Kind::EndpointSlice) => {
                warnings.push(Warning::SelectsNobody { service: name(), selector: selector(), labels: labels() });
            }
            (_, _, None) => {}
        }
        if view.selects
            && let Some(pods) = self.not_selected(view, service)
        {
            warnings.push(Warning::NotSelected { service: name(), selector: selector(), pods });
        }
        let unnamed = view.ports.iter().filter(|port| port.name.is_empty());
        warnings.extend(unnamed.map(|port| Warning::UnnamedPort {
            service: name(),
            port: port.port,
            protocol: port.protocol,
        }));
        let in_state = |state| view.reaches.iter().filter(move |(_, reach)| reach.state == state).map(|(pod, _)| pod);
        if let Some(pods) = Pods::of(in_state(ReachState::Withheld).map(String::as_str)) {
            warnings.push(Warning::NotReadyWithheld { service: name(), pods });
        }
        if view.publishes_not_ready {
            let unready = in_state(ReachState::Ready).filter(|pod| self.is_unready(pod));
            if let Some(pods) = Pods::of(unready.map(String::as_str)) {
                warnings.push(Warning::NotReadyPublished { service: name(), pods });
            }
        }
    }

    /// Whether what there is of a kind is known, so that something can be said to be missing.
    fn sees(&self, kind: Kind) -> bool {
        !self.board.unseen.contains(&kind)
    }

    /// Names decide, as for whom a Service reaches.
    fn is_own(&self, pod: &str) -> bool {
        Ordinal::of_pod(pod, &self.set.key.name).is_some()
    }

    /// Whether the pod is there and not ready, or going.
    fn is_unready(&self, pod: &str) -> bool {
        let lane = Ordinal::of_pod(pod, &self.set.key.name).and_then(|ordinal| self.board.lane(ordinal));
        let current = lane.and_then(|lane| lane.current());
        current.is_some_and(|pod| !pod.is_running_and_ready() || pod.deleting.is_some())
    }

    /// The members that are not behind the Service because its selector misses them.
    fn not_selected(&self, view: &ServiceView, service: &Service) -> Option<Pods> {
        let pods = &self.facts.namespace(&self.set.key.namespace)?.pods;
        let reached = view.reaches.iter().filter_map(|(pod, _)| Ordinal::split(pod));
        let mut reached: Vec<Ordinal> = reached.map(|(_, ordinal)| ordinal).collect();
        reached.sort_unstable();
        let members = self.board.pods().map(|(ordinal, _)| ordinal);
        let others = members.filter(|ordinal| reached.binary_search(ordinal).is_err());
        let others = others.map(|ordinal| self.set.key.pod_name(ordinal));
        let missed = others.filter(|name| pods.get(name).is_some_and(|pod| !service.selects(&pod.labels)));
        let missed: Vec<String> = missed.collect();
        Pods::of(missed.iter().map(String::as_str))
    }

    fn long_names(&self) -> Vec<Warning> {
        let last = u64::from(self.set.start.0) + u64::from(self.set.replicas.max(1)) - 1;
        let pod = format!("{}-{last}", self.set.key.name);
        let revision = self.set.counts.update_revision.clone();
        [(pod, LongName::Pod), (revision, LongName::Revision)]
            .into_iter()
            .filter(|(name, _)| name.len() > MAX_LABEL)
            .map(|(name, of)| Warning::NameTooLong { name, of })
            .collect()
    }

    /// The names whose old address another pod has now, while a client may still hold the old answer.
    fn reused(&self, view: &ServiceView, warnings: &mut Vec<Warning>) {
        let directory = self.facts.directory();
        let namespace = &self.set.key.namespace;
        let now = directory.service(namespace, &view.name);
        // The latest ones are at the end.
        for former in view.former.iter().rev() {
            let until = directory.zone().keeps_until(former.stopped.latest());
            if until <= self.at {
                break;
            }
            let Some(label) = &former.label else { continue };
            if now.is_some_and(|now| now.serves(label, former.address)) {
                continue;
            }
            let own = |pod: &&str, of: &str| Some(*pod) == former.pod.as_deref() && of == namespace;
            let holders = directory.pods_at(former.address).iter().filter(|pod| !pod.shared);
            let mut others = holders.filter(|pod| !own(&pod.name.as_str(), &pod.namespace));
            if let Some(other) = others.next() {
                warnings.push(Warning::AddressReused {
                    service: view.name.clone(),
                    label: label.clone(),
                    address: former.address,
                    namespace: other.namespace.clone(),
                    pod: other.name.clone(),
                    stopped: former.stopped,
                    until,
                });
            }
        }
    }
}
