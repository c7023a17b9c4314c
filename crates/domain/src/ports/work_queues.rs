use super::{Page, RecordKey};
use crate::model::{
    clock::EpochMillis,
    error::StorageError,
    record::{ProcessingStatus, WorkQueue},
    review::{ReviewOutcome, ReviewStatus},
};
use secrecy::SecretString;
use serde::Deserialize;
use std::future::Future;

/// An image in a work queue, from the index, which is eventually consistent.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct QueuedImage {
    /// The image.
    #[serde(rename = "ImageID")]
    pub image_id: String,
    /// Sort key of the record.
    pub upload_timestamp: EpochMillis,
    /// The execution that holds the record; empty once it is ERASED.
    #[serde(default)]
    pub execution_arn: String,
    /// Its status.
    pub processing_status: ProcessingStatus,
    /// Its review status.
    #[serde(default)]
    pub review_status: ReviewStatus,
}

/// An item that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unreadable {
    /// The image; empty if not even its id can be read.
    pub image_id: String,
}

/// The number of images that wait for a reviewer.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ReviewQueueState {
    /// Open reviews.
    pub length: usize,
    /// When the oldest open review was requested, epoch milliseconds; `None` if none is open.
    pub oldest_request: Option<EpochMillis>,
}

/// A decision that its execution may not have received.
#[derive(Debug)]
pub struct SavedDecision {
    /// The task token that the execution waits with.
    pub token: SecretString,
    /// The decision.
    pub outcome: ReviewOutcome,
}

/// The work queues of the records.
///
/// # Errors
///
/// Every method returns [`StorageError`] if DynamoDB cannot be read.
pub trait WorkQueues: Sync {
    /// A page of a queue, the oldest upload first.
    fn queued(
        &self,
        queue: WorkQueue,
        after: Option<&RecordKey>,
    ) -> impl Future<Output = Result<Page<QueuedImage, RecordKey>, StorageError>> + Send;

    /// The length and age of the review queue.
    fn review_queue(&self) -> impl Future<Output = Result<ReviewQueueState, StorageError>> + Send;

    /// The decision in exactly this item, with its task token; `None` if the item is COMPLETED or holds no decision.
    fn saved_decision(&self, image: &QueuedImage) -> impl Future<Output = Result<Option<SavedDecision>, StorageError>> + Send;
}
