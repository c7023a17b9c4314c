//! Erasing images.

use super::Time;
use crate::problem::Problem;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Whether something may still be written for an erased image.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum LateWriteState {
    /// No, and nothing is left.
    None,
    /// A function may still run; reconcile removes what it writes.
    Possible,
    /// The erasure itself is unfinished: erase again.
    Unfinished,
    /// The id is in use again.
    InUse,
}

/// What was removed: the same facts as `sightline erase` prints.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Receipt {
    /// The image.
    pub image_id: String,
    /// When it was erased before, if it was.
    pub erased_before: Option<Time>,
    /// When it was erased.
    pub erased_at: Option<Time>,
    /// Versions of the original.
    pub originals: usize,
    /// Versions of its copies.
    pub copies: usize,
    /// Versions of Rekognition's answers.
    pub results: usize,
    /// Versions in the archive.
    pub archived: usize,
    /// Rows of the label index.
    pub label_rows: usize,
    /// Records that became tombstones.
    pub records: usize,
    /// Whether an open review was removed.
    pub review: bool,
    /// Whether its contributions to the trends were removed.
    pub trends: bool,
    /// Whether a running execution was stopped; null if it had none.
    pub execution_stopped: Option<bool>,
    /// Whether something may still be written.
    pub late_writes: Option<LateWriteState>,
    /// When reconcile looks again.
    pub look_again_at: Option<Time>,
}

/// Images to erase.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct EraseRequest {
    /// 1 to 100 images.
    #[schema(min_items = 1, max_items = 100)]
    pub ids: Vec<String>,
}

/// The result for one image: a receipt, or a problem.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Erasure {
    /// The image.
    pub image_id: String,
    /// What was removed.
    pub receipt: Option<Receipt>,
    /// Why it was not erased.
    pub problem: Option<Problem>,
}

/// The results, in the order of the request.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Receipts {
    /// One for each image.
    pub receipts: Vec<Erasure>,
}
