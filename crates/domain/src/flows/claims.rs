//! Decides whether an upload and an existing record are the same image, and which key a new record gets.

use crate::{
    model::{
        clock::EpochMillis,
        error::StorageError,
        identity::{ObjectRef, Upload, content_key},
        record::Record,
    },
    ports::{Objects, UploadFacts, Uploads},
};

/// Larger objects are not read just to compare them. Bytes.
const MAX_COMPARED: u64 = 64 << 20;

/// Whether `known` is the record of the content of `upload`.
///
/// Under KMS the same content has another entity tag with every upload (S3 API reference, `Object`); a key that is derived from its
/// content ([`content_key`]) proves it.
///
/// # Errors
///
/// [`StorageError`] if S3 cannot be read.
pub async fn is_same_content(
    objects: &impl Objects,
    known: &Record,
    upload: &Upload,
    facts: Option<&UploadFacts>,
) -> Result<bool, StorageError> {
    if known.etag == upload.etag {
        return Ok(true);
    }
    let Some(facts) = facts.filter(|facts| facts.size == known.size && facts.size <= MAX_COMPARED) else { return Ok(false) };
    let original = ObjectRef { bucket: &upload.bucket, key: &upload.key, version_id: facts.version_id.as_deref() };
    let sha256 = objects.sha256(original).await?;
    Ok(sha256.is_some_and(|sha256| content_key(upload.owner_id(), &sha256, "").1 == known.image_id))
}

/// Whether an upload can use the id of an erased image.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErasedId {
    /// No: the upload is the erased image. It gets no record.
    SameUpload,
    /// Yes: the upload is a different one. Its item is stored beside the tombstone.
    Free,
    /// Not yet: the upload is a different one, but late writes for the erased image could still overwrite its data.
    Blocked,
}

/// Whether `upload`, which has these `facts` (`None`: it is gone), can use the id of `erased`.
///
/// # Errors
///
/// [`StorageError`] if S3 cannot be read.
pub async fn check_erased_id(
    objects: &impl Objects,
    erased: &Record,
    upload: &Upload,
    facts: Option<&UploadFacts>,
) -> Result<ErasedId, StorageError> {
    let Some(facts) = facts else { return Ok(ErasedId::SameUpload) };
    let same_version = facts.version_id.is_some() && facts.version_id == erased.version_id;
    // A running erasure deletes every version of the same content.
    if same_version || (!erased.is_tombstone() && is_same_content(objects, erased, upload, Some(facts)).await?) {
        return Ok(ErasedId::SameUpload);
    }
    // The newest item of an image is its record, so a tombstone would hide an earlier upload.
    let later = facts.last_modified > erased.upload_timestamp;
    Ok(if later && erased.is_closed() { ErasedId::Free } else { ErasedId::Blocked })
}

/// The sort key of a new record of `upload` under `image_id`, one of its candidate ids.
///
/// Under the derived id, it is the time of the upload. Under the id in the key, it is the time of the first upload under any key that names
/// the image or, if the image was erased, of the first upload after `erased`.
///
/// Two uploads of an image can be claimed at the same time: two versions of a key, if a client repeated an upload because the response was
/// lost, or two keys with different extensions, if two clients sent `a.jpg` and `a.jpeg`. With the time of the first upload, both claims
/// write the same item, and its condition admits only one of them. With different times, each would write a record.
///
/// # Errors
///
/// [`StorageError`] if the versions cannot be listed.
pub async fn upload_timestamp(
    uploads: &impl Uploads,
    upload: &Upload,
    image_id: &str,
    facts: &UploadFacts,
    erased: Option<EpochMillis>,
) -> Result<EpochMillis, StorageError> {
    if image_id == upload.derived_id() {
        return Ok(facts.last_modified);
    }
    Ok(uploads.first_uploaded(upload, erased).await?.unwrap_or(facts.last_modified))
}
