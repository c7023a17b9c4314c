//! The real clock, and times as people write and read them.

use sightline_domain::model::clock::{Clock, EpochMillis};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use time::{Date, OffsetDateTime, format_description::BorrowedFormatItem, macros::format_description};

const DAY: &[BorrowedFormatItem<'_>] = format_description!("[year]-[month]-[day]");
const MINUTE: &[BorrowedFormatItem<'_>] = format_description!("[year]-[month]-[day] [hour]:[minute]:[second]Z");

/// The machine's clock.
#[derive(Debug, Clone, Copy)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the clock that is injected")]
    fn now(&self) -> EpochMillis {
        SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |past| i64::try_from(past.as_millis()).unwrap_or(i64::MAX))
    }
}

/// A moment for people, in UTC.
pub fn moment(at: EpochMillis) -> String {
    OffsetDateTime::from_unix_timestamp(at.div_euclid(1000)).ok().and_then(|at| at.format(MINUTE).ok()).unwrap_or_else(|| at.to_string())
}

/// A moment in the past: `24h` ago, or a day such as `2026-11-24`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Since {
    /// This long ago.
    Ago(Duration),
    /// Epoch milliseconds.
    At(EpochMillis),
}

impl Since {
    /// Epoch milliseconds.
    pub fn moment(self, now: EpochMillis) -> EpochMillis {
        match self {
            Self::Ago(past) => now.saturating_sub(i64::try_from(past.as_millis()).unwrap_or(i64::MAX)),
            Self::At(at) => at,
        }
    }
}

/// Reads `90s`, `10m`, `24h`, `7d` or `2w`.
pub fn parse_duration(text: &str) -> Result<Duration, String> {
    let wrong = || format!("{text:?} is no duration; write it as 90s, 10m, 24h, 7d or 2w");
    let (number, unit) = text.char_indices().last().map(|(end, unit)| (text.get(..end).unwrap_or_default(), unit)).ok_or_else(wrong)?;
    let seconds: u64 = match unit {
        's' => 1,
        'm' => 60,
        'h' => 3600,
        'd' => 86_400,
        'w' => 604_800,
        _ => return Err(wrong()),
    };
    let number: u64 = number.parse().map_err(|_| wrong())?;
    number.checked_mul(seconds).map(Duration::from_secs).ok_or_else(wrong)
}

/// Reads a duration into the past, or a day in UTC.
pub fn parse_since(text: &str) -> Result<Since, String> {
    if let Ok(day) = Date::parse(text, DAY) {
        return Ok(Since::At(day.midnight().assume_utc().unix_timestamp() * 1000));
    }
    parse_duration(text).map(Since::Ago).map_err(|_| format!("{text:?} is no time; write it as 24h, 7d or 2026-11-24"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_read_as_people_write_them() {
        assert_eq!(parse_duration("90s"), Ok(Duration::from_secs(90)));
        assert_eq!(parse_duration("24h"), Ok(Duration::from_hours(24)));
        for wrong in ["", "5", "h", "-5m", "5 m", "1.5h", "5ü", "99999999999999999999d", "18446744073709551615w"] {
            assert!(parse_duration(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn since_takes_a_duration_or_a_day() {
        assert_eq!(parse_since("1h").unwrap().moment(10_000_000), 6_400_000);
        assert_eq!(parse_since("2026-11-24"), Ok(Since::At(1_795_478_400_000)));
        assert!(parse_since("2026-13-01").is_err());
    }

    #[test]
    fn moments_are_shown_in_utc() {
        assert_eq!(moment(1_795_478_400_999), "2026-11-24 00:00:00Z");
    }
}
