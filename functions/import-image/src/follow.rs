//! Waiting for an image to settle.

use crate::ImportImage;
use sightline_domain::{
    clock::{Clock, EpochMillis, Pause},
    error::ImportError,
    import::{ImportStatus, Imported, ListedObject, Lookup},
    ports::{ImageStore, RecordFinder},
    reconcile::Executions,
    record::Record,
};

/// How long one item waits, milliseconds: within the function's 60 seconds. What takes longer goes on without holding its place.
pub const PATIENCE: EpochMillis = 45_000;
/// A copy whose record does not appear for so long, milliseconds, is started by ourselves: its event is late, or lost.
const EVENT_DUE: EpochMillis = 10_000;
const FIRST_PAUSE: u64 = 300;
const LONGEST_PAUSE: u64 = 3_000;

/// What to wait for.
pub struct Follow {
    /// The object that is imported.
    pub object: ListedObject,
    /// Its bytes.
    pub size: u64,
    /// The execution that had failed before this import, which is no news.
    pub old_failure: Option<String>,
    /// Until when, epoch milliseconds.
    pub until: EpochMillis,
    /// The event to start an analysis with, where none seems to begin.
    pub start_later: Option<String>,
}

impl Follow {
    fn is_news(&self, record: &Record) -> bool {
        self.old_failure.as_ref() != Some(&record.execution_arn)
    }
}

impl<R: RecordFinder, O: ImageStore, E: Executions, C: Clock + Pause> ImportImage<R, O, E, C> {
    /// Looks again and again until the record is settled, or time is up.
    pub(crate) async fn follow(&self, lookup: &Lookup<'_, R, O>, mut follow: Follow) -> Result<Imported, ImportError> {
        let (begun, mut pause) = (self.clock.now(), FIRST_PAUSE);
        loop {
            let found = lookup.record(&follow.object, follow.size).await?.filter(|record| follow.is_news(record));
            let status = found.as_ref().map_or(ImportStatus::StillRunning, ImportStatus::of);
            if status != ImportStatus::StillRunning || self.clock.now() >= follow.until {
                let likeliest = || lookup.ids(&follow.object).into_iter().next().unwrap_or_default();
                let image_id = found.as_ref().map_or_else(likeliest, |record| record.image_id.clone());
                return ended(image_id, follow.object.url(), status, found);
            }
            if found.is_none()
                && self.clock.now() - begun >= EVENT_DUE
                && let Some(event) = follow.start_later.take()
            {
                self.executions.start(&event).await?;
            }
            self.clock.pause(pause).await;
            pause = (pause + pause / 2).min(LONGEST_PAUSE);
        }
    }
}

fn ended(image_id: String, source: String, status: ImportStatus, record: Option<Record>) -> Result<Imported, ImportError> {
    let (reason, detail) = record.map(|record| (record.status_reason, record.status_detail)).unwrap_or_default();
    match status {
        ImportStatus::Failed => {
            let reason = [reason, detail].into_iter().flatten().collect::<Vec<_>>().join(": ");
            Err(ImportError::Failed { image_id, reason })
        }
        ImportStatus::Rejected => Ok(Imported { image_id, source, status, reason }),
        ImportStatus::Completed | ImportStatus::Review | ImportStatus::Erased | ImportStatus::StillRunning => {
            Ok(Imported { image_id, source, status, reason: None })
        }
    }
}
