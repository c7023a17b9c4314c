//! Erased images that are to be looked at once more: a function may have been at work when their execution was stopped.

use super::{Action, Did, Pass, QueuedImage, Reconciler};
use crate::{
    clock::{Clock, EpochMillis},
    erase::{
        LateWrites, SWEEP_AFTER, Swept,
        ports::{ObjectVersions, Tombstones},
        sweep_erased,
    },
    error::StorageError,
};

impl<R, O, E, W, C> Reconciler<R, O, E, W, C>
where
    R: Tombstones,
    O: ObjectVersions,
    C: Clock,
{
    /// Removes what was written late, and closes the tombstone once nothing more can come.
    pub(super) async fn look_at_erased(&self, pass: &mut Pass<'_>, image: &QueuedImage) -> Result<(), StorageError> {
        if pass.wish.dry_run {
            pass.report.actions.push(Action::about(Did::WouldLookForLateWrites, &image.image_id));
            return Ok(());
        }
        let now = self.clock.now();
        let Swept { removed, late } = sweep_erased(&self.records, &self.objects, &pass.wish.bucket, &image.image_id, now).await?;
        let found = removed.copies + removed.results + removed.archived;
        if found > 0 {
            let reason = Some(format!("{found} versions"));
            pass.report.actions.push(Action { reason, ..Action::about(Did::RemovedLateWrites, &image.image_id) });
        }
        match late {
            LateWrites::None => pass.report.actions.push(Action::about(Did::ClosedTombstone, &image.image_id)),
            LateWrites::Unfinished if self.is_abandoned(image, now).await? => {
                pass.not_done(&image.image_id, None, "its erasure was interrupted: run `sightline erase` again".to_owned());
            }
            LateWrites::Possible { .. } | LateWrites::Unfinished | LateWrites::InUse => pass.report.untouched += usize::from(found == 0),
        }
        Ok(())
    }

    /// Whether nobody seems to be erasing it right now.
    async fn is_abandoned(&self, image: &QueuedImage, now: EpochMillis) -> Result<bool, StorageError> {
        let items = self.records.items(&image.image_id).await?;
        Ok(items.iter().any(|item| item.is_erased() && item.erased_at.is_some_and(|at| now - at > SWEEP_AFTER)))
    }
}
