//! What people and schedules do: decide, redrive, start afresh, erase, reconcile. Each is a job of its own, which goes on in turns.

use crate::{machine::Local, outside::Command, world::World};
use serde_json::Value;
use sightline_domain::{
    flows::{
        erase::Eraser,
        reconcile::{self, Reconciler},
        rerun,
    },
    model::{
        clock::{Clock, EpochMillis},
        error::StorageError,
        identity::Upload,
        record::{Record, WorkQueue},
        review::{ReviewOutcome, ReviewStatus},
    },
    ports::Executions,
};
use sightline_tests::{futures::yield_once, samples::BUCKET};
use std::{future::poll_fn, task::Poll};

/// How long a job may take: reconcile's function has so long, and whoever runs a command has no more patience.
const JOB_MILLIS: EpochMillis = 300_000;
/// How old an upload without a record must be, as a fresh deployment has it.
const GRACE_MILLIS: EpochMillis = 300_000;

impl World {
    fn job(&mut self, work: impl Future<Output = Result<(), StorageError>> + 'static) {
        let (clock, since) = (self.around.clock.clone(), self.around.clock.now());
        let mut work = Box::pin(work);
        // Where it fails, or dies, somebody tries again.
        let job: Local<()> =
            Box::pin(poll_fn(
                move |context| {
                    if clock.now() - since > JOB_MILLIS { Poll::Ready(()) } else { work.as_mut().poll(context).map(drop) }
                },
            ));
        self.jobs.push(job);
    }

    /// `sightline review approve|reject`.
    pub fn decide(&mut self, nth: usize, approve: bool) {
        let around = self.around.clone();
        let records = around.tables.all();
        let waiting: Vec<Record> = records.into_iter().filter(|record| record.work_queue == Some(WorkQueue::Review)).collect();
        let Some(record) = waiting.get(nth % waiting.len().max(1)).cloned() else { return };
        self.job(async move {
            yield_once().await;
            let now = around.clock.now();
            let status = if approve { ReviewStatus::Approved } else { ReviewStatus::Rejected };
            let outcome = ReviewOutcome { status, reviewed_by: Some("berta".to_owned()), reviewed_at: Some(now), review_reason: None };
            let Some(token) = around.tables.decide_in_time(&record, &outcome, now) else { return Ok(()) };
            around.failing_engine().notify(&token, &outcome).await.map(drop)
        });
    }

    /// `sightline executions redrive`, or `--fresh`: by the same code as the command.
    pub fn run_again(&mut self, nth: usize, fresh: bool) {
        let failed = self.failed();
        let Some(place) = failed.get(nth % failed.len().max(1)) else { return };
        let (around, run) = (self.around.clone(), self.executions[*place].run.clone());
        self.job(async move {
            let (records, objects) = (around.failing_tables(), around.failing_objects());
            let record = rerun::record_of(&records, &objects, &upload(&run.input), Some(&run.arn)).await?;
            if rerun::obstacle(record.as_ref(), &run.arn).is_some() {
                return Ok(());
            }
            if fresh {
                if rerun::may_restart(record.as_ref()) {
                    sightline_domain::ports::Executions::start(&around.engine, &run.input.to_string()).await?;
                }
                return Ok(());
            }
            around.engine.command(Command::Redrive(run.arn.clone()));
            yield_once().await;
            if let Some(record) = record {
                around.tables.resume(&record);
            }
            Ok(())
        });
    }

    /// `sightline erase` of some image that has a record.
    pub fn erase(&mut self, nth: usize) {
        let records = self.around.tables.all();
        let Some(record) = records.get(nth % records.len().max(1)) else { return };
        self.erase_image(record.image_id.clone());
    }

    /// `sightline erase`; where it is interrupted, somebody runs it again.
    pub fn erase_image(&mut self, image_id: String) {
        self.unwanted.insert(image_id.clone());
        let around = &self.around;
        let eraser = Eraser {
            bucket: BUCKET.to_owned(),
            tables: around.failing_tables(),
            objects: around.failing_objects(),
            executions: around.failing_engine(),
            clock: around.clock.clone(),
        };
        self.job(async move { eraser.erase(&image_id).await.map(drop) });
    }

    /// The scheduled reconciler.
    pub fn reconcile(&mut self) {
        let around = self.around.clone();
        let (objects, engine, clock) = (around.failing_objects(), around.failing_engine(), around.clock.clone());
        let reconciler = Reconciler::new(around.failing_tables(), objects, engine, clock.clone());
        let deadline = clock.now() + JOB_MILLIS - 10_000;
        let options = reconcile::Options {
            bucket: BUCKET.to_owned(),
            grace: GRACE_MILLIS,
            full: false,
            retention_days: 0,
            dry_run: false,
            calls_per_second: 50,
            deadline,
        };
        self.job(async move { reconciler.run(&options).await.error.map_or(Ok(()), Err) });
    }
}

pub fn upload(event: &Value) -> Upload {
    Upload::from_event(&serde_json::from_value(event.clone()).unwrap())
}
