//! The port [`Objects`] over S3.

use super::{NO_VERSION, S3, copy_source, found, millis, read_body, size};
use crate::classify::{invalid_request, storage};
use aws_sdk_s3::{
    primitives::ByteStream,
    types::{Delete, DeleteMarkerEntry, Error as VersionError, ObjectIdentifier, ObjectVersion as Listed, Tag, Tagging},
};
use sightline_domain::{
    model::{ContentHash, ObjectRef, Question, StorageError, StoredAnswer},
    ports::{Content, ObjectVersion, Objects, Tagged},
};

/// Name of the metadata that holds the question of a stored answer: the header `x-amz-meta-question`.
const QUESTION: &str = "question";

/// The tag of an original that has been handled.
pub(crate) const STATUS_TAG: &str = "status";

/// Maximum number of tags of an object (S3 user guide, "Categorizing your objects using tags").
const MAX_TAGS: usize = 10;

/// Maximum number of versions in one request (API reference, `DeleteObjects`).
const MAX_DELETED: usize = 1000;

const DELETING: &str = "deleting versions";

impl Objects for S3 {
    async fn read(&self, object: ObjectRef<'_>) -> Result<Option<Vec<u8>>, StorageError> {
        Ok(self.read_with_metadata(object, "reading the object").await?.map(|(bytes, _)| bytes))
    }

    async fn sha256(&self, image: ObjectRef<'_>) -> Result<Option<String>, StorageError> {
        let doing = "reading the image";
        let Some(mut answer) = self.get(image, doing).await? else { return Ok(None) };
        let mut hash = ContentHash::default();
        read_body(&mut answer, doing, |piece| hash.update(piece)).await?;
        Ok(Some(hash.hex()))
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
        let stored = self.read_with_metadata(ObjectRef::current(bucket, key), "reading the stored result").await?;
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
        found("deleting the copy of a withheld image", request.send().await).map(drop)
    }

    /// S3 replaces all tags at once, so the uploader's tags are read and written again. A tag that is set between both calls is lost, because
    /// S3 has no conditional write of tags.
    async fn tag_status(&self, image: ObjectRef<'_>, status: &str) -> Result<Tagged, StorageError> {
        let doing = "tagging the original";
        let Some(mut tags) = self.tags(&image).await? else { return Ok(Tagged::Gone) };
        if tags.iter().any(|tag| tag.key == STATUS_TAG && tag.value == status) {
            return Ok(Tagged::Yes);
        }
        tags.retain(|tag| tag.key != STATUS_TAG);
        if tags.len() >= MAX_TAGS {
            return Ok(Tagged::NoRoom);
        }
        tags.push(Tag::builder().key(STATUS_TAG).value(status).build().map_err(invalid_request(doing))?);
        let tagging = Tagging::builder().set_tag_set(Some(tags)).build().map_err(invalid_request(doing))?;
        let request = self.client.put_object_tagging().bucket(image.bucket).key(image.key).tagging(tagging);
        let sent = request.set_version_id(image.version_id.map(str::to_owned)).send().await;
        Ok(self.found_or_absent(doing, image, sent).await?.map_or(Tagged::Gone, |_| Tagged::Yes))
    }

    async fn list_versions(&self, bucket: &str, prefix: &str) -> Result<Vec<ObjectVersion>, StorageError> {
        let (mut found, mut after) = (Vec::new(), None);
        loop {
            let page = self.list_versions_page(bucket, prefix, after.as_ref()).await?;
            found.extend(page.versions.into_iter().map(object_version));
            found.extend(page.markers.into_iter().map(delete_marker));
            after = page.next;
            if after.is_none() {
                return Ok(found);
            }
        }
    }

    async fn delete_versions(&self, bucket: &str, versions: &[ObjectVersion]) -> Result<(), StorageError> {
        let (in_batches, singly): (Vec<_>, Vec<_>) = versions.iter().partition(|version| is_safe_in_xml(&version.key));
        for batch in in_batches.chunks(MAX_DELETED) {
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
    /// The tags of an object; `None` if it does not exist.
    pub(crate) async fn tags(&self, object: &ObjectRef<'_>) -> Result<Option<Vec<Tag>>, StorageError> {
        let request = self.client.get_object_tagging().bucket(object.bucket).key(object.key);
        let sent = request.set_version_id(object.version_id.map(str::to_owned)).send().await;
        Ok(self.found_or_absent("reading the original's tags", object.clone(), sent).await?.map(|tagging| tagging.tag_set))
    }

    async fn delete_batch(&self, bucket: &str, batch: &[&ObjectVersion]) -> Result<(), StorageError> {
        let identifier = |version: &&ObjectVersion| ObjectIdentifier::builder().key(&version.key).version_id(&version.version_id).build();
        let identifiers = batch.iter().map(identifier).collect::<Result<_, _>>().map_err(invalid_request(DELETING))?;
        let delete = Delete::builder().set_objects(Some(identifiers)).quiet(true).build().map_err(invalid_request(DELETING))?;
        let sent = self.client.delete_objects().bucket(bucket).delete(delete).send().await;
        let answer = sent.map_err(|error| storage(DELETING, error))?;
        // A successful response can contain errors of single versions.
        match answer.errors.unwrap_or_default().into_iter().find(|error| error.code() != Some("NoSuchVersion")) {
            Some(error) => Err(version_error(DELETING, &error)),
            None => Ok(()),
        }
    }
}

/// Whether an XML request such as `DeleteObjects` transports this key unchanged. Versions with other keys are deleted one by one, with the key
/// in the URL.
fn is_safe_in_xml(key: &str) -> bool {
    !key.chars().any(|c| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}' | '\u{fffe}' | '\u{ffff}'))
}

fn object_version(listed: Listed) -> ObjectVersion {
    let content = Content {
        etag: listed.e_tag.unwrap_or_default().trim_matches('"').to_owned(),
        size: size(listed.size),
        last_modified: millis(listed.last_modified),
    };
    ObjectVersion { key: listed.key.unwrap_or_default(), version_id: version_id(listed.version_id), content: Some(content) }
}

fn delete_marker(listed: DeleteMarkerEntry) -> ObjectVersion {
    ObjectVersion { key: listed.key.unwrap_or_default(), version_id: version_id(listed.version_id), content: None }
}

/// The version id of a listed object; [`NO_VERSION`] if the listing has none.
fn version_id(listed: Option<String>) -> String {
    listed.unwrap_or_else(|| NO_VERSION.to_owned())
}

/// Classifies the error of one version in the response of `DeleteObjects`.
fn version_error(doing: &'static str, error: &VersionError) -> StorageError {
    let code = error.code().unwrap_or_default();
    let source = format!("{code}: {}", error.message().unwrap_or_default()).into();
    match code {
        "InternalError" | "SlowDown" | "ServiceUnavailable" => StorageError::Unavailable { doing, source },
        _ => StorageError::Misconfigured { doing, source },
    }
}
