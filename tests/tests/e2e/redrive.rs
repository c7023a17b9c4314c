//! `sightline executions redrive` on the local stack. Its engine has no redrive, so a fresh execution stands in; the redrive
//! call itself is tested with a mocked client, in crates/aws/tests.

use crate::local::{Local, sample, sightline};
use serde_json::{Value, json};

/// Injected: access denied to one analysis; after it is lifted, `sightline executions redrive IMAGE_ID --wait`.
/// Seen: COMPLETED at the second attempt, each analysis paid for once.
#[tokio::test]
async fn row_17_row_20_what_failed_is_run_again_by_its_image_and_pays_for_nothing_twice() {
    let local = Local::default_stage().await;
    let id = uuid::Uuid::new_v4().to_string();
    let fault = local.recognition.plan(&id, "DetectFaces", "access-denied", json!({})).await;
    local.put(&format!("raw-uploads/tests/{id}.jpg"), &sample("hopper-rotated.jpg")).await;
    local.failed(&id).await;
    local.recognition.mend(fault).await;

    let foreseen = sightline(&local, &["executions", "redrive", &id, "--dry-run", "--output", "json"]);
    let done = sightline(&local, &["executions", "redrive", &id, "--wait", "--output", "json"]);

    let foreseen: Value = serde_json::from_slice(&foreseen.stdout).expect("JSON");
    assert_eq!(foreseen[0]["Action"], "WOULD_REDRIVE");
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    let done: Value = serde_json::from_slice(&done.stdout).expect("JSON");
    assert_eq!((&done[0]["Action"], &done[0]["ProcessingStatus"]), (&json!("RESTARTED"), &json!("COMPLETED")));
    assert_eq!(done[0]["Reason"], "this engine has no redrive");
    assert_eq!(local.completed(&id).await.attempts, 2);
    assert_eq!(local.recognition.answered(&id).await, [1, 1, 1, 1]);
}

/// Injected: `sightline executions redrive --or-restart` of an image that is COMPLETED.
/// Seen: exit code 1, the execution is skipped, and the reason names SUCCEEDED.
#[tokio::test]
async fn row_31_what_succeeded_is_not_run_again_and_the_reason_is_said() {
    let local = Local::default_stage().await;
    let photo = local.upload_sample("coffee.jpg").await;
    let record = local.completed(&photo.id).await;
    local.ended(&record.execution_arn).await;

    let refused = sightline(&local, &["executions", "redrive", &photo.id, "--or-restart", "--output", "json"]);

    assert_eq!(refused.status.code(), Some(1));
    let refused: Value = serde_json::from_slice(&refused.stdout).expect("JSON");
    assert_eq!(refused[0]["Action"], "SKIPPED");
    assert!(refused[0]["Reason"].as_str().is_some_and(|reason| reason.contains("SUCCEEDED")), "{refused}");
}
