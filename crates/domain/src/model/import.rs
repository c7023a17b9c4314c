//! Importing images already in a bucket: the list, its items and their results.

use crate::model::{
    error::InputInvalid,
    identity::{ObjectRef, Upload, imported_key},
    layout, percent,
    record::{ImageOutcome, Record},
    review::ReviewStatus,
};
use serde::{Deserialize, Serialize};

/// Heading of the list of an import: the columns of [`ListedObject::row`].
pub const LIST_HEADING: &str = "Bucket,Key,VersionId,ETag";

/// An object to import.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ListedObject {
    /// Its bucket.
    pub bucket: String,
    /// Its exact key.
    pub key: String,
    /// The version that is meant; the current one where `None`.
    pub version_id: Option<String>,
    /// Its entity tag without quotes. One that was replaced since is not imported under a wrong name.
    pub etag: String,
}

impl ListedObject {
    /// Its row in the list. All but the bucket is percent-encoded: readers of CSV do not agree on quotes and backslashes.
    pub fn row(&self) -> String {
        let version = self.version_id.as_deref().map(percent::encode).unwrap_or_default();
        format!("{},{},{version},{}", self.bucket, percent::encode(&self.key), percent::encode(&self.etag))
    }

    /// Whether it lies where uploads lie in `images_bucket`.
    pub fn is_in_place(&self, images_bucket: &str) -> bool {
        self.bucket == images_bucket && self.key.starts_with(layout::UPLOADS)
    }

    /// The upload that it is, or becomes, once it lies in `images_bucket`.
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

    /// To ask S3 for it.
    pub fn reference(&self) -> ObjectRef<'_> {
        ObjectRef { bucket: &self.bucket, key: &self.key, version_id: self.version_id.as_deref() }
    }
}

/// One row of the list, as the state machine hands it out; empty means none.
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
    /// Whose image a copy becomes.
    #[serde(rename = "OwnerID")]
    pub owner_id: String,
}

impl ImportItem {
    /// The object that it names.
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

/// How one image of an import stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ImportStatus {
    /// Analysed, now or before.
    Completed,
    /// No image that can be analysed; the reason is a code.
    Rejected,
    /// Analysed, and waiting for a reviewer, who may take days.
    Review,
    /// Its execution failed; running it again may help.
    Failed,
    /// It was erased. An import does not bring back what somebody wanted gone; uploading it does.
    Erased,
    /// Its analysis goes on.
    StillRunning,
}

impl ImportStatus {
    /// How the image of `record` stands.
    pub fn of(record: &Record) -> Self {
        match ImageOutcome::of(record) {
            _ if record.is_erased() => Self::Erased,
            Some(ImageOutcome::Completed | ImageOutcome::Withheld) => Self::Completed,
            Some(ImageOutcome::Rejected) => Self::Rejected,
            Some(ImageOutcome::Failed) => Self::Failed,
            None if record.review_status == ReviewStatus::Pending => Self::Review,
            None => Self::StillRunning,
        }
    }
}

/// What became of one item.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Imported {
    /// The image.
    #[serde(rename = "ImageID")]
    pub image_id: String,
    /// `s3://bucket/key` of the object that was imported.
    pub source: String,
    /// How it stands.
    pub status: ImportStatus,
    /// Why it was rejected.
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
    fn a_row_comes_back_as_the_object_that_it_was_made_of() {
        for object in [object("photos", "a,b \"c\"\\d\nü+%25.jpg", Some("3/L4kqtJ")), object("photos", "x", None)] {
            let row = object.row();
            let columns: Vec<&str> = row.split(',').collect();
            let [bucket, key, version_id, etag] = columns.try_into().unwrap();
            let of = str::to_owned;
            let item =
                ImportItem { bucket: of(bucket), key: of(key), version_id: of(version_id), etag: of(etag), owner_id: "anna".to_owned() };
            assert_eq!(item.object().unwrap(), object);
        }
    }

    #[test]
    fn what_lies_among_the_uploads_stays_there_and_all_else_is_copied() {
        let there = object("images", "raw-uploads/holiday/a.jpg", Some("v1"));
        assert_eq!(there.upload("images", "anna").key, there.key);
        for elsewhere in [object("photos", "raw-uploads/a.jpg", None), object("images", "old/a.jpg", None)] {
            let upload = elsewhere.upload("images", "anna");
            assert!(upload.key.starts_with("raw-uploads/anna/") && upload.bucket == "images" && upload.version_id.is_none());
        }
    }

    #[test]
    fn a_version_that_the_list_names_makes_no_other_image_of_a_copy() {
        let ids = |version| object("photos", "a.jpg", version).upload("images", "anna").candidate_ids();
        assert_eq!(ids(None)[0], ids(Some("v1"))[0]);
    }
}
