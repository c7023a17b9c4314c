//! Erases images: originals, copies, answers, label rows, the open review, their contributions to the trends, and the record. A tombstone
//! stays, which refuses late writes and late events (fault matrix, row 33).
//!
//! Every step can be repeated, so an interrupted erasure resumes when it is run again.

mod late_writes;
mod originals;
mod owner;
mod receipt;
mod unrecorded;

pub use late_writes::{SWEEP_AFTER, Swept, sweep_erased};
pub use owner::OwnerImages;
pub use receipt::{Derived, LateWrites, Receipt};
pub use unrecorded::{UploadsById, find_uploads};

use crate::{
    flows::count::remove_tally,
    model::{clock::Clock, error::StorageError, record::Record, review::ReviewStatus},
    ports::{Counters, Executions, LabelIndex, ObjectVersion, Objects, Records, Stopped, Written},
    rules::label_index::{self, RowKey},
};
use late_writes::derived_objects;
use originals::originals;

/// How often a record may pass to another execution while it is marked.
const ATTEMPTS: usize = 5;

/// Erases images in the tables `T`, the objects `O` and the executions `E`, by the clock `C`.
#[derive(Debug, Clone)]
pub struct Eraser<T, O, E, C> {
    /// The images bucket.
    pub bucket: String,
    /// The records, their label rows and the counters.
    pub tables: T,
    /// The objects of the bucket.
    pub objects: O,
    /// The executions.
    pub executions: E,
    /// The clock.
    pub clock: C,
}

/// What belongs to an image outside its record.
struct Belongings {
    originals: Vec<ObjectVersion>,
    derived: Vec<ObjectVersion>,
    label_rows: Vec<RowKey>,
}

impl<T: Records + LabelIndex + Counters, O: Objects, E: Executions, C: Clock> Eraser<T, O, E, C> {
    /// Erases an image; if it was erased before, what was written since. `None` if it has no record ([`Eraser::erase_unrecorded`]).
    ///
    /// # Errors
    ///
    /// [`StorageError`] if something cannot be read, written or deleted; erasing again resumes.
    pub async fn erase(&self, image_id: &str) -> Result<Option<Receipt>, StorageError> {
        let items = self.tables.items(image_id).await?;
        let Some(newest) = items.first() else { return Ok(None) };
        let mut receipt = Receipt::of(image_id, newest.erased_at.filter(|_| newest.is_tombstone()));
        for item in items.iter().filter(|item| !item.is_tombstone()) {
            self.erase_item(item, &mut receipt).await?;
        }
        if receipt.records > 0 {
            let look_again_at = receipt.erased_at.unwrap_or_default() + SWEEP_AFTER;
            receipt.late_writes = Some(LateWrites::Possible { look_again_at });
        } else {
            let swept = sweep_erased(&self.tables, &self.objects, &self.bucket, image_id, self.clock.now()).await?;
            receipt.derived = swept.removed;
            receipt.late_writes = Some(swept.late);
        }
        Ok(Some(receipt))
    }

    /// What [`Eraser::erase`] would remove now. It does not check whether the execution runs or the trends count the image.
    ///
    /// # Errors
    ///
    /// [`StorageError`] if something cannot be read.
    pub async fn preview(&self, image_id: &str) -> Result<Option<Receipt>, StorageError> {
        let items = self.tables.items(image_id).await?;
        let Some(newest) = items.first() else { return Ok(None) };
        let mut receipt = Receipt::of(image_id, newest.erased_at.filter(|_| newest.is_tombstone()));
        receipt.derived = Derived::count(&derived_objects(&self.objects, &self.bucket, image_id).await?);
        for item in items.iter().filter(|item| !item.is_tombstone()) {
            let belongings = self.belongings(item).await?;
            receipt.originals += belongings.originals.len();
            receipt.label_rows += belongings.label_rows.len();
            receipt.records += 1;
            receipt.review |= item.review_status == ReviewStatus::Pending;
        }
        Ok(Some(receipt))
    }

    /// The order matters: first nobody can write any more, then everything is deleted, and last the record, which says where things are.
    async fn erase_item(&self, item: &Record, receipt: &mut Receipt) -> Result<(), StorageError> {
        let Some(marked) = self.mark(item, receipt).await? else { return Ok(()) };
        if let Some(execution_arn) = &marked.execution_to_stop {
            let stopped = self.executions.stop(execution_arn).await?;
            receipt.execution = receipt.execution.filter(|before| *before == Stopped::Stopped).or(Some(stopped));
        }
        let belongings = self.belongings(&marked).await?;
        self.objects.delete_versions(&self.bucket, &belongings.derived).await?;
        self.objects.delete_versions(&self.bucket, &belongings.originals).await?;
        self.tables.delete_rows(&belongings.label_rows).await?;
        receipt.trends |= remove_tally(&self.tables, &marked.image_id).await?;
        let now = self.clock.now();
        self.tables.strip(&marked, now).await?;
        let derived = Derived::count(&belongings.derived);
        receipt.derived.copies += derived.copies;
        receipt.derived.results += derived.results;
        receipt.derived.archived += derived.archived;
        receipt.originals += belongings.originals.len();
        receipt.label_rows += belongings.label_rows.len();
        receipt.records += 1;
        receipt.erased_at = Some(now);
        Ok(())
    }

    /// Marks an item ERASED, and returns it as it is from then on: an execution may have written to it since it was read.
    async fn mark(&self, item: &Record, receipt: &mut Receipt) -> Result<Option<Record>, StorageError> {
        let mut item = item.clone();
        for _ in 0..ATTEMPTS {
            if item.is_erased() {
                return Ok(Some(item).filter(|item| !item.is_tombstone()));
            }
            if self.tables.mark_erased(&item, self.clock.now()).await? == Written::Yes {
                receipt.review |= item.review_status == ReviewStatus::Pending;
            }
            let items = self.tables.items(&item.image_id).await?;
            let Some(now) = items.into_iter().find(|now| now.upload_timestamp == item.upload_timestamp) else { return Ok(None) };
            item = now;
        }
        Err(StorageError::Unavailable { doing: "marking the record ERASED", source: "it passes from one execution to the next".into() })
    }

    async fn belongings(&self, item: &Record) -> Result<Belongings, StorageError> {
        Ok(Belongings {
            derived: derived_objects(&self.objects, &self.bucket, &item.image_id).await?,
            originals: originals(&self.tables, &self.objects, &self.bucket, item).await?,
            label_rows: self.tables.existing_rows(&label_index::keys(item)).await?,
        })
    }
}
