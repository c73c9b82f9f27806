//! Where things are drawn: times to pixels, ticks, and where a text fits. Pure.

use topology::Timestamp;

use crate::blocks::Piece;

/// The lengths of time that there are buttons for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Window {
    /// One minute.
    Minute,
    /// Two minutes.
    TwoMinutes,
    /// Five minutes.
    FiveMinutes,
    /// A quarter of an hour.
    Quarter,
    /// One hour.
    Hour,
}

impl Window {
    /// All of them, the shortest first.
    pub const ALL: [Self; 5] = [Self::Minute, Self::TwoMinutes, Self::FiveMinutes, Self::Quarter, Self::Hour];

    /// Its length in milliseconds.
    pub const fn millis(self) -> i64 {
        match self {
            Self::Minute => 60_000,
            Self::TwoMinutes => 120_000,
            Self::FiveMinutes => 300_000,
            Self::Quarter => 900_000,
            Self::Hour => 3_600_000,
        }
    }

    /// Its name on the button.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Minute => "1m",
            Self::TwoMinutes => "2m",
            Self::FiveMinutes => "5m",
            Self::Quarter => "15m",
            Self::Hour => "1h",
        }
    }
}

/// Where the parts of the drawing are, in pixels.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Frame {
    /// The width of the whole.
    pub width: f64,
    /// Where the plot begins: to its left are the identities.
    pub left: f64,
    /// Where the plot ends: that is now.
    pub right: f64,
    /// The height of a lane with the space below it.
    pub pitch: f64,
    /// The height of a block.
    pub bar: f64,
}

impl Frame {
    /// The height of the axis above the lanes.
    pub const TOP: f64 = 30.0;
    /// Above the first lane and below the last.
    const MARGINS: f64 = 22.0;
    /// The smallest height of a lane.
    const CLOSEST: f64 = 20.0;
    /// The height of a lane from which on words fit between two.
    const WORDS_BETWEEN: f64 = 60.0;

    /// The frame for a width in pixels and a number of lanes; many of them are drawn closer to each other.
    pub fn new(width: f64, lanes: usize) -> Self {
        Self::with(width, lanes > 12)
    }

    /// The frame for a width in pixels, with lanes that are close to each other or not.
    pub fn with(width: f64, close: bool) -> Self {
        let (left, margin) = if width < 560.0 { (74.0, 4.0) } else { (176.0, 10.0) };
        let (pitch, bar) = if close { (46.0, 38.0) } else { (78.0, 46.0) };
        Self { width, left, right: (width - margin).max(left + 40.0), pitch, bar }
    }

    /// The frame for lanes that are all to be seen within a height in pixels, as far as names can still be read.
    pub fn fitting(width: f64, height: f64, lanes: usize) -> Self {
        #[allow(clippy::cast_precision_loss, reason = "a few hundred lanes")]
        let lanes = lanes.max(1) as f64;
        let pitch = ((height - Self::TOP - Self::MARGINS) / lanes).clamp(Self::CLOSEST, 78.0);
        let gap = if pitch > Self::WORDS_BETWEEN { pitch * 0.41 } else { (pitch * 0.17).min(8.0) };
        Self { pitch, bar: pitch - gap, ..Self::with(width, true) }
    }

    /// Whether a block is high enough for two lines of words.
    pub fn has_two_lines(self) -> bool {
        self.bar >= 38.0
    }

    /// Where a single line of words of this size stands in a lane.
    pub fn line(self, size: f64) -> f64 {
        self.bar / 2.0 + size * 0.36
    }

    /// Whether there is room beside a lane for more than its name.
    pub fn is_roomy(self) -> bool {
        self.left > 100.0
    }

    /// Whether there is room between two lanes for words.
    pub fn has_words_between(self) -> bool {
        self.pitch > Self::WORDS_BETWEEN
    }

    /// The top of the lane with that index.
    pub fn lane(self, index: usize) -> f64 {
        #[allow(clippy::cast_precision_loss, reason = "a few hundred lanes")]
        let index = index as f64;
        Self::TOP + 6.0 + index * self.pitch
    }

    /// The height of the whole.
    pub fn height(self, lanes: usize) -> f64 {
        self.lane(lanes.max(1)) - (self.pitch - self.bar) + 16.0
    }

    /// The width of the plot.
    pub fn plot(self) -> f64 {
        self.right - self.left
    }
}

/// Times to pixels. Everything lies still, relative to the time when the page was made; what moves is the group that
/// holds it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Scale {
    /// The time at 0.
    pub origin: Timestamp,
    /// Pixels of one millisecond.
    pub per_milli: f64,
    /// The length of what is visible, in pixels.
    pub plot: f64,
}

impl Scale {
    /// The scale that shows so many milliseconds in the frame.
    pub fn new(origin: Timestamp, millis: i64, frame: Frame) -> Self {
        #[allow(clippy::cast_precision_loss, reason = "at most a day")]
        let millis = millis as f64;
        Self { origin, per_milli: frame.plot() / millis, plot: frame.plot() }
    }

    /// Where a time lies.
    pub fn x(self, at: Timestamp) -> f64 {
        #[allow(clippy::cast_precision_loss, reason = "far less than 2^52 milliseconds")]
        let millis = at.millis_since(self.origin) as f64;
        round(millis * self.per_milli)
    }

    /// Where something ends. What has no end yet is drawn beyond all that will be visible, so that nothing has to grow:
    /// the plot's edge cuts it off.
    pub fn end(self, to: Option<Timestamp>) -> f64 {
        to.map_or_else(
            || self.x(Timestamp::from_millis(self.origin.as_millis() + 2 * REBASE)) + self.plot,
            |to| self.x(to),
        )
    }

    /// The part of the drawing that is visible where the stretch that is shown ends at `until`.
    pub fn visible(self, until: Timestamp) -> (f64, f64) {
        let right = self.x(until);
        (right - self.plot, right)
    }
}

/// After how long the drawing gets a new origin, in milliseconds: coordinates would lose their precision otherwise.
pub const REBASE: i64 = 3_600_000;

/// The origin for a drawing that ends at `until` and had another one before.
pub fn origin(before: Option<Timestamp>, until: Timestamp) -> Timestamp {
    before.filter(|before| until.millis_since(*before).abs() < REBASE).unwrap_or(until)
}

/// Tenths of pixels are enough, and keep the attributes short.
pub fn round(pixels: f64) -> f64 {
    (pixels * 10.0).round() / 10.0
}

/// A length or place as an attribute says it, in tenths of pixels.
///
/// ```
/// use app::geometry::px;
/// assert_eq!((px(12.34), px(-0.5), px(3.0)), ("12.3".to_owned(), "-0.5".to_owned(), "3".to_owned()));
/// ```
pub fn px(pixels: f64) -> String {
    #[allow(clippy::cast_possible_truncation, reason = "a drawing is not that large")]
    let tenths = (pixels * 10.0).round() as i64;
    let (sign, size) = (if tenths < 0 { "-" } else { "" }, tenths.abs());
    match size % 10 {
        0 => format!("{sign}{}", size / 10),
        rest => format!("{sign}{}.{rest}", size / 10),
    }
}

/// The distances that ticks may have, in milliseconds.
const STEPS: [i64; 15] = [
    1_000, 2_000, 5_000, 10_000, 15_000, 30_000, 60_000, 120_000, 300_000, 600_000, 900_000, 1_800_000, 3_600_000,
    10_800_000, 21_600_000,
];

/// The times with a tick in a stretch of so many milliseconds that ends at `until`; `offset` is the zone's, so that they
/// are round there.
pub fn ticks(millis: i64, plot: f64, until: Timestamp, offset: i64) -> Vec<Timestamp> {
    #[allow(clippy::cast_possible_truncation, reason = "a few dozen")]
    let most = (plot / 96.0).max(1.0) as i64;
    let step = STEPS.into_iter().find(|step| millis / step <= most).unwrap_or(STEPS[STEPS.len() - 1]);
    let last = (until.as_millis() + offset).div_euclid(step) * step - offset;
    let count = (last - (until.as_millis() - millis) - 1).div_euclid(step);
    (0..=count).rev().map(|back| Timestamp::from_millis(last - back * step)).collect()
}

/// The stretch of a block that a text can be written on: the widest visible one of a single stage.
pub fn widest(pieces: &[Piece], scale: Scale, until: Timestamp) -> Option<(Piece, f64, f64)> {
    let (left, right) = scale.visible(until);
    let visible = pieces.iter().map(|piece| {
        let to = piece.to.map_or(right, |to| scale.x(to).min(right));
        (*piece, scale.x(piece.from).max(left), to)
    });
    visible.filter(|(_, from, to)| to > from).max_by(|a, b| (a.2 - a.1).total_cmp(&(b.2 - b.1)))
}

/// About how wide a text is: monospaced, or proportional on the average. Characters of Chinese are as wide as they are high.
pub fn text_width(text: &str, size: f64, mono: bool) -> f64 {
    let narrow = if mono { 0.61 } else { 0.54 };
    let widths = text.chars().map(|character| if character < '\u{2e80}' { narrow } else { 1.0 });
    widths.sum::<f64>() * size
}

#[cfg(test)]
mod tests {
    use super::{Frame, Scale, Window, origin, ticks, widest};
    use crate::blocks::Piece;
    use crate::stretch::{LONGEST, SHORTEST};
    use topology::{Stage, Timestamp};

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_millis(seconds * 1000)
    }

    #[test]
    fn given_a_window_when_scaled_then_it_fills_the_plot() {
        let frame = Frame::new(1000.0, 2);
        let scale = Scale::new(at(1000), 60_000, frame);
        assert!((scale.x(at(1060)) - frame.plot()).abs() < 0.1);
        assert!(scale.x(at(1000)).abs() < f64::EPSILON);
        assert_eq!(scale.end(Some(at(1010))), scale.x(at(1010)));
        assert!(scale.end(None) > scale.x(at(1000 + 3_600)) + frame.plot());
    }

    #[test]
    fn given_a_room_when_lanes_are_many_then_all_fit_as_long_as_their_names_can_be_read() {
        for (height, lanes, fits) in [(260.0, 1, true), (260.0, 4, true), (260.0, 8, true), (260.0, 20, false)] {
            let frame = Frame::fitting(680.0, height, lanes);
            assert_eq!(frame.height(lanes) <= height, fits, "{lanes} lanes: {frame:?}");
            assert!(frame.bar >= 16.0 && frame.line(16.0) <= frame.bar, "{frame:?}");
        }
        assert!(Frame::fitting(680.0, 260.0, 2).has_two_lines() && !Frame::fitting(680.0, 260.0, 8).has_two_lines());
    }

    #[test]
    fn given_a_page_that_stays_open_when_an_hour_has_passed_then_the_drawing_counts_anew() {
        assert_eq!(origin(None, at(5)), at(5));
        assert_eq!(origin(Some(at(5)), at(3_000)), at(5));
        assert_eq!(origin(Some(at(5)), at(3_605)), at(3_605));
        assert_eq!(origin(Some(at(9_000)), at(5)), at(5), "a clock that was set back");
    }

    #[test]
    fn given_windows_when_ticks_are_made_then_they_are_round_and_not_too_many() {
        for millis in Window::ALL.map(Window::millis).into_iter().chain([SHORTEST, 20_000, LONGEST]) {
            for plot in [80.0, 300.0, 800.0, 2000.0] {
                let all = ticks(millis, plot, at(100_007), 0);
                // Where there is hardly room for one, a day has a few that lie closer.
                let most = (plot / 96.0 + 2.0).max(5.0);
                assert!(f64::from(u32::try_from(all.len()).unwrap()) <= most, "{millis} {plot}: {all:?}");
                assert!(all.iter().all(|tick| tick.as_millis() % 1_000 == 0 && *tick <= at(100_007)));
            }
        }
        let minute = ticks(60_000, 600.0, at(65), 0);
        assert_eq!(minute, [at(10), at(20), at(30), at(40), at(50), at(60)]);
    }

    #[test]
    fn given_a_block_when_a_text_is_placed_then_it_stands_on_the_widest_visible_stretch() {
        let piece = |stage, from, to| Piece { stage: Some(stage), from: at(from), to };
        let pieces = [piece(Stage::Pending, 0, Some(at(900))), piece(Stage::Ready, 900, None)];
        let scale = Scale::new(at(0), 60_000, Frame::new(1000.0, 1));
        let (on, from, to) = widest(&pieces, scale, at(950)).unwrap();
        assert_eq!((on.stage, from, to), (Some(Stage::Ready), scale.x(at(900)), scale.x(at(950))));
        let (on, from, _) = widest(&pieces, scale, at(910)).unwrap();
        assert_eq!((on.stage, from), (Some(Stage::Pending), scale.x(at(910)) - scale.plot));
        assert!(widest(&pieces[..1], scale, at(2000)).is_none());
    }
}
