//! What the page knows, as signals: one for each thing that can change alone, so that only what changed is drawn anew.

mod asking;
mod board;
mod crew;
mod fleet;
mod lanes;
mod timeline;

pub use asking::{Ask, Asking, Serial, Stands, Told};
pub use board::{BoardStore, LaneRow, Presence};
pub use crew::CrewStore;
pub use fleet::{FleetRow, FleetStore};
pub use lanes::{Hold, LanesView, Pointed};
pub use timeline::{Past, SPEEDS, STEPS, Span, Timeline};

use leptos::prelude::*;
use serde::{Deserialize, Serialize};
use topology::board::Board;
use topology::crew::Crew;
use topology::fleet::Fleet;
use topology::wire::{Cluster, Instance, Source, Status};
use topology::{Ordinal, Revision, SetKey, Timestamp};

use crate::guide::Guide;
use crate::language::Language;
use crate::route::{Place, Route};
use crate::stretch::Stretch;
use crate::time::{Zone, running};

/// The element of the page that carries the state.
#[cfg(any(feature = "ssr", feature = "hydrate"))]
pub(crate) const STATE_ID: &str = "berth-state";

/// What the server knows when it renders a page.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Initial {
    /// The cluster that is watched.
    pub cluster: Cluster,
    /// The version of the server.
    pub version: String,
    /// The build of the page.
    pub page: String,
    /// The language that the page is in.
    pub language: Language,
    /// Whether the page stays as it is: a specimen, in which no time passes and which follows no server.
    pub is_still: bool,
    /// Which run of the server.
    pub instance: Instance,
    /// The revision of what follows.
    pub revision: Revision,
    /// The server's clock.
    pub at: Timestamp,
    /// How the server stands to the cluster.
    pub status: Status,
    /// The summaries of all StatefulSets.
    pub fleet: Fleet,
    /// What readers may do.
    pub control: Control,
    /// The moment of the past that the address names, in place of now.
    pub past: Option<Past>,
    /// The StatefulSet that the address names, and its board if there is one.
    pub board: Option<(SetKey, Option<Box<Board>>)>,
    /// The Deployment that the address names, and its crew if there is one.
    pub crew: Option<(SetKey, Option<Box<Crew>>)>,
}

/// What readers of the page may do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Control {
    /// Look.
    #[default]
    Look,
    /// Change the cluster, as far as Berth's own rights go.
    Act,
    /// The same in the demo, which has a walk-through as well.
    Demo,
    /// Look, and follow the walk-through that somebody else presents.
    Follow,
}

impl Control {
    /// Whether there are buttons that change the cluster.
    pub const fn acts(self) -> bool {
        matches!(self, Self::Act | Self::Demo)
    }

    /// Whether there is a walk-through.
    pub const fn guides(self) -> bool {
        matches!(self, Self::Demo | Self::Follow)
    }
}

/// The walk-through, as far as the page knows it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GuideState {
    /// What the server told; `None` before that.
    pub guide: Option<Guide>,
    /// Whether a step runs that was started here.
    pub running: bool,
    /// Why the last one did not.
    pub wrong: Option<String>,
}

/// How the page stands to the server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Link {
    /// Not connected yet: what is shown came with the page.
    Opening,
    /// Connected.
    Open,
    /// The connection was lost; it is tried again.
    Lost {
        /// When it was lost.
        since: Timestamp,
        /// What the server said, if it said something.
        farewell: Option<String>,
    },
}

/// Everything that the page knows.
#[derive(Clone, Copy)]
pub struct Store {
    /// The cluster.
    pub cluster: RwSignal<Cluster>,
    /// The server's version.
    pub version: RwSignal<String>,
    /// The build of this page.
    pub page: StoredValue<String>,
    /// The language of the page.
    pub language: Language,
    /// What the reader may do.
    pub control: Control,
    /// Which run of the server the revisions are of.
    pub instance: RwSignal<Instance>,
    /// The newest revision that is shown.
    pub revision: RwSignal<Revision>,
    /// Until when what is shown is known to be true (server's clock).
    pub heard: RwSignal<Timestamp>,
    /// How the server stands to the cluster.
    pub status: RwSignal<Status>,
    /// How the page stands to the server.
    pub link: RwSignal<Link>,
    /// What the reader is asked to confirm.
    pub asking: RwSignal<Option<Asking>>,
    /// What came of what the reader confirmed last.
    pub told: RwSignal<Option<Told>>,
    /// The dialog that was opened last.
    asked: StoredValue<Serial>,
    /// The walk-through.
    pub guide: RwSignal<GuideState>,
    /// Whether the walk-through is beside the page.
    pub guided: RwSignal<bool>,
    /// Whether the page is shown to a room: large, and only what matters there.
    pub presents: RwSignal<bool>,
    /// The address; changed by [`Store::go`].
    pub place: RwSignal<Place>,
    /// All StatefulSets.
    pub fleet: FleetStore,
    /// The one that is shown.
    pub board: BoardStore,
    /// The Deployment that is shown instead.
    pub crew: CrewStore,
    /// Which moment is shown.
    pub timeline: Timeline,
    /// What the reader looks at in the lanes.
    pub lanes: LanesView,
    /// Whether the keys are listed.
    pub lists_keys: RwSignal<bool>,
    /// The server's clock, as it goes on here: it moves with every frame that is drawn. While the past is shown, it is
    /// that time.
    pub now: RwSignal<Timestamp>,
    /// The same, a few times a second: what is rewritten as time goes by counts with this.
    pub beat: Memo<Timestamp>,
    /// The same in whole seconds, for ages.
    pub second: Memo<Timestamp>,
    /// Which clock times are written by.
    pub zone: RwSignal<Zone>,
}

/// How often what depends on time is rewritten, in milliseconds.
const BEAT: i64 = 250;

/// What a clock that ticks every `step` milliseconds shows at `now`.
pub(crate) fn ticked(now: Timestamp, step: i64) -> Timestamp {
    Timestamp::from_millis(now.as_millis().div_euclid(step) * step)
}

impl Store {
    /// The store of what came with the page.
    pub fn new(initial: Initial, place: Place) -> Self {
        let revision = initial.revision;
        let board = BoardStore::new(place.set().cloned(), initial.board, revision);
        let now = RwSignal::new(initial.past.as_ref().map_or(initial.at, |past| past.at));
        Self {
            cluster: RwSignal::new(initial.cluster),
            version: RwSignal::new(initial.version),
            page: StoredValue::new(initial.page),
            language: initial.language,
            control: initial.control,
            instance: RwSignal::new(initial.instance),
            revision: RwSignal::new(revision),
            heard: RwSignal::new(initial.at),
            status: RwSignal::new(initial.status),
            link: RwSignal::new(Link::Opening),
            asking: RwSignal::new(None),
            told: RwSignal::new(None),
            asked: StoredValue::new(Serial::default()),
            guide: RwSignal::new(GuideState::default()),
            guided: RwSignal::new(initial.control.guides()),
            presents: RwSignal::new(false),
            fleet: FleetStore::new(initial.fleet, revision),
            board,
            crew: CrewStore::new(place.deployment().cloned(), initial.crew, revision, board, initial.language),
            lanes: LanesView::new(place.stretch),
            place: RwSignal::new(Place { stretch: None, ..place }),
            timeline: Timeline::new(initial.past, initial.at),
            lists_keys: RwSignal::new(false),
            now,
            beat: Memo::new(move |_| ticked(now.get(), BEAT)),
            second: Memo::new(move |_| ticked(now.get(), 1_000)),
            zone: RwSignal::new(Zone::Utc),
        }
    }

    /// Shows another place. What was asked about the one before is asked no more, and the room has seen it.
    pub fn go(&self, place: Place) {
        if place.route != self.place.read_untracked().route {
            self.asking.set(None);
            self.presents.set(false);
            self.lanes.leave();
            self.lists_keys.set(false);
        }
        // Who leaves takes its lanes away, so that those of the other can come.
        self.crew.show(place.deployment().cloned());
        self.board.show(place.set().cloned());
        if let Some(stretch) = place.stretch {
            self.lanes.change(|_| stretch);
        }
        // From now on the lanes say what they show.
        self.place.set(Place { stretch: None, ..place });
    }

    /// The address of exactly what is shown.
    pub fn address(&self) -> String {
        let place = self.place.get();
        let stretch = self.lanes.stretch.get();
        let differs = !matches!(place.route, Route::Fleet | Route::Unknown) && stretch != Stretch::default();
        Place { stretch: differs.then_some(stretch), ..place }.address()
    }

    /// The store of this page.
    pub fn get() -> Self {
        expect_context()
    }

    /// The StatefulSet or Deployment whose lanes are shown.
    pub fn shown(&self) -> Option<SetKey> {
        self.board.set.get_untracked().or_else(|| self.crew.deployment.get_untracked())
    }

    /// The name of the pod, or of the pods, of a lane.
    pub fn pod_name(&self, lane: Ordinal) -> String {
        match &*self.board.set.read_untracked() {
            Some(set) => set.pod_name(lane),
            None => self.crew.name(lane),
        }
    }

    /// Whether the lanes are a Deployment's: then none of their names returns.
    pub fn shows_crew(&self) -> bool {
        self.crew.deployment.read_untracked().is_some()
    }

    /// Whether what is shown is live.
    pub fn liveness(&self) -> Liveness {
        if self.timeline.is_past.get() {
            return Liveness::Past;
        }
        match (&*self.link.read(), &self.status.read().source) {
            (Link::Opening, _) => Liveness::Opening,
            (Link::Lost { .. }, _) => Liveness::Lost,
            (Link::Open, Source::Live { .. }) => Liveness::Live,
            (Link::Open, Source::Starting { .. }) => Liveness::Starting,
            (Link::Open, Source::Broken { .. }) => Liveness::Broken,
        }
    }

    /// Since when nobody has been watching the cluster for this page; `None` while somebody does.
    pub fn unwatched_since(&self) -> Option<Timestamp> {
        if let Some(past) = &*self.timeline.past.read() {
            return past.unwatched.map(|unwatched| unwatched.from);
        }
        match (&*self.link.read(), &self.status.read().source) {
            (Link::Lost { .. }, _) => Some(self.heard.get()),
            (_, Source::Broken { since, .. }) => Some(*since),
            (Link::Opening | Link::Open, Source::Live { .. } | Source::Starting { .. }) => None,
        }
    }

    /// What the cluster's DNS is set to.
    pub fn zone_of_names(&self) -> topology::dns::Zone {
        let cluster = self.cluster.read();
        let domain = topology::dns::Name::new(cluster.domain.as_str());
        topology::dns::Zone { ttl: cluster.ttl, ..topology::dns::Zone::new(domain) }
    }

    /// Whether history is to be kept, also while it cannot be.
    pub fn keeps_history(&self) -> Memo<bool> {
        let status = self.status;
        Memo::new(move |_| status.read().history != topology::wire::History::Off)
    }

    /// Whether all of a kind is known in a namespace, and may still be seen.
    pub fn sees_now(&self, kind: topology::facts::Kind, namespace: &str) -> bool {
        let here = |refused: &Option<String>| refused.as_deref().is_none_or(|refused| refused == namespace);
        let status = self.status.read();
        let is_refused = status.refused.iter().any(|refusal| refusal.kind == kind && here(&refusal.namespace));
        self.board.sees(kind) && !is_refused
    }

    /// How long ago that was, in whole seconds, as it grows.
    pub fn ago(&self, at: Timestamp) -> String {
        running(self.language, self.second.get().millis_since(at))
    }

    /// A time in the reader's zone, with its date where that is not today's.
    pub fn when(&self, at: Timestamp) -> String {
        // The date of now is looked at when something else changes; a page that is open at midnight can wait for that.
        self.zone.get().when(at, self.now.get_untracked())
    }
}

/// Whether what the page shows is live.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Liveness {
    /// It came with the page, and the stream is being opened.
    Opening,
    /// The stream was lost.
    Lost,
    /// The stream is open, but the server has not got its first lists.
    Starting,
    /// The stream is open, but the server has lost the cluster.
    Broken,
    /// Every change is shown as it happens.
    Live,
    /// A moment of the past is shown.
    Past,
}

impl Liveness {
    /// Its word in `data-live`, by which styles and scripts tell it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Opening => "opening",
            Self::Lost => "lost",
            Self::Starting => "starting",
            Self::Broken => "broken",
            Self::Live => "live",
            Self::Past => "past",
        }
    }
}

#[cfg(test)]
mod tests {
    use leptos::reactive::owner::Owner;
    use topology::wire::{History, Probe};

    use super::*;

    pub(super) fn store() -> Store {
        let cluster = Cluster {
            name: "test".to_owned(),
            domain: "cluster.local".to_owned(),
            ttl: 5,
            namespaces: None,
            dns: None,
        };
        let source = Source::Live { since: Timestamp::default() };
        let status = Status { source, refused: Vec::new(), probe: Probe::Off, history: History::Off };
        let initial = Initial {
            cluster,
            version: String::new(),
            page: String::new(),
            language: Language::English,
            is_still: false,
            instance: Instance(1),
            revision: Revision(1),
            at: Timestamp::default(),
            status,
            fleet: Fleet::default(),
            control: Control::Demo,
            past: None,
            board: None,
            crew: None,
        };
        Store::new(initial, Place::parse("/sets/default/web"))
    }

    pub(super) fn open(store: Store) -> Serial {
        let serial = store.next_serial();
        store.asking.set(Some(Asking {
            serial,
            ask: Ask::Scale,
            set: store.board.set.get_untracked(),
            spec: None,
            namespace: "default".to_owned(),
            offer: None,
            stands: Stands::Open,
            replicas: "2".to_owned(),
            container: String::new(),
            image: String::new(),
        }));
        serial
    }

    #[test]
    fn given_a_dialog_and_a_room_when_another_place_is_shown_then_both_end() {
        Owner::new().with(|| {
            let store = store();
            open(store);
            store.presents.set(true);
            store.go(Place::parse("/sets/default/web?namespace=default"));
            assert!(store.asking.get_untracked().is_some() && store.presents.get_untracked(), "the place is the same");
            store.go(Place::parse("/"));
            assert!(store.asking.get_untracked().is_none() && !store.presents.get_untracked());
        });
    }
}
