//! The open work is counted in its index, without reading it.

use crate::replay::{Asked, Replay, ok, tables};
use serde_json::{Value, json};
use sightline_aws::dynamodb::OpenWork;
use sightline_domain::model::rejection::ReasonCode;

#[tokio::test]
async fn queues_are_counted_over_all_pages_and_rejected_images_separately() {
    let count = |number: u32| ok(json!({"Count": number, "ScannedCount": number}).to_string());
    let more = json!({"Count": 2, "LastEvaluatedKey": {"ImageID": {"S": "i"}}});
    let waiting: Vec<Value> = (0..4).map(|at| json!({"ImageID": {"S": "i"}, "UploadTimestamp": {"N": at.to_string()}})).collect();
    let requests = json!({"Responses": {"records": [{"ReviewRequestedAt": {"N": "77"}}]}});
    let reviews = json!({"Items": waiting, "Count": 4});
    let replay = Replay::new([count(5), ok(reviews.to_string()), ok(requests.to_string()), ok(more.to_string()), count(1), count(12)]);
    let open = tables(&replay).await.open_work().await.unwrap();
    assert_eq!(open, OpenWork { in_flight: 3, in_review: 4, oldest_in_review: Some(77), failed: 7, rejected: 5 });
    let asked: Vec<Value> = replay.asked().iter().map(Asked::json).collect();
    let of_the_index = |asked: &Value| asked["IndexName"] == "WorkQueueIndex" && asked["TableName"] == "records";
    assert!(asked.iter().enumerate().all(|(place, asked)| of_the_index(asked) == (place != 2)), "{asked:?}");
    assert!(asked.iter().enumerate().all(|(place, asked)| (asked["Select"] == "COUNT") == !matches!(place, 1 | 2)), "{asked:?}");
    assert_eq!(asked[0]["ExpressionAttributeValues"].as_object().unwrap().len(), ReasonCode::ALL.len() + 1);
}
