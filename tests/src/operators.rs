//! What operators and reviewers do to records, under the conditions of the real adapters.

use crate::records::{ENDED, MemoryRecords, REVIEW_TOKEN, text};
use secrecy::SecretString;
use serde_json::{Value, json};
use sightline_domain::{clock::EpochMillis, record::Record, review::ReviewOutcome};

impl MemoryRecords {
    /// Marks a FAILED record PENDING again, since its execution was redriven (`crates/aws/src/records.rs`, `resume`).
    pub fn resume(&self, record: &Record) {
        let mut tables = self.tables();
        let Some(item) = tables.records.get_mut(&(record.image_id.clone(), record.upload_timestamp)) else { return };
        if text(item, "ExecutionArn") != record.execution_arn || text(item, "ProcessingStatus") != "FAILED" {
            return;
        }
        let attempts = item.get("Attempts").and_then(Value::as_u64).unwrap_or_default() + 1;
        for (name, value) in [("ProcessingStatus", json!("PENDING")), ("WorkQueue", json!("PENDING")), ("Attempts", json!(attempts))] {
            item.insert(name.to_owned(), value);
        }
        for name in ENDED {
            item.remove(name);
        }
    }

    /// Saves a decision if the image waits for one and the deadline is not over (`crates/aws/src/reviews.rs`, `decide`).
    ///
    /// Gives the token that tells the execution, or `None` where there is none, or where the decision does not count.
    pub fn decide_in_time(&self, record: &Record, outcome: &ReviewOutcome, now: EpochMillis) -> Option<SecretString> {
        let mut tables = self.tables();
        let item = tables.records.get_mut(&(record.image_id.clone(), record.upload_timestamp))?;
        let deadline = item.get("ReviewDeadline").and_then(Value::as_i64)?;
        let waits =
            text(item, "ReviewStatus") == "PENDING" && text(item, "ProcessingStatus") == "PENDING" && text(item, "WorkQueue") == "REVIEW";
        if !waits || !item.contains_key(REVIEW_TOKEN) || deadline <= now {
            return None;
        }
        let Value::Object(decided) = json!({
            "ReviewStatus": outcome.status,
            "ReviewedBy": outcome.reviewed_by,
            "ReviewedAt": outcome.reviewed_at,
            "WorkQueue": "PENDING",
        }) else {
            return None;
        };
        item.extend(decided);
        item.get(REVIEW_TOKEN).and_then(Value::as_str).map(SecretString::from)
    }
}
