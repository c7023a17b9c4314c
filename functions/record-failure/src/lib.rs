//! Writes into the record why its execution failed: the first real cause, from the execution's history.
//!
//! Input: EventBridge "Step Functions Execution Status Change". Output: the image's id, or null if there is no record to mark. Errors:
//! `Storage.*`.

use sightline_domain::{
    flows::fail::{Recorded, record_failure},
    model::{Clock, ExecutionStatusChanged},
    ports::{Executions, Objects, Records, Uploads},
};
use sightline_kit::{Step, StepFailure, metrics, set_image_id, settings::Reader};

/// Records failures in the records `R`, by the objects `O`, the executions `E` and the clock `C`.
pub struct RecordFailure<R, O, E, C> {
    retention_days: u32,
    records: R,
    objects: O,
    executions: E,
    clock: C,
}

/// The settings of the function (docs/configuration.md).
pub struct Settings {
    /// Table of the records.
    pub records_table: String,
    /// Days until a record expires; 0: never.
    pub retention_days: u32,
}

/// Reads the settings.
pub fn settings(reader: &mut Reader<'_>) -> Settings {
    Settings { records_table: reader.text("RECORDS_TABLE"), retention_days: reader.retention_days() }
}

impl<R, O, E, C> RecordFailure<R, O, E, C> {
    /// A step over these ports.
    pub fn new(retention_days: u32, records: R, objects: O, executions: E, clock: C) -> Self {
        Self { retention_days, records, objects, executions, clock }
    }
}

impl<R: Records, O: Objects + Uploads, E: Executions, C: Clock> Step for RecordFailure<R, O, E, C> {
    const NAME: &'static str = "record-failure";
    type Input = ExecutionStatusChanged;
    type Output = Option<String>;

    async fn run(&self, ExecutionStatusChanged { detail, .. }: ExecutionStatusChanged) -> Result<Option<String>, StepFailure> {
        let now = self.clock.now();
        match record_failure(&self.records, &self.objects, &self.executions, &detail, now, self.retention_days).await? {
            Recorded::Failed(record) => {
                set_image_id(&record.image_id);
                metrics::image(&record).write();
                tracing::info!(reason = record.status_reason, "execution failed");
                Ok(Some(record.image_id))
            }
            Recorded::NotNeeded => {
                tracing::info!("nothing to record: the record is COMPLETED or held by another execution, or this one was redriven");
                Ok(None)
            }
            Recorded::NoUpload => {
                // Somebody started the state machine by hand with another input, so there is no image.
                tracing::warn!("the execution's input is not an upload");
                Ok(None)
            }
        }
    }
}
