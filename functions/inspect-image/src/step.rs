//! The step: inspects the upload, claims its record, so that a duplicate ends before any paid call, and writes the copies.

use crate::claim::{Claim, Claimed, Known, deleted_rejection};
use serde::Deserialize;
use sightline_domain::{
    model::{
        clock::Clock,
        event::ObjectCreated,
        identity::{ObjectRef, Upload, is_folder_marker},
        image::{Creation, ImageRef},
        layout,
        rejection::{FolderMarker, Rejection},
    },
    ports::{FetchedUpload, Objects, Records, UploadFacts, Uploads},
};
use sightline_inspection::{
    Inspected, inspect,
    picture::{Limits, check_bytes},
};
use sightline_kit::{Step, StepFailure, settings::Reader};

/// Settings of inspect-image; docs/configuration.md explains each.
pub struct Settings {
    /// Name of the records table.
    pub records_table: String,
    /// The largest upload that is accepted.
    pub limits: Limits,
    /// Whether the location in a photo's EXIF is stored.
    pub store_gps: bool,
}

impl Settings {
    /// Reads them from the environment; `reader` collects what is missing or invalid.
    pub fn read(reader: &mut Reader<'_>) -> Self {
        Self {
            records_table: reader.text("RECORDS_TABLE"),
            limits: Limits { max_bytes: reader.parsed("MAX_BYTES", 15_728_640), max_pixels: reader.parsed("MAX_PIXELS", 50_000_000) },
            store_gps: reader.parsed("STORE_GPS", false),
        }
    }
}

/// The state `InspectImage` of the state machine.
pub struct InspectImage<R, O, C> {
    settings: Settings,
    records: R,
    objects: O,
    clock: C,
}

/// The event of an upload, and the execution that it started.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Input {
    event: ObjectCreated,
    execution_arn: String,
}

impl<R, O, C> InspectImage<R, O, C> {
    /// Claims in `records`; reads and writes images through `objects`.
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
        let (fetched, known) = tokio::try_join!(images.fetch(&upload, self.settings.limits.max_bytes), claim.look_up())?;
        let Some(FetchedUpload { facts, bytes }) = fetched else {
            let Some(facts) = facts_of_rejected(&event, &upload) else { return Err(claim.failure_for_deleted_upload().await?) };
            return self.inspect_archived(&claim, facts, known).await;
        };
        let first = claim.first_id(&facts, known).await?;
        let inspected = self.inspect(&upload, &facts, &bytes);
        drop(bytes);
        // A rejected image gets a record too.
        let mut claimed = claim.claim(&facts, first, inspected.as_ref().ok()).await?;
        // An upload whose record was lost is started by somebody else, and may have stored answers.
        claimed.is_new &= event.is_sent_by_s3();
        let image = self.write_copies(&upload, facts, claimed, inspected?).await?;
        // Keep one original of an accepted image: if the upload is deleted, the archive has the only one.
        if rejected_at.is_some() {
            let archived = layout::rejected_original(&image.image_id);
            self.objects.delete(ObjectRef::current(&upload.bucket, &archived)).await?;
        }
        Ok(image)
    }
}

impl<R: Records, O: Uploads + Objects, C: Clock> InspectImage<R, O, C> {
    /// Inspects a rejected image again whose upload is deleted, from the archive. The record says which original that is, so it is claimed
    /// first.
    async fn inspect_archived(&self, claim: &Claim<'_, R, O>, facts: UploadFacts, known: Known) -> Result<ImageRef, StepFailure> {
        let first = claim.first_id(&facts, known).await?;
        let claimed = claim.claim(&facts, first, None).await?;
        let archived = layout::rejected_original(&claimed.record.image_id);
        let bytes = self.objects.read(ObjectRef::current(&claim.upload.bucket, &archived)).await?;
        let inspected = self.inspect(claim.upload, &facts, &bytes.ok_or_else(deleted_rejection)?)?;
        self.write_copies(claim.upload, facts, claimed, inspected).await
    }

    /// Inspects the `bytes` of an upload; they are empty if the upload is too large.
    fn inspect(&self, upload: &Upload, facts: &UploadFacts, bytes: &[u8]) -> Result<Inspected, Rejection> {
        check_bytes(facts.size, &self.settings.limits)?;
        inspect(&upload.key, bytes, &self.settings.limits, self.settings.store_gps)
    }

    async fn write_copies(
        &self,
        upload: &Upload,
        facts: UploadFacts,
        Claimed { record, is_new }: Claimed,
        inspected: Inspected,
    ) -> Result<ImageRef, StepFailure> {
        let (processed_key, thumbnail_key) = (layout::processed_image(&record.image_id), layout::thumbnail(&record.image_id));
        let large_thumbnail_key = inspected.large_thumbnail.is_some().then(|| layout::large_thumbnail(&record.image_id));
        tokio::try_join!(
            self.objects.write_jpeg(&upload.bucket, &processed_key, inspected.copy),
            self.objects.write_jpeg(&upload.bucket, &thumbnail_key, inspected.thumbnail),
            async {
                match large_thumbnail_key.as_ref().zip(inspected.large_thumbnail) {
                    Some((key, large)) => self.objects.write_jpeg(&upload.bucket, key, large).await,
                    None => Ok(()),
                }
            },
        )?;
        tracing::info!(width = inspected.width, height = inspected.height, size = facts.size, "image accepted");
        Ok(ImageRef {
            created: is_new.then_some(Creation { etag: record.etag, claimed_at: record.claimed_at }),
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
            content_sha256: inspected.content_sha256,
            processed_key,
            thumbnail_key,
            large_thumbnail_key,
            thumbhash: Some(inspected.thumbhash),
            exif: inspected.exif,
            warnings: inspected.warnings,
            execution_arn: record.execution_arn,
        })
    }
}

/// The facts in an event that starts the inspection of a rejected image again. They replace the lookup if the upload is deleted: the
/// archive keeps the original. `None` for every other event.
fn facts_of_rejected(event: &ObjectCreated, upload: &Upload) -> Option<UploadFacts> {
    event.detail.rejected_at?;
    let last_modified = event.time_millis()?;
    Some(UploadFacts { version_id: upload.version_id.clone(), size: event.detail.object.size, last_modified, name: None })
}
