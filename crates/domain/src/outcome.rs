//! How an image ended, for people who count: metrics, trends, reports.

use crate::{
    clock::EpochMillis,
    record::{ProcessingStatus, Record},
    rejection::ReasonCode,
    review::ReviewStatus,
};
use serde::{Deserialize, Serialize};

/// The ends that are told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum ImageOutcome {
    /// Analysed, and may be shown.
    Completed,
    /// Analysed, and must not be shown.
    Withheld,
    /// No image that can be analysed: there is nothing to re-run.
    Rejected,
    /// Its execution failed: it can be run again.
    Failed,
}

impl ImageOutcome {
    /// All of them, in the order in which they are shown.
    pub const ALL: [Self; 4] = [Self::Completed, Self::Withheld, Self::Rejected, Self::Failed];

    /// As it is written in metrics: `COMPLETED` …
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Completed => "COMPLETED",
            Self::Withheld => "WITHHELD",
            Self::Rejected => "REJECTED",
            Self::Failed => "FAILED",
        }
    }

    /// How the image of `record` ended; `None` while it has not, and of one that was erased, which counts for nothing any more.
    pub fn of(record: &Record) -> Option<Self> {
        let refused = |reason: &String| ReasonCode::ALL.iter().any(|code| code.as_str() == reason.as_str());
        match record.processing_status {
            ProcessingStatus::Pending | ProcessingStatus::Erased => None,
            ProcessingStatus::Completed if record.is_withheld() => Some(Self::Withheld),
            ProcessingStatus::Completed => Some(Self::Completed),
            ProcessingStatus::Failed if record.status_reason.as_ref().is_some_and(refused) => Some(Self::Rejected),
            ProcessingStatus::Failed => Some(Self::Failed),
        }
    }
}

/// Milliseconds from the upload to the end of the image.
///
/// `None` while it has no end, and where a person was asked: how long people take says nothing about the machine. S3 gives the upload's
/// moment in whole seconds, rounded down, so that up to a second of it is rounding.
pub fn end_to_end(record: &Record) -> Option<EpochMillis> {
    let asked = record.review_status != ReviewStatus::None;
    record.finished_at.filter(|_| !asked).map(|end| end.saturating_sub(record.upload_timestamp).max(0))
}
