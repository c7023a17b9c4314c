//! The review of an image by a person.

use crate::model::clock::EpochMillis;
use serde::{Deserialize, Serialize};
use strum::AsRefStr;

/// The review status of an image.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, AsRefStr)]
#[serde(rename_all = "UPPERCASE")]
#[strum(serialize_all = "UPPERCASE")]
pub enum ReviewStatus {
    /// No review was requested.
    #[default]
    None,
    /// Waiting for a decision.
    Pending,
    /// Approved by a reviewer.
    Approved,
    /// Rejected by a reviewer: withheld.
    Rejected,
    /// No decision in time: withheld.
    Expired,
}

impl ReviewStatus {
    /// Whether a reviewer has decided.
    pub const fn is_decided(self) -> bool {
        matches!(self, Self::Approved | Self::Rejected)
    }

    /// Whether the review withholds the image.
    pub const fn withholds(self) -> bool {
        match self {
            Self::Rejected | Self::Expired => true,
            Self::None | Self::Pending | Self::Approved => false,
        }
    }
}

/// Maximum length of a reviewer's reason, characters.
pub const MAX_REASON: usize = 500;

/// The reason that a reviewer typed, without blanks at its ends; `None` if it has only blanks.
///
/// # Errors
///
/// [`ReasonTooLong`] if it has more than [`MAX_REASON`] characters.
pub fn reason(typed: &str) -> Result<Option<&str>, ReasonTooLong> {
    let reason = typed.trim();
    if reason.chars().count() > MAX_REASON {
        return Err(ReasonTooLong);
    }
    Ok(Some(reason).filter(|reason| !reason.is_empty()))
}

/// A reason has too many characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a reason has at most {MAX_REASON} characters")]
pub struct ReasonTooLong;

/// The outcome of a review.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct ReviewOutcome {
    /// APPROVED, REJECTED or EXPIRED.
    pub status: ReviewStatus,
    /// The reviewer; `None` if the review expired.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reviewed_by: Option<String>,
    /// Time of the decision, epoch milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reviewed_at: Option<EpochMillis>,
    /// The reviewer's reason.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub review_reason: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reason_has_no_blanks_at_its_ends_and_a_limited_length() {
        assert_eq!(reason(" shows a weapon\n"), Ok(Some("shows a weapon")));
        assert_eq!(reason(" \t"), Ok(None));
        assert_eq!(reason(&"é".repeat(MAX_REASON)).map(|reason| reason.is_some()), Ok(true));
        assert_eq!(reason(&"é".repeat(MAX_REASON + 1)), Err(ReasonTooLong));
    }
}
