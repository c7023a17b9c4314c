//! Keeps the counters: each image counts exactly once, by what its record says now.
//!
//! Beside the counters lies a tally per image: what it has added to them. Who hears that a record has changed reads the record and the
//! tally, and where they disagree changes tally and counters together. So it does not matter how often one hears of a change, nor in which
//! order.

use crate::{
    error::StorageError,
    ports::{RecordFinder, Replaced, TallyChange, TallyStore},
    tally::Tally,
};

/// Tries, each with what is read anew, before the caller is told to come again.
const TRIES: usize = 8;

/// What became of a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Counted {
    /// It counted right already.
    AsBefore,
    /// It counts anew. Named are the labels that it did not have before.
    Anew {
        /// Their names.
        labels: Vec<String>,
    },
}

/// Counts an image by its record. A record that is gone, since it expired, leaves its share; one that is ERASED takes it along.
pub async fn count_image(records: &impl RecordFinder, tallies: &impl TallyStore, image_id: &str) -> Result<Counted, StorageError> {
    for _ in 0..TRIES {
        let Some(record) = records.find(image_id).await? else { return Ok(Counted::AsBefore) };
        if record.is_erased() {
            let had_a_share = remove_tally(tallies, image_id).await?;
            return Ok(if had_a_share { Counted::Anew { labels: Vec::new() } } else { Counted::AsBefore });
        }
        // One that is run again counts by its old end until it has a new one.
        let Some(new) = Tally::of(&record) else { return Ok(Counted::AsBefore) };
        let old = tallies.tally(image_id).await?;
        if old.as_ref() == Some(&new) {
            return Ok(Counted::AsBefore);
        }
        let change = TallyChange { image_id, old: old.as_ref(), new: Some(&new), record: Some(&record) };
        match tallies.replace(&change).await? {
            Replaced::Yes => return Ok(Counted::Anew { labels: added(old.as_ref(), &new) }),
            Replaced::Changed => {}
        }
    }
    Err(overtaken())
}

/// Takes an image's share off the counters, whatever its record says; gives whether it had one.
///
/// The record must say ERASED already: an image that still counts would be counted again at the next change.
pub async fn remove_tally(tallies: &impl TallyStore, image_id: &str) -> Result<bool, StorageError> {
    for _ in 0..TRIES {
        let Some(old) = tallies.tally(image_id).await? else { return Ok(false) };
        let change = TallyChange { image_id, old: Some(&old), new: None, record: None };
        match tallies.replace(&change).await? {
            Replaced::Yes => return Ok(true),
            Replaced::Changed => {}
        }
    }
    Err(overtaken())
}

fn added(old: Option<&Tally>, new: &Tally) -> Vec<String> {
    let known = |label: &String| old.is_some_and(|old| old.labels.contains(label));
    new.labels.iter().filter(|label| !known(label)).cloned().collect()
}

fn overtaken() -> StorageError {
    StorageError::Unavailable { doing: "counting the image", source: "others changed the same counters at every try".into() }
}
