use crate::model::{
    analysis::{Question, StoredAnswer},
    clock::EpochMillis,
    error::StorageError,
    identity::ObjectRef,
};
use std::future::Future;

/// The values that the tag `status` of a handled original can have.
pub const TAGGED_STATUSES: [&str; 2] = ["analyzed", "rejected"];

/// Whether an object has its tag.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tagged {
    /// It has.
    Yes,
    /// The uploader has set as many tags as an object may have; they stay.
    NoRoom,
    /// The object is gone.
    Gone,
}

/// A version of an object, or a delete marker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectVersion {
    /// Exact key.
    pub key: String,
    /// Version id.
    pub version_id: String,
    /// The content; `None` for a delete marker.
    pub content: Option<Content>,
}

/// Facts about the content of a version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Content {
    /// Entity tag without quotes.
    pub etag: String,
    /// Bytes.
    pub size: u64,
    /// `LastModified`, epoch milliseconds.
    pub last_modified: EpochMillis,
}

/// The objects of the images bucket.
///
/// # Errors
///
/// Every method returns [`StorageError`] if S3 does not answer or refuses the request.
pub trait Objects: Sync {
    /// The content of an object; `None` if it does not exist.
    fn read(&self, object: ObjectRef<'_>) -> impl Future<Output = Result<Option<Vec<u8>>, StorageError>> + Send;

    /// The lower-case hex SHA-256 of an object, computed without holding its whole content; `None` if it does not exist.
    fn sha256(&self, object: ObjectRef<'_>) -> impl Future<Output = Result<Option<String>, StorageError>> + Send;

    /// Writes a JPEG.
    fn write_jpeg(&self, bucket: &str, key: &str, jpeg: Vec<u8>) -> impl Future<Output = Result<(), StorageError>> + Send;

    /// Writes a JSON document.
    fn write_json(&self, bucket: &str, key: &str, json: Vec<u8>) -> impl Future<Output = Result<(), StorageError>> + Send;

    /// A whole Rekognition answer with the question it answers; `None` if none is stored at `key`.
    fn read_answer(&self, bucket: &str, key: &str) -> impl Future<Output = Result<Option<StoredAnswer>, StorageError>> + Send;

    /// Stores a whole Rekognition answer with the question it answers.
    fn write_answer(
        &self,
        bucket: &str,
        key: &str,
        json: Vec<u8>,
        question: &Question,
    ) -> impl Future<Output = Result<(), StorageError>> + Send;

    /// Copies `from` to the key `to` of the same bucket; does nothing if `from` does not exist.
    fn copy(&self, from: ObjectRef<'_>, to: &str) -> impl Future<Output = Result<(), StorageError>> + Send;

    /// Deletes an object; does nothing if it does not exist.
    fn delete(&self, object: ObjectRef<'_>) -> impl Future<Output = Result<(), StorageError>> + Send;

    /// Sets the tag `status` of an object to one of [`TAGGED_STATUSES`]; its other tags stay.
    fn tag_status(&self, object: ObjectRef<'_>, status: &str) -> impl Future<Output = Result<Tagged, StorageError>> + Send;

    /// All versions and delete markers of all keys that begin with `prefix`.
    fn list_versions(&self, bucket: &str, prefix: &str) -> impl Future<Output = Result<Vec<ObjectVersion>, StorageError>> + Send;

    /// Deletes exactly these versions permanently. Versions that do not exist are not an error.
    fn delete_versions(&self, bucket: &str, versions: &[ObjectVersion]) -> impl Future<Output = Result<(), StorageError>> + Send;
}
