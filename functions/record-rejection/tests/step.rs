//! record-rejection over fakes.

#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::unwrap_used, reason = "tests fail by panicking")]

use record_rejection::{MAX_COPIED, RecordRejection};
use serde_json::{Value, json};
use sightline_domain::{
    model::{FixedClock, Outcome, ProcessingStatus, Record, Upload, WorkQueue},
    ports::{Objects, Uploads},
};
use sightline_kit::{Step, StepFailure};
use sightline_tests::{
    failing::{Failing, When},
    objects::MemoryObjects,
    ready,
    samples::{BUCKET, EXECUTION, IMAGE_ID, NOW, OTHER_EXECUTION, UPLOADED, claimed, event, key},
    tables::MemoryTables,
};

fn input(upload: &Upload, error: &str, message: &str) -> Value {
    let cause = json!({"errorType": error, "errorMessage": message}).to_string();
    json!({"Event": event(upload), "ExecutionArn": EXECUTION, "Image": null, "Error": error, "Cause": cause})
}

fn run(records: &MemoryTables, objects: &(impl Uploads + Objects + Clone), input: &Value) -> Result<Option<String>, StepFailure> {
    let step = RecordRejection::new(730, records.clone(), objects.clone(), FixedClock(NOW));
    ready(step.run(serde_json::from_value(input.clone()).unwrap()))
}

fn world() -> (MemoryTables, MemoryObjects, Upload) {
    let (records, objects) = (MemoryTables::default(), MemoryObjects::default());
    let upload = objects.upload(BUCKET, &key(), b"not an image", UPLOADED);
    records.put(&Record { etag: upload.etag.clone(), ..claimed() });
    (records, objects, upload)
}

#[test]
fn the_record_is_failed_with_reason_code_and_sentence() {
    let (records, objects, upload) = world();
    let rejected = run(&records, &objects, &input(&upload, "Image.Rejected", "TRUNCATED: the file is cut off")).unwrap();
    assert_eq!(rejected.as_deref(), Some(IMAGE_ID));
    let record = records.all().remove(0);
    assert_eq!((record.processing_status, record.work_queue), (ProcessingStatus::Failed, Some(WorkQueue::Failed)));
    assert_eq!((record.status_reason.as_deref(), record.status_detail.as_deref()), (Some("TRUNCATED"), Some("the file is cut off")));
    assert_eq!(record.finished_at, Some(NOW));
    assert_eq!(record.expires_at, Some(NOW / 1000 + 730 * 86_400), "it expires as a COMPLETED one does");
    assert!(record.is_rejected() && !record.is_rerunnable());
}

#[test]
fn a_record_created_by_the_rejection_names_the_file() {
    let (records, objects) = (MemoryTables::default(), MemoryObjects::default());
    let upload = objects.upload(BUCKET, &key(), b"not an image", UPLOADED);
    objects.set_name(&key(), "Gr%C3%BC%C3%9Fe.jpg");
    run(&records, &objects, &input(&upload, "Image.Rejected", "NOT_AN_IMAGE: text")).unwrap();
    assert_eq!(records.item(IMAGE_ID)["ImageName"], json!("Grüße.jpg"));
}

#[test]
fn the_original_is_kept_in_the_archive_and_tagged() {
    let (records, objects, upload) = world();
    run(&records, &objects, &input(&upload, "Image.Rejected", "NOT_AN_IMAGE: text")).unwrap();
    assert_eq!(objects.current(&format!("archived/{IMAGE_ID}/original")).unwrap().bytes, b"not an image");
    assert_eq!(objects.current(&key()).unwrap().tags["status"], "rejected");
}

#[test]
fn an_original_that_is_too_large_to_copy_is_recorded_and_tagged_and_not_copied() {
    for (size, copied) in [(MAX_COPIED, true), (MAX_COPIED + 1, false), (5 << 40, false)] {
        let (records, objects, upload) = world();
        records.change(IMAGE_ID, json!({"Size": size}));
        // A failing copy would fail every redrive too, so it is not attempted.
        let failing = Failing::new(objects.clone()).fail("copy", When::Before, usize::from(!copied));
        let rejected = run(&records, &failing, &input(&upload, "Image.Rejected", "TOO_LARGE: too many bytes")).unwrap();
        assert_eq!(rejected.as_deref(), Some(IMAGE_ID), "{size}");
        assert_eq!(objects.current(&format!("archived/{IMAGE_ID}/original")).is_some(), copied, "{size}");
        assert_eq!(objects.current(&key()).unwrap().tags["status"], "rejected", "{size}");
        assert!(records.all()[0].is_rejected(), "{size}");
    }
}

/// Injected: Recognition.Refused as the cause of a rejection.
/// Seen: REFUSED_BY_PROVIDER, with the analysis named.
#[test]
fn row_19_a_refusal_by_rekognition_names_the_analysis() {
    for (operation, analysis) in
        [("DetectLabels", "Labels"), ("DetectFaces", "Faces"), ("DetectText", "Text"), ("DetectModerationLabels", "Moderation")]
    {
        let (records, objects, upload) = world();
        let message = format!("{operation} refuses the image: service error: InvalidImageFormatException");
        run(&records, &objects, &input(&upload, "Recognition.Refused", &message)).unwrap();
        let item = records.item(IMAGE_ID);
        assert_eq!(item["StatusReason"], json!("REFUSED_BY_PROVIDER"));
        assert_eq!(item["Analyses"], json!({analysis: Outcome::Failed { reason: "Rekognition refuses the image".into() }}), "{operation}");
        assert!(item["StatusDetail"].as_str().unwrap().starts_with(operation));
    }
}

#[test]
fn a_repeated_step_writes_the_same_record() {
    let (records, objects, upload) = world();
    let input = input(&upload, "Image.Rejected", "TOO_SMALL: 79×400 px");
    assert_eq!(run(&records, &objects, &input).unwrap(), run(&records, &objects, &input).unwrap());
    assert_eq!(records.all().len(), 1);
}

#[test]
fn a_retry_continues_after_interrupted_archiving_or_tagging() {
    for (method, when) in [("copy", When::Before), ("copy", When::After), ("tag_status", When::Before), ("tag_status", When::After)] {
        let (records, objects, upload) = world();
        let failing = Failing::new(objects.clone()).fail(method, when, 1);
        let input = input(&upload, "Image.Rejected", "TRUNCATED: x");
        assert_eq!(run(&records, &failing, &input).unwrap_err().name(), "Storage.Unavailable", "{method} {when:?}");
        run(&records, &failing, &input).unwrap();
        assert_eq!(objects.current(&key()).unwrap().tags["status"], "rejected", "{method} {when:?}");
    }
}

#[test]
fn an_image_that_belongs_to_another_execution_is_left_alone() {
    let (records, objects, upload) = world();
    records.put(&Record { execution_arn: OTHER_EXECUTION.to_owned(), etag: upload.etag.clone(), ..claimed() });
    assert_eq!(run(&records, &objects, &input(&upload, "Image.Rejected", "TRUNCATED: x")).unwrap(), None);
    assert_eq!(records.all()[0].processing_status, ProcessingStatus::Pending);
    assert!(objects.current(&key()).unwrap().tags.is_empty());
}

#[test]
fn an_object_deleted_before_it_was_claimed_still_gets_a_record() {
    let (records, objects, upload) = world();
    records.remove(IMAGE_ID);
    objects.remove(&key());
    run(&records, &objects, &input(&upload, "Image.Rejected", "OBJECT_DELETED: gone")).unwrap();
    let record = records.all().remove(0);
    assert_eq!((record.image_id.as_str(), record.status_reason.as_deref()), (IMAGE_ID, Some("OBJECT_DELETED")));
    assert_eq!(record.upload_timestamp, 1_772_366_401_000, "the time of the event, since S3 knows nothing of the object");
}

#[test]
fn an_unknown_cause_is_an_invalid_input() {
    let (records, objects, upload) = world();
    for cause in ["NO_SUCH_CODE: x", "", "panicked"] {
        assert_eq!(run(&records, &objects, &input(&upload, "Image.Rejected", cause)).unwrap_err().name(), "Input.Invalid", "{cause}");
    }
    assert_eq!(records.all()[0].processing_status, ProcessingStatus::Pending);
}
