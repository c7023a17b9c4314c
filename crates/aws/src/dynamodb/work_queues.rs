//! The port [`WorkQueues`] over the index of the records, and the amount of open work.

use super::{BATCH_READ, REVIEW_TOKEN, Tables, WORK_QUEUE_INDEX, unreadable};
use crate::classify::{invalid_request, storage};
use aws_sdk_dynamodb::{
    operation::query::builders::QueryFluentBuilder,
    types::{
        AttributeValue::{self, N, S},
        KeysAndAttributes, Select,
    },
};
use secrecy::SecretString;
use serde::Deserialize;
use sightline_domain::{
    model::{
        clock::EpochMillis,
        error::StorageError,
        record::{ProcessingStatus, WorkQueue},
        rejection::ReasonCode,
        review::{ReviewOutcome, ReviewStatus},
    },
    ports::{Page, QueuedImage, RecordKey, ReviewQueueState, SavedDecision, WorkQueues},
};
use std::collections::HashMap;

/// Items per page.
const PAGE: i32 = 100;

/// The review attributes of a record. Only these are parsed, so that other attributes cannot hide a decision.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Decision {
    processing_status: ProcessingStatus,
    #[serde(default)]
    review_status: ReviewStatus,
    reviewed_by: Option<String>,
    reviewed_at: Option<EpochMillis>,
    review_reason: Option<String>,
}

impl WorkQueues for Tables {
    async fn queued(&self, queue: WorkQueue, after: Option<&RecordKey>) -> Result<Page<QueuedImage, RecordKey>, StorageError> {
        let doing = "reading a work queue";
        let mut query = self.queue_query(queue).limit(PAGE).scan_index_forward(true);
        if let Some(position) = after {
            query = query
                .exclusive_start_key("WorkQueue", S(queue.as_ref().into()))
                .exclusive_start_key("UploadTimestamp", N(position.upload_timestamp.to_string()))
                .exclusive_start_key("ImageID", S(position.image_id.clone()));
        }
        let answer = query.send().await.map_err(|error| storage(doing, error))?;
        super::page(answer, doing)
    }

    async fn review_queue(&self) -> Result<ReviewQueueState, StorageError> {
        self.open_reviews().await
    }

    async fn saved_decision(&self, image: &QueuedImage) -> Result<Option<SavedDecision>, StorageError> {
        let doing = "reading the decision";
        let query = self.client.query().table_name(&self.names.records).consistent_read(true);
        let query = query
            .key_condition_expression("ImageID = :id AND UploadTimestamp = :at")
            .expression_attribute_values(":id", S(image.image_id.clone()))
            .expression_attribute_values(":at", N(image.upload_timestamp.to_string()));
        let found = query.send().await.map_err(|error| storage(doing, error))?;
        let Some(mut item) = found.items.unwrap_or_default().into_iter().next() else { return Ok(None) };
        let Some(S(token)) = item.remove(REVIEW_TOKEN) else { return Ok(None) };
        let decision: Decision = serde_dynamo::from_item(item).map_err(unreadable(doing))?;
        let is_saved = decision.review_status.is_decided() && decision.processing_status == ProcessingStatus::Pending;
        Ok(is_saved.then(|| SavedDecision {
            token: SecretString::from(token),
            outcome: ReviewOutcome {
                status: decision.review_status,
                reviewed_by: decision.reviewed_by,
                reviewed_at: decision.reviewed_at,
                review_reason: decision.review_reason,
            },
        }))
    }
}

impl Tables {
    /// The number of open reviews, and when the oldest of them was requested.
    ///
    /// The index sorts by upload and does not contain the time of the request, so that is read from the records. A record of a release that
    /// did not store this time counts from its claim.
    async fn open_reviews(&self) -> Result<ReviewQueueState, StorageError> {
        const DOING: &str = "measuring the review queue";
        let mut state = ReviewQueueState::default();
        let mut pages = self.open_reviews_query().projection_expression("ImageID, UploadTimestamp").into_paginator().send();
        while let Some(page) = pages.next().await {
            let keys = page.map_err(|error| storage(DOING, error))?.items.unwrap_or_default();
            state.length += keys.len();
            for batch in keys.chunks(BATCH_READ) {
                let keys = KeysAndAttributes::builder().set_keys(Some(batch.to_vec()));
                let keys = keys.projection_expression("ReviewRequestedAt, ClaimedAt").build().map_err(invalid_request(DOING))?;
                let requests = self.read_batch(&self.names.records, keys, DOING).await?;
                state.oldest_request = requests.iter().filter_map(requested_at).chain(state.oldest_request).min();
            }
        }
        Ok(state)
    }

    /// Counts the open work. It reads the index over the work queues, which holds no COMPLETED records.
    ///
    /// # Errors
    ///
    /// [`StorageError`] if DynamoDB cannot be read.
    pub async fn open_work(&self) -> Result<OpenWork, StorageError> {
        let rejected = count(rejected(self.queue_query(WorkQueue::Failed))).await?;
        let reviews = self.open_reviews().await?;
        Ok(OpenWork {
            in_flight: count(self.queue_query(WorkQueue::Pending)).await?,
            in_review: u64::try_from(reviews.length).unwrap_or(u64::MAX),
            oldest_in_review: reviews.oldest_request,
            failed: count(self.queue_query(WorkQueue::Failed)).await?.saturating_sub(rejected),
            rejected,
        })
    }

    /// The query of the reviews that wait for a decision.
    pub(super) fn open_reviews_query(&self) -> QueryFluentBuilder {
        let query = self.queue_query(WorkQueue::Review).filter_expression("ReviewStatus = :pending");
        query.expression_attribute_values(":pending", S(ReviewStatus::Pending.as_ref().into()))
    }

    /// The query of one work queue.
    fn queue_query(&self, queue: WorkQueue) -> QueryFluentBuilder {
        let query = self.client.query().table_name(&self.names.records).index_name(WORK_QUEUE_INDEX);
        query.key_condition_expression("WorkQueue = :queue").expression_attribute_values(":queue", S(queue.as_ref().into()))
    }
}

fn requested_at(item: &HashMap<String, AttributeValue>) -> Option<EpochMillis> {
    let time = |name| item.get(name).and_then(|value| value.as_n().ok()).and_then(|millis| millis.parse().ok());
    time("ReviewRequestedAt").or_else(|| time("ClaimedAt"))
}

/// The amount of open work.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct OpenWork {
    /// Images that are being analysed.
    pub in_flight: u64,
    /// Images that wait for a decision.
    pub in_review: u64,
    /// When the oldest of these reviews was requested, epoch milliseconds.
    pub oldest_in_review: Option<EpochMillis>,
    /// Images whose execution failed.
    pub failed: u64,
    /// Images that were rejected.
    pub rejected: u64,
}

/// Only the rejected records: those whose `StatusReason` is a reason code.
fn rejected(mut query: QueryFluentBuilder) -> QueryFluentBuilder {
    let mut placeholders = Vec::new();
    for (placeholder, code) in code_placeholders(ReasonCode::ALL.iter().copied()) {
        query = query.expression_attribute_values(&placeholder, S(code.as_ref().to_owned()));
        placeholders.push(placeholder);
    }
    query.filter_expression(format!("StatusReason IN ({})", placeholders.join(", ")))
}

/// The codes with the placeholders `:code0`, `:code1`, …
pub(super) fn code_placeholders(codes: impl Iterator<Item = ReasonCode>) -> impl Iterator<Item = (String, ReasonCode)> {
    codes.enumerate().map(|(index, code)| (format!(":code{index}"), code))
}

async fn count(query: QueryFluentBuilder) -> Result<u64, StorageError> {
    let (mut total, mut pages) = (0, query.select(Select::Count).into_paginator().send());
    while let Some(page) = pages.next().await {
        let page = page.map_err(|error| storage("counting the open work", error))?;
        total += u64::try_from(page.count).unwrap_or_default();
    }
    Ok(total)
}
