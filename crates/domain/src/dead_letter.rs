//! Events that could not be delivered: what each is, and what is still to be done about it.

use crate::{
    event::{ExecutionStatusChanged, ExecutionStatusDetail, ObjectCreated},
    identity::Upload,
    layout,
};
use serde_json::Value;

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
