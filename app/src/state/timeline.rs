//! What the page knows of the past: which moment it shows, and which there are.

use leptos::prelude::*;
use serde::{Deserialize, Serialize};
use topology::Timestamp;
use topology::board::Unwatched;

use crate::history::Marks;

/// A moment of the past that is shown in place of now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Past {
    /// The moment.
    pub at: Timestamp,
    /// The stretch around it in which nobody watched.
    pub unwatched: Option<Unwatched>,
    /// Why it cannot be shown.
    pub problem: Option<String>,
}

/// How much time the slider covers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Span {
    /// Ten minutes.
    TenMinutes,
    /// One hour.
    Hour,
    /// Six hours.
    SixHours,
    /// One day.
    Day,
    /// One week.
    Week,
    /// All that is kept.
    All,
}

impl Span {
    /// All of them, the shortest first.
    pub const ALL: [Self; 6] = [Self::TenMinutes, Self::Hour, Self::SixHours, Self::Day, Self::Week, Self::All];

    /// Its length in milliseconds.
    const fn millis(self) -> i64 {
        match self {
            Self::TenMinutes => 600_000,
            Self::Hour => 3_600_000,
            Self::SixHours => 6 * 3_600_000,
            Self::Day => 86_400_000,
            Self::Week => 7 * 86_400_000,
            Self::All => i64::MAX,
        }
    }

    /// Its name.
    pub const fn label(self) -> &'static str {
        match self {
            Self::TenMinutes => "10 min",
            Self::Hour => "1 h",
            Self::SixHours => "6 h",
            Self::Day => "1 d",
            Self::Week => "7 d",
            Self::All => "all",
        }
    }
}

/// How many times as fast the past can be played.
pub const SPEEDS: [u32; 7] = [1, 2, 4, 8, 16, 32, 64];

/// In how many steps the slider goes from its one end to the other.
pub const STEPS: i64 = 10_000;

/// The slider.
#[derive(Clone, Copy)]
pub struct Timeline {
    /// The moment that is shown; `None` is now.
    pub past: RwSignal<Option<Past>>,
    /// Whether there is one.
    pub is_past: Memo<bool>,
    /// The server's clock, in whole seconds; it goes on while the past is shown.
    pub present: RwSignal<Timestamp>,
    /// The moments of change.
    pub marks: RwSignal<Marks>,
    /// How much time the slider covers.
    pub span: RwSignal<Span>,
    /// How many times as fast the past is played.
    pub speed: RwSignal<u32>,
    /// Whether it is played.
    pub plays: RwSignal<bool>,
    /// Since when a recording runs.
    pub recording: RwSignal<Option<Timestamp>>,
    /// The moment that is fetched next.
    pub wanted: StoredValue<Option<Timestamp>>,
    /// Whether one is being fetched.
    pub busy: StoredValue<bool>,
}

impl Timeline {
    pub(super) fn new(past: Option<Past>, now: Timestamp) -> Self {
        let past = RwSignal::new(past);
        Self {
            past,
            is_past: Memo::new(move |_| past.read().is_some()),
            present: RwSignal::new(now),
            marks: RwSignal::new(Marks::default()),
            span: RwSignal::new(Span::TenMinutes),
            speed: RwSignal::new(1),
            plays: RwSignal::new(false),
            recording: RwSignal::new(None),
            wanted: StoredValue::new(None),
            busy: StoredValue::new(false),
        }
    }

    /// The first moment on the slider: what is kept is on it, as far as the span goes, and what is shown always is.
    pub fn from(&self) -> Timestamp {
        let present = self.present.get();
        let spanned = Timestamp::from_millis(present.as_millis().saturating_sub(self.span.get().millis()));
        let from = self.marks.read().oldest.map_or(spanned, |oldest| oldest.max(spanned));
        self.past.read().as_ref().map_or(from, |past| past.at.min(from)).min(present)
    }

    /// Where a moment is on the slider, in steps.
    pub fn place(&self, at: Timestamp) -> i64 {
        let (from, present) = (self.from(), self.present.get());
        let length = i128::from(present.millis_since(from).max(1));
        let place = i128::from(at.millis_since(from)) * i128::from(STEPS) / length;
        i64::try_from(place).unwrap_or(STEPS).clamp(0, STEPS)
    }

    /// The moment at a place of the slider; `None` at its end, which is now.
    pub fn moment(&self, place: i64) -> Option<Timestamp> {
        if place >= STEPS {
            return None;
        }
        let (from, present) = (self.from(), self.present.get());
        let passed = i128::from(present.millis_since(from)) * i128::from(place.max(0)) / i128::from(STEPS);
        Some(Timestamp::from_millis(from.as_millis() + i64::try_from(passed).unwrap_or_default()))
    }
}
