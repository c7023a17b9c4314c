//! Records that stand PENDING although their execution is over, or is not known any more.

use super::{
    Action, Did, EXECUTION_LOST, ExecutionFacts, Executions, KNOWN_AFTER, Pass, QueuedImage, Reconciler, WorkQueues, ports::ExecutionState,
};
use crate::{
    clock::{Clock, EpochMillis},
    error::StorageError,
    event::object_created,
    failure::Ending,
    ports::{ExecutionHistory, RecordFailures, Written},
    record::{ProcessingStatus, Record, WorkQueue},
};

/// The reason of a record that a newer one of the same image replaces, as the error of the step that finds it so.
const SUPERSEDED: &str = "Record.Superseded";

/// An item of a queue.
struct Queued {
    record: Record,
    /// Whether the image has a newer record. No execution could take this one over any more: a claim looks at the newest.
    superseded: bool,
}

/// What the local engine reports of executions that were at work when it was stopped.
const SERVICE_RESTART: &str = "States.ServiceRestart";

/// A record that so many executions have worked on is not started again, whatever became of the last one.
const MOST_ATTEMPTS: u32 = 5;
/// For so long a fresh execution that does not come to claim its record is started again: milliseconds.
const KEEP_STARTING: EpochMillis = 60 * 60_000;

/// Whether the engine failed the execution, and not the image or one of our steps.
fn is_engines_fault(reason: &str) -> bool {
    matches!(reason, EXECUTION_LOST | SERVICE_RESTART)
}

impl<R, O, E, W, C> Reconciler<R, O, E, W, C>
where
    R: RecordFailures + WorkQueues,
    E: Executions,
    W: ExecutionHistory,
    C: Clock,
{
    /// Marks the record of an execution that is `over` FAILED; what the engine lost is started afresh at once.
    pub(super) async fn strand(&self, pass: &mut Pass<'_>, image: &QueuedImage, over: Option<ExecutionFacts>) -> Result<(), StorageError> {
        let now = self.clock.now();
        if over.as_ref().and_then(stopped_at).is_some_and(|stopped| now - stopped < pass.settling) {
            return Ok(());
        }
        // The index is a moment late, and the execution may have completed its record since.
        let Some(Queued { mut record, superseded }) = self.queued(image).await? else { return Ok(()) };
        if record.processing_status != ProcessingStatus::Pending || record.execution_arn != image.execution_arn {
            return Ok(());
        }
        if over.is_none() && now - record.claimed_at < KNOWN_AFTER {
            return Ok(());
        }
        // Asked again after the record was read, whose write holds only if no review was asked for since: it may have been redriven.
        let redrivable = over.as_ref().is_some_and(|facts| matches!(facts.state, ExecutionState::Failed { .. }));
        if redrivable && self.workflow.goes_on(&image.execution_arn).await? {
            return Ok(());
        }
        let ending = if superseded {
            Ending { reason: SUPERSEDED.to_owned(), detail: "another upload of the same image has a newer record".to_owned() }
        } else {
            self.ending(&image.execution_arn, over.as_ref().map(|facts| &facts.state)).await?
        };
        let reason = ending.reason.clone();
        let again = is_engines_fault(&reason) && record.attempts < MOST_ATTEMPTS;
        ending.note_in(&mut record, now, pass.wish.retention_days);
        if again {
            // It stays in the queue until an execution claims it, so that a run that ends right here is made up for.
            record.work_queue = Some(WorkQueue::Pending);
        }
        if !pass.wish.dry_run && self.records.fail(&record).await? == Written::Refused {
            return Ok(());
        }
        pass.report.stranded += 1;
        let input = over.and_then(|facts| facts.input);
        if !again || !self.restart(pass, &record, input).await? {
            let did = if pass.wish.dry_run { Did::WouldMarkFailed } else { Did::MarkedFailed };
            let execution_arn = Some(record.execution_arn);
            pass.report.actions.push(Action { execution_arn, reason: Some(reason), ..Action::about(did, &record.image_id) });
        }
        Ok(())
    }

    /// A record that is FAILED and still in the queue: its fresh execution was not started, or did not come to claim it.
    pub(super) async fn start_again(&self, pass: &mut Pass<'_>, image: &QueuedImage) -> Result<(), StorageError> {
        let Some(Queued { mut record, superseded }) = self.queued(image).await? else { return Ok(()) };
        let now = self.clock.now();
        let finished = record.finished_at.unwrap_or(now);
        if !record.is_rerunnable() || record.work_queue != Some(WorkQueue::Pending) || now - finished < pass.settling {
            return Ok(());
        }
        if now - finished < KEEP_STARTING && !superseded {
            let known = self.executions.look(&record.execution_arn).await?;
            self.restart(pass, &record, known.and_then(|facts| facts.input)).await?;
        } else if !pass.wish.dry_run {
            record.work_queue = Some(WorkQueue::Failed);
            self.records.fail(&record).await?;
        }
        Ok(())
    }

    /// The very item that the queue shows: an image may have several, of which [`crate::ports::RecordFinder::find`] gives the newest.
    async fn queued(&self, image: &QueuedImage) -> Result<Option<Queued>, StorageError> {
        let items = self.records.items(&image.image_id).await?;
        let superseded = items.iter().any(|item| item.upload_timestamp > image.upload_timestamp && !item.is_erased());
        let record = items.into_iter().find(|item| item.upload_timestamp == image.upload_timestamp);
        Ok(record.map(|record| Queued { record, superseded }))
    }

    async fn ending(&self, execution_arn: &str, over: Option<&ExecutionState>) -> Result<Ending, StorageError> {
        let lost = |detail: &str| Ending { reason: EXECUTION_LOST.to_owned(), detail: detail.to_owned() };
        Ok(match over {
            None | Some(ExecutionState::Running) => lost("Step Functions knows nothing of its execution any more"),
            Some(ExecutionState::Succeeded { .. }) => lost("its execution ended SUCCEEDED without completing it"),
            // The history of such a one breaks off, and tells at most of an earlier try.
            Some(ExecutionState::Failed { status, error: Some(error), cause, .. }) if error == SERVICE_RESTART => {
                Ending::of_execution(status, Some(error), cause.as_deref(), None)
            }
            Some(ExecutionState::Failed { status, error, cause, .. }) => {
                let told = self.workflow.failure_cause(execution_arn).await?;
                Ending::of_execution(status, error.as_deref(), cause.as_deref(), told)
            }
        })
    }

    /// Starts a fresh execution, which takes the FAILED record over; gives whether a start was left.
    async fn restart(&self, pass: &mut Pass<'_>, record: &Record, input: Option<String>) -> Result<bool, StorageError> {
        let from_record =
            || record.upload().map(|upload| object_created(&upload, record.size, record.upload_timestamp, "reconcile").to_string());
        let Some(input) = input.or_else(from_record) else { return Ok(false) };
        if !pass.may_start() {
            return Ok(false);
        }
        let did = if pass.wish.dry_run { Did::WouldRestart } else { Did::Restarted };
        let new_execution_arn = if pass.wish.dry_run { None } else { Some(self.executions.start(&input).await?) };
        pass.report.restarted += 1;
        let (execution_arn, reason) = (Some(record.execution_arn.clone()), record.status_reason.clone());
        pass.report.actions.push(Action { execution_arn, new_execution_arn, reason, ..Action::about(did, &record.image_id) });
        Ok(true)
    }
}

fn stopped_at(facts: &ExecutionFacts) -> Option<EpochMillis> {
    match &facts.state {
        ExecutionState::Running => None,
        ExecutionState::Succeeded { stopped_at } | ExecutionState::Failed { stopped_at, .. } => *stopped_at,
    }
}
