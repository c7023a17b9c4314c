//! Records of uploads that ended badly, from inside the execution (rejected) or from outside (failed).

use crate::{
    clock::EpochMillis,
    content,
    erase::{Meaning, meaning},
    error::StorageError,
    identity::Upload,
    ports::{ImageStore, RecordFailures, UploadLookup, Written},
    record::{ProcessingStatus, Record, WorkQueue},
};

/// Why an upload ended badly.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ending {
    /// A reason code, or an error's name; goes to `StatusReason`.
    pub reason: String,
    /// A sentence; goes to `StatusDetail`.
    pub detail: String,
}

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
}

/// Marks the record that this execution claimed FAILED; makes one where the execution ended before it could claim any.
///
/// Gives the record as written, or `None` where the image belongs to another execution, is COMPLETED, or was erased.
pub async fn mark_failed(
    records: &impl RecordFailures,
    objects: &(impl UploadLookup + ImageStore),
    run: &Run<'_>,
    ending: Ending,
    amend: impl FnOnce(&mut Record) + Send,
) -> Result<Option<Record>, StorageError> {
    let Some(mut record) = own_record(records, objects, run).await? else { return Ok(None) };
    record.processing_status = ProcessingStatus::Failed;
    record.work_queue = Some(WorkQueue::Failed);
    record.status_reason = Some(ending.reason);
    record.status_detail = Some(ending.detail);
    record.finished_at = Some(run.now);
    amend(&mut record);
    Ok(match records.fail(&record).await? {
        Written::Yes => Some(record),
        Written::Refused => None,
    })
}

/// The record that the execution claimed; a new one under the first id that is free; `None` where all belong to others, or where the
/// upload was erased.
async fn own_record(
    records: &impl RecordFailures,
    objects: &(impl UploadLookup + ImageStore),
    run: &Run<'_>,
) -> Result<Option<Record>, StorageError> {
    // The execution may have failed for this very look-up.
    let facts = objects.look_up(run.upload).await.ok().flatten();
    let (mut free, mut erased) = (None, false);
    for id in run.upload.candidate_ids() {
        match records.find(&id).await? {
            Some(record) if record.execution_arn == run.execution_arn => return Ok(Some(record)),
            Some(record) if record.is_erased() => match meaning(objects, &record, run.upload, facts.as_ref()).await? {
                Meaning::Erased => erased = true,
                Meaning::Free => free = free.or(Some(id)),
                Meaning::NotYet => {}
            },
            Some(record) if content::is_same(objects, &record, run.upload, facts.as_ref()).await? => return Ok(None),
            Some(_) => {}
            None => free = free.or(Some(id)),
        }
    }
    let Some(id) = free.filter(|_| !erased) else { return Ok(None) };
    let (size, uploaded) = facts.map_or((0, run.event_time.unwrap_or(run.now)), |facts| (facts.size, facts.last_modified));
    Ok(Some(Record::claimed(id, run.upload, size, uploaded, run.execution_arn.to_owned(), run.now)))
}
