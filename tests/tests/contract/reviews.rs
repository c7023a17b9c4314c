//! [`Records::request_review`], and the decision of a reviewer.

use crate::store::{TableStore, decide};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};
use sightline_domain::{
    model::{EpochMillis, ProcessingStatus, Record, ReviewOutcome, ReviewStatus, WorkQueue},
    ports::{Records, ReviewQueueState, ReviewRequest, SavedDecision, WorkQueues, Written},
};
use sightline_tests::samples::{EXECUTION, IMAGE_ID, NOW, OTHER_EXECUTION, UPLOADED, claimed};

cases! {
    with_tables:
    a_review_is_requested_by_the_owner_only,
    a_requested_review_removes_the_earlier_failure,
    the_latest_request_of_a_review_wins,
    a_decided_review_is_not_requested_again,
    a_decision_is_accepted_once_and_in_time,
    a_saved_decision_is_read_with_its_token,
    the_review_queue_counts_open_reviews,
}

/// Requests a review for [`EXECUTION`] or another execution.
async fn request(store: &impl TableStore, execution_arn: &str, token: &str, deadline: EpochMillis) -> Written {
    let request = ReviewRequest {
        image_id: IMAGE_ID,
        upload_timestamp: UPLOADED,
        execution_arn,
        task_token: &SecretString::from(token),
        flags: &[],
        requested_at: NOW,
        deadline,
    };
    store.tables().request_review(&request).await.unwrap()
}

fn approved() -> ReviewOutcome {
    let reviewed_by = Some("anna".to_owned());
    ReviewOutcome { status: ReviewStatus::Approved, reviewed_by, reviewed_at: Some(NOW), review_reason: Some("fine".to_owned()) }
}

async fn a_review_is_requested_by_the_owner_only(store: &impl TableStore) {
    assert_eq!(request(store, EXECUTION, "one", NOW + 9).await, Written::Refused, "without a record");
    store.put(&claimed()).await;
    assert_eq!(request(store, OTHER_EXECUTION, "two", NOW + 9).await, Written::Refused);
    assert_eq!(request(store, EXECUTION, "one", NOW + 9).await, Written::Yes);
    let mut expected = serde_json::to_value(claimed()).unwrap();
    let added = json!({
        "ReviewStatus": "PENDING", "WorkQueue": "REVIEW", "ReviewRequestedAt": NOW, "ReviewDeadline": NOW + 9, "ModerationFlags": [],
        "ReviewToken": "one",
    });
    expected.as_object_mut().unwrap().extend(added.as_object().unwrap().clone());
    assert_eq!(Value::Object(store.item(&claimed()).await), expected);
    store.put(&Record { processing_status: ProcessingStatus::Completed, ..claimed() }).await;
    assert_eq!(request(store, EXECUTION, "one", NOW + 9).await, Written::Refused, "COMPLETED");
}

async fn a_requested_review_removes_the_earlier_failure(store: &impl TableStore) {
    store.put(&Record { processing_status: ProcessingStatus::Failed, work_queue: Some(WorkQueue::Failed), ..claimed() }).await;
    let outcome = json!({"StatusReason": "States.Timeout", "StatusDetail": "late", "FinishedAt": NOW, "ExpiresAt": NOW / 1000});
    store.change(&claimed(), outcome.clone()).await;
    assert_eq!(request(store, EXECUTION, "one", NOW + 9).await, Written::Yes);
    let item = store.item(&claimed()).await;
    assert_eq!((&item["ProcessingStatus"], &item["WorkQueue"]), (&json!("PENDING"), &json!("REVIEW")));
    assert!(outcome.as_object().unwrap().keys().all(|name| !item.contains_key(name)), "{item:?}");
}

async fn the_latest_request_of_a_review_wins(store: &impl TableStore) {
    store.put(&claimed()).await;
    for (token, deadline, expected, valid) in [
        ("two", NOW + 20, Written::Yes, "two"),
        ("one", NOW + 10, Written::Refused, "two"),
        ("three", NOW + 20, Written::Yes, "three"),
        ("four", NOW + 30, Written::Yes, "four"),
    ] {
        assert_eq!(request(store, EXECUTION, token, deadline).await, expected, "{token}");
        assert_eq!(store.item(&claimed()).await["ReviewToken"], valid);
    }
}

async fn a_decided_review_is_not_requested_again(store: &impl TableStore) {
    for (status, expected) in [("APPROVED", Written::Refused), ("REJECTED", Written::Refused), ("EXPIRED", Written::Yes)] {
        store.put(&claimed()).await;
        store.change(&claimed(), json!({"ReviewStatus": status})).await;
        assert_eq!(request(store, EXECUTION, "one", NOW + 9).await, expected, "{status}");
    }
}

async fn a_decision_is_accepted_once_and_in_time(store: &impl TableStore) {
    assert_eq!(decide(store, &claimed(), &approved(), NOW).await, None, "without a record");
    store.put(&claimed()).await;
    assert_eq!(decide(store, &claimed(), &approved(), NOW).await, None, "no review was requested");
    request(store, EXECUTION, "one", NOW + 9).await;
    assert_eq!(decide(store, &claimed(), &approved(), NOW + 9).await, None, "at the deadline");
    assert_eq!(decide(store, &claimed(), &approved(), NOW + 8).await.as_deref(), Some("one"));
    let item = store.item(&claimed()).await;
    let decided = ["ReviewStatus", "ReviewedBy", "ReviewReason", "WorkQueue", "ReviewToken"].map(|name| item[name].as_str().unwrap());
    assert_eq!(decided, ["APPROVED", "anna", "fine", "PENDING", "one"]);
    let second = ReviewOutcome { status: ReviewStatus::Rejected, ..approved() };
    assert_eq!(decide(store, &claimed(), &second, NOW + 8).await, None, "a second decision");
}

async fn a_saved_decision_is_read_with_its_token(store: &impl TableStore) {
    store.put(&claimed()).await;
    let image = store.tables().queued(WorkQueue::Pending, None).await.unwrap().items.remove(0);
    assert!(store.tables().saved_decision(&image).await.unwrap().is_none(), "no review was requested");
    request(store, EXECUTION, "one", NOW + 9).await;
    assert!(store.tables().saved_decision(&image).await.unwrap().is_none(), "the review is open");
    decide(store, &claimed(), &approved(), NOW).await.unwrap();
    let SavedDecision { token, outcome } = store.tables().saved_decision(&image).await.unwrap().unwrap();
    assert_eq!((token.expose_secret(), outcome), ("one", approved()));
    store.change(&claimed(), json!({"ProcessingStatus": "COMPLETED"})).await;
    assert!(store.tables().saved_decision(&image).await.unwrap().is_none(), "COMPLETED");
    store.change(&claimed(), json!({"ProcessingStatus": "UNKNOWN"})).await;
    assert!(store.tables().saved_decision(&image).await.is_err(), "an unreadable item");
}

async fn the_review_queue_counts_open_reviews(store: &impl TableStore) {
    assert_eq!(store.tables().review_queue().await.unwrap(), ReviewQueueState::default());
    let open = Record { review_status: ReviewStatus::Pending, work_queue: Some(WorkQueue::Review), ..claimed() };
    for (number, record) in [
        Record { review_requested_at: Some(NOW + 2), ..open.clone() },
        // An earlier release did not store the time of the request: the record counts from its claim.
        Record { claimed_at: NOW + 1, ..open.clone() },
        Record { claimed_at: NOW - 5, review_requested_at: Some(NOW + 3), ..open.clone() },
        Record { review_status: ReviewStatus::Approved, claimed_at: NOW - 9, ..open.clone() },
        Record { work_queue: Some(WorkQueue::Pending), claimed_at: NOW - 9, ..open.clone() },
    ]
    .into_iter()
    .enumerate()
    {
        store.put(&Record { image_id: number.to_string(), ..record }).await;
    }
    assert_eq!(store.tables().review_queue().await.unwrap(), ReviewQueueState { length: 3, oldest_request: Some(NOW + 1) });
}
