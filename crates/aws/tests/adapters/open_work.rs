//! The open work is counted in its index, without reading it.

use crate::replay::{Asked, Replay, ok};
use serde_json::{Value, json};
use sightline_aws::open_work::OpenWork;
use sightline_domain::rejection::ReasonCode;

#[tokio::test]
async fn queues_are_counted_page_by_page_and_rejected_images_apart() {
    let count = |number: u32| ok(json!({"Count": number, "ScannedCount": number}).to_string());
    let more = json!({"Count": 2, "LastEvaluatedKey": {"ImageID": {"S": "i"}}});
    let oldest = json!({"Items": [{"ImageID": {"S": "i"}, "UploadTimestamp": {"N": "77"}}], "Count": 1});
    let replay = Replay::new([count(5), ok(more.to_string()), count(1), count(4), ok(oldest.to_string()), count(12)]);
    let client = aws_sdk_dynamodb::Client::new(&replay.config().await);
    let open = OpenWork::count(&client, "records").await.unwrap();
    assert_eq!(open, OpenWork { in_flight: 3, in_review: 4, oldest_in_review: Some(77), failed: 7, rejected: 5 });
    let asked: Vec<Value> = replay.asked().iter().map(Asked::json).collect();
    assert!(asked.iter().all(|asked| asked["IndexName"] == "WorkQueueIndex" && asked["TableName"] == "records"));
    assert!(asked.iter().enumerate().all(|(place, asked)| (asked["Select"] == "COUNT") == (place != 4)), "{asked:?}");
    assert_eq!(asked[0]["ExpressionAttributeValues"].as_object().unwrap().len(), ReasonCode::ALL.len() + 1);
    assert_eq!((&asked[4]["ScanIndexForward"], &asked[4]["Limit"]), (&json!(true), &json!(1)));
}
