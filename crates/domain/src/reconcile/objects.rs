//! Uploads without a record: S3 accepted them, and their event was lost.

use super::{Action, Did, Executions, Pass, Reconciler, UploadVersion, UploadVersions, VersionPlace, WorkQueues, ports::Page};
use crate::{
    clock::{Clock, DAY_MILLIS, EpochMillis},
    content,
    erase::{Meaning, meaning},
    error::{StepError, StorageError},
    event::object_created,
    identity::Upload,
    ports::{ImageStore, RecordFailures, UploadFacts},
    record::Record,
    rejection::ReasonCode,
};

/// No record expires sooner: the setting `retentionDays` counts in days. Milliseconds.
const SHORTEST_RETENTION: EpochMillis = DAY_MILLIS;

/// What became of a version.
enum Seen {
    /// It was dealt with.
    Done,
    /// It is to be started, and no start is left.
    Waits,
}

impl<R, O, E, W, C> Reconciler<R, O, E, W, C>
where
    R: RecordFailures + WorkQueues,
    O: UploadVersions + ImageStore,
    E: Executions,
    C: Clock,
{
    /// Goes on with the sweep, or begins one over what was uploaded up to `until`. Gives whether it came to its end.
    pub(super) async fn sweep(&self, pass: &mut Pass<'_>, until: EpochMillis) -> Result<bool, StorageError> {
        let sweep = pass.bookmark.begin(until);
        let (until, mut after) = (sweep.until, sweep.after.clone());
        loop {
            let page = self.page_behind(pass, &mut after).await?;
            for version in &page.items {
                if self.clock.now() >= pass.wish.deadline || !self.pass_over(pass, version, until).await? {
                    return Ok(false);
                }
                after = Some(version.place());
                pass.bookmark.begin(until).after.clone_from(&after);
            }
            let Some(next) = page.next else { break };
            // A page may hold delete markers only.
            after = Some(next);
            pass.bookmark.begin(until).after.clone_from(&after);
        }
        pass.bookmark.finish();
        Ok(true)
    }

    /// The next page. A place that S3 does not take any more is forgotten.
    async fn page_behind(
        &self,
        pass: &Pass<'_>,
        after: &mut Option<VersionPlace>,
    ) -> Result<Page<UploadVersion, VersionPlace>, StorageError> {
        match self.objects.versions(&pass.wish.bucket, after.as_ref()).await {
            Err(error) if !error.is_transient() && after.is_some() => {
                *after = None;
                self.objects.versions(&pass.wish.bucket, None).await
            }
            page => page,
        }
    }

    /// Gives false where the sweep has to stop before this version.
    async fn pass_over(&self, pass: &mut Pass<'_>, version: &UploadVersion, until: EpochMillis) -> Result<bool, StorageError> {
        if version.is_folder_marker() {
            return Ok(true);
        }
        pass.report.versions_listed += 1;
        if !pass.bookmark.is_due(version, until) {
            return Ok(true);
        }
        pass.report.versions_looked_at += 1;
        let seen = match self.look_at_version(pass, version).await {
            Ok(Seen::Waits) => return Ok(false),
            Ok(Seen::Done) => Ok(()),
            Err(error) => {
                pass.bookmark.begin(until).left(version.place());
                Err(error)
            }
        };
        pass.note(seen, &first_id(&version.upload), Some(&version.upload.key))?;
        Ok(true)
    }

    async fn look_at_version(&self, pass: &mut Pass<'_>, version: &UploadVersion) -> Result<Seen, StorageError> {
        if !self.is_orphan(version).await? {
            pass.report.untouched += 1;
            return Ok(Seen::Done);
        }
        if !pass.may_start() {
            return Ok(Seen::Waits);
        }
        let UploadVersion { upload, size, last_modified } = version;
        let mut action = Action { key: Some(upload.key.clone()), ..Action::about(Did::WouldStart, &first_id(upload)) };
        if !pass.wish.dry_run {
            let input = object_created(upload, *size, *last_modified, "reconcile").to_string();
            action.new_execution_arn = Some(self.executions.start(&input).await?);
            action.action = Did::Started;
            if let Some(sweep) = &mut pass.bookmark.sweep {
                sweep.started(*last_modified);
            }
        }
        // The rule of uploads passes empty objects over whose keys hold no dot (`cdk/lib/triggers.ts`): no event of theirs was lost.
        pass.report.orphans += usize::from(*size > 0);
        pass.report.actions.push(action);
        Ok(Seen::Done)
    }

    /// Whether no record tells of this version, and none ever did.
    async fn is_orphan(&self, version: &UploadVersion) -> Result<bool, StorageError> {
        // By its version first; the local S3's events name none, so that there the entity tag makes the id.
        let by_version = &version.upload;
        let by_etag = Upload { version_id: None, ..by_version.clone() };
        let mut ids = by_version.candidate_ids();
        ids.extend(by_etag.candidate_ids().into_iter().filter(|id| !by_version.candidate_ids().contains(id)));
        for id in ids {
            if let Some(record) = self.records.find(&id).await?
                && self.tells_of(&record, version).await?
            {
                return Ok(false);
            }
        }
        // Records expire before originals do, and the mark that their analysis left stays. A younger record got lost, whatever the mark says.
        let may_have_expired = self.clock.now() - version.last_modified > SHORTEST_RETENTION;
        Ok(!may_have_expired || self.objects.status(by_version).await?.is_none())
    }

    async fn tells_of(&self, record: &Record, version: &UploadVersion) -> Result<bool, StorageError> {
        let UploadVersion { upload, size, last_modified } = version;
        let facts = UploadFacts { version_id: upload.version_id.clone(), size: *size, last_modified: *last_modified, name: None };
        if record.is_erased() {
            // Of an upload that came after the erasure it tells nothing.
            return Ok(meaning(&self.objects, record, upload, Some(&facts)).await? == Meaning::Erased);
        }
        // The same content came once more after a failure, which asks for another try.
        let sent_again = record.is_rerunnable() && record.finished_at.is_some_and(|finished| finished < *last_modified);
        // Of two uploads of an image, the one that had claimed the record was deleted before it was inspected.
        let is_another = record.is_rerunnable() && record.status_reason.as_deref() == Some(ReasonCode::ObjectDeleted.as_str());
        let asks_again = sent_again || is_another;
        Ok(!asks_again && content::is_same(&self.objects, record, upload, Some(&facts)).await?)
    }
}

fn first_id(upload: &Upload) -> String {
    upload.candidate_ids().into_iter().next().unwrap_or_default()
}
