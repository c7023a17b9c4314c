//! What is left of an erased image, and what it means for the uploads that meet it.

use crate::{
    clock::EpochMillis,
    content,
    error::StorageError,
    identity::Upload,
    ports::{ImageStore, UploadFacts},
    record::{ProcessingStatus, Record, SCHEMA_VERSION, WorkQueue},
};
use serde::Serialize;

/// All that is left: nothing of the image but its key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Tombstone {
    /// The image.
    #[serde(rename = "ImageID")]
    pub image_id: String,
    /// Second half of the record's key.
    pub upload_timestamp: EpochMillis,
    /// ERASED.
    pub processing_status: ProcessingStatus,
    /// ERASED until it was looked at once more for what was written late.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub work_queue: Option<WorkQueue>,
    /// When, epoch milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub erased_at: Option<EpochMillis>,
    /// The version that was deleted, as long as a function that has seen it may still be at work.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version_id: Option<String>,
    /// Version of the schema.
    pub schema_version: u32,
}

impl Tombstone {
    /// What is left of `erased`.
    pub fn of(erased: &Record) -> Self {
        Self {
            image_id: erased.image_id.clone(),
            upload_timestamp: erased.upload_timestamp,
            processing_status: ProcessingStatus::Erased,
            work_queue: erased.work_queue.filter(|queue| *queue == WorkQueue::Erased),
            erased_at: erased.erased_at,
            version_id: erased.version_id.clone(),
            schema_version: SCHEMA_VERSION,
        }
    }
}

impl Record {
    /// Whether the erasure is done: the image, and what was found in it, are gone.
    pub fn is_tombstone(&self) -> bool {
        self.is_erased() && self.s3_url.is_empty()
    }

    /// Whether nothing can be written for the erased image any more, so that its id may be used again.
    pub fn is_closed(&self) -> bool {
        self.is_tombstone() && self.work_queue.is_none()
    }
}

/// What an erased record is to an upload that may have its id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Meaning {
    /// The upload is what was erased: it gets no record.
    Erased,
    /// The upload is another one, and may have the id: an item of its own, beside the tombstone.
    Free,
    /// The upload is another one, but the id is not to be used yet: what is written late would mix with it.
    NotYet,
}

/// What `erased` means for `upload`, of which S3 knows `facts` (`None` = it is gone).
pub async fn meaning(
    images: &impl ImageStore,
    erased: &Record,
    upload: &Upload,
    facts: Option<&UploadFacts>,
) -> Result<Meaning, StorageError> {
    let Some(facts) = facts else { return Ok(Meaning::Erased) };
    let same_version = facts.version_id.is_some() && facts.version_id == erased.version_id;
    // An erasure under way deletes every version of the same content.
    if same_version || (!erased.is_tombstone() && content::is_same(images, erased, upload, Some(facts)).await?) {
        return Ok(Meaning::Erased);
    }
    // The newest item of an image is its record, so a tombstone would hide an upload from before it.
    let later = facts.last_modified > erased.upload_timestamp;
    Ok(if later && erased.is_closed() { Meaning::Free } else { Meaning::NotYet })
}
