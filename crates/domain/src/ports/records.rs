use crate::{
    model::{clock::EpochMillis, error::StorageError, findings::Flag, record::Record},
    rules::label_index::LabelRow,
};
use secrecy::SecretString;
use std::future::Future;

/// Whether a conditional write succeeded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Written {
    /// It did, now or in an earlier attempt of the same execution.
    Yes,
    /// Another execution holds the record, or is in a state that forbids the write.
    Refused,
}

/// A request for a review.
#[derive(Debug)]
pub struct ReviewRequest<'a> {
    /// The image's id.
    pub image_id: &'a str,
    /// Sort key of the record.
    pub upload_timestamp: EpochMillis,
    /// The execution that waits.
    pub execution_arn: &'a str,
    /// Its task token: a secret.
    pub task_token: &'a SecretString,
    /// The flags that the moderation policy acted on.
    pub flags: &'a [Flag],
    /// Now, epoch milliseconds.
    pub requested_at: EpochMillis,
    /// The last moment at which a decision is accepted, epoch milliseconds.
    pub deadline: EpochMillis,
}

/// The table `ImageMetadataStore`. Every write is conditional.
///
/// # Errors
///
/// Every method returns [`StorageError`] if DynamoDB does not answer, or refuses the request for a reason other than its condition.
pub trait Records: Sync {
    /// The record of an image, read consistently: its newest item.
    fn find(&self, image_id: &str) -> impl Future<Output = Result<Option<Record>, StorageError>> + Send;

    /// All items of an image, the newest upload first, read consistently.
    ///
    /// There is one, unless the image was erased and uploaded again, or two uploads of it were claimed at the same time.
    fn items(&self, image_id: &str) -> impl Future<Output = Result<Vec<Record>, StorageError>> + Send;

    /// Claims an image for an execution: writes `record` if there is none, or takes over a FAILED record that re-running can repair.
    fn claim(&self, record: &Record) -> impl Future<Output = Result<Written, StorageError>> + Send;

    /// Takes over the record of an image that was rejected at exactly `rejected_at`, its `FinishedAt`, to inspect the image again.
    fn claim_rejected(&self, record: &Record, rejected_at: EpochMillis) -> impl Future<Output = Result<Written, StorageError>> + Send;

    /// Writes the FAILED `record` if there is none, or if the existing one is held by the same execution, is not COMPLETED, and no review
    /// was requested since it was read. Review and overlay stay as they are.
    fn fail(&self, record: &Record) -> impl Future<Output = Result<Written, StorageError>> + Send;

    /// Writes the COMPLETED `record` and its `rows` of the label index in one transaction, if its execution still holds it and its owner has
    /// not edited it since it was read.
    fn complete(&self, record: &Record, rows: &[LabelRow]) -> impl Future<Output = Result<Written, StorageError>> + Send;

    /// Puts the image into the review queue, if its execution still holds the record and no later attempt has requested the review already:
    /// only the newest task token is valid.
    fn request_review(&self, request: &ReviewRequest<'_>) -> impl Future<Output = Result<Written, StorageError>> + Send;

    /// Marks `record` ERASED if its execution still holds it. From then on every other writer is refused. The findings stay until
    /// [`Records::strip`], so that an interrupted erasure can resume.
    fn mark_erased(&self, record: &Record, now: EpochMillis) -> impl Future<Output = Result<Written, StorageError>> + Send;

    /// Writes `marked`, which is ERASED, for an image whose record has expired, if the table has no such item.
    fn mark_unrecorded_erased(&self, marked: &Record) -> impl Future<Output = Result<Written, StorageError>> + Send;

    /// Replaces `marked`, which is ERASED, by its tombstone.
    fn strip(&self, marked: &Record, now: EpochMillis) -> impl Future<Output = Result<Written, StorageError>> + Send;

    /// Ends the wait for late writes, if `tombstone` is still as it was read.
    fn close_tombstone(&self, tombstone: &Record) -> impl Future<Output = Result<Written, StorageError>> + Send;
}
