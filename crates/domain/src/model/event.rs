//! The EventBridge events that functions receive.
//!
//! Shapes: S3 user guide, "Amazon S3 event message structure in EventBridge"; Step Functions guide, "Step Functions event payloads".
//! Keys are not encoded. `version-id` is absent for unversioned buckets and on a local stack.

use crate::model::{clock::EpochMillis, execution::FAILURES, identity::Upload, layout};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

/// An EventBridge event with the detail `D`; unused fields are ignored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event<D> {
    /// The time of the event, RFC 3339.
    pub time: String,
    /// The detail, which depends on the type of the event.
    pub detail: D,
}

impl<D> Event<D> {
    /// [`Event::time`] as epoch milliseconds; `None` if it is not RFC 3339.
    pub fn time_millis(&self) -> Option<EpochMillis> {
        let time = OffsetDateTime::parse(&self.time, &Rfc3339).ok()?;
        EpochMillis::try_from(time.unix_timestamp_nanos() / 1_000_000).ok()
    }
}

/// S3 "Object Created".
pub type ObjectCreated = Event<ObjectCreatedDetail>;

/// The reasons in events of S3 (S3 user guide, "Amazon S3 event message structure in EventBridge").
const REASONS_OF_S3: [&str; 4] = ["PutObject", "POST Object", "CopyObject", "CompleteMultipartUpload"];

impl ObjectCreated {
    /// Whether S3 sent the event when the object was uploaded, so no [`object_created`] started the execution later.
    pub fn is_sent_by_s3(&self) -> bool {
        REASONS_OF_S3.contains(&self.detail.reason.as_str())
    }
}

impl Upload {
    /// The upload of an S3 "Object Created" event.
    pub fn from_event(event: &ObjectCreated) -> Self {
        let object = &event.detail.object;
        Self {
            bucket: event.detail.bucket.name.clone(),
            key: object.key.clone(),
            version_id: object.version_id.clone().filter(|version| version != "null"),
            etag: object.etag.trim_matches('"').to_owned(),
        }
    }

    /// The upload of an execution's `input`; `None` if the input is not the event of an upload.
    pub fn from_input(input: &str) -> Option<Self> {
        serde_json::from_str(input).ok().map(|event| Self::from_event(&event))
    }
}

/// The event that S3 sends for an upload, as the input of an execution that no event has started.
///
/// `at` is the time of the upload, epoch milliseconds; `reason` names the starter, instead of the S3 operation such as `PutObject`.
/// Fields that only S3 knows, such as its request id, are omitted.
pub fn object_created(upload: &Upload, size: u64, at: EpochMillis, reason: &str) -> Value {
    let time = OffsetDateTime::from_unix_timestamp_nanos(i128::from(at) * 1_000_000).unwrap_or(OffsetDateTime::UNIX_EPOCH);
    let object = Object { key: upload.key.clone(), size, etag: upload.etag.clone(), version_id: upload.version_id.clone() };
    json!({
        "version": "0",
        "detail-type": "Object Created",
        "source": "aws.s3",
        // Formatting fails only for years after 9999.
        "time": time.format(&Rfc3339).unwrap_or_default(),
        "resources": [format!("arn:aws:s3:::{}", upload.bucket)],
        "detail": {"version": "0", "bucket": Bucket { name: upload.bucket.clone() }, "object": object, "reason": reason},
    })
}

/// The input of an execution that inspects a rejected image again. `rejected_at` is the `FinishedAt` of its record: with it, the execution
/// can take over the record of exactly this rejection.
pub fn reinspection_event(upload: &Upload, size: u64, at: EpochMillis, rejected_at: EpochMillis) -> Value {
    let mut event = object_created(upload, size, at, "redrive");
    if let Some(detail) = event.get_mut("detail").and_then(Value::as_object_mut) {
        detail.insert("rejected-at".to_owned(), json!(rejected_at));
    }
    event
}

/// Detail of S3 "Object Created".
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ObjectCreatedDetail {
    /// The bucket.
    pub bucket: Bucket,
    /// The object.
    pub object: Object,
    /// The S3 operation that created the object, or who else started the execution ([`object_created`]).
    #[serde(default)]
    pub reason: String,
    /// `FinishedAt` of the rejection after which the image is inspected again ([`reinspection_event`]); S3 never sends it.
    #[serde(default, rename = "rejected-at", skip_serializing_if = "Option::is_none")]
    pub rejected_at: Option<EpochMillis>,
}

/// A bucket in an event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bucket {
    /// The name of the bucket.
    pub name: String,
}

/// An object in an event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Object {
    /// The exact key, unencoded.
    pub key: String,
    /// Size in bytes.
    #[serde(default)]
    pub size: u64,
    /// The entity tag, with or without quotes.
    #[serde(default)]
    pub etag: String,
    /// The version, in a versioned bucket.
    #[serde(default, rename = "version-id", skip_serializing_if = "Option::is_none")]
    pub version_id: Option<String>,
}

/// "Step Functions Execution Status Change".
pub type ExecutionStatusChanged = Event<ExecutionStatusDetail>;

/// Detail of "Step Functions Execution Status Change".
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ExecutionStatusDetail {
    /// The execution.
    pub execution_arn: String,
    /// FAILED, `TIMED_OUT`, ABORTED, …
    pub status: String,
    /// The execution's input as JSON text; Step Functions omits a large one.
    #[serde(default)]
    pub input: Option<String>,
    /// The name of the error.
    #[serde(default)]
    pub error: Option<String>,
    /// The cause of the error, usually JSON text from Lambda.
    #[serde(default)]
    pub cause: Option<String>,
}

/// An event in the dead-letter queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DeadLetter {
    /// The event of an upload, which started no execution.
    Upload {
        /// The upload.
        upload: Upload,
    },
    /// The status event of a failed execution, whose record may not be FAILED.
    Status {
        /// The detail of the event; large events have no input.
        detail: Box<ExecutionStatusDetail>,
    },
    /// Another event, which cannot be replayed.
    Unknown {
        /// The reason, in one sentence.
        reason: String,
    },
}

impl DeadLetter {
    /// Parses the `body` of a message, to which EventBridge and Lambda both write the whole event. `bucket` is the images bucket.
    pub fn read(body: &str, bucket: &str) -> Self {
        let unknown = |reason: &str| Self::Unknown { reason: reason.to_owned() };
        let Ok(json) = serde_json::from_str::<Value>(body) else { return unknown("the body is not JSON") };
        match json.get("detail-type").and_then(Value::as_str) {
            Some("Object Created") => match serde_json::from_value::<ObjectCreated>(json) {
                Ok(event) => Self::from_upload(Upload::from_event(&event), bucket),
                Err(_) => unknown("the event is not a valid \"Object Created\" event"),
            },
            Some("Step Functions Execution Status Change") => match serde_json::from_value::<ExecutionStatusChanged>(json) {
                Ok(event) if FAILURES.contains(&event.detail.status.as_str()) => Self::Status { detail: Box::new(event.detail) },
                Ok(_) => unknown("the execution did not fail"),
                Err(_) => unknown("the event is not a valid status event"),
            },
            Some(other) => unknown(&format!("events of type {other} cannot be replayed")),
            None => unknown("the body is not an EventBridge event"),
        }
    }

    fn from_upload(upload: Upload, bucket: &str) -> Self {
        if upload.bucket != bucket {
            return Self::Unknown { reason: format!("the upload is in another bucket: {}", upload.bucket) };
        }
        if !upload.key.starts_with(layout::UPLOADS) {
            return Self::Unknown { reason: format!("the object is not under {}", layout::UPLOADS) };
        }
        Self::Upload { upload }
    }
}

/// The upload that an execution was started with; `None` if the event has no input, or the input is not an upload.
pub fn upload_of(detail: &ExecutionStatusDetail) -> Option<Upload> {
    Upload::from_input(detail.input.as_deref()?)
}
