//! Packs the steps of the tape into segments and brings them to the store.

use std::collections::BTreeMap;
use std::io;

use topology::board::Change;
use topology::dns::Zone;
use topology::fold::{Delta, Input, Step};
use topology::{SetKey, Timestamp, Topology};

use super::part::Part;
use super::segment::{Base, Segment, add_line, pack};
use super::tape::{Item, Tape};
use crate::ledger::{Store, StoreError};

/// When a segment is full, and when a snapshot is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// How many events a segment holds.
    pub events: u64,
    /// How long its lines may get, in bytes.
    pub length: usize,
    /// After how many bytes of lines a snapshot is due, unless it would be longer itself: then after as many as it has,
    /// so that snapshots take no more room than the steps.
    pub snapshot: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { events: 512, length: 256 << 10, snapshot: 512 << 10 }
    }
}

/// How many events are packed at once.
const BATCH: usize = 4_096;

/// Keeps the history of one run.
pub struct Keeping {
    tape: Tape,
    run: u32,
    /// `None` only while another thread packs.
    packing: Option<Box<Packing>>,
}

/// Steps on their way into segments.
struct Packing {
    zone: Zone,
    limits: Limits,
    topology: Topology,
    open: Open,
    /// Full segments that are not written yet.
    full: Vec<Segment>,
    /// How many bytes of lines there are since the last snapshot, and how many that one had.
    since: (usize, usize),
    /// How many items are in segments that are not written yet.
    items: u64,
}

/// The segment that takes steps.
struct Open {
    number: i64,
    base: Base,
    began: Option<Timestamp>,
    /// When its last step was taken; before its first one, when that of the segment before was.
    until: Timestamp,
    events: u64,
    lines: Vec<u8>,
    marks: BTreeMap<SetKey, Vec<Timestamp>>,
    changed: bool,
}

impl Open {
    fn new(number: i64, base: Base, after: Timestamp) -> Self {
        let (lines, marks) = (Vec::new(), BTreeMap::new());
        Self { number, base, began: None, until: after, events: 0, lines, marks, changed: false }
    }

    fn add(&mut self, at: Timestamp) {
        // A clock that was set back makes no step earlier than the one before, of this segment or of an earlier one.
        self.until = self.until.max(at);
        self.began.get_or_insert(self.until);
        self.changed = true;
    }

    fn segment(&self) -> io::Result<Option<Segment>> {
        let Some(began) = self.began else { return Ok(None) };
        Ok(Some(Segment {
            number: self.number,
            began,
            until: self.until,
            base: self.base.clone(),
            events: self.events,
            content: pack(&self.lines)?,
            marks: self.marks.clone(),
        }))
    }
}

impl Keeping {
    /// Keeps what comes on the tape, of a cluster whose DNS is set like this.
    pub fn new(tape: Tape, zone: Zone, run: u32, limits: Limits) -> Self {
        let packing = Packing {
            limits,
            topology: Topology::new(zone.clone()),
            zone,
            open: Open::new(0, Base::Empty, Timestamp::from_millis(i64::MIN)),
            full: Vec::new(),
            since: (0, 0),
            items: 0,
        };
        Self { tape, run, packing: Some(Box::new(packing)) }
    }

    /// Where the steps come from.
    pub fn tape(&self) -> &Tape {
        &self.tape
    }

    /// Writes what is on the tape. What cannot be written now is kept for the next time; until then nothing more is taken
    /// off the tape, which has a bound.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn write(&mut self, store: &Store, part: &Part) -> Result<(), StoreError> {
        loop {
            let items = if self.is_behind() { Vec::new() } else { self.tape.take(BATCH) };
            let last = items.is_empty();
            let segments = self.pack(items).await?;
            if segments.is_empty() {
                return Ok(());
            }
            store.write_segments(part, self.run, &segments).await?;
            let until = segments.last().map_or(Timestamp::default(), |segment| segment.until);
            if let Some(packing) = &mut self.packing {
                packing.full.clear();
                packing.open.changed = false;
                self.tape.wrote(std::mem::take(&mut packing.items), until);
            }
            if last {
                return Ok(());
            }
        }
    }

    fn is_behind(&self) -> bool {
        self.packing.as_ref().is_some_and(|packing| !packing.full.is_empty() || packing.open.changed)
    }

    /// Packs on a thread that may be kept busy: a first list may be long.
    async fn pack(&mut self, items: Vec<Item>) -> Result<Vec<Segment>, StoreError> {
        let Some(mut packing) = self.packing.take() else {
            return Err(StoreError::Unusable("history stopped: packing it failed".to_owned()));
        };
        let packed = tokio::task::spawn_blocking(move || {
            let segments = packing.pack(items);
            (packing, segments)
        });
        let (packing, segments) = packed.await.map_err(|error| StoreError::Unusable(error.to_string()))?;
        self.packing = Some(packing);
        Ok(segments?)
    }
}

impl Packing {
    fn pack(&mut self, items: Vec<Item>) -> io::Result<Vec<Segment>> {
        for item in items {
            self.items += 1;
            match item {
                Item::Step(step) => self.take(step)?,
                Item::Whole(at, snapshot) => {
                    self.close()?;
                    self.topology = Topology::restore(self.zone.clone(), *snapshot);
                    self.open.base = self.snapshot()?;
                    self.open.add(at);
                }
            }
        }
        let mut segments = self.full.clone();
        if self.open.changed {
            segments.extend(self.open.segment()?);
        }
        Ok(segments)
    }

    fn take(&mut self, step: Step) -> io::Result<()> {
        let (at, observed) = (step.at, matches!(step.what, Input::Observed(_)));
        let before = self.open.lines.len();
        add_line(&mut self.open.lines, &step)?;
        self.since.0 += self.open.lines.len() - before;
        self.open.events += step.what.size().max(1) as u64;
        self.open.add(at);
        let delta = self.topology.take(step);
        if let Some(delta) = delta.filter(|_| observed) {
            self.mark(&delta);
        }
        if self.open.events >= self.limits.events || self.open.lines.len() >= self.limits.length {
            self.close()?;
            if self.since.0 >= self.limits.snapshot.max(self.since.1) {
                self.open.base = self.snapshot()?;
            }
        }
        Ok(())
    }

    fn mark(&mut self, delta: &Delta) {
        for (set, changes) in &delta.boards {
            // What only time did, or what is said about it, is no moment that anybody looks for.
            if changes.iter().all(|change| matches!(change, Change::Unseen(_) | Change::WarningGone(_))) {
                continue;
            }
            let times = self.open.marks.entry(set.clone()).or_default();
            if times.last() != Some(&self.open.until) {
                times.push(self.open.until);
            }
        }
    }

    fn close(&mut self) -> io::Result<()> {
        let next = Open::new(self.open.number + 1, Base::Before, self.open.until);
        match self.open.segment()? {
            Some(full) => self.full.push(full),
            None => return Ok(()),
        }
        self.open = next;
        Ok(())
    }

    fn snapshot(&mut self) -> io::Result<Base> {
        let mut lines = Vec::new();
        add_line(&mut lines, &self.topology.snapshot())?;
        self.since = (0, lines.len());
        Ok(Base::Snapshot(pack(&lines)?))
    }
}
