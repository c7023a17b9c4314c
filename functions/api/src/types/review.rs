//! Reviews.

use super::{
    Time,
    image::{Flag, ImageSummary},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// An image that waits for a decision.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct OpenReview {
    /// The image.
    pub image: ImageSummary,
    /// Its moderation flags.
    pub flags: Vec<Flag>,
    /// When the review was requested.
    pub requested_at: Option<Time>,
    /// The last moment at which a decision is accepted.
    pub deadline: Option<Time>,
    /// The reviewer who has claimed it: a `sub`. Null if nobody has, or the claim has ended.
    pub claimed_by: Option<String>,
    /// When the claim ends.
    pub claimed_until: Option<Time>,
    /// Whether it is the caller's own image, which the caller cannot decide.
    pub mine: bool,
}

/// A page of open reviews.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct ReviewPage {
    /// Oldest upload first.
    pub reviews: Vec<OpenReview>,
    /// The cursor of the next page; null on the last page.
    pub next: Option<String>,
    /// Number of open reviews; at most 1,000 are counted.
    pub waiting: usize,
}

/// A claim: nobody else can claim the review until it ends. It does not bind: the first decision counts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Claim {
    /// When it ends.
    pub claimed_until: Time,
}

/// What a reviewer can decide.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum ReviewChoice {
    /// The image is shown.
    Approved,
    /// The image is withheld.
    Rejected,
}

/// A decision about an image.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DecisionRequest {
    /// Approve or reject.
    pub decision: ReviewChoice,
    /// The reason; required for a rejection.
    #[serde(default)]
    #[schema(max_length = 500)]
    pub reason: Option<String>,
}

/// A saved decision.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Decision {
    /// The image.
    pub image_id: String,
    /// Approved or rejected.
    pub decision: ReviewChoice,
    /// The reviewer: the caller's `sub`.
    pub by: String,
    /// When.
    pub at: Time,
    /// The reason.
    pub reason: Option<String>,
    /// Whether the execution has received it. If not, reconcile delivers it within minutes.
    pub delivered: bool,
}
