//! The review queue: lists the images that wait for a decision, and saves the first decision.

use super::{FAILURE_ATTRIBUTES, REVIEW_TOKEN, Tables, changes::Changes, record_key, unreadable};
use crate::classify::storage;
use aws_sdk_dynamodb::{
    error::SdkError,
    operation::update_item::UpdateItemError,
    types::{
        AttributeValue::{self, N, S},
        ReturnValue, ReturnValuesOnConditionCheckFailure,
    },
};
use secrecy::SecretString;
use serde::Deserialize;
use sightline_domain::{
    model::{
        clock::EpochMillis,
        error::StorageError,
        findings::Scored,
        record::{ProcessingStatus, Record, WorkQueue},
        review::{ReviewOutcome, ReviewStatus},
    },
    ports::{Decided, Interventions, ReviewState, Written},
};
use std::collections::HashMap;

/// Items per page.
const PAGE: i32 = 100;

/// An image that waits for a decision, from the index over the work queues.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct WaitingReview {
    /// The image.
    #[serde(rename = "ImageID")]
    pub image_id: String,
    /// Sort key of the record.
    pub upload_timestamp: EpochMillis,
    /// The owner of the image.
    #[serde(rename = "OwnerID")]
    pub owner_id: String,
    /// The execution that waits.
    #[serde(default)]
    pub execution_arn: String,
    /// The top labels, if they are already stored.
    #[serde(default)]
    pub detection_summary: Vec<Scored>,
}

/// Condition: the image waits for a decision.
const WAITS: &str = "ProcessingStatus = :pending AND WorkQueue = :review AND ReviewStatus = :pending AND attribute_exists(ReviewToken)";

impl Tables {
    /// The images that wait for a decision, oldest upload first, at most `limit`.
    ///
    /// # Errors
    ///
    /// [`StorageError`] if DynamoDB cannot be read.
    pub async fn waiting(&self, limit: usize) -> Result<Vec<WaitingReview>, StorageError> {
        const DOING: &str = "reading the review queue";
        let mut waiting = Vec::new();
        let mut items = self.open_reviews_query().limit(PAGE).scan_index_forward(true).into_paginator().items().send();
        while waiting.len() < limit
            && let Some(item) = items.next().await
        {
            // An item that cannot be parsed must not hide the others; reconcile reports it.
            waiting.extend(serde_dynamo::from_item::<_, WaitingReview>(item.map_err(|error| storage(DOING, error))?).ok());
        }
        Ok(waiting)
    }

    /// Reads the item, for a local DynamoDB that does not return it with a failed condition.
    async fn item(&self, image_id: &str, upload_timestamp: EpochMillis) -> Result<HashMap<String, AttributeValue>, StorageError> {
        let get = self.client.get_item().table_name(&self.names.records).consistent_read(true);
        let get = get.key("ImageID", S(image_id.to_owned())).key("UploadTimestamp", N(upload_timestamp.to_string()));
        let answer = get.send().await.map_err(|error| storage("reading the record", error))?;
        Ok(answer.item.unwrap_or_default())
    }
}

impl Interventions for Tables {
    async fn decide(
        &self,
        image_id: &str,
        upload_timestamp: EpochMillis,
        outcome: &ReviewOutcome,
        now: EpochMillis,
    ) -> Result<Decided, StorageError> {
        const DOING: &str = "writing the decision";
        let mut update = self
            .client
            .update_item()
            .table_name(&self.names.records)
            .key("ImageID", S(image_id.to_owned()))
            .key("UploadTimestamp", N(upload_timestamp.to_string()))
            .condition_expression(format!("{WAITS} AND ReviewDeadline > :now"))
            .update_expression(match outcome.review_reason {
                Some(_) => "SET ReviewStatus = :status, ReviewedBy = :by, ReviewedAt = :at, WorkQueue = :pending, ReviewReason = :reason",
                None => "SET ReviewStatus = :status, ReviewedBy = :by, ReviewedAt = :at, WorkQueue = :pending",
            })
            .expression_attribute_values(":pending", S(ProcessingStatus::Pending.as_ref().into()))
            .expression_attribute_values(":review", S(WorkQueue::Review.as_ref().into()))
            .expression_attribute_values(":now", N(now.to_string()))
            .expression_attribute_values(":status", S(outcome.status.as_ref().into()))
            .expression_attribute_values(":by", S(outcome.reviewed_by.clone().unwrap_or_default()))
            .expression_attribute_values(":at", N(outcome.reviewed_at.unwrap_or(now).to_string()))
            .return_values(ReturnValue::AllNew)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        if let Some(reason) = &outcome.review_reason {
            update = update.expression_attribute_values(":reason", S(reason.clone()));
        }
        match update.send().await {
            Ok(answer) => Ok(Decided::Yes { token: token(answer.attributes.unwrap_or_default()) }),
            Err(SdkError::ServiceError(service)) if matches!(service.err(), UpdateItemError::ConditionalCheckFailedException(_)) => {
                let returned = match service.into_err() {
                    UpdateItemError::ConditionalCheckFailedException(failed) => failed.item,
                    _ => None,
                };
                let item = match returned {
                    Some(item) => item,
                    None => self.item(image_id, upload_timestamp).await?,
                };
                refusal(item).map_err(unreadable(DOING))
            }
            Err(error) => Err(storage(DOING, error)),
        }
    }

    async fn take_back(&self, image_id: &str, upload_timestamp: EpochMillis, decided: &ReviewOutcome) -> Result<Written, StorageError> {
        // If a failure was recorded since, the record stays in the queue of FAILED records.
        for (status, queue) in [(ProcessingStatus::Pending, Some(WorkQueue::Review)), (ProcessingStatus::Failed, None)] {
            let condition = "ProcessingStatus = :processing AND ReviewStatus = :status AND ReviewedBy = :by AND ReviewedAt = :at";
            let mut changes = Changes::new(&self.names.records, record_key(image_id, upload_timestamp), condition)
                .set_text("ReviewStatus", ReviewStatus::Pending.as_ref())
                .remove(&["ReviewedBy", "ReviewedAt", "ReviewReason"])
                .text(":processing", status.as_ref())
                .text(":status", decided.status.as_ref())
                .text(":by", decided.reviewed_by.as_deref().unwrap_or_default())
                .value(":at", N(decided.reviewed_at.unwrap_or_default().to_string()));
            if let Some(queue) = queue {
                changes = changes.set_text("WorkQueue", queue.as_ref());
            }
            if changes.send(&self.client, "removing the decision").await? == Written::Yes {
                return Ok(Written::Yes);
            }
        }
        Ok(Written::Refused)
    }

    async fn resume(&self, record: &Record) -> Result<Written, StorageError> {
        let doing = "marking the record PENDING";
        Changes::new(
            &self.names.records,
            record_key(&record.image_id, record.upload_timestamp),
            "ExecutionArn = :execution AND ProcessingStatus = :failed",
        )
        .set_text("ProcessingStatus", ProcessingStatus::Pending.as_ref())
        .set_text("WorkQueue", WorkQueue::Pending.as_ref())
        .increment("Attempts")
        .remove(&FAILURE_ATTRIBUTES)
        .text(":execution", &record.execution_arn)
        .text(":failed", ProcessingStatus::Failed.as_ref())
        .send(&self.client, doing)
        .await
    }
}

fn token(mut item: HashMap<String, AttributeValue>) -> Option<SecretString> {
    match item.remove(REVIEW_TOKEN) {
        Some(S(token)) if !token.is_empty() => Some(token.into()),
        _ => None,
    }
}

/// Why the condition failed, from the current `item`.
fn refusal(item: HashMap<String, AttributeValue>) -> Result<Decided, serde_dynamo::Error> {
    serde_dynamo::from_item(item).map(ReviewState::refusal)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item(pairs: &[(&str, AttributeValue)]) -> HashMap<String, AttributeValue> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect()
    }

    /// Injected: a decision about a record that somebody else has decided.
    /// Seen: refused, with who decided and when.
    #[test]
    fn row_28_a_second_decision_is_refused_with_who_decided_and_when() {
        let old =
            item(&[("ReviewStatus", S("APPROVED".into())), ("ReviewedBy", S("anna".into())), ("ReviewedAt", N("1700000000000".into()))]);
        let refused = refusal(old).unwrap();
        assert!(
            matches!(refused, Decided::Already { status: ReviewStatus::Approved, by: Some(by), at: Some(1_700_000_000_000) } if by == "anna")
        );
    }

    /// Injected: a decision after the deadline of the review.
    /// Seen: refused as late.
    #[test]
    fn row_30_a_decision_after_the_deadline_or_without_a_request_is_refused() {
        let late = item(&[("ReviewStatus", S("PENDING".into())), ("ReviewDeadline", N("5".into()))]);
        assert!(matches!(refusal(late).unwrap(), Decided::Late { deadline: 5 }));
        assert!(matches!(refusal(item(&[])).unwrap(), Decided::NotWaiting(ReviewState { processing_status: None, .. })));
    }

    #[test]
    fn a_failed_record_does_not_wait_for_a_decision() {
        let open = [("ReviewStatus", S("PENDING".into())), ("ReviewDeadline", N("5".into()))];
        let failed = [("ProcessingStatus", S("FAILED".into())), ("StatusReason", S("Storage.Unavailable".into()))];
        let Decided::NotWaiting(state) = refusal(item(&[open, failed].concat())).unwrap() else { panic!("the image waits") };
        assert_eq!(state.processing_status, Some(ProcessingStatus::Failed));
        assert_eq!(state.status_reason.as_deref(), Some("Storage.Unavailable"));
    }

    #[test]
    fn debug_output_does_not_contain_the_token() {
        let decided = Decided::Yes { token: token(item(&[(REVIEW_TOKEN, S("very-secret".into()))])) };
        assert!(matches!(&decided, Decided::Yes { token: Some(_) }));
        assert!(!format!("{decided:?}").contains("very-secret"));
    }
}
