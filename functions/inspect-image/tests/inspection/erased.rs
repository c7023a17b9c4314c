//! Uploads that meet a tombstone (fault matrix, row 33): late events of what was erased, and uploads that come after it.

use crate::pictures::{jpeg, quadrants};
use crate::step::run_with;
use serde_json::json;
use sightline_domain::{
    flows::erase::SWEEP_AFTER,
    model::{
        identity::{Upload, content_key, hex_sha256},
        image::ImageRef,
        record::{ProcessingStatus, Record, Tombstone, WorkQueue},
    },
};
use sightline_kit::StepFailure;
use sightline_tests::{
    objects::MemoryObjects,
    samples::{BUCKET, EXECUTION, IMAGE_ID, OTHER_EXECUTION, OWNER, UPLOADED, key},
    tables::MemoryTables,
};

const ERASED: i64 = UPLOADED + 86_400_000;

struct World {
    records: MemoryTables,
    objects: MemoryObjects,
    upload: Upload,
}

impl World {
    /// An image that was analysed, and then erased; `closed` says whether late writes were waited for.
    fn erased(closed: bool) -> Self {
        let (records, objects) = (MemoryTables::default(), MemoryObjects::default());
        let upload = objects.upload(BUCKET, &key(), &jpeg(&quadrants(120, 100)), UPLOADED);
        let world = Self { records, objects, upload };
        world.run(&world.upload, EXECUTION).unwrap();
        let known = world.records.all().remove(0);
        let tombstone = Tombstone {
            erased_at: Some(ERASED),
            work_queue: (!closed).then_some(WorkQueue::Erased),
            version_id: known.version_id.clone().filter(|_| !closed),
            ..Tombstone::of(&known)
        };
        world.records.remove(IMAGE_ID);
        world.records.put(&serde_json::from_value::<Record>(json!(tombstone)).unwrap());
        world.objects.remove(&key());
        world
    }

    fn again(&self, width: u32) -> Upload {
        self.objects.upload(BUCKET, &key(), &jpeg(&quadrants(width, 100)), ERASED + SWEEP_AFTER)
    }

    fn run(&self, upload: &Upload, execution: &str) -> Result<ImageRef, StepFailure> {
        run_with(&self.records, &self.objects, upload, execution)
    }

    fn statuses(&self) -> Vec<ProcessingStatus> {
        self.records.all().iter().map(|record| record.processing_status).collect()
    }
}

/// Injected: the event of an erased image comes once more, right after the erasure and much later.
/// Seen: it ends as a duplicate, and makes no record.
#[test]
fn row_33_a_late_event_of_an_erased_image_ends_as_a_duplicate() {
    for closed in [false, true] {
        let world = World::erased(closed);
        let fault = world.run(&world.upload, OTHER_EXECUTION).unwrap_err();
        assert_eq!((fault.name(), fault.message().contains("was erased")), ("Image.Duplicate", true));
        assert_eq!(world.statuses(), [ProcessingStatus::Erased]);
    }
}

/// Injected: an event was looked up before the original was deleted, and claims after the record was erased.
/// Seen: it ends as a duplicate, and makes no record.
#[test]
fn row_33_an_event_that_overtakes_the_deletion_ends_as_a_duplicate() {
    let (under_way, erased) = (World::erased(false), World::erased(false));
    under_way.records.change(IMAGE_ID, json!({"S3_URL": format!("s3://{BUCKET}/{}", key()), "ETag": under_way.upload.etag}));
    for world in [under_way, erased] {
        // The very version is there still.
        let restored = MemoryObjects::default();
        restored.upload(BUCKET, &key(), &jpeg(&quadrants(120, 100)), UPLOADED);
        let fault = run_with(&world.records, &restored, &world.upload, OTHER_EXECUTION).unwrap_err();
        assert_eq!(fault.name(), "Image.Duplicate");
        assert_eq!(world.statuses(), [ProcessingStatus::Erased]);
    }
}

#[test]
fn a_new_upload_after_an_erasure_is_a_new_image_beside_the_tombstone() {
    let world = World::erased(true);
    let again = world.again(120);

    let image = world.run(&again, OTHER_EXECUTION).unwrap();

    assert_eq!((image.image_id.as_str(), image.upload_timestamp), (IMAGE_ID, ERASED + SWEEP_AFTER));
    assert_eq!(world.statuses(), [ProcessingStatus::Erased, ProcessingStatus::Pending]);
    let item = world.records.item(IMAGE_ID);
    assert_eq!((&item["ExecutionArn"], &item["Attempts"]), (&json!(OTHER_EXECUTION), &json!(1)));
    assert_eq!(world.run(&again, OTHER_EXECUTION).unwrap(), image, "its step is tried again");
    assert_eq!(world.run(&again, "a third execution").unwrap_err().name(), "Image.Duplicate", "its event comes twice");
}

#[test]
fn a_new_upload_while_late_writes_are_waited_for_gets_an_id_of_its_own_and_keeps_it() {
    let world = World::erased(false);
    let again = world.again(120);
    assert_eq!(world.run(&again, OTHER_EXECUTION).unwrap().image_id, again.derived_id());

    let mut closed = Tombstone::of(&world.records.all().into_iter().find(Record::is_erased).unwrap());
    (closed.work_queue, closed.version_id) = (None, None);
    world.records.remove(IMAGE_ID);
    world.records.put(&serde_json::from_value::<Record>(json!(closed)).unwrap());

    assert_eq!(world.run(&again, OTHER_EXECUTION).unwrap().image_id, again.derived_id(), "its step is tried again");
    assert_eq!(world.run(&again, "a third execution").unwrap_err().name(), "Image.Duplicate", "its event comes twice");
}

#[test]
fn an_upload_whose_only_id_is_being_erased_comes_back_later() {
    let (records, objects) = (MemoryTables::default(), MemoryObjects::default());
    let mut upload = objects.upload(BUCKET, "raw-uploads/cat.jpg", &jpeg(&quadrants(120, 100)), ERASED + 1_000);
    // As on the local AWS, whose events name no version.
    upload.version_id = None;
    let tombstone = json!({"ImageID": upload.derived_id(), "UploadTimestamp": UPLOADED, "ProcessingStatus": "ERASED", "WorkQueue": "ERASED",
        "ErasedAt": ERASED, "SchemaVersion": 1});
    records.put(&serde_json::from_value::<Record>(tombstone).unwrap());
    assert_eq!(run_with(&records, &objects, &upload, EXECUTION).unwrap_err().name(), "Storage.Unavailable");
}

#[test]
fn another_content_of_the_same_key_keeps_its_own_record() {
    let world = World::erased(true);
    let other = world.again(140);
    world.records.change(IMAGE_ID, json!({"WorkQueue": "ERASED"}));
    assert_eq!(world.run(&other, OTHER_EXECUTION).unwrap().image_id, other.derived_id());
    world.records.change(IMAGE_ID, json!({"WorkQueue": null}));
    assert_eq!(world.run(&other, "a third execution").unwrap_err().name(), "Image.Duplicate", "the free id is not taken for it");
}

#[test]
fn the_same_file_uploaded_again_has_the_id_that_its_content_names() {
    let bytes = jpeg(&quadrants(120, 100));
    let (key, id) = content_key(OWNER, &hex_sha256(&bytes), "jpg");
    let (records, objects) = (MemoryTables::default(), MemoryObjects::default());
    let tombstone =
        json!({"ImageID": id, "UploadTimestamp": UPLOADED, "ProcessingStatus": "ERASED", "ErasedAt": ERASED, "SchemaVersion": 1});
    records.put(&serde_json::from_value::<Record>(tombstone).unwrap());
    let upload = objects.upload(BUCKET, &key, &bytes, ERASED + 1_000);
    assert_eq!(run_with(&records, &objects, &upload, EXECUTION).unwrap().image_id, id);
}
