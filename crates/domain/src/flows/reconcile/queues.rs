//! Checks the open work through the index over the work queues, oldest first; never by a scan.

use super::{Action, ActionKind, QueueBookmark, Reconciler, ReviewQueue, Run};
use crate::{
    flows::erase::{LateWrites, SWEEP_AFTER, Swept, sweep_erased},
    model::{
        clock::{Clock, EpochMillis},
        error::{StepError, StorageError},
        record::{ProcessingStatus, WorkQueue},
    },
    ports::{ExecutionState, Executions, Notified, Objects, Page, QueuedImage, RecordKey, Records, Unreadable, WorkQueues},
};

/// The queues in which images can get stuck. FAILED images wait for an operator.
const QUEUES: [WorkQueue; 3] = [WorkQueue::Pending, WorkQueue::Review, WorkQueue::Erased];

impl<R: Records + WorkQueues, O: Objects, E: Executions, C: Clock> Reconciler<R, O, E, C> {
    /// Reports length and age of the review queue.
    pub(super) async fn measure_reviews(&self, run: &mut Run<'_>) -> Result<(), StorageError> {
        let waiting = self.records.review_queue().await?;
        let age_seconds = waiting.oldest_request.map_or(0, |oldest| (self.clock.now() - oldest).max(0) / 1000);
        run.report.review_queue = Some(ReviewQueue { length: waiting.length, age_seconds });
        Ok(())
    }

    /// Checks the queues until `until`, from where the last run stopped; returns whether it reached their end.
    pub(super) async fn check_queues(&self, run: &mut Run<'_>, until: EpochMillis) -> Result<bool, StorageError> {
        let mut bookmark = run.bookmark.queue.take().unwrap_or(QueueBookmark { queue: WorkQueue::Pending, after: None });
        let ended = self.check_queues_from(run, &mut bookmark, until).await;
        // Also after an error: otherwise every run would start at the beginning of a queue whose end cannot be read.
        if !matches!(ended, Ok(true)) {
            run.bookmark.queue = Some(bookmark);
        }
        ended
    }

    async fn check_queues_from(&self, run: &mut Run<'_>, bookmark: &mut QueueBookmark, until: EpochMillis) -> Result<bool, StorageError> {
        let first = QUEUES.iter().position(|queue| *queue == bookmark.queue).unwrap_or_default();
        for queue in QUEUES.into_iter().skip(first) {
            if queue != bookmark.queue {
                *bookmark = QueueBookmark { queue, after: None };
            }
            if !self.check_queue(run, bookmark, until).await? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    async fn check_queue(&self, run: &mut Run<'_>, bookmark: &mut QueueBookmark, until: EpochMillis) -> Result<bool, StorageError> {
        loop {
            let page = self.next_images(bookmark).await?;
            for Unreadable { image_id } in page.unreadable {
                run.report.records_looked_at += 1;
                run.not_done(&image_id, None, "its record cannot be read".to_owned());
            }
            for image in &page.items {
                if self.clock.now() >= until {
                    return Ok(false);
                }
                run.report.records_looked_at += 1;
                let checked = self.check_image(run, bookmark.queue, image).await;
                run.record_result(checked, &image.image_id, None)?;
                bookmark.after = Some(RecordKey { image_id: image.image_id.clone(), upload_timestamp: image.upload_timestamp });
            }
            let Some(next) = page.next else { return Ok(true) };
            bookmark.after = Some(next);
        }
    }

    /// The next page. If DynamoDB refuses the stored position, the queue is read from its beginning.
    async fn next_images(&self, bookmark: &mut QueueBookmark) -> Result<Page<QueuedImage, RecordKey>, StorageError> {
        match self.records.queued(bookmark.queue, bookmark.after.as_ref()).await {
            Err(error) if !error.is_transient() && bookmark.after.is_some() => {
                bookmark.after = None;
                self.records.queued(bookmark.queue, None).await
            }
            page => page,
        }
    }

    async fn check_image(&self, run: &mut Run<'_>, queue: WorkQueue, image: &QueuedImage) -> Result<(), StorageError> {
        match queue {
            WorkQueue::Failed => Ok(()),
            WorkQueue::Pending | WorkQueue::Review => self.check_execution(run, image).await,
            WorkQueue::Erased => self.check_erased(run, image).await,
        }
    }

    async fn check_execution(&self, run: &mut Run<'_>, image: &QueuedImage) -> Result<(), StorageError> {
        let before = run.report.actions.len();
        if image.processing_status == ProcessingStatus::Failed {
            self.start_again(run, image).await?;
        } else {
            match self.executions.find(&image.execution_arn).await? {
                Some(execution) if execution.state == ExecutionState::Running => {
                    if image.review_status.is_decided() {
                        self.notify_again(run, image).await?;
                    }
                }
                ended => self.release(run, image, ended).await?,
            }
        }
        run.report.untouched += usize::from(run.report.actions.len() == before);
        Ok(())
    }

    /// Notifies an execution of a saved decision that it may not have received.
    async fn notify_again(&self, run: &mut Run<'_>, image: &QueuedImage) -> Result<(), StorageError> {
        let Some(saved) = self.records.saved_decision(image).await? else { return Ok(()) };
        if saved.outcome.reviewed_at.is_some_and(|at| self.clock.now() - at < run.settling) {
            return Ok(());
        }
        let notified = if run.options.dry_run { Notified::Yes } else { self.executions.notify(&saved.token, &saved.outcome).await? };
        // If it is not waiting, it was notified before and is about to complete.
        if notified == Notified::Yes {
            run.report.undelivered_decisions += 1;
            let kind = run.kind(ActionKind::Notified, ActionKind::WouldNotify);
            let execution_arn = Some(image.execution_arn.clone());
            run.report.actions.push(Action { execution_arn, ..Action::new(kind, &image.image_id) });
        }
        Ok(())
    }

    /// Removes what was written late for an erased image, because a function was running when its execution was stopped; closes the
    /// tombstone once nothing more can be written.
    async fn check_erased(&self, run: &mut Run<'_>, image: &QueuedImage) -> Result<(), StorageError> {
        if run.options.dry_run {
            run.report.actions.push(Action::new(ActionKind::WouldLookForLateWrites, &image.image_id));
            return Ok(());
        }
        let now = self.clock.now();
        let Swept { removed, late } = sweep_erased(&self.records, &self.objects, &run.options.bucket, &image.image_id, now).await?;
        let found = removed.copies + removed.results + removed.archived;
        if found > 0 {
            let reason = Some(format!("{found} versions"));
            run.report.actions.push(Action { reason, ..Action::new(ActionKind::RemovedLateWrites, &image.image_id) });
        }
        match late {
            LateWrites::None => run.report.actions.push(Action::new(ActionKind::ClosedTombstone, &image.image_id)),
            LateWrites::Unfinished if self.is_abandoned(image, now).await? => {
                run.not_done(&image.image_id, None, "its erasure was interrupted: run `sightline erase` again".to_owned());
            }
            LateWrites::Possible { .. } | LateWrites::Unfinished | LateWrites::InUse => run.report.untouched += usize::from(found == 0),
        }
        Ok(())
    }

    /// Whether the erasure began so long ago that nobody can still be running it.
    async fn is_abandoned(&self, image: &QueuedImage, now: EpochMillis) -> Result<bool, StorageError> {
        let items = self.records.items(&image.image_id).await?;
        Ok(items.iter().any(|item| item.is_erased() && item.erased_at.is_some_and(|at| now - at > SWEEP_AFTER)))
    }
}
