//! The step over fakes: claims, duplicates, re-runs (fault matrix, rows 1, 2, 4, 5).

use crate::pictures::{jpeg, quadrants};
use inspect_image::{
    settings,
    step::{Input, InspectImage},
};
use serde_json::json;
use sightline_domain::{
    model::{
        clock::{DAY_MILLIS, EpochMillis, FixedClock},
        identity::{Upload, content_key, hex_sha256},
        image::ImageRef,
        record::{ProcessingStatus, Record},
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

pub fn run_with(
    records: &(impl Records + Clone),
    objects: &(impl Uploads + Objects + Clone),
    upload: &Upload,
    execution: &str,
) -> Result<ImageRef, StepFailure> {
    run_at(NOW, records, objects, upload, execution)
}

fn run_at(
    now: EpochMillis,
    records: &(impl Records + Clone),
    objects: &(impl Uploads + Objects + Clone),
    upload: &Upload,
    execution: &str,
) -> Result<ImageRef, StepFailure> {
    let settings = from(&|name| (name == "RECORDS_TABLE").then(|| "records".to_owned()), settings::read).unwrap();
    let step = InspectImage::new(settings, records.clone(), objects.clone(), FixedClock(now));
    let input: Input = serde_json::from_value(json!({"Event": event(upload), "ExecutionArn": execution})).unwrap();
    ready(step.run(input))
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
        self.objects.upload(BUCKET, key, &jpeg(&quadrants(width, 100)), UPLOADED)
    }

    fn run(&self, upload: &Upload, execution: &str) -> Result<ImageRef, StepFailure> {
        run_with(&self.records, &self.objects, upload, execution)
    }
}

#[test]
fn the_record_and_what_travels_carry_the_name_of_the_file() {
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
    let world = World::new();
    let upload = world.upload(&key(), 120);
    let image = world.run(&upload, EXECUTION).unwrap();
    assert_eq!((image.image_id.as_str(), image.owner_id.as_str()), (IMAGE_ID, OWNER));
    assert_eq!((image.width, image.height, image.upload_timestamp), (120, 100, UPLOADED));
    assert_eq!(image.version_id.as_deref(), Some("v1"));
    assert_eq!(world.objects.keys(), [image.processed_key, image.thumbnail_key, upload.key]);
    let record = world.records.all().remove(0);
    assert_eq!((record.processing_status, record.execution_arn.as_str(), record.attempts), (ProcessingStatus::Pending, EXECUTION, 1));
    assert_eq!((record.upload_timestamp, record.claimed_at), (UPLOADED, NOW));
}

#[test]
fn the_digest_is_that_of_the_original() {
    let world = World::new();
    let upload = world.objects.upload(BUCKET, &key(), &jpeg(&quadrants(100, 100)), UPLOADED);
    let digest = world.run(&upload, EXECUTION).unwrap().content_sha256;
    assert!(digest.len() == 64 && digest.chars().all(|c| c.is_ascii_hexdigit() && !c.is_uppercase()));
}

#[test]
fn the_marker_of_a_folder_makes_no_record() {
    let world = World::new();
    let upload = world.objects.upload(BUCKET, "raw-uploads/holiday/", b"", UPLOADED);
    for gone in [false, true] {
        if gone {
            world.objects.remove(&upload.key);
        }
        let settings = from(&|name| (name == "RECORDS_TABLE").then(|| "records".to_owned()), settings::read).unwrap();
        let step = InspectImage::new(settings, world.records.clone(), world.objects.clone(), FixedClock(NOW));
        let mut created = event(&upload);
        created.detail.object.size = 0;
        let input: Input = serde_json::from_value(json!({"Event": created, "ExecutionArn": EXECUTION})).unwrap();
        let fault = ready(step.run(input)).unwrap_err();
        assert_eq!((fault.name(), fault.is_expected(), world.records.all().len()), ("Upload.FolderMarker", true, 0));
    }
    // A picture may have such a key as well.
    let picture = world.upload("raw-uploads/holiday/", 200);
    assert_eq!(run_with(&world.records, &world.objects, &picture, EXECUTION).unwrap().key, "raw-uploads/holiday/");
}

/// Injected: a second execution with the event, while the record is PENDING, COMPLETED or rejected.
/// Seen: Image.Duplicate; the record is unchanged.
#[test]
fn row_01_row_02_a_second_event_ends_as_a_duplicate_in_every_state_of_the_record() {
    let pending = json!({});
    let states = [
        ("being analysed", pending),
        ("completed", json!({"ProcessingStatus": "COMPLETED"})),
        ("rejected", json!({"ProcessingStatus": "FAILED", "StatusReason": "TRUNCATED"})),
    ];
    for (case, change) in states {
        let world = World::new();
        let upload = world.upload(&key(), 120);
        world.run(&upload, EXECUTION).unwrap();
        world.records.change(IMAGE_ID, change);
        let before = world.records.item(IMAGE_ID);
        let fault = world.run(&upload, OTHER_EXECUTION).unwrap_err();
        assert_eq!(fault.name(), "Image.Duplicate", "{case}");
        assert!(fault.message().contains(IMAGE_ID) && fault.message().contains(EXECUTION), "{case}: {}", fault.message());
        assert_eq!(world.records.item(IMAGE_ID), before, "{case}: the record is unchanged");
    }
}

/// Injected: the event once more, 100 days after the image was completed.
/// Seen: Image.Duplicate; the record is the same to the last attribute.
#[test]
fn row_02_a_hundred_days_later_the_record_is_unchanged() {
    let world = World::new();
    let upload = world.upload(&key(), 120);
    world.run(&upload, EXECUTION).unwrap();
    world.records.change(IMAGE_ID, json!({"ProcessingStatus": "COMPLETED"}));
    let before = world.records.item(IMAGE_ID);
    let fault = run_at(NOW + 100 * DAY_MILLIS, &world.records, &world.objects, &upload, OTHER_EXECUTION).unwrap_err();
    assert_eq!((fault.name(), world.records.item(IMAGE_ID)), ("Image.Duplicate", before));
}

#[test]
fn a_duplicate_reads_no_image() {
    let world = World::new();
    let upload = world.upload(&key(), 120);
    world.run(&upload, EXECUTION).unwrap();
    let objects = Failing::new(world.objects.clone()).fail("read", When::Before, 1);
    assert_eq!(run_with(&world.records, &objects, &upload, OTHER_EXECUTION).unwrap_err().name(), "Image.Duplicate");
}

#[test]
fn the_same_execution_goes_on_when_its_step_is_tried_again() {
    let world = World::new();
    let upload = world.upload(&key(), 120);
    let first = world.run(&upload, EXECUTION).unwrap();
    assert_eq!(world.run(&upload, EXECUTION).unwrap(), first);
    assert_eq!(world.records.all()[0].attempts, 1);
}

/// Injected: killed after the record was claimed.
/// Seen: the next try of the same execution goes on; one record.
#[test]
fn row_22_a_claim_whose_answer_was_lost_is_found_by_the_next_try() {
    let world = World::new();
    let upload = world.upload(&key(), 120);
    let records = Failing::new(world.records.clone()).fail("claim", When::After, 1);
    assert_eq!(run_with(&records, &world.objects, &upload, EXECUTION).unwrap_err().name(), "Storage.Unavailable");
    assert!(run_with(&records, &world.objects, &upload, EXECUTION).is_ok());
    assert_eq!(world.records.all().len(), 1);
}

/// Injected: killed before and after each of the two copies is written.
/// Seen: the next try writes what is missing.
#[test]
fn row_22_it_goes_on_where_writing_the_copies_was_interrupted() {
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
fn a_failed_image_is_taken_over_by_a_fresh_execution() {
    let world = World::new();
    let upload = world.upload(&key(), 120);
    world.run(&upload, EXECUTION).unwrap();
    let failed = json!({"ProcessingStatus": "FAILED", "StatusReason": "Recognition.Throttled", "StatusDetail": "d", "FinishedAt": 1, "WorkQueue": "FAILED"});
    world.records.change(IMAGE_ID, failed);
    let image = world.run(&upload, OTHER_EXECUTION).unwrap();
    assert_eq!((image.image_id.as_str(), image.execution_arn.as_str()), (IMAGE_ID, OTHER_EXECUTION));
    let record = world.records.all().remove(0);
    assert_eq!((record.processing_status, record.attempts), (ProcessingStatus::Pending, 2));
    assert_eq!((record.status_reason, record.status_detail, record.finished_at), (None, None, None));
}

#[test]
fn the_execution_that_lost_an_image_to_a_re_run_ends_as_a_duplicate() {
    let world = World::new();
    let upload = world.upload(&key(), 120);
    world.run(&upload, EXECUTION).unwrap();
    world.records.change(IMAGE_ID, json!({"ProcessingStatus": "FAILED", "StatusReason": "Recognition.Throttled"}));
    world.run(&upload, OTHER_EXECUTION).unwrap();
    assert_eq!(world.run(&upload, EXECUTION).unwrap_err().name(), "Image.Duplicate");
}

#[test]
fn a_review_of_an_earlier_run_leaves_no_trace_in_a_fresh_one() {
    let world = World::new();
    let upload = world.upload(&key(), 120);
    world.run(&upload, EXECUTION).unwrap();
    let reviewed = json!({
        "ProcessingStatus": "FAILED", "StatusReason": "Storage.Unavailable", "ReviewStatus": "APPROVED",
        "ReviewedBy": "anna", "ReviewedAt": 5, "ReviewReason": "art", "ReviewDeadline": 9, "ReviewToken": "secret",
    });
    world.records.change(IMAGE_ID, reviewed);
    world.run(&upload, OTHER_EXECUTION).unwrap();
    let item = world.records.item(IMAGE_ID);
    assert_eq!(item["ReviewStatus"], json!("NONE"));
    for name in ["ReviewedBy", "ReviewedAt", "ReviewReason", "ReviewDeadline", "ReviewToken"] {
        assert!(!item.contains_key(name), "{name}");
    }
}

/// Injected: two versions of one key with different content.
/// Seen: two images with two ids, each with its own content.
#[test]
fn row_04_a_key_that_was_overwritten_with_other_content_is_two_images() {
    let world = World::new();
    let (first, second) = (world.upload(&key(), 120), world.upload(&key(), 140));
    let (one, two) = (world.run(&first, EXECUTION).unwrap(), world.run(&second, OTHER_EXECUTION).unwrap());
    assert_eq!((one.image_id.as_str(), one.width, one.version_id.as_deref()), (IMAGE_ID, 120, Some("v1")));
    assert_eq!((two.image_id, two.width, two.version_id.as_deref()), (second.derived_id(), 140, Some("v2")));
    assert_eq!(world.records.all().len(), 2);
    assert_eq!(world.run(&second, "a third execution").unwrap_err().name(), "Image.Duplicate", "its event comes twice, too");
}

/// Injected: the events of two versions, the newer one first.
/// Seen: each image has the content of its own version.
#[test]
fn row_05_two_versions_whose_events_come_in_the_wrong_order_end_with_their_own_content() {
    let world = World::new();
    let (first, second) = (world.upload(&key(), 120), world.upload(&key(), 140));
    let (two, one) = (world.run(&second, OTHER_EXECUTION).unwrap(), world.run(&first, EXECUTION).unwrap());
    assert_eq!((two.image_id.as_str(), two.width), (IMAGE_ID, 140));
    assert_eq!((one.image_id, one.width), (first.derived_id(), 120));
}

/// Under KMS the same content has another entity tag with every upload.
fn uploaded_again(world: &World, key: &str, bytes: &[u8], etag: &str) -> Upload {
    Upload { etag: etag.to_owned(), ..world.objects.upload(BUCKET, key, bytes, UPLOADED + 1_000) }
}

#[test]
fn the_same_content_under_the_key_that_its_content_names_is_the_same_image_whatever_its_entity_tag() {
    let world = World::new();
    let bytes = jpeg(&quadrants(120, 100));
    let (key, id) = content_key(OWNER, &hex_sha256(&bytes), "jpg");
    let first = world.objects.upload(BUCKET, &key, &bytes, UPLOADED);
    assert_eq!(world.run(&first, EXECUTION).unwrap().image_id, id);
    let again = uploaded_again(&world, &key, &bytes, "another-tag");
    assert_eq!(world.run(&again, OTHER_EXECUTION).unwrap_err().name(), "Image.Duplicate");
    assert_eq!(world.records.all().len(), 1);
}

#[test]
fn a_failed_image_is_taken_over_by_another_upload_of_the_same_content() {
    let world = World::new();
    let bytes = jpeg(&quadrants(120, 100));
    let (key, id) = content_key(OWNER, &hex_sha256(&bytes), "jpg");
    let first = world.objects.upload(BUCKET, &key, &bytes, UPLOADED);
    world.run(&first, EXECUTION).unwrap();
    world.records.change(&id, json!({"ProcessingStatus": "FAILED", "StatusReason": "Recognition.Throttled"}));
    let again = uploaded_again(&world, &key, &bytes, "another-tag");
    let image = world.run(&again, OTHER_EXECUTION).unwrap();
    assert_eq!(
        (image.image_id, image.upload_timestamp, image.version_id.as_deref()),
        (id, UPLOADED, Some("v2")),
        "one record, under its first time"
    );
    assert_eq!(world.records.all().len(), 1);
}

#[test]
fn other_content_of_the_same_size_under_a_key_that_its_content_does_not_name_is_another_image() {
    let world = World::new();
    let bytes = jpeg(&quadrants(120, 100));
    let first = world.objects.upload(BUCKET, &key(), &bytes, UPLOADED);
    world.run(&first, EXECUTION).unwrap();
    let again = uploaded_again(&world, &key(), &bytes, "another-tag");
    assert_eq!(
        world.run(&again, OTHER_EXECUTION).unwrap().image_id,
        again.derived_id(),
        "a key that proves nothing goes by its entity tag"
    );
}

#[test]
fn a_key_that_nobody_chose_makes_an_image_of_the_default_owner() {
    let world = World::new();
    for key in ["raw-uploads/holiday photo+1.jpg", "raw-uploads/Ünï/日本.jpg", "raw-uploads/100%25.jpg"] {
        let upload = world.upload(key, 120);
        let image = world.run(&upload, EXECUTION).unwrap();
        assert_eq!((image.owner_id.as_str(), image.image_id, image.key.as_str()), ("default", upload.derived_id(), key));
    }
}

#[test]
fn an_object_that_is_gone_is_rejected_before_a_record_is_made() {
    let world = World::new();
    let upload = world.upload(&key(), 120);
    world.objects.remove(&key());
    let fault = world.run(&upload, EXECUTION).unwrap_err();
    assert_eq!(fault.name(), "Image.Rejected");
    assert!(fault.message().starts_with("OBJECT_DELETED: "));
    assert!(world.records.all().is_empty());
}

#[test]
fn a_rejected_image_was_claimed_before_so_that_its_record_exists() {
    let world = World::new();
    for (bytes, code) in [(b"".as_slice(), "EMPTY_FILE: "), (b"text", "NOT_AN_IMAGE: ")] {
        let upload = world.objects.upload(BUCKET, &format!("raw-uploads/{}", bytes.len()), bytes, UPLOADED);
        let fault = world.run(&upload, EXECUTION).unwrap_err();
        assert_eq!(fault.name(), "Image.Rejected");
        assert!(fault.message().starts_with(code), "{}", fault.message());
        assert!(world.records.all().iter().any(|record: &Record| record.image_id == upload.derived_id()));
    }
}

#[test]
fn a_bucket_that_is_down_leaves_nothing_behind() {
    let world = World::new();
    let upload = world.upload(&key(), 120);
    let objects = Failing::new(world.objects.clone()).fail("find_upload", When::Before, 1);
    assert_eq!(run_with(&world.records, &objects, &upload, EXECUTION).unwrap_err().name(), "Storage.Unavailable");
    assert!(world.records.all().is_empty());
}

#[test]
fn the_settings_have_their_documented_defaults() {
    let read = from(&|name| (name == "RECORDS_TABLE").then(|| "t".to_owned()), settings::read).unwrap();
    assert_eq!((read.limits.max_bytes, read.limits.max_pixels, read.store_gps), (15_728_640, 50_000_000, false));
    assert_eq!(from(&|_| None, settings::read).err().unwrap().problems, ["RECORDS_TABLE is missing"]);
}
