//! The port [`Records`] over the table `ImageMetadataStore`. Every write is conditional.

use super::{
    FAILURE_ATTRIBUTES, GALLERY_INDEX, REVIEW_TOKEN, Tables,
    changes::{Changes, Item, to_item},
    is_transient,
    overlays::{OVERLAY_ATTRIBUTES, same_edits},
    record_key, unreadable,
    work_queues::code_placeholders,
};
use crate::classify::{cause, invalid_request, storage};
use aws_sdk_dynamodb::{
    error::SdkError,
    operation::{
        put_item::{PutItemError, PutItemOutput},
        transact_write_items::TransactWriteItemsError,
    },
    types::{AttributeValue, CancellationReason, KeysAndAttributes, TransactWriteItem},
};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use secrecy::ExposeSecret;
use sightline_domain::{
    model::{
        clock::EpochMillis,
        error::StorageError,
        record::{ProcessingStatus, Record, Tombstone, WorkQueue},
        rejection::ReasonCode,
        review::ReviewStatus,
    },
    ports::{Records, ReviewRequest, Written},
    rules::label_index::LabelRow,
};

/// Maximum number of an owner's records that are read: as many as one `BatchGetItem` returns.
const NEWEST: i32 = 100;

/// Attributes of a review besides its status. They are removed when the record is claimed again, and when an erasure begins.
const REVIEW_ATTRIBUTES: [&str; 8] = [
    "ReviewedBy",
    "ReviewedAt",
    "ReviewReason",
    "ReviewRequestedAt",
    "ReviewDeadline",
    "ReviewClaimedBy",
    "ReviewClaimedUntil",
    REVIEW_TOKEN,
];

/// Attributes of an inspection. A claim that does not replace them removes them.
const INSPECTION_ATTRIBUTES: [&str; 6] = ["Width", "Height", "Thumbhash", "ProcessedKey", "ThumbnailKey", "LargeThumbnailKey"];

/// Condition: the execution holds the record, and it is not COMPLETED.
const HELD: &str = "ExecutionArn = :execution AND ProcessingStatus <> :completed";

/// Condition: the ERASED record has not changed since it was read.
const ERASED_UNCHANGED: &str = "ProcessingStatus = :erased AND ErasedAt = :at";

const CLAIMING: &str = "claiming the record";

const COMPLETING: &str = "storing the record and its label rows";

impl Records for Tables {
    async fn find(&self, image_id: &str) -> Result<Option<Record>, StorageError> {
        let doing = "reading the record";
        let request = self
            .client
            .query()
            .table_name(&self.names.records)
            .key_condition_expression("ImageID = :id")
            .expression_attribute_values(":id", AttributeValue::S(image_id.to_owned()))
            .consistent_read(true)
            // An image that was erased and uploaded again has a new item beside its tombstone.
            .scan_index_forward(false)
            .limit(1);
        let answer = request.send().await.map_err(|error| storage(doing, error))?;
        let Some(item) = answer.items.unwrap_or_default().into_iter().next() else { return Ok(None) };
        serde_dynamo::from_item(item).map(Some).map_err(unreadable(doing))
    }

    async fn items(&self, image_id: &str) -> Result<Vec<Record>, StorageError> {
        let doing = "reading the records of the image";
        let query = self.client.query().table_name(&self.names.records).consistent_read(true).scan_index_forward(false);
        let query =
            query.key_condition_expression("ImageID = :id").expression_attribute_values(":id", AttributeValue::S(image_id.to_owned()));
        let items: Result<Vec<Item>, _> = query.into_paginator().items().send().collect().await;
        serde_dynamo::from_items(items.map_err(|error| storage(doing, error))?).map_err(unreadable(doing))
    }

    async fn close_tombstone(&self, tombstone: &Record) -> Result<Written, StorageError> {
        Changes::new(&self.names.records, record_key(&tombstone.image_id, tombstone.upload_timestamp), ERASED_UNCHANGED)
            .remove(&["WorkQueue", "VersionId"])
            .text(":erased", ProcessingStatus::Erased.as_ref())
            .value(":at", erased_at(tombstone))
            .send(&self.client, "closing the tombstone")
            .await
    }

    async fn claim(&self, record: &Record) -> Result<Written, StorageError> {
        let codes: Vec<(String, ReasonCode)> = code_placeholders(ReasonCode::permanent()).collect();
        let placeholders: Vec<&str> = codes.iter().map(|(placeholder, _)| placeholder.as_str()).collect();
        let rerunnable = format!("ProcessingStatus = :failed AND NOT StatusReason IN ({})", placeholders.join(", "));
        let mut changes = self.take_over(record, format!("attribute_not_exists(ImageID) OR ({rerunnable})"))?;
        for (placeholder, code) in &codes {
            changes = changes.text(placeholder, code.as_ref());
        }
        changes.send(&self.client, CLAIMING).await
    }

    async fn claim_rejected(&self, record: &Record, rejected_at: EpochMillis) -> Result<Written, StorageError> {
        let changes = self.take_over(record, "ProcessingStatus = :failed AND FinishedAt = :rejected".to_owned())?;
        changes.value(":rejected", AttributeValue::N(rejected_at.to_string())).send(&self.client, CLAIMING).await
    }

    async fn fail(&self, record: &Record) -> Result<Written, StorageError> {
        let doing = "marking the record FAILED";
        let (key, mut attributes) = Self::split(doing, record)?;
        // A reviewer may have decided, and the owner may have edited, since the record was read; a failure changes neither.
        attributes.retain(|name, _| !name.starts_with("Review") && !OVERLAY_ATTRIBUTES.contains(&name.as_str()));
        let same_review =
            if record.review_deadline.is_some() { "ReviewDeadline = :deadline" } else { "attribute_not_exists(ReviewDeadline)" };
        let mut changes = Changes::new(&self.names.records, key, format!("attribute_not_exists(ImageID) OR ({HELD} AND {same_review})"));
        if let Some(deadline) = record.review_deadline {
            changes = changes.value(":deadline", AttributeValue::N(deadline.to_string()));
        }
        changes
            .set_all(attributes)
            .remove(&[REVIEW_TOKEN])
            .text(":execution", &record.execution_arn)
            .text(":completed", ProcessingStatus::Completed.as_ref())
            .send(&self.client, doing)
            .await
    }

    async fn complete(&self, record: &Record, rows: &[LabelRow]) -> Result<Written, StorageError> {
        let items = self.completion(record, rows)?;
        match self.client.transact_write_items().set_transact_items(Some(items)).send().await {
            Ok(_) => Ok(Written::Yes),
            Err(error) => completion_failed(error, record),
        }
    }

    async fn request_review(&self, request: &ReviewRequest<'_>) -> Result<Written, StorageError> {
        let doing = "requesting the review";
        let flags = serde_dynamo::to_attribute_value(request.flags).map_err(unreadable(doing))?;
        Changes::new(
            &self.names.records,
            record_key(request.image_id, request.upload_timestamp),
            format!(
                "{HELD} AND NOT ReviewStatus IN (:approved, :rejected) \
                 AND (attribute_not_exists(ReviewDeadline) OR ReviewDeadline <= :deadline)"
            ),
        )
        .set_text("ProcessingStatus", ProcessingStatus::Pending.as_ref())
        .set_text("ReviewStatus", ReviewStatus::Pending.as_ref())
        .set_text("WorkQueue", WorkQueue::Review.as_ref())
        .set("ReviewRequestedAt", AttributeValue::N(request.requested_at.to_string()))
        .set("ReviewDeadline", AttributeValue::N(request.deadline.to_string()))
        .set("ModerationFlags", flags)
        .set_text(REVIEW_TOKEN, request.task_token.expose_secret())
        .remove(&FAILURE_ATTRIBUTES)
        .text(":execution", request.execution_arn)
        .text(":completed", ProcessingStatus::Completed.as_ref())
        .value(":deadline", AttributeValue::N(request.deadline.to_string()))
        .text(":approved", ReviewStatus::Approved.as_ref())
        .text(":rejected", ReviewStatus::Rejected.as_ref())
        .send(&self.client, doing)
        .await
    }

    async fn mark_erased(&self, record: &Record, now: EpochMillis) -> Result<Written, StorageError> {
        let condition = "ExecutionArn = :execution AND ProcessingStatus <> :erased";
        Changes::new(&self.names.records, record_key(&record.image_id, record.upload_timestamp), condition)
            .set_text("ProcessingStatus", ProcessingStatus::Erased.as_ref())
            .set_text("WorkQueue", WorkQueue::Erased.as_ref())
            .set("ErasedAt", AttributeValue::N(now.to_string()))
            .set_text("ExecutionToStop", &record.execution_arn)
            // Nobody acts on the execution and the review any more. The record must not expire: it says what has to be erased.
            .remove(&["ExecutionArn", "ExpiresAt", "ReviewStatus"])
            .remove(&REVIEW_ATTRIBUTES)
            .text(":execution", &record.execution_arn)
            .text(":erased", ProcessingStatus::Erased.as_ref())
            .send(&self.client, "marking the record ERASED")
            .await
    }

    async fn mark_unrecorded_erased(&self, marked: &Record) -> Result<Written, StorageError> {
        let doing = "marking the image ERASED";
        let put = self.client.put_item().table_name(&self.names.records).set_item(Some(to_item(doing, marked)?));
        written(doing, put.condition_expression("attribute_not_exists(ImageID)").send().await)
    }

    async fn strip(&self, marked: &Record, now: EpochMillis) -> Result<Written, StorageError> {
        let doing = "writing the tombstone";
        let tombstone = Tombstone { erased_at: Some(now), work_queue: Some(WorkQueue::Erased), ..Tombstone::of(marked) };
        // PutItem replaces the whole item, so no attribute can remain.
        let put = self.client.put_item().table_name(&self.names.records).set_item(Some(to_item(doing, tombstone)?));
        let put = put
            .condition_expression(ERASED_UNCHANGED)
            .expression_attribute_values(":erased", AttributeValue::S(ProcessingStatus::Erased.as_ref().into()))
            .expression_attribute_values(":at", erased_at(marked));
        written(doing, put.send().await)
    }
}

impl Tables {
    /// The newest records of an owner, at most 100. Records that cannot be parsed are omitted.
    ///
    /// # Errors
    ///
    /// [`StorageError`] if DynamoDB cannot be read.
    pub async fn newest_of_owner(&self, owner_id: &str) -> Result<Vec<Record>, StorageError> {
        const DOING: &str = "reading the owner's newest records";
        let query =
            self.client.query().table_name(&self.names.records).index_name(GALLERY_INDEX).key_condition_expression("OwnerID = :owner");
        let query = query.expression_attribute_values(":owner", AttributeValue::S(owner_id.to_owned()));
        let query = query.projection_expression("ImageID, UploadTimestamp").scan_index_forward(false).limit(NEWEST);
        let keys = query.send().await.map_err(|error| storage(DOING, error))?.items.unwrap_or_default();
        if keys.is_empty() {
            return Ok(Vec::new());
        }
        let request = KeysAndAttributes::builder().set_keys(Some(keys)).build().map_err(invalid_request(DOING))?;
        let items = self.read_batch(&self.names.records, request, DOING).await?;
        Ok(items.into_iter().filter_map(|item| serde_dynamo::from_item(item).ok()).collect())
    }

    /// Writes `record` over a missing or FAILED item, under `condition`, which can use the placeholder `:failed`. Increments `Attempts`.
    fn take_over(&self, record: &Record, condition: String) -> Result<Changes, StorageError> {
        let (key, mut attributes) = Self::split(CLAIMING, record)?;
        attributes.remove("Attempts");
        let outdated: Vec<&str> = INSPECTION_ATTRIBUTES.into_iter().filter(|name| !attributes.contains_key(*name)).collect();
        let changes = Changes::new(&self.names.records, key, condition).set_all(attributes).increment("Attempts");
        let changes = changes.remove(&FAILURE_ATTRIBUTES).remove(&REVIEW_ATTRIBUTES).remove(&outdated);
        Ok(changes.text(":failed", ProcessingStatus::Failed.as_ref()))
    }

    /// Splits a record into the item's key and its other attributes.
    fn split(doing: &'static str, record: &Record) -> Result<(Item, Item), StorageError> {
        let item = to_item(doing, record)?;
        Ok(item.into_iter().partition(|(name, _)| name == "ImageID" || name == "UploadTimestamp"))
    }

    /// The items of the transaction: the record, and each row.
    fn completion(&self, record: &Record, rows: &[LabelRow]) -> Result<Vec<TransactWriteItem>, StorageError> {
        let (key, attributes) = Self::split(COMPLETING, record)?;
        // The rows follow from the overlay that was read.
        let (same_edits, edits) = same_edits(record);
        let mut changes = Changes::new(&self.names.records, key, format!("{HELD} AND {same_edits}"));
        if let Some(edits) = edits {
            changes = changes.value(":edits", edits);
        }
        let update = changes
            .set_all(attributes)
            .remove(&["WorkQueue", "StatusReason", "StatusDetail", "ReviewClaimedBy", "ReviewClaimedUntil", REVIEW_TOKEN])
            .text(":execution", &record.execution_arn)
            .text(":completed", ProcessingStatus::Completed.as_ref())
            .into_update()
            .map_err(invalid_request(COMPLETING))?;
        let rows = rows.iter().map(|row| self.put_row(row));
        std::iter::once(Ok(TransactWriteItem::builder().update(update).build())).chain(rows).collect()
    }
}

/// The result of a failed transaction of [`Records::complete`].
fn completion_failed(error: SdkError<TransactWriteItemsError, HttpResponse>, record: &Record) -> Result<Written, StorageError> {
    let Some(TransactWriteItemsError::TransactionCanceledException(exception)) = error.as_service_error() else {
        return Err(storage(COMPLETING, error));
    };
    let reasons = exception.cancellation_reasons();
    if let Some(written) = reasons.first().and_then(|reason| condition_failed(reason, record)) {
        return Ok(written);
    }
    if reasons.iter().any(is_transient) {
        return Err(StorageError::Unavailable { doing: COMPLETING, source: cause(error) });
    }
    Err(storage(COMPLETING, error))
}

/// The result of a failed condition on the record: [`Written::Yes`] if an earlier attempt of the same execution has completed it.
fn condition_failed(reason: &CancellationReason, record: &Record) -> Option<Written> {
    (reason.code() == Some("ConditionalCheckFailed")).then(|| {
        let text = |name| reason.item().and_then(|item| item.get(name)).and_then(|value| value.as_s().ok()).map(String::as_str);
        let is_completed = text("ExecutionArn") == Some(record.execution_arn.as_str())
            && text("ProcessingStatus") == Some(ProcessingStatus::Completed.as_ref());
        if is_completed { Written::Yes } else { Written::Refused }
    })
}

/// The result of a conditional put.
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
