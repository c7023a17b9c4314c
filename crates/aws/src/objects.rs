//! S3 behind the ports for uploads, copies, archive and results.

use crate::classify::storage;
use aws_sdk_s3::{
    Client,
    error::SdkError,
    operation::head_object::HeadObjectOutput,
    primitives::{ByteStream, DateTime},
    types::{ObjectVersion, Tag, Tagging},
};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use sightline_domain::{
    analysis::{Question, StoredAnswer},
    clock::EpochMillis,
    content::ContentHash,
    error::StorageError,
    identity::Upload,
    image_name,
    percent::encode,
    ports::{ImageArchive, ImageStore, ObjectRef, ResultStore, StoredResult, Tagged, UploadFacts, UploadLookup},
};
use std::collections::HashMap;

/// User-defined metadata of an object.
type Metadata = HashMap<String, String>;

/// Name of the metadata that holds the question of a stored answer: `x-amz-meta-question`.
const QUESTION: &str = "question";

/// The tag in which we note how an original was dealt with.
pub(crate) const STATUS_TAG: &str = "status";
/// Tags that an object may have (S3 user guide, "Categorizing your objects using tags").
const MOST_TAGS: usize = 10;
/// Room that is reserved at once for a body, whatever S3 announces, bytes: more than the largest `maxBytes`.
const MOST_RESERVED: u64 = 64 << 20;

/// Objects of the images bucket.
#[derive(Debug, Clone)]
pub struct Objects {
    pub(crate) client: Client,
}

impl Objects {
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

    async fn read(&self, object: ObjectRef<'_>, doing: &'static str) -> Result<Option<Vec<u8>>, StorageError> {
        Ok(self.read_with_metadata(object, doing).await?.map(|(bytes, _)| bytes))
    }

    /// The version whose entity tag the event names, for events without a version on a versioned bucket.
    async fn version_by_etag(&self, upload: &Upload) -> Result<Option<ObjectVersion>, StorageError> {
        let versions = self.versions(upload, &upload.key, |key| key == upload.key).await?;
        Ok(versions.into_iter().find(|version| same_etag(version.e_tag(), &upload.etag)))
    }

    /// The facts of a version that was listed. A listing has no metadata, so S3 is asked for the version itself.
    async fn facts_of_version(&self, upload: &Upload, version: ObjectVersion) -> Result<Option<UploadFacts>, StorageError> {
        let request = self.client.head_object().bucket(&upload.bucket).key(&upload.key).set_version_id(version.version_id.clone());
        let object = ObjectRef { bucket: &upload.bucket, key: &upload.key, version_id: version.version_id.as_deref() };
        let head = self.found_or_absent("looking the object's version up", object, request.send().await).await?;
        Ok(head.map(|head| UploadFacts { version_id: version.version_id.clone(), ..facts_of_head(head, upload) }))
    }

    /// All versions of the keys that begin with `prefix` and are `wanted`, by key, the newest of each first. A key comes before all keys
    /// that begin with it, so the listing of one key ends at the first page that leaves it.
    async fn versions(&self, upload: &Upload, prefix: &str, wanted: impl Fn(&str) -> bool) -> Result<Vec<ObjectVersion>, StorageError> {
        let (mut versions, mut after) = (Vec::new(), None);
        loop {
            let page = self.list_versions_page(&upload.bucket, prefix, after.as_ref()).await?;
            versions.extend(page.versions.into_iter().filter(|version| version.key().is_some_and(&wanted)));
            after = page.next.filter(|next| wanted(&next.key));
            if after.is_none() {
                return Ok(versions);
            }
        }
    }

    /// The tags of an object; `None` where it is gone.
    pub(crate) async fn tags(&self, object: &ObjectRef<'_>) -> Result<Option<Vec<Tag>>, StorageError> {
        let request = self.client.get_object_tagging().bucket(object.bucket).key(object.key);
        let sent = request.set_version_id(object.version_id.map(str::to_owned)).send().await;
        Ok(self.found_or_absent("reading the original's tags", object.clone(), sent).await?.map(|tagging| tagging.tag_set))
    }
}

impl UploadLookup for Objects {
    async fn look_up(&self, upload: &Upload) -> Result<Option<UploadFacts>, StorageError> {
        let request = self.client.head_object().bucket(&upload.bucket).key(&upload.key).set_version_id(upload.version_id.clone());
        let object = ObjectRef { bucket: &upload.bucket, key: &upload.key, version_id: upload.version_id.as_deref() };
        let current = self.found_or_absent("looking the object up", object, request.send().await).await?;
        match current {
            Some(head) if upload.version_id.is_some() || upload.etag.is_empty() || same_etag(head.e_tag(), &upload.etag) => {
                Ok(Some(facts_of_head(head, upload)))
            }
            None if upload.version_id.is_some() => Ok(None),
            _ => match self.version_by_etag(upload).await? {
                Some(version) => self.facts_of_version(upload, version).await,
                None => Ok(None),
            },
        }
    }

    async fn first_uploaded(&self, upload: &Upload, after: Option<EpochMillis>) -> Result<Option<EpochMillis>, StorageError> {
        let prefix = upload.image_prefix().unwrap_or(&upload.key);
        let versions = self.versions(upload, prefix, |key| upload.shares_image_with(key)).await?;
        let moments = versions.into_iter().map(|version| millis(version.last_modified));
        Ok(moments.filter(|at| after.is_none_or(|after| *at > after)).min())
    }
}

impl ImageStore for Objects {
    async fn read_image(&self, image: ObjectRef<'_>) -> Result<Option<Vec<u8>>, StorageError> {
        self.read(image, "reading the image").await
    }

    async fn sha256(&self, image: ObjectRef<'_>) -> Result<Option<String>, StorageError> {
        let mut hash = ContentHash::default();
        let read = self.stream(image, "reading the image", |_, piece| hash.update(piece)).await?;
        Ok(read.map(|_metadata| hash.hex()))
    }

    async fn write_jpeg(&self, bucket: &str, key: &str, jpeg: Vec<u8>) -> Result<(), StorageError> {
        let request = self.client.put_object().bucket(bucket).key(key).content_type("image/jpeg").body(ByteStream::from(jpeg));
        request.send().await.map(drop).map_err(|error| storage("writing the normalised copy", error))
    }
}

impl ImageArchive for Objects {
    async fn copy(&self, from: ObjectRef<'_>, to: &str) -> Result<(), StorageError> {
        let request = self.client.copy_object().copy_source(copy_source(&from)).bucket(from.bucket).key(to);
        self.found_or_absent("archiving the image", from, request.send().await).await.map(drop)
    }

    async fn delete(&self, image: ObjectRef<'_>) -> Result<(), StorageError> {
        let request = self.client.delete_object().bucket(image.bucket).key(image.key).set_version_id(image.version_id.map(str::to_owned));
        found("deleting the archived image's old place", request.send().await).map(drop)
    }

    /// S3 replaces all tags at once, so that those of the uploader are read and written back. A tag that somebody else sets between the two is
    /// lost: S3 has no condition for tags.
    async fn tag_status(&self, image: ObjectRef<'_>, status: &str) -> Result<Tagged, StorageError> {
        let doing = "tagging the original";
        let ours = |source: aws_sdk_s3::error::BuildError| StorageError::Misconfigured { doing, source: source.into() };
        let Some(mut tags) = self.tags(&image).await? else { return Ok(Tagged::Gone) };
        if tags.iter().any(|tag| tag.key == STATUS_TAG && tag.value == status) {
            return Ok(Tagged::Yes);
        }
        tags.retain(|tag| tag.key != STATUS_TAG);
        if tags.len() >= MOST_TAGS {
            return Ok(Tagged::NoRoom);
        }
        tags.push(Tag::builder().key(STATUS_TAG).value(status).build().map_err(ours)?);
        let tagging = Tagging::builder().set_tag_set(Some(tags)).build().map_err(ours)?;
        let request = self.client.put_object_tagging().bucket(image.bucket).key(image.key).tagging(tagging);
        let sent = request.set_version_id(image.version_id.map(str::to_owned)).send().await;
        Ok(self.found_or_absent(doing, image, sent).await?.map_or(Tagged::Gone, |_| Tagged::Yes))
    }
}

impl ResultStore for Objects {
    async fn read_result(&self, bucket: &str, key: &str) -> Result<Option<Vec<u8>>, StorageError> {
        self.read(ObjectRef { bucket, key, version_id: None }, "reading the stored result").await
    }

    async fn write_result(&self, bucket: &str, key: &str, json: Vec<u8>) -> Result<(), StorageError> {
        let request = self.client.put_object().bucket(bucket).key(key).content_type("application/json").body(ByteStream::from(json));
        request.send().await.map(drop).map_err(|error| storage("storing the result", error))
    }

    async fn read_answer(&self, bucket: &str, key: &str) -> Result<Option<StoredAnswer>, StorageError> {
        let stored = self.read_with_metadata(ObjectRef { bucket, key, version_id: None }, "reading the stored result").await?;
        Ok(stored.map(|(json, mut metadata)| StoredAnswer { json, question: metadata.remove(QUESTION) }))
    }

    async fn write_answer(&self, bucket: &str, key: &str, json: StoredResult, question: &Question) -> Result<(), StorageError> {
        let doing = "storing the result";
        let question = serde_json::to_string(question).map_err(|source| StorageError::Misconfigured { doing, source: source.into() })?;
        let request = self.client.put_object().bucket(bucket).key(key).content_type("application/json").metadata(QUESTION, question);
        request.body(ByteStream::from(json)).send().await.map(drop).map_err(|error| storage(doing, error))
    }
}

/// The header `x-amz-copy-source`, which the SDK sends as it is.
pub(crate) fn copy_source(from: &ObjectRef<'_>) -> String {
    let version = from.version_id.map(|version| format!("?versionId={}", encode(version))).unwrap_or_default();
    format!("{}/{}{version}", from.bucket, encode(from.key))
}

pub(crate) fn found<T, E>(doing: &'static str, sent: Result<T, SdkError<E, HttpResponse>>) -> Result<Option<T>, StorageError>
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
{
    match sent.map_err(|error| storage(doing, error)) {
        Ok(answer) => Ok(Some(answer)),
        Err(StorageError::NotFound { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

fn same_etag(theirs: Option<&str>, ours: &str) -> bool {
    theirs.is_some_and(|etag| etag.trim_matches('"') == ours)
}

fn facts_of_head(head: HeadObjectOutput, upload: &Upload) -> UploadFacts {
    UploadFacts {
        size: size(head.content_length),
        last_modified: millis(head.last_modified),
        name: file_name(head.metadata.as_ref()),
        version_id: upload.version_id.clone().or(head.version_id),
    }
}

/// The metadata `filename` of an object.
pub(crate) fn file_name(metadata: Option<&HashMap<String, String>>) -> Option<String> {
    metadata.and_then(|metadata| metadata.get(image_name::METADATA)).cloned()
}

pub(crate) fn size(bytes: Option<i64>) -> u64 {
    bytes.and_then(|bytes| u64::try_from(bytes).ok()).unwrap_or_default()
}

pub(crate) fn millis(at: Option<DateTime>) -> i64 {
    at.and_then(|at| at.to_millis().ok()).unwrap_or_default()
}
