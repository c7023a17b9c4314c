use super::RecordKey;
use crate::model::{clock::EpochMillis, error::StorageError};
use std::future::Future;

/// A reviewer's claim of an open review for some minutes.
#[derive(Debug, Clone, Copy)]
pub struct ReviewLease<'a> {
    /// The reviewer.
    pub reviewer: &'a str,
    /// Until when other reviewers leave the image to them, epoch milliseconds. `now` ends the reviewer's own claim.
    pub until: EpochMillis,
    /// Now, epoch milliseconds.
    pub now: EpochMillis,
}

/// The result of claiming a review.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReviewClaim {
    /// The reviewer has it.
    Yes,
    /// Another reviewer has it.
    Held {
        /// The other reviewer.
        by: String,
        /// Until when, epoch milliseconds.
        until: EpochMillis,
    },
    /// The image does not wait for a decision: it was decided, its deadline has passed, it was erased, or there is no record.
    NotOpen,
}

/// The claims of open reviews. A claim only avoids double work: the first decision counts, whoever has the claim.
pub trait ReviewLeases: Sync {
    /// Claims an open review that nobody else has claimed, or extends the reviewer's own claim.
    ///
    /// # Errors
    ///
    /// [`StorageError`] if DynamoDB cannot be written.
    fn claim_review(&self, key: &RecordKey, lease: ReviewLease<'_>) -> impl Future<Output = Result<ReviewClaim, StorageError>> + Send;
}
