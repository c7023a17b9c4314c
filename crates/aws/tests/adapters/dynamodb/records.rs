//! The port [`Records`].

use super::{canceled, completed};
use crate::replay::{Replay, Request, json_error, ok, tables};
use serde_json::{Value, json};
use sightline_aws::Tables;
use sightline_domain::{
    model::{
        error::{StepError, StorageError},
        record::{ProcessingStatus, Record},
        review::ReviewStatus,
    },
    ports::{Interventions, Records, ReviewRequest, Written},
    rules::label_index::rows,
};
use sightline_tests::samples::{EXECUTION, IMAGE_ID, NOW, OTHER_EXECUTION, UPLOADED, claimed};
use std::collections::HashSet;

async fn complete(replay: &Replay) -> Result<Written, StorageError> {
    let record = completed();
    tables(replay).await.complete(&record, &rows(&record)).await
}

/// Names of the attributes that an update sets, and of those that it removes.
fn changes(update: &Value) -> (HashSet<String>, HashSet<String>) {
    let expression = update["UpdateExpression"].as_str().unwrap_or_default();
    let (sets, removals) = expression.split_once(" REMOVE ").unwrap_or((expression, ""));
    let name = |place: &str| update["ExpressionAttributeNames"][place].as_str().unwrap_or(place).to_owned();
    let set =
        sets.trim_start_matches("SET ").split(", ").filter_map(|action| action.split_once(" = ")).map(|(place, _)| name(place)).collect();
    (set, removals.split(", ").filter(|removed| !removed.is_empty()).map(str::to_owned).collect())
}

/// DynamoDB refuses an update that names an attribute twice, and unused or undefined placeholders.
#[track_caller]
fn assert_well_formed(update: &Value) {
    let (set, removed) = changes(update);
    assert!(set.is_disjoint(&removed), "set and removed: {:?}", set.intersection(&removed));
    let text = format!("{} {}", update["UpdateExpression"], update["ConditionExpression"]);
    let used: HashSet<&str> =
        text.split(|c: char| !(c.is_alphanumeric() || c == ':' || c == '#')).filter(|word| word.starts_with([':', '#'])).collect();
    let defined: HashSet<&str> = [&update["ExpressionAttributeNames"], &update["ExpressionAttributeValues"]]
        .iter()
        .filter_map(|placeholders| placeholders.as_object())
        .flat_map(|placeholders| placeholders.keys().map(String::as_str))
        .collect();
    assert_eq!(used, defined);
    assert!(!set.contains("ImageID") && !set.contains("UploadTimestamp"), "keys are never set");
}

#[tokio::test]
async fn a_record_is_found_by_a_consistent_query_for_one() {
    let item = json!({
        "ImageID": {"S": IMAGE_ID}, "UploadTimestamp": {"N": "1772366400000"}, "OwnerID": {"S": "anna"}, "ProcessingStatus": {"S": "PENDING"},
        "S3_URL": {"S": "s3://images/k"}, "ExecutionArn": {"S": EXECUTION}, "SchemaVersion": {"N": "1"}, "ReviewToken": {"S": "secret"},
        "LaterAttribute": {"M": {}},
    });
    let replay = Replay::new([ok(json!({"Items": [item], "Count": 1}).to_string())]);
    let found = tables(&replay).await.find(IMAGE_ID).await.unwrap().unwrap();
    assert_eq!(
        (found.upload_timestamp, found.processing_status, found.review_status),
        (UPLOADED, ProcessingStatus::Pending, ReviewStatus::None)
    );
    let sent = replay.only().json();
    assert_eq!((&sent["ConsistentRead"], &sent["Limit"], &sent["TableName"]), (&json!(true), &json!(1), &json!("records")));
    assert_eq!(sent["ExpressionAttributeValues"], json!({":id": {"S": IMAGE_ID}}));
    assert_eq!(sent["ScanIndexForward"], json!(false), "a tombstone is older than the record beside it");
}

#[tokio::test]
async fn all_pages_of_the_items_of_an_image_are_read() {
    let item = |at: i64| {
        json!({"ImageID": {"S": IMAGE_ID}, "UploadTimestamp": {"N": at.to_string()}, "ProcessingStatus": {"S": "ERASED"},
        "ErasedAt": {"N": "5"}, "SchemaVersion": {"N": "1"}})
    };
    let key = json!({"ImageID": {"S": IMAGE_ID}, "UploadTimestamp": {"N": "2"}});
    let first = ok(json!({"Items": [item(2)], "LastEvaluatedKey": key}).to_string());
    let replay = Replay::new([first, ok(json!({"Items": [item(1)]}).to_string())]);
    let items = tables(&replay).await.items(IMAGE_ID).await.unwrap();
    assert_eq!(items.iter().map(|item| item.upload_timestamp).collect::<Vec<_>>(), [2, 1]);
    assert!(items.iter().all(Record::is_closed));
    let sent: Vec<Value> = replay.requests().iter().map(Request::json).collect();
    assert_eq!((&sent[0]["ConsistentRead"], &sent[0]["ScanIndexForward"]), (&json!(true), &json!(false)));
    assert_eq!(sent[1]["ExclusiveStartKey"], key);
}

/// Every conditional write of a record.
async fn write(tables: &Tables, name: &str) -> Written {
    let failed = Record { processing_status: ProcessingStatus::Failed, status_reason: Some("Storage.Unavailable".into()), ..claimed() };
    let request = ReviewRequest {
        image_id: IMAGE_ID,
        upload_timestamp: UPLOADED,
        execution_arn: EXECUTION,
        task_token: &"token-1".into(),
        flags: &[],
        requested_at: 0,
        deadline: 99,
    };
    let written = match name {
        "claim" => tables.claim(&claimed()).await,
        "claim_rejected" => tables.claim_rejected(&claimed(), 7).await,
        "fail" => tables.fail(&failed).await,
        "fail in review" => tables.fail(&Record { review_deadline: Some(7), ..failed }).await,
        "request_review" => tables.request_review(&request).await,
        "mark_erased" => tables.mark_erased(&claimed(), NOW).await,
        "mark_unrecorded_erased" => tables.mark_unrecorded_erased(&marked()).await,
        "strip" => tables.strip(&marked(), NOW + 5).await,
        "close_tombstone" => tables.close_tombstone(&marked()).await,
        _ => tables.resume(&failed).await,
    };
    written.unwrap()
}

fn marked() -> Record {
    Record { processing_status: ProcessingStatus::Erased, erased_at: Some(NOW), ..claimed() }
}

/// What the conditions mean is shown by the contract suite of the ports.
#[tokio::test]
async fn every_write_is_well_formed_and_a_failed_condition_is_a_refusal() {
    let completion = Replay::new([ok("{}")]);
    assert_eq!(complete(&completion).await.unwrap(), Written::Yes);
    assert_well_formed(&completion.only().json()["TransactItems"][0]["Update"]);

    for name in [
        "claim",
        "claim_rejected",
        "fail",
        "fail in review",
        "request_review",
        "mark_erased",
        "mark_unrecorded_erased",
        "strip",
        "close_tombstone",
        "resume",
    ] {
        let replay = Replay::new([ok("{}")]);
        assert_eq!(write(&tables(&replay).await, name).await, Written::Yes, "{name}");
        let sent = replay.only().json();
        assert!(sent["ConditionExpression"].is_string(), "{name}: {sent}");
        assert_well_formed(&sent);
        let refused = Replay::new([json_error(400, "ConditionalCheckFailedException")]);
        assert_eq!(write(&tables(&refused).await, name).await, Written::Refused, "{name}");
    }
}

/// Injected: each of the errors that DynamoDB documents.
/// Seen: Storage.Unavailable for transient errors, Storage.Misconfigured for the others.
#[tokio::test]
async fn row_20_row_23_dynamodb_errors_have_our_names() {
    let cases = [
        ("ProvisionedThroughputExceededException", 400, "Storage.Unavailable"),
        ("ThrottlingException", 400, "Storage.Unavailable"),
        ("RequestLimitExceeded", 400, "Storage.Unavailable"),
        ("TransactionConflictException", 400, "Storage.Unavailable"),
        ("InternalServerError", 500, "Storage.Unavailable"),
        ("ResourceNotFoundException", 400, "Storage.Misconfigured"),
        ("AccessDeniedException", 400, "Storage.Misconfigured"),
        ("ValidationException", 400, "Storage.Misconfigured"),
        ("ItemCollectionSizeLimitExceededException", 400, "Storage.Misconfigured"),
    ];
    for (code, status, name) in cases {
        let error = tables(&Replay::new([json_error(status, code)])).await.claim(&claimed()).await.unwrap_err();
        assert_eq!(error.name(), name, "{code}");
    }
}

fn refused(execution: &str, status: &str) -> Value {
    json!({"Code": "ConditionalCheckFailed", "Message": "m", "Item": {"ExecutionArn": {"S": execution}, "ProcessingStatus": {"S": status}}})
}

/// Injected: recorded cancellations, one per reason, among them conflicts and exceeded throughput.
/// Seen: our own earlier write counts as written, another execution's record is refused, conflicts and throttles are Storage.Unavailable.
#[tokio::test]
async fn row_22_row_23_a_canceled_transaction_is_classified_by_its_reasons() {
    let none = json!({"Code": "None"});
    let cases = [
        ("own write", json!([refused(EXECUTION, "COMPLETED"), none]), Ok(Written::Yes)),
        ("another's record", json!([refused(OTHER_EXECUTION, "PENDING"), none]), Ok(Written::Refused)),
        ("another's completed record", json!([refused(OTHER_EXECUTION, "COMPLETED"), none]), Ok(Written::Refused)),
        ("no record", json!([{"Code": "ConditionalCheckFailed"}, none]), Ok(Written::Refused)),
        ("a conflict", json!([{"Code": "TransactionConflict"}, none]), Err("Storage.Unavailable")),
        ("a conflict on a row", json!([none, {"Code": "TransactionConflict"}]), Err("Storage.Unavailable")),
        ("throttled", json!([none, {"Code": "ThrottlingError"}]), Err("Storage.Unavailable")),
        ("out of throughput", json!([none, {"Code": "ProvisionedThroughputExceeded"}]), Err("Storage.Unavailable")),
        ("a wrong item", json!([none, {"Code": "ValidationError"}]), Err("Storage.Misconfigured")),
        ("no reasons", json!([]), Err("Storage.Misconfigured")),
    ];
    for (case, reasons, expected) in cases {
        let written = complete(&Replay::new([canceled(&reasons)])).await;
        assert_eq!(written.as_ref().map_err(StepError::name), expected.as_ref().map_err(|name| *name), "{case}");
    }
}

/// Injected: TransactionInProgressException, InternalServerError and ThrottlingException to every attempt.
/// Seen: Storage.Unavailable, which the state machine retries.
#[tokio::test]
async fn row_23_an_unavailable_table_is_a_transient_error() {
    for (code, status) in [("TransactionInProgressException", 400), ("InternalServerError", 500), ("ThrottlingException", 400)] {
        assert_eq!(complete(&Replay::new([json_error(status, code)])).await.unwrap_err().name(), "Storage.Unavailable", "{code}");
    }
}

/// Injected: a recorded 500 to a transaction, then an answer.
/// Seen: two attempts with the same client token.
#[tokio::test]
async fn row_22_a_retried_transaction_has_the_same_client_token() {
    let replay = Replay::new([json_error(500, "InternalServerError"), ok("{}")]);
    complete(&replay).await.unwrap();
    let tokens: HashSet<String> = replay.requests().iter().map(|sent| sent.json()["ClientRequestToken"].to_string()).collect();
    assert_eq!((replay.requests().len(), tokens.len()), (2, 1));
}
