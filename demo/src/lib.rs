//! An embedded cluster.
pub mod api;
mod controllers;
pub mod failure;
pub mod kinds;
pub mod fields;
mod names;
pub mod pace;
pub mod registry;
mod resources;
mod scheduler;
pub mod schema;
pub mod selectors;
pub mod store;
mod time;
