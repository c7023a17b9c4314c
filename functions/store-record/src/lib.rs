//! Writes the merged record and its label rows in one conditional transaction, and marks the original as analysed.
//!
//! Input: [`Findings`]. Output: [`Stored`]. Errors: `Storage.*`, `Record.Superseded`.

use serde::Serialize;
use sightline_domain::{
    clock::Clock,
    error::{RecordSuperseded, StorageError},
    image::ImageRef,
    label_index::index,
    merge::{Findings, merge},
    ports::{ImageArchive, ObjectRef, RecordCompletion, Tagged, Written},
    record::{ProcessingStatus, Record},
    review::ReviewStatus,
};
use sightline_kit::{Fault, Step, metrics, settings::Reader};

/// The step.
pub struct StoreRecord<R, A, C> {
    retention_days: u32,
    records: R,
    archive: A,
    clock: C,
}

/// What the execution ends with.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Stored {
    #[serde(rename = "ImageID")]
    image_id: String,
    processing_status: ProcessingStatus,
    review_status: ReviewStatus,
}

/// Its settings.
pub struct Settings {
    /// Name of the records' table.
    pub records_table: String,
    /// Name of the label rows' table.
    pub label_index_table: String,
    /// Days that a record is kept; 0 = for ever.
    pub retention_days: u32,
}

/// Reads them.
pub fn settings(reader: &mut Reader<'_>) -> Settings {
    Settings {
        records_table: reader.text("RECORDS_TABLE"),
        label_index_table: reader.text("LABEL_INDEX_TABLE"),
        retention_days: reader.parsed("RETENTION_DAYS", 730),
    }
}

impl<R, A, C> StoreRecord<R, A, C> {
    /// Writes to `records`; moves the copies of withheld images with `archive`.
    pub fn new(retention_days: u32, records: R, archive: A, clock: C) -> Self {
        Self { retention_days, records, archive, clock }
    }
}

impl<R: RecordCompletion, A: ImageArchive, C: Clock> Step for StoreRecord<R, A, C> {
    const NAME: &'static str = "store-record";
    type Input = Findings;
    type Output = Stored;

    async fn run(&self, findings: Findings) -> Result<Stored, Fault> {
        let image = findings.image.clone();
        let superseded = || RecordSuperseded { image_id: image.image_id.clone() };
        let claimed = self.records.find(&image.image_id).await?.filter(|record| !record.is_erased()).ok_or_else(superseded)?;
        let mut record = merge(claimed, findings, self.clock.now(), self.retention_days);
        let indexed = index(&record);
        record.warnings.get_or_insert_default().extend(indexed.warning());
        // Copied before and deleted after, so that a repeated step finds at every moment what it needs.
        let moved = moves(&image, &record);
        for (from, to) in &moved {
            self.archive.copy(processed(&image, from), to).await?;
        }
        let record = Record { execution_arn: image.execution_arn.clone(), ..record };
        if self.records.complete(&record, &indexed.rows).await? == Written::Refused {
            return Err(superseded().into());
        }
        self.tidy(&image, &moved).await?;
        metrics::image(&record).write();
        tracing::info!(rows = indexed.rows.len(), left_out = indexed.left_out, withheld = record.is_withheld(), "record stored");
        Ok(Stored { image_id: record.image_id, processing_status: record.processing_status, review_status: record.review_status })
    }
}

impl<R, A: ImageArchive, C> StoreRecord<R, A, C> {
    async fn tidy(&self, image: &ImageRef, moved: &[(&str, String)]) -> Result<(), StorageError> {
        for (from, _) in moved {
            self.archive.delete(processed(image, from)).await?;
        }
        let original = ObjectRef { bucket: &image.bucket, key: &image.key, version_id: image.version_id.as_deref() };
        if self.archive.tag_status(original, "analyzed").await? == Tagged::NoRoom {
            tracing::warn!("the original has as many tags of its own as it may have: it is not tagged");
        }
        Ok(())
    }
}

fn processed<'a>(image: &'a ImageRef, key: &'a str) -> ObjectRef<'a> {
    ObjectRef { bucket: &image.bucket, key, version_id: None }
}

/// The copies that have to move, with where to: those of withheld images.
fn moves<'a>(image: &'a ImageRef, record: &Record) -> Vec<(&'a str, String)> {
    [(&image.processed_key, &record.processed_key), (&image.thumbnail_key, &record.thumbnail_key)]
        .into_iter()
        .filter_map(|(from, to)| to.as_ref().filter(|to| *to != from).map(|to| (from.as_str(), to.clone())))
        .collect()
}
