//! Rekognition's troubles, each planned for one image alone, arrive under the names that the state machine knows.

use crate::{function::Function, image::Image, local_stack::LocalStack};
use serde_json::json;
use std::time::{Duration, Instant};

/// While the fault stands the function fails with `error`; once it is mended, the same process answers.
async fn fault(mode: &str, error: &str, says: &str) {
    let local = LocalStack::default_stage().await;
    let image = Image::processed(&local, "coffee.jpg").await;
    let mut function = local.function("detect-labels");
    let input = image.input(&local, "detect-labels");
    let fault = local.recognition.plan_fault(&image.id, "*", mode, json!({})).await;
    let (name, message) = function.error(&input);
    local.recognition.remove_fault(fault).await;
    assert_eq!(name, error, "{message}");
    assert!(message.starts_with(says), "{message}");
    assert_eq!(function.result(&input)["Status"], "DONE");
    image.clean(&local).await;
}

/// Injected: ThrottlingException to every call, until it is lifted.
/// Seen: Recognition.Throttled; the same process answers afterwards.
#[tokio::test]
async fn row_17_throttling_that_outlasts_the_sdk() {
    fault("throttle", "Recognition.Throttled", "DetectLabels was throttled: ").await;
}

/// Injected: InternalServerError to every call, until it is lifted.
/// Seen: Recognition.Unavailable; the same process answers afterwards.
#[tokio::test]
async fn row_17_an_internal_error_that_outlasts_the_sdk() {
    fault("internal", "Recognition.Unavailable", "DetectLabels is unavailable: ").await;
}

/// Injected: HTTP 200 with broken JSON, until it is lifted.
/// Seen: Recognition.Unavailable; the same process answers afterwards.
#[tokio::test]
async fn row_18_an_answer_that_is_no_json() {
    fault("bad-json", "Recognition.Unavailable", "DetectLabels is unavailable").await;
}

/// Injected: the connection dropped without an answer, until it is lifted.
/// Seen: Recognition.Unavailable; the same process answers afterwards.
#[tokio::test]
async fn row_18_a_connection_that_is_dropped() {
    fault("close", "Recognition.Unavailable", "DetectLabels is unavailable: ").await;
}

/// Injected: InvalidImageFormatException and ImageTooLargeException.
/// Seen: Recognition.Refused, which names the operation.
#[tokio::test]
async fn row_19_an_image_that_rekognition_refuses() {
    fault("invalid-image-format", "Recognition.Refused", "DetectLabels refuses the image: ").await;
    fault("image-too-large", "Recognition.Refused", "DetectLabels refuses the image: ").await;
}

/// Injected: AccessDeniedException, InvalidS3ObjectException and InvalidParameterException.
/// Seen: Recognition.Misconfigured at once, without a retry.
#[tokio::test]
async fn row_20_a_wrong_set_up_burns_no_time_on_retries() {
    let started = Instant::now();
    for mode in ["access-denied", "invalid-s3-object", "invalid-parameter"] {
        fault(mode, "Recognition.Misconfigured", "DetectLabels is not set up correctly: ").await;
    }
    assert!(started.elapsed() < Duration::from_secs(20), "{:?}", started.elapsed());
}

#[tokio::test]
async fn every_analysis_names_itself() {
    let local = LocalStack::default_stage().await;
    let image = Image::processed(&local, "coffee.jpg").await;
    let fault = local.recognition.plan_fault(&image.id, "*", "access-denied", json!({})).await;
    for (name, operation) in [("analyze-faces", "DetectFaces"), ("detect-text", "DetectText"), ("moderate-image", "DetectModerationLabels")]
    {
        let (error, message) = local.function(name).error(&image.input(&local, name));
        assert_eq!(error, "Recognition.Misconfigured");
        assert!(message.starts_with(&format!("{operation} is not set up correctly: ")), "{message}");
    }
    local.recognition.remove_fault(fault).await;
    image.clean(&local).await;
}

/// Injected: a call that is never answered, to a function with four seconds left.
/// Seen: Function.DeadlineExceeded before the four seconds are over; the same process answers afterwards.
#[tokio::test]
async fn row_18_row_21_a_call_that_hangs_is_reported_before_the_deadline() {
    let local = LocalStack::default_stage().await;
    let image = Image::processed(&local, "coffee.jpg").await;
    let mut function: Function = local.function("detect-labels");
    let input = image.input(&local, "detect-labels");
    let fault = local.recognition.plan_fault(&image.id, "*", "hang", json!({})).await;
    let (limit, started) = (Duration::from_secs(4), Instant::now());
    let (error, message) = function.error_within(limit, &input);
    local.recognition.remove_fault(fault).await;
    assert_eq!(error, "Function.DeadlineExceeded", "{message}");
    assert!(started.elapsed() < limit, "{:?}", started.elapsed());
    assert_eq!(function.result(&input)["Status"], "DONE");
    image.clean(&local).await;
}
