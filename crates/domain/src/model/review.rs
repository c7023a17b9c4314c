//! Human review.

use crate::model::clock::EpochMillis;
use serde::{Deserialize, Serialize};

/// Where an image stands with its reviewers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum ReviewStatus {
    /// Nobody was asked.
    #[default]
    None,
    /// Waiting for a decision.
    Pending,
    /// May be shown.
    Approved,
    /// Withheld by a reviewer.
    Rejected,
    /// Nobody answered in time: withheld.
    Expired,
}

impl ReviewStatus {
    /// Whether the image must not be shown.
    pub const fn withholds(self) -> bool {
        match self {
            Self::Rejected | Self::Expired => true,
            Self::None | Self::Pending | Self::Approved => false,
        }
    }
}

/// How a review ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct ReviewOutcome {
    /// APPROVED, REJECTED or EXPIRED.
    pub status: ReviewStatus,
    /// Who decided.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reviewed_by: Option<String>,
    /// When.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reviewed_at: Option<EpochMillis>,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub review_reason: Option<String>,
}
