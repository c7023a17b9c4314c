//! Open work, oldest first: through the index over the work queues, never by a scan.

use super::{
    Action, Did, Executions, Page, Pass, QueuePlace, QueuePosition, QueuedImage, Reconciler, ReviewQueue, Unreadable, WorkQueues,
    ports::ExecutionState,
};
use crate::{
    clock::{Clock, EpochMillis},
    erase::ports::{ObjectVersions, Tombstones},
    error::{StepError, StorageError},
    ports::{ExecutionHistory, RecordFailures, ReviewCallback, Told},
    record::{ProcessingStatus, WorkQueue},
    review::ReviewStatus,
};

/// The queues in which something may have got stuck. What FAILED is an operator's to decide.
const QUEUES: [WorkQueue; 3] = [WorkQueue::Pending, WorkQueue::Review, WorkQueue::Erased];

impl<R, O, E, W, C> Reconciler<R, O, E, W, C>
where
    R: RecordFailures + WorkQueues + Tombstones,
    O: ObjectVersions,
    E: Executions,
    W: ExecutionHistory + ReviewCallback,
    C: Clock,
{
    /// Measures the review queue.
    pub(super) async fn measure_reviews(&self, pass: &mut Pass<'_>) -> Result<(), StorageError> {
        let waiting = self.records.review_queue().await?;
        let age_seconds = waiting.oldest_request.map_or(0, |oldest| (self.clock.now() - oldest).max(0) / 1000);
        pass.report.review_queue = Some(ReviewQueue { length: waiting.length, age_seconds });
        Ok(())
    }

    /// Goes through the queues until `until`, from where the last run stopped. Gives whether it came to their end.
    pub(super) async fn queues(&self, pass: &mut Pass<'_>, until: EpochMillis) -> Result<bool, StorageError> {
        let mut place = pass.bookmark.queue.take().unwrap_or(QueuePosition { queue: WorkQueue::Pending, after: None });
        let ended = self.queues_from(pass, &mut place, until).await;
        // After an error as well: otherwise a queue whose far end cannot be read would be gone through from its beginning in every run.
        if !matches!(ended, Ok(true)) {
            pass.bookmark.queue = Some(place);
        }
        ended
    }

    async fn queues_from(&self, pass: &mut Pass<'_>, place: &mut QueuePosition, until: EpochMillis) -> Result<bool, StorageError> {
        let first = QUEUES.iter().position(|queue| *queue == place.queue).unwrap_or_default();
        for queue in QUEUES.into_iter().skip(first) {
            if queue != place.queue {
                *place = QueuePosition { queue, after: None };
            }
            if !self.queue(pass, place, until).await? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    async fn queue(&self, pass: &mut Pass<'_>, place: &mut QueuePosition, until: EpochMillis) -> Result<bool, StorageError> {
        loop {
            let page = self.page_of_queue(place).await?;
            for Unreadable { image_id } in page.unreadable {
                pass.report.records_looked_at += 1;
                pass.not_done(&image_id, None, "its record cannot be read".to_owned());
            }
            for image in &page.items {
                if self.clock.now() >= until {
                    return Ok(false);
                }
                pass.report.records_looked_at += 1;
                let dealt_with = self.look_at_image(pass, place.queue, image).await;
                pass.note(dealt_with, &image.image_id, None)?;
                place.after = Some(QueuePlace { image_id: image.image_id.clone(), upload_timestamp: image.upload_timestamp });
            }
            let Some(next) = page.next else { return Ok(true) };
            place.after = Some(next);
        }
    }

    /// The next page. A place that DynamoDB does not take is forgotten.
    async fn page_of_queue(&self, place: &mut QueuePosition) -> Result<Page<QueuedImage, QueuePlace>, StorageError> {
        match self.records.page(place.queue, place.after.as_ref()).await {
            Err(error) if !error.is_transient() && place.after.is_some() => {
                place.after = None;
                self.records.page(place.queue, None).await
            }
            page => page,
        }
    }

    async fn look_at_image(&self, pass: &mut Pass<'_>, queue: WorkQueue, image: &QueuedImage) -> Result<(), StorageError> {
        match queue {
            WorkQueue::Failed => Ok(()),
            WorkQueue::Pending | WorkQueue::Review => self.look_at_execution(pass, image).await,
            WorkQueue::Erased => self.look_at_erased(pass, image).await,
        }
    }

    async fn look_at_execution(&self, pass: &mut Pass<'_>, image: &QueuedImage) -> Result<(), StorageError> {
        let before = pass.report.actions.len();
        if image.processing_status == ProcessingStatus::Failed {
            self.start_again(pass, image).await?;
        } else {
            let execution = self.executions.look(&image.execution_arn).await?;
            let decided = matches!(image.review_status, ReviewStatus::Approved | ReviewStatus::Rejected);
            match execution {
                Some(execution) if execution.state == ExecutionState::Running => {
                    if decided {
                        self.tell_again(pass, image).await?;
                    }
                }
                over => self.strand(pass, image, over).await?,
            }
        }
        pass.report.untouched += usize::from(pass.report.actions.len() == before);
        Ok(())
    }

    /// A decision was saved, and telling it failed.
    async fn tell_again(&self, pass: &mut Pass<'_>, image: &QueuedImage) -> Result<(), StorageError> {
        let Some(saved) = self.records.saved_decision(image).await? else { return Ok(()) };
        let fresh = saved.outcome.reviewed_at.is_some_and(|at| self.clock.now() - at < pass.settling);
        if fresh {
            return Ok(());
        }
        let told = if pass.wish.dry_run { Told::Yes } else { self.workflow.tell(&saved.token, &saved.outcome).await? };
        // It may have been told before, and is on its way to its end.
        if told == Told::Yes {
            pass.report.untold += 1;
            let did = if pass.wish.dry_run { Did::WouldTell } else { Did::Told };
            let action = Action { execution_arn: Some(image.execution_arn.clone()), ..Action::about(did, &image.image_id) };
            pass.report.actions.push(action);
        }
        Ok(())
    }
}
