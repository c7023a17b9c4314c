//! store-record over fakes.

#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::unwrap_used, reason = "tests fail by panicking")]

use serde_json::{Value, json};
use sightline_domain::{
    flows::edit::{Edited, edit},
    model::{FixedClock, ProcessingStatus, Record, ReviewOutcome, ReviewStatus, layout},
    ports::{Objects, Records},
    rules::{
        edit::OverlayChange,
        label_index::{LabelRow, rows},
    },
};
use sightline_kit::{Step, StepFailure};
use sightline_tests::{
    failing::{Failing, When},
    objects::MemoryObjects,
    ready,
    samples::{BUCKET, IMAGE_ID, NOW, OTHER_EXECUTION, OWNER, claimed, findings, image, key, moderated},
    tables::MemoryTables,
};
use std::collections::BTreeMap;
use store_record::{StoreRecord, Stored};

fn run<R: Records + Clone, A: Objects + Clone>(records: &R, objects: &A, findings: &Value) -> Result<Stored, StepFailure> {
    let step = StoreRecord::new(730, records.clone(), objects.clone(), FixedClock(NOW));
    let mut input = findings.clone();
    if input.get("EarlierAttempts").is_none() {
        input["EarlierAttempts"] = json!(0);
    }
    ready(step.run(serde_json::from_value(input).unwrap()))
}

fn world() -> (MemoryTables, MemoryObjects) {
    let (records, objects) = (MemoryTables::default(), MemoryObjects::default());
    records.put(&claimed());
    objects.upload(BUCKET, &key(), b"original", 0);
    objects.upload(BUCKET, &image().processed_key, b"copy", 0);
    objects.upload(BUCKET, &image().thumbnail_key, b"thumbnail", 0);
    objects.upload(BUCKET, &layout::large_thumbnail(IMAGE_ID), b"large thumbnail", 0);
    (records, objects)
}

fn blocked() -> Value {
    let mut input = findings();
    input["Moderation"] = moderated("BLOCK", &json!([{"Name": "Violence", "TaxonomyLevel": 1, "Confidence": 99, "Action": "BLOCK"}]));
    input
}

#[test]
fn the_record_is_completed_with_its_rows_and_the_original_tagged() {
    let (records, objects) = world();
    let stored = serde_json::to_value(run(&records, &objects, &findings()).unwrap()).unwrap();
    assert_eq!(stored, json!({"ImageID": IMAGE_ID, "ProcessingStatus": "COMPLETED", "ReviewStatus": "NONE"}));
    let item = records.item(IMAGE_ID);
    assert_eq!(item["ProcessingStatus"], json!("COMPLETED"));
    assert!(!item.contains_key("WorkQueue"), "the queue index stays small");
    assert_eq!(records.label_rows().iter().map(|row| row.term.as_str()).collect::<Vec<_>>(), ["car", "road"]);
    assert_eq!(objects.current(&key()).unwrap().tags["status"], "analyzed");
}

#[test]
fn the_record_is_read_if_it_may_have_changed_since_it_was_created() {
    let (mut retried, mut existed, mut reviewed) = (findings(), findings(), findings());
    retried["EarlierAttempts"] = json!(1);
    existed["Image"].as_object_mut().unwrap().remove("Created");
    reviewed["Review"] = json!({"Status": "APPROVED"});
    for (input, reads) in [(findings(), false), (retried, true), (existed, true), (reviewed, true)] {
        let (records, objects) = world();
        records.change(IMAGE_ID, json!({"Attempts": 7}));
        let failing = Failing::new(records.clone()).fail("find", When::Before, 1);
        assert_eq!(run(&failing, &objects, &input).is_err(), reads);
        run(&failing, &objects, &input).unwrap();
    }
}

#[test]
fn the_record_warns_about_terms_that_are_not_indexed() {
    let (records, objects) = world();
    let mut input = findings();
    let line = |place: usize| json!({"Text": format!("word{place}"), "Confidence": 90.0, "Box": {"Left": 0.0, "Top": 0.0, "Width": 0.1, "Height": 0.1}});
    input["Text"] = json!({"Status": "DONE", "ResultKey": "r", "TextLines": (0..100).map(line).collect::<Vec<_>>()});
    run(&records, &objects, &input).unwrap();
    assert_eq!(records.label_rows().len(), 99);
    let warnings = records.all().remove(0).warnings.unwrap();
    assert!(warnings.iter().any(|warning| warning.starts_with("3 of 102 search terms are not in the search index")), "{warnings:?}");
}

/// Injected: the transaction succeeds and its response is lost.
/// Seen: the retry recognises its own write: one record, one set of label rows, the original tagged.
#[test]
fn row_22_a_retry_after_a_lost_response_recognises_its_own_write() {
    let (records, objects) = world();
    let failing = Failing::new(records.clone()).fail("complete", When::After, 1);
    assert_eq!(run(&failing, &objects, &findings()).unwrap_err().name(), "Storage.Unavailable");
    run(&failing, &objects, &findings()).unwrap();
    assert_eq!((records.all().len(), records.label_rows().len()), (1, 2));
    assert_eq!(objects.current(&key()).unwrap().tags["status"], "analyzed");
}

#[test]
fn an_execution_that_lost_the_record_writes_nothing() {
    for processing_status in [ProcessingStatus::Pending, ProcessingStatus::Completed] {
        for input in [findings(), blocked()] {
            let (records, objects) = world();
            records.put(&Record { execution_arn: OTHER_EXECUTION.to_owned(), processing_status, ..claimed() });
            assert_eq!(run(&records, &objects, &input).unwrap_err().name(), "Record.Superseded", "{processing_status:?}");
            assert!(records.label_rows().is_empty(), "{processing_status:?}");
            assert_eq!(records.all()[0].execution_arn, OTHER_EXECUTION, "{processing_status:?}");
            assert!(objects.current(&key()).unwrap().tags.is_empty(), "{processing_status:?}");
            assert!(objects.current(&image().processed_key).is_some(), "{processing_status:?}: no copy is deleted");
        }
    }
}

/// Edits the image as its owner does.
fn edit_image(records: &MemoryTables, change: &OverlayChange) {
    assert!(matches!(ready(edit(records, OWNER, IMAGE_ID, change, None, NOW)).unwrap(), Edited::Yes(_)));
}

fn add(label: &str) -> OverlayChange {
    OverlayChange { add: vec![label.to_owned()], ..OverlayChange::default() }
}

#[test]
fn an_edit_while_the_record_is_stored_is_not_lost() {
    let (records, objects) = world();
    edit_image(&records, &OverlayChange { title: Some(Some("Trip".to_owned())), ..add("grandma") });
    let (tables, mut edits) = (records.clone(), 0);
    let failing = Failing::new(records.clone()).before("complete", move || {
        edits += 1;
        if edits == 1 {
            edit_image(&tables, &OverlayChange { remove: vec!["grandma".to_owned()], ..add("road") });
        }
    });
    run(&failing, &objects, &findings()).unwrap();
    let record = records.all().remove(0);
    assert_eq!((record.title.as_deref(), record.own_labels.as_slice(), record.edits), (Some("Trip"), &["road".to_owned()][..], 2));
    let terms = |rows: Vec<LabelRow>| rows.into_iter().map(|row| (row.term, row.term_kind)).collect::<BTreeMap<_, _>>();
    assert_eq!(terms(records.label_rows()), terms(rows(&record)));
    assert_eq!(record.processing_status, ProcessingStatus::Completed);
}

#[test]
fn an_owner_who_edits_at_every_attempt_delays_the_record() {
    let (records, objects) = world();
    let (tables, mut edits) = (records.clone(), 0);
    let failing = Failing::new(records.clone()).before("complete", move || {
        edits += 1;
        edit_image(&tables, &OverlayChange { title: Some(Some(format!("title {edits}"))), ..OverlayChange::default() });
    });
    assert_eq!(run(&failing, &objects, &findings()).unwrap_err().name(), "Storage.Unavailable");
    run(&records, &objects, &findings()).unwrap();
    assert_eq!(records.all()[0].title.as_deref(), Some("title 5"));
}

#[test]
fn an_image_erased_while_it_was_analysed_stays_erased() {
    let (records, objects) = world();
    records.remove(IMAGE_ID);
    assert_eq!(run(&records, &objects, &findings()).unwrap_err().name(), "Record.Superseded");
    assert!(records.all().is_empty() && records.label_rows().is_empty());
}

#[test]
fn copies_of_a_withheld_image_are_moved_to_the_archive() {
    let (records, objects) = world();
    run(&records, &objects, &blocked()).unwrap();
    let archived = ["image.jpg", "thumbnail-640.jpg", "thumbnail.jpg"].map(|name| format!("archived/{IMAGE_ID}/{name}"));
    assert_eq!(objects.current_keys(), archived.iter().cloned().chain([key()]).collect::<Vec<_>>());
    let record = records.all().remove(0);
    let keys = [record.processed_key, record.large_thumbnail_key, record.thumbnail_key].map(Option::unwrap);
    assert_eq!(keys, archived);
    assert!(records.label_rows().iter().all(|row| row.withheld));
}

#[test]
fn interrupted_moving_continues_at_any_point() {
    for (method, when, skip) in [
        ("copy", When::Before, 0),
        ("copy", When::After, 0),
        ("copy", When::After, 1),
        ("delete", When::Before, 0),
        ("delete", When::After, 0),
        ("delete", When::After, 1),
        ("tag_status", When::Before, 0),
        ("tag_status", When::After, 0),
    ] {
        let (records, objects) = world();
        let failing = Failing::new(objects.clone()).fail_later(method, when, skip, 1);
        assert!(run(&records, &failing, &blocked()).is_err(), "{method} {when:?} {skip}");
        run(&records, &failing, &blocked()).unwrap();
        let keys = objects.current_keys();
        assert!(keys.iter().all(|key| !key.starts_with("processed/")), "{method} {when:?} {skip}: {keys:?}");
        assert_eq!(objects.current(&format!("archived/{IMAGE_ID}/image.jpg")).unwrap().bytes, b"copy", "{method} {when:?} {skip}");
        assert_eq!(objects.current(&key()).unwrap().tags["status"], "analyzed", "{method} {when:?} {skip}");
    }
}

/// Injected: a decision is saved in time, but Step Functions reports that the review expired.
/// Seen: the decision applies, and the image is not withheld.
#[test]
fn row_30_a_decision_saved_while_the_review_expired_wins() {
    let (records, objects) = world();
    records.save_decision(
        IMAGE_ID,
        &ReviewOutcome { status: ReviewStatus::Approved, reviewed_by: Some("anna".into()), reviewed_at: Some(5), review_reason: None },
    );
    let mut input = findings();
    input["Moderation"] = moderated("REVIEW", &json!([]));
    input["Review"] = json!({"Status": "EXPIRED"});
    run(&records, &objects, &input).unwrap();
    assert_eq!(records.all()[0].review_status, ReviewStatus::Approved);
    assert!(objects.current(&image().processed_key).is_some(), "an approved image is not withheld");
}

/// Injected: the table is unavailable for the transaction.
/// Seen: Storage.Unavailable; no copy is deleted and nothing is tagged.
#[test]
fn row_23_while_the_table_is_down_nothing_is_deleted_or_tagged() {
    let (records, objects) = world();
    let failing = Failing::new(records).fail("complete", When::Before, 1);
    assert_eq!(run(&failing, &objects, &blocked()).unwrap_err().name(), "Storage.Unavailable");
    assert!(objects.current(&image().processed_key).is_some());
    assert!(objects.current(&key()).unwrap().tags.is_empty());
}
