//! Writes into the record why its execution failed: the first real cause, from the execution's history.
//!
//! Input: EventBridge "Step Functions Execution Status Change". Output: the image's id, or null where no record is to be
//! marked. Errors: `Storage.*`.

use sightline_domain::{
    clock::Clock,
    event::ExecutionStatusChanged,
    failure::{Recorded, record_failure},
    ports::{ExecutionHistory, ImageStore, RecordFailures, UploadLookup},
};
use sightline_kit::{Fault, Step, about_image, metrics, settings::Reader};

/// The step.
pub struct RecordFailure<R, O, H, C> {
    retention_days: u32,
    records: R,
    uploads: O,
    history: H,
    clock: C,
}

/// Its settings.
pub struct Settings {
    /// Name of the records' table.
    pub records_table: String,
    /// Days that a record is kept; 0 = for ever.
    pub retention_days: u32,
}

/// Reads them.
pub fn settings(reader: &mut Reader<'_>) -> Settings {
    Settings { records_table: reader.text("RECORDS_TABLE"), retention_days: reader.parsed("RETENTION_DAYS", 730) }
}

impl<R, O, H, C> RecordFailure<R, O, H, C> {
    /// Writes to `records` what `history` tells.
    pub fn new(retention_days: u32, records: R, uploads: O, history: H, clock: C) -> Self {
        Self { retention_days, records, uploads, history, clock }
    }
}

impl<R: RecordFailures, O: UploadLookup + ImageStore, H: ExecutionHistory, C: Clock> Step for RecordFailure<R, O, H, C> {
    const NAME: &'static str = "record-failure";
    type Input = ExecutionStatusChanged;
    type Output = Option<String>;

    async fn run(&self, ExecutionStatusChanged { detail, .. }: ExecutionStatusChanged) -> Result<Option<String>, Fault> {
        let now = self.clock.now();
        match record_failure(&self.records, &self.uploads, &self.history, &detail, now, self.retention_days).await? {
            Recorded::Failed(record) => {
                about_image(&record.image_id);
                metrics::image(&record).write();
                tracing::info!(reason = record.status_reason, "execution failed");
                Ok(Some(record.image_id))
            }
            Recorded::NotOurs => {
                tracing::info!("the image is done, or another execution's");
                Ok(None)
            }
            Recorded::NoUpload => {
                // Somebody started the machine by hand with another input: there is no image to speak of.
                tracing::warn!("the execution's input is no upload");
                Ok(None)
            }
        }
    }
}
