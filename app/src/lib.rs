//! Berth's page: rendered on the server, hydrated in the browser, then live.
//!
//! - [`route`], [`time`], [`stretch`], [`choice`], [`geometry`], [`blocks`], [`language`], [`say`]: what is pure: addresses, texts, and where things
//!   are drawn;
//! - [`state`]: what the page knows, as signals;
//! - [`history`]: the past, as it is asked for;
//! - [`views`]: the components;
//! - `client`: what only runs in the browser: the stream and the clock.

// The types of views nest as deep as the views do.
#![recursion_limit = "512"]

pub mod blocks;
pub mod choice;
#[cfg(feature = "hydrate")]
mod client;
pub mod geometry;
pub mod guide;
pub mod history;
pub mod language;
pub mod records;
pub mod route;
pub mod say;
#[cfg(feature = "ssr")]
mod shell;
pub mod state;
pub mod stretch;
pub mod time;
pub mod views;
pub mod ways;

#[cfg(feature = "ssr")]
pub use shell::{Assets, shell};
pub use state::{Control, Initial};
pub use views::App;

/// Takes over the page that the server rendered.
#[cfg(feature = "hydrate")]
#[wasm_bindgen::prelude::wasm_bindgen]
pub fn hydrate() {
    console_error_panic_hook::set_once();
    client::start();
}
