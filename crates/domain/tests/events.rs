//! Events as EventBridge sends them.

#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::unwrap_used, reason = "tests fail by panicking")]

use serde_json::json;
use sightline_domain::model::{ExecutionStatusChanged, ObjectCreated, Upload};

fn created(object: &serde_json::Value) -> ObjectCreated {
    serde_json::from_value(json!({
        "version": "0", "id": "17793124-05d4-b198-2fde-7ededc63b103", "detail-type": "Object Created", "source": "aws.s3",
        "account": "123456789012", "time": "2026-03-01T12:00:00Z", "region": "eu-west-1", "resources": ["arn:aws:s3:::images"],
        "detail": {
            "version": "0", "bucket": {"name": "images"}, "object": object, "request-id": "N4N7GDK58NMKJ12R",
            "requester": "123456789012", "source-ip-address": "1.2.3.4", "reason": "PutObject",
        },
    }))
    .unwrap()
}

#[test]
fn keys_are_used_exactly_as_received() {
    for key in [
        "raw-uploads/a b.jpg",
        "raw-uploads/a+b.jpg",
        "raw-uploads/100%25.jpg",
        "raw-uploads/Ünï/日本.jpg",
        &format!("raw-uploads/{}", "k".repeat(1000)),
    ] {
        let upload = Upload::from_event(&created(&json!({"key": key, "size": 5, "etag": "e", "version-id": "v1", "sequencer": "0"})));
        assert_eq!(upload.key, key);
    }
}

#[test]
fn a_version_that_is_absent_or_null_is_none() {
    for object in [
        json!({"key": "k", "etag": "e"}),
        json!({"key": "k", "etag": "e", "version-id": "null"}),
        json!({"key": "k", "etag": "e", "version-id": null}),
    ] {
        assert_eq!(Upload::from_event(&created(&object)).version_id, None);
    }
}

#[test]
fn entity_tags_are_the_same_with_and_without_quotes() {
    let plain = Upload::from_event(&created(&json!({"key": "k", "etag": "b1946ac92492d2347c6235b4d2611184"})));
    let quoted = Upload::from_event(&created(&json!({"key": "k", "etag": "\"b1946ac92492d2347c6235b4d2611184\""})));
    assert_eq!(plain, quoted);
}

#[test]
fn an_event_of_zero_bytes_without_an_entity_tag_is_read() {
    let event = created(&json!({"key": "raw-uploads/empty.jpg"}));
    assert_eq!((event.detail.object.size, event.detail.object.etag.as_str()), (0, ""));
}

#[test]
fn the_time_is_parsed_to_milliseconds_or_none() {
    let mut event = created(&json!({"key": "k"}));
    assert_eq!(event.time_millis(), Some(1_772_366_400_000));
    event.time = "2026-03-01T12:00:00.250+01:00".to_owned();
    assert_eq!(event.time_millis(), Some(1_772_362_800_250));
    event.time = "yesterday".to_owned();
    assert_eq!(event.time_millis(), None);
}

#[test]
fn a_status_change_is_read_with_and_without_its_large_parts() {
    let full = json!({
        "version": "0", "detail-type": "Step Functions Execution Status Change", "source": "aws.states", "time": "2026-03-01T12:00:00Z",
        "detail": {
            "executionArn": "arn:aws:states:eu-west-1:123456789012:execution:image-analysis:one", "status": "FAILED",
            "startDate": 1_551_225_146_847_i64, "stopDate": 1_551_225_151_881_i64, "input": "{}", "output": null, "error": "Storage.Unavailable", "cause": "c",
            "inputDetails": {"included": true}, "stateMachineArn": "arn:aws:states:eu-west-1:123456789012:stateMachine:image-analysis", "name": "one",
        },
    });
    let mut bare = full.clone();
    for part in ["input", "error", "cause"] {
        bare["detail"][part] = json!(null);
    }
    let full: ExecutionStatusChanged = serde_json::from_value(full).unwrap();
    assert_eq!((full.detail.status.as_str(), full.detail.error.as_deref()), ("FAILED", Some("Storage.Unavailable")));
    let bare: ExecutionStatusChanged = serde_json::from_value(bare).unwrap();
    assert_eq!((bare.detail.input, bare.detail.error), (None, None));
}
