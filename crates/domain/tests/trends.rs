//! The counters of a week, and its report.

#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::unwrap_used, reason = "tests fail by panicking")]

use sightline_domain::{
    flows::trends::{Week, most_frequent, report},
    model::{ImageOutcome, WEEK_MILLIS},
    rules::{
        alert::Attribute,
        tally::{CounterKey, Counts},
    },
};
use sightline_tests::{ready, samples::NOW, tables::MemoryTables};

fn add(trends: &MemoryTables, counter: &str, name: &str, counts: &[(&str, i64)]) {
    let key = CounterKey { counter: counter.to_owned(), name: name.to_owned() };
    let counts: Counts = counts.iter().map(|(name, number)| ((*name).to_owned(), *number)).collect();
    trends.add([(key, counts)].into());
}

/// `NOW` is on the Sunday of 2026-W09.
fn counted() -> MemoryTables {
    let trends = MemoryTables::default();
    add(&trends, "labels#2026-W09", "person", &[("Count", 7)]);
    add(&trends, "labels#2026-W09", "car", &[("Count", 9)]);
    add(&trends, "labels#2026-W09", "gone", &[("Count", 0)]);
    add(&trends, "labels#2026-W08", "car", &[("Count", 12)]);
    add(&trends, "reasons#2026-W09", "Recognition.Throttled", &[("Count", 1)]);
    let hour = [("Completed", 8), ("Withheld", 1), ("Failed", 1), ("Calls", 25), ("Microdollars", 28_000), ("Within2s", 9)];
    add(&trends, "hours", "2026-03-01T23", &hour);
    add(&trends, "hours", "2026-02-23T00", &[("Completed", 10), ("Calls", 20), ("Microdollars", 22_750), ("Within3s", 10)]);
    add(&trends, "hours", "2026-02-22T23", &[("Completed", 5), ("Failed", 0)]);
    add(&trends, "hours", "2026-03-02T00", &[("Completed", 99)]);
    trends
}

#[test]
fn a_week_has_only_its_own_hours_by_day() {
    let week = ready(Week::read(&counted(), NOW)).unwrap();
    assert_eq!((week.name.as_str(), week.sunday().as_str()), ("2026-W09", "2026-03-01"));
    assert_eq!(week.days.keys().collect::<Vec<_>>(), ["2026-02-23", "2026-03-01"]);
    let ended = week.ended();
    assert_eq!((ended.all(), ended.images(ImageOutcome::Completed), ended.calls()), (20, 18, 45));
    assert_eq!((ended.error_rate(), ended.dollars_per_thousand()), (Some(0.05), Some(2.5375)));
    assert!(ended.within(0.5).is_some_and(|millis| (1_000..=3_000).contains(&millis)));
}

#[test]
fn counters_at_zero_are_left_out() {
    let week = ready(Week::read(&counted(), NOW)).unwrap();
    assert_eq!(most_frequent(&week.labels, 10), [("car", 9), ("person", 7)]);
    assert_eq!(most_frequent(&week.labels, 1), [("car", 9)]);
}

#[test]
fn the_report_names_labels_outcomes_and_failures_and_compares_with_the_week_before() {
    let trends = counted();
    let (week, before) = (ready(Week::read(&trends, NOW)).unwrap(), ready(Week::read(&trends, NOW - WEEK_MILLIS)).unwrap());
    let message = report(&week, &before);
    assert_eq!(message.subject, "sightline: week 2026-W09, 20 images, 1 failed");
    let lines: Vec<String> = message.body.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect();
    for line in [
        "Week 2026-W09: 2026-02-23 to 2026-03-01, UTC",
        "Images 20 +15",
        "completed 18 +13",
        "rejected 0 =",
        "Failed, not repaired 5.0 %",
        "Rekognition calls 45",
        "Cost 2.54 dollars per 1,000 images, calls and states at list price",
        "car 9 -3",
        "person 7 +7",
        "Recognition.Throttled 1 +1",
    ] {
        assert!(lines.iter().any(|shown| shown == line), "{line} is not in\n{}", message.body);
    }
    assert_eq!(message.attributes[0], ("Kind", Attribute::Text("WEEKLY_REPORT".into())));
}

#[test]
fn a_week_without_images_is_reported() {
    let trends = MemoryTables::default();
    let week = ready(Week::read(&trends, NOW)).unwrap();
    let message = report(&week, &week);
    assert_eq!(message.subject, "sightline: week 2026-W09, 0 images, 0 failed");
    assert!(!message.body.contains("50 % done within") && message.body.contains("  none"), "{}", message.body);
}

#[test]
fn a_label_cannot_add_lines_to_the_report() {
    let trends = MemoryTables::default();
    add(&trends, "labels#2026-W09", "a\nImages 1000000", &[("Count", 1)]);
    let week = ready(Week::read(&trends, NOW)).unwrap();
    assert!(!report(&week, &Week::default()).body.contains("\nImages 1000000"));
}

#[test]
fn the_report_names_ten_labels_and_counts_the_rest() {
    let trends = MemoryTables::default();
    for place in 0..13 {
        add(&trends, "labels#2026-W09", &format!("label {place}"), &[("Count", 20 - place)]);
    }
    let body = report(&ready(Week::read(&trends, NOW)).unwrap(), &Week::default()).body;
    assert!(body.contains("label 9") && !body.contains("label 10") && body.contains("and 3 more"), "{body}");
}
