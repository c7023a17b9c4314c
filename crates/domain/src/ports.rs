//! What the steps need of the world. Each trait is one capability; `sightline-aws` implements them.

use crate::{
    alert::AlertMessage,
    analysis::{Question, StoredAnswer},
    clock::EpochMillis,
    erase::ports::Tombstones,
    error::{AlertError, RecognitionError, StorageError},
    identity::Upload,
    label_index::LabelRow,
    moderation::Flag,
    record::Record,
    review::ReviewOutcome,
    tally::{Counts, Tally},
};
use std::{collections::BTreeMap, future::Future, ops::RangeInclusive};

/// A whole Rekognition answer: JSON, as it was sent.
pub type StoredResult = Vec<u8>;

/// An object in S3.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectRef<'a> {
    /// Bucket.
    pub bucket: &'a str,
    /// Exact key.
    pub key: &'a str,
    /// Version; the current one where `None`.
    pub version_id: Option<&'a str>,
}

/// Finds labels. The answer is `DetectLabels`'.
pub trait LabelDetector: Sync {
    /// Asks for all labels of the JPEG or PNG at `image`.
    fn detect_labels(&self, image: ObjectRef<'_>) -> impl Future<Output = Result<StoredResult, RecognitionError>> + Send;
}

/// Finds faces. The answer is `DetectFaces`'.
pub trait FaceDetector: Sync {
    /// Asks for all faces, with all attributes.
    fn detect_faces(&self, image: ObjectRef<'_>) -> impl Future<Output = Result<StoredResult, RecognitionError>> + Send;
}

/// Finds text. The answer is `DetectText`'.
pub trait TextDetector: Sync {
    /// Asks for all lines and words.
    fn detect_text(&self, image: ObjectRef<'_>) -> impl Future<Output = Result<StoredResult, RecognitionError>> + Send;
}

/// Finds what needs moderation. The answer is `DetectModerationLabels`'.
pub trait ModerationDetector: Sync {
    /// Asks for all flags at or above `min_confidence` percent.
    fn detect_moderation_labels(
        &self,
        image: ObjectRef<'_>,
        min_confidence: f64,
    ) -> impl Future<Output = Result<StoredResult, RecognitionError>> + Send;
}

/// Keeps whole answers and receipts beside the images.
pub trait ResultStore: Sync {
    /// What lies at `key` of `bucket`, or `None`.
    fn read_result(&self, bucket: &str, key: &str) -> impl Future<Output = Result<Option<Vec<u8>>, StorageError>> + Send;

    /// Puts `json` at `key` of `bucket`.
    fn write_result(&self, bucket: &str, key: &str, json: Vec<u8>) -> impl Future<Output = Result<(), StorageError>> + Send;

    /// The whole answer at `key` of `bucket`, with the question that it answers, or `None`.
    fn read_answer(&self, bucket: &str, key: &str) -> impl Future<Output = Result<Option<StoredAnswer>, StorageError>> + Send;

    /// Puts a whole answer at `key` of `bucket`, and with it the question that it answers.
    fn write_answer(
        &self,
        bucket: &str,
        key: &str,
        json: StoredResult,
        question: &Question,
    ) -> impl Future<Output = Result<(), StorageError>> + Send;
}

/// What S3 knows of an upload without reading it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UploadFacts {
    /// The version that the event meant, on a versioned bucket.
    pub version_id: Option<String>,
    /// Bytes.
    pub size: u64,
    /// `LastModified`, epoch milliseconds.
    pub last_modified: EpochMillis,
    /// The file's name, as its metadata `filename` has it: percent-encoded.
    pub name: Option<String>,
}

/// Looks uploads up.
pub trait UploadLookup: Sync {
    /// The facts of exactly the version that `upload` means, or `None` where it is gone.
    fn look_up(&self, upload: &Upload) -> impl Future<Output = Result<Option<UploadFacts>, StorageError>> + Send;

    /// `LastModified` of the oldest version that came after `after` (`None` = at all), of all keys that name the upload's image
    /// ([`Upload::shares_image_with`]); epoch milliseconds, `None` where there is none.
    fn first_uploaded(
        &self,
        upload: &Upload,
        after: Option<EpochMillis>,
    ) -> impl Future<Output = Result<Option<EpochMillis>, StorageError>> + Send;
}

/// Reads and writes image bytes.
pub trait ImageStore: Sync {
    /// The whole object, or `None` where it is gone.
    fn read_image(&self, image: ObjectRef<'_>) -> impl Future<Output = Result<Option<Vec<u8>>, StorageError>> + Send;

    /// The lower-case hex SHA-256 of the object, which is never held as a whole; `None` where it is gone.
    fn sha256(&self, image: ObjectRef<'_>) -> impl Future<Output = Result<Option<String>, StorageError>> + Send;

    /// Writes a JPEG.
    fn write_jpeg(&self, bucket: &str, key: &str, jpeg: Vec<u8>) -> impl Future<Output = Result<(), StorageError>> + Send;
}

/// Moves images out of sight, and marks originals.
pub trait ImageArchive: Sync {
    /// Copies `from` to `to` in the same bucket; does nothing where `from` is gone.
    fn copy(&self, from: ObjectRef<'_>, to: &str) -> impl Future<Output = Result<(), StorageError>> + Send;

    /// Deletes an object; does nothing where it is gone.
    fn delete(&self, image: ObjectRef<'_>) -> impl Future<Output = Result<(), StorageError>> + Send;

    /// Sets the tag `status` of an object to one of [`TAGGED_STATUSES`]; its other tags stay.
    fn tag_status(&self, image: ObjectRef<'_>, status: &str) -> impl Future<Output = Result<Tagged, StorageError>> + Send;
}

/// The values of the tag `status` of an original that was dealt with.
pub const TAGGED_STATUSES: [&str; 2] = ["analyzed", "rejected"];

/// Whether an object has its tag.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tagged {
    /// It has.
    Yes,
    /// It has as many tags of its uploader as an object may have, and they stay.
    NoRoom,
    /// The object is gone.
    Gone,
}

/// Whether a conditional write went through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Written {
    /// It did, now or when the same execution tried before.
    Yes,
    /// The record belongs to another execution, or is in a state that forbids it.
    Refused,
}

/// Finds records.
pub trait RecordFinder: Sync {
    /// The record of an image, read consistently.
    fn find(&self, image_id: &str) -> impl Future<Output = Result<Option<Record>, StorageError>> + Send;
}

/// Claims records.
pub trait RecordClaims: Tombstones {
    /// Writes `record` if there is none, or takes over one that failed for a reason that re-running can mend.
    fn claim(&self, record: &Record) -> impl Future<Output = Result<Written, StorageError>> + Send;

    /// Takes over the record of an image that was rejected at exactly `rejected_at`, its `FinishedAt`, to look at it anew.
    fn claim_rejected(&self, record: &Record, rejected_at: EpochMillis) -> impl Future<Output = Result<Written, StorageError>> + Send;
}

/// Marks records FAILED.
pub trait RecordFailures: Tombstones {
    /// Writes the FAILED `record` if there is none, or if the existing one belongs to the same execution, is not COMPLETED, and no review
    /// was asked for since it was read.
    fn fail(&self, record: &Record) -> impl Future<Output = Result<Written, StorageError>> + Send;
}

/// Completes records.
pub trait RecordCompletion: RecordFinder {
    /// Writes the COMPLETED `record` and its `rows` in one transaction, if its execution still owns it.
    fn complete(&self, record: &Record, rows: &[LabelRow]) -> impl Future<Output = Result<Written, StorageError>> + Send;
}

/// A question to the reviewers.
#[derive(Debug)]
pub struct ReviewRequest<'a> {
    /// The image's id.
    pub image_id: &'a str,
    /// Second half of the record's key.
    pub upload_timestamp: EpochMillis,
    /// The execution that waits.
    pub execution_arn: &'a str,
    /// Its task token: a secret.
    pub task_token: &'a secrecy::SecretString,
    /// What the policy flagged.
    pub flags: &'a [Flag],
    /// Now, epoch milliseconds.
    pub requested_at: EpochMillis,
    /// Until when a decision is taken, epoch milliseconds.
    pub deadline: EpochMillis,
}

/// Asks for reviews.
pub trait ReviewQueue: RecordFinder {
    /// Puts the image into the review queue, if its execution still owns the record, and no later try has asked already: its token is the one
    /// that counts.
    fn ask(&self, request: &ReviewRequest<'_>) -> impl Future<Output = Result<Written, StorageError>> + Send;
}

/// Whether an execution heard of a decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Told {
    /// It goes on.
    Yes,
    /// It waits no more with this token: over, timed out, or told before.
    NotWaiting,
}

/// Tells Step Functions how a review ended.
pub trait ReviewCallback: Sync {
    /// Hands `outcome` to the waiting execution.
    fn tell(&self, task_token: &secrecy::SecretString, outcome: &ReviewOutcome) -> impl Future<Output = Result<Told, StorageError>> + Send;
}

/// Publishes alerts.
pub trait AlertPublisher: Sync {
    /// Publishes `message`; gives SNS's message id.
    fn publish(&self, message: &AlertMessage) -> impl Future<Output = Result<String, AlertError>> + Send;
}

/// The first real cause of a failed execution.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FailureCause {
    /// The state at which the execution stands, where the history tells.
    pub state: Option<String>,
    /// The error's name.
    pub error: String,
    /// What it said.
    pub message: String,
}

/// Reads execution histories.
pub trait ExecutionHistory: Sync {
    /// The cause of the failure of an execution, or `None` where the history shows none.
    fn failure_cause(&self, execution_arn: &str) -> impl Future<Output = Result<Option<FailureCause>, StorageError>> + Send;

    /// Whether an execution that ended badly was redriven since: it is at work again, or has ended well by now.
    fn goes_on(&self, execution_arn: &str) -> impl Future<Output = Result<bool, StorageError>> + Send;
}

/// Another tally for an image.
#[derive(Clone, Copy)]
pub struct TallyChange<'a> {
    /// The image.
    pub image_id: &'a str,
    /// The tally as it was read.
    pub old: Option<&'a Tally>,
    /// The tally to be; none takes the image's share off.
    pub new: Option<&'a Tally>,
    /// The record by which it counts, as it was read; none where the record does not matter.
    pub record: Option<&'a Record>,
}

/// Whether a tally was replaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Replaced {
    /// It was, and the counters follow it.
    Yes,
    /// Nothing was: tally or record are not as they were read, or others are changing the same counters. To be read again.
    Changed,
}

/// Keeps what each image has added to the counters.
pub trait TallyStore: Sync {
    /// The tally of an image, read consistently.
    fn tally(&self, image_id: &str) -> impl Future<Output = Result<Option<Tally>, StorageError>> + Send;

    /// Replaces the tally of an image and adds the difference to the counters, in one transaction.
    fn replace(&self, change: &TallyChange<'_>) -> impl Future<Output = Result<Replaced, StorageError>> + Send;
}

/// Reads counters.
pub trait CounterReader: Sync {
    /// What is counted under `counter`, by name; only `names`, where they are given.
    fn counts(
        &self,
        counter: &str,
        names: Option<RangeInclusive<&str>>,
    ) -> impl Future<Output = Result<BTreeMap<String, Counts>, StorageError>> + Send;
}
