//! The tables in memory, under the conditions of `crates/aws/src/dynamodb`.
//!
//! Records are stored as JSON attributes, and written by setting and removing attributes, as in DynamoDB: attributes that a write does not
//! name stay.

mod counters;
mod gallery;
mod label_index;
mod records;
mod work_queues;

use serde_json::{Map, Value, json};
use sightline_domain::{
    model::{EpochMillis, Record, ReviewOutcome},
    rules::{
        label_index::LabelRow,
        tally::{Contributions, Tally},
    },
};
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// Attribute of the task token of the waiting execution; it is not part of a [`Record`].
pub const REVIEW_TOKEN: &str = "ReviewToken";

type Item = Map<String, Value>;

#[derive(Default)]
struct Contents {
    records: BTreeMap<(String, EpochMillis), Item>,
    label_index: BTreeMap<(String, String), LabelRow>,
    tallies: BTreeMap<String, Tally>,
    counters: Contributions,
    edits: BTreeMap<(String, EpochMillis), Record>,
}

/// The tables. Clones share their contents.
#[derive(Clone, Default)]
pub struct MemoryTables(Arc<Mutex<Contents>>);

impl MemoryTables {
    fn contents(&self) -> MutexGuard<'_, Contents> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes a record without a condition.
    pub fn put(&self, record: &Record) {
        let key = (record.image_id.clone(), record.upload_timestamp);
        self.contents().records.insert(key, attributes(record));
    }

    /// Changes attributes of all items of an image, as another process can at any time.
    pub fn change(&self, image_id: &str, changes: Value) {
        let Value::Object(changes) = changes else { return };
        let mut contents = self.contents();
        for (_, item) in contents.records.iter_mut().filter(|((id, _), _)| id == image_id) {
            item.extend(changes.clone());
        }
    }

    /// Saves a reviewer's decision without a condition.
    pub fn save_decision(&self, image_id: &str, outcome: &ReviewOutcome) {
        let status = json!(outcome.status);
        self.change(
            image_id,
            json!({"ReviewStatus": status, "ReviewedBy": outcome.reviewed_by, "ReviewedAt": outcome.reviewed_at, "ReviewReason": outcome.review_reason}),
        );
    }

    /// Removes all items of an image, as their expiry does.
    pub fn remove(&self, image_id: &str) {
        self.contents().records.retain(|(id, _), _| id != image_id);
    }

    /// The record of the last edit of each item that was stored.
    pub fn accepted_edits(&self) -> BTreeMap<(String, EpochMillis), Record> {
        self.contents().edits.clone()
    }

    /// All records.
    pub fn all(&self) -> Vec<Record> {
        self.contents().records.values().filter_map(|item| serde_json::from_value(Value::Object(item.clone())).ok()).collect()
    }

    /// The newest item of an image as it is stored; empty if there is none.
    pub fn item(&self, image_id: &str) -> Map<String, Value> {
        let contents = self.contents();
        contents.records.iter().rev().find(|((id, _), _)| id == image_id).map(|(_, item)| item.clone()).unwrap_or_default()
    }

    /// All rows of the label index.
    pub fn label_rows(&self) -> Vec<LabelRow> {
        self.contents().label_index.values().cloned().collect()
    }
}

fn attributes(record: &Record) -> Item {
    match serde_json::to_value(record) {
        Ok(Value::Object(attributes)) => attributes,
        _ => Item::new(),
    }
}

fn text<'a>(item: &'a Item, name: &str) -> &'a str {
    item.get(name).and_then(Value::as_str).unwrap_or_default()
}
