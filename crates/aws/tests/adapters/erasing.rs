//! Erasing against recorded answers: tombstones, label rows, versions and executions (fault matrix, row 33).

use crate::replay::{Answer, Replay, json_error, ok, s3, step_functions, tables, xml_error};
use serde_json::{Value, json};
use sightline_domain::{
    model::{
        error::{StepError, StorageError},
        record::Record,
    },
    ports::{Content, Executions, LabelIndex, ObjectVersion, Objects, Records, Stopped, Written},
    rules::label_index::RowKey,
};
use sightline_tests::samples::{EXECUTION, IMAGE_ID, NOW, UPLOADED, claimed};

fn refused() -> Replay {
    Replay::new([json_error(400, "ConditionalCheckFailedException")])
}

fn marked() -> Record {
    let item = json!({"ImageID": IMAGE_ID, "UploadTimestamp": UPLOADED, "ProcessingStatus": "ERASED", "WorkQueue": "ERASED", "ErasedAt": NOW,
        "OwnerID": "anna", "S3_URL": "s3://images/k", "VersionId": "v1", "ExecutionToStop": EXECUTION, "SchemaVersion": 1});
    serde_json::from_value(item).unwrap()
}

#[tokio::test]
async fn a_record_is_marked_for_as_long_as_its_execution_owns_it_and_nobody_owns_it_then() {
    let replay = Replay::new([ok("{}")]);
    assert_eq!(tables(&replay).await.mark_erased(&claimed(), NOW).await.unwrap(), Written::Yes);
    let asked = replay.only().json();
    assert_eq!(asked["ConditionExpression"], "ExecutionArn = :execution AND ProcessingStatus <> :erased");
    let (sets, removals) = asked["UpdateExpression"].as_str().unwrap().split_once(" REMOVE ").unwrap();
    assert_eq!(sets.matches(" = ").count(), 4, "{sets}");
    for name in ["ExecutionArn", "ExpiresAt", "ReviewStatus", "ReviewDeadline", "ReviewToken"] {
        assert!(removals.split(", ").any(|removed| removed == name), "{name}: {removals}");
    }
    assert!(asked["ExpressionAttributeValues"].as_object().unwrap().values().any(|value| value == &json!({"S": EXECUTION})));
    assert_eq!(tables(&refused()).await.mark_erased(&claimed(), NOW).await.unwrap(), Written::Refused);
}

#[tokio::test]
async fn the_tombstone_replaces_the_whole_item_and_holds_nothing_of_the_image() {
    let replay = Replay::new([ok("{}")]);
    assert_eq!(tables(&replay).await.strip(&marked(), NOW + 5).await.unwrap(), Written::Yes);
    let asked = replay.only();
    assert_eq!(asked.header("x-amz-target"), Some("DynamoDB_20120810.PutItem"));
    let asked = asked.json();
    assert_eq!(asked["ConditionExpression"], "ProcessingStatus = :erased AND ErasedAt = :at");
    let number = |number: i64| json!({"N": number.to_string()});
    let expected = json!({
        "ImageID": {"S": IMAGE_ID}, "UploadTimestamp": number(UPLOADED), "ProcessingStatus": {"S": "ERASED"}, "WorkQueue": {"S": "ERASED"},
        "ErasedAt": number(NOW + 5), "VersionId": {"S": "v1"}, "SchemaVersion": number(1),
    });
    assert_eq!(asked["Item"], expected);
    assert_eq!(asked["ExpressionAttributeValues"][":at"], number(NOW));
    assert_eq!(tables(&refused()).await.strip(&marked(), NOW).await.unwrap(), Written::Refused);
}

#[tokio::test]
async fn an_image_without_a_record_is_marked_where_nothing_has_that_key_yet() {
    let replay = Replay::new([ok("{}")]);
    assert_eq!(tables(&replay).await.mark_unrecorded_erased(&marked()).await.unwrap(), Written::Yes);
    let asked = replay.only().json();
    assert_eq!(asked["ConditionExpression"], "attribute_not_exists(ImageID)");
    assert_eq!((&asked["Item"]["ProcessingStatus"], &asked["Item"]["S3_URL"]), (&json!({"S": "ERASED"}), &json!({"S": "s3://images/k"})));
    assert_eq!(tables(&refused()).await.mark_unrecorded_erased(&marked()).await.unwrap(), Written::Refused);
}

#[tokio::test]
async fn rows_of_an_image_are_found_by_scanning_all_pages() {
    let row = |term: &str| json!({"OwnerLabelMonth": {"S": format!("anna#{term}#2026-03")}, "TimeImageID": {"S": "0#i"}});
    let first = json!({"Items": [row("car")], "LastEvaluatedKey": row("car")});
    let replay = Replay::new([ok(first.to_string()), ok(json!({"Items": [row("road")]}).to_string())]);
    let rows = tables(&replay).await;
    let found = rows.rows_of_image(IMAGE_ID).await.unwrap();
    let key = |term: &str| RowKey { owner_label_month: format!("anna#{term}#2026-03"), time_image_id: "0#i".into() };
    assert_eq!(found, [key("car"), key("road")]);
    let asked = &replay.asked()[1].json();
    assert_eq!((&asked["FilterExpression"], &asked["ExclusiveStartKey"]), (&json!("ImageID = :id"), &row("car")));
    assert_eq!(asked["ExpressionAttributeValues"], json!({":id": {"S": IMAGE_ID}}));
}

#[tokio::test]
async fn a_tombstone_is_closed_as_it_was_read() {
    let replay = Replay::new([ok("{}")]);
    assert_eq!(tables(&replay).await.close_tombstone(&marked()).await.unwrap(), Written::Yes);
    let asked = replay.only().json();
    assert_eq!(asked["UpdateExpression"], "REMOVE WorkQueue, VersionId");
    assert_eq!(asked["ConditionExpression"], "ProcessingStatus = :erased AND ErasedAt = :at");
    assert_eq!(tables(&refused()).await.close_tombstone(&marked()).await.unwrap(), Written::Refused);
}

#[tokio::test]
async fn all_pages_of_the_items_of_an_image_are_read() {
    let item = |at: i64| {
        json!({"ImageID": {"S": IMAGE_ID}, "UploadTimestamp": {"N": at.to_string()}, "ProcessingStatus": {"S": "ERASED"},
        "ErasedAt": {"N": "5"}, "SchemaVersion": {"N": "1"}})
    };
    let key = json!({"ImageID": {"S": IMAGE_ID}, "UploadTimestamp": {"N": "2"}});
    let first = ok(json!({"Items": [item(2)], "LastEvaluatedKey": key}).to_string());
    let replay = Replay::new([first, ok(json!({"Items": [item(1)]}).to_string())]);
    let items = tables(&replay).await.items(IMAGE_ID).await.unwrap();
    assert_eq!(items.iter().map(|item| item.upload_timestamp).collect::<Vec<_>>(), [2, 1]);
    assert!(items.iter().all(Record::is_closed));
    let asked: Vec<Value> = replay.asked().iter().map(super::replay::Asked::json).collect();
    assert_eq!((&asked[0]["ConsistentRead"], &asked[0]["ScanIndexForward"]), (&json!(true), &json!(false)));
    assert_eq!(asked[1]["ExclusiveStartKey"], key);
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
    let asked: Vec<Value> = replay.asked().iter().map(|asked| asked.json()["RequestItems"]["label-index"].clone()).collect();
    assert_eq!(asked.iter().map(|table| table["Keys"].as_array().unwrap().len()).collect::<Vec<_>>(), [100, 1, 20]);
    assert_eq!(asked[0]["ConsistentRead"], true);
}

#[tokio::test]
async fn label_rows_are_deleted_in_batches_and_unprocessed_items_again() {
    let part = json!({"UnprocessedItems": {"label-index": [{"DeleteRequest": {"Key": label_row(3)}}]}});
    let replay = Replay::new([ok(part.to_string()), ok("{}"), ok("{}")]);
    let keys: Vec<RowKey> = (0..30).map(row).collect();
    tables(&replay).await.delete_rows(&keys).await.unwrap();
    let asked: Vec<Value> = replay.asked().iter().map(|asked| asked.json()["RequestItems"]["label-index"].clone()).collect();
    assert_eq!(asked.iter().map(|requests| requests.as_array().unwrap().len()).collect::<Vec<_>>(), [25, 1, 5]);
    assert_eq!(asked[1][0]["DeleteRequest"]["Key"], label_row(3));
    assert!(tables(&Replay::new([])).await.delete_rows(&[]).await.is_ok(), "nothing to do, nothing asked");
}

#[tokio::test]
async fn items_that_stay_unprocessed_are_a_transient_error() {
    let never = ok(json!({"UnprocessedItems": {"label-index": [{"DeleteRequest": {"Key": label_row(0)}}]}}).to_string());
    assert_eq!(tables(&Replay::new([never])).await.delete_rows(&[row(0)]).await.unwrap_err().name(), "Storage.Unavailable");
    let never = ok(json!({"Responses": {}, "UnprocessedKeys": {"label-index": {"Keys": [label_row(0)]}}}).to_string());
    assert_eq!(tables(&Replay::new([never])).await.existing_rows(&[row(0)]).await.unwrap_err().name(), "Storage.Unavailable");
}

const FIRST_PAGE: &str = r#"<?xml version="1.0"?><ListVersionsResult><IsTruncated>true</IsTruncated>
    <NextKeyMarker>processed/i/image.jpg</NextKeyMarker><NextVersionIdMarker>v2</NextVersionIdMarker>
    <Version><Key>processed/i/image.jpg</Key><VersionId>v2</VersionId><ETag>"e2"</ETag><Size>7</Size>
        <LastModified>2026-03-01T12:00:00.000Z</LastModified></Version></ListVersionsResult>"#;
const SECOND_PAGE: &str = r#"<?xml version="1.0"?><ListVersionsResult><IsTruncated>false</IsTruncated>
    <DeleteMarker><Key>processed/i/image.jpg</Key><VersionId>v1</VersionId></DeleteMarker></ListVersionsResult>"#;

fn marker(version_id: &str) -> ObjectVersion {
    ObjectVersion { key: "processed/i/image.jpg".into(), version_id: version_id.into(), content: None }
}

#[tokio::test]
async fn all_pages_of_versions_and_delete_markers_are_listed() {
    let replay = Replay::new([ok(FIRST_PAGE), ok(SECOND_PAGE)]);
    let listed = s3(&replay).await.list_versions("images", "processed/i/").await.unwrap();
    let content = Content { etag: "e2".into(), size: 7, last_modified: 1_772_366_400_000 };
    assert_eq!(listed, [ObjectVersion { content: Some(content), ..marker("v2") }, marker("v1")]);
    let uris: Vec<String> = replay.asked().into_iter().map(|asked| asked.uri).collect();
    assert!(uris[0].contains("prefix=processed%2Fi%2F") && !uris[0].contains("key-marker"), "{uris:?}");
    assert!(uris[1].contains("key-marker=processed%2Fi%2Fimage.jpg") && uris[1].contains("version-id-marker=v2"), "{uris:?}");
}

async fn delete(answer: Answer) -> Result<(), StorageError> {
    s3(&Replay::new([answer])).await.delete_versions("images", &[marker("v1")]).await
}

#[tokio::test]
async fn versions_are_deleted_by_id_and_an_empty_list_sends_no_request() {
    let replay = Replay::new([ok("<DeleteResult></DeleteResult>")]);
    s3(&replay).await.delete_versions("images", &[marker("v1"), marker("v2")]).await.unwrap();
    let asked = replay.only();
    let body = String::from_utf8(asked.body).unwrap();
    assert!(
        asked.uri.contains("delete") && body.contains("<VersionId>v1</VersionId>") && body.contains("<VersionId>v2</VersionId>"),
        "{body}"
    );
    assert!(body.contains("<Quiet>true</Quiet>"), "{body}");
    let none = Replay::new([]);
    s3(&none).await.delete_versions("images", &[]).await.unwrap();
    assert!(none.asked().is_empty());
}

#[tokio::test]
async fn a_key_that_xml_cannot_contain_is_deleted_by_a_separate_request() {
    let odd = ["a\u{1}", "a\r", "a\u{85}", "a\u{fffe}"].map(|key| ObjectVersion { key: format!("raw-uploads/{key}"), ..marker("v1") });
    let versions: Vec<ObjectVersion> = odd.into_iter().chain([marker("v2")]).collect();
    let replay = Replay::new([ok("<DeleteResult></DeleteResult>"), ok("")]);
    s3(&replay).await.delete_versions("images", &versions).await.unwrap();
    let asked = replay.asked();
    assert_eq!(asked.iter().map(|asked| asked.method.as_str()).collect::<Vec<_>>(), ["POST", "DELETE", "DELETE", "DELETE", "DELETE"]);
    for (asked, key) in asked[1..].iter().zip(["a%01", "a%0D", "a%C2%85", "a%EF%BF%BE"]) {
        assert!(asked.uri.contains(&format!("/images/raw-uploads/{key}?")) && asked.uri.contains("versionId=v1"), "{}", asked.uri);
    }
    // One that is gone is no error.
    s3(&Replay::new([xml_error(404, "NoSuchVersion")])).await.delete_versions("images", &versions[..1]).await.unwrap();
}

#[tokio::test]
async fn an_error_of_one_version_within_a_200_response_is_an_error() {
    let answer = |code: &str| {
        ok(format!(
            "<DeleteResult><Error><Key>k</Key><VersionId>v1</VersionId><Code>{code}</Code><Message>m</Message></Error></DeleteResult>"
        ))
    };
    assert_eq!(delete(answer("AccessDenied")).await.unwrap_err().name(), "Storage.Misconfigured");
    assert_eq!(delete(answer("InternalError")).await.unwrap_err().name(), "Storage.Unavailable");
    assert!(delete(answer("NoSuchVersion")).await.is_ok());
    assert_eq!(delete(xml_error(403, "AccessDenied")).await.unwrap_err().name(), "Storage.Misconfigured");
}

async fn stop(answers: impl IntoIterator<Item = Answer>) -> (Result<Stopped, &'static str>, Vec<Value>) {
    let replay = Replay::new(answers);
    let workflow = step_functions(&replay).await;
    let stopped = workflow.stop(EXECUTION).await.map_err(|error| error.name());
    (stopped, replay.asked().iter().map(super::replay::Asked::json).collect())
}

fn execution(status: &str) -> Answer {
    ok(json!({"executionArn": EXECUTION, "stateMachineArn": "m", "status": status, "startDate": 1_772_366_400.0}).to_string())
}

#[tokio::test]
async fn a_running_execution_is_stopped_with_a_reason() {
    let (stopped, asked) = stop([execution("RUNNING"), ok(json!({"stopDate": 1_772_366_400.0}).to_string())]).await;
    assert_eq!(stopped, Ok(Stopped::Stopped));
    assert_eq!((&asked[1]["executionArn"], &asked[1]["error"]), (&json!(EXECUTION), &json!("Image.Erased")));
}

#[tokio::test]
async fn an_ended_or_unknown_execution_is_not_stopped() {
    for status in ["SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED"] {
        assert_eq!(stop([execution(status)]).await.0, Ok(Stopped::NotRunning), "{status}");
    }
    assert_eq!(stop([json_error(400, "ExecutionDoesNotExist")]).await.0, Ok(Stopped::NotRunning));
    for ended in ["ExecutionDoesNotExist", "ValidationException"] {
        assert_eq!(stop([execution("RUNNING"), json_error(400, ended)]).await.0, Ok(Stopped::NotRunning), "{ended}");
    }
    assert_eq!(stop([json_error(400, "AccessDeniedException")]).await.0, Err("Storage.Misconfigured"));
    assert_eq!(stop([execution("RUNNING"), json_error(400, "AccessDeniedException")]).await.0, Err("Storage.Misconfigured"));
}
