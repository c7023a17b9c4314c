//! Late writes: what a function still writes for an image that was erased while it ran.

use super::receipt::{Derived, LateWrites};
use crate::{
    model::{clock::EpochMillis, error::StorageError, layout},
    ports::{ObjectVersion, Objects, Records},
};

/// How long after an erasure something may still be written: our functions end within a minute. The rest is a margin for clocks that
/// differ, since one machine erases and another one checks. Milliseconds.
pub const SWEEP_AFTER: EpochMillis = 5 * 60_000;

/// The result of a sweep.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Swept {
    /// What it removed.
    pub removed: Derived,
    /// Whether more may be written.
    pub late: LateWrites,
}

/// Removes what was written for an erased image since its erasure, and closes its tombstone once nothing more can be written: when a check
/// at least [`SWEEP_AFTER`] after the erasure finds nothing. It removes nothing if the id is in use again.
///
/// # Errors
///
/// [`StorageError`] if something cannot be read, written or deleted.
pub async fn sweep_erased(
    records: &impl Records,
    objects: &impl Objects,
    bucket: &str,
    image_id: &str,
    now: EpochMillis,
) -> Result<Swept, StorageError> {
    let found = derived_objects(objects, bucket, image_id).await?;
    // Read after the listing: if the id is not in use even now, everything listed belongs to the erased image.
    let items = records.items(image_id).await?;
    if items.iter().any(|item| !item.is_erased()) {
        return Ok(Swept { removed: Derived::default(), late: LateWrites::InUse });
    }
    if items.iter().any(|item| !item.is_tombstone()) {
        return Ok(Swept { removed: Derived::default(), late: LateWrites::Unfinished });
    }
    objects.delete_versions(bucket, &found).await?;
    let mut late = LateWrites::None;
    for tombstone in items.iter().filter(|item| !item.is_closed()) {
        let due = tombstone.erased_at.unwrap_or(now) + SWEEP_AFTER;
        if found.is_empty() && due <= now {
            records.close_tombstone(tombstone).await?;
        } else {
            late = LateWrites::Possible { look_again_at: due.max(now) };
        }
    }
    Ok(Swept { removed: Derived::count(&found), late })
}

/// All objects that functions write for an image: copies, answers, and what is archived of withheld and rejected images.
pub(super) async fn derived_objects(objects: &impl Objects, bucket: &str, image_id: &str) -> Result<Vec<ObjectVersion>, StorageError> {
    let mut found = Vec::new();
    for area in [layout::PROCESSED, layout::RESULTS, layout::ARCHIVED] {
        found.extend(objects.list_versions(bucket, &format!("{area}{image_id}/")).await?);
    }
    Ok(found)
}
