//! The metrics of an image.

#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::unwrap_used, reason = "tests fail by panicking")]

use serde_json::{Value, json};
use sightline_domain::{
    model::{ProcessingStatus, Record, ReviewStatus},
    rules::merge::merge,
};
use sightline_kit::metrics::image;
use sightline_tests::samples::{EXECUTION, IMAGE_ID, claimed, findings};

fn completed() -> Record {
    let claimed = claimed();
    let end = claimed.upload_timestamp + 2_500;
    merge(claimed, serde_json::from_value(findings()).unwrap(), end, 730)
}

fn line(record: &Record) -> Value {
    image(record).json("sightline", 0)
}

#[test]
fn metrics_of_a_completed_image_have_time_calls_states_and_cost() {
    let line = line(&completed());
    assert_eq!((&line["Images"], &line["Outcome"]), (&json!(1), &json!("COMPLETED")));
    assert_eq!(line["EndToEndSeconds"], json!(2.5));
    let (calls, states) = (line["RekognitionCalls"].as_u64().unwrap(), line["States"].as_u64().unwrap());
    assert_eq!(line["Microdollars"], json!(calls * 1_000 + states * 25));
    assert!(calls >= 2 && states >= 11, "{line}");
    assert_eq!((&line["image_id"], &line["execution_arn"]), (&json!(IMAGE_ID), &json!(EXECUTION)));
}

#[test]
fn metrics_of_a_reviewed_image_have_no_time() {
    let line = line(&Record { review_status: ReviewStatus::Rejected, ..completed() });
    assert_eq!((&line["Outcome"], &line["EndToEndSeconds"]), (&json!("WITHHELD"), &Value::Null));
}

#[test]
fn metrics_of_a_rejected_image_have_the_outcome_only() {
    for (reason, outcome) in [("TOO_SMALL", "REJECTED"), ("Storage.Unavailable", "FAILED")] {
        let status_reason = Some(reason.to_owned());
        let line = line(&Record { processing_status: ProcessingStatus::Failed, status_reason, ..claimed() });
        assert_eq!((&line["Images"], &line["Outcome"], &line["States"]), (&json!(1), &json!(outcome), &Value::Null));
    }
}

#[test]
fn an_unfinished_image_has_no_metrics() {
    assert_eq!(line(&claimed())["_aws"]["CloudWatchMetrics"], json!([]));
}
