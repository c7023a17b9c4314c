//! `sightline dlq` on the local stack. Its EventBridge never fills the queue, so the test sends the messages that EventBridge and Lambda
//! would send: the whole event, with the reason in attributes.

use crate::local_stack::{LocalStack, sightline};
use aws_sdk_dynamodb::types::AttributeValue::S;
use aws_sdk_sqs::types::MessageAttributeValue;
use serde_json::{Value, json};
use sightline_domain::model::{Analysis, layout};

async fn put(local: &LocalStack, event: &Value, attributes: &[(&str, &str)]) {
    let mut message = aws_sdk_sqs::Client::new(local.clients.config())
        .send_message()
        .queue_url(&local.stack.events_dead_letter_queue_url)
        .message_body(event.to_string());
    for (name, value) in attributes {
        let value = MessageAttributeValue::builder().data_type("String").string_value(*value).build().expect("an attribute");
        message = message.message_attributes(*name, value);
    }
    message.send().await.expect("the message is sent");
}

fn dlq(local: &LocalStack, arguments: &[&str]) -> (Option<i32>, Vec<Value>) {
    let run = sightline(local, &[&["dlq"], arguments, &["--output", "json"]].concat());
    (run.code, run.json().as_array().expect("rows").clone())
}

/// An upload without a record and stored answers, and its lost event. The local S3 cannot lose an event, so the upload is analysed once before.
async fn undelivered_upload(local: &LocalStack) -> (String, Value) {
    let photo = local.upload_sample("coffee.jpg").await;
    local.delete_record(&local.completed(&photo.id).await).await;
    for analysis in [Analysis::Labels, Analysis::Moderation] {
        let key = layout::result(&photo.id, analysis);
        local.clients.s3().delete_object().bucket(&local.stack.images_bucket).key(key).send().await.expect("the answer is deleted");
    }
    (photo.id.clone(), local.event(&photo, None))
}

/// A PENDING record whose execution failed, and the lost status event.
async fn undelivered_failure(local: &LocalStack) -> (String, Value) {
    let id = uuid::Uuid::new_v4().to_string();
    local.recognition.plan_fault(&id, "DetectFaces", "access-denied", json!({})).await;
    let photo = local.upload_sample_as(&id, "hopper-rotated.jpg").await;
    let (record, _) = local.failed(&id).await;
    let update = local
        .update_record(&record)
        .update_expression("SET ProcessingStatus = :pending, WorkQueue = :pending REMOVE StatusReason, StatusDetail");
    update.expression_attribute_values(":pending", S("PENDING".into())).send().await.expect("the record is set back");
    let event = json!({
        "version": "0", "id": uuid::Uuid::new_v4(), "detail-type": "Step Functions Execution Status Change", "source": "aws.states",
        "account": "000000000000", "time": "2026-11-24T12:00:00Z", "region": "eu-west-1", "resources": [record.execution_arn],
        "detail": {"executionArn": record.execution_arn, "stateMachineArn": local.stack.state_machine_arn, "status": "FAILED",
            "input": local.event(&photo, None).to_string(), "error": "Recognition.Misconfigured", "cause": "{}"}
    });
    (id, event)
}

/// Injected: the event of an upload and a status event are in the dead-letter queue; later both again.
/// Seen: a replay completes the first image and marks the other FAILED; a second replay changes nothing, and the queue is empty.
#[tokio::test]
async fn row_32_a_replayed_queue_is_empty_and_every_image_has_its_record() {
    let local = LocalStack::default_stage().await;
    let ((lost, upload), (failed, status)) = (undelivered_upload(&local).await, undelivered_failure(&local).await);
    let by_rule = [("RULE_ARN", "arn:aws:events:eu-west-1:000000000000:rule/r"), ("ERROR_CODE", "THROTTLING"), ("ERROR_MESSAGE", "later")];
    let by_lambda = [("RequestID", "r"), ("ErrorCode", "200"), ("ErrorMessage", "Storage.Unavailable")];

    put(&local, &upload, &by_rule).await;
    put(&local, &status, &by_lambda).await;
    let (_, listed) = dlq(&local, &["list"]);
    let (_, foreseen) = dlq(&local, &["replay", "--dry-run"]);
    let (code, replayed) = dlq(&local, &["replay", "--yes"]);

    let row = |rows: &[Value], id: &str| rows.iter().find(|row| row["ImageID"] == id).cloned().unwrap_or_else(|| panic!("{rows:?}"));
    assert_eq!((&row(&listed, &lost)["Kind"], &row(&listed, &failed)["Kind"]), (&json!("UPLOAD"), &json!("STATUS")));
    assert_eq!(row(&listed, &lost)["Attributes"]["ERROR_CODE"], "THROTTLING");
    assert_eq!(row(&foreseen, &lost)["Action"], "WOULD_START");
    assert_eq!((&row(&replayed, &lost)["Action"], &row(&replayed, &failed)["Action"]), (&json!("STARTED"), &json!("MARKED_FAILED")));
    assert_eq!(code, Some(0), "{replayed:?}");
    let before = (local.completed(&lost).await, local.failed(&failed).await);
    assert_eq!(before.1.1, "Recognition.Misconfigured");

    put(&local, &upload, &by_rule).await;
    put(&local, &status, &by_lambda).await;
    let (_, again) = dlq(&local, &["replay", "--yes"]);
    local.ended(row(&again, &lost)["NewExecutionArn"].as_str().expect("an execution")).await;

    let after = (local.completed(&lost).await, local.failed(&failed).await);
    assert_eq!((after.0.execution_arn, after.0.attempts), (before.0.execution_arn, before.0.attempts));
    assert_eq!((after.1.0.attempts, after.1.1), (before.1.0.attempts, before.1.1));
    assert_eq!(local.recognition.answered(&lost).await, [2, 2, 0, 0], "once before the event was lost, and once by the replay");
    assert_eq!(dlq(&local, &["list"]).1, Vec::<Value>::new());
}

#[tokio::test]
async fn an_unknown_message_stays_in_the_queue_and_is_named() {
    let local = LocalStack::strict_stage().await;
    put(&local, &json!({"detail-type": "Something Else"}), &[]).await;

    let (code, rows) = dlq(&local, &["replay", "--yes"]);
    let (_, still_there) = dlq(&local, &["list"]);

    assert_eq!((code, &rows[0]["Action"], &rows[0]["Kind"]), (Some(1), &json!("LEFT"), &json!("UNKNOWN")));
    assert!(rows[0]["Reason"].as_str().is_some_and(|reason| reason.contains("Something Else")), "{rows:?}");
    assert_eq!(still_there[0]["MessageId"], rows[0]["MessageId"]);
    let sqs = aws_sdk_sqs::Client::new(local.clients.config());
    sqs.purge_queue().queue_url(&local.stack.events_dead_letter_queue_url).send().await.expect("the queue is emptied");
}
