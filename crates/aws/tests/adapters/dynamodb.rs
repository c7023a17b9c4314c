//! DynamoDB: the conditions of every write, and what their refusal means (fault matrix, rows 1, 2, 22, 23).

use crate::replay::{Answer, Replay, json_error, ok, tables};
use serde_json::{Value, json};

use sightline_domain::{
    model::{
        error::{StepError, StorageError},
        record::{ProcessingStatus, Record},
        rejection::ReasonCode,
        review::ReviewStatus,
    },
    ports::{Records, ReviewRequest, Written},
    rules::{label_index::rows, merge::merge},
};
use sightline_tests::samples::{EXECUTION, IMAGE_ID, NOW, OTHER_EXECUTION, UPLOADED, claimed, findings};
use std::collections::HashSet;

fn completed() -> Record {
    merge(claimed(), serde_json::from_value(findings()).unwrap(), NOW, 730)
}

async fn complete(replay: &Replay) -> Result<Written, StorageError> {
    let record = completed();
    tables(replay).await.complete(&record, &rows(&record)).await
}

/// Names of the attributes that an update sets, and of those that it removes.
fn changes(update: &Value) -> (HashSet<String>, HashSet<String>) {
    let expression = update["UpdateExpression"].as_str().unwrap();
    let (sets, removals) = expression.split_once(" REMOVE ").unwrap_or((expression, ""));
    let name = |place: &str| update["ExpressionAttributeNames"][place].as_str().unwrap_or(place).to_owned();
    let set =
        sets.trim_start_matches("SET ").split(", ").filter_map(|action| action.split_once(" = ")).map(|(place, _)| name(place)).collect();
    (set, removals.split(", ").filter(|removed| !removed.is_empty()).map(str::to_owned).collect())
}

/// DynamoDB refuses an update that names an attribute twice, and placeholders that nobody uses or defines.
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
    let asked = replay.only().json();
    assert_eq!((&asked["ConsistentRead"], &asked["Limit"], &asked["TableName"]), (&json!(true), &json!(1), &json!("records")));
    assert_eq!(asked["ExpressionAttributeValues"], json!({":id": {"S": IMAGE_ID}}));
    assert_eq!(asked["ScanIndexForward"], json!(false), "a tombstone is older than the record beside it");
}

#[tokio::test]
async fn a_missing_record_is_none_and_an_unreadable_one_is_an_error() {
    assert!(tables(&Replay::new([ok(r#"{"Items": []}"#)])).await.find(IMAGE_ID).await.unwrap().is_none());
    let odd = ok(json!({"Items": [{"ImageID": {"S": "i"}}]}).to_string());
    assert_eq!(tables(&Replay::new([odd])).await.find(IMAGE_ID).await.err().unwrap().name(), "Storage.Misconfigured");
}

#[tokio::test]
async fn a_record_is_claimed_where_there_is_none_or_where_re_running_can_mend_it() {
    let replay = Replay::new([ok("{}")]);
    assert_eq!(tables(&replay).await.claim(&claimed()).await.unwrap(), Written::Yes);
    let asked = replay.only().json();
    assert_well_formed(&asked);
    assert_eq!(asked["Key"], json!({"ImageID": {"S": IMAGE_ID}, "UploadTimestamp": {"N": UPLOADED.to_string()}}));
    let condition = asked["ConditionExpression"].as_str().unwrap();
    assert!(
        condition.starts_with("attribute_not_exists(ImageID) OR (ProcessingStatus = :failed AND NOT StatusReason IN (:code0"),
        "{condition}"
    );
    for (place, code) in ReasonCode::permanent().enumerate() {
        assert_eq!(asked["ExpressionAttributeValues"][format!(":code{place}")], json!({"S": code.as_ref()}));
    }
}

#[tokio::test]
async fn a_claim_counts_its_attempts_and_leaves_nothing_of_an_earlier_run() {
    let replay = Replay::new([ok("{}")]);
    tables(&replay).await.claim(&claimed()).await.unwrap();
    let asked = replay.only().json();
    assert!(asked["UpdateExpression"].as_str().unwrap().contains("Attempts = if_not_exists(Attempts, :zero) + :one"));
    let (set, removed) = changes(&asked);
    let left = [
        "StatusReason",
        "StatusDetail",
        "FinishedAt",
        "ExpiresAt",
        "ReviewedBy",
        "ReviewedAt",
        "ReviewReason",
        "ReviewRequestedAt",
        "ReviewDeadline",
        "ReviewToken",
    ];
    assert_eq!(removed, left.map(str::to_owned).into());
    assert!(
        ["ProcessingStatus", "ReviewStatus", "ExecutionArn", "WorkQueue", "ClaimedAt"].iter().all(|name| set.contains(*name)),
        "{set:?}"
    );
}

#[tokio::test]
async fn a_rejected_record_is_claimed_anew_where_it_is_the_rejection_that_was_meant() {
    let replay = Replay::new([ok("{}")]);
    assert_eq!(tables(&replay).await.claim_rejected(&claimed(), 7).await.unwrap(), Written::Yes);
    let asked = replay.only().json();
    assert_well_formed(&asked);
    assert_eq!(asked["ConditionExpression"], "ProcessingStatus = :failed AND FinishedAt = :rejected");
    assert_eq!(asked["ExpressionAttributeValues"][":rejected"], json!({"N": "7"}));
    assert!(asked["UpdateExpression"].as_str().unwrap().contains("Attempts = if_not_exists(Attempts, :zero) + :one"));
    let (_, removed) = changes(&asked);
    assert!(["StatusReason", "FinishedAt", "ExpiresAt"].iter().all(|name| removed.contains(*name)), "{removed:?}");
    assert_eq!(
        tables(&Replay::new([json_error(400, "ConditionalCheckFailedException")])).await.claim_rejected(&claimed(), 7).await.unwrap(),
        Written::Refused
    );
}

#[tokio::test]
async fn a_failure_is_written_into_the_executions_own_record_that_is_not_completed() {
    let replay = Replay::new([ok("{}")]);
    let failed = Record { processing_status: ProcessingStatus::Failed, status_reason: Some("Storage.Unavailable".into()), ..claimed() };
    assert_eq!(tables(&replay).await.fail(&failed).await.unwrap(), Written::Yes);
    let asked = replay.only().json();
    assert_well_formed(&asked);
    assert_eq!(
        asked["ConditionExpression"],
        json!(
            "attribute_not_exists(ImageID) OR (ExecutionArn = :execution AND ProcessingStatus <> :completed AND attribute_not_exists(ReviewDeadline))"
        )
    );
    assert_eq!(asked["ExpressionAttributeValues"][":execution"], json!({"S": EXECUTION}));
}

#[tokio::test]
async fn a_failure_is_written_only_where_no_review_was_asked_for_since_the_record_was_read() {
    let replay = Replay::new([ok("{}")]);
    let failed = Record { processing_status: ProcessingStatus::Failed, review_deadline: Some(7), ..claimed() };
    assert_eq!(tables(&replay).await.fail(&failed).await.unwrap(), Written::Yes);
    let asked = replay.only().json();
    assert_well_formed(&asked);
    assert!(asked["ConditionExpression"].as_str().unwrap().ends_with("AND ReviewDeadline = :deadline)"), "{asked}");
    assert_eq!(asked["ExpressionAttributeValues"][":deadline"], json!({"N": "7"}));
}

#[tokio::test]
async fn a_failure_leaves_the_decision_that_a_reviewer_made_meanwhile() {
    let replay = Replay::new([ok("{}")]);
    let read_before = Record { review_status: ReviewStatus::Pending, review_deadline: Some(9), reviewed_by: Some("x".into()), ..claimed() };
    tables(&replay).await.fail(&read_before).await.unwrap();
    let (set, removed) = changes(&replay.only().json());
    assert!(set.iter().all(|name| !name.starts_with("Review")), "{set:?}");
    assert_eq!(removed, ["ReviewToken".to_owned()].into());
}

#[tokio::test]
async fn a_refused_condition_is_no_error() {
    let refused = || Replay::new([json_error(400, "ConditionalCheckFailedException")]);
    assert_eq!(tables(&refused()).await.claim(&claimed()).await.unwrap(), Written::Refused);
    assert_eq!(tables(&refused()).await.fail(&claimed()).await.unwrap(), Written::Refused);
}

/// Injected: each of the errors that DynamoDB documents.
/// Seen: Storage.Unavailable for what passes, Storage.Misconfigured for what does not.
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

#[tokio::test]
async fn record_and_rows_are_written_in_one_conditional_transaction() {
    let replay = Replay::new([ok("{}")]);
    assert_eq!(complete(&replay).await.unwrap(), Written::Yes);
    let items = replay.only().json()["TransactItems"].clone();
    let update = &items[0]["Update"];
    assert_well_formed(update);
    assert_eq!(update["ConditionExpression"], json!("ExecutionArn = :execution AND ProcessingStatus <> :completed"));
    assert_eq!(update["ReturnValuesOnConditionCheckFailure"], json!("ALL_OLD"));
    let (_, removed) = changes(update);
    assert_eq!(removed, ["WorkQueue", "StatusReason", "StatusDetail", "ReviewToken"].map(str::to_owned).into());
    assert_eq!(items.as_array().unwrap().len(), 3, "two labels");
    assert_eq!(items[1]["Put"]["TableName"], json!("label-index"));
    assert_eq!(items[1]["Put"]["Item"]["OwnerLabelMonth"], json!({"S": "anna#car#2026-03"}));
    assert_eq!(items[1]["Put"]["Item"]["Withheld"], json!({"BOOL": false}));
}

fn canceled(reasons: &Value) -> Answer {
    let body = json!({"__type": "com.amazonaws.dynamodb.v20120810#TransactionCanceledException", "Message": "Transaction cancelled", "CancellationReasons": reasons});
    Answer::Http(400, vec![("content-type", "application/x-amz-json-1.0".into())], body.to_string().into())
}

fn refused(execution: &str, status: &str) -> Value {
    json!({"Code": "ConditionalCheckFailed", "Message": "m", "Item": {"ExecutionArn": {"S": execution}, "ProcessingStatus": {"S": status}}})
}

/// Injected: recorded cancellations, each with another reason, conflicts and lack of throughput among them.
/// Seen: our own write counts as done, another's record is left alone, conflicts and throttles are Storage.Unavailable.
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

/// Injected: TransactionInProgressException, InternalServerError and ThrottlingException to every try.
/// Seen: Storage.Unavailable, which the state machine retries.
#[tokio::test]
async fn row_23_an_unavailable_table_is_a_transient_error() {
    for (code, status) in [("TransactionInProgressException", 400), ("InternalServerError", 500), ("ThrottlingException", 400)] {
        assert_eq!(complete(&Replay::new([json_error(status, code)])).await.unwrap_err().name(), "Storage.Unavailable", "{code}");
    }
}

/// Injected: a recorded 500 to a transaction, then an answer.
/// Seen: two tries with one and the same client token.
#[tokio::test]
async fn row_22_a_retried_transaction_has_the_same_client_token() {
    let replay = Replay::new([json_error(500, "InternalServerError"), ok("{}")]);
    complete(&replay).await.unwrap();
    let tokens: HashSet<String> = replay.asked().iter().map(|asked| asked.json()["ClientRequestToken"].to_string()).collect();
    assert_eq!((replay.asked().len(), tokens.len()), (2, 1));
}

#[tokio::test]
async fn a_review_is_asked_for_unless_it_is_decided_or_the_record_belongs_to_another() {
    let token = secrecy::SecretString::from("token-1");
    let request = ReviewRequest {
        image_id: IMAGE_ID,
        upload_timestamp: UPLOADED,
        execution_arn: EXECUTION,
        task_token: &token,
        flags: &[],
        requested_at: 0,
        deadline: 99,
    };
    let replay = Replay::new([ok("{}")]);
    assert_eq!(tables(&replay).await.request_review(&request).await.unwrap(), Written::Yes);
    let asked = replay.only().json();
    assert_well_formed(&asked);
    let condition = "ExecutionArn = :execution AND ProcessingStatus <> :completed AND NOT ReviewStatus IN (:approved, :rejected) \
                     AND (attribute_not_exists(ReviewDeadline) OR ReviewDeadline <= :deadline)";
    assert_eq!(asked["ConditionExpression"], json!(condition));
    let refused = Replay::new([json_error(400, "ConditionalCheckFailedException")]);
    assert_eq!(tables(&refused).await.request_review(&request).await.unwrap(), Written::Refused);
}
