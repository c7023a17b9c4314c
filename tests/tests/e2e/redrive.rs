//! `sightline executions redrive` on the local stack. Its engine has no redrive, so the command starts a new execution; the redrive
//! call is tested with recorded responses in crates/aws/tests.

use crate::local_stack::{LocalStack, sample, sightline};
use aws_sdk_dynamodb::types::AttributeValue;
use serde_json::{Value, json};

use sightline_domain::{
    model::{ObjectRef, Question, Record},
    ports::Objects,
};

/// Injected: access denied to one analysis; after the fault is removed, `sightline executions redrive IMAGE_ID --wait`.
/// Seen: COMPLETED at the second attempt, each analysis paid for once.
#[tokio::test]
async fn row_17_row_20_a_failed_image_is_run_again_and_pays_for_nothing_twice() {
    let local = LocalStack::default_stage().await;
    let id = uuid::Uuid::new_v4().to_string();
    let fault = local.recognition.plan_fault(&id, "DetectFaces", "access-denied", json!({})).await;
    local.upload_sample_as(&id, "hopper-rotated.jpg").await;
    local.failed(&id).await;
    local.recognition.remove_fault(fault).await;

    let foreseen = sightline(&local, &["executions", "redrive", &id, "--dry-run", "--output", "json"]).json();
    let done = sightline(&local, &["executions", "redrive", &id, "--wait", "--output", "json"]).succeeded().json();

    assert_eq!(foreseen[0]["Action"], "WOULD_REDRIVE");
    assert_eq!((&done[0]["Action"], &done[0]["ProcessingStatus"]), (&json!("RESTARTED"), &json!("COMPLETED")));
    assert_eq!(done[0]["Reason"], "this engine has no redrive");
    assert_eq!(local.completed(&id).await.attempts, 2);
    assert_eq!(local.recognition.answered(&id).await, [1, 1, 1, 1]);
}

/// Injected: `sightline executions redrive --or-restart` of an image that is COMPLETED.
/// Seen: exit code 1, the execution is skipped, and the reason names SUCCEEDED.
#[tokio::test]
async fn row_31_a_succeeded_execution_is_not_run_again_and_the_reason_is_reported() {
    let local = LocalStack::default_stage().await;
    let photo = local.upload_sample("coffee.jpg").await;
    let record = local.completed(&photo.id).await;
    local.ended(&record.execution_arn).await;

    let refused = sightline(&local, &["executions", "redrive", &photo.id, "--or-restart", "--output", "json"]);

    assert_eq!(refused.code, Some(1));
    let refused = refused.json();
    assert_eq!(refused[0]["Action"], "SKIPPED");
    assert!(refused[0]["Reason"].as_str().is_some_and(|reason| reason.contains("SUCCEEDED")), "{refused}");
}

/// Runs `executions redrive --rejected` for one image; returns its exit code and output.
fn reinspection_event(local: &LocalStack, id: &str) -> (Option<i32>, Value) {
    let run = sightline(local, &["executions", "redrive", "--rejected", id, "--wait", "--output", "json"]);
    (run.code, run.json())
}

#[tokio::test]
async fn a_rejected_image_that_is_inspected_again_can_be_rejected_again() {
    let local = LocalStack::default_stage().await;
    let jpeg = sample("coffee.jpg");
    let photo = local.upload(&jpeg[..jpeg.len() / 2], "jpg").await;
    assert_eq!(local.failed(&photo.id).await.1, "TRUNCATED");

    let (code, printed) = reinspection_event(&local, &photo.id);

    assert_eq!((code, &printed[0]["Action"], &printed[0]["ProcessingStatus"]), (Some(1), &json!("RESTARTED"), &json!("FAILED")));
    assert!(printed[0]["Reason"].as_str().is_some_and(|reason| reason.starts_with("rejected again: TRUNCATED")), "{printed}");
    let (record, reason) = local.failed(&photo.id).await;
    assert_eq!((record.attempts, reason.as_str()), (2, "TRUNCATED"));
    assert!(record.expires_at.is_some(), "a rejected record expires like all others");
    assert!(local.has(&format!("archived/{}/original", photo.id)).await);
    // The event of the upload arrives again: it does not request a new inspection.
    let (_, states) = local.ended(&local.start(&local.event(&photo, None)).await).await;
    assert_eq!(states.last().map(String::as_str), Some("AlreadyAnalyzed"));
    let filtered = sightline(&local, &["executions", "redrive", "--rejected", &photo.id, "--reason", "too_small", "--dry-run"]);
    assert!(filtered.messages.contains("no rejected image matches"));
}

/// Turns an image into one that an earlier release rejected.
async fn rejected_earlier(local: &LocalStack) -> Record {
    let photo = local.upload_sample("coffee.jpg").await;
    let record = local.completed(&photo.id).await;
    local.ended(&record.execution_arn).await;
    let text = |text: &str| AttributeValue::S(text.to_owned());
    let update = local
        .update_record(&record)
        .update_expression("SET ProcessingStatus = :failed, StatusReason = :reason, WorkQueue = :failed")
        .expression_attribute_values(":failed", text("FAILED"))
        .expression_attribute_values(":reason", text("TRUNCATED"));
    update.send().await.expect("the record can be changed");
    let archive = local.s3();
    let original = ObjectRef::current(&local.stack.images_bucket, &photo.key);
    archive.copy(original.clone(), &format!("archived/{}/original", photo.id)).await.expect("a copy");
    archive.tag_status(original, "rejected").await.expect("a tag");
    record
}

#[tokio::test]
async fn a_rejected_image_that_is_accepted_later_is_completed_tagged_and_recounted() {
    let local = LocalStack::default_stage().await;
    let before = rejected_earlier(&local).await;
    let (id, key) = (before.image_id.as_str(), before.upload().expect("its upload").key);

    let (code, printed) = reinspection_event(&local, id);

    assert_eq!((code, &printed[0]["ProcessingStatus"]), (Some(0), &json!("COMPLETED")), "{printed}");
    let record = local.completed(id).await;
    assert_eq!((record.attempts, record.status_reason.as_deref(), record.work_queue), (2, None, None));
    assert_ne!(record.execution_arn, before.execution_arn);
    local.ended(&record.execution_arn).await;
    assert_eq!(local.status_tag(&key).await.as_deref(), Some("analyzed"));
    assert!(!local.has(&format!("archived/{id}/original")).await);
    assert_eq!(reinspection_event(&local, id).1[0]["Action"], "SKIPPED");
}

#[tokio::test]
async fn a_rejected_image_without_its_upload_is_inspected_in_the_archive() {
    let local = LocalStack::default_stage().await;
    let before = rejected_earlier(&local).await;
    let (id, key) = (before.image_id.as_str(), before.upload().expect("its upload").key);
    let objects = local.s3();
    let bucket = &local.stack.images_bucket;
    let versions = objects.list_versions(bucket, &key).await.expect("versions");
    objects.delete_versions(bucket, &versions).await.expect("they can be deleted");

    let (code, printed) = reinspection_event(&local, id);

    assert_eq!((code, &printed[0]["ProcessingStatus"]), (Some(0), &json!("COMPLETED")), "{printed}");
    assert!(local.has(&format!("archived/{id}/original")).await, "it is the only original");
}

/// The stored answer was requested with a higher confidence than the policy needs.
#[tokio::test]
async fn a_too_narrow_moderation_answer_is_requested_again() {
    let local = LocalStack::default_stage().await;
    let before = rejected_earlier(&local).await;
    let key = format!("results/{}/moderation.json", before.image_id);
    let (objects, bucket) = (local.s3(), &local.stack.images_bucket);
    let stored = objects.read_answer(bucket, &key).await.expect("S3 answers").expect("the answer");
    assert!(stored.question.is_some_and(|question| question.contains("MinConfidence")));
    objects.write_answer(bucket, &key, stored.json, &Question::moderation(99.0)).await.expect("it can be replaced");

    assert_eq!(reinspection_event(&local, &before.image_id).0, Some(0));

    let [labels, moderation, ..] = local.recognition.answered(&before.image_id).await;
    assert_eq!((labels, moderation), (1, 2), "labels are read from the store");
}
