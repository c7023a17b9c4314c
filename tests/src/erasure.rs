//! What erasing needs, in memory: tombstones under the conditions of `crates/aws/src/tombstones.rs`, executions that can be stopped,
//! and who is counted.

use crate::records::{Item, MemoryRecords, REVIEW_TOKEN, attributes, text};
use serde_json::{Value, json};
use sightline_domain::{
    clock::EpochMillis,
    erase::{
        Tombstone,
        ports::{ExecutionStop, LabelRowRemoval, RecordErasure, Stopped, TallyRemoval, Tombstones},
    },
    error::StorageError,
    label_index::{LabelRow, RowKey},
    ports::Written,
    record::{Record, WorkQueue},
};
use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, PoisonError},
};

/// What others could still act upon.
const ACTED_UPON: [&str; 9] = [
    "ExecutionArn",
    "ExpiresAt",
    "ReviewStatus",
    "ReviewedBy",
    "ReviewedAt",
    "ReviewReason",
    "ReviewRequestedAt",
    "ReviewDeadline",
    REVIEW_TOKEN,
];

impl MemoryRecords {
    /// Writes to an item where `allowed`.
    fn write(&self, record: &Record, allowed: impl Fn(&Item) -> bool, write: impl FnOnce(&mut Item)) -> Written {
        let mut tables = self.tables();
        let item = tables.records.get_mut(&(record.image_id.clone(), record.upload_timestamp)).filter(|item| allowed(item));
        item.map_or(Written::Refused, |item| {
            write(item);
            Written::Yes
        })
    }
}

fn as_read(item: &Item, record: &Record) -> bool {
    text(item, "ProcessingStatus") == "ERASED" && item.get("ErasedAt").and_then(Value::as_i64) == record.erased_at
}

impl Tombstones for MemoryRecords {
    async fn items(&self, image_id: &str) -> Result<Vec<Record>, StorageError> {
        let tables = self.tables();
        let items = tables.records.iter().rev().filter(|((id, _), _)| id == image_id).map(|(_, item)| Value::Object(item.clone()));
        let unreadable = |source: serde_json::Error| StorageError::Misconfigured { doing: "reading the records", source: source.into() };
        items.map(|item| serde_json::from_value(item).map_err(unreadable)).collect()
    }

    async fn close(&self, tombstone: &Record) -> Result<Written, StorageError> {
        Ok(self.write(
            tombstone,
            |item| as_read(item, tombstone),
            |item| {
                item.remove("WorkQueue");
                item.remove("VersionId");
            },
        ))
    }
}

impl RecordErasure for MemoryRecords {
    async fn mark(&self, record: &Record, now: EpochMillis) -> Result<Written, StorageError> {
        let own = |item: &Item| text(item, "ExecutionArn") == record.execution_arn && text(item, "ProcessingStatus") != "ERASED";
        Ok(self.write(record, own, |item| {
            for name in ACTED_UPON {
                item.remove(name);
            }
            item.insert("ProcessingStatus".to_owned(), json!("ERASED"));
            item.insert("WorkQueue".to_owned(), json!("ERASED"));
            item.insert("ErasedAt".to_owned(), json!(now));
            item.insert("ExecutionToStop".to_owned(), json!(record.execution_arn));
        }))
    }

    async fn mark_unrecorded(&self, marked: &Record) -> Result<Written, StorageError> {
        let key = (marked.image_id.clone(), marked.upload_timestamp);
        let mut tables = self.tables();
        if tables.records.contains_key(&key) {
            return Ok(Written::Refused);
        }
        tables.records.insert(key, attributes(marked));
        Ok(Written::Yes)
    }

    async fn strip(&self, marked: &Record, now: EpochMillis) -> Result<Written, StorageError> {
        let tombstone = Tombstone { erased_at: Some(now), work_queue: Some(WorkQueue::Erased), ..Tombstone::of(marked) };
        Ok(self.write(
            marked,
            |item| as_read(item, marked),
            |item| {
                if let Ok(Value::Object(left)) = serde_json::to_value(tombstone) {
                    *item = left;
                }
            },
        ))
    }
}

impl LabelRowRemoval for MemoryRecords {
    async fn existing(&self, keys: &[RowKey]) -> Result<Vec<RowKey>, StorageError> {
        let tables = self.tables();
        let there = |key: &&RowKey| tables.label_index.contains_key(&(key.owner_label_month.clone(), key.time_image_id.clone()));
        Ok(keys.iter().filter(there).cloned().collect())
    }

    async fn of_image(&self, image_id: &str) -> Result<Vec<RowKey>, StorageError> {
        let tables = self.tables();
        let rows = tables.label_index.values().filter(|row| row.image_id == image_id);
        let key = |row: &LabelRow| RowKey { owner_label_month: row.owner_label_month.clone(), time_image_id: row.time_image_id.clone() };
        Ok(rows.map(key).collect())
    }

    async fn remove(&self, keys: &[RowKey]) -> Result<(), StorageError> {
        let mut tables = self.tables();
        for key in keys {
            tables.label_index.remove(&(key.owner_label_month.clone(), key.time_image_id.clone()));
        }
        Ok(())
    }
}

/// Names by which things are known: executions that run, or images that are counted.
#[derive(Debug, Clone, Default)]
pub struct MemoryNames(Arc<Mutex<BTreeSet<String>>>);

impl MemoryNames {
    /// Adds one.
    #[must_use]
    pub fn with(self, name: &str) -> Self {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(name.to_owned());
        self
    }

    /// Takes one away; gives whether it was there.
    fn take(&self, name: &str) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(name)
    }
}

/// Those that are named run.
impl ExecutionStop for MemoryNames {
    async fn stop(&self, execution_arn: &str) -> Result<Stopped, StorageError> {
        Ok(if self.take(execution_arn) { Stopped::Stopped } else { Stopped::NotRunning })
    }
}

/// Those that are named are counted.
impl TallyRemoval for MemoryNames {
    async fn remove_tally(&self, image_id: &str) -> Result<bool, StorageError> {
        Ok(self.take(image_id))
    }
}
