//! Puts an image before its reviewers. The execution waits for their decision by task token, which stays in the record's item.
//!
//! Input: [`Input`]. Output: null. Errors: `Storage.*`, `Record.Superseded`.

use secrecy::SecretString;
use serde::Deserialize;
use sightline_domain::{
    clock::{Clock, EpochMillis},
    error::RecordSuperseded,
    image::ImageRef,
    moderation::Moderated,
    ports::{ReviewCallback, ReviewQueue, ReviewRequest, Written},
    record::Record,
    review::{ReviewOutcome, ReviewStatus},
};
use sightline_kit::{Fault, Step, settings::Reader};

/// Decisions are taken until shortly before the state times out, so that none crosses with the timeout: a tenth of the time,
/// at most a minute.
const MARGIN_MILLIS: EpochMillis = 60_000;

/// The step.
pub struct RequestReview<Q, T, C> {
    timeout_seconds: u32,
    queue: Q,
    callback: T,
    clock: C,
}

/// Its input.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Input {
    task_token: SecretString,
    image: ImageRef,
    moderation: Moderated,
}

/// Its settings.
pub struct Settings {
    /// Name of the records' table.
    pub records_table: String,
    /// How long the state waits: decisions are taken no longer than that.
    pub timeout_seconds: u32,
}

/// Reads them.
pub fn settings(reader: &mut Reader<'_>) -> Settings {
    Settings { records_table: reader.text("RECORDS_TABLE"), timeout_seconds: reader.parsed("REVIEW_TIMEOUT_SECONDS", 604_800) }
}

impl<Q, T, C> RequestReview<Q, T, C> {
    /// Asks through `queue`; hands decisions that were made already to `callback`.
    pub fn new(timeout_seconds: u32, queue: Q, callback: T, clock: C) -> Self {
        Self { timeout_seconds, queue, callback, clock }
    }
}

impl<Q: ReviewQueue, T: ReviewCallback, C: Clock> Step for RequestReview<Q, T, C> {
    const NAME: &'static str = "request-review";
    type Input = Input;
    type Output = ();

    async fn run(&self, Input { task_token, image, moderation }: Input) -> Result<(), Fault> {
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
        if self.queue.ask(&request).await? == Written::Yes {
            tracing::info!("review asked for");
            return Ok(());
        }
        // Decided before a redrive: the decision stands, and goes to the token of this run.
        let decided = self.queue.find(&image.image_id).await?.and_then(|record| decision(record, &image.execution_arn));
        let Some(decision) = decided else { return Err(RecordSuperseded { image_id: image.image_id }.into()) };
        self.callback.tell(&task_token, &decision).await?;
        tracing::info!("review was decided before");
        Ok(())
    }
}

fn time_to_decide(timeout_seconds: u32) -> EpochMillis {
    let timeout = EpochMillis::from(timeout_seconds) * 1000;
    timeout - MARGIN_MILLIS.min(timeout / 10)
}

fn decision(record: Record, execution_arn: &str) -> Option<ReviewOutcome> {
    let decided = matches!(record.review_status, ReviewStatus::Approved | ReviewStatus::Rejected);
    (decided && record.execution_arn == execution_arn).then_some(ReviewOutcome {
        status: record.review_status,
        reviewed_by: record.reviewed_by,
        reviewed_at: record.reviewed_at,
        review_reason: record.review_reason,
    })
}
