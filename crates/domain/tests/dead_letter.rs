//! Classifying dead letters, with the sample events.

#![allow(clippy::unwrap_used, reason = "a helper of a test fails by panicking, as the test itself does")]

use sightline_domain::model::{
    DeadLetter, ObjectCreated, Upload,
    event::{object_created, upload_of},
};
use std::{fs, path::Path};

const BUCKET: &str = "sightline-stateful-imagesbucket4b6db8e1-9xk2m7q4w1zt";

fn sample(path: &str) -> String {
    fs::read_to_string(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../events")).join(path)).unwrap()
}

#[test]
fn uploads_and_status_events_are_distinguished() {
    let DeadLetter::Upload { upload } = DeadLetter::read(&sample("s3/chosen-key.json"), BUCKET) else { panic!("an upload") };
    let DeadLetter::Status { detail } = DeadLetter::read(&sample("states/execution-failed.json"), BUCKET) else { panic!("a status") };
    assert_eq!((upload_of(&detail), detail.status.as_str()), (Some(upload), "FAILED"));
    let DeadLetter::Status { detail } = DeadLetter::read(&sample("states/execution-failed-input-left-out.json"), BUCKET) else {
        panic!("a status")
    };
    assert_eq!(upload_of(&detail), None);
}

#[test]
fn another_message_is_rejected_with_the_reason() {
    let succeeded = sample("states/execution-failed.json").replace("\"FAILED\"", "\"SUCCEEDED\"");
    let cases = [
        ("nonsense", "the body is not JSON"),
        ("{}", "the body is not an EventBridge event"),
        (r#"{"detail-type": "Object Deleted"}"#, "events of type Object Deleted cannot be replayed"),
        (r#"{"detail-type": "Object Created"}"#, "the event is not a valid \"Object Created\" event"),
        (r#"{"detail-type": "Step Functions Execution Status Change"}"#, "the event is not a valid status event"),
        (&succeeded, "the execution did not fail"),
        (&sample("s3/copy-to-processed.json"), "the object is not under raw-uploads/"),
    ];
    for (body, expected) in cases {
        assert_eq!(DeadLetter::read(body, BUCKET), DeadLetter::Unknown { reason: expected.to_owned() });
    }
    let elsewhere = DeadLetter::read(&sample("s3/upload.json"), "other");
    assert_eq!(elsewhere, DeadLetter::Unknown { reason: format!("the upload is in another bucket: {BUCKET}") });
}

#[test]
fn an_event_is_read_as_the_upload_it_was_made_from() {
    for (version_id, at, time) in
        [(Some("v1"), 1_772_366_400_123, "2026-03-01T12:00:00.123Z"), (None, 1_772_366_400_000, "2026-03-01T12:00:00Z")]
    {
        let upload =
            Upload { bucket: "b".into(), key: "raw-uploads/ä b+%.jpg".into(), version_id: version_id.map(Into::into), etag: "e".into() };
        let made = object_created(&upload, 7, at, "import");
        assert_eq!((&made["time"], &made["detail"]["reason"]), (&time.into(), &"import".into()));
        let read: ObjectCreated = serde_json::from_value(made.clone()).unwrap();
        assert_eq!((Upload::from_event(&read), read.detail.object.size, read.time_millis()), (upload.clone(), 7, Some(at)));
        assert_eq!(DeadLetter::read(&made.to_string(), "b"), DeadLetter::Upload { upload });
    }
}
