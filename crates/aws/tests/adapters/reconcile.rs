//! What reconciling asks of S3, `DynamoDB` and Step Functions.

use crate::replay::{Replay, json_error, ok, s3, step_functions, tables, xml_error};
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use sightline_domain::{
    model::{
        error::StepError,
        identity::Upload,
        record::{ProcessingStatus, WorkQueue},
        review::ReviewStatus,
    },
    ports::{ExecutionState, Executions, QueuePosition, QueuedImage, ReviewQueueState, Uploads, VersionPosition, WorkQueues},
};
use sightline_tests::samples::{EXECUTION, IMAGE_ID, UPLOADED};

const VERSIONS: &str = r#"<?xml version="1.0"?><ListVersionsResult><EncodingType>url</EncodingType><IsTruncated>true</IsTruncated>
    <NextKeyMarker>raw-uploads/b%2Bc+d.jpg</NextKeyMarker><NextVersionIdMarker>v1</NextVersionIdMarker>
    <Version><Key>raw-uploads/a%01.jpg</Key><VersionId>null</VersionId><ETag>"e1"</ETag><Size>1</Size>
        <LastModified>2026-03-01T12:00:00.000Z</LastModified></Version>
    <DeleteMarker><Key>raw-uploads/b.jpg</Key><VersionId>v2</VersionId></DeleteMarker>
    <Version><Key>raw-uploads/b%2Bc+d.jpg</Key><VersionId>v1</VersionId><ETag>"e2"</ETag><Size>2</Size>
        <LastModified>2026-03-01T12:00:00.000Z</LastModified></Version>
</ListVersionsResult>"#;

#[tokio::test]
async fn versions_are_paged_with_exact_keys_and_without_delete_markers() {
    let replay = Replay::new([ok(VERSIONS)]);
    let after = VersionPosition { key: "raw-uploads/ä.jpg".into(), version_id: Some("v9".into()) };

    let page = s3(&replay).await.versions("images", Some(&after)).await.unwrap();

    let asked = replay.only().uri;
    for part in ["prefix=raw-uploads%2F", "encoding-type=url", "key-marker=raw-uploads%2F%C3%A4.jpg", "version-id-marker=v9"] {
        assert!(asked.contains(part), "{asked}");
    }
    let found: Vec<_> = page.items.iter().map(|item| (item.upload.key.as_str(), item.upload.version_id.as_deref(), item.size)).collect();
    assert_eq!(found, [("raw-uploads/a\u{1}.jpg", None, 1), ("raw-uploads/b+c d.jpg", Some("v1"), 2)]);
    assert_eq!((page.items[0].upload.etag.as_str(), page.items[0].last_modified), ("e1", UPLOADED));
    assert_eq!(page.next, Some(VersionPosition { key: "raw-uploads/b+c d.jpg".into(), version_id: Some("v1".into()) }));
}

#[tokio::test]
async fn the_last_page_has_no_next_position_and_unencoded_keys_stay_unchanged() {
    let last = VERSIONS.replace("<EncodingType>url</EncodingType>", "").replace(">true<", ">false<").replace("%01", "%25");
    let page = s3(&Replay::new([ok(last)])).await.versions("images", None).await.unwrap();
    assert_eq!((page.next, page.items[0].upload.key.as_str()), (None, "raw-uploads/a%25.jpg"));
}

#[tokio::test]
async fn the_status_tag_is_read_from_the_version() {
    let upload = Upload { bucket: "images".into(), key: "raw-uploads/a.jpg".into(), version_id: Some("v1".into()), etag: "e".into() };
    let tags = "<Tagging><TagSet><Tag><Key>status</Key><Value>analyzed</Value></Tag></TagSet></Tagging>";
    let replay = Replay::new([ok(tags)]);
    assert_eq!(s3(&replay).await.status(&upload).await.unwrap().as_deref(), Some("analyzed"));
    assert!(replay.only().uri.contains("versionId=v1"));
    let of_the_uploader = tags.replace("analyzed", "new");
    assert_eq!(s3(&Replay::new([ok(of_the_uploader)])).await.status(&upload).await.unwrap(), None);
    let denied = s3(&Replay::new([xml_error(403, "AccessDenied")])).await.status(&upload).await.unwrap_err();
    assert_eq!(denied.name(), "Storage.Misconfigured");
}

#[tokio::test]
async fn a_queue_is_read_through_its_index_in_ascending_order() {
    let item = json!({"ImageID": {"S": IMAGE_ID}, "UploadTimestamp": {"N": "5"}, "ExecutionArn": {"S": EXECUTION},
        "ProcessingStatus": {"S": "PENDING"}, "ReviewStatus": {"S": "APPROVED"}, "OwnerID": {"S": "anna"}, "WorkQueue": {"S": "PENDING"}});
    let last = json!({"ImageID": {"S": IMAGE_ID}, "UploadTimestamp": {"N": "5"}, "WorkQueue": {"S": "PENDING"}});
    let replay = Replay::new([ok(json!({"Items": [item], "LastEvaluatedKey": last}).to_string())]);
    let after = QueuePosition { image_id: "i".into(), upload_timestamp: 4 };

    let page = tables(&replay).await.queued(WorkQueue::Pending, Some(&after)).await.unwrap();

    let asked = replay.only().json();
    assert_eq!((&asked["IndexName"], &asked["ScanIndexForward"]), (&json!("WorkQueueIndex"), &json!(true)));
    let start = json!({"WorkQueue": {"S": "PENDING"}, "UploadTimestamp": {"N": "4"}, "ImageID": {"S": "i"}});
    assert_eq!((&asked["ExclusiveStartKey"], &asked["ExpressionAttributeValues"][":queue"]), (&start, &json!({"S": "PENDING"})));
    let image = &page.items[0];
    assert_eq!((image.image_id.as_str(), image.execution_arn.as_str(), image.upload_timestamp), (IMAGE_ID, EXECUTION, 5));
    assert_eq!((image.processing_status, image.review_status), (ProcessingStatus::Pending, ReviewStatus::Approved));
    assert_eq!(page.next, Some(QueuePosition { image_id: IMAGE_ID.into(), upload_timestamp: 5 }));
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

#[tokio::test]
async fn the_review_queue_is_measured_over_all_pages() {
    let keys = |from: u32, to: u32| {
        (from..to).map(|at| json!({"ImageID": {"S": "i"}, "UploadTimestamp": {"N": at.to_string()}})).collect::<Vec<_>>()
    };
    let requests = |items: Value| ok(json!({"Responses": {"records": items}}).to_string());
    let first = json!({"Items": keys(1, 3), "LastEvaluatedKey": {"ImageID": {"S": "i"}}});
    // Of a record without the moment of the request, that of its claim counts; what cannot be read counts nothing.
    let of_first = requests(json!([{"ReviewRequestedAt": {"N": "90"}, "ClaimedAt": {"N": "4"}}, {"ReviewRequestedAt": {"S": "?"}}]));
    let of_second = requests(json!([{"ClaimedAt": {"N": "70"}}]));
    let replay = Replay::new([ok(first.to_string()), of_first, ok(json!({"Items": keys(3, 4)}).to_string()), of_second]);
    assert_eq!(tables(&replay).await.review_queue().await.unwrap(), ReviewQueueState { length: 3, oldest_request: Some(70) });
    let asked = replay.asked();
    let (index, batch) = (asked[2].json(), asked[1].json()["RequestItems"]["records"].clone());
    assert_eq!(index["ExclusiveStartKey"], json!({"ImageID": {"S": "i"}}));
    assert_eq!((batch["Keys"].as_array().unwrap().len(), &batch["ProjectionExpression"]), (2, &json!("ReviewRequestedAt, ClaimedAt")));
    assert_eq!(tables(&Replay::new([ok("{}")])).await.review_queue().await.unwrap(), ReviewQueueState::default());
}

fn queued() -> QueuedImage {
    QueuedImage {
        image_id: IMAGE_ID.into(),
        upload_timestamp: 5,
        execution_arn: EXECUTION.into(),
        processing_status: ProcessingStatus::Pending,
        review_status: ReviewStatus::Rejected,
    }
}

fn decided(changes: &Value) -> Replay {
    let mut item = json!({"ImageID": {"S": IMAGE_ID}, "ProcessingStatus": {"S": "PENDING"}, "ReviewStatus": {"S": "REJECTED"},
        "ReviewedBy": {"S": "anna"}, "ReviewedAt": {"N": "5"}, "ReviewReason": {"S": "no"}, "ReviewToken": {"S": "token-1"}});
    item.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
    Replay::new([ok(json!({"Items": [item]}).to_string())])
}

#[tokio::test]
async fn a_saved_decision_is_read_with_its_token() {
    let replay = decided(&json!({}));
    let saved = tables(&replay).await.saved_decision(&queued()).await.unwrap().unwrap();
    assert_eq!((saved.token.expose_secret(), saved.outcome.status), ("token-1", ReviewStatus::Rejected));
    assert_eq!((saved.outcome.reviewed_at, saved.outcome.review_reason.as_deref()), (Some(5), Some("no")));
    let asked = replay.only().json();
    assert_eq!(asked["ConsistentRead"], json!(true));
    assert_eq!(asked["KeyConditionExpression"], "ImageID = :id AND UploadTimestamp = :at", "of that very item, not of the newest");
    for changes in
        [json!({"ProcessingStatus": {"S": "FAILED"}}), json!({"ReviewStatus": {"S": "PENDING"}}), json!({"ReviewToken": {"NULL": true}})]
    {
        assert!(tables(&decided(&changes)).await.saved_decision(&queued()).await.unwrap().is_none(), "{changes}");
    }
}

async fn state(status: &str) -> ExecutionState {
    let described = json!({"executionArn": EXECUTION, "stateMachineArn": "m", "name": "n", "status": status, "startDate": 1.0,
        "stopDate": 2.5, "input": "{}", "error": "E", "cause": "c"});
    step_functions(&Replay::new([ok(described.to_string())])).await.find(EXECUTION).await.unwrap().unwrap().state
}

#[tokio::test]
async fn an_execution_is_running_ended_or_unknown() {
    for status in ["RUNNING", "PENDING_REDRIVE", "NEVER_HEARD_OF"] {
        assert_eq!(state(status).await, ExecutionState::Running, "{status}");
    }
    assert_eq!(state("SUCCEEDED").await, ExecutionState::Succeeded { stopped_at: Some(2500) });
    for status in ["FAILED", "TIMED_OUT", "ABORTED"] {
        let failed =
            ExecutionState::Failed { status: status.into(), error: Some("E".into()), cause: Some("c".into()), stopped_at: Some(2500) };
        assert_eq!(state(status).await, failed);
    }
    let look = |code| async move {
        step_functions(&Replay::new([json_error(400, code)])).await.find(EXECUTION).await.map_err(|error| error.name())
    };
    assert_eq!(look("ExecutionDoesNotExist").await, Ok(None));
    // Whoever may not look must not take executions for lost.
    assert_eq!(look("AccessDeniedException").await, Err("Storage.Misconfigured"));
}

#[tokio::test]
async fn executions_are_started_through_the_live_alias() {
    let replay = Replay::new([ok(json!({"executionArn": "new", "startDate": 1.0}).to_string())]);
    assert_eq!(step_functions(&replay).await.start("{}").await.unwrap(), "new");
    assert_eq!(replay.only().json()["stateMachineArn"], "arn:aws:states:eu-west-1:123456789012:stateMachine:image-analysis:live");
}
