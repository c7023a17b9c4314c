//! What an erasure removed.

use super::ports::{ObjectVersion, Stopped};
use crate::{clock::EpochMillis, layout};
use serde::Serialize;

/// Objects that functions wrote, by area: versions and deletion markers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Derived {
    /// Below `processed/`.
    pub copies: usize,
    /// Below `results/`.
    pub results: usize,
    /// Below `archived/`.
    pub archived: usize,
}

impl Derived {
    /// Counts what was listed.
    pub fn count(versions: &[ObjectVersion]) -> Self {
        let below = |area| versions.iter().filter(|version| version.key.starts_with(area)).count();
        Self { copies: below(layout::PROCESSED), results: below(layout::RESULTS), archived: below(layout::ARCHIVED) }
    }
}

/// Whether something may still be written for an erased image.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE", tag = "State", rename_all_fields = "PascalCase")]
pub enum LateWrites {
    /// Nothing any more, and nothing is left.
    None,
    /// A function may still be at work: it is looked once more, by `reconcile` or by erasing again.
    Possible {
        /// From this moment on, epoch milliseconds.
        look_again_at: EpochMillis,
    },
    /// The erasure itself is not done yet: it has to be run again.
    Unfinished,
    /// The id is in use again.
    InUse,
}

/// What was removed; of a dry run, what would be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Receipt {
    /// The image.
    #[serde(rename = "ImageID")]
    pub image_id: String,
    /// When it had been erased before, epoch milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub erased_before: Option<EpochMillis>,
    /// When it was erased, epoch milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub erased_at: Option<EpochMillis>,
    /// Versions of the original, and their deletion markers.
    pub originals: usize,
    /// What functions wrote.
    #[serde(flatten)]
    pub derived: Derived,
    /// Rows of the label index.
    pub label_rows: usize,
    /// Records that became tombstones.
    pub records: usize,
    /// Whether a reviewer was asked; with the question went its task token.
    pub review: bool,
    /// Whether it was counted in the trends.
    pub trends: bool,
    /// What became of its execution, where it had one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub execution: Option<Stopped>,
    /// Whether something may still be written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub late_writes: Option<LateWrites>,
}

impl Receipt {
    /// Nothing removed yet.
    pub(super) fn of(image_id: &str, erased_before: Option<EpochMillis>) -> Self {
        Self {
            image_id: image_id.to_owned(),
            erased_before,
            erased_at: erased_before,
            originals: 0,
            derived: Derived::default(),
            label_rows: 0,
            records: 0,
            review: false,
            trends: false,
            execution: None,
            late_writes: None,
        }
    }
}
