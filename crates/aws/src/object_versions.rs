//! S3 behind the port that lists and deletes versions.

use crate::{
    classify::storage,
    objects::{Objects, found, millis, size},
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

const DELETING: &str = "deleting versions";

impl Objects {
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
