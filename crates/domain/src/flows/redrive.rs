//! Runs failed executions again: [`plan`] decides whether and how, [`Candidate::run_again`] does it.

use crate::{
    flows::rerun,
    model::{
        clock::{DAY_MILLIS, EpochMillis},
        error::StorageError,
        execution::ExecutionDetail,
        identity::Upload,
        image_name::image_name,
        record::Record,
    },
    ports::{ExecutionOperations, Executions, Interventions, Objects, Records, Redriven, Uploads},
};
use std::collections::BTreeSet;
use wildmatch::WildMatch;

/// Limits of a redrive (Step Functions guide, "Redrive"): within 14 days of closing, and below 24,999 events.
pub const REDRIVABLE_DAYS: EpochMillis = 14;
const MAX_EVENTS: i64 = 24_999;

/// What to do with one execution.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Plan {
    /// Resume it at the state that failed.
    Redrive,
    /// Start a new execution; the text says why.
    Restart(String),
    /// Do nothing.
    Skip {
        /// Why, in one sentence without a full stop.
        reason: String,
        /// What would run the image again.
        remedy: Option<Remedy>,
    },
}

/// What runs an image again if a redrive does not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Remedy {
    /// A new execution.
    Restart,
    /// A new inspection, because the image was rejected.
    InspectAgain,
}

/// How executions are run again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RerunMode {
    /// Only by a redrive.
    Redrive,
    /// By a new execution if a redrive is not possible.
    RedriveOrRestart,
    /// By a new execution, which runs the current release.
    Restart,
}

impl RerunMode {
    /// The mode with a restart where a redrive is not possible (`or_restart`), or always a restart (`fresh`).
    pub const fn new(or_restart: bool, fresh: bool) -> Self {
        match (fresh, or_restart) {
            (true, _) => Self::Restart,
            (false, true) => Self::RedriveOrRestart,
            (false, false) => Self::Redrive,
        }
    }
}

/// The plan for an execution with `events` events in its history.
pub fn plan(detail: &ExecutionDetail, events: i64, record: Option<&Record>, now: EpochMillis, mode: RerunMode) -> Plan {
    let execution = &detail.execution;
    if !detail.has_failed() {
        let reason = format!("the execution is {}; only failed executions are run again", execution.status);
        return Plan::Skip { reason, remedy: record.is_some_and(Record::is_rejected).then_some(Remedy::InspectAgain) };
    }
    if let Some(reason) = rerun::obstacle(record, &execution.arn) {
        return Plan::Skip { reason, remedy: None };
    }
    if mode == RerunMode::Restart {
        return Plan::Restart("a new execution was asked for".to_owned());
    }
    let is_too_old = execution.stopped_at.is_some_and(|stopped| now - stopped > REDRIVABLE_DAYS * DAY_MILLIS);
    let impossible = if is_too_old {
        Some(format!("it closed more than {REDRIVABLE_DAYS} days ago"))
    } else if events >= MAX_EVENTS {
        Some(format!("its history has {events} events, and a redrive allows fewer than {MAX_EVENTS}"))
    } else {
        detail.not_redrivable.clone()
    };
    match impossible {
        None => Plan::Redrive,
        Some(reason) if mode == RerunMode::RedriveOrRestart => Plan::Restart(reason),
        Some(reason) => Plan::Skip { reason, remedy: Some(Remedy::Restart) },
    }
}

/// Image and file name of an execution: of the record, or else the first candidate of the upload in its input, and the end of its key.
pub fn image_of(input: Option<&str>, record: Option<&Record>) -> (Option<String>, Option<String>) {
    match (record, input.and_then(Upload::from_input)) {
        (Some(record), _) => (Some(record.image_id.clone()), record.image_name.clone()),
        (None, Some(upload)) => (upload.candidate_ids().into_iter().next(), image_name(None, &upload.key)),
        (None, None) => (None, None),
    }
}

/// The record of the image in the `input` of an execution, under any of its candidate ids.
///
/// # Errors
///
/// [`StorageError`] if records or objects cannot be read.
pub async fn record_of(
    records: &impl Records,
    objects: &(impl Uploads + Objects),
    input: Option<&str>,
    execution_arn: &str,
) -> Result<Option<Record>, StorageError> {
    let Some(upload) = input.and_then(Upload::from_input) else { return Ok(None) };
    rerun::record_of(records, objects, &upload, Some(execution_arn)).await
}

/// An execution to run again, with its image.
#[derive(Clone)]
pub struct Candidate {
    /// The execution.
    pub detail: ExecutionDetail,
    /// The record of its image.
    pub record: Option<Record>,
    /// What to do.
    pub plan: Plan,
}

impl Candidate {
    /// The candidate of an execution and the record of its image, at `now`.
    ///
    /// # Errors
    ///
    /// [`StorageError`] if its history cannot be read.
    pub async fn new(
        executions: &impl ExecutionOperations,
        detail: ExecutionDetail,
        record: Option<Record>,
        now: EpochMillis,
        mode: RerunMode,
    ) -> Result<Self, StorageError> {
        // Only the plan of a failed execution depends on its history.
        let events = if detail.has_failed() { executions.history_length(&detail.execution.arn).await? } else { 0 };
        let plan = plan(&detail, events, record.as_ref(), now, mode);
        Ok(Self { detail, record, plan })
    }

    /// Whether the image has no record, or one that this execution failed.
    pub fn owns_image(&self) -> bool {
        rerun::waits_for(self.record.as_ref(), &self.detail.execution.arn)
    }

    /// Whether it is the newest execution of its image that failed. Called for the newest execution first; `seen` has the inputs of those before.
    ///
    /// Without a record, nothing says that an execution was started again with the same input: it stays FAILED, and the new one may fail too.
    pub fn is_newest(&self, seen: &mut BTreeSet<String>) -> bool {
        let input = self.detail.input.as_ref().filter(|_| self.record.is_none());
        input.is_none_or(|input| seen.insert(input.clone()))
    }

    /// Whether it ended with an error that matches `pattern`, in which `*` stands for any text and `?` for any character. `None` matches all.
    pub fn has_error(&self, pattern: Option<&str>) -> bool {
        pattern.is_none_or(|pattern| WildMatch::new(pattern).matches(self.detail.error.as_deref().unwrap_or_default()))
    }

    /// The image.
    pub fn image_id(&self) -> Option<String> {
        image_of(self.detail.input.as_deref(), self.record.as_ref()).0
    }

    /// Runs the execution again as planned.
    ///
    /// # Errors
    ///
    /// [`StorageError`] if Step Functions or DynamoDB does not answer.
    pub async fn run_again(
        &self,
        executions: &(impl ExecutionOperations + Executions),
        tables: &impl Interventions,
    ) -> Result<RunAgain, StorageError> {
        match &self.plan {
            Plan::Skip { .. } => Ok(RunAgain::Skipped),
            Plan::Restart(reason) => self.restart(executions, reason).await,
            Plan::Redrive => match executions.redrive(&self.detail.execution.arn).await? {
                Redriven::Yes => {
                    if let Some(record) = &self.record {
                        tables.resume(record).await?;
                    }
                    Ok(RunAgain::Redriven)
                }
                Redriven::Unknown => self.restart(executions, "this engine has no redrive").await,
                Redriven::Refused(reason) => Ok(RunAgain::NotRedriven { reason, remedy: Some(Remedy::Restart) }),
            },
        }
    }

    async fn restart(&self, executions: &impl Executions, reason: &str) -> Result<RunAgain, StorageError> {
        let not_redriven = |reason: &str| RunAgain::NotRedriven { reason: reason.to_owned(), remedy: None };
        // A new execution may claim only a FAILED record; record-failure marks it within moments.
        if !rerun::may_restart(self.record.as_ref()) {
            return Ok(not_redriven("its record is not FAILED yet; try again in a moment"));
        }
        let Some(input) = self.detail.input.as_deref() else { return Ok(not_redriven("its input is no longer known")) };
        Ok(RunAgain::Restarted { new_arn: executions.start(input).await?, reason: reason.to_owned() })
    }
}

/// The result of running an execution again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RunAgain {
    /// It resumes at the state that failed.
    Redriven,
    /// A new execution has replaced it.
    Restarted {
        /// The new execution.
        new_arn: String,
        /// Why it was not redriven.
        reason: String,
    },
    /// Nothing was done, as planned.
    Skipped,
    /// Nothing was done.
    NotRedriven {
        /// Why.
        reason: String,
        /// What would run the image again.
        remedy: Option<Remedy>,
    },
}
