//! The server's clock, the only place where it is read.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use topology::Timestamp;

/// How far it is from the machine's clock, in milliseconds: a replay shows another time.
static SHIFT: AtomicI64 = AtomicI64::new(0);

/// The time of now.
pub fn now() -> Timestamp {
    Timestamp::from_millis(machine().saturating_add(SHIFT.load(Ordering::Relaxed)))
}

/// Makes it that time now, for the whole process; from then on it runs as any clock does.
pub fn show(at: Timestamp) {
    SHIFT.store(at.as_millis().saturating_sub(machine()), Ordering::Relaxed);
}

fn machine() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}
