//! What to do with a file that an owner wants to upload: its key, or the image that it already is.

use crate::{
    model::{
        clock::EpochMillis,
        error::StorageError,
        identity::{Upload, content_key, content_key_after},
        record::Record,
    },
    ports::{Gallery, Records, Uploads},
};

/// How long an object without a record counts as just uploaded, milliseconds: until then, its event or reconcile claims it.
const JUST_UPLOADED: EpochMillis = 15 * 60_000;

/// Erasures of the same content that are followed.
const MOST_ERASURES: usize = 10;

/// A file by its content.
#[derive(Debug, Clone, Copy)]
pub struct OfferedFile<'a> {
    /// The images bucket.
    pub bucket: &'a str,
    /// Who wants to upload it.
    pub owner_id: &'a str,
    /// The lower-case hex SHA-256 of its content.
    pub sha256: &'a str,
    /// Extension for its key, without a dot.
    pub extension: &'a str,
}

/// What to do with a file.
pub enum UploadPlan {
    /// Upload it under a key that must not exist yet.
    New {
        /// The image that it becomes.
        image_id: String,
        /// Its key.
        key: String,
    },
    /// Upload it under a key that exists, which starts a new analysis: the last one failed, or never started.
    Again {
        /// The image that it is.
        image_id: String,
        /// Its key.
        key: String,
        /// The execution that failed, if there was one.
        failed_execution: Option<String>,
    },
    /// It is this image, which is analysed, in progress or rejected. The image may have another id than an upload gets, such as an imported one.
    Known(Box<Record>),
}

/// The plan for a file at `now`.
///
/// # Errors
///
/// [`StorageError`] if records or objects cannot be read.
pub async fn plan(
    tables: &(impl Records + Gallery),
    uploads: &impl Uploads,
    file: OfferedFile<'_>,
    now: EpochMillis,
) -> Result<UploadPlan, StorageError> {
    let OfferedFile { bucket, owner_id, sha256, extension } = file;
    let (mut key, mut image_id) = content_key(owner_id, sha256, extension);
    for _ in 0..MOST_ERASURES {
        match tables.find(&image_id).await? {
            Some(erased) if erased.is_erased() => {
                (key, image_id) = content_key_after(owner_id, sha256, extension, erased.erased_at.unwrap_or_default());
            }
            Some(failed) if failed.is_rerunnable() => {
                // The key of the record, which may have another extension than this file.
                let key = failed.upload().map_or(key, |upload| upload.key);
                return Ok(UploadPlan::Again { image_id, key, failed_execution: Some(failed.execution_arn) });
            }
            Some(known) => return Ok(UploadPlan::Known(Box::new(known))),
            None => break,
        }
    }
    if let Some(completed) = tables.completed_image(owner_id, sha256).await?
        && let Some(record) = tables.find(&completed.image_id).await?
    {
        return Ok(UploadPlan::Known(Box::new(record)));
    }
    let upload = Upload { bucket: bucket.to_owned(), key, version_id: None, etag: String::new() };
    let existing = Uploads::find(uploads, &upload).await?;
    let has_no_record = existing.is_some_and(|facts| now - facts.last_modified >= JUST_UPLOADED);
    Ok(match upload.key {
        // Its event was lost, or its record has expired.
        key if has_no_record => UploadPlan::Again { image_id, key, failed_execution: None },
        key => UploadPlan::New { image_id, key },
    })
}
