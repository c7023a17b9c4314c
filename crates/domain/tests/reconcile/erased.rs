//! Erased images in the queue: late writes are deleted, and the tombstone is closed.

use crate::world::{MINUTE, NOW, World, did, world};
use serde_json::json;
use sightline_domain::{
    flows::{erase::SWEEP_AFTER, reconcile::ActionKind},
    model::{Record, WorkQueue},
    ports::{Objects, Records},
};
use sightline_tests::{
    ready,
    samples::{BUCKET, EXECUTION, IMAGE_ID, UPLOADED, claimed, key},
};

/// An image that was erased `ago` milliseconds ago, without its original.
fn erased(ago: i64) -> World {
    let world = world();
    let tombstone = json!({"ImageID": IMAGE_ID, "UploadTimestamp": UPLOADED, "ProcessingStatus": "ERASED", "WorkQueue": "ERASED",
        "ErasedAt": NOW - ago, "SchemaVersion": 1});
    world.table.put(&serde_json::from_value::<Record>(tombstone).unwrap());
    world
}

fn write_late(world: &World) {
    ready(world.objects.write_json(BUCKET, &format!("results/{IMAGE_ID}/labels.json"), b"{}".to_vec())).unwrap();
}

fn left(world: &World) -> Vec<String> {
    world.objects.keys().into_iter().filter(|key| !key.starts_with("operations/")).collect()
}

/// Injected: a function of the stopped execution writes an answer after the erasure.
/// Seen: the next run of reconcile deletes it, and the one after closes the tombstone.
#[test]
fn row_33_reconcile_removes_late_writes_and_closes_the_tombstone() {
    let world = erased(SWEEP_AFTER);
    write_late(&world);

    assert_eq!(did(&world.run()), [ActionKind::RemovedLateWrites]);
    assert_eq!(left(&world), Vec::<String>::new());
    assert_eq!(did(&world.run()), [ActionKind::ClosedTombstone]);
    assert_eq!(world.record().work_queue, None);
    assert_eq!(world.run().actions, []);
}

#[test]
fn a_recently_erased_image_stays_in_the_queue() {
    let world = erased(SWEEP_AFTER - 1);
    let report = world.run();
    assert_eq!((report.actions, report.untouched), (vec![], 1));
    assert_eq!(world.record().work_queue, Some(WorkQueue::Erased));
}

#[test]
fn a_dry_run_removes_nothing() {
    let mut world = erased(SWEEP_AFTER);
    write_late(&world);
    world.options.dry_run = true;
    assert_eq!(did(&world.run()), [ActionKind::WouldLookForLateWrites]);
    assert_eq!(left(&world).len(), 1);
}

#[test]
fn an_interrupted_erasure_is_reported_after_a_while() {
    let world = erased(SWEEP_AFTER);
    world.table.change(IMAGE_ID, json!({"S3_URL": format!("s3://{BUCKET}/{}", key())}));
    write_late(&world);
    assert_eq!(world.run().actions, [], "somebody is erasing it");

    world.table.change(IMAGE_ID, json!({"ErasedAt": NOW - SWEEP_AFTER - MINUTE}));
    let report = world.run();
    assert_eq!((did(&report), report.failed, report.complete), (vec![ActionKind::NotDone], 1, false));
    assert!(report.actions[0].reason.as_ref().unwrap().contains("sightline erase"));
    assert_eq!(left(&world).len(), 1, "what is left is left to the erasure");
}

#[test]
fn an_upload_after_the_erasure_whose_event_is_lost_is_started() {
    let world = erased(SWEEP_AFTER);
    world.upload(b"again", NOW - 6 * MINUTE);
    assert_eq!(did(&world.run()), [ActionKind::ClosedTombstone, ActionKind::Started]);

    ready(world.table.claim(&Record { upload_timestamp: NOW - 6 * MINUTE, execution_arn: EXECUTION.into(), ..claimed() })).unwrap();
    assert_eq!(world.table.all().len(), 2);
}

#[test]
fn the_version_that_is_being_erased_is_not_started() {
    let world = erased(SWEEP_AFTER - MINUTE);
    let upload = world.upload(b"image", UPLOADED);
    world
        .table
        .change(IMAGE_ID, json!({"VersionId": upload.version_id, "ETag": upload.etag, "S3_URL": format!("s3://{BUCKET}/{}", key())}));
    assert_eq!(world.run().orphans, 0);
}
