//! Importing images that are already in a bucket: the list, its items and their results.

use crate::model::{
    error::InputInvalid,
    identity::{ObjectRef, Upload, imported_key},
    layout, percent,
    record::{ImageOutcome, Record},
};
use serde::{Deserialize, Serialize};

/// Header line of an import list: the columns of [`ListedObject::row`].
pub const LIST_HEADING: &str = "Bucket,Key,VersionId,ETag";

/// An object to import.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ListedObject {
    /// Bucket.
    pub bucket: String,
    /// Exact key.
    pub key: String,
    /// Version; `None` for the current version.
    pub version_id: Option<String>,
    /// Entity tag without quotes. An object that has another one at its import was replaced, and is not imported.
    pub etag: String,
}

impl ListedObject {
    /// Its row in the list. All columns except the bucket are percent-encoded, because CSV readers treat quotes and backslashes
    /// differently.
    pub fn row(&self) -> String {
        let version = self.version_id.as_deref().map(percent::encode).unwrap_or_default();
        format!("{},{},{version},{}", self.bucket, percent::encode(&self.key), percent::encode(&self.etag))
    }

    /// Whether the object is already an upload in `images_bucket`, so that it is not copied.
    pub fn is_in_place(&self, images_bucket: &str) -> bool {
        self.bucket == images_bucket && self.key.starts_with(layout::UPLOADS)
    }

    /// The upload: the object itself if it [is in place](Self::is_in_place), or else its copy in `images_bucket`.
    pub fn upload(&self, images_bucket: &str, owner_id: &str) -> Upload {
        let bucket = images_bucket.to_owned();
        if self.is_in_place(images_bucket) {
            return Upload { bucket, key: self.key.clone(), version_id: self.version_id.clone(), etag: self.etag.clone() };
        }
        let (key, _) = imported_key(owner_id, &self.bucket, &self.key, &self.etag);
        Upload { bucket, key, version_id: None, etag: self.etag.clone() }
    }

    /// `s3://bucket/key`.
    pub fn url(&self) -> String {
        format!("s3://{}/{}", self.bucket, self.key)
    }

    /// The reference to this version of the object.
    pub fn reference(&self) -> ObjectRef<'_> {
        ObjectRef { bucket: &self.bucket, key: &self.key, version_id: self.version_id.as_deref() }
    }
}

/// One row of the list, in the form that the state machine passes to `import-image`. An empty version means the current version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct ImportItem {
    /// Bucket.
    pub bucket: String,
    /// Key, percent-encoded.
    pub key: String,
    /// Version, percent-encoded.
    pub version_id: String,
    /// Entity tag, percent-encoded.
    #[serde(rename = "ETag")]
    pub etag: String,
    /// The owner of the image, if the object is copied.
    #[serde(rename = "OwnerID")]
    pub owner_id: String,
}

impl ImportItem {
    /// The object of this row.
    ///
    /// # Errors
    ///
    /// [`InputInvalid`] if a column is not valid percent-encoding.
    pub fn object(&self) -> Result<ListedObject, InputInvalid> {
        let decode = |text: &str| percent::decode(text).ok_or_else(|| InputInvalid("a column of the list is not percent-encoded".into()));
        let version_id = decode(&self.version_id)?;
        Ok(ListedObject {
            bucket: self.bucket.clone(),
            key: decode(&self.key)?,
            version_id: Some(version_id).filter(|version| !version.is_empty()),
            etag: decode(&self.etag)?,
        })
    }
}

/// The state of one image of an import.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ImportStatus {
    /// Analysed, by this import or before.
    Completed,
    /// Rejected with a reason code.
    Rejected,
    /// Waiting for a reviewer, which can take days.
    Review,
    /// Its execution failed, and can run again.
    Failed,
    /// Erased. An import does not restore an erased image; uploading it again does.
    Erased,
    /// Its analysis is still running.
    StillRunning,
}

impl ImportStatus {
    /// The state of the image of `record`.
    pub fn of(record: &Record) -> Self {
        match ImageOutcome::of(record) {
            _ if record.is_erased() => Self::Erased,
            Some(ImageOutcome::Completed | ImageOutcome::Withheld) => Self::Completed,
            Some(ImageOutcome::Rejected) => Self::Rejected,
            Some(ImageOutcome::Failed) => Self::Failed,
            None if record.is_in_review() => Self::Review,
            None => Self::StillRunning,
        }
    }
}

/// The result of importing one item.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Imported {
    /// The image.
    #[serde(rename = "ImageID")]
    pub image_id: String,
    /// `s3://bucket/key` of the object that was imported.
    pub source: String,
    /// The state of the image.
    pub status: ImportStatus,
    /// The reason code of a rejection.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object(bucket: &str, key: &str, version_id: Option<&str>) -> ListedObject {
        ListedObject { bucket: bucket.into(), key: key.into(), version_id: version_id.map(Into::into), etag: "e-2".into() }
    }

    #[test]
    fn a_row_parses_to_the_object_that_it_was_written_from() {
        for object in [object("photos", "a,b \"c\"\\d\nü+%25.jpg", Some("3/L4kqtJ")), object("photos", "x", None)] {
            let row = object.row();
            let columns: Vec<&str> = row.split(',').collect();
            let columns: [&str; 4] = columns.try_into().unwrap();
            let [bucket, key, version_id, etag] = columns.map(str::to_owned);
            let item = ImportItem { bucket, key, version_id, etag, owner_id: "anna".to_owned() };
            assert_eq!(item.object().unwrap(), object);
        }
    }

    #[test]
    fn uploads_stay_in_place_and_other_objects_are_copied() {
        let there = object("images", "raw-uploads/holiday/a.jpg", Some("v1"));
        assert_eq!(there.upload("images", "anna").key, there.key);
        for elsewhere in [object("photos", "raw-uploads/a.jpg", None), object("images", "old/a.jpg", None)] {
            let upload = elsewhere.upload("images", "anna");
            assert!(upload.key.starts_with("raw-uploads/anna/") && upload.bucket == "images" && upload.version_id.is_none());
        }
    }

    #[test]
    fn the_id_of_a_copy_does_not_depend_on_the_version_in_the_list() {
        let ids = |version| object("photos", "a.jpg", version).upload("images", "anna").candidate_ids();
        assert_eq!(ids(None)[0], ids(Some("v1"))[0]);
    }
}
