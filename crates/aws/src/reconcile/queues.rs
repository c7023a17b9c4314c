//! The index over the work queues, and the decisions in their records.

use crate::{
    classify::storage,
    records::{REVIEW_TOKEN, Records},
    reviews::{QUEUE_INDEX, open_reviews},
};
use aws_sdk_dynamodb::types::AttributeValue::{N, S};
use secrecy::SecretString;
use serde::Deserialize;
use sightline_domain::{
    clock::EpochMillis,
    error::StorageError,
    reconcile::{Page, QueuePlace, QueuedImage, ReviewQueueState, SavedDecision, Unreadable, WorkQueues},
    record::{ProcessingStatus, WorkQueue},
    review::{ReviewOutcome, ReviewStatus},
};

const PAGE: i32 = 100;

const fn name(queue: WorkQueue) -> &'static str {
    match queue {
        WorkQueue::Pending => "PENDING",
        WorkQueue::Review => "REVIEW",
        WorkQueue::Failed => "FAILED",
        WorkQueue::Erased => "ERASED",
    }
}

fn unreadable(doing: &'static str) -> impl Fn(serde_dynamo::Error) -> StorageError {
    move |source| StorageError::Misconfigured { doing, source: source.into() }
}

/// The decision in a record.
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

impl WorkQueues for Records {
    async fn page(&self, queue: WorkQueue, after: Option<&QueuePlace>) -> Result<Page<QueuedImage, QueuePlace>, StorageError> {
        let doing = "reading a work queue";
        let mut query = self.client.query().table_name(&self.table).index_name(QUEUE_INDEX).limit(PAGE).scan_index_forward(true);
        query = query.key_condition_expression("WorkQueue = :queue").expression_attribute_values(":queue", S(name(queue).into()));
        if let Some(place) = after {
            query = query
                .exclusive_start_key("WorkQueue", S(name(queue).into()))
                .exclusive_start_key("UploadTimestamp", N(place.upload_timestamp.to_string()))
                .exclusive_start_key("ImageID", S(place.image_id.clone()));
        }
        let page = query.send().await.map_err(|error| storage(doing, error))?;
        let next = page.last_evaluated_key.filter(|key| !key.is_empty());
        let next = next.map(serde_dynamo::from_item).transpose().map_err(unreadable(doing))?;
        let (mut items, mut unreadable) = (Vec::new(), Vec::new());
        for item in page.items.unwrap_or_default() {
            let image_id = item.get("ImageID").and_then(|id| id.as_s().ok()).cloned().unwrap_or_default();
            match serde_dynamo::from_item(item) {
                Ok(image) => items.push(image),
                Err(_) => unreadable.push(Unreadable { image_id }),
            }
        }
        Ok(Page { items, unreadable, next })
    }

    async fn review_queue(&self) -> Result<ReviewQueueState, StorageError> {
        open_reviews(&self.client, &self.table).await
    }

    async fn saved_decision(&self, image: &QueuedImage) -> Result<Option<SavedDecision>, StorageError> {
        let doing = "reading the decision";
        let query = self.client.query().table_name(&self.table).consistent_read(true);
        let query = query
            .key_condition_expression("ImageID = :id AND UploadTimestamp = :at")
            .expression_attribute_values(":id", S(image.image_id.clone()))
            .expression_attribute_values(":at", N(image.upload_timestamp.to_string()));
        let found = query.send().await.map_err(|error| storage(doing, error))?;
        let Some(mut item) = found.items.unwrap_or_default().into_iter().next() else { return Ok(None) };
        let Some(S(token)) = item.remove(REVIEW_TOKEN) else { return Ok(None) };
        let decision: Decision = serde_dynamo::from_item(item).map_err(unreadable(doing))?;
        let decided = matches!(decision.review_status, ReviewStatus::Approved | ReviewStatus::Rejected);
        Ok((decided && decision.processing_status == ProcessingStatus::Pending).then(|| SavedDecision {
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
