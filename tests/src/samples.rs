//! Sample values for tests.

use serde_json::{Value, json};
use sightline_domain::model::{
    clock::EpochMillis,
    event::{Bucket, Event, Object, ObjectCreated, ObjectCreatedDetail},
    identity::Upload,
    image::{Creation, ExifFacts, ImageFormat, ImageRef},
    image_name::image_name,
    layout,
    record::Record,
};

/// The bucket.
pub const BUCKET: &str = "images";
/// An id that an upload client chose.
pub const IMAGE_ID: &str = "3f2b8c1e-5d4a-4f6b-9c7d-1a2b3c4d5e6f";
/// Its owner.
pub const OWNER: &str = "anna";
/// An execution.
pub const EXECUTION: &str = "arn:aws:states:eu-west-1:123456789012:execution:image-analysis:one";
/// Another execution.
pub const OTHER_EXECUTION: &str = "arn:aws:states:eu-west-1:123456789012:execution:image-analysis:two";
/// 2026-03-01T12:00:00Z.
pub const UPLOADED: EpochMillis = 1_772_366_400_000;
/// A minute after [`UPLOADED`].
pub const NOW: EpochMillis = UPLOADED + 60_000;
/// A thumbhash.
pub const THUMBHASH: &str = "1QcSHQRnh493V4dIh4eXh1h4kJUI";

/// The key that a client chose for [`IMAGE_ID`].
pub fn key() -> String {
    format!("raw-uploads/{OWNER}/{IMAGE_ID}.jpg")
}

/// The event of an upload.
pub fn event(upload: &Upload) -> ObjectCreated {
    Event {
        time: "2026-03-01T12:00:01Z".to_owned(),
        detail: ObjectCreatedDetail {
            bucket: Bucket { name: upload.bucket.clone() },
            object: Object { key: upload.key.clone(), size: 1, etag: upload.etag.clone(), version_id: upload.version_id.clone() },
            reason: "PutObject".to_owned(),
            rejected_at: None,
        },
    }
}

/// The upload that [`image`] comes from.
pub fn upload() -> Upload {
    Upload { bucket: BUCKET.to_owned(), key: key(), version_id: Some("v1".to_owned()), etag: "etag-1".to_owned() }
}

/// An inspected image.
pub fn image() -> ImageRef {
    ImageRef {
        image_id: IMAGE_ID.to_owned(),
        owner_id: OWNER.to_owned(),
        image_name: image_name(None, &key()),
        upload_timestamp: UPLOADED,
        bucket: BUCKET.to_owned(),
        key: key(),
        version_id: Some("v1".to_owned()),
        size: 1_234,
        format: ImageFormat::Jpeg,
        width: 1600,
        height: 1200,
        content_sha256: "ab".repeat(32),
        processed_key: layout::processed_image(IMAGE_ID),
        thumbnail_key: layout::thumbnail(IMAGE_ID),
        large_thumbnail_key: Some(layout::large_thumbnail(IMAGE_ID)),
        thumbhash: Some(THUMBHASH.to_owned()),
        exif: ExifFacts::default(),
        warnings: Vec::new(),
        execution_arn: EXECUTION.to_owned(),
        created: Some(Creation { etag: upload().etag, claimed_at: NOW }),
    }
}

/// The record that [`EXECUTION`] claimed for [`image`].
pub fn claimed() -> Record {
    Record::claimed(IMAGE_ID.to_owned(), &upload(), 1_234, UPLOADED, EXECUTION.to_owned(), NOW)
}

/// A label of a Rekognition answer.
pub fn label(name: &str, confidence: f64) -> Value {
    json!({"Name": name, "Confidence": confidence, "Instances": [], "Parents": [], "Aliases": [], "Categories": []})
}

/// The result of detect-labels with these stored labels.
pub fn labels_found(labels: &[(&str, f64)]) -> Value {
    let stored: Vec<Value> = labels.iter().map(|(name, confidence)| json!({"Name": name, "Confidence": confidence})).collect();
    json!({
        "Status": "DONE", "ResultKey": format!("results/{IMAGE_ID}/labels.json"), "Labels": stored,
        "Person": {"Found": false, "Reason": "no person among the labels"}, "Text": {"Found": false, "Reason": "no text among the labels"},
        "Watched": [],
    })
}

/// The result of moderate-image with this verdict and these flags.
pub fn moderated(verdict: &str, flags: &Value) -> Value {
    json!({"Status": "DONE", "ResultKey": format!("results/{IMAGE_ID}/moderation.json"), "Verdict": verdict, "ModerationFlags": flags})
}

/// The input of store-record for an image without an alert.
pub fn findings() -> Value {
    json!({
        "Image": image(),
        "Labels": labels_found(&[("car", 98.5), ("road", 90.0)]),
        "Faces": {"Status": "SKIPPED", "Reason": "no person among the labels"},
        "Text": {"Status": "SKIPPED", "Reason": "no text among the labels"},
        "Moderation": moderated("CLEAR", &json!([])),
        "Review": null,
    })
}
