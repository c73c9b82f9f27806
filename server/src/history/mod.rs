//! History: every step of the topology, kept beside the ledger's rows, so that any moment can be shown again.
//!
//! The hub puts its steps on a [`Tape`], which never waits. The writer's [`Keeping`] follows them with a topology of its
//! own, so that snapshots cost the hub nothing, and packs them into [`Segment`]s, which the ledger's store keeps. A moment
//! is the last snapshot before it and every step since then ([`Moment`]).

mod keeping;
mod marks;
mod moment;
mod part;
mod recorded;
mod segment;
mod store;
mod tape;

pub use keeping::{Keeping, Limits};
pub use moment::Moment;
pub use part::Part;
pub use recorded::recording;
pub use segment::{Segment, Undecodable};
pub use store::{MAX_MARKS, Marked, Window};
pub use tape::{Tape, WAITING};
