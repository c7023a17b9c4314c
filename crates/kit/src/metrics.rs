//! The metrics: one table of names, units and dimensions, written as `CloudWatch` embedded metrics in JSON log lines.
//!
//! The dashboard and the alarms use these names; docs/observability.md lists them, and a test compares them. A metric costs 0.30 dollars a
//! month for each combination of dimensions that is sent: values that no alarm and no graph reads are fields of the log line only
//! ([`By::LogField`]), and zeros are not sent.

mod writer;

pub(crate) use writer::init;
pub use writer::{Metrics, seconds};

use sightline_domain::{
    model::{ImageOutcome, Record, record::end_to_end},
    rules::cost::Cost,
};
use strum::AsRefStr;

/// Namespace of all metrics.
pub const NAMESPACE: &str = "sightline";

/// Unit of a metric; the variants have `CloudWatch`'s names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, AsRefStr)]
pub enum Unit {
    /// A number of things.
    Count,
    /// Milliseconds.
    Milliseconds,
    /// Seconds.
    Seconds,
    /// Anything else.
    None,
}

/// The dimensions of a metric.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By {
    /// None: a field of the log line for Logs Insights, not a `CloudWatch` metric, and free.
    LogField,
    /// The whole deployment.
    Deployment,
    /// The deployment and the outcome of the image.
    Outcome,
}

impl By {
    /// The dimension sets.
    pub const fn dimensions(self) -> &'static [&'static [&'static str]] {
        match self {
            Self::LogField => &[],
            Self::Deployment => &[&["Deployment"]],
            Self::Outcome => &[&["Deployment", "Outcome"]],
        }
    }
}

/// A metric.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Metric {
    /// Name.
    pub name: &'static str,
    /// Unit.
    pub unit: Unit,
    /// Its dimensions.
    pub by: By,
}

macro_rules! metrics {
    ($($(#[$meaning:meta])+ $metric:ident = $name:literal, $unit:ident, by $by:ident;)+) => {
        $($(#[$meaning])+ pub const $metric: Metric = Metric { name: $name, unit: Unit::$unit, by: By::$by };)+

        /// All metrics.
        pub const ALL: &[Metric] = &[$($metric),+];
    };
}

metrics! {
    /// Duration of an invocation.
    DURATION = "Duration", Milliseconds, by LogField;
    /// Time in calls to other AWS services, including waits between attempts; parallel calls add up.
    PROVIDER_TIME = "ProviderTime", Milliseconds, by LogField;
    /// Calls to other AWS services.
    PROVIDER_CALLS = "ProviderCalls", Count, by LogField;
    /// Attempts at these calls after the first one.
    RETRIES = "Retries", Count, by LogField;
    /// Attempts that were throttled.
    THROTTLES = "Throttles", Count, by Deployment;
    /// 1 if the step succeeded, or if it found that there is nothing to do or that the image is rejected.
    SUCCEEDED = "Succeeded", Count, by LogField;
    /// 1 if the step failed.
    FAILED = "Failed", Count, by LogField;

    /// Time from the upload to the stored record.
    END_TO_END_SECONDS = "EndToEndSeconds", Seconds, by Deployment;
    /// Rekognition calls for the image.
    REKOGNITION_CALLS = "RekognitionCalls", Count, by LogField;
    /// State transitions of its execution.
    STATES = "States", Count, by LogField;
    /// Cost of its analysis, in millionths of a dollar.
    MICRODOLLARS = "Microdollars", None, by Deployment;
    /// Images that ended: COMPLETED, WITHHELD, REJECTED or FAILED.
    IMAGES = "Images", Count, by Outcome;

    /// Uploads without a record, for which an execution was started.
    ORPHANS = "Orphans", Count, by Deployment;
    /// PENDING records whose execution has ended or never existed.
    STUCK_RECORDS = "StuckRecords", Count, by Deployment;
    /// Decisions that executions had not received.
    UNDELIVERED_DECISIONS = "UndeliveredDecisions", Count, by Deployment;
    /// Images that could not be repaired, or whose record cannot be read.
    NOT_RECONCILED = "NotReconciled", Count, by Deployment;
    /// Images that wait for a reviewer.
    REVIEW_QUEUE_LENGTH = "ReviewQueueLength", Count, by Deployment;
    /// Age of the oldest open review.
    REVIEW_QUEUE_AGE = "ReviewQueueAge", Seconds, by Deployment;
}

/// The metrics of an image with an outcome: the outcome, and if it was analysed also its time and cost. Without an outcome, none.
///
/// A step that is retried counts again: these metrics are for graphs and alarms. The counters of the trends are exact.
pub fn image(record: &Record) -> Metrics {
    let ids = Metrics::default().field("image_id", Some(&record.image_id)).field("execution_arn", Some(&record.execution_arn));
    let Some(outcome) = ImageOutcome::of(record) else { return ids };
    let metrics = ids.with(IMAGES, 1).field("Outcome", Some(outcome.as_ref()));
    if !matches!(outcome, ImageOutcome::Completed | ImageOutcome::Withheld) {
        return metrics;
    }
    let cost = Cost::of(record);
    let metrics = metrics.with(REKOGNITION_CALLS, cost.calls).with(STATES, cost.states).with(MICRODOLLARS, cost.microdollars());
    match end_to_end(record) {
        Some(millis) => metrics.with(END_TO_END_SECONDS, seconds(millis)),
        None => metrics,
    }
}
