//! The record of an image: one item of the table `ImageMetadataStore`. Commands show it under the same names.

use crate::model::{
    analysis::Outcome,
    clock::{DAY_MILLIS, EpochMillis},
    findings::{Face, Flag, Scored, StoredLabel, TextLine, Verdict},
    identity::Upload,
    image::{Creation, ExifFacts, ImageFormat, ImageRef},
    image_name::image_name,
    rejection::ReasonCode,
    review::{ReviewOutcome, ReviewStatus},
};
use serde::{Deserialize, Serialize};
use strum::{AsRefStr, VariantArray};

/// The default of the setting `retentionDays`: two years.
pub const DEFAULT_RETENTION_DAYS: u32 = 730;

/// Version of the record's schema.
pub const SCHEMA_VERSION: u32 = 1;

/// The processing status of an image.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, AsRefStr)]
#[serde(rename_all = "UPPERCASE")]
#[strum(serialize_all = "UPPERCASE")]
pub enum ProcessingStatus {
    /// Being analysed, or waiting for a review.
    #[default]
    Pending,
    /// Analysed.
    Completed,
    /// Rejected, or its execution failed; `StatusReason` has the reason.
    Failed,
    /// Erased. The item stays to refuse late writes and late events ([`crate::flows::erase`]).
    Erased,
}

/// The work queue of an image. COMPLETED records are in no queue, so the index over the queues stays small.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, AsRefStr)]
#[serde(rename_all = "UPPERCASE")]
#[strum(serialize_all = "UPPERCASE")]
pub enum WorkQueue {
    /// An execution analyses the image, or will be started again.
    Pending,
    /// A reviewer has to decide.
    Review,
    /// The image failed or was rejected.
    Failed,
    /// The image was erased; reconcile will check once more for late writes.
    Erased,
}

/// The outcomes of the analyses; `None` if an analysis has not run yet.
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

/// The record. Fields that are not known yet are absent. It does not implement `Debug`, so that found text is never logged.
#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Record {
    /// UUID; partition key.
    #[serde(rename = "ImageID")]
    pub image_id: String,
    /// `LastModified` of the object, epoch milliseconds; sort key.
    pub upload_timestamp: EpochMillis,
    /// Owner; empty in a tombstone.
    #[serde(default, rename = "OwnerID", skip_serializing_if = "String::is_empty")]
    pub owner_id: String,
    /// The name of the file, for people ([`crate::model::image_name`]).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image_name: Option<String>,
    /// The owner's title.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// Labels that the owner added, in lower case, in the order in which they were added.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub own_labels: Vec<String>,
    /// Rekognition's labels that the owner removed, in lower case. They stay in [`Record::labels`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub removed_labels: Vec<String>,
    /// Number of edits by the owner: the version of title, own and removed labels.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub edits: u32,
    /// Time of the last edit, epoch milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub edited_at: Option<EpochMillis>,
    /// The processing status.
    pub processing_status: ProcessingStatus,
    /// Why it is FAILED: a [`ReasonCode`], or the name of the error that ended the execution.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status_reason: Option<String>,
    /// The same reason as a sentence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status_detail: Option<String>,
    /// The review status.
    #[serde(default)]
    pub review_status: ReviewStatus,
    /// The reviewer who decided.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reviewed_by: Option<String>,
    /// Time of the decision, epoch milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reviewed_at: Option<EpochMillis>,
    /// The reviewer's reason.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub review_reason: Option<String>,
    /// When the review was requested, epoch milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub review_requested_at: Option<EpochMillis>,
    /// The last moment at which a decision is accepted, epoch milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub review_deadline: Option<EpochMillis>,
    /// The reviewer who works on the open review.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub review_claimed_by: Option<String>,
    /// Until when other reviewers leave it to them, epoch milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub review_claimed_until: Option<EpochMillis>,
    /// The work queue; absent if it is COMPLETED.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub work_queue: Option<WorkQueue>,
    /// The labels, most confident first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub labels: Option<Vec<StoredLabel>>,
    /// The top [`SUMMARY_LABELS`] labels as the owner wants them ([`crate::rules::overlay`]).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detection_summary: Option<Vec<Scored>>,
    /// Watched labels that were found.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub watched_labels: Option<Vec<Scored>>,
    /// The faces, largest first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub face_data: Option<Vec<Face>>,
    /// The number of faces.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub face_count: Option<usize>,
    /// The lines of text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text_lines: Option<Vec<TextLine>>,
    /// The number of lines of text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text_line_count: Option<usize>,
    /// The verdict of the moderation policy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub moderation_verdict: Option<Verdict>,
    /// The moderation flags.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub moderation_flags: Option<Vec<Flag>>,
    /// The outcomes of the analyses.
    #[serde(default)]
    pub analyses: Analyses,
    /// `s3://bucket/key` of the original; empty in a tombstone.
    #[serde(default, rename = "S3_URL", skip_serializing_if = "String::is_empty")]
    pub s3_url: String,
    /// Version of the original, in a versioned bucket.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version_id: Option<String>,
    /// Entity tag of the original.
    #[serde(default, rename = "ETag")]
    pub etag: String,
    /// Size of the original in bytes.
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
    /// Key of the thumbnail for dense screens; absent if the first one is as large as the image.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub large_thumbnail_key: Option<String>,
    /// A placeholder of the upright image: base64 of a [thumbhash](https://evanw.github.io/thumbhash/), about 21 bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub thumbhash: Option<String>,
    /// EXIF data.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exif: Option<ExifFacts>,
    /// Latitude from EXIF, degrees north; beside [`Record::exif`], because an index contains only whole attributes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub latitude: Option<f64>,
    /// Longitude from EXIF, degrees east.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub longitude: Option<f64>,
    /// Problems that did not prevent the analysis, one sentence each.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub warnings: Option<Vec<String>>,
    /// The execution that holds the record; empty if it is ERASED, so that none does.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub execution_arn: String,
    /// The execution that held it and has to be stopped, while it is being erased.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub execution_to_stop: Option<String>,
    /// Number of executions that have claimed it, or resumed it after a redrive.
    #[serde(default)]
    pub attempts: u32,
    /// When the execution claimed it, epoch milliseconds.
    #[serde(default)]
    pub claimed_at: EpochMillis,
    /// When it became COMPLETED or FAILED, epoch milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finished_at: Option<EpochMillis>,
    /// When it became ERASED, epoch milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub erased_at: Option<EpochMillis>,
    /// When DynamoDB may delete it, epoch seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<i64>,
    /// Version of the schema.
    pub schema_version: u32,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
const fn is_zero(number: &u32) -> bool {
    *number == 0
}

/// Maximum number of labels in `DetectionSummary`.
pub const SUMMARY_LABELS: usize = 5;

impl Record {
    /// The PENDING record of an upload that an execution claims at `now`. Its name comes from the key, until the metadata is known.
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
            work_queue: Some(WorkQueue::Pending),
            s3_url: format!("s3://{}/{}", upload.bucket, upload.key),
            version_id: upload.version_id.clone(),
            etag: upload.etag.clone(),
            size,
            execution_arn,
            attempts: 1,
            claimed_at: now,
            schema_version: SCHEMA_VERSION,
            ..Self::default()
        }
    }

    /// The record as the inspection of `image` created it, without what the inspection found; `None` if there may have been a record before.
    pub fn created(image: &ImageRef) -> Option<Self> {
        let Creation { etag, claimed_at } = image.created.clone()?;
        let upload = Upload { bucket: image.bucket.clone(), key: image.key.clone(), version_id: image.version_id.clone(), etag };
        let (id, execution) = (image.image_id.clone(), image.execution_arn.clone());
        let record = Self::claimed(id, &upload, image.size, image.upload_timestamp, execution, claimed_at);
        Some(Self { image_name: image.image_name.clone(), ..record })
    }

    /// The upload of this record, with the version if its id depends on the version. `None` if the record has no `S3_URL`.
    pub fn upload(&self) -> Option<Upload> {
        let (bucket, key) = self.s3_url.strip_prefix("s3://")?.split_once('/')?;
        let upload = |version_id: Option<&String>| Upload {
            bucket: bucket.to_owned(),
            key: key.to_owned(),
            version_id: version_id.cloned(),
            etag: self.etag.clone(),
        };
        [upload(self.version_id.as_ref()), upload(None)].into_iter().find(|upload| upload.candidate_ids().contains(&self.image_id))
    }

    /// Whether a fresh execution of the same upload can take over the record: it is FAILED, but not rejected.
    pub fn is_rerunnable(&self) -> bool {
        self.processing_status == ProcessingStatus::Failed && !self.is_rejected()
    }

    /// Whether the image was rejected with a [permanent](ReasonCode::is_permanent) code, so that running again cannot repair it.
    pub fn is_rejected(&self) -> bool {
        self.processing_status == ProcessingStatus::Failed && self.reason_code().is_some_and(ReasonCode::is_permanent)
    }

    /// `StatusReason` as a code; `None` if it is absent or the name of an error.
    fn reason_code(&self) -> Option<ReasonCode> {
        self.status_reason.as_ref()?.parse().ok()
    }

    /// Whether the image waits for a reviewer. A record that FAILED during its review keeps the review status PENDING, but its execution has
    /// ended.
    pub fn is_in_review(&self) -> bool {
        self.processing_status == ProcessingStatus::Pending && self.review_status == ReviewStatus::Pending
    }

    /// Whether the image was erased, or is being erased.
    pub fn is_erased(&self) -> bool {
        self.processing_status == ProcessingStatus::Erased
    }

    /// Whether the erasure is complete: the image and its findings are deleted.
    pub fn is_tombstone(&self) -> bool {
        self.is_erased() && self.s3_url.is_empty()
    }

    /// Whether this is a closed tombstone: no late write can come any more, so the id can be used again.
    pub fn is_closed(&self) -> bool {
        self.is_tombstone() && self.work_queue.is_none()
    }

    /// The decision of a reviewer that is saved in the record.
    pub fn decision(&self) -> Option<ReviewOutcome> {
        self.review_status.is_decided().then(|| ReviewOutcome {
            status: self.review_status,
            reviewed_by: self.reviewed_by.clone(),
            reviewed_at: self.reviewed_at,
            review_reason: self.review_reason.clone(),
        })
    }

    /// Whether the image must not be shown.
    pub fn is_withheld(&self) -> bool {
        is_withheld(self.moderation_verdict, self.review_status)
    }
}

/// When DynamoDB may delete a record that became COMPLETED or FAILED at `now` (epoch milliseconds): epoch seconds, or `None` if
/// `retention_days` is 0.
pub fn expires_at(now: EpochMillis, retention_days: u32) -> Option<i64> {
    (retention_days > 0).then(|| (now + i64::from(retention_days) * DAY_MILLIS) / 1000)
}

/// Whether an image must not be shown: the policy blocks it, or its review withholds it.
pub fn is_withheld(verdict: Option<Verdict>, review: ReviewStatus) -> bool {
    verdict == Some(Verdict::Block) || review.withholds()
}

/// The item that remains of an erased image: nothing except its key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Tombstone {
    /// The image.
    #[serde(rename = "ImageID")]
    pub image_id: String,
    /// Sort key.
    pub upload_timestamp: EpochMillis,
    /// Always ERASED.
    pub processing_status: ProcessingStatus,
    /// ERASED until reconcile has checked for late writes and closed the tombstone, then absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub work_queue: Option<WorkQueue>,
    /// When the image was erased, epoch milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub erased_at: Option<EpochMillis>,
    /// The version that was deleted; absent after the tombstone was closed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version_id: Option<String>,
    /// Version of the schema.
    pub schema_version: u32,
}

impl Tombstone {
    /// The tombstone of an erased record.
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

/// The outcome of an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, AsRefStr, VariantArray)]
#[serde(rename_all = "UPPERCASE")]
#[strum(serialize_all = "UPPERCASE")]
pub enum ImageOutcome {
    /// Analysed, and can be shown.
    Completed,
    /// Analysed, and must not be shown.
    Withheld,
    /// Rejected with a reason code.
    Rejected,
    /// Its execution failed, and can run again.
    Failed,
}

impl ImageOutcome {
    /// All outcomes, in the order in which they are displayed.
    pub const ALL: &'static [Self] = Self::VARIANTS;

    /// The outcome of the image of `record`; `None` if the record is PENDING or ERASED.
    pub fn of(record: &Record) -> Option<Self> {
        match record.processing_status {
            ProcessingStatus::Pending | ProcessingStatus::Erased => None,
            ProcessingStatus::Completed if record.is_withheld() => Some(Self::Withheld),
            ProcessingStatus::Completed => Some(Self::Completed),
            ProcessingStatus::Failed if record.reason_code().is_some() => Some(Self::Rejected),
            ProcessingStatus::Failed => Some(Self::Failed),
        }
    }
}

/// Milliseconds from the upload to the COMPLETED or FAILED record.
///
/// `None` if the record is not finished, or if a review was requested, because it would measure the reviewer. S3 rounds the time of the
/// upload down to whole seconds, so the result can be up to a second too long.
pub fn end_to_end(record: &Record) -> Option<EpochMillis> {
    let reviewed = record.review_status != ReviewStatus::None;
    record.finished_at.filter(|_| !reviewed).map(|end| end.saturating_sub(record.upload_timestamp).max(0))
}
