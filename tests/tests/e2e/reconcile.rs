//! `sightline reconcile` on the local stack. The local stack does not lose events, so the tests delete or reset a record, which is the
//! state after a lost event. The deployed function also runs every five minutes.

use crate::local_stack::{LocalStack, sightline};
use aws_sdk_dynamodb::types::AttributeValue::{N, S};
use serde_json::{Value, json};
use sightline_domain::{
    model::{
        clock::Clock,
        record::{ProcessingStatus, Record},
        review::{ReviewOutcome, ReviewStatus},
    },
    ports::{Decided, Interventions},
};
use sightline_kit::clock::SystemClock;
use std::time::Duration;

/// Longer than the age of the uploads of concurrent tests.
const GRACE: &str = "20s";
const AFTER_GRACE: Duration = Duration::from_secs(22);

/// Runs the command; returns its action for one image.
fn reconcile(local: &LocalStack, grace: &str, image_id: &str) -> Vec<Value> {
    let run = sightline(local, &["reconcile", "--grace", grace, "--output", "json"]);
    // Images of other tests can cause another exit code than 0.
    assert!(matches!(run.code, Some(0 | 3)), "{}", run.messages);
    let report = run.json();
    let actions = report["Actions"].as_array().expect("actions").iter();
    actions.filter(|action| action["ImageID"] == image_id).cloned().collect()
}

/// Resets a record to PENDING, as while its execution runs. Its claim is two minutes old: an execution that
/// Step Functions does not know counts as lost after one.
async fn set_back(local: &LocalStack, record: &Record, execution_arn: &str) {
    let update = local.update_record(record).update_expression(
        "SET ProcessingStatus = :pending, WorkQueue = :pending, ExecutionArn = :arn, ClaimedAt = :claimed REMOVE StatusReason, StatusDetail, FinishedAt",
    );
    let update = update.expression_attribute_values(":pending", S("PENDING".into()));
    let update = update.expression_attribute_values(":claimed", N((SystemClock.now() - 120_000).to_string()));
    update.expression_attribute_values(":arn", S(execution_arn.into())).send().await.expect("the record is set back");
}

/// Injected: the record of an upload is deleted, as if its event had been lost.
/// Seen: reconcile starts it; it is COMPLETED, and stored answers are not paid for again.
#[tokio::test]
async fn row_03_an_object_without_a_record_is_started_and_completed() {
    let local = LocalStack::default_stage().await;
    let photo = local.upload_sample("coffee.jpg").await;
    let first = local.completed(&photo.id).await;
    local.delete_record(&first).await;
    tokio::time::sleep(AFTER_GRACE).await;

    reconcile(&local, GRACE, &photo.id);

    let second = local.completed(&photo.id).await;
    assert_ne!(second.execution_arn, first.execution_arn);
    assert_eq!(second.upload_timestamp, first.upload_timestamp);
    assert_eq!(local.recognition.answered(&photo.id).await, [1, 1, 0, 0]);
}

/// Injected: the record of a failed execution is reset to PENDING, as if its status event had been lost.
/// Seen: reconcile marks it FAILED with the same cause, and starts nothing.
#[tokio::test]
async fn row_25_a_record_without_a_failure_event_is_marked_failed() {
    let local = LocalStack::default_stage().await;
    let id = uuid::Uuid::new_v4().to_string();
    local.recognition.plan_fault(&id, "DetectFaces", "access-denied", json!({})).await;
    local.upload_sample_as(&id, "hopper-rotated.jpg").await;
    let (record, reason) = local.failed(&id).await;
    local.ended(&record.execution_arn).await;
    set_back(&local, &record, &record.execution_arn).await;

    // Its execution gets ten seconds.
    tokio::time::sleep(Duration::from_secs(11)).await;
    reconcile(&local, GRACE, &id);

    let (again, same) = local.failed(&id).await;
    assert_eq!((same, again.status_detail, again.attempts), (reason, record.status_detail, 1));
}

/// Injected: the record has an execution that the engine does not know, as after a loss of its data.
/// Seen: reconcile starts a new execution, which claims the record and pays for nothing twice.
#[tokio::test]
async fn row_36_a_record_whose_execution_is_lost_is_restarted() {
    let local = LocalStack::default_stage().await;
    let photo = local.upload_sample("coffee.jpg").await;
    let record = local.completed(&photo.id).await;
    local.ended(&record.execution_arn).await;
    set_back(&local, &record, &format!("{}-forgotten", record.execution_arn)).await;

    reconcile(&local, GRACE, &photo.id);

    let again = local.record_when(&photo.id, "is done again", |record| record.processing_status == ProcessingStatus::Completed).await;
    assert_eq!(again.attempts, 2);
    assert_eq!(local.recognition.answered(&photo.id).await, [1, 1, 0, 0]);
}

/// Injected: a decision is saved in the record, and Step Functions is not notified.
/// Seen: reconcile delivers it; the image is COMPLETED as decided, and a second run delivers nothing.
#[tokio::test]
async fn row_29_an_undelivered_decision_is_delivered_and_applied_end_to_end() {
    let local = LocalStack::strict_stage().await;
    let photo = local.upload_sample("astronaut.jpg").await;
    let waiting = local.record_when(&photo.id, "waits for review", |record| record.review_status == ReviewStatus::Pending).await;
    let now = SystemClock.now();
    let outcome =
        ReviewOutcome { status: ReviewStatus::Approved, reviewed_by: Some("anna".into()), reviewed_at: Some(now), review_reason: None };
    let reviews = local.tables();
    let decided = reviews.decide(&waiting.image_id, waiting.upload_timestamp, &outcome, now).await.expect("a decision");
    assert!(matches!(decided, Decided::Yes { .. }));

    tokio::time::sleep(Duration::from_secs(2)).await;
    reconcile(&local, "1s", &photo.id);

    let record = local.completed(&photo.id).await;
    assert_eq!((record.review_status, record.reviewed_by.as_deref()), (ReviewStatus::Approved, Some("anna")));
    assert!(!record.is_withheld());
    assert_eq!(reconcile(&local, "1s", &photo.id), Vec::<Value>::new());
}
