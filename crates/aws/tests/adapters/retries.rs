//! Retries within the task (fault matrix, rows 16 to 18).

use crate::{
    rekognition::{ask, documented},
    replay::{Answer, Replay, json_error, ok},
};
use sightline_aws::clients::{Clients, Target};
use sightline_domain::model::error::StepError;
use std::time::Duration;

const OPERATIONS: [&str; 4] = ["DetectLabels", "DetectFaces", "DetectText", "DetectModerationLabels"];

/// Injected: three recorded throttles of either name, then an answer, for each operation.
/// Seen: the answer, after four calls within one task.
#[tokio::test]
async fn row_16_three_throttles_are_retried_within_the_task() {
    for operation in OPERATIONS {
        for code in ["ThrottlingException", "ProvisionedThroughputExceededException"] {
            let replay = Replay::new([json_error(400, code), json_error(400, code), json_error(400, code), ok(documented(operation))]);
            assert!(ask(&replay, operation).await.unwrap() == documented(operation), "{operation}, {code}");
            assert_eq!(replay.asked().len(), 4, "{operation}, {code}");
        }
    }
}

/// Injected: a recorded 500, a 503, a broken connection or silence, then an answer.
/// Seen: the answer, after two calls.
#[tokio::test]
async fn row_17_row_18_every_transient_failure_is_retried() {
    for passing in [json_error(500, "InternalServerError"), Answer::Http(503, vec![], vec![]), Answer::Broken, Answer::Silence] {
        let case = format!("{passing:?}");
        let replay = Replay::new([passing, ok(documented("DetectText"))]);
        assert!(ask(&replay, "DetectText").await.is_ok(), "{case}");
        assert_eq!(replay.asked().len(), 2, "{case}");
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
        assert_eq!(ask(&replay, "DetectLabels").await.unwrap_err().name(), name);
        assert_eq!(replay.asked().len(), 5, "{name}");
    }
}

/// Injected: a hundred tasks of one process, one after the other, meet nothing but throttles.
/// Seen: each of them asks five times, as does the next one, which is answered.
#[tokio::test]
async fn row_17_a_warm_function_keeps_its_retries_after_long_throttling() {
    let replay = Replay::new([json_error(400, "ThrottlingException")]);
    for task in 1..=100 {
        assert_eq!(ask(&replay, "DetectLabels").await.unwrap_err().name(), "Recognition.Throttled");
        assert_eq!(replay.asked().len(), task * 5);
    }
    let throttled = json_error(400, "ThrottlingException");
    let replay = Replay::new([throttled.clone(), throttled.clone(), throttled, ok(documented("DetectLabels"))]);
    assert!(ask(&replay, "DetectLabels").await.is_ok());
}

#[tokio::test]
async fn the_waits_between_attempts_fit_into_the_function_timeout() {
    let replay = Replay::new([json_error(400, "ThrottlingException")]);
    ask(&replay, "DetectLabels").await.unwrap_err();
    let waited: Duration = replay.waits().iter().sum();
    println!("waits: {:?}", replay.waits());
    assert!(replay.waits().len() >= 4 && waited < Duration::from_secs(50), "{:?}", replay.waits());
}

/// Injected: the time limits of the SDK's clients, read.
/// Seen: an attempt ends before the operation, and the operation before the function's minute.
#[tokio::test]
async fn row_18_sdk_timeouts_end_before_the_function_timeout() {
    let clients = Clients::load(Target { region: Some("eu-west-1".into()), ..Target::default() }).await;
    let timeouts = clients.config().timeout_config().unwrap();
    let (attempt, operation) = (timeouts.operation_attempt_timeout().unwrap(), timeouts.operation_timeout().unwrap());
    assert!(attempt < operation && operation < Duration::from_mins(1), "{attempt:?} {operation:?}");
    assert!(timeouts.connect_timeout().unwrap() < attempt);
}
