//! Fault matrix rows 1, 2, 4, 5, 15 and 34: events that arrive twice, late, in the wrong order, or that must not start anything.

use crate::local_stack::{LocalStack, sample};
use aws_sdk_sfn::types::ExecutionStatus;
use serde_json::to_value;
use sightline_domain::{
    model::identity::{content_key, hex_sha256},
    ports::Records,
};
use std::time::Duration;

/// Injected: an execution with the upload's event is started beside the one that the rule starts.
/// Seen: one record with one attempt, each analysis paid for once; the other execution ends in AlreadyAnalyzed.
#[tokio::test]
async fn row_01_the_same_event_twice_at_once_makes_one_record_and_one_set_of_calls() {
    let local = LocalStack::default_stage().await;
    let photo = local.upload_sample("hopper-rotated.jpg").await;

    let twin = local.start(&local.event(&photo, None)).await;
    let record = local.completed(&photo.id).await;
    let (status, states) = local.ended(&twin).await;

    assert_eq!(status, ExecutionStatus::Succeeded);
    let other_ended_as_duplicate = record.execution_arn == twin || states.last().is_some_and(|state| state == "AlreadyAnalyzed");
    assert!(other_ended_as_duplicate, "{states:?}");
    assert_eq!(record.attempts, 1);
    assert_eq!(local.recognition.answered(&photo.id).await, [1, 1, 1, 1]);
}

/// Injected: the event again, after the image is completed.
/// Seen: the execution enters InspectImage and AlreadyAnalyzed only; the record is unchanged and nothing is paid for.
#[tokio::test]
async fn row_02_a_late_duplicate_changes_nothing() {
    let local = LocalStack::default_stage().await;
    let photo = local.upload_sample("astronaut.jpg").await;
    let before = to_value(local.completed(&photo.id).await).expect("a record is JSON");

    let duplicate = local.start(&local.event(&photo, None)).await;
    let (status, states) = local.ended(&duplicate).await;

    assert_eq!((status, states), (ExecutionStatus::Succeeded, vec!["InspectImage".to_owned(), "AlreadyAnalyzed".to_owned()]));
    assert_eq!(to_value(local.completed(&photo.id).await).expect("a record is JSON"), before);
    assert_eq!(local.recognition.answered(&photo.id).await, [1, 1, 1, 0]);
}

/// Injected: two photos put under one key, the second while the first is analysed.
/// Seen: two records with two ids, each with the size and version of its photo.
#[tokio::test]
async fn row_04_an_overwritten_key_is_two_images() {
    let local = LocalStack::default_stage().await;
    let key = format!("raw-uploads/{}.jpg", uuid::Uuid::new_v4().simple());

    let first = local.put(&key, &sample("coffee.jpg")).await;
    let second = local.put(&key, &sample("astronaut.jpg")).await;

    let (cup, person) = (local.completed(&local.derived_id(&first)).await, local.completed(&local.derived_id(&second)).await);
    assert_eq!((cup.width, cup.height), (Some(600), Some(400)));
    assert_eq!((person.width, person.height), (Some(512), Some(512)));
    assert_ne!(cup.version_id, person.version_id);
}

/// Injected: a key that contains an ImageID is overwritten with another photo.
/// Seen: the second photo has a record under another id, and the first record is unchanged.
#[tokio::test]
async fn row_04_other_content_under_a_key_with_an_image_id_has_its_own_id() {
    let local = LocalStack::default_stage().await;
    let first = local.upload_sample("coffee.jpg").await;
    local.completed(&first.id).await;

    let second = local.put(&first.key, &sample("astronaut.jpg")).await;

    let record = local.completed(&local.derived_id(&second)).await;
    assert_eq!(record.width, Some(512));
    assert_eq!(local.completed(&first.id).await.width, Some(600));
}

/// Injected: the events of two versions of a key, the newer one first, with version ids as on AWS.
/// Seen: two records, each with the version and content of its event.
#[tokio::test]
async fn row_05_events_of_two_versions_in_the_wrong_order_each_read_their_own_version() {
    let local = LocalStack::default_stage().await;
    // Outside raw-uploads/, so that only the events below start executions; they have versions, as on AWS.
    let key = format!("wrong-order/{}.jpg", uuid::Uuid::new_v4());
    let (mut uploads, s3) = (Vec::new(), local.clients.s3());
    for photo in ["coffee.jpg", "astronaut.jpg"] {
        let uploaded = local.put(&key, &sample(photo)).await;
        let head = s3.head_object().bucket(&local.stack.images_bucket).key(&key).send().await.expect("the object is there");
        uploads.push((uploaded, head.version_id.expect("the bucket is versioned")));
    }

    let mut executions = Vec::new();
    for (uploaded, version) in uploads.iter().rev() {
        executions.push(local.start(&local.event(uploaded, Some(version))).await);
    }

    let mut widths = Vec::new();
    for (execution, (_, version)) in executions.iter().zip(uploads.iter().rev()) {
        local.ended(execution).await;
        let described = local.clients.sfn().describe_execution().execution_arn(execution).send().await.expect("the execution is known");
        let output: serde_json::Value =
            serde_json::from_str(described.output().unwrap_or_default()).expect("the execution's output is JSON");
        let record = local.completed(output["ImageID"].as_str().expect("the output names the image")).await;
        assert_eq!(record.version_id.as_deref(), Some(version.as_str()));
        widths.push(record.width);
    }
    assert_eq!(widths, [Some(512), Some(600)]);
}

/// Injected: photos put into processed/, results/, archived/ and three other prefixes.
/// Seen: no execution has any of them as its input, although a later upload is analysed.
#[tokio::test]
async fn row_15_row_34_nothing_outside_raw_uploads_starts_an_execution() {
    let local = LocalStack::default_stage().await;
    let nonce = uuid::Uuid::new_v4().to_string();
    let mut keys = Vec::new();
    for prefix in ["processed", "results", "archived", "elsewhere", "RAW-UPLOADS", "x/raw-uploads"] {
        let key = format!("{prefix}/{nonce}.jpg");
        local.put(&key, &sample("coffee.jpg")).await;
        keys.push(key);
    }
    // A later upload starts an execution, so the others had enough time.
    let photo = local.upload_sample("coffee.jpg").await;
    local.completed(&photo.id).await;
    tokio::time::sleep(Duration::from_secs(1)).await;

    let sfn = local.clients.sfn();
    let listed = sfn.list_executions().state_machine_arn(&local.stack.state_machine_arn).max_results(200).send().await.expect("executions");
    for execution in listed.executions {
        let described = sfn.describe_execution().execution_arn(execution.execution_arn).send().await.expect("the execution is known");
        let input = described.input().unwrap_or_default();
        assert!(!input.contains(&nonce), "an execution was started by {input}");
    }
}

/// Injected: one photo is put as `….jpg` and as `….jpeg`, at the same moment.
/// Seen: one record with one attempt, each analysis paid for once.
#[tokio::test]
async fn row_01_two_keys_of_one_content_at_once_make_one_record_and_one_set_of_calls() {
    let local = LocalStack::default_stage().await;
    let photo = sample("hopper-rotated.jpg");
    // Unique content, so that no other test has the same image.
    let photo = [photo.as_slice(), uuid::Uuid::new_v4().as_bytes()].concat();
    let keys = ["jpg", "jpeg"].map(|ending| content_key("tests", &hex_sha256(&photo), ending));
    let id = keys[0].1.clone();

    tokio::join!(local.put(&keys[0].0, &photo), local.put(&keys[1].0, &photo));
    let record = local.completed(&id).await;
    // Time for the other execution to end.
    tokio::time::sleep(Duration::from_secs(10)).await;

    let items = local.tables().items(&id).await.expect("records can be read");
    assert_eq!((items.len(), record.attempts), (1, 1));
    assert_eq!(local.recognition.answered(&id).await, [1, 1, 1, 1]);
}
