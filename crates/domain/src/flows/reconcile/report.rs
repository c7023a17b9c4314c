//! What a run of reconcile found and did.

use crate::model::error::StorageError;
use serde::Serialize;

/// What was done for one image, or would be done by a run that is not a dry run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ActionKind {
    /// An upload had no record: an execution was started for it.
    Started,
    /// The same, in a dry run.
    WouldStart,
    /// The execution of a record has ended: the record was marked FAILED.
    MarkedFailed,
    /// The same, in a dry run.
    WouldMarkFailed,
    /// Step Functions lost the execution of a record: a fresh one was started.
    Restarted,
    /// The same, in a dry run.
    WouldRestart,
    /// The execution had not received its decision: it was notified.
    Notified,
    /// The same, in a dry run.
    WouldNotify,
    /// Objects that were written late for an erased image were removed.
    RemovedLateWrites,
    /// Nothing can be written for an erased image any more: its tombstone was closed.
    ClosedTombstone,
    /// In a dry run: late writes of an erased image would be looked for.
    WouldLookForLateWrites,
    /// It could not be repaired; the reason says why.
    NotDone,
}

/// What was done for one image.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Action {
    /// What was done.
    pub action: ActionKind,
    /// The image.
    #[serde(rename = "ImageID")]
    pub image_id: String,
    /// Key of the upload, if the action concerns an upload.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// The execution that had ended or was notified.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub execution_arn: Option<String>,
    /// The execution that was started.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub new_execution_arn: Option<String>,
    /// The record's new `StatusReason`, or why nothing could be done.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

impl Action {
    pub(super) fn new(action: ActionKind, image_id: &str) -> Self {
        Self { action, image_id: image_id.to_owned(), key: None, execution_arn: None, new_execution_arn: None, reason: None }
    }
}

/// The review queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct ReviewQueue {
    /// Images that wait for a reviewer.
    pub length: usize,
    /// Seconds since the oldest open review was requested; 0 if none is open.
    pub age_seconds: i64,
}

/// The result of one run.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Report {
    /// Versions of uploads that were listed.
    pub versions_listed: usize,
    /// Listed versions whose records were looked up, because they are new enough.
    pub versions_looked_at: usize,
    /// Records of open work that were checked.
    pub records_looked_at: usize,
    /// Uploads without a record.
    pub orphans: usize,
    /// Records whose execution has ended or never existed.
    pub stuck_records: usize,
    /// Fresh executions in place of those that Step Functions lost.
    pub restarted: usize,
    /// Decisions that executions had not received.
    pub undelivered_decisions: usize,
    /// Checked and in order.
    pub untouched: usize,
    /// Could not be repaired.
    pub failed: usize,
    /// Whether this run checked everything; if not, the next one continues where it stopped.
    pub complete: bool,
    /// The review queue, if it could be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub review_queue: Option<ReviewQueue>,
    /// What was done, in order.
    pub actions: Vec<Action>,
    /// Whether an error ended a part of the run, and not only the repair of one image.
    #[serde(skip)]
    pub interrupted: bool,
    /// The first error.
    #[serde(skip)]
    pub error: Option<StorageError>,
}
