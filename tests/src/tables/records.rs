//! The port [`Records`], and what operators and reviewers do to records.

use super::{
    Item, MemoryTables, REVIEW_TOKEN, attributes,
    gallery::{OVERLAY, same_edits},
    text,
};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};
use sightline_domain::{
    model::{
        clock::EpochMillis,
        error::StorageError,
        record::{Record, Tombstone, WorkQueue},
        rejection::ReasonCode,
        review::{ReviewOutcome, ReviewStatus},
    },
    ports::{Decided, Interventions, Records, ReviewRequest, ReviewState, Written},
    rules::label_index::LabelRow,
};

/// The outcome in a FAILED record; an execution that continues or takes the record over removes it.
const OUTCOME: [&str; 4] = ["StatusReason", "StatusDetail", "FinishedAt", "ExpiresAt"];

/// Attributes of a review besides its status, which a new claim and an erasure remove.
const REVIEW: [&str; 8] = [
    "ReviewedBy",
    "ReviewedAt",
    "ReviewReason",
    "ReviewRequestedAt",
    "ReviewDeadline",
    "ReviewClaimedBy",
    "ReviewClaimedUntil",
    REVIEW_TOKEN,
];

/// Attributes of an earlier inspection, which a new claim removes.
const INSPECTION: [&str; 6] = ["Width", "Height", "Thumbhash", "ProcessedKey", "ThumbnailKey", "LargeThumbnailKey"];

/// Whether the execution owns the record and it is not COMPLETED.
fn owned(item: &Item, execution_arn: &str) -> bool {
    text(item, "ExecutionArn") == execution_arn && text(item, "ProcessingStatus") != "COMPLETED"
}

fn rerunnable(item: &Item) -> bool {
    let permanent = text(item, "StatusReason").parse().is_ok_and(ReasonCode::is_permanent);
    // As in DynamoDB, an absent attribute makes `IN` false.
    text(item, "ProcessingStatus") == "FAILED" && !permanent
}

fn as_read(item: &Item, record: &Record) -> bool {
    text(item, "ProcessingStatus") == "ERASED" && item.get("ErasedAt").and_then(Value::as_i64) == record.erased_at
}

impl Records for MemoryTables {
    async fn find(&self, image_id: &str) -> Result<Option<Record>, StorageError> {
        let item = self.item(image_id);
        if item.is_empty() {
            return Ok(None);
        }
        serde_json::from_value(Value::Object(item))
            .map(Some)
            .map_err(|source| StorageError::Misconfigured { doing: "reading the record", source: source.into() })
    }

    async fn items(&self, image_id: &str) -> Result<Vec<Record>, StorageError> {
        let contents = self.contents();
        let items = contents.records.iter().rev().filter(|((id, _), _)| id == image_id).map(|(_, item)| Value::Object(item.clone()));
        let unreadable = |source: serde_json::Error| StorageError::Misconfigured { doing: "reading the records", source: source.into() };
        items.map(|item| serde_json::from_value(item).map_err(unreadable)).collect()
    }

    async fn close_tombstone(&self, tombstone: &Record) -> Result<Written, StorageError> {
        Ok(self.write(
            tombstone,
            |item| as_read(item, tombstone),
            |item| {
                item.remove("WorkQueue");
                item.remove("VersionId");
            },
        ))
    }

    async fn claim(&self, record: &Record) -> Result<Written, StorageError> {
        Ok(self.take_over(record, |item| item.is_empty() || rerunnable(item)))
    }

    async fn claim_rejected(&self, record: &Record, rejected_at: EpochMillis) -> Result<Written, StorageError> {
        let rejected = |item: &Item| item.get("FinishedAt").and_then(Value::as_i64) == Some(rejected_at);
        Ok(self.take_over(record, |item| text(item, "ProcessingStatus") == "FAILED" && rejected(item)))
    }

    async fn fail(&self, record: &Record) -> Result<Written, StorageError> {
        let key = (record.image_id.clone(), record.upload_timestamp);
        let mut contents = self.contents();
        let item = contents.records.entry(key).or_default();
        let as_read = item.get("ReviewDeadline").and_then(Value::as_i64) == record.review_deadline;
        let allowed = item.is_empty() || (owned(item, &record.execution_arn) && as_read);
        if !allowed {
            return Ok(Written::Refused);
        }
        item.extend(attributes(record).into_iter().filter(|(name, _)| !name.starts_with("Review") && !OVERLAY.contains(&name.as_str())));
        item.remove(REVIEW_TOKEN);
        Ok(Written::Yes)
    }

    async fn complete(&self, record: &Record, rows: &[LabelRow]) -> Result<Written, StorageError> {
        let mut contents = self.contents();
        let Some(item) = contents.records.get_mut(&(record.image_id.clone(), record.upload_timestamp)) else {
            return Ok(Written::Refused);
        };
        if !owned(item, &record.execution_arn) {
            let own = text(item, "ExecutionArn") == record.execution_arn;
            return Ok(if own { Written::Yes } else { Written::Refused });
        }
        if !same_edits(item, record) {
            return Ok(Written::Refused);
        }
        item.extend(attributes(record));
        for name in ["WorkQueue", "StatusReason", "StatusDetail", "ReviewClaimedBy", "ReviewClaimedUntil", REVIEW_TOKEN] {
            item.remove(name);
        }
        for row in rows {
            contents.label_index.insert((row.owner_label_month.clone(), row.time_image_id.clone()), row.clone());
        }
        Ok(Written::Yes)
    }

    async fn request_review(&self, request: &ReviewRequest<'_>) -> Result<Written, StorageError> {
        let mut contents = self.contents();
        let Some(item) = contents.records.get_mut(&(request.image_id.to_owned(), request.upload_timestamp)) else {
            return Ok(Written::Refused);
        };
        let decided = [ReviewStatus::Approved, ReviewStatus::Rejected].map(|status| json!(status));
        let later = item.get("ReviewDeadline").and_then(Value::as_i64).is_some_and(|deadline| deadline > request.deadline);
        if later || !owned(item, request.execution_arn) || item.get("ReviewStatus").is_some_and(|status| decided.contains(status)) {
            return Ok(Written::Refused);
        }
        let request = json!({
            "ProcessingStatus": "PENDING",
            "ReviewStatus": "PENDING",
            "WorkQueue": "REVIEW",
            "ReviewRequestedAt": request.requested_at,
            "ReviewDeadline": request.deadline,
            "ModerationFlags": request.flags,
            REVIEW_TOKEN: request.task_token.expose_secret(),
        });
        set(item, request);
        for name in OUTCOME {
            item.remove(name);
        }
        Ok(Written::Yes)
    }

    async fn mark_erased(&self, record: &Record, now: EpochMillis) -> Result<Written, StorageError> {
        let own = |item: &Item| text(item, "ExecutionArn") == record.execution_arn && text(item, "ProcessingStatus") != "ERASED";
        Ok(self.write(record, own, |item| {
            for name in ["ExecutionArn", "ExpiresAt", "ReviewStatus"].into_iter().chain(REVIEW) {
                item.remove(name);
            }
            let erased = json!({
                "ProcessingStatus": "ERASED", "WorkQueue": "ERASED", "ErasedAt": now, "ExecutionToStop": record.execution_arn,
            });
            set(item, erased);
        }))
    }

    async fn mark_unrecorded_erased(&self, marked: &Record) -> Result<Written, StorageError> {
        let key = (marked.image_id.clone(), marked.upload_timestamp);
        let mut contents = self.contents();
        if contents.records.contains_key(&key) {
            return Ok(Written::Refused);
        }
        contents.records.insert(key, attributes(marked));
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

impl Interventions for MemoryTables {
    async fn decide(
        &self,
        image_id: &str,
        upload_timestamp: EpochMillis,
        outcome: &ReviewOutcome,
        now: EpochMillis,
    ) -> Result<Decided, StorageError> {
        let key = Record { image_id: image_id.to_owned(), upload_timestamp, ..Record::default() };
        let waits = |item: &Item| {
            let status = ["ReviewStatus", "ProcessingStatus", "WorkQueue"].map(|name| text(item, name));
            let in_time = item.get("ReviewDeadline").and_then(Value::as_i64).is_some_and(|deadline| deadline > now);
            status == ["PENDING", "PENDING", "REVIEW"] && in_time && item.contains_key(REVIEW_TOKEN)
        };
        let mut token = None;
        let written = self.write(&key, waits, |item| {
            let decision =
                json!({"ReviewStatus": outcome.status, "ReviewedBy": outcome.reviewed_by, "ReviewedAt": outcome.reviewed_at, "WorkQueue": "PENDING"});
            set(item, decision);
            if let Some(reason) = &outcome.review_reason {
                item.insert("ReviewReason".to_owned(), json!(reason));
            }
            token = item.get(REVIEW_TOKEN).and_then(Value::as_str).map(SecretString::from);
        });
        if written == Written::Yes {
            return Ok(Decided::Yes { token });
        }
        let item = self.contents().records.get(&(image_id.to_owned(), upload_timestamp)).cloned().unwrap_or_default();
        let state: ReviewState = serde_json::from_value(Value::Object(item))
            .map_err(|source| StorageError::Misconfigured { doing: "writing the decision", source: source.into() })?;
        Ok(state.refusal())
    }

    async fn take_back(&self, image_id: &str, upload_timestamp: EpochMillis, decided: &ReviewOutcome) -> Result<Written, StorageError> {
        let key = Record { image_id: image_id.to_owned(), upload_timestamp, ..Record::default() };
        let saved = |item: &Item| {
            let is_open = ["PENDING", "FAILED"].contains(&text(item, "ProcessingStatus"));
            is_open
                && item.get("ReviewStatus") == Some(&json!(decided.status))
                && item.get("ReviewedAt") == Some(&json!(decided.reviewed_at))
        };
        Ok(self.write(&key, saved, |item| {
            for name in ["ReviewedBy", "ReviewedAt", "ReviewReason"] {
                item.remove(name);
            }
            let queue = if text(item, "ProcessingStatus") == "PENDING" { "REVIEW" } else { "FAILED" };
            set(item, json!({"ReviewStatus": "PENDING", "WorkQueue": queue}));
        }))
    }

    async fn resume(&self, record: &Record) -> Result<Written, StorageError> {
        let own = |item: &Item| text(item, "ExecutionArn") == record.execution_arn && text(item, "ProcessingStatus") == "FAILED";
        Ok(self.write(record, own, |item| {
            let attempts = item.get("Attempts").and_then(Value::as_u64).unwrap_or_default() + 1;
            set(item, json!({"ProcessingStatus": "PENDING", "WorkQueue": "PENDING", "Attempts": attempts}));
            for name in OUTCOME {
                item.remove(name);
            }
        }))
    }
}

impl MemoryTables {
    fn take_over(&self, record: &Record, allowed: impl Fn(&Item) -> bool) -> Written {
        let key = (record.image_id.clone(), record.upload_timestamp);
        let mut contents = self.contents();
        if !allowed(contents.records.get(&key).unwrap_or(&Item::new())) {
            return Written::Refused;
        }
        let item = contents.records.entry(key).or_default();
        let attempts = item.get("Attempts").and_then(Value::as_u64).unwrap_or_default() + 1;
        for name in OUTCOME.iter().chain(&REVIEW).chain(&INSPECTION) {
            item.remove(*name);
        }
        item.extend(attributes(record));
        item.insert("Attempts".to_owned(), json!(attempts));
        Written::Yes
    }

    /// Writes to an item if `allowed`.
    fn write(&self, record: &Record, allowed: impl Fn(&Item) -> bool, write: impl FnOnce(&mut Item)) -> Written {
        let mut contents = self.contents();
        let item = contents.records.get_mut(&(record.image_id.clone(), record.upload_timestamp)).filter(|item| allowed(item));
        item.map_or(Written::Refused, |item| {
            write(item);
            Written::Yes
        })
    }
}

pub(super) fn set(item: &mut Item, attributes: Value) {
    if let Value::Object(attributes) = attributes {
        item.extend(attributes);
    }
}
