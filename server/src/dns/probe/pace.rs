//! How often is asked.

use std::time::Duration;

use rand::RngExt;
use tokio::time::Instant;

/// How many questions are asked in a second at most, over all.
pub const RATE: u32 = 50;
/// How many of them may come at once, after a time with none.
const BURST: u32 = 50;
/// Between two questions about a name of which the cluster's DNS says what it must.
const STEADY: Duration = Duration::from_secs(5);
/// Between two questions about one that changed a moment ago, until the cluster's DNS follows.
const SOON: Duration = Duration::from_millis(150);
/// For how long that is a moment ago.
const MOMENT: Duration = Duration::from_secs(45);
/// Between two questions about one of which the cluster's DNS says something else, or nothing.
const LATER: Duration = Duration::from_secs(2);

/// How long until the next question about a name.
pub(super) fn pause(is_unsettled: bool, failed: bool, changed: Option<Instant>) -> Duration {
    let is_new = changed.is_some_and(|changed| changed.elapsed() < MOMENT);
    let pause = match (is_unsettled, failed) {
        (false, _) => STEADY,
        (true, false) if is_new => SOON,
        (true, _) => LATER,
    };
    // Names of one Service should not be asked about all at once for ever.
    pause.mul_f64(rand::rng().random_range(0.85..1.15))
}

/// How many questions may be asked now.
#[derive(Default)]
pub(super) struct Budget {
    /// When the next one may be, if none were saved.
    next: Option<Instant>,
}

impl Budget {
    /// Takes one, or tells when there is one.
    pub(super) fn take(&mut self, now: Instant) -> Result<(), Instant> {
        let apart = Duration::from_secs(1) / RATE;
        let saved = apart * (BURST - 1);
        let next = self.next.map_or(now, |next| next.max(now.checked_sub(saved).unwrap_or(now)));
        if next > now {
            return Err(next);
        }
        self.next = Some(next + apart);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn given_questions_without_end_when_asked_for_some_seconds_then_they_keep_within_the_rate() {
        let (start, mut budget) = (Instant::now(), Budget::default());
        let (mut taken, mut now) = (0, start);
        while now < start + Duration::from_secs(10) {
            match budget.take(now) {
                Ok(()) => taken += 1,
                Err(later) => now = later,
            }
        }
        assert!((10 * RATE..=10 * RATE + BURST).contains(&taken), "{taken}");
        let rested = now + Duration::from_secs(60);
        let burst = std::iter::repeat_with(|| budget.take(rested)).take_while(Result::is_ok).count();
        assert_eq!(burst, BURST as usize, "a rest gives a burst, and no more");
    }

    #[test]
    fn given_how_a_question_stands_when_answered_then_the_next_one_waits_accordingly() {
        let changed = Some(Instant::now());
        for (is_unsettled, failed, changed, expected) in [
            (false, false, changed, STEADY),
            (true, false, changed, SOON),
            (true, true, changed, LATER),
            (true, false, None, LATER),
        ] {
            let pause = pause(is_unsettled, failed, changed);
            assert!(pause >= expected.mul_f64(0.85) && pause <= expected.mul_f64(1.15), "{pause:?}");
        }
    }
}
