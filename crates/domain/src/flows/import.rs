//! Finds the images of a bulk import.
//!
//! An object under `raw-uploads/` in the images bucket is analysed in place. Any other object is first copied there, under a key that is
//! derived from its owner, bucket, key and entity tag: importing the same object again gives the same image.

use crate::{
    flows::claims,
    model::{error::StorageError, import::ListedObject, record::Record},
    ports::{Objects, Records, UploadFacts},
};

/// Looks up the images of imported objects.
#[derive(Debug)]
pub struct Lookup<'a, R, O> {
    /// The records.
    pub records: &'a R,
    /// The objects, which are read only if nothing else distinguishes two contents.
    pub images: &'a O,
    /// The images bucket.
    pub bucket: &'a str,
    /// The owner of copied images.
    pub owner_id: &'a str,
}

impl<R: Records, O: Objects> Lookup<'_, R, O> {
    /// The ids that the image of `object` can have, in order.
    pub fn ids(&self, object: &ListedObject) -> Vec<String> {
        let upload = object.upload(self.bucket, self.owner_id);
        if object.is_in_place(self.bucket) { upload.all_candidate_ids() } else { upload.candidate_ids().into_iter().take(1).collect() }
    }

    /// The record of the image of `object`, which has `size` bytes.
    ///
    /// # Errors
    ///
    /// [`StorageError`] if records or objects cannot be read.
    pub async fn record(&self, object: &ListedObject, size: u64) -> Result<Option<Record>, StorageError> {
        let upload = object.upload(self.bucket, self.owner_id);
        let facts = UploadFacts { version_id: upload.version_id.clone(), size, last_modified: 0, name: None };
        for id in self.ids(object) {
            let Some(record) = self.records.find(&id).await? else { continue };
            // The key of a copy identifies its source; the copy can have another entity tag.
            if !object.is_in_place(self.bucket) || claims::is_same_content(self.images, &record, &upload, Some(&facts)).await? {
                return Ok(Some(record));
            }
        }
        Ok(None)
    }
}
