//! Reads every sample event of `events/` with our own types.

#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::unwrap_used, reason = "tests fail by panicking")]

use serde::de::{DeserializeOwned, IgnoredAny};
use serde_json::{Value, json};
use sightline_domain::{
    model::{DEFAULT_OWNER, ExecutionStatusChanged, ImageRef, ImportItem, ObjectCreated, Upload, layout},
    rules::{alert::AlertRequest, merge::Findings},
};
use sightline_kit::AnalysisInput;
use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

const REPOSITORY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

fn folder(source: &str) -> PathBuf {
    Path::new(REPOSITORY).join("events").join(source)
}

fn cases(source: &str) -> BTreeSet<String> {
    let files = fs::read_dir(folder(source)).unwrap().map(|entry| entry.unwrap().path());
    files.map(|file| file.file_name().unwrap().to_str().unwrap().trim_end_matches(".json").to_owned()).collect()
}

fn read<T: DeserializeOwned>(source: &str, case: &str) -> T {
    let text = fs::read_to_string(folder(source).join(format!("{case}.json"))).unwrap();
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("events/{source}/{case}.json: {error}"))
}

fn names(list: &[&str]) -> BTreeSet<String> {
    list.iter().map(|&name| name.to_owned()).collect()
}

/// Case, exact key, owner, bytes.
const S3: [(&str, &str, &str, u64); 11] = [
    ("upload", "raw-uploads/IMG_2041.jpg", DEFAULT_OWNER, 238_511),
    ("chosen-key", "raw-uploads/anna/5f0c1b9e-3a57-5d0c-9b1d-2f6a7c8e9d10.jpg", "anna", 238_511),
    ("overwritten-key", "raw-uploads/anna/5f0c1b9e-3a57-5d0c-9b1d-2f6a7c8e9d10.jpg", "anna", 191_204),
    ("unicode-key", "raw-uploads/Ferien/Zürich – Großmünster 東京 🌸.jpg", DEFAULT_OWNER, 238_511),
    ("key-with-spaces", "raw-uploads/my photos/summer  2026 (1).jpg", DEFAULT_OWNER, 238_511),
    ("key-with-plus", "raw-uploads/a+b+c.jpg", DEFAULT_OWNER, 238_511),
    ("key-with-percent", "raw-uploads/100%25 cotton %E4.png", DEFAULT_OWNER, 238_511),
    ("zero-bytes", "raw-uploads/empty.jpg", DEFAULT_OWNER, 0),
    ("no-version-id", "raw-uploads/IMG_2041.jpg", DEFAULT_OWNER, 238_511),
    ("multipart-upload", "raw-uploads/panorama.jpg", DEFAULT_OWNER, 14_912_004),
    ("copy-to-processed", "processed/5f0c1b9e-3a57-5d0c-9b1d-2f6a7c8e9d10/image.jpg", DEFAULT_OWNER, 84_210),
];

#[test]
fn every_sample_event_is_tested() {
    let s3: BTreeSet<String> = S3.iter().map(|(case, ..)| (*case).to_owned()).chain(["longest-key".to_owned()]).collect();
    assert_eq!(cases("s3"), s3);
    assert_eq!(
        cases("states"),
        names(&["execution-failed", "execution-failed-input-left-out", "execution-timed-out", "execution-aborted"])
    );
    let functions = fs::read_dir(Path::new(REPOSITORY).join("functions")).unwrap();
    let functions: BTreeSet<String> = functions.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    assert_eq!(cases("functions"), functions);
    assert_eq!(cases(""), names(&["README.md", "functions", "s3", "states"]));
}

#[test]
fn sample_keys_are_read_exactly() {
    for (case, key, owner, size) in S3 {
        let event: ObjectCreated = read("s3", case);
        let upload = Upload::from_event(&event);
        assert_eq!((upload.key.as_str(), upload.owner_id(), event.detail.object.size), (key, owner, size), "{case}");
        assert!(event.time_millis().is_some(), "{case}");
    }
}

#[test]
fn only_the_copy_event_is_outside_the_uploads() {
    for case in cases("s3") {
        let event: ObjectCreated = read("s3", &case);
        assert_eq!(event.detail.object.key.starts_with(layout::UPLOADS), case != "copy-to-processed", "{case}");
    }
}

#[test]
fn the_longest_key_has_1000_characters() {
    let upload = Upload::from_event(&read("s3", "longest-key"));
    assert_eq!(upload.key.chars().count(), 1000);
    assert_eq!(upload.candidate_ids(), [upload.derived_id()]);
}

#[test]
fn an_event_without_a_version_is_identified_by_its_entity_tag() {
    let (with, without): (ObjectCreated, ObjectCreated) = (read("s3", "upload"), read("s3", "no-version-id"));
    let (with, without) = (Upload::from_event(&with), Upload::from_event(&without));
    assert!(with.version_id.is_some() && without.version_id.is_none());
    assert_eq!((&with.key, &with.etag), (&without.key, &without.etag));
    assert_ne!(with.derived_id(), without.derived_id());
}

#[test]
fn an_overwritten_key_may_become_another_image() {
    let (first, second) = (Upload::from_event(&read("s3", "chosen-key")), Upload::from_event(&read("s3", "overwritten-key")));
    assert_eq!(first.key, second.key);
    assert_eq!(first.candidate_ids()[0], second.candidate_ids()[0]);
    assert_ne!(first.candidate_ids()[1], second.candidate_ids()[1]);
}

#[test]
fn all_events_have_different_ids() {
    let ids =
        ["s3", "states"].map(|source| cases(source).iter().map(|case| read::<Value>(source, case)["id"].to_string()).collect::<Vec<_>>());
    let distinct: BTreeSet<&String> = ids.iter().flatten().collect();
    assert_eq!(distinct.len(), cases("s3").len() + cases("states").len());
}

#[test]
fn every_event_has_the_fields_of_its_guide() {
    let keys = |value: &Value| value.as_object().unwrap().keys().cloned().collect::<BTreeSet<_>>();
    let envelope = names(&["account", "detail", "detail-type", "id", "region", "resources", "source", "time", "version"]);
    for case in cases("s3") {
        let event: Value = read("s3", &case);
        assert_eq!(keys(&event), envelope, "{case}");
        assert_eq!(
            (&event["source"], &event["detail-type"], &event["account"]),
            (&json!("aws.s3"), &json!("Object Created"), &json!("123456789012"))
        );
        let detail = ["version", "bucket", "object", "request-id", "requester", "source-ip-address", "reason"];
        assert_eq!(keys(&event["detail"]), names(&detail), "{case}");
        let object = names(&["key", "size", "etag", "version-id", "sequencer"]);
        let unversioned = object.iter().filter(|key| *key != "version-id").cloned().collect();
        assert_eq!(keys(&event["detail"]["object"]), if case == "no-version-id" { unversioned } else { object }, "{case}");
    }
    for case in cases("states") {
        let event: Value = read("states", &case);
        assert_eq!(keys(&event), envelope, "{case}");
        assert_eq!((&event["source"], &event["account"]), (&json!("aws.states"), &json!("123456789012")));
        assert_eq!(event["detail-type"], "Step Functions Execution Status Change");
    }
}

#[test]
fn a_status_event_contains_the_upload_of_its_execution() {
    for (case, status) in [("execution-failed", "FAILED"), ("execution-timed-out", "TIMED_OUT"), ("execution-aborted", "ABORTED")] {
        let event: ExecutionStatusChanged = read("states", case);
        assert_eq!(event.detail.status, status);
        assert!(event.detail.execution_arn.starts_with("arn:aws:states:eu-west-1:123456789012:execution:"));
        let upload: ObjectCreated = serde_json::from_str(event.detail.input.as_deref().unwrap()).unwrap();
        assert_eq!(upload, read("s3", "chosen-key"), "{case}");
    }
}

#[test]
fn a_status_event_may_lack_input_error_and_cause() {
    let left_out: ExecutionStatusChanged = read("states", "execution-failed-input-left-out");
    assert_eq!(left_out.detail.input, None);
    let aborted: ExecutionStatusChanged = read("states", "execution-aborted");
    assert_eq!((aborted.detail.error, aborted.detail.cause), (None, None));
}

#[test]
fn every_function_accepts_its_sample() {
    read::<api::Event>("functions", "api");
    read::<inspect_image::step::Input>("functions", "inspect-image");
    read::<record_rejection::Input>("functions", "record-rejection");
    read::<AnalysisInput>("functions", "detect-labels");
    read::<AnalysisInput>("functions", "analyze-faces");
    read::<AnalysisInput>("functions", "detect-text");
    read::<AnalysisInput>("functions", "moderate-image");
    read::<AlertRequest>("functions", "send-alert");
    read::<request_review::Input>("functions", "request-review");
    read::<Findings>("functions", "store-record");
    read::<ExecutionStatusChanged>("functions", "record-failure");
    read::<ImportItem>("functions", "import-image");
    read::<count_trends::Input>("functions", "count-trends");
    read::<IgnoredAny>("functions", "reconcile");
    read::<IgnoredAny>("functions", "report-trends");
}

#[test]
fn the_samples_of_the_functions_describe_one_upload() {
    let upload: Value = read("s3", "chosen-key");
    let id = Upload::from_event(&serde_json::from_value(upload.clone()).unwrap()).candidate_ids().remove(0);
    for case in cases("functions") {
        let input: Value = read("functions", &case);
        if let Some(image) = input.get("Image").filter(|image| !image.is_null()) {
            let image: ImageRef = serde_json::from_value(image.clone()).unwrap();
            assert_eq!((&image.image_id, image.processed_key), (&id, layout::processed_image(&id)), "{case}");
        }
        if let Some(event) = input.get("Event") {
            assert_eq!(event, &upload, "{case}");
        }
    }
    assert_eq!(read::<Value>("functions", "record-failure"), read::<Value>("states", "execution-failed"));
}
