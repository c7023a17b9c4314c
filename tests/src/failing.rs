//! Failure injection: wraps any implementation of a port, and makes chosen calls fail before or after they take effect.

use crate::futures::yield_once;
use secrecy::SecretString;
use sightline_domain::{
    model::{AlertError, EpochMillis, ObjectRef, Question, Record, ReviewOutcome, StorageError, StoredAnswer, Upload, WorkQueue},
    ports::{
        Alerts, Counters, ExecutionFacts, Executions, FailureCause, FetchedUpload, Gallery, GalleryImage, GalleryQuery, LabelIndex,
        Notified, ObjectVersion, Objects, Overlays, Page, QueuedImage, RecordKey, Records, Replaced, ReviewClaim, ReviewLease,
        ReviewLeases, ReviewQueueState, ReviewRequest, RowPage, RowRange, SavedDecision, Stopped, Tagged, TallyChange, UploadFacts,
        UploadVersion, Uploads, VersionPosition, WorkQueues, Written,
    },
    rules::{
        alert::AlertMessage,
        edit::RowChanges,
        label_index::{LabelRow, RowKey},
        tally::{CounterKey, Counts, Tally},
    },
};
use std::{
    collections::BTreeMap,
    ops::RangeInclusive,
    sync::{Arc, Mutex, PoisonError},
};

/// When a call fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// Before it takes effect: the service is down.
    Before,
    /// After it took effect: the response is lost.
    After,
}

/// The error of a failing call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FailureKind {
    /// The service is unavailable: a retry may help.
    Transient,
    /// Our own configuration is wrong: a retry does not help.
    Permanent,
}

#[derive(Debug)]
struct Fault {
    method: &'static str,
    when: When,
    kind: FailureKind,
    /// Calls that succeed before.
    skip: usize,
    /// Calls that fail then.
    times: usize,
}

/// Runs before a call of a method.
type Hook = Box<dyn FnMut() + Send>;

/// Which calls fail, and whether calls pause. Clones share the plan.
#[derive(Clone, Default)]
pub struct Plan {
    faults: Arc<Mutex<Vec<Fault>>>,
    hooks: Arc<Mutex<Vec<(&'static str, Hook)>>>,
    pauses: bool,
}

impl Plan {
    /// A plan in which every call pauses before and after it takes effect, so that others can run.
    pub fn pausing() -> Self {
        Self { pauses: true, ..Self::default() }
    }

    /// Makes `times` calls of `method` fail, after `skip` calls that succeed.
    pub fn add(&self, method: &'static str, when: When, kind: FailureKind, skip: usize, times: usize) {
        self.faults.lock().unwrap_or_else(PoisonError::into_inner).push(Fault { method, when, kind, skip, times });
    }

    /// Runs `hook` before every call of `method`, as another process can at any time.
    pub fn before(&self, method: &'static str, hook: impl FnMut() + Send + 'static) {
        self.hooks.lock().unwrap_or_else(PoisonError::into_inner).push((method, Box::new(hook)));
    }

    fn run_hooks(&self, method: &str) {
        // Taken out while they run, since a hook may make calls of its own.
        let mut hooks = std::mem::take(&mut *self.hooks.lock().unwrap_or_else(PoisonError::into_inner));
        for (_, hook) in hooks.iter_mut().filter(|(hooked, _)| *hooked == method) {
            hook();
        }
        self.hooks.lock().unwrap_or_else(PoisonError::into_inner).append(&mut hooks);
    }

    /// Makes all calls succeed.
    pub fn clear(&self) {
        self.faults.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    fn due(&self, method: &str) -> Option<(When, FailureKind)> {
        let mut plan = self.faults.lock().unwrap_or_else(PoisonError::into_inner);
        let fault = plan.iter_mut().find(|fault| fault.method == method && fault.times > 0)?;
        if fault.skip > 0 {
            fault.skip -= 1;
            return None;
        }
        fault.times -= 1;
        Some((fault.when, fault.kind))
    }

    /// Awaits `call` as planned for `method`; `error` makes the error of a failing call.
    pub async fn call<O, E>(
        &self,
        method: &'static str,
        error: fn(FailureKind) -> E,
        call: impl Future<Output = Result<O, E>>,
    ) -> Result<O, E> {
        if self.pauses {
            yield_once().await;
        }
        self.run_hooks(method);
        let answer = match self.due(method) {
            None => call.await,
            Some((When::Before, kind)) => Err(error(kind)),
            Some((When::After, kind)) => call.await.and_then(|_| Err(error(kind))),
        };
        if self.pauses {
            yield_once().await;
        }
        answer
    }
}

/// An implementation of ports with planned failures.
#[derive(Clone)]
pub struct Failing<T> {
    inner: T,
    plan: Plan,
}

impl<T> Failing<T> {
    /// Wraps `inner` without failures.
    pub fn new(inner: T) -> Self {
        Self::by(inner, &Plan::default())
    }

    /// Wraps `inner` with the failures of `plan`.
    pub fn by(inner: T, plan: &Plan) -> Self {
        Self { inner, plan: plan.clone() }
    }

    /// The next `times` calls of `method` fail.
    #[must_use]
    pub fn fail(self, method: &'static str, when: When, times: usize) -> Self {
        self.fail_later(method, when, 0, times)
    }

    /// Makes `times` calls of `method` fail, after `skip` calls that succeed.
    #[must_use]
    pub fn fail_later(self, method: &'static str, when: When, skip: usize, times: usize) -> Self {
        self.plan.add(method, when, FailureKind::Transient, skip, times);
        self
    }

    /// Runs `hook` before every call of `method`, as another process can at any time.
    #[must_use]
    pub fn before(self, method: &'static str, hook: impl FnMut() + Send + 'static) -> Self {
        self.plan.before(method, hook);
        self
    }

    async fn call<O, E>(
        &self,
        method: &'static str,
        error: fn(FailureKind) -> E,
        call: impl Future<Output = Result<O, E>>,
    ) -> Result<O, E> {
        self.plan.call(method, error, call).await
    }
}

fn unavailable(kind: FailureKind) -> StorageError {
    let (doing, source) = ("failing as planned", "injected".into());
    match kind {
        FailureKind::Transient => StorageError::Unavailable { doing, source },
        FailureKind::Permanent => StorageError::Misconfigured { doing, source },
    }
}

fn unsent(kind: FailureKind) -> AlertError {
    match kind {
        FailureKind::Transient => AlertError::Unavailable("injected".into()),
        FailureKind::Permanent => AlertError::Misconfigured("injected".into()),
    }
}

impl<T: Records> Records for Failing<T> {
    async fn find(&self, image_id: &str) -> Result<Option<Record>, StorageError> {
        self.call("find", unavailable, Records::find(&self.inner, image_id)).await
    }

    async fn items(&self, image_id: &str) -> Result<Vec<Record>, StorageError> {
        self.call("items", unavailable, Records::items(&self.inner, image_id)).await
    }

    async fn claim(&self, record: &Record) -> Result<Written, StorageError> {
        self.call("claim", unavailable, Records::claim(&self.inner, record)).await
    }

    async fn claim_rejected(&self, record: &Record, rejected_at: EpochMillis) -> Result<Written, StorageError> {
        self.call("claim", unavailable, Records::claim_rejected(&self.inner, record, rejected_at)).await
    }

    async fn fail(&self, record: &Record) -> Result<Written, StorageError> {
        self.call("fail", unavailable, Records::fail(&self.inner, record)).await
    }

    async fn complete(&self, record: &Record, rows: &[LabelRow]) -> Result<Written, StorageError> {
        self.call("complete", unavailable, Records::complete(&self.inner, record, rows)).await
    }

    async fn request_review(&self, request: &ReviewRequest<'_>) -> Result<Written, StorageError> {
        self.call("request_review", unavailable, Records::request_review(&self.inner, request)).await
    }

    async fn mark_erased(&self, record: &Record, now: EpochMillis) -> Result<Written, StorageError> {
        self.call("mark_erased", unavailable, Records::mark_erased(&self.inner, record, now)).await
    }

    async fn mark_unrecorded_erased(&self, marked: &Record) -> Result<Written, StorageError> {
        self.call("mark_erased", unavailable, Records::mark_unrecorded_erased(&self.inner, marked)).await
    }

    async fn strip(&self, marked: &Record, now: EpochMillis) -> Result<Written, StorageError> {
        self.call("strip", unavailable, Records::strip(&self.inner, marked, now)).await
    }

    async fn close_tombstone(&self, tombstone: &Record) -> Result<Written, StorageError> {
        self.call("close_tombstone", unavailable, Records::close_tombstone(&self.inner, tombstone)).await
    }
}

impl<T: Gallery> Gallery for Failing<T> {
    async fn gallery_page(&self, query: &GalleryQuery<'_>) -> Result<Page<GalleryImage, RecordKey>, StorageError> {
        self.call("gallery_page", unavailable, Gallery::gallery_page(&self.inner, query)).await
    }

    async fn records(&self, keys: &[RecordKey]) -> Result<Vec<Record>, StorageError> {
        self.call("records", unavailable, Gallery::records(&self.inner, keys)).await
    }

    async fn completed_image(&self, owner_id: &str, content_sha256: &str) -> Result<Option<RecordKey>, StorageError> {
        self.call("completed_image", unavailable, Gallery::completed_image(&self.inner, owner_id, content_sha256)).await
    }
}

impl<T: Overlays> Overlays for Failing<T> {
    async fn edit(&self, read: &Record, edited: &Record, rows: &RowChanges) -> Result<Written, StorageError> {
        self.call("edit", unavailable, Overlays::edit(&self.inner, read, edited, rows)).await
    }
}

impl<T: ReviewLeases> ReviewLeases for Failing<T> {
    async fn claim_review(&self, key: &RecordKey, lease: ReviewLease<'_>) -> Result<ReviewClaim, StorageError> {
        self.call("claim_review", unavailable, ReviewLeases::claim_review(&self.inner, key, lease)).await
    }
}

impl<T: WorkQueues> WorkQueues for Failing<T> {
    async fn queued(&self, queue: WorkQueue, after: Option<&RecordKey>) -> Result<Page<QueuedImage, RecordKey>, StorageError> {
        self.call("queued", unavailable, WorkQueues::queued(&self.inner, queue, after)).await
    }

    async fn review_queue(&self) -> Result<ReviewQueueState, StorageError> {
        self.call("review_queue", unavailable, WorkQueues::review_queue(&self.inner)).await
    }

    async fn saved_decision(&self, image: &QueuedImage) -> Result<Option<SavedDecision>, StorageError> {
        self.call("saved_decision", unavailable, WorkQueues::saved_decision(&self.inner, image)).await
    }
}

impl<T: LabelIndex> LabelIndex for Failing<T> {
    async fn rows(&self, range: RowRange<'_>) -> Result<RowPage, StorageError> {
        self.call("rows", unavailable, LabelIndex::rows(&self.inner, range)).await
    }

    async fn existing_rows(&self, keys: &[RowKey]) -> Result<Vec<RowKey>, StorageError> {
        self.call("existing_rows", unavailable, LabelIndex::existing_rows(&self.inner, keys)).await
    }

    async fn rows_of_image(&self, image_id: &str) -> Result<Vec<RowKey>, StorageError> {
        self.call("existing_rows", unavailable, LabelIndex::rows_of_image(&self.inner, image_id)).await
    }

    async fn delete_rows(&self, keys: &[RowKey]) -> Result<(), StorageError> {
        self.call("delete_rows", unavailable, LabelIndex::delete_rows(&self.inner, keys)).await
    }
}

impl<T: Counters> Counters for Failing<T> {
    async fn tally(&self, image_id: &str) -> Result<Option<Tally>, StorageError> {
        self.call("tally", unavailable, Counters::tally(&self.inner, image_id)).await
    }

    async fn replace(&self, change: &TallyChange<'_>) -> Result<Replaced, StorageError> {
        self.call("replace", unavailable, Counters::replace(&self.inner, change)).await
    }

    async fn remove_empty(&self, keys: &[CounterKey]) -> Result<(), StorageError> {
        self.call("remove_empty", unavailable, Counters::remove_empty(&self.inner, keys)).await
    }

    async fn remove_counter(&self, counter: &str) -> Result<usize, StorageError> {
        self.call("remove_counter", unavailable, Counters::remove_counter(&self.inner, counter)).await
    }

    async fn counts(&self, counter: &str, names: Option<RangeInclusive<&str>>) -> Result<BTreeMap<String, Counts>, StorageError> {
        self.call("counts", unavailable, Counters::counts(&self.inner, counter, names)).await
    }
}

impl<T: Executions> Executions for Failing<T> {
    async fn find(&self, execution_arn: &str) -> Result<Option<ExecutionFacts>, StorageError> {
        self.call("find_execution", unavailable, Executions::find(&self.inner, execution_arn)).await
    }

    async fn start(&self, input: &str) -> Result<String, StorageError> {
        self.call("start", unavailable, Executions::start(&self.inner, input)).await
    }

    async fn stop(&self, execution_arn: &str) -> Result<Stopped, StorageError> {
        self.call("stop", unavailable, Executions::stop(&self.inner, execution_arn)).await
    }

    async fn failure_cause(&self, execution_arn: &str) -> Result<Option<FailureCause>, StorageError> {
        self.call("failure_cause", unavailable, Executions::failure_cause(&self.inner, execution_arn)).await
    }

    async fn was_redriven(&self, execution_arn: &str) -> Result<bool, StorageError> {
        self.call("was_redriven", unavailable, Executions::was_redriven(&self.inner, execution_arn)).await
    }

    async fn notify(&self, task_token: &SecretString, outcome: &ReviewOutcome) -> Result<Notified, StorageError> {
        self.call("notify", unavailable, Executions::notify(&self.inner, task_token, outcome)).await
    }
}

impl<T: Alerts> Alerts for Failing<T> {
    async fn publish(&self, message: &AlertMessage) -> Result<String, AlertError> {
        self.call("publish", unsent, Alerts::publish(&self.inner, message)).await
    }
}

impl<T: Objects> Objects for Failing<T> {
    async fn read(&self, object: ObjectRef<'_>) -> Result<Option<Vec<u8>>, StorageError> {
        self.call("read", unavailable, Objects::read(&self.inner, object)).await
    }

    async fn sha256(&self, object: ObjectRef<'_>) -> Result<Option<String>, StorageError> {
        self.call("sha256", unavailable, Objects::sha256(&self.inner, object)).await
    }

    async fn write_jpeg(&self, bucket: &str, key: &str, jpeg: Vec<u8>) -> Result<(), StorageError> {
        self.call("write_jpeg", unavailable, Objects::write_jpeg(&self.inner, bucket, key, jpeg)).await
    }

    async fn write_json(&self, bucket: &str, key: &str, json: Vec<u8>) -> Result<(), StorageError> {
        self.call("write_json", unavailable, Objects::write_json(&self.inner, bucket, key, json)).await
    }

    async fn read_answer(&self, bucket: &str, key: &str) -> Result<Option<StoredAnswer>, StorageError> {
        self.call("read_answer", unavailable, Objects::read_answer(&self.inner, bucket, key)).await
    }

    async fn write_answer(&self, bucket: &str, key: &str, json: Vec<u8>, question: &Question) -> Result<(), StorageError> {
        self.call("write_answer", unavailable, Objects::write_answer(&self.inner, bucket, key, json, question)).await
    }

    async fn copy(&self, from: ObjectRef<'_>, to: &str) -> Result<(), StorageError> {
        self.call("copy", unavailable, Objects::copy(&self.inner, from, to)).await
    }

    async fn delete(&self, object: ObjectRef<'_>) -> Result<(), StorageError> {
        self.call("delete", unavailable, Objects::delete(&self.inner, object)).await
    }

    async fn tag_status(&self, object: ObjectRef<'_>, status: &str) -> Result<Tagged, StorageError> {
        self.call("tag_status", unavailable, Objects::tag_status(&self.inner, object, status)).await
    }

    async fn list_versions(&self, bucket: &str, prefix: &str) -> Result<Vec<ObjectVersion>, StorageError> {
        self.call("list_versions", unavailable, Objects::list_versions(&self.inner, bucket, prefix)).await
    }

    async fn delete_versions(&self, bucket: &str, versions: &[ObjectVersion]) -> Result<(), StorageError> {
        self.call("delete_versions", unavailable, Objects::delete_versions(&self.inner, bucket, versions)).await
    }
}

impl<T: Uploads> Uploads for Failing<T> {
    async fn find(&self, upload: &Upload) -> Result<Option<UploadFacts>, StorageError> {
        self.call("find_upload", unavailable, Uploads::find(&self.inner, upload)).await
    }

    async fn fetch(&self, upload: &Upload, max_bytes: u64) -> Result<Option<FetchedUpload>, StorageError> {
        self.call("fetch_upload", unavailable, Uploads::fetch(&self.inner, upload, max_bytes)).await
    }

    async fn first_uploaded(&self, upload: &Upload, after: Option<EpochMillis>) -> Result<Option<EpochMillis>, StorageError> {
        self.call("first_uploaded", unavailable, Uploads::first_uploaded(&self.inner, upload, after)).await
    }

    async fn versions(&self, bucket: &str, after: Option<&VersionPosition>) -> Result<Page<UploadVersion, VersionPosition>, StorageError> {
        self.call("versions", unavailable, Uploads::versions(&self.inner, bucket, after)).await
    }

    async fn status(&self, upload: &Upload) -> Result<Option<String>, StorageError> {
        self.call("status", unavailable, Uploads::status(&self.inner, upload)).await
    }
}
