//! Where the last run stopped, so that the next one goes on there: JSON in the images bucket.

use super::ports::{QueuePlace, UploadVersion, VersionPlace};
use crate::{clock::EpochMillis, error::StorageError, layout, ports::ResultStore, record::WorkQueue};
use serde::{Deserialize, Serialize};

/// How far behind the last sweep the next one looks again: for clocks that differ, and listings that are a moment late.
const MARGIN_MILLIS: EpochMillis = 15 * 60_000;
/// The same for uploads in parts, whose `LastModified` is when they *began* (S3 user guide, "Multipart upload"): the bucket ends
/// unfinished ones after seven days (`cdk/lib/image-bucket.ts`).
const MULTIPART_MARGIN_MILLIS: EpochMillis = 7 * crate::clock::DAY_MILLIS + MARGIN_MILLIS;

/// So many versions are named for another look. More mean that the trouble is not theirs; and the bookmark stays small.
const MOST_LOOKED_AT_AGAIN: usize = 100;

/// The bookmark.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Bookmark {
    /// Up to when uploads had been looked at when the last whole sweep ended; `None` = never.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub swept_until: Option<EpochMillis>,
    /// The sweep that is under way.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sweep: Option<Sweep>,
    /// Versions that the last whole sweep could not deal with: the next one looks at them again, however old they are.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub look_again: Vec<VersionPlace>,
    /// Where to go on in the work queues; `None` = at their beginning.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub queue: Option<QueuePosition>,
}

/// A sweep over all uploads.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Sweep {
    /// Up to when it looks at uploads.
    pub until: EpochMillis,
    /// How far it came.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<VersionPlace>,
    /// Versions that could not be dealt with.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub look_again: Vec<VersionPlace>,
    /// Whether there were more of those than are kept, so that the next sweep must look at the same versions as this one.
    #[serde(default)]
    pub troubled: bool,
    /// When the oldest of those uploads came that it started: until they have a record, the next sweep looks at them again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub oldest_started: Option<EpochMillis>,
}

impl Sweep {
    /// It started an upload that came at `uploaded`.
    pub fn started(&mut self, uploaded: EpochMillis) {
        self.oldest_started = Some(self.oldest_started.map_or(uploaded, |oldest| oldest.min(uploaded)));
    }
}

impl Sweep {
    /// It could not deal with the version at `place`.
    pub fn left(&mut self, place: VersionPlace) {
        if self.look_again.len() < MOST_LOOKED_AT_AGAIN {
            self.look_again.push(place);
        } else {
            self.troubled = true;
        }
    }
}

/// A place in the work queues.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct QueuePosition {
    /// Which queue.
    pub queue: WorkQueue,
    /// How far.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<QueuePlace>,
}

impl Bookmark {
    /// The bookmark of the bucket. One that is absent, broken, or written by a clock that was ahead means starting anew, which costs
    /// time and nothing else.
    pub async fn read(store: &impl ResultStore, bucket: &str, now: EpochMillis) -> Result<Self, StorageError> {
        let stored = store.read_result(bucket, layout::RECONCILE_BOOKMARK).await?;
        let mut bookmark: Self = stored.and_then(|json| serde_json::from_slice(&json).ok()).unwrap_or_default();
        bookmark.swept_until = bookmark.swept_until.filter(|until| *until <= now);
        bookmark.sweep = bookmark.sweep.filter(|sweep| sweep.until <= now);
        Ok(bookmark)
    }

    /// Keeps it.
    pub async fn write(&self, store: &impl ResultStore, bucket: &str) -> Result<(), StorageError> {
        let doing = "keeping the bookmark";
        let json = serde_json::to_vec(self).map_err(|source| StorageError::Misconfigured { doing, source: source.into() })?;
        store.write_result(bucket, layout::RECONCILE_BOOKMARK, json).await
    }

    /// The sweep that is under way, or a new one up to `until`.
    pub fn begin(&mut self, until: EpochMillis) -> &mut Sweep {
        self.sweep.get_or_insert(Sweep { until, after: None, look_again: Vec::new(), troubled: false, oldest_started: None })
    }

    /// The sweep came to its end.
    pub fn finish(&mut self) {
        let Some(sweep) = self.sweep.take() else { return };
        self.look_again = sweep.look_again;
        if !sweep.troubled {
            let done_until = sweep.oldest_started.map_or(sweep.until, |oldest| oldest.min(sweep.until));
            self.swept_until = self.swept_until.max(Some(done_until));
        }
    }

    /// Whether the sweep up to `until` has to look for the record of a version: an earlier one has dealt with those before.
    pub fn is_due(&self, version: &UploadVersion, until: EpochMillis) -> bool {
        let margin = if is_multipart(version) { MULTIPART_MARGIN_MILLIS } else { MARGIN_MILLIS };
        let is_new = self.swept_until.is_none_or(|swept| version.last_modified > swept - margin);
        version.last_modified <= until && (is_new || self.look_again.contains(&version.place()))
    }
}

/// The entity tag of an upload in parts ends in a dash and their number.
fn is_multipart(version: &UploadVersion) -> bool {
    version.upload.etag.contains('-')
}
