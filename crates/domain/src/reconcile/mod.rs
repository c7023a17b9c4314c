//! Puts right what got lost on the way: uploads without a record, records whose execution is over, decisions that nobody heard of; and
//! looks once more at erased images, for what was written late.
//!
//! Everything it does may be done twice, or by two runs at once: executions claim their record first, failures and decisions are
//! written under conditions, and a task token takes one answer.

mod bookmark;
mod erased;
mod objects;
mod ports;
mod queues;
mod report;
mod stranded;

pub use bookmark::{Bookmark, QueuePosition, Sweep};
pub use ports::{
    ExecutionFacts, ExecutionState, Executions, Page, QueuePlace, QueuedImage, ReviewQueueState, SavedDecision, Unreadable, UploadVersion,
    UploadVersions, VersionPlace, WorkQueues,
};
pub use report::{Action, Did, Report, ReviewQueue};

use crate::{
    clock::{Clock, EpochMillis},
    erase::ports::{ObjectVersions, Tombstones},
    error::{StepError, StorageError},
    ports::{ExecutionHistory, ImageStore, RecordFailures, ResultStore, ReviewCallback},
};

/// The reason of a record whose execution the engine does not know any more, or that ended well without completing it.
pub const EXECUTION_LOST: &str = "Execution.Lost";

/// One run starts as many executions as Rekognition's quota lets in within so many seconds: 300 at 50 calls a second, 30 at 5. An image
/// calls each operation once at most, so this is a fiftieth of what five minutes hold, and uploads of people who wait are not starved.
const SECONDS_OF_QUOTA: usize = 6;

/// An execution that ended more recently is left to its status event, and a decision to whoever saved it: milliseconds.
const SETTLING: EpochMillis = 10_000;

/// An execution that was claimed for so recently is not lost: `DescribeExecution` is eventually consistent, and may not know a just started
/// execution for a moment (Step Functions API reference). Milliseconds.
const KNOWN_AFTER: EpochMillis = 60_000;

/// So many images in a row that meet a passing trouble mean that the service is in trouble, and not the images: the run ends.
const MOST_TROUBLES_IN_A_ROW: usize = 3;

/// What one run is asked for.
#[derive(Debug, Clone)]
pub struct Wish {
    /// The images bucket.
    pub bucket: String,
    /// How old an upload must be before its missing record means that its event was lost: milliseconds.
    pub grace: EpochMillis,
    /// Look at all uploads, whatever earlier runs have seen: after a table was restored from a backup, or lost what it held.
    pub anew: bool,
    /// Days that a record which is marked FAILED is kept; 0 = for ever.
    pub retention_days: u32,
    /// Only say what would be done.
    pub dry_run: bool,
    /// Calls a second that Rekognition allows of each operation: bounds the executions that are started.
    pub calls_per_second: u32,
    /// When to stop, epoch milliseconds; the next run goes on from there.
    pub deadline: EpochMillis,
}

/// Reconciles: records `R`, objects `O`, executions `E` and their histories and callbacks `W`, by the clock `C`.
pub struct Reconciler<R, O, E, W, C> {
    records: R,
    objects: O,
    executions: E,
    workflow: W,
    clock: C,
}

/// One run.
struct Pass<'a> {
    wish: &'a Wish,
    bookmark: Bookmark,
    report: Report,
    starts_left: usize,
    /// How long ago something must have ended to be put right.
    settling: EpochMillis,
    /// Passing troubles since the last image that was dealt with.
    troubles_in_a_row: usize,
}

impl<R, O, E, W, C> Reconciler<R, O, E, W, C> {
    /// Over these ports.
    pub fn new(records: R, objects: O, executions: E, workflow: W, clock: C) -> Self {
        Self { records, objects, executions, workflow, clock }
    }
}

impl<R, O, E, W, C> Reconciler<R, O, E, W, C>
where
    R: RecordFailures + WorkQueues + Tombstones,
    O: UploadVersions + ObjectVersions + ImageStore + ResultStore,
    E: Executions,
    W: ExecutionHistory + ReviewCallback,
    C: Clock,
{
    /// Runs once. What went wrong is in the report, beside what was done all the same.
    pub async fn run(&self, wish: &Wish) -> Report {
        let now = self.clock.now();
        let bookmark = match Bookmark::read(&self.objects, &wish.bucket, now).await {
            Ok(_) if wish.anew => Bookmark::default(),
            Ok(bookmark) => bookmark,
            Err(error) => return Report { error: Some(error), interrupted: true, ..Report::default() },
        };
        let settling = SETTLING.min(wish.grace);
        let starts_left = usize::try_from(wish.calls_per_second).unwrap_or(usize::MAX).saturating_mul(SECONDS_OF_QUOTA);
        let mut pass = Pass { wish, bookmark, report: Report::default(), starts_left, settling, troubles_in_a_row: 0 };
        // Half of the time for the queues, so that neither keeps the other from its end for ever.
        let half = now + (wish.deadline - now) / 2;
        let measured = self.measure_reviews(&mut pass).await;
        let queues = self.queues(&mut pass, half).await;
        pass.troubles_in_a_row = 0;
        let swept = self.sweep(&mut pass, now - wish.grace).await;
        let kept = if wish.dry_run { Ok(()) } else { pass.bookmark.write(&self.objects, &wish.bucket).await };
        let Pass { mut report, .. } = pass;
        report.complete = matches!((&measured, &queues, &swept), (Ok(()), Ok(true), Ok(true))) && report.failed == 0;
        for error in [measured.err(), queues.err(), swept.err(), kept.err()].into_iter().flatten() {
            report.interrupted = true;
            report.error.get_or_insert(error);
        }
        report
    }
}

impl Pass<'_> {
    /// Takes a start from those that are left.
    fn may_start(&mut self) -> bool {
        let left = self.starts_left > 0;
        self.starts_left = self.starts_left.saturating_sub(1);
        left
    }

    /// What stands in the way of one image is noted, and the run goes on; it ends where one image after the other meets a passing trouble.
    fn note(&mut self, dealt_with: Result<(), StorageError>, image_id: &str, key: Option<&str>) -> Result<(), StorageError> {
        let Err(error) = dealt_with else {
            self.troubles_in_a_row = 0;
            return Ok(());
        };
        if error.is_transient() {
            self.troubles_in_a_row += 1;
            if self.troubles_in_a_row >= MOST_TROUBLES_IN_A_ROW {
                return Err(error);
            }
        }
        self.not_done(image_id, key, error.to_string());
        self.report.error.get_or_insert(error);
        Ok(())
    }

    /// Counts and names an image that could not be dealt with.
    fn not_done(&mut self, image_id: &str, key: Option<&str>, reason: String) {
        self.report.failed += 1;
        let (reason, key) = (Some(reason), key.map(str::to_owned));
        self.report.actions.push(Action { key, reason, ..Action::about(Did::NotDone, image_id) });
    }
}

impl Action {
    fn about(action: Did, image_id: &str) -> Self {
        Self { action, image_id: image_id.to_owned(), key: None, execution_arn: None, new_execution_arn: None, reason: None }
    }
}
