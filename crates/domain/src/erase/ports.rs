//! What erasing needs of the world beyond the ports of the steps.

use crate::{
    clock::EpochMillis,
    error::StorageError,
    label_index::RowKey,
    ports::{RecordFinder, Written},
    record::Record,
};
use serde::Serialize;
use std::future::Future;

/// A version of an object, or a marker that it was deleted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectVersion {
    /// Exact key.
    pub key: String,
    /// Its version.
    pub version_id: String,
    /// What it holds; a marker holds nothing.
    pub content: Option<Content>,
}

/// What S3 tells of the content of a version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Content {
    /// Entity tag without quotes.
    pub etag: String,
    /// Bytes.
    pub size: u64,
    /// `LastModified`, epoch milliseconds.
    pub last_modified: EpochMillis,
}

/// Versions of objects.
pub trait ObjectVersions: Sync {
    /// All versions and markers of all keys that begin with `prefix`.
    fn list_versions(&self, bucket: &str, prefix: &str) -> impl Future<Output = Result<Vec<ObjectVersion>, StorageError>> + Send;

    /// Deletes exactly these, for ever; those that are gone are no error.
    fn delete_versions(&self, bucket: &str, versions: &[ObjectVersion]) -> impl Future<Output = Result<(), StorageError>> + Send;
}

/// Records that were erased.
pub trait Tombstones: RecordFinder {
    /// All items of an image, the newest upload first, read consistently.
    ///
    /// There is one; more only where the image was erased and uploaded again, or where two uploads of it were claimed at once.
    fn items(&self, image_id: &str) -> impl Future<Output = Result<Vec<Record>, StorageError>> + Send;

    /// Ends the wait for late writes, if `tombstone` is still as it was read.
    fn close(&self, tombstone: &Record) -> impl Future<Output = Result<Written, StorageError>> + Send;
}

/// Makes tombstones of records.
pub trait RecordErasure: Tombstones {
    /// Marks `record` ERASED if its execution still owns it. From then on every other writer is refused; what was found in the image
    /// stays until [`RecordErasure::strip`], so that an erasure that was interrupted can go on.
    fn mark(&self, record: &Record, now: EpochMillis) -> impl Future<Output = Result<Written, StorageError>> + Send;

    /// Puts `marked`, which is ERASED, where the table has no such item: of an image whose record has expired.
    fn mark_unrecorded(&self, marked: &Record) -> impl Future<Output = Result<Written, StorageError>> + Send;

    /// Leaves nothing of `marked` but its tombstone.
    fn strip(&self, marked: &Record, now: EpochMillis) -> impl Future<Output = Result<Written, StorageError>> + Send;
}

/// Rows of the label index.
pub trait LabelRowRemoval: Sync {
    /// Those of `keys` that there are, read consistently.
    fn existing(&self, keys: &[RowKey]) -> impl Future<Output = Result<Vec<RowKey>, StorageError>> + Send;

    /// The keys of all rows of an image whose record, which says its terms, is gone. Reads the whole index.
    fn of_image(&self, image_id: &str) -> impl Future<Output = Result<Vec<RowKey>, StorageError>> + Send;

    /// Deletes rows; those that are gone are no error.
    fn remove(&self, keys: &[RowKey]) -> impl Future<Output = Result<(), StorageError>> + Send;
}

/// Whether an execution had to be stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Stopped {
    /// It was running.
    Stopped,
    /// It was over, or is not known any more.
    NotRunning,
}

/// Stops executions.
pub trait ExecutionStop: Sync {
    /// Stops an execution if it runs.
    fn stop(&self, execution_arn: &str) -> impl Future<Output = Result<Stopped, StorageError>> + Send;
}

/// The trends.
pub trait TallyRemoval: Sync {
    /// Takes what an image has counted off the trends again; gives whether it had counted anything.
    fn remove_tally(&self, image_id: &str) -> impl Future<Output = Result<bool, StorageError>> + Send;
}
