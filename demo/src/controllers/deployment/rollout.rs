//! Moving pods from the old ReplicaSets to the new one.

use k8s_openapi::api::apps::v1::{Deployment, ReplicaSet};

use super::replica_sets::{self, available, desired, is_rolling, replicas, surge, unavailable, wanted};
use super::status;
use crate::controllers::{Recorder, reference};
use crate::failure::Failure;
use crate::kinds::Typed;
use crate::registry::{Client, DeleteOptions};
use crate::store::Key;

/// A Deployment with its ReplicaSets, on the way.
pub(super) struct Rollout<'a> {
    client: &'a Client,
    recorder: &'a mut Recorder,
    deployment: Deployment,
    /// The ReplicaSet with the Deployment's template.
    new: Option<ReplicaSet>,
    /// The others, oldest first.
    old: Vec<ReplicaSet>,
    /// Whether the status says more than counts: how the rollout goes.
    progress: bool,
}

/// What a rollout came to, for the status.
pub(super) struct Outcome {
    pub(super) deployment: Deployment,
    pub(super) new: Option<ReplicaSet>,
    pub(super) old: Vec<ReplicaSet>,
    pub(super) progress: bool,
}

/// The ReplicaSet that changed, by its place.
#[derive(Clone, Copy)]
enum Which {
    New,
    Old(usize),
}

impl<'a> Rollout<'a> {
    pub(super) fn new(
        client: &'a Client,
        recorder: &'a mut Recorder,
        deployment: Deployment,
        mut sets: Vec<ReplicaSet>,
    ) -> Self {
        sets.sort_by_key(|set| (set.metadata.creation_timestamp.clone(), set.metadata.name.clone()));
        let at = sets.iter().position(|set| replica_sets::has_template(set, &deployment));
        let new = at.map(|at| sets.remove(at));
        Self { client, recorder, deployment, new, old: sets, progress: false }
    }

    pub(super) fn finish(self) -> Outcome {
        let Self { deployment, new, old, progress, .. } = self;
        Outcome { deployment, new, old, progress }
    }

    /// Makes the next steps. `pods_run` says whether any pod of any ReplicaSet is there still.
    ///
    /// # Errors
    /// When a step failed.
    pub(super) fn run(&mut self, pods_run: bool) -> Result<(), Failure> {
        let deleting = self.deployment.metadata.deletion_timestamp.is_some();
        if deleting {
            return Ok(());
        }
        let paused = self.deployment.spec.paused == Some(true);
        let rescaled = self.active().any(|set| desired(set).is_some_and(|it| it != wanted(&self.deployment)));
        if paused || rescaled {
            self.sync_revision(false)?;
            self.scale()?;
            return if paused { self.clean_up() } else { Ok(()) };
        }
        self.progress = true;
        if is_rolling(&self.deployment) { self.roll() } else { self.recreate(pods_run) }
    }

    fn all(&self) -> impl Iterator<Item = &ReplicaSet> {
        self.old.iter().chain(&self.new)
    }

    /// The ReplicaSets that want pods.
    fn active(&self) -> impl Iterator<Item = &ReplicaSet> {
        self.all().filter(|set| replicas(set) > 0)
    }

    /// Finds the ReplicaSet of the template, or makes it.
    fn sync_revision(&mut self, create: bool) -> Result<(), Failure> {
        let number = self.old.iter().map(replica_sets::revision).max().unwrap_or(0) + 1;
        if let Some(mut set) = self.new.clone() {
            let news = replica_sets::note_revision(&mut set, &self.deployment, number)
                | (set.spec.min_ready_seconds.unwrap_or(0) != self.deployment.spec.min_ready_seconds.unwrap_or(0));
            if news {
                set.spec.min_ready_seconds = self.deployment.spec.min_ready_seconds;
                self.new = Some(self.client.update(&set)?);
            }
            let number = self.new.as_ref().map_or(0, replica_sets::revision);
            return status::found(self.client, &mut self.deployment, &set, number);
        }
        if !create {
            return Ok(());
        }
        let count = self.new_size(0);
        let set = replica_sets::new(&self.deployment, number, count);
        match self.client.create(&set) {
            Ok(created) => {
                if count > 0 {
                    let message = format!("Scaled up replica set {} from 0 to {count}", created.name());
                    self.recorder.normal(reference(&self.deployment), "ScalingReplicaSet", message);
                }
                status::created(self.client, &mut self.deployment, &created, number)?;
                self.new = Some(created);
                Ok(())
            }
            Err(failure) if failure.is_already_exists() => {
                status::collided(self.client, &mut self.deployment)?;
                Err(failure)
            }
            Err(failure) => {
                let message = format!("Failed to create new replica set {:?}: {failure}", set.name());
                self.recorder.warning(reference(&self.deployment), "ReplicaSetCreateError", message.clone());
                status::not_created(self.client, &mut self.deployment, &message)?;
                Err(failure)
            }
        }
    }

    /// How many pods the new ReplicaSet may have now, which has so many.
    fn new_size(&self, has: i32) -> i32 {
        let total = wanted(&self.deployment);
        if !is_rolling(&self.deployment) {
            return total;
        }
        let all: i32 = self.all().map(replicas).sum();
        let most = total.saturating_add(surge(&self.deployment));
        if all >= most { has } else { has + (most - all).min(total - has) }
    }

    fn roll(&mut self) -> Result<(), Failure> {
        self.sync_revision(true)?;
        let total = wanted(&self.deployment);
        let has = self.new.as_ref().map_or(0, replicas);
        let size = if has > total { total } else { self.new_size(has) };
        if has != total && self.scale_to(Which::New, size)? {
            return Ok(());
        }
        if self.scale_old_down()? {
            return Ok(());
        }
        if status::is_complete(&self.deployment) { self.clean_up() } else { Ok(()) }
    }

    fn scale_old_down(&mut self) -> Result<bool, Failure> {
        let old: i32 = self.old.iter().map(replicas).sum();
        if old == 0 {
            return Ok(false);
        }
        let all: i32 = self.all().map(replicas).sum();
        let least = wanted(&self.deployment) - unavailable(&self.deployment);
        let new_missing = self.new.as_ref().map_or(0, |set| replicas(set) - available(set));
        let most = all - least - new_missing;
        if most <= 0 {
            return Ok(false);
        }
        let mut scaled = false;
        // What serves nobody goes first.
        let mut done = 0;
        for at in 0..self.old.len() {
            let set = &self.old[at];
            let broken = replicas(set) - available(set);
            let count = broken.min(most - done);
            if count > 0 {
                let size = replicas(set) - count;
                scaled |= self.scale_to(Which::Old(at), size)?;
                done += count;
            }
        }
        let mut spare = self.all().map(available).sum::<i32>() - least;
        for at in 0..self.old.len() {
            let count = replicas(&self.old[at]).min(spare);
            if count > 0 {
                let size = replicas(&self.old[at]) - count;
                scaled |= self.scale_to(Which::Old(at), size)?;
                spare -= count;
            }
        }
        Ok(scaled)
    }

    fn recreate(&mut self, pods_run: bool) -> Result<(), Failure> {
        self.sync_revision(false)?;
        let mut scaled = false;
        for at in 0..self.old.len() {
            scaled |= self.scale_to(Which::Old(at), 0)?;
        }
        let running: i32 = self.old.iter().filter_map(|set| Some(set.status.as_ref()?.replicas)).sum();
        // Pods of the new one do not count, but then it exists.
        if scaled || running > 0 || (self.new.is_none() && pods_run) {
            return Ok(());
        }
        if self.new.is_none() {
            self.sync_revision(true)?;
        }
        self.scale_to(Which::New, wanted(&self.deployment))?;
        if status::is_complete(&self.deployment) { self.clean_up() } else { Ok(()) }
    }

    /// Another number of replicas was asked for: every ReplicaSet gets its part of the difference.
    fn scale(&mut self) -> Result<(), Failure> {
        let total = wanted(&self.deployment);
        let places: Vec<Which> =
            (0..self.old.len()).map(Which::Old).chain(self.new.as_ref().map(|_| Which::New)).collect();
        let active: Vec<Which> =
            places.iter().copied().filter(|which| self.at(*which).is_some_and(|it| replicas(it) > 0)).collect();
        let latest = self.new.as_ref().map(|_| Which::New).or_else(|| self.old.len().checked_sub(1).map(Which::Old));
        let only = match active[..] {
            [] => latest,
            [only] => Some(only),
            _ => None,
        };
        if active.len() < 2 {
            return match only {
                Some(which) => self.scale_to(which, total).map(drop),
                None => Ok(()),
            };
        }
        let saturated = self
            .new
            .as_ref()
            .is_some_and(|set| replicas(set) == total && desired(set) == Some(total) && available(set) == total);
        if saturated {
            for at in 0..self.old.len() {
                self.scale_to(Which::Old(at), 0)?;
            }
            return Ok(());
        }
        if !is_rolling(&self.deployment) {
            return Ok(());
        }
        self.scale_in_proportion(active)
    }

    fn scale_in_proportion(&mut self, mut active: Vec<Which>) -> Result<(), Failure> {
        let total = wanted(&self.deployment);
        let allowed = if total > 0 { total.saturating_add(surge(&self.deployment)) } else { 0 };
        let size = |this: &Self, which: Which| this.at(which).map_or(0, replicas);
        let has: i32 = active.iter().map(|which| size(self, *which)).sum();
        let difference = allowed - has;
        active.sort_by_key(|which| std::cmp::Reverse(size(self, *which)));
        let mut left = difference;
        let mut sizes: Vec<i32> = Vec::new();
        for which in &active {
            let Some(set) = self.at(*which) else { continue };
            let part = self.proportion(set, allowed);
            // No more than is left, and in the same direction.
            let part = if difference > 0 { part.clamp(0, left.max(0)) } else { part.clamp(left.min(0), 0) };
            left -= part;
            sizes.push(replicas(set) + part);
        }
        if let Some(first) = sizes.first_mut() {
            *first = (*first + left).max(0);
        }
        for (which, size) in active.into_iter().zip(sizes) {
            self.rescale(which, size, true)?;
        }
        Ok(())
    }

    /// How many more (or fewer) replicas a ReplicaSet should have, by how many it has of all.
    fn proportion(&self, set: &ReplicaSet, allowed: i32) -> i32 {
        if wanted(&self.deployment) == 0 {
            return -replicas(set);
        }
        let before = replica_sets::max_before(set)
            .filter(|before| *before > 0)
            .or_else(|| self.deployment.status.as_ref().and_then(|status| status.replicas))
            .unwrap_or(0);
        if before == 0 {
            return 0;
        }
        let (has, allowed, before) = (i64::from(replicas(set)), i64::from(allowed), i64::from(before));
        let rounded = (2 * has * allowed + before).div_euclid(2 * before);
        i32::try_from(rounded - has).unwrap_or(0)
    }

    fn at(&self, which: Which) -> Option<&ReplicaSet> {
        match which {
            Which::New => self.new.as_ref(),
            Which::Old(at) => self.old.get(at),
        }
    }

    fn scale_to(&mut self, which: Which, size: i32) -> Result<bool, Failure> {
        self.rescale(which, size, false)
    }

    /// Gives a ReplicaSet another size; tells whether it had one.
    fn rescale(&mut self, which: Which, size: i32, note_anyway: bool) -> Result<bool, Failure> {
        let Some(mut set) = self.at(which).cloned() else { return Ok(false) };
        let has = replicas(&set);
        if has == size && !note_anyway {
            return Ok(false);
        }
        let news = replica_sets::note_replicas(&mut set, &self.deployment);
        if has == size && !news {
            return Ok(false);
        }
        set.spec.replicas = Some(size);
        let set = self.client.update(&set)?;
        if has != size {
            let direction = if has < size { "up" } else { "down" };
            let message = format!("Scaled {direction} replica set {} from {has} to {size}", set.name());
            self.recorder.normal(reference(&self.deployment), "ScalingReplicaSet", message);
        }
        match which {
            Which::New => self.new = Some(set),
            Which::Old(at) => self.old[at] = set,
        }
        Ok(has != size)
    }

    /// Deletes the oldest ReplicaSets without pods, but for as many as the Deployment keeps.
    fn clean_up(&mut self) -> Result<(), Failure> {
        let Ok(kept) = usize::try_from(self.deployment.spec.revision_history_limit.unwrap_or(10)) else {
            return Ok(());
        };
        let mut old: Vec<&ReplicaSet> =
            self.old.iter().filter(|set| set.metadata.deletion_timestamp.is_none()).collect();
        old.sort_by_key(|set| replica_sets::revision(set));
        for set in old.iter().take(old.len().saturating_sub(kept)) {
            let status = set.status.clone().unwrap_or_default();
            let seen = status.observed_generation.unwrap_or(0) >= set.metadata.generation.unwrap_or(0);
            if status.replicas != 0 || replicas(set) != 0 || !seen {
                continue;
            }
            match self.client.delete::<ReplicaSet>(&Key::of(*set), &DeleteOptions::of(set.uid())) {
                Err(failure) if !failure.is_not_found() => return Err(failure),
                _ => {}
            }
        }
        Ok(())
    }
}
