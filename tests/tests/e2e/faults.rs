//! Fault matrix rows 16 to 20 and 24: Rekognition is slow, refuses or fails, for single images.

use crate::local_stack::{LocalStack, Uploaded, recognition::OPERATIONS};
use aws_sdk_sfn::types::ExecutionStatus;
use serde_json::{Value, json};
use sightline_domain::model::Outcome;

/// A photo that all four operations analyse.
const ALL_FOUR: &str = "hopper-rotated.jpg";

/// Plans a fault, then uploads a photo for it.
async fn upload_with_fault(local: &LocalStack, operation: &str, mode: &str, more: Value) -> (Uploaded, u64) {
    let id = uuid::Uuid::new_v4().to_string();
    let fault = local.recognition.plan_fault(&id, operation, mode, more).await;
    (local.upload_sample_as(&id, ALL_FOUR).await, fault)
}

/// Uploads a photo for each of these faults (operation and mode), which last until they are removed.
async fn upload_with_faults<'a>(local: &LocalStack, faults: &[(&'a str, &str)]) -> Vec<(&'a str, Uploaded, u64)> {
    let mut uploaded = Vec::new();
    for (operation, mode) in faults {
        let (photo, fault) = upload_with_fault(local, operation, mode, json!({})).await;
        uploaded.push((*operation, photo, fault));
    }
    uploaded
}

/// Waits until the execution and the record are FAILED with `error`, removes the fault, starts the same event again, and
/// checks that no analysis was paid for twice.
async fn is_rerunnable(local: &LocalStack, photo: &Uploaded, fault: u64, error: &str, operation: &str) {
    let (record, reason) = local.failed(&photo.id).await;
    assert_eq!(reason, error, "{operation}");
    assert!(record.status_detail.as_ref().is_some_and(|detail| detail.contains(operation)), "{operation}: {:?}", record.status_detail);
    assert_eq!(local.ended(&record.execution_arn).await.0, ExecutionStatus::Failed);

    local.recognition.remove_fault(fault).await;
    let rerun = local.start(&local.event(photo, None)).await;

    assert_eq!(local.ended(&rerun).await.0, ExecutionStatus::Succeeded, "{operation}");
    let record = local.completed(&photo.id).await;
    assert_eq!((record.execution_arn.as_str(), record.attempts), (rerun.as_str(), 2), "{operation}");
    assert_eq!(local.recognition.answered(&photo.id).await, [1, 1, 1, 1], "{operation}");
}

/// Injected: the local Rekognition throttles three calls for this image.
/// Seen: COMPLETED after three throttled attempts and one answer, within one invocation.
#[tokio::test]
async fn row_16_three_throttles_are_retried_inside_the_task() {
    let local = LocalStack::default_stage().await;
    let (photo, _) = upload_with_fault(&local, "DetectLabels", "throttle", json!({"times": 3})).await;

    local.completed(&photo.id).await;

    // Four attempts fit into one invocation, so the state was not retried.
    let calls = local.recognition.calls(&photo.id).await;
    assert_eq!((&calls["DetectLabels"]["throttled"], &calls["DetectLabels"]["answered"]), (&json!(3), &json!(1)));
}

/// Injected: each of the four analyses is throttled for one image, until the fault is removed.
/// Seen: execution and record are FAILED with Recognition.Throttled and the analysis; a later run completes, and each analysis is paid for once.
#[tokio::test]
async fn row_17_throttling_that_outlasts_all_retries_is_rerunnable_for_each_analysis() {
    // The default stage retries for hours.
    let local = LocalStack::strict_stage().await;
    for_each_analysis(&local, "throttle", "Recognition.Throttled").await;
}

/// Injected: HTTP 500 to each of the four analyses for one image, until the fault is removed.
/// Seen: execution and record are FAILED with Recognition.Unavailable and the analysis; a later run completes, and each analysis is paid for once.
#[tokio::test]
async fn row_17_errors_that_outlast_all_retries_are_rerunnable_for_each_analysis() {
    let local = LocalStack::default_stage().await;
    for_each_analysis(&local, "internal", "Recognition.Unavailable").await;
}

/// Injected: a dropped connection, or HTTP 200 with broken JSON, until the fault is removed.
/// Seen: FAILED with Recognition.Unavailable; a later run completes and pays for nothing twice.
#[tokio::test]
async fn row_18_a_closed_connection_or_invalid_json_is_rerunnable() {
    let local = LocalStack::default_stage().await;
    for (operation, photo, fault) in upload_with_faults(&local, &[("DetectText", "close"), ("DetectText", "bad-json")]).await {
        is_rerunnable(&local, &photo, fault, "Recognition.Unavailable", operation).await;
    }
}

/// Injected: one call without a response.
/// Seen: COMPLETED, each analysis paid for once.
#[tokio::test]
async fn row_18_a_hanging_call_times_out_and_is_retried() {
    let local = LocalStack::default_stage().await;
    let (photo, _) = upload_with_fault(&local, "DetectFaces", "hang", json!({"times": 1})).await;

    local.completed(&photo.id).await;

    assert_eq!(local.recognition.answered(&photo.id).await, [1, 1, 1, 1]);
}

/// Injected: InvalidImageFormatException to each of the four analyses for one image.
/// Seen: the execution succeeds in ImageRejected; the record has REFUSED_BY_PROVIDER and the analysis.
#[tokio::test]
async fn row_19_an_image_refused_by_rekognition_is_rejected_with_the_analysis() {
    let local = LocalStack::default_stage().await;
    for (operation, photo, _) in upload_with_faults(&local, &OPERATIONS.map(|operation| (operation, "invalid-image-format"))).await {
        let (record, reason) = local.failed(&photo.id).await;
        assert_eq!(reason, "REFUSED_BY_PROVIDER");
        assert!(record.status_detail.as_ref().is_some_and(|detail| detail.starts_with(operation)), "{:?}", record.status_detail);
        let analyses = &record.analyses;
        let failed = [&analyses.labels, &analyses.moderation, &analyses.faces, &analyses.text]
            .map(|outcome| matches!(outcome, Some(Outcome::Failed { .. })));
        assert_eq!(failed, OPERATIONS.map(|other| other == operation));
        let (status, states) = local.ended(&record.execution_arn).await;
        assert_eq!((status, states.last().map(String::as_str)), (ExecutionStatus::Succeeded, Some("ImageRejected")));
    }
}

/// Injected: AccessDeniedException and InvalidS3ObjectException, until the fault is removed.
/// Seen: FAILED with Recognition.Misconfigured after a single call; a later run completes.
#[tokio::test]
async fn row_20_a_configuration_error_is_not_retried_and_is_rerunnable() {
    let local = LocalStack::default_stage().await;
    let faults = [("DetectFaces", "access-denied"), ("DetectFaces", "invalid-s3-object")];
    for (operation, photo, fault) in upload_with_faults(&local, &faults).await {
        is_rerunnable(&local, &photo, fault, "Recognition.Misconfigured", operation).await;
        let calls = local.recognition.calls(&photo.id).await;
        let refused =
            calls["DetectFaces"]["refused"].as_u64().unwrap_or_default() + calls["DetectFaces"]["failed"].as_u64().unwrap_or_default();
        assert_eq!(refused, 1, "{calls}");
    }
}

/// Injected: answers of 50 labels with all their relations, 100 faces and 100 lines.
/// Seen: COMPLETED with all 100 faces; the record is under 400 KB.
#[tokio::test]
async fn row_24_the_largest_answers_fit_into_state_and_item() {
    let local = LocalStack::default_stage().await;
    let id = uuid::Uuid::new_v4().to_string();
    for (operation, body) in [("DetectLabels", labels(50)), ("DetectFaces", faces(100)), ("DetectText", words(100))] {
        local.recognition.plan_fault(&id, operation, "answer", json!({"body": body.to_string()})).await;
    }

    local.upload_sample_as(&id, ALL_FOUR).await;

    let record = local.completed(&id).await;
    assert_eq!(record.face_data.as_ref().map(Vec::len), Some(100));
    assert_eq!(record.labels.as_ref().map(Vec::len), Some(10));
    let bytes = serde_json::to_vec(&record).expect("a record is JSON").len();
    assert!(bytes < 400_000, "{bytes} bytes");
}

async fn for_each_analysis(local: &LocalStack, mode: &str, error: &str) {
    for (operation, photo, fault) in upload_with_faults(local, &OPERATIONS.map(|operation| (operation, mode))).await {
        is_rerunnable(local, &photo, fault, error, operation).await;
    }
}

fn area(place: usize) -> Value {
    json!({"Left": 0.123_456_789, "Top": 0.01 * f64::from(u8::try_from(place).unwrap_or(0)), "Width": 0.05, "Height": 0.05})
}

fn named(names: &[String]) -> Value {
    names.iter().map(|name| json!({"Name": name})).collect()
}

fn labels(count: usize) -> Value {
    let many = |kind: &str, label: usize| (0..8).map(|place| format!("{kind} {place} of label {label}")).collect::<Vec<_>>();
    let label = |place: usize| {
        let name = match place {
            0 => "Person".to_owned(),
            1 => "Text".to_owned(),
            other => format!("A Label With A Rather Long Name {other}"),
        };
        let instances: Vec<Value> = (0..50).map(|instance| json!({"BoundingBox": area(instance), "Confidence": 99.123_456})).collect();
        json!({"Name": name, "Confidence": 99.987_654, "Instances": instances, "Parents": named(&many("Parent", place)),
            "Aliases": named(&many("Alias", place)), "Categories": [{"Name": "Text and Documents"}]})
    };
    json!({"Labels": (0..count).map(label).collect::<Vec<_>>(), "LabelModelVersion": "3.0"})
}

fn faces(count: usize) -> Value {
    let yes = json!({"Value": true, "Confidence": 99.123_456});
    let kinds = ["HAPPY", "CALM", "SAD", "ANGRY", "CONFUSED", "DISGUSTED", "SURPRISED", "FEAR"];
    let emotions: Vec<Value> = kinds.iter().map(|kind| json!({"Type": kind, "Confidence": 12.345_678})).collect();
    let face = |place: usize| {
        json!({"BoundingBox": area(place), "Confidence": 99.987_654, "AgeRange": {"Low": 20, "High": 30}, "Gender": {"Value": "Female", "Confidence": 99.1},
            "Smile": yes, "Eyeglasses": yes, "Sunglasses": yes, "Beard": yes, "Mustache": yes, "EyesOpen": yes, "MouthOpen": yes,
            "Emotions": emotions,
            "Pose": {"Roll": 1.234_567, "Yaw": 2.345_678, "Pitch": 3.456_789}, "Quality": {"Brightness": 80.123_456, "Sharpness": 90.123_456}})
    };
    json!({"FaceDetails": (0..count).map(face).collect::<Vec<_>>()})
}

fn words(count: usize) -> Value {
    let line = |place: usize| {
        json!({"DetectedText": format!("line {place} with a word{place} of its own"), "Type": "LINE", "Id": place, "Confidence": 99.5,
            "Geometry": {"BoundingBox": area(place), "Polygon": [{"X": 0.1, "Y": 0.1}]}})
    };
    json!({"TextDetections": (0..count).map(line).collect::<Vec<_>>(), "TextModelVersion": "3.0"})
}
