//! Where the last run stopped, so that the next one continues there: JSON in the images bucket.

use crate::{
    model::{
        clock::{DAY_MILLIS, EpochMillis},
        error::StorageError,
        identity::ObjectRef,
        layout,
        record::WorkQueue,
    },
    ports::{Objects, RecordKey, UploadVersion, VersionPosition},
};
use serde::{Deserialize, Serialize};

/// How much of the last sweep the next one repeats: clocks differ, and listings may be late.
const MARGIN_MILLIS: EpochMillis = 15 * 60_000;

/// The same for multipart uploads, whose `LastModified` is when they *began* (S3 user guide, "Multipart upload"): the bucket aborts
/// unfinished ones after seven days (the lifecycle rules of the bucket, `cdk/lib`).
const MULTIPART_MARGIN_MILLIS: EpochMillis = 7 * DAY_MILLIS + MARGIN_MILLIS;

/// At most this many failed versions are stored for the next sweep. If there are more, the versions are not the cause.
const MAX_RETRIED: usize = 100;

/// The position of the last run.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Bookmark {
    /// The upload time up to which the last complete sweep checked; `None` if there was none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub swept_until: Option<EpochMillis>,
    /// The unfinished sweep.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sweep: Option<Sweep>,
    /// Versions that the last complete sweep could not check: the next one checks them again, however old they are.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub look_again: Vec<VersionPosition>,
    /// Where to continue in the work queues; `None`: at their beginning.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub queue: Option<QueueBookmark>,
}

/// A sweep over all uploads.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Sweep {
    /// The upload time up to which it checks.
    pub until: EpochMillis,
    /// The last version that was checked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<VersionPosition>,
    /// Versions that could not be checked.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub look_again: Vec<VersionPosition>,
    /// Whether there were more of them than are stored, so that the next sweep must check the same versions as this one.
    #[serde(default)]
    pub troubled: bool,
    /// The time of the oldest upload for which it started an execution: until that has a record, the next sweep checks it again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub oldest_started: Option<EpochMillis>,
}

impl Sweep {
    /// Notes that an execution was started for an upload of the time `uploaded`.
    pub fn started(&mut self, uploaded: EpochMillis) {
        self.oldest_started = Some(self.oldest_started.map_or(uploaded, |oldest| oldest.min(uploaded)));
    }

    /// Notes a version that could not be checked.
    pub fn failed(&mut self, version: VersionPosition) {
        if self.look_again.len() < MAX_RETRIED {
            self.look_again.push(version);
        } else {
            self.troubled = true;
        }
    }
}

/// A position in the work queues.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct QueueBookmark {
    /// The queue.
    pub queue: WorkQueue,
    /// The last image that was checked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<RecordKey>,
}

impl Bookmark {
    /// Reads the bookmark of the bucket. If it is missing, broken, or written by a clock that was ahead, the run starts at the beginning:
    /// that only takes longer.
    ///
    /// # Errors
    ///
    /// [`StorageError`] if S3 cannot be read.
    pub async fn read(objects: &impl Objects, bucket: &str, now: EpochMillis) -> Result<Self, StorageError> {
        let stored = objects.read(ObjectRef::current(bucket, layout::RECONCILE_BOOKMARK)).await?;
        let mut bookmark: Self = stored.and_then(|json| serde_json::from_slice(&json).ok()).unwrap_or_default();
        bookmark.swept_until = bookmark.swept_until.filter(|until| *until <= now);
        bookmark.sweep = bookmark.sweep.filter(|sweep| sweep.until <= now);
        Ok(bookmark)
    }

    /// Stores the bookmark in the bucket.
    ///
    /// # Errors
    ///
    /// [`StorageError`] if S3 cannot be written.
    pub async fn write(&self, objects: &impl Objects, bucket: &str) -> Result<(), StorageError> {
        let doing = "storing the bookmark";
        let json = serde_json::to_vec(self).map_err(|source| StorageError::Misconfigured { doing, source: source.into() })?;
        objects.write_json(bucket, layout::RECONCILE_BOOKMARK, json).await
    }

    /// The unfinished sweep, or a new one up to `until`.
    pub fn begin(&mut self, until: EpochMillis) -> &mut Sweep {
        self.sweep.get_or_insert(Sweep { until, after: None, look_again: Vec::new(), troubled: false, oldest_started: None })
    }

    /// Ends the sweep: it has checked all versions.
    pub fn finish(&mut self) {
        let Some(sweep) = self.sweep.take() else { return };
        self.look_again = sweep.look_again;
        if !sweep.troubled {
            let done_until = sweep.oldest_started.map_or(sweep.until, |oldest| oldest.min(sweep.until));
            self.swept_until = self.swept_until.max(Some(done_until));
        }
    }

    /// Whether the sweep up to `until` has to check a version: earlier sweeps have checked older ones.
    pub fn is_due(&self, version: &UploadVersion, until: EpochMillis) -> bool {
        let margin = if is_multipart(version) { MULTIPART_MARGIN_MILLIS } else { MARGIN_MILLIS };
        let is_new = self.swept_until.is_none_or(|swept| version.last_modified > swept - margin);
        version.last_modified <= until && (is_new || self.look_again.contains(&version.position()))
    }
}

/// The entity tag of a multipart upload ends in a dash and the number of its parts.
fn is_multipart(version: &UploadVersion) -> bool {
    version.upload.etag.contains('-')
}
