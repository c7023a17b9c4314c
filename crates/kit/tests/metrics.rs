//! The metrics of an image.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a helper of a test fails by panicking, as the test itself does"
)]

use serde_json::{Value, json};
use sightline_domain::{
    model::{
        record::{ProcessingStatus, Record},
        review::ReviewStatus,
    },
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
fn an_analysed_image_tells_its_time_its_calls_its_states_and_its_cost() {
    let line = line(&completed());
    assert_eq!((&line["Images"], &line["Outcome"]), (&json!(1), &json!("COMPLETED")));
    assert_eq!(line["EndToEndSeconds"], json!(2.5));
    let (calls, states) = (line["RekognitionCalls"].as_u64().unwrap(), line["States"].as_u64().unwrap());
    assert_eq!(line["Microdollars"], json!(calls * 1_000 + states * 25));
    assert!(calls >= 2 && states >= 11, "{line}");
    assert_eq!((&line["image_id"], &line["execution_arn"]), (&json!(IMAGE_ID), &json!(EXECUTION)));
}

#[test]
fn the_time_of_an_image_that_people_were_asked_about_is_theirs() {
    let line = line(&Record { review_status: ReviewStatus::Rejected, ..completed() });
    assert_eq!((&line["Outcome"], &line["EndToEndSeconds"]), (&json!("WITHHELD"), &Value::Null));
}

#[test]
fn an_image_that_was_not_analysed_tells_its_outcome_alone() {
    for (reason, outcome) in [("TOO_SMALL", "REJECTED"), ("Storage.Unavailable", "FAILED")] {
        let status_reason = Some(reason.to_owned());
        let line = line(&Record { processing_status: ProcessingStatus::Failed, status_reason, ..claimed() });
        assert_eq!((&line["Images"], &line["Outcome"], &line["States"]), (&json!(1), &json!(outcome), &Value::Null));
    }
}

#[test]
fn an_image_that_has_not_ended_counts_nothing() {
    assert_eq!(line(&claimed())["_aws"]["CloudWatchMetrics"], json!([]));
}
