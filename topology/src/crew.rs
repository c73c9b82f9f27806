//! The crew: the pods of a Deployment, for contrast. None of them has a berth: each has a name of its own, which its
//! ReplicaSet made up, and which never returns.
//!
//! [`Crew::apply`] is the only way in which a crew changes, on the server and in the browser alike.

use serde::{Deserialize, Serialize};

use crate::board::{End, Incarnation, MAX_UNWATCHED, PodChange, Unwatched};
use crate::facts::Deployment;
use crate::fleet::Dots;
use crate::{SetKey, Stage, Timestamp, Uid};

/// How many pods that are gone a crew remembers; those that ended first go first.
pub const MAX_GONE: usize = 32;

/// Everything about one Deployment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Crew {
    /// Its namespace and name.
    pub deployment: SetKey,
    /// What was asked for; `None` when the Deployment object is not there (not seen, or gone).
    pub wanted: Option<Wanted>,
    /// Its pods while Berth watched, in the order in which they were seen.
    pub hands: Vec<Hand>,
    /// The number that the next pod gets.
    pub next: u32,
    /// When pods were not watched, oldest first.
    pub unwatched: Vec<Unwatched>,
}

/// What a Deployment asks for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Wanted {
    /// The Deployment's UID.
    pub uid: Uid,
    /// When the API server stored it first (API time).
    pub created: Option<Timestamp>,
    /// How many pods are wanted.
    pub replicas: u32,
}

impl From<&Deployment> for Wanted {
    fn from(deployment: &Deployment) -> Self {
        Self { uid: deployment.uid.clone(), created: deployment.created, replicas: deployment.replicas }
    }
}

/// A pod of a Deployment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Hand {
    /// Which of the crew, counted from 0 in the order in which they were seen.
    pub number: u32,
    /// The pod's name.
    pub name: String,
    /// The pod.
    pub pod: Incarnation,
}

/// One step of a crew.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum CrewChange {
    /// The crew as a whole: it is new.
    Appeared(Box<Crew>),
    /// The crew is no longer kept: nothing of the Deployment is left, and its history was the oldest.
    Forgotten,
    /// The Deployment object came, changed or (`None`) went.
    Wanted(Option<Wanted>),
    /// A pod came.
    Came(Box<Hand>),
    /// A pod changed.
    Pod {
        /// Which.
        number: u32,
        /// What changed, in order.
        changes: Vec<PodChange>,
    },
    /// A pod is gone.
    Ended {
        /// Which.
        number: u32,
        /// When.
        end: End,
    },
    /// The pods are watched again.
    Unwatched(Unwatched),
}

impl Crew {
    /// A crew of which nobody was seen yet.
    pub fn new(deployment: SetKey) -> Self {
        Self { deployment, wanted: None, hands: Vec::new(), next: 0, unwatched: Vec::new() }
    }

    /// Takes one step. A change that does not fit the crew leaves it as it is. `None` is the crew of a Deployment that
    /// nothing is known of.
    pub fn apply(crew: &mut Option<Box<Self>>, change: &CrewChange) {
        match (change, crew.as_deref_mut()) {
            (CrewChange::Appeared(new), _) => *crew = Some(new.clone()),
            (CrewChange::Forgotten, _) => *crew = None,
            (change, Some(crew)) => crew.step(change),
            (_, None) => {}
        }
    }

    fn step(&mut self, change: &CrewChange) {
        match change {
            CrewChange::Appeared(_) | CrewChange::Forgotten => {}
            CrewChange::Wanted(wanted) => self.wanted.clone_from(wanted),
            CrewChange::Came(hand) => {
                self.next = hand.number.saturating_add(1);
                self.hands.push(hand.as_ref().clone());
            }
            CrewChange::Pod { number, changes } => {
                if let Some(hand) = self.hand_mut(*number) {
                    for change in changes {
                        hand.pod.apply(change);
                    }
                }
            }
            CrewChange::Ended { number, end } => {
                if let Some(hand) = self.hand_mut(*number) {
                    hand.pod.ended = Some(*end);
                }
                self.trim();
            }
            CrewChange::Unwatched(stretch) => {
                if self.unwatched.len() >= MAX_UNWATCHED {
                    self.unwatched.remove(0);
                }
                self.unwatched.push(*stretch);
            }
        }
    }

    /// The pod of that number.
    pub fn hand(&self, number: u32) -> Option<&Hand> {
        let at = self.hands.binary_search_by_key(&number, |hand| hand.number).ok()?;
        Some(&self.hands[at])
    }

    fn hand_mut(&mut self, number: u32) -> Option<&mut Hand> {
        let at = self.hands.binary_search_by_key(&number, |hand| hand.number).ok()?;
        Some(&mut self.hands[at])
    }

    /// The pods that exist now.
    pub fn pods(&self) -> impl DoubleEndedIterator<Item = &Hand> {
        self.hands.iter().filter(|hand| hand.pod.ended.is_none())
    }

    /// When something of the Deployment was certainly still there.
    pub(crate) fn last_sign_of_life(&self) -> Timestamp {
        self.hands.iter().filter_map(|hand| hand.pod.ended).map(End::latest).max().unwrap_or_default()
    }

    fn trim(&mut self) {
        let gone = self.hands.iter().filter(|hand| hand.pod.ended.is_some()).count();
        if gone > MAX_GONE {
            let ended = |(at, hand): (usize, &Hand)| Some((hand.pod.ended?.latest(), at));
            if let Some((_, at)) = self.hands.iter().enumerate().filter_map(ended).min() {
                self.hands.remove(at);
            }
        }
    }
}

/// What the rail shows of one Deployment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct CrewSummary {
    /// Whether the Deployment object exists.
    pub exists: bool,
    /// How many pods are wanted.
    pub replicas: u32,
    /// How many are Ready.
    pub ready: u32,
    /// Its pods in the order in which they were seen, equal neighbours taken together; then those that are missing.
    pub dots: Vec<Dots>,
}

impl CrewSummary {
    /// The summary of a crew.
    pub fn of(crew: &Crew) -> Self {
        let count = |pods: usize| u32::try_from(pods).unwrap_or(u32::MAX);
        let of_stage = |stage: Stage| crew.pods().filter(move |hand| hand.pod.stage() == stage).count();
        let replicas = crew.wanted.as_ref().map_or(0, |wanted| wanted.replicas);
        // Its ReplicaSet does not wait for those that are going.
        let staying = count(crew.pods().count() - of_stage(Stage::Terminating));
        let missing = Dots { stage: None, count: replicas.saturating_sub(staying) };
        let mut dots: Vec<Dots> = Vec::new();
        for dot in crew.pods().map(|hand| Dots { stage: Some(hand.pod.stage()), count: 1 }).chain([missing]) {
            match dots.last_mut() {
                _ if dot.count == 0 => {}
                Some(last) if last.stage == dot.stage => last.count += dot.count,
                _ => dots.push(dot),
            }
        }
        Self { exists: crew.wanted.is_some(), replicas, ready: count(of_stage(Stage::Ready)), dots }
    }
}
