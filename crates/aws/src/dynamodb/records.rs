//! The port [`Records`] over the table `ImageMetadataStore`. Every write is conditional.

use super::{
    OWNER_INDEX, REVIEW_TOKEN, Tables,
    changes::{Changes, Item, to_item},
    invalid_request, record_key, unreadable,
};
use crate::classify::{cause, storage};
use aws_sdk_dynamodb::{
    error::SdkError,
    operation::{
        put_item::{PutItemError, PutItemOutput},
        transact_write_items::TransactWriteItemsError,
    },
    types::{AttributeValue, CancellationReason, KeysAndAttributes, Put, TransactWriteItem},
};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use secrecy::ExposeSecret;
use sightline_domain::{
    model::{
        clock::EpochMillis,
        error::StorageError,
        record::{Record, Tombstone, WorkQueue},
        rejection::ReasonCode,
    },
    ports::{Records, ReviewRequest, Written},
    rules::label_index::LabelRow,
};

/// As many as one BatchGetItem reads.
const NEWEST: i32 = 100;

/// What a FAILED record says of its end; an execution that goes on, or takes the record over, removes it.
const ENDED: [&str; 4] = ["StatusReason", "StatusDetail", "FinishedAt", "ExpiresAt"];

/// What an earlier review may have left in a record that is claimed anew.
const REVIEWED: [&str; 6] = ["ReviewedBy", "ReviewedAt", "ReviewReason", "ReviewRequestedAt", "ReviewDeadline", REVIEW_TOKEN];

/// The execution still owns a record that is not done.
const OWNED: &str = "ExecutionArn = :own AND ProcessingStatus <> :completed";

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
            // An image that was erased and uploaded again is an item of its own, beside its tombstone.
            .scan_index_forward(false)
            .limit(1);
        let answer = request.send().await.map_err(|error| storage(doing, error))?;
        let Some(item) = answer.items.unwrap_or_default().into_iter().next() else { return Ok(None) };
        serde_dynamo::from_item(item).map(Some).map_err(unreadable(doing))
    }

    async fn items(&self, image_id: &str) -> Result<Vec<Record>, StorageError> {
        let doing = "reading the records of the image";
        let (mut records, mut next) = (Vec::new(), None);
        loop {
            let query = self.client.query().table_name(&self.names.records).consistent_read(true).scan_index_forward(false);
            let query = query
                .key_condition_expression("ImageID = :id")
                .expression_attribute_values(":id", AttributeValue::S(image_id.to_owned()))
                .set_exclusive_start_key(next);
            let page = query.send().await.map_err(|error| storage(doing, error))?;
            let found: Vec<Record> = serde_dynamo::from_items(page.items.unwrap_or_default()).map_err(unreadable(doing))?;
            records.extend(found);
            next = page.last_evaluated_key.filter(|key| !key.is_empty());
            if next.is_none() {
                return Ok(records);
            }
        }
    }

    async fn close_tombstone(&self, tombstone: &Record) -> Result<Written, StorageError> {
        Changes::new(&self.names.records, record_key(&tombstone.image_id, tombstone.upload_timestamp), AS_READ)
            .remove(&["WorkQueue", "VersionId"])
            .given_text(":erased", "ERASED")
            .given(":at", erased_at(tombstone))
            .send(&self.client, "closing the tombstone")
            .await
    }

    async fn claim(&self, record: &Record) -> Result<Written, StorageError> {
        let codes: Vec<String> = (0..ReasonCode::FINAL.len()).map(|place| format!(":code{place}")).collect();
        let rerunnable = format!("ProcessingStatus = :failed AND NOT StatusReason IN ({})", codes.join(", "));
        let mut changes = self.taking_over(record, format!("attribute_not_exists(ImageID) OR ({rerunnable})"))?;
        for (placeholder, code) in codes.iter().zip(ReasonCode::FINAL) {
            changes = changes.given_text(placeholder, code.as_str());
        }
        changes.send(&self.client, CLAIMING).await
    }

    async fn claim_rejected(&self, record: &Record, rejected_at: EpochMillis) -> Result<Written, StorageError> {
        let changes = self.taking_over(record, "ProcessingStatus = :failed AND FinishedAt = :rejected".to_owned())?;
        changes.given(":rejected", AttributeValue::N(rejected_at.to_string())).send(&self.client, CLAIMING).await
    }

    async fn fail(&self, record: &Record) -> Result<Written, StorageError> {
        let doing = "marking the record FAILED";
        let (key, mut attributes) = Self::split(doing, record)?;
        // A reviewer may have decided since the record was read: a failure says nothing about that.
        attributes.retain(|name, _| !name.starts_with("Review"));
        let as_read = if record.review_deadline.is_some() { "ReviewDeadline = :deadline" } else { "attribute_not_exists(ReviewDeadline)" };
        let mut changes = Changes::new(&self.names.records, key, format!("attribute_not_exists(ImageID) OR ({OWNED} AND {as_read})"));
        if let Some(deadline) = record.review_deadline {
            changes = changes.given(":deadline", AttributeValue::N(deadline.to_string()));
        }
        changes
            .set_all(attributes)
            .remove(&[REVIEW_TOKEN])
            .given_text(":own", &record.execution_arn)
            .given_text(":completed", "COMPLETED")
            .send(&self.client, doing)
            .await
    }

    async fn complete(&self, record: &Record, rows: &[LabelRow]) -> Result<Written, StorageError> {
        let items = self.completion(record, rows)?;
        match self.client.transact_write_items().set_transact_items(Some(items)).send().await {
            Ok(_) => Ok(Written::Yes),
            Err(error) => canceled(error, record),
        }
    }

    async fn request_review(&self, request: &ReviewRequest<'_>) -> Result<Written, StorageError> {
        let doing = "asking for a review";
        let flags = serde_dynamo::to_attribute_value(request.flags).map_err(unreadable(doing))?;
        Changes::new(
            &self.names.records,
            record_key(request.image_id, request.upload_timestamp),
            format!(
                "{OWNED} AND NOT ReviewStatus IN (:approved, :rejected) \
                 AND (attribute_not_exists(ReviewDeadline) OR ReviewDeadline <= :deadline)"
            ),
        )
        .set("ProcessingStatus", AttributeValue::S("PENDING".into()))
        .set("ReviewStatus", AttributeValue::S("PENDING".into()))
        .set("WorkQueue", AttributeValue::S("REVIEW".into()))
        .set("ReviewRequestedAt", AttributeValue::N(request.requested_at.to_string()))
        .set("ReviewDeadline", AttributeValue::N(request.deadline.to_string()))
        .set("ModerationFlags", flags)
        .set(REVIEW_TOKEN, AttributeValue::S(request.task_token.expose_secret().to_owned()))
        .remove(&ENDED)
        .given_text(":own", request.execution_arn)
        .given_text(":completed", "COMPLETED")
        .given(":deadline", AttributeValue::N(request.deadline.to_string()))
        .given_text(":approved", "APPROVED")
        .given_text(":rejected", "REJECTED")
        .send(&self.client, doing)
        .await
    }

    async fn mark_erased(&self, record: &Record, now: EpochMillis) -> Result<Written, StorageError> {
        let condition = "ExecutionArn = :own AND ProcessingStatus <> :erased";
        Changes::new(&self.names.records, record_key(&record.image_id, record.upload_timestamp), condition)
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

    async fn mark_unrecorded_erased(&self, marked: &Record) -> Result<Written, StorageError> {
        let doing = "marking the image ERASED";
        let put = self.client.put_item().table_name(&self.names.records).set_item(Some(to_item(doing, marked)?));
        written(doing, put.condition_expression("attribute_not_exists(ImageID)").send().await)
    }

    async fn strip(&self, marked: &Record, now: EpochMillis) -> Result<Written, StorageError> {
        let doing = "leaving a tombstone of the record";
        let tombstone = Tombstone { erased_at: Some(now), work_queue: Some(WorkQueue::Erased), ..Tombstone::of(marked) };
        // A put replaces the whole item: nothing of it can be forgotten, whatever attributes it had.
        let put = self.client.put_item().table_name(&self.names.records).set_item(Some(to_item(doing, tombstone)?));
        let put = put
            .condition_expression(AS_READ)
            .expression_attribute_values(":erased", AttributeValue::S("ERASED".into()))
            .expression_attribute_values(":at", erased_at(marked));
        written(doing, put.send().await)
    }
}

impl Tables {
    /// Marks a FAILED record PENDING again, since its execution was redriven; does nothing where that is over already.
    pub async fn resume(&self, record: &Record) -> Result<Written, StorageError> {
        let doing = "marking the record PENDING";
        Changes::new(
            &self.names.records,
            record_key(&record.image_id, record.upload_timestamp),
            "ExecutionArn = :own AND ProcessingStatus = :failed",
        )
        .set("ProcessingStatus", AttributeValue::S("PENDING".into()))
        .set("WorkQueue", AttributeValue::S("PENDING".into()))
        .count("Attempts")
        .remove(&ENDED)
        .given_text(":own", &record.execution_arn)
        .given_text(":failed", "FAILED")
        .send(&self.client, doing)
        .await
    }

    /// The newest records of an owner, at most 100. Records that cannot be read are left out.
    ///
    /// # Errors
    /// `Storage.Unavailable` or `Storage.Misconfigured`, as DynamoDB answers.
    pub async fn newest_of_owner(&self, owner_id: &str) -> Result<Vec<Record>, StorageError> {
        const DOING: &str = "reading the owner's newest records";
        let query =
            self.client.query().table_name(&self.names.records).index_name(OWNER_INDEX).key_condition_expression("OwnerID = :owner");
        let query = query.expression_attribute_values(":owner", AttributeValue::S(owner_id.to_owned()));
        let query = query.projection_expression("ImageID, UploadTimestamp").scan_index_forward(false).limit(NEWEST);
        let keys = query.send().await.map_err(|error| storage(DOING, error))?.items.unwrap_or_default();
        if keys.is_empty() {
            return Ok(Vec::new());
        }
        let asked = KeysAndAttributes::builder().set_keys(Some(keys)).build();
        let asked = asked.map_err(|error| StorageError::Misconfigured { doing: DOING, source: error.into() })?;
        let items = self.read_batch(&self.names.records, asked, DOING).await?;
        Ok(items.into_iter().filter_map(|item| serde_dynamo::from_item(item).ok()).collect())
    }

    /// Makes the item `record`, where `condition`, which may speak of `:failed`, holds. `Attempts` counts up.
    fn taking_over(&self, record: &Record, condition: String) -> Result<Changes, StorageError> {
        let (key, mut attributes) = Self::split(CLAIMING, record)?;
        attributes.remove("Attempts");
        let changes = Changes::new(&self.names.records, key, condition).set_all(attributes).count("Attempts");
        Ok(changes.remove(&ENDED).remove(&REVIEWED).given_text(":failed", "FAILED"))
    }

    /// Splits a record into the item's key and its other attributes.
    fn split(doing: &'static str, record: &Record) -> Result<(Item, Item), StorageError> {
        let item = to_item(doing, record)?;
        Ok(item.into_iter().partition(|(name, _)| name == "ImageID" || name == "UploadTimestamp"))
    }

    fn completion(&self, record: &Record, rows: &[LabelRow]) -> Result<Vec<TransactWriteItem>, StorageError> {
        let (key, attributes) = Self::split(COMPLETING, record)?;
        let update = Changes::new(&self.names.records, key, OWNED)
            .set_all(attributes)
            .remove(&["WorkQueue", "StatusReason", "StatusDetail", REVIEW_TOKEN])
            .given_text(":own", &record.execution_arn)
            .given_text(":completed", "COMPLETED")
            .into_update()
            .map_err(invalid_request(COMPLETING))?;
        let put = |row| {
            let put = Put::builder()
                .table_name(&self.names.label_index)
                .set_item(Some(to_item(COMPLETING, row)?))
                .build()
                .map_err(invalid_request(COMPLETING))?;
            Ok(TransactWriteItem::builder().put(put).build())
        };
        std::iter::once(Ok(TransactWriteItem::builder().update(update).build())).chain(rows.iter().map(put)).collect()
    }
}

/// What a transaction that did not go through means.
fn canceled(error: SdkError<TransactWriteItemsError, HttpResponse>, record: &Record) -> Result<Written, StorageError> {
    let Some(TransactWriteItemsError::TransactionCanceledException(exception)) = error.as_service_error() else {
        return Err(storage(COMPLETING, error));
    };
    let reasons = exception.cancellation_reasons();
    if let Some(written) = reasons.first().and_then(|reason| refusal(reason, record)) {
        return Ok(written);
    }
    if reasons.iter().any(is_passing) {
        return Err(StorageError::Unavailable { doing: COMPLETING, source: cause(error) });
    }
    Err(storage(COMPLETING, error))
}

/// What a failed condition on the record means: our own write of an earlier try, or somebody else's record.
fn refusal(reason: &CancellationReason, record: &Record) -> Option<Written> {
    (reason.code() == Some("ConditionalCheckFailed")).then(|| {
        let text = |name| reason.item().and_then(|item| item.get(name)).and_then(|value| value.as_s().ok()).map(String::as_str);
        let own = text("ExecutionArn") == Some(record.execution_arn.as_str()) && text("ProcessingStatus") == Some("COMPLETED");
        if own { Written::Yes } else { Written::Refused }
    })
}

fn is_passing(reason: &CancellationReason) -> bool {
    matches!(reason.code(), Some("TransactionConflict" | "ThrottlingError" | "ProvisionedThroughputExceeded"))
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
