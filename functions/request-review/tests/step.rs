//! request-review over fakes.

#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::unwrap_used, reason = "tests fail by panicking")]

use request_review::RequestReview;
use serde_json::{Value, json};
use sightline_domain::{
    model::{FixedClock, ProcessingStatus, Record, ReviewOutcome, ReviewStatus},
    ports::Executions,
};
use sightline_kit::{Step, StepFailure, settings};
use sightline_tests::{
    executions::MemoryExecutions,
    failing::{Failing, When},
    ready,
    samples::{IMAGE_ID, NOW, OTHER_EXECUTION, claimed, image, moderated},
    tables::{MemoryTables, REVIEW_TOKEN},
};

fn input(token: &str) -> Value {
    let flags = json!([{"Name": "Violence", "TaxonomyLevel": 1, "Confidence": 91.0, "Action": "REVIEW"}]);
    json!({"TaskToken": token, "Image": image(), "Moderation": moderated("REVIEW", &flags)})
}

fn run(records: &MemoryTables, executions: &(impl Executions + Clone), token: &str) -> Result<(), StepFailure> {
    let step = RequestReview::new(3_600, records.clone(), executions.clone(), FixedClock(NOW));
    ready(step.run(serde_json::from_value(input(token)).unwrap()))
}

fn with(record: &Record) -> MemoryTables {
    let records = MemoryTables::default();
    records.put(record);
    records
}

fn approval() -> ReviewOutcome {
    ReviewOutcome {
        status: ReviewStatus::Approved,
        reviewed_by: Some("anna".into()),
        reviewed_at: Some(NOW - 1),
        review_reason: Some("art".into()),
    }
}

#[test]
fn the_image_waits_in_the_queue_with_token_flags_and_deadline() {
    let (records, executions) = (with(&claimed()), MemoryExecutions::default());
    run(&records, &executions, "token-1").unwrap();
    let item = records.item(IMAGE_ID);
    assert_eq!(
        (&item["ReviewStatus"], &item["ProcessingStatus"], &item["WorkQueue"]),
        (&json!("PENDING"), &json!("PENDING"), &json!("REVIEW"))
    );
    assert_eq!((&item[REVIEW_TOKEN], &item["ReviewDeadline"]), (&json!("token-1"), &json!(NOW + 3_600_000 - 60_000)));
    assert_eq!(item["ReviewRequestedAt"], json!(NOW));
    assert_eq!(item["ModerationFlags"][0]["Name"], json!("Violence"));
    assert!(executions.notified().is_empty());
}

/// Injected: a redrive while the review waits.
/// Seen: the record waits again, with the new token.
#[test]
fn row_30_a_redrive_requests_the_review_again_with_the_new_token() {
    let records = with(&claimed());
    run(&records, &MemoryExecutions::default(), "token-1").unwrap();
    records.change(IMAGE_ID, json!({"ProcessingStatus": "FAILED", "StatusReason": "Lambda.Unknown", "WorkQueue": "FAILED"}));
    run(&records, &MemoryExecutions::default(), "token-2").unwrap();
    let item = records.item(IMAGE_ID);
    assert_eq!(
        (&item[REVIEW_TOKEN], &item["WorkQueue"], &item["ProcessingStatus"]),
        (&json!("token-2"), &json!("REVIEW"), &json!("PENDING"))
    );
    assert!(!item.contains_key("StatusReason"));
}

/// Injected: a decision saved with the token from before a redrive.
/// Seen: it is sent once, with the new token, and is not changed.
#[test]
fn row_30_a_decision_saved_before_a_redrive_is_sent_to_the_new_token() {
    let (records, executions) = (with(&claimed()), MemoryExecutions::default());
    run(&records, &executions, "token-1").unwrap();
    records.save_decision(IMAGE_ID, &approval());
    run(&records, &executions, "token-2").unwrap();
    assert_eq!(executions.notified(), [("token-2".to_owned(), approval())]);
    assert_eq!(records.item(IMAGE_ID)["ReviewStatus"], json!("APPROVED"), "the decision stands");
}

#[test]
fn a_failed_notification_is_retried() {
    let records = with(&claimed());
    records.save_decision(IMAGE_ID, &approval());
    let executions = MemoryExecutions::default();
    let failing = Failing::new(executions.clone()).fail("notify", When::Before, 1);
    assert_eq!(run(&records, &failing, "token-2").unwrap_err().name(), "Storage.Unavailable");
    run(&records, &failing, "token-2").unwrap();
    assert_eq!(executions.notified().len(), 1);
}

#[test]
fn an_execution_that_lost_the_record_is_superseded() {
    let cases = [
        ("owned by another", with(&Record { execution_arn: OTHER_EXECUTION.into(), ..claimed() })),
        (
            "decided for another",
            with(&Record { execution_arn: OTHER_EXECUTION.into(), review_status: ReviewStatus::Approved, ..claimed() }),
        ),
        ("completed", with(&Record { processing_status: ProcessingStatus::Completed, ..claimed() })),
        ("erased", MemoryTables::default()),
    ];
    for (case, records) in cases {
        let executions = MemoryExecutions::default();
        assert_eq!(run(&records, &executions, "token").unwrap_err().name(), "Record.Superseded", "{case}");
        assert!(executions.notified().is_empty(), "{case}");
    }
}

#[test]
fn debug_output_does_not_contain_the_token() {
    let input: request_review::Input = serde_json::from_value(input("very-secret")).unwrap();
    assert!(!format!("{input:?}").contains("very-secret"));
}

#[test]
fn the_default_deadline_is_a_week() {
    let read = settings::from(&|name| (name == "RECORDS_TABLE").then(|| "t".to_owned()), request_review::settings).unwrap();
    assert_eq!(read.timeout_seconds, 604_800);
}
