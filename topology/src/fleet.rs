//! The fleet: one summary per StatefulSet, and, for contrast, per Deployment.

use serde::{Deserialize, Serialize};

use crate::board::{Board, End, Weight};
use crate::crew::CrewSummary;
use crate::order::{Order, Reason};
use crate::{SetKey, Stage, Timestamp};

/// The summaries of all StatefulSets and Deployments. Lists that are kept in order: a page reads them with less code than
/// maps.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Fleet {
    /// The StatefulSets, sorted by namespace and name.
    pub sets: Vec<(SetKey, Summary)>,
    /// The Deployments, likewise.
    pub deployments: Vec<(SetKey, CrewSummary)>,
}

impl Fleet {
    /// Takes one step.
    pub fn apply(&mut self, change: &FleetChange) {
        match change {
            FleetChange::Changed { set, summary } => put(&mut self.sets, set, Some(summary)),
            FleetChange::Forgotten(set) => put(&mut self.sets, set, None),
            FleetChange::Deployment { deployment, summary } => put(&mut self.deployments, deployment, Some(summary)),
            FleetChange::DeploymentForgotten(deployment) => put(&mut self.deployments, deployment, None),
        }
    }

    /// What is shown of a StatefulSet.
    pub fn set(&self, set: &SetKey) -> Option<&Summary> {
        Some(&self.sets[place(&self.sets, set).ok()?].1)
    }

    /// What is shown of a Deployment.
    pub fn deployment(&self, deployment: &SetKey) -> Option<&CrewSummary> {
        Some(&self.deployments[place(&self.deployments, deployment).ok()?].1)
    }
}

fn place<T>(all: &[(SetKey, T)], key: &SetKey) -> Result<usize, usize> {
    all.binary_search_by(|(known, _)| known.cmp(key))
}

/// Puts a summary in its place, or takes it away.
fn put<T: Clone>(all: &mut Vec<(SetKey, T)>, key: &SetKey, summary: Option<&T>) {
    match (place(all, key), summary) {
        (Ok(at), Some(summary)) => all[at].1 = summary.clone(),
        (Err(at), Some(summary)) => all.insert(at, (key.clone(), summary.clone())),
        (Ok(at), None) => drop(all.remove(at)),
        (Err(_), None) => {}
    }
}

/// One step of the fleet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum FleetChange {
    /// A StatefulSet came or changed.
    Changed {
        /// Which.
        set: SetKey,
        /// What it is now.
        summary: Summary,
    },
    /// A StatefulSet is no longer kept.
    Forgotten(SetKey),
    /// A Deployment came or changed.
    Deployment {
        /// Which.
        deployment: SetKey,
        /// What it is now.
        summary: CrewSummary,
    },
    /// A Deployment is no longer kept.
    DeploymentForgotten(SetKey),
}

/// What the rail shows of one StatefulSet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Summary {
    /// Whether the StatefulSet object exists.
    pub exists: bool,
    /// How many pods are wanted.
    pub replicas: u32,
    /// How many are Ready.
    pub ready: u32,
    /// The Service that it names.
    pub service_name: String,
    /// Its pods in order, equal neighbours taken together.
    pub dots: Vec<Dots>,
    /// How urgently somebody should look.
    pub attention: Attention,
    /// How many warnings there are about names and addresses that do not work.
    pub warnings: u32,
    /// When a pod of it came, went or got into another stage last (arrival time), as far as that is kept.
    pub changed: Option<Timestamp>,
    /// What the controller does or waits for, unless all is settled.
    pub why: Option<Order>,
}

/// Neighbouring pods in the same stage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Dots {
    /// Their stage; `None` for wanted pods that do not exist.
    pub stage: Option<Stage>,
    /// How many.
    pub count: u32,
}

/// How urgently somebody should look at a StatefulSet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum Attention {
    /// All is as it was asked for.
    Settled,
    /// The controller works on it.
    Busy,
    /// It will not go on by itself, or a pod fails.
    Stuck,
}

impl Summary {
    /// The summary of a board.
    pub fn of(board: &Board) -> Self {
        let spec = board.controller.spec();
        let mut dots: Vec<Dots> = Vec::new();
        let mut push = |stage: Option<Stage>, count: u32| match dots.last_mut() {
            _ if count == 0 => {}
            Some(last) if last.stage == stage => last.count += count,
            _ => dots.push(Dots { stage, count }),
        };
        let mut next = spec.map_or(0, |spec| spec.start.0);
        let end = spec.map_or(0, |spec| spec.start.0.saturating_add(spec.replicas));
        for (ordinal, pod) in board.pods() {
            push(None, ordinal.0.min(end).saturating_sub(next));
            push(Some(pod.stage()), 1);
            next = next.max(ordinal.0.saturating_add(1));
        }
        push(None, end.saturating_sub(next));
        let attention = Attention::of(board);
        let broken = board.warnings.iter().filter(|warning| warning.weight() == Weight::Broken);
        Self {
            exists: spec.is_some(),
            replicas: spec.map_or(0, |spec| spec.replicas),
            ready: u32::try_from(board.ready()).unwrap_or(u32::MAX),
            service_name: spec.map_or_else(String::new, |spec| spec.service_name.clone()),
            dots,
            attention,
            warnings: u32::try_from(broken.count()).unwrap_or(u32::MAX),
            changed: changed(board),
            why: (attention != Attention::Settled).then(|| board.order.clone()),
        }
    }

    /// How many wanted pods are not Ready.
    pub fn missing(&self) -> u32 {
        self.replicas.saturating_sub(self.ready)
    }
}

fn changed(board: &Board) -> Option<Timestamp> {
    let newest = board.lanes.iter().filter_map(|lane| lane.incarnations.last());
    newest.filter_map(|pod| pod.ended.map(End::latest).or_else(|| pod.spans.last().map(|span| span.from))).max()
}

impl Attention {
    fn of(board: &Board) -> Self {
        let failing = board.pods().any(|(_, pod)| pod.stage() == Stage::Failing);
        match &board.order.reason {
            Reason::RolloutStuck { .. } | Reason::CannotCreate { .. } => Self::Stuck,
            _ if failing => Self::Stuck,
            Reason::Settled { .. }
            | Reason::ScaledToZero
            | Reason::PartitionHolds { .. }
            | Reason::NoController { pods: 0 } => Self::Settled,
            _ => Self::Busy,
        }
    }
}
