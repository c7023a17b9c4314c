//! Rules for every error, key and record.

#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::unwrap_used, reason = "tests fail by panicking")]

use serde_json::json;
use sightline_domain::model::{
    AlertError, Analysis, DuplicateImage, FolderMarker, ImageFormat, InputInvalid, Outcome, ProcessingStatus, ReasonCode, RecognitionError,
    Record, RecordSuperseded, Rejection, SettingsInvalid, StepError, StorageError, layout,
};
use sightline_tests::samples::claimed;

fn cause() -> Box<dyn std::error::Error + Send + Sync> {
    "cause".into()
}

#[test]
fn every_error_has_a_stable_name_and_is_transient_or_not() {
    let operation = "DetectLabels";
    let errors: [(Box<dyn StepError>, &str, bool); 17] = [
        (Box::new(RecognitionError::Throttled { operation, source: cause() }), "Recognition.Throttled", true),
        (Box::new(RecognitionError::Unavailable { operation, source: cause() }), "Recognition.Unavailable", true),
        (Box::new(RecognitionError::Refused { operation, source: cause() }), "Recognition.Refused", false),
        (Box::new(RecognitionError::Misconfigured { operation, source: cause() }), "Recognition.Misconfigured", false),
        (Box::new(StorageError::Unavailable { doing: "d", source: cause() }), "Storage.Unavailable", true),
        (Box::new(StorageError::NotFound { doing: "d" }), "Storage.NotFound", false),
        (Box::new(StorageError::Misconfigured { doing: "d", source: cause() }), "Storage.Misconfigured", false),
        (Box::new(AlertError::Unavailable(cause())), "Alert.Unavailable", true),
        (Box::new(AlertError::Misconfigured(cause())), "Alert.Misconfigured", false),
        (Box::new(RecordSuperseded { image_id: "i".into() }), "Record.Superseded", false),
        (Box::new(InputInvalid(cause())), "Input.Invalid", false),
        (Box::new(SettingsInvalid { problems: vec![] }), "Settings.Invalid", false),
        (Box::new(Rejection::new(ReasonCode::Truncated, "d")), "Image.Rejected", false),
        (Box::new(Rejection::new(ReasonCode::ObjectDeleted, "d")), "Image.Rejected", false),
        (Box::new(DuplicateImage { image_id: "i".into(), execution_arn: "e".into() }), "Image.Duplicate", false),
        (Box::new(FolderMarker), "Upload.FolderMarker", false),
        (Box::new(RecordSuperseded { image_id: String::new() }), "Record.Superseded", false),
    ];
    for (error, name, transient) in errors {
        assert_eq!((error.name(), error.is_transient()), (name, transient), "{error}");
    }
}

#[test]
fn an_error_does_not_print_its_source() {
    let error = RecognitionError::Throttled { operation: "DetectLabels", source: "secret detail".into() };
    assert_eq!(error.to_string(), "DetectLabels was throttled");
    assert!(std::error::Error::source(&error).is_some());
}

#[test]
fn only_rerunnable_failures_can_be_claimed() {
    let failed = |reason: &str| Record { processing_status: ProcessingStatus::Failed, status_reason: Some(reason.to_owned()), ..claimed() };
    assert!(failed("Recognition.Throttled").is_rerunnable());
    assert!(failed("Storage.Misconfigured").is_rerunnable());
    for code in ReasonCode::permanent() {
        assert!(!failed(code.as_ref()).is_rerunnable(), "{code}");
    }
    assert!(failed(ReasonCode::ObjectDeleted.as_ref()).is_rerunnable(), "the object may be uploaded again");
    assert!(!claimed().is_rerunnable());
    assert!(!Record { processing_status: ProcessingStatus::Completed, ..claimed() }.is_rerunnable());
}

#[test]
fn keys_are_where_the_architecture_page_says() {
    assert_eq!(layout::processed_image("i"), "processed/i/image.jpg");
    assert_eq!(layout::thumbnail("i"), "processed/i/thumbnail.jpg");
    assert_eq!(layout::large_thumbnail("i"), "processed/i/thumbnail-640.jpg");
    assert_eq!(layout::alert_receipt("i", "REVIEW_EXPIRED"), "results/i/alert-review-expired.json");
    assert_eq!(layout::withheld("processed/i/image.jpg"), "archived/i/image.jpg");
    assert_eq!(layout::rejected_original("i"), "archived/i/original");
    for (analysis, key) in
        [(Analysis::Labels, "labels"), (Analysis::Faces, "faces"), (Analysis::Text, "text"), (Analysis::Moderation, "moderation")]
    {
        assert_eq!(layout::result("i", analysis), format!("results/i/{key}.json"));
    }
}

/// Injected: every key that a function writes.
/// Seen: none begins with raw-uploads/.
#[test]
fn row_34_no_written_key_is_below_raw_uploads() {
    let written = [
        layout::processed_image("i"),
        layout::thumbnail("i"),
        layout::large_thumbnail("i"),
        layout::alert_receipt("i", "CONCERN"),
        layout::withheld("processed/i/image.jpg"),
        layout::rejected_original("i"),
        layout::result("i", Analysis::Text),
    ];
    assert!(written.iter().all(|key| !key.starts_with(layout::UPLOADS)), "{written:?}");
}

#[test]
fn an_outcome_reads_and_writes_with_its_status() {
    let cases = [
        (Outcome::Done { result_key: "k".into() }, json!({"Status": "DONE", "ResultKey": "k"})),
        (Outcome::Skipped { reason: "r".into() }, json!({"Status": "SKIPPED", "Reason": "r"})),
        (Outcome::Failed { reason: "r".into() }, json!({"Status": "FAILED", "Reason": "r"})),
    ];
    for (outcome, expected) in cases {
        assert_eq!(serde_json::to_value(&outcome).unwrap(), expected);
        assert_eq!(serde_json::from_value::<Outcome>(expected).unwrap(), outcome);
    }
}

#[test]
fn formats_are_written_in_capitals() {
    for (format, text) in [(ImageFormat::Jpeg, "JPEG"), (ImageFormat::Png, "PNG"), (ImageFormat::WebP, "WEBP")] {
        assert_eq!(serde_json::to_value(format).unwrap(), json!(text));
    }
}
