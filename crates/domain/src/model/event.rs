//! The EventBridge events that we receive.
//!
//! Shapes: S3 user guide, "Amazon S3 event message structure in EventBridge"; Step Functions guide, "Step Functions event payloads".
//! Keys come unencoded. `version-id` is absent on unversioned buckets, and on the local AWS.

use crate::model::{clock::EpochMillis, identity::Upload, layout};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

/// An EventBridge envelope around `D`; fields that we do not use are ignored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event<D> {
    /// When it happened, RFC 3339.
    pub time: String,
    /// What happened.
    pub detail: D,
}

impl<D> Event<D> {
    /// [`Event::time`] as epoch milliseconds; `None` where it is not RFC 3339.
    pub fn time_millis(&self) -> Option<EpochMillis> {
        let time = OffsetDateTime::parse(&self.time, &Rfc3339).ok()?;
        EpochMillis::try_from(time.unix_timestamp_nanos() / 1_000_000).ok()
    }
}

/// S3 "Object Created".
pub type ObjectCreated = Event<ObjectCreatedDetail>;

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

    /// The upload of an execution's `input`; `None` if the input is not the JSON of an upload's event.
    pub fn from_input(input: &str) -> Option<Self> {
        serde_json::from_str(input).ok().map(|event| Self::from_event(&event))
    }
}

/// The event that S3 sends, or should have sent, of an upload: what an execution is started with where no event starts it.
///
/// `at` is when the object came, epoch milliseconds; `reason` says who starts it, in place of S3's own `PutObject` and the like.
/// What only S3 knows, such as its request id, is left out.
pub fn object_created(upload: &Upload, size: u64, at: EpochMillis, reason: &str) -> Value {
    let time = OffsetDateTime::from_unix_timestamp_nanos(i128::from(at) * 1_000_000).unwrap_or(OffsetDateTime::UNIX_EPOCH);
    let object = Object { key: upload.key.clone(), size, etag: upload.etag.clone(), version_id: upload.version_id.clone() };
    json!({
        "version": "0",
        "detail-type": "Object Created",
        "source": "aws.s3",
        // RFC 3339 fails for years beyond 9999 only.
        "time": time.format(&Rfc3339).unwrap_or_default(),
        "resources": [format!("arn:aws:s3:::{}", upload.bucket)],
        "detail": {"version": "0", "bucket": Bucket { name: upload.bucket.clone() }, "object": object, "reason": reason},
    })
}

/// What an execution is started with that looks anew at an image that was rejected at `rejected_at`, its record's `FinishedAt`: with it, the
/// execution may take over the record of this one rejection, which no other event may.
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
    /// `FinishedAt` of the rejection that is to be looked at anew; S3 never sends it ([`reinspection_event`]).
    #[serde(default, rename = "rejected-at", skip_serializing_if = "Option::is_none")]
    pub rejected_at: Option<EpochMillis>,
}

/// A bucket in an event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bucket {
    /// Its name.
    pub name: String,
}

/// An object in an event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Object {
    /// The exact key, unencoded.
    pub key: String,
    /// Bytes.
    #[serde(default)]
    pub size: u64,
    /// The entity tag, with or without quotes.
    #[serde(default)]
    pub etag: String,
    /// The version, on a versioned bucket.
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
    /// The execution's input as JSON text; left out by Step Functions where it is large.
    #[serde(default)]
    pub input: Option<String>,
    /// The error's name.
    #[serde(default)]
    pub error: Option<String>,
    /// The error's cause, usually JSON text from Lambda.
    #[serde(default)]
    pub cause: Option<String>,
}

/// What a dead letter is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DeadLetter {
    /// An upload that started no execution.
    Upload {
        /// What was uploaded.
        upload: Upload,
    },
    /// An execution that ended badly, and whose record may not say so.
    Status {
        /// How it ended; its input is left out of large events.
        detail: Box<ExecutionStatusDetail>,
    },
    /// Something else, which nobody here knows how to make up for.
    Unknown {
        /// What makes it so: one sentence.
        reason: String,
    },
}

/// The statuses of which `record-failure` is told.
const ENDED_BADLY: [&str; 3] = ["FAILED", "TIMED_OUT", "ABORTED"];

impl DeadLetter {
    /// Reads the `body` of a message: EventBridge and Lambda both put the whole event there. `bucket` is the images bucket.
    pub fn read(body: &str, bucket: &str) -> Self {
        let unknown = |reason: &str| Self::Unknown { reason: reason.to_owned() };
        let Ok(json) = serde_json::from_str::<Value>(body) else { return unknown("it is no JSON") };
        match json.get("detail-type").and_then(Value::as_str) {
            Some("Object Created") => match serde_json::from_value::<ObjectCreated>(json) {
                Ok(event) => Self::of_upload(Upload::from_event(&event), bucket),
                Err(_) => unknown("it is no upload's event, although it says so"),
            },
            Some("Step Functions Execution Status Change") => match serde_json::from_value::<ExecutionStatusChanged>(json) {
                Ok(event) if ENDED_BADLY.contains(&event.detail.status.as_str()) => Self::Status { detail: Box::new(event.detail) },
                Ok(_) => unknown("the execution did not end badly"),
                Err(_) => unknown("it is no status event, although it says so"),
            },
            Some(other) => unknown(&format!("nothing is known about events of type {other}")),
            None => unknown("it is no event of EventBridge"),
        }
    }

    fn of_upload(upload: Upload, bucket: &str) -> Self {
        if upload.bucket != bucket {
            return Self::Unknown { reason: format!("the upload lies in another bucket: {}", upload.bucket) };
        }
        if !upload.key.starts_with(layout::UPLOADS) {
            return Self::Unknown { reason: format!("the object lies outside {}", layout::UPLOADS) };
        }
        Self::Upload { upload }
    }
}

/// The upload that an execution was started with, where its event or description tells.
pub fn upload_of(detail: &ExecutionStatusDetail) -> Option<Upload> {
    Upload::from_input(detail.input.as_deref()?)
}
