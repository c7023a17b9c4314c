//! Finds and repairs lost uploads, stuck records and undelivered decisions, and removes late writes for erased images.
//!
//! Input: ignored, only the schedule calls it. Output: [`Report`]. Errors: `Storage.*` if a part of the run was interrupted, after everything
//! else was done.

use serde::de::IgnoredAny;
use sightline_domain::{
    flows::reconcile::{ActionKind, Options, Reconciler, Report},
    model::{Clock, EpochMillis},
    ports::{Executions, Objects, Records, Uploads, WorkQueues},
};
use sightline_kit::{
    Step, StepFailure,
    metrics::{self, Metrics},
    settings::Reader,
};

/// How long one run works: a minute less than the function's 300 seconds, so that the last AWS call, which can take 50 seconds with all its
/// attempts, ends in time and the bookmark is stored. Milliseconds.
const WORKING_MILLIS: EpochMillis = 240_000;

/// Reconciles the records `R`, the objects `O` and the executions `E`, by the clock `C`.
pub struct Reconcile<R, O, E, C> {
    settings: Settings,
    reconciler: Reconciler<R, O, E, C>,
    clock: C,
}

/// The settings of the function (docs/configuration.md).
#[derive(Debug, Clone)]
pub struct Settings {
    /// Table of the records.
    pub records_table: String,
    /// The images bucket.
    pub images_bucket: String,
    /// The state machine, or its alias, that executions are started with.
    pub state_machine_arn: String,
    /// The age in seconds from which an upload without a record is lost.
    pub grace_seconds: u32,
    /// Rekognition's quota in calls a second per operation: limits the executions that a run starts.
    pub calls_per_second: u32,
    /// Days until a record expires; 0: never.
    pub retention_days: u32,
}

/// Reads the settings.
pub fn settings(reader: &mut Reader<'_>) -> Settings {
    Settings {
        records_table: reader.text("RECORDS_TABLE"),
        images_bucket: reader.text("IMAGES_BUCKET"),
        state_machine_arn: reader.text("STATE_MACHINE_ARN"),
        grace_seconds: reader.parsed("RECONCILE_GRACE_SECONDS", 300),
        calls_per_second: reader.calls_per_second(),
        retention_days: reader.retention_days(),
    }
}

impl<R, O, E, C: Clock + Clone> Reconcile<R, O, E, C> {
    /// A step with `settings` over these ports.
    pub fn new(settings: Settings, records: R, objects: O, executions: E, clock: C) -> Self {
        Self { settings, reconciler: Reconciler::new(records, objects, executions, clock.clone()), clock }
    }
}

impl<R: Records + WorkQueues, O: Objects + Uploads, E: Executions, C: Clock> Step for Reconcile<R, O, E, C> {
    const NAME: &'static str = "reconcile";
    type Input = IgnoredAny;
    type Output = Report;

    async fn run(&self, _: IgnoredAny) -> Result<Report, StepFailure> {
        let options = Options {
            bucket: self.settings.images_bucket.clone(),
            grace: EpochMillis::from(self.settings.grace_seconds) * 1000,
            full: false,
            retention_days: self.settings.retention_days,
            dry_run: false,
            calls_per_second: self.settings.calls_per_second,
            deadline: self.clock.now() + WORKING_MILLIS,
        };
        let mut report = self.reconciler.run(&options).await;
        log(&report);
        metrics_of(&report).write();
        // Errors of single images are counted instead: the metric raises an alarm.
        match report.error.take().filter(|_| report.interrupted) {
            Some(error) => Err(error.into()),
            None => Ok(report),
        }
    }
}

fn log(report: &Report) {
    for action in report.actions.iter().filter(|action| action.action == ActionKind::NotDone) {
        tracing::warn!(image_id = action.image_id, key = action.key, reason = action.reason, "not reconciled");
    }
    for action in report.actions.iter().filter(|action| action.action != ActionKind::NotDone) {
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
        stuck_records = report.stuck_records,
        restarted = report.restarted,
        undelivered_decisions = report.undelivered_decisions,
        untouched = report.untouched,
        failed = report.failed,
        complete = report.complete,
        versions_listed = report.versions_listed,
        "run done"
    );
}

/// The metrics of a run. If the review queue could not be measured, they say nothing about it.
fn metrics_of(report: &Report) -> Metrics {
    let values = Metrics::default()
        .with(metrics::ORPHANS, report.orphans)
        .with(metrics::STUCK_RECORDS, report.stuck_records)
        .with(metrics::UNDELIVERED_DECISIONS, report.undelivered_decisions);
    // Sent only if it is not zero: a metric costs for each hour in which it is sent.
    let values = if report.failed > 0 { values.with(metrics::NOT_RECONCILED, report.failed) } else { values };
    match report.review_queue {
        Some(waiting) => values.with(metrics::REVIEW_QUEUE_LENGTH, waiting.length).with(metrics::REVIEW_QUEUE_AGE, waiting.age_seconds),
        None => values,
    }
}
