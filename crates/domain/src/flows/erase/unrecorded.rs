//! Erases images whose record has expired. Their remaining objects and rows are found by the image's id, or by the key of the original.

use super::{
    Eraser, SWEEP_AFTER,
    late_writes::{derived_objects, sweep_erased},
    originals::{is_original, originals, upload},
    receipt::{Derived, LateWrites, Receipt},
};
use crate::{
    flows::count::remove_tally,
    model::{
        clock::{Clock, EpochMillis},
        error::StorageError,
        identity::Upload,
        layout,
        record::{ProcessingStatus, Record, WorkQueue},
    },
    ports::{Counters, Executions, LabelIndex, ObjectVersion, Objects, Records, UploadVersion, Uploads, Written},
    rules::label_index::RowKey,
};
use std::collections::{BTreeMap, BTreeSet};

/// ImageID → versions of uploads that may be the original of this image.
pub type UploadsById = BTreeMap<String, Vec<UploadVersion>>;

/// The uploads in `bucket` that may be the originals of `image_ids`. An id contains neither owner nor key, so this lists all uploads.
///
/// # Errors
///
/// [`StorageError`] if the versions cannot be listed.
pub async fn find_uploads(objects: &impl Uploads, bucket: &str, image_ids: &BTreeSet<String>) -> Result<UploadsById, StorageError> {
    let (mut found, mut after) = (UploadsById::new(), None);
    loop {
        let page = objects.versions(bucket, after.as_ref()).await?;
        for version in page.items {
            for id in ids(&version.upload).intersection(image_ids) {
                found.entry(id.clone()).or_default().push(version.clone());
            }
        }
        after = page.next;
        if after.is_none() {
            return Ok(found);
        }
    }
}

/// All ids that a version can have, whether its event named the version or not.
fn ids(upload: &Upload) -> BTreeSet<String> {
    upload.all_candidate_ids().into_iter().collect()
}

/// The remaining objects and rows of an image without a record.
struct Leftovers {
    /// The record that is written to mark the image ERASED, reconstructed from the bucket.
    marked: Record,
    originals: Vec<ObjectVersion>,
    derived: Vec<ObjectVersion>,
    label_rows: Vec<RowKey>,
}

impl<T: Records + LabelIndex + Counters, O: Objects, E: Executions, C: Clock> Eraser<T, O, E, C> {
    /// The images that were uploaded under exactly `key`, with their uploads: an overwritten key has one for each content.
    ///
    /// # Errors
    ///
    /// [`StorageError`] if versions or records cannot be read.
    pub async fn images_of_key(&self, key: &str) -> Result<UploadsById, StorageError> {
        let mut found = UploadsById::new();
        // Objects that functions wrote are erased with their image; they are not uploads.
        if !key.starts_with(layout::UPLOADS) {
            return Ok(found);
        }
        for version in self.objects.list_versions(&self.bucket, key).await?.iter().filter(|version| version.key == key) {
            let Some(content) = &version.content else { continue };
            let named = upload(&self.bucket, key, Some(&version.version_id), &content.etag);
            for id in self.images_of_version(&named, version).await? {
                let upload = UploadVersion { upload: named.clone(), size: content.size, last_modified: content.last_modified };
                found.entry(id).or_default().push(upload);
            }
        }
        if found.is_empty() {
            // All versions are gone, but the key may contain the id of its image.
            let named = upload(&self.bucket, key, None, "");
            if named.image_prefix().is_some() {
                found.extend(named.candidate_ids().into_iter().next().map(|id| (id, Vec::new())));
            }
        }
        Ok(found)
    }

    /// The images whose original is `version`, by their records. If there is none: the first candidate id that has remaining objects, or else
    /// the first one that has nothing.
    pub(super) async fn images_of_version(&self, named: &Upload, version: &ObjectVersion) -> Result<Vec<String>, StorageError> {
        let (mut recorded, mut with_objects, mut free) = (Vec::new(), Vec::new(), Vec::new());
        for id in named.all_candidate_ids() {
            let items = self.tables.items(&id).await?;
            let mut live = items.iter().filter(|item| !item.is_tombstone()).peekable();
            if live.peek().is_none() {
                let derived = derived_objects(&self.objects, &self.bucket, &id).await?;
                (if derived.is_empty() { &mut free } else { &mut with_objects }).push(id);
                continue;
            }
            for item in live {
                if is_original(&self.tables, &self.objects, &self.bucket, item, version).await? {
                    recorded.push(id.clone());
                }
            }
        }
        let first = |ids: Vec<String>| ids.into_iter().next();
        Ok(if recorded.is_empty() { first(with_objects).or_else(|| first(free)).into_iter().collect() } else { recorded })
    }

    /// Erases the remaining objects and rows of an image that has no record; `uploads` are the versions that may be its original. `None` if
    /// nothing remains.
    ///
    /// Like every erasure, it leaves a tombstone and can be repeated after an interruption.
    ///
    /// # Errors
    ///
    /// [`StorageError`] if something cannot be read, written or deleted.
    pub async fn erase_unrecorded(&self, image_id: &str, uploads: &[UploadVersion]) -> Result<Option<Receipt>, StorageError> {
        let Some(Leftovers { marked, label_rows, .. }) = self.leftovers(image_id, uploads).await? else { return Ok(None) };
        // First, so that a late event finds that the image was erased.
        if self.tables.mark_unrecorded_erased(&marked).await? == Written::Refused {
            let doing = "marking the image ERASED";
            return Err(StorageError::Unavailable { doing, source: "it has a record now".into() });
        }
        let mut receipt = Receipt::of(image_id, None);
        self.tables.delete_rows(&label_rows).await?;
        if marked.is_tombstone() {
            self.tables.strip(&marked, marked.erased_at.unwrap_or_default()).await?;
            receipt.trends = remove_tally(&self.tables, image_id).await?;
            receipt.erased_at = marked.erased_at;
            receipt.derived = sweep_erased(&self.tables, &self.objects, &self.bucket, image_id, self.clock.now()).await?.removed;
        } else {
            self.erase_item(&marked, &mut receipt).await?;
        }
        receipt.label_rows += label_rows.len();
        // The record that was written only to mark the image does not count.
        receipt.records = 0;
        receipt.late_writes = Some(LateWrites::Possible { look_again_at: receipt.erased_at.unwrap_or_default() + SWEEP_AFTER });
        Ok(Some(receipt))
    }

    /// What [`Eraser::erase_unrecorded`] would remove now.
    ///
    /// # Errors
    ///
    /// [`StorageError`] if something cannot be read.
    pub async fn preview_unrecorded(&self, image_id: &str, uploads: &[UploadVersion]) -> Result<Option<Receipt>, StorageError> {
        let Some(left) = self.leftovers(image_id, uploads).await? else { return Ok(None) };
        let mut receipt = Receipt::of(image_id, None);
        receipt.originals = left.originals.len();
        receipt.derived = Derived::count(&left.derived);
        receipt.label_rows = left.label_rows.len();
        Ok(Some(receipt))
    }

    async fn leftovers(&self, image_id: &str, uploads: &[UploadVersion]) -> Result<Option<Leftovers>, StorageError> {
        let erased = self.tables.items(image_id).await?.first().map(|tombstone| tombstone.upload_timestamp);
        let mut own = Vec::new();
        for version in uploads.iter().filter(|version| erased.is_none_or(|erased| version.last_modified > erased)) {
            if !self.is_another_image(image_id, &version.upload).await? {
                own.push(version);
            }
        }
        own.sort_by_key(|version| version.last_modified);
        let marked = self.marked(image_id, uploads, own.first().copied(), erased);
        let originals =
            if marked.is_tombstone() { Vec::new() } else { originals(&self.tables, &self.objects, &self.bucket, &marked).await? };
        let derived = derived_objects(&self.objects, &self.bucket, image_id).await?;
        let label_rows = self.tables.rows_of_image(image_id).await?;
        let nothing = originals.is_empty() && derived.is_empty() && label_rows.is_empty();
        Ok((!nothing).then_some(Leftovers { marked, originals, derived, label_rows }))
    }

    /// Whether a version under a key that names `image_id` is another image: the key was overwritten with other content, which has a record or
    /// remaining objects under another id.
    async fn is_another_image(&self, image_id: &str, named: &Upload) -> Result<bool, StorageError> {
        for id in ids(named).iter().filter(|id| *id != image_id && named.candidate_ids().first() != Some(*id)) {
            let recorded = self.tables.items(id).await?.iter().any(|item| !item.is_tombstone());
            if recorded || !derived_objects(&self.objects, &self.bucket, id).await?.is_empty() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The record that marks the image ERASED. It has the key that a late claim of the same upload would use
    /// ([`crate::flows::claims::upload_timestamp`]), so that the claim is refused. Without an original it is already a tombstone.
    fn marked(&self, image_id: &str, uploads: &[UploadVersion], original: Option<&UploadVersion>, erased: Option<EpochMillis>) -> Record {
        let now = self.clock.now();
        let no_upload = Upload { bucket: String::new(), key: String::new(), version_id: None, etag: String::new() };
        let (upload, size, uploaded) = match original {
            None => (&no_upload, 0, now),
            Some(original)
                if original.upload.image_prefix().is_some() && original.upload.candidate_ids().first().is_some_and(|id| id == image_id) =>
            {
                let times = uploads.iter().map(|version| version.last_modified);
                let first = times.filter(|at| erased.is_none_or(|erased| *at > erased)).min();
                (&original.upload, original.size, first.unwrap_or(original.last_modified))
            }
            Some(original) => (&original.upload, original.size, original.last_modified),
        };
        let mut marked = Record::claimed(image_id.to_owned(), upload, size, uploaded, String::new(), now);
        (marked.processing_status, marked.work_queue, marked.erased_at) = (ProcessingStatus::Erased, Some(WorkQueue::Erased), Some(now));
        if original.is_none() {
            (marked.s3_url, marked.owner_id) = (String::new(), String::new());
        }
        marked
    }
}
