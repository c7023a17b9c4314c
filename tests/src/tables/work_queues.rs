//! The port [`WorkQueues`].

use super::{MemoryTables, REVIEW_TOKEN};
use serde_json::{Value, json};
use sightline_domain::{
    model::{
        error::StorageError,
        record::{ProcessingStatus, Record, WorkQueue},
        review::{ReviewOutcome, ReviewStatus},
    },
    ports::{Page, QueuePosition, QueuedImage, ReviewQueueState, SavedDecision, Unreadable, WorkQueues},
};

/// Images on one page: few, so that tests read several pages.
const PAGE: usize = 2;

impl MemoryTables {
    /// The items of a queue as the index shows them, and the unreadable ones.
    fn queue(&self, queue: WorkQueue) -> (Vec<QueuedImage>, Vec<Unreadable>) {
        let (mut waiting, mut unreadable) = (Vec::new(), Vec::new());
        for ((image_id, _), item) in &self.contents().records {
            if item.get("WorkQueue") == Some(&json!(queue)) {
                match serde_json::from_value::<QueuedImage>(Value::Object(item.clone())) {
                    Ok(image) => waiting.push(image),
                    Err(_) => unreadable.push(Unreadable { image_id: image_id.clone() }),
                }
            }
        }
        waiting.sort_by_key(|image| (image.upload_timestamp, image.image_id.clone()));
        (waiting, unreadable)
    }
}

impl WorkQueues for MemoryTables {
    async fn queued(&self, queue: WorkQueue, after: Option<&QueuePosition>) -> Result<Page<QueuedImage, QueuePosition>, StorageError> {
        let behind = |image: &QueuedImage| {
            after.is_none_or(|place| (image.upload_timestamp, &image.image_id) > (place.upload_timestamp, &place.image_id))
        };
        let (mut items, mut unreadable) = self.queue(queue);
        items.retain(behind);
        if after.is_some() {
            unreadable.clear();
        }
        let more = items.len() > PAGE;
        items.truncate(PAGE);
        let last = items.last().filter(|_| more);
        let next = last.map(|image| QueuePosition { image_id: image.image_id.clone(), upload_timestamp: image.upload_timestamp });
        Ok(Page { items, unreadable, next })
    }

    async fn review_queue(&self) -> Result<ReviewQueueState, StorageError> {
        let mut waiting = self.all();
        waiting.retain(|record| record.work_queue == Some(WorkQueue::Review) && record.review_status == ReviewStatus::Pending);
        Ok(ReviewQueueState { length: waiting.len(), oldest_request: waiting.iter().filter_map(|record| record.review_requested_at).min() })
    }

    async fn saved_decision(&self, image: &QueuedImage) -> Result<Option<SavedDecision>, StorageError> {
        let key = (image.image_id.clone(), image.upload_timestamp);
        let item = self.contents().records.get(&key).cloned().unwrap_or_default();
        let Ok(record) = serde_json::from_value::<Record>(Value::Object(item.clone())) else { return Ok(None) };
        let decided = matches!(record.review_status, ReviewStatus::Approved | ReviewStatus::Rejected);
        let token = item.get(REVIEW_TOKEN).and_then(Value::as_str);
        let saved = token.filter(|_| decided && record.processing_status == ProcessingStatus::Pending).map(|token| SavedDecision {
            token: token.to_owned().into(),
            outcome: ReviewOutcome {
                status: record.review_status,
                reviewed_by: record.reviewed_by,
                reviewed_at: record.reviewed_at,
                review_reason: record.review_reason,
            },
        });
        Ok(saved)
    }
}
