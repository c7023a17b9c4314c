//! The step: claim first, so that a duplicate ends before anything is paid for; then inspect, then write the copies.

use crate::{
    claim::Claim,
    inspect::{Inspected, check_bytes, inspect},
    settings::Settings,
};
use serde::Deserialize;
use sightline_domain::{
    model::{
        clock::Clock,
        event::ObjectCreated,
        identity::{ObjectRef, Upload, hex_sha256, is_folder_marker},
        image::ImageRef,
        layout,
        record::Record,
        rejection::{FolderMarker, ReasonCode, Rejection},
    },
    ports::{Objects, Records, UploadFacts, Uploads},
};
use sightline_kit::{Step, StepFailure};

/// The step.
pub struct InspectImage<R, O, C> {
    settings: Settings,
    records: R,
    objects: O,
    clock: C,
}

/// Its input.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Input {
    event: ObjectCreated,
    execution_arn: String,
}

impl<R, O, C> InspectImage<R, O, C> {
    /// By `settings`; claims in `records`, reads and writes through `objects`.
    pub fn new(settings: Settings, records: R, objects: O, clock: C) -> Self {
        Self { settings, records, objects, clock }
    }
}

impl<R: Records, O: Uploads + Objects, C: Clock> Step for InspectImage<R, O, C> {
    const NAME: &'static str = "inspect-image";
    type Input = Input;
    type Output = ImageRef;

    async fn run(&self, Input { event, execution_arn }: Input) -> Result<ImageRef, StepFailure> {
        let upload = Upload::from_event(&event);
        if is_folder_marker(&upload.key, event.detail.object.size) {
            return Err(FolderMarker.into());
        }
        let rejected_at = event.detail.rejected_at;
        let (records, images, now) = (&self.records, &self.objects, self.clock.now());
        let claim = Claim { records, images, upload: &upload, execution_arn: &execution_arn, rejected_at, now };
        let found = self.objects.find(&upload).await?;
        let is_there = found.is_some();
        let Some(facts) = found.or_else(|| facts_of_rejected(&event, &upload)) else { return Err(claim.of_what_is_gone().await?) };
        let record = claim.take(&facts).await?;
        check_bytes(facts.size, &self.settings.limits)?;
        let archived = layout::rejected_original(&record.image_id);
        let original = if is_there {
            ObjectRef { bucket: &upload.bucket, key: &upload.key, version_id: facts.version_id.as_deref() }
        } else {
            ObjectRef { bucket: &upload.bucket, key: &archived, version_id: None }
        };
        let bytes = self.objects.read(original).await?.ok_or_else(deleted)?;
        let inspected = inspect(&upload.key, &bytes, &self.settings.limits, self.settings.store_gps)?;
        let content_sha256 = hex_sha256(&bytes);
        drop(bytes);
        let image = self.write_copies(&upload, facts, record, inspected, content_sha256).await?;
        // An image that is accepted has its original in one place. Where the upload is gone, the archive holds the only one.
        if rejected_at.is_some() && is_there {
            self.objects.delete(ObjectRef { bucket: &upload.bucket, key: &archived, version_id: None }).await?;
        }
        tracing::info!(width = image.width, height = image.height, size = image.size, "image accepted");
        Ok(image)
    }
}

impl<R: Records, O: Objects, C: Clock> InspectImage<R, O, C> {
    async fn write_copies(
        &self,
        upload: &Upload,
        facts: UploadFacts,
        record: Record,
        inspected: Inspected,
        content_sha256: String,
    ) -> Result<ImageRef, StepFailure> {
        let (processed_key, thumbnail_key) = (layout::processed_image(&record.image_id), layout::thumbnail(&record.image_id));
        self.objects.write_jpeg(&upload.bucket, &processed_key, inspected.copy).await?;
        self.objects.write_jpeg(&upload.bucket, &thumbnail_key, inspected.thumbnail).await?;
        Ok(ImageRef {
            image_id: record.image_id,
            owner_id: record.owner_id,
            image_name: record.image_name,
            upload_timestamp: record.upload_timestamp,
            bucket: upload.bucket.clone(),
            key: upload.key.clone(),
            version_id: facts.version_id,
            size: facts.size,
            format: inspected.format,
            width: inspected.width,
            height: inspected.height,
            content_sha256,
            processed_key,
            thumbnail_key,
            exif: inspected.exif,
            warnings: inspected.warnings,
            execution_arn: record.execution_arn,
        })
    }
}

/// What the event says of a rejected image whose upload is gone, and whose original is kept in the archive; `None` for every other event.
fn facts_of_rejected(event: &ObjectCreated, upload: &Upload) -> Option<UploadFacts> {
    event.detail.rejected_at?;
    let last_modified = event.time_millis()?;
    Some(UploadFacts { version_id: upload.version_id.clone(), size: event.detail.object.size, last_modified, name: None })
}

pub(crate) fn deleted() -> Rejection {
    Rejection::new(ReasonCode::ObjectDeleted, "the object was deleted before it was inspected")
}
