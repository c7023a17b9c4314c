//! Time: the injected clock, and the hours, days and weeks by which things are counted, all in UTC.

use time::OffsetDateTime;

/// Milliseconds since 1970-01-01T00:00:00Z.
pub type EpochMillis = i64;

/// Milliseconds in a day.
pub const DAY_MILLIS: EpochMillis = 86_400_000;

/// What time it is.
pub trait Clock: Send + Sync {
    /// The present moment.
    fn now(&self) -> EpochMillis;
}

/// Lets time pass.
pub trait Pause: Send + Sync {
    /// Ends after `millis` milliseconds.
    fn pause(&self, millis: u64) -> impl Future<Output = ()> + Send;
}

/// A clock that stands still, for tests.
#[derive(Debug, Clone, Copy)]
pub struct FixedClock(pub EpochMillis);

impl Clock for FixedClock {
    fn now(&self) -> EpochMillis {
        self.0
    }
}

/// Milliseconds in a week.
pub const WEEK_MILLIS: EpochMillis = 7 * DAY_MILLIS;

fn moment(at: EpochMillis) -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp(at.div_euclid(1000)).unwrap_or(OffsetDateTime::UNIX_EPOCH)
}

/// The ISO week of a moment, such as `2026-W48`. Its year is the week's, which may differ from the day's around New Year.
pub fn week(at: EpochMillis) -> String {
    let (year, week, _) = moment(at).to_iso_week_date();
    format!("{year:04}-W{week:02}")
}

/// The day of a moment, such as `2026-11-25`.
pub fn day(at: EpochMillis) -> String {
    let at = moment(at);
    format!("{:04}-{:02}-{:02}", at.year(), u8::from(at.month()), at.day())
}

/// The hour of a moment, such as `2026-11-25T13`. Hours sort as text, and begin with their day.
pub fn hour(at: EpochMillis) -> String {
    format!("{}T{:02}", day(at), moment(at).hour())
}

/// The first moment of the week of `at`: Monday, 00:00.
pub fn week_start(at: EpochMillis) -> EpochMillis {
    let days = i64::from(moment(at).weekday().number_days_from_monday());
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
    fn around_new_year_the_weeks_year_counts() {
        let new_year = 1_798_761_600_000; // 2027-01-01, a Friday
        assert_eq!((day(new_year).as_str(), week(new_year).as_str()), ("2027-01-01", "2026-W53"));
        assert_eq!(week(week_start(new_year)), "2026-W53");
    }
}
