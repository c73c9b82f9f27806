//! What several watchers saw of one pod, joined.
//!
//! Any number of servers may watch a cluster and write the same rows. Joining is indifferent to order and repetition, so
//! that nobody's writing undoes another's: of each moment the best knowledge stays, of what is now the newest.

use super::{Ended, HeldAddress, InDns, Moment, Row, StageTime, Who, Why};
use crate::board::{End, Found};
use crate::{Stage, Timestamp};

/// How far apart two watchers may see the same thing, in milliseconds: their clocks and connections differ.
const APART: i64 = 5_000;

impl Row {
    /// Joins two rows of one pod (one UID).
    #[must_use]
    pub fn merge(self, other: Self) -> Self {
        let (newer, older) = if self.knowledge() >= other.knowledge() { (self, other) } else { (other, self) };
        let found = first_sight(newer.found, older.found);
        let who = newer.verdict().into_iter().chain(older.verdict()).min().and_then(|(_, _, who)| who);
        let ended = match (newer.ended, older.ended) {
            (Some(one), Some(other)) => Some(one.merge(other)),
            // It had been released, and is a member again.
            (None, Some(ended)) if ended.why == Why::Released => None,
            (one, other) => one.or(other),
        };
        Self {
            found,
            first_seen: newer.first_seen.min(older.first_seen),
            created: newer.created.or(older.created),
            node: newer.node.or(older.node),
            why: newer.why.into_iter().chain(older.why).min(),
            who,
            stages: stages(newer.stages, older.stages),
            addresses: join(newer.addresses, older.addresses),
            dns: join(newer.dns, older.dns),
            version: newer.version.max(older.version),
            ended,
            ..newer
        }
    }

    /// Why it goes and who wants that; the more a verdict tells, the earlier it comes.
    fn verdict(&self) -> Option<(Why, bool, Option<Who>)> {
        let ended = self.ended.map(|ended| ended.why).filter(|why| *why != Why::Released);
        let why = self.why.into_iter().chain(ended).min()?;
        Some((why, self.who.is_none(), self.who))
    }

    /// Which of two rows knows more of what is now. The rest only makes the order total.
    fn knowledge(&self) -> impl Ord + use<> {
        let is_over = self.ended.is_some_and(|ended| ended.why != Why::Released);
        let has_ended = self.ended.is_some();
        (is_over, self.version, has_ended, self.last_sign(), self.columns.status.clone(), self.first_seen)
    }
}

/// Who saw more of how it began.
fn first_sight(one: Found, other: Found) -> Found {
    match (one, other) {
        (Found::Watched, _) | (_, Found::Watched) => Found::Watched,
        (Found::Adopted, _) | (_, Found::Adopted) => Found::Adopted,
        (Found::Listed, Found::Listed) => Found::Listed,
    }
}

impl Ended {
    fn merge(self, other: Self) -> Self {
        // A pod that was released came back before its end.
        match (self.why, other.why) {
            (Why::Released, why) if why != Why::Released => return other,
            (why, Why::Released) if why != Why::Released => return self,
            _ => {}
        }
        let at = match Moment::from(self.at).meet(other.at.into()) {
            Moment::Seen { at } => End::Seen { at },
            Moment::Between { after, before } => End::Unseen { after, before },
            Moment::Before { before } => End::Unseen { after: before, before },
        };
        // The more it tells, the earlier it comes; knowing nothing comes last.
        Self { at, why: self.why.min(other.why) }
    }
}

/// Something with a beginning that two watchers may have seen.
trait Seen: Copy {
    fn from(&self) -> Moment;
    /// Whether the other may be the same thing, going by what they are.
    fn is_like(&self, other: &Self) -> bool;
    fn merge(self, other: Self) -> Self;
}

impl Seen for StageTime {
    fn from(&self) -> Moment {
        self.seen
    }

    fn is_like(&self, other: &Self) -> bool {
        self.stage == other.stage
    }

    fn merge(self, other: Self) -> Self {
        Self { stage: self.stage, seen: self.seen.meet(other.seen), api: self.api.max(other.api) }
    }
}

impl Seen for HeldAddress {
    fn from(&self) -> Moment {
        self.from
    }

    fn is_like(&self, other: &Self) -> bool {
        self.ip == other.ip
    }

    fn merge(self, other: Self) -> Self {
        Self { ip: self.ip, from: self.from.meet(other.from), until: earlier(self.until, other.until) }
    }
}

impl Seen for InDns {
    fn from(&self) -> Moment {
        self.entered
    }

    fn is_like(&self, _: &Self) -> bool {
        true
    }

    fn merge(self, other: Self) -> Self {
        Self { entered: self.entered.meet(other.entered), left: earlier(self.left, other.left) }
    }
}

/// What has ended for one has ended: the other has not heard of it yet.
fn earlier(one: Option<Moment>, other: Option<Moment>) -> Option<Moment> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.meet(other)),
        (one, other) => one.or(other),
    }
}

/// Joins two lists in the order of time. Two items are the same when they are alike and either began at nearly the same
/// time, or one was found to be so by a watcher who had not seen it begin while it was so for the other.
fn join<T: Seen>(one: Vec<T>, other: Vec<T>) -> Vec<T> {
    let mut joined = one;
    for item in other {
        let may_be = |known: &T| known.is_like(&item) && overlap(known.from(), item.from());
        let nearest = joined
            .iter()
            .enumerate()
            .filter(|(_, known)| may_be(known))
            .min_by_key(|(_, known)| known.from().latest().millis_since(item.from().latest()).abs());
        match nearest.map(|(at, _)| at) {
            Some(at) => joined[at] = joined[at].merge(item),
            None => joined.push(item),
        }
    }
    joined.sort_by_key(|item| item.from().latest());
    joined
}

/// Whether two moments may be the same one.
fn overlap(one: Moment, other: Moment) -> bool {
    let begins = |moment: Moment| moment.earliest().unwrap_or(Timestamp::from_millis(i64::MIN));
    begins(one).millis_since(other.latest()) <= APART && begins(other).millis_since(one.latest()) <= APART
}

/// A stage that a watcher found on its arrival is no change where another knows that the pod was in it already.
fn stages(one: Vec<StageTime>, other: Vec<StageTime>) -> Vec<StageTime> {
    let mut joined = join(one, other);
    let mut before: Option<Stage> = None;
    joined.retain(|stage| {
        let repeats = before == Some(stage.stage);
        before = Some(stage.stage);
        !repeats
    });
    joined
}
