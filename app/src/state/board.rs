//! The StatefulSet that is shown: the board itself, moved along by the same code as on the server, and signals of its
//! parts.

use leptos::prelude::*;
use topology::board::{Board, Change, Controller, Lane, ServiceView, Stranger, Unwatched, Warning};
use topology::facts::{Counts, Kind};
use topology::order::Order;
use topology::{Ordinal, Revision, SetKey, Stage};

/// How many lanes there are at most. Pods that are not Ready come first, then the others, then wanted identities that
/// have none, then those of the past.
pub const MAX_LANES: usize = 1_000;

/// What is known of the StatefulSet that is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Presence {
    /// The server has not answered yet.
    Awaited,
    /// The server knows nothing of it.
    Unknown,
    /// There is a board.
    Known,
}

/// An identity and its lane.
pub type LaneRow = (Ordinal, ArcRwSignal<Lane>);

/// The StatefulSet that is shown.
#[derive(Clone, Copy)]
pub struct BoardStore {
    plain: StoredValue<Option<Box<Board>>>,
    /// Which.
    pub set: RwSignal<Option<SetKey>>,
    /// What is known of it.
    pub presence: RwSignal<Presence>,
    /// The StatefulSet object.
    pub controller: RwSignal<Controller>,
    /// What its controller counted.
    pub counts: RwSignal<Counts>,
    /// What its controller does or waits for.
    pub order: RwSignal<Option<Order>>,
    /// The Services that reach it.
    pub services: RwSignal<Vec<ServiceView>>,
    /// Pods that only look like its own.
    pub strangers: RwSignal<Vec<Stranger>>,
    /// What is wrong with its names and addresses.
    pub warnings: RwSignal<Vec<Warning>>,
    /// Kinds of which nothing is known in its namespace.
    pub unseen: RwSignal<Vec<Kind>>,
    /// When its pods were not watched.
    pub unwatched: RwSignal<Vec<Unwatched>>,
    /// Its identities, by ordinal: those with a history, and the wanted ones; at most [`MAX_LANES`].
    pub lanes: RwSignal<Vec<LaneRow>>,
    /// How many pods have no lane.
    pub left_out: RwSignal<usize>,
    /// The last revision that was applied; `None` until the first state came.
    pub revision: StoredValue<Option<Revision>>,
}

/// Which parts some changes touched.
enum Touched {
    All,
    Parts(Vec<Part>),
}

/// A part of a board that has signals of its own.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    Controller,
    Counts,
    Order,
    Services,
    Strangers,
    Warnings,
    Unseen,
    Unwatched,
    Lane(Ordinal),
}

impl Touched {
    fn by(changes: &[Change]) -> Self {
        changes.iter().map(touched).collect::<Option<_>>().map_or(Self::All, Self::Parts)
    }

    fn has(&self, part: Part) -> bool {
        match self {
            Self::All => true,
            Self::Parts(parts) => parts.contains(&part),
        }
    }

    fn has_lanes(&self) -> bool {
        match self {
            Self::All => true,
            Self::Parts(parts) => parts.iter().any(|part| matches!(part, Part::Lane(_) | Part::Controller)),
        }
    }
}

/// The part that a change touches; `None` for all of them.
fn touched(change: &Change) -> Option<Part> {
    Some(match change {
        Change::Appeared(_) | Change::Forgotten => return None,
        Change::Controller(_) => Part::Controller,
        Change::Counts(_) => Part::Counts,
        Change::Order(_) => Part::Order,
        Change::Service(_)
        | Change::ServiceGone(_)
        | Change::Reach { .. }
        | Change::Slice { .. }
        | Change::SliceGone { .. }
        | Change::Endpoints { .. }
        | Change::Former { .. }
        | Change::Observed { .. } => Part::Services,
        Change::Warned(_) | Change::WarningGone(_) => Part::Warnings,
        Change::Stranger(_) | Change::StrangerGone(_) => Part::Strangers,
        Change::Started { ordinal, .. }
        | Change::Pod { ordinal, .. }
        | Change::Ended { ordinal, .. }
        | Change::Resumed(ordinal) => Part::Lane(*ordinal),
        Change::Unseen(_) => Part::Unseen,
        Change::Unwatched(_) => Part::Unwatched,
    })
}

impl BoardStore {
    pub(super) fn new(shown: Option<SetKey>, board: Option<(SetKey, Option<Box<Board>>)>, revision: Revision) -> Self {
        let store = Self {
            plain: StoredValue::new(None),
            set: RwSignal::new(shown.clone()),
            presence: RwSignal::new(Presence::Awaited),
            controller: RwSignal::new(Controller::NotSeen),
            counts: RwSignal::new(Counts::default()),
            order: RwSignal::new(None),
            services: RwSignal::new(Vec::new()),
            strangers: RwSignal::new(Vec::new()),
            warnings: RwSignal::new(Vec::new()),
            unseen: RwSignal::new(Vec::new()),
            unwatched: RwSignal::new(Vec::new()),
            lanes: RwSignal::new(Vec::new()),
            left_out: RwSignal::new(0),
            revision: StoredValue::new(None),
        };
        if let (Some(shown), Some((set, board))) = (shown, board)
            && shown == set
        {
            store.replace(board, revision);
        }
        store
    }

    /// Whether what there is of a kind is known, so that something can be said to be missing.
    pub fn sees(&self, kind: Kind) -> bool {
        !self.unseen.read().contains(&kind)
    }

    /// Shows another StatefulSet, of which nothing is known yet.
    pub fn show(&self, set: Option<SetKey>) {
        if *self.set.read_untracked() == set {
            return;
        }
        self.plain.set_value(None);
        self.publish(&Touched::All);
        self.revision.set_value(None);
        self.presence.set(Presence::Awaited);
        self.set.set(set);
    }

    /// Takes the whole state.
    pub fn replace(&self, board: Option<Box<Board>>, revision: Revision) {
        self.revision.set_value(Some(revision));
        self.plain.set_value(board);
        self.publish(&Touched::All);
    }

    /// Takes some steps. Before there is a state that they could follow on, they are of an earlier subscription.
    pub fn apply(&self, changes: &[Change], revision: Revision) {
        if self.revision.get_value().is_none() {
            return;
        }
        self.revision.set_value(Some(revision));
        self.plain.update_value(|board| {
            for change in changes {
                Board::apply(board, change);
            }
        });
        self.publish(&Touched::by(changes));
    }

    fn publish(&self, touched: &Touched) {
        self.plain.with_value(|board| {
            let presence = if board.is_some() { Presence::Known } else { Presence::Unknown };
            let Some(board) = board else {
                self.lanes.update(Vec::clear);
                set(self.left_out, 0);
                set(self.order, None);
                set(self.controller, Controller::NotSeen);
                set(self.counts, Counts::default());
                set(self.services, Vec::new());
                set(self.strangers, Vec::new());
                set(self.warnings, Vec::new());
                return set(self.presence, presence);
            };
            if touched.has(Part::Controller) {
                set(self.controller, board.controller.clone());
            }
            if touched.has(Part::Counts) {
                set(self.counts, board.counts.clone());
            }
            if touched.has(Part::Services) {
                set(self.services, board.services.clone());
            }
            if touched.has(Part::Strangers) {
                set(self.strangers, board.strangers.clone());
            }
            if touched.has(Part::Warnings) {
                set(self.warnings, board.warnings.clone());
            }
            if touched.has(Part::Unseen) {
                set(self.unseen, board.unseen.clone());
            }
            if touched.has(Part::Unwatched) {
                set(self.unwatched, board.unwatched.clone());
            }
            if touched.has_lanes() {
                self.publish_lanes(board, touched);
            }
            if touched.has(Part::Order) {
                set(self.order, Some(board.order.clone()));
            }
            set(self.presence, presence);
        });
    }

    fn publish_lanes(&self, board: &Board, touched: &Touched) {
        let shown = shown_ordinals(board);
        let left_out = board.pods().filter(|(ordinal, _)| shown.binary_search(ordinal).is_err()).count();
        set(self.left_out, left_out);
        let known = self.lanes.get_untracked();
        let lane = |ordinal| board.lane(ordinal).cloned().unwrap_or_else(|| Lane::new(ordinal));
        for (ordinal, signal) in &known {
            if touched.has(Part::Lane(*ordinal)) {
                let lane = lane(*ordinal);
                if *signal.read_untracked() != lane {
                    signal.set(lane);
                }
            }
        }
        if !known.iter().map(|(ordinal, _)| *ordinal).eq(shown.iter().copied()) {
            let row = |ordinal: Ordinal| match known.binary_search_by_key(&ordinal, |(known, _)| *known) {
                Ok(at) => known[at].clone(),
                Err(_) => (ordinal, ArcRwSignal::new(lane(ordinal))),
            };
            self.lanes.set(shown.into_iter().map(row).collect());
        }
    }
}

/// The identities that get a lane, in order.
fn shown_ordinals(board: &Board) -> Vec<Ordinal> {
    let with_pod = |ready: bool| {
        let pods = board.pods().filter(move |(_, pod)| (pod.stage() == Stage::Ready) == ready);
        pods.map(|(ordinal, _)| ordinal)
    };
    let wanted = board.controller.spec().into_iter().flat_map(|spec| spec.ordinals().take(MAX_LANES));
    let past = board.lanes.iter().map(|lane| lane.ordinal);
    let mut shown: Vec<Ordinal> = Vec::new();
    for ordinal in with_pod(false).chain(with_pod(true)).chain(wanted).chain(past) {
        if shown.len() >= MAX_LANES {
            break;
        }
        if let Err(at) = shown.binary_search(&ordinal) {
            shown.insert(at, ordinal);
        }
    }
    shown
}

/// Sets a signal unless it says that already.
pub(super) fn set<T: PartialEq + Send + Sync + 'static>(signal: RwSignal<T>, value: T) {
    if *signal.read_untracked() != value {
        signal.set(value);
    }
}
