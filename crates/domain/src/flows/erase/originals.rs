//! Finds the versions that are the original of an image, by the same rules as a claim.

use crate::{
    flows::claims,
    model::{error::StorageError, identity::Upload, record::Record},
    ports::{ObjectVersion, Objects, Records, UploadFacts},
};

/// The versions of the original of `record`, under every key of `bucket` where the same content was uploaded as the same image, and the
/// delete markers of keys that have no other content. Other content under the same key is another image, and stays.
///
/// # Errors
///
/// [`StorageError`] if versions, records or objects cannot be read, or if the original is in another bucket.
pub async fn originals(
    records: &impl Records,
    objects: &impl Objects,
    bucket: &str,
    record: &Record,
) -> Result<Vec<ObjectVersion>, StorageError> {
    let key = key_of(record, bucket)?;
    let listed = objects.list_versions(bucket, &prefix(bucket, key, &record.image_id)).await?;
    let (mut originals, mut other_keys, mut markers) = (Vec::new(), Vec::new(), Vec::new());
    for version in listed {
        if version.content.is_none() {
            markers.push(version);
        } else if is_original(records, objects, bucket, record, &version).await? {
            originals.push(version);
        } else {
            other_keys.push(version.key);
        }
    }
    let known = |marker: &ObjectVersion| marker.key == key || originals.iter().any(|version| version.key == marker.key);
    markers.retain(|marker| known(marker) && !other_keys.contains(&marker.key));
    originals.extend(markers);
    Ok(originals)
}

fn key_of<'a>(record: &'a Record, bucket: &str) -> Result<&'a str, StorageError> {
    let other_bucket = || StorageError::Misconfigured {
        doing: "looking for the original",
        source: "it is not in the images bucket of the deployment".into(),
    };
    record.s3_url.strip_prefix("s3://").and_then(|rest| rest.strip_prefix(bucket)?.strip_prefix('/')).ok_or_else(other_bucket)
}

/// The prefix of all keys of the image: a key that names the image can have several extensions.
fn prefix(bucket: &str, key: &str, image_id: &str) -> String {
    let names_image = upload(bucket, key, None, "").image_prefix().is_some();
    let end = key.rfind('/').map_or(0, |slash| slash + 1) + image_id.len();
    key.get(..end).filter(|_| names_image).unwrap_or(key).to_owned()
}

pub(super) fn upload(bucket: &str, key: &str, version_id: Option<&str>, etag: &str) -> Upload {
    Upload { bucket: bucket.to_owned(), key: key.to_owned(), version_id: version_id.map(str::to_owned), etag: etag.to_owned() }
}

/// Whether `version` is the original of `record`.
pub(super) async fn is_original(
    records: &impl Records,
    objects: &impl Objects,
    bucket: &str,
    record: &Record,
    version: &ObjectVersion,
) -> Result<bool, StorageError> {
    let Some(content) = &version.content else { return Ok(false) };
    let known = record.version_id.as_deref() == Some(&version.version_id);
    if known && record.s3_url == format!("s3://{bucket}/{}", version.key) {
        return Ok(true);
    }
    // The event of the upload may or may not have named the version.
    let uploads = [Some(version.version_id.as_str()), None].map(|id| upload(bucket, &version.key, id, &content.etag));
    if !uploads.iter().any(|upload| upload.candidate_ids().contains(&record.image_id)) {
        return Ok(false);
    }
    let facts =
        UploadFacts { version_id: Some(version.version_id.clone()), size: content.size, last_modified: content.last_modified, name: None };
    let [named, _] = &uploads;
    if !claims::is_same_content(objects, record, named, Some(&facts)).await? {
        return Ok(false);
    }
    // The same content, uploaded again during an erasure, is another image.
    for id in uploads.iter().map(Upload::derived_id).filter(|id| *id != record.image_id) {
        if records.items(&id).await?.iter().any(|item| !item.is_erased()) {
            return Ok(false);
        }
    }
    Ok(true)
}
