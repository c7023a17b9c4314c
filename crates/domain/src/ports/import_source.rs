use crate::model::identity::ObjectRef;
use crate::model::{clock::EpochMillis, error::ImportError, identity::Upload, import::ListedObject};
use std::future::Future;

/// Facts of an object, without its content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectFacts {
    /// Entity tag without quotes.
    pub etag: String,
    /// Version, on a versioned bucket.
    pub version_id: Option<String>,
    /// Bytes.
    pub size: u64,
    /// `LastModified`, epoch milliseconds.
    pub last_modified: EpochMillis,
    /// Its `Content-Type`.
    pub content_type: Option<String>,
    /// The file's name from its metadata `filename`: percent-encoded.
    pub name: Option<String>,
}

impl ObjectFacts {
    /// The upload with these facts at `key`.
    pub fn upload(&self, bucket: &str, key: &str) -> Upload {
        Upload { bucket: bucket.to_owned(), key: key.to_owned(), version_id: self.version_id.clone(), etag: self.etag.clone() }
    }
}

/// Objects of any bucket, as the source of an import.
pub trait ImportSource: Sync {
    /// The facts of an object; `None` if it does not exist.
    ///
    /// # Errors
    ///
    /// [`ImportError`] if S3 denies access or does not answer.
    fn facts(&self, object: ObjectRef<'_>) -> impl Future<Output = Result<Option<ObjectFacts>, ImportError>> + Send;

    /// Copies `source`, which has these `facts`, to `key` of `bucket`, and stores in the copy's metadata where it comes from.
    ///
    /// # Errors
    ///
    /// [`ImportError`] if the source has changed or is gone, or if S3 denies access or does not answer.
    fn copy_here(
        &self,
        source: &ListedObject,
        facts: &ObjectFacts,
        bucket: &str,
        key: &str,
    ) -> impl Future<Output = Result<Upload, ImportError>> + Send;
}
