//! Brings one image that lies in some bucket already through its analysis, and waits for that to settle, so that the Map which calls
//! this bounds the analyses in flight.
//!
//! Input: one row of the list. Output: the image's id, its source and how it stands. Errors: `Import.*`, `Storage.*`, `Input.Invalid`.

mod follow;
pub mod settings;

use follow::Follow;
use sightline_domain::{
    clock::{Clock, EpochMillis, Pause},
    error::ImportError,
    event::object_created,
    identity::Upload,
    import::{ImageSource, ImportItem, Imported, ListedObject, Lookup, ObjectFacts},
    ports::{ImageStore, ObjectRef, RecordFinder},
    reconcile::Executions,
    record::Record,
};
use sightline_kit::{Fault, Step, about_image};

/// The step.
pub struct ImportImage<R, O, E, C> {
    images_bucket: String,
    records: R,
    objects: O,
    executions: E,
    clock: C,
}

impl<R, O, E, C> ImportImage<R, O, E, C> {
    /// Into `images_bucket`, by way of `objects`; analyses are started by `executions` and followed in `records`.
    pub fn new(images_bucket: impl Into<String>, records: R, objects: O, executions: E, clock: C) -> Self {
        Self { images_bucket: images_bucket.into(), records, objects, executions, clock }
    }
}

/// Where an image lies that is to be analysed, and whether its event is on its way.
struct Brought {
    upload: Upload,
    size: u64,
    /// When it came there, epoch milliseconds.
    at: EpochMillis,
    just_copied: bool,
}

impl Brought {
    /// The event that S3 would have sent.
    fn event(&self) -> String {
        object_created(&self.upload, self.size, self.at, "import").to_string()
    }
}

impl<R: RecordFinder, O: ImageSource + ImageStore, E: Executions, C: Clock + Pause> Step for ImportImage<R, O, E, C> {
    const NAME: &'static str = "import-image";
    type Input = ImportItem;
    type Output = Imported;

    async fn run(&self, item: ImportItem) -> Result<Imported, Fault> {
        let until = self.clock.now() + follow::PATIENCE;
        let (object, facts) = self.pinned(item.object()?).await?;
        let lookup = Lookup { records: &self.records, images: &self.objects, bucket: &self.images_bucket, owner_id: &item.owner_id };
        let known = lookup.record(&object, facts.size).await?;
        let mut follow = Follow { object, size: facts.size, old_failure: None, until, start_later: None };
        if known.as_ref().is_none_or(Record::is_rerunnable) {
            let brought = self.bring(&follow.object, &facts, &item.owner_id).await?;
            if brought.just_copied {
                follow.start_later = Some(brought.event());
            } else {
                self.executions.start(&brought.event()).await?;
            }
            follow.old_failure = known.map(|record| record.execution_arn);
        }
        let imported = self.follow(&lookup, follow).await?;
        about_image(&imported.image_id);
        tracing::info!(image_id = imported.image_id, status = ?imported.status, "image imported");
        Ok(imported)
    }
}

impl<R: RecordFinder, O: ImageSource + ImageStore, E: Executions, C: Clock + Pause> ImportImage<R, O, E, C> {
    /// The object as it is now, with the facts of it. One that was replaced since the list was made is another object.
    async fn pinned(&self, listed: ListedObject) -> Result<(ListedObject, ObjectFacts), ImportError> {
        let facts = self.objects.facts(listed.reference()).await?.ok_or(ImportError::SourceMissing)?;
        if facts.etag != listed.etag {
            return Err(ImportError::SourceMissing);
        }
        // In place, the version is part of what the image is called.
        let in_place = listed.is_in_place(&self.images_bucket);
        let version_id = listed.version_id.clone().or_else(|| facts.version_id.clone().filter(|_| in_place));
        Ok((ListedObject { version_id, ..listed }, facts))
    }

    /// Makes sure that the image lies where uploads lie.
    async fn bring(&self, object: &ListedObject, facts: &ObjectFacts, owner_id: &str) -> Result<Brought, ImportError> {
        let upload = object.upload(&self.images_bucket, owner_id);
        if object.is_in_place(&self.images_bucket) {
            return Ok(Brought { upload, size: facts.size, at: facts.last_modified, just_copied: false });
        }
        let there = ObjectRef { bucket: &self.images_bucket, key: &upload.key, version_id: None };
        if let Some(copy) = self.objects.facts(there).await? {
            let (upload, size, at) = (copy.upload(&self.images_bucket, &upload.key), copy.size, copy.last_modified);
            return Ok(Brought { upload, size, at, just_copied: false });
        }
        let upload = self.objects.copy_here(object, facts, &self.images_bucket, &upload.key).await?;
        Ok(Brought { upload, size: facts.size, at: self.clock.now(), just_copied: true })
    }
}
