use crate::model::{clock::EpochMillis, error::StorageError, identity::ObjectRef};
use std::{collections::BTreeMap, future::Future};

/// An upload that somebody without credentials may make once or several times.
#[derive(Debug, Clone, Copy)]
pub struct UploadGrant<'a> {
    /// Bucket.
    pub bucket: &'a str,
    /// Exact key.
    pub key: &'a str,
    /// `Content-Type`.
    pub content_type: &'a str,
    /// Bytes.
    pub size: u64,
    /// The lower-case hex SHA-256 of the content.
    pub sha256: &'a str,
    /// The metadata `filename`, encoded ([`crate::model::image_name::metadata`]).
    pub name: &'a str,
    /// Whether it is refused if the key exists, so that the link works once.
    pub only_if_new: bool,
    /// How long the link is valid, milliseconds.
    pub valid: EpochMillis,
}

/// A request that its signature allows.
#[derive(Clone, PartialEq, Eq)]
pub struct SignedRequest {
    /// The URL: a secret until it expires.
    pub url: String,
    /// Headers that the client has to send; all are part of the signature. Without `Host` and `Content-Length`, which every client sends.
    pub headers: BTreeMap<String, String>,
}

/// Links to objects for people without credentials.
///
/// # Errors
///
/// Every method returns [`StorageError`] if the link cannot be signed.
pub trait Links: Sync {
    /// A link to upload exactly this content with a PUT request.
    fn upload_link(&self, grant: &UploadGrant<'_>) -> impl Future<Output = Result<SignedRequest, StorageError>> + Send;

    /// A link to download an object under the file name `name`.
    fn download_link(
        &self,
        object: ObjectRef<'_>,
        name: &str,
        valid: EpochMillis,
    ) -> impl Future<Output = Result<String, StorageError>> + Send;
}
