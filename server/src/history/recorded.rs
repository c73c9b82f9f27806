//! A stretch of history as a recording.

use std::collections::BTreeSet;

use bytes::Bytes;
use futures::Stream;
use futures::stream::try_unfold;
use topology::Timestamp;
use topology::dns::Zone;
use topology::facts::{Event, Observation, Watch};
use topology::fold::{Input, Step};

use super::moment::Moment;
use super::part::Part;
use super::segment::steps;
use super::store::Place;
use crate::cluster::WatchHealth;
use crate::ledger::{Store, StoreError};
use crate::recording::{Entry, Head, What, Writer};

/// Where a recording is.
struct Cursor {
    store: Store,
    part: Part,
    head: Head,
    to: Timestamp,
    /// The segment that is told next; `None` at the end.
    next: Option<Place>,
    /// The run that was told last, the watches that it had listed, and until when it is told.
    told: Option<(u32, BTreeSet<Watch>, Timestamp)>,
}

/// What the watches of a part of a cluster told between two moments, as the bytes of a recording: first the lists of the state at
/// `head.at`, then what was observed. It is read segment by segment, as fast as somebody takes it.
///
/// # Errors
/// When the database cannot be read.
pub async fn recording(
    store: Store,
    part: Part,
    zone: Zone,
    head: Head,
    to: Timestamp,
) -> Result<impl Stream<Item = Result<Bytes, StoreError>>, StoreError> {
    let first = Moment::at(&store, &part, zone, head.at).await?;
    let (mut lists, mut told) = (Vec::new(), None);
    let next = match first {
        Some(first) => {
            lists = first.topology.snapshot().lists();
            let listed = lists.iter().map(|list| list.watch.clone()).collect();
            told = Some((first.place.run, listed, head.at));
            Some(first.place)
        }
        // Nothing is kept of then: it begins with what is.
        None => match store.window(&part, head.at, to).await?.oldest.filter(|oldest| *oldest <= to) {
            Some(oldest) => store.segment_at(&part, oldest).await?,
            None => None,
        },
    };
    let mut writer = Writer::new(Vec::new(), &head)?;
    for list in lists {
        push(&mut writer, &part, head.at, list)?;
    }
    writer.flush()?;
    let start = Bytes::from(writer.into_inner());
    let cursor = Cursor { store, part, head, to, next, told };
    Ok(try_unfold((Some(start), cursor), async |(start, mut cursor)| {
        if let Some(start) = start {
            return Ok(Some((start, (None, cursor))));
        }
        Ok(cursor.segment().await?.map(|bytes| (bytes, (None, cursor))))
    }))
}

impl Cursor {
    /// The next segment as frames.
    async fn segment(&mut self) -> Result<Option<Bytes>, StoreError> {
        let Some(place) = self.next else { return Ok(None) };
        let Some(kept) = self.store.segment(self.part.cluster(), place).await? else { return Ok(None) };
        let mut writer = Writer::frames(Vec::new());
        let steps = steps(&kept.content)?;
        let (mut listed, mut until) = match self.told.take() {
            Some((run, listed, until)) if run == kept.run => (listed, until),
            // Another run of the server: what it did not see is a gap.
            before => {
                for watch in before.as_ref().into_iter().flat_map(|(_, listed, _)| listed) {
                    let since = before.as_ref().map_or(kept.began, |(_, _, until)| *until);
                    let event = Event::Interrupted { since };
                    push(&mut writer, &self.part, kept.began, Observation { watch: watch.clone(), event })?;
                }
                if let Some(snapshot) = &kept.snapshot
                    && kept.number > 0
                {
                    for list in super::segment::snapshot(snapshot)?.lists() {
                        push(&mut writer, &self.part, kept.began, list)?;
                    }
                }
                (BTreeSet::new(), kept.began)
            }
        };
        for Step { at, what } in steps {
            if at > self.to {
                self.next = None;
                break;
            }
            let Input::Observed(observations) = what else { continue };
            // What was before is in the lists already.
            if at <= self.head.at && until >= self.head.at {
                continue;
            }
            for observation in observations {
                if matches!(observation.event, Event::Listed(_)) {
                    listed.insert(observation.watch.clone());
                }
                push(&mut writer, &self.part, at, observation)?;
            }
            until = until.max(at);
        }
        self.told = Some((kept.run, listed, until));
        if self.next.is_some() {
            self.next = self.store.segment_after(&self.part, kept.began, place).await?;
        }
        writer.flush()?;
        Ok(Some(Bytes::from(writer.into_inner())))
    }
}

/// Adds what a watch told of the part; a list says that the watch is up.
fn push(writer: &mut Writer<Vec<u8>>, part: &Part, at: Timestamp, observation: Observation) -> Result<(), StoreError> {
    let Some(observation) = part.narrow(observation) else { return Ok(()) };
    let live = matches!(observation.event, Event::Listed(_) | Event::CaughtUp).then(|| observation.watch.clone());
    writer.push(&Entry { at, what: What::Observed(observation) })?;
    if let Some(watch) = live {
        writer.push(&Entry { at, what: What::Watch(watch, WatchHealth::Live) })?;
    }
    Ok(())
}
