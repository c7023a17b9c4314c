//! The step with fakes: claims, duplicates, retries and new executions (fault matrix, rows 1, 2, 4, 5 and 22).

use crate::photo;
use inspect_image::step::{Input, InspectImage, Settings};
use serde::Serialize;
use serde_json::json;
use sightline_domain::{
    model::{
        DAY_MILLIS, EpochMillis, FixedClock, ImageRef, ProcessingStatus, Record, Upload,
        event::object_created,
        identity::{content_key, hex_sha256},
    },
    ports::{Objects, Records, Uploads},
};
use sightline_kit::{Step, StepFailure, settings::from};
use sightline_tests::{
    failing::{Failing, When},
    objects::MemoryObjects,
    ready,
    samples::{BUCKET, EXECUTION, IMAGE_ID, NOW, OTHER_EXECUTION, OWNER, UPLOADED, event, key},
    tables::MemoryTables,
};

/// Runs the step for an event.
pub fn run_event(
    now: EpochMillis,
    records: &(impl Records + Clone),
    objects: &(impl Uploads + Objects + Clone),
    event: &impl Serialize,
    execution: &str,
) -> Result<ImageRef, StepFailure> {
    let settings = from(&|name| (name == "RECORDS_TABLE").then(|| "records".to_owned()), Settings::read).unwrap();
    let step = InspectImage::new(settings, records.clone(), objects.clone(), FixedClock(now));
    let input: Input = serde_json::from_value(json!({"Event": event, "ExecutionArn": execution})).unwrap();
    ready(step.run(input))
}

/// Runs the step for the event of an upload.
pub fn run_with(
    records: &(impl Records + Clone),
    objects: &(impl Uploads + Objects + Clone),
    upload: &Upload,
    execution: &str,
) -> Result<ImageRef, StepFailure> {
    run_event(NOW, records, objects, &event(upload), execution)
}

struct World {
    records: MemoryTables,
    objects: MemoryObjects,
}

impl World {
    fn new() -> Self {
        Self { records: MemoryTables::default(), objects: MemoryObjects::default() }
    }

    fn upload(&self, key: &str, width: u32) -> Upload {
        self.objects.upload(BUCKET, key, &photo(width), UPLOADED)
    }

    fn run(&self, upload: &Upload, execution: &str) -> Result<ImageRef, StepFailure> {
        run_with(&self.records, &self.objects, upload, execution)
    }
}

/// An upload that one execution has claimed, and its image.
fn claimed() -> (World, Upload, ImageRef) {
    let world = World::new();
    let upload = world.upload(&key(), 120);
    let image = world.run(&upload, EXECUTION).unwrap();
    (world, upload, image)
}

/// An upload under the key that its content determines, claimed by one execution; with its bytes and its id.
fn claimed_content() -> (World, Upload, Vec<u8>, String) {
    let (world, bytes) = (World::new(), photo(120));
    let (key, id) = content_key(OWNER, &hex_sha256(&bytes), "jpg");
    let upload = world.objects.upload(BUCKET, &key, &bytes, UPLOADED);
    assert_eq!(world.run(&upload, EXECUTION).unwrap().image_id, id);
    (world, upload, bytes, id)
}

#[test]
fn the_record_and_the_output_have_the_file_name() {
    let world = World::new();
    let upload = world.upload(&key(), 120);
    world.objects.set_name(&key(), "..%2FGr%C3%BC%C3%9Fe%0A.jpg");
    let image = world.run(&upload, EXECUTION).unwrap();
    assert_eq!(image.image_name.as_deref(), Some("Grüße\u{fffd}.jpg"));
    assert_eq!(world.records.all().remove(0).image_name, image.image_name);
    let unnamed = world.upload("raw-uploads/holiday/IMG 1.jpg", 130);
    assert_eq!(world.run(&unnamed, OTHER_EXECUTION).unwrap().image_name.as_deref(), Some("IMG 1.jpg"));
}

#[test]
fn a_new_upload_is_claimed_and_copied() {
    let (world, upload, image) = claimed();
    assert_eq!((image.image_id.as_str(), image.owner_id.as_str()), (IMAGE_ID, OWNER));
    assert_eq!((image.width, image.height, image.upload_timestamp), (120, 100, UPLOADED));
    assert_eq!(image.version_id.as_deref(), Some("v1"));
    assert_eq!(image.content_sha256, hex_sha256(&photo(120)), "the digest of the original");
    assert_eq!(world.objects.keys(), [image.processed_key, image.thumbnail_key, upload.key]);
    let record = world.records.all().remove(0);
    assert_eq!((record.processing_status, record.execution_arn.as_str(), record.attempts), (ProcessingStatus::Pending, EXECUTION, 1));
    assert_eq!((record.upload_timestamp, record.claimed_at), (UPLOADED, NOW));
}

#[test]
fn the_claimed_record_has_what_a_list_shows() {
    let world = World::new();
    let upload = world.upload(&key(), 400);
    let image = world.run(&upload, EXECUTION).unwrap();
    let record = world.records.all().remove(0);
    assert_eq!((record.processing_status, record.width, record.height), (ProcessingStatus::Pending, Some(400), Some(100)));
    assert_eq!((record.processed_key, record.thumbnail_key), (Some(image.processed_key), Some(image.thumbnail_key)));
    assert!(record.thumbhash.is_some() && record.large_thumbnail_key.is_some());
    assert_eq!((record.large_thumbnail_key, record.thumbhash), (image.large_thumbnail_key, image.thumbhash));
}

#[test]
fn the_image_says_whether_its_record_is_new() {
    let (world, upload, image) = claimed();
    let created = image.created.unwrap();
    assert_eq!((created.etag, created.claimed_at), (upload.etag.clone(), NOW));
    assert!(world.run(&upload, EXECUTION).unwrap().created.is_none(), "a retry");
    world.records.change(IMAGE_ID, json!({"ProcessingStatus": "FAILED", "StatusReason": "Recognition.Throttled"}));
    assert!(world.run(&upload, OTHER_EXECUTION).unwrap().created.is_none(), "a new execution of a failed image");
    let lost = world.upload("raw-uploads/holiday/IMG 1.jpg", 120);
    let started = object_created(&lost, 1, UPLOADED, "reconcile");
    assert!(
        run_event(NOW, &world.records, &world.objects, &started, EXECUTION).unwrap().created.is_none(),
        "the record may have been lost"
    );
}

#[test]
fn an_image_has_a_thumbnail_for_dense_screens_if_it_has_the_pixels() {
    let world = World::new();
    let (small, large) = (world.upload(&key(), 320), world.upload("raw-uploads/holiday/IMG 1.jpg", 321));
    let small = world.run(&small, EXECUTION).unwrap();
    assert!(small.large_thumbnail_key.is_none() && small.thumbhash.is_some());
    let large = world.run(&large, OTHER_EXECUTION).unwrap();
    let key = large.large_thumbnail_key.unwrap();
    assert_eq!(key, format!("processed/{}/thumbnail-640.jpg", large.image_id));
    assert!(world.objects.current(&key).is_some());
}

#[test]
fn a_folder_marker_creates_no_record() {
    let world = World::new();
    let upload = world.objects.upload(BUCKET, "raw-uploads/holiday/", b"", UPLOADED);
    for is_deleted in [false, true] {
        if is_deleted {
            world.objects.remove(&upload.key);
        }
        let mut created = event(&upload);
        created.detail.object.size = 0;
        let failure = run_event(NOW, &world.records, &world.objects, &created, EXECUTION).unwrap_err();
        assert_eq!((failure.name(), failure.is_expected(), world.records.all().len()), ("Upload.FolderMarker", true, 0));
    }
    // An image may have such a key too.
    let picture = world.upload("raw-uploads/holiday/", 200);
    assert_eq!(run_with(&world.records, &world.objects, &picture, EXECUTION).unwrap().key, "raw-uploads/holiday/");
}

/// Injected: a second execution with the event, while the record is PENDING, COMPLETED or rejected.
/// Seen: Image.Duplicate; the record is unchanged.
#[test]
fn row_01_row_02_a_second_event_is_a_duplicate_in_every_state_of_the_record() {
    let states = [
        ("being analysed", json!({})),
        ("completed", json!({"ProcessingStatus": "COMPLETED"})),
        ("rejected", json!({"ProcessingStatus": "FAILED", "StatusReason": "TRUNCATED"})),
    ];
    for (case, change) in states {
        let (world, upload, _) = claimed();
        world.records.change(IMAGE_ID, change);
        let before = world.records.item(IMAGE_ID);
        let failure = world.run(&upload, OTHER_EXECUTION).unwrap_err();
        assert_eq!(failure.name(), "Image.Duplicate", "{case}");
        assert!(failure.message().contains(IMAGE_ID) && failure.message().contains(EXECUTION), "{case}: {}", failure.message());
        assert_eq!(world.records.item(IMAGE_ID), before, "{case}: the record is unchanged");
    }
}

/// Injected: the event again, 100 days after the image was completed.
/// Seen: Image.Duplicate; every attribute of the record is unchanged.
#[test]
fn row_02_an_event_100_days_later_leaves_the_record_unchanged() {
    let (world, upload, _) = claimed();
    world.records.change(IMAGE_ID, json!({"ProcessingStatus": "COMPLETED"}));
    let before = world.records.item(IMAGE_ID);
    let failure = run_event(NOW + 100 * DAY_MILLIS, &world.records, &world.objects, &event(&upload), OTHER_EXECUTION).unwrap_err();
    assert_eq!((failure.name(), world.records.item(IMAGE_ID)), ("Image.Duplicate", before));
}

#[test]
fn a_retry_of_the_same_execution_continues() {
    let (world, upload, first) = claimed();
    assert_eq!(world.run(&upload, EXECUTION).unwrap(), ImageRef { created: None, ..first });
    assert_eq!(world.records.all()[0].attempts, 1);
}

/// Injected: a kill after the record was claimed.
/// Seen: the retry in the same execution continues; there is one record.
#[test]
fn row_22_a_retry_finds_the_claim_whose_response_was_lost() {
    let world = World::new();
    let upload = world.upload(&key(), 120);
    let records = Failing::new(world.records.clone()).fail("claim", When::After, 1);
    assert_eq!(run_with(&records, &world.objects, &upload, EXECUTION).unwrap_err().name(), "Storage.Unavailable");
    assert!(run_with(&records, &world.objects, &upload, EXECUTION).is_ok());
    assert_eq!(world.records.all().len(), 1);
}

/// Injected: a kill before and after each of the two copies is written.
/// Seen: the retry writes the missing copies.
#[test]
fn row_22_a_retry_completes_interrupted_copies() {
    for (when, skip) in [(When::Before, 0), (When::After, 0), (When::Before, 1), (When::After, 1)] {
        let world = World::new();
        let upload = world.upload(&key(), 120);
        let objects = Failing::new(world.objects.clone()).fail_later("write_jpeg", when, skip, 1);
        assert_eq!(run_with(&world.records, &objects, &upload, EXECUTION).unwrap_err().name(), "Storage.Unavailable");
        let image = run_with(&world.records, &objects, &upload, EXECUTION).unwrap();
        assert!(world.objects.current(&image.processed_key).is_some() && world.objects.current(&image.thumbnail_key).is_some());
    }
}

#[test]
fn a_new_execution_takes_over_a_failed_image() {
    let (world, upload, _) = claimed();
    let failed = json!({"ProcessingStatus": "FAILED", "StatusReason": "Recognition.Throttled", "StatusDetail": "d", "FinishedAt": 1, "WorkQueue": "FAILED"});
    world.records.change(IMAGE_ID, failed);
    let image = world.run(&upload, OTHER_EXECUTION).unwrap();
    assert_eq!((image.image_id.as_str(), image.execution_arn.as_str()), (IMAGE_ID, OTHER_EXECUTION));
    let record = world.records.all().remove(0);
    assert_eq!((record.processing_status, record.attempts), (ProcessingStatus::Pending, 2));
    assert_eq!((record.status_reason, record.status_detail, record.finished_at), (None, None, None));
}

#[test]
fn an_execution_whose_image_was_taken_over_ends_as_a_duplicate() {
    let (world, upload, _) = claimed();
    world.records.change(IMAGE_ID, json!({"ProcessingStatus": "FAILED", "StatusReason": "Recognition.Throttled"}));
    world.run(&upload, OTHER_EXECUTION).unwrap();
    assert_eq!(world.run(&upload, EXECUTION).unwrap_err().name(), "Image.Duplicate");
}

/// Injected: a key is overwritten with other content.
/// Seen: two images with two ids, each with its own content.
#[test]
fn row_04_an_overwritten_key_is_two_images() {
    let world = World::new();
    let (first, second) = (world.upload(&key(), 120), world.upload(&key(), 140));
    let (one, two) = (world.run(&first, EXECUTION).unwrap(), world.run(&second, OTHER_EXECUTION).unwrap());
    assert_eq!((one.image_id.as_str(), one.width, one.version_id.as_deref()), (IMAGE_ID, 120, Some("v1")));
    assert_eq!((two.image_id, two.width, two.version_id.as_deref()), (second.derived_id(), 140, Some("v2")));
    assert_eq!(world.records.all().len(), 2);
    assert_eq!(world.run(&second, "a third execution").unwrap_err().name(), "Image.Duplicate", "a second event of the second version");
}

/// Injected: the events of two versions, the newer one first.
/// Seen: each image has the content of its own version.
#[test]
fn row_05_two_versions_keep_their_own_content_if_their_events_are_out_of_order() {
    let world = World::new();
    let (first, second) = (world.upload(&key(), 120), world.upload(&key(), 140));
    let (two, one) = (world.run(&second, OTHER_EXECUTION).unwrap(), world.run(&first, EXECUTION).unwrap());
    assert_eq!((two.image_id.as_str(), two.width), (IMAGE_ID, 140));
    assert_eq!((one.image_id, one.width), (first.derived_id(), 120));
}

/// With KMS encryption, the same content has another ETag with every upload.
fn uploaded_again(world: &World, key: &str, bytes: &[u8]) -> Upload {
    Upload { etag: "another-tag".to_owned(), ..world.objects.upload(BUCKET, key, bytes, UPLOADED + 1_000) }
}

#[test]
fn the_same_content_under_its_content_key_is_the_same_image_with_any_etag() {
    let (world, first, bytes, _) = claimed_content();
    let again = uploaded_again(&world, &first.key, &bytes);
    assert_eq!(world.run(&again, OTHER_EXECUTION).unwrap_err().name(), "Image.Duplicate");
    assert_eq!(world.records.all().len(), 1);
}

#[test]
fn another_upload_of_the_same_content_takes_over_a_failed_image() {
    let (world, first, bytes, id) = claimed_content();
    world.records.change(&id, json!({"ProcessingStatus": "FAILED", "StatusReason": "Recognition.Throttled"}));
    let again = uploaded_again(&world, &first.key, &bytes);
    let image = world.run(&again, OTHER_EXECUTION).unwrap();
    assert_eq!(
        (image.image_id, image.upload_timestamp, image.version_id.as_deref()),
        (id, UPLOADED, Some("v2")),
        "one record, with its first timestamp"
    );
    assert_eq!(world.records.all().len(), 1);
}

#[test]
fn another_etag_under_a_key_not_derived_from_the_content_is_another_image() {
    let (world, ..) = claimed();
    let again = uploaded_again(&world, &key(), &photo(120));
    assert_eq!(
        world.run(&again, OTHER_EXECUTION).unwrap().image_id,
        again.derived_id(),
        "content is compared by ETag if the key is not derived from it"
    );
}

#[test]
fn a_key_without_an_owner_belongs_to_the_default_owner() {
    let world = World::new();
    for key in ["raw-uploads/holiday photo+1.jpg", "raw-uploads/Ünï/日本.jpg", "raw-uploads/100%25.jpg"] {
        let upload = world.upload(key, 120);
        let image = world.run(&upload, EXECUTION).unwrap();
        assert_eq!((image.owner_id.as_str(), image.image_id, image.key.as_str()), ("default", upload.derived_id(), key));
    }
}

#[test]
fn a_deleted_object_is_rejected_without_a_record() {
    let world = World::new();
    let upload = world.upload(&key(), 120);
    world.objects.remove(&key());
    let failure = world.run(&upload, EXECUTION).unwrap_err();
    assert_eq!(failure.name(), "Image.Rejected");
    assert!(failure.message().starts_with("OBJECT_DELETED: "));
    assert!(world.records.all().is_empty());
}

#[test]
fn a_rejected_image_has_a_record() {
    let world = World::new();
    for (bytes, code) in [(b"".as_slice(), "EMPTY_FILE: "), (b"text", "NOT_AN_IMAGE: ")] {
        let upload = world.objects.upload(BUCKET, &format!("raw-uploads/{}", bytes.len()), bytes, UPLOADED);
        let failure = world.run(&upload, EXECUTION).unwrap_err();
        assert_eq!(failure.name(), "Image.Rejected");
        assert!(failure.message().starts_with(code), "{}", failure.message());
        assert!(world.records.all().iter().any(|record: &Record| record.image_id == upload.derived_id()));
    }
}

#[test]
fn no_record_is_created_while_s3_is_unavailable() {
    let world = World::new();
    let upload = world.upload(&key(), 120);
    let objects = Failing::new(world.objects.clone()).fail("fetch_upload", When::Before, 1);
    assert_eq!(run_with(&world.records, &objects, &upload, EXECUTION).unwrap_err().name(), "Storage.Unavailable");
    assert!(world.records.all().is_empty());
}

#[test]
fn the_settings_have_their_documented_defaults() {
    let read = from(&|name| (name == "RECORDS_TABLE").then(|| "t".to_owned()), Settings::read).unwrap();
    assert_eq!((read.limits.max_bytes, read.limits.max_pixels, read.store_gps), (15_728_640, 50_000_000, false));
    assert_eq!(from(&|_| None, Settings::read).err().unwrap().problems, ["RECORDS_TABLE is missing"]);
}
