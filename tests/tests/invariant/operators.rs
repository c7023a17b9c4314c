//! The work of reviewers, operators and schedules: decide, redrive, restart, erase, reconcile. Each is a separate job.

use crate::{machine::Local, outside::Command, world::World};
use serde_json::Value;
use sightline_domain::{
    flows::{
        edit,
        erase::Eraser,
        reconcile::{self, Reconciler},
        rerun,
    },
    model::{Clock, EpochMillis, Record, ReviewOutcome, ReviewStatus, StorageError, Upload, WorkQueue},
    ports::{Decided, Executions, Interventions},
    rules::edit::OverlayChange,
};
use sightline_tests::{futures::yield_once, ready, samples::BUCKET};
use std::{future::poll_fn, task::Poll};

/// The time limit of a job: the timeout of the reconcile function.
const JOB_MILLIS: EpochMillis = 300_000;
/// The default grace period of an upload without a record.
const GRACE_MILLIS: EpochMillis = 300_000;

impl World {
    fn job(&mut self, work: impl Future<Output = Result<(), StorageError>> + 'static) {
        let (clock, since) = (self.environment.clock.clone(), self.environment.clock.now());
        let mut work = Box::pin(work);
        // Errors are ignored: a later job tries again.
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
        let environment = self.environment.clone();
        let records = environment.tables.all();
        let waiting: Vec<Record> = records.into_iter().filter(|record| record.work_queue == Some(WorkQueue::Review)).collect();
        let Some(record) = waiting.get(nth % waiting.len().max(1)).cloned() else { return };
        self.job(async move {
            yield_once().await;
            let now = environment.clock.now();
            let status = if approve { ReviewStatus::Approved } else { ReviewStatus::Rejected };
            let outcome = ReviewOutcome { status, reviewed_by: Some("berta".to_owned()), reviewed_at: Some(now), review_reason: None };
            let decided = environment.tables.decide(&record.image_id, record.upload_timestamp, &outcome, now).await?;
            let Decided::Yes { token: Some(token) } = decided else { return Ok(()) };
            environment.failing_engine().notify(&token, &outcome).await.map(drop)
        });
    }

    /// `sightline executions redrive`, or with `--fresh`, through the code of the command.
    pub fn run_again(&mut self, nth: usize, fresh: bool) {
        let failed = self.failed();
        let Some(place) = failed.get(nth % failed.len().max(1)) else { return };
        let (environment, run) = (self.environment.clone(), self.executions[*place].run.clone());
        self.job(async move {
            let (records, objects) = (environment.failing_tables(), environment.failing_objects());
            let record = rerun::record_of(&records, &objects, &upload(&run.input), Some(&run.arn)).await?;
            if rerun::obstacle(record.as_ref(), &run.arn).is_some() {
                return Ok(());
            }
            if fresh {
                if rerun::may_restart(record.as_ref()) {
                    sightline_domain::ports::Executions::start(&environment.engine, &run.input.to_string()).await?;
                }
                return Ok(());
            }
            environment.engine.command(Command::Redrive(run.arn.clone()));
            yield_once().await;
            if let Some(record) = record {
                environment.tables.resume(&record).await?;
            }
            Ok(())
        });
    }

    /// An edit by the owner.
    pub fn edit(&mut self, nth: usize, edit: usize) {
        let records = self.environment.tables.all();
        let Some(record) = records.get(nth % records.len().max(1)).cloned() else { return };
        let environment = self.environment.clone();
        self.job(async move {
            let (tables, now) = (environment.failing_tables(), environment.clock.now());
            edit::edit(&tables, &record.owner_id, &record.image_id, &change(edit), None, now).await.map(drop)
        });
    }

    /// An edit by the owner between the read of another writer and its next call of `method`.
    pub fn edit_before(&mut self, method: &'static str, nth: usize, edit: usize) {
        let (tables, now, mut is_done) = (self.environment.tables.clone(), self.environment.clock.now(), false);
        self.environment.plan.before(method, move || {
            let records = tables.all();
            let Some(record) = records.get(nth % records.len().max(1)).filter(|_| !is_done) else { return };
            is_done = true;
            drop(ready(edit::edit(&tables, &record.owner_id, &record.image_id, &change(edit), None, now)));
        });
    }

    /// `sightline erase` of an image that has a record.
    pub fn erase(&mut self, nth: usize) {
        let records = self.environment.tables.all();
        let Some(record) = records.get(nth % records.len().max(1)) else { return };
        self.erase_image(record.image_id.clone());
    }

    /// `sightline erase`; an interrupted one is run again by [`World::settle`].
    pub fn erase_image(&mut self, image_id: String) {
        self.erased_ids.insert(image_id.clone());
        let environment = &self.environment;
        let eraser = Eraser {
            bucket: BUCKET.to_owned(),
            tables: environment.failing_tables(),
            objects: environment.failing_objects(),
            executions: environment.failing_engine(),
            clock: environment.clock.clone(),
        };
        self.job(async move { eraser.erase(&image_id).await.map(drop) });
    }

    /// The scheduled reconciler.
    pub fn reconcile(&mut self) {
        let environment = self.environment.clone();
        let (objects, engine, clock) = (environment.failing_objects(), environment.failing_engine(), environment.clock.clone());
        let reconciler = Reconciler::new(environment.failing_tables(), objects, engine, clock.clone());
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

/// One of the possible edits: of the title, of own labels, of labels that Rekognition found or will find.
fn change(edit: usize) -> OverlayChange {
    let label = vec![["car", "crowd", "beach", "person", "garden"][edit / 6 % 5].to_owned()];
    match edit % 6 {
        0 => OverlayChange { title: Some(Some(format!("title {edit}"))), ..OverlayChange::default() },
        1 => OverlayChange { title: Some(None), ..OverlayChange::default() },
        2 => OverlayChange { add: label, ..OverlayChange::default() },
        3 => OverlayChange { remove: label, ..OverlayChange::default() },
        4 => OverlayChange { restore: label, ..OverlayChange::default() },
        _ => OverlayChange { drop: label, ..OverlayChange::default() },
    }
}
