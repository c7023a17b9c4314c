//! S3: the objects of the images bucket, the uploads, and the sources of imports.

mod absence;
mod import_source;
mod listing;
mod objects;
mod uploads;

pub use listing::ObjectsPage;

use crate::classify::storage;
use aws_sdk_s3::{Client, error::SdkError, primitives::DateTime};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use sightline_domain::model::{error::StorageError, identity::ObjectRef, image_name, percent::encode};
use std::collections::HashMap;

/// User-defined metadata of an object.
type Metadata = HashMap<String, String>;

/// Objects of the images bucket.
#[derive(Debug, Clone)]
pub struct S3 {
    client: Client,
}

impl S3 {
    /// Over an SDK client.
    pub fn new(client: Client) -> Self {
        Self { client }
    }

    /// Hands the object's bytes to `take`, piece by piece as they come, each with the size that S3 announced. Gives the object's metadata, or
    /// `None` where it is gone.
    async fn stream(
        &self,
        object: ObjectRef<'_>,
        doing: &'static str,
        mut take: impl FnMut(u64, &[u8]) + Send,
    ) -> Result<Option<Metadata>, StorageError> {
        let request = self.client.get_object().bucket(object.bucket).key(object.key).set_version_id(object.version_id.map(str::to_owned));
        let Some(mut answer) = self.found_or_absent(doing, object, request.send().await).await? else { return Ok(None) };
        let announced = size(answer.content_length);
        let broken = |source: aws_sdk_s3::primitives::ByteStreamError| StorageError::Unavailable { doing, source: source.into() };
        while let Some(piece) = answer.body.try_next().await.map_err(broken)? {
            take(announced, &piece);
        }
        Ok(Some(answer.metadata.unwrap_or_default()))
    }

    /// The whole object, and its metadata. It is held once: a function of 128 MB has no room for a body of 50 MB and a copy of it.
    async fn read_with_metadata(&self, object: ObjectRef<'_>, doing: &'static str) -> Result<Option<(Vec<u8>, Metadata)>, StorageError> {
        let mut bytes = Vec::new();
        let take = |announced: u64, piece: &[u8]| {
            if bytes.is_empty() {
                bytes.reserve_exact(usize::try_from(announced.min(MOST_RESERVED)).unwrap_or_default());
            }
            bytes.extend_from_slice(piece);
        };
        let read = self.stream(object, doing, take).await?;
        Ok(read.map(|metadata| (bytes, metadata)))
    }
}

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

/// The header `x-amz-copy-source`, which the SDK sends as it is.
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

/// Room that is reserved at once for a body, whatever S3 announces, bytes: more than the largest `maxBytes`.
const MOST_RESERVED: u64 = 64 << 20;

/// What S3 calls the version of an object on a bucket without versions.
const NO_VERSION: &str = "null";
