//! Listing all versions of all uploads.

use crate::objects::{Objects, STATUS_TAG, millis, size};
use aws_sdk_s3::types::ObjectVersion;
use sightline_domain::{
    error::StorageError,
    identity::Upload,
    layout,
    ports::{ObjectRef, TAGGED_STATUSES},
    reconcile::{Page, UploadVersion, UploadVersions, VersionPlace},
};

/// What S3 calls the version of an object on a bucket without versions.
const NO_VERSION: &str = "null";

impl UploadVersions for Objects {
    async fn versions(&self, bucket: &str, after: Option<&VersionPlace>) -> Result<Page<UploadVersion, VersionPlace>, StorageError> {
        let page = self.list_versions_page(bucket, layout::UPLOADS, after).await?;
        let next = page.next.map(|next| VersionPlace { version_id: next.version_id.filter(|version| version != NO_VERSION), ..next });
        let version = |version: ObjectVersion| UploadVersion {
            upload: Upload {
                bucket: bucket.to_owned(),
                key: version.key.unwrap_or_default(),
                version_id: version.version_id.filter(|version| version != NO_VERSION),
                etag: version.e_tag.unwrap_or_default().trim_matches('"').to_owned(),
            },
            size: size(version.size),
            last_modified: millis(version.last_modified),
        };
        Ok(Page { items: page.versions.into_iter().map(version).collect(), unreadable: Vec::new(), next })
    }

    async fn status(&self, upload: &Upload) -> Result<Option<String>, StorageError> {
        let object = ObjectRef { bucket: &upload.bucket, key: &upload.key, version_id: upload.version_id.as_deref() };
        let mut tags = self.tags(&object).await?.unwrap_or_default().into_iter();
        // Whoever uploads may use the same tag for something else.
        Ok(tags.find(|tag| tag.key == STATUS_TAG && TAGGED_STATUSES.contains(&tag.value.as_str())).map(|tag| tag.value))
    }
}
