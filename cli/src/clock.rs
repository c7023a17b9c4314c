//! The system clock, and times as people write and read them.

use sightline_domain::model::{Clock, EpochMillis};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use time::{Date, OffsetDateTime, format_description::BorrowedFormatItem, macros::format_description};

const DAY: &[BorrowedFormatItem<'_>] = format_description!("[year]-[month]-[day]");
const SECOND: &[BorrowedFormatItem<'_>] = format_description!("[year]-[month]-[day] [hour]:[minute]:[second]Z");

/// The machine's clock.
#[derive(Debug, Clone, Copy)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the clock that is injected")]
    fn now(&self) -> EpochMillis {
        SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |past| i64::try_from(past.as_millis()).unwrap_or(i64::MAX))
    }
}

/// A time in UTC, such as `2026-11-24 00:00:00Z`.
pub fn moment(at: EpochMillis) -> String {
    OffsetDateTime::from_unix_timestamp(at.div_euclid(1000)).ok().and_then(|at| at.format(SECOND).ok()).unwrap_or_else(|| at.to_string())
}

/// ` at 2026-11-24 00:00:00Z`, or nothing if the time is unknown.
pub fn at(at: Option<EpochMillis>) -> String {
    at.map_or_else(String::new, |at| format!(" at {}", moment(at)))
}

/// A time in the past: `24h` ago, or a day such as `2026-11-24`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Since {
    Ago(Duration),
    At(EpochMillis),
}

impl Since {
    /// Epoch milliseconds.
    pub fn to_millis(self, now: EpochMillis) -> EpochMillis {
        match self {
            Self::Ago(past) => now.saturating_sub(i64::try_from(past.as_millis()).unwrap_or(i64::MAX)),
            Self::At(at) => at,
        }
    }
}

/// Parses a duration such as `90s`, `10m`, `24h`, `7d`, `2w` or `1h30m`.
pub fn parse_duration(text: &str) -> Result<Duration, String> {
    humantime::parse_duration(text).map_err(|_| format!("{text:?} is not a duration; write it as 90s, 10m, 24h, 7d or 2w"))
}

/// Parses a duration before now, or a day in UTC.
pub fn parse_since(text: &str) -> Result<Since, String> {
    if let Ok(day) = Date::parse(text, DAY) {
        return Ok(Since::At(day.midnight().assume_utc().unix_timestamp() * 1000));
    }
    parse_duration(text).map(Since::Ago).map_err(|_| format!("{text:?} is not a time; write it as 24h, 7d or 2026-11-24"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn duration_is_a_number_with_a_unit() {
        for (text, seconds) in
            [("90s", 90), ("10m", 600), ("24h", 86_400), ("7d", 604_800), ("2w", 1_209_600), ("1h30m", 5_400), ("1.5h", 5_400)]
        {
            assert_eq!(parse_duration(text), Ok(Duration::from_secs(seconds)), "{text}");
        }
        for wrong in ["", "5", "h", "-5m", "5ü", "99999999999999999999d", "18446744073709551615w"] {
            assert!(parse_duration(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn since_is_a_duration_or_a_day() {
        assert_eq!(parse_since("1h").unwrap().to_millis(10_000_000), 6_400_000);
        assert_eq!(parse_since("2026-11-24"), Ok(Since::At(1_795_478_400_000)));
        assert!(parse_since("2026-13-01").is_err());
    }

    #[test]
    fn moment_is_printed_in_utc() {
        assert_eq!(moment(1_795_478_400_999), "2026-11-24 00:00:00Z");
    }
}
