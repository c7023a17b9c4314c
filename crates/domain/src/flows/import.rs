//! Bringing images that lie in some bucket already through the same analysis.
//!
//! An object below `raw-uploads/` of our own bucket is analysed where it lies. Any other is copied there first, under a key that is
//! made of its owner, its place and its entity tag: the same object is the same image, however often it is imported.

use crate::{
    flows::claims,
    model::{error::StorageError, import::ListedObject, record::Record},
    ports::{Objects, Records, UploadFacts},
};

/// Looks the images of imports up.
#[derive(Debug)]
pub struct Lookup<'a, R, O> {
    /// The records.
    pub records: &'a R,
    /// The images, which are read where nothing else tells two contents apart.
    pub images: &'a O,
    /// The bucket of all images.
    pub bucket: &'a str,
    /// Whose images copies become.
    pub owner_id: &'a str,
}

impl<R: Records, O: Objects> Lookup<'_, R, O> {
    /// The ids that the image of `object` may have, best first.
    pub fn ids(&self, object: &ListedObject) -> Vec<String> {
        let upload = object.upload(self.bucket, self.owner_id);
        if object.is_in_place(self.bucket) { upload.all_candidate_ids() } else { upload.candidate_ids().into_iter().take(1).collect() }
    }

    /// The record of the image of `object`, which has `size` bytes.
    pub async fn record(&self, object: &ListedObject, size: u64) -> Result<Option<Record>, StorageError> {
        let upload = object.upload(self.bucket, self.owner_id);
        let facts = UploadFacts { version_id: upload.version_id.clone(), size, last_modified: 0, name: None };
        for id in self.ids(object) {
            let Some(record) = self.records.find(&id).await? else { continue };
            // The key of a copy says what it is a copy of; its entity tag may be another than the source's.
            if !object.is_in_place(self.bucket) || claims::is_same(self.images, &record, &upload, Some(&facts)).await? {
                return Ok(Some(record));
            }
        }
        Ok(None)
    }
}
