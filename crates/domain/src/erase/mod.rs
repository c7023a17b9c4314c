//! Erasing images: originals, copies, answers, label rows, the review item, their share of the trends, and the record, of which a
//! tombstone stays that keeps late writes and late events out (fault matrix, row 33).
//!
//! Everything can be repeated, so an erasure that was interrupted goes on when it is run again.

mod originals;
pub mod ports;
mod receipt;
mod sweep;
mod tombstone;
mod unrecorded;

pub use receipt::{Derived, LateWrites, Receipt};
pub use sweep::{SWEEP_AFTER, Swept, sweep_erased};
pub use tombstone::{Meaning, Tombstone, meaning};
pub use unrecorded::{UploadsById, find_uploads};

use crate::{
    clock::Clock,
    error::StorageError,
    label_index::{self, RowKey},
    ports::{ImageStore, Written},
    record::Record,
    review::ReviewStatus,
};
use originals::originals;
use ports::{ExecutionStop, LabelRowRemoval, ObjectVersion, ObjectVersions, RecordErasure, Stopped, TallyRemoval};

/// How often a record may change hands while it is marked.
const TRIES: usize = 5;

/// Erases images.
#[derive(Debug, Clone)]
pub struct Eraser<R, L, O, E, T, C> {
    /// The bucket of all images.
    pub bucket: String,
    /// The records.
    pub records: R,
    /// The label index.
    pub label_rows: L,
    /// The objects of the bucket.
    pub objects: O,
    /// The executions.
    pub executions: E,
    /// The trends.
    pub trends: T,
    /// The time.
    pub clock: C,
}

/// What belongs to an image outside its record.
struct Belongings {
    originals: Vec<ObjectVersion>,
    derived: Vec<ObjectVersion>,
    label_rows: Vec<RowKey>,
}

impl<R, L, O, E, T, C> Eraser<R, L, O, E, T, C>
where
    R: RecordErasure,
    L: LabelRowRemoval,
    O: ObjectVersions + ImageStore,
    E: ExecutionStop,
    T: TallyRemoval,
    C: Clock,
{
    /// Erases an image; of one that was erased before, what was written since. `None` where it has no record
    /// ([`Eraser::erase_unrecorded`]).
    pub async fn erase(&self, image_id: &str) -> Result<Option<Receipt>, StorageError> {
        let items = self.records.items(image_id).await?;
        let Some(newest) = items.first() else { return Ok(None) };
        let mut receipt = Receipt::of(image_id, newest.erased_at.filter(|_| newest.is_tombstone()));
        for item in items.iter().filter(|item| !item.is_tombstone()) {
            self.erase_item(item, &mut receipt).await?;
        }
        if receipt.records > 0 {
            let look_again_at = receipt.erased_at.unwrap_or_default() + SWEEP_AFTER;
            receipt.late_writes = Some(LateWrites::Possible { look_again_at });
        } else {
            let swept = sweep_erased(&self.records, &self.objects, &self.bucket, image_id, self.clock.now()).await?;
            receipt.derived = swept.removed;
            receipt.late_writes = Some(swept.late);
        }
        Ok(Some(receipt))
    }

    /// What [`Eraser::erase`] would remove now; whether the execution runs and the trends know the image is not looked at.
    pub async fn foresee(&self, image_id: &str) -> Result<Option<Receipt>, StorageError> {
        let items = self.records.items(image_id).await?;
        let Some(newest) = items.first() else { return Ok(None) };
        let mut receipt = Receipt::of(image_id, newest.erased_at.filter(|_| newest.is_tombstone()));
        receipt.derived = Derived::count(&sweep::derived(&self.objects, &self.bucket, image_id).await?);
        for item in items.iter().filter(|item| !item.is_tombstone()) {
            let belongings = self.belongings(item).await?;
            receipt.originals += belongings.originals.len();
            receipt.label_rows += belongings.label_rows.len();
            receipt.records += 1;
            receipt.review |= item.review_status == ReviewStatus::Pending;
        }
        Ok(Some(receipt))
    }

    /// The order matters: nobody may write any more before anything is looked for, and the record, which says where things lie, is last.
    async fn erase_item(&self, item: &Record, receipt: &mut Receipt) -> Result<(), StorageError> {
        let Some(marked) = self.mark(item, receipt).await? else { return Ok(()) };
        if let Some(execution_arn) = &marked.execution_to_stop {
            let stopped = self.executions.stop(execution_arn).await?;
            receipt.execution = receipt.execution.filter(|before| *before == Stopped::Stopped).or(Some(stopped));
        }
        let belongings = self.belongings(&marked).await?;
        self.objects.delete_versions(&self.bucket, &belongings.derived).await?;
        self.objects.delete_versions(&self.bucket, &belongings.originals).await?;
        self.label_rows.remove(&belongings.label_rows).await?;
        receipt.trends |= self.trends.remove_tally(&marked.image_id).await?;
        let now = self.clock.now();
        self.records.strip(&marked, now).await?;
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

    /// Marks an item ERASED, and gives it as it is from then on: an execution may have written to it since it was read.
    async fn mark(&self, item: &Record, receipt: &mut Receipt) -> Result<Option<Record>, StorageError> {
        let mut item = item.clone();
        for _ in 0..TRIES {
            if item.is_erased() {
                return Ok(Some(item).filter(|item| !item.is_tombstone()));
            }
            if self.records.mark(&item, self.clock.now()).await? == Written::Yes {
                receipt.review |= item.review_status == ReviewStatus::Pending;
            }
            let items = self.records.items(&item.image_id).await?;
            let Some(now) = items.into_iter().find(|now| now.upload_timestamp == item.upload_timestamp) else { return Ok(None) };
            item = now;
        }
        Err(StorageError::Unavailable { doing: "marking the record ERASED", source: "it passes from one execution to the next".into() })
    }

    async fn belongings(&self, item: &Record) -> Result<Belongings, StorageError> {
        Ok(Belongings {
            derived: sweep::derived(&self.objects, &self.bucket, &item.image_id).await?,
            originals: originals(&self.records, &self.objects, &self.bucket, item).await?,
            label_rows: self.label_rows.existing(&label_index::keys(item)).await?,
        })
    }
}
