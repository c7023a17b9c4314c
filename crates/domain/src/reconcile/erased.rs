//! Erased images: what was written for them late goes.

use super::{Action, Did, Pass, QueuedImage, Reconciler};
use crate::{
    clock::Clock,
    erase::{
        Derived, LateWrites, SWEEP_AFTER,
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
    /// Looks once more at an image that was erased.
    pub(super) async fn sweep_late(&self, pass: &mut Pass<'_>, image: &QueuedImage) -> Result<(), StorageError> {
        if pass.wish.dry_run {
            pass.report.untouched += 1;
            return Ok(());
        }
        let now = self.clock.now();
        let swept = sweep_erased(&self.records, &self.objects, &pass.wish.bucket, &image.image_id, now).await?;
        if swept.removed != Derived::default() {
            pass.report.actions.push(Action::about(Did::Swept, &image.image_id));
        } else {
            pass.report.untouched += 1;
        }
        match swept.late {
            LateWrites::Unfinished => self.unfinished(pass, image).await,
            LateWrites::None | LateWrites::Possible { .. } | LateWrites::InUse => Ok(()),
        }
    }

    /// An erasure that was interrupted can only be run again by whoever may erase: it is named until then.
    async fn unfinished(&self, pass: &mut Pass<'_>, image: &QueuedImage) -> Result<(), StorageError> {
        let record = self.records.find(&image.image_id).await?;
        let long_ago = record.and_then(|record| record.erased_at).is_some_and(|at| self.clock.now() - at > SWEEP_AFTER);
        if long_ago {
            pass.report.failed += 1;
            let reason = Some("its erasure was interrupted: run sightline erase again".to_owned());
            pass.report.actions.push(Action { reason, ..Action::about(Did::NotDone, &image.image_id) });
        }
        Ok(())
    }
}
