//! What the cluster's DNS says when it is asked, and how that compares with what it must say. Pure: whoever asks brings
//! the replies and the times.

use serde::{Deserialize, Serialize};

use super::{Answer, Name, Rcode, Record, RecordData, RecordType};
use crate::Timestamp;

/// How many former answers of a question are recognised.
const MAX_OLD: usize = 4;
/// How many changes of one question are kept with what was measured of them, the latest ones.
pub const MAX_MEASURED: usize = 8;
/// How many data of an answer are kept for who reads it.
pub const MAX_TOLD: usize = 8;
/// Less than this makes no difference of when a client has to ask anew, in milliseconds: answers count whole seconds.
const UNTIL_STEP: i64 = 1_000;

/// A question to the cluster's DNS.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Question {
    /// The name.
    pub name: Name,
    /// The type of records.
    pub kind: RecordType,
}

/// What came of a question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    /// An answer.
    Told(Told),
    /// None that says something.
    Failed(Failure),
}

/// An answer, as far as it is compared.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Told {
    /// Whether the name exists: [`Rcode::NoError`], or [`Rcode::NxDomain`].
    pub rcode: Rcode,
    /// What the records say, sorted, each once; none where the name has no such record.
    pub data: Vec<RecordData>,
    /// How long it may be kept from when it was told, in seconds.
    pub ttl: u32,
}

/// Why a question has no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum Failure {
    /// Nothing came in time.
    Timeout,
    /// Nobody can be asked: the connection is refused, or broke.
    Unreachable,
    /// The server says that it cannot tell.
    ServFail,
    /// The server does not want to tell.
    Refused,
    /// The server answers with another code.
    Rcode(u16),
    /// The answer did not fit into a datagram, and over TCP it could not be had.
    Truncated,
    /// What came is no DNS message.
    Malformed,
    /// What came is no answer to the question.
    Lie(Lie),
}

/// What makes an answer none to the question.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum Lie {
    /// It has another number than the question.
    Number,
    /// It repeats another question.
    Question,
    /// It has records of a name that was not asked for.
    Name,
}

/// What the cluster's DNS says, beside what it must.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum Verdict {
    /// The same.
    Same,
    /// What was right before the last changes.
    Old {
        /// That.
        told: Told,
        /// Since when it is not right any more: the slices, or the Service, say so.
        since: Timestamp,
        /// Until when a client may keep it that asked last.
        until: Timestamp,
    },
    /// Something else.
    Differs(Told),
    /// Nothing.
    NoAnswer(Failure),
}

/// An answer that was right once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Old {
    /// The answer.
    pub told: Told,
    /// When it stopped to be right.
    pub stopped: Timestamp,
}

/// How something is known of a stretch of time between questions: it took at least so long and at most so long, in
/// milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Stretch {
    /// At least.
    pub least: u32,
    /// At most.
    pub most: u32,
}

/// What was measured of one change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Measured {
    /// When the slices, or the Service, changed what DNS must answer.
    pub changed: Timestamp,
    /// After how long the cluster's DNS answered so; `None` where it did not before the next change.
    pub lag: Option<Stretch>,
    /// How long the cluster's DNS then had no record; `None` where it had one always, or has none yet.
    pub out: Option<Stretch>,
}

/// What is known of one question.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Observed {
    /// The question.
    pub question: Question,
    /// What the cluster's DNS says; `None` where it was not asked since the right answer changed, or is not asked now.
    pub said: Option<Said>,
    /// Since when the cluster's DNS has no record, where it was seen to go.
    pub absent: Option<Timestamp>,
    /// The latest changes, in order.
    pub measured: Vec<Measured>,
}

/// What the cluster's DNS says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Said {
    /// Beside what it must.
    pub verdict: Verdict,
    /// Since when it says so (when the first such answer came).
    pub since: Timestamp,
}

impl Told {
    /// From the records of an answer and, in a negative one, how long that may be kept.
    pub fn new(rcode: Rcode, mut data: Vec<RecordData>, ttl: u32) -> Self {
        data.sort();
        data.dedup();
        Self { rcode, data, ttl }
    }

    /// That there is no such name.
    pub const fn nothing(ttl: u32) -> Self {
        Self { rcode: Rcode::NxDomain, data: Vec::new(), ttl }
    }

    /// Whether both say the same, with whatever TTL.
    pub fn says(&self, other: &Self) -> bool {
        self.rcode == other.rcode && self.data == other.data
    }

    /// Whether it is as expected. Where an alias leads out of the cluster, only the resolver knows what is there.
    fn is_as(&self, expected: &Self) -> bool {
        let alias = |data: &RecordData| matches!(data, RecordData::Cname(_));
        let leads_out = !expected.data.is_empty() && expected.data.iter().all(alias);
        self.says(expected) || (leads_out && expected.data.iter().all(|data| self.data.contains(data)))
    }

    /// As much of it as is kept for who reads it.
    fn cut(&self) -> Self {
        Self { data: self.data.iter().take(MAX_TOLD).cloned().collect(), ..*self }
    }
}

impl From<&Answer> for Told {
    fn from(answer: &Answer) -> Self {
        let negative = answer.authority.as_ref().map(|soa| match &soa.data {
            RecordData::Soa(data) => soa.ttl.min(data.minimum),
            _ => soa.ttl,
        });
        let ttl = answer.answers.iter().map(|record: &Record| record.ttl).min().or(negative).unwrap_or_default();
        Self::new(answer.rcode, answer.answers.iter().map(|record| record.data.clone()).collect(), ttl)
    }
}

/// What a reply that came `at` that time means, where `expected` is right now and each of `old` was before, the latest
/// last.
pub fn compare(expected: &Told, old: &[Old], reply: &Reply, at: Timestamp) -> Verdict {
    let told = match reply {
        Reply::Failed(failure) => return Verdict::NoAnswer(*failure),
        Reply::Told(told) => told,
    };
    if told.is_as(expected) {
        return Verdict::Same;
    }
    match old.iter().rev().find(|old| told.is_as(&old.told)) {
        Some(old) => {
            let until = at.as_millis().saturating_add(i64::from(told.ttl) * 1_000);
            Verdict::Old { told: told.cut(), since: old.stopped, until: Timestamp::from_millis(until) }
        }
        None => Verdict::Differs(told.cut()),
    }
}

impl Verdict {
    /// Whether there is nothing new in the other one.
    fn is_like(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Old { told, since, until }, Self::Old { told: others, since: other_since, until: other_until }) => {
                told.says(others) && since == other_since && other_until.millis_since(*until).abs() < UNTIL_STEP
            }
            (Self::Differs(told), Self::Differs(other)) => told.says(other),
            _ => self == other,
        }
    }
}

/// Follows one question: takes what is expected and what comes, and tells when something is new.
#[derive(Debug, Clone)]
pub struct Tracker {
    expected: Told,
    old: Vec<Old>,
    /// The last change, while the cluster's DNS has not followed it.
    pending: Option<Pending>,
    /// When the question was put that was last answered with records.
    present: Option<Timestamp>,
    absence: Option<Absence>,
    observed: Observed,
}

#[derive(Debug, Clone)]
struct Pending {
    changed: Timestamp,
    /// When the question was put that last had another answer.
    wrong: Option<Timestamp>,
}

/// A time without records.
#[derive(Debug, Clone)]
struct Absence {
    /// When the question was put that was last answered with records before; `None` where that was not seen.
    after: Option<Timestamp>,
    /// When the first answer without records came.
    before: Timestamp,
    /// When the question was put that was last answered without records.
    asked: Timestamp,
    /// The change that made it, where there was one.
    changed: Option<Timestamp>,
}

impl Tracker {
    /// Begins to follow a question. `old` was right before, the latest last; `changed` is when the last of it stopped, if
    /// it is to be measured how long the cluster's DNS takes to follow; `measured` is known of earlier changes.
    pub fn new(
        question: Question,
        expected: Told,
        old: Vec<Old>,
        changed: Option<Timestamp>,
        measured: Vec<Measured>,
    ) -> Self {
        let is_new = |changed: &Timestamp| measured.last().is_none_or(|last| last.changed < *changed);
        let pending = changed.filter(is_new).map(|changed| Pending { changed, wrong: None });
        let observed = Observed { question, said: None, absent: None, measured };
        Self { expected, old, pending, present: None, absence: None, observed }
    }

    /// What is right now.
    pub fn expected(&self) -> &Told {
        &self.expected
    }

    /// What is known.
    pub fn observed(&self) -> &Observed {
        &self.observed
    }

    /// Whether the cluster's DNS has not followed the last change yet.
    pub fn is_pending(&self) -> bool {
        self.pending.is_some()
    }

    /// Whether it is to be asked again soon: nothing is known, or it does not say what it must.
    pub fn is_unsettled(&self) -> bool {
        self.pending.is_some() || self.observed.said.as_ref().is_none_or(|said| said.verdict != Verdict::Same)
    }

    /// Takes what is right from `at` on; whether that is something else than before.
    pub fn expect(&mut self, expected: Told, at: Timestamp) -> bool {
        if self.expected.says(&expected) {
            self.expected = expected;
            return false;
        }
        let told = std::mem::replace(&mut self.expected, expected);
        self.old.retain(|old| !old.told.says(&told) && !old.told.says(&self.expected));
        self.old.push(Old { told, stopped: at });
        self.old.drain(..self.old.len().saturating_sub(MAX_OLD));
        if let Some(missed) = self.pending.replace(Pending { changed: at, wrong: None }) {
            self.note(Measured { changed: missed.changed, lag: None, out: None });
        }
        // The cluster's DNS may know of a change before the watches here do.
        if let Some(absence) = self.absence.as_mut().filter(|_| self.expected.data.is_empty()) {
            absence.changed.get_or_insert(at);
        }
        self.observed.said = None;
        true
    }

    /// Nobody asks any more: what was said is not known to be still so, and what was being measured is not.
    pub fn pause(&mut self) -> bool {
        (self.pending, self.present, self.absence) = (None, None, None);
        self.observed.absent.take().is_some() | self.observed.said.take().is_some()
    }

    /// Takes what came of a question that was put at `asked` and answered, or given up, at `at`; whether that is new. A
    /// question that was put before the last change says nothing of now.
    pub fn see(&mut self, asked: Timestamp, at: Timestamp, reply: &Reply) -> bool {
        if self.pending.as_ref().is_some_and(|pending| asked < pending.changed) {
            return false;
        }
        let before = self.observed.clone();
        let verdict = compare(&self.expected, &self.old, reply, at);
        let changed = self.pending.as_ref().map(|pending| pending.changed);
        self.follow(asked, at, &verdict);
        if let Reply::Told(told) = reply {
            self.presence(asked, at, !told.data.is_empty(), changed);
        }
        if !self.observed.said.as_ref().is_some_and(|said| said.verdict.is_like(&verdict)) {
            let kept = |said: &Said| std::mem::discriminant(&said.verdict) == std::mem::discriminant(&verdict);
            let since = self.observed.said.as_ref().filter(|said| kept(said)).map_or(at, |said| said.since);
            self.observed.said = Some(Said { verdict, since });
        }
        before != self.observed
    }

    /// Whether the cluster's DNS follows the last change.
    fn follow(&mut self, asked: Timestamp, at: Timestamp, verdict: &Verdict) {
        let Some(pending) = &mut self.pending else { return };
        match verdict {
            Verdict::Same => {
                let least = pending.wrong.map_or(0, |wrong| millis(wrong, pending.changed));
                let lag = Stretch { least, most: millis(at, pending.changed) };
                let changed = pending.changed;
                self.pending = None;
                self.note(Measured { changed, lag: Some(lag), out: None });
            }
            Verdict::Old { .. } | Verdict::Differs(_) => pending.wrong = Some(asked),
            Verdict::NoAnswer(_) => {}
        }
    }

    /// Whether there are records.
    fn presence(&mut self, asked: Timestamp, at: Timestamp, present: bool, changed: Option<Timestamp>) {
        if !present {
            let after = self.present.take();
            let absence = self.absence.get_or_insert(Absence { after, before: at, asked, changed });
            absence.asked = asked;
            self.observed.absent = absence.after.map(|_| absence.before);
            return;
        }
        self.present = Some(asked);
        self.observed.absent = None;
        let Some(Absence { after: Some(after), before, asked, changed }) = self.absence.take() else { return };
        let out = Some(Stretch { least: millis(asked, before), most: millis(at, after) });
        let changed = changed.unwrap_or(before);
        match self.observed.measured.iter_mut().find(|measured| measured.changed == changed) {
            Some(measured) => measured.out = out,
            None => self.note(Measured { changed, lag: None, out }),
        }
    }

    fn note(&mut self, measured: Measured) {
        let all = &mut self.observed.measured;
        let at = all.partition_point(|known| known.changed <= measured.changed);
        all.insert(at, measured);
        all.drain(..all.len().saturating_sub(MAX_MEASURED));
    }
}

/// From one time to a later one.
fn millis(later: Timestamp, earlier: Timestamp) -> u32 {
    u32::try_from(later.millis_since(earlier).max(0)).unwrap_or(u32::MAX)
}
