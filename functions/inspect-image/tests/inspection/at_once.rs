//! Two executions that claim at the same moment: each found nothing when it looked.

use crate::{
    pictures::{jpeg, quadrants},
    step::run_with,
};
use sightline_domain::model::{
    clock::EpochMillis,
    identity::{Upload, content_key, hex_sha256},
    record::Record,
};
use sightline_tests::{
    failing::Failing,
    objects::MemoryObjects,
    samples::{BUCKET, EXECUTION, OTHER_EXECUTION, OWNER, UPLOADED},
    tables::MemoryTables,
};

/// Records in which another execution claims `upload` right before the first claim, after everything was looked up for it.
fn overtaken(records: &MemoryTables, objects: &MemoryObjects, upload: &Upload) -> Failing<MemoryTables> {
    let (tables, objects, mut upload) = (records.clone(), objects.clone(), Some(upload.clone()));
    Failing::new(records.clone()).before("claim", move || {
        if let Some(upload) = upload.take() {
            run_with(&tables, &objects, &upload, OTHER_EXECUTION).unwrap();
        }
    })
}

/// When the second execution claims.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Second {
    /// Right before the first one, after all that was looked up for that.
    AtOnce,
    /// After the first one.
    Later,
    /// After the first one, whose upload was deleted for good meanwhile.
    AfterDeletion,
}

/// The records after two uploads of one photo, under keys with different endings, were claimed; and how each execution ended.
///
/// `in_order`: the upload that came first is claimed first. `kms`: every upload has an entity tag of its own.
fn two_endings(second_comes: Second, in_order: bool, kms: bool) -> (MemoryTables, [Result<String, &'static str>; 2]) {
    let (records, objects) = (MemoryTables::default(), MemoryObjects::default());
    let bytes = jpeg(&quadrants(120, 100));
    let put = |ending: &str, at: EpochMillis| {
        let (key, _) = content_key(OWNER, &hex_sha256(&bytes), ending);
        if kms { objects.upload_encrypted(BUCKET, &key, &bytes, at) } else { objects.upload(BUCKET, &key, &bytes, at) }
    };
    let uploads = [put("jpg", UPLOADED), put("jpeg", UPLOADED + 1_000)];
    let [first, second] = if in_order { [&uploads[0], &uploads[1]] } else { [&uploads[1], &uploads[0]] };
    let ended = |run: Result<sightline_domain::model::image::ImageRef, sightline_kit::StepFailure>| {
        run.map(|image| image.image_id).map_err(|fault| fault.name())
    };
    if second_comes == Second::AtOnce {
        let overtaken = overtaken(&records, &objects, second);
        let overtaken = ended(run_with(&overtaken, &objects, first, EXECUTION));
        return (records, [overtaken, Err("")]);
    }
    let one = ended(run_with(&records, &objects, first, EXECUTION));
    if second_comes == Second::AfterDeletion {
        objects.remove(&first.key);
    }
    let other = ended(run_with(&records, &objects, second, OTHER_EXECUTION));
    (records, [one, other])
}

/// Injected: one photo is sent as `a.jpg` and `a.jpeg`; both are claimed at the same moment, or one after the other, in either order,
/// with and without KMS, the first one deleted in between or not.
/// Seen: one record; the other execution ends as a duplicate, before anything is paid for.
#[test]
fn row_01_two_keys_of_one_content_are_one_record_in_any_order() {
    let sides = [false, true];
    for (in_order, kms) in sides.into_iter().flat_map(|order| sides.map(|kms| (order, kms))) {
        let (records, [overtaken, _]) = two_endings(Second::AtOnce, in_order, kms);
        assert_eq!(overtaken, Err("Image.Duplicate"), "at once, {in_order} {kms}");
        let held: Vec<_> = records.all().into_iter().map(|record| (record.execution_arn, record.upload_timestamp)).collect();
        assert_eq!(held, [(OTHER_EXECUTION.to_owned(), UPLOADED)], "at once, {in_order} {kms}");
        for later in [Second::Later, Second::AfterDeletion] {
            let (records, [first, second]) = two_endings(later, in_order, kms);
            assert!(first.is_ok(), "{in_order} {kms} {later:?}");
            assert_eq!(second, Err("Image.Duplicate"), "{in_order} {kms} {later:?}");
            let held: Vec<_> = records.all().into_iter().map(|record| (record.execution_arn, record.upload_timestamp)).collect();
            assert_eq!(held, [(EXECUTION.to_owned(), UPLOADED)], "{in_order} {kms} {later:?}");
        }
    }
}

/// The records after both versions of a key were claimed, the other version's claim right before ours.
fn claimed_at_once(key: &str, ours: &[u8], theirs: &[u8]) -> (Vec<Record>, Result<String, &'static str>) {
    let (records, objects) = (MemoryTables::default(), MemoryObjects::default());
    let first = objects.upload(BUCKET, key, ours, UPLOADED);
    let second = objects.upload_encrypted(BUCKET, key, theirs, UPLOADED + 1_000);
    let overtaken = overtaken(&records, &objects, &second);
    let run = run_with(&overtaken, &objects, &first, EXECUTION);
    (records.all(), run.map(|image| image.image_id).map_err(|fault| fault.name()))
}

/// Injected: an upload is sent twice, as after a lost answer, and both versions are claimed at the same moment.
/// Seen: one record; the second execution ends as a duplicate.
#[test]
fn row_01_two_versions_of_one_content_that_are_claimed_at_once_are_one_record() {
    let bytes = jpeg(&quadrants(120, 100));
    let (key, id) = content_key(OWNER, &hex_sha256(&bytes), "jpg");
    let (records, run) = claimed_at_once(&key, &bytes, &bytes);
    assert_eq!(run, Err("Image.Duplicate"));
    let held: Vec<_> = records.iter().map(|record| (record.image_id.as_str(), record.execution_arn.as_str())).collect();
    assert_eq!(held, [(id.as_str(), OTHER_EXECUTION)]);
}

/// Injected: a key is overwritten with other content, and both versions are claimed at the same moment.
/// Seen: two images, one record each.
#[test]
fn row_04_two_contents_of_one_key_that_are_claimed_at_once_are_two_images() {
    let (ours, theirs) = (jpeg(&quadrants(120, 100)), jpeg(&quadrants(140, 100)));
    let (records, run) = claimed_at_once(&sightline_tests::samples::key(), &ours, &theirs);
    let ids: Vec<&str> = records.iter().map(|record| record.image_id.as_str()).collect();
    assert_eq!(ids.len(), 2, "{ids:?}");
    assert!(ids[0] != ids[1] && ids.contains(&run.unwrap().as_str()));
}
