//! Fault matrix row 33: erased images stay erased. The real command erases images at every stage of their analysis.
//!
//! The second sweep for late writes runs five minutes after an erasure; these tests run it with a clock that is ahead.

use crate::local_stack::{LocalStack, Run, Uploaded, sample, sightline, within};
use aws_sdk_sfn::types::ExecutionStatus;
use serde_json::{Value, json};
use sightline_domain::{
    flows::{
        edit::{Edited, edit},
        erase::{LateWrites, SWEEP_AFTER, sweep_erased},
        search::{Search, search},
    },
    model::{DAY_MILLIS, EpochMillis, ProcessingStatus, Record, ReviewStatus},
    ports::{Counters, Objects, Records},
    rules::{
        edit::OverlayChange,
        tally::{owner_counters, owner_labels_counter},
        terms::Query,
    },
};
use std::time::Duration;

/// A photo that all four operations analyse.
const ALL_FOUR: &str = "hopper-rotated.jpg";

/// Erases an image; returns the receipt.
fn erase(local: &LocalStack, id: &str) -> Value {
    sightline(local, &["erase", id, "--yes", "--output", "json"]).succeeded().json()[0].clone()
}

/// Sweeps for late writes with the clock at `now`.
async fn sweep(local: &LocalStack, id: &str, now: EpochMillis) -> LateWrites {
    sweep_erased(&local.tables(), &local.s3(), &local.stack.images_bucket, id, now).await.expect("the bucket can be swept").late
}

/// The second sweep of an erased image.
async fn sweep_again(local: &LocalStack, id: &str) -> LateWrites {
    let erased_at = local.tables().find(id).await.expect("a record").and_then(|record| record.erased_at).expect("it is erased");
    sweep(local, id, erased_at + SWEEP_AFTER).await
}

/// Sweeps until nothing is found any more.
async fn close(local: &LocalStack, id: &str) {
    within(Duration::from_mins(2), "nothing is written any more", async || {
        (sweep_again(local, id).await == LateWrites::None).then_some(())
    })
    .await;
}

/// Asserts that nothing is left of an image but its tombstone.
async fn assert_erased(local: &LocalStack, image: &Uploaded, before: &Record) {
    let objects = local.s3();
    for prefix in
        [image.key.clone(), format!("processed/{}/", image.id), format!("results/{}/", image.id), format!("archived/{}/", image.id)]
    {
        let left = objects.list_versions(&local.stack.images_bucket, &prefix).await.expect("versions can be listed");
        assert_eq!(left, [], "{prefix}");
    }
    let items = local.tables().items(&image.id).await.expect("records can be read");
    assert_eq!(items.len(), 1);
    assert!(items[0].is_tombstone());
    let index = local.tables();
    for label in before.labels.iter().flatten() {
        let query = Query::of(std::slice::from_ref(&label.name)).expect("a label has a name");
        let wanted = Search {
            owner_id: &before.owner_id,
            query: &query,
            min_confidence: 0.0,
            withheld: true,
            since: before.upload_timestamp,
            until: before.upload_timestamp + DAY_MILLIS,
            limit: 10_000,
        };
        let rows = search(&index, &wanted).await.expect("the index can be searched");
        assert!(rows.iter().all(|row| row.image_id != image.id), "{}", label.name);
    }
}

/// Injected: an image is erased during a slow call of Rekognition.
/// Seen: its execution is stopped; the second sweep deletes late writes to S3, late writes to the record are refused, and no version, row or result is left.
#[tokio::test]
async fn row_33_an_image_that_is_erased_while_it_is_analysed_stays_erased() {
    let local = LocalStack::default_stage().await;
    let id = uuid::Uuid::new_v4().to_string();
    for (operation, found) in [("DetectLabels", "Labels"), ("DetectModerationLabels", "ModerationLabels")] {
        let late = json!({"delayMs": 12_000, "times": 1, "body": format!("{{\"{found}\": []}}")});
        local.recognition.plan_fault(&id, operation, "answer", late).await;
    }
    let image = local.upload_sample_as(&id, ALL_FOUR).await;
    let before = local.record_when(&id, "is claimed", |_| true).await;
    within(Duration::from_mins(1), "Rekognition is at work on both", async || {
        (local.recognition.planned_faults(&id).await == 0).then_some(())
    })
    .await;

    let receipt = erase(&local, &id);

    assert_eq!((&receipt["Action"], &receipt["Execution"], &receipt["Originals"]), (&json!("ERASED"), &json!("STOPPED"), &json!(1)));
    assert_eq!(receipt["LateWrites"]["State"], "POSSIBLE");
    assert_eq!(local.ended(&before.execution_arn).await.0, ExecutionStatus::Aborted);
    within(Duration::from_secs(30), "an answer is written late", async || {
        local.has(&format!("results/{id}/labels.json")).await.then_some(())
    })
    .await;
    // Time for the status event, and for steps that the local engine still starts.
    tokio::time::sleep(Duration::from_secs(10)).await;
    close(&local, &id).await;
    assert_erased(&local, &image, &before).await;
    assert_eq!(sweep_again(&local, &id).await, LateWrites::None);
}

/// Injected: a COMPLETED image is erased; then its event arrives again.
/// Seen: nothing is left of it, the event ends as a duplicate, and no search finds it.
#[tokio::test]
async fn row_33_a_completed_image_is_erased_and_its_late_event_creates_nothing() {
    let local = LocalStack::default_stage().await;
    let image = local.upload_sample(ALL_FOUR).await;
    let before = local.completed(&image.id).await;
    local.ended(&before.execution_arn).await;

    let receipt = erase(&local, &image.id);

    assert_eq!((&receipt["Originals"], &receipt["Copies"], &receipt["Results"]), (&json!(1), &json!(3), &json!(4)));
    assert!(receipt["LabelRows"].as_u64().is_some_and(|rows| rows > 0), "{receipt}");
    assert_erased(&local, &image, &before).await;

    let duplicate = local.start(&local.event(&image, None)).await;
    let (status, states) = local.ended(&duplicate).await;
    assert_eq!((status, states), (ExecutionStatus::Succeeded, vec!["InspectImage".to_owned(), "AlreadyAnalyzed".to_owned()]));
    assert_erased(&local, &image, &before).await;
    assert_eq!(local.recognition.answered(&image.id).await, [1, 1, 1, 1]);

    let shown = sightline(&local, &["show", &image.id, "--output", "json"]).json();
    assert_eq!((&shown["ProcessingStatus"], shown.get("Labels")), (&json!("ERASED"), None));
    let execution = sightline(&local, &["executions", "show", &image.id]);
    assert_eq!(execution.code, Some(4));
    let again = erase(&local, &image.id);
    assert_eq!((&again["Action"], &again["ErasedBefore"]), (&json!("ALREADY_ERASED"), &receipt["ErasedAt"]));
    close(&local, &image.id).await;
    assert_erased(&local, &image, &before).await;
}

#[tokio::test]
async fn failed_and_rejected_images_are_erased_completely() {
    let local = LocalStack::default_stage().await;
    let id = uuid::Uuid::new_v4().to_string();
    local.recognition.plan_fault(&id, "DetectFaces", "access-denied", json!({})).await;
    let failed = local.upload_sample_as(&id, ALL_FOUR).await;
    let rejected = local.upload(b"no image", "jpg").await;
    let archived = format!("archived/{}/original", rejected.id);
    within(Duration::from_mins(1), "the original is archived", async || local.has(&archived).await.then_some(())).await;

    for image in [&failed, &rejected] {
        let (before, _) = local.failed(&image.id).await;
        local.ended(&before.execution_arn).await;
        let receipt = erase(&local, &image.id);
        assert_eq!(receipt["Action"], "ERASED");
        close(&local, &image.id).await;
        assert_erased(&local, image, &before).await;
    }
}

/// Injected: an image is erased while it waits for a review.
/// Seen: the waiting execution is stopped, the review request is gone, and a decision is refused.
#[tokio::test]
async fn row_33_an_image_in_review_is_erased_with_its_review() {
    let local = LocalStack::strict_stage().await;
    let image = local.upload_sample("astronaut.jpg").await;
    let before = local.record_when(&image.id, "waits for review", |record| record.review_status == ReviewStatus::Pending).await;

    let receipt = erase(&local, &image.id);

    assert_eq!((&receipt["Review"], &receipt["Execution"]), (&json!(true), &json!("STOPPED")));
    let decision = sightline(&local, &["review", "approve", &image.id, "--by", "anna"]);
    assert!(decision.code == Some(4) && decision.messages.contains("was erased"), "{decision:?}");
    tokio::time::sleep(Duration::from_secs(5)).await;
    close(&local, &image.id).await;
    assert_erased(&local, &image, &before).await;
}

/// Uploads a file, and waits for its analysis. Returns the id of the image and the record.
fn upload_file(local: &LocalStack, file: &std::path::Path) -> (String, Value) {
    let run = sightline(local, &["upload", &file.to_string_lossy(), "--wait", "--owner", "tests", "--output", "json"]);
    let lines = run.succeeded().json();
    (lines[0]["ImageID"].as_str().expect("an id").to_owned(), lines[0].clone())
}

#[tokio::test]
async fn a_key_uploaded_again_after_its_erasure_has_the_same_id() {
    let local = LocalStack::default_stage().await;
    let Uploaded { id, key, .. } = local.upload_sample("coffee.jpg").await;
    local.completed(&id).await;
    erase(&local, &id);
    close(&local, &id).await;
    // LastModified has a resolution of seconds, so an upload within the same second is not later. Without the early `close` of this test, five
    // minutes pass between them.
    tokio::time::sleep(Duration::from_secs(1)).await;

    local.put(&key, &sample("coffee.jpg")).await;

    let is_completed = |record: &Record| record.processing_status == ProcessingStatus::Completed;
    let record = local.record_when(&id, "is completed again", is_completed).await;
    assert_eq!(record.attempts, 1);
    let items = local.tables().items(&id).await.expect("records can be read");
    assert_eq!(
        items.iter().map(|item| item.processing_status).collect::<Vec<_>>(),
        [ProcessingStatus::Completed, ProcessingStatus::Erased]
    );
    assert_eq!(sweep(&local, &id, i64::MAX / 2).await, LateWrites::InUse);
    assert!(local.has(&record.processed_key.expect("a copy")).await);
}

#[tokio::test]
async fn a_file_uploaded_again_after_its_erasure_is_a_new_image_once() {
    let local = LocalStack::default_stage().await;
    let file = tempfile::Builder::new().suffix(".jpg").tempfile().expect("a file");
    let file = file.path();
    // Bytes after the image make the content unique.
    std::fs::write(file, [sample("coffee.jpg"), uuid::Uuid::new_v4().into_bytes().to_vec()].concat()).expect("it is written");
    let (id, _) = upload_file(&local, file);
    erase(&local, &id);

    let (again, record) = upload_file(&local, file);

    assert_ne!(again, id);
    assert_eq!(record["ProcessingStatus"], "COMPLETED");
    let third = sightline(&local, &["upload", file.to_str().expect("a path"), "--owner", "tests", "--output", "json"]).json();
    assert_eq!((&third[0]["Upload"], &third[0]["ImageID"]), (&json!("ALREADY_THERE"), &json!(again)), "{third}");
    close(&local, &id).await;
    assert!(local.has(record["ProcessedKey"].as_str().expect("a copy")).await);
}

#[tokio::test]
async fn erasing_needs_confirmation_and_reports_unknown_images() {
    let local = LocalStack::default_stage().await;
    let image = local.upload_sample("coffee.jpg").await;
    local.completed(&image.id).await;
    let nobody = uuid::Uuid::new_v4().to_string();

    let unasked = sightline(&local, &["erase", &image.id]);
    assert_eq!(unasked.code, Some(2), "{}", unasked.messages);
    let foreseen = sightline(&local, &["erase", &image.id, "--dry-run", "--output", "json"]).json();
    assert_eq!((&foreseen[0]["Action"], &foreseen[0]["Originals"]), (&json!("WOULD_ERASE"), &json!(1)));
    assert!(local.has(&image.key).await);
    assert_eq!(sightline(&local, &["erase", &nobody, "--yes"]).code, Some(4));
    let partly = sightline(&local, &["erase", &image.id, &nobody, "--yes", "--output", "json"]);
    assert_eq!((partly.code, &partly.json()[1]["Action"]), (Some(3), &json!("UNKNOWN")));
}

/// Injected: the records of two images expire; then one image is erased by its id, and one by its key.
/// Seen: original, copies, results and label rows of both are gone; their late events end as duplicates.
#[tokio::test]
async fn row_33_images_whose_record_has_expired_are_erased_by_id_and_by_key() {
    let local = LocalStack::default_stage().await;
    for by_key in [false, true] {
        let image = local.upload_sample("coffee.jpg").await;
        let before = local.completed(&image.id).await;
        local.ended(&before.execution_arn).await;
        local.delete_record(&before).await;

        let named = if by_key { vec!["--key", &image.key] } else { vec![image.id.as_str()] };
        let receipts = sightline(&local, &[&["erase"], named.as_slice(), &["--yes", "--output", "json"]].concat()).succeeded().json();

        let receipt = &receipts[0];
        assert_eq!((&receipt["ImageID"], &receipt["Action"]), (&json!(image.id), &json!("ERASED")), "{receipt}");
        assert_eq!((&receipt["Originals"], &receipt["Copies"], &receipt["Records"]), (&json!(1), &json!(3), &json!(0)), "{receipt}");
        assert!(receipt["LabelRows"].as_u64().is_some_and(|rows| rows > 0), "{receipt}");
        assert_erased(&local, &image, &before).await;
        let late = local.start(&local.event(&image, None)).await;
        let (_, states) = local.ended(&late).await;
        assert_eq!(states.last().map(String::as_str), Some("AlreadyAnalyzed"));
        close(&local, &image.id).await;
    }
    let unknown = sightline(&local, &["erase", &uuid::Uuid::new_v4().to_string(), "--yes"]);
    assert!(unknown.code == Some(4) && unknown.messages.contains("nothing was found for"), "{unknown:?}");
}

/// Injected: one image of an owner has a record with an edit, another has no record any more.
/// Seen: `sightline erase --owner` removes both and the owner's counters, and nothing of another owner.
#[tokio::test]
async fn everything_of_an_owner_is_erased() {
    let local = LocalStack::default_stage().await;
    let (owner, bystander) = (format!("owner-{}", uuid::Uuid::new_v4()), local.upload_sample("coffee.jpg").await);
    let mut images = Vec::new();
    for sample_name in ["coffee.jpg", "rocket.jpg"] {
        let id = uuid::Uuid::new_v4().to_string();
        let mut image = local.put(&format!("raw-uploads/{owner}/{id}.jpg"), &sample(sample_name)).await;
        image.id.clone_from(&id);
        let before = local.completed(&id).await;
        local.ended(&before.execution_arn).await;
        images.push((image, before));
    }
    let change = OverlayChange { add: vec!["grandma".to_owned()], ..OverlayChange::default() };
    let edited = edit(&local.tables(), &owner, &images[0].0.id, &change, Some(0), images[0].1.upload_timestamp).await;
    assert!(matches!(edited, Ok(Edited::Yes(_))));
    let counted = async || {
        let words = local.tables().counts(&owner_labels_counter(&owner), None).await.expect("the counters can be read");
        words.contains_key("grandma").then_some(())
    };
    within(Duration::from_mins(1), "the edit is counted", counted).await;
    local.delete_record(&images[1].1).await;

    let dry_run = sightline(&local, &["erase", "--owner", &owner, "--dry-run", "--output", "json"]);
    let run = sightline(&local, &["erase", "--owner", &owner, "--yes", "--output", "json"]);

    let rows = |run: &Run| -> Vec<(String, String)> {
        let text = |row: &Value, name: &str| row[name].as_str().unwrap_or_default().to_owned();
        run.json().as_array().expect("rows").iter().map(|row| (text(row, "ImageID"), text(row, "Action"))).collect()
    };
    let all = |action: &str| images.iter().map(|(image, _)| (image.id.clone(), action.to_owned())).collect::<Vec<_>>();
    assert_eq!((rows(&dry_run), rows(&run)), (all("WOULD_ERASE"), all("ERASED")), "{}", run.messages);
    for (image, before) in &images {
        assert_erased(&local, image, before).await;
    }
    for counter in owner_counters(&owner) {
        assert!(local.tables().counts(&counter, None).await.expect("the counters can be read").is_empty(), "{counter}");
    }
    assert!(!local.record(&bystander.id).await.is_erased());
    let again = sightline(&local, &["erase", "--owner", &owner, "--yes", "--output", "json"]);
    assert!(again.code == Some(0) && rows(&again).is_empty(), "{again:?}");
}
