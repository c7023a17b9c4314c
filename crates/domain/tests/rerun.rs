//! The record of an upload, and whether its execution must run again.

#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::unwrap_used, reason = "tests fail by panicking")]

use serde_json::json;
use sightline_domain::{
    flows::rerun::{may_restart, obstacle, record_of, waits_for},
    model::{ProcessingStatus, Record, Upload},
};
use sightline_tests::{
    objects::MemoryObjects,
    ready,
    samples::{BUCKET, EXECUTION, IMAGE_ID, OTHER_EXECUTION, UPLOADED, claimed, key},
    tables::MemoryTables,
};

struct World {
    records: MemoryTables,
    objects: MemoryObjects,
}

impl World {
    fn new() -> Self {
        Self { records: MemoryTables::default(), objects: MemoryObjects::default() }
    }

    fn put(&self, upload: &Upload, id: &str, execution: &str) {
        let record = Record { image_id: id.to_owned(), etag: upload.etag.clone(), version_id: upload.version_id.clone(), ..claimed() };
        self.records.put(&Record { execution_arn: execution.to_owned(), ..record });
    }

    fn found(&self, upload: &Upload, execution: Option<&str>) -> Option<String> {
        ready(record_of(&self.records, &self.objects, upload, execution)).unwrap().map(|record| record.image_id)
    }
}

#[test]
fn each_content_of_an_overwritten_key_has_its_own_record() {
    let world = World::new();
    let first = world.objects.upload(BUCKET, &key(), b"one", UPLOADED);
    let second = world.objects.upload(BUCKET, &key(), b"another", UPLOADED + 1);
    world.put(&first, IMAGE_ID, EXECUTION);
    assert_eq!(world.found(&second, Some(OTHER_EXECUTION)), None, "the first id is the other content's");
    world.put(&second, &second.derived_id(), OTHER_EXECUTION);
    assert_eq!(world.found(&first, Some(EXECUTION)).as_deref(), Some(IMAGE_ID));
    assert_eq!(world.found(&second, Some(OTHER_EXECUTION)), Some(second.derived_id()));
    assert_eq!(world.found(&second, None), Some(second.derived_id()), "also without an execution, as for a dead letter");
}

#[test]
fn an_upload_during_an_erasure_has_its_second_candidate_id() {
    let world = World::new();
    let upload = world.objects.upload(BUCKET, &key(), b"image", UPLOADED + 60_000);
    let tombstone = json!({"ImageID": IMAGE_ID, "UploadTimestamp": UPLOADED, "ProcessingStatus": "ERASED", "ErasedAt": UPLOADED + 50_000,
        "WorkQueue": "ERASED", "SchemaVersion": 1});
    world.records.put(&serde_json::from_value(tombstone).unwrap());
    assert_eq!(world.found(&upload, None), None, "the tombstone is another upload's");
    world.put(&upload, &upload.derived_id(), EXECUTION);
    assert_eq!(world.found(&upload, Some(EXECUTION)), Some(upload.derived_id()));
}

#[test]
fn an_erased_image_is_found_as_erased() {
    let world = World::new();
    let upload = world.objects.upload(BUCKET, &key(), b"image", UPLOADED);
    world.put(&upload, IMAGE_ID, EXECUTION);
    world.records.change(IMAGE_ID, json!({"ProcessingStatus": "ERASED", "ExecutionArn": "", "S3_URL": ""}));
    world.objects.remove(&key());
    let found = ready(record_of(&world.records, &world.objects, &upload, Some(EXECUTION))).unwrap().unwrap();
    assert_eq!(obstacle(Some(&found), EXECUTION).as_deref(), Some("its image was erased"));
    assert!(!may_restart(Some(&found)) && !waits_for(Some(&found), EXECUTION));
}

#[test]
fn the_item_of_the_execution_comes_before_a_newer_item_of_the_image() {
    let world = World::new();
    let upload = world.objects.upload(BUCKET, &key(), b"image", UPLOADED);
    world.put(&upload, IMAGE_ID, EXECUTION);
    let newer = Record { upload_timestamp: UPLOADED + 1, execution_arn: OTHER_EXECUTION.into(), etag: upload.etag.clone(), ..claimed() };
    world.records.put(&newer);
    let own = ready(record_of(&world.records, &world.objects, &upload, Some(EXECUTION))).unwrap().unwrap();
    assert_eq!((own.upload_timestamp, own.execution_arn.as_str()), (UPLOADED, EXECUTION));
}

#[test]
fn an_execution_runs_again_only_for_its_own_image() {
    let failed = Record { processing_status: ProcessingStatus::Failed, status_reason: Some("Storage.Unavailable".into()), ..claimed() };
    assert_eq!(obstacle(None, EXECUTION), None);
    assert_eq!(obstacle(Some(&failed), EXECUTION), None);
    assert!(obstacle(Some(&failed), OTHER_EXECUTION).unwrap().ends_with(EXECUTION));
    assert!(waits_for(None, EXECUTION) && waits_for(Some(&failed), EXECUTION) && !waits_for(Some(&failed), OTHER_EXECUTION));
    assert!(may_restart(None) && may_restart(Some(&failed)) && !may_restart(Some(&claimed())));
}
