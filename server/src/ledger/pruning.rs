//! What is old enough to go. A clock that jumps ahead would make everything old at once, and nobody can tell a jump from a
//! long time away. So each round of pruning goes only a little beyond where the one before ended, or beyond the oldest that
//! there is: what is too old goes within hours, and a clock that is set right within some minutes has cost days of it at
//! most, not all.

use std::time::Duration;

use topology::Timestamp;

use super::sql::Sql;
use super::store::{Retention, Store, StoreError};

/// How often it is looked for what is too old or too much. While there is some, it goes step by step.
pub(super) const ROUND: Duration = Duration::from_secs(600);
/// How far a round goes at most.
const FARTHEST: Duration = Duration::from_hours(24);

/// The rounds of pruning.
#[derive(Debug, Default)]
pub(super) struct Pruning {
    /// What is from before then was deleted.
    reached: Option<Timestamp>,
    /// What time the round under way takes it to be.
    round: Option<Timestamp>,
}

impl Pruning {
    /// Deletes a step of what is too old or too much when the clock says `now`; how many rows and segments went. A round
    /// is over when that is nothing.
    pub(super) async fn step(
        &mut self,
        store: &Store,
        cluster: &str,
        retention: Retention,
        now: Timestamp,
    ) -> Result<(u64, u64), StoreError> {
        let now = match (self.round, retention.age) {
            (Some(round), _) => round,
            (None, None) => now,
            (None, Some(age)) => {
                let from = self.reached.max(store.oldest(cluster).await?);
                let now = believed(now, age, from);
                self.reached = Some(before(now, age));
                *self.round.insert(now)
            }
        };
        let gone = (store.prune(cluster, retention, now).await?, store.prune_history(cluster, retention, now).await?);
        if gone == (0, 0) {
            self.round = None;
        }
        Ok(gone)
    }
}

/// What of the clock a round believes that begins with what is from then.
fn believed(now: Timestamp, age: Duration, from: Option<Timestamp>) -> Timestamp {
    let farthest = (age / 16).clamp(2 * ROUND, FARTHEST);
    from.map_or(now, |from| now.min(Timestamp::from_millis(from.as_millis().saturating_add(millis(age + farthest)))))
}

fn before(now: Timestamp, age: Duration) -> Timestamp {
    Timestamp::from_millis(now.as_millis().saturating_sub(millis(age)))
}

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

impl Store {
    /// From when the oldest is that can be deleted of a cluster.
    async fn oldest(&self, cluster: &str) -> Result<Option<Timestamp>, StoreError> {
        let mut sql =
            Sql::new("SELECT MIN(oldest) FROM (SELECT MIN(ended) AS oldest FROM incarnations WHERE cluster = ");
        sql.bind(cluster).push(" UNION ALL SELECT MIN(until) FROM watches WHERE cluster = ").bind(cluster);
        // The segments of a run go when the run is over, or when a later one has a snapshot.
        sql.push(" UNION ALL SELECT MAX(until) FROM segments WHERE cluster = ").bind(cluster);
        sql.push(" GROUP BY run UNION ALL SELECT MIN(later.began) FROM segments AS later WHERE later.cluster = ");
        sql.bind(cluster)
            .push(" AND later.based = 1 AND later.number > (SELECT MIN(first.number) FROM segments AS first");
        sql.push(" WHERE first.cluster = later.cluster AND first.run = later.run)) AS kept");
        Ok(self.number(sql).await?.map(Timestamp::from_millis))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: i64 = 3_600_000;
    const DAY: i64 = 24 * HOUR;

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millis(millis)
    }

    #[test]
    fn given_clocks_that_go_and_that_jump_when_a_round_begins_then_it_goes_no_farther_than_a_little() {
        let days = |days: i64| Duration::from_secs(u64::try_from(days * DAY / 1_000).expect("positive"));
        // A clock that goes is believed, as often as it is looked at.
        assert_eq!(believed(at(100 * DAY), days(90), Some(at(10 * DAY - 600_000))), at(100 * DAY));
        assert_eq!(believed(at(100 * DAY), days(90), None), at(100 * DAY));
        // One that has jumped, for a day; of what is kept for hours only, for minutes.
        assert_eq!(believed(at(900 * DAY), days(90), Some(at(10 * DAY))), at(101 * DAY));
        assert_eq!(believed(at(900 * DAY), days(1), Some(at(99 * DAY))), at(100 * DAY + 90 * 60_000));
        assert_eq!(believed(at(900 * DAY), Duration::ZERO, Some(at(0))), at(20 * 60_000));
        // And one that was set back is believed at once.
        assert_eq!(believed(at(50 * DAY), days(90), Some(at(10 * DAY))), at(50 * DAY));
    }
}
