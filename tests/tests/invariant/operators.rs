//! What people and schedules do: decide, redrive, start afresh, reconcile. Each is a job of its own, which goes on in turns.

use crate::{
    machine::Local,
    surroundings::Surroundings,
    world::{Status, World},
};
use serde_json::{Value, json};
use sightline_domain::{
    clock::Clock,
    content,
    error::StorageError,
    failure::{self, Ending, mark_failed},
    identity::Upload,
    layout,
    ports::{RecordFinder, ReviewCallback, UploadLookup},
    record::{ProcessingStatus, Record, WorkQueue},
    review::{ReviewOutcome, ReviewStatus},
};
use sightline_tests::{
    records::REVIEW_TOKEN,
    samples::{self, BUCKET},
    turns::turn,
};
use std::rc::Rc;

impl World {
    fn job(&mut self, work: impl Future<Output = Result<(), StorageError>> + 'static) {
        // Where it fails, somebody tries again.
        let job: Local<()> = Box::pin(async move { drop(work.await) });
        self.jobs.push(job);
    }

    /// `sightline review approve|reject`.
    pub fn decide(&mut self, nth: usize, approve: bool) {
        let around = self.around.clone();
        let records = around.records.all();
        let waiting: Vec<Record> = records.into_iter().filter(|record| record.work_queue == Some(WorkQueue::Review)).collect();
        let Some(record) = waiting.get(nth % waiting.len().max(1)).cloned() else { return };
        self.job(async move {
            turn().await;
            let now = around.clock.now();
            let status = if approve { ReviewStatus::Approved } else { ReviewStatus::Rejected };
            let outcome = ReviewOutcome { status, reviewed_by: Some("berta".to_owned()), reviewed_at: Some(now), review_reason: None };
            let Some(token) = around.records.decide_in_time(&record, &outcome, now) else { return Ok(()) };
            around.shaky_tokens().tell(&token, &outcome).await.map(drop)
        });
    }

    /// `sightline executions redrive`, or `--fresh`: as `cli/src/executions/redrive` does it.
    pub fn run_again(&mut self, nth: usize, fresh: bool) {
        let failed = self.failed();
        let Some(place) = failed.get(nth % failed.len().max(1)) else { return };
        let (around, run) = (self.around.clone(), self.executions[*place].run.clone());
        self.job(async move {
            let Some(record) = record_of(&around, &upload(&run.input)).await? else { return Ok(()) };
            if record.execution_arn != run.arn {
                return Ok(());
            }
            if fresh {
                if record.is_rerunnable() {
                    around.starts.borrow_mut().push(run.input.clone());
                }
                return Ok(());
            }
            around.redrives.borrow_mut().push(run.arn.clone());
            turn().await;
            around.records.resume(&record);
            Ok(())
        });
    }

    /// The places of the executions that ended badly.
    pub fn failed(&self) -> Vec<usize> {
        let failed = |place: &usize| matches!(self.executions[*place].status, Status::Failed | Status::Aborted);
        (0..self.executions.len()).filter(failed).collect()
    }

    /// The scheduled reconciler.
    pub fn reconcile(&mut self) {
        self.job(reconcile(self.around.clone()));
    }
}

pub fn upload(event: &Value) -> Upload {
    Upload::from_event(&serde_json::from_value(event.clone()).unwrap())
}

/// The record that stands for an upload.
pub async fn record_of(around: &Surroundings, upload: &Upload) -> Result<Option<Record>, StorageError> {
    let (records, objects) = (around.shaky_records(), around.shaky_objects());
    let facts = objects.look_up(upload).await?;
    for id in upload.candidate_ids() {
        if let Some(record) = records.find(&id).await?
            && content::is_same(&objects, &record, upload, facts.as_ref()).await?
        {
            return Ok(Some(record));
        }
    }
    Ok(None)
}

/// A stand-in with the duties of reconcile: starts what has no record, closes what is over, tells what was not told.
async fn reconcile(around: Rc<Surroundings>) -> Result<(), StorageError> {
    for key in around.objects.keys().into_iter().filter(|key| key.starts_with(layout::UPLOADS)) {
        for version in around.objects.versions(&key) {
            let upload = Upload { bucket: BUCKET.to_owned(), key: key.clone(), version_id: Some(version.id), etag: version.etag };
            if record_of(&around, &upload).await?.is_none() {
                around.starts.borrow_mut().push(json!(samples::event(&upload)));
            }
        }
    }
    for record in around.records.all() {
        if record.processing_status != ProcessingStatus::Pending {
            continue;
        }
        let running = around.statuses.borrow().get(&record.execution_arn) == Some(&Status::Running);
        let item = around.records.item(&record.image_id);
        if !running {
            close(&around, &record).await?;
        } else if let (ReviewStatus::Approved | ReviewStatus::Rejected, Some(Value::String(token))) =
            (record.review_status, item.get(REVIEW_TOKEN))
        {
            let outcome = ReviewOutcome {
                status: record.review_status,
                reviewed_by: record.reviewed_by,
                reviewed_at: record.reviewed_at,
                review_reason: record.review_reason,
            };
            around.shaky_tokens().tell(&token.as_str().into(), &outcome).await?;
        }
    }
    Ok(())
}

async fn close(around: &Surroundings, record: &Record) -> Result<(), StorageError> {
    let key = record.s3_url.strip_prefix(&format!("s3://{BUCKET}/")).unwrap_or_default().to_owned();
    let upload = Upload { bucket: BUCKET.to_owned(), key, version_id: record.version_id.clone(), etag: record.etag.clone() };
    let run = failure::Run { upload: &upload, execution_arn: &record.execution_arn, event_time: None, now: around.clock.now() };
    let ending = Ending { reason: "Execution.Lost".to_owned(), detail: "the execution is over".to_owned() };
    mark_failed(&around.shaky_records(), &around.shaky_objects(), &run, ending, |_| ()).await.map(drop)
}
