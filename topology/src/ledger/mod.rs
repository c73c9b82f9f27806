//! The ledger: a lasting row for each incarnation, and what rows tell about an identity's addresses.
//!
//! [`Ledger::follow`] makes rows of a topology's changes; [`Row::merge`] joins what several watchers saw of one pod;
//! [`ip_changes`] derives how the addresses of identities changed. Where rows are kept is not decided here.

mod follow;
mod ip_changes;
mod merge;
mod missing;
mod moment;
mod row;
mod why;

pub use follow::Ledger;
pub use ip_changes::{Holder, IpChange, ip_changes};
pub use missing::missing;
pub use moment::{Elapsed, Moment};
pub use row::{Ended, HeldAddress, InDns, MAX_ADDRESSES, MAX_IN_DNS, Row, StageTime};
pub use why::{Who, Why};
