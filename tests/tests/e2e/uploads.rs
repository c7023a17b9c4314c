//! From a photo to its merged record.

use crate::local_stack::{LocalStack, Uploaded, sample, sightline};
use aws_sdk_sfn::types::ExecutionStatus;
use serde_json::json;
use sightline_domain::{
    flows::search::{Search, search},
    model::{DAY_MILLIS, Outcome, Record, ReviewStatus},
    rules::terms::Query,
};

fn reason(outcome: Option<&Outcome>) -> &str {
    match outcome {
        Some(Outcome::Skipped { reason }) => reason,
        _ => panic!("the analysis was not skipped"),
    }
}

fn is_done(outcome: Option<&Outcome>) -> bool {
    matches!(outcome, Some(Outcome::Done { .. }))
}

/// Uploads a photo of samples/, and waits for its record.
async fn analysed(name: &str) -> (LocalStack, Uploaded, Record) {
    let local = LocalStack::default_stage().await;
    let photo = local.upload_sample(name).await;
    let record = local.completed(&photo.id).await;
    (local, photo, record)
}

fn has_label(record: &Record, name: &str) -> bool {
    record.labels.iter().flatten().any(|label| label.name == name)
}

#[tokio::test]
async fn a_person_leads_to_face_analysis_and_text_is_skipped_with_the_reason() {
    let (local, photo, record) = analysed("astronaut.jpg").await;

    assert!(has_label(&record, "person"));
    assert!(is_done(record.analyses.faces.as_ref()));
    assert_eq!(record.face_data.as_ref().map(Vec::len), Some(1));
    assert_eq!(reason(record.analyses.text.as_ref()), "no text among the labels");
    assert_eq!(local.recognition.answered(&photo.id).await, [1, 1, 1, 0]);
}

#[tokio::test]
async fn text_leads_to_ocr_and_faces_are_skipped_with_the_reason() {
    let (local, photo, record) = analysed("printed-page.png").await;

    let lines: Vec<&str> = record.text_lines.iter().flatten().map(|line| line.text.as_str()).collect();
    assert!(lines.contains(&"Region-based segmentation"), "{} lines", lines.len());
    assert_eq!(reason(record.analyses.faces.as_ref()), "no person among the labels");
    assert_eq!(local.recognition.answered(&photo.id).await, [1, 1, 0, 1]);
}

#[tokio::test]
async fn a_person_with_text_leads_to_both() {
    let (local, photo, record) = analysed("hopper-rotated.jpg").await;

    assert!(is_done(record.analyses.faces.as_ref()) && is_done(record.analyses.text.as_ref()));
    assert!(record.text_lines.iter().flatten().any(|line| line.text.contains("HOPPER")));
    assert!(record.width < record.height, "the rotated photo is upright");
    assert_eq!(local.recognition.answered(&photo.id).await, [1, 1, 1, 1]);
}

#[tokio::test]
async fn neither_person_nor_text_leads_to_two_calls_only() {
    let (local, photo, record) = analysed("coffee.jpg").await;

    assert!(has_label(&record, "cup"));
    assert_eq!(record.review_status, ReviewStatus::None);
    assert_eq!(local.recognition.answered(&photo.id).await, [1, 1, 0, 0]);
}

#[tokio::test]
async fn a_record_has_all_attributes() {
    let (local, photo, record) = analysed("cat.webp").await;

    assert_eq!(record.owner_id, "tests");
    assert_eq!(record.attempts, 1);
    assert_eq!(record.s3_url, format!("s3://{}/{}", local.stack.images_bucket, photo.key));
    assert!(record.expires_at.is_some() && record.content_sha256.is_some() && record.work_queue.is_none());
    assert!(record.thumbhash.is_some() && record.face_count.is_some() && record.text_line_count.is_some());
    for key in [record.processed_key.as_deref(), record.thumbnail_key.as_deref(), record.large_thumbnail_key.as_deref()] {
        assert!(local.has(key.unwrap_or_default()).await, "{key:?}");
    }
    for analysis in ["labels", "moderation"] {
        assert!(local.has(&format!("results/{}/{analysis}.json", photo.id)).await);
    }
    assert_eq!(local.ended(&record.execution_arn).await.0, ExecutionStatus::Succeeded);
    // The tag is set after the record is written and before the execution ends.
    assert_eq!(local.status_tag(&photo.key).await.as_deref(), Some("analyzed"));
}

#[tokio::test]
async fn labels_parents_and_words_are_found_in_the_index() {
    let local = LocalStack::default_stage().await;
    let (cat, page) = (local.upload_sample("cat.webp").await, local.upload_sample("printed-page.png").await);
    let uploaded = local.completed(&cat.id).await.upload_timestamp;
    local.completed(&page.id).await;

    let index = local.tables();
    for (term, id) in [("Cat", &cat.id), ("animal", &cat.id), ("segmentation", &page.id)] {
        let query = Query::of(&[term.to_owned()]).expect("a term");
        let wanted = Search {
            owner_id: "tests",
            query: &query,
            min_confidence: 0.0,
            withheld: false,
            since: uploaded,
            until: uploaded + DAY_MILLIS,
            limit: 1000,
        };
        let rows = search(&index, &wanted).await.expect("the index can be searched");
        assert!(rows.iter().any(|row| row.image_id == *id), "{term} does not find {id}");
    }
}

/// Injected: keys with spaces, +, %, unicode, quotes and 1,000 characters.
/// Seen: each is analysed and tagged under its exact key.
#[tokio::test]
async fn row_15_every_key_is_analysed_under_its_exact_key() {
    let local = LocalStack::default_stage().await;
    let nonce = uuid::Uuid::new_v4();
    let long = "x".repeat(1000 - "raw-uploads/".len() - 41);
    let keys = ["with spaces", "a+b", "100%", "ümläut-日本語-😀", "%20 or not", "a'b\"c&d=e?f#g", long.as_str()]
        .map(|name| format!("raw-uploads/{nonce}/{name}.jpg"));
    for key in &keys {
        let photo = local.put(key, &sample("coffee.jpg")).await;
        let record = local.completed(&local.derived_id(&photo)).await;
        assert_eq!(record.s3_url, format!("s3://{}/{key}", local.stack.images_bucket));
        local.ended(&record.execution_arn).await;
        assert_eq!(local.status_tag(key).await.as_deref(), Some("analyzed"), "{key}");
    }
}

#[tokio::test]
async fn a_file_that_is_analysed_under_another_key_is_not_uploaded() {
    let local = LocalStack::default_stage().await;
    let file = tempfile::Builder::new().suffix(".jpg").tempfile().expect("a file");
    // Bytes after the image make the content unique.
    let photo = [sample("coffee.jpg"), uuid::Uuid::new_v4().into_bytes().to_vec()].concat();
    std::fs::write(file.path(), &photo).expect("it is written");
    let uploaded = local.upload(&photo, "jpg").await;
    local.completed(&uploaded.id).await;

    let lines = sightline(&local, &["upload", file.path().to_str().expect("UTF-8"), "--owner", "tests", "--output", "json"]).json();

    let seen = (&lines[0]["Upload"], &lines[0]["ImageID"], &lines[0]["Key"]);
    assert_eq!(seen, (&json!("ALREADY_THERE"), &json!(uploaded.id), &json!(uploaded.key)), "{lines}");
}
