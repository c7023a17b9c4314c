//! The port [`Gallery`].

use crate::replay::{Replay, ok, tables};
use serde_json::{Value, json};
use sightline_domain::{
    model::{error::StepError, record::ProcessingStatus},
    ports::{Gallery, GalleryFilter, GalleryQuery, RecordKey},
};

fn key(image: usize) -> RecordKey {
    RecordKey { image_id: format!("image-{image}"), upload_timestamp: 7 }
}

fn item(image: usize) -> Value {
    json!({
        "ImageID": {"S": format!("image-{image}")}, "UploadTimestamp": {"N": "7"}, "OwnerID": {"S": "anna"},
        "ProcessingStatus": {"S": "COMPLETED"}, "SchemaVersion": {"N": "1"},
    })
}

#[tokio::test]
async fn a_page_is_one_query_that_reads_a_limited_number_of_rows_of_the_index() {
    let last = json!({"ImageID": {"S": "image-2"}, "UploadTimestamp": {"N": "7"}, "OwnerID": {"S": "anna"}});
    let replay = Replay::new([ok(json!({"Items": [item(1), item(2)], "LastEvaluatedKey": last}).to_string())]);
    let filter = GalleryFilter { status: Some(ProcessingStatus::Completed), has_faces: true, has_text: true, has_position: true };
    let query = GalleryQuery { owner_id: "anna", from: Some(1), to: Some(9), after: Some(&key(0)), filter, limit: 50 };
    let page = tables(&replay).await.gallery_page(&query).await.unwrap();
    assert_eq!((page.items.len(), page.next), (2, Some(key(2))));
    let sent = replay.only().json();
    assert_eq!((&sent["TableName"], &sent["IndexName"], &sent["Limit"]), (&json!("records"), &json!("GalleryIndex"), &json!(50)));
    assert_eq!(sent["KeyConditionExpression"], "OwnerID = :owner AND UploadTimestamp BETWEEN :from AND :to");
    let expected = "ProcessingStatus = :status AND FaceCount > :none AND TextLineCount > :none AND attribute_exists(Latitude)";
    assert_eq!(sent["FilterExpression"], expected);
    let values =
        json!({":owner": {"S": "anna"}, ":from": {"N": "1"}, ":to": {"N": "9"}, ":status": {"S": "COMPLETED"}, ":none": {"N": "0"}});
    assert_eq!(sent["ExpressionAttributeValues"], values);
    assert_eq!(sent["ScanIndexForward"], false);
    let start = json!({"ImageID": {"S": "image-0"}, "UploadTimestamp": {"N": "7"}, "OwnerID": {"S": "anna"}});
    assert_eq!(sent["ExclusiveStartKey"], start);
}

#[tokio::test]
async fn a_page_without_a_filter_leaves_out_erased_images_and_reports_unreadable_ones() {
    let unreadable = json!({"ImageID": {"S": "image-9"}, "UploadTimestamp": {"S": "yesterday"}});
    let replay = Replay::new([ok(json!({"Items": [item(1), unreadable]}).to_string())]);
    let query = GalleryQuery { owner_id: "anna", from: None, to: None, after: None, filter: GalleryFilter::default(), limit: 0 };
    let page = tables(&replay).await.gallery_page(&query).await.unwrap();
    assert_eq!((page.items.len(), page.unreadable[0].image_id.as_str(), page.next), (1, "image-9", None));
    let sent = replay.only().json();
    assert_eq!((&sent["FilterExpression"], &sent["Limit"]), (&json!("ProcessingStatus <> :status"), &json!(1)));
    assert_eq!(sent["ExpressionAttributeValues"][":status"], json!({"S": "ERASED"}));
    assert!(sent["ExpressionAttributeValues"].get(":none").is_none(), "DynamoDB refuses a value that is not used");
}

#[tokio::test]
async fn records_are_read_in_batches_and_unprocessed_keys_again_in_the_order_of_the_keys() {
    let left = json!({"ImageID": {"S": "image-0"}, "UploadTimestamp": {"N": "7"}});
    let part = json!({"Responses": {"records": [item(1)]}, "UnprocessedKeys": {"records": {"Keys": [left]}}});
    let rest = json!({"Responses": {"records": [item(0)]}, "UnprocessedKeys": {}});
    let last = json!({"Responses": {"records": [item(119)]}});
    let replay = Replay::new([part, rest, last].map(|answer| ok(answer.to_string())));
    let keys: Vec<RecordKey> = (0..120).chain([1]).map(key).collect();
    let found = tables(&replay).await.records(&keys).await.unwrap();
    assert_eq!(found.iter().map(|record| record.image_id.as_str()).collect::<Vec<_>>(), ["image-0", "image-1", "image-119", "image-1"]);
    let sizes =
        replay.requests().iter().map(|sent| sent.json()["RequestItems"]["records"]["Keys"].as_array().unwrap().len()).collect::<Vec<_>>();
    assert_eq!(sizes, [100, 1, 20], "each key once");
}

#[tokio::test]
async fn keys_that_stay_unprocessed_are_a_transient_error() {
    let left = json!({"ImageID": {"S": "image-0"}, "UploadTimestamp": {"N": "7"}});
    let never = ok(json!({"Responses": {}, "UnprocessedKeys": {"records": {"Keys": [left]}}}).to_string());
    assert_eq!(tables(&Replay::new([never])).await.records(&[key(0)]).await.err().unwrap().name(), "Storage.Unavailable");
}

#[tokio::test]
async fn an_image_of_the_same_content_is_one_query_of_few_rows() {
    let found = json!({"ImageID": {"S": "image-3"}, "UploadTimestamp": {"N": "7"}, "OwnerID": {"S": "anna"}, "ContentSha256": {"S": "ab"}});
    let replay = Replay::new([ok(json!({"Items": [found]}).to_string())]);
    assert_eq!(tables(&replay).await.completed_image("anna", "ab").await.unwrap(), Some(key(3)));
    let sent = replay.only().json();
    assert_eq!((&sent["IndexName"], &sent["Limit"]), (&json!("ContentIndex"), &json!(25)));
    assert_eq!(sent["KeyConditionExpression"], "OwnerID = :owner AND ContentSha256 = :sha256");
}
