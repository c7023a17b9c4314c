//! The port [`WorkQueues`], and the amount of open work.

use crate::replay::{Replay, Request, ok, tables};
use serde_json::{Value, json};
use sightline_aws::dynamodb::OpenWork;
use sightline_domain::{
    model::{ProcessingStatus, ReasonCode, ReviewStatus, WorkQueue},
    ports::{QueuedImage, ReviewQueueState, WorkQueues},
};
use sightline_tests::samples::{EXECUTION, IMAGE_ID};

#[tokio::test]
async fn the_review_queue_is_measured_over_all_pages() {
    let keys = |from: u32, to: u32| {
        (from..to).map(|at| json!({"ImageID": {"S": "i"}, "UploadTimestamp": {"N": at.to_string()}})).collect::<Vec<_>>()
    };
    let requests = |items: Value| ok(json!({"Responses": {"records": items}}).to_string());
    let first = json!({"Items": keys(1, 3), "LastEvaluatedKey": {"ImageID": {"S": "i"}}});
    // A record without the time of the request counts from its claim; an unreadable time is ignored.
    let of_first = requests(json!([{"ReviewRequestedAt": {"N": "90"}, "ClaimedAt": {"N": "4"}}, {"ReviewRequestedAt": {"S": "?"}}]));
    let of_second = requests(json!([{"ClaimedAt": {"N": "70"}}]));
    let replay = Replay::new([ok(first.to_string()), of_first, ok(json!({"Items": keys(3, 4)}).to_string()), of_second]);
    assert_eq!(tables(&replay).await.review_queue().await.unwrap(), ReviewQueueState { length: 3, oldest_request: Some(70) });
    let sent = replay.requests();
    let (index, batch) = (sent[2].json(), sent[1].json()["RequestItems"]["records"].clone());
    assert_eq!(index["ExclusiveStartKey"], json!({"ImageID": {"S": "i"}}));
    assert_eq!((batch["Keys"].as_array().unwrap().len(), &batch["ProjectionExpression"]), (2, &json!("ReviewRequestedAt, ClaimedAt")));
    assert_eq!(tables(&Replay::new([ok("{}")])).await.review_queue().await.unwrap(), ReviewQueueState::default());
}

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
    let sent: Vec<Value> = replay.requests().iter().map(Request::json).collect();
    let of_the_index = |sent: &Value| sent["IndexName"] == "WorkQueueIndex" && sent["TableName"] == "records";
    assert!(sent.iter().enumerate().all(|(place, sent)| of_the_index(sent) == (place != 2)), "{sent:?}");
    assert!(sent.iter().enumerate().all(|(place, sent)| (sent["Select"] == "COUNT") == !matches!(place, 1 | 2)), "{sent:?}");
    assert_eq!(sent[0]["ExpressionAttributeValues"].as_object().unwrap().len(), ReasonCode::ALL.len() + 1);
}

/// The emulator does not show whether a read is consistent.
#[tokio::test]
async fn a_saved_decision_is_read_consistently_from_exactly_its_item() {
    let replay = Replay::new([ok("{}")]);
    let queued = QueuedImage {
        image_id: IMAGE_ID.into(),
        upload_timestamp: 5,
        execution_arn: EXECUTION.into(),
        processing_status: ProcessingStatus::Pending,
        review_status: ReviewStatus::Rejected,
    };
    assert!(tables(&replay).await.saved_decision(&queued).await.unwrap().is_none());
    let sent = replay.only().json();
    assert_eq!(sent["ConsistentRead"], json!(true));
    assert_eq!(sent["KeyConditionExpression"], "ImageID = :id AND UploadTimestamp = :at");
}

#[tokio::test]
async fn an_unreadable_item_of_a_queue_hides_no_other() {
    let item = |id: &str, status: &str| json!({"ImageID": {"S": id}, "UploadTimestamp": {"N": "5"}, "ProcessingStatus": {"S": status}});
    let items = [item("odd", "SOMETHING"), item("fine", "PENDING"), json!({"UploadTimestamp": {"N": "5"}})];
    let replay = Replay::new([ok(json!({"Items": items}).to_string())]);
    let page = tables(&replay).await.queued(WorkQueue::Pending, None).await.unwrap();
    assert_eq!(page.items.iter().map(|image| image.image_id.as_str()).collect::<Vec<_>>(), ["fine"]);
    assert_eq!(page.unreadable.iter().map(|odd| odd.image_id.as_str()).collect::<Vec<_>>(), ["odd", ""]);
}
