//! Counters: each image counts once, even if events are repeated or executions redriven; and the commands that show them.
//!
//! Other tests count at the same time, so these tests check a label that only their images have, and the tallies of their images.

use crate::local_stack::{LocalStack, Uploaded, sightline, within};
use serde_json::{Value, json};
use sightline_domain::{
    flows::count::{Counted, count_image, remove_tally},
    model::{ImageOutcome, Record, clock::week},
    ports::Counters,
    rules::tally::{COUNT, Tally, labels_counter},
};
use std::time::Duration;

const PATIENCE: Duration = Duration::from_mins(2);

/// Uploads a photo for which Rekognition answers only `label`.
async fn upload_with_label(local: &LocalStack, label: &str) -> Uploaded {
    let id = uuid::Uuid::new_v4().to_string();
    plan_label(local, &id, label).await;
    local.upload_sample_as(&id, "coffee.jpg").await
}

async fn plan_label(local: &LocalStack, id: &str, label: &str) {
    let body = json!({"Labels": [{"Name": label, "Confidence": 99.0, "Instances": [], "Parents": [], "Aliases": [], "Categories": []}]});
    local.recognition.plan_fault(id, "DetectLabels", "answer", json!({"body": body.to_string()})).await;
}

/// The count of `label` in the week of `record`.
async fn counted(local: &LocalStack, record: &Record, label: &str) -> i64 {
    let counter = labels_counter(&week(record.upload_timestamp));
    let counts = local.tables().counts(&counter, Some(label..=label)).await.expect("counters can be read");
    counts.get(label).and_then(|counts| counts.get(COUNT)).copied().unwrap_or_default()
}

/// Waits until the deployed function has counted an image, and its tally `fits`.
async fn tallied(local: &LocalStack, id: &str, fits: impl Fn(&Tally) -> bool) -> Tally {
    let tallies = local.tables();
    let tally = async || tallies.tally(id).await.expect("tallies can be read").filter(|tally| fits(tally));
    within(PATIENCE, &format!("image {id} is counted"), tally).await
}

/// The record of a photo that is analysed and counted, and its label, which no other photo has.
async fn counted_photo(local: &LocalStack) -> (Record, String) {
    let label = format!("trend-{}", uuid::Uuid::new_v4().simple());
    let photo = upload_with_label(local, &label).await;
    let record = local.completed(&photo.id).await;
    tallied(local, &photo.id, |_| true).await;
    (record, label)
}

/// Invokes the deployed function whose name contains `part`.
async fn invoke(part: &'static str, payload: Value) -> Value {
    let endpoint = std::env::var("AWS_ENDPOINT_URL").expect("the local stack");
    tokio::task::spawn_blocking(move || {
        let functions = ureq::get(format!("{endpoint}/2015-03-31/functions")).call().expect("functions").body_mut().read_to_string();
        let functions: Value = serde_json::from_str(&functions.expect("a body")).expect("JSON");
        let names = functions["Functions"].as_array().expect("functions").iter().filter_map(|function| function["FunctionName"].as_str());
        let name = names.into_iter().find(|name| name.contains(part) && !name.contains("strict")).expect("the function is deployed");
        let answer = ureq::post(format!("{endpoint}/2015-03-31/functions/{name}/invocations")).send(payload.to_string());
        let answer = answer.expect("an answer").body_mut().read_to_string().expect("a body");
        serde_json::from_str(&answer).expect("JSON")
    })
    .await
    .expect("the call ends")
}

fn stream_event(records: &[&Record]) -> Value {
    let change = |record: &&Record| {
        let keys = json!({"ImageID": {"S": record.image_id}, "UploadTimestamp": {"N": record.upload_timestamp.to_string()}});
        json!({"eventName": "MODIFY", "eventSource": "aws:dynamodb", "dynamodb": {"Keys": keys, "StreamViewType": "KEYS_ONLY"}})
    };
    json!({"Records": records.iter().chain(records).map(change).collect::<Vec<_>>()})
}

#[tokio::test]
async fn each_image_counts_once_although_events_repeat_and_one_is_redriven() {
    let local = LocalStack::default_stage().await;
    let label = format!("trend-{}", uuid::Uuid::new_v4().simple());
    let redriven = uuid::Uuid::new_v4().to_string();
    plan_label(&local, &redriven, &label).await;
    let fault = local.recognition.plan_fault(&redriven, "DetectModerationLabels", "access-denied", json!({})).await;
    let redriven = local.upload_sample_as(&redriven, "coffee.jpg").await;
    let plain = [upload_with_label(&local, &label).await, upload_with_label(&local, &label).await];
    let rejected = local.upload(b"", "jpg").await;

    // The events of the uploads again.
    for photo in &plain {
        local.start(&local.event(photo, None)).await;
    }
    let failed = local.failed(&redriven.id).await.0;
    let as_failed = tallied(&local, &redriven.id, |_| true).await;
    assert_eq!((as_failed.outcome, as_failed.labels.len()), (ImageOutcome::Failed, 0));
    assert_eq!(as_failed, Tally::of(&failed).expect("it has ended"));
    local.recognition.remove_fault(fault).await;
    sightline(&local, &["executions", "redrive", &redriven.id, "--or-restart", "--wait", "--yes"]).succeeded();

    let mut records = Vec::new();
    for photo in plain.iter().chain([&redriven]) {
        let record = local.completed(&photo.id).await;
        let tally = tallied(&local, &photo.id, |tally| tally.outcome == ImageOutcome::Completed).await;
        assert_eq!(tally, Tally::of(&record).expect("it has ended"));
        assert_eq!(tally.labels, [label.as_str()]);
        records.push(record);
    }
    let refused = local.failed(&rejected.id).await.0;
    assert_eq!(tallied(&local, &rejected.id, |_| true).await, Tally::of(&refused).expect("it has ended"));
    assert_eq!(counted(&local, &records[0], &label).await, 3);

    // The events of the stream again, twice each, while other runs count the same images.
    let all: Vec<&Record> = records.iter().collect();
    let again = invoke("CountTrends", stream_event(&all));
    let tables = local.tables();
    let others = async {
        for record in &records {
            let counted = count_image(&tables, &record.image_id).await.expect("it can be counted");
            assert_eq!(counted, Counted::Unchanged);
        }
    };
    let (answer, ()) = tokio::join!(again, others);
    assert_eq!(answer, json!({"Images": 3, "Changed": 0, "batchItemFailures": []}));
    assert_eq!(counted(&local, &records[0], &label).await, 3);
}

#[tokio::test]
async fn removed_contributions_are_restored_once_by_concurrent_runs() {
    let local = LocalStack::default_stage().await;
    let (record, label) = counted_photo(&local).await;
    let tables = local.tables();

    assert!(remove_tally(&tables, &record.image_id).await.expect("its tally can be removed"));
    let count = || count_image(&tables, &record.image_id);
    let counts = tokio::join!(count(), count(), count(), count());

    let counts = [counts.0, counts.1, counts.2, counts.3].map(|counted| counted.expect("it can be counted"));
    // The deployed function can get an event of the image now, and restore it first.
    assert!(counts.iter().filter(|counted| **counted != Counted::Unchanged).count() <= 1, "{counts:?}");
    assert_eq!(counted(&local, &record, &label).await, 1);
}

#[tokio::test]
async fn trends_and_stats_show_what_was_counted() {
    let local = LocalStack::default_stage().await;
    let (record, label) = counted_photo(&local).await;

    let trends = sightline(&local, &["trends", "--weeks", "2", "--limit", "1000", "--output", "json"]).json();
    let table = sightline(&local, &["trends"]).output;
    let stats = sightline(&local, &["stats", "--since", "1h", "--output", "json"]).json();

    let row = trends.as_array().expect("rows").iter().find(|row| row["Name"] == label.as_str()).expect("the label is there");
    assert_eq!((&row["Kind"], &row["Images"], &row["ByWeek"][week(record.upload_timestamp)]), (&json!("LABEL"), &json!(1), &json!(1)));
    assert!(table.contains("LABEL") && table.contains('█') && table.contains("COMPLETED"), "{table}");
    assert!(stats["Completed"].as_u64().is_some_and(|images| images >= 1), "{stats}");
    assert!(stats["P50Millis"].is_number() && stats["Now"]["InFlight"].is_number(), "{stats}");
}

#[tokio::test]
async fn the_weekly_report_reaches_the_operations_topic() {
    let report = invoke("ReportTrends", json!({"source": "aws.scheduler"})).await;
    assert!(report["Week"].as_str().is_some_and(|week| week.contains("-W")), "{report}");
    assert!(report["MessageId"].as_str().is_some_and(|id| !id.is_empty()), "{report}");
}
