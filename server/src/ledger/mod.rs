//! The ledger: rows of incarnations, kept in SQLite or PostgreSQL.
//!
//! The hub hands rows to a [`Recorder`], which never waits; a [`Writer`] task brings them to the [`Store`] in batches.
//! Any number of servers may write the same rows: each is read, joined and written back in one transaction.

mod kept;
mod place;
mod query;
mod recorder;
mod sql;
mod store;
mod writer;

pub use kept::kept;
pub use place::{Place, PlaceError};
pub use query::{Filter, MAX_PAGE, Page, Position};
pub use recorder::{BUFFER, Keeping, Recorder};
pub use store::{Found, Retention, Store, StoreError, Watched};
pub use writer::Writer;
