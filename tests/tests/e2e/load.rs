//! Row 35 at a small scale: concurrent uploads with duplicates, while Rekognition throttles and fails. `make soak` runs a thousand.

use crate::local_stack::LocalStack;
use aws_sdk_sfn::types::ExecutionStatus;
use serde_json::json;
use std::{collections::HashSet, sync::Arc};

const UPLOADS: usize = 40;
/// Photos, and the calls that each needs: labels, moderation, faces, text.
const PHOTOS: [(&str, [u64; 4]); 4] =
    [("astronaut.jpg", [1, 1, 1, 0]), ("cat.webp", [1, 1, 0, 0]), ("coffee.jpg", [1, 1, 0, 0]), ("rocket.jpg", [1, 1, 0, 0])];

/// Injected: 40 concurrent uploads; for a quarter of them each Rekognition call is first throttled, for another quarter it first fails with HTTP 500; a fifth of the events and of the files arrive twice.
/// Seen: 40 COMPLETED records, each by one execution, each analysis paid for once.
#[tokio::test]
async fn row_35_forty_concurrent_uploads_are_each_recorded_and_paid_for_once() {
    let local = Arc::new(LocalStack::default_stage().await);
    let uploading: Vec<_> = (0..UPLOADS).map(|place| tokio::spawn(upload(Arc::clone(&local), place))).collect();

    let mut executions = HashSet::new();
    for upload in uploading {
        let (id, calls) = upload.await.expect("the upload goes through");
        let record = local.completed(&id).await;
        assert_eq!(record.attempts, 1);
        assert_eq!(local.ended(&record.execution_arn).await.0, ExecutionStatus::Succeeded);
        assert_eq!(local.recognition.answered(&id).await, calls);
        assert!(executions.insert(record.execution_arn), "two records of one execution");
    }
    assert_eq!(executions.len(), UPLOADS);
}

async fn upload(local: Arc<LocalStack>, place: usize) -> (String, [u64; 4]) {
    let id = uuid::Uuid::new_v4().to_string();
    if let Some(mode) = [Some("throttle"), Some("internal"), None, None][place / PHOTOS.len() % 4] {
        local.recognition.plan_fault(&id, "*", mode, json!({"times": 2})).await;
    }
    let (name, calls) = PHOTOS[place % PHOTOS.len()];
    let photo = local.upload_sample_as(&id, name).await;
    match place % 10 {
        3 | 8 => drop(local.start(&local.event(&photo, None)).await),
        4 | 9 => drop(local.upload_sample_as(&id, name).await),
        _ => {}
    }
    (id, calls)
}
