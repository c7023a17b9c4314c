//! Writes FAILED records: for a rejected image from inside its execution, for a failed execution from outside.

use crate::{
    flows::claims::{self, ErasedId, check_erased_id},
    model::{
        clock::EpochMillis,
        error::{StepError, StorageError},
        event::{ExecutionStatusDetail, ObjectCreated},
        execution::error_message,
        identity::{Upload, is_folder_marker},
        image_name::image_name,
        record::{ProcessingStatus, Record, WorkQueue, expires_at},
    },
    ports::{Executions, FailureCause, Objects, Records, Uploads, Written},
};

/// Why a record is FAILED.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FailureReason {
    /// `StatusReason`: a reason code or the name of an error.
    pub reason: String,
    /// `StatusDetail`: a sentence.
    pub detail: String,
}

impl FailureReason {
    /// Why an execution with the failure status `status` ended: the `first_cause` from its history, or else `error` and `cause` from its
    /// status event or description.
    pub fn of_execution(status: &str, error: Option<&str>, cause: Option<&str>, first_cause: Option<FailureCause>) -> Self {
        let first_cause = first_cause.filter(|first| !first.error.is_empty());
        let state = first_cause.as_ref().and_then(|first| first.state.clone());
        let (error, message) = match first_cause {
            Some(first) => (first.error, first.message),
            None => (error.unwrap_or_default().to_owned(), cause.unwrap_or_default().to_owned()),
        };
        let reason = if error.is_empty() { format!("Execution.{status}") } else { error };
        let message = error_message(&message);
        let sentence = if message.is_empty() { format!("the execution ended {status}") } else { message };
        Self { reason, detail: state.map_or(sentence.clone(), |state| format!("{state}: {sentence}")) }
    }

    /// Makes `record` FAILED with this reason. Like a COMPLETED record, it expires after `retention_days`; 0: never.
    pub fn write_to(self, record: &mut Record, now: EpochMillis, retention_days: u32) {
        record.processing_status = ProcessingStatus::Failed;
        record.work_queue = Some(WorkQueue::Failed);
        record.status_reason = Some(self.reason);
        record.status_detail = Some(self.detail);
        record.finished_at = Some(now);
        record.expires_at = expires_at(now, retention_days);
    }
}

/// The result of recording a failure.
pub enum Recorded {
    /// The record is FAILED, as written.
    Failed(Box<Record>),
    /// Nothing to record: another execution holds the record, it is COMPLETED, or the execution was redriven since.
    NotNeeded,
    /// No image: the execution's input is not an upload, or the event has no input.
    NoUpload,
}

/// Marks the record of a failed execution FAILED, from the `detail` of its status event. The record expires after `retention_days`; 0: never.
///
/// # Errors
///
/// [`StorageError`] if records, objects or the history cannot be read, or the record cannot be written.
pub async fn record_failure(
    records: &impl Records,
    objects: &(impl Uploads + Objects),
    executions: &impl Executions,
    detail: &ExecutionStatusDetail,
    now: EpochMillis,
    retention_days: u32,
) -> Result<Recorded, StorageError> {
    let Ok(event) = serde_json::from_str::<ObjectCreated>(detail.input.as_deref().unwrap_or_default()) else {
        return Ok(Recorded::NoUpload);
    };
    let upload = Upload::from_event(&event);
    if is_folder_marker(&upload.key, event.detail.object.size) {
        return Ok(Recorded::NoUpload);
    }
    let attempt = Attempt { upload: &upload, execution_arn: &detail.execution_arn, event_time: event.time_millis(), now, retention_days };
    for _ in 0..WRITE_ATTEMPTS {
        let Some((mut record, is_new)) = claimed_or_new_record(records, objects, &attempt).await? else { return Ok(Recorded::NotNeeded) };
        // Checked after the record was read: the write below is refused if a redriven execution has requested a review since. So a late
        // event does not remove an image from the review queue.
        if executions.was_redriven(&detail.execution_arn).await? {
            return Ok(Recorded::NotNeeded);
        }
        let first_cause = executions.failure_cause(&detail.execution_arn).await?;
        let reason = FailureReason::of_execution(&detail.status, detail.error.as_deref(), detail.cause.as_deref(), first_cause);
        reason.write_to(&mut record, now, retention_days);
        if records.fail(&record).await? == Written::Yes {
            return Ok(Recorded::Failed(Box::new(record)));
        }
        if !is_new {
            break;
        }
    }
    Ok(Recorded::NotNeeded)
}

/// How often a new record is written, if another execution takes its id right before the write.
const WRITE_ATTEMPTS: usize = 3;

/// An execution's attempt at an upload.
#[derive(Debug, Clone)]
pub struct Attempt<'a> {
    /// The upload.
    pub upload: &'a Upload,
    /// The execution.
    pub execution_arn: &'a str,
    /// The time in the event of the upload, epoch milliseconds; used only if S3 does not have the object.
    pub event_time: Option<EpochMillis>,
    /// Now, epoch milliseconds.
    pub now: EpochMillis,
    /// Days until the record expires; 0: never.
    pub retention_days: u32,
}

/// Marks the record that this execution claimed FAILED. If the execution ended before it claimed a record, creates one.
///
/// `amend` makes further changes to the record before it is written. Returns the written record; `None` if another execution holds the
/// record, it is COMPLETED, or the image was erased.
///
/// # Errors
///
/// [`StorageError`] if records or objects cannot be read, or the record cannot be written.
pub async fn mark_failed(
    records: &impl Records,
    objects: &(impl Uploads + Objects),
    attempt: &Attempt<'_>,
    reason: FailureReason,
    amend: impl Fn(&mut Record) + Send,
) -> Result<Option<Record>, StorageError> {
    for _ in 0..WRITE_ATTEMPTS {
        let Some((mut record, is_new)) = claimed_or_new_record(records, objects, attempt).await? else { return Ok(None) };
        reason.clone().write_to(&mut record, attempt.now, attempt.retention_days);
        amend(&mut record);
        if records.fail(&record).await? == Written::Yes {
            return Ok(Some(record));
        }
        if !is_new {
            break;
        }
    }
    Ok(None)
}

/// The record that the execution claimed, or a new one under the first free id, and whether it is new. `None` if no id is free or the upload
/// was erased.
async fn claimed_or_new_record(
    records: &impl Records,
    objects: &(impl Uploads + Objects),
    attempt: &Attempt<'_>,
) -> Result<Option<(Record, bool)>, StorageError> {
    let facts = unless_denied(objects.find(attempt.upload).await, None)?;
    let (mut free, mut erased) = (None, false);
    for id in attempt.upload.candidate_ids() {
        match records.find(&id).await? {
            Some(record) if record.execution_arn == attempt.execution_arn => return Ok(Some((record, false))),
            Some(record) if record.is_erased() => match check_erased_id(objects, &record, attempt.upload, facts.as_ref()).await? {
                ErasedId::SameUpload => erased = true,
                ErasedId::Free => free = free.or(Some((id, Some(record.upload_timestamp)))),
                ErasedId::Blocked => {}
            },
            Some(record) if claims::is_same_content(objects, &record, attempt.upload, facts.as_ref()).await? => {
                // An older item of the image may be the one that this execution claimed; it must not stay PENDING.
                let own = records.items(&id).await?.into_iter().find(|item| item.execution_arn == attempt.execution_arn);
                return Ok(own.map(|own| (own, false)));
            }
            // If the upload is gone, the record of another upload may hide its tombstone.
            Some(_) if facts.is_none() => erased |= records.items(&id).await?.iter().any(Record::is_erased),
            Some(_) => {}
            None => free = free.or(Some((id, None))),
        }
    }
    let Some((id, before)) = free.filter(|_| !erased) else { return Ok(None) };
    let (size, uploaded, name) = match facts {
        Some(facts) => {
            let uploaded = claims::upload_timestamp(objects, attempt.upload, &id, &facts, before).await;
            (facts.size, unless_denied(uploaded, facts.last_modified)?, facts.name)
        }
        None => (0, attempt.event_time.unwrap_or(attempt.now), None),
    };
    let mut record = Record::claimed(id, attempt.upload, size, uploaded, attempt.execution_arn.to_owned(), attempt.now);
    record.image_name = image_name(name.as_deref(), &attempt.upload.key);
    Ok(Some((record, true)))
}

/// Replaces a permanent error by `fallback`, because the execution may have failed for the same reason, such as a missing permission.
/// Transient errors stay errors, so the caller retries.
pub(crate) fn unless_denied<T>(result: Result<T, StorageError>, fallback: T) -> Result<T, StorageError> {
    match result {
        Err(error) if !error.is_transient() => Ok(fallback),
        result => result,
    }
}
