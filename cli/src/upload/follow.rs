//! Following an image until it is finished, or waits for people.

use crate::error::CliError;
use sightline_domain::{
    model::{
        clock::EpochMillis,
        error::StorageError,
        record::{ProcessingStatus, Record},
        review::ReviewStatus,
    },
    ports::Records,
};
use std::time::Duration;
use tokio::sync::Semaphore;

const FIRST_LOOK: Duration = Duration::from_millis(200);
const SLOWEST: Duration = Duration::from_secs(3);
/// Failures in a row that are sat out.
const PATIENCE: u32 = 5;

/// How to find the record of an upload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Follow {
    /// The ids that it may have, likeliest first.
    ids: Vec<String>,
    /// The execution whose failure led to this upload, and is no news.
    failed: Option<String>,
    /// When the image had been erased before this upload, which is no news either.
    erased: Option<EpochMillis>,
}

impl Follow {
    /// Of an image that was not there before.
    pub fn first(id: String) -> Self {
        Self { ids: vec![id], failed: None, erased: None }
    }

    /// Of an image that was uploaded once more, since the execution `failed` had failed.
    pub fn again(ids: Vec<String>, failed: Option<String>) -> Self {
        Self { ids, failed, erased: None }
    }

    /// Of an image that was erased, and uploaded again.
    pub fn anew(ids: Vec<String>, tombstone: &Record) -> Self {
        Self { ids, failed: None, erased: tombstone.erased_at }
    }

    /// Looks until the record is settled. `looks` bounds the reads of all followers together.
    pub async fn settled(&self, records: &impl Records, looks: &Semaphore) -> Result<Record, CliError> {
        let (mut pause, mut failures) = (FIRST_LOOK, 0);
        loop {
            match self.look(records, looks).await {
                Ok(Some(record)) => return Ok(record),
                Ok(None) => failures = 0,
                Err(StorageError::Unavailable { .. }) if failures < PATIENCE => failures += 1,
                Err(error) => return Err(error.into()),
            }
            tokio::time::sleep(pause).await;
            pause = pause.mul_f32(1.4).min(SLOWEST);
        }
    }

    async fn look(&self, records: &impl Records, looks: &Semaphore) -> Result<Option<Record>, StorageError> {
        // The semaphore is never closed; without its permit one more read at a time is no harm.
        let _permit = looks.acquire().await.ok();
        for id in &self.ids {
            if let Some(record) = records.find(id).await?
                && self.is_news(&record)
                && is_settled(&record)
            {
                return Ok(Some(record));
            }
        }
        Ok(None)
    }

    fn is_news(&self, record: &Record) -> bool {
        match record.processing_status {
            ProcessingStatus::Failed => self.failed.as_deref() != Some(&record.execution_arn),
            ProcessingStatus::Erased => self.erased.is_none() || record.erased_at != self.erased,
            ProcessingStatus::Pending | ProcessingStatus::Completed => true,
        }
    }
}

/// Whether nothing more happens by itself soon.
fn is_settled(record: &Record) -> bool {
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
    async fn follow(follow: Follow, errors: usize, answers: impl IntoIterator<Item = Option<Record>>) -> Result<Record, CliError> {
        let (tables, mut answers) = (MemoryTables::default(), answers.into_iter().collect::<Vec<_>>().into_iter().zip(1..));
        let (changed, mut left) = (tables.clone(), errors);
        let failing = Failing::new(tables).fail("find", When::Before, errors).before("find", move || {
            if left > 0 {
                left -= 1;
            } else if let Some((Some(record), upload_timestamp)) = answers.next() {
                changed.put(&Record { image_id: "i".into(), upload_timestamp, ..record });
            }
        });
        follow.settled(&failing, &Semaphore::new(1)).await
    }

    #[tokio::test]
    async fn an_image_is_followed_through_absence_and_pending_to_its_end() {
        let answers = [None, Some(record(json!({"ProcessingStatus": "PENDING"}))), Some(record(json!({})))];
        let settled = follow(Follow::first("i".into()), 0, answers).await.unwrap();
        assert_eq!(settled.processing_status, ProcessingStatus::Completed);
    }

    #[tokio::test]
    async fn waiting_for_review_is_an_end() {
        let answers = [Some(record(json!({"ProcessingStatus": "PENDING", "ReviewStatus": "PENDING"})))];
        assert_eq!(follow(Follow::first("i".into()), 0, answers).await.unwrap().review_status, ReviewStatus::Pending);
    }

    #[tokio::test]
    async fn the_failure_that_led_to_the_upload_is_no_news() {
        let old = json!({"ProcessingStatus": "FAILED", "StatusReason": "Recognition.Unavailable", "ExecutionArn": "old"});
        let answers = [Some(record(old)), Some(record(json!({"ProcessingStatus": "FAILED", "ExecutionArn": "new"})))];
        let settled = follow(Follow::again(vec!["i".into()], Some("old".into())), 0, answers).await.unwrap();
        assert_eq!(settled.execution_arn, "new");
    }

    #[tokio::test]
    async fn the_tombstone_that_was_there_before_is_no_news_and_one_that_comes_is_an_end() {
        let tombstone = |at| record(json!({"ProcessingStatus": "ERASED", "ErasedAt": at}));
        let anew = Follow::anew(vec!["i".into()], &tombstone(1));
        assert_eq!(
            follow(anew, 0, [Some(tombstone(1)), Some(record(json!({})))]).await.unwrap().processing_status,
            ProcessingStatus::Completed
        );
        assert_eq!(follow(Follow::first("i".into()), 0, [Some(tombstone(2))]).await.unwrap().erased_at, Some(2));
    }

    #[tokio::test]
    async fn transient_errors_are_retried_a_few_times() {
        assert!(follow(Follow::first("i".into()), 2, [Some(record(json!({})))]).await.is_ok());
        assert!(follow(Follow::first("i".into()), 6, []).await.is_err());
    }
}
