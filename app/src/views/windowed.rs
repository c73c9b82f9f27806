//! Long lists: only the rows that can be seen are made, all of one height.

use leptos::prelude::*;

use super::reactive::{Row, each_row, text};
use crate::geometry::px;

/// Which rows can be seen, with some beyond.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// The first one.
    pub first: usize,
    /// How many.
    pub count: usize,
}

impl Window {
    /// What is made before the browser tells what can be seen.
    pub(super) const FIRST: Self = Self { first: 0, count: 50 };

    /// The part of so many rows that is made.
    pub(super) fn of(self, rows: usize) -> std::ops::Range<usize> {
        let first = self.first.min(rows.saturating_sub(self.count));
        first..rows.min(first + self.count)
    }
}

/// A list of which only a part is made.
pub(super) struct Windowed {
    /// The height of what is left out above, in pixels.
    pub(super) above: Signal<String>,
    /// The rows.
    pub(super) rows: AnyView,
    /// The height of what is left out below, in pixels.
    pub(super) below: Signal<String>,
}

/// The part of some rows that can be seen; each is `height` pixels high.
pub(super) fn windowed(
    all: Memo<Vec<Row>>,
    window: RwSignal<Window>,
    height: f64,
    view: fn(Row) -> AnyView,
) -> Windowed {
    let part = Memo::new(move |_| window.get().of(all.read().len()));
    #[allow(clippy::cast_precision_loss, reason = "some thousands of rows")]
    let high = move |rows: usize| px(rows as f64 * height);
    Windowed {
        above: text(move || high(part.get().start)),
        rows: each_row(Signal::derive(move || all.read()[part.get()].to_vec()), view),
        below: text(move || high(all.read().len() - part.get().end)),
    }
}

#[cfg(test)]
mod tests {
    use super::Window;

    #[test]
    fn given_a_window_when_the_list_is_shorter_then_its_end_is_shown() {
        let window = Window { first: 90, count: 20 };
        for (rows, part) in [(1_000, 90..110), (100, 80..100), (15, 0..15), (0, 0..0)] {
            assert_eq!(window.of(rows), part);
        }
    }
}
