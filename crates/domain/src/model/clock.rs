//! Time: the injected clock, and the names of hours, days and weeks in UTC.

use time::OffsetDateTime;

/// Milliseconds since 1970-01-01T00:00:00Z.
pub type EpochMillis = i64;

/// Milliseconds in a day.
pub const DAY_MILLIS: EpochMillis = 86_400_000;

/// Milliseconds in a week.
pub const WEEK_MILLIS: EpochMillis = 7 * DAY_MILLIS;

/// A source of the current time.
pub trait Clock: Send + Sync {
    /// The current time.
    fn now(&self) -> EpochMillis;
}

/// A source of delays.
pub trait Pause: Send + Sync {
    /// Waits `millis` milliseconds.
    fn pause(&self, millis: u64) -> impl Future<Output = ()> + Send;
}

/// A clock that always returns the same time, for tests.
#[derive(Debug, Clone, Copy)]
pub struct FixedClock(pub EpochMillis);

impl Clock for FixedClock {
    fn now(&self) -> EpochMillis {
        self.0
    }
}

fn date_time(at: EpochMillis) -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp(at.div_euclid(1000)).unwrap_or(OffsetDateTime::UNIX_EPOCH)
}

/// The ISO week of a time, such as `2026-W48`. The year is the ISO year of the week, which can differ from the calendar year around New
/// Year.
pub fn week(at: EpochMillis) -> String {
    let (year, week, _) = date_time(at).to_iso_week_date();
    format!("{year:04}-W{week:02}")
}

/// The day of a time, such as `2026-11-25`.
pub fn day(at: EpochMillis) -> String {
    let at = date_time(at);
    format!("{:04}-{:02}-{:02}", at.year(), u8::from(at.month()), at.day())
}

/// The hour of a time, such as `2026-11-25T13`. Hours sort as text and begin with their day.
pub fn hour(at: EpochMillis) -> String {
    format!("{}T{:02}", day(at), date_time(at).hour())
}

/// The start of the week of `at`: Monday, 00:00.
pub fn week_start(at: EpochMillis) -> EpochMillis {
    let days = i64::from(date_time(at).weekday().number_days_from_monday());
    at.div_euclid(DAY_MILLIS) * DAY_MILLIS - days * DAY_MILLIS
}

#[cfg(test)]
mod tests {
    use super::*;

    const TUESDAY: EpochMillis = 1_795_526_099_999; // 2026-11-24T13:14:59.999Z

    #[test]
    fn hours_days_and_weeks_have_names_that_sort() {
        assert_eq!((hour(TUESDAY).as_str(), day(TUESDAY).as_str(), week(TUESDAY).as_str()), ("2026-11-24T13", "2026-11-24", "2026-W48"));
    }

    #[test]
    fn a_week_begins_on_monday() {
        let monday = week_start(TUESDAY);
        assert_eq!(hour(monday), "2026-11-23T00");
        assert_eq!(week_start(monday), monday);
        assert_eq!(week_start(monday - 1), monday - WEEK_MILLIS);
    }

    #[test]
    fn a_week_around_new_year_has_its_iso_year() {
        let new_year = 1_798_761_600_000; // 2027-01-01, a Friday
        assert_eq!((day(new_year).as_str(), week(new_year).as_str()), ("2027-01-01", "2026-W53"));
        assert_eq!(week(week_start(new_year)), "2026-W53");
    }
}
