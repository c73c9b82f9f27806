//! The hand on the lanes: dragging and pinching, the wheel, the pointer over a pod, and the keys that choose one.

use std::time::Duration;

use leptos::prelude::*;
use topology::{Ordinal, Timestamp, Uid};
use wasm_bindgen::JsCast;
use wasm_bindgen::prelude::Closure;
use web_sys::{Element, Event, KeyboardEvent, PointerEvent, WheelEvent};

use super::keys::{is_modified, target};
use crate::geometry::Frame;
use crate::state::{Hold, Pointed, Store};

/// How far a pointer moves before that is a drag and no click, in pixels.
const DRAG: f64 = 4.0;
/// How much the wheel zooms for each pixel that it turns.
const WHEEL: f64 = 0.002;
/// How long a card stays when the pointer has left the pod: it may be on the way to the card.
const GRACE: Duration = Duration::from_millis(250);

/// Lets the reader move and point in the plot for as long as it is there.
pub(crate) fn follow(store: Store, plot: &Element, frame: Memo<Frame>) {
    let hand = Hand {
        store,
        plot: StoredValue::new_local(plot.clone()),
        frame,
        fingers: StoredValue::new(Vec::new()),
        dragged: StoredValue::new(false),
        over: StoredValue::new(false),
    };
    let felt = Closure::<dyn FnMut(Event)>::new(move |event: Event| hand.feel(&event));
    for kind in
        ["pointerdown", "pointermove", "pointerup", "pointercancel", "pointerleave", "wheel", "click", "keydown"]
    {
        // A browser that refuses a listener leaves the lanes as they are: they follow now.
        let _ = plot.add_event_listener_with_callback(kind, felt.as_ref().unchecked_ref());
    }
    let _kept = StoredValue::new_local(felt);
}

/// A pointer that is down.
#[derive(Clone, Copy)]
struct Finger {
    id: i32,
    x: f64,
    began: f64,
}

#[derive(Clone, Copy)]
struct Hand {
    store: Store,
    plot: StoredValue<Element, LocalStorage>,
    frame: Memo<Frame>,
    /// The pointers that are down: two of them pinch.
    fingers: StoredValue<Vec<Finger>>,
    /// Whether the pointer that is down has moved: then no click follows.
    dragged: StoredValue<bool>,
    /// Whether the pointer is over a pod or its card.
    over: StoredValue<bool>,
}

impl Hand {
    fn feel(self, event: &Event) {
        if let Some(key) = event.dyn_ref::<KeyboardEvent>() {
            if self.press(key) {
                key.prevent_default();
            }
            return;
        }
        if let Some(wheel) = event.dyn_ref::<WheelEvent>() {
            return self.turn(wheel);
        }
        // A click is a pointer event as well.
        let Some(pointer) = event.dyn_ref::<PointerEvent>() else { return };
        match event.type_().as_str() {
            "click" => self.click(pointer),
            "pointerdown" => self.down(pointer),
            "pointermove" => self.moved(pointer),
            "pointerleave" => {
                self.over.set_value(false);
                self.leave();
            }
            _ => self.fingers.update_value(|fingers| fingers.retain(|finger| finger.id != pointer.pointer_id())),
        }
    }

    fn now(self) -> Timestamp {
        self.store.now.get_untracked()
    }

    /// Where the plot begins on the page, and how wide it is, in pixels.
    fn area(self) -> (f64, f64) {
        let frame = self.frame.get_untracked();
        let whole = self.plot.with_value(Element::get_bounding_client_rect);
        let scale = whole.width() / frame.width;
        (whole.left() + frame.left * scale, frame.plot() * scale)
    }

    /// Which part of the stretch is under that place of the page.
    fn part(self, x: f64) -> f64 {
        let (left, width) = self.area();
        (x - left) / width
    }

    fn zoom(self, factor: f64, around: f64) {
        let now = self.now();
        self.store.lanes.change(|stretch| stretch.zoomed(factor, around, now));
    }

    /// Moves the drawing by so many pixels to the right.
    fn drag(self, pixels: f64) {
        let (now, (_, width)) = (self.now(), self.area());
        self.store.lanes.change(|stretch| {
            #[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation, reason = "at most a few days")]
            let millis = (stretch.millis() as f64 * pixels / width).round() as i64;
            stretch.moved(-millis, now)
        });
    }

    /// With Ctrl, or pinched on a touch pad, the wheel zooms; sideways it moves. Else the page scrolls, as always.
    fn turn(self, wheel: &WheelEvent) {
        if on_card(wheel) {
            return;
        }
        if wheel.ctrl_key() || wheel.meta_key() {
            wheel.prevent_default();
            self.zoom((wheel.delta_y() * WHEEL).clamp(-1.0, 1.0).exp(), self.part(f64::from(wheel.client_x())));
            return;
        }
        let sideways = if wheel.shift_key() { wheel.delta_y() + wheel.delta_x() } else { wheel.delta_x() };
        if sideways.abs() > 0.0 && (wheel.shift_key() || sideways.abs() > wheel.delta_y().abs()) {
            wheel.prevent_default();
            self.drag(-sideways);
        }
    }

    fn down(self, pointer: &PointerEvent) {
        if pointer.button() != 0 || on_card(pointer) {
            return;
        }
        self.dragged.set_value(false);
        let x = f64::from(pointer.client_x());
        self.fingers.update_value(|fingers| {
            fingers.retain(|finger| finger.id != pointer.pointer_id());
            fingers.push(Finger { id: pointer.pointer_id(), x, began: x });
        });
    }

    fn moved(self, pointer: &PointerEvent) {
        let (id, x) = (pointer.pointer_id(), f64::from(pointer.client_x()));
        let fingers = self.fingers.get_value();
        let Some(finger) = fingers.iter().find(|finger| finger.id == id) else { return self.hover(pointer) };
        let far = (x - finger.began).abs() > DRAG;
        if far && !self.dragged.get_value() {
            self.dragged.set_value(true);
            // The pointer may leave the plot while it drags; without the capture it just ends there.
            self.plot.with_value(|plot| drop(plot.set_pointer_capture(id)));
        }
        if !self.dragged.get_value() {
            return;
        }
        match fingers.iter().find(|other| other.id != id) {
            None => self.drag(x - finger.x),
            Some(other) => {
                let (before, after) = ((finger.x - other.x).abs(), (x - other.x).abs());
                if before > 1.0 && after > 1.0 {
                    self.zoom(before / after, self.part(f64::midpoint(x, other.x)));
                }
            }
        }
        self.fingers.update_value(|fingers| {
            for finger in fingers.iter_mut().filter(|finger| finger.id == id) {
                finger.x = x;
            }
        });
    }

    fn click(self, pointer: &PointerEvent) {
        if on_card(pointer) || self.dragged.get_value() {
            return;
        }
        self.store.lanes.pointed.set(pod_at(pointer, Hold::Kept));
    }

    /// Points at the pod under the pointer, unless one is kept.
    fn hover(self, pointer: &PointerEvent) {
        let pointed = self.store.lanes.pointed;
        if pointer.pointer_type() != "mouse" || self.is_kept() {
            return;
        }
        let under = pod_at(pointer, Hold::Hovered);
        self.over.set_value(under.is_some() || on_card(pointer));
        match under {
            Some(pod) if pointed.read_untracked().as_ref() != Some(&pod) => pointed.set(Some(pod)),
            None if !on_card(pointer) => self.leave(),
            _ => {}
        }
    }

    fn is_kept(self) -> bool {
        self.store.lanes.pointed.read_untracked().as_ref().is_some_and(|pointed| pointed.hold == Hold::Kept)
    }

    /// The pointer is over no pod: the card goes, unless it comes back soon.
    fn leave(self) {
        if self.store.lanes.pointed.read_untracked().is_none() || self.is_kept() {
            return;
        }
        set_timeout(
            move || {
                let is_over = self.over.try_get_value().unwrap_or(true);
                if !is_over && !self.is_kept() {
                    self.store.lanes.pointed.set(None);
                }
            },
            GRACE,
        );
    }

    /// Arrow keys choose a pod while the plot has the focus; Escape chooses none.
    fn press(self, key: &KeyboardEvent) -> bool {
        let on_plot = target(key).is_some_and(|target| self.plot.with_value(|plot| *plot == target));
        let pointed = self.store.lanes.pointed;
        if key.key() == "Escape" && pointed.read_untracked().is_some() {
            pointed.set(None);
            return true;
        }
        if !on_plot || is_modified(key) || key.shift_key() {
            return false;
        }
        let towards = match key.key().as_str() {
            "ArrowLeft" => Towards::Earlier,
            "ArrowRight" => Towards::Later,
            "ArrowUp" => Towards::Lower,
            "ArrowDown" => Towards::Higher,
            _ => return false,
        };
        self.choose(towards);
        true
    }

    fn choose(self, towards: Towards) {
        let store = self.store;
        let chosen = store.lanes.pointed.get_untracked();
        let lanes = store.board.lanes.read_untracked();
        let pods =
            |at: usize| lanes[at].1.read_untracked().incarnations.iter().map(|pod| pod.uid.clone()).collect::<Vec<_>>();
        let known = chosen.and_then(|chosen| {
            let at = lanes.iter().position(|(ordinal, _)| *ordinal == chosen.ordinal)?;
            Some((at, pods(at).iter().position(|uid| *uid == chosen.uid)?))
        });
        let held = |at: &usize| !lanes[*at].1.read_untracked().incarnations.is_empty();
        let (lane, pod) = match (known, towards) {
            // The newest pod of the first identity that had one.
            (None, _) => match (0..lanes.len()).find(held) {
                Some(at) => (at, usize::MAX),
                None => return,
            },
            (Some((at, pod)), Towards::Earlier) => (at, pod.saturating_sub(1)),
            (Some((at, pod)), Towards::Later) => (at, pod + 1),
            (Some((at, pod)), Towards::Lower) => (0..at).rev().find(held).map_or((at, pod), |at| (at, usize::MAX)),
            (Some((at, pod)), Towards::Higher) => {
                (at + 1..lanes.len()).find(held).map_or((at, pod), |at| (at, usize::MAX))
            }
        };
        let (ordinal, row) = &lanes[lane];
        let row = row.read_untracked();
        let Some(pod) = row.incarnations.get(pod).or(row.incarnations.last()) else { return };
        let (from, to) = (pod.first_seen, pod.ended.map(topology::board::End::latest));
        let now = self.now();
        store.lanes.change(|stretch| stretch.showing(from, to, now));
        store.lanes.pointed.set(Some(Pointed { ordinal: *ordinal, uid: pod.uid.clone(), hold: Hold::Kept }));
    }
}

/// Which pod is chosen next.
#[derive(Clone, Copy)]
enum Towards {
    Earlier,
    Later,
    Lower,
    Higher,
}

fn closest(event: &Event, selector: &str) -> Option<Element> {
    target(event)?.closest(selector).ok().flatten()
}

fn on_card(event: &Event) -> bool {
    closest(event, ".card-place").is_some()
}

/// The pod whose block is under the pointer.
fn pod_at(event: &Event, hold: Hold) -> Option<Pointed> {
    let uid = closest(event, ".block[data-uid]")?.get_attribute("data-uid")?;
    let ordinal = closest(event, ".lane")?.get_attribute("data-ordinal")?.parse().ok()?;
    Some(Pointed { ordinal: Ordinal(ordinal), uid: Uid::from(uid.as_str()), hold })
}
