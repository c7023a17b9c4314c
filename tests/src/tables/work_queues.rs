//! The port [`WorkQueues`].

use super::{Item, MemoryTables, REVIEW_TOKEN, text};
use secrecy::SecretString;
use serde_json::{Value, json};
use sightline_domain::{
    model::{ProcessingStatus, Record, ReviewOutcome, ReviewStatus, StorageError, WorkQueue},
    ports::{Page, QueuedImage, RecordKey, ReviewQueueState, SavedDecision, Unreadable, WorkQueues},
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
    async fn queued(&self, queue: WorkQueue, after: Option<&RecordKey>) -> Result<Page<QueuedImage, RecordKey>, StorageError> {
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
        let next = last.map(|image| RecordKey { image_id: image.image_id.clone(), upload_timestamp: image.upload_timestamp });
        Ok(Page { items, unreadable, next })
    }

    async fn review_queue(&self) -> Result<ReviewQueueState, StorageError> {
        let contents = self.contents();
        let open = |item: &&Item| text(item, "WorkQueue") == "REVIEW" && text(item, "ReviewStatus") == "PENDING";
        let open: Vec<&Item> = contents.records.values().filter(open).collect();
        let requested_at = |item: &&Item| item.get("ReviewRequestedAt").or_else(|| item.get("ClaimedAt")).and_then(Value::as_i64);
        Ok(ReviewQueueState { length: open.len(), oldest_request: open.iter().filter_map(requested_at).min() })
    }

    async fn saved_decision(&self, image: &QueuedImage) -> Result<Option<SavedDecision>, StorageError> {
        let key = (image.image_id.clone(), image.upload_timestamp);
        let item = self.contents().records.get(&key).cloned().unwrap_or_default();
        let Some(token) = item.get(REVIEW_TOKEN).and_then(Value::as_str).map(SecretString::from) else { return Ok(None) };
        let record: Record = serde_json::from_value(Value::Object(item))
            .map_err(|source| StorageError::Misconfigured { doing: "reading the decision", source: source.into() })?;
        let decided = matches!(record.review_status, ReviewStatus::Approved | ReviewStatus::Rejected);
        Ok((decided && record.processing_status == ProcessingStatus::Pending).then(|| SavedDecision {
            token,
            outcome: ReviewOutcome {
                status: record.review_status,
                reviewed_by: record.reviewed_by,
                reviewed_at: record.reviewed_at,
                review_reason: record.review_reason,
            },
        }))
    }
}
