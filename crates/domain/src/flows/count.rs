//! Keeps the counters: each image counts exactly once, by its current record.
//!
//! The table of the counters also holds a tally per image: what the image contributes to them. After a change of a record, record and tally
//! are compared; if they differ, tally and counters change in one transaction. So changes can arrive repeatedly and in any order.

use crate::{
    model::error::StorageError,
    ports::{Counters, Records, Replaced, TallyChange},
    rules::tally::Tally,
};

/// Attempts, each with a fresh read, before the caller has to retry.
const ATTEMPTS: usize = 8;

/// The result of counting an image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Counted {
    /// Its contributions were correct.
    Unchanged,
    /// Its contributions have changed.
    Changed {
        /// The labels that it did not contribute before.
        labels: Vec<String>,
    },
}

/// Counts an image by its record. If the record has expired, its contributions stay; if it is ERASED, they are removed.
///
/// # Errors
///
/// [`StorageError`] if DynamoDB does not answer, or if other changes of the same counters win at every attempt.
pub async fn count_image(tables: &(impl Records + Counters), image_id: &str) -> Result<Counted, StorageError> {
    for _ in 0..ATTEMPTS {
        let Some(record) = tables.find(image_id).await? else { return Ok(Counted::Unchanged) };
        if record.is_erased() {
            let had_tally = remove_tally(tables, image_id).await?;
            return Ok(if had_tally { Counted::Changed { labels: Vec::new() } } else { Counted::Unchanged });
        }
        // An image that runs again counts by its last outcome until it has a new one.
        let Some(new) = Tally::of(&record) else { return Ok(Counted::Unchanged) };
        let old = tables.tally(image_id).await?;
        if old.as_ref() == Some(&new) {
            return Ok(Counted::Unchanged);
        }
        let change = TallyChange { image_id, old: old.as_ref(), new: Some(&new), record: Some(&record) };
        match tables.replace(&change).await? {
            Replaced::Yes => {
                forget_labels(tables, old.as_ref(), Some(&new)).await?;
                return Ok(Counted::Changed { labels: added(old.as_ref(), &new) });
            }
            Replaced::Changed => {}
        }
    }
    Err(contended())
}

/// Removes an image's contributions from the counters; returns whether it had any.
///
/// Its record must be ERASED already, or the next change would count it again.
///
/// # Errors
///
/// As [`count_image`].
pub async fn remove_tally(counters: &impl Counters, image_id: &str) -> Result<bool, StorageError> {
    for _ in 0..ATTEMPTS {
        let Some(old) = counters.tally(image_id).await? else { return Ok(false) };
        let change = TallyChange { image_id, old: Some(&old), new: None, record: None };
        match counters.replace(&change).await? {
            Replaced::Yes => {
                forget_labels(counters, Some(&old), None).await?;
                return Ok(true);
            }
            Replaced::Changed => {}
        }
    }
    Err(contended())
}

/// Deletes the counters of the owner's labels that no image has any more: the names can be the owner's own words.
///
/// If it is interrupted, counters of zero stay until the next image with the label is counted and removed, or all images of the owner are
/// erased. Readers ignore them.
async fn forget_labels(counters: &impl Counters, old: Option<&Tally>, new: Option<&Tally>) -> Result<(), StorageError> {
    let kept = new.map(Tally::owner_label_keys).unwrap_or_default();
    let dropped: Vec<_> = old.map(Tally::owner_label_keys).unwrap_or_default().into_iter().filter(|key| !kept.contains(key)).collect();
    if dropped.is_empty() { Ok(()) } else { counters.remove_empty(&dropped).await }
}

fn added(old: Option<&Tally>, new: &Tally) -> Vec<String> {
    let known = |label: &String| old.is_some_and(|old| old.labels.contains(label));
    new.labels.iter().filter(|label| !known(label)).cloned().collect()
}

fn contended() -> StorageError {
    StorageError::Unavailable { doing: "counting the image", source: "other changes of the same counters won at every attempt".into() }
}
