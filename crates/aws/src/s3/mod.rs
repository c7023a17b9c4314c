//! S3: the objects of the images bucket, the uploads, and the sources of imports.

mod absence;
mod import_source;
mod links;
mod listing;
mod objects;
mod uploads;

pub use listing::ObjectsPage;

use crate::classify::storage;
use aws_sdk_s3::{
    Client,
    error::SdkError,
    operation::get_object::GetObjectOutput,
    primitives::{ByteStreamError, DateTime},
};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use sightline_domain::model::{ObjectRef, StorageError, image_name, percent::encode};
use std::collections::HashMap;

/// User-defined metadata of an object.
type Metadata = HashMap<String, String>;

/// Objects in S3.
#[derive(Debug, Clone)]
pub struct S3 {
    client: Client,
}

impl S3 {
    /// S3 over an SDK client.
    pub fn new(client: Client) -> Self {
        Self { client }
    }

    /// The response to `GetObject`, with its body unread; `None` if the object does not exist.
    async fn get(&self, object: ObjectRef<'_>, doing: &'static str) -> Result<Option<GetObjectOutput>, StorageError> {
        let request = self.client.get_object().bucket(object.bucket).key(object.key).set_version_id(object.version_id.map(str::to_owned));
        self.found_or_absent(doing, object, request.send().await).await
    }

    /// The whole content of the object, and its metadata.
    async fn read_with_metadata(&self, object: ObjectRef<'_>, doing: &'static str) -> Result<Option<(Vec<u8>, Metadata)>, StorageError> {
        let Some(mut answer) = self.get(object, doing).await? else { return Ok(None) };
        let bytes = collect_body(&mut answer, doing).await?;
        Ok(Some((bytes, answer.metadata.unwrap_or_default())))
    }
}

/// Passes the body of a response to `take`, piece by piece.
async fn read_body(answer: &mut GetObjectOutput, doing: &'static str, mut take: impl FnMut(&[u8]) + Send) -> Result<(), StorageError> {
    let broken = |source: ByteStreamError| StorageError::Unavailable { doing, source: source.into() };
    while let Some(piece) = answer.body.try_next().await.map_err(broken)? {
        take(&piece);
    }
    Ok(())
}

/// The whole body of a response. It is in memory only once: a function with 128 MB cannot hold 50 MB twice.
async fn collect_body(answer: &mut GetObjectOutput, doing: &'static str) -> Result<Vec<u8>, StorageError> {
    let mut bytes = Vec::new();
    bytes.reserve_exact(usize::try_from(size(answer.content_length).min(MAX_RESERVED)).unwrap_or_default());
    read_body(answer, doing, |piece| bytes.extend_from_slice(piece)).await?;
    Ok(bytes)
}

/// The response; `None` if the object does not exist.
fn found<T, E>(doing: &'static str, sent: Result<T, SdkError<E, HttpResponse>>) -> Result<Option<T>, StorageError>
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
{
    match sent.map_err(|error| storage(doing, error)) {
        Ok(answer) => Ok(Some(answer)),
        Err(StorageError::NotFound { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

/// The header `x-amz-copy-source`. The SDK does not encode it.
fn copy_source(from: &ObjectRef<'_>) -> String {
    let version = from.version_id.map(|version| format!("?versionId={}", encode(version))).unwrap_or_default();
    format!("{}/{}{version}", from.bucket, encode(from.key))
}

/// The metadata `filename` of an object.
fn file_name(metadata: Option<&HashMap<String, String>>) -> Option<String> {
    metadata.and_then(|metadata| metadata.get(image_name::METADATA)).cloned()
}

fn size(bytes: Option<i64>) -> u64 {
    bytes.and_then(|bytes| u64::try_from(bytes).ok()).unwrap_or_default()
}

fn millis(at: Option<DateTime>) -> i64 {
    at.and_then(|at| at.to_millis().ok()).unwrap_or_default()
}

/// Maximum memory in bytes that is reserved for a body in advance: more than the largest `maxBytes`.
const MAX_RESERVED: u64 = 64 << 20;

/// S3's version id for objects that were uploaded while the bucket had no versioning.
const NO_VERSION: &str = "null";
