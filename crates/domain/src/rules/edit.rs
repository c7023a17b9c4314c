//! Edits of the overlay by the owner, and how the label rows follow.

use crate::{
    model::{
        clock::EpochMillis,
        image_name::is_control,
        record::{ProcessingStatus, Record},
    },
    rules::{
        label_index::{self, LabelRow, RowKey},
        overlay::summary,
    },
};
use std::collections::BTreeMap;
use thiserror::Error;
use unicode_normalization::UnicodeNormalization;

/// Maximum length of a title, characters.
pub const MAX_TITLE: usize = 200;
/// Maximum length of an own label, characters.
pub const MAX_LABEL: usize = 64;
/// Maximum number of own labels of an image.
pub const MAX_OWN_LABELS: usize = 20;
/// An edit by the owner. Applying it twice has the same result as applying it once.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OverlayChange {
    /// The new title; `Some(None)` or an empty one removes it.
    pub title: Option<Option<String>>,
    /// Labels to add. One that was removed is shown again.
    pub add: Vec<String>,
    /// Labels to remove: the owner's are deleted, Rekognition's are hidden.
    pub remove: Vec<String>,
    /// Labels of Rekognition to show again.
    pub restore: Vec<String>,
    /// Own labels to delete; a label that Rekognition found stays with its confidence.
    pub drop: Vec<String>,
}

/// Why an edit is refused.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum InvalidEdit {
    /// The title is too long.
    #[error("the title has {0} characters; at most {MAX_TITLE} are allowed")]
    LongTitle(usize),
    /// A label has no visible character.
    #[error("a label is empty")]
    EmptyLabel,
    /// A label is too long.
    #[error("a label has {0} characters; at most {MAX_LABEL} are allowed")]
    LongLabel(usize),
    /// Too many own labels.
    #[error("the image would have {0} labels of its owner; at most {MAX_OWN_LABELS} are allowed")]
    ManyLabels(usize),
}

/// The record after an edit at `now`, with the next version of the overlay. Nothing else of the record changes except what follows from the
/// overlay: `DetectionSummary`, and the warning about omitted search terms.
///
/// # Errors
///
/// [`InvalidEdit`] if a text or the number of labels is not allowed.
pub fn edit(record: &Record, change: &OverlayChange, now: EpochMillis) -> Result<Record, InvalidEdit> {
    let mut edited = Record { edits: record.edits + 1, edited_at: Some(now), ..record.clone() };
    if let Some(title) = &change.title {
        edited.title = title.as_deref().map(clean).filter(|title| !title.is_empty());
        let length = edited.title.as_ref().map_or(0, |title| title.chars().count());
        if length > MAX_TITLE {
            return Err(InvalidEdit::LongTitle(length));
        }
    }
    for name in labels(&change.drop)? {
        edited.own_labels.retain(|own| *own != name);
    }
    for name in labels(&change.remove)? {
        edited.own_labels.retain(|own| *own != name);
        let is_detected = edited.labels.iter().flatten().any(|label| label.name == name);
        if is_detected && !edited.removed_labels.contains(&name) {
            edited.removed_labels.push(name);
        }
    }
    for name in labels(&change.restore)? {
        edited.removed_labels.retain(|removed| *removed != name);
    }
    for name in labels(&change.add)? {
        edited.removed_labels.retain(|removed| *removed != name);
        if !edited.own_labels.contains(&name) {
            edited.own_labels.push(name);
        }
    }
    if edited.own_labels.len() > MAX_OWN_LABELS {
        return Err(InvalidEdit::ManyLabels(edited.own_labels.len()));
    }
    edited.detection_summary = Some(summary(&edited));
    if edited.processing_status == ProcessingStatus::Completed {
        let (before, after) = (label_index::index(record).warning(), label_index::index(&edited).warning());
        let warnings = edited.warnings.get_or_insert_default();
        warnings.retain(|warning| Some(warning) != before.as_ref());
        warnings.extend(after);
    }
    Ok(edited)
}

/// Label names as they are stored.
fn labels(names: &[String]) -> Result<Vec<String>, InvalidEdit> {
    let label = |name: &String| {
        let name = clean(name).to_lowercase();
        match name.chars().count() {
            0 => Err(InvalidEdit::EmptyLabel),
            length if length > MAX_LABEL => Err(InvalidEdit::LongLabel(length)),
            _ => Ok(name),
        }
    };
    names.iter().map(label).collect()
}

/// One line: composed accents, no control characters, single blanks.
fn clean(text: &str) -> String {
    let printable: String = text.nfc().map(|c| if is_control(c) { ' ' } else { c }).collect();
    printable.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// How the label rows of a record change with an edit.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct RowChanges {
    /// Rows to write, at most [`label_index::MAX_ROWS`].
    pub put: Vec<LabelRow>,
    /// Rows to delete.
    pub delete: Vec<RowKey>,
}

/// The changes of the label rows from `read` to `edited`. Only a COMPLETED record has label rows.
pub fn row_changes(read: &Record, edited: &Record) -> RowChanges {
    if edited.processing_status != ProcessingStatus::Completed {
        return RowChanges::default();
    }
    let by_key = |record: &Record| -> BTreeMap<RowKey, LabelRow> {
        label_index::rows(record).into_iter().map(|row| (RowKey::of(&row), row)).collect()
    };
    let (old, new) = (by_key(read), by_key(edited));
    let delete = old.keys().filter(|key| !new.contains_key(key)).cloned().collect();
    let put = new.into_iter().filter(|(key, row)| old.get(key) != Some(row)).map(|(_, row)| row).collect();
    RowChanges { put, delete }
}
