//! Edits of an image by its owner.

use crate::{
    model::{clock::EpochMillis, error::StorageError, record::Record},
    ports::{Overlays, Records, Written},
    rules::edit::{self as edits, InvalidEdit, OverlayChange, row_changes},
};

/// Attempts, each with a fresh read, before the caller has to retry.
const ATTEMPTS: usize = 5;

/// The result of an edit.
pub enum Edited {
    /// It is stored: the record with it.
    Yes(Box<Record>),
    /// Somebody has edited the image since the caller saw it: the record as it is now.
    Conflict(Box<Record>),
    /// The owner has no such image: there is no record, it was erased, or it belongs to somebody else.
    Unknown,
    /// The edit is not allowed.
    Invalid(InvalidEdit),
}

/// Edits an image of `owner_id` at `now`, if its overlay still has the version `seen` that the caller saw (`Edits` of the record; `None`: any).
///
/// # Errors
///
/// [`StorageError`] if DynamoDB does not answer, or if others change the record at every attempt.
pub async fn edit(
    tables: &(impl Records + Overlays),
    owner_id: &str,
    image_id: &str,
    change: &OverlayChange,
    seen: Option<u32>,
    now: EpochMillis,
) -> Result<Edited, StorageError> {
    for _ in 0..ATTEMPTS {
        let Some(record) = tables.find(image_id).await?.filter(|record| !record.is_erased() && record.owner_id == owner_id) else {
            return Ok(Edited::Unknown);
        };
        if seen.is_some_and(|seen| seen != record.edits) {
            return Ok(Edited::Conflict(Box::new(record)));
        }
        let edited = match edits::edit(&record, change, now) {
            Ok(edited) => edited,
            Err(invalid) => return Ok(Edited::Invalid(invalid)),
        };
        // Refused if an execution has finished, or the owner has edited elsewhere, since the read.
        if tables.edit(&record, &edited, &row_changes(&record, &edited)).await? == Written::Yes {
            return Ok(Edited::Yes(Box::new(edited)));
        }
    }
    Err(StorageError::Unavailable { doing: "storing the edit", source: "the record changed at every attempt".into() })
}
