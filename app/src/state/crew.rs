//! The Deployment that is shown: its crew, moved along by the same code as on the server. Its pods are drawn by the lanes
//! of the board, each in one of its own.

use leptos::prelude::*;
use topology::board::Lane;
use topology::crew::{Crew, CrewChange, CrewSummary, Hand, Wanted};
use topology::{Ordinal, Revision, SetKey};

use super::board::{BoardStore, MAX_LANES, Presence, set};

/// How many pods that are gone have a lane: the latest ones.
const GONE: usize = 8;

/// A Deployment and its summary.
pub type CrewRow = (SetKey, ArcRwSignal<CrewSummary>);

/// The Deployment that is shown.
#[derive(Clone, Copy)]
pub struct CrewStore {
    plain: StoredValue<Option<Box<Crew>>>,
    /// Which.
    pub deployment: RwSignal<Option<SetKey>>,
    /// What is known of it.
    pub presence: RwSignal<Presence>,
    /// What it asks for.
    pub wanted: RwSignal<Option<Wanted>>,
    /// How many of its pods are Ready.
    pub ready: RwSignal<u32>,
    /// The last revision that was applied; `None` until the first state came.
    pub revision: StoredValue<Option<Revision>>,
    board: BoardStore,
}

impl CrewStore {
    pub(super) fn new(
        shown: Option<SetKey>,
        crew: Option<(SetKey, Option<Box<Crew>>)>,
        revision: Revision,
        board: BoardStore,
    ) -> Self {
        let store = Self {
            plain: StoredValue::new(None),
            deployment: RwSignal::new(shown.clone()),
            presence: RwSignal::new(Presence::Awaited),
            wanted: RwSignal::new(None),
            ready: RwSignal::new(0),
            revision: StoredValue::new(None),
            board,
        };
        if let (Some(shown), Some((deployment, crew))) = (shown, crew)
            && shown == deployment
        {
            store.replace(crew, revision);
        }
        store
    }

    /// The name of a pod.
    pub fn name(&self, number: Ordinal) -> String {
        let name = |crew: &Crew| Some(crew.hand(number.0)?.name.clone());
        self.plain.with_value(|crew| crew.as_deref().and_then(name)).unwrap_or_default()
    }

    /// Shows another Deployment, of which nothing is known yet, or none.
    pub fn show(&self, deployment: Option<SetKey>) {
        if *self.deployment.read_untracked() == deployment {
            return;
        }
        self.replace(None, Revision::default());
        self.revision.set_value(None);
        self.presence.set(Presence::Awaited);
        self.deployment.set(deployment);
    }

    /// Takes the whole state.
    pub fn replace(&self, crew: Option<Box<Crew>>, revision: Revision) {
        self.revision.set_value(Some(revision));
        self.plain.set_value(crew);
        self.publish();
    }

    /// Takes some steps. Before there is a state that they could follow on, they are of an earlier subscription.
    pub fn apply(&self, changes: &[CrewChange], revision: Revision) {
        if self.revision.get_value().is_none() {
            return;
        }
        self.revision.set_value(Some(revision));
        self.plain.update_value(|crew| changes.iter().for_each(|change| Crew::apply(crew, change)));
        self.publish();
    }

    fn publish(&self) {
        let board = self.board;
        self.plain.with_value(|crew| {
            let hands = crew.as_deref().map(shown_hands).unwrap_or_default();
            let known = board.lanes.get_untracked();
            let row = |hand: &&Hand| {
                let ordinal = Ordinal(hand.number);
                let lane = Lane { ordinal, dropped: 0, incarnations: vec![hand.pod.clone()] };
                let signal = match known.iter().find(|(known, _)| *known == ordinal) {
                    Some((_, signal)) => signal.clone(),
                    None => ArcRwSignal::new(lane.clone()),
                };
                if *signal.read_untracked() != lane {
                    signal.set(lane);
                }
                (ordinal, signal)
            };
            let rows: Vec<_> = hands.iter().map(row).collect();
            if !rows.iter().map(|(ordinal, _)| ordinal).eq(known.iter().map(|(ordinal, _)| ordinal)) {
                board.lanes.set(rows);
            }
            set(board.left_out, crew.as_deref().map_or(0, |crew| crew.pods().count().saturating_sub(MAX_LANES)));
            set(board.unwatched, crew.as_deref().map(|crew| crew.unwatched.clone()).unwrap_or_default());
            set(self.ready, crew.as_deref().map(CrewSummary::of).map_or(0, |summary| summary.ready));
            set(self.wanted, crew.as_deref().and_then(|crew| crew.wanted.clone()));
            set(self.presence, if crew.is_some() { Presence::Known } else { Presence::Unknown });
        });
    }
}

/// The pods that get a lane, by their numbers: those that exist, and the latest that are gone.
fn shown_hands(crew: &Crew) -> Vec<&Hand> {
    let ended = |hand: &&Hand| hand.pod.ended.map(topology::board::End::latest);
    let mut gone: Vec<&Hand> = crew.hands.iter().filter(|hand| hand.pod.ended.is_some()).collect();
    gone.sort_unstable_by_key(ended);
    let mut shown: Vec<&Hand> = crew.pods().take(MAX_LANES).collect();
    shown.extend(gone.into_iter().rev().take(GONE));
    shown.sort_unstable_by_key(|hand| hand.number);
    shown
}
