//! The port [`Uploads`] over S3.

use super::{NO_VERSION, S3, collect_body, file_name, millis, objects::STATUS_TAG, size};
use aws_sdk_s3::{
    operation::{get_object::GetObjectOutput, head_object::HeadObjectOutput},
    types::ObjectVersion,
};
use sightline_domain::{
    model::{EpochMillis, ObjectRef, StorageError, Upload, layout},
    ports::{FetchedUpload, Page, TAGGED_STATUSES, UploadFacts, UploadVersion, Uploads, VersionPosition},
};

impl Uploads for S3 {
    async fn find(&self, upload: &Upload) -> Result<Option<UploadFacts>, StorageError> {
        let head = |version_id: Option<String>| async move {
            let object = ObjectRef { bucket: &upload.bucket, key: &upload.key, version_id: version_id.as_deref() };
            let request = self.client.head_object().bucket(&upload.bucket).key(&upload.key).set_version_id(version_id.clone());
            self.found_or_absent("looking up the object", object, request.send().await).await
        };
        let found = self.meant_version(upload, head, HeadObjectOutput::e_tag).await?;
        Ok(found.map(|(head, listed)| UploadFacts {
            version_id: upload.version_id.clone().or(listed).or(head.version_id),
            size: size(head.content_length),
            last_modified: millis(head.last_modified),
            name: file_name(head.metadata.as_ref()),
        }))
    }

    async fn fetch(&self, upload: &Upload, max_bytes: u64) -> Result<Option<FetchedUpload>, StorageError> {
        const DOING: &str = "reading the object";
        let get = |version_id: Option<String>| async move {
            self.get(ObjectRef { bucket: &upload.bucket, key: &upload.key, version_id: version_id.as_deref() }, DOING).await
        };
        let Some((mut answer, listed)) = self.meant_version(upload, get, GetObjectOutput::e_tag).await? else { return Ok(None) };
        let facts = UploadFacts {
            version_id: upload.version_id.clone().or(listed).or_else(|| answer.version_id.clone()),
            size: size(answer.content_length),
            last_modified: millis(answer.last_modified),
            name: file_name(answer.metadata.as_ref()),
        };
        let bytes = if facts.size > max_bytes { Vec::new() } else { collect_body(&mut answer, DOING).await? };
        Ok(Some(FetchedUpload { facts, bytes }))
    }

    async fn first_uploaded(&self, upload: &Upload, after: Option<EpochMillis>) -> Result<Option<EpochMillis>, StorageError> {
        let prefix = upload.image_prefix().unwrap_or(&upload.key);
        let versions = self.versions(upload, prefix, |key| upload.shares_image_with(key)).await?;
        let times = versions.into_iter().map(|version| millis(version.last_modified));
        Ok(times.filter(|at| after.is_none_or(|after| *at > after)).min())
    }

    async fn versions(&self, bucket: &str, after: Option<&VersionPosition>) -> Result<Page<UploadVersion, VersionPosition>, StorageError> {
        let page = self.list_versions_page(bucket, layout::UPLOADS, after).await?;
        let next = page.next.map(|next| VersionPosition { version_id: next.version_id.filter(|version| version != NO_VERSION), ..next });
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
        // The uploader may use the same tag for another purpose.
        Ok(tags.find(|tag| tag.key == STATUS_TAG && TAGGED_STATUSES.contains(&tag.value.as_str())).map(|tag| tag.value))
    }
}

impl S3 {
    /// The response to `request` for exactly the version that `upload` refers to, with the version's id if it had to be listed; `None` if the
    /// version is gone. `request` takes a version id; `None`: the current version.
    async fn meant_version<T, F>(
        &self,
        upload: &Upload,
        request: impl Fn(Option<String>) -> F,
        etag: impl Fn(&T) -> Option<&str>,
    ) -> Result<Option<(T, Option<String>)>, StorageError>
    where
        F: Future<Output = Result<Option<T>, StorageError>>,
    {
        match request(upload.version_id.clone()).await? {
            Some(found) if upload.version_id.is_some() || upload.etag.is_empty() || same_etag(etag(&found), &upload.etag) => {
                Ok(Some((found, None)))
            }
            // The list of versions finds an entity tag only.
            None if upload.version_id.is_some() || upload.etag.is_empty() => Ok(None),
            _ => {
                let Some(version) = self.version_by_etag(upload).await? else { return Ok(None) };
                Ok(request(version.version_id.clone()).await?.map(|found| (found, version.version_id)))
            }
        }
    }

    /// The version with the upload's entity tag, for an event without a version in a versioned bucket.
    async fn version_by_etag(&self, upload: &Upload) -> Result<Option<ObjectVersion>, StorageError> {
        let versions = self.versions(upload, &upload.key, |key| key == upload.key).await?;
        Ok(versions.into_iter().find(|version| same_etag(version.e_tag(), &upload.etag)))
    }

    /// All versions of the `wanted` keys that begin with `prefix`, sorted by key, the newest of each key first. A key is listed
    /// before all longer keys that begin with it, so the listing stops at the first page that ends with an unwanted key.
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
}

fn same_etag(theirs: Option<&str>, ours: &str) -> bool {
    theirs.is_some_and(|etag| etag.trim_matches('"') == ours)
}
