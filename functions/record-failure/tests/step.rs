//! record-failure over fakes.

#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::unwrap_used, reason = "tests fail by panicking")]

use record_failure::RecordFailure;
use serde_json::{Value, json};
use sightline_domain::{
    model::{FixedClock, ProcessingStatus, Record, Upload},
    ports::FailureCause,
};
use sightline_kit::{Step, StepFailure};
use sightline_tests::{
    executions::MemoryExecutions,
    objects::MemoryObjects,
    ready,
    samples::{BUCKET, EXECUTION, IMAGE_ID, NOW, OTHER_EXECUTION, UPLOADED, claimed, event, key},
    tables::MemoryTables,
};

struct World {
    records: MemoryTables,
    objects: MemoryObjects,
    upload: Upload,
}

fn world() -> World {
    let (records, objects) = (MemoryTables::default(), MemoryObjects::default());
    let upload = objects.upload(BUCKET, &key(), b"image", UPLOADED);
    records.put(&Record { etag: upload.etag.clone(), ..claimed() });
    World { records, objects, upload }
}

fn cause(state: Option<&str>, error: &str, message: &str) -> FailureCause {
    FailureCause { state: state.map(str::to_owned), error: error.to_owned(), message: message.to_owned() }
}

impl World {
    fn run(&self, detail: &Value, cause: Option<FailureCause>) -> Result<Option<String>, StepFailure> {
        let executions = MemoryExecutions::default();
        if let Some(cause) = cause {
            executions.set_failure_cause(cause);
        }
        self.run_with(executions, detail)
    }

    fn run_with(&self, executions: MemoryExecutions, detail: &Value) -> Result<Option<String>, StepFailure> {
        let mut full = json!({"executionArn": EXECUTION, "status": "FAILED", "input": json!(event(&self.upload)).to_string()});
        full.as_object_mut().unwrap().extend(detail.as_object().unwrap().clone());
        let step = RecordFailure::new(730, self.records.clone(), self.objects.clone(), executions, FixedClock(NOW));
        ready(step.run(serde_json::from_value(json!({"time": "2026-03-01T12:05:00Z", "detail": full})).unwrap()))
    }

    fn record(&self) -> Record {
        self.records.all().remove(0)
    }
}

#[test]
fn the_record_has_the_first_cause_and_its_state() {
    let world = world();
    let message = json!({"errorType": "Recognition.Throttled", "errorMessage": "DetectLabels was throttled"}).to_string();
    let marked = world.run(&json!({}), Some(cause(Some("DetectLabels"), "Recognition.Throttled", &message))).unwrap();
    assert_eq!(marked.as_deref(), Some(IMAGE_ID));
    let record = world.record();
    assert_eq!((record.processing_status, record.finished_at), (ProcessingStatus::Failed, Some(NOW)));
    assert_eq!(record.status_reason.as_deref(), Some("Recognition.Throttled"));
    assert_eq!(record.status_detail.as_deref(), Some("DetectLabels: DetectLabels was throttled"));
    assert!(record.is_rerunnable());
    assert_eq!(record.expires_at, Some(NOW / 1000 + 730 * 86_400), "it expires as a COMPLETED one does");
}

#[test]
fn every_failure_status_has_a_reason_and_a_sentence() {
    let lambda = json!({"errorMessage": "message"}).to_string();
    let cases = [
        ("from the history", json!({}), Some(cause(None, "Storage.Unavailable", "plain")), "Storage.Unavailable", "plain"),
        ("from the event", json!({"error": "E", "cause": lambda}), None, "E", "message"),
        ("a history without an error", json!({"error": "E", "cause": "c"}), Some(cause(Some("S"), "", "")), "E", "c"),
        ("aborted without details", json!({"status": "ABORTED"}), None, "Execution.ABORTED", "the execution ended ABORTED"),
        ("timed out without details", json!({"status": "TIMED_OUT"}), None, "Execution.TIMED_OUT", "the execution ended TIMED_OUT"),
        (
            "a state without details",
            json!({}),
            Some(cause(Some("StoreRecord"), "States.Timeout", "")),
            "States.Timeout",
            "StoreRecord: the execution ended FAILED",
        ),
    ];
    for (case, detail, cause, reason, sentence) in cases {
        let world = world();
        world.run(&detail, cause).unwrap();
        let record = world.record();
        assert_eq!((record.status_reason.as_deref(), record.status_detail.as_deref()), (Some(reason), Some(sentence)), "{case}");
    }
}

#[test]
fn a_completed_record_and_another_executions_record_are_left_alone() {
    let world = world();
    let etag = world.upload.etag.clone();
    let cases = [
        ("completed", Record { processing_status: ProcessingStatus::Completed, etag: etag.clone(), ..claimed() }),
        ("another's", Record { execution_arn: OTHER_EXECUTION.to_owned(), etag: etag.clone(), ..claimed() }),
        (
            "completed by another",
            Record { execution_arn: OTHER_EXECUTION.to_owned(), processing_status: ProcessingStatus::Completed, etag, ..claimed() },
        ),
    ];
    for (case, record) in cases {
        world.records.put(&record);
        assert_eq!(world.run(&json!({}), None).unwrap(), None, "{case}");
        assert_eq!(world.record().processing_status, record.processing_status, "{case}");
    }
}

#[test]
fn an_execution_that_ended_before_it_claimed_gets_a_record() {
    let world = world();
    world.records.remove(IMAGE_ID);
    world.run(&json!({}), Some(cause(Some("InspectImage"), "Storage.Misconfigured", "m"))).unwrap();
    let record = world.record();
    assert_eq!((record.image_id.as_str(), record.upload_timestamp, record.size), (IMAGE_ID, UPLOADED, 5));
    assert_eq!(record.status_reason.as_deref(), Some("Storage.Misconfigured"));
    assert!(record.is_rerunnable());
    assert_eq!(record.expires_at, Some(NOW / 1000 + 730 * 86_400), "it expires as a COMPLETED one does");
}

#[test]
fn the_failure_of_a_second_content_does_not_touch_the_first() {
    let world = world();
    let second = Upload { etag: "other".into(), version_id: Some("v2".into()), ..world.upload.clone() };
    let input = json!(event(&second)).to_string();
    let marked = world.run(&json!({"executionArn": OTHER_EXECUTION, "input": input}), None).unwrap();
    assert_eq!(marked, Some(second.derived_id()));
    let first = world.records.all().into_iter().find(|record| record.image_id == IMAGE_ID).unwrap();
    assert_eq!(first.processing_status, ProcessingStatus::Pending);
}

#[test]
fn a_late_event_of_an_execution_that_succeeded_after_a_redrive_changes_nothing() {
    let world = world();
    world.run(&json!({}), Some(cause(Some("DetectLabels"), "Recognition.Throttled", "m"))).unwrap();
    world.records.change(IMAGE_ID, json!({"ProcessingStatus": "COMPLETED"}));
    assert_eq!(world.run(&json!({}), Some(cause(Some("DetectLabels"), "Recognition.Throttled", "m"))).unwrap(), None);
    assert_eq!(world.record().processing_status, ProcessingStatus::Completed);
}

/// The event of the failure arrives when the redriven execution already waits for a review.
#[test]
fn a_late_event_of_a_redriven_execution_does_not_remove_its_review() {
    let world = world();
    let asked = json!({"ReviewStatus": "PENDING", "WorkQueue": "REVIEW", "ReviewDeadline": 7, "ReviewToken": "token"});
    world.records.change(IMAGE_ID, asked);
    let before = world.records.item(IMAGE_ID);
    let redriven = MemoryExecutions::default();
    redriven.set_redriven(true);
    assert_eq!(world.run_with(redriven, &json!({"error": "Recognition.Throttled"})).unwrap(), None);
    assert_eq!(world.records.item(IMAGE_ID), before);
}

#[test]
fn an_execution_with_another_input_is_ignored() {
    let world = world();
    for input in [json!("{}"), json!("nonsense"), json!(null)] {
        assert_eq!(world.run(&json!({"input": input}), None).unwrap(), None);
    }
    assert_eq!(world.record().processing_status, ProcessingStatus::Pending);
}
