//! Waits until an image is finished or waits for a review.

use crate::error::CliError;
use sightline_domain::{
    model::{EpochMillis, ProcessingStatus, Record, ReviewStatus, StorageError},
    ports::Records,
};
use std::time::Duration;
use tokio::sync::Semaphore;

const FIRST_PAUSE: Duration = Duration::from_millis(200);
const LONGEST_PAUSE: Duration = Duration::from_secs(3);
/// Transient errors in a row that are retried.
const MAX_FAILURES: u32 = 5;

/// Finds the record of an upload, and ignores what the record said before the upload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Follower {
    /// The ids that the image may have, likeliest first.
    ids: Vec<String>,
    /// The failed execution that led to this upload; its failure is ignored.
    failed_execution: Option<String>,
    /// When the image was erased before this upload; that erasure is ignored.
    erased_at: Option<EpochMillis>,
}

impl Follower {
    /// Follows an image without an earlier record.
    pub fn of_new(id: String) -> Self {
        Self { ids: vec![id], failed_execution: None, erased_at: None }
    }

    /// Follows an image that is run again after `failed_execution`, if that is known.
    pub fn after_failure(ids: Vec<String>, failed_execution: Option<String>) -> Self {
        Self { ids, failed_execution, erased_at: None }
    }

    /// Follows an image that is uploaded again after it was erased.
    pub fn after_erasure(ids: Vec<String>, tombstone: &Record) -> Self {
        Self { ids, failed_execution: None, erased_at: tombstone.erased_at }
    }

    /// The id that the image most likely has.
    pub fn likeliest_id(&self) -> &str {
        self.ids.first().map_or("", String::as_str)
    }

    /// Waits until the image is finished. `permits` bounds the reads of all followers at the same time.
    ///
    /// # Errors
    ///
    /// `CliError` if the records cannot be read, several times in a row if the error is transient.
    pub async fn wait_until_finished(&self, records: &impl Records, permits: &Semaphore) -> Result<Record, CliError> {
        let (mut pause, mut failures) = (FIRST_PAUSE, 0);
        loop {
            match self.find_finished(records, permits).await {
                Ok(Some(record)) => return Ok(record),
                Ok(None) => failures = 0,
                Err(StorageError::Unavailable { .. }) if failures < MAX_FAILURES => failures += 1,
                Err(error) => return Err(error.into()),
            }
            tokio::time::sleep(pause).await;
            pause = pause.mul_f32(1.4).min(LONGEST_PAUSE);
        }
    }

    async fn find_finished(&self, records: &impl Records, permits: &Semaphore) -> Result<Option<Record>, StorageError> {
        // The semaphore is never closed; without its permit, one more read at a time does no harm.
        let _permit = permits.acquire().await.ok();
        for id in &self.ids {
            if let Some(record) = records.find(id).await?
                && self.is_new(&record)
                && is_finished(&record)
            {
                return Ok(Some(record));
            }
        }
        Ok(None)
    }

    fn is_new(&self, record: &Record) -> bool {
        match record.processing_status {
            ProcessingStatus::Failed => self.failed_execution.as_deref() != Some(&record.execution_arn),
            ProcessingStatus::Erased => self.erased_at.is_none() || record.erased_at != self.erased_at,
            ProcessingStatus::Pending | ProcessingStatus::Completed => true,
        }
    }
}

/// Whether the record stays as it is unless somebody acts.
fn is_finished(record: &Record) -> bool {
    match record.processing_status {
        ProcessingStatus::Completed | ProcessingStatus::Failed | ProcessingStatus::Erased => true,
        ProcessingStatus::Pending => record.review_status == ReviewStatus::Pending,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::record::tests::record;
    use serde_json::json;
    use sightline_tests::{
        failing::{Failing, When},
        tables::MemoryTables,
    };

    /// Follows an image whose record cannot be read `errors` times, and then changes with every read.
    async fn follow(follower: Follower, errors: usize, answers: impl IntoIterator<Item = Option<Record>>) -> Result<Record, CliError> {
        let (tables, mut answers) = (MemoryTables::default(), answers.into_iter().collect::<Vec<_>>().into_iter().zip(1..));
        let (changed, mut left) = (tables.clone(), errors);
        let failing = Failing::new(tables).fail("find", When::Before, errors).before("find", move || {
            if left > 0 {
                left -= 1;
            } else if let Some((Some(record), upload_timestamp)) = answers.next() {
                changed.put(&Record { image_id: "i".into(), upload_timestamp, ..record });
            }
        });
        follower.wait_until_finished(&failing, &Semaphore::new(1)).await
    }

    fn new() -> Follower {
        Follower::of_new("i".into())
    }

    #[tokio::test]
    async fn image_is_followed_until_its_record_exists_and_is_completed() {
        let answers = [None, Some(record(json!({"ProcessingStatus": "PENDING"}))), Some(record(json!({})))];
        assert_eq!(follow(new(), 0, answers).await.unwrap().processing_status, ProcessingStatus::Completed);
    }

    #[tokio::test]
    async fn image_that_waits_for_a_review_is_finished() {
        let answers = [Some(record(json!({"ProcessingStatus": "PENDING", "ReviewStatus": "PENDING"})))];
        assert_eq!(follow(new(), 0, answers).await.unwrap().review_status, ReviewStatus::Pending);
    }

    #[tokio::test]
    async fn failure_before_the_upload_is_ignored() {
        let old = json!({"ProcessingStatus": "FAILED", "StatusReason": "Recognition.Unavailable", "ExecutionArn": "old"});
        let answers = [Some(record(old)), Some(record(json!({"ProcessingStatus": "FAILED", "ExecutionArn": "new"})))];
        let finished = follow(Follower::after_failure(vec!["i".into()], Some("old".into())), 0, answers).await.unwrap();
        assert_eq!(finished.execution_arn, "new");
    }

    #[tokio::test]
    async fn erasure_before_the_upload_is_ignored_and_a_later_one_is_an_end() {
        let tombstone = |at| record(json!({"ProcessingStatus": "ERASED", "ErasedAt": at}));
        let follower = Follower::after_erasure(vec!["i".into()], &tombstone(1));
        let finished = follow(follower, 0, [Some(tombstone(1)), Some(record(json!({})))]).await.unwrap();
        assert_eq!(finished.processing_status, ProcessingStatus::Completed);
        assert_eq!(follow(new(), 0, [Some(tombstone(2))]).await.unwrap().erased_at, Some(2));
    }

    #[tokio::test]
    async fn transient_errors_are_retried_five_times() {
        assert!(follow(new(), 2, [Some(record(json!({})))]).await.is_ok());
        assert!(follow(new(), 6, []).await.is_err());
    }
}
