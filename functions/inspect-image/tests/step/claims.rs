//! Claims that meet another claim, a rejection or a tombstone (fault matrix, rows 1, 4 and 33).

use crate::{
    photo,
    runs::{run_event, run_with},
};
use serde_json::json;
use sightline_domain::{
    flows::erase::SWEEP_AFTER,
    model::{
        EpochMillis, ImageRef, ObjectRef, ProcessingStatus, Record, Tombstone, Upload, WorkQueue,
        event::reinspection_event,
        identity::{content_key, hex_sha256},
        layout,
    },
    ports::Objects,
};
use sightline_kit::StepFailure;
use sightline_tests::{
    failing::Failing,
    objects::MemoryObjects,
    ready,
    samples::{BUCKET, EXECUTION, IMAGE_ID, NOW, OTHER_EXECUTION, OWNER, UPLOADED, claimed, event, key},
    tables::MemoryTables,
};

// Two executions claim at the same time: neither finds a record when it looks.

/// Records in which another execution claims `upload` right before the first claim, after everything was looked up for it.
fn claimed_by_other_first(records: &MemoryTables, objects: &MemoryObjects, upload: &Upload) -> Failing<MemoryTables> {
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
    /// Right before the first one, after everything was looked up for it.
    AtOnce,
    /// After the first one.
    Later,
    /// After the first one, whose upload was deleted in between.
    AfterDeletion,
}

/// Claims two uploads of one photo under keys with different extensions. Returns the records and the result of each execution.
///
/// `in_order`: the first upload is claimed first. `kms`: every upload has its own ETag.
fn claim_two_extensions(second_comes: Second, in_order: bool, kms: bool) -> (MemoryTables, [Result<String, &'static str>; 2]) {
    let (records, objects) = (MemoryTables::default(), MemoryObjects::default());
    let bytes = photo(120);
    let put = |extension: &str, at: EpochMillis| {
        let (key, _) = content_key(OWNER, &hex_sha256(&bytes), extension);
        if kms { objects.upload_encrypted(BUCKET, &key, &bytes, at) } else { objects.upload(BUCKET, &key, &bytes, at) }
    };
    let uploads = [put("jpg", UPLOADED), put("jpeg", UPLOADED + 1_000)];
    let [first, second] = if in_order { [&uploads[0], &uploads[1]] } else { [&uploads[1], &uploads[0]] };
    let ended = |run: Result<ImageRef, StepFailure>| run.map(|image| image.image_id).map_err(|failure| failure.name());
    if second_comes == Second::AtOnce {
        let slower = ended(run_with(&claimed_by_other_first(&records, &objects, second), &objects, first, EXECUTION));
        return (records, [slower, Err("")]);
    }
    let one = ended(run_with(&records, &objects, first, EXECUTION));
    if second_comes == Second::AfterDeletion {
        objects.remove(&first.key);
    }
    let other = ended(run_with(&records, &objects, second, OTHER_EXECUTION));
    (records, [one, other])
}

/// Injected: one photo is uploaded as `a.jpg` and `a.jpeg`; both are claimed at the same time, or one after the other, in either order,
/// with and without KMS, the first one deleted in between or not.
/// Seen: one record; the other execution ends as a duplicate before any paid call.
#[test]
fn row_01_two_keys_with_the_same_content_get_one_record_in_any_order() {
    let holders = |records: &MemoryTables| -> Vec<_> {
        records.all().into_iter().map(|record| (record.execution_arn, record.upload_timestamp)).collect()
    };
    for (in_order, kms) in [(false, false), (false, true), (true, false), (true, true)] {
        let (records, [slower, _]) = claim_two_extensions(Second::AtOnce, in_order, kms);
        assert_eq!(slower, Err("Image.Duplicate"), "at once, {in_order} {kms}");
        assert_eq!(holders(&records), [(OTHER_EXECUTION.to_owned(), UPLOADED)], "at once, {in_order} {kms}");
        for later in [Second::Later, Second::AfterDeletion] {
            let (records, [first, second]) = claim_two_extensions(later, in_order, kms);
            assert!(first.is_ok(), "{in_order} {kms} {later:?}");
            assert_eq!(second, Err("Image.Duplicate"), "{in_order} {kms} {later:?}");
            assert_eq!(holders(&records), [(EXECUTION.to_owned(), UPLOADED)], "{in_order} {kms} {later:?}");
        }
    }
}

/// Claims both versions of a key, the second version right before the first.
fn claimed_at_once(key: &str, ours: &[u8], theirs: &[u8]) -> (Vec<Record>, Result<String, &'static str>) {
    let (records, objects) = (MemoryTables::default(), MemoryObjects::default());
    let first = objects.upload(BUCKET, key, ours, UPLOADED);
    let second = objects.upload_encrypted(BUCKET, key, theirs, UPLOADED + 1_000);
    let run = run_with(&claimed_by_other_first(&records, &objects, &second), &objects, &first, EXECUTION);
    (records.all(), run.map(|image| image.image_id).map_err(|failure| failure.name()))
}

/// Injected: an upload is sent twice, as after a lost response, and both versions are claimed at the same time.
/// Seen: one record; the second execution ends as a duplicate.
#[test]
fn row_01_two_versions_with_the_same_content_claimed_at_once_get_one_record() {
    let bytes = photo(120);
    let (key, id) = content_key(OWNER, &hex_sha256(&bytes), "jpg");
    let (records, run) = claimed_at_once(&key, &bytes, &bytes);
    assert_eq!(run, Err("Image.Duplicate"));
    let held: Vec<_> = records.iter().map(|record| (record.image_id.as_str(), record.execution_arn.as_str())).collect();
    assert_eq!(held, [(id.as_str(), OTHER_EXECUTION)]);
}

/// Injected: a key is overwritten with other content, and both versions are claimed at the same time.
/// Seen: two images, one record each.
#[test]
fn row_04_two_versions_with_different_content_claimed_at_once_are_two_images() {
    let (ours, theirs) = (photo(120), photo(140));
    let (records, run) = claimed_at_once(&key(), &ours, &theirs);
    let ids: Vec<&str> = records.iter().map(|record| record.image_id.as_str()).collect();
    assert_eq!(ids.len(), 2, "{ids:?}");
    assert!(ids[0] != ids[1] && ids.contains(&run.unwrap().as_str()));
}

// A rejected image is inspected again, because settings or the decoder have changed.

const REJECTED: EpochMillis = UPLOADED + 1_000;

struct RejectedImage {
    records: MemoryTables,
    objects: MemoryObjects,
    upload: Upload,
}

/// A valid photo that an earlier release rejected.
fn rejected() -> RejectedImage {
    let (records, objects) = (MemoryTables::default(), MemoryObjects::default());
    let upload = objects.upload(BUCKET, &key(), &photo(120), UPLOADED);
    let original = ObjectRef::current(BUCKET, &upload.key);
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
    RejectedImage { records, objects, upload }
}

impl RejectedImage {
    fn run(&self, event: &serde_json::Value) -> Result<ImageRef, StepFailure> {
        run_event(NOW, &self.records, &self.objects, event, EXECUTION)
    }

    fn inspect_again(&self, rejected_at: EpochMillis) -> Result<ImageRef, StepFailure> {
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
fn a_rejected_image_that_is_now_accepted_keeps_its_record() {
    let world = rejected();
    let image = world.inspect_again(REJECTED).unwrap();
    assert_eq!((image.image_id.as_str(), image.upload_timestamp, image.width), (IMAGE_ID, UPLOADED, 120));
    let record = world.record();
    assert_eq!((record.processing_status, record.execution_arn.as_str(), record.attempts), (ProcessingStatus::Pending, EXECUTION, 2));
    assert!(record.status_reason.is_none() && record.finished_at.is_none() && record.expires_at.is_none());
    assert!(!world.is_archived(), "the upload is the only original again");
}

#[test]
fn an_event_for_another_rejection_is_a_duplicate() {
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
fn a_second_event_for_the_same_rejection_is_a_duplicate() {
    let world = rejected();
    world.inspect_again(REJECTED).unwrap();
    // A retry in its own execution continues.
    assert!(world.inspect_again(REJECTED).is_ok());
    world.records.change(
        IMAGE_ID,
        json!({"ExecutionArn": OTHER_EXECUTION, "ProcessingStatus": "FAILED", "StatusReason": "TRUNCATED", "FinishedAt": REJECTED + 5}),
    );
    assert_eq!(world.inspect_again(REJECTED).unwrap_err().name(), "Image.Duplicate");
}

#[test]
fn the_archived_original_is_inspected_and_kept_if_the_upload_is_deleted() {
    let world = rejected();
    world.objects.remove(&key());
    let image = world.inspect_again(REJECTED).unwrap();
    assert_eq!((image.image_id.as_str(), image.width), (IMAGE_ID, 120));
    assert!(world.is_archived(), "it is the only original");
}

#[test]
fn without_an_original_a_rejected_image_is_rejected_as_deleted_and_an_erased_one_is_a_duplicate() {
    let world = rejected();
    world.objects.remove(&key());
    world.objects.remove(&layout::rejected_original(IMAGE_ID));
    assert!(world.inspect_again(REJECTED).unwrap_err().message().contains("OBJECT_DELETED"));

    let world = rejected();
    world.objects.remove(&key());
    world.records.put(&Record {
        processing_status: ProcessingStatus::Erased,
        s3_url: String::new(),
        execution_arn: String::new(),
        ..claimed()
    });
    assert_eq!(world.inspect_again(REJECTED).unwrap_err().name(), "Image.Duplicate");
}

#[test]
fn an_image_that_is_rejected_again_keeps_its_archived_original() {
    let world = rejected();
    let broken = world.objects.upload(BUCKET, &key(), b"not an image", UPLOADED + 1);
    world.records.change(IMAGE_ID, json!({"ETag": broken.etag}));
    let failure = world.run(&reinspection_event(&broken, 12, UPLOADED + 1, REJECTED)).unwrap_err();
    assert_eq!((failure.name(), world.is_archived()), ("Image.Rejected", true));
    assert_eq!(world.record().attempts, 2);
    // It has no copies.
    assert!(ready(world.objects.read(ObjectRef::current(BUCKET, &layout::processed_image(IMAGE_ID)))).unwrap().is_none());
}

// Uploads that meet a tombstone: late events of an erased image, and later uploads.

const ERASED: i64 = UPLOADED + 86_400_000;

struct ErasedImage {
    records: MemoryTables,
    objects: MemoryObjects,
    upload: Upload,
}

impl ErasedImage {
    /// An image that was analysed and then erased; `closed` says whether the tombstone is closed, so that no late writes are expected.
    fn new(closed: bool) -> Self {
        let (records, objects) = (MemoryTables::default(), MemoryObjects::default());
        let upload = objects.upload(BUCKET, &key(), &photo(120), UPLOADED);
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

    fn upload_again(&self, width: u32) -> Upload {
        self.objects.upload(BUCKET, &key(), &photo(width), ERASED + SWEEP_AFTER)
    }

    fn run(&self, upload: &Upload, execution: &str) -> Result<ImageRef, StepFailure> {
        run_with(&self.records, &self.objects, upload, execution)
    }

    fn statuses(&self) -> Vec<ProcessingStatus> {
        self.records.all().iter().map(|record| record.processing_status).collect()
    }
}

/// Injected: the event of an erased image comes again, right after the erasure and much later.
/// Seen: it ends as a duplicate and creates no record.
#[test]
fn row_33_a_late_event_of_an_erased_image_is_a_duplicate() {
    for closed in [false, true] {
        let world = ErasedImage::new(closed);
        let failure = world.run(&world.upload, OTHER_EXECUTION).unwrap_err();
        assert_eq!((failure.name(), failure.message().contains("was erased")), ("Image.Duplicate", true));
        assert_eq!(world.statuses(), [ProcessingStatus::Erased]);
    }
}

/// Injected: an execution looks up the upload before the original is deleted, and claims after the record is erased.
/// Seen: it ends as a duplicate and creates no record.
#[test]
fn row_33_an_event_looked_up_before_the_erasure_and_claimed_after_it_is_a_duplicate() {
    let (in_progress, erased) = (ErasedImage::new(false), ErasedImage::new(false));
    in_progress.records.change(IMAGE_ID, json!({"S3_URL": format!("s3://{BUCKET}/{}", key()), "ETag": in_progress.upload.etag}));
    for world in [in_progress, erased] {
        // The same version still exists.
        let restored = MemoryObjects::default();
        restored.upload(BUCKET, &key(), &photo(120), UPLOADED);
        let failure = run_with(&world.records, &restored, &world.upload, OTHER_EXECUTION).unwrap_err();
        assert_eq!(failure.name(), "Image.Duplicate");
        assert_eq!(world.statuses(), [ProcessingStatus::Erased]);
    }
}

#[test]
fn a_new_upload_after_an_erasure_is_a_new_image_beside_the_tombstone() {
    let world = ErasedImage::new(true);
    let again = world.upload_again(120);

    let image = world.run(&again, OTHER_EXECUTION).unwrap();

    assert_eq!((image.image_id.as_str(), image.upload_timestamp), (IMAGE_ID, ERASED + SWEEP_AFTER));
    assert_eq!(world.statuses(), [ProcessingStatus::Erased, ProcessingStatus::Pending]);
    let item = world.records.item(IMAGE_ID);
    assert_eq!((&item["ExecutionArn"], &item["Attempts"]), (&json!(OTHER_EXECUTION), &json!(1)));
    assert_eq!(world.run(&again, OTHER_EXECUTION).unwrap(), image, "a retry of the step");
    assert_eq!(world.run(&again, "a third execution").unwrap_err().name(), "Image.Duplicate", "a second event");
}

#[test]
fn a_new_upload_during_an_erasure_gets_another_id_and_keeps_it() {
    let world = ErasedImage::new(false);
    let again = world.upload_again(120);
    assert_eq!(world.run(&again, OTHER_EXECUTION).unwrap().image_id, again.derived_id());

    let mut closed = Tombstone::of(&world.records.all().into_iter().find(Record::is_erased).unwrap());
    (closed.work_queue, closed.version_id) = (None, None);
    world.records.remove(IMAGE_ID);
    world.records.put(&serde_json::from_value::<Record>(json!(closed)).unwrap());

    assert_eq!(world.run(&again, OTHER_EXECUTION).unwrap().image_id, again.derived_id(), "a retry of the step");
    assert_eq!(world.run(&again, "a third execution").unwrap_err().name(), "Image.Duplicate", "a second event");
}

#[test]
fn an_upload_whose_only_id_is_being_erased_is_retried_later() {
    let (records, objects) = (MemoryTables::default(), MemoryObjects::default());
    let mut upload = objects.upload(BUCKET, "raw-uploads/cat.jpg", &photo(120), ERASED + 1_000);
    // As on the local AWS, whose events have no version id.
    upload.version_id = None;
    let tombstone = json!({"ImageID": upload.derived_id(), "UploadTimestamp": UPLOADED, "ProcessingStatus": "ERASED", "WorkQueue": "ERASED",
        "ErasedAt": ERASED, "SchemaVersion": 1});
    records.put(&serde_json::from_value::<Record>(tombstone).unwrap());
    assert_eq!(run_with(&records, &objects, &upload, EXECUTION).unwrap_err().name(), "Storage.Unavailable");
}

#[test]
fn other_content_under_an_erased_key_keeps_its_own_record() {
    let world = ErasedImage::new(true);
    let other = world.upload_again(140);
    world.records.change(IMAGE_ID, json!({"WorkQueue": "ERASED"}));
    assert_eq!(world.run(&other, OTHER_EXECUTION).unwrap().image_id, other.derived_id());
    world.records.change(IMAGE_ID, json!({"WorkQueue": null}));
    assert_eq!(world.run(&other, "a third execution").unwrap_err().name(), "Image.Duplicate", "it does not get the id that became free");
}

#[test]
fn an_erased_file_uploaded_again_gets_the_id_derived_from_its_content() {
    let bytes = photo(120);
    let (key, id) = content_key(OWNER, &hex_sha256(&bytes), "jpg");
    let (records, objects) = (MemoryTables::default(), MemoryObjects::default());
    let tombstone =
        json!({"ImageID": id, "UploadTimestamp": UPLOADED, "ProcessingStatus": "ERASED", "ErasedAt": ERASED, "SchemaVersion": 1});
    records.put(&serde_json::from_value::<Record>(tombstone).unwrap());
    let upload = objects.upload(BUCKET, &key, &bytes, ERASED + 1_000);
    assert_eq!(run_with(&records, &objects, &upload, EXECUTION).unwrap().image_id, id);
}
