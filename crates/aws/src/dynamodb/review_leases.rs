//! The port [`ReviewLeases`]: claims of open reviews.

use super::{REVIEW_TOKEN, Tables, changes::Changes, record_key, unreadable};
use crate::classify::storage;
use aws_sdk_dynamodb::types::AttributeValue::N;
use serde::Deserialize;
use sightline_domain::{
    model::{
        clock::EpochMillis,
        error::StorageError,
        record::{ProcessingStatus, WorkQueue},
        review::ReviewStatus,
    },
    ports::{RecordKey, ReviewClaim, ReviewLease, ReviewLeases, Written},
};

/// Condition: the review is open.
const OPEN: &str = "ProcessingStatus = :processing AND WorkQueue = :queue AND ReviewStatus = :status AND ReviewDeadline > :now";

/// Condition: no other reviewer has claimed it.
const FREE: &str = "attribute_not_exists(ReviewClaimedUntil) OR ReviewClaimedUntil <= :now OR ReviewClaimedBy = :by";

/// The attributes of a record that decide on a claim.
#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Claimed {
    processing_status: Option<ProcessingStatus>,
    work_queue: Option<WorkQueue>,
    review_status: ReviewStatus,
    review_deadline: EpochMillis,
    review_claimed_by: Option<String>,
    review_claimed_until: EpochMillis,
}

impl ReviewLeases for Tables {
    async fn claim_review(&self, key: &RecordKey, lease: ReviewLease<'_>) -> Result<ReviewClaim, StorageError> {
        let doing = "claiming the review";
        let condition = format!("{OPEN} AND attribute_exists({REVIEW_TOKEN}) AND ({FREE})");
        let claimed = Changes::new(&self.names.records, record_key(&key.image_id, key.upload_timestamp), condition)
            .set_text("ReviewClaimedBy", lease.reviewer)
            .set("ReviewClaimedUntil", N(lease.until.to_string()))
            .text(":processing", ProcessingStatus::Pending.as_ref())
            .text(":queue", WorkQueue::Review.as_ref())
            .text(":status", ReviewStatus::Pending.as_ref())
            .text(":by", lease.reviewer)
            .value(":now", N(lease.now.to_string()))
            .send(&self.client, doing)
            .await?;
        if claimed == Written::Yes {
            return Ok(ReviewClaim::Yes);
        }
        let get = self.client.get_item().table_name(&self.names.records).consistent_read(true);
        let get = get.set_key(Some(record_key(&key.image_id, key.upload_timestamp)));
        let item = get.send().await.map_err(|error| storage(doing, error))?.item.unwrap_or_default();
        let item: Claimed = serde_dynamo::from_item(item).map_err(unreadable(doing))?;
        let open = item.processing_status == Some(ProcessingStatus::Pending)
            && item.work_queue == Some(WorkQueue::Review)
            && item.review_status == ReviewStatus::Pending
            && item.review_deadline > lease.now;
        // If the other claim has ended since, the answer is still true: it was held a moment ago.
        Ok(match item.review_claimed_by.filter(|by| open && by != lease.reviewer) {
            Some(by) => ReviewClaim::Held { by, until: item.review_claimed_until },
            None => ReviewClaim::NotOpen,
        })
    }
}
