//! The overlay of an owner, and its edits.

#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::unwrap_used, reason = "tests fail by panicking")]

use serde_json::json;
use sightline_domain::{
    flows::edit::{self, Edited},
    model::record::{ProcessingStatus, Record},
    rules::{
        edit::{InvalidEdit, MAX_OWN_LABELS, OverlayChange, edit, row_changes},
        label_index::{RowKey, rows},
        overlay::{LabelSource, shown_labels},
    },
};
use sightline_tests::{
    failing::{Failing, When},
    ready,
    samples::{IMAGE_ID, NOW, OWNER, claimed},
    tables::MemoryTables,
};

fn analysed() -> Record {
    let labels = json!([
        {"Name": "car", "Confidence": 98.0, "Parents": ["Vehicle"]}, {"Name": "road", "Confidence": 72.5}, {"Name": "tree", "Confidence": 61.0},
    ]);
    Record {
        processing_status: ProcessingStatus::Completed,
        labels: serde_json::from_value(labels).unwrap(),
        warnings: Some(vec!["a warning".to_owned()]),
        ..claimed()
    }
}

fn names(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

fn add(labels: &[&str]) -> OverlayChange {
    OverlayChange { add: names(labels), ..OverlayChange::default() }
}

fn remove(labels: &[&str]) -> OverlayChange {
    OverlayChange { remove: names(labels), ..OverlayChange::default() }
}

fn titled(title: &str) -> OverlayChange {
    OverlayChange { title: Some(Some(title.to_owned())), ..OverlayChange::default() }
}

/// Names, confidences and sources of the shown labels.
fn shown(record: &Record) -> Vec<(String, f64, LabelSource)> {
    shown_labels(record).into_iter().map(|shown| (shown.label.name, shown.label.confidence, shown.source)).collect()
}

fn edited(record: &Record, changes: &[OverlayChange]) -> Record {
    changes.iter().fold(record.clone(), |record, change| edit(&record, change, NOW).unwrap())
}

#[test]
fn own_labels_come_first_and_removed_labels_are_not_shown() {
    let record = edited(&analysed(), &[add(&["Grandma"]), remove(&["road"])]);
    let (own, rekognition) = (LabelSource::Own, LabelSource::Rekognition);
    assert_eq!(
        shown(&record),
        [("grandma".to_owned(), 100.0, own), ("car".to_owned(), 98.0, rekognition), ("tree".to_owned(), 61.0, rekognition)]
    );
    assert_eq!((record.edits, record.edited_at), (2, Some(NOW)));
    assert_eq!(record.labels, analysed().labels, "what Rekognition found stays");
    let summary: Vec<_> = record.detection_summary.unwrap().into_iter().map(|label| label.name).collect();
    assert_eq!(summary, ["grandma", "car", "tree"]);
}

#[test]
fn every_edit_can_be_taken_back() {
    for (case, there, back) in [
        ("an own label", add(&["grandma"]), OverlayChange { drop: names(&["grandma"]), ..OverlayChange::default() }),
        ("an own label by removing it", add(&["grandma"]), remove(&["grandma"])),
        ("a removed label", remove(&["road"]), OverlayChange { restore: names(&["road"]), ..OverlayChange::default() }),
        ("a removed label by adding and dropping it", remove(&["road"]), add(&["road"])),
        ("a title", titled("Trip"), OverlayChange { title: Some(None), ..OverlayChange::default() }),
        ("a title by an empty one", titled("Trip"), titled(" \u{200e} ")),
        ("a confirmed label", add(&["road"]), OverlayChange { drop: names(&["ROAD"]), ..OverlayChange::default() }),
    ] {
        let mut record = edited(&analysed(), &[there, back]);
        if case.contains("adding and dropping") {
            assert_eq!(shown(&record)[0], ("road".to_owned(), 100.0, LabelSource::Own));
            record = edited(&record, &[OverlayChange { drop: names(&["road"]), ..OverlayChange::default() }]);
        }
        assert_eq!(shown(&record), shown(&analysed()), "{case}");
        assert_eq!((record.title.as_ref(), rows(&record)), (None, rows(&analysed())), "{case}");
    }
}

#[test]
fn a_label_that_rekognition_also_found_keeps_its_parents() {
    let record = edited(&analysed(), &[add(&["Car"])]);
    let first = shown_labels(&record).remove(0);
    assert_eq!((first.source, first.label.confidence, first.label.parents), (LabelSource::Own, 100.0, names(&["Vehicle"])));
}

#[test]
fn texts_are_one_clean_line() {
    let record = edited(&analysed(), &[titled("  Zu\u{308}rich\n\u{202e}2026  "), add(&[" Foo\tBar ", "FOO  BAR"])]);
    assert_eq!(record.title.as_deref(), Some("Zürich 2026"));
    assert_eq!(record.own_labels, ["foo bar"], "the same label once");
}

#[test]
fn edits_beyond_the_limits_are_refused() {
    let many: Vec<String> = (0..=MAX_OWN_LABELS).map(|number| format!("label {number}")).collect();
    let cases = [
        (titled(&"x".repeat(201)), InvalidEdit::LongTitle(201)),
        (add(&[" \u{7} "]), InvalidEdit::EmptyLabel),
        (add(&[&"x".repeat(65)]), InvalidEdit::LongLabel(65)),
        (OverlayChange { add: many, ..OverlayChange::default() }, InvalidEdit::ManyLabels(21)),
    ];
    for (change, expected) in cases {
        assert_eq!(edit(&analysed(), &change, NOW).err(), Some(expected));
    }
    assert_eq!(InvalidEdit::LongTitle(201).to_string(), "the title has 201 characters; at most 200 are allowed");
    assert!(edit(&analysed(), &titled(&"ü".repeat(200)), NOW).is_ok(), "characters, not bytes");
}

#[test]
fn removing_an_unknown_label_changes_nothing() {
    let record = edited(&analysed(), &[remove(&["boat"])]);
    assert!(record.removed_labels.is_empty());
}

#[test]
fn only_the_rows_that_differ_are_written() {
    let record = edited(&analysed(), &[add(&["boat"]), remove(&["road"])]);
    let changes = row_changes(&analysed(), &record);
    assert_eq!(changes.put.iter().map(|row| row.term.as_str()).collect::<Vec<_>>(), ["boat"]);
    let deleted: Vec<RowKey> = rows(&analysed()).iter().filter(|row| row.term == "road").map(RowKey::of).collect();
    assert_eq!(changes.delete, deleted);
    let pending = Record { processing_status: ProcessingStatus::Pending, ..claimed() };
    let changes = row_changes(&pending, &edited(&pending, &[add(&["boat"])]));
    assert!(changes.put.is_empty() && changes.delete.is_empty(), "its rows are written when it completes");
}

#[test]
fn the_warning_about_omitted_terms_follows_the_edit() {
    let long: Vec<String> = (0..20).map(|label| (0..9).map(|word| format!("w{label}x{word}")).collect::<Vec<_>>().join(" ")).collect();
    let long: Vec<&str> = long.iter().map(String::as_str).collect();
    let record = edited(&analysed(), &[add(&long)]);
    let warnings = record.warnings.as_ref().unwrap();
    assert!(warnings.len() == 2 && warnings[1].contains("search terms are not in the search index"), "{warnings:?}");
    let back = edited(&record, &[OverlayChange { drop: names(&long), ..OverlayChange::default() }]);
    assert_eq!(back.warnings, analysed().warnings);
}

#[test]
fn an_edit_is_stored_for_its_owner_only_and_for_the_version_they_saw() {
    let tables = MemoryTables::default();
    let change = titled("Trip");
    assert!(matches!(ready(edit::edit(&tables, OWNER, IMAGE_ID, &change, None, NOW)).unwrap(), Edited::Unknown));
    tables.put(&analysed());
    assert!(matches!(ready(edit::edit(&tables, "berta", IMAGE_ID, &change, None, NOW)).unwrap(), Edited::Unknown));
    assert!(
        matches!(ready(edit::edit(&tables, OWNER, IMAGE_ID, &change, Some(0), NOW)).unwrap(), Edited::Yes(record) if record.edits == 1)
    );
    let again = ready(edit::edit(&tables, OWNER, IMAGE_ID, &titled("Other"), Some(0), NOW)).unwrap();
    assert!(matches!(again, Edited::Conflict(record) if record.title.as_deref() == Some("Trip")));
    let invalid = ready(edit::edit(&tables, OWNER, IMAGE_ID, &add(&[""]), Some(1), NOW)).unwrap();
    assert!(matches!(invalid, Edited::Invalid(InvalidEdit::EmptyLabel)));
    tables.put(&Record { processing_status: ProcessingStatus::Erased, ..analysed() });
    assert!(matches!(ready(edit::edit(&tables, OWNER, IMAGE_ID, &change, None, NOW)).unwrap(), Edited::Unknown));
}

#[test]
fn an_edit_is_tried_again_on_what_the_record_became() {
    let tables = MemoryTables::default();
    tables.put(&claimed());
    let (others, mut edits) = (tables.clone(), 0);
    let racing = Failing::new(tables.clone()).before("edit", move || {
        edits += 1;
        if edits == 1 {
            others.put(&analysed());
        }
    });
    assert!(matches!(ready(edit::edit(&racing, OWNER, IMAGE_ID, &add(&["boat"]), Some(0), NOW)).unwrap(), Edited::Yes(_)));
    assert!(tables.label_rows().iter().any(|row| row.term == "boat"), "the image was completed meanwhile, so it needs rows");
    let lost = Failing::new(tables.clone()).fail("edit", When::After, 1);
    assert!(ready(edit::edit(&lost, OWNER, IMAGE_ID, &add(&["lake"]), Some(1), NOW)).is_err());
    let repeated = ready(edit::edit(&tables, OWNER, IMAGE_ID, &add(&["lake"]), None, NOW)).unwrap();
    assert!(matches!(repeated, Edited::Yes(record) if record.own_labels == ["boat", "lake"]), "repeating adds nothing twice");
}
