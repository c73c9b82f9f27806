//! The server's clock, going on in the browser.

use leptos::prelude::*;
use leptos_use_raf_fn::{UseRafFnCallbackArgs, use_raf_fn};
use topology::Timestamp;

use crate::state::Store;

/// Between two steps of the drawing, in milliseconds: each is about half a pixel.
const STEP: i64 = 60;
/// The same for those who want little motion.
const CALM_STEP: i64 = 1_000;

/// How often the slider's end moves on, in milliseconds.
const PRESENT: i64 = 1_000;

/// The browser's clock.
pub(super) fn local() -> Timestamp {
    #[allow(clippy::cast_possible_truncation, reason = "milliseconds of this age are exact")]
    Timestamp::from_millis(js_sys::Date::now() as i64)
}

/// How far the server's clock is ahead of the browser's, as far as its messages tell.
///
/// A message that says what time it is arrives later than that, never earlier: of several estimates the highest is the
/// best one.
#[derive(Clone, Copy)]
pub(super) struct Skew(StoredValue<Option<i64>>);

impl Skew {
    pub(super) fn new() -> Self {
        Self(StoredValue::new(None))
    }

    /// A message said that it is `at`.
    pub(super) fn heard(self, at: Timestamp) {
        let skew = at.millis_since(local());
        self.0.update_value(|known| *known = Some(known.map_or(skew, |known| known.max(skew))));
    }

    /// A new connection: clocks may have been set since the last one.
    pub(super) fn forget(self) {
        self.0.set_value(None);
    }

    /// The server's time of now.
    pub(super) fn now(self) -> Timestamp {
        let local = local();
        Timestamp::from_millis(local.as_millis() + self.0.get_value().unwrap_or_default())
    }
}

/// Moves the store's clock along. Stands still while the page is not visible.
pub(super) fn start(store: Store) -> Skew {
    let skew = Skew::new();
    skew.heard(store.timeline.present.get_untracked());
    let calm = window().match_media("(prefers-reduced-motion: reduce)").ok().flatten();
    let _running = use_raf_fn(move |_: UseRafFnCallbackArgs| {
        let step = if calm.as_ref().is_some_and(web_sys::MediaQueryList::matches) { CALM_STEP } else { STEP };
        let now = skew.now();
        let passed = now.millis_since(store.now.get_untracked());
        if now.millis_since(store.timeline.present.get_untracked()).abs() >= PRESENT {
            store.timeline.present.set(now);
        }
        // While the past is shown, that is the time.
        if store.timeline.is_past.get_untracked() {
            return;
        }
        // A clock that was set back goes on from there.
        if passed >= step || passed < 0 {
            store.now.set(now);
        }
    });
    skew
}
