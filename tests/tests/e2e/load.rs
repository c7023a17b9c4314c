//! Twenty uploads at once.

use crate::local::Local;
use aws_sdk_sfn::types::ExecutionStatus;
use std::{collections::HashSet, sync::Arc};

#[tokio::test]
async fn twenty_uploads_at_once_are_twenty_records_each_once_and_paid_for_once() {
    let local = Arc::new(Local::default_stage().await);
    let photos =
        [("astronaut.jpg", [1, 1, 1, 0]), ("printed-page.png", [1, 1, 0, 1]), ("coffee.jpg", [1, 1, 0, 0]), ("cat.webp", [1, 1, 0, 0])];
    let uploading: Vec<_> = (0..20)
        .map(|place| {
            let (local, (name, calls)) = (Arc::clone(&local), photos[place % photos.len()]);
            tokio::spawn(async move { (local.upload_sample(name).await, calls) })
        })
        .collect();

    let mut executions = HashSet::new();
    for upload in uploading {
        let (photo, calls) = upload.await.expect("the upload goes through");
        let record = local.completed(&photo.id).await;
        assert_eq!(record.attempts, 1);
        assert_eq!(local.ended(&record.execution_arn).await.0, ExecutionStatus::Succeeded);
        assert_eq!(local.recognition.answered(&photo.id).await, calls);
        assert!(executions.insert(record.execution_arn), "two records of one execution");
    }
    assert_eq!(executions.len(), 20);
}
