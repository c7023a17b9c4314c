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

/// Implements ports for [`Failing`]. Every method calls the same method of the inner port, and fails as planned. The plan names a method by its
/// own name, or by the name after `as`.
macro_rules! failing {
    (@name $method:ident) => { stringify!($method) };
    (@name $method:ident $name:literal) => { $name };
    ($($port:ident, $error:ident -> $failure:ty {
        $($method:ident($($argument:ident: $type:ty),*) -> $output:ty $(, as $name:literal)?;)+
    })+) => {
        $(
            impl<T: $port> $port for Failing<T> {
                $(
                    async fn $method(&self, $($argument: $type),*) -> Result<$output, $failure> {
                        self.call(failing!(@name $method $($name)?), $error, $port::$method(&self.inner, $($argument),*)).await
                    }
                )+
            }
        )+
    };
}

failing! {
    Records, unavailable -> StorageError {
        find(image_id: &str) -> Option<Record>;
        items(image_id: &str) -> Vec<Record>;
        claim(record: &Record) -> Written;
        claim_rejected(record: &Record, rejected_at: EpochMillis) -> Written, as "claim";
        fail(record: &Record) -> Written;
        complete(record: &Record, rows: &[LabelRow]) -> Written;
        request_review(request: &ReviewRequest<'_>) -> Written;
        mark_erased(record: &Record, now: EpochMillis) -> Written;
        mark_unrecorded_erased(marked: &Record) -> Written, as "mark_erased";
        strip(marked: &Record, now: EpochMillis) -> Written;
        close_tombstone(tombstone: &Record) -> Written;
    }
    Gallery, unavailable -> StorageError {
        gallery_page(query: &GalleryQuery<'_>) -> Page<GalleryImage, RecordKey>;
        records(keys: &[RecordKey]) -> Vec<Record>;
        completed_image(owner_id: &str, content_sha256: &str) -> Option<RecordKey>;
    }
    Overlays, unavailable -> StorageError {
        edit(read: &Record, edited: &Record, rows: &RowChanges) -> Written;
    }
    ReviewLeases, unavailable -> StorageError {
        claim_review(key: &RecordKey, lease: ReviewLease<'_>) -> ReviewClaim;
    }
    WorkQueues, unavailable -> StorageError {
        queued(queue: WorkQueue, after: Option<&RecordKey>) -> Page<QueuedImage, RecordKey>;
        review_queue() -> ReviewQueueState;
        saved_decision(image: &QueuedImage) -> Option<SavedDecision>;
    }
    LabelIndex, unavailable -> StorageError {
        rows(range: RowRange<'_>) -> RowPage;
        existing_rows(keys: &[RowKey]) -> Vec<RowKey>;
        rows_of_image(image_id: &str) -> Vec<RowKey>, as "existing_rows";
        delete_rows(keys: &[RowKey]) -> ();
    }
    Counters, unavailable -> StorageError {
        tally(image_id: &str) -> Option<Tally>;
        replace(change: &TallyChange<'_>) -> Replaced;
        remove_empty(keys: &[CounterKey]) -> ();
        remove_counter(counter: &str) -> usize;
        counts(counter: &str, names: Option<RangeInclusive<&str>>) -> BTreeMap<String, Counts>;
    }
    Executions, unavailable -> StorageError {
        find(execution_arn: &str) -> Option<ExecutionFacts>, as "find_execution";
        start(input: &str) -> String;
        stop(execution_arn: &str) -> Stopped;
        failure_cause(execution_arn: &str) -> Option<FailureCause>;
        was_redriven(execution_arn: &str) -> bool;
        notify(task_token: &SecretString, outcome: &ReviewOutcome) -> Notified;
    }
    Alerts, unsent -> AlertError {
        publish(message: &AlertMessage) -> String;
    }
    Objects, unavailable -> StorageError {
        read(object: ObjectRef<'_>) -> Option<Vec<u8>>;
        sha256(object: ObjectRef<'_>) -> Option<String>;
        write_jpeg(bucket: &str, key: &str, jpeg: Vec<u8>) -> ();
        write_json(bucket: &str, key: &str, json: Vec<u8>) -> ();
        read_answer(bucket: &str, key: &str) -> Option<StoredAnswer>;
        write_answer(bucket: &str, key: &str, json: Vec<u8>, question: &Question) -> ();
        copy(from: ObjectRef<'_>, to: &str) -> ();
        delete(object: ObjectRef<'_>) -> ();
        tag_status(object: ObjectRef<'_>, status: &str) -> Tagged;
        list_versions(bucket: &str, prefix: &str) -> Vec<ObjectVersion>;
        delete_versions(bucket: &str, versions: &[ObjectVersion]) -> ();
    }
    Uploads, unavailable -> StorageError {
        find(upload: &Upload) -> Option<UploadFacts>, as "find_upload";
        fetch(upload: &Upload, max_bytes: u64) -> Option<FetchedUpload>, as "fetch_upload";
        first_uploaded(upload: &Upload, after: Option<EpochMillis>) -> Option<EpochMillis>;
        versions(bucket: &str, after: Option<&VersionPosition>) -> Page<UploadVersion, VersionPosition>;
        status(upload: &Upload) -> Option<String>;
    }
}
