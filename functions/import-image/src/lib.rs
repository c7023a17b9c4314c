//! Analyses one image that is already in a bucket, and waits until its analysis ends or needs a reviewer, so that the Map that calls this
//! function limits the analyses in progress.
//!
//! Input: one row of the list ([`ImportItem`]). Output: [`Imported`]. Errors: `Import.*`, `Storage.*`, `Input.Invalid`.

use sightline_domain::{
    flows::import::Lookup,
    model::{
        Clock, EpochMillis, ImportError, ImportItem, ImportStatus, Imported, ListedObject, ObjectRef, Pause, Record, Upload,
        event::object_created,
    },
    ports::{Executions, ImportSource, ObjectFacts, Objects, Records},
};
use sightline_kit::{Step, StepFailure, set_image_id, settings::Reader};

/// How long one item waits: less than the function's 60 seconds. A longer analysis continues without its slot in the Map. Milliseconds.
pub const MAX_WAIT: EpochMillis = 45_000;
/// If the record of a copy does not appear within this time, its event is late or lost, and an execution is started. Milliseconds.
const EVENT_DUE: EpochMillis = 10_000;
/// The pause between two reads of the record grows from the first to the longest. Milliseconds.
const FIRST_PAUSE: u64 = 300;
const LONGEST_PAUSE: u64 = 3_000;

/// Imports through the records `R`, the objects `O` and the executions `E`, by the clock `C`.
pub struct ImportImage<R, O, E, C> {
    images_bucket: String,
    records: R,
    objects: O,
    executions: E,
    clock: C,
}

/// The settings of the function (docs/configuration.md).
pub struct Settings {
    /// Table of the records.
    pub records_table: String,
    /// The images bucket.
    pub images_bucket: String,
    /// The state machine, or its alias, that analyses are started with.
    pub state_machine_arn: String,
}

/// Reads the settings.
pub fn settings(reader: &mut Reader<'_>) -> Settings {
    Settings {
        records_table: reader.text("RECORDS_TABLE"),
        images_bucket: reader.text("IMAGES_BUCKET"),
        state_machine_arn: reader.text("STATE_MACHINE_ARN"),
    }
}

impl<R, O, E, C> ImportImage<R, O, E, C> {
    /// A step that imports into `images_bucket`.
    pub fn new(images_bucket: impl Into<String>, records: R, objects: O, executions: E, clock: C) -> Self {
        Self { images_bucket: images_bucket.into(), records, objects, executions, clock }
    }
}

/// An object of the images bucket that is to be analysed.
struct Placed {
    upload: Upload,
    size: u64,
    /// When it was uploaded or copied, epoch milliseconds.
    at: EpochMillis,
    /// Whether it was copied just now, so that S3 sends an event for it.
    just_copied: bool,
}

impl Placed {
    /// The event that S3 would have sent.
    fn event(&self) -> String {
        object_created(&self.upload, self.size, self.at, "import").to_string()
    }
}

/// What to wait for.
struct Follow {
    object: ListedObject,
    /// Bytes.
    size: u64,
    /// The execution that had failed before this import: its failure is not the result.
    old_failure: Option<String>,
    /// Until when, epoch milliseconds.
    until: EpochMillis,
    /// The event to start an execution with if none starts.
    start_later: Option<String>,
}

impl Follow {
    fn is_new(&self, record: &Record) -> bool {
        self.old_failure.as_ref() != Some(&record.execution_arn)
    }
}

impl<R: Records, O: ImportSource + Objects, E: Executions, C: Clock + Pause> Step for ImportImage<R, O, E, C> {
    const NAME: &'static str = "import-image";
    type Input = ImportItem;
    type Output = Imported;

    async fn run(&self, item: ImportItem) -> Result<Imported, StepFailure> {
        let until = self.clock.now() + MAX_WAIT;
        let (object, facts) = self.current(item.object()?).await?;
        let lookup = Lookup { records: &self.records, images: &self.objects, bucket: &self.images_bucket, owner_id: &item.owner_id };
        let known = lookup.record(&object, facts.size).await?;
        let mut follow = Follow { object, size: facts.size, old_failure: None, until, start_later: None };
        if known.as_ref().is_none_or(Record::is_rerunnable) {
            let placed = self.place(&follow.object, &facts, &item.owner_id).await?;
            if placed.just_copied {
                follow.start_later = Some(placed.event());
            } else {
                self.executions.start(&placed.event()).await?;
            }
            follow.old_failure = known.map(|record| record.execution_arn);
        }
        let imported = self.follow(&lookup, follow).await?;
        set_image_id(&imported.image_id);
        tracing::info!(image_id = imported.image_id, status = ?imported.status, "image imported");
        Ok(imported)
    }
}

impl<R: Records, O: ImportSource + Objects, E: Executions, C: Clock + Pause> ImportImage<R, O, E, C> {
    /// The object with its current facts. If it was replaced since the list was written, it is another object.
    async fn current(&self, listed: ListedObject) -> Result<(ListedObject, ObjectFacts), ImportError> {
        let facts = self.objects.facts(listed.reference()).await?.ok_or(ImportError::SourceMissing)?;
        if facts.etag != listed.etag {
            return Err(ImportError::SourceMissing);
        }
        // In place, the version is part of the image's identity.
        let in_place = listed.is_in_place(&self.images_bucket);
        let version_id = listed.version_id.clone().or_else(|| facts.version_id.clone().filter(|_| in_place));
        Ok((ListedObject { version_id, ..listed }, facts))
    }

    /// Copies the object below `raw-uploads/` of the images bucket, unless it or its copy is there.
    async fn place(&self, object: &ListedObject, facts: &ObjectFacts, owner_id: &str) -> Result<Placed, ImportError> {
        let upload = object.upload(&self.images_bucket, owner_id);
        if object.is_in_place(&self.images_bucket) {
            return Ok(Placed { upload, size: facts.size, at: facts.last_modified, just_copied: false });
        }
        let copy = ObjectRef::current(&self.images_bucket, &upload.key);
        if let Some(copy) = self.objects.facts(copy).await? {
            let (upload, size, at) = (copy.upload(&self.images_bucket, &upload.key), copy.size, copy.last_modified);
            return Ok(Placed { upload, size, at, just_copied: false });
        }
        let upload = self.objects.copy_here(object, facts, &self.images_bucket, &upload.key).await?;
        Ok(Placed { upload, size: facts.size, at: self.clock.now(), just_copied: true })
    }

    /// Reads the record until the analysis has ended or needs a reviewer, or the time is up.
    async fn follow(&self, lookup: &Lookup<'_, R, O>, mut follow: Follow) -> Result<Imported, ImportError> {
        let (started, mut pause) = (self.clock.now(), FIRST_PAUSE);
        loop {
            let found = lookup.record(&follow.object, follow.size).await?.filter(|record| follow.is_new(record));
            let status = found.as_ref().map_or(ImportStatus::StillRunning, ImportStatus::of);
            if status != ImportStatus::StillRunning || self.clock.now() >= follow.until {
                let best_guess = || lookup.ids(&follow.object).into_iter().next().unwrap_or_default();
                let image_id = found.as_ref().map_or_else(best_guess, |record| record.image_id.clone());
                return result(image_id, follow.object.url(), status, found);
            }
            if found.is_none()
                && self.clock.now() - started >= EVENT_DUE
                && let Some(event) = follow.start_later.take()
            {
                self.executions.start(&event).await?;
            }
            self.clock.pause(pause).await;
            pause = (pause + pause / 2).min(LONGEST_PAUSE);
        }
    }
}

fn result(image_id: String, source: String, status: ImportStatus, record: Option<Record>) -> Result<Imported, ImportError> {
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
