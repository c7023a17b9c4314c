//! Waits until an image is finished or waits for a review.

use crate::error::CliError;
use sightline_domain::{
    model::{ProcessingStatus, Record, StorageError},
    ports::Records,
};
use std::time::Duration;
use tokio::sync::Semaphore;

const FIRST_PAUSE: Duration = Duration::from_millis(200);
const LONGEST_PAUSE: Duration = Duration::from_secs(3);
/// Transient errors in a row that are retried.
const MAX_FAILURES: u32 = 5;

/// Waits for the record of an image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Follower {
    pub image_id: String,
    /// The execution that failed before the image was run again; its failure is ignored.
    pub failed_execution: Option<String>,
}

impl Follower {
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
        Ok(records.find(&self.image_id).await?.filter(|record| self.is_finished(record)))
    }

    /// Whether the record stays as it is unless somebody acts.
    fn is_finished(&self, record: &Record) -> bool {
        match record.processing_status {
            ProcessingStatus::Completed | ProcessingStatus::Erased => true,
            ProcessingStatus::Failed => self.failed_execution.as_deref() != Some(&record.execution_arn),
            ProcessingStatus::Pending => record.is_in_review(),
        }
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
        Follower { image_id: "i".into(), failed_execution: None }
    }

    #[tokio::test]
    async fn image_is_followed_until_its_record_exists_and_is_completed() {
        let answers = [None, Some(record(json!({"ProcessingStatus": "PENDING"}))), Some(record(json!({})))];
        assert_eq!(follow(new(), 0, answers).await.unwrap().processing_status, ProcessingStatus::Completed);
    }

    #[tokio::test]
    async fn image_that_waits_for_a_review_is_finished() {
        let answers = [Some(record(json!({"ProcessingStatus": "PENDING", "ReviewStatus": "PENDING"})))];
        assert!(follow(new(), 0, answers).await.unwrap().is_in_review());
    }

    #[tokio::test]
    async fn failure_before_the_upload_is_ignored() {
        let old = json!({"ProcessingStatus": "FAILED", "StatusReason": "Recognition.Unavailable", "ExecutionArn": "old"});
        let answers = [Some(record(old)), Some(record(json!({"ProcessingStatus": "FAILED", "ExecutionArn": "new"})))];
        let finished = follow(Follower { failed_execution: Some("old".into()), ..new() }, 0, answers).await.unwrap();
        assert_eq!(finished.execution_arn, "new");
    }

    #[tokio::test]
    async fn an_erased_image_is_finished() {
        let erased = record(json!({"ProcessingStatus": "ERASED", "ErasedAt": 2}));
        assert_eq!(follow(new(), 0, [Some(erased)]).await.unwrap().erased_at, Some(2));
    }

    #[tokio::test]
    async fn transient_errors_are_retried_five_times() {
        assert!(follow(new(), 2, [Some(record(json!({})))]).await.is_ok());
        assert!(follow(new(), 6, []).await.is_err());
    }
}
