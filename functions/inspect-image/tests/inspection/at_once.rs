//! Two executions that claim at the same moment: each found nothing when it looked.

use crate::{
    pictures::{jpeg, quadrants},
    step::run_with,
};
use sightline_domain::{
    content::hex_sha256,
    erase::ports::Tombstones,
    error::StorageError,
    identity::{Upload, content_key},
    ports::{RecordClaims, RecordFinder, Written},
    record::Record,
};
use sightline_tests::{
    objects::MemoryObjects,
    records::MemoryRecords,
    samples::{BUCKET, EXECUTION, OTHER_EXECUTION, OWNER, UPLOADED},
};
use std::sync::{Arc, Mutex};

/// Records to which another execution comes first: right before the first claim, and after all that was looked up for it.
#[derive(Clone)]
struct Overtaken {
    records: MemoryRecords,
    other: Arc<Mutex<Option<(MemoryObjects, Upload)>>>,
}

impl RecordFinder for Overtaken {
    async fn find(&self, image_id: &str) -> Result<Option<Record>, StorageError> {
        self.records.find(image_id).await
    }
}

impl Tombstones for Overtaken {
    async fn items(&self, image_id: &str) -> Result<Vec<Record>, StorageError> {
        self.records.items(image_id).await
    }

    async fn close(&self, tombstone: &Record) -> Result<Written, StorageError> {
        self.records.close(tombstone).await
    }
}

impl RecordClaims for Overtaken {
    async fn claim(&self, record: &Record) -> Result<Written, StorageError> {
        if let Some((objects, upload)) = self.other.lock().unwrap().take() {
            run_with(&self.records, &objects, &upload, OTHER_EXECUTION).unwrap();
        }
        self.records.claim(record).await
    }
}

/// The records after both versions of a key were claimed, the other version's claim right before ours.
fn claimed_at_once(key: &str, ours: &[u8], theirs: &[u8]) -> (Vec<Record>, Result<String, &'static str>) {
    let (records, objects) = (MemoryRecords::default(), MemoryObjects::default());
    let first = objects.upload(BUCKET, key, ours, UPLOADED);
    let second = objects.upload_encrypted(BUCKET, key, theirs, UPLOADED + 1_000);
    let overtaken = Overtaken { records: records.clone(), other: Arc::new(Mutex::new(Some((objects.clone(), second)))) };
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
