//! What the clients count of their calls.

use crate::{
    rekognition::documented,
    replay::{Answer, Replay, json_error, ok, xml_error},
};
use sightline_aws::{clients::Clients, rekognition::Rekognition, s3::S3};
use sightline_domain::model::analysis::{Analysis, Question};
use sightline_domain::{
    model::{identity::ObjectRef, meter::Calls},
    ports::{ImageAnalyzer, Objects},
};
use std::time::Duration;

const IMAGE: ObjectRef<'static> = ObjectRef { bucket: "images", key: "processed/id/image.jpg", version_id: None };

/// What is counted of one `DetectLabels` under these answers.
async fn counted(answers: impl IntoIterator<Item = Answer>) -> Calls {
    let clients = Clients::from(Replay::new(answers).config().await);
    let _ = Rekognition::new(clients.rekognition()).analyze(Analysis::Labels, &Question::LABELS, IMAGE).await;
    clients.meter().take()
}

fn figures(calls: Calls) -> (u64, u64, u64) {
    (calls.calls, calls.retries, calls.throttles)
}

#[tokio::test]
async fn a_call_without_retries_counts_once() {
    let calls = counted([ok(documented("DetectLabels"))]).await;
    assert_eq!(figures(calls), (1, 0, 0));
    assert!(calls.time > Duration::ZERO);
}

/// Injected: recorded throttles, a 500 and a broken connection, each before an answer, and throttles to every try.
/// Seen: one call with its retries and throttles counted apart, which the function's metrics name.
#[tokio::test]
async fn row_16_retries_and_throttles_are_counted_separately() {
    let (slow, down) = (json_error(400, "ThrottlingException"), json_error(500, "InternalServerError"));
    let answer = || ok(documented("DetectLabels"));
    assert_eq!(figures(counted([slow.clone(), slow.clone(), slow.clone(), answer()]).await), (1, 3, 3));
    assert_eq!(figures(counted([down, answer()]).await), (1, 1, 0));
    assert_eq!(figures(counted([Answer::Broken, answer()]).await), (1, 1, 0));
    assert_eq!(figures(counted([slow]).await), (1, 4, 5), "until all tries are used up");
}

#[tokio::test]
async fn all_clients_share_one_meter() {
    let clients = Clients::from(Replay::new([xml_error(503, "SlowDown"), xml_error(404, "NoSuchKey")]).config().await);
    let objects = S3::new(clients.s3());
    assert!(objects.read(ObjectRef::current("images", "results/id/labels.json")).await.unwrap().is_none());
    let _ = Rekognition::new(clients.rekognition()).analyze(Analysis::Labels, &Question::LABELS, IMAGE).await;
    assert_eq!(figures(clients.meter().take()), (2, 1, 1));
    assert_eq!(clients.meter().take(), Calls::default());
}

#[tokio::test]
async fn the_time_of_a_cancelled_call_is_counted() {
    let clients = Clients::from(Replay::new([Answer::Silence]).config().await.into_builder().timeout_config(no_timeouts()).build());
    let rekognition = Rekognition::new(clients.rekognition());
    let limit = Duration::from_millis(30);
    assert!(tokio::time::timeout(limit, rekognition.analyze(Analysis::Labels, &Question::LABELS, IMAGE)).await.is_err(), "it never ends");
    let calls = clients.meter().take();
    // The call begins a little after the clock of the limit.
    assert!(calls.time >= limit / 2 && calls.calls == 1, "{calls:?}");
}

fn no_timeouts() -> aws_config::timeout::TimeoutConfig {
    aws_config::timeout::TimeoutConfig::disabled()
}
