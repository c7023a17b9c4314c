//! Images whose record has expired: their objects and rows still exist.

use crate::world::{ERASED, TestEraser, World, completed};
use sightline_domain::{
    flows::erase::{Receipt, SWEEP_AFTER, UploadsById, find_uploads},
    model::{ProcessingStatus, Record, Upload, layout},
    ports::Objects,
};
use sightline_tests::{
    failing::When,
    objects::MemoryObjects,
    ready,
    samples::{BUCKET, IMAGE_ID, UPLOADED, key},
};

/// A completed image whose record DynamoDB has deleted; its label rows are still there.
fn expired() -> World {
    let world = completed();
    world.records.remove(IMAGE_ID);
    world
}

fn found(objects: &MemoryObjects, image_id: &str) -> UploadsById {
    ready(find_uploads(objects, BUCKET, &[image_id.to_owned()].into())).unwrap()
}

/// Erases an id without a record, as the command does.
fn erase(eraser: &TestEraser, objects: &MemoryObjects, image_id: &str) -> Option<Receipt> {
    assert!(ready(eraser.erase(image_id)).unwrap().is_none(), "it has no record");
    let uploads = found(objects, image_id).remove(image_id).unwrap_or_default();
    let foreseen = ready(eraser.preview_unrecorded(image_id, &uploads)).unwrap();
    let receipt = ready(eraser.erase_unrecorded(image_id, &uploads)).unwrap();
    let counts = |receipt: &Receipt| (receipt.originals, receipt.derived, receipt.label_rows, receipt.records);
    assert_eq!(foreseen.as_ref().map(counts), receipt.as_ref().map(counts), "a dry run says the same");
    receipt
}

/// Adds an original under a plain key, with its copies; returns it and its id.
fn plain(world: &World, key: &str, bytes: &[u8], at: i64) -> (Upload, String) {
    let upload = world.objects.upload(BUCKET, key, bytes, at);
    let id = upload.derived_id();
    ready(world.objects.write_jpeg(BUCKET, &layout::processed_image(&id), b"copy".to_vec())).unwrap();
    (upload, id)
}

/// Injected: the record of an image expires; then the image is erased by its id.
/// Seen: original, copies, results, label rows and contributions to the trends are gone, and a tombstone refuses late events.
#[test]
fn row_33_an_image_whose_record_has_expired_is_erased_by_its_id() {
    let world = expired();
    let receipt = erase(&world.eraser(ERASED), &world.objects, IMAGE_ID).unwrap();
    world.assert_erased();
    assert_eq!((receipt.originals, receipt.derived.copies, receipt.derived.results, receipt.label_rows), (1, 3, 2, 2));
    assert_eq!((receipt.records, receipt.trends), (0, true));
    let tombstone = world.records.all().remove(0);
    assert_eq!(tombstone.upload_timestamp, UPLOADED, "where a late claim of the same upload would put its record");
    // The tombstone is swept and closed like any other.
    assert!(world.erase_at(ERASED + SWEEP_AFTER).erased_before.is_some());
    assert!(world.records.all().remove(0).is_closed());
}

#[test]
fn an_image_under_a_plain_key_is_found_among_all_uploads() {
    let world = expired();
    let (upload, id) = plain(&world, "raw-uploads/holiday/a b.jpg", b"other", UPLOADED + 5);
    let receipt = erase(&world.eraser(ERASED), &world.objects, &id).unwrap();
    assert_eq!((receipt.originals, receipt.derived.copies), (1, 1));
    assert!(world.objects.versions_of(&upload.key).is_empty());
    assert_eq!(world.objects.versions_of(&key()).len(), 1, "another image stays");
    assert_eq!(world.records.label_rows().len(), 2);
}

#[test]
fn other_content_of_an_overwritten_key_with_its_own_id_stays() {
    let world = expired();
    let overwritten = world.objects.upload(BUCKET, &key(), b"other content", UPLOADED + 5);
    let other = overwritten.derived_id();
    ready(world.objects.write_jpeg(BUCKET, &layout::processed_image(&other), b"copy".to_vec())).unwrap();

    erase(&world.eraser(ERASED), &world.objects, IMAGE_ID).unwrap();

    let left: Vec<Option<String>> = world.objects.versions_of(&key()).into_iter().map(|version| Some(version.id)).collect();
    assert_eq!(left, [overwritten.version_id]);
    assert!(world.objects.current(&layout::processed_image(&other)).is_some());
}

#[test]
fn copies_without_an_original_are_erased_and_leave_a_tombstone() {
    let world = expired();
    world.objects.remove(&key());
    let receipt = erase(&world.eraser(ERASED), &world.objects, IMAGE_ID).unwrap();
    assert_eq!((receipt.originals, receipt.derived.copies, receipt.trends), (0, 3, true));
    world.assert_erased();
}

#[test]
fn an_image_without_any_trace_leaves_no_tombstone() {
    let world = expired();
    let unknown = "0b6f7c52-0000-5c8e-a4a1-7f3e2b60c9d4";
    assert!(erase(&world.eraser(ERASED), &world.objects, unknown).is_none());
    assert!(world.records.all().is_empty());
}

#[test]
fn an_interrupted_erasure_continues_from_its_record() {
    for method in ["mark_erased", "delete_rows", "delete_versions", "replace", "strip"] {
        let world = expired();
        let mut eraser = world.eraser(ERASED);
        eraser.tables = eraser.tables.fail(method, When::After, 1);
        eraser.objects = eraser.objects.fail(method, When::After, 1);
        let uploads = found(&world.objects, IMAGE_ID).remove(IMAGE_ID).unwrap();
        assert!(ready(eraser.erase_unrecorded(IMAGE_ID, &uploads)).is_err(), "{method}");

        let item = world.records.all().remove(0);
        assert!(item.is_erased(), "{method}: late events are kept out already");
        world.erase_at(ERASED + 1);
        if method != "mark_erased" {
            world.assert_erased();
        }
        assert_eq!(world.objects.keys(), Vec::<String>::new(), "{method}");
    }
}

#[test]
fn the_images_of_a_key_are_found_with_and_without_records() {
    let world = completed();
    let eraser = world.eraser(ERASED);
    let ids = |key: &str| ready(eraser.images_of_key(key)).unwrap().into_keys().collect::<Vec<_>>();
    assert_eq!(ids(&key()), [IMAGE_ID], "by its record");

    let (_, first) = plain(&world, "raw-uploads/a.jpg", b"first", UPLOADED);
    let (_, second) = plain(&world, "raw-uploads/a.jpg", b"second", UPLOADED + 1);
    let mut both = [first, second];
    both.sort();
    assert_eq!(ids("raw-uploads/a.jpg"), both, "one for each content");

    let overwritten = world.objects.upload(BUCKET, &key(), b"other content", UPLOADED + 5);
    let mut both = [IMAGE_ID.to_owned(), overwritten.derived_id()];
    both.sort();
    assert_eq!(ids(&key()), both);

    world.objects.remove(&key());
    assert_eq!(ids(&key()), [IMAGE_ID], "the key itself names it");
    assert_eq!(ids("raw-uploads/none.jpg"), [] as [String; 0]);
    assert_eq!(ids("raw-uploads/a.jp"), [] as [String; 0], "a key, not the beginning of one");
    assert_eq!(ids(&layout::processed_image(IMAGE_ID)), [] as [String; 0], "a copy is no upload");
}

#[test]
fn a_later_upload_whose_record_has_expired_is_erased_beside_the_tombstone_of_the_first() {
    let world = expired();
    erase(&world.eraser(ERASED), &world.objects, IMAGE_ID).unwrap();
    world.erase_at(ERASED + SWEEP_AFTER);
    let again = world.objects.upload(BUCKET, &key(), b"image", ERASED + SWEEP_AFTER + 1);
    let uploads = found(&world.objects, IMAGE_ID).remove(IMAGE_ID).unwrap();

    let receipt = ready(world.eraser(ERASED + 9 * SWEEP_AFTER).erase_unrecorded(IMAGE_ID, &uploads)).unwrap().unwrap();

    assert_eq!((receipt.originals, world.objects.versions_of(&again.key).len()), (1, 0));
    let records = world.records.all();
    assert_eq!(records.iter().map(|record| record.processing_status).collect::<Vec<_>>(), [ProcessingStatus::Erased; 2]);
    assert!(records.iter().all(Record::is_tombstone));
}
