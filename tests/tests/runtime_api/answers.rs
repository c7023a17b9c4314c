//! Each function answers its sample event with the input of the next state.

use crate::{
    image::Image,
    local_stack::{LocalStack, sample},
};
use aws_sdk_sfn::types::StateMachineType;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use sightline_domain::model::{
    Analysis, FacesFound, ImageFormat, ImageRef, LabelsFound, ModerationFound, Outcome, ProcessingStatus, ReviewStatus, TextFound, Verdict,
    WorkQueue, layout,
};
use uuid::Uuid;

#[tokio::test]
async fn inspect_image_claims_the_record_and_makes_the_copies() {
    let local = LocalStack::default_stage().await;
    let image = Image::uploaded(&local, &sample("hopper-rotated.jpg")).await;
    let mut function = local.function("inspect-image");
    let input = image.input(&local, "inspect-image");
    let accepted: ImageRef = serde_json::from_value(function.result(&input)).unwrap();
    assert_eq!((&accepted.image_id, &accepted.key, &accepted.execution_arn), (&image.id, &image.key, &image.execution_arn));
    assert_eq!((accepted.format, accepted.owner_id.as_str()), (ImageFormat::Jpeg, "default"));
    assert!(accepted.height > accepted.width, "upright, as EXIF says");
    assert!(local.has(&accepted.processed_key).await && local.has(&accepted.thumbnail_key).await);
    let record = local.record(&image.id).await;
    assert_eq!((record.processing_status, record.work_queue), (ProcessingStatus::Pending, Some(WorkQueue::Pending)));
    assert_eq!(accepted.created.as_ref().map(|created| &created.etag), Some(&record.etag));
    // A retry recognises its own claim.
    let again: ImageRef = serde_json::from_value(function.result(&input)).unwrap();
    assert_eq!(again, ImageRef { created: None, ..accepted });
    image.clean(&local).await;
}

#[tokio::test]
async fn record_rejection_writes_the_reason_and_keeps_the_original() {
    let local = LocalStack::default_stage().await;
    let image = Image::uploaded(&local, &sample("coffee.jpg")).await;
    let mut function = local.function("record-rejection");
    let input = image.input(&local, "record-rejection");
    for _ in 0..2 {
        assert_eq!(function.result(&input), json!(image.id));
        let record = local.record(&image.id).await;
        assert_eq!((record.processing_status, record.status_reason.as_deref()), (ProcessingStatus::Failed, Some("TOO_SMALL")));
        assert_eq!(record.status_detail.as_deref(), Some("79×400 px; both sides need at least 80 px"));
    }
    assert!(local.has(&layout::rejected_original(&image.id)).await);
    image.clean(&local).await;
}

/// Runs the analysis, and retries it; the retry must read the stored answer instead of a paid call.
async fn analysed_once<T: DeserializeOwned>(function: &str, sample: &str, analysis: Analysis) -> T {
    let local = LocalStack::default_stage().await;
    let image = Image::processed(&local, sample).await;
    let mut running = local.function(function);
    let mut input = image.input(&local, function);
    let first = running.result(&input);
    assert!(local.has(&layout::result(&image.id, analysis)).await, "the whole answer is kept");
    input["EarlierAttempts"] = json!(1);
    assert_eq!(running.result(&input), first);
    assert_eq!(local.recognition.calls(&image.id).await[analysis.operation()]["answered"], 1);
    let result_key = layout::result(&image.id, analysis);
    assert_eq!(serde_json::from_value::<Outcome>(first.clone()).unwrap(), Outcome::Done { result_key });
    image.clean(&local).await;
    serde_json::from_value(first).unwrap()
}

#[tokio::test]
async fn detect_labels_names_the_cup_and_sees_no_person() {
    let found: LabelsFound = analysed_once("detect-labels", "coffee.jpg", Analysis::Labels).await;
    assert!(found.labels.iter().any(|label| label.name == "cup"), "{:?}", found.labels);
    assert!(!found.person.found && found.watched.is_empty());
}

#[tokio::test]
async fn analyze_faces_describes_the_face() {
    let found: FacesFound = analysed_once("analyze-faces", "astronaut.jpg", Analysis::Faces).await;
    assert_eq!(found.face_data.len(), 1);
    assert!(found.face_data[0].age_range.is_some() && !found.face_data[0].emotions.is_empty());
}

#[tokio::test]
async fn detect_text_reads_lines() {
    let found: TextFound = analysed_once("detect-text", "printed-page.png", Analysis::Text).await;
    assert!(found.text_lines.len() >= 3);
}

#[tokio::test]
async fn moderate_image_clears_a_harmless_photo() {
    let found: ModerationFound = analysed_once("moderate-image", "rocket.jpg", Analysis::Moderation).await;
    assert_eq!(found.verdict, Verdict::Clear);
}

#[tokio::test]
async fn send_alert_publishes_each_kind_once() {
    let local = LocalStack::default_stage().await;
    let image = Image::fresh();
    let mut function = local.function("send-alert");
    let mut input = image.input(&local, "send-alert");
    let first = function.result(&input);
    assert!(first["MessageId"].as_str().is_some_and(|id| !id.is_empty()), "{first}");
    assert_eq!(function.result(&input), first);
    input["Kind"] = json!("REVIEW_EXPIRED");
    assert_ne!(function.result(&input)["MessageId"], first["MessageId"]);
    image.clean(&local).await;
}

#[tokio::test]
async fn request_review_puts_the_image_into_the_queue_and_keeps_its_token() {
    let local = LocalStack::default_stage().await;
    let image = Image::claimed(&local).await;
    let mut function = local.function("request-review");
    let input = image.input(&local, "request-review");
    assert_eq!(function.result(&input), Value::Null);
    let record = local.record(&image.id).await;
    assert_eq!((record.processing_status, record.review_status), (ProcessingStatus::Pending, ReviewStatus::Pending));
    assert_eq!(record.work_queue, Some(WorkQueue::Review));
    assert!(record.review_deadline.is_some());
    assert_eq!(local.items(&image.id).await[0]["ReviewToken"].as_s().unwrap(), input["TaskToken"].as_str().unwrap());
    image.clean(&local).await;
}

#[tokio::test]
async fn record_failure_writes_the_first_cause() {
    // The history is from a real execution of another state machine, which the deployed rule ignores.
    let local = LocalStack::default_stage().await;
    let (sfn, mut image) = (local.clients.sfn(), Image::fresh());
    let fails = json!({ "StartAt": "Failing", "States": { "Failing": { "Type": "Fail", "Error": "Storage.Unavailable", "Cause": "it was down" } } });
    let made = sfn
        .create_state_machine()
        .name(format!("tests-{}", Uuid::new_v4()))
        .definition(fails.to_string())
        .role_arn("arn:aws:iam::000000000000:role/none")
        .r#type(StateMachineType::Standard);
    let machine = made.send().await.unwrap().state_machine_arn;
    image.execution_arn = sfn.start_execution().state_machine_arn(&machine).send().await.unwrap().execution_arn;
    while sfn.describe_execution().execution_arn(&image.execution_arn).send().await.unwrap().status.as_str() == "RUNNING" {
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    let mut function = local.function("record-failure");
    let input = image.input(&local, "record-failure");
    let id = function.result(&input).as_str().unwrap().to_owned();
    let record = local.record(&id).await;
    assert_eq!((record.processing_status, record.work_queue), (ProcessingStatus::Failed, Some(WorkQueue::Failed)));
    assert_eq!(record.status_reason.as_deref(), Some("Storage.Unavailable"));
    assert!(record.status_detail.is_some_and(|detail| detail.contains("it was down")));
    assert_eq!(function.result(&input), json!(id), "message twice, it writes the same");
    sfn.delete_state_machine().state_machine_arn(machine).send().await.unwrap();
    image.id = id;
    image.clean(&local).await;
}
