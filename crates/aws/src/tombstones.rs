//! Erased records behind the ports for erasing.

use crate::{
    changes::{Changes, to_item},
    classify::storage,
    records::{REVIEW_TOKEN, Records, key},
};
use aws_sdk_dynamodb::{
    error::SdkError,
    operation::put_item::{PutItemError, PutItemOutput},
    types::AttributeValue,
};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use sightline_domain::{
    clock::EpochMillis,
    erase::{
        Tombstone,
        ports::{RecordErasure, Tombstones},
    },
    error::StorageError,
    ports::Written,
    record::{Record, WorkQueue},
};

/// What others could still act upon: who owns the record, the question to the reviewers, and the day on which `DynamoDB` would delete the
/// item, and with it the knowledge of what has to be erased.
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

/// The erased record is as it was read.
const AS_READ: &str = "ProcessingStatus = :erased AND ErasedAt = :at";

impl Tombstones for Records {
    async fn items(&self, image_id: &str) -> Result<Vec<Record>, StorageError> {
        let doing = "reading the records of the image";
        let (mut records, mut next) = (Vec::new(), None);
        loop {
            let query = self.client.query().table_name(&self.table).consistent_read(true).scan_index_forward(false);
            let query = query
                .key_condition_expression("ImageID = :id")
                .expression_attribute_values(":id", AttributeValue::S(image_id.to_owned()))
                .set_exclusive_start_key(next);
            let page = query.send().await.map_err(|error| storage(doing, error))?;
            let found: Vec<Record> = serde_dynamo::from_items(page.items.unwrap_or_default())
                .map_err(|source| StorageError::Misconfigured { doing, source: source.into() })?;
            records.extend(found);
            next = page.last_evaluated_key.filter(|key| !key.is_empty());
            if next.is_none() {
                return Ok(records);
            }
        }
    }

    async fn close(&self, tombstone: &Record) -> Result<Written, StorageError> {
        Changes::new(&self.table, key(&tombstone.image_id, tombstone.upload_timestamp), AS_READ)
            .remove(&["WorkQueue", "VersionId"])
            .given_text(":erased", "ERASED")
            .given(":at", erased_at(tombstone))
            .send(&self.client, "closing the tombstone")
            .await
    }
}

impl RecordErasure for Records {
    async fn mark(&self, record: &Record, now: EpochMillis) -> Result<Written, StorageError> {
        let condition = "ExecutionArn = :own AND ProcessingStatus <> :erased";
        Changes::new(&self.table, key(&record.image_id, record.upload_timestamp), condition)
            .set("ProcessingStatus", AttributeValue::S("ERASED".into()))
            .set("WorkQueue", AttributeValue::S("ERASED".into()))
            .set("ErasedAt", AttributeValue::N(now.to_string()))
            .set("ExecutionToStop", AttributeValue::S(record.execution_arn.clone()))
            .remove(&ACTED_UPON)
            .given_text(":own", &record.execution_arn)
            .given_text(":erased", "ERASED")
            .send(&self.client, "marking the record ERASED")
            .await
    }

    async fn mark_unrecorded(&self, marked: &Record) -> Result<Written, StorageError> {
        let doing = "marking the image ERASED";
        let put = self.client.put_item().table_name(&self.table).set_item(Some(to_item(doing, marked)?));
        written(doing, put.condition_expression("attribute_not_exists(ImageID)").send().await)
    }

    async fn strip(&self, marked: &Record, now: EpochMillis) -> Result<Written, StorageError> {
        let doing = "leaving a tombstone of the record";
        let tombstone = Tombstone { erased_at: Some(now), work_queue: Some(WorkQueue::Erased), ..Tombstone::of(marked) };
        // A put replaces the whole item: nothing of it can be forgotten, whatever attributes it had.
        let put = self.client.put_item().table_name(&self.table).set_item(Some(to_item(doing, tombstone)?));
        let put = put
            .condition_expression(AS_READ)
            .expression_attribute_values(":erased", AttributeValue::S("ERASED".into()))
            .expression_attribute_values(":at", erased_at(marked));
        written(doing, put.send().await)
    }
}

/// What became of a conditional put.
fn written(doing: &'static str, sent: Result<PutItemOutput, SdkError<PutItemError, HttpResponse>>) -> Result<Written, StorageError> {
    match sent {
        Ok(_) => Ok(Written::Yes),
        Err(error) if error.as_service_error().is_some_and(PutItemError::is_conditional_check_failed_exception) => Ok(Written::Refused),
        Err(error) => Err(storage(doing, error)),
    }
}

fn erased_at(record: &Record) -> AttributeValue {
    AttributeValue::N(record.erased_at.unwrap_or_default().to_string())
}
