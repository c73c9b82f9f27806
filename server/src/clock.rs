//! The server's clock, the only place where it is read.

use std::time::{SystemTime, UNIX_EPOCH};

use topology::Timestamp;

/// The time of now.
pub fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}
