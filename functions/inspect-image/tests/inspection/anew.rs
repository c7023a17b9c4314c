//! Rejected images that are looked at anew, since settings or decoder have changed.

use crate::pictures::{jpeg, quadrants};
use inspect_image::{
    settings,
    step::{Input, InspectImage},
};
use serde_json::json;
use sightline_domain::{
    model::{
        clock::{EpochMillis, FixedClock},
        event::reinspection_event,
        identity::{ObjectRef, Upload},
        image::ImageRef,
        layout,
        record::{ProcessingStatus, Record, WorkQueue},
    },
    ports::Objects,
};
use sightline_kit::{Step, StepFailure, settings::from};
use sightline_tests::{
    objects::MemoryObjects,
    ready,
    samples::{BUCKET, EXECUTION, IMAGE_ID, NOW, OTHER_EXECUTION, UPLOADED, claimed, event, key},
    tables::MemoryTables,
};

const REJECTED: EpochMillis = UPLOADED + 1_000;

struct World {
    records: MemoryTables,
    objects: MemoryObjects,
    upload: Upload,
}

/// A good photo that an earlier release has rejected.
fn rejected() -> World {
    let (records, objects) = (MemoryTables::default(), MemoryObjects::default());
    let upload = objects.upload(BUCKET, &key(), &jpeg(&quadrants(120, 100)), UPLOADED);
    let original = ObjectRef { bucket: BUCKET, key: &upload.key, version_id: None };
    ready(objects.copy(original, &layout::rejected_original(IMAGE_ID))).unwrap();
    records.put(&Record {
        processing_status: ProcessingStatus::Failed,
        work_queue: Some(WorkQueue::Failed),
        status_reason: Some("TRUNCATED".into()),
        status_detail: Some("the file is cut off".into()),
        finished_at: Some(REJECTED),
        expires_at: Some(9),
        etag: upload.etag.clone(),
        execution_arn: OTHER_EXECUTION.into(),
        ..claimed()
    });
    World { records, objects, upload }
}

impl World {
    fn run(&self, event: &serde_json::Value) -> Result<ImageRef, StepFailure> {
        let settings = from(&|name| (name == "RECORDS_TABLE").then(|| "records".to_owned()), settings::read).unwrap();
        let step = InspectImage::new(settings, self.records.clone(), self.objects.clone(), FixedClock(NOW));
        let input: Input = serde_json::from_value(json!({"Event": event, "ExecutionArn": EXECUTION})).unwrap();
        ready(step.run(input))
    }

    fn look(&self, rejected_at: EpochMillis) -> Result<ImageRef, StepFailure> {
        self.run(&reinspection_event(&self.upload, 5, UPLOADED, rejected_at))
    }

    fn record(&self) -> Record {
        self.records.all().remove(0)
    }

    fn is_archived(&self) -> bool {
        self.objects.current(&layout::rejected_original(IMAGE_ID)).is_some()
    }
}

#[test]
fn a_rejected_image_that_is_accepted_now_goes_on_under_its_own_record() {
    let world = rejected();
    let image = world.look(REJECTED).unwrap();
    assert_eq!((image.image_id.as_str(), image.upload_timestamp, image.width), (IMAGE_ID, UPLOADED, 120));
    let record = world.record();
    assert_eq!((record.processing_status, record.execution_arn.as_str(), record.attempts), (ProcessingStatus::Pending, EXECUTION, 2));
    assert!(record.status_reason.is_none() && record.finished_at.is_none() && record.expires_at.is_none());
    assert!(!world.is_archived(), "the upload is the one original again");
}

#[test]
fn an_event_that_was_not_sent_for_this_very_rejection_stays_a_duplicate() {
    let world = rejected();
    for event in [
        json!(event(&world.upload)),
        reinspection_event(&world.upload, 5, UPLOADED, REJECTED - 1),
        reinspection_event(&world.upload, 5, UPLOADED, 0),
    ] {
        assert_eq!(world.run(&event).unwrap_err().name(), "Image.Duplicate", "{event}");
    }
    assert!(world.record().is_rejected() && world.is_archived());
}

#[test]
fn a_second_event_of_the_same_look_is_a_duplicate() {
    let world = rejected();
    world.look(REJECTED).unwrap();
    // The retry of its own execution goes on.
    assert!(world.look(REJECTED).is_ok());
    world.records.change(
        IMAGE_ID,
        json!({"ExecutionArn": OTHER_EXECUTION, "ProcessingStatus": "FAILED", "StatusReason": "TRUNCATED", "FinishedAt": REJECTED + 5}),
    );
    assert_eq!(world.look(REJECTED).unwrap_err().name(), "Image.Duplicate");
}

#[test]
fn where_the_upload_is_gone_the_original_in_the_archive_is_looked_at_and_kept() {
    let world = rejected();
    world.objects.remove(&key());
    let image = world.look(REJECTED).unwrap();
    assert_eq!((image.image_id.as_str(), image.width), (IMAGE_ID, 120));
    assert!(world.is_archived(), "it is the only original");
}

#[test]
fn where_both_are_gone_it_is_rejected_as_deleted_and_an_erased_image_is_a_duplicate() {
    let world = rejected();
    world.objects.remove(&key());
    world.objects.remove(&layout::rejected_original(IMAGE_ID));
    assert!(world.look(REJECTED).unwrap_err().message().contains("OBJECT_DELETED"));

    let world = rejected();
    world.objects.remove(&key());
    world.records.put(&Record {
        processing_status: ProcessingStatus::Erased,
        s3_url: String::new(),
        execution_arn: String::new(),
        ..claimed()
    });
    assert_eq!(world.look(REJECTED).unwrap_err().name(), "Image.Duplicate");
}

#[test]
fn what_is_rejected_again_keeps_its_copy_in_the_archive() {
    let world = rejected();
    let broken = world.objects.upload(BUCKET, &key(), b"not an image", UPLOADED + 1);
    world.records.change(IMAGE_ID, json!({"ETag": broken.etag}));
    let fault = world.run(&reinspection_event(&broken, 12, UPLOADED + 1, REJECTED)).unwrap_err();
    assert_eq!((fault.name(), world.is_archived()), ("Image.Rejected", true));
    assert_eq!(world.record().attempts, 2);
    // No copy is written of it.
    assert!(
        ready(world.objects.read(ObjectRef { bucket: BUCKET, key: &layout::processed_image(IMAGE_ID), version_id: None }))
            .unwrap()
            .is_none()
    );
}
