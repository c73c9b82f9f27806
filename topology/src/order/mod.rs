//! What a StatefulSet's controller is doing, or waiting for: the reason as a type, so that every language can say it.

mod explain;
mod sequence;

use serde::{Deserialize, Serialize};

pub use explain::{Member, Situation, explain};
pub use sequence::{Step, StepKind, asked_to_go, ready_so_next, steps};

use crate::facts::Kind;
use crate::{Ordinal, Stage, Timestamp};

/// What the controller does or waits for, and since when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Order {
    /// What.
    pub reason: Reason,
    /// Since when, where the objects tell.
    pub since: Option<Since>,
}

/// A beginning, with the clock that it was read from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum Since {
    /// The API server's or kubelet's clock (whole seconds).
    Api(Timestamp),
    /// Berth's clock, when it saw it.
    Arrival(Timestamp),
    /// Berth's clock, when it learnt of it after a break: it began then or before.
    AtLatest(Timestamp),
}

impl Since {
    /// The point in time.
    pub const fn at(self) -> Timestamp {
        match self {
            Self::Api(at) | Self::Arrival(at) | Self::AtLatest(at) => at,
        }
    }
}

/// What a controller does or waits for: where one pass of the StatefulSet controller stops. See [`explain`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum Reason {
    /// The StatefulSet object is not there (not seen, or gone).
    NoController {
        /// Pods that still name it as their owner.
        pods: u32,
    },
    /// It is being deleted: its pods go by garbage collection, in no order.
    Deleting {
        /// Pods that are left.
        pods: u32,
    },
    /// Nothing to do: all wanted pods exist, are Ready and of the newest revision.
    Settled {
        /// How many pods.
        pods: u32,
    },
    /// `replicas: 0`, and no pod is left.
    ScaledToZero,
    /// The controller has not yet looked at the newest spec.
    NotObserved {
        /// The generation of the spec.
        generation: i64,
        /// The one that the controller has seen.
        observed: i64,
    },
    /// A pod is missing and comes next.
    CreatesNext {
        /// Which.
        ordinal: Ordinal,
    },
    /// A missing pod cannot be created.
    CannotCreate {
        /// Which.
        ordinal: Ordinal,
        /// Why.
        obstacle: Obstacle,
    },
    /// A pod is not Ready yet, and the controller waits for it.
    WaitsForReady {
        /// Which.
        ordinal: Ordinal,
        /// Its stage.
        stage: Stage,
        /// kubectl's STATUS for it.
        status: String,
        /// The predecessor whose readiness let it be created, where both were seen.
        after: Option<Predecessor>,
        /// What cannot happen before.
        blocks: Option<Blocked>,
    },
    /// A pod is Ready, but not for `minReadySeconds` yet.
    WaitsForAvailable {
        /// Which.
        ordinal: Ordinal,
        /// For how long it must be Ready, in seconds.
        min_ready_seconds: u32,
        /// What cannot happen before.
        blocks: Option<Blocked>,
    },
    /// A pod is going; its successor can only come when its name is free.
    WaitsForTermination {
        /// Which.
        ordinal: Ordinal,
        /// What cannot happen before.
        blocks: Option<Blocked>,
    },
    /// A pod ended (Failed or Succeeded): the controller deletes it and makes a new one.
    ReplacesEnded {
        /// Which.
        ordinal: Ordinal,
        /// kubectl's STATUS for it.
        status: String,
    },
    /// A pod beyond the wanted ones is being removed, the highest ordinal first.
    ScalesDown {
        /// Which.
        ordinal: Ordinal,
        /// How many have to go in all, this one included.
        left: u32,
    },
    /// A pod beyond the wanted ones would be removed, but another pod is not available.
    ScaleDownWaits {
        /// The pod to remove.
        ordinal: Ordinal,
        /// The pod that is waited for.
        waits_for: Ordinal,
        /// Its stage.
        stage: Stage,
        /// kubectl's STATUS for it.
        status: String,
    },
    /// A rolling update replaces a pod, from the highest ordinal down.
    Updates {
        /// Which.
        ordinal: Ordinal,
        /// How many have the new revision.
        updated: u32,
        /// How many shall have it.
        total: u32,
    },
    /// A rolling update waits: as many pods are unavailable as may be.
    UpdateWaits {
        /// The pod that is replaced next.
        ordinal: Ordinal,
        /// A pod that is unavailable.
        waits_for: Ordinal,
        /// Its stage.
        stage: Stage,
        /// kubectl's STATUS for it.
        status: String,
    },
    /// The rollout cannot go on by itself: a pod of another revision than the newest is not Ready and is not replaced,
    /// because the ordered walk ends at it. Mending the template does not help; deleting the pod does
    /// (kubernetes/kubernetes#67250).
    RolloutStuck {
        /// Which.
        ordinal: Ordinal,
        /// The pod to delete.
        pod: String,
        /// Its stage.
        stage: Stage,
        /// kubectl's STATUS for it.
        status: String,
        /// Its revision.
        revision: String,
        /// The newest revision.
        update_revision: String,
        /// Whether the pod may still become Ready by itself.
        outlook: Outlook,
    },
    /// Everything that may be updated is; the partition holds the rest back.
    PartitionHolds {
        /// The first ordinal that is updated.
        from: Ordinal,
        /// How many pods keep the old revision.
        held: u32,
    },
    /// `OnDelete`: pods of an old revision wait for somebody to delete them.
    WaitsForDelete {
        /// Which, at most [`MAX_NAMED`] of them.
        ordinals: Vec<Ordinal>,
        /// How many in all.
        total: u32,
    },
    /// `Parallel`: several pods come or go at once.
    Parallel {
        /// Wanted pods that do not exist.
        missing: u32,
        /// Pods that are not Ready yet.
        starting: u32,
        /// Pods that fail.
        failing: u32,
        /// Pods that are going.
        terminating: u32,
    },
    /// Without objects of this kind nothing can be said: their first list is not in, or Berth may not see them.
    NotKnown {
        /// Which kind.
        kind: Kind,
    },
}

/// What is to be expected of a pod that holds a rollout up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum Outlook {
    /// It fails: as long as it does, only its deletion helps.
    Hopeless,
    /// It is still pending or starting: should it become Ready by itself, the rollout goes on; only then.
    IfReady,
}

/// How many ordinals a reason names at most.
pub const MAX_NAMED: usize = 8;

/// Why a pod cannot be created.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum Obstacle {
    /// Its name would be longer than the 63 characters of a label value.
    NameTooLong {
        /// How long it would be.
        length: u32,
    },
    /// A pod of that name exists that is not the StatefulSet's.
    NameTaken {
        /// Who controls that pod; `None` when nobody does.
        owner: Option<String>,
    },
    /// The name of its revision is longer than the 63 characters of a label value, which it becomes too.
    RevisionTooLong {
        /// How long it is.
        length: u32,
    },
}

/// The pod before, whose readiness let the next one start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Predecessor {
    /// Which.
    pub ordinal: Ordinal,
    /// When it became Ready (arrival time).
    pub ready: Timestamp,
    /// When the next pod was created (arrival time).
    pub created: Timestamp,
}

/// What cannot happen before a condition is met.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum Blocked {
    /// The creation of this pod.
    Creation(Ordinal),
    /// The removal of this pod.
    Removal(Ordinal),
    /// The update of this pod.
    Update(Ordinal),
}
