//! The counters of a week, and its report.

#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::unwrap_used, reason = "tests fail by panicking")]

use sightline_domain::{
    flows::{
        own_trends::{OwnerLabel, owner_days, owner_labels, owner_months},
        trends::{Week, most_frequent, report},
    },
    model::{ImageOutcome, WEEK_MILLIS},
    rules::{
        alert::Attribute,
        tally::{CounterKey, Counts},
    },
};
use sightline_tests::{ready, samples::NOW, tables::MemoryTables};
use std::collections::BTreeMap;

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
fn the_labels_of_an_owner_are_found_by_prefix_most_used_first() {
    let trends = counted();
    for (name, counts) in [
        ("car", &[("Count", 3), ("2026-W09", 2), ("2026-W08", 1)][..]),
        ("cat", &[("Count", 5), ("2026-W09", 5), ("2026-W07", 0)]),
        ("caravan", &[("Count", 0), ("2026-W09", 0)]),
        ("dog", &[("Count", 9), ("2026-W09", 9)]),
    ] {
        add(&trends, "owner-labels#anna", name, counts);
    }
    add(&trends, "owner-labels#berta", "cab", &[("Count", 1)]);
    let label = |name: &str, images, weeks: &[(&str, u64)]| OwnerLabel {
        name: name.to_owned(),
        images,
        by_week: weeks.iter().map(|(week, number)| ((*week).to_owned(), *number)).collect(),
    };
    let expected = [label("cat", 5, &[("2026-W09", 5)]), label("car", 3, &[("2026-W09", 2), ("2026-W08", 1)])];
    assert_eq!(ready(owner_labels(&trends, "anna", "ca")).unwrap(), expected);
    let all: Vec<String> = ready(owner_labels(&trends, "anna", "")).unwrap().into_iter().map(|label| label.name).collect();
    assert_eq!(all, ["dog", "cat", "car"]);
    assert_eq!(ready(owner_labels(&trends, "anna", "x")).unwrap(), []);
}

#[test]
fn an_owner_has_days_with_reasons_and_months_of_their_own() {
    let trends = counted();
    add(&trends, "owner-days#anna", "2026-02-28", &[("Completed", 4), ("Calls", 9), ("Microdollars", 9_100)]);
    add(
        &trends,
        "owner-days#anna",
        "2026-03-01",
        &[("Rejected", 2), ("Failed", 1), ("Reason:EMPTY_FILE", 2), ("Reason:States.Timeout", 0)],
    );
    add(&trends, "owner-days#anna", "2026-03-02", &[("Completed", 0)]);
    let days = ready(owner_days(&trends, "anna", NOW, NOW + WEEK_MILLIS)).unwrap();
    assert_eq!(days.keys().collect::<Vec<_>>(), ["2026-03-01"]);
    assert_eq!(days["2026-03-01"].reasons(), BTreeMap::from([("EMPTY_FILE".to_owned(), 2)]));
    let days = ready(owner_days(&trends, "anna", NOW - WEEK_MILLIS, NOW)).unwrap();
    assert_eq!((days.len(), days["2026-02-28"].images(ImageOutcome::Completed), days["2026-02-28"].calls()), (2, 4, 9));
    add(&trends, "owner-months#anna", "2026-02", &[("Count", 4)]);
    add(&trends, "owner-months#anna", "2026-03", &[("Count", 0)]);
    assert_eq!(ready(owner_months(&trends, "anna")).unwrap(), BTreeMap::from([("2026-02".to_owned(), 4)]));
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
