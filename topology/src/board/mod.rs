//! The board: everything that Berth shows about one StatefulSet, and the changes that move it along.
//!
//! [`Board::apply`] is the only way in which a board changes, on the server and in the browser alike. So a board and
//! the changes since then always make the board of now.

mod former;
mod lane;
mod questions;
mod reach;
mod service;
mod unwatched;
mod warning;

use std::sync::Arc;

pub(crate) use former::remember;
pub use former::{Former, MAX_FORMER, MAX_FORMER_OF_NAME};
pub use lane::{End, Found, Incarnation, Lane, MAX_INCARNATIONS, MAX_SPANS, PodChange, Span};
pub use questions::MAX_QUESTIONS;
pub use reach::{Reach, ReachState, Stranger, StrangerReason};
use serde::{Deserialize, Serialize};
pub use service::{EndpointView, FormerRecord, MAX_OBSERVED, ServiceView, SliceView};
pub use unwatched::{MAX_UNWATCHED, Unwatched};
pub use warning::{LongName, MAX_WARNINGS, Pods, Warning, Weight};

use crate::dns::observed::Observed;
use crate::facts::{Counts, Kind, PodManagement, StatefulSet, UpdateStrategy};
use crate::order::Order;
use crate::{Ordinal, SetKey, Stage, Timestamp, Uid};

/// How many lanes without a pod are kept for their history; the ones that ended first go first.
pub const MAX_ENDED_LANES: usize = 1_000;
/// How many strangers are listed, the first by name.
pub const MAX_STRANGERS: usize = 64;

/// Everything about one StatefulSet.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Board {
    /// Which.
    pub set: SetKey,
    /// The StatefulSet object itself.
    pub controller: Controller,
    /// What its controller counted.
    pub counts: Counts,
    /// What its controller is doing or waiting for.
    pub order: Order,
    /// The Services that reach its pods or that it names, sorted by name.
    pub services: Vec<ServiceView>,
    /// Its identities that had a pod while Berth watched, sorted by ordinal.
    pub lanes: Vec<Lane>,
    /// Pods that are not its members though a name or a label suggests it, sorted by name.
    pub strangers: Vec<Stranger>,
    /// What is wrong with its names and addresses, sorted.
    pub warnings: Vec<Warning>,
    /// Kinds of which nothing is known in its namespace: their first list is not in, or Berth may not see them. That
    /// there are none of them must not be concluded.
    pub unseen: Vec<Kind>,
    /// When its pods were not watched, oldest first.
    pub unwatched: Vec<Unwatched>,
}

/// The StatefulSet object.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum Controller {
    /// It exists.
    Present(Spec),
    /// Pods name it as their owner, but it was not seen (yet).
    NotSeen,
    /// It is gone.
    Gone {
        /// When that was seen, or at the latest.
        at: Timestamp,
    },
}

impl Controller {
    /// What was asked for, where the object exists.
    pub fn spec(&self) -> Option<&Spec> {
        match self {
            Self::Present(spec) => Some(spec),
            Self::NotSeen | Self::Gone { .. } => None,
        }
    }
}

/// What a StatefulSet asks for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Spec {
    /// Its UID.
    pub uid: Uid,
    /// When the API server stored it first (API time).
    pub created: Option<Timestamp>,
    /// When its deletion was asked for, while it is going (API time).
    pub deleting: Option<Timestamp>,
    /// Counts changes of the spec.
    pub generation: i64,
    /// How many pods are wanted.
    pub replicas: u32,
    /// The first ordinal.
    pub start: Ordinal,
    /// Whether pods come and go one by one.
    pub policy: PodManagement,
    /// The Service that its pods' names are under.
    pub service_name: String,
    /// How changed templates are rolled out.
    pub strategy: UpdateStrategy,
    /// How long a pod must be Ready to count as available, in seconds.
    pub min_ready_seconds: u32,
    /// The names of its claim templates.
    pub claims: Vec<String>,
}

impl Spec {
    /// Whether the controller wants a pod with this ordinal.
    pub fn wants(&self, ordinal: Ordinal) -> bool {
        ordinal >= self.start && u64::from(ordinal.0) < self.end()
    }

    /// The ordinals that are wanted: from `start` on, `replicas` of them.
    pub fn ordinals(&self) -> impl DoubleEndedIterator<Item = Ordinal> + use<> {
        let end = u32::try_from(self.end()).unwrap_or(u32::MAX);
        (self.start.0..end).map(Ordinal)
    }

    fn end(&self) -> u64 {
        u64::from(self.start.0) + u64::from(self.replicas)
    }
}

impl From<&StatefulSet> for Spec {
    fn from(set: &StatefulSet) -> Self {
        Self {
            uid: set.uid.clone(),
            created: set.created,
            deleting: set.deleting,
            generation: set.generation,
            replicas: set.replicas,
            start: set.start,
            policy: set.policy,
            service_name: set.service_name.clone(),
            strategy: set.strategy.clone(),
            min_ready_seconds: set.min_ready_seconds,
            claims: set.claims.clone(),
        }
    }
}

/// One step of a board.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum Change {
    /// The board as a whole: it is new.
    Appeared(Box<Board>),
    /// The board is no longer kept: nothing of the StatefulSet is left, and its history was the oldest.
    Forgotten,
    /// The StatefulSet object came, changed or went.
    Controller(Controller),
    /// Its controller counted anew.
    Counts(Counts),
    /// Its controller does or waits for something else.
    Order(Order),
    /// A Service came or changed. Whom it reaches, its slices and what it answered before stay as they were, unless the
    /// Service is new here. What the cluster's DNS said of names that changed, here and in the next ones, is of before:
    /// it is known no more.
    Service(ServiceView),
    /// A Service has nothing to do with the StatefulSet any more.
    ServiceGone(String),
    /// A Service reaches a pod in another way than before, or (`None`) no longer.
    Reach {
        /// The Service's name.
        service: String,
        /// The pod's name.
        pod: String,
        /// How it is reached now.
        reach: Option<Reach>,
    },
    /// A pod took the identity.
    Started {
        /// The identity.
        ordinal: Ordinal,
        /// The pod.
        incarnation: Box<Incarnation>,
    },
    /// The pod that holds the identity changed.
    Pod {
        /// The identity.
        ordinal: Ordinal,
        /// What changed, in order.
        changes: Vec<PodChange>,
    },
    /// The pod that held the identity is gone.
    Ended {
        /// The identity.
        ordinal: Ordinal,
        /// When.
        end: End,
    },
    /// A pod that is not a member came or changed.
    Stranger(Stranger),
    /// It went, or became a member.
    StrangerGone(String),
    /// A slice of a Service came, or changed as a whole.
    Slice {
        /// The Service's name.
        service: String,
        /// The slice.
        slice: Arc<SliceView>,
    },
    /// A slice of a Service is gone.
    SliceGone {
        /// The Service's name.
        service: String,
        /// The slice's name.
        slice: String,
    },
    /// Endpoints of a slice went, came or changed.
    Endpoints {
        /// The Service's name.
        service: String,
        /// The slice's name.
        slice: String,
        /// Those that are gone, or were different.
        gone: Vec<EndpointView>,
        /// Those that have come, or are different now.
        come: Vec<EndpointView>,
    },
    /// A name of a Service stopped to answer with an address.
    Former {
        /// The Service's name.
        service: String,
        /// The name, the address and when.
        former: Former,
    },
    /// Something is wrong with its names or addresses.
    Warned(Box<Warning>),
    /// It is not any more.
    WarningGone(Box<Warning>),
    /// The pod that held the identity last, and had been released, is a member again.
    Resumed(Ordinal),
    /// Of other kinds than before nothing is known.
    Unseen(Vec<Kind>),
    /// The pods are watched again.
    Unwatched(Unwatched),
    /// The cluster's DNS was asked, and says something new, or is asked no longer.
    Observed {
        /// The Service's name.
        service: String,
        /// All that is known of the question.
        observed: Box<Observed>,
    },
}

impl Board {
    /// Takes one step. A change that does not fit the board (a delta applied to another board than it was made for)
    /// leaves it as it is. `None` is the board of a StatefulSet that nothing is known of.
    pub fn apply(board: &mut Option<Box<Self>>, change: &Change) {
        match (change, board.as_deref_mut()) {
            (Change::Appeared(new), _) => *board = Some(new.clone()),
            (Change::Forgotten, _) => *board = None,
            (change, Some(board)) => board.step(change),
            (_, None) => {}
        }
    }

    #[allow(clippy::too_many_lines, reason = "one arm for each change")]
    fn step(&mut self, change: &Change) {
        match change {
            Change::Appeared(_) | Change::Forgotten => {}
            Change::Controller(controller) => self.controller = controller.clone(),
            Change::Counts(counts) => self.counts = counts.clone(),
            Change::Order(order) => self.order = order.clone(),
            Change::Service(service) => match self.services.binary_search_by(|known| known.name.cmp(&service.name)) {
                Ok(at) => {
                    let known = &mut self.services[at];
                    let reaches = std::mem::take(&mut known.reaches);
                    let (slices, former) = (std::mem::take(&mut known.slices), std::mem::take(&mut known.former));
                    let observed = std::mem::take(&mut known.observed);
                    *known = ServiceView { reaches, slices, former, observed, ..service.clone() };
                    known.doubt_all();
                }
                Err(at) => self.services.insert(at, service.clone()),
            },
            Change::ServiceGone(name) => self.services.retain(|service| service.name != *name),
            Change::Reach { service, pod, reach } => {
                if let Some(known) = self.service_mut(service) {
                    known.set_reach(pod, *reach);
                }
            }
            Change::Slice { service, slice } => {
                if let Some(known) = self.service_mut(service) {
                    known.set_slice(&slice.name, Some(slice));
                }
            }
            Change::SliceGone { service, slice } => {
                if let Some(known) = self.service_mut(service) {
                    known.set_slice(slice, None);
                }
            }
            Change::Endpoints { service, slice, gone, come } => {
                if let Some(known) = self.service_mut(service) {
                    known.change_endpoints(slice, gone, come);
                }
            }
            Change::Former { service, former } => {
                if let Some(known) = self.service_mut(service) {
                    remember(&mut known.former, former);
                }
            }
            Change::Observed { service, observed } => {
                if let Some(known) = self.service_mut(service) {
                    known.observe(observed);
                }
            }
            Change::Started { ordinal, incarnation } => {
                let at = match self.lanes.binary_search_by_key(ordinal, |lane| lane.ordinal) {
                    Ok(at) => at,
                    Err(at) => {
                        self.lanes.insert(at, Lane::new(*ordinal));
                        at
                    }
                };
                self.lanes[at].start(incarnation);
                self.trim_lanes();
            }
            Change::Pod { ordinal, changes } => {
                if let Some(incarnation) = self.lane_mut(*ordinal).and_then(Lane::current_mut) {
                    for change in changes {
                        incarnation.apply(change);
                    }
                }
            }
            Change::Ended { ordinal, end } => {
                if let Some(incarnation) = self.lane_mut(*ordinal).and_then(Lane::current_mut) {
                    incarnation.ended = Some(*end);
                }
                self.trim_lanes();
            }
            Change::Stranger(stranger) => {
                match self.strangers.binary_search_by(|known| known.name.cmp(&stranger.name)) {
                    Ok(at) => self.strangers[at] = stranger.clone(),
                    Err(at) => self.strangers.insert(at, stranger.clone()),
                }
                self.strangers.truncate(MAX_STRANGERS);
            }
            Change::StrangerGone(name) => self.strangers.retain(|stranger| stranger.name != *name),
            Change::Warned(warning) => {
                if let Err(at) = self.warnings.binary_search(warning) {
                    self.warnings.insert(at, warning.as_ref().clone());
                }
            }
            Change::WarningGone(warning) => {
                if let Ok(at) = self.warnings.binary_search(warning) {
                    self.warnings.remove(at);
                }
            }
            Change::Resumed(ordinal) => {
                if let Some(lane) = self.lane_mut(*ordinal) {
                    lane.resume();
                }
            }
            Change::Unseen(kinds) => self.unseen.clone_from(kinds),
            Change::Unwatched(stretch) => {
                if self.unwatched.len() >= MAX_UNWATCHED {
                    self.unwatched.remove(0);
                }
                self.unwatched.push(*stretch);
            }
        }
    }

    /// The lane of an identity, if it had a pod.
    pub fn lane(&self, ordinal: Ordinal) -> Option<&Lane> {
        let at = self.lanes.binary_search_by_key(&ordinal, |lane| lane.ordinal).ok()?;
        Some(&self.lanes[at])
    }

    /// The Service of that name, if it has to do with the StatefulSet.
    pub fn service(&self, name: &str) -> Option<&ServiceView> {
        let at = self.services.binary_search_by(|known| known.name.as_str().cmp(name)).ok()?;
        Some(&self.services[at])
    }

    pub(crate) fn service_mut(&mut self, name: &str) -> Option<&mut ServiceView> {
        let at = self.services.binary_search_by(|known| known.name.as_str().cmp(name)).ok()?;
        Some(&mut self.services[at])
    }

    /// The pods that exist now, by ordinal.
    pub fn pods(&self) -> impl DoubleEndedIterator<Item = (Ordinal, &Incarnation)> {
        self.lanes.iter().filter_map(|lane| Some((lane.ordinal, lane.current()?)))
    }

    /// Its pods that exist now, by ordinal. Where the StatefulSet exists, those of an earlier one of its name are none.
    pub fn members(&self) -> impl DoubleEndedIterator<Item = (Ordinal, &Incarnation)> {
        let owner = self.controller.spec().map(|spec| &spec.uid);
        self.pods().filter(move |(_, pod)| owner.is_none_or(|owner| pod.owner == *owner))
    }

    /// How many of its pods are Ready now, as their own objects say.
    pub fn ready(&self) -> usize {
        self.members().filter(|(_, pod)| pod.stage() == Stage::Ready).count()
    }

    /// The stranger of that name.
    pub fn stranger(&self, name: &str) -> Option<&Stranger> {
        let at = self.strangers.binary_search_by(|known| known.name.as_str().cmp(name)).ok()?;
        Some(&self.strangers[at])
    }

    /// Whether a stranger of that name is among the [`MAX_STRANGERS`] that are listed, or would be.
    pub(crate) fn lists_stranger(&self, name: &str) -> bool {
        self.strangers.len() < MAX_STRANGERS || self.strangers.last().is_some_and(|last| name <= last.name.as_str())
    }

    /// When something of the StatefulSet was certainly still there.
    pub(crate) fn last_sign_of_life(&self) -> Timestamp {
        let gone = match self.controller {
            Controller::Gone { at } => Some(at),
            Controller::Present(_) | Controller::NotSeen => None,
        };
        let ends = self.lanes.iter().filter_map(|lane| lane.incarnations.last()?.ended).map(End::latest);
        ends.chain(gone).max().unwrap_or_default()
    }

    fn lane_mut(&mut self, ordinal: Ordinal) -> Option<&mut Lane> {
        let at = self.lanes.binary_search_by_key(&ordinal, |lane| lane.ordinal).ok()?;
        Some(&mut self.lanes[at])
    }

    fn trim_lanes(&mut self) {
        let ended = |lane: &Lane| lane.incarnations.last().and_then(|last| last.ended);
        let count = self.lanes.iter().filter(|lane| ended(lane).is_some()).count();
        if count > MAX_ENDED_LANES {
            let oldest = self
                .lanes
                .iter()
                .enumerate()
                .filter_map(|(at, lane)| Some((ended(lane)?.latest(), at)))
                .min()
                .map(|(_, at)| at);
            if let Some(at) = oldest {
                self.lanes.remove(at);
            }
        }
    }
}
