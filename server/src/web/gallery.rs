//! The page in every state, for whoever works on it: built for development only.
//!
//! `/gallery` lists the specimens. Each is the page itself, of a moment of the recorded traces, where it stays: the first
//! moment of each reason and of each warning, and what the server may have to say of itself.

use std::collections::BTreeMap;
use std::path::Path;

use app::language::Language;
use app::say::{name, warning_name};
use app::state::Past;
use app::{Control, Initial};
use axum::http::Uri;
use axum::response::{Html, IntoResponse};
use topology::board::{Board, Controller, LongName, Pods, Warning};
use topology::dns::{Name, Zone};
use topology::facts::{Kind, Observation};
use topology::fleet::Fleet;
use topology::kubernetes::Labels;
use topology::order::{Obstacle, Order, Outlook, Reason};
use topology::wire::{Cluster, History, Instance, Probe, Refusal, Source, Status};
use topology::{Ordinal, Revision, SetKey, Stage, Timestamp, Topology, trace};

use super::assets;

/// The traces, each of one StatefulSet.
const TRACES: [&str; 6] = ["seed", "scale", "rollout", "services", "unready", "parallel"];

/// How much time the lanes show, in milliseconds: a trace is short.
const SPAN: u32 = 20_000;

/// A moment of a trace.
#[derive(Clone)]
struct Moment {
    at: Timestamp,
    fleet: Fleet,
    set: SetKey,
    board: Board,
}

/// What a specimen shows.
enum Shown {
    /// The StatefulSet of a moment.
    Set(Box<Moment>),
    /// The StatefulSets of many.
    Fleet(Timestamp, Fleet),
}

/// A page that stays as it is.
pub(super) struct Specimen {
    shown: Shown,
    source: Source,
    refused: Vec<Refusal>,
    history: History,
    past: bool,
}

impl Specimen {
    fn of(moment: Moment) -> Self {
        let source = Source::Live { since: moment.at };
        Self { shown: Shown::Set(Box::new(moment)), source, refused: Vec::new(), history: History::Off, past: false }
    }

    /// Makes something else of the StatefulSet's board.
    fn change(&mut self, change: impl FnOnce(&mut Board)) {
        if let Shown::Set(moment) = &mut self.shown {
            change(&mut moment.board);
        }
    }

    fn at(&self) -> Timestamp {
        match &self.shown {
            Shown::Set(moment) => moment.at,
            Shown::Fleet(at, _) => *at,
        }
    }

    /// Where it is shown.
    fn address(&self, name: &str) -> String {
        match &self.shown {
            Shown::Set(moment) => {
                format!("/sets/{}/{}?span={SPAN}&specimen={name}", moment.set.namespace, moment.set.name)
            }
            Shown::Fleet(..) => format!("/?specimen={name}"),
        }
    }

    /// What the page begins with, and stays at.
    pub(super) fn initial(self, language: Language) -> Initial {
        let at = self.at();
        let (fleet, board) = match self.shown {
            Shown::Set(moment) => {
                let Moment { fleet, set, board, .. } = *moment;
                (fleet, Some((set, Some(Box::new(board)))))
            }
            Shown::Fleet(_, fleet) => (fleet, None),
        };
        let cluster = Cluster {
            name: "kind-demo".to_owned(),
            domain: "cluster.local".to_owned(),
            ttl: 5,
            namespaces: None,
            dns: None,
        };
        let Self { source, refused, history, .. } = self;
        Initial {
            cluster,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            page: assets::build().unwrap_or_default(),
            language,
            is_still: true,
            instance: Instance(1),
            revision: Revision(42),
            at,
            status: Status { source, refused, probe: Probe::Off, history },
            fleet,
            control: Control::Look,
            past: self.past.then_some(Past { at, unwatched: None, problem: None }),
            board,
            crew: None,
        }
    }
}

/// The specimen that an address asks for.
pub(super) fn asked(uri: &Uri) -> Option<Specimen> {
    let name = uri.query()?.split('&').find_map(|pair| pair.strip_prefix("specimen="))?;
    specimens().remove(name)
}

/// `GET /gallery`
pub(super) async fn list() -> impl IntoResponse {
    let link =
        |(name, specimen): (&String, &Specimen)| format!("<li><a href=\"{}\">{name}</a></li>", specimen.address(name));
    let links = specimens().iter().map(link).collect::<Vec<_>>().concat();
    Html(format!("<!DOCTYPE html><html lang=\"en\"><title>Gallery</title><h1>Gallery</h1><ul>{links}</ul></html>"))
}

/// All of them, by their names.
fn specimens() -> BTreeMap<String, Specimen> {
    let mut all = BTreeMap::new();
    let mut fleet = Fleet::default();
    let mut last = Timestamp::default();
    for trace in TRACES {
        let moments = moments(trace);
        for (at, moment) in moments.iter().enumerate() {
            let reason = name(&moment.board.order.reason);
            all.entry(format!("reason-{reason}")).or_insert_with(|| Specimen::of(moment.clone()));
            for warning in &moment.board.warnings {
                all.entry(format!("warning-{}", warning_name(warning))).or_insert_with(|| Specimen::of(moment.clone()));
            }
            if matches!(moment.board.controller, Controller::Gone { .. }) {
                all.entry("gone".to_owned()).or_insert_with(|| Specimen::of(moment.clone()));
            }
            if at == moments.len() * 2 / 3 {
                let sets = moment.fleet.sets.iter();
                fleet.sets.extend(sets.map(|(set, summary)| (SetKey::new(trace, set.name.clone()), summary.clone())));
                last = last.max(moment.at);
            }
        }
        if let Some(moment) = moments.last() {
            all.insert(format!("trace-{trace}"), Specimen::of(moment.clone()));
        }
    }
    fleet.sets.sort_by(|one, other| one.0.cmp(&other.0));
    all.insert("fleet".to_owned(), of_fleet(last, fleet));
    all.insert("fleet-empty".to_owned(), of_fleet(last, Fleet::default()));
    let settled = || moments("seed").pop();
    let mut add = |name: &str, change: &dyn Fn(&mut Specimen, Timestamp)| {
        if let Some(mut specimen) = settled().map(Specimen::of) {
            let at = specimen.at();
            change(&mut specimen, at);
            all.insert(name.to_owned(), specimen);
        }
    };
    for reason in unrecorded_reasons() {
        let name = format!("reason-{}", name(&reason));
        add(&name, &|it, _| it.change(|board| board.order = Order { reason: reason.clone(), ..board.order.clone() }));
    }
    for warning in unrecorded_warnings() {
        let name = format!("warning-{}", warning_name(&warning));
        add(&name, &|it, _| it.change(|board| board.warnings = vec![warning.clone()]));
    }
    add("not-connected", &|it, at| {
        it.source = Source::Broken { since: at, problem: "the API server closed the connection".to_owned() };
    });
    add("starting", &|it, at| it.source = Source::Starting { since: at, problem: None });
    add("forbidden", &|it, _| {
        it.refused = vec![Refusal { kind: Kind::EndpointSlice, namespace: None }];
    });
    add("past", &|it, _| {
        it.past = true;
        it.history = History::Kept { dropped: 0 };
    });
    add("history-failing", &|it, at| {
        it.history = History::Failing { since: at, problem: "the disk is full".to_owned(), dropped: 12 };
    });
    all
}

fn of_fleet(at: Timestamp, fleet: Fleet) -> Specimen {
    let (source, history) = (Source::Live { since: at }, History::Off);
    Specimen { shown: Shown::Fleet(at, fleet), source, refused: Vec::new(), history, past: false }
}

/// What a trace shows after each of its steps. A trace that cannot be read has none.
fn moments(name: &str) -> Vec<Moment> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../tests/traces/{name}.jsonl"));
    let Some(entries) = std::fs::read_to_string(file).ok().and_then(|text| trace::parse(&text).ok()) else {
        return Vec::new();
    };
    let observations = trace::observations(&entries);
    // The times of a trace count from its beginning: ages need those of the clock that its objects have.
    let seen = followed(&observations, 0);
    let mut pods = seen.iter().flat_map(|moment| moment.board.pods().map(|(_, pod)| pod));
    let behind = pods.find_map(|pod| Some(pod.created?.millis_since(pod.first_seen)));
    followed(&observations, behind.unwrap_or_default())
}

/// What is shown after each observation, when all came so many milliseconds later.
fn followed(observations: &[(Timestamp, Observation)], later: i64) -> Vec<Moment> {
    let mut topology = Topology::new(Zone::new(Name::new("cluster.local")));
    let mut moments = Vec::new();
    for (at, observation) in observations {
        let at = Timestamp::from_millis(at.as_millis() + later);
        if topology.apply(at, [observation.clone()]).is_some() {
            let boards = topology.boards().map(|(set, board)| (set.clone(), board.clone()));
            let fleet = topology.fleet().clone();
            moments.extend(boards.map(|(set, board)| Moment { at, fleet: fleet.clone(), set, board }));
        }
    }
    moments
}

/// The reasons that no trace has.
fn unrecorded_reasons() -> Vec<Reason> {
    let (ordinal, waits_for, status) = (Ordinal(1), Ordinal(0), "CrashLoopBackOff".to_owned());
    let stage = Stage::Failing;
    vec![
        Reason::Deleting { pods: 2 },
        Reason::CannotCreate { ordinal, obstacle: Obstacle::NameTaken { owner: Some("ReplicaSet/web".to_owned()) } },
        Reason::WaitsForAvailable { ordinal, min_ready_seconds: 10, blocks: None },
        Reason::ReplacesEnded { ordinal, status: "Failed".to_owned() },
        Reason::ScaleDownWaits { ordinal, waits_for, stage, status: status.clone() },
        Reason::UpdateWaits { ordinal: waits_for, waits_for: ordinal, stage, status: status.clone() },
        Reason::RolloutStuck {
            ordinal,
            pod: "web-1".to_owned(),
            stage,
            status,
            revision: "web-7d9c4b6f5".to_owned(),
            update_revision: "web-86b5dd97d".to_owned(),
            outlook: Outlook::Hopeless,
        },
        Reason::NotKnown { kind: Kind::Pod },
    ]
}

/// The warnings that no trace has.
fn unrecorded_warnings() -> Vec<Warning> {
    let service = || "nginx".to_owned();
    let pods = || Pods { first: "web-0".to_owned(), more: 2 };
    let labels = |value: &str| Labels::from([("app".to_owned(), value.to_owned())]);
    vec![
        Warning::NoServiceName,
        Warning::NotHeadless { service: service() },
        Warning::SelectsOthers { service: service(), selector: labels("api"), labels: labels("nginx"), pods: pods() },
        Warning::ReachesOthers { service: service(), pods: pods() },
        Warning::NotSelected { service: service(), selector: labels("nginx"), pods: pods() },
        Warning::NameTooLong { name: "a-name-of-more-characters-than-a-label-may-have".repeat(2), of: LongName::Pod },
        Warning::UnusableAddress {
            service: service(),
            slice: "nginx-x7k2p".to_owned(),
            address: "10.42".to_owned(),
            count: 3,
        },
    ]
}
