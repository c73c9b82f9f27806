//! The size of an element, as it changes.

use leptos::prelude::*;
use wasm_bindgen::JsCast;
use wasm_bindgen::prelude::Closure;
use web_sys::{Element, ResizeObserver};

/// Keeps `size` at the width and height of the element for as long as the owner lives.
pub(crate) fn follow(element: &Element, size: RwSignal<(f64, f64)>) {
    let measured = element.clone();
    let changed = Closure::<dyn FnMut()>::new(move || {
        let area = measured.get_bounding_client_rect();
        size.set((area.width(), area.height()));
    });
    // Where there is no such observer, the drawing keeps the width that it was made for, and is scaled.
    let Ok(observer) = ResizeObserver::new(changed.as_ref().unchecked_ref()) else { return };
    observer.observe(element);
    let kept = StoredValue::new_local((observer, changed));
    on_cleanup(move || kept.with_value(|(observer, _)| observer.disconnect()));
}
