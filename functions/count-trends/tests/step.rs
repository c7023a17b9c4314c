//! count-trends over fakes.

#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::unwrap_used, reason = "tests fail by panicking")]

use count_trends::{CountTrends, Tallied};
use serde_json::{Value, json};
use sightline_domain::{
    model::Record,
    ports::{Counters, Records},
    rules::{merge::merge, tally::Tally},
};
use sightline_kit::{Step, StepFailure};
use sightline_tests::{
    failing::{Failing, When},
    ready,
    samples::{NOW, UPLOADED, claimed, findings},
    tables::MemoryTables,
};

fn tables(images: &[&str]) -> MemoryTables {
    let tables = MemoryTables::default();
    for image in images {
        let analysed = merge(claimed(), serde_json::from_value(findings()).unwrap(), NOW, 730);
        tables.put(&Record { image_id: (*image).to_owned(), ..analysed });
    }
    tables
}

fn run(tables: &(impl Records + Counters + Clone), images: &[&str]) -> Result<Tallied, StepFailure> {
    let changes: Vec<_> = images.iter().enumerate().map(|(place, image)| change(image, &(100 + place).to_string())).collect();
    run_changes(tables, &changes)
}

fn change(image: &str, sequence_number: &str) -> Value {
    let keys = json!({"ImageID": {"S": image}, "UploadTimestamp": {"N": UPLOADED.to_string()}});
    json!({"eventName": "MODIFY", "dynamodb": {"Keys": keys, "SequenceNumber": sequence_number}})
}

fn run_changes(tables: &(impl Records + Counters + Clone), changes: &[Value]) -> Result<Tallied, StepFailure> {
    let input = serde_json::from_value(json!({"Records": changes})).unwrap();
    ready(CountTrends::new(tables.clone()).run(input))
}

/// The result of a batch without failures.
fn tallied(images: usize, changed: usize) -> Tallied {
    Tallied { images, changed, failures: vec![] }
}

fn labels(tables: &MemoryTables) -> Vec<(String, i64)> {
    let labels = tables.counters().into_iter().filter(|(key, _)| key.counter == "labels#2026-W09");
    labels.map(|(key, counts)| (key.name, counts["Count"])).collect()
}

#[test]
fn an_image_that_occurs_several_times_counts_once() {
    let tables = tables(&["a", "b"]);
    assert_eq!(run(&tables, &["b", "a", "a"]).unwrap(), tallied(2, 2));
    assert_eq!(run(&tables, &["a"]).unwrap(), tallied(1, 0));
    assert_eq!(labels(&tables), [("car".to_owned(), 2), ("road".to_owned(), 2)]);
}

#[test]
fn one_failing_image_does_not_stop_the_others_and_the_batch_is_retried() {
    let tables = tables(&["a", "b", "c"]);
    let failing = Failing::new(tables.clone()).fail("replace", When::Before, 1);
    assert_eq!(run(&failing, &["a", "b", "c"]).unwrap_err().name(), "Storage.Unavailable");
    assert_eq!(tables.tallies().keys().collect::<Vec<_>>(), ["b", "c"]);
    assert_eq!(run(&failing, &["a", "b", "c"]).unwrap(), tallied(3, 1));
    assert_eq!(labels(&tables), [("car".to_owned(), 3), ("road".to_owned(), 3)]);
}

#[test]
fn an_unreadable_change_is_an_item_failure_and_the_others_count() {
    let tables = tables(&["a", "b", "c"]);
    tables.change("b", json!({"Size": "unreadable"}));
    let nameless = json!({"dynamodb": {"Keys": {"ImageID": {"N": "1"}}, "SequenceNumber": "7"}});
    let changes = [change("a", "5"), change("b", "6"), nameless, change("c", "8"), change("b", "9")];

    let answer = run_changes(&tables, &changes).unwrap();

    let answer = serde_json::to_value(answer).unwrap();
    // The first change of an image is reported: Lambda retries from the lowest sequence number.
    let failures = json!([{"itemIdentifier": "7"}, {"itemIdentifier": "6"}]);
    assert_eq!(answer, json!({"Images": 3, "Changed": 2, "batchItemFailures": failures}));
    assert_eq!(labels(&tables), [("car".to_owned(), 2), ("road".to_owned(), 2)]);
}

#[test]
fn a_batch_of_the_stream_is_read() {
    let tables = tables(&["5f0c1b9e-3a57-5d0c-9b1d-2f6a7c8e9d10"]);
    let sample: Value = serde_json::from_str(include_str!("../../../events/functions/count-trends.json")).unwrap();
    let changes = sample["Records"].as_array().unwrap();
    assert_eq!(run_changes(&tables, changes).unwrap(), tallied(2, 1));
}

#[test]
fn a_manual_invocation_fails_if_a_record_cannot_be_read() {
    let tables = tables(&["a"]);
    tables.change("a", json!({"Size": "unreadable"}));
    let mut by_hand = change("a", "");
    by_hand["dynamodb"].as_object_mut().unwrap().remove("SequenceNumber");
    assert_eq!(run_changes(&tables, &[by_hand]).unwrap_err().name(), "Storage.Misconfigured");
    assert_eq!(run_changes(&tables, &[json!({})]).unwrap_err().name(), "Input.Invalid");
}

#[test]
fn a_deleted_or_pending_record_counts_nothing() {
    let tables = tables(&[]);
    tables.put(&claimed());
    assert_eq!(run(&tables, &[&claimed().image_id, "gone"]).unwrap(), tallied(2, 0));
    assert!(tables.counters().is_empty());
}

#[test]
fn a_lost_response_is_repaired_by_the_next_batch() {
    let tables = tables(&["a"]);
    let failing = Failing::new(tables.clone()).fail("replace", When::After, 1);
    assert!(run(&failing, &["a"]).is_err());
    assert_eq!(run(&failing, &["a"]).unwrap(), tallied(1, 0));
    assert_eq!(tables.counters(), Tally::of(&tables.all()[0]).unwrap().contributions());
}
