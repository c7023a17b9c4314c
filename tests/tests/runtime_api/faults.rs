//! Faults of Rekognition, each for one image, and the error names that the state machine sees.

use crate::{function::Function, image::Image, local_stack::LocalStack};
use serde_json::json;
use std::time::{Duration, Instant};

/// Injected: each fault of the local Rekognition for one image, until it is removed: throttling, HTTP 500, broken JSON, a dropped connection, refused images, configuration errors.
/// Seen: the function fails with the name that the state machine retries, catches or passes on; configuration errors are not retried; the same process succeeds afterwards.
#[tokio::test]
async fn row_17_row_18_row_19_row_20_every_fault_has_its_error_name_and_the_process_continues() {
    let local = LocalStack::default_stage().await;
    let image = Image::processed(&local, "coffee.jpg").await;
    let input = image.input(&local, "detect-labels");
    for (mode, error, message_start) in [
        ("throttle", "Recognition.Throttled", "DetectLabels was throttled: "),
        ("internal", "Recognition.Unavailable", "DetectLabels is unavailable: "),
        ("bad-json", "Recognition.Unavailable", "DetectLabels is unavailable"),
        ("close", "Recognition.Unavailable", "DetectLabels is unavailable: "),
        ("invalid-image-format", "Recognition.Refused", "DetectLabels refuses the image: "),
        ("image-too-large", "Recognition.Refused", "DetectLabels refuses the image: "),
        ("access-denied", "Recognition.Misconfigured", "DetectLabels is not set up correctly: "),
        ("invalid-s3-object", "Recognition.Misconfigured", "DetectLabels is not set up correctly: "),
        ("invalid-parameter", "Recognition.Misconfigured", "DetectLabels is not set up correctly: "),
    ] {
        let mut function = local.function("detect-labels");
        let fault = local.recognition.plan_fault(&image.id, "*", mode, json!({})).await;
        let started = Instant::now();
        let (name, message) = function.error(&input);
        let elapsed = started.elapsed();
        local.recognition.remove_fault(fault).await;
        assert!(name == error && message.starts_with(message_start), "{mode}: {name}: {message}");
        assert!(error != "Recognition.Misconfigured" || elapsed < Duration::from_secs(7), "{mode}: {elapsed:?}");
        assert_eq!(function.result(&input)["Status"], "DONE", "{mode}");
        image.delete_results(&local).await;
    }
    image.clean(&local).await;
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

/// Injected: a call without a response, to a function with four seconds left.
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
