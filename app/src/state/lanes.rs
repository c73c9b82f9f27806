//! What the reader looks at in the lanes: which stretch of time, and which pod.

use leptos::prelude::*;
use topology::{Ordinal, Uid};

use crate::stretch::Stretch;

/// A pod that the reader points at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pointed {
    /// The identity that it held.
    pub ordinal: Ordinal,
    /// Which of its pods.
    pub uid: Uid,
    /// How long it stays so.
    pub hold: Hold,
}

/// For how long a pod is pointed at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hold {
    /// While the pointer is over it.
    Hovered,
    /// Until the reader looks elsewhere: it was clicked, or chosen by keys.
    Kept,
}

/// What the reader looks at in the lanes.
#[derive(Clone, Copy)]
pub struct LanesView {
    /// The stretch of time that is shown.
    pub stretch: RwSignal<Stretch>,
    /// The pod that is pointed at.
    pub pointed: RwSignal<Option<Pointed>>,
}

impl LanesView {
    pub(super) fn new(stretch: Option<Stretch>) -> Self {
        Self { stretch: RwSignal::new(stretch.unwrap_or_default()), pointed: RwSignal::new(None) }
    }

    /// Changes the stretch.
    pub fn change(self, to: impl FnOnce(Stretch) -> Stretch) {
        self.stretch.update(|stretch| *stretch = to(*stretch));
    }

    /// Another StatefulSet is shown: as of now, and nothing is pointed at. The length of the stretch stays.
    pub(super) fn leave(self) {
        self.change(Stretch::following);
        self.pointed.set(None);
    }
}
