//! One pass of the StatefulSet controller over the pods that exist, as `stateful_set_control.go` of Kubernetes 1.37
//! makes it, stopped where the controller would stop: that is what it is doing or waiting for.

use super::{Blocked, MAX_NAMED, Obstacle, Order, Outlook, Reason, Since, ready_so_next};
use crate::board::{End, Found, Incarnation, Lane, Unwatched};
use crate::facts::{Phase, PodManagement, StatefulSet, UpdateStrategy};
use crate::{Ordinal, Stage};

/// Pod names and the names of revisions are label values too, and those end at 63 characters.
const MAX_LABEL_VALUE: usize = 63;

/// What the controller finds when it looks.
pub struct Situation<'a> {
    /// The StatefulSet.
    pub set: &'a StatefulSet,
    /// Its pods, by ordinal.
    pub members: Vec<Member<'a>>,
    /// Who controls the pod of this name; `None` when there is no such pod.
    pub holder: &'a dyn Fn(&str) -> Option<Option<String>>,
    /// The history of its identities, by ordinal.
    pub lanes: &'a [Lane],
    /// When its pods were not watched.
    pub unwatched: &'a [Unwatched],
}

/// One of its pods.
#[derive(Clone, Copy)]
pub struct Member<'a> {
    /// Its identity.
    pub ordinal: Ordinal,
    /// The pod.
    pub pod: &'a Incarnation,
}

impl Member<'_> {
    fn is_terminating(&self) -> bool {
        self.pod.stage() == Stage::Terminating
    }

    fn is_ended(&self) -> bool {
        matches!(self.pod.phase, Phase::Failed | Phase::Succeeded)
    }

    fn status(&self) -> String {
        self.pod.columns.status.clone()
    }

    /// Since when the pod is not Ready: its last loss of readiness, or its beginning.
    fn not_ready_since(&self) -> Since {
        let spans = &self.pod.spans;
        match spans.iter().rposition(|span| span.stage == Stage::Ready) {
            Some(ready) if ready + 1 < spans.len() => Since::Arrival(spans[ready + 1].from),
            _ => self.beginning(),
        }
    }

    fn stage_since(&self) -> Since {
        match (self.pod.found, self.pod.spans.len()) {
            (Found::Listed, 0 | 1) => match (self.pod.stage(), self.pod.deleting, self.pod.ready_since) {
                (Stage::Terminating, Some(asked), _) => Since::Api(asked),
                (Stage::Ready, _, Some(ready)) => Since::Api(ready),
                _ => self.beginning(),
            },
            _ => Since::Arrival(self.pod.spans.last().map_or(self.pod.first_seen, |span| span.from)),
        }
    }

    fn beginning(&self) -> Since {
        match (self.pod.found, self.pod.created) {
            (Found::Listed, Some(created)) => Since::Api(created),
            _ => Since::Arrival(self.pod.first_seen),
        }
    }
}

/// Explains what the controller of `situation` does or waits for.
pub fn explain(situation: &Situation<'_>) -> Order {
    let Situation { set, .. } = situation;
    if set.deleting.is_some() {
        return order(Reason::Deleting { pods: count(&situation.members) }, set.deleting.map(Since::Api));
    }
    let pass = match set.policy {
        PodManagement::OrderedReady => situation.walk_replicas().or_else(|| situation.remove_condemned()),
        PodManagement::Parallel => situation.burst(),
    };
    let Order { reason, since } = pass.or_else(|| situation.update()).unwrap_or_else(|| situation.at_rest());
    Order { reason, since: since.map(|since| situation.as_known(since)) }
}

fn order(reason: Reason, since: Option<Since>) -> Order {
    Order { reason, since }
}

fn count<T>(items: &[T]) -> u32 {
    u32::try_from(items.len()).unwrap_or(u32::MAX)
}

impl<'a> Situation<'a> {
    fn wants(&self, ordinal: Ordinal) -> bool {
        let (start, end) = self.range();
        (start..end).contains(&u64::from(ordinal.0))
    }

    fn range(&self) -> (u64, u64) {
        let start = u64::from(self.set.start.0);
        (start, start + u64::from(self.set.replicas))
    }

    fn member(&self, ordinal: Ordinal) -> Option<&Member<'a>> {
        let at = self.members.binary_search_by_key(&ordinal, |member| member.ordinal).ok()?;
        Some(&self.members[at])
    }

    fn replicas(&self) -> impl DoubleEndedIterator<Item = &Member<'a>> {
        self.members.iter().filter(|member| self.wants(member.ordinal))
    }

    /// Pods that are not wanted any more, the highest ordinal first: the order in which they go.
    fn condemned(&self) -> impl DoubleEndedIterator<Item = &Member<'a>> {
        self.members.iter().rev().filter(|member| !self.wants(member.ordinal))
    }

    /// The lowest ordinal that is wanted and has no pod. Found by walking the pods, so that it costs nothing to ask for
    /// a million replicas.
    fn first_missing(&self) -> Option<Ordinal> {
        let (start, end) = self.range();
        let mut next = start;
        for member in self.replicas() {
            if u64::from(member.ordinal.0) != next {
                break;
            }
            next += 1;
        }
        (next < end).then(|| u32::try_from(next).ok().map(Ordinal)).flatten()
    }

    fn update_revision(&self) -> &str {
        &self.set.counts.update_revision
    }

    fn is_outdated(&self, member: &Member<'_>) -> bool {
        let newest = self.update_revision();
        !newest.is_empty() && member.pod.revision.as_deref() != Some(newest)
    }

    /// The first ordinal that a rolling update may touch; `None` for other strategies.
    fn update_from(&self) -> Option<u64> {
        match self.set.strategy {
            UpdateStrategy::RollingUpdate { partition, .. } => {
                Some(u64::from(self.set.start.0).saturating_add(u64::from(partition)))
            }
            UpdateStrategy::OnDelete | UpdateStrategy::Other(_) => None,
        }
    }

    fn must_update(&self, member: &Member<'_>) -> bool {
        self.is_outdated(member) && self.update_from().is_some_and(|from| u64::from(member.ordinal.0) >= from)
    }

    /// The walk over the replicas from the lowest ordinal up (`processReplica`): it ends at the first one that is not
    /// there, going, not Running and Ready, or not available.
    fn walk_replicas(&self) -> Option<Order> {
        let missing = self.first_missing();
        let stop = self.replicas().find(|member| !member.pod.is_running_and_ready() || member.is_terminating());
        let unavailable = self.not_yet_available().into_iter().min_by_key(|member| member.ordinal);
        let stop = [stop, unavailable].into_iter().flatten().min_by_key(|member| member.ordinal);
        match (stop, missing) {
            (Some(stop), Some(missing)) if missing < stop.ordinal => Some(self.create(missing)),
            (Some(stop), _) => Some(self.wait_for(stop)),
            (None, Some(missing)) => Some(self.create(missing)),
            (None, None) => None,
        }
    }

    /// The replicas that are Ready but not yet available. Availability passes with time and Berth's fold has no clock, so
    /// the controller's own count decides how many there are; they are the latest to have become Ready. The controller
    /// counts pods that have to go as well.
    fn not_yet_available(&self) -> Vec<&Member<'a>> {
        if self.set.min_ready_seconds == 0 {
            return Vec::new();
        }
        let mut ready: Vec<_> = self.members.iter().filter(|member| member.pod.is_running_and_ready()).collect();
        let available = self.set.counts.available as usize;
        ready.sort_by_key(|member| member.pod.ready_since);
        ready.into_iter().skip(available).filter(|member| self.wants(member.ordinal)).collect()
    }

    /// A time that was learnt after a break is one at the latest.
    fn as_known(&self, since: Since) -> Since {
        match since {
            Since::Arrival(at) if self.unwatched.iter().any(|stretch| stretch.has_learnt(at)) => Since::AtLatest(at),
            since => since,
        }
    }

    fn create(&self, ordinal: Ordinal) -> Order {
        match self.obstacle(ordinal) {
            Some(obstacle) => order(Reason::CannotCreate { ordinal, obstacle }, None),
            None => order(Reason::CreatesNext { ordinal }, self.free_since(ordinal)),
        }
    }

    /// What the API server would refuse a missing pod for.
    fn obstacle(&self, ordinal: Ordinal) -> Option<Obstacle> {
        let too_long =
            |name: &str| (name.len() > MAX_LABEL_VALUE).then(|| u32::try_from(name.len()).unwrap_or(u32::MAX));
        if let Some(length) = too_long(&self.set.key.pod_name(ordinal)) {
            return Some(Obstacle::NameTooLong { length });
        }
        if let Some(length) = too_long(self.update_revision()) {
            return Some(Obstacle::RevisionTooLong { length });
        }
        (self.holder)(&self.set.key.pod_name(ordinal)).map(|owner| Obstacle::NameTaken { owner })
    }

    /// Since when nothing stands in the way of a missing pod: its last pod is gone and its predecessor is Ready.
    fn free_since(&self, ordinal: Ordinal) -> Option<Since> {
        let lane = self.lanes.iter().find(|lane| lane.ordinal == ordinal);
        let gone = lane.and_then(|lane| lane.incarnations.last()?.ended).map(|end| Since::Arrival(end.latest()));
        let ready = self.predecessor(ordinal).map(Member::stage_since);
        gone.into_iter().chain(ready).max_by_key(|since| since.at()).or(self.set.created.map(Since::Api))
    }

    fn predecessor(&self, ordinal: Ordinal) -> Option<&Member<'a>> {
        self.member(Ordinal(ordinal.0.checked_sub(1)?))
    }

    fn wait_for(&self, member: &Member<'a>) -> Order {
        let Member { ordinal, .. } = *member;
        if member.is_terminating() {
            let reason = Reason::WaitsForTermination { ordinal, blocks: self.blocked_by(ordinal) };
            return order(reason, Some(member.stage_since()));
        }
        if member.is_ended() {
            return order(Reason::ReplacesEnded { ordinal, status: member.status() }, Some(member.stage_since()));
        }
        if member.pod.is_running_and_ready() {
            let min_ready_seconds = self.set.min_ready_seconds;
            let reason = Reason::WaitsForAvailable { ordinal, min_ready_seconds, blocks: self.blocked_by(ordinal) };
            return order(reason, Some(member.stage_since()));
        }
        let since = Some(member.not_ready_since());
        let stage = member.pod.stage();
        if self.must_update(member) {
            let stuck = Reason::RolloutStuck {
                ordinal,
                pod: self.set.key.pod_name(ordinal),
                stage,
                status: member.status(),
                revision: member.pod.revision.clone().unwrap_or_default(),
                update_revision: self.update_revision().to_owned(),
                outlook: if stage == Stage::Failing { Outlook::Hopeless } else { Outlook::IfReady },
            };
            return order(stuck, since);
        }
        let new = member.pod.spans.iter().all(|span| span.stage != Stage::Ready);
        let before = self.predecessor(ordinal).filter(|_| new);
        let after = before.and_then(|before| ready_so_next(before.pod, member.pod, before.ordinal));
        let blocks = self.blocked_by(ordinal);
        order(Reason::WaitsForReady { ordinal, stage, status: member.status(), after, blocks }, since)
    }

    /// What the controller would do next if it had not to wait at `ordinal`.
    fn blocked_by(&self, ordinal: Ordinal) -> Option<Blocked> {
        let going = self.replicas().find(|member| member.ordinal > ordinal && member.is_terminating());
        let comes = self.first_missing().into_iter().chain(going.map(|member| member.ordinal)).min();
        if let Some(comes) = comes {
            return Some(Blocked::Creation(comes));
        }
        if let Some(condemned) = self.condemned().find(|member| !member.is_terminating()) {
            return Some(Blocked::Removal(condemned.ordinal));
        }
        let outdated = self.replicas().rev().find(|member| member.ordinal != ordinal && self.must_update(member));
        outdated.map(|member| Blocked::Update(member.ordinal))
    }

    /// The removal of what is not wanted (`processCondemned`): the highest ordinal first, one at a time; a pod that is
    /// not Ready goes only when it is the first unhealthy one.
    fn remove_condemned(&self) -> Option<Order> {
        let target = self.condemned().next()?;
        let left = u32::try_from(self.condemned().count()).unwrap_or(u32::MAX);
        let unhealthy = |member: &&Member<'_>| !member.pod.is_running_and_ready() || member.is_terminating();
        let first_unhealthy = self.condemned().rev().find(unhealthy);
        match first_unhealthy {
            Some(first)
                if !target.is_terminating()
                    && !target.pod.is_running_and_ready()
                    && first.ordinal != target.ordinal =>
            {
                let reason = Reason::ScaleDownWaits {
                    ordinal: target.ordinal,
                    waits_for: first.ordinal,
                    stage: first.pod.stage(),
                    status: first.status(),
                };
                Some(order(reason, Some(first.not_ready_since())))
            }
            _ => {
                let since = target.is_terminating().then(|| target.stage_since());
                Some(order(Reason::ScalesDown { ordinal: target.ordinal, left }, since))
            }
        }
    }

    /// `Parallel`: everything that is missing or not wanted comes and goes at once. A pod that is only not Ready is waited
    /// for by nobody, unless there are pods to update.
    fn burst(&self) -> Option<Order> {
        let present = u32::try_from(self.replicas().count()).unwrap_or(u32::MAX);
        let missing = self.set.replicas.saturating_sub(present);
        let cannot = self.first_missing().map(|ordinal| self.create(ordinal));
        if let Some(order @ Order { reason: Reason::CannotCreate { .. }, .. }) = cannot {
            return Some(order);
        }
        let scales = missing > 0
            || self.condemned().next().is_some()
            || self.replicas().any(|member| member.is_ended() && !member.is_terminating());
        if !scales && self.to_update().next().is_some() {
            return None;
        }
        let (mut starting, mut failing, mut terminating) = (0, 0, 0);
        for member in &self.members {
            match member.pod.stage() {
                Stage::Terminating => terminating += 1,
                Stage::Failing | Stage::Completed => failing += 1,
                Stage::Pending | Stage::Creating | Stage::Starting => starting += 1,
                Stage::Ready if !self.wants(member.ordinal) => terminating += 1,
                Stage::Ready => {}
            }
        }
        let busy = missing > 0 || starting > 0 || failing > 0 || terminating > 0;
        busy.then(|| {
            let latest = self.members.iter().filter(|member| member.pod.stage() != Stage::Ready);
            let since = latest.map(Member::stage_since).max_by_key(|since| since.at());
            order(Reason::Parallel { missing, starting, failing, terminating }, since)
        })
    }

    /// The pods that a rolling update has still to delete, in its order: from the highest ordinal down.
    fn to_update(&self) -> impl Iterator<Item = &Member<'a>> {
        self.replicas().rev().filter(|member| self.must_update(member) && !member.is_terminating())
    }

    /// The rolling update: from the highest ordinal down to the partition, within `maxUnavailable`. Pods that are not
    /// available anyway go first, as that makes nothing worse.
    fn update(&self) -> Option<Order> {
        let from = self.update_from()?;
        let UpdateStrategy::RollingUpdate { max_unavailable, .. } = self.set.strategy else { return None };
        let not_yet_available = self.not_yet_available();
        let is_available = |member: &Member<'_>| {
            member.pod.is_running_and_ready()
                && !member.is_terminating()
                && not_yet_available.iter().all(|not_yet| not_yet.ordinal != member.ordinal)
        };
        let first = self.to_update().next()?;
        let broken = self.to_update().find(|member| !is_available(member));
        let unavailable: Vec<_> = self.replicas().filter(|member| !is_available(member)).collect();
        match (broken, unavailable.first()) {
            (None, Some(waits_for)) if count(&unavailable) >= max_unavailable.of(self.set.replicas) => {
                let reason = Reason::UpdateWaits {
                    ordinal: first.ordinal,
                    waits_for: waits_for.ordinal,
                    stage: waits_for.pod.stage(),
                    status: waits_for.status(),
                };
                let ready = waits_for.pod.is_running_and_ready();
                Some(order(reason, Some(if ready { waits_for.stage_since() } else { waits_for.not_ready_since() })))
            }
            _ => {
                let reach = self.replicas().filter(|member| u64::from(member.ordinal.0) >= from);
                let (updated, total) = reach.fold((0, 0), |(updated, total), member| {
                    (updated + u32::from(!self.is_outdated(member)), total + 1)
                });
                let ordinal = broken.unwrap_or(first).ordinal;
                Some(order(Reason::Updates { ordinal, updated, total }, None))
            }
        }
    }

    /// Nothing to do: settled, or held back by what was asked for.
    fn at_rest(&self) -> Order {
        let since = self.members.iter().map(Member::stage_since).max_by_key(|since| since.at());
        let outdated: Vec<Ordinal> =
            self.replicas().filter(|member| self.is_outdated(member)).map(|member| member.ordinal).collect();
        let observed = self.set.counts.observed_generation;
        if observed < self.set.generation {
            return order(Reason::NotObserved { generation: self.set.generation, observed }, None);
        }
        if self.set.replicas == 0 && self.members.is_empty() {
            let gone = self.lanes.iter().filter_map(|lane| lane.incarnations.last()?.ended).map(End::latest);
            return order(Reason::ScaledToZero, gone.max().map(Since::Arrival));
        }
        match (outdated.is_empty(), self.update_from()) {
            (true, _) => order(Reason::Settled { pods: count(&self.members) }, since),
            (false, Some(from)) => {
                let from = Ordinal(u32::try_from(from).unwrap_or(u32::MAX));
                order(Reason::PartitionHolds { from, held: count(&outdated) }, since)
            }
            (false, None) => {
                let total = count(&outdated);
                let ordinals = outdated.into_iter().take(MAX_NAMED).collect();
                order(Reason::WaitsForDelete { ordinals, total }, since)
            }
        }
    }
}
