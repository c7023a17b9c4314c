//! The port [`LabelIndex`].

use crate::replay::{Replay, ok, tables};
use serde_json::{Value, json};
use sightline_domain::{model::StepError, ports::LabelIndex, rules::label_index::RowKey};
use sightline_tests::samples::IMAGE_ID;

#[tokio::test]
async fn rows_of_an_image_are_found_by_scanning_all_pages() {
    let row = |term: &str| json!({"OwnerLabelMonth": {"S": format!("anna#{term}#2026-03")}, "TimeImageID": {"S": "0#i"}});
    let first = json!({"Items": [row("car")], "LastEvaluatedKey": row("car")});
    let replay = Replay::new([ok(first.to_string()), ok(json!({"Items": [row("road")]}).to_string())]);
    let rows = tables(&replay).await;
    let found = rows.rows_of_image(IMAGE_ID).await.unwrap();
    let key = |term: &str| RowKey { owner_label_month: format!("anna#{term}#2026-03"), time_image_id: "0#i".into() };
    assert_eq!(found, [key("car"), key("road")]);
    let sent = &replay.requests()[1].json();
    assert_eq!((&sent["FilterExpression"], &sent["ExclusiveStartKey"]), (&json!("ImageID = :id"), &row("car")));
    assert_eq!(sent["ExpressionAttributeValues"], json!({":id": {"S": IMAGE_ID}}));
}

fn row(term: usize) -> RowKey {
    RowKey { owner_label_month: format!("anna#term{term}#2026-03"), time_image_id: "t".into() }
}

fn label_row(term: usize) -> Value {
    json!({"OwnerLabelMonth": {"S": format!("anna#term{term}#2026-03")}, "TimeImageID": {"S": "t"}})
}

#[tokio::test]
async fn label_rows_are_read_in_batches_and_unprocessed_keys_again() {
    let part = json!({"Responses": {"label-index": [label_row(0)]}, "UnprocessedKeys": {"label-index": {"Keys": [label_row(1)]}}});
    let rest = json!({"Responses": {"label-index": [label_row(1)]}, "UnprocessedKeys": {}});
    let last = json!({"Responses": {"label-index": []}});
    let replay = Replay::new([part, rest, last].map(|answer| ok(answer.to_string())));
    let keys: Vec<RowKey> = (0..120).map(row).collect();
    assert_eq!(tables(&replay).await.existing_rows(&keys).await.unwrap(), [row(0), row(1)]);
    let sent: Vec<Value> = replay.requests().iter().map(|sent| sent.json()["RequestItems"]["label-index"].clone()).collect();
    assert_eq!(sent.iter().map(|table| table["Keys"].as_array().unwrap().len()).collect::<Vec<_>>(), [100, 1, 20]);
    assert_eq!(sent[0]["ConsistentRead"], true);
}

#[tokio::test]
async fn label_rows_are_deleted_in_batches_and_unprocessed_items_again() {
    let part = json!({"UnprocessedItems": {"label-index": [{"DeleteRequest": {"Key": label_row(3)}}]}});
    let replay = Replay::new([ok(part.to_string()), ok("{}"), ok("{}")]);
    let keys: Vec<RowKey> = (0..30).map(row).collect();
    tables(&replay).await.delete_rows(&keys).await.unwrap();
    let sent: Vec<Value> = replay.requests().iter().map(|sent| sent.json()["RequestItems"]["label-index"].clone()).collect();
    assert_eq!(sent.iter().map(|requests| requests.as_array().unwrap().len()).collect::<Vec<_>>(), [25, 1, 5]);
    assert_eq!(sent[1][0]["DeleteRequest"]["Key"], label_row(3));
    assert!(tables(&Replay::new([])).await.delete_rows(&[]).await.is_ok(), "an empty list sends no request");
}

#[tokio::test]
async fn items_that_stay_unprocessed_are_a_transient_error() {
    let never = ok(json!({"UnprocessedItems": {"label-index": [{"DeleteRequest": {"Key": label_row(0)}}]}}).to_string());
    assert_eq!(tables(&Replay::new([never])).await.delete_rows(&[row(0)]).await.unwrap_err().name(), "Storage.Unavailable");
    let never = ok(json!({"Responses": {}, "UnprocessedKeys": {"label-index": {"Keys": [label_row(0)]}}}).to_string());
    assert_eq!(tables(&Replay::new([never])).await.existing_rows(&[row(0)]).await.unwrap_err().name(), "Storage.Unavailable");
}
