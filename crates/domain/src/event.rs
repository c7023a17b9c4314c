//! The EventBridge events that we receive.
//!
//! Shapes: S3 user guide, "Amazon S3 event message structure in EventBridge"; Step Functions guide, "Step Functions event payloads".
//! Keys come unencoded. `version-id` is absent on unversioned buckets, and on the local AWS.

use crate::{clock::EpochMillis, identity::Upload};
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
pub fn look_anew(upload: &Upload, size: u64, at: EpochMillis, rejected_at: EpochMillis) -> Value {
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
    /// `FinishedAt` of the rejection that is to be looked at anew; S3 never sends it ([`look_anew`]).
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
