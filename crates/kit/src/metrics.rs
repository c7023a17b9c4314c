//! Metrics: one table of names, units and dimensions, written as `CloudWatch` embedded metrics, a JSON line each.
//!
//! The dashboard and the alarms go by these names; docs/observability.md lists them, and a test compares all. A metric costs
//! 0.30 dollars a month for each combination of dimensions that is sent: what no alarm and no graph reads is a field of the line
//! only ([`By::Line`]), and zeros are not sent.

mod image;
mod line;

pub use image::image;
pub(crate) use line::init;
pub use line::{Line, seconds};

/// Namespace of all metrics.
pub const NAMESPACE: &str = "sightline";

/// Unit of a metric, under `CloudWatch`'s own name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// How many.
    Count,
    /// Thousandths of a second.
    Milliseconds,
    /// Seconds.
    Seconds,
    /// Anything else.
    None,
}

impl Unit {
    /// `CloudWatch`'s name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Count => "Count",
            Self::Milliseconds => "Milliseconds",
            Self::Seconds => "Seconds",
            Self::None => "None",
        }
    }
}

/// What a metric is counted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By {
    /// A field of the line only, for Logs Insights: `CloudWatch` makes no metric of it, and charges nothing.
    Line,
    /// In all.
    Deployment,
    /// By how an image ended.
    Outcome,
}

impl By {
    /// The dimension sets.
    pub const fn dimensions(self) -> &'static [&'static [&'static str]] {
        match self {
            Self::Line => &[],
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
    /// What it is counted by.
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
    /// How long an invocation took.
    DURATION = "Duration", Milliseconds, by Line;
    /// Time in calls to other AWS services, waits between tries included; calls side by side count each.
    PROVIDER_TIME = "ProviderTime", Milliseconds, by Line;
    /// Calls to other AWS services.
    PROVIDER_CALLS = "ProviderCalls", Count, by Line;
    /// Tries of these calls beyond the first.
    RETRIES = "Retries", Count, by Line;
    /// Tries that were answered by a request to slow down.
    THROTTLES = "Throttles", Count, by Deployment;
    /// 1 where the step was done, or told that there is nothing to do or that the image is refused.
    SUCCEEDED = "Succeeded", Count, by Line;
    /// 1 where the step failed.
    FAILED = "Failed", Count, by Line;

    /// From upload to stored record.
    END_TO_END_SECONDS = "EndToEndSeconds", Seconds, by Deployment;
    /// Calls of Rekognition that the image was worth.
    REKOGNITION_CALLS = "RekognitionCalls", Count, by Line;
    /// State transitions of its execution.
    STATES = "States", Count, by Line;
    /// What its analysis cost, in millionths of a dollar.
    MICRODOLLARS = "Microdollars", None, by Deployment;
    /// Images that ended: COMPLETED, WITHHELD, REJECTED or FAILED.
    IMAGES = "Images", Count, by Outcome;

    /// Objects without a record that were started.
    ORPHANS = "Orphans", Count, by Deployment;
    /// PENDING records whose execution was over, or never was.
    STRANDED = "Stranded", Count, by Deployment;
    /// Decisions that were told again.
    UNTOLD = "Untold", Count, by Deployment;
    /// Images that could not be put right, or whose record cannot be read.
    NOT_RECONCILED = "NotReconciled", Count, by Deployment;
    /// Images that wait for a reviewer.
    REVIEW_QUEUE_LENGTH = "ReviewQueueLength", Count, by Deployment;
    /// How long ago the oldest open review was asked for.
    REVIEW_QUEUE_AGE = "ReviewQueueAge", Seconds, by Deployment;
}
