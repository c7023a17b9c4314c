//! The ports [`Overlays`] and [`ReviewLeases`].

use super::{canceled, completed};
use crate::replay::{Replay, ok, tables};
use serde_json::{Value, json};
use sightline_domain::{
    model::{
        error::{StepError, StorageError},
        record::Record,
    },
    ports::{Overlays, RecordKey, ReviewClaim, ReviewLease, ReviewLeases, Written},
    rules::{
        edit::{OverlayChange, RowChanges, edit, row_changes},
        label_index::{RowKey, rows},
    },
};
use sightline_tests::samples::NOW;

fn read() -> Record {
    Record { title: Some("Old".to_owned()), edits: 4, ..completed() }
}

async fn store(replay: &Replay, rows: &RowChanges) -> Result<Written, StorageError> {
    let change = OverlayChange { title: Some(None), add: vec!["boat".to_owned()], ..OverlayChange::default() };
    tables(replay).await.edit(&read(), &edit(&read(), &change, NOW).unwrap(), rows).await
}

fn transactions(replay: &Replay) -> Vec<Vec<Value>> {
    replay.requests().iter().map(|sent| sent.json()["TransactItems"].as_array().unwrap().clone()).collect()
}

#[tokio::test]
async fn an_edit_is_one_transaction_on_the_version_that_was_read() {
    let change = OverlayChange { remove: vec!["road".to_owned()], ..OverlayChange::default() };
    let edited = edit(&read(), &change, NOW).unwrap();
    let replay = Replay::new([ok("{}")]);
    assert_eq!(tables(&replay).await.edit(&read(), &edited, &row_changes(&read(), &edited)).await.unwrap(), Written::Yes);
    let items = transactions(&replay).remove(0);
    assert_eq!(items[0]["Update"]["ConditionExpression"], "ProcessingStatus = :status AND Edits = :edits");
    let values = &items[0]["Update"]["ExpressionAttributeValues"];
    assert_eq!((&values[":status"], &values[":edits"]), (&json!({"S": "COMPLETED"}), &json!({"N": "4"})));
    assert_eq!(items.len(), 2);
    assert_eq!(items[1]["Delete"]["Key"]["OwnerLabelMonth"], json!({"S": "anna#road#2026-03"}));
    assert_eq!(items[1]["Delete"]["TableName"], "label-index");
}

#[tokio::test]
async fn an_empty_attribute_of_the_overlay_is_removed() {
    let replay = Replay::new([ok("{}")]);
    store(&replay, &RowChanges::default()).await.unwrap();
    let expression = transactions(&replay)[0][0]["Update"]["UpdateExpression"].as_str().unwrap().to_owned();
    let (_, removed) = expression.split_once("REMOVE ").unwrap();
    assert_eq!(removed, "Title, RemovedLabels");
}

#[tokio::test]
async fn an_edit_of_many_rows_deletes_the_excess_before_while_the_record_is_unchanged() {
    let key = |number: usize| RowKey { owner_label_month: format!("anna#old{number}#2026-03"), time_image_id: "t".into() };
    let put = rows(&completed());
    let many = RowChanges { delete: (0..250).map(key).collect(), put: put.clone() };
    let replay = Replay::new([ok("{}"), ok("{}"), ok("{}")]);
    assert_eq!(store(&replay, &many).await.unwrap(), Written::Yes);
    let sent = transactions(&replay);
    assert_eq!(sent.iter().map(Vec::len).collect::<Vec<_>>(), [100, 55, 100], "two checks, one record, {} rows", put.len());
    for before in &sent[..2] {
        assert_eq!(before[0]["ConditionCheck"]["ConditionExpression"], "ProcessingStatus = :status AND Edits = :edits");
        assert!(before[1..].iter().all(|item| item.get("Delete").is_some()));
    }
    assert!(sent[2][0].get("Update").is_some(), "rows are written only together with the record");
    let refused = canceled(&json!([{"Code": "ConditionalCheckFailed"}]));
    let replay = Replay::new([refused]);
    assert_eq!(store(&replay, &many).await.unwrap(), Written::Refused);
    assert_eq!(replay.requests().len(), 1, "nothing more is written");
}

#[tokio::test]
async fn a_canceled_edit_is_classified_by_its_reasons() {
    let none = json!({"Code": "None"});
    let cases = [
        ("edited since", json!([{"Code": "ConditionalCheckFailed"}, none]), Ok(Written::Refused)),
        ("a conflict", json!([{"Code": "TransactionConflict"}, none]), Err("Storage.Unavailable")),
        ("throttled", json!([none, {"Code": "ThrottlingError"}]), Err("Storage.Unavailable")),
        ("a wrong item", json!([none, {"Code": "ValidationError"}]), Err("Storage.Misconfigured")),
    ];
    for (case, reasons, expected) in cases {
        let stored = store(&Replay::new([canceled(&reasons)]), &RowChanges::default()).await;
        assert_eq!(stored.as_ref().map_err(StepError::name), expected.as_ref().map_err(|name| *name), "{case}");
    }
}

#[tokio::test]
async fn a_review_is_claimed_by_one_conditional_update() {
    let replay = Replay::new([ok("{}")]);
    let lease = ReviewLease { reviewer: "anna", until: NOW + 9, now: NOW };
    assert_eq!(tables(&replay).await.claim_review(&RecordKey::of(&completed()), lease).await.unwrap(), ReviewClaim::Yes);
    let condition = replay.only().json()["ConditionExpression"].as_str().unwrap().to_owned();
    assert_eq!(
        condition,
        "ProcessingStatus = :processing AND WorkQueue = :queue AND ReviewStatus = :status AND ReviewDeadline > :now AND \
         attribute_exists(ReviewToken) AND (attribute_not_exists(ReviewClaimedUntil) OR ReviewClaimedUntil <= :now OR ReviewClaimedBy = :by)"
    );
}
