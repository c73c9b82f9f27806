//! The ledger: rows of incarnations, kept in SQLite or PostgreSQL.
//!
//! The hub hands rows to a [`Recorder`], which never waits; a [`Keeper`]'s writer brings them to the [`Store`] in batches.
//! Any number of servers may write the same rows: each is read, joined and written back in one transaction.

mod keeper;
mod place;
mod pruning;
mod query;
mod reader;
mod recorder;
mod sql;
mod store;
mod writer;

pub use keeper::{Keeper, Run};
pub use place::{Place, PlaceError};
pub use query::{Filter, MAX_PAGE, Page, Position, State};
pub use reader::{ReadError, Reader, Unreadable};
pub use recorder::{BUFFER, Recorder};
pub(crate) use sql::{Sql, Value};
pub use store::{Found, Retention, Store, StoreError, Watched};
