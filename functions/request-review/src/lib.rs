//! Requests a review. The execution waits for the decision with a task token, which is stored in the item of the record.
//!
//! Input: [`Input`]. Output: null. Errors: `Storage.*`, `Record.Superseded`.

use secrecy::SecretString;
use serde::Deserialize;
use sightline_domain::{
    model::{Clock, EpochMillis, ImageRef, ModerationFound, RecordSuperseded},
    ports::{Executions, Records, ReviewRequest, Written},
};
use sightline_kit::{Step, StepFailure, settings::Reader};

/// Decisions are accepted until shortly before the state times out, so that a decision and the timeout do not race: a tenth of the time, at
/// most a minute.
const MARGIN_MILLIS: EpochMillis = 60_000;

/// Requests reviews in the records `R`, of the executions `E`, by the clock `C`.
pub struct RequestReview<R, E, C> {
    timeout_seconds: u32,
    records: R,
    executions: E,
    clock: C,
}

/// The task token of the state, and what the reviewers decide on.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Input {
    task_token: SecretString,
    image: ImageRef,
    moderation: ModerationFound,
}

/// The settings of the function (docs/configuration.md).
pub struct Settings {
    /// Table of the records.
    pub records_table: String,
    /// How long the state waits, in seconds.
    pub timeout_seconds: u32,
}

/// Reads the settings.
pub fn settings(reader: &mut Reader<'_>) -> Settings {
    Settings { records_table: reader.text("RECORDS_TABLE"), timeout_seconds: reader.parsed("REVIEW_TIMEOUT_SECONDS", 604_800) }
}

impl<R, E, C> RequestReview<R, E, C> {
    /// A step over these ports.
    pub fn new(timeout_seconds: u32, records: R, executions: E, clock: C) -> Self {
        Self { timeout_seconds, records, executions, clock }
    }
}

impl<R: Records, E: Executions, C: Clock> Step for RequestReview<R, E, C> {
    const NAME: &'static str = "request-review";
    type Input = Input;
    type Output = ();

    async fn run(&self, Input { task_token, image, moderation }: Input) -> Result<(), StepFailure> {
        let requested_at = self.clock.now();
        let request = ReviewRequest {
            image_id: &image.image_id,
            upload_timestamp: image.upload_timestamp,
            execution_arn: &image.execution_arn,
            task_token: &task_token,
            flags: &moderation.moderation_flags,
            requested_at,
            deadline: requested_at + time_to_decide(self.timeout_seconds),
        };
        if self.records.request_review(&request).await? == Written::Yes {
            tracing::info!("review requested");
            return Ok(());
        }
        // The decision was made before a redrive: it is sent to the new task token.
        let held = self.records.find(&image.image_id).await?.filter(|record| record.execution_arn == image.execution_arn);
        let Some(decision) = held.and_then(|record| record.decision()) else {
            return Err(RecordSuperseded { image_id: image.image_id }.into());
        };
        self.executions.notify(&task_token, &decision).await?;
        tracing::info!("review was decided before");
        Ok(())
    }
}

fn time_to_decide(timeout_seconds: u32) -> EpochMillis {
    let timeout = EpochMillis::from(timeout_seconds) * 1000;
    timeout - MARGIN_MILLIS.min(timeout / 10)
}
