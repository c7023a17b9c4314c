//! Writes the reason of a rejected image into the record, tags the original, and copies it to the archive unless it is too large.
//!
//! Input: [`Input`]. Output: the image's id, or null if another execution holds the record. Errors: `Storage.*`, `Input.Invalid`.

use serde::Deserialize;
use sightline_domain::{
    flows::fail::{Attempt, FailureReason, mark_failed},
    model::{Analyses, Analysis, Clock, InputInvalid, ObjectCreated, ObjectRef, Outcome, ReasonCode, Record, Rejection, Upload, layout},
    ports::{Objects, Records, Tagged, Uploads},
};
use sightline_kit::{Step, StepFailure, metrics, set_image_id, settings::Reader};

/// Larger originals are not copied to the archive. One attempt at a copy has 20 seconds (`sightline_aws::clients`), so 13 MB a second are
/// enough; `CopyObject` itself is limited to 5 GB (S3 API reference). A copy that can never succeed must not fail every redrive. Bytes.
pub const MAX_COPIED: u64 = 256 << 20;

/// Records rejections in the records `R` and the objects `O`, by the clock `C`.
pub struct RecordRejection<R, O, C> {
    retention_days: u32,
    records: R,
    objects: O,
    clock: C,
}

/// The input of the execution, and the error that was caught.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Input {
    event: ObjectCreated,
    execution_arn: String,
    error: String,
    cause: String,
}

/// The cause of an error, as Lambda reports it.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct LambdaCause {
    error_message: String,
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

impl<R, O, C> RecordRejection<R, O, C> {
    /// A step over these ports.
    pub fn new(retention_days: u32, records: R, objects: O, clock: C) -> Self {
        Self { retention_days, records, objects, clock }
    }
}

impl<R: Records, O: Uploads + Objects, C: Clock> Step for RecordRejection<R, O, C> {
    const NAME: &'static str = "record-rejection";
    type Input = Input;
    type Output = Option<String>;

    async fn run(&self, input: Input) -> Result<Option<String>, StepFailure> {
        let upload = Upload::from_event(&input.event);
        let (failure, refused) = failure_reason(&input)?;
        let attempt = Attempt {
            upload: &upload,
            execution_arn: &input.execution_arn,
            event_time: input.event.time_millis(),
            now: self.clock.now(),
            retention_days: self.retention_days,
        };
        let amend = |record: &mut Record| set_failed_analysis(record, refused);
        let Some(record) = mark_failed(&self.records, &self.objects, &attempt, failure, amend).await? else {
            return Ok(None);
        };
        set_image_id(&record.image_id);
        let original = ObjectRef { bucket: &upload.bucket, key: &upload.key, version_id: record.version_id.as_deref() };
        if record.size > MAX_COPIED {
            tracing::warn!(size = record.size, "the original is too large for the archive: not copied");
        } else {
            self.objects.copy(original.clone(), &layout::rejected_original(&record.image_id)).await?;
        }
        if self.objects.tag_status(original, "rejected").await? == Tagged::NoRoom {
            tracing::warn!("the original already has as many tags as S3 allows: not tagged");
        }
        metrics::image(&record).write();
        tracing::info!(reason = record.status_reason, "image rejected");
        Ok(Some(record.image_id))
    }
}

/// The reason, and the analysis that Rekognition refused, if it was one.
fn failure_reason(input: &Input) -> Result<(FailureReason, Option<Analysis>), InputInvalid> {
    let cause: LambdaCause = serde_json::from_str(&input.cause).map_err(|error| InputInvalid(error.into()))?;
    let message = cause.error_message;
    if input.error == "Recognition.Refused" {
        let refused = Analysis::ALL.iter().copied().find(|analysis| message.starts_with(&format!("{} ", analysis.operation())));
        return Ok((FailureReason { reason: ReasonCode::RefusedByProvider.to_string(), detail: message }, refused));
    }
    let rejection = Rejection::parse(&message).ok_or_else(|| InputInvalid("the cause has no known reason code".into()))?;
    Ok((FailureReason { reason: rejection.code.to_string(), detail: rejection.detail }, None))
}

fn set_failed_analysis(record: &mut Record, refused: Option<Analysis>) {
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
