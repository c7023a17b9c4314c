//! Writes into the record why an image was rejected, tags its original, and keeps a copy of it in the archive unless it is too large for that.
//!
//! Input: [`Input`]. Output: the image's id, or null where the image belongs to another execution. Errors: `Storage.*`, `Input.Invalid`.

use serde::Deserialize;
use sightline_domain::{
    analysis::{Analysis, Outcome},
    clock::Clock,
    error::InputInvalid,
    event::ObjectCreated,
    failure::{Ending, Run, mark_failed},
    identity::Upload,
    layout,
    ports::{ImageArchive, ImageStore, ObjectRef, RecordFailures, Tagged, UploadLookup},
    record::{Analyses, Record},
    rejection::{ReasonCode, Rejection},
};
use sightline_kit::{Fault, Step, about_image, metrics, settings::Reader};

/// Larger originals are not copied to the archive, bytes. One try at a copy has 20 seconds (`sightline_aws::clients`), which is 13 MB a second
/// here; `CopyObject` itself ends at 5 GB (S3 API reference). An execution must not fail, in every redrive again, over a copy that cannot be made.
pub const MOST_COPIED: u64 = 256 << 20;

/// The step.
pub struct RecordRejection<R, O, C> {
    retention_days: u32,
    records: R,
    objects: O,
    clock: C,
}

/// Its input: the execution's own input, and the error that was caught.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Input {
    event: ObjectCreated,
    execution_arn: String,
    error: String,
    cause: String,
}

/// What Lambda reports as the cause of an error.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct LambdaCause {
    error_message: String,
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

impl<R, O, C> RecordRejection<R, O, C> {
    /// Writes to `records` and archives through `objects`.
    pub fn new(retention_days: u32, records: R, objects: O, clock: C) -> Self {
        Self { retention_days, records, objects, clock }
    }
}

impl<R: RecordFailures, O: UploadLookup + ImageStore + ImageArchive, C: Clock> Step for RecordRejection<R, O, C> {
    const NAME: &'static str = "record-rejection";
    type Input = Input;
    type Output = Option<String>;

    async fn run(&self, input: Input) -> Result<Option<String>, Fault> {
        let upload = Upload::from_event(&input.event);
        let (ending, refused) = ending(&input)?;
        let run = Run {
            upload: &upload,
            execution_arn: &input.execution_arn,
            event_time: input.event.time_millis(),
            now: self.clock.now(),
            retention_days: self.retention_days,
        };
        let amend = |record: &mut Record| note_refusal(record, refused);
        let Some(record) = mark_failed(&self.records, &self.objects, &run, ending, amend).await? else {
            return Ok(None);
        };
        about_image(&record.image_id);
        let original = ObjectRef { bucket: &upload.bucket, key: &upload.key, version_id: record.version_id.as_deref() };
        if record.size > MOST_COPIED {
            tracing::warn!(size = record.size, "the original is too large to be copied to the archive, and stays where it was uploaded");
        } else {
            self.objects.copy(original.clone(), &layout::rejected_original(&record.image_id)).await?;
        }
        if self.objects.tag_status(original, "rejected").await? == Tagged::NoRoom {
            tracing::warn!("the original has as many tags of its own as it may have: it is not tagged");
        }
        metrics::image(&record).write();
        tracing::info!(reason = record.status_reason, "image rejected");
        Ok(Some(record.image_id))
    }
}

/// The reason, and the analysis whose provider refused the image.
fn ending(input: &Input) -> Result<(Ending, Option<Analysis>), InputInvalid> {
    let cause: LambdaCause = serde_json::from_str(&input.cause).map_err(|error| InputInvalid(error.into()))?;
    let message = cause.error_message;
    if input.error == "Recognition.Refused" {
        let analyses = [Analysis::Labels, Analysis::Faces, Analysis::Text, Analysis::Moderation];
        let refused = analyses.into_iter().find(|analysis| message.starts_with(&format!("{} ", analysis.operation())));
        return Ok((Ending { reason: ReasonCode::RefusedByProvider.to_string(), detail: message }, refused));
    }
    let rejection = Rejection::parse(&message).ok_or_else(|| InputInvalid("the cause has no known reason code".into()))?;
    Ok((Ending { reason: rejection.code.to_string(), detail: rejection.detail }, None))
}

fn note_refusal(record: &mut Record, refused: Option<Analysis>) {
    let failed = Some(Outcome::Failed { reason: "Rekognition refuses the image".to_owned() });
    let Analyses { labels, faces, text, moderation } = &mut record.analyses;
    match refused {
        Some(Analysis::Labels) => *labels = failed,
        Some(Analysis::Faces) => *faces = failed,
        Some(Analysis::Text) => *text = failed,
        Some(Analysis::Moderation) => *moderation = failed,
        None => {}
    }
}
