//! report-trends over fakes.

#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::unwrap_used, reason = "tests fail by panicking")]

use report_trends::{ReportTrends, Reported};
use serde::de::IgnoredAny;
use sightline_domain::{
    model::{DAY_MILLIS, FixedClock},
    ports::Alerts,
    rules::tally::{CounterKey, Counts},
};
use sightline_kit::{Step, StepFailure};
use sightline_tests::{
    alerts::MemoryAlerts,
    failing::{Failing, When},
    ready,
    tables::MemoryTables,
};

/// 2026-03-02T06:00:00Z, a Monday.
const MONDAY: i64 = 1_772_431_200_000;

fn counted() -> MemoryTables {
    let trends = MemoryTables::default();
    for (week, number) in [("2026-W08", 4), ("2026-W09", 9), ("2026-W10", 100)] {
        let key = CounterKey { counter: format!("labels#{week}"), name: "car".to_owned() };
        trends.add([(key, Counts::from([("Count".to_owned(), number)]))].into());
    }
    trends
}

fn run<P: Alerts + Clone>(alerts: &P, now: i64) -> Result<Reported, StepFailure> {
    ready(ReportTrends::new(counted(), alerts.clone(), FixedClock(now)).run(IgnoredAny))
}

#[test]
fn the_report_covers_last_week_and_compares_it_with_the_week_before() {
    let alerts = MemoryAlerts::default();
    let reported = run(&alerts, MONDAY).unwrap();
    assert_eq!(reported, Reported { week: "2026-W09".into(), message_id: "message-1".into() });
    let message = alerts.sent().remove(0);
    assert!(message.subject.contains("2026-W09"), "{}", message.subject);
    let car = message.body.lines().find(|line| line.contains("car")).unwrap();
    assert_eq!(car.split_whitespace().collect::<Vec<_>>(), ["car", "9", "+5"]);
}

#[test]
fn a_retry_later_in_the_week_covers_the_same_week() {
    let alerts = Failing::new(MemoryAlerts::default()).fail("publish", When::Before, 1);
    assert_eq!(run(&alerts, MONDAY).unwrap_err().name(), "Alert.Unavailable");
    assert_eq!(run(&alerts, MONDAY + DAY_MILLIS).unwrap().week, "2026-W09");
}
