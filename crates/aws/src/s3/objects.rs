//! The port [`Objects`] over S3.

use super::{S3, copy_source, found, millis, size};
use crate::classify::storage;
use aws_sdk_s3::{
    error::BuildError,
    primitives::ByteStream,
    types::{Delete, DeleteMarkerEntry, Error as Refusal, ObjectIdentifier, ObjectVersion as Listed, Tag, Tagging},
};
use sightline_domain::{
    model::{
        analysis::{Question, StoredAnswer},
        error::StorageError,
        identity::{ContentHash, ObjectRef},
    },
    ports::{Content, ObjectVersion, Objects, Tagged},
};

/// Name of the metadata that holds the question of a stored answer: `x-amz-meta-question`.
const QUESTION: &str = "question";

/// The tag in which we note how an original was dealt with.
pub(crate) const STATUS_TAG: &str = "status";

/// Tags that an object may have (S3 user guide, "Categorizing your objects using tags").
const MOST_TAGS: usize = 10;

/// Versions of one deletion (API reference, `DeleteObjects`).
const DELETED_AT_ONCE: usize = 1000;

const DELETING: &str = "deleting versions";

impl Objects for S3 {
    async fn read(&self, object: ObjectRef<'_>) -> Result<Option<Vec<u8>>, StorageError> {
        Ok(self.read_with_metadata(object, "reading the object").await?.map(|(bytes, _)| bytes))
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

    async fn write_json(&self, bucket: &str, key: &str, json: Vec<u8>) -> Result<(), StorageError> {
        let request = self.client.put_object().bucket(bucket).key(key).content_type("application/json").body(ByteStream::from(json));
        request.send().await.map(drop).map_err(|error| storage("storing the result", error))
    }

    async fn read_answer(&self, bucket: &str, key: &str) -> Result<Option<StoredAnswer>, StorageError> {
        let stored = self.read_with_metadata(ObjectRef { bucket, key, version_id: None }, "reading the stored result").await?;
        Ok(stored.map(|(json, mut metadata)| StoredAnswer { json, question: metadata.remove(QUESTION) }))
    }

    async fn write_answer(&self, bucket: &str, key: &str, json: Vec<u8>, question: &Question) -> Result<(), StorageError> {
        let doing = "storing the result";
        let question = serde_json::to_string(question).map_err(|source| StorageError::Misconfigured { doing, source: source.into() })?;
        let request = self.client.put_object().bucket(bucket).key(key).content_type("application/json").metadata(QUESTION, question);
        request.body(ByteStream::from(json)).send().await.map(drop).map_err(|error| storage(doing, error))
    }

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

    async fn list_versions(&self, bucket: &str, prefix: &str) -> Result<Vec<ObjectVersion>, StorageError> {
        let (mut found, mut after) = (Vec::new(), None);
        loop {
            let page = self.list_versions_page(bucket, prefix, after.as_ref()).await?;
            found.extend(page.versions.into_iter().map(version_of));
            found.extend(page.markers.into_iter().map(marker_of));
            after = page.next;
            if after.is_none() {
                return Ok(found);
            }
        }
    }

    async fn delete_versions(&self, bucket: &str, versions: &[ObjectVersion]) -> Result<(), StorageError> {
        let (in_batches, singly): (Vec<_>, Vec<_>) = versions.iter().partition(|version| fits_into_xml(&version.key));
        for batch in in_batches.chunks(DELETED_AT_ONCE) {
            self.delete_batch(bucket, batch).await?;
        }
        for version in singly {
            let request = self.client.delete_object().bucket(bucket).key(&version.key).version_id(&version.version_id);
            found(DELETING, request.send().await)?;
        }
        Ok(())
    }
}

impl S3 {
    /// The tags of an object; `None` where it is gone.
    pub(crate) async fn tags(&self, object: &ObjectRef<'_>) -> Result<Option<Vec<Tag>>, StorageError> {
        let request = self.client.get_object_tagging().bucket(object.bucket).key(object.key);
        let sent = request.set_version_id(object.version_id.map(str::to_owned)).send().await;
        Ok(self.found_or_absent("reading the original's tags", object.clone(), sent).await?.map(|tagging| tagging.tag_set))
    }

    async fn delete_batch(&self, bucket: &str, batch: &[&ObjectVersion]) -> Result<(), StorageError> {
        let ours = |error: BuildError| StorageError::Misconfigured { doing: DELETING, source: error.into() };
        let named = |version: &&ObjectVersion| ObjectIdentifier::builder().key(&version.key).version_id(&version.version_id).build();
        let named = batch.iter().map(named).collect::<Result<_, _>>().map_err(ours)?;
        let delete = Delete::builder().set_objects(Some(named)).quiet(true).build().map_err(ours)?;
        let sent = self.client.delete_objects().bucket(bucket).delete(delete).send().await;
        let answer = sent.map_err(|error| storage(DELETING, error))?;
        // A good answer may hold errors of single versions.
        match answer.errors.unwrap_or_default().into_iter().find(|refusal| refusal.code() != Some("NoSuchVersion")) {
            Some(refusal) => Err(refused(DELETING, &refusal)),
            None => Ok(()),
        }
    }
}

/// Whether a request in XML, as `DeleteObjects` is one, carries this key unchanged. Other keys go into the address of a request of their own.
fn fits_into_xml(key: &str) -> bool {
    !key.chars().any(|c| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}' | '\u{fffe}' | '\u{ffff}'))
}

fn version_of(listed: Listed) -> ObjectVersion {
    let content = Content {
        etag: listed.e_tag.unwrap_or_default().trim_matches('"').to_owned(),
        size: size(listed.size),
        last_modified: millis(listed.last_modified),
    };
    ObjectVersion { key: listed.key.unwrap_or_default(), version_id: version_id(listed.version_id), content: Some(content) }
}

fn marker_of(listed: DeleteMarkerEntry) -> ObjectVersion {
    ObjectVersion { key: listed.key.unwrap_or_default(), version_id: version_id(listed.version_id), content: None }
}

/// What was uploaded before the bucket had versions is its version `null`.
fn version_id(listed: Option<String>) -> String {
    listed.unwrap_or_else(|| "null".to_owned())
}

fn refused(doing: &'static str, refusal: &Refusal) -> StorageError {
    let code = refusal.code().unwrap_or_default();
    let source = format!("{code}: {}", refusal.message().unwrap_or_default()).into();
    match code {
        "InternalError" | "SlowDown" | "ServiceUnavailable" => StorageError::Unavailable { doing, source },
        _ => StorageError::Misconfigured { doing, source },
    }
}
