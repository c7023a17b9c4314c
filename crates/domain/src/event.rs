//! The EventBridge events that we receive.
//!
//! Shapes: S3 user guide, "Amazon S3 event message structure in EventBridge"; Step Functions guide, "Step Functions event payloads".
//! Keys come unencoded. `version-id` is absent on unversioned buckets, and on the local AWS.

use crate::clock::EpochMillis;
use serde::{Deserialize, Serialize};
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

/// Detail of S3 "Object Created".
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ObjectCreatedDetail {
    /// The bucket.
    pub bucket: Bucket,
    /// The object.
    pub object: Object,
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
