//! Which versions in the bucket are the original of an image: by the same rules by which uploads are told apart when they are claimed.

use super::ports::{ObjectVersion, ObjectVersions, Tombstones};
use crate::{
    content,
    error::StorageError,
    identity::Upload,
    ports::{ImageStore, UploadFacts},
    record::Record,
};

/// The versions of the original of `record`, wherever in `bucket` the same content was uploaded as the same image, and the deletion
/// markers of keys of which nothing else is left. Other contents under the same key are other images, and stay.
pub async fn originals(
    records: &impl Tombstones,
    objects: &(impl ObjectVersions + ImageStore),
    bucket: &str,
    record: &Record,
) -> Result<Vec<ObjectVersion>, StorageError> {
    let key = key_of(record, bucket)?;
    let listed = objects.list_versions(bucket, &prefix(bucket, key, &record.image_id)).await?;
    let (mut ours, mut others, mut markers) = (Vec::new(), Vec::new(), Vec::new());
    for version in listed {
        if version.content.is_none() {
            markers.push(version);
        } else if is_original(records, objects, bucket, record, &version).await? {
            ours.push(version);
        } else {
            others.push(version.key);
        }
    }
    let known = |marker: &ObjectVersion| marker.key == key || ours.iter().any(|version| version.key == marker.key);
    markers.retain(|marker| known(marker) && !others.contains(&marker.key));
    ours.extend(markers);
    Ok(ours)
}

fn key_of<'a>(record: &'a Record, bucket: &str) -> Result<&'a str, StorageError> {
    let elsewhere = || StorageError::Misconfigured {
        doing: "looking for the original",
        source: "it lies in another bucket than that of this deployment".into(),
    };
    record.s3_url.strip_prefix("s3://").and_then(|rest| rest.strip_prefix(bucket)?.strip_prefix('/')).ok_or_else(elsewhere)
}

/// What all keys of the image begin with: one that names the image may come with several endings.
fn prefix(bucket: &str, key: &str, image_id: &str) -> String {
    let named = upload(bucket, key, None, "").candidate_ids().len() > 1;
    let end = key.rfind('/').map_or(0, |slash| slash + 1) + image_id.len();
    key.get(..end).filter(|_| named).unwrap_or(key).to_owned()
}

pub(super) fn upload(bucket: &str, key: &str, version_id: Option<&str>, etag: &str) -> Upload {
    Upload { bucket: bucket.to_owned(), key: key.to_owned(), version_id: version_id.map(str::to_owned), etag: etag.to_owned() }
}

/// Whether `version` is the original of `record`.
pub(super) async fn is_original(
    records: &impl Tombstones,
    objects: &impl ImageStore,
    bucket: &str,
    record: &Record,
    version: &ObjectVersion,
) -> Result<bool, StorageError> {
    let Some(content) = &version.content else { return Ok(false) };
    let known = record.version_id.as_deref() == Some(&version.version_id);
    if known && record.s3_url == format!("s3://{bucket}/{}", version.key) {
        return Ok(true);
    }
    // Its event may have named the version, or not.
    let uploads = [Some(version.version_id.as_str()), None].map(|id| upload(bucket, &version.key, id, &content.etag));
    if !uploads.iter().any(|upload| upload.candidate_ids().contains(&record.image_id)) {
        return Ok(false);
    }
    let facts =
        UploadFacts { version_id: Some(version.version_id.clone()), size: content.size, last_modified: content.last_modified, name: None };
    let [named, _] = &uploads;
    if !content::is_same(objects, record, named, Some(&facts)).await? {
        return Ok(false);
    }
    // The same content that came while an erasure was under way is an image of its own.
    for id in uploads.iter().map(Upload::derived_id).filter(|id| *id != record.image_id) {
        if records.items(&id).await?.iter().any(|item| !item.is_erased()) {
            return Ok(false);
        }
    }
    Ok(true)
}
