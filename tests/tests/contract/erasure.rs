//! [`Records`]: marking, stripping and closing the record of an erased image.

use crate::store::{TableStore, decide};
use serde_json::{Value, json};
use sightline_domain::{
    model::{ProcessingStatus, Record, ReviewOutcome, ReviewStatus, Tombstone, WorkQueue},
    ports::{Interventions, Records, ReviewRequest, Written},
};
use sightline_tests::samples::{EXECUTION, IMAGE_ID, NOW, OTHER_EXECUTION, UPLOADED, claimed};

cases! {
    with_tables:
    a_record_is_marked_erased_by_its_owner_only,
    row_33_an_erased_record_refuses_every_other_writer,
    a_marked_record_is_replaced_by_its_tombstone,
    a_tombstone_is_closed_as_it_was_read,
    an_image_without_a_record_is_marked_erased_once,
}

async fn marked(store: &impl TableStore) -> Record {
    store.put(&claimed()).await;
    assert_eq!(store.tables().mark_erased(&claimed(), NOW).await.unwrap(), Written::Yes);
    store.tables().find(IMAGE_ID).await.unwrap().unwrap()
}

async fn a_record_is_marked_erased_by_its_owner_only(store: &impl TableStore) {
    assert_eq!(store.tables().mark_erased(&claimed(), NOW).await.unwrap(), Written::Refused, "without a record");
    store.put(&claimed()).await;
    let acted_on = json!({
        "ExpiresAt": 5, "ReviewStatus": "APPROVED", "ReviewedBy": "anna", "ReviewedAt": 5, "ReviewReason": "fine", "ReviewRequestedAt": 5,
        "ReviewDeadline": 5, "ReviewToken": "secret",
    });
    store.change(&claimed(), acted_on).await;
    let other = Record { execution_arn: OTHER_EXECUTION.to_owned(), ..claimed() };
    assert_eq!(store.tables().mark_erased(&other, NOW).await.unwrap(), Written::Refused);
    assert_eq!(store.tables().mark_erased(&claimed(), NOW).await.unwrap(), Written::Yes);
    let mut expected = serde_json::to_value(claimed()).unwrap();
    let marks = json!({"ProcessingStatus": "ERASED", "WorkQueue": "ERASED", "ErasedAt": NOW, "ExecutionToStop": claimed().execution_arn});
    let attributes = expected.as_object_mut().unwrap();
    attributes.extend(marks.as_object().unwrap().clone());
    attributes.remove("ExecutionArn");
    attributes.remove("ReviewStatus");
    assert_eq!(Value::Object(store.item(&claimed()).await), expected, "the findings stay");
    assert_eq!(store.tables().mark_erased(&claimed(), NOW + 1).await.unwrap(), Written::Refused, "again");
}

/// Injected: every other writer writes to a record that is being erased, is a tombstone, or is a closed tombstone.
/// Seen: every write is refused, and the item is unchanged.
async fn row_33_an_erased_record_refuses_every_other_writer(store: &impl TableStore) {
    let marked = marked(store).await;
    let failed = Record { processing_status: ProcessingStatus::Failed, status_reason: Some("x".to_owned()), ..claimed() };
    let completed = Record { processing_status: ProcessingStatus::Completed, ..claimed() };
    let other = |record: &Record| Record { execution_arn: OTHER_EXECUTION.to_owned(), ..record.clone() };
    let request = ReviewRequest {
        image_id: IMAGE_ID,
        upload_timestamp: UPLOADED,
        execution_arn: EXECUTION,
        task_token: &"token".into(),
        flags: &[],
        requested_at: 0,
        deadline: NOW * 2,
    };
    let reviewed_by = Some("anna".to_owned());
    let approved = ReviewOutcome { status: ReviewStatus::Approved, reviewed_by, reviewed_at: None, review_reason: None };
    for stage in ["marked", "tombstone", "closed"] {
        let (records, before) = (store.tables(), store.item(&marked).await);
        let writes = [
            ("claim", records.claim(&claimed()).await),
            ("another's claim", records.claim(&other(&claimed())).await),
            ("claim_rejected", records.claim_rejected(&claimed(), NOW).await),
            ("fail", records.fail(&failed).await),
            ("another's fail", records.fail(&other(&failed)).await),
            ("request_review", records.request_review(&request).await),
            ("complete", records.complete(&completed, &[]).await),
            ("mark_erased", records.mark_erased(&claimed(), NOW + 9).await),
            ("mark_unrecorded_erased", records.mark_unrecorded_erased(&marked).await),
            ("resume", records.resume(&failed).await),
        ];
        for (write, written) in writes {
            assert_eq!(written.unwrap(), Written::Refused, "{stage}: {write}");
        }
        assert_eq!(decide(store, &marked, &approved, NOW).await, None, "{stage}");
        assert_eq!(store.item(&marked).await, before, "{stage}");
        let record = records.find(IMAGE_ID).await.unwrap().unwrap();
        let next = if stage == "marked" { records.strip(&record, NOW + 5).await } else { records.close_tombstone(&record).await };
        assert_eq!(next.unwrap(), Written::Yes, "{stage}");
    }
}

async fn a_marked_record_is_replaced_by_its_tombstone(store: &impl TableStore) {
    store.put(&claimed()).await;
    assert_eq!(store.tables().strip(&claimed(), NOW + 5).await.unwrap(), Written::Refused, "not ERASED");
    let marked = marked(store).await;
    let outdated = Record { erased_at: Some(NOW - 1), ..marked.clone() };
    assert_eq!(store.tables().strip(&outdated, NOW + 5).await.unwrap(), Written::Refused, "marked at another moment");
    assert_eq!(store.tables().strip(&marked, NOW + 5).await.unwrap(), Written::Yes);
    let tombstone = Tombstone { erased_at: Some(NOW + 5), work_queue: Some(WorkQueue::Erased), ..Tombstone::of(&marked) };
    assert_eq!(Value::Object(store.item(&marked).await), serde_json::to_value(tombstone).unwrap());
    assert_eq!(store.tables().strip(&marked, NOW + 6).await.unwrap(), Written::Refused, "stripped already");
}

async fn a_tombstone_is_closed_as_it_was_read(store: &impl TableStore) {
    let marked = marked(store).await;
    store.tables().strip(&marked, NOW + 5).await.unwrap();
    assert_eq!(store.tables().close_tombstone(&marked).await.unwrap(), Written::Refused, "it has changed since");
    let tombstone = store.tables().find(IMAGE_ID).await.unwrap().unwrap();
    assert!(tombstone.is_tombstone() && !tombstone.is_closed());
    assert_eq!(store.tables().close_tombstone(&tombstone).await.unwrap(), Written::Yes);
    let closed = store.tables().find(IMAGE_ID).await.unwrap().unwrap();
    assert!(closed.is_closed() && closed.version_id.is_none());
}

async fn an_image_without_a_record_is_marked_erased_once(store: &impl TableStore) {
    let marked = Record {
        processing_status: ProcessingStatus::Erased,
        work_queue: Some(WorkQueue::Erased),
        erased_at: Some(NOW),
        execution_arn: String::new(),
        ..claimed()
    };
    assert_eq!(store.tables().mark_unrecorded_erased(&marked).await.unwrap(), Written::Yes);
    assert_eq!(Value::Object(store.item(&marked).await), serde_json::to_value(&marked).unwrap());
    assert_eq!(store.tables().mark_unrecorded_erased(&marked).await.unwrap(), Written::Refused, "the item exists");
    let later = Record { upload_timestamp: marked.upload_timestamp + 1, ..marked };
    assert_eq!(store.tables().mark_unrecorded_erased(&later).await.unwrap(), Written::Yes, "another item of the image");
}
