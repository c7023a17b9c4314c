//! Puts right what got lost: uploads without a record, records without an execution, decisions that nobody heard of; and removes what
//! was written late for erased images.
//!
//! Input: anything, since the schedule alone calls it. Output: [`Report`]. Errors: `Storage.*`, where a part of the run was interrupted, after
//! all that could be done was done.

use serde::de::IgnoredAny;
use sightline_domain::{
    clock::{Clock, EpochMillis},
    erase::ports::{ObjectVersions, Tombstones},
    ports::{ExecutionHistory, ImageStore, RecordFailures, ResultStore, ReviewCallback},
    quota::calls_per_second,
    reconcile::{Did, Executions, Reconciler, Report, UploadVersions, Wish, WorkQueues},
};
use sightline_kit::{
    Fault, Step,
    metrics::{self, Line},
    settings::Reader,
};

/// How long one run works, milliseconds: a minute less than the function's 300 seconds, so that the last call to a service, which may
/// take 50 seconds with all its tries, still comes to its end and the bookmark is kept.
const WORKING_MILLIS: EpochMillis = 240_000;

/// The step.
pub struct Reconcile<R, O, E, W, C> {
    settings: Settings,
    reconciler: Reconciler<R, O, E, W, C>,
    clock: C,
}

/// Its settings.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Name of the records' table.
    pub records_table: String,
    /// The bucket of the uploads.
    pub images_bucket: String,
    /// What executions are started with.
    pub state_machine_arn: String,
    /// How old an upload without a record must be.
    pub grace_seconds: u32,
    /// Calls a second that Rekognition allows of each operation: bounds the executions that a run starts.
    pub calls_per_second: u32,
    /// Days that a record is kept; 0 = for ever.
    pub retention_days: u32,
}

/// Reads them.
pub fn settings(reader: &mut Reader<'_>) -> Settings {
    // Lambda itself sets AWS_REGION.
    let region = reader.parsed("AWS_REGION", String::new());
    Settings {
        records_table: reader.text("RECORDS_TABLE"),
        images_bucket: reader.text("IMAGES_BUCKET"),
        state_machine_arn: reader.text("STATE_MACHINE_ARN"),
        grace_seconds: reader.parsed("RECONCILE_GRACE_SECONDS", 300),
        calls_per_second: calls_per_second(reader.parsed("REKOGNITION_CALLS_PER_SECOND", 0), &region),
        retention_days: reader.parsed("RETENTION_DAYS", 730),
    }
}

impl<R, O, E, W, C: Clock + Clone> Reconcile<R, O, E, W, C> {
    /// By `settings`, over these ports.
    pub fn new(settings: Settings, records: R, objects: O, executions: E, workflow: W, clock: C) -> Self {
        Self { settings, reconciler: Reconciler::new(records, objects, executions, workflow, clock.clone()), clock }
    }
}

impl<R, O, E, W, C> Step for Reconcile<R, O, E, W, C>
where
    R: RecordFailures + WorkQueues + Tombstones,
    O: UploadVersions + ObjectVersions + ImageStore + ResultStore,
    E: Executions,
    W: ExecutionHistory + ReviewCallback,
    C: Clock,
{
    const NAME: &'static str = "reconcile";
    type Input = IgnoredAny;
    type Output = Report;

    async fn run(&self, _: IgnoredAny) -> Result<Report, Fault> {
        let wish = Wish {
            bucket: self.settings.images_bucket.clone(),
            grace: EpochMillis::from(self.settings.grace_seconds) * 1000,
            anew: false,
            retention_days: self.settings.retention_days,
            dry_run: false,
            calls_per_second: self.settings.calls_per_second,
            deadline: self.clock.now() + WORKING_MILLIS,
        };
        let mut report = self.reconciler.run(&wish).await;
        log(&report);
        measured(&report).write();
        // What only kept single images from being put right is counted and raises an alarm of its own.
        match report.error.take().filter(|_| report.interrupted) {
            Some(error) => Err(error.into()),
            None => Ok(report),
        }
    }
}

fn log(report: &Report) {
    for action in report.actions.iter().filter(|action| action.action == Did::NotDone) {
        tracing::warn!(image_id = action.image_id, key = action.key, reason = action.reason, "not reconciled");
    }
    for action in report.actions.iter().filter(|action| action.action != Did::NotDone) {
        tracing::info!(
            image_id = action.image_id,
            key = action.key,
            action = ?action.action,
            execution_arn = action.execution_arn,
            new_execution_arn = action.new_execution_arn,
            reason = action.reason,
            "reconciled"
        );
    }
    tracing::info!(
        orphans = report.orphans,
        stranded = report.stranded,
        restarted = report.restarted,
        untold = report.untold,
        untouched = report.untouched,
        failed = report.failed,
        complete = report.complete,
        versions_listed = report.versions_listed,
        "run done"
    );
}

/// Its metrics. A queue that could not be measured is no empty queue.
fn measured(report: &Report) -> Line {
    let line = Line::default()
        .with(metrics::ORPHANS, report.orphans)
        .with(metrics::STRANDED, report.stranded)
        .with(metrics::UNTOLD, report.untold);
    // Sent only where there is something to tell: a metric costs for each hour in which it is sent.
    let line = if report.failed > 0 { line.with(metrics::NOT_RECONCILED, report.failed) } else { line };
    match report.review_queue {
        Some(waiting) => line.with(metrics::REVIEW_QUEUE_LENGTH, waiting.length).with(metrics::REVIEW_QUEUE_AGE, waiting.age_seconds),
        None => line,
    }
}
