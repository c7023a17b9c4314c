//! The contributions of an image to the counters.

#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::unwrap_used, reason = "tests fail by panicking")]
#![allow(clippy::type_complexity, reason = "tables of cases are read once, where they stand")]

use serde_json::json;
use sightline_domain::{
    model::{ImageOutcome, ProcessingStatus, Record},
    rules::{
        merge::merge,
        tally::{Contributions, CounterKey, Counts, MAX_LABELS, Tally, difference},
    },
};
use sightline_tests::samples::{NOW, claimed, findings, labels_found};

fn analysed(labels: &[(&str, f64)]) -> Record {
    let mut findings = findings();
    findings["Labels"] = labels_found(labels);
    merge(claimed(), serde_json::from_value(findings).unwrap(), NOW, 730)
}

fn failed(reason: &str) -> Record {
    Record { processing_status: ProcessingStatus::Failed, status_reason: Some(reason.into()), finished_at: Some(NOW), ..claimed() }
}

/// The contributions to the counters of the owner.
fn of_owner(contributions: Contributions) -> Contributions {
    contributions.into_iter().filter(|(key, _)| key.counter.starts_with("owner-")).collect()
}

/// The contributions to the counters of the deployment.
fn of_deployment(contributions: Contributions) -> Contributions {
    contributions.into_iter().filter(|(key, _)| !key.counter.starts_with("owner-")).collect()
}

fn contributions(expected: &[(&str, &str, &[(&str, i64)])]) -> Contributions {
    let counts = |counts: &[(&str, i64)]| counts.iter().map(|(name, number)| ((*name).to_owned(), *number)).collect::<Counts>();
    let key = |counter: &str, name: &str| CounterKey { counter: counter.to_owned(), name: name.to_owned() };
    expected.iter().map(|(counter, name, of)| (key(counter, name), counts(of))).collect()
}

#[test]
fn a_completed_image_counts_by_label_week_and_hour() {
    let tally = Tally::of(&analysed(&[("road", 90.0), ("car", 98.5)])).unwrap();
    let hour = [("Completed", 1), ("Calls", 2), ("Microdollars", 2_275), ("Within1m", 1)];
    let expected: [(&str, &str, &[(&str, i64)]); 3] =
        [("labels#2026-W09", "car", &[("Count", 1)]), ("labels#2026-W09", "road", &[("Count", 1)]), ("hours", "2026-03-01T12", &hour)];
    assert_eq!(of_deployment(tally.contributions()), contributions(&expected));
}

#[test]
fn an_image_counts_for_its_owner_by_label_day_and_month() {
    let tally = Tally::of(&analysed(&[("road", 90.0), ("car", 98.5)])).unwrap();
    let label: [(&str, i64); 2] = [("Count", 1), ("2026-W09", 1)];
    let expected: [(&str, &str, &[(&str, i64)]); 4] = [
        ("owner-labels#anna", "car", &label),
        ("owner-labels#anna", "road", &label),
        ("owner-days#anna", "2026-03-01", &[("Completed", 1), ("Calls", 2), ("Microdollars", 2_275)]),
        ("owner-months#anna", "2026-03", &[("Count", 1)]),
    ];
    assert_eq!(of_owner(tally.contributions()), contributions(&expected));
    let rejected = Tally::of(&failed("EMPTY_FILE")).unwrap();
    let expected: [(&str, &str, &[(&str, i64)]); 2] = [
        ("owner-days#anna", "2026-03-01", &[("Rejected", 1), ("Microdollars", 75), ("Reason:EMPTY_FILE", 1)]),
        ("owner-months#anna", "2026-03", &[("Count", 1)]),
    ];
    assert_eq!(of_owner(rejected.contributions()), contributions(&expected));
}

#[test]
fn the_words_of_an_owner_count_for_the_owner_only() {
    let overlay = (vec!["grandma".to_owned()], vec!["road".to_owned()]);
    let (own_labels, removed_labels) = overlay.clone();
    let tally = Tally::of(&Record { own_labels, removed_labels, ..analysed(&[("road", 90.0), ("car", 98.5)]) }).unwrap();
    assert_eq!((tally.labels, tally.shown), (vec!["car".to_owned(), "road".to_owned()], vec!["car".to_owned(), "grandma".to_owned()]));
    let (own_labels, removed_labels) = overlay;
    let failed = Tally::of(&Record { own_labels, removed_labels, ..failed("EMPTY_FILE") }).unwrap();
    assert!(failed.shown.is_empty(), "an image without labels is not found by them");
}

#[test]
fn a_tally_of_an_earlier_release_counts_for_the_deployment_only() {
    let new = Tally::of(&analysed(&[("car", 98.5)])).unwrap();
    let mut stored = json!(new);
    for name in ["Owner", "Shown", "Month"] {
        stored.as_object_mut().unwrap().remove(name).unwrap();
    }
    let old: Tally = serde_json::from_value(stored.clone()).unwrap();
    assert_eq!(json!(old), stored, "the conditional write compares the stored form");
    assert_eq!(old.contributions(), of_deployment(new.contributions()));
    assert_eq!(difference(Some(&old), Some(&new)), of_owner(new.contributions()));
}

#[test]
fn a_failure_counts_its_reason_and_no_latency() {
    let tally = Tally::of(&failed("Recognition.Throttled")).unwrap();
    let hour = [("Failed", 1), ("Microdollars", 25)];
    let expected: [(&str, &str, &[(&str, i64)]); 2] =
        [("reasons#2026-W09", "Recognition.Throttled", &[("Count", 1)]), ("hours", "2026-03-01T12", &hour)];
    assert_eq!((tally.outcome, of_deployment(tally.contributions())), (ImageOutcome::Failed, contributions(&expected)));
}

#[test]
fn an_unfinished_image_counts_nothing() {
    assert!(Tally::of(&claimed()).is_none());
}

#[test]
fn a_failed_image_that_completes_moves_its_contributions() {
    let (old, new) = (Tally::of(&failed("Recognition.Throttled")).unwrap(), Tally::of(&analysed(&[("car", 98.5)])).unwrap());
    let hour = [("Failed", -1), ("Completed", 1), ("Calls", 2), ("Microdollars", 2_250), ("Within1m", 1)];
    let expected: [(&str, &str, &[(&str, i64)]); 3] = [
        ("reasons#2026-W09", "Recognition.Throttled", &[("Count", -1)]),
        ("labels#2026-W09", "car", &[("Count", 1)]),
        ("hours", "2026-03-01T12", &hour),
    ];
    assert_eq!(of_deployment(difference(Some(&old), Some(&new))), contributions(&expected));
    assert!(difference(Some(&new), Some(&new)).is_empty());
}

#[test]
fn any_change_of_a_tally_fits_into_one_transaction() {
    let many = |letter: &str| {
        let names: Vec<String> = (0..100).map(|place| format!("{letter}{place:03}")).collect();
        Tally::of(&analysed(&names.iter().map(|name| (name.as_str(), 90.0)).collect::<Vec<_>>())).unwrap()
    };
    let (mut old, mut new) = (many("a"), many("b"));
    (old.hour, old.ended_week, old.month) = ("2026-02-01T00".into(), "2026-W05".into(), Some("2026-02".into()));
    (old.reason, new.reason) = (Some("x".into()), Some("y".into()));
    assert_eq!((new.labels.len(), new.shown.len()), (MAX_LABELS, MAX_LABELS));
    // Besides the counters: the tally and the check of the record.
    let items = difference(Some(&old), Some(&new)).len() + 2;
    assert!(items <= 100, "{items} items");
}

#[test]
fn names_too_long_for_a_key_are_left_out() {
    let long = "x".repeat(256);
    let tally = Tally::of(&analysed(&[("", 99.0), (&long, 99.0), ("car", 98.0), ("car", 97.0)])).unwrap();
    assert_eq!(tally.labels, ["car"]);
    assert_eq!(Tally::of(&failed(&long)).unwrap().reason, None);
}

#[test]
fn a_tally_survives_serialization() {
    for record in [analysed(&[("car", 98.5)]), failed("Storage.Unavailable")] {
        let tally = Tally::of(&record).unwrap();
        assert_eq!(serde_json::from_value::<Tally>(json!(tally)).unwrap(), tally);
        assert!(json!(tally).as_object().unwrap().values().all(|value| !value.is_null()));
    }
}
