//! Records of uploads that ended badly, from inside the execution (rejected) or from outside (failed).

use crate::model::error::StepError;
use crate::{
    flows::claims::{self, Meaning, meaning},
    model::{
        clock::EpochMillis,
        error::StorageError,
        event::{ExecutionStatusDetail, ObjectCreated},
        identity::{Upload, is_folder_marker},
        image_name::image_name,
        record::{ProcessingStatus, Record, WorkQueue, expires_at},
    },
    ports::{Executions, FailureCause, Objects, Records, Uploads, Written},
};

/// Why an upload ended badly.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FailureReason {
    /// A reason code, or an error's name; goes to `StatusReason`.
    pub reason: String,
    /// A sentence; goes to `StatusDetail`.
    pub detail: String,
}

impl FailureReason {
    /// How an execution ended that was not `status` SUCCEEDED: by the first real cause that its history told, else by the `error` and
    /// `cause` of its event or description.
    pub fn of_execution(status: &str, error: Option<&str>, cause: Option<&str>, told: Option<FailureCause>) -> Self {
        let told = told.filter(|told| !told.error.is_empty());
        let state = told.as_ref().and_then(|told| told.state.clone());
        let (error, message) = match told {
            Some(told) => (told.error, told.message),
            None => (error.unwrap_or_default().to_owned(), cause.unwrap_or_default().to_owned()),
        };
        let reason = if error.is_empty() { format!("Execution.{status}") } else { error };
        let said = said(&message);
        let sentence = if said.is_empty() { format!("the execution ended {status}") } else { said };
        Self { reason, detail: state.map_or(sentence.clone(), |state| format!("{state}: {sentence}")) }
    }

    /// Makes `record` FAILED for this reason. It expires `retention_days` later, as a COMPLETED one does; 0 = never.
    pub fn write_to(self, record: &mut Record, now: EpochMillis, retention_days: u32) {
        record.processing_status = ProcessingStatus::Failed;
        record.work_queue = Some(WorkQueue::Failed);
        record.status_reason = Some(self.reason);
        record.status_detail = Some(self.detail);
        record.finished_at = Some(now);
        record.expires_at = expires_at(now, retention_days);
    }
}

/// Lambda's `errorMessage` where the cause is Lambda's JSON, else the cause itself.
fn said(cause: &str) -> String {
    let message = serde_json::from_str::<serde_json::Value>(cause).ok();
    let message = message.as_ref().and_then(|json| json.get("errorMessage")).and_then(serde_json::Value::as_str);
    message.unwrap_or(cause).to_owned()
}

/// What a status event led to.
pub enum Recorded {
    /// The record is FAILED, as written.
    Failed(Box<Record>),
    /// The image belongs to another execution, or is COMPLETED; or the execution was redriven since, and goes on.
    NotOurs,
    /// The execution's input is not an upload, or the event has none: there is no image.
    NoUpload,
}

/// Writes into the record why its execution failed, as its status event tells. The record expires after `retention_days`; 0 = never.
///
/// # Errors
///
/// Where records, objects or the history cannot be read, or the record cannot be written.
pub async fn record_failure(
    records: &impl Records,
    objects: &(impl Uploads + Objects),
    history: &impl Executions,
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
    let run = Run { upload: &upload, execution_arn: &detail.execution_arn, event_time: event.time_millis(), now, retention_days };
    for _ in 0..TRIES {
        let Some((mut record, new)) = own_record(records, objects, &run).await? else { return Ok(Recorded::NotOurs) };
        // Asked after the record was read, whose write holds only if no review was asked for since: so an event that comes later than a
        // redrive does not take an image away from its reviewers.
        if history.was_redriven(&detail.execution_arn).await? {
            return Ok(Recorded::NotOurs);
        }
        let told = history.failure_cause(&detail.execution_arn).await?;
        FailureReason::of_execution(&detail.status, detail.error.as_deref(), detail.cause.as_deref(), told).write_to(
            &mut record,
            now,
            retention_days,
        );
        if records.fail(&record).await? == Written::Yes {
            return Ok(Recorded::Failed(Box::new(record)));
        }
        if !new {
            break;
        }
    }
    Ok(Recorded::NotOurs)
}

/// How often the id of a new record may be taken by another execution, right before it is written.
const TRIES: usize = 3;

/// What execution, on which upload, and when.
#[derive(Debug, Clone)]
pub struct Run<'a> {
    /// The upload.
    pub upload: &'a Upload,
    /// The execution.
    pub execution_arn: &'a str,
    /// When its event says that the upload happened; used only where S3 knows nothing of the object.
    pub event_time: Option<EpochMillis>,
    /// Now.
    pub now: EpochMillis,
    /// Days that the record is kept; 0 = for ever.
    pub retention_days: u32,
}

/// Marks the record that this execution claimed FAILED; makes one where the execution ended before it could claim any.
///
/// Gives the record as written, or `None` where the image belongs to another execution, is COMPLETED, or was erased.
pub async fn mark_failed(
    records: &impl Records,
    objects: &(impl Uploads + Objects),
    run: &Run<'_>,
    ending: FailureReason,
    amend: impl Fn(&mut Record) + Send,
) -> Result<Option<Record>, StorageError> {
    for _ in 0..TRIES {
        let Some((mut record, new)) = own_record(records, objects, run).await? else { return Ok(None) };
        ending.clone().write_to(&mut record, run.now, run.retention_days);
        amend(&mut record);
        if records.fail(&record).await? == Written::Yes {
            return Ok(Some(record));
        }
        if !new {
            break;
        }
    }
    Ok(None)
}

/// The record that the execution claimed, or a new one under the first id that is free, and whether it is new; `None` where all ids belong to
/// others, or where the upload was erased.
async fn own_record(
    records: &impl Records,
    objects: &(impl Uploads + Objects),
    run: &Run<'_>,
) -> Result<Option<(Record, bool)>, StorageError> {
    let facts = unless_denied(objects.find(run.upload).await, None)?;
    let (mut free, mut erased) = (None, false);
    for id in run.upload.candidate_ids() {
        match records.find(&id).await? {
            Some(record) if record.execution_arn == run.execution_arn => return Ok(Some((record, false))),
            Some(record) if record.is_erased() => match meaning(objects, &record, run.upload, facts.as_ref()).await? {
                Meaning::Erased => erased = true,
                Meaning::Free => free = free.or(Some((id, Some(record.upload_timestamp)))),
                Meaning::NotYet => {}
            },
            Some(record) if claims::is_same(objects, &record, run.upload, facts.as_ref()).await? => {
                // The record of the image may have another one of ours behind it, which must not stay PENDING.
                let own = records.items(&id).await?.into_iter().find(|item| item.execution_arn == run.execution_arn);
                return Ok(own.map(|own| (own, false)));
            }
            // Of an upload that is gone, a tombstone may stand behind the record of another one.
            Some(_) if facts.is_none() => erased |= records.items(&id).await?.iter().any(Record::is_erased),
            Some(_) => {}
            None => free = free.or(Some((id, None))),
        }
    }
    let Some((id, before)) = free.filter(|_| !erased) else { return Ok(None) };
    let (size, uploaded, name) = match facts {
        Some(facts) => {
            let uploaded = claims::upload_timestamp(objects, run.upload, &id, &facts, before).await;
            (facts.size, unless_denied(uploaded, facts.last_modified)?, facts.name)
        }
        None => (0, run.event_time.unwrap_or(run.now), None),
    };
    let mut record = Record::claimed(id, run.upload, size, uploaded, run.execution_arn.to_owned(), run.now);
    record.image_name = image_name(name.as_deref(), &run.upload.key);
    Ok(Some((record, true)))
}

/// What was looked up, or `otherwise` where it cannot be: the execution may have failed for this very look-up. A passing trouble is waited for.
pub(crate) fn unless_denied<T>(looked_up: Result<T, StorageError>, otherwise: T) -> Result<T, StorageError> {
    match looked_up {
        Err(error) if !error.is_transient() => Ok(otherwise),
        other => other,
    }
}
