//! Failure injection: wraps any implementation of a port, and makes chosen calls fail, before or after they had their effect.

use crate::turns::turn;
use secrecy::SecretString;
use sightline_domain::{
    alert::AlertMessage,
    analysis::{Question, StoredAnswer},
    clock::EpochMillis,
    erase::ports::{ExecutionStop, LabelRowRemoval, ObjectVersion, ObjectVersions, RecordErasure, Stopped, TallyRemoval, Tombstones},
    error::{AlertError, StorageError},
    identity::Upload,
    label_index::{LabelRow, RowKey},
    ports::{
        AlertPublisher, ExecutionHistory, FailureCause, ImageArchive, ImageStore, ObjectRef, RecordClaims, RecordCompletion,
        RecordFailures, RecordFinder, Replaced, ResultStore, ReviewCallback, ReviewQueue, ReviewRequest, StoredResult, Tagged, TallyChange,
        TallyStore, Told, UploadFacts, UploadLookup, Written,
    },
    reconcile::{
        ExecutionFacts, Executions, Page, QueuePlace, QueuedImage, ReviewQueueState, SavedDecision, UploadVersion, UploadVersions,
        VersionPlace, WorkQueues,
    },
    record::{Record, WorkQueue},
    review::ReviewOutcome,
    tally::Tally,
};
use std::sync::{Arc, Mutex, PoisonError};

/// When a call fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// Before it does anything: the service is down.
    Before,
    /// After it did everything: the answer is lost.
    After,
}

/// What a failing call says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    /// The service is unavailable: trying again may help.
    Passing,
    /// Our own set-up is wrong: trying again does not help.
    Lasting,
}

#[derive(Debug)]
struct Fault {
    method: &'static str,
    when: When,
    trouble: Trouble,
    /// Calls that still go well.
    skip: usize,
    /// Calls that then fail.
    times: usize,
}

/// Which calls fail, and whether calls take turns. Clones are one plan.
#[derive(Debug, Clone, Default)]
pub struct Plan {
    faults: Arc<Mutex<Vec<Fault>>>,
    in_turns: bool,
}

impl Plan {
    /// Every call lets others go first, before it has its effect and after it.
    pub fn in_turns() -> Self {
        Self { in_turns: true, ..Self::default() }
    }

    /// After `skip` good calls of `method`, `times` calls fail.
    pub fn add(&self, method: &'static str, when: When, trouble: Trouble, skip: usize, times: usize) {
        self.faults.lock().unwrap_or_else(PoisonError::into_inner).push(Fault { method, when, trouble, skip, times });
    }

    /// Nothing fails any more.
    pub fn clear(&self) {
        self.faults.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    fn due(&self, method: &str) -> Option<(When, Trouble)> {
        let mut plan = self.faults.lock().unwrap_or_else(PoisonError::into_inner);
        let fault = plan.iter_mut().find(|fault| fault.method == method && fault.times > 0)?;
        if fault.skip > 0 {
            fault.skip -= 1;
            return None;
        }
        fault.times -= 1;
        Some((fault.when, fault.trouble))
    }

    /// Makes `call`, as planned for `method`; `error` is what a failing one says.
    pub async fn call<O, E>(
        &self,
        method: &'static str,
        error: fn(Trouble) -> E,
        call: impl Future<Output = Result<O, E>>,
    ) -> Result<O, E> {
        if self.in_turns {
            turn().await;
        }
        let answer = match self.due(method) {
            None => call.await,
            Some((When::Before, trouble)) => Err(error(trouble)),
            Some((When::After, trouble)) => call.await.and_then(|_| Err(error(trouble))),
        };
        if self.in_turns {
            turn().await;
        }
        answer
    }
}

/// An implementation of ports that fails as planned.
#[derive(Clone)]
pub struct Failing<T> {
    inner: T,
    plan: Plan,
}

impl<T> Failing<T> {
    /// Wraps `inner`; nothing fails yet.
    pub fn new(inner: T) -> Self {
        Self::by(inner, &Plan::default())
    }

    /// Wraps `inner`; what fails is in `plan`.
    pub fn by(inner: T, plan: &Plan) -> Self {
        Self { inner, plan: plan.clone() }
    }

    /// The next `times` calls of `method` fail.
    #[must_use]
    pub fn fail(self, method: &'static str, when: When, times: usize) -> Self {
        self.fail_later(method, when, 0, times)
    }

    /// After `skip` good calls of `method`, `times` calls fail.
    #[must_use]
    pub fn fail_later(self, method: &'static str, when: When, skip: usize, times: usize) -> Self {
        self.plan.add(method, when, Trouble::Passing, skip, times);
        self
    }

    async fn call<O, E>(&self, method: &'static str, error: fn(Trouble) -> E, call: impl Future<Output = Result<O, E>>) -> Result<O, E> {
        self.plan.call(method, error, call).await
    }
}

fn down(trouble: Trouble) -> StorageError {
    let (doing, source) = ("failing as planned", "injected".into());
    match trouble {
        Trouble::Passing => StorageError::Unavailable { doing, source },
        Trouble::Lasting => StorageError::Misconfigured { doing, source },
    }
}

fn unsent(trouble: Trouble) -> AlertError {
    match trouble {
        Trouble::Passing => AlertError::Unavailable("injected".into()),
        Trouble::Lasting => AlertError::Misconfigured("injected".into()),
    }
}

impl<T: RecordFinder> RecordFinder for Failing<T> {
    async fn find(&self, image_id: &str) -> Result<Option<Record>, StorageError> {
        self.call("find", down, self.inner.find(image_id)).await
    }
}

impl<T: RecordClaims> RecordClaims for Failing<T> {
    async fn claim(&self, record: &Record) -> Result<Written, StorageError> {
        self.call("claim", down, self.inner.claim(record)).await
    }

    async fn claim_rejected(&self, record: &Record, rejected_at: EpochMillis) -> Result<Written, StorageError> {
        self.call("claim", down, self.inner.claim_rejected(record, rejected_at)).await
    }
}

impl<T: RecordFailures> RecordFailures for Failing<T> {
    async fn fail(&self, record: &Record) -> Result<Written, StorageError> {
        self.call("fail", down, self.inner.fail(record)).await
    }
}

impl<T: RecordCompletion> RecordCompletion for Failing<T> {
    async fn complete(&self, record: &Record, rows: &[LabelRow]) -> Result<Written, StorageError> {
        self.call("complete", down, self.inner.complete(record, rows)).await
    }
}

impl<T: ReviewQueue> ReviewQueue for Failing<T> {
    async fn ask(&self, request: &ReviewRequest<'_>) -> Result<Written, StorageError> {
        self.call("ask", down, self.inner.ask(request)).await
    }
}

impl<T: ReviewCallback> ReviewCallback for Failing<T> {
    async fn tell(&self, task_token: &SecretString, outcome: &ReviewOutcome) -> Result<Told, StorageError> {
        self.call("tell", down, self.inner.tell(task_token, outcome)).await
    }
}

impl<T: ExecutionHistory> ExecutionHistory for Failing<T> {
    async fn failure_cause(&self, execution_arn: &str) -> Result<Option<FailureCause>, StorageError> {
        self.call("failure_cause", down, self.inner.failure_cause(execution_arn)).await
    }

    async fn goes_on(&self, execution_arn: &str) -> Result<bool, StorageError> {
        self.call("goes_on", down, self.inner.goes_on(execution_arn)).await
    }
}

impl<T: AlertPublisher> AlertPublisher for Failing<T> {
    async fn publish(&self, message: &AlertMessage) -> Result<String, AlertError> {
        self.call("publish", unsent, self.inner.publish(message)).await
    }
}

impl<T: ResultStore> ResultStore for Failing<T> {
    async fn read_result(&self, bucket: &str, key: &str) -> Result<Option<Vec<u8>>, StorageError> {
        self.call("read_result", down, self.inner.read_result(bucket, key)).await
    }

    async fn write_result(&self, bucket: &str, key: &str, json: Vec<u8>) -> Result<(), StorageError> {
        self.call("write_result", down, self.inner.write_result(bucket, key, json)).await
    }

    async fn read_answer(&self, bucket: &str, key: &str) -> Result<Option<StoredAnswer>, StorageError> {
        self.call("read_result", down, self.inner.read_answer(bucket, key)).await
    }

    async fn write_answer(&self, bucket: &str, key: &str, json: StoredResult, question: &Question) -> Result<(), StorageError> {
        self.call("write_result", down, self.inner.write_answer(bucket, key, json, question)).await
    }
}

impl<T: UploadLookup> UploadLookup for Failing<T> {
    async fn look_up(&self, upload: &Upload) -> Result<Option<UploadFacts>, StorageError> {
        self.call("look_up", down, self.inner.look_up(upload)).await
    }

    async fn first_uploaded(&self, upload: &Upload, after: Option<EpochMillis>) -> Result<Option<EpochMillis>, StorageError> {
        self.call("first_uploaded", down, self.inner.first_uploaded(upload, after)).await
    }
}

impl<T: ImageStore> ImageStore for Failing<T> {
    async fn read_image(&self, image: ObjectRef<'_>) -> Result<Option<Vec<u8>>, StorageError> {
        self.call("read_image", down, self.inner.read_image(image)).await
    }

    async fn sha256(&self, image: ObjectRef<'_>) -> Result<Option<String>, StorageError> {
        self.call("sha256", down, self.inner.sha256(image)).await
    }

    async fn write_jpeg(&self, bucket: &str, key: &str, jpeg: Vec<u8>) -> Result<(), StorageError> {
        self.call("write_jpeg", down, self.inner.write_jpeg(bucket, key, jpeg)).await
    }
}

impl<T: Executions> Executions for Failing<T> {
    async fn look(&self, execution_arn: &str) -> Result<Option<ExecutionFacts>, StorageError> {
        self.call("look", down, self.inner.look(execution_arn)).await
    }

    async fn start(&self, input: &str) -> Result<String, StorageError> {
        self.call("start", down, self.inner.start(input)).await
    }
}

impl<T: WorkQueues> WorkQueues for Failing<T> {
    async fn page(&self, queue: WorkQueue, after: Option<&QueuePlace>) -> Result<Page<QueuedImage, QueuePlace>, StorageError> {
        self.call("page", down, self.inner.page(queue, after)).await
    }

    async fn review_queue(&self) -> Result<ReviewQueueState, StorageError> {
        self.call("review_queue", down, self.inner.review_queue()).await
    }

    async fn saved_decision(&self, image: &QueuedImage) -> Result<Option<SavedDecision>, StorageError> {
        self.call("saved_decision", down, self.inner.saved_decision(image)).await
    }
}

impl<T: UploadVersions> UploadVersions for Failing<T> {
    async fn versions(&self, bucket: &str, after: Option<&VersionPlace>) -> Result<Page<UploadVersion, VersionPlace>, StorageError> {
        self.call("versions", down, self.inner.versions(bucket, after)).await
    }

    async fn status(&self, upload: &Upload) -> Result<Option<String>, StorageError> {
        self.call("status", down, self.inner.status(upload)).await
    }
}

impl<T: ImageArchive> ImageArchive for Failing<T> {
    async fn copy(&self, from: ObjectRef<'_>, to: &str) -> Result<(), StorageError> {
        self.call("copy", down, self.inner.copy(from, to)).await
    }

    async fn delete(&self, image: ObjectRef<'_>) -> Result<(), StorageError> {
        self.call("delete", down, self.inner.delete(image)).await
    }

    async fn tag_status(&self, image: ObjectRef<'_>, status: &str) -> Result<Tagged, StorageError> {
        self.call("tag_status", down, self.inner.tag_status(image, status)).await
    }
}

impl<T: TallyStore> TallyStore for Failing<T> {
    async fn tally(&self, image_id: &str) -> Result<Option<Tally>, StorageError> {
        self.call("tally", down, self.inner.tally(image_id)).await
    }

    async fn replace(&self, change: &TallyChange<'_>) -> Result<Replaced, StorageError> {
        self.call("replace", down, self.inner.replace(change)).await
    }
}

impl<T: Tombstones> Tombstones for Failing<T> {
    async fn items(&self, image_id: &str) -> Result<Vec<Record>, StorageError> {
        self.call("items", down, self.inner.items(image_id)).await
    }

    async fn close(&self, tombstone: &Record) -> Result<Written, StorageError> {
        self.call("close", down, self.inner.close(tombstone)).await
    }
}

impl<T: RecordErasure> RecordErasure for Failing<T> {
    async fn mark(&self, record: &Record, now: EpochMillis) -> Result<Written, StorageError> {
        self.call("mark", down, self.inner.mark(record, now)).await
    }

    async fn mark_unrecorded(&self, marked: &Record) -> Result<Written, StorageError> {
        self.call("mark", down, self.inner.mark_unrecorded(marked)).await
    }

    async fn strip(&self, marked: &Record, now: EpochMillis) -> Result<Written, StorageError> {
        self.call("strip", down, self.inner.strip(marked, now)).await
    }
}

impl<T: LabelRowRemoval> LabelRowRemoval for Failing<T> {
    async fn existing(&self, keys: &[RowKey]) -> Result<Vec<RowKey>, StorageError> {
        self.call("existing", down, self.inner.existing(keys)).await
    }

    async fn of_image(&self, image_id: &str) -> Result<Vec<RowKey>, StorageError> {
        self.call("existing", down, self.inner.of_image(image_id)).await
    }

    async fn remove(&self, keys: &[RowKey]) -> Result<(), StorageError> {
        self.call("remove", down, self.inner.remove(keys)).await
    }
}

impl<T: ObjectVersions> ObjectVersions for Failing<T> {
    async fn list_versions(&self, bucket: &str, prefix: &str) -> Result<Vec<ObjectVersion>, StorageError> {
        self.call("list_versions", down, self.inner.list_versions(bucket, prefix)).await
    }

    async fn delete_versions(&self, bucket: &str, versions: &[ObjectVersion]) -> Result<(), StorageError> {
        self.call("delete_versions", down, self.inner.delete_versions(bucket, versions)).await
    }
}

impl<T: ExecutionStop> ExecutionStop for Failing<T> {
    async fn stop(&self, execution_arn: &str) -> Result<Stopped, StorageError> {
        self.call("stop", down, self.inner.stop(execution_arn)).await
    }
}

impl<T: TallyRemoval> TallyRemoval for Failing<T> {
    async fn remove_tally(&self, image_id: &str) -> Result<bool, StorageError> {
        self.call("remove_tally", down, self.inner.remove_tally(image_id)).await
    }
}
