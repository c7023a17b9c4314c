//! Uploads without a record.

use crate::world::{MINUTE, NOW, did, world};
use serde_json::json;
use sightline_domain::{
    flows::reconcile::ActionKind,
    model::{DAY_MILLIS, ObjectRef, ProcessingStatus, Record, Upload, WorkQueue},
    ports::Objects,
};
use sightline_tests::{
    ready,
    samples::{BUCKET, IMAGE_ID, UPLOADED, claimed},
};

/// Injected: an object is in the bucket, and its event was lost.
/// Seen: the next run starts an execution with the event that S3 should have sent.
#[test]
fn row_03_an_upload_without_a_record_is_started_with_its_event() {
    let world = world();
    let upload = world.upload(b"image", UPLOADED);

    let report = world.run();

    assert_eq!((world.started(), did(&report), report.orphans), (vec![upload], vec![ActionKind::Started], 1));
    assert_eq!(report.actions[0].image_id, IMAGE_ID);
    assert!(report.complete && report.error.is_none());
    let event: serde_json::Value = serde_json::from_str(&world.engine.started()[0].1).unwrap();
    assert_eq!((&event["source"], &event["detail-type"]), (&json!("aws.s3"), &json!("Object Created")));
    assert_eq!((&event["time"], &event["detail"]["object"]["size"]), (&json!("2026-03-01T12:00:00Z"), &json!(5)));
}

#[test]
fn an_upload_within_the_grace_period_is_left_to_its_event() {
    let world = world();
    world.upload(b"image", NOW - 4 * MINUTE);
    let report = world.run();
    assert_eq!((report.versions_listed, report.versions_looked_at, world.started().len()), (1, 0, 0));
}

#[test]
fn an_upload_with_a_record_under_any_of_its_ids_is_left_alone() {
    let cases: [(&str, &str, fn(&Upload) -> String); 4] = [
        ("the id in its key", "raw-uploads/anna/3f2b8c1e-5d4a-4f6b-9c7d-1a2b3c4d5e6f.jpg", |_| IMAGE_ID.to_owned()),
        ("overwritten, by its version", "raw-uploads/anna/3f2b8c1e-5d4a-4f6b-9c7d-1a2b3c4d5e6f.jpg", Upload::derived_id),
        ("by its version", "raw-uploads/a.jpg", Upload::derived_id),
        ("by its entity tag", "raw-uploads/a.jpg", |upload| Upload { version_id: None, ..upload.clone() }.derived_id()),
    ];
    for (case, key, id) in cases {
        let world = world();
        let upload = world.objects.upload(BUCKET, key, b"image", UPLOADED);
        world.complete(&upload, &id(&upload));
        let report = world.run();
        assert_eq!((report.orphans, report.untouched, world.started().len()), (0, 1, 0), "{case}");
    }
}

#[test]
fn other_content_under_a_key_with_an_image_id_is_a_separate_upload() {
    let world = world();
    let first = world.upload(b"first", UPLOADED);
    world.complete(&first, IMAGE_ID);
    let second = world.upload(b"second", UPLOADED + MINUTE);
    world.run();
    assert_eq!(world.started(), [second]);
}

#[test]
fn an_upload_whose_record_has_expired_is_not_analysed_again() {
    // A record of today cannot have expired, so it was lost.
    for (uploaded, orphans) in [(UPLOADED - 2 * DAY_MILLIS, 0), (UPLOADED, 1)] {
        let world = world();
        let upload = world.upload(b"image", uploaded);
        let object = ObjectRef { bucket: BUCKET, key: &upload.key, version_id: upload.version_id.as_deref() };
        ready(world.objects.tag_status(object, "analyzed")).unwrap();
        assert_eq!(world.run().orphans, orphans);
    }
}

#[test]
fn the_same_content_uploaded_again_after_a_failure_is_started() {
    let world = world();
    let first = world.upload(b"image", UPLOADED);
    world.complete(&first, IMAGE_ID);
    let failed = json!({"ProcessingStatus": "FAILED", "StatusReason": "Recognition.Misconfigured", "FinishedAt": UPLOADED + MINUTE});
    world.table.change(IMAGE_ID, failed);
    let again = world.upload(b"image", UPLOADED + 2 * MINUTE);
    world.run();
    assert_eq!(world.started(), [again]);
}

#[test]
fn a_run_starts_at_most_three_hundred_and_the_next_one_continues() {
    let world = world();
    world.upload_many(305);

    let (first, second) = (world.run(), world.run());

    assert_eq!((first.orphans, first.complete, second.orphans, second.complete), (300, false, 5, true));
    let mut keys: Vec<String> = world.started().into_iter().map(|upload| upload.key).collect();
    keys.dedup();
    assert_eq!(keys.len(), 305);
}

#[test]
fn an_error_of_one_upload_is_reported_and_checked_again_by_the_next_sweep() {
    let mut world = world();
    let broken = world.upload(b"image", UPLOADED);
    world.complete(&broken, IMAGE_ID);
    world.table.change(IMAGE_ID, json!({"Size": "unreadable"}));
    let fine = world.objects.upload(BUCKET, "raw-uploads/z.jpg", b"image", UPLOADED);

    let report = world.run();

    assert_eq!((did(&report), world.started()), (vec![ActionKind::NotDone, ActionKind::Started], vec![fine]));
    assert_eq!((report.failed, report.complete, report.error.is_some()), (1, false, true));
    world.table.remove(IMAGE_ID);
    world.now += 24 * 60 * MINUTE;
    world.run();
    assert!(world.started().contains(&broken));
}

#[test]
fn a_folder_marker_is_not_an_upload() {
    let world = world();
    world.objects.upload(BUCKET, "raw-uploads/holiday/", b"", UPLOADED);
    let report = world.run();
    assert_eq!((report.versions_listed, report.orphans, world.started().len()), (0, 0, 0));
    assert!(report.complete);
    // Only an empty object whose key ends in a slash is a folder marker.
    world.objects.upload(BUCKET, "raw-uploads/odd/", b"image", NOW - 6 * MINUTE);
    world.objects.upload(BUCKET, "raw-uploads/empty.jpg", b"", NOW - 6 * MINUTE);
    assert_eq!((world.run().actions.len(), world.started().len()), (2, 2));
}

#[test]
fn a_dry_run_starts_nothing_and_keeps_no_bookmark() {
    let mut world = world();
    world.options.dry_run = true;
    world.upload(b"image", UPLOADED);
    let report = world.run();
    assert_eq!((did(&report), report.orphans, world.started().len()), (vec![ActionKind::WouldStart], 1, 0));
    assert_eq!(world.objects.keys().len(), 1);
}

/// Injected: `a.jpg` and `a.jpeg` are one image; the one that had claimed its record is deleted before it is inspected.
/// Seen: the other one is started and can claim the record.
#[test]
fn row_01_the_remaining_one_of_two_uploads_is_started_if_the_other_was_deleted() {
    let world = world();
    let jpeg = sightline_tests::samples::key().replace(".jpg", ".jpeg");
    let left = world.objects.upload(BUCKET, &jpeg, b"image", UPLOADED + 1);
    let record =
        Record { etag: left.etag.clone(), status_reason: Some("OBJECT_DELETED".into()), finished_at: Some(UPLOADED + 2), ..claimed() };
    world.table.put(&Record { processing_status: ProcessingStatus::Failed, work_queue: Some(WorkQueue::Failed), ..record });
    assert_eq!(did(&world.run()), [ActionKind::Started]);
    assert_eq!(world.started(), [left]);
}
