//! What reconciling needs of the world beyond the ports of the steps.

use crate::{
    clock::EpochMillis,
    error::StorageError,
    identity::{Upload, is_folder_marker},
    record::{ProcessingStatus, WorkQueue},
    review::{ReviewOutcome, ReviewStatus},
};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use std::future::Future;

/// One page of a listing.
#[derive(Debug, Clone)]
pub struct Page<T, P> {
    /// What is on it, in order.
    pub items: Vec<T>,
    /// What is on it and cannot be read: one odd item must not hide the others.
    pub unreadable: Vec<Unreadable>,
    /// Where the next page begins; `None` on the last one.
    pub next: Option<P>,
}

/// An item that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unreadable {
    /// The image, or empty where not even that can be read.
    pub image_id: String,
}

/// One version of one upload, as a listing shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UploadVersion {
    /// Bucket, key, version, entity tag.
    pub upload: Upload,
    /// Bytes.
    pub size: u64,
    /// `LastModified`, epoch milliseconds: when the upload began.
    pub last_modified: EpochMillis,
}

impl UploadVersion {
    /// The place right behind it.
    pub fn place(&self) -> VersionPlace {
        VersionPlace { key: self.upload.key.clone(), version_id: self.upload.version_id.clone() }
    }

    /// Whether it stands for a folder, and is not an upload.
    pub fn is_folder_marker(&self) -> bool {
        is_folder_marker(&self.upload.key, self.size)
    }
}

/// A place in the listing of all versions: right behind this one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct VersionPlace {
    /// Its key.
    pub key: String,
    /// Its version; `None` = behind all versions of the key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version_id: Option<String>,
}

/// Lists uploads.
pub trait UploadVersions: Sync {
    /// A page of the versions below `raw-uploads/`, by key, the newest of each first; delete markers are left out.
    fn versions(
        &self,
        bucket: &str,
        after: Option<&VersionPlace>,
    ) -> impl Future<Output = Result<Page<UploadVersion, VersionPlace>, StorageError>> + Send;

    /// The tag `status` of an upload: `analyzed` or `rejected` where it was dealt with.
    fn status(&self, upload: &Upload) -> impl Future<Output = Result<Option<String>, StorageError>> + Send;
}

/// An image in a work queue, as the index shows it: a moment late.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct QueuedImage {
    /// The image.
    #[serde(rename = "ImageID")]
    pub image_id: String,
    /// Second half of the record's key.
    pub upload_timestamp: EpochMillis,
    /// The execution that owns the record; empty once it is ERASED.
    #[serde(default)]
    pub execution_arn: String,
    /// Its status.
    pub processing_status: ProcessingStatus,
    /// Where it stands with its reviewers.
    #[serde(default)]
    pub review_status: ReviewStatus,
}

/// A place in a work queue: right behind this image.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct QueuePlace {
    /// The image.
    #[serde(rename = "ImageID")]
    pub image_id: String,
    /// Second half of its key.
    pub upload_timestamp: EpochMillis,
}

/// How many images wait for a reviewer.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ReviewQueueState {
    /// So many.
    pub length: usize,
    /// When the oldest open request was made, epoch milliseconds; `None` where none waits.
    pub oldest_request: Option<EpochMillis>,
}

/// A decision whose execution may not have heard of it.
#[derive(Debug)]
pub struct SavedDecision {
    /// The task token that the execution waits with.
    pub token: SecretString,
    /// What was decided.
    pub outcome: ReviewOutcome,
}

/// The work queues.
pub trait WorkQueues: Sync {
    /// A page of a queue, the oldest upload first.
    fn page(
        &self,
        queue: WorkQueue,
        after: Option<&QueuePlace>,
    ) -> impl Future<Output = Result<Page<QueuedImage, QueuePlace>, StorageError>> + Send;

    /// What waits for reviewers.
    fn review_queue(&self) -> impl Future<Output = Result<ReviewQueueState, StorageError>> + Send;

    /// The decision in exactly this item, where it is not done, with the token to tell it by; `None` where there is none to be told.
    fn saved_decision(&self, image: &QueuedImage) -> impl Future<Output = Result<Option<SavedDecision>, StorageError>> + Send;
}

/// How an execution stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ExecutionState {
    /// At work, waiting, or about to go on.
    Running,
    /// It ended well.
    Succeeded {
        /// Epoch milliseconds.
        stopped_at: Option<EpochMillis>,
    },
    /// It ended badly.
    Failed {
        /// FAILED, `TIMED_OUT` or ABORTED.
        status: String,
        /// The error's name.
        error: Option<String>,
        /// What it said.
        cause: Option<String>,
        /// Epoch milliseconds.
        stopped_at: Option<EpochMillis>,
    },
}

/// An execution.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExecutionFacts {
    /// How it stands.
    pub state: ExecutionState,
    /// What it was started with.
    pub input: Option<String>,
}

/// Looks executions up, and starts them.
pub trait Executions: Sync {
    /// The facts of an execution, or `None` where the engine knows none of this ARN.
    fn look(&self, execution_arn: &str) -> impl Future<Output = Result<Option<ExecutionFacts>, StorageError>> + Send;

    /// Starts one with `input`, an upload's event; gives its ARN.
    fn start(&self, input: &str) -> impl Future<Output = Result<String, StorageError>> + Send;
}
