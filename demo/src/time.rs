//! Times, as objects hold them.

use std::time::Duration;

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{MicroTime, Time};

/// Now, cut to the second: what most fields hold.
pub fn now() -> Time {
    Time(to_second(Timestamp::now()))
}

/// Now, to the microsecond.
pub fn now_micro() -> MicroTime {
    MicroTime(Timestamp::now())
}

/// A time, cut to the second.
pub fn to_second(time: Timestamp) -> Timestamp {
    Timestamp::from_second(time.as_second()).unwrap_or(time)
}

/// A time as text: `2026-11-24T10:05:31Z`.
pub fn seconds(time: Timestamp) -> String {
    to_second(time).to_string()
}

/// How long ago a time was; nothing if it is yet to come.
pub fn since(time: Timestamp) -> Duration {
    Duration::try_from(Timestamp::now().duration_since(time)).unwrap_or_default()
}

/// How long until a time; nothing if it has passed.
pub fn until(time: Timestamp) -> Duration {
    Duration::try_from(time.duration_since(Timestamp::now())).unwrap_or_default()
}
