//! Alerts and reviews on the strict stage: it watches cats, requests a review if the model reports a trace of nudity, and
//! withholds images with a trace of underwear. The thresholds are between the confidences of the real models for these photos.

use crate::local_stack::{LocalStack, sample, sightline, within};
use aws_sdk_sqs::types::QueueAttributeName;
use serde_json::Value;
use sightline_domain::model::{ProcessingStatus, Record, ReviewStatus, Verdict, WorkQueue};
use std::time::Duration;

/// The model reports 1.0 % "Explicit"; the stage requests a review from 0.75 %.
const REVIEWED: &str = "astronaut.jpg";
/// The model reports 0.9 % "Swimwear or Underwear" and 0.5 % "Explicit"; the stage blocks the first from 0.6 %.
const BLOCKED: &str = "camera-operator.jpg";

/// A queue with a subscription to the alerts.
struct Mailbox {
    client: aws_sdk_sqs::Client,
    url: String,
}

impl Mailbox {
    async fn subscribed(local: &LocalStack) -> Self {
        let client = aws_sdk_sqs::Client::new(local.clients.config());
        let name = format!("alerts-{}", uuid::Uuid::new_v4());
        let url = client.create_queue().queue_name(name).send().await.expect("a queue").queue_url.expect("its URL");
        let attributes = client.get_queue_attributes().queue_url(&url).attribute_names(QueueAttributeName::QueueArn).send().await;
        let arn = attributes.expect("its attributes").attributes.expect("an ARN").remove(&QueueAttributeName::QueueArn).expect("an ARN");
        let subscribe = local.clients.sns().subscribe().topic_arn(&local.stack.alerts_topic_arn).protocol("sqs").endpoint(arn);
        subscribe.send().await.expect("a subscription");
        Self { client, url }
    }

    /// Waits for an alert of a kind about an image.
    async fn alert(&self, kind: &str, image_id: &str) -> Value {
        within(Duration::from_mins(2), &format!("the alert {kind} arrives"), async || {
            let received = self.client.receive_message().queue_url(&self.url).max_number_of_messages(10).send().await.expect("messages");
            let bodies =
                received.messages.unwrap_or_default().into_iter().filter_map(|message| serde_json::from_str::<Value>(message.body()?).ok());
            bodies.into_iter().find(|body| {
                body["MessageAttributes"]["ImageID"]["Value"] == image_id && body["MessageAttributes"]["Kind"]["Value"] == kind
            })
        })
        .await
    }
}

async fn waiting_for_review(local: &LocalStack, photo: &str) -> Record {
    let upload = local.upload_sample(photo).await;
    let record = local.record_when(&upload.id, "waits for review", |record| record.review_status != ReviewStatus::None).await;
    assert_eq!((record.processing_status, record.review_status), (ProcessingStatus::Pending, ReviewStatus::Pending));
    assert_eq!(record.work_queue, Some(WorkQueue::Review));
    record
}

#[tokio::test]
async fn a_watched_label_reaches_the_subscribers_of_the_alerts() {
    let local = LocalStack::strict_stage().await;
    let mailbox = Mailbox::subscribed(&local).await;

    let cat = local.upload_sample("cat.webp").await;

    let alert = mailbox.alert("CONCERN", &cat.id).await;
    assert!(alert["MessageAttributes"]["WatchedLabels"]["Value"].as_str().is_some_and(|labels| labels.contains("\"Cat\"")), "{alert}");
    assert!(alert["Message"].as_str().is_some_and(|text| text.contains(&cat.key)), "{alert}");
}

#[tokio::test]
async fn an_approved_image_is_completed_and_shown() {
    let local = LocalStack::strict_stage().await;
    let waiting = waiting_for_review(&local, REVIEWED).await;

    sightline(&local, &["review", "approve", &waiting.image_id, "--by", "anna"]).succeeded();

    let record = local.completed(&waiting.image_id).await;
    assert_eq!((record.review_status, record.reviewed_by.as_deref()), (ReviewStatus::Approved, Some("anna")));
    assert!(!record.is_withheld() && local.has(&record.processed_key.expect("a copy")).await);
}

/// Injected: a rejection, then an approval by another reviewer.
/// Seen: the image stays rejected and withheld; the second decision is refused, with the name of the first reviewer.
#[tokio::test]
async fn row_28_a_rejecting_decision_withholds_the_image_and_a_second_one_is_refused() {
    let local = LocalStack::strict_stage().await;
    let waiting = waiting_for_review(&local, REVIEWED).await;

    sightline(&local, &["review", "reject", &waiting.image_id, "--by", "anna", "--reason", "not ours"]).succeeded();
    let second = sightline(&local, &["review", "approve", &waiting.image_id, "--by", "bert"]);

    assert!(second.code == Some(1) && second.messages.contains("anna"), "{second:?}");
    let record = local.completed(&waiting.image_id).await;
    assert_eq!((record.review_status, record.review_reason.as_deref()), (ReviewStatus::Rejected, Some("not ours")));
    assert!(record.is_withheld());
    let keys = [record.processed_key.as_deref(), record.thumbnail_key.as_deref(), record.large_thumbnail_key.as_deref()];
    for key in keys.map(Option::unwrap_or_default) {
        assert!(key.starts_with("archived/") && local.has(key).await, "{key}");
        let old_place = key.replacen("archived/", "processed/", 1);
        within(Duration::from_secs(30), "the copy leaves its old place", async || (!local.has(&old_place).await).then_some(())).await;
    }
}

/// Injected: two reviewers approve at the same time.
/// Seen: one decision is accepted; the other is refused, with the name of the first reviewer.
#[tokio::test]
async fn row_28_the_first_of_two_concurrent_reviewers_wins() {
    let local = LocalStack::strict_stage().await;
    let waiting = waiting_for_review(&local, REVIEWED).await;

    let decide = |name: &'static str| (name, sightline(&local, &["review", "approve", &waiting.image_id, "--by", name]));
    let decisions = std::thread::scope(|scope| {
        let deciding = ["anna", "bert"].map(|name| scope.spawn(move || decide(name)));
        deciding.map(|thread| thread.join().expect("the command runs"))
    });

    let (won, lost): (Vec<_>, Vec<_>) = decisions.iter().partition(|(_, run)| run.code == Some(0));
    assert_eq!((won.len(), lost.len()), (1, 1), "{decisions:?}");
    assert!(lost[0].1.messages.contains(won[0].0), "{decisions:?}");
    assert_eq!(local.completed(&waiting.image_id).await.reviewed_by.as_deref(), Some(won[0].0));
}

/// Injected: no decision within the 30 seconds of a review, then a decision.
/// Seen: COMPLETED with EXPIRED, withheld, an alert REVIEW_EXPIRED; the late decision is refused.
#[tokio::test]
async fn row_27_row_30_an_unanswered_review_expires_withheld_with_an_alert() {
    let local = LocalStack::strict_stage().await;
    let mailbox = Mailbox::subscribed(&local).await;
    let waiting = waiting_for_review(&local, REVIEWED).await;

    let record = local.completed(&waiting.image_id).await;

    assert_eq!(record.review_status, ReviewStatus::Expired);
    assert!(record.is_withheld());
    mailbox.alert("REVIEW_EXPIRED", &waiting.image_id).await;
    let late = sightline(&local, &["review", "approve", &waiting.image_id]);
    assert_eq!(late.code, Some(1), "{}", late.messages);
}

#[tokio::test]
async fn a_blocked_image_is_withheld_with_an_alert_and_no_review() {
    let local = LocalStack::strict_stage().await;
    let mailbox = Mailbox::subscribed(&local).await;

    let photo = local.upload(&sample(BLOCKED), "jpg").await;

    let record = local.completed(&photo.id).await;
    assert_eq!((record.moderation_verdict, record.review_status), (Some(Verdict::Block), ReviewStatus::None));
    assert!(record.is_withheld());
    mailbox.alert("CONCERN", &photo.id).await;
}

/// Injected: the execution of an image in review is stopped; decisions arrive before and after the failure is recorded.
/// Seen: both decisions are refused with the reason, and none is saved.
#[tokio::test]
async fn row_30_a_decision_that_no_execution_waits_for_is_refused_and_not_saved() {
    let local = LocalStack::strict_stage().await;
    let waiting = waiting_for_review(&local, REVIEWED).await;
    local.clients.sfn().stop_execution().execution_arn(&waiting.execution_arn).send().await.expect("it can be stopped");

    let at_once = sightline(&local, &["review", "approve", &waiting.image_id, "--by", "anna"]);
    let (failed, _) = local.failed(&waiting.image_id).await;
    let later = sightline(&local, &["review", "approve", &waiting.image_id, "--by", "anna"]);

    assert_eq!(failed.processing_status, ProcessingStatus::Failed);
    for refused in [at_once, later] {
        assert!(refused.code == Some(1) && refused.messages.contains("does not wait for a review"), "{refused:?}");
    }
    let record = local.record_when(&waiting.image_id, "is still there", |_| true).await;
    assert_eq!((record.review_status, record.reviewed_by), (ReviewStatus::Pending, None));
}
