//! The port [`Counters`].

use super::{canceled, completed};
use crate::replay::{Replay, Request, json_error, ok, tables};
use serde_json::{Value, json};
use sightline_domain::{
    model::{ProcessingStatus, Record, StepError, StorageError},
    ports::{Counters, Replaced, TallyChange},
    rules::tally::Tally,
};
use sightline_tests::samples::{IMAGE_ID, claimed};

async fn replace(replay: &Replay, record: &Record) -> Result<Replaced, StorageError> {
    let tally = Tally::of(record).unwrap();
    let change = TallyChange { image_id: IMAGE_ID, old: None, new: Some(&tally), record: Some(record) };
    tables(replay).await.replace(&change).await
}

#[tokio::test]
async fn a_tally_expires_with_its_record_and_depends_on_when_the_record_was_finished() {
    let running = Record { processing_status: ProcessingStatus::Failed, ..claimed() };
    for (record, expires_at, finished) in [
        (completed(), json!({"N": completed().expires_at.unwrap().to_string()}), "FinishedAt = :finished"),
        (running, Value::Null, "attribute_not_exists(FinishedAt)"),
    ] {
        let replay = Replay::new([ok("{}")]);
        assert_eq!(replace(&replay, &record).await.unwrap(), Replaced::Yes);
        let items = replay.only().json()["TransactItems"].clone();
        assert_eq!(items[0]["Put"]["Item"]["ExpiresAt"], expires_at);
        assert!(items[1]["ConditionCheck"]["ConditionExpression"].as_str().unwrap().ends_with(finished), "{items}");
    }
}

/// The emulator does not show whether a read is consistent.
#[tokio::test]
async fn a_tally_is_read_consistently() {
    let replay = Replay::new([ok("{}")]);
    assert_eq!(tables(&replay).await.tally(IMAGE_ID).await.unwrap(), None);
    assert_eq!(replay.only().json()["ConsistentRead"], json!(true));
}

#[tokio::test]
async fn a_canceled_counting_transaction_is_classified_by_its_reasons() {
    let none = json!({"Code": "None"});
    let cases = [
        ("another tally", json!([{"Code": "ConditionalCheckFailed"}, none]), Ok(Replaced::Changed)),
        ("another record", json!([none, {"Code": "ConditionalCheckFailed"}]), Ok(Replaced::Changed)),
        ("a counter that others change", json!([none, none, {"Code": "TransactionConflict"}]), Ok(Replaced::Changed)),
        ("throttled", json!([none, {"Code": "ThrottlingError"}]), Err("Storage.Unavailable")),
        ("out of throughput", json!([none, {"Code": "ProvisionedThroughputExceeded"}]), Err("Storage.Unavailable")),
        ("a wrong item", json!([none, {"Code": "ValidationError"}]), Err("Storage.Misconfigured")),
    ];
    for (case, reasons, expected) in cases {
        let replaced = replace(&Replay::new([canceled(&reasons)]), &completed()).await;
        assert_eq!(replaced.as_ref().map_err(StepError::name), expected.as_ref().map_err(|name| *name), "{case}");
    }
    let down = Replay::new([json_error(500, "InternalServerError")]);
    assert_eq!(replace(&down, &completed()).await.unwrap_err().name(), "Storage.Unavailable");
}

#[tokio::test]
async fn all_pages_of_counters_between_two_names_are_read() {
    let item =
        |name: &str, count: &str| json!({"Counter": {"S": "hours"}, "Name": {"S": name}, "Completed": {"N": count}, "Calls": {"N": "4"}});
    let first =
        json!({"Items": [item("2026-03-01T12", "2")], "LastEvaluatedKey": {"Counter": {"S": "hours"}, "Name": {"S": "2026-03-01T12"}}});
    let replay = Replay::new([ok(first.to_string()), ok(json!({"Items": [item("2026-03-01T13", "-1")]}).to_string())]);
    let counts = tables(&replay).await.counts("hours", Some("2026-03-01T12"..="2026-03-01T14")).await.unwrap();
    assert_eq!(counts.len(), 2);
    assert_eq!((counts["2026-03-01T12"]["Completed"], counts["2026-03-01T13"]["Completed"], counts["2026-03-01T12"]["Calls"]), (2, -1, 4));
    let sent: Vec<Value> = replay.requests().iter().map(Request::json).collect();
    assert_eq!(sent[0]["KeyConditionExpression"], "#counter = :counter AND #name BETWEEN :from AND :to");
    assert_eq!(sent[1]["ExclusiveStartKey"]["Name"], json!({"S": "2026-03-01T12"}));
}
