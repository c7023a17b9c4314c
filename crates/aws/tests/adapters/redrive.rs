//! Redriving an execution, against recorded answers: the local engine has no redrive.

use crate::replay::{Replay, json_error, ok, step_functions};
use serde_json::json;
use sightline_aws::stepfunctions::Redriven;
use sightline_domain::model::error::StepError;
use sightline_tests::samples::EXECUTION;

#[tokio::test]
async fn an_execution_is_redriven_by_its_arn() {
    let replay = Replay::new([ok(json!({"redriveDate": 1_772_366_400.0}).to_string())]);

    let redriven = step_functions(&replay).await.redrive(EXECUTION).await.unwrap();

    assert_eq!(redriven, Redriven::Yes);
    assert_eq!(replay.only().json()["executionArn"], EXECUTION);
}

/// Injected: the recorded refusal ExecutionNotRedrivable.
/// Seen: the refusal is handed on with its reason.
#[tokio::test]
async fn row_31_a_refused_redrive_keeps_its_reason() {
    let replay = Replay::new([json_error(400, "ExecutionNotRedrivable")]);

    let redriven = step_functions(&replay).await.redrive(EXECUTION).await.unwrap();

    assert_eq!(redriven, Redriven::Refused("said so".to_owned()));
}

/// Injected: the answers of an engine without redrive, and of one that denies it.
/// Seen: the first is told apart; the second is Storage.Misconfigured.
#[tokio::test]
async fn row_31_an_engine_without_redrive_is_distinguished_from_a_failing_one() {
    let local = Replay::new([json_error(400, "InvalidAction")]);
    let denied = Replay::new([json_error(400, "AccessDeniedException")]);

    assert_eq!(step_functions(&local).await.redrive(EXECUTION).await.unwrap(), Redriven::Unknown);
    assert_eq!(step_functions(&denied).await.redrive(EXECUTION).await.unwrap_err().name(), "Storage.Misconfigured");
}
