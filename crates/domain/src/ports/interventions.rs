use super::Written;
use crate::model::{
    clock::EpochMillis,
    error::StorageError,
    record::{ProcessingStatus, Record},
    review::{ReviewOutcome, ReviewStatus},
};
use secrecy::SecretString;
use serde::Deserialize;
use std::future::Future;

/// The result of saving a decision.
#[derive(Debug)]
pub enum Decided {
    /// It is saved. The execution has to be notified with the token; if that does not happen, reconcile does it.
    Yes {
        /// The task token, if the record has one.
        token: Option<SecretString>,
    },
    /// The image was already decided.
    Already {
        /// APPROVED or REJECTED.
        status: ReviewStatus,
        /// The reviewer who decided.
        by: Option<String>,
        /// Time of the decision, epoch milliseconds.
        at: Option<EpochMillis>,
    },
    /// It is too late.
    Late {
        /// The last moment at which a decision was accepted, epoch milliseconds.
        deadline: EpochMillis,
    },
    /// The image does not wait for a decision.
    NotWaiting(ReviewState),
}

/// The state of a record that does not wait for a decision.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct ReviewState {
    /// Its status; `None` if the record does not exist any more.
    pub processing_status: Option<ProcessingStatus>,
    /// Why it is FAILED.
    pub status_reason: Option<String>,
    /// When it became COMPLETED or FAILED, epoch milliseconds.
    pub finished_at: Option<EpochMillis>,
    /// When it was erased, epoch milliseconds.
    pub erased_at: Option<EpochMillis>,
    /// The review status.
    #[serde(default)]
    pub review_status: ReviewStatus,
    /// The reviewer who decided.
    pub reviewed_by: Option<String>,
    /// Time of the decision, epoch milliseconds.
    pub reviewed_at: Option<EpochMillis>,
    /// The last moment at which a decision was accepted, epoch milliseconds.
    pub review_deadline: Option<EpochMillis>,
}

impl ReviewState {
    /// Why the image is not decided, from its current state.
    pub fn refusal(self) -> Decided {
        let failed = self.processing_status == Some(ProcessingStatus::Failed);
        match (self.review_status, self.review_deadline) {
            (status @ (ReviewStatus::Approved | ReviewStatus::Rejected), _) => {
                Decided::Already { status, by: self.reviewed_by, at: self.reviewed_at }
            }
            // If the execution failed, its review is over, whatever the deadline.
            (ReviewStatus::Pending | ReviewStatus::Expired, Some(deadline)) if !failed => Decided::Late { deadline },
            _ => Decided::NotWaiting(self),
        }
    }
}

/// What reviewers and operators do to records.
///
/// # Errors
///
/// Every method returns [`StorageError`] if DynamoDB does not answer or refuses the request.
pub trait Interventions: Sync {
    /// Saves a decision if the image waits for one and the deadline has not passed. Only the first decision is saved.
    ///
    /// The image leaves the review queue immediately. Its token stays in the record, so that reconcile can notify the execution if the caller
    /// fails to.
    fn decide(
        &self,
        image_id: &str,
        upload_timestamp: EpochMillis,
        outcome: &ReviewOutcome,
        now: EpochMillis,
    ) -> impl Future<Output = Result<Decided, StorageError>> + Send;

    /// Removes a decision that [`Interventions::decide`] has just saved, because no execution waits for it.
    ///
    /// Refused if the record has changed: the decision was applied, or replaced by another one.
    fn take_back(
        &self,
        image_id: &str,
        upload_timestamp: EpochMillis,
        decided: &ReviewOutcome,
    ) -> impl Future<Output = Result<Written, StorageError>> + Send;

    /// Marks a FAILED record PENDING again, because its execution was redriven. Does nothing if the record is not FAILED any more.
    fn resume(&self, record: &Record) -> impl Future<Output = Result<Written, StorageError>> + Send;
}
