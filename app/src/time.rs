//! Times and durations as people read them.

use topology::Timestamp;

use crate::language::{Language, tr};

const SECOND: i64 = 1_000;
/// Below this, tenths of seconds are written.
const TENTHS: i64 = 10 * SECOND;
const MINUTE: i64 = 60 * SECOND;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// Which clock times are written by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Zone {
    /// The server writes UTC, since it does not know where the reader is.
    Utc,
    /// The reader's own.
    #[cfg(feature = "hydrate")]
    Local,
}

impl Zone {
    /// What is added to UTC, in milliseconds.
    pub fn offset(self, #[allow(unused_variables, reason = "UTC is the same at all times")] at: Timestamp) -> i64 {
        match self {
            Self::Utc => 0,
            #[cfg(feature = "hydrate")]
            Self::Local => {
                #[allow(clippy::cast_precision_loss, reason = "milliseconds of this age are exact")]
                let date = js_sys::Date::new(&wasm_bindgen::JsValue::from_f64(at.as_millis() as f64));
                #[allow(clippy::cast_possible_truncation, reason = "whole minutes, less than a day of them")]
                let minutes = date.get_timezone_offset() as i64;
                -minutes * MINUTE
            }
        }
    }

    /// The time of day, as `10:02:36`.
    pub fn time(self, at: Timestamp) -> String {
        let seconds = (at.as_millis() + self.offset(at)).rem_euclid(DAY) / SECOND;
        format!("{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60)
    }

    /// The time of day; with the date before it where that is another than today's.
    pub fn when(self, at: Timestamp, now: Timestamp) -> String {
        let day = |at: Timestamp| (at.as_millis() + self.offset(at)).div_euclid(DAY);
        if day(at) == day(now) { self.time(at) } else { format!("{} {}", date(day(at)), self.time(at)) }
    }
}

/// The date of a day counted from the epoch, as `2026-10-13` (H. Hinnant, "chrono-compatible date algorithms").
fn date(days: i64) -> String {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let of_era = shifted.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let march_month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * march_month + 2) / 5 + 1;
    let month = if march_month < 10 { march_month + 3 } else { march_month - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    format!("{year}-{month:02}-{day:02}")
}

/// A duration in milliseconds, as `0.1 s`, `49 s`, `2 min 5 s`, `3 h 12 min`, `5 d 2 h`.
pub fn duration(language: Language, millis: i64) -> String {
    let millis = millis.max(0);
    let seconds = |count: String| tr!(language, units.seconds, count = count);
    let minutes = |count: i64| tr!(language, units.minutes, count = count);
    let hours = |count: i64| tr!(language, units.hours, count = count);
    let pair = |large: String, small: i64, unit: &dyn Fn(i64) -> String| match small {
        0 => large,
        _ => format!("{large} {}", unit(small)),
    };
    match millis {
        ..TENTHS => {
            let tenths = (millis + 50) / 100;
            match tenths % 10 {
                0 => seconds((tenths / 10).to_string()),
                rest => seconds(format!("{}.{rest}", tenths / 10)),
            }
        }
        TENTHS..MINUTE => seconds((millis / SECOND).to_string()),
        MINUTE..HOUR => pair(minutes(millis / MINUTE), millis % MINUTE / SECOND, &|count| seconds(count.to_string())),
        HOUR..DAY => pair(hours(millis / HOUR), millis % HOUR / MINUTE, &minutes),
        _ => pair(tr!(language, units.days, count = millis / DAY), millis % DAY / HOUR, &hours),
    }
}

/// A duration that is still growing, in whole seconds: tenths would only flicker.
pub fn running(language: Language, millis: i64) -> String {
    duration(language, millis.max(0) / SECOND * SECOND)
}

#[cfg(test)]
mod tests {
    use super::{Zone, date, duration, running};
    use crate::language::Language;
    use topology::Timestamp;

    #[test]
    fn given_durations_when_written_then_two_units_at_most() {
        for (millis, text) in [
            (-5, "0 s"),
            (0, "0 s"),
            (96, "0.1 s"),
            (960, "1 s"),
            (6_120, "6.1 s"),
            (49_900, "49 s"),
            (60_000, "1 min"),
            (125_000, "2 min 5 s"),
            (11_520_000, "3 h 12 min"),
            (442_800_000, "5 d 3 h"),
        ] {
            assert_eq!(duration(Language::English, millis), text);
        }
        assert_eq!(running(Language::English, 6_920), "6 s");
        assert_eq!(duration(Language::Chinese, 11_520_000), "3 小时 12 分");
    }

    #[test]
    fn given_days_when_written_then_the_calendar_has_them() {
        for (days, text) in [(0, "1970-01-01"), (-1, "1969-12-31"), (11_016, "2000-02-29"), (20_739, "2026-10-13")] {
            assert_eq!(date(days), text);
        }
    }

    #[test]
    fn given_a_time_of_another_day_when_written_then_the_date_is_there() {
        let at = Timestamp::from_millis(36_156_000);
        assert_eq!(Zone::Utc.when(at, at), "10:02:36");
        assert_eq!(Zone::Utc.when(at, Timestamp::from_millis(86_400_000)), "1970-01-01 10:02:36");
    }
}
