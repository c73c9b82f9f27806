//! Who manages which fields: what `metadata.managedFields` holds, and server-side apply, which decides by it.
//!
//! - [`FieldSet`]: a set of fields, and its form in JSON;
//! - [`Managers`]: the sets of all managers of an object;
//! - [`track`]: after any change, who manages what;
//! - [`apply`]: what an object becomes when a manager applies its intent, or who is in the way.

mod apply;
mod compare;
mod items;
mod managers;
mod merge;
mod set;
mod track;
mod zero;

pub(crate) use apply::LAST_APPLIED;
pub use apply::{ApplyError, apply};
pub use compare::{compare, fields_of};
pub use managers::{Manager, Managers, Operation};
pub use merge::{merge, without};
pub use set::{FieldSet, Step};
pub use track::{Part, track};
pub use zero::zero;
