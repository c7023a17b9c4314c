//! The clients: retries within a call, timeouts, and what they count (fault matrix, rows 16 to 18).

use crate::{
    rekognition::{IMAGE, OPERATIONS, call, documented},
    replay::{Answer, Replay, json_error, ok, xml_error},
};
use aws_config::timeout::TimeoutConfig;
use sightline_aws::{Clients, Rekognition, S3, Target};
use sightline_domain::{
    model::{Analysis, Calls, ObjectRef, Question, StepError},
    ports::{ImageAnalyzer, Objects},
};
use std::time::Duration;

/// Injected: three recorded throttles of either name, then an answer, for each operation.
/// Seen: the answer, after four calls within one task.
#[tokio::test]
async fn row_16_three_throttles_are_retried_within_the_task() {
    for operation in OPERATIONS {
        for code in ["ThrottlingException", "ProvisionedThroughputExceededException"] {
            let replay = Replay::new([json_error(400, code), json_error(400, code), json_error(400, code), ok(documented(operation))]);
            assert!(call(&replay, operation).await.unwrap() == documented(operation), "{operation}, {code}");
            assert_eq!(replay.requests().len(), 4, "{operation}, {code}");
        }
    }
}

/// Injected: a recorded 500, a 503, a broken connection or a timeout, then an answer.
/// Seen: the answer, after two calls.
#[tokio::test]
async fn row_17_row_18_every_transient_failure_is_retried() {
    for passing in [json_error(500, "InternalServerError"), Answer::Http(503, vec![], vec![]), Answer::Broken, Answer::Silence] {
        let case = format!("{passing:?}");
        let replay = Replay::new([passing, ok(documented("DetectText"))]);
        assert!(call(&replay, "DetectText").await.is_ok(), "{case}");
        assert_eq!(replay.requests().len(), 2, "{case}");
    }
}

/// Injected: nothing but throttles, 500s or broken connections.
/// Seen: Recognition.Throttled or Recognition.Unavailable after five calls.
#[tokio::test]
async fn row_17_row_18_five_failed_attempts_end_the_call_with_our_error_name() {
    for (answer, name) in [
        (json_error(400, "ThrottlingException"), "Recognition.Throttled"),
        (json_error(500, "InternalServerError"), "Recognition.Unavailable"),
        (Answer::Broken, "Recognition.Unavailable"),
    ] {
        let replay = Replay::new([answer]);
        assert_eq!(call(&replay, "DetectLabels").await.unwrap_err().name(), name);
        assert_eq!(replay.requests().len(), 5, "{name}");
    }
}

/// Injected: only throttles, for a hundred consecutive calls of one process.
/// Seen: each call makes five attempts, and the next one still has its retries.
#[tokio::test]
async fn row_17_a_warm_function_keeps_its_retries_after_long_throttling() {
    let replay = Replay::new([json_error(400, "ThrottlingException")]);
    for task in 1..=100 {
        assert_eq!(call(&replay, "DetectLabels").await.unwrap_err().name(), "Recognition.Throttled");
        assert_eq!(replay.requests().len(), task * 5);
    }
    let throttled = json_error(400, "ThrottlingException");
    let replay = Replay::new([throttled.clone(), throttled.clone(), throttled, ok(documented("DetectLabels"))]);
    assert!(call(&replay, "DetectLabels").await.is_ok());
}

#[tokio::test]
async fn the_waits_between_attempts_fit_into_the_function_timeout() {
    let replay = Replay::new([json_error(400, "ThrottlingException")]);
    call(&replay, "DetectLabels").await.unwrap_err();
    let waited: Duration = replay.waits().iter().sum();
    println!("waits: {:?}", replay.waits());
    assert!(replay.waits().len() >= 4 && waited < Duration::from_secs(50), "{:?}", replay.waits());
}

/// Injected: nothing; the timeouts of the SDK clients are read.
/// Seen: the attempt timeout is below the operation timeout, which is below the function timeout of a minute.
#[tokio::test]
async fn row_18_sdk_timeouts_end_before_the_function_timeout() {
    let clients = Clients::load(Target { region: Some("eu-west-1".into()), ..Target::default() }).await;
    let timeouts = clients.config().timeout_config().unwrap();
    let (attempt, operation) = (timeouts.operation_attempt_timeout().unwrap(), timeouts.operation_timeout().unwrap());
    assert!(attempt < operation && operation < Duration::from_mins(1), "{attempt:?} {operation:?}");
    assert!(timeouts.connect_timeout().unwrap() < attempt);
}

/// The counts of one `DetectLabels` call with these responses.
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

/// Injected: recorded throttles, a 500 and a broken connection, each before an answer, and throttles to every attempt.
/// Seen: one call, with its retries and throttles counted separately.
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
    let clients =
        Clients::from(Replay::new([Answer::Silence]).config().await.into_builder().timeout_config(TimeoutConfig::disabled()).build());
    let rekognition = Rekognition::new(clients.rekognition());
    let limit = Duration::from_millis(30);
    assert!(tokio::time::timeout(limit, rekognition.analyze(Analysis::Labels, &Question::LABELS, IMAGE)).await.is_err(), "it never ends");
    let calls = clients.meter().take();
    // The call begins a little after the timer.
    assert!(calls.time >= limit / 2 && calls.calls == 1, "{calls:?}");
}
