//! What reconciling found and did.

use crate::error::StorageError;
use serde::Serialize;

/// What was done about one image, or would be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Did {
    /// An upload without a record: an execution was started for it.
    Started,
    /// The same, in a dry run.
    WouldStart,
    /// A record whose execution is over: marked FAILED.
    MarkedFailed,
    /// The same, in a dry run.
    WouldMarkFailed,
    /// A record whose execution the engine lost: a fresh one was started.
    Restarted,
    /// The same, in a dry run.
    WouldRestart,
    /// A decision that its execution had not heard of: told again.
    Told,
    /// The same, in a dry run.
    WouldTell,
    /// What was written late for an erased image: removed.
    RemovedLateWrites,
    /// An erased image for which nothing can be written any more: its tombstone was closed.
    ClosedTombstone,
    /// An erased image would be looked at once more.
    WouldLookForLateWrites,
    /// It could not be put right; the reason says why.
    NotDone,
}

/// One image that was put right.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Action {
    /// What was done.
    pub action: Did,
    /// The image.
    #[serde(rename = "ImageID")]
    pub image_id: String,
    /// Its key, where the upload was looked at.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// The execution that was over, or that was told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub execution_arn: Option<String>,
    /// The execution that was started.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub new_execution_arn: Option<String>,
    /// The record's new `StatusReason`, or why nothing could be done.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// The review queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct ReviewQueue {
    /// Images that wait for a reviewer.
    pub length: usize,
    /// Seconds since the oldest open request was made; 0 where none waits.
    pub age_seconds: i64,
}

/// What one run came to.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Report {
    /// Versions of uploads that were listed.
    pub versions_listed: usize,
    /// Of them, those that were new enough to look for their records.
    pub versions_looked_at: usize,
    /// Records of open work that were looked at.
    pub records_looked_at: usize,
    /// Uploads without a record.
    pub orphans: usize,
    /// Records whose execution was over or never was.
    pub stranded: usize,
    /// Fresh executions of what the engine had lost.
    pub restarted: usize,
    /// Decisions that were told again.
    pub untold: usize,
    /// Looked at, and well.
    pub untouched: usize,
    /// Could not be put right.
    pub failed: usize,
    /// Whether this run came to the end of everything; the next one goes on where this one stopped.
    pub complete: bool,
    /// What waits for reviewers, where that could be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub review_queue: Option<ReviewQueue>,
    /// What was done, in order.
    pub actions: Vec<Action>,
    /// Whether a trouble ended a part of the run, and not only kept one image from being put right.
    #[serde(skip)]
    pub interrupted: bool,
    /// The first thing that went wrong.
    #[serde(skip)]
    pub error: Option<StorageError>,
}
