//! The Deployment that is shown: its crew, moved along by the same code as on the server. Its pods are drawn by the lanes
//! of the board, each in one of its own.

use leptos::prelude::*;
use topology::board::Lane;
use topology::crew::{Crew, CrewChange, CrewSummary, Hand};
use topology::{Ordinal, Revision, SetKey};

use super::board::{BoardStore, MAX_LANES, Presence, set};
use crate::language::{Language, tr};

/// How many pods that are gone have a lane: the latest ones.
const GONE: usize = 8;

/// The Deployment that is shown.
#[derive(Clone, Copy)]
pub struct CrewStore {
    plain: StoredValue<Option<Box<Crew>>>,
    /// Which.
    pub deployment: RwSignal<Option<SetKey>>,
    /// What is known of it.
    pub presence: RwSignal<Presence>,
    /// How many of its pods are Ready, in words; empty where there is no Deployment object.
    pub ready: RwSignal<String>,
    /// The last revision that was applied; `None` until the first state came.
    pub revision: StoredValue<Option<Revision>>,
    board: BoardStore,
    language: Language,
}

impl CrewStore {
    pub(super) fn new(
        shown: Option<SetKey>,
        crew: Option<(SetKey, Option<Box<Crew>>)>,
        revision: Revision,
        board: BoardStore,
        language: Language,
    ) -> Self {
        let store = Self {
            plain: StoredValue::new(None),
            deployment: RwSignal::new(shown.clone()),
            presence: RwSignal::new(Presence::Awaited),
            ready: RwSignal::new(String::new()),
            revision: StoredValue::new(None),
            board,
            language,
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
                let signal = match known.binary_search_by_key(&ordinal, |(known, _)| *known) {
                    Ok(at) => known[at].1.clone(),
                    Err(_) => ArcRwSignal::new(lane.clone()),
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
            let summary = crew.as_deref().map(CrewSummary::of).filter(|summary| summary.exists);
            let ready = |it: CrewSummary| tr!(self.language, set.ready, ready = it.ready, replicas = it.replicas);
            set(self.ready, summary.map(ready).unwrap_or_default());
            set(self.presence, if crew.is_some() { Presence::Known } else { Presence::Unknown });
        });
    }
}

/// The pods that get a lane, by their numbers: those that exist, and the latest that are gone.
fn shown_hands(crew: &Crew) -> Vec<&Hand> {
    let ended = |hand: &Hand| hand.pod.ended.map(|end| (end.latest(), hand.number));
    let mut alive = 0;
    // They are few: counting those that went later is less code than sorting.
    let is_shown = |hand: &&Hand| match ended(hand) {
        None => {
            alive += 1;
            alive <= MAX_LANES
        }
        when => crew.hands.iter().filter(|other| ended(other) > when).count() < GONE,
    };
    crew.hands.iter().filter(is_shown).collect()
}

#[cfg(test)]
mod tests {
    use leptos::prelude::*;
    use leptos::reactive::owner::Owner;
    use topology::board::{End, Found, Incarnation, Span};
    use topology::crew::{Crew, CrewChange, Hand, Wanted};
    use topology::facts::Pod;
    use topology::{Ordinal, Revision, SetKey, Stage, Timestamp, Uid};

    use super::{GONE, Presence};
    use crate::route::Place;
    use crate::state::Store;
    use crate::state::tests::store;

    fn at(second: u32) -> Timestamp {
        Timestamp::from_millis(i64::from(second) * 1_000)
    }

    fn hand(number: u32) -> Hand {
        let pod = Incarnation {
            uid: Uid::from(format!("uid {number}").as_str()),
            spans: vec![Span { stage: Stage::Ready, from: at(number) }],
            ..Incarnation::new(&Pod::from(topology::kubernetes::Pod::default()), at(number), Found::Watched)
        };
        Hand { number, name: format!("api-{number}"), pod }
    }

    fn shown(store: Store) -> Vec<u32> {
        store.board.lanes.read_untracked().iter().map(|(ordinal, _)| ordinal.0).collect()
    }

    #[test]
    fn given_pods_that_come_and_go_when_shown_then_each_has_a_lane_and_the_latest_that_are_gone_stay() {
        Owner::new().with(|| {
            let store = store();
            store.go(Place::parse("/deployments/default/api"));
            assert!(store.shows_crew() && store.board.set.read_untracked().is_none());
            assert_eq!(store.crew.presence.get_untracked(), Presence::Awaited);
            store.crew.apply(&[CrewChange::Came(Box::new(hand(0)))], Revision(2));
            assert_eq!(shown(store), Vec::<u32>::new(), "it follows on nothing");

            let key = SetKey::new("default", "api");
            store.crew.replace(Some(Box::new(Crew::new(key.clone()))), Revision(3));
            let wanted = Wanted { uid: Uid::from("d"), created: None, replicas: 2 };
            let mut changes = vec![CrewChange::Wanted(Some(wanted))];
            for number in 0..20 {
                changes.push(CrewChange::Came(Box::new(hand(number))));
                if number > 1 {
                    changes.push(CrewChange::Ended { number, end: End::Seen { at: at(100 + number) } });
                }
            }
            store.crew.apply(&changes, Revision(4));
            let latest = 20 - u32::try_from(GONE).expect("a few")..20;
            assert_eq!(shown(store), [0, 1].into_iter().chain(latest).collect::<Vec<_>>());
            assert_eq!((store.pod_name(Ordinal(0)), store.shown()), ("api-0".to_owned(), Some(key)));
            assert_eq!(store.crew.ready.get_untracked(), "2 / 2 ready");

            let lane = store.board.lanes.read_untracked()[0].1.clone();
            store.crew.apply(&[CrewChange::Ended { number: 0, end: End::Seen { at: at(200) } }], Revision(5));
            assert!(lane.read_untracked().current().is_none(), "the lane that is drawn is told");
            assert!(shown(store).contains(&0));

            store.go(Place::parse("/sets/default/web"));
            assert_eq!((shown(store), store.shows_crew()), (Vec::new(), false));
            assert_eq!(store.pod_name(Ordinal(0)), "web-0");
        });
    }
}
