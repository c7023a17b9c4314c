//! The review queue: the images that wait for a decision, and the one decision that counts.

use super::{REVIEW_TOKEN, Tables, WORK_QUEUE_INDEX, changes::Changes, record_key, unreadable};
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
        record::ProcessingStatus,
        review::{ReviewOutcome, ReviewStatus},
    },
    ports::Written,
};
use std::collections::HashMap;

const PAGE: i32 = 100;

/// An image that waits for a decision, as the index knows it.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct WaitingReview {
    /// The image.
    #[serde(rename = "ImageID")]
    pub image_id: String,
    /// Second half of the record's key.
    pub upload_timestamp: EpochMillis,
    /// Its owner.
    #[serde(rename = "OwnerID")]
    pub owner_id: String,
    /// The execution that waits.
    #[serde(default)]
    pub execution_arn: String,
    /// Top labels, where they are known already.
    #[serde(default)]
    pub detection_summary: Vec<Scored>,
}

/// What became of a decision.
#[derive(Debug)]
pub enum Decided {
    /// It counts. The token tells the execution; a record without one is told by `reconcile`.
    Yes {
        /// The task token.
        token: Option<SecretString>,
    },
    /// Somebody was faster.
    Already {
        /// APPROVED or REJECTED.
        status: ReviewStatus,
        /// Who.
        by: Option<String>,
        /// When.
        at: Option<EpochMillis>,
    },
    /// It comes too late.
    Late {
        /// Until when a decision was taken.
        deadline: EpochMillis,
    },
    /// The image does not wait for a decision.
    NotWaiting(ReviewState),
}

/// How a record stands that does not wait for a decision.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct ReviewState {
    /// Its status; `None` where there is no record any more.
    pub processing_status: Option<ProcessingStatus>,
    /// Why it FAILED.
    pub status_reason: Option<String>,
    /// When it was COMPLETED or FAILED, epoch milliseconds.
    pub finished_at: Option<EpochMillis>,
    /// When it was erased, epoch milliseconds.
    pub erased_at: Option<EpochMillis>,
    /// Where it stands with its reviewers.
    #[serde(default)]
    pub review_status: ReviewStatus,
    /// Who decided.
    pub reviewed_by: Option<String>,
    /// When it was decided, epoch milliseconds.
    pub reviewed_at: Option<EpochMillis>,
    /// Until when a decision was taken, epoch milliseconds.
    pub review_deadline: Option<EpochMillis>,
}

/// The image waits for a decision: its execution has asked for one and nothing has ended it.
const WAITS: &str = "ProcessingStatus = :pending AND WorkQueue = :review AND ReviewStatus = :pending AND attribute_exists(ReviewToken)";

impl Tables {
    /// The images that wait for a decision, oldest first, at most `limit`.
    pub async fn waiting(&self, limit: usize) -> Result<Vec<WaitingReview>, StorageError> {
        const DOING: &str = "reading the review queue";
        let (mut waiting, mut next) = (Vec::new(), None);
        loop {
            let query =
                self.client.query().table_name(&self.names.records).index_name(WORK_QUEUE_INDEX).limit(PAGE).set_exclusive_start_key(next);
            let query = query
                .key_condition_expression("WorkQueue = :review")
                .filter_expression("ReviewStatus = :pending")
                .expression_attribute_values(":review", S("REVIEW".into()))
                .expression_attribute_values(":pending", S("PENDING".into()))
                .scan_index_forward(true);
            let page = query.send().await.map_err(|error| storage(DOING, error))?;
            // One odd item must not hide the others; `reconcile` counts and names it.
            waiting.extend(page.items.unwrap_or_default().into_iter().filter_map(|item| serde_dynamo::from_item(item).ok()));
            next = page.last_evaluated_key.filter(|key| !key.is_empty());
            if next.is_none() || waiting.len() >= limit {
                waiting.truncate(limit);
                return Ok(waiting);
            }
        }
    }

    /// Writes a decision if the image waits for one and the deadline is not over: the first one counts.
    ///
    /// The image leaves the review queue at once; its token stays, so that a telling that fails can be made up for.
    pub async fn decide(
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
            .expression_attribute_values(":pending", S("PENDING".into()))
            .expression_attribute_values(":review", S("REVIEW".into()))
            .expression_attribute_values(":now", N(now.to_string()))
            .expression_attribute_values(":status", S(status_name(outcome.status).into()))
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
                let refused = match service.into_err() {
                    UpdateItemError::ConditionalCheckFailedException(failed) => failed.item,
                    _ => None,
                };
                let item = match refused {
                    Some(item) => item,
                    None => self.item(image_id, upload_timestamp).await?,
                };
                refusal(item).map_err(unreadable(DOING))
            }
            Err(error) => Err(storage(DOING, error)),
        }
    }

    /// Takes a decision back that [`Reviews::decide`] has just written, since no execution waits for it: it would never be applied.
    ///
    /// Refused where the record has moved on: the decision was applied, or another one has replaced it.
    ///
    /// # Errors
    ///
    /// Where the record cannot be written.
    pub async fn take_back(&self, image_id: &str, upload_timestamp: EpochMillis, decided: &ReviewOutcome) -> Result<Written, StorageError> {
        // A failure may have been recorded since, and has its own place in the work queues.
        for (status, queue) in [("PENDING", Some("REVIEW")), ("FAILED", None)] {
            let condition = "ProcessingStatus = :processing AND ReviewStatus = :status AND ReviewedBy = :by AND ReviewedAt = :at";
            let mut changes = Changes::new(&self.names.records, record_key(image_id, upload_timestamp), condition)
                .set("ReviewStatus", S("PENDING".into()))
                .remove(&["ReviewedBy", "ReviewedAt", "ReviewReason"])
                .given_text(":processing", status)
                .given_text(":status", status_name(decided.status))
                .given_text(":by", decided.reviewed_by.as_deref().unwrap_or_default())
                .given(":at", N(decided.reviewed_at.unwrap_or_default().to_string()));
            if let Some(queue) = queue {
                changes = changes.set("WorkQueue", S(queue.into()));
            }
            if changes.send(&self.client, "taking the decision back").await? == Written::Yes {
                return Ok(Written::Yes);
            }
        }
        Ok(Written::Refused)
    }

    /// For engines that do not send the item with the refusal.
    async fn item(&self, image_id: &str, upload_timestamp: EpochMillis) -> Result<HashMap<String, AttributeValue>, StorageError> {
        let get = self.client.get_item().table_name(&self.names.records).consistent_read(true);
        let get = get.key("ImageID", S(image_id.to_owned())).key("UploadTimestamp", N(upload_timestamp.to_string()));
        let answer = get.send().await.map_err(|error| storage("reading the record", error))?;
        Ok(answer.item.unwrap_or_default())
    }
}

/// The name under which a status is stored.
const fn status_name(status: ReviewStatus) -> &'static str {
    match status {
        ReviewStatus::None => "NONE",
        ReviewStatus::Pending => "PENDING",
        ReviewStatus::Approved => "APPROVED",
        ReviewStatus::Rejected => "REJECTED",
        ReviewStatus::Expired => "EXPIRED",
    }
}

fn token(mut item: HashMap<String, AttributeValue>) -> Option<SecretString> {
    match item.remove(REVIEW_TOKEN) {
        Some(S(token)) if !token.is_empty() => Some(token.into()),
        _ => None,
    }
}

/// Why the condition did not hold, from the record as it stands.
fn refusal(item: HashMap<String, AttributeValue>) -> Result<Decided, serde_dynamo::Error> {
    let state: ReviewState = serde_dynamo::from_item(item)?;
    let failed = state.processing_status == Some(ProcessingStatus::Failed);
    Ok(match (state.review_status, state.review_deadline) {
        (status @ (ReviewStatus::Approved | ReviewStatus::Rejected), _) => {
            Decided::Already { status, by: state.reviewed_by, at: state.reviewed_at }
        }
        // A review that was open when its execution failed is over, whatever its deadline.
        (ReviewStatus::Pending | ReviewStatus::Expired, Some(deadline)) if !failed => Decided::Late { deadline },
        _ => Decided::NotWaiting(state),
    })
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
    fn row_28_the_loser_learns_who_decided_and_when() {
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
    fn row_30_past_the_deadline_it_is_late_and_without_a_question_nothing_is_decided() {
        let late = item(&[("ReviewStatus", S("PENDING".into())), ("ReviewDeadline", N("5".into()))]);
        assert!(matches!(refusal(late).unwrap(), Decided::Late { deadline: 5 }));
        assert!(matches!(refusal(item(&[])).unwrap(), Decided::NotWaiting(ReviewState { processing_status: None, .. })));
    }

    #[test]
    fn a_failed_record_does_not_wait_even_where_its_review_was_open() {
        let open = [("ReviewStatus", S("PENDING".into())), ("ReviewDeadline", N("5".into()))];
        let failed = [("ProcessingStatus", S("FAILED".into())), ("StatusReason", S("Storage.Unavailable".into()))];
        let Decided::NotWaiting(state) = refusal(item(&[open, failed].concat())).unwrap() else { panic!("it does not wait") };
        assert_eq!(state.processing_status, Some(ProcessingStatus::Failed));
        assert_eq!(state.status_reason.as_deref(), Some("Storage.Unavailable"));
    }

    #[test]
    fn the_token_never_shows_in_debug_output() {
        let decided = Decided::Yes { token: token(item(&[(REVIEW_TOKEN, S("very-secret".into()))])) };
        assert!(matches!(&decided, Decided::Yes { token: Some(_) }));
        assert!(!format!("{decided:?}").contains("very-secret"));
    }
}
