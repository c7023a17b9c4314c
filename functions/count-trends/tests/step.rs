//! count-trends over fakes.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a helper of a test fails by panicking, as the test itself does"
)]

use count_trends::{CountTrends, Tallied};
use serde_json::{Value, json};
use sightline_domain::{merge::merge, ports::TallyStore, record::Record, tally::Tally};
use sightline_kit::{Fault, Step};
use sightline_tests::{
    failing::{Failing, When},
    ready,
    records::MemoryRecords,
    samples::{NOW, UPLOADED, claimed, findings},
    trends::MemoryTrends,
};

fn world(images: &[&str]) -> (MemoryRecords, MemoryTrends) {
    let records = MemoryRecords::default();
    for image in images {
        let analysed = merge(claimed(), serde_json::from_value(findings()).unwrap(), NOW, 730);
        records.put(&Record { image_id: (*image).to_owned(), ..analysed });
    }
    let trends = MemoryTrends::beside(&records);
    (records, trends)
}

fn run(records: &MemoryRecords, tallies: &(impl TallyStore + Clone), images: &[&str]) -> Result<Tallied, Fault> {
    let changes: Vec<_> = images.iter().enumerate().map(|(place, image)| change(image, &(100 + place).to_string())).collect();
    run_changes(records, tallies, &changes)
}

fn change(image: &str, sequence_number: &str) -> Value {
    let keys = json!({"ImageID": {"S": image}, "UploadTimestamp": {"N": UPLOADED.to_string()}});
    json!({"eventName": "MODIFY", "dynamodb": {"Keys": keys, "SequenceNumber": sequence_number}})
}

fn run_changes(records: &MemoryRecords, tallies: &(impl TallyStore + Clone), changes: &[Value]) -> Result<Tallied, Fault> {
    let input = serde_json::from_value(json!({"Records": changes})).unwrap();
    ready(CountTrends::new(records.clone(), tallies.clone()).run(input))
}

/// The answer where every image could be counted.
fn tallied(images: usize, anew: usize) -> Tallied {
    Tallied { images, anew, failures: vec![] }
}

fn labels(trends: &MemoryTrends) -> Vec<(String, i64)> {
    let labels = trends.counters().into_iter().filter(|(key, _)| key.counter == "labels#2026-W09");
    labels.map(|(key, counts)| (key.name, counts["Count"])).collect()
}

#[test]
fn an_image_that_is_named_twice_in_a_batch_and_again_in_the_next_counts_once() {
    let (records, trends) = world(&["a", "b"]);
    assert_eq!(run(&records, &trends, &["b", "a", "a"]).unwrap(), tallied(2, 2));
    assert_eq!(run(&records, &trends, &["a"]).unwrap(), tallied(1, 0));
    assert_eq!(labels(&trends), [("car".to_owned(), 2), ("road".to_owned(), 2)]);
}

#[test]
fn one_image_in_trouble_holds_up_no_other_and_the_batch_comes_again() {
    let (records, trends) = world(&["a", "b", "c"]);
    let failing = Failing::new(trends.clone()).fail("replace", When::Before, 1);
    assert_eq!(run(&records, &failing, &["a", "b", "c"]).unwrap_err().name(), "Storage.Unavailable");
    assert_eq!(trends.tallies().keys().collect::<Vec<_>>(), ["b", "c"]);
    assert_eq!(run(&records, &failing, &["a", "b", "c"]).unwrap(), tallied(3, 1));
    assert_eq!(labels(&trends), [("car".to_owned(), 3), ("road".to_owned(), 3)]);
}

#[test]
fn a_record_or_a_change_that_cannot_be_read_is_an_item_failure_and_the_others_count() {
    let (records, trends) = world(&["a", "b", "c"]);
    records.change("b", json!({"Size": "unreadable"}));
    let nameless = json!({"dynamodb": {"Keys": {"ImageID": {"N": "1"}}, "SequenceNumber": "7"}});
    let changes = [change("a", "5"), change("b", "6"), nameless, change("c", "8"), change("b", "9")];

    let answer = run_changes(&records, &trends, &changes).unwrap();

    let answer = serde_json::to_value(answer).unwrap();
    // The first change of an image is named: Lambda tries again from the lowest sequence number.
    let failures = json!([{"itemIdentifier": "7"}, {"itemIdentifier": "6"}]);
    assert_eq!(answer, json!({"Images": 3, "Anew": 2, "batchItemFailures": failures}));
    assert_eq!(labels(&trends), [("car".to_owned(), 2), ("road".to_owned(), 2)]);
}

#[test]
fn a_batch_as_the_stream_sends_it_is_read() {
    let (records, trends) = world(&["5f0c1b9e-3a57-5d0c-9b1d-2f6a7c8e9d10"]);
    let sample: Value = serde_json::from_str(include_str!("../../../events/functions/count-trends.json")).unwrap();
    let changes = sample["Records"].as_array().unwrap();
    assert_eq!(run_changes(&records, &trends, changes).unwrap(), tallied(2, 1));
}

#[test]
fn whoever_calls_it_by_hand_is_told_that_a_record_cannot_be_read() {
    let (records, trends) = world(&["a"]);
    records.change("a", json!({"Size": "unreadable"}));
    let mut by_hand = change("a", "");
    by_hand["dynamodb"].as_object_mut().unwrap().remove("SequenceNumber");
    assert_eq!(run_changes(&records, &trends, &[by_hand]).unwrap_err().name(), "Storage.Misconfigured");
    assert_eq!(run_changes(&records, &trends, &[json!({})]).unwrap_err().name(), "Input.Invalid");
}

#[test]
fn a_record_that_is_gone_or_pending_counts_nothing() {
    let (records, trends) = world(&[]);
    records.put(&claimed());
    assert_eq!(run(&records, &trends, &[&claimed().image_id, "gone"]).unwrap(), tallied(2, 0));
    assert!(trends.counters().is_empty());
}

#[test]
fn a_failure_after_the_fact_is_made_good_by_the_next_batch() {
    let (records, trends) = world(&["a"]);
    let failing = Failing::new(trends.clone()).fail("replace", When::After, 1);
    assert!(run(&records, &failing, &["a"]).is_err());
    assert_eq!(run(&records, &failing, &["a"]).unwrap(), tallied(1, 0));
    assert_eq!(trends.counters(), Tally::of(&records.all()[0]).unwrap().shares());
}
