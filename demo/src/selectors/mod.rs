//! Which objects are meant: by their labels, or by some of their fields.

mod fields;
mod labels;

pub use fields::{FieldSelector, selectable};
pub use labels::LabelSelector;
