//! History in the database.

use std::time::Duration;

use sqlx::Row as _;
use topology::{SetKey, Timestamp};

use super::marks;
use super::part::Part;
use super::segment::{Base, Segment};
use crate::ledger::{Retention, Sql, Store, StoreError, Value};

/// How many moments of change one answer has at most.
pub const MAX_MARKS: usize = 2_000;
/// Of how many segments the moments are read for one answer at most.
const MARKED_SEGMENTS: i64 = 4_000;
/// How many segments one step of [`Store::prune_history`] deletes at most.
const PRUNE_STEP: i64 = 32;
/// How many segments are written by one statement.
const WRITTEN_AT_ONCE: usize = 16;

/// What is kept of a stretch of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Window {
    /// The first moment that can be shown; `None` when nothing is kept.
    pub oldest: Option<Timestamp>,
    /// When the last step was taken.
    pub newest: Option<Timestamp>,
    /// How many events there are.
    pub events: u64,
    /// How many bytes they and their snapshots take.
    pub bytes: u64,
}

/// When the board of a StatefulSet changed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Marked {
    /// The moments, in order, each once; of many that are close to each other only the first.
    pub times: Vec<Timestamp>,
    /// Whether there are more than are told.
    pub thinned: bool,
}

/// A segment as it is read.
pub(super) struct Kept {
    pub(super) run: u32,
    pub(super) number: i64,
    pub(super) began: Timestamp,
    pub(super) snapshot: Option<Vec<u8>>,
    pub(super) content: Vec<u8>,
}

/// The place of a segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) run: u32,
    pub(super) number: i64,
}

impl Store {
    /// Writes segments of a run; one that is there already is replaced. All or nothing.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn write_segments(&self, part: &Part, run: u32, segments: &[Segment]) -> Result<(), StoreError> {
        let cluster = part.cluster();
        let mut transaction = self.begin().await?;
        for segments in segments.chunks(WRITTEN_AT_ONCE) {
            let mut sql = Sql::new(
                "INSERT INTO segments (cluster, run, number, began, until, based, events, bytes, snapshot, content, namespaces) VALUES ",
            );
            sql.tuples(segments.iter().map(|segment| columns(part, run, segment)));
            sql.push(
                " ON CONFLICT (cluster, run, number) DO UPDATE SET until = excluded.until, events = excluded.events,",
            );
            sql.push(" bytes = excluded.bytes, content = excluded.content");
            sql.query().execute(&mut *transaction).await?;
        }
        let marks: Vec<[Value; 8]> = segments
            .iter()
            .flat_map(|segment| segment.marks.iter().filter_map(|(set, times)| mark(cluster, run, segment, set, times)))
            .collect();
        for marks in marks.chunks(100) {
            let mut sql = Sql::new(
                "INSERT INTO marks (cluster, run, number, namespace, statefulset, began, until, times) VALUES ",
            );
            sql.tuples(marks.iter().cloned());
            sql.push(" ON CONFLICT (cluster, run, number, namespace, statefulset)");
            sql.push(" DO UPDATE SET until = excluded.until, times = excluded.times");
            sql.query().execute(&mut *transaction).await?;
        }
        transaction.commit().await?;
        Ok(())
    }

    /// What is kept of a part of a cluster between two moments, by those who saw all of it.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn window(&self, part: &Part, from: Timestamp, to: Timestamp) -> Result<Window, StoreError> {
        let cluster = part.cluster();
        let mut sql = Sql::new("SELECT (SELECT MIN(began) FROM segments WHERE based = 1 AND cluster = ");
        part.seen(sql.bind(cluster));
        sql.push("), (SELECT MAX(until) FROM segments WHERE cluster = ");
        part.seen(sql.bind(cluster));
        sql.push("), CAST(COALESCE(SUM(events), 0) AS BIGINT), CAST(COALESCE(SUM(bytes), 0) AS BIGINT)");
        sql.push(" FROM segments WHERE cluster = ");
        part.seen(sql.bind(cluster));
        sql.push(" AND until >= ").bind(from.as_millis()).push(" AND began <= ").bind(to.as_millis());
        let row = self.one(sql).await?;
        let at = |column| Ok::<_, StoreError>(row.try_get::<Option<i64>, _>(column)?.map(Timestamp::from_millis));
        let sum = |column| Ok::<_, StoreError>(u64::try_from(row.try_get::<i64, _>(column)?).unwrap_or_default());
        Ok(Window { oldest: at(0)?, newest: at(1)?, events: sum(2)?, bytes: sum(3)? })
    }

    /// When a board changed between two moments: at most `limit` moments, evenly thinned out where there are more.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn marked(
        &self,
        part: &Part,
        set: &SetKey,
        from: Timestamp,
        to: Timestamp,
        limit: usize,
    ) -> Result<Marked, StoreError> {
        if !part.has(&set.namespace) {
            return Ok(Marked::default());
        }
        let mut sql = marks_of(part.cluster(), set);
        sql.push(" AND until >= ").bind(from.as_millis()).push(" AND began <= ").bind(to.as_millis());
        sql.push(" ORDER BY began DESC LIMIT ").bind(MARKED_SEGMENTS);
        let rows = sql.query().fetch_all(self.pool()).await?;
        let cut = rows.len() >= usize::try_from(MARKED_SEGMENTS).unwrap_or(usize::MAX);
        let mut times = Vec::new();
        for row in &rows {
            times.extend(times_of(row)?.into_iter().filter(|at| (from..=to).contains(at)));
        }
        times.sort_unstable();
        times.dedup();
        let thinned = cut || times.len() > limit;
        Ok(Marked { times: thin(times, limit), thinned })
    }

    /// The moments of change next to a moment: the one before it, and the one after it.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn neighbours(
        &self,
        part: &Part,
        set: &SetKey,
        at: Timestamp,
    ) -> Result<(Option<Timestamp>, Option<Timestamp>), StoreError> {
        if !part.has(&set.namespace) {
            return Ok((None, None));
        }
        let cluster = part.cluster();
        // The segments of one run follow on each other, those of several may overlap: each tells its own.
        let mut sql = marks_of(cluster, set);
        sql.push(" AND began < ").bind(at.as_millis()).push(" ORDER BY began DESC LIMIT 8");
        let mut before = None;
        for row in sql.query().fetch_all(self.pool()).await? {
            before = before.max(times_of(&row)?.into_iter().rfind(|time| *time < at));
        }
        let mut sql = marks_of(cluster, set);
        sql.push(" AND until > ").bind(at.as_millis()).push(" ORDER BY until LIMIT 8");
        let mut after: Option<Timestamp> = None;
        for row in sql.query().fetch_all(self.pool()).await? {
            let time = times_of(&row)?.into_iter().find(|time| *time > at);
            after = [after, time].into_iter().flatten().min();
        }
        Ok((before, after))
    }

    /// Deletes what is too old or too much of a cluster's history, in one bounded step; how many segments went. What is
    /// left can still be shown: steps that a later moment is made from stay until a snapshot takes their place.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn prune_history(&self, cluster: &str, retention: Retention, now: Timestamp) -> Result<u64, StoreError> {
        let mut gone = 0;
        if let Some(age) = retention.age {
            let age = i64::try_from(Duration::as_millis(&age)).unwrap_or(i64::MAX);
            gone += self.delete_before(cluster, now.as_millis().saturating_sub(age)).await?;
        }
        let mut sql =
            Sql::new("SELECT COUNT(*), CAST(COALESCE(SUM(events), 0) AS BIGINT) FROM segments WHERE cluster = ");
        sql.bind(cluster);
        let row = self.one(sql).await?;
        let (count, events): (i64, i64) = (row.try_get(0)?, row.try_get(1)?);
        let excess = events.saturating_sub(i64::try_from(retention.events).unwrap_or(i64::MAX));
        if excess > 0 && events > 0 {
            let share = i128::from(count) * i128::from(excess) / i128::from(events);
            let mut sql = Sql::new("SELECT until FROM segments WHERE cluster = ");
            sql.bind(cluster).push(" ORDER BY until LIMIT 1 OFFSET ").bind(i64::try_from(share).unwrap_or_default());
            if let Some(row) = sql.query().fetch_optional(self.pool()).await? {
                gone += self.delete_before(cluster, row.try_get(0)?).await?;
            }
        }
        Ok(gone)
    }

    async fn delete_before(&self, cluster: &str, before: i64) -> Result<u64, StoreError> {
        let mut sql = Sql::new("DELETE FROM segments WHERE cluster = ");
        sql.bind(cluster)
            .push(" AND (run, number) IN (SELECT old.run, old.number FROM segments AS old WHERE old.cluster = ");
        sql.bind(cluster).push(" AND old.until < ").bind(before);
        sql.push(
            " AND (old.number < (SELECT MAX(later.number) FROM segments AS later WHERE later.cluster = old.cluster",
        );
        sql.push(" AND later.run = old.run AND later.based = 1 AND later.began <= ").bind(before);
        sql.push(") OR NOT EXISTS (SELECT 1 FROM segments AS later WHERE later.cluster = old.cluster AND later.run = old.run");
        sql.push(" AND later.until >= ").bind(before).push("))");
        sql.push(" ORDER BY old.until, old.number LIMIT ").bind(PRUNE_STEP).push(")");
        Ok(sql.query().execute(self.pool()).await?.rows_affected())
    }

    /// The last segment that begins by then, of any run that saw all of the part.
    pub(super) async fn segment_at(&self, part: &Part, at: Timestamp) -> Result<Option<Place>, StoreError> {
        let mut sql = Sql::new("SELECT run, number FROM segments WHERE cluster = ");
        part.seen(sql.bind(part.cluster()));
        sql.push(" AND began <= ").bind(at.as_millis());
        sql.push(" ORDER BY began DESC, run DESC, number DESC LIMIT 1");
        self.place(sql).await
    }

    /// The first segment that begins after that, of any run that saw all of the part.
    pub(super) async fn segment_after(
        &self,
        part: &Part,
        began: Timestamp,
        place: Place,
    ) -> Result<Option<Place>, StoreError> {
        let (began, run) = (began.as_millis(), i64::from(place.run));
        let mut sql = Sql::new("SELECT run, number FROM segments WHERE cluster = ");
        part.seen(sql.bind(part.cluster()));
        sql.push(" AND (began > ").bind(began).push(" OR (began = ").bind(began);
        sql.push(" AND (run > ").bind(run).push(" OR (run = ").bind(run);
        sql.push(" AND number > ").bind(place.number).push("))))");
        sql.push(" ORDER BY began, run, number LIMIT 1");
        self.place(sql).await
    }

    /// The segments from the last one that can be begun with up to this one.
    pub(super) async fn chain(&self, cluster: &str, to: Place) -> Result<Vec<Kept>, StoreError> {
        let run = i64::from(to.run);
        let mut sql = segments_of(cluster);
        sql.push(" AND run = ").bind(run).push(" AND number <= ").bind(to.number);
        sql.push(" AND number >= (SELECT MAX(number) FROM segments WHERE based = 1 AND cluster = ").bind(cluster);
        sql.push(" AND run = ").bind(run).push(" AND number <= ").bind(to.number).push(") ORDER BY number");
        sql.query().fetch_all(self.pool()).await?.iter().map(kept).collect()
    }

    /// One segment.
    pub(super) async fn segment(&self, cluster: &str, place: Place) -> Result<Option<Kept>, StoreError> {
        let mut sql = segments_of(cluster);
        sql.push(" AND run = ").bind(i64::from(place.run)).push(" AND number = ").bind(place.number);
        sql.query().fetch_optional(self.pool()).await?.as_ref().map(kept).transpose()
    }

    async fn place(&self, sql: Sql) -> Result<Option<Place>, StoreError> {
        let Some(row) = sql.query().fetch_optional(self.pool()).await? else { return Ok(None) };
        Ok(Some(Place { run: run(row.try_get(0)?), number: row.try_get(1)? }))
    }

    async fn one(&self, sql: Sql) -> Result<sqlx::any::AnyRow, StoreError> {
        Ok(sql.query().fetch_one(self.pool()).await?)
    }
}

fn run(number: i64) -> u32 {
    u32::try_from(number).unwrap_or_default()
}

/// What [`kept`] reads.
fn segments_of(cluster: &str) -> Sql {
    let mut sql = Sql::new("SELECT run, number, began, snapshot, content FROM segments WHERE cluster = ");
    sql.bind(cluster);
    sql
}

fn kept(row: &sqlx::any::AnyRow) -> Result<Kept, StoreError> {
    Ok(Kept {
        run: run(row.try_get(0)?),
        number: row.try_get(1)?,
        began: Timestamp::from_millis(row.try_get(2)?),
        snapshot: row.try_get(3)?,
        content: row.try_get(4)?,
    })
}

fn columns(part: &Part, run: u32, segment: &Segment) -> [Value; 11] {
    let (based, snapshot) = match &segment.base {
        Base::Before => (0, None),
        Base::Empty => (1, None),
        Base::Snapshot(packed) => (1, Some(packed.clone())),
    };
    let bytes = segment.content.len() + snapshot.as_ref().map_or(0, Vec::len);
    [
        part.cluster().into(),
        i64::from(run).into(),
        segment.number.into(),
        segment.began.as_millis().into(),
        segment.until.as_millis().into(),
        based.into(),
        i64::try_from(segment.events).unwrap_or(i64::MAX).into(),
        i64::try_from(bytes).unwrap_or(i64::MAX).into(),
        Value::Bytes(snapshot),
        Value::Bytes(Some(segment.content.clone())),
        part.column().into(),
    ]
}

fn mark(cluster: &str, run: u32, segment: &Segment, set: &SetKey, times: &[Timestamp]) -> Option<[Value; 8]> {
    let (first, last) = (times.first()?, times.last()?);
    Some([
        cluster.into(),
        i64::from(run).into(),
        segment.number.into(),
        set.namespace.as_str().into(),
        set.name.as_str().into(),
        first.as_millis().into(),
        last.as_millis().into(),
        Value::Bytes(Some(marks::pack(*first, times))),
    ])
}

fn marks_of(cluster: &str, set: &SetKey) -> Sql {
    let mut sql = Sql::new("SELECT began, times FROM marks WHERE cluster = ");
    sql.bind(cluster).push(" AND namespace = ").bind(set.namespace.as_str());
    sql.push(" AND statefulset = ").bind(set.name.as_str());
    sql
}

fn times_of(row: &sqlx::any::AnyRow) -> Result<Vec<Timestamp>, StoreError> {
    let packed: Vec<u8> = row.try_get(1)?;
    Ok(marks::unpack(Timestamp::from_millis(row.try_get(0)?), &packed))
}

/// At most `limit` of the times: the first of each of as many equal stretches.
fn thin(times: Vec<Timestamp>, limit: usize) -> Vec<Timestamp> {
    let (Some(first), Some(last)) = (times.first().copied(), times.last().copied()) else { return times };
    if times.len() <= limit {
        return times;
    }
    let stretches = i64::try_from(limit.max(1)).unwrap_or(i64::MAX);
    let length = last.millis_since(first) / stretches + 1;
    let mut thinned: Vec<Timestamp> = Vec::with_capacity(limit);
    let stretch = |at: Timestamp| at.millis_since(first) / length;
    for at in times {
        if thinned.last().is_none_or(|known| stretch(*known) != stretch(at)) {
            thinned.push(at);
        }
    }
    thinned
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn given_many_moments_when_thinned_then_as_many_as_asked_for_are_left_and_they_are_spread() {
        let at = Timestamp::from_millis;
        let times: Vec<_> = (0..10_000).map(|step| at(step * step)).collect();
        for limit in [1, 7, 500] {
            let thinned = thin(times.clone(), limit);
            assert!(thinned.len() <= limit && thinned.len() > limit / 2, "{limit}: {}", thinned.len());
            assert_eq!(thinned[0], at(0));
        }
        assert_eq!(thin(times.clone(), 10_000), times);
    }
}
