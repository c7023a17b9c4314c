//! Repairs records that are PENDING although their execution has ended, or is not known any more.

use super::{Action, ActionKind, EXECUTION_LOST, KNOWN_AFTER, Reconciler, Run};
use crate::{
    flows::fail::FailureReason,
    model::{
        clock::{Clock, EpochMillis},
        error::StorageError,
        event::object_created,
        record::{ProcessingStatus, Record, WorkQueue},
    },
    ports::{ExecutionFacts, ExecutionState, Executions, QueuedImage, Records, Written},
};

/// The reason of a record that a newer record of the same image replaces; also the error of the step that finds it replaced.
const SUPERSEDED: &str = "Record.Superseded";

/// The error that the local Step Functions reports for executions that were running when it was stopped.
const SERVICE_RESTART: &str = "States.ServiceRestart";

/// A record that this many executions have worked on is not started again, however the last one ended.
const MAX_ATTEMPTS: u32 = 5;

/// A fresh execution that does not claim its record is started again for this long. Milliseconds.
const KEEP_STARTING: EpochMillis = 60 * 60_000;

/// An item of a queue.
struct Queued {
    record: Record,
    /// Whether the image has a newer record. No execution can take this one over any more: a claim reads the newest.
    superseded: bool,
}

/// Whether Step Functions lost the execution, so that neither the image nor one of our steps has failed.
fn is_lost(reason: &str) -> bool {
    matches!(reason, EXECUTION_LOST | SERVICE_RESTART)
}

impl<R: Records, O, E: Executions, C: Clock> Reconciler<R, O, E, C> {
    /// Marks the record of an execution that has `ended` FAILED; `None`: Step Functions does not know it. Starts a fresh execution if
    /// Step Functions lost the old one.
    pub(super) async fn release(&self, run: &mut Run<'_>, image: &QueuedImage, ended: Option<ExecutionFacts>) -> Result<(), StorageError> {
        let now = self.clock.now();
        if ended.as_ref().and_then(stopped_at).is_some_and(|stopped| now - stopped < run.settling) {
            return Ok(());
        }
        // The index is eventually consistent: the execution may have completed its record since.
        let Some(Queued { mut record, superseded }) = self.queued_record(image).await? else { return Ok(()) };
        if record.processing_status != ProcessingStatus::Pending || record.execution_arn != image.execution_arn {
            return Ok(());
        }
        if ended.is_none() && now - record.claimed_at < KNOWN_AFTER {
            return Ok(());
        }
        // Checked after the record was read: the write below is refused if a redriven execution has requested a review since.
        let redrivable = ended.as_ref().is_some_and(|facts| matches!(facts.state, ExecutionState::Failed { .. }));
        if redrivable && self.executions.was_redriven(&image.execution_arn).await? {
            return Ok(());
        }
        let failure = if superseded {
            FailureReason { reason: SUPERSEDED.to_owned(), detail: "another upload of the same image has a newer record".to_owned() }
        } else {
            self.failure_reason(&image.execution_arn, ended.as_ref().map(|facts| &facts.state)).await?
        };
        let reason = failure.reason.clone();
        let again = is_lost(&reason) && record.attempts < MAX_ATTEMPTS;
        failure.write_to(&mut record, now, run.options.retention_days);
        if again {
            // It stays in the queue until an execution claims it, so that the next run continues if this one ends here.
            record.work_queue = Some(WorkQueue::Pending);
        }
        if !run.options.dry_run && self.records.fail(&record).await? == Written::Refused {
            return Ok(());
        }
        run.report.stuck_records += 1;
        let input = ended.and_then(|facts| facts.input);
        if !again || !self.restart(run, &record, input).await? {
            let kind = run.kind(ActionKind::MarkedFailed, ActionKind::WouldMarkFailed);
            let execution_arn = Some(record.execution_arn);
            run.report.actions.push(Action { execution_arn, reason: Some(reason), ..Action::new(kind, &record.image_id) });
        }
        Ok(())
    }

    /// Handles a FAILED record that is still in the queue: its fresh execution was not started, or has not claimed it.
    pub(super) async fn start_again(&self, run: &mut Run<'_>, image: &QueuedImage) -> Result<(), StorageError> {
        let Some(Queued { mut record, superseded }) = self.queued_record(image).await? else { return Ok(()) };
        let now = self.clock.now();
        let finished = record.finished_at.unwrap_or(now);
        if !record.is_rerunnable() || record.work_queue != Some(WorkQueue::Pending) || now - finished < run.settling {
            return Ok(());
        }
        if now - finished < KEEP_STARTING && !superseded {
            let known = self.executions.find(&record.execution_arn).await?;
            self.restart(run, &record, known.and_then(|facts| facts.input)).await?;
        } else if !run.options.dry_run {
            record.work_queue = Some(WorkQueue::Failed);
            self.records.fail(&record).await?;
        }
        Ok(())
    }

    /// Exactly the item that the queue shows: [`Records::find`] returns the newest item of the image, which may be another one.
    async fn queued_record(&self, image: &QueuedImage) -> Result<Option<Queued>, StorageError> {
        let items = self.records.items(&image.image_id).await?;
        let superseded = items.iter().any(|item| item.upload_timestamp > image.upload_timestamp && !item.is_erased());
        let record = items.into_iter().find(|item| item.upload_timestamp == image.upload_timestamp);
        Ok(record.map(|record| Queued { record, superseded }))
    }

    async fn failure_reason(&self, execution_arn: &str, ended: Option<&ExecutionState>) -> Result<FailureReason, StorageError> {
        let lost = |detail: &str| FailureReason { reason: EXECUTION_LOST.to_owned(), detail: detail.to_owned() };
        Ok(match ended {
            None | Some(ExecutionState::Running) => lost("Step Functions does not know its execution any more"),
            Some(ExecutionState::Succeeded { .. }) => lost("its execution succeeded without completing it"),
            // The history of such an execution is cut off, and shows at most the failure of an earlier attempt.
            Some(ExecutionState::Failed { status, error: Some(error), cause, .. }) if error == SERVICE_RESTART => {
                FailureReason::of_execution(status, Some(error), cause.as_deref(), None)
            }
            Some(ExecutionState::Failed { status, error, cause, .. }) => {
                let first = self.executions.failure_cause(execution_arn).await?;
                FailureReason::of_execution(status, error.as_deref(), cause.as_deref(), first)
            }
        })
    }

    /// Starts a fresh execution, which takes the FAILED record over; returns false if no start was left.
    async fn restart(&self, run: &mut Run<'_>, record: &Record, input: Option<String>) -> Result<bool, StorageError> {
        let from_record =
            || record.upload().map(|upload| object_created(&upload, record.size, record.upload_timestamp, "reconcile").to_string());
        let Some(input) = input.or_else(from_record) else { return Ok(false) };
        if !run.may_start() {
            return Ok(false);
        }
        let kind = run.kind(ActionKind::Restarted, ActionKind::WouldRestart);
        let new_execution_arn = if run.options.dry_run { None } else { Some(self.executions.start(&input).await?) };
        run.report.restarted += 1;
        let (execution_arn, reason) = (Some(record.execution_arn.clone()), record.status_reason.clone());
        run.report.actions.push(Action { execution_arn, new_execution_arn, reason, ..Action::new(kind, &record.image_id) });
        Ok(true)
    }
}

fn stopped_at(facts: &ExecutionFacts) -> Option<EpochMillis> {
    match &facts.state {
        ExecutionState::Running => None,
        ExecutionState::Succeeded { stopped_at } | ExecutionState::Failed { stopped_at, .. } => *stopped_at,
    }
}
