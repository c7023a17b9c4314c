use super::Page;
use crate::model::{
    clock::EpochMillis,
    error::StorageError,
    identity::{Upload, is_folder_marker},
};
use serde::{Deserialize, Serialize};
use std::future::Future;

/// Facts of an upload, without its content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UploadFacts {
    /// The version that the event refers to, on a versioned bucket.
    pub version_id: Option<String>,
    /// Bytes.
    pub size: u64,
    /// `LastModified`, epoch milliseconds.
    pub last_modified: EpochMillis,
    /// The file's name from its metadata `filename`: percent-encoded.
    pub name: Option<String>,
}

/// An upload as it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FetchedUpload {
    /// Its facts.
    pub facts: UploadFacts,
    /// Its content; empty if it is larger than the caller accepts.
    pub bytes: Vec<u8>,
}

/// One version of one upload, from a listing.
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
    /// The position directly after it.
    pub fn position(&self) -> VersionPosition {
        VersionPosition { key: self.upload.key.clone(), version_id: self.upload.version_id.clone() }
    }

    /// Whether it is a folder marker, which is not an upload.
    pub fn is_folder_marker(&self) -> bool {
        is_folder_marker(&self.upload.key, self.size)
    }
}

/// A position in the listing of all versions: directly after this one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct VersionPosition {
    /// Its key.
    pub key: String,
    /// Its version; `None`: after all versions of the key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version_id: Option<String>,
}

/// The uploads: the versions below `raw-uploads/`.
///
/// # Errors
///
/// Every method returns [`StorageError`] if S3 cannot be read.
pub trait Uploads: Sync {
    /// The facts of exactly the version that `upload` refers to; `None` if it is gone.
    fn find(&self, upload: &Upload) -> impl Future<Output = Result<Option<UploadFacts>, StorageError>> + Send;

    /// The facts and the content of exactly the version that `upload` refers to, in one call; `None` if it is gone. Content of more than
    /// `max_bytes` is not read.
    fn fetch(&self, upload: &Upload, max_bytes: u64) -> impl Future<Output = Result<Option<FetchedUpload>, StorageError>> + Send;

    /// `LastModified` of the oldest version after `after` (`None`: of all versions) of all keys that name the upload's image
    /// ([`Upload::shares_image_with`]), epoch milliseconds; `None` if there is none.
    fn first_uploaded(
        &self,
        upload: &Upload,
        after: Option<EpochMillis>,
    ) -> impl Future<Output = Result<Option<EpochMillis>, StorageError>> + Send;

    /// A page of all versions, by key, the newest of each key first, without delete markers.
    fn versions(
        &self,
        bucket: &str,
        after: Option<&VersionPosition>,
    ) -> impl Future<Output = Result<Page<UploadVersion, VersionPosition>, StorageError>> + Send;

    /// The tag `status` of an upload: `analyzed` or `rejected` once it was handled.
    fn status(&self, upload: &Upload) -> impl Future<Output = Result<Option<String>, StorageError>> + Send;
}
