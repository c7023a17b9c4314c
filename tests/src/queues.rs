//! The work queues of the records in memory.

use crate::records::{MemoryRecords, REVIEW_TOKEN};
use serde_json::Value;
use sightline_domain::{
    error::StorageError,
    reconcile::{Page, QueuePlace, QueuedImage, ReviewQueueState, SavedDecision, WorkQueues},
    record::{ProcessingStatus, Record, WorkQueue},
    review::{ReviewOutcome, ReviewStatus},
};

/// Images on one page: few, so that tests turn pages.
const PAGE: usize = 2;

impl MemoryRecords {
    fn queue(&self, queue: WorkQueue) -> Vec<QueuedImage> {
        let mut waiting: Vec<QueuedImage> = self
            .all()
            .into_iter()
            .filter(|record| record.work_queue == Some(queue))
            .map(|record| QueuedImage {
                image_id: record.image_id,
                upload_timestamp: record.upload_timestamp,
                execution_arn: record.execution_arn,
                processing_status: record.processing_status,
                review_status: record.review_status,
            })
            .collect();
        waiting.sort_by_key(|image| (image.upload_timestamp, image.image_id.clone()));
        waiting
    }
}

impl WorkQueues for MemoryRecords {
    async fn page(&self, queue: WorkQueue, after: Option<&QueuePlace>) -> Result<Page<QueuedImage, QueuePlace>, StorageError> {
        let behind = |image: &QueuedImage| {
            after.is_none_or(|place| (image.upload_timestamp, &image.image_id) > (place.upload_timestamp, &place.image_id))
        };
        let mut items: Vec<QueuedImage> = self.queue(queue).into_iter().filter(behind).collect();
        let more = items.len() > PAGE;
        items.truncate(PAGE);
        let last = items.last().filter(|_| more);
        let next = last.map(|image| QueuePlace { image_id: image.image_id.clone(), upload_timestamp: image.upload_timestamp });
        Ok(Page { items, next })
    }

    async fn review_queue(&self) -> Result<ReviewQueueState, StorageError> {
        let mut waiting = self.queue(WorkQueue::Review);
        waiting.retain(|image| image.review_status == ReviewStatus::Pending);
        Ok(ReviewQueueState { length: waiting.len(), oldest: waiting.first().map(|image| image.upload_timestamp) })
    }

    async fn saved_decision(&self, image: &QueuedImage) -> Result<Option<SavedDecision>, StorageError> {
        let key = (image.image_id.clone(), image.upload_timestamp);
        let item = self.tables().records.get(&key).cloned().unwrap_or_default();
        let Ok(record) = serde_json::from_value::<Record>(Value::Object(item.clone())) else { return Ok(None) };
        let decided = matches!(record.review_status, ReviewStatus::Approved | ReviewStatus::Rejected);
        let token = item.get(REVIEW_TOKEN).and_then(Value::as_str);
        let told = token.filter(|_| decided && record.processing_status == ProcessingStatus::Pending).map(|token| SavedDecision {
            token: token.to_owned().into(),
            outcome: ReviewOutcome {
                status: record.review_status,
                reviewed_by: record.reviewed_by,
                reviewed_at: record.reviewed_at,
                review_reason: record.review_reason,
            },
        });
        Ok(told)
    }
}
