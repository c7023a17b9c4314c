//! S3 behind the port that lists and deletes versions.

use crate::{
    classify::storage,
    objects::{Objects, millis, size},
};
use aws_sdk_s3::{
    error::BuildError,
    types::{Delete, DeleteMarkerEntry, Error as Refusal, ObjectIdentifier, ObjectVersion as Listed},
};
use sightline_domain::{
    erase::ports::{Content, ObjectVersion, ObjectVersions},
    error::StorageError,
};

/// Versions of one deletion (API reference, `DeleteObjects`).
const DELETED_AT_ONCE: usize = 1000;

impl ObjectVersions for Objects {
    async fn list_versions(&self, bucket: &str, prefix: &str) -> Result<Vec<ObjectVersion>, StorageError> {
        let (mut found, mut after) = (Vec::new(), None);
        loop {
            let (key, version) = after.unwrap_or_default();
            let request = self.client.list_object_versions().bucket(bucket).prefix(prefix);
            let sent = request.set_key_marker(key).set_version_id_marker(version).send().await;
            let page = sent.map_err(|error| storage("listing the object's versions", error))?;
            found.extend(page.versions.unwrap_or_default().into_iter().map(version_of));
            found.extend(page.delete_markers.unwrap_or_default().into_iter().map(marker_of));
            if page.is_truncated != Some(true) || page.next_key_marker.is_none() {
                return Ok(found);
            }
            after = Some((page.next_key_marker, page.next_version_id_marker));
        }
    }

    async fn delete_versions(&self, bucket: &str, versions: &[ObjectVersion]) -> Result<(), StorageError> {
        let doing = "deleting versions";
        let ours = |error: BuildError| StorageError::Misconfigured { doing, source: error.into() };
        for batch in versions.chunks(DELETED_AT_ONCE) {
            let named = |version: &ObjectVersion| ObjectIdentifier::builder().key(&version.key).version_id(&version.version_id).build();
            let named = batch.iter().map(named).collect::<Result<_, _>>().map_err(ours)?;
            let delete = Delete::builder().set_objects(Some(named)).quiet(true).build().map_err(ours)?;
            let sent = self.client.delete_objects().bucket(bucket).delete(delete).send().await;
            let answer = sent.map_err(|error| storage(doing, error))?;
            // A good answer may hold errors of single versions.
            if let Some(refusal) = answer.errors.unwrap_or_default().into_iter().find(|refusal| refusal.code() != Some("NoSuchVersion")) {
                return Err(refused(doing, &refusal));
            }
        }
        Ok(())
    }
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
