//! Erases everything of an owner, for example of a user who was deleted.

use super::{Eraser, UploadsById, originals::upload};
use crate::{
    model::{
        clock::Clock,
        error::StorageError,
        identity::{DEFAULT_OWNER, is_folder_marker},
        layout,
        record::ProcessingStatus,
    },
    ports::{Counters, Executions, Gallery, GalleryFilter, GalleryQuery, LabelIndex, Objects, Records, UploadVersion},
    rules::tally::owner_counters,
};
use std::collections::BTreeSet;

/// Rows of the gallery that are read at a time.
const PAGE: u16 = 500;

/// The images of an owner.
#[derive(Debug, Default)]
pub struct OwnerImages {
    /// With a record, the newest first, also those whose erasure was interrupted.
    pub recorded: Vec<String>,
    /// Without a record, because it has expired or does not exist yet: ImageID → uploads that may be the original.
    pub unrecorded: UploadsById,
}

impl<T: Records + LabelIndex + Counters + Gallery, O: Objects, E: Executions, C: Clock> Eraser<T, O, E, C> {
    /// All images of an owner: by the index of the records, and by a listing of the owner's uploads.
    ///
    /// # Errors
    ///
    /// [`StorageError`] if records or versions cannot be read.
    pub async fn images_of_owner(&self, owner_id: &str) -> Result<OwnerImages, StorageError> {
        let mut images = OwnerImages::default();
        let mut known = BTreeSet::new();
        for status in [None, Some(ProcessingStatus::Erased)] {
            let mut after = None;
            loop {
                let filter = GalleryFilter { status, ..GalleryFilter::default() };
                let query = GalleryQuery { owner_id, from: None, to: None, after: after.as_ref(), filter, limit: PAGE };
                let page = self.tables.gallery_page(&query).await?;
                let ids = page.items.into_iter().map(|image| image.image_id).chain(page.unreadable.into_iter().map(|image| image.image_id));
                images.recorded.extend(ids.filter(|id| known.insert(id.clone())));
                after = page.next;
                if after.is_none() {
                    break;
                }
            }
        }
        for version in self.objects.list_versions(&self.bucket, &uploads_of(owner_id)).await? {
            let Some(content) = &version.content else { continue };
            let named = upload(&self.bucket, &version.key, Some(&version.version_id), &content.etag);
            let is_known = named.all_candidate_ids().iter().any(|id| known.contains(id));
            if named.owner_id() != owner_id || is_known || is_folder_marker(&version.key, content.size) {
                continue;
            }
            for id in self.images_of_version(&named, &version).await? {
                let upload = UploadVersion { upload: named.clone(), size: content.size, last_modified: content.last_modified };
                images.unrecorded.entry(id).or_default().push(upload);
            }
        }
        Ok(images)
    }

    /// Deletes what is left of an owner's counters after all images were erased; returns the number of deleted names.
    ///
    /// The contributions of expired images are among them: such an image has no record any more that says what it contributed.
    ///
    /// # Errors
    ///
    /// [`StorageError`] if the counters cannot be read or deleted.
    pub async fn forget_owner(&self, owner_id: &str) -> Result<usize, StorageError> {
        let mut removed = 0;
        for counter in owner_counters(owner_id) {
            removed += self.tables.remove_counter(&counter).await?;
        }
        Ok(removed)
    }
}

/// The prefix of all uploads of an owner.
fn uploads_of(owner_id: &str) -> String {
    if owner_id == DEFAULT_OWNER { layout::UPLOADS.to_owned() } else { format!("{}{owner_id}/", layout::UPLOADS) }
}
