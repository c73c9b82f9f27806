//! An embedded cluster.
pub mod failure;
pub mod kinds;
mod names;
pub mod schema;
pub mod selectors;
pub mod store;
