//! Records in memory, under the conditions of `crates/aws/src/records.rs`.
//!
//! Items are kept as JSON attributes and written by setting and removing attributes, as `DynamoDB` does it: what a write does not
//! name stays.

use secrecy::ExposeSecret;
use serde_json::{Map, Value, json};
use sightline_domain::{
    clock::EpochMillis,
    error::StorageError,
    label_index::LabelRow,
    ports::{RecordClaims, RecordCompletion, RecordFailures, RecordFinder, ReviewQueue, ReviewRequest, Written},
    record::Record,
    rejection::ReasonCode,
    review::{ReviewOutcome, ReviewStatus},
};
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// Attribute of the waiting execution's task token; in no [`Record`].
pub const REVIEW_TOKEN: &str = "ReviewToken";

pub(crate) type Item = Map<String, Value>;

#[derive(Default)]
pub(crate) struct Tables {
    pub(crate) records: BTreeMap<(String, EpochMillis), Item>,
    pub(crate) label_index: BTreeMap<(String, String), LabelRow>,
}

/// Both tables.
#[derive(Clone, Default)]
pub struct MemoryRecords(Arc<Mutex<Tables>>);

impl MemoryRecords {
    pub(crate) fn tables(&self) -> MutexGuard<'_, Tables> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts a record as it is, over whatever there was.
    pub fn put(&self, record: &Record) {
        let key = (record.image_id.clone(), record.upload_timestamp);
        self.tables().records.insert(key, attributes(record));
    }

    /// Changes attributes of an image's item, as another process may at any time.
    pub fn change(&self, image_id: &str, changes: Value) {
        let Value::Object(changes) = changes else { return };
        let mut tables = self.tables();
        for (_, item) in tables.records.iter_mut().filter(|((id, _), _)| id == image_id) {
            item.extend(changes.clone());
        }
    }

    /// Saves a reviewer's decision, as the review command does it.
    pub fn decide(&self, image_id: &str, outcome: &ReviewOutcome) {
        let status = json!(outcome.status);
        self.change(
            image_id,
            json!({"ReviewStatus": status, "ReviewedBy": outcome.reviewed_by, "ReviewedAt": outcome.reviewed_at, "ReviewReason": outcome.review_reason}),
        );
    }

    /// Forgets an image.
    pub fn erase(&self, image_id: &str) {
        self.tables().records.retain(|(id, _), _| id != image_id);
    }

    /// All records.
    pub fn all(&self) -> Vec<Record> {
        self.tables().records.values().filter_map(|item| serde_json::from_value(Value::Object(item.clone())).ok()).collect()
    }

    /// The item of an image as it lies in the table, the newest of several; empty where there is none.
    pub fn item(&self, image_id: &str) -> Item {
        let tables = self.tables();
        tables.records.iter().rev().find(|((id, _), _)| id == image_id).map(|(_, item)| item.clone()).unwrap_or_default()
    }

    /// All label rows.
    pub fn rows(&self) -> Vec<LabelRow> {
        self.tables().label_index.values().cloned().collect()
    }
}

pub(crate) fn attributes(record: &Record) -> Item {
    match serde_json::to_value(record) {
        Ok(Value::Object(attributes)) => attributes,
        _ => Item::new(),
    }
}

pub(crate) fn text<'a>(item: &'a Item, name: &str) -> &'a str {
    item.get(name).and_then(Value::as_str).unwrap_or_default()
}

/// What a FAILED record says of its end; an execution that goes on, or takes the record over, removes it.
pub(crate) const ENDED: [&str; 4] = ["StatusReason", "StatusDetail", "FinishedAt", "ExpiresAt"];

/// What an earlier review may have left in a record that is claimed anew.
const REVIEWED: [&str; 6] = ["ReviewedBy", "ReviewedAt", "ReviewReason", "ReviewRequestedAt", "ReviewDeadline", REVIEW_TOKEN];

/// The execution still owns a record that is not done.
fn owned(item: &Item, execution_arn: &str) -> bool {
    text(item, "ExecutionArn") == execution_arn && text(item, "ProcessingStatus") != "COMPLETED"
}

fn rerunnable(item: &Item) -> bool {
    let code = |reason: &str| ReasonCode::FINAL.iter().any(|code| code.as_str() == reason);
    // As in DynamoDB, an absent attribute makes `IN` false.
    text(item, "ProcessingStatus") == "FAILED" && !code(text(item, "StatusReason"))
}

impl RecordFinder for MemoryRecords {
    async fn find(&self, image_id: &str) -> Result<Option<Record>, StorageError> {
        let item = self.item(image_id);
        if item.is_empty() {
            return Ok(None);
        }
        serde_json::from_value(Value::Object(item))
            .map(Some)
            .map_err(|source| StorageError::Misconfigured { doing: "reading the record", source: source.into() })
    }
}

impl RecordClaims for MemoryRecords {
    async fn claim(&self, record: &Record) -> Result<Written, StorageError> {
        Ok(self.take_over(record, |item| item.is_empty() || rerunnable(item)))
    }

    async fn claim_rejected(&self, record: &Record, rejected_at: EpochMillis) -> Result<Written, StorageError> {
        let rejected = |item: &Item| item.get("FinishedAt").and_then(Value::as_i64) == Some(rejected_at);
        Ok(self.take_over(record, |item| text(item, "ProcessingStatus") == "FAILED" && rejected(item)))
    }
}

impl MemoryRecords {
    fn take_over(&self, record: &Record, allowed: impl Fn(&Item) -> bool) -> Written {
        let key = (record.image_id.clone(), record.upload_timestamp);
        let mut tables = self.tables();
        if !allowed(tables.records.get(&key).unwrap_or(&Item::new())) {
            return Written::Refused;
        }
        let item = tables.records.entry(key).or_default();
        let attempts = item.get("Attempts").and_then(Value::as_u64).unwrap_or_default() + 1;
        item.extend(attributes(record));
        item.insert("Attempts".to_owned(), json!(attempts));
        for name in ENDED.iter().chain(&REVIEWED) {
            item.remove(*name);
        }
        Written::Yes
    }
}

impl RecordFailures for MemoryRecords {
    async fn fail(&self, record: &Record) -> Result<Written, StorageError> {
        let key = (record.image_id.clone(), record.upload_timestamp);
        let mut tables = self.tables();
        let item = tables.records.entry(key).or_default();
        let as_read = item.get("ReviewDeadline").and_then(Value::as_i64) == record.review_deadline;
        let allowed = item.is_empty() || (owned(item, &record.execution_arn) && as_read);
        if !allowed {
            return Ok(Written::Refused);
        }
        item.extend(attributes(record).into_iter().filter(|(name, _)| !name.starts_with("Review")));
        item.remove(REVIEW_TOKEN);
        Ok(Written::Yes)
    }
}

impl RecordCompletion for MemoryRecords {
    async fn complete(&self, record: &Record, rows: &[LabelRow]) -> Result<Written, StorageError> {
        let mut tables = self.tables();
        let Some(item) = tables.records.get_mut(&(record.image_id.clone(), record.upload_timestamp)) else {
            return Ok(Written::Refused);
        };
        if !owned(item, &record.execution_arn) {
            let own = text(item, "ExecutionArn") == record.execution_arn;
            return Ok(if own { Written::Yes } else { Written::Refused });
        }
        item.extend(attributes(record));
        for name in ["WorkQueue", "StatusReason", "StatusDetail", REVIEW_TOKEN] {
            item.remove(name);
        }
        for row in rows {
            tables.label_index.insert((row.owner_label_month.clone(), row.time_image_id.clone()), row.clone());
        }
        Ok(Written::Yes)
    }
}

impl ReviewQueue for MemoryRecords {
    async fn ask(&self, request: &ReviewRequest<'_>) -> Result<Written, StorageError> {
        let mut tables = self.tables();
        let Some(item) = tables.records.get_mut(&(request.image_id.to_owned(), request.upload_timestamp)) else {
            return Ok(Written::Refused);
        };
        let decided = [ReviewStatus::Approved, ReviewStatus::Rejected].map(|status| json!(status));
        let later = item.get("ReviewDeadline").and_then(Value::as_i64).is_some_and(|deadline| deadline > request.deadline);
        if later || !owned(item, request.execution_arn) || item.get("ReviewStatus").is_some_and(|status| decided.contains(status)) {
            return Ok(Written::Refused);
        }
        let Value::Object(asked) = json!({
            "ProcessingStatus": "PENDING",
            "ReviewStatus": "PENDING",
            "WorkQueue": "REVIEW",
            "ReviewRequestedAt": request.requested_at,
            "ReviewDeadline": request.deadline,
            "ModerationFlags": request.flags,
            REVIEW_TOKEN: request.task_token.expose_secret(),
        }) else {
            return Ok(Written::Refused);
        };
        item.extend(asked);
        for name in ENDED {
            item.remove(name);
        }
        Ok(Written::Yes)
    }
}
