//! The decisions of reviewers.

use crate::replay::{Replay, json_error, ok, tables};
use serde_json::{Value, json};
use sightline_domain::{
    model::{
        record::ProcessingStatus,
        review::{ReviewOutcome, ReviewStatus},
    },
    ports::{Decided, Interventions, Written},
};
use sightline_tests::samples::{IMAGE_ID, NOW, UPLOADED};

fn approved() -> ReviewOutcome {
    ReviewOutcome { status: ReviewStatus::Approved, reviewed_by: Some("anna".into()), reviewed_at: Some(NOW), review_reason: None }
}

#[tokio::test]
async fn a_decision_is_written_only_where_an_execution_waits_for_it() {
    let replay = Replay::new([ok(json!({"Attributes": {"ReviewToken": {"S": "token"}}}).to_string())]);
    let decided = tables(&replay).await.decide(IMAGE_ID, UPLOADED, &approved(), NOW).await.unwrap();
    assert!(matches!(decided, Decided::Yes { token: Some(_) }));
    let sent = replay.only().json();
    let condition = sent["ConditionExpression"].as_str().unwrap();
    for part in [
        "ProcessingStatus = :pending",
        "WorkQueue = :review",
        "ReviewStatus = :pending",
        "attribute_exists(ReviewToken)",
        "ReviewDeadline > :now",
    ] {
        assert!(condition.contains(part), "{condition}");
    }
}

/// Injected: decisions on records that are COMPLETED, FAILED, being erased, or gone.
/// Seen: none is saved; each refusal has the state of the record.
#[tokio::test]
async fn row_30_a_decision_on_a_record_that_does_not_wait_is_refused_with_its_state() {
    let open = json!({"ReviewStatus": {"S": "PENDING"}, "ReviewDeadline": {"N": (NOW + 5).to_string()}});
    for (status, review, expected) in [
        ("COMPLETED", json!({"ReviewStatus": {"S": "NONE"}}), Some(ProcessingStatus::Completed)),
        ("FAILED", open, Some(ProcessingStatus::Failed)),
        ("PENDING", json!({}), Some(ProcessingStatus::Pending)),
        ("ERASED", json!({}), Some(ProcessingStatus::Erased)),
    ] {
        let mut item = review;
        item["ProcessingStatus"] = json!({"S": status});
        let decided = refused_with(&item).await;
        assert!(matches!(&decided, Decided::NotWaiting(standing) if standing.processing_status == expected), "{status}: {decided:?}");
    }
    assert!(matches!(refused_with(&Value::Null).await, Decided::NotWaiting(standing) if standing.processing_status.is_none()));
}

/// The response to a refused decision, if the record is then read as `item`.
async fn refused_with(item: &Value) -> Decided {
    let read = if item.is_null() { json!({}) } else { json!({"Item": item}) };
    let replay = Replay::new([json_error(400, "ConditionalCheckFailedException"), ok(read.to_string())]);
    tables(&replay).await.decide(IMAGE_ID, UPLOADED, &approved(), NOW).await.unwrap()
}

#[tokio::test]
async fn a_decision_is_taken_back_if_it_is_still_the_saved_one() {
    let replay = Replay::new([ok("{}")]);
    assert_eq!(tables(&replay).await.take_back(IMAGE_ID, UPLOADED, &approved()).await.unwrap(), Written::Yes);
    let sent = replay.only().json();
    assert_eq!(
        sent["ConditionExpression"],
        "ProcessingStatus = :processing AND ReviewStatus = :status AND ReviewedBy = :by AND ReviewedAt = :at"
    );
    let values = &sent["ExpressionAttributeValues"];
    assert_eq!((&values[":by"], &values[":at"]), (&json!({"S": "anna"}), &json!({"N": NOW.to_string()})));
    assert!(sent["UpdateExpression"].as_str().unwrap().ends_with("REMOVE ReviewedBy, ReviewedAt, ReviewReason"));

    let refused = || json_error(400, "ConditionalCheckFailedException");
    let failed_meanwhile = Replay::new([refused(), ok("{}")]);
    assert_eq!(tables(&failed_meanwhile).await.take_back(IMAGE_ID, UPLOADED, &approved()).await.unwrap(), Written::Yes);
    assert!(!failed_meanwhile.requests()[1].json()["UpdateExpression"].as_str().unwrap().contains("WorkQueue"), "it stays in its queue");
    let applied = Replay::new([refused(), refused()]);
    assert_eq!(tables(&applied).await.take_back(IMAGE_ID, UPLOADED, &approved()).await.unwrap(), Written::Refused);
}
