//! A moment of the past, made again.

use std::sync::mpsc;
use std::thread;

use tokio::sync::Semaphore;
use topology::board::Unwatched;
use topology::dns::Zone;
use topology::{Timestamp, Topology};

use super::part::Part;
use super::segment::{Undecodable, snapshot, steps};
use super::store::{Kept, Place};
use crate::ledger::{Store, StoreError};

/// How many moments are made at once; others wait, so that a room that looks back takes no more memory and processors.
static AT_ONCE: Semaphore = Semaphore::const_new(4);
/// How many stretches of watching are looked through.
const STRETCHES: u32 = 1_000;

/// The state at a moment.
#[derive(Debug)]
pub struct Moment {
    /// The state.
    pub topology: Topology,
    /// When its last step was taken.
    pub changed: Option<Timestamp>,
    /// The stretch around the moment in which nobody watched.
    pub unwatched: Option<Unwatched>,
    pub(super) place: Place,
}

impl Moment {
    /// The state of a part of a cluster at that moment; `None` when none is kept of it by those who saw all of that part.
    ///
    /// # Errors
    /// When it cannot be read.
    pub async fn at(store: &Store, part: &Part, zone: Zone, at: Timestamp) -> Result<Option<Self>, StoreError> {
        let Some(place) = store.segment_at(part, at).await? else { return Ok(None) };
        let turn = AT_ONCE.acquire().await.map_err(|error| StoreError::Unusable(error.to_string()))?;
        let chain = store.chain(part.cluster(), place).await?;
        if chain.is_empty() {
            return Ok(None);
        }
        // It may be long: the threads that serve everybody must not be kept busy with it. Whoever asked may be gone before
        // it is made, and it takes as long nevertheless.
        let within = part.clone();
        let made = tokio::task::spawn_blocking(move || {
            let made =
                fold(zone.clone(), &chain, at).map(|(topology, changed)| (narrow(topology, &within, zone), changed));
            drop(turn);
            made
        });
        let (topology, changed) = made.await.map_err(|error| StoreError::Unusable(error.to_string()))??;
        let unwatched = unwatched(store, part, at).await?;
        Ok(Some(Self { topology, changed, unwatched, place }))
    }
}

fn fold(zone: Zone, chain: &[Kept], at: Timestamp) -> Result<(Topology, Option<Timestamp>), Undecodable> {
    let (mut changed, mut latest) = (None, Timestamp::from_millis(i64::MIN));
    let first = chain.first().and_then(|first| first.snapshot.as_deref());
    // To read the snapshot takes about as long as to read the steps since then: another thread does that meanwhile.
    thread::scope(|scope| {
        let (read, segments) = mpsc::channel();
        scope.spawn(move || {
            for kept in chain {
                // Whoever asked has all that it needs.
                if read.send((kept.began, steps(&kept.content))).is_err() {
                    return;
                }
            }
        });
        let mut topology = match first {
            Some(packed) => Topology::restore(zone, snapshot(packed)?),
            None => Topology::new(zone),
        };
        for (began, steps) in segments {
            latest = latest.max(began);
            for step in steps? {
                latest = latest.max(step.at);
                if latest > at {
                    return Ok((topology, changed));
                }
                changed = Some(latest);
                topology.take(step);
            }
        }
        Ok((topology, changed))
    })
}

/// The state without what is not in the part: its run may have seen more.
fn narrow(topology: Topology, part: &Part, zone: Zone) -> Topology {
    if part.is_all() {
        return topology;
    }
    Topology::restore(zone, topology.snapshot().within(|namespace| part.has(namespace)))
}

/// The stretch around a moment in which nobody watched all of the part, between two in which somebody did.
async fn unwatched(store: &Store, part: &Part, at: Timestamp) -> Result<Option<Unwatched>, StoreError> {
    let mut watched = store.watched(part.cluster(), STRETCHES).await?;
    watched.retain(|stretch| part.is_seen_by(stretch.namespaces.as_deref()));
    if watched.iter().any(|stretch| (stretch.began..=stretch.until).contains(&at)) {
        return Ok(None);
    }
    let from = watched.iter().map(|stretch| stretch.until).filter(|until| *until < at).max();
    let to = watched.iter().map(|stretch| stretch.began).filter(|began| *began > at).min();
    Ok(from.zip(to).map(|(from, to)| Unwatched { from, to }))
}

impl From<Undecodable> for StoreError {
    fn from(error: Undecodable) -> Self {
        Self::Unusable(error.to_string())
    }
}
