//! An image with all its data.

use serde_json::json;
use sightline_domain::{
    flows::{
        count::count_image,
        erase::{Eraser, Receipt},
    },
    model::{FixedClock, Record, StorageError, Upload, layout},
    ports::{ExecutionState, Objects, Records, Written},
    rules::{label_index::rows, merge::merge},
};
use sightline_tests::{
    executions::MemoryExecutions,
    failing::Failing,
    objects::MemoryObjects,
    ready,
    samples::{BUCKET, EXECUTION, IMAGE_ID, NOW, UPLOADED, claimed, findings, key},
    tables::MemoryTables,
};

/// When images are erased.
pub const ERASED: i64 = NOW + 3_600_000;

pub struct World {
    pub records: MemoryTables,
    pub objects: MemoryObjects,
    pub executions: MemoryExecutions,
    pub upload: Upload,
}

pub type TestEraser = Eraser<Failing<MemoryTables>, Failing<MemoryObjects>, Failing<MemoryExecutions>, FixedClock>;

/// An image that is being analysed: original, copies and one answer are there.
pub fn pending() -> World {
    let (records, objects) = (MemoryTables::default(), MemoryObjects::default());
    let upload = objects.upload(BUCKET, &key(), b"image", UPLOADED);
    records.put(&Record { etag: upload.etag.clone(), size: 5, ..claimed() });
    for key in [layout::processed_image(IMAGE_ID), layout::thumbnail(IMAGE_ID), layout::large_thumbnail(IMAGE_ID)] {
        ready(objects.write_jpeg(BUCKET, &key, b"copy".to_vec())).unwrap();
    }
    let executions = MemoryExecutions::default();
    executions.put(EXECUTION, ExecutionState::Running);
    let world = World { records, objects, executions, upload };
    world.answer("labels");
    world
}

/// A completed image: two label rows, counted, its execution ended.
pub fn completed() -> World {
    let world = World { executions: MemoryExecutions::default(), ..pending() };
    let known = world.records.all().remove(0);
    let record = merge(known, serde_json::from_value(findings()).unwrap(), NOW, 730);
    assert_eq!(ready(world.records.complete(&record, &rows(&record))).unwrap(), Written::Yes);
    ready(count_image(&world.records, IMAGE_ID)).unwrap();
    world.answer("moderation");
    world
}

/// An image that waits for its reviewers.
pub fn in_review() -> World {
    let world = pending();
    let asked = json!({"ReviewStatus": "PENDING", "WorkQueue": "REVIEW", "ReviewDeadline": ERASED + 1, "ReviewToken": "secret"});
    world.records.change(IMAGE_ID, asked);
    world
}

impl World {
    /// A Rekognition answer arrives.
    pub fn answer(&self, name: &str) {
        ready(self.objects.write_json(BUCKET, &format!("results/{IMAGE_ID}/{name}.json"), b"{}".to_vec())).unwrap();
    }

    pub fn eraser(&self, now: i64) -> TestEraser {
        Eraser {
            bucket: BUCKET.to_owned(),
            tables: Failing::new(self.records.clone()),
            objects: Failing::new(self.objects.clone()),
            executions: Failing::new(self.executions.clone()),
            clock: FixedClock(now),
        }
    }

    pub fn erase_at(&self, now: i64) -> Receipt {
        erase(&self.eraser(now)).unwrap()
    }

    /// Asserts that nothing is left but a tombstone.
    #[track_caller]
    pub fn assert_erased(&self) {
        assert_eq!(self.objects.keys(), Vec::<String>::new());
        assert_eq!(self.records.label_rows(), Vec::new());
        let item = self.records.item(IMAGE_ID);
        assert_eq!(item["ProcessingStatus"], "ERASED");
        let allowed = ["ImageID", "UploadTimestamp", "ProcessingStatus", "WorkQueue", "ErasedAt", "VersionId", "SchemaVersion"];
        assert!(item.keys().all(|name| allowed.contains(&name.as_str())), "{item:?}");
    }
}

pub fn erase(eraser: &TestEraser) -> Result<Receipt, StorageError> {
    ready(eraser.erase(IMAGE_ID)).map(|receipt| receipt.expect("the image is known"))
}
