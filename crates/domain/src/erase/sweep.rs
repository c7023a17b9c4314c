//! What was written late: by a function that was at work when its execution was stopped.

use super::{
    ports::{ObjectVersion, ObjectVersions, Tombstones},
    receipt::{Derived, LateWrites},
};
use crate::{clock::EpochMillis, error::StorageError, layout};

/// How long after an erasure something may still be written: our functions end within a minute. The rest is for clocks that differ,
/// since one machine erases and another one looks again.
pub const SWEEP_AFTER: EpochMillis = 5 * 60_000;

/// What a sweep came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Swept {
    /// What it removed.
    pub removed: Derived,
    /// Whether there may be more.
    pub late: LateWrites,
}

/// Removes what was written for an erased image since, and closes its tombstone once nothing more can come: when a look at least
/// [`SWEEP_AFTER`] after the erasure finds nothing. Touches nothing where the id is in use again.
pub async fn sweep_erased(
    records: &impl Tombstones,
    objects: &impl ObjectVersions,
    bucket: &str,
    image_id: &str,
    now: EpochMillis,
) -> Result<Swept, StorageError> {
    let found = derived(objects, bucket, image_id).await?;
    // Read after the listing: what was listed is the erased image's, if the id is not in use even now.
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
            records.close(tombstone).await?;
        } else {
            late = LateWrites::Possible { look_again_at: due.max(now) };
        }
    }
    Ok(Swept { removed: Derived::count(&found), late })
}

/// Everything that functions write for an image: copies, answers, and what is kept of withheld and rejected ones.
pub(super) async fn derived(objects: &impl ObjectVersions, bucket: &str, image_id: &str) -> Result<Vec<ObjectVersion>, StorageError> {
    let mut found = Vec::new();
    for area in [layout::PROCESSED, layout::RESULTS, layout::ARCHIVED] {
        found.extend(objects.list_versions(bucket, &format!("{area}{image_id}/")).await?);
    }
    Ok(found)
}
