//! Finds and repairs lost uploads, stuck records and undelivered decisions, and removes late writes for erased images.
//!
//! Every repair can be made twice, or by two runs at the same time: executions claim their record first, failures and decisions are
//! conditional writes, and Step Functions accepts one answer per task token.

mod bookmark;
mod queues;
mod report;
mod stuck_records;
mod uploads;

pub use bookmark::{Bookmark, QueueBookmark, Sweep};
pub use report::{Action, ActionKind, Report, ReviewQueue};

use crate::{
    model::{
        clock::{Clock, EpochMillis},
        error::{StepError, StorageError},
    },
    ports::{Executions, Objects, Records, Uploads, WorkQueues},
};

/// The reason of a record whose execution Step Functions does not know any more, or that succeeded without completing its record.
pub const EXECUTION_LOST: &str = "Execution.Lost";

/// One run starts as many executions as Rekognition's quota admits within this many seconds: 300 at 50 calls a second, 30 at 5. An image
/// calls each operation at most once, so this is a fiftieth of the quota of five minutes, and new uploads are not delayed.
const SECONDS_OF_QUOTA: usize = 6;

/// An execution that ended more recently is left to its status event, and a decision to the client that saved it. Milliseconds.
const SETTLING: EpochMillis = 10_000;

/// An execution whose record was claimed more recently is not lost: `DescribeExecution` is eventually consistent, and may not know an
/// execution that has just started (Step Functions API reference). Milliseconds.
const KNOWN_AFTER: EpochMillis = 60_000;

/// The run ends after this many consecutive images with a transient error: then the service is in trouble, not the images.
const MAX_CONSECUTIVE_ERRORS: usize = 3;

/// What one run does.
#[derive(Debug, Clone)]
pub struct Options {
    /// The images bucket.
    pub bucket: String,
    /// The age of an upload from which a missing record means that its event was lost. Milliseconds.
    pub grace: EpochMillis,
    /// Check all uploads, not only those since the last complete run: after a table was restored from a backup or lost items.
    pub full: bool,
    /// Days until a FAILED record expires; 0: never.
    pub retention_days: u32,
    /// Only report what would be done.
    pub dry_run: bool,
    /// Rekognition's quota in calls a second per operation: limits the executions that are started.
    pub calls_per_second: u32,
    /// When to stop, epoch milliseconds; the next run continues from there.
    pub deadline: EpochMillis,
}

/// Reconciles the records `R`, the objects `O` and the executions `E`, by the clock `C`.
pub struct Reconciler<R, O, E, C> {
    records: R,
    objects: O,
    executions: E,
    clock: C,
}

/// One run.
struct Run<'a> {
    options: &'a Options,
    bookmark: Bookmark,
    report: Report,
    starts_left: usize,
    /// How long ago something must have ended to be repaired. Milliseconds.
    settling: EpochMillis,
    consecutive_errors: usize,
}

impl<R, O, E, C> Reconciler<R, O, E, C> {
    /// A reconciler over these ports.
    pub fn new(records: R, objects: O, executions: E, clock: C) -> Self {
        Self { records, objects, executions, clock }
    }
}

impl<R: Records + WorkQueues, O: Objects + Uploads, E: Executions, C: Clock> Reconciler<R, O, E, C> {
    /// Runs once. The report holds both the repairs and the errors.
    pub async fn run(&self, options: &Options) -> Report {
        let now = self.clock.now();
        let bookmark = match Bookmark::read(&self.objects, &options.bucket, now).await {
            Ok(_) if options.full => Bookmark::default(),
            Ok(bookmark) => bookmark,
            Err(error) => return Report { error: Some(error), interrupted: true, ..Report::default() },
        };
        let settling = SETTLING.min(options.grace);
        let starts_left = usize::try_from(options.calls_per_second).unwrap_or(usize::MAX).saturating_mul(SECONDS_OF_QUOTA);
        let mut run = Run { options, bookmark, report: Report::default(), starts_left, settling, consecutive_errors: 0 };
        // The queues get half of the time, so that neither part keeps the other from finishing.
        let half = now + (options.deadline - now) / 2;
        let measured = self.measure_reviews(&mut run).await;
        let queues = self.check_queues(&mut run, half).await;
        run.consecutive_errors = 0;
        let swept = self.sweep(&mut run, now - options.grace).await;
        let saved = if options.dry_run { Ok(()) } else { run.bookmark.write(&self.objects, &options.bucket).await };
        let Run { mut report, .. } = run;
        report.complete = matches!((&measured, &queues, &swept), (Ok(()), Ok(true), Ok(true))) && report.failed == 0;
        for error in [measured.err(), queues.err(), swept.err(), saved.err()].into_iter().flatten() {
            report.interrupted = true;
            report.error.get_or_insert(error);
        }
        report
    }
}

impl Run<'_> {
    /// Uses up one of the remaining starts; false if there is none.
    fn may_start(&mut self) -> bool {
        let left = self.starts_left > 0;
        self.starts_left = self.starts_left.saturating_sub(1);
        left
    }

    /// Reports the error of one image, and lets the run continue; returns the error after too many consecutive transient ones.
    fn record_result(&mut self, result: Result<(), StorageError>, image_id: &str, key: Option<&str>) -> Result<(), StorageError> {
        let Err(error) = result else {
            self.consecutive_errors = 0;
            return Ok(());
        };
        if error.is_transient() {
            self.consecutive_errors += 1;
            if self.consecutive_errors >= MAX_CONSECUTIVE_ERRORS {
                return Err(error);
            }
        }
        self.not_done(image_id, key, error.to_string());
        self.report.error.get_or_insert(error);
        Ok(())
    }

    /// Reports an image that could not be repaired.
    fn not_done(&mut self, image_id: &str, key: Option<&str>, reason: String) {
        self.report.failed += 1;
        let (reason, key) = (Some(reason), key.map(str::to_owned));
        self.report.actions.push(Action { key, reason, ..Action::new(ActionKind::NotDone, image_id) });
    }

    /// The kind of an action that was done, or would have been done without `dry_run`.
    fn kind(&self, done: ActionKind, would_do: ActionKind) -> ActionKind {
        if self.options.dry_run { would_do } else { done }
    }
}
