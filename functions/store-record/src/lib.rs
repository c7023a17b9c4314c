//! Writes the merged record and its rows of the label index in one conditional transaction, and tags the original as analysed.
//!
//! Input: [`Input`]. Output: [`Stored`]. Errors: `Storage.*`, `Record.Superseded`.

use serde::{Deserialize, Serialize};
use sightline_domain::{
    model::{Clock, ImageRef, ObjectRef, ProcessingStatus, Record, RecordSuperseded, ReviewStatus, StorageError},
    ports::{Objects, Records, Tagged, Written},
    rules::{
        label_index::{IndexRows, index},
        merge::{Findings, merge},
    },
};
use sightline_kit::{Step, StepFailure, metrics, settings::Reader};

/// Attempts, each with a fresh read, if the owner edits the image meanwhile.
const ATTEMPTS: usize = 5;

/// Stores records in `R`, and moves copies in the objects `O`, by the clock `C`.
pub struct StoreRecord<R, O, C> {
    retention_days: u32,
    records: R,
    objects: O,
    clock: C,
}

/// The findings of all branches, and how often they may have been stored before.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Input {
    #[serde(flatten)]
    findings: Findings,
    /// Retries of the state and redrives of the execution.
    earlier_attempts: u64,
}

/// The output of the execution.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Stored {
    #[serde(rename = "ImageID")]
    image_id: String,
    processing_status: ProcessingStatus,
    review_status: ReviewStatus,
}

/// The settings of the function (docs/configuration.md).
pub struct Settings {
    /// Table of the records.
    pub records_table: String,
    /// Table of the label index.
    pub label_index_table: String,
    /// Days until a record expires; 0: never.
    pub retention_days: u32,
}

/// Reads the settings.
pub fn settings(reader: &mut Reader<'_>) -> Settings {
    Settings {
        records_table: reader.text("RECORDS_TABLE"),
        label_index_table: reader.text("LABEL_INDEX_TABLE"),
        retention_days: reader.retention_days(),
    }
}

impl<R, O, C> StoreRecord<R, O, C> {
    /// A step over these ports.
    pub fn new(retention_days: u32, records: R, objects: O, clock: C) -> Self {
        Self { retention_days, records, objects, clock }
    }
}

impl<R: Records, O: Objects, C: Clock> Step for StoreRecord<R, O, C> {
    const NAME: &'static str = "store-record";
    type Input = Input;
    type Output = Stored;

    async fn run(&self, Input { findings, earlier_attempts }: Input) -> Result<Stored, StepFailure> {
        let image = findings.image.clone();
        // A review changes the record. Otherwise, at the first attempt, it is still as it was created, unless its owner has edited it.
        let unchanged = findings.review.is_none() && image.is_first_attempt(earlier_attempts);
        let mut claimed = match Record::created(&image).filter(|_| unchanged) {
            Some(record) => record,
            None => self.claimed(&image).await?,
        };
        for _ in 0..ATTEMPTS {
            let mut record = merge(claimed.clone(), findings.clone(), self.clock.now(), self.retention_days);
            let indexed = index(&record);
            record.warnings.get_or_insert_default().extend(indexed.warning());
            // Copied before the record is written and deleted after, so that a retried step finds what it needs.
            let moved = moves(&image, &record);
            for (from, to) in &moved {
                self.objects.copy(processed(&image, from), to).await?;
            }
            let record = Record { execution_arn: image.execution_arn.clone(), ..record };
            if self.records.complete(&record, &indexed.rows).await? == Written::Yes {
                self.clean_up(&image, &moved).await?;
                return Ok(report(record, &indexed));
            }
            // Refused because the owner has edited the image since it was read, or because another execution holds the record.
            let edits = claimed.edits;
            claimed = self.claimed(&image).await?;
            if claimed.edits == edits {
                return Err(superseded(&image).into());
            }
        }
        let source = "its owner edited the image at every attempt".into();
        Err(StorageError::Unavailable { doing: "storing the record", source }.into())
    }
}

fn superseded(image: &ImageRef) -> RecordSuperseded {
    RecordSuperseded { image_id: image.image_id.clone() }
}

/// Reports the stored record in metrics and log, and returns the output.
fn report(record: Record, indexed: &IndexRows) -> Stored {
    metrics::image(&record).write();
    tracing::info!(rows = indexed.rows.len(), omitted = indexed.omitted, withheld = record.is_withheld(), "record stored");
    Stored { image_id: record.image_id, processing_status: record.processing_status, review_status: record.review_status }
}

impl<R: Records, O, C> StoreRecord<R, O, C> {
    /// The record, which must not be erased.
    async fn claimed(&self, image: &ImageRef) -> Result<Record, StepFailure> {
        let found = self.records.find(&image.image_id).await?.filter(|record| !record.is_erased());
        found.ok_or_else(|| superseded(image).into())
    }
}

impl<R, O: Objects, C> StoreRecord<R, O, C> {
    async fn clean_up(&self, image: &ImageRef, moved: &[(&str, String)]) -> Result<(), StorageError> {
        for (from, _) in moved {
            self.objects.delete(processed(image, from)).await?;
        }
        let original = ObjectRef { bucket: &image.bucket, key: &image.key, version_id: image.version_id.as_deref() };
        if self.objects.tag_status(original, "analyzed").await? == Tagged::NoRoom {
            tracing::warn!("the original already has as many tags as S3 allows: not tagged");
        }
        Ok(())
    }
}

fn processed<'a>(image: &'a ImageRef, key: &'a str) -> ObjectRef<'a> {
    ObjectRef::current(&image.bucket, key)
}

/// The copies that move to the archive, because the image is withheld, with their new keys.
fn moves<'a>(image: &'a ImageRef, record: &Record) -> Vec<(&'a str, String)> {
    let large = image.large_thumbnail_key.as_ref().map(|from| (from, &record.large_thumbnail_key));
    [(&image.processed_key, &record.processed_key), (&image.thumbnail_key, &record.thumbnail_key)]
        .into_iter()
        .chain(large)
        .filter_map(|(from, to)| to.as_ref().filter(|to| *to != from).map(|to| (from.as_str(), to.clone())))
        .collect()
}
