//! [`Records`]: finding, claiming, failing, resuming and completing.

use crate::store::TableStore;
use serde_json::{Value, json};
use sightline_domain::{
    model::{ProcessingStatus, ReasonCode, Record, StorageError, WorkQueue},
    ports::{Interventions, LabelIndex, Records, Written},
    rules::label_index::{LabelRow, RowKey},
};
use sightline_tests::samples::{EXECUTION, IMAGE_ID, NOW, OTHER_EXECUTION, UPLOADED, claimed};

cases! {
    with_tables:
    an_image_without_a_record_is_not_found,
    the_newest_item_of_an_image_is_found,
    an_unreadable_item_is_an_error,
    a_free_image_is_claimed_once,
    a_record_that_rerunning_can_repair_is_claimed,
    a_claim_removes_the_earlier_outcome_inspection_and_review,
    a_rejected_image_is_claimed_at_exactly_the_moment_of_its_rejection,
    a_claim_has_what_its_own_inspection_found,
    a_failure_is_recorded_by_the_owner_only,
    a_failure_does_not_overwrite_a_review_requested_since,
    a_failure_keeps_the_decision_of_a_reviewer,
    a_record_is_completed_with_its_rows_by_its_owner,
    a_refused_completion_writes_nothing,
    a_failed_record_is_resumed_by_its_execution,
}

fn other(record: &Record) -> Record {
    Record { execution_arn: OTHER_EXECUTION.to_owned(), ..record.clone() }
}

fn failed(reason: &str) -> Record {
    Record {
        processing_status: ProcessingStatus::Failed,
        status_reason: Some(reason.to_owned()),
        status_detail: Some("detail".to_owned()),
        work_queue: Some(WorkQueue::Failed),
        finished_at: Some(NOW),
        expires_at: Some(NOW / 1000 + 1),
        ..claimed()
    }
}

fn completed() -> Record {
    Record { processing_status: ProcessingStatus::Completed, work_queue: None, finished_at: Some(NOW), ..claimed() }
}

fn row(term: &str) -> LabelRow {
    let row = json!({
        "OwnerLabelMonth": format!("anna#{term}#2026-03"), "TimeImageID": format!("{UPLOADED}#{IMAGE_ID}"), "ImageID": IMAGE_ID,
        "UploadTimestamp": UPLOADED, "Term": term, "TermKind": "LABEL", "Label": term, "Found": term, "Confidence": 98.5, "S3_URL": "s3://b/k",
    });
    serde_json::from_value(row).unwrap()
}

fn key(row: &LabelRow) -> RowKey {
    RowKey { owner_label_month: row.owner_label_month.clone(), time_image_id: row.time_image_id.clone() }
}

/// The record as JSON, since records have no `Debug`.
fn json(record: Option<Record>) -> Value {
    serde_json::to_value(record).unwrap()
}

async fn an_image_without_a_record_is_not_found(store: &impl TableStore) {
    assert!(store.tables().find(IMAGE_ID).await.unwrap().is_none());
    assert!(store.tables().items(IMAGE_ID).await.unwrap().is_empty());
}

async fn the_newest_item_of_an_image_is_found(store: &impl TableStore) {
    for upload_timestamp in [UPLOADED, UPLOADED + 2, UPLOADED + 1] {
        store.put(&Record { upload_timestamp, ..claimed() }).await;
    }
    assert_eq!(store.tables().find(IMAGE_ID).await.unwrap().unwrap().upload_timestamp, UPLOADED + 2);
    let items = store.tables().items(IMAGE_ID).await.unwrap();
    let order: Vec<_> = items.iter().map(|record| record.upload_timestamp - UPLOADED).collect();
    assert_eq!(order, [2, 1, 0]);
}

async fn an_unreadable_item_is_an_error(store: &impl TableStore) {
    store.put(&claimed()).await;
    store.change(&claimed(), json!({"ProcessingStatus": "UNKNOWN"})).await;
    assert!(matches!(store.tables().find(IMAGE_ID).await, Err(StorageError::Misconfigured { .. })));
    assert!(matches!(store.tables().items(IMAGE_ID).await, Err(StorageError::Misconfigured { .. })));
}

async fn a_free_image_is_claimed_once(store: &impl TableStore) {
    let records = store.tables();
    assert_eq!(records.claim(&claimed()).await.unwrap(), Written::Yes);
    assert_eq!(json(records.find(IMAGE_ID).await.unwrap()), json(Some(claimed())));
    assert_eq!(records.claim(&other(&claimed())).await.unwrap(), Written::Refused);
    assert_eq!(records.claim(&claimed()).await.unwrap(), Written::Refused, "its own execution finds the record instead");
    assert_eq!(records.find(IMAGE_ID).await.unwrap().unwrap().execution_arn, EXECUTION);
}

async fn a_record_that_rerunning_can_repair_is_claimed(store: &impl TableStore) {
    let others = [
        (failed("Storage.Unavailable"), Written::Yes),
        (Record { status_reason: None, ..failed("") }, Written::Yes),
        (completed(), Written::Refused),
        (Record { processing_status: ProcessingStatus::Erased, ..claimed() }, Written::Refused),
    ];
    let rejected = ReasonCode::permanent().map(|code| (failed(code.as_ref()), Written::Refused));
    for (existing, expected) in rejected.chain(others) {
        store.put(&existing).await;
        let label = (existing.processing_status, existing.status_reason);
        assert_eq!(store.tables().claim(&other(&claimed())).await.unwrap(), expected, "{label:?}");
    }
}

async fn a_claim_removes_the_earlier_outcome_inspection_and_review(store: &impl TableStore) {
    store.put(&failed("Storage.Unavailable")).await;
    let left = json!({
        "ReviewStatus": "APPROVED", "ReviewedBy": "anna", "ReviewedAt": NOW, "ReviewReason": "fine", "ReviewRequestedAt": NOW,
        "ReviewDeadline": NOW, "ReviewToken": "secret", "ModerationVerdict": "REVIEW", "Width": 1600, "Height": 1200, "Thumbhash": "hash",
        "ProcessedKey": "copy", "ThumbnailKey": "thumbnail", "LargeThumbnailKey": "large thumbnail",
    });
    store.change(&claimed(), left).await;
    assert_eq!(store.tables().claim(&other(&claimed())).await.unwrap(), Written::Yes);
    let mut expected = serde_json::to_value(other(&claimed())).unwrap();
    expected["Attempts"] = json!(2);
    expected["ModerationVerdict"] = json!("REVIEW");
    assert_eq!(Value::Object(store.item(&claimed()).await), expected, "attributes that a claim does not name stay");
}

async fn a_rejected_image_is_claimed_at_exactly_the_moment_of_its_rejection(store: &impl TableStore) {
    let claim = other(&claimed());
    assert_eq!(store.tables().claim_rejected(&claim, NOW).await.unwrap(), Written::Refused, "without a record");
    store.put(&completed()).await;
    assert_eq!(store.tables().claim_rejected(&claim, NOW).await.unwrap(), Written::Refused, "COMPLETED");
    store.put(&failed("TRUNCATED")).await;
    assert_eq!(store.tables().claim_rejected(&claim, NOW - 1).await.unwrap(), Written::Refused, "at another moment");
    assert_eq!(store.tables().claim_rejected(&claim, NOW).await.unwrap(), Written::Yes);
    let record = store.tables().find(IMAGE_ID).await.unwrap().unwrap();
    assert_eq!((record.attempts, record.status_reason, record.finished_at), (2, None, None));
    assert_eq!(store.tables().claim_rejected(&claim, NOW).await.unwrap(), Written::Refused, "a second time");
}

async fn a_claim_has_what_its_own_inspection_found(store: &impl TableStore) {
    let inspected = Record {
        width: Some(1600),
        height: Some(1200),
        thumbhash: Some("hash".to_owned()),
        processed_key: Some("copy".to_owned()),
        thumbnail_key: Some("thumbnail".to_owned()),
        ..claimed()
    };
    assert_eq!(store.tables().claim(&inspected).await.unwrap(), Written::Yes);
    assert_eq!(Value::Object(store.item(&inspected).await), serde_json::to_value(&inspected).unwrap());
    store.put(&failed("Storage.Unavailable")).await;
    store.change(&claimed(), json!({"Width": 1, "Thumbhash": "old", "LargeThumbnailKey": "old"})).await;
    assert_eq!(store.tables().claim(&inspected).await.unwrap(), Written::Yes, "over an earlier one");
    let record = store.tables().find(IMAGE_ID).await.unwrap().unwrap();
    assert_eq!((record.width, record.thumbhash.as_deref(), record.large_thumbnail_key), (Some(1600), Some("hash"), None));
}

async fn a_failure_is_recorded_by_the_owner_only(store: &impl TableStore) {
    let failure = failed("Storage.Unavailable");
    assert_eq!(store.tables().fail(&failure).await.unwrap(), Written::Yes, "without a record");
    assert_eq!(store.tables().fail(&failure).await.unwrap(), Written::Yes, "again");
    for (existing, expected) in [
        (claimed(), Written::Yes),
        (other(&claimed()), Written::Refused),
        (completed(), Written::Refused),
        (Record { processing_status: ProcessingStatus::Erased, execution_arn: String::new(), ..claimed() }, Written::Refused),
    ] {
        store.put(&existing).await;
        store.change(&existing, json!({"ReviewToken": "secret"})).await;
        assert_eq!(store.tables().fail(&failure).await.unwrap(), expected, "{:?}", existing.processing_status);
        let item = store.item(&existing).await;
        let failed = item["ProcessingStatus"] == "FAILED" && item["StatusReason"] == "Storage.Unavailable";
        assert_eq!((failed, item.contains_key("ReviewToken")), (expected == Written::Yes, expected == Written::Refused));
    }
}

async fn a_failure_does_not_overwrite_a_review_requested_since(store: &impl TableStore) {
    let (before, after) = (failed("States.Timeout"), Record { review_deadline: Some(NOW + 1), ..failed("States.Timeout") });
    store.put(&Record { review_deadline: Some(NOW + 1), ..claimed() }).await;
    assert_eq!(store.tables().fail(&before).await.unwrap(), Written::Refused);
    assert_eq!(store.tables().fail(&Record { review_deadline: Some(NOW), ..after.clone() }).await.unwrap(), Written::Refused);
    assert_eq!(store.tables().fail(&after).await.unwrap(), Written::Yes);
}

async fn a_failure_keeps_the_decision_of_a_reviewer(store: &impl TableStore) {
    store.put(&claimed()).await;
    store.change(&claimed(), json!({"ReviewStatus": "APPROVED", "ReviewedBy": "anna"})).await;
    assert_eq!(store.tables().fail(&failed("Storage.Unavailable")).await.unwrap(), Written::Yes);
    let item = store.item(&claimed()).await;
    assert_eq!((&item["ReviewStatus"], &item["ReviewedBy"]), (&json!("APPROVED"), &json!("anna")));
}

async fn a_record_is_completed_with_its_rows_by_its_owner(store: &impl TableStore) {
    let rows = [row("car"), row("road")];
    store.put(&failed("Storage.Unavailable")).await;
    store.change(&claimed(), json!({"ReviewToken": "secret"})).await;
    assert_eq!(store.tables().complete(&completed(), &rows).await.unwrap(), Written::Yes);
    let item = store.item(&claimed()).await;
    assert_eq!(item["ProcessingStatus"], "COMPLETED");
    for removed in ["WorkQueue", "StatusReason", "StatusDetail", "ReviewToken"] {
        assert!(!item.contains_key(removed), "{removed}");
    }
    let keys = rows.each_ref().map(key);
    assert_eq!(store.tables().existing_rows(&keys).await.unwrap().len(), 2);
    assert_eq!(store.tables().complete(&completed(), &rows).await.unwrap(), Written::Yes, "a repeated call");
    assert_eq!(store.tables().complete(&other(&completed()), &rows).await.unwrap(), Written::Refused, "another execution");
}

async fn a_refused_completion_writes_nothing(store: &impl TableStore) {
    let row = row("car");
    assert_eq!(store.tables().complete(&completed(), std::slice::from_ref(&row)).await.unwrap(), Written::Refused, "without a record");
    for existing in [other(&claimed()), Record { processing_status: ProcessingStatus::Erased, execution_arn: String::new(), ..claimed() }] {
        store.put(&existing).await;
        let before = store.item(&existing).await;
        assert_eq!(store.tables().complete(&completed(), std::slice::from_ref(&row)).await.unwrap(), Written::Refused);
        assert_eq!(store.item(&existing).await, before);
    }
    assert_eq!(store.tables().existing_rows(&[key(&row)]).await.unwrap(), []);
}

async fn a_failed_record_is_resumed_by_its_execution(store: &impl TableStore) {
    let failure = failed("Storage.Unavailable");
    assert_eq!(store.tables().resume(&failure).await.unwrap(), Written::Refused, "without a record");
    for (existing, expected) in [(completed(), Written::Refused), (other(&failure), Written::Refused), (failure.clone(), Written::Yes)] {
        store.put(&existing).await;
        assert_eq!(store.tables().resume(&failure).await.unwrap(), expected);
    }
    let expected = Record { attempts: 2, ..claimed() };
    assert_eq!(json(store.tables().find(IMAGE_ID).await.unwrap()), json(Some(expected)));
}
