//! The receipt of an erasure: what it removed.

use crate::{
    model::{clock::EpochMillis, layout},
    ports::{ObjectVersion, Stopped},
};
use serde::Serialize;

/// Objects that functions wrote, by prefix: versions and delete markers.
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
    /// Counts listed versions by prefix.
    pub fn count(versions: &[ObjectVersion]) -> Self {
        let below = |area| versions.iter().filter(|version| version.key.starts_with(area)).count();
        Self { copies: below(layout::PROCESSED), results: below(layout::RESULTS), archived: below(layout::ARCHIVED) }
    }
}

/// Whether something may still be written for an erased image.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE", tag = "State", rename_all_fields = "PascalCase")]
pub enum LateWrites {
    /// No, and nothing is left.
    None,
    /// A function may still run: `reconcile`, or erasing again, checks once more.
    Possible {
        /// From when, epoch milliseconds.
        look_again_at: EpochMillis,
    },
    /// The erasure itself is unfinished: run it again.
    Unfinished,
    /// The id is in use again.
    InUse,
}

/// What was removed, or in a dry run what would be removed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Receipt {
    /// The image.
    #[serde(rename = "ImageID")]
    pub image_id: String,
    /// When it was erased before, epoch milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub erased_before: Option<EpochMillis>,
    /// When it was erased, epoch milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub erased_at: Option<EpochMillis>,
    /// Versions and delete markers of the original.
    pub originals: usize,
    /// Objects that functions wrote.
    #[serde(flatten)]
    pub derived: Derived,
    /// Rows of the label index.
    pub label_rows: usize,
    /// Records that became tombstones.
    pub records: usize,
    /// Whether an open review was removed, with its task token.
    pub review: bool,
    /// Whether contributions to the trends were removed.
    pub trends: bool,
    /// Whether its execution was stopped, if it had one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub execution: Option<Stopped>,
    /// Whether something may still be written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub late_writes: Option<LateWrites>,
}

impl Receipt {
    /// A receipt of nothing, to be added to.
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
