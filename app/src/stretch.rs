//! Which stretch of time the lanes show: how long it is, and whether it follows now. Pure.

use topology::Timestamp;

/// The shortest stretch, in milliseconds.
pub const SHORTEST: i64 = 5_000;
/// The longest stretch, in milliseconds.
pub const LONGEST: i64 = 24 * 3_600_000;

/// How close to its end, as a part of the stretch, it is zoomed as if at now.
const AT_NOW: f64 = 0.94;

/// A stretch of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stretch {
    /// Its length in milliseconds, from [`SHORTEST`] to [`LONGEST`].
    millis: i64,
    /// Where it ends.
    end: End,
}

/// Where a stretch ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    /// At now, with which it goes on.
    Now,
    /// At a moment before.
    At(Timestamp),
}

impl Default for Stretch {
    /// The last two minutes.
    fn default() -> Self {
        Self { millis: 120_000, end: End::Now }
    }
}

impl Stretch {
    /// Its length in milliseconds.
    pub const fn millis(self) -> i64 {
        self.millis
    }

    /// Whether it goes on with time.
    pub fn follows(self) -> bool {
        self.end == End::Now
    }

    /// Until when it lasts.
    pub fn until(self, now: Timestamp) -> Timestamp {
        match self.end {
            End::Now => now,
            End::At(at) => at.min(now),
        }
    }

    /// Where it ends, if that is a moment before now.
    pub const fn fixed(self) -> Option<Timestamp> {
        match self.end {
            End::Now => None,
            End::At(at) => Some(at),
        }
    }

    /// Its word in addresses: its length, and where it ends unless it goes on with time.
    pub fn word(self) -> String {
        match self.end {
            End::Now => self.millis.to_string(),
            End::At(at) => format!("{}-{}", self.millis, at.as_millis()),
        }
    }

    /// Reads a word.
    pub fn named(word: &str) -> Option<Self> {
        let (millis, end) = word.split_once('-').map_or((word, None), |(millis, end)| (millis, Some(end)));
        let end = match end {
            None => End::Now,
            Some(at) => End::At(Timestamp::from_millis(at.parse().ok()?)),
        };
        Some(Self { end, ..Self::default().of(millis.parse().ok()?) })
    }

    /// The same length, up to now.
    #[must_use]
    pub const fn following(self) -> Self {
        Self { end: End::Now, ..self }
    }

    /// Another length, with the same end.
    #[must_use]
    pub fn of(self, millis: i64) -> Self {
        Self { millis: millis.clamp(SHORTEST, LONGEST), ..self }
    }

    /// Moved by so many milliseconds: back where that is below 0, and on at most up to now.
    #[must_use]
    pub fn moved(self, by: i64, now: Timestamp) -> Self {
        let at = self.until(now).as_millis().saturating_add(by);
        self.ending(Timestamp::from_millis(at), now)
    }

    /// So many times as long, around the moment at that part of it (0 is its beginning, 1 its end). Around its end, what
    /// follows now goes on to do so.
    #[must_use]
    pub fn zoomed(self, factor: f64, around: f64, now: Timestamp) -> Self {
        #[allow(clippy::cast_precision_loss, reason = "a day of milliseconds is exact")]
        let millis = self.millis as f64;
        #[allow(clippy::cast_possible_truncation, reason = "it is clamped")]
        let longer = self.of((millis * factor).round() as i64);
        if self.follows() && around >= AT_NOW {
            return longer;
        }
        #[allow(clippy::cast_precision_loss, reason = "a day of milliseconds is exact")]
        let right = (longer.millis - self.millis) as f64 * (1.0 - around.clamp(0.0, 1.0));
        #[allow(clippy::cast_possible_truncation, reason = "less than a day")]
        longer.ending(Timestamp::from_millis(self.until(now).as_millis() + right.round() as i64), now)
    }

    /// Moved as little as is needed for something to be seen that lasts `from` one moment `to` another, or still does.
    #[must_use]
    pub fn showing(self, from: Timestamp, to: Option<Timestamp>, now: Timestamp) -> Self {
        let until = self.until(now);
        let margin = self.millis / 10;
        let seen_from = until.as_millis() - self.millis;
        let ends = to.unwrap_or(now).as_millis();
        if ends < seen_from + margin {
            return self.moved(ends - margin - seen_from, now);
        }
        if from.as_millis() > until.as_millis() - margin {
            return self.moved(from.as_millis() + margin - until.as_millis(), now);
        }
        self
    }

    fn ending(self, at: Timestamp, now: Timestamp) -> Self {
        Self { end: if at >= now { End::Now } else { End::At(at) }, ..self }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_millis(seconds * 1_000)
    }

    #[test]
    fn given_a_stretch_when_moved_then_it_stays_there_and_follows_again_at_now() {
        let now = at(1_000);
        let back = Stretch::default().moved(-30_000, now);
        assert_eq!((back.until(now), back.follows()), (at(970), false));
        assert_eq!(back.until(at(2_000)), at(970), "it does not move with time");
        assert_eq!(back.until(at(900)), at(900), "there is nothing after now");
        assert!(back.moved(40_000, now).follows() && back.following().follows());
    }

    #[test]
    fn given_a_stretch_that_follows_when_zoomed_at_its_end_then_it_goes_on_to_follow() {
        let zoomed = Stretch::default().zoomed(0.5, 1.0, at(1_000));
        assert_eq!((zoomed.millis(), zoomed.follows()), (60_000, true));
        let zoomed = Stretch::default().zoomed(0.5, 0.5, at(1_000));
        assert_eq!((zoomed.millis(), zoomed.until(at(1_000))), (60_000, at(970)));
        assert!(zoomed.zoomed(4.0, 0.5, at(1_000)).follows(), "beyond now there is nothing");
    }

    #[test]
    fn given_a_pod_out_of_sight_when_chosen_then_the_stretch_moves_as_far_as_it_takes() {
        let now = at(1_000);
        let stretch = Stretch::default();
        assert_eq!(stretch.showing(at(950), None, now), stretch);
        let back = stretch.showing(at(100), Some(at(300)), now);
        assert_eq!(back.until(now), at(300 - 12 + 120));
        let on = back.showing(at(700), Some(at(800)), now);
        assert_eq!(on.until(now), at(712));
        assert!(on.showing(at(995), None, now).follows());
    }

    proptest! {
        #[test]
        fn given_a_stretch_when_zoomed_then_the_moment_under_the_pointer_stays(
            millis in SHORTEST..LONGEST,
            ends in 100_000_000_i64..200_000_000,
            factor in 0.2_f64..1.0,
            around in 0.0_f64..0.9,
        ) {
            let now = Timestamp::from_millis(300_000_000);
            let stretch = Stretch { millis, end: End::At(Timestamp::from_millis(ends)) };
            #[allow(clippy::cast_precision_loss, reason = "some days of milliseconds are exact")]
            let under = |stretch: Stretch| {
                let from = stretch.until(now).as_millis() - stretch.millis();
                from as f64 + stretch.millis() as f64 * around
            };
            prop_assert!((under(stretch) - under(stretch.zoomed(factor, around, now))).abs() < 2.0);
        }
    }
}
