//! SQS: receiving, releasing and deleting messages.

use crate::replay::{Replay, json_error, ok};
use serde_json::json;
use sightline_aws::DeadLetters;
use sightline_domain::model::StepError;
use std::time::Duration;

const QUEUE: &str = "http://127.0.0.1:1/123456789012/dead";

async fn queue(replay: &Replay) -> DeadLetters {
    DeadLetters::new(aws_sdk_sqs::Client::new(&replay.config().await), QUEUE)
}

#[tokio::test]
async fn a_message_has_its_body_counts_and_error_attributes() {
    let message = json!({"MessageId": "m", "ReceiptHandle": "r", "Body": "{}",
        "Attributes": {"SentTimestamp": "1772366400000", "ApproximateReceiveCount": "3"},
        "MessageAttributes": {"ERROR_CODE": {"StringValue": "SDK_CLIENT_ERROR", "DataType": "String"},
            "RULE_ARN": {"StringValue": "rule", "DataType": "String"}}});
    let replay = Replay::new([ok(json!({"Messages": [message]}).to_string())]);

    let messages = queue(&replay).await.receive(Duration::from_mins(1)).await.unwrap();

    let message = &messages[0];
    assert_eq!((message.id.as_str(), message.body.as_str(), message.received), ("m", "{}", 3));
    assert_eq!((message.sent_at, message.attributes["ERROR_CODE"].as_str()), (Some(1_772_366_400_000), "SDK_CLIENT_ERROR"));
    let sent = replay.only().json();
    assert_eq!((&sent["VisibilityTimeout"], &sent["MaxNumberOfMessages"]), (&json!(60), &json!(10)));
    assert_eq!((&sent["MessageAttributeNames"], &sent["QueueUrl"]), (&json!(["All"]), &json!(QUEUE)));
    assert!(queue(&Replay::new([ok("{}")])).await.receive(Duration::ZERO).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_message_is_released_or_deleted_by_its_receipt_handle() {
    let received = json!({"Messages": [{"MessageId": "m", "ReceiptHandle": "receipt-1", "Body": "{}"}]});
    let replay = Replay::new([ok(received.to_string()), ok("{}"), ok("{}")]);
    let queue = queue(&replay).await;
    let messages = queue.receive(Duration::from_mins(1)).await.unwrap();

    queue.release(&messages[0]).await.unwrap();
    queue.delete(&messages[0]).await.unwrap();

    let [_, let_go, deleted] = replay.requests().try_into().unwrap();
    assert_eq!(let_go.json(), json!({"QueueUrl": QUEUE, "ReceiptHandle": "receipt-1", "VisibilityTimeout": 0}));
    assert_eq!(deleted.json(), json!({"QueueUrl": QUEUE, "ReceiptHandle": "receipt-1"}));
}

#[tokio::test]
async fn messages_are_counted_and_errors_have_our_names() {
    let count = queue(&Replay::new([ok(json!({"Attributes": {"ApproximateNumberOfMessages": "7"}}).to_string())])).await.count().await;
    assert_eq!(count.unwrap(), 7);
    for (code, name) in [("AccessDeniedException", "Storage.Misconfigured"), ("ThrottlingException", "Storage.Unavailable")] {
        let refused = queue(&Replay::new([json_error(400, code)])).await.count().await.unwrap_err();
        assert_eq!(refused.name(), name);
    }
}
