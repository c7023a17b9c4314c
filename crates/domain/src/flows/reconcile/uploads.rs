//! Finds uploads without a record: S3 accepted them, and their event was lost.

use super::{Action, ActionKind, Reconciler, Run};
use crate::{
    flows::claims::{self, ErasedId},
    model::{
        clock::{Clock, DAY_MILLIS, EpochMillis},
        error::{StepError, StorageError},
        event::object_created,
        identity::Upload,
        record::Record,
        rejection::ReasonCode,
    },
    ports::{Executions, Objects, Page, Records, UploadFacts, UploadVersion, Uploads, VersionPosition},
};

/// No record expires sooner: the setting `retentionDays` counts days. Milliseconds.
const SHORTEST_RETENTION: EpochMillis = DAY_MILLIS;

/// The result of checking a version.
enum Checked {
    /// It is in order, or was repaired.
    Done,
    /// An execution has to be started for it, and no start is left.
    NoStartLeft,
}

impl<R: Records, O: Objects + Uploads, E: Executions, C: Clock> Reconciler<R, O, E, C> {
    /// Continues the sweep, or begins one over the uploads up to `until`; returns whether it reached the end.
    pub(super) async fn sweep(&self, run: &mut Run<'_>, until: EpochMillis) -> Result<bool, StorageError> {
        let sweep = run.bookmark.begin(until);
        let (until, mut after) = (sweep.until, sweep.after.clone());
        loop {
            let page = self.next_versions(run, &mut after).await?;
            for version in &page.items {
                if self.clock.now() >= run.options.deadline || !self.check_listed(run, version, until).await? {
                    return Ok(false);
                }
                after = Some(version.position());
                run.bookmark.begin(until).after.clone_from(&after);
            }
            let Some(next) = page.next else { break };
            // A page can consist of delete markers only.
            after = Some(next);
            run.bookmark.begin(until).after.clone_from(&after);
        }
        run.bookmark.finish();
        Ok(true)
    }

    /// The next page. If S3 refuses the stored position, the listing starts at its beginning.
    async fn next_versions(
        &self,
        run: &Run<'_>,
        after: &mut Option<VersionPosition>,
    ) -> Result<Page<UploadVersion, VersionPosition>, StorageError> {
        match self.objects.versions(&run.options.bucket, after.as_ref()).await {
            Err(error) if !error.is_transient() && after.is_some() => {
                *after = None;
                self.objects.versions(&run.options.bucket, None).await
            }
            page => page,
        }
    }

    /// Checks a listed version if it is due; returns false if the sweep has to stop before it.
    async fn check_listed(&self, run: &mut Run<'_>, version: &UploadVersion, until: EpochMillis) -> Result<bool, StorageError> {
        if version.is_folder_marker() {
            return Ok(true);
        }
        run.report.versions_listed += 1;
        if !run.bookmark.is_due(version, until) {
            return Ok(true);
        }
        run.report.versions_looked_at += 1;
        let checked = match self.check_version(run, version).await {
            Ok(Checked::NoStartLeft) => return Ok(false),
            Ok(Checked::Done) => Ok(()),
            Err(error) => {
                run.bookmark.begin(until).failed(version.position());
                Err(error)
            }
        };
        run.record_result(checked, &first_id(&version.upload), Some(&version.upload.key))?;
        Ok(true)
    }

    async fn check_version(&self, run: &mut Run<'_>, version: &UploadVersion) -> Result<Checked, StorageError> {
        if !self.is_orphan(version).await? {
            run.report.untouched += 1;
            return Ok(Checked::Done);
        }
        if !run.may_start() {
            return Ok(Checked::NoStartLeft);
        }
        let UploadVersion { upload, size, last_modified } = version;
        let kind = run.kind(ActionKind::Started, ActionKind::WouldStart);
        let mut action = Action { key: Some(upload.key.clone()), ..Action::new(kind, &first_id(upload)) };
        if !run.options.dry_run {
            let input = object_created(upload, *size, *last_modified, "reconcile").to_string();
            action.new_execution_arn = Some(self.executions.start(&input).await?);
            if let Some(sweep) = &mut run.bookmark.sweep {
                sweep.started(*last_modified);
            }
        }
        // The EventBridge rule ignores empty objects whose keys contain no dot (`cdk/lib`): their events were not lost.
        run.report.orphans += usize::from(*size > 0);
        run.report.actions.push(action);
        Ok(Checked::Done)
    }

    /// Whether this version has no record and never had one.
    async fn is_orphan(&self, version: &UploadVersion) -> Result<bool, StorageError> {
        for id in version.upload.all_candidate_ids() {
            if let Some(record) = self.records.find(&id).await?
                && self.is_recorded_by(&record, version).await?
            {
                return Ok(false);
            }
        }
        // Records expire before originals do; the tag of the analysed original stays. A younger record was lost, whatever the tag says.
        let may_have_expired = self.clock.now() - version.last_modified > SHORTEST_RETENTION;
        Ok(!may_have_expired || self.objects.status(&version.upload).await?.is_none())
    }

    async fn is_recorded_by(&self, record: &Record, version: &UploadVersion) -> Result<bool, StorageError> {
        let UploadVersion { upload, size, last_modified } = version;
        let facts = UploadFacts { version_id: upload.version_id.clone(), size: *size, last_modified: *last_modified, name: None };
        if record.is_erased() {
            // An upload after the erasure has a record of its own.
            return Ok(claims::check_erased_id(&self.objects, record, upload, Some(&facts)).await? == ErasedId::SameUpload);
        }
        // The same content was uploaded again after a failure: the uploader wants another attempt.
        let sent_again = record.is_rerunnable() && record.finished_at.is_some_and(|finished| finished < *last_modified);
        // Of two uploads of an image, the one that had claimed the record was deleted before it was inspected.
        let is_another = record.is_rerunnable() && record.status_reason.as_deref() == Some(ReasonCode::ObjectDeleted.as_ref());
        let needs_attempt = sent_again || is_another;
        Ok(!needs_attempt && claims::is_same_content(&self.objects, record, upload, Some(&facts)).await?)
    }
}

fn first_id(upload: &Upload) -> String {
    upload.candidate_ids().into_iter().next().unwrap_or_default()
}
