//! Writes into the record why its execution failed: the first real cause, from the execution's history.
//!
//! Input: EventBridge "Step Functions Execution Status Change". Output: the image's id, or null where no record is to be
//! marked. Errors: `Storage.*`.

use sightline_domain::{
    clock::Clock,
    event::{ExecutionStatusChanged, ExecutionStatusDetail, ObjectCreated},
    failure::{Ending, Run, mark_failed},
    identity::Upload,
    ports::{ExecutionHistory, FailureCause, ImageStore, RecordFailures, UploadLookup},
};
use sightline_kit::{Fault, Step, about_image, metrics, settings::Reader};

/// The step.
pub struct RecordFailure<R, O, H, C> {
    records: R,
    uploads: O,
    history: H,
    clock: C,
}

/// Reads the name of the records' table.
pub fn settings(reader: &mut Reader<'_>) -> String {
    reader.text("RECORDS_TABLE")
}

impl<R, O, H, C> RecordFailure<R, O, H, C> {
    /// Writes to `records` what `history` tells.
    pub fn new(records: R, uploads: O, history: H, clock: C) -> Self {
        Self { records, uploads, history, clock }
    }
}

impl<R: RecordFailures, O: UploadLookup + ImageStore, H: ExecutionHistory, C: Clock> Step for RecordFailure<R, O, H, C> {
    const NAME: &'static str = "record-failure";
    type Input = ExecutionStatusChanged;
    type Output = Option<String>;

    async fn run(&self, ExecutionStatusChanged { detail, .. }: ExecutionStatusChanged) -> Result<Option<String>, Fault> {
        let input = detail.input.as_deref().unwrap_or_default();
        let Ok(event) = serde_json::from_str::<ObjectCreated>(input) else {
            // Somebody started the machine by hand with another input: there is no image to speak of.
            tracing::warn!("the execution's input is no upload");
            return Ok(None);
        };
        let told = self.history.failure_cause(&detail.execution_arn).await?;
        let upload = Upload::from_event(&event);
        let run = Run { upload: &upload, execution_arn: &detail.execution_arn, event_time: event.time_millis(), now: self.clock.now() };
        let Some(record) = mark_failed(&self.records, &self.uploads, &run, ending(&detail, told), |_| ()).await? else {
            tracing::info!("the image is done, or another execution's");
            return Ok(None);
        };
        about_image(&record.image_id);
        metrics::image(&record).write();
        tracing::info!(reason = record.status_reason, "execution failed");
        Ok(Some(record.image_id))
    }
}

fn ending(detail: &ExecutionStatusDetail, told: Option<FailureCause>) -> Ending {
    let told = told.filter(|cause| !cause.error.is_empty());
    let state = told.as_ref().and_then(|cause| cause.state.clone());
    let (error, message) = match told {
        Some(cause) => (cause.error, cause.message),
        None => (detail.error.clone().unwrap_or_default(), detail.cause.clone().unwrap_or_default()),
    };
    let reason = if error.is_empty() { format!("Execution.{}", detail.status) } else { error };
    let said = said(&message);
    let sentence = if said.is_empty() { format!("the execution ended {}", detail.status) } else { said };
    Ending { reason, detail: state.map_or(sentence.clone(), |state| format!("{state}: {sentence}")) }
}

/// Lambda's `errorMessage` where the cause is Lambda's JSON, else the cause itself.
fn said(cause: &str) -> String {
    let message = serde_json::from_str::<serde_json::Value>(cause).ok();
    let message = message.as_ref().and_then(|json| json.get("errorMessage")).and_then(serde_json::Value::as_str);
    message.unwrap_or(cause).to_owned()
}
