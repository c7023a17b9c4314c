//! Importing one image: copied or in place, followed until it is done, and never imported twice.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may fail at once")]

use import_image::ImportImage;
use serde_json::{Value, json};
use sightline_domain::model::{
    EpochMillis, ImportItem, ImportStatus, Imported, ListedObject, ProcessingStatus, Record, Upload, identity::imported_key,
};
use sightline_kit::{Step, StepFailure};
use sightline_tests::{
    executions::MemoryExecutions,
    import_source::MemoryBuckets,
    ready,
    samples::{BUCKET, EXECUTION, NOW, OTHER_EXECUTION, OWNER, UPLOADED},
    tables::MemoryTables,
    time::PassingTime,
};

const ELSEWHERE: &str = "photos";
const PHOTO: &[u8] = b"a photo";

/// The environment of the step.
struct World {
    buckets: MemoryBuckets,
    records: MemoryTables,
    executions: MemoryExecutions,
    time: PassingTime,
}

impl World {
    fn new() -> Self {
        let (buckets, records, executions) =
            (MemoryBuckets::named(&[BUCKET, ELSEWHERE]), MemoryTables::default(), MemoryExecutions::default());
        Self { buckets, records, executions, time: PassingTime::from(NOW) }
    }

    /// Puts an object; returns it as an entry of a list.
    fn put(&self, bucket: &str, key: &str) -> ListedObject {
        let Upload { bucket, key, etag, .. } = self.buckets.bucket(bucket).upload(bucket, key, PHOTO, UPLOADED);
        ListedObject { bucket, key, version_id: None, etag }
    }

    /// The record of `upload`, with these changes, appears after `millis` milliseconds.
    fn then(mut self, after: EpochMillis, upload: &Upload, change: Value) -> Self {
        let (records, record) = (self.records.clone(), claimed(upload));
        self.time = self.time.at(NOW + after, move || {
            records.put(&record);
            records.change(&record.image_id, change);
        });
        self
    }

    fn import(&self, object: &ListedObject) -> Result<Imported, StepFailure> {
        let (records, buckets, executions, time) = (self.records.clone(), self.buckets.clone(), self.executions.clone(), self.time.clone());
        ready(ImportImage::new(BUCKET, records, buckets, executions, time).run(item(object)))
    }

    fn copies(&self) -> Vec<String> {
        self.buckets.bucket(BUCKET).keys()
    }
}

fn item(object: &ListedObject) -> ImportItem {
    let row = object.row();
    let mut columns = row.split(',').map(str::to_owned);
    let mut next = || columns.next().unwrap();
    ImportItem { bucket: next(), key: next(), version_id: next(), etag: next(), owner_id: OWNER.to_owned() }
}

fn claimed(upload: &Upload) -> Record {
    Record::claimed(upload.candidate_ids()[0].clone(), upload, PHOTO.len() as u64, UPLOADED, EXECUTION.to_owned(), NOW)
}

fn copied(object: &ListedObject) -> Upload {
    object.upload(BUCKET, OWNER)
}

fn completed() -> Value {
    json!({"ProcessingStatus": "COMPLETED"})
}

#[test]
fn an_image_of_another_bucket_is_copied_and_followed_until_it_is_done() {
    let world = World::new();
    let photo = world.put(ELSEWHERE, "2019/über alles+.JPG");
    let world = world.then(2_000, &copied(&photo), completed());

    let imported = world.import(&photo).unwrap();

    let (key, id) = imported_key(OWNER, ELSEWHERE, &photo.key, &photo.etag);
    assert_eq!(imported, Imported { image_id: id, source: photo.url(), status: ImportStatus::Completed, reason: None });
    assert_eq!(world.copies(), [key]);
    assert!(world.executions.started().is_empty(), "the copy's own event starts it");
}

#[test]
fn importing_again_does_not_copy_or_start() {
    let world = World::new();
    let photo = world.put(ELSEWHERE, "a.jpg");
    let mut record = claimed(&copied(&photo));
    record.processing_status = ProcessingStatus::Completed;
    world.records.put(&record);

    assert_eq!(world.import(&photo).unwrap().status, ImportStatus::Completed);

    assert!(world.copies().is_empty() && world.executions.started().is_empty());
}

#[test]
fn a_copy_without_a_record_is_started_and_not_copied_again() {
    let world = World::new();
    let photo = world.put(ELSEWHERE, "a.jpg");
    let upload = copied(&photo);
    world.put(BUCKET, &upload.key);
    let world = world.then(2_000, &upload, completed());

    assert_eq!(world.import(&photo).unwrap().status, ImportStatus::Completed);

    assert_eq!(world.buckets.bucket(BUCKET).versions_of(&upload.key).len(), 1);
    assert_eq!(world.executions.started().len(), 1);
}

#[test]
fn a_copy_whose_event_is_lost_is_started() {
    let world = World::new();
    let photo = world.put(ELSEWHERE, "a.jpg");
    let world = world.then(14_000, &copied(&photo), completed());

    assert_eq!(world.import(&photo).unwrap().status, ImportStatus::Completed);
    assert_eq!(world.executions.started().len(), 1);
}

#[test]
fn an_existing_upload_is_started_by_its_version_and_not_copied() {
    let world = World::new();
    let photo = world.put(BUCKET, "raw-uploads/holiday/a.jpg");
    let upload = Upload { version_id: Some("v1".to_owned()), ..photo.upload(BUCKET, OWNER) };
    let world = world.then(1_000, &upload, completed());

    let imported = world.import(&photo).unwrap();

    assert_eq!((imported.image_id, imported.status), (upload.derived_id(), ImportStatus::Completed));
    let event: Value = serde_json::from_str(&world.executions.started()[0].1).unwrap();
    assert_eq!(
        event["detail"],
        json!({"version": "0", "reason": "import", "bucket": {"name": BUCKET}, "object": {"key": photo.key, "size": 7, "etag": photo.etag, "version-id": "v1"}})
    );
    assert_eq!(event["time"], "2026-03-01T12:00:00Z");
    assert_eq!(world.copies(), [photo.key]);
}

#[test]
fn an_upload_analysed_by_an_event_without_a_version_is_recognised() {
    let world = World::new();
    let photo = world.put(BUCKET, "raw-uploads/holiday/a.jpg");
    let mut record = claimed(&photo.upload(BUCKET, OWNER));
    record.processing_status = ProcessingStatus::Completed;
    world.records.put(&record);

    assert_eq!(world.import(&photo).unwrap().image_id, record.image_id);
    assert!(world.executions.started().is_empty());
}

#[test]
fn a_failed_image_is_started_again_and_its_old_failure_ignored() {
    let world = World::new();
    let photo = world.put(BUCKET, "raw-uploads/anna/3f2b8c1e-5d4a-4f6b-9c7d-1a2b3c4d5e6f.jpg");
    let upload = photo.upload(BUCKET, OWNER);
    world.records.put(&claimed(&upload));
    world.records.change(&upload.candidate_ids()[0], json!({"ProcessingStatus": "FAILED", "StatusReason": "Recognition.Unavailable"}));
    let world = world.then(3_000, &upload, json!({"ProcessingStatus": "COMPLETED", "ExecutionArn": OTHER_EXECUTION}));

    assert_eq!(world.import(&photo).unwrap().status, ImportStatus::Completed);
    assert_eq!(world.executions.started().len(), 1);
}

#[test]
fn a_failed_analysis_is_a_failed_item_with_its_reason() {
    let world = World::new();
    let photo = world.put(ELSEWHERE, "a.jpg");
    let failed = json!({"ProcessingStatus": "FAILED", "StatusReason": "Recognition.Throttled", "StatusDetail": "DetectLabels: slow down"});
    let world = world.then(2_000, &copied(&photo), failed);

    let fault = world.import(&photo).unwrap_err();

    assert_eq!(fault.name(), "Import.Failed");
    assert!(fault.message().contains("Recognition.Throttled: DetectLabels"), "{}", fault.message());
}

#[test]
fn a_rejected_image_is_a_successful_item_with_the_reason() {
    let world = World::new();
    let photo = world.put(ELSEWHERE, "notes.txt");
    let rejected = json!({"ProcessingStatus": "FAILED", "StatusReason": "NOT_AN_IMAGE"});
    let world = world.then(500, &copied(&photo), rejected);

    let imported = world.import(&photo).unwrap();

    assert_eq!((imported.status, imported.reason.as_deref()), (ImportStatus::Rejected, Some("NOT_AN_IMAGE")));
}

#[test]
fn a_review_and_a_slow_analysis_do_not_block_the_import() {
    let world = World::new();
    let photo = world.put(ELSEWHERE, "a.jpg");
    let world = world.then(1_000, &copied(&photo), json!({"ReviewStatus": "PENDING", "WorkQueue": "REVIEW"}));
    assert_eq!(world.import(&photo).unwrap().status, ImportStatus::Review);

    let world = World::new();
    let photo = world.put(ELSEWHERE, "a.jpg");
    let world = world.then(1_000, &copied(&photo), json!({}));
    assert_eq!(world.import(&photo).unwrap().status, ImportStatus::StillRunning);
    let waited = sightline_domain::model::clock::Clock::now(&world.time) - NOW;
    assert!((45_000..49_000).contains(&waited), "{waited}");
}

#[test]
fn an_erased_image_is_not_imported() {
    let world = World::new();
    let photo = world.put(ELSEWHERE, "a.jpg");
    let upload = copied(&photo);
    world.records.put(&claimed(&upload));
    world.records.change(&upload.candidate_ids()[0], json!({"ProcessingStatus": "ERASED", "S3_URL": "", "ETag": ""}));

    assert_eq!(world.import(&photo).unwrap().status, ImportStatus::Erased);
    assert!(world.copies().is_empty() && world.executions.started().is_empty());
}

#[test]
fn a_missing_replaced_or_denied_object_is_a_failed_item() {
    let world = World::new();
    let photo = world.put(ELSEWHERE, "a.jpg");
    let missing = ListedObject { key: "b.jpg".to_owned(), ..photo.clone() };
    let replaced = ListedObject { etag: "another".to_owned(), ..photo.clone() };
    let denied = ListedObject { bucket: "secrets".to_owned(), ..photo };

    for (object, name) in [(missing, "Import.SourceMissing"), (replaced, "Import.SourceMissing"), (denied, "Import.Denied")] {
        assert_eq!(world.import(&object).unwrap_err().name(), name);
    }
    assert!(world.copies().is_empty() && world.executions.started().is_empty());
}

#[test]
fn a_row_that_is_not_encoded_is_refused() {
    let world = World::new();
    let mut item = item(&world.put(ELSEWHERE, "a.jpg"));
    item.key = "100%.jpg".to_owned();
    let step = ImportImage::new(BUCKET, world.records, world.buckets, world.executions, world.time);
    assert_eq!(ready(step.run(item)).unwrap_err().name(), "Input.Invalid");
}
