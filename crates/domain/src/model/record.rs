//! The record of an image: one item of the table `ImageMetadataStore`, and what every command, page and API shows.

use crate::model::{
    analysis::Outcome,
    clock::{DAY_MILLIS, EpochMillis},
    findings::{Face, Flag, Scored, StoredLabel, TextLine, Verdict},
    identity::Upload,
    image::{ExifFacts, ImageFormat},
    image_name::image_name,
    rejection::ReasonCode,
    review::ReviewStatus,
};
use serde::{Deserialize, Serialize};

/// Version of this schema.
pub const SCHEMA_VERSION: u32 = 1;

/// Whether an image is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum ProcessingStatus {
    /// Being analysed, or waiting for review.
    Pending,
    /// Done.
    Completed,
    /// Rejected, or its execution failed; `StatusReason` says why.
    Failed,
    /// Erased: what is left keeps late writes and late events out ([`crate::flows::erase`]).
    Erased,
}

/// The queue in which an image waits for somebody; absent once it is COMPLETED, so the index over it stays small.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum WorkQueue {
    /// An execution is at work, or is about to be started again.
    Pending,
    /// A reviewer is asked.
    Review,
    /// It failed or was rejected.
    Failed,
    /// It was erased, and is looked at once more for what was written late.
    Erased,
}

/// What became of each analysis.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Analyses {
    /// `DetectLabels`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub labels: Option<Outcome>,
    /// `DetectFaces`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub faces: Option<Outcome>,
    /// `DetectText`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<Outcome>,
    /// `DetectModerationLabels`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub moderation: Option<Outcome>,
}

/// The record. Fields that are not known yet are absent. It has no `Debug`, since found text stays out of logs.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Record {
    /// UUID; partition key.
    #[serde(rename = "ImageID")]
    pub image_id: String,
    /// Epoch milliseconds of the object's `LastModified`; sort key.
    pub upload_timestamp: EpochMillis,
    /// Owner; empty in a tombstone.
    #[serde(default, rename = "OwnerID", skip_serializing_if = "String::is_empty")]
    pub owner_id: String,
    /// The file's own name ([`crate::model::image_name`]).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image_name: Option<String>,
    /// PENDING, COMPLETED, FAILED or ERASED.
    pub processing_status: ProcessingStatus,
    /// Why FAILED: a reason code of [`crate::model::rejection::ReasonCode`], or the name of the error that failed the execution.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status_reason: Option<String>,
    /// The reason as a sentence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status_detail: Option<String>,
    /// Where it stands with its reviewers.
    #[serde(default)]
    pub review_status: ReviewStatus,
    /// Who decided.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reviewed_by: Option<String>,
    /// When it was decided, epoch milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reviewed_at: Option<EpochMillis>,
    /// Why it was decided so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub review_reason: Option<String>,
    /// When the decision was asked for, epoch milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub review_requested_at: Option<EpochMillis>,
    /// Until when a decision is taken, epoch milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub review_deadline: Option<EpochMillis>,
    /// The queue in which it waits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub work_queue: Option<WorkQueue>,
    /// The labels, most confident first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub labels: Option<Vec<StoredLabel>>,
    /// The top [`SUMMARY_LABELS`] labels.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detection_summary: Option<Vec<Scored>>,
    /// Watched labels that were found.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub watched_labels: Option<Vec<Scored>>,
    /// The faces, largest first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub face_data: Option<Vec<Face>>,
    /// The lines of text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text_lines: Option<Vec<TextLine>>,
    /// The verdict of the moderation policy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub moderation_verdict: Option<Verdict>,
    /// The moderation flags.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub moderation_flags: Option<Vec<Flag>>,
    /// What became of each analysis.
    #[serde(default)]
    pub analyses: Analyses,
    /// `s3://bucket/key` of the original; empty in a tombstone.
    #[serde(default, rename = "S3_URL", skip_serializing_if = "String::is_empty")]
    pub s3_url: String,
    /// Version of the original, on a versioned bucket.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version_id: Option<String>,
    /// Entity tag of the original.
    #[serde(default, rename = "ETag")]
    pub etag: String,
    /// Bytes of the original.
    #[serde(default)]
    pub size: u64,
    /// Format by content.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub format: Option<ImageFormat>,
    /// Upright width, px.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub width: Option<u32>,
    /// Upright height, px.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub height: Option<u32>,
    /// Hex SHA-256 of the original.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content_sha256: Option<String>,
    /// Key of the normalised copy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub processed_key: Option<String>,
    /// Key of the thumbnail.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub thumbnail_key: Option<String>,
    /// What the camera wrote.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exif: Option<ExifFacts>,
    /// Oddities, a sentence each.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub warnings: Option<Vec<String>>,
    /// The execution that owns the record; empty once it is ERASED, so that none does.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub execution_arn: String,
    /// The execution that owned it, while it is being erased.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub execution_to_stop: Option<String>,
    /// Executions that have worked on it.
    #[serde(default)]
    pub attempts: u32,
    /// When the execution claimed it, epoch milliseconds.
    #[serde(default)]
    pub claimed_at: EpochMillis,
    /// When it was COMPLETED or FAILED, epoch milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finished_at: Option<EpochMillis>,
    /// When it was ERASED, epoch milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub erased_at: Option<EpochMillis>,
    /// When DynamoDB may delete it, epoch seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<i64>,
    /// Version of the schema.
    pub schema_version: u32,
}

/// Labels in `DetectionSummary`.
pub const SUMMARY_LABELS: usize = 5;

impl Record {
    /// The record of an upload that an execution has just claimed. Its name is the end of its key, until the upload's metadata is known.
    pub fn claimed(
        image_id: String,
        upload: &Upload,
        size: u64,
        upload_timestamp: EpochMillis,
        execution_arn: String,
        now: EpochMillis,
    ) -> Self {
        Self {
            image_id,
            upload_timestamp,
            owner_id: upload.owner_id().to_owned(),
            image_name: image_name(None, &upload.key),
            processing_status: ProcessingStatus::Pending,
            status_reason: None,
            status_detail: None,
            review_status: ReviewStatus::None,
            reviewed_by: None,
            reviewed_at: None,
            review_reason: None,
            review_requested_at: None,
            review_deadline: None,
            work_queue: Some(WorkQueue::Pending),
            labels: None,
            detection_summary: None,
            watched_labels: None,
            face_data: None,
            text_lines: None,
            moderation_verdict: None,
            moderation_flags: None,
            analyses: Analyses::default(),
            s3_url: format!("s3://{}/{}", upload.bucket, upload.key),
            version_id: upload.version_id.clone(),
            etag: upload.etag.clone(),
            size,
            format: None,
            width: None,
            height: None,
            content_sha256: None,
            processed_key: None,
            thumbnail_key: None,
            exif: None,
            warnings: None,
            execution_arn,
            execution_to_stop: None,
            attempts: 1,
            claimed_at: now,
            finished_at: None,
            erased_at: None,
            expires_at: None,
            schema_version: SCHEMA_VERSION,
        }
    }

    /// The upload that it is the record of, named as its event named it: by its version, or without one by its entity tag.
    pub fn upload(&self) -> Option<Upload> {
        let (bucket, key) = self.s3_url.strip_prefix("s3://")?.split_once('/')?;
        let named = |version_id: Option<&String>| Upload {
            bucket: bucket.to_owned(),
            key: key.to_owned(),
            version_id: version_id.cloned(),
            etag: self.etag.clone(),
        };
        let (with, without) = (named(self.version_id.as_ref()), named(None));
        [with, without].into_iter().find(|upload| upload.candidate_ids().contains(&self.image_id))
    }

    /// Whether a fresh execution of the same upload may take the record over: it failed for a reason that re-running can mend.
    pub fn is_rerunnable(&self) -> bool {
        self.processing_status == ProcessingStatus::Failed && !self.is_rejected()
    }

    /// Whether the image itself was refused, so that re-running cannot mend it.
    pub fn is_rejected(&self) -> bool {
        let code = |reason: &String| crate::model::rejection::ReasonCode::FINAL.iter().any(|code| code.as_str() == reason.as_str());
        self.processing_status == ProcessingStatus::Failed && self.status_reason.as_ref().is_some_and(code)
    }

    /// Whether the image was erased, or is being erased.
    pub fn is_erased(&self) -> bool {
        self.processing_status == ProcessingStatus::Erased
    }

    /// Whether the image must not be shown.
    pub fn is_withheld(&self) -> bool {
        withheld(self.moderation_verdict, self.review_status)
    }
}

/// When DynamoDB may delete a record that ended at `now` (epoch milliseconds): epoch seconds, or `None` where `retention_days` is 0.
pub fn expires_at(now: EpochMillis, retention_days: u32) -> Option<i64> {
    (retention_days > 0).then(|| (now + i64::from(retention_days) * DAY_MILLIS) / 1000)
}

/// Whether an image must not be shown: blocked by the policy, or by its review.
pub fn withheld(verdict: Option<Verdict>, review: ReviewStatus) -> bool {
    verdict == Some(Verdict::Block) || review.withholds()
}

/// All that is left: nothing of the image but its key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Tombstone {
    /// The image.
    #[serde(rename = "ImageID")]
    pub image_id: String,
    /// Second half of the record's key.
    pub upload_timestamp: EpochMillis,
    /// ERASED.
    pub processing_status: ProcessingStatus,
    /// ERASED until it was looked at once more for what was written late.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub work_queue: Option<WorkQueue>,
    /// When, epoch milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub erased_at: Option<EpochMillis>,
    /// The version that was deleted, as long as a function that has seen it may still be at work.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version_id: Option<String>,
    /// Version of the schema.
    pub schema_version: u32,
}

impl Tombstone {
    /// What is left of `erased`.
    pub fn of(erased: &Record) -> Self {
        Self {
            image_id: erased.image_id.clone(),
            upload_timestamp: erased.upload_timestamp,
            processing_status: ProcessingStatus::Erased,
            work_queue: erased.work_queue.filter(|queue| *queue == WorkQueue::Erased),
            erased_at: erased.erased_at,
            version_id: erased.version_id.clone(),
            schema_version: SCHEMA_VERSION,
        }
    }
}

impl Record {
    /// Whether the erasure is done: the image, and what was found in it, are gone.
    pub fn is_tombstone(&self) -> bool {
        self.is_erased() && self.s3_url.is_empty()
    }

    /// Whether nothing can be written for the erased image any more, so that its id may be used again.
    pub fn is_closed(&self) -> bool {
        self.is_tombstone() && self.work_queue.is_none()
    }
}

/// The ends that are told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum ImageOutcome {
    /// Analysed, and may be shown.
    Completed,
    /// Analysed, and must not be shown.
    Withheld,
    /// No image that can be analysed: there is nothing to re-run.
    Rejected,
    /// Its execution failed: it can be run again.
    Failed,
}

impl ImageOutcome {
    /// All of them, in the order in which they are shown.
    pub const ALL: [Self; 4] = [Self::Completed, Self::Withheld, Self::Rejected, Self::Failed];

    /// As it is written in metrics: `COMPLETED` …
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Completed => "COMPLETED",
            Self::Withheld => "WITHHELD",
            Self::Rejected => "REJECTED",
            Self::Failed => "FAILED",
        }
    }

    /// How the image of `record` ended; `None` while it has not, and of one that was erased, which counts for nothing any more.
    pub fn of(record: &Record) -> Option<Self> {
        let refused = |reason: &String| ReasonCode::ALL.iter().any(|code| code.as_str() == reason.as_str());
        match record.processing_status {
            ProcessingStatus::Pending | ProcessingStatus::Erased => None,
            ProcessingStatus::Completed if record.is_withheld() => Some(Self::Withheld),
            ProcessingStatus::Completed => Some(Self::Completed),
            ProcessingStatus::Failed if record.status_reason.as_ref().is_some_and(refused) => Some(Self::Rejected),
            ProcessingStatus::Failed => Some(Self::Failed),
        }
    }
}

/// Milliseconds from the upload to the end of the image.
///
/// `None` while it has no end, and where a person was asked: how long people take says nothing about the machine. S3 gives the upload's
/// moment in whole seconds, rounded down, so that up to a second of it is rounding.
pub fn end_to_end(record: &Record) -> Option<EpochMillis> {
    let asked = record.review_status != ReviewStatus::None;
    record.finished_at.filter(|_| !asked).map(|end| end.saturating_sub(record.upload_timestamp).max(0))
}
