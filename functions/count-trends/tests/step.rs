//! count-trends over fakes.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a helper of a test fails by panicking, as the test itself does"
)]

use count_trends::{CountTrends, Tallied};
use serde_json::json;
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
    let keys = |image: &&str| json!({"ImageID": {"S": image}, "UploadTimestamp": {"N": UPLOADED.to_string()}});
    let changes: Vec<_> = images.iter().map(|image| json!({"eventName": "MODIFY", "dynamodb": {"Keys": keys(image)}})).collect();
    let input = serde_json::from_value(json!({"Records": changes})).unwrap();
    ready(CountTrends::new(records.clone(), tallies.clone()).run(input))
}

fn labels(trends: &MemoryTrends) -> Vec<(String, i64)> {
    let labels = trends.counters().into_iter().filter(|(key, _)| key.counter == "labels#2026-W09");
    labels.map(|(key, counts)| (key.name, counts["Count"])).collect()
}

#[test]
fn an_image_that_is_named_twice_in_a_batch_and_again_in_the_next_counts_once() {
    let (records, trends) = world(&["a", "b"]);
    assert_eq!(run(&records, &trends, &["b", "a", "a"]).unwrap(), Tallied { images: 2, anew: 2 });
    assert_eq!(run(&records, &trends, &["a"]).unwrap(), Tallied { images: 1, anew: 0 });
    assert_eq!(labels(&trends), [("car".to_owned(), 2), ("road".to_owned(), 2)]);
}

#[test]
fn one_image_in_trouble_holds_up_no_other_and_the_batch_comes_again() {
    let (records, trends) = world(&["a", "b", "c"]);
    let failing = Failing::new(trends.clone()).fail("replace", When::Before, 1);
    assert_eq!(run(&records, &failing, &["a", "b", "c"]).unwrap_err().name(), "Storage.Unavailable");
    assert_eq!(trends.tallies().keys().collect::<Vec<_>>(), ["b", "c"]);
    assert_eq!(run(&records, &failing, &["a", "b", "c"]).unwrap(), Tallied { images: 3, anew: 1 });
    assert_eq!(labels(&trends), [("car".to_owned(), 3), ("road".to_owned(), 3)]);
}

#[test]
fn a_record_that_is_gone_or_pending_counts_nothing() {
    let (records, trends) = world(&[]);
    records.put(&claimed());
    assert_eq!(run(&records, &trends, &[&claimed().image_id, "gone"]).unwrap(), Tallied { images: 2, anew: 0 });
    assert!(trends.counters().is_empty());
}

#[test]
fn a_failure_after_the_fact_is_made_good_by_the_next_batch() {
    let (records, trends) = world(&["a"]);
    let failing = Failing::new(trends.clone()).fail("replace", When::After, 1);
    assert!(run(&records, &failing, &["a"]).is_err());
    assert_eq!(run(&records, &failing, &["a"]).unwrap(), Tallied { images: 1, anew: 0 });
    assert_eq!(trends.counters(), Tally::of(&records.all()[0]).unwrap().shares());
}
