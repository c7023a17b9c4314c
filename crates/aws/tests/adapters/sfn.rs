//! Step Functions: the first real cause in a history, and telling a waiting execution.

use crate::replay::{Replay, json_error, ok, step_functions};
use serde_json::{Value, json};

use sightline_domain::{
    model::{
        error::StepError,
        review::{ReviewOutcome, ReviewStatus},
    },
    ports::{Executions, FailureCause, Notified},
};
use sightline_tests::samples::EXECUTION;

/// A history as it happened; it is asked for newest first.
async fn cause_of(oldest_first: &[Value]) -> Option<FailureCause> {
    let events: Vec<Value> = oldest_first.iter().rev().cloned().collect();
    let replay = Replay::new([ok(json!({"events": events}).to_string())]);
    let cause = step_functions(&replay).await.failure_cause(EXECUTION).await.unwrap();
    let asked = replay.only().json();
    assert_eq!((&asked["executionArn"], &asked["reverseOrder"]), (&json!(EXECUTION), &json!(true)));
    cause
}

fn event(id: i64, previous: i64, kind: &str, details: &Value) -> Value {
    let mut event = json!({"id": id, "previousEventId": previous, "timestamp": 1_772_366_400.0, "type": kind});
    event.as_object_mut().unwrap().extend(details.as_object().unwrap().clone());
    event
}

fn entered(id: i64, previous: i64, kind: &str, name: &str) -> Value {
    event(id, previous, kind, &json!({"stateEnteredEventDetails": {"name": name}}))
}

fn failure(id: i64, previous: i64, kind: &str, details: &str, error: &str, cause: &str) -> Value {
    let task = if details.starts_with("task") {
        json!({"resourceType": "lambda", "resource": "invoke", "error": error, "cause": cause})
    } else {
        json!({"error": error, "cause": cause})
    };
    event(id, previous, kind, &json!({details: task}))
}

fn task_failed(id: i64, previous: i64, error: &str, cause: &str) -> Value {
    failure(id, previous, "TaskFailed", "taskFailedEventDetails", error, cause)
}

fn execution_failed(id: i64, previous: i64, error: &str, cause: &str) -> Value {
    failure(id, previous, "ExecutionFailed", "executionFailedEventDetails", error, cause)
}

fn redriven(id: i64, previous: i64) -> Value {
    event(id, previous, "ExecutionRedriven", &json!({"executionRedrivenEventDetails": {"redriveCount": 1}}))
}

#[tokio::test]
async fn a_redrive_after_the_failure_is_detected() {
    let failed = [entered(1, 0, "TaskStateEntered", "StoreRecord"), execution_failed(2, 1, "Storage.Unavailable", "down")];
    let again = [redriven(3, 2), scheduled(4, 3)];
    let well = [redriven(3, 2), event(4, 3, "ExecutionSucceeded", &json!({}))];
    let badly = [redriven(3, 2), execution_failed(4, 3, "Storage.Unavailable", "down")];
    for (since, more, was_redriven) in [(&[][..], false, false), (&again, false, true), (&well, false, true), (&badly, false, false)]
        .into_iter()
        .chain([(&again[1..], true, true)])
    {
        let events: Vec<Value> = if more { since.to_vec() } else { failed.iter().chain(since).rev().cloned().collect() };
        let token = if more { json!("there is more") } else { Value::Null };
        let replay = Replay::new([ok(json!({"events": events, "nextToken": token}).to_string())]);
        assert_eq!(step_functions(&replay).await.was_redriven(EXECUTION).await.unwrap(), was_redriven, "{events:?}");
    }
    let forgotten = Replay::new([json_error(400, "ExecutionDoesNotExist")]);
    assert!(!step_functions(&forgotten).await.was_redriven(EXECUTION).await.unwrap());
}

fn cause(state: Option<&str>, error: &str, message: &str) -> FailureCause {
    FailureCause { state: state.map(str::to_owned), error: error.to_owned(), message: message.to_owned() }
}

fn scheduled(id: i64, previous: i64) -> Value {
    event(id, previous, "TaskStarted", &json!({"taskStartedEventDetails": {"resourceType": "lambda", "resource": "invoke"}}))
}

#[tokio::test]
async fn the_cause_names_the_failed_state() {
    let history = [
        entered(1, 0, "TaskStateEntered", "StoreRecord"),
        scheduled(2, 1),
        task_failed(3, 2, "Storage.Unavailable", "c"),
        execution_failed(4, 3, "Storage.Unavailable", "c"),
    ];
    assert_eq!(cause_of(&history).await, Some(cause(Some("StoreRecord"), "Storage.Unavailable", "c")));
}

#[tokio::test]
async fn a_failure_within_nested_parallel_states_is_found_at_its_own_state() {
    let history = [
        entered(1, 0, "ParallelStateEntered", "AnalyzeImage"),
        entered(2, 1, "TaskStateEntered", "DetectLabels"),
        entered(3, 1, "TaskStateEntered", "ModerateImage"),
        scheduled(4, 2),
        event(5, 4, "TaskSucceeded", &json!({"taskSucceededEventDetails": {"resourceType": "lambda", "resource": "invoke"}})),
        entered(6, 5, "ParallelStateEntered", "FollowUps"),
        entered(7, 6, "TaskStateEntered", "AnalyzeFaces"),
        entered(8, 6, "TaskStateEntered", "DetectText"),
        scheduled(9, 7),
        scheduled(10, 8),
        task_failed(11, 9, "Recognition.Throttled", "faces"),
        event(12, 11, "ParallelStateFailed", &json!({})),
        event(13, 12, "ParallelStateFailed", &json!({})),
        execution_failed(14, 13, "Recognition.Throttled", "faces"),
    ];
    assert_eq!(cause_of(&history).await, Some(cause(Some("AnalyzeFaces"), "Recognition.Throttled", "faces")));
}

#[tokio::test]
async fn the_cause_is_the_last_attempt() {
    let history = [
        entered(1, 0, "TaskStateEntered", "DetectLabels"),
        task_failed(2, 1, "Recognition.Throttled", "first"),
        task_failed(3, 2, "Recognition.Throttled", "last"),
        execution_failed(4, 3, "Recognition.Throttled", "last"),
    ];
    assert_eq!(cause_of(&history).await, Some(cause(Some("DetectLabels"), "Recognition.Throttled", "last")));
}

#[tokio::test]
async fn a_failure_that_a_retry_repaired_is_not_the_cause() {
    let retried = [entered(1, 0, "TaskStateEntered", "DetectLabels"), task_failed(2, 1, "Recognition.Throttled", "retried well")];
    let waiting = [entered(3, 2, "TaskStateEntered", "AwaitReview"), scheduled(4, 3)];
    let aborted = failure(5, 4, "ExecutionAborted", "executionAbortedEventDetails", "Operator.Stopped", "by hand");
    let timed_out = failure(5, 4, "ExecutionTimedOut", "executionTimedOutEventDetails", "States.Timeout", "");
    let runtime = execution_failed(5, 3, "States.QueryEvaluationError", "no such field");
    for (last, error, message) in [
        (aborted, "Operator.Stopped", "by hand"),
        (timed_out, "States.Timeout", ""),
        (runtime, "States.QueryEvaluationError", "no such field"),
    ] {
        let found = cause_of(&[&retried[..], &waiting, &[last]].concat()).await.unwrap();
        assert_eq!((found.error.as_str(), found.message.as_str(), found.state.as_deref()), (error, message, Some("AwaitReview")));
    }
}

#[tokio::test]
async fn a_task_that_timed_out_or_was_not_started_is_the_cause() {
    for (kind, details) in [
        ("TaskTimedOut", "taskTimedOutEventDetails"),
        ("TaskStartFailed", "taskStartFailedEventDetails"),
        ("TaskSubmitFailed", "taskSubmitFailedEventDetails"),
    ] {
        let history = [
            entered(1, 0, "TaskStateEntered", "AwaitReview"),
            failure(2, 1, kind, details, "States.Timeout", "c"),
            event(3, 2, "TaskStateAborted", &json!({})),
            execution_failed(4, 0, "States.Timeout", "c"),
        ];
        assert_eq!(cause_of(&history).await, Some(cause(Some("AwaitReview"), "States.Timeout", "c")), "{kind}");
    }
}

#[tokio::test]
async fn the_cause_after_a_redrive_is_the_newest_failure() {
    let history = [
        entered(1, 0, "TaskStateEntered", "DetectLabels"),
        task_failed(2, 1, "Recognition.Throttled", "c"),
        execution_failed(3, 2, "Recognition.Throttled", "c"),
        event(4, 0, "ExecutionRedriven", &json!({})),
        scheduled(5, 1),
        task_failed(6, 5, "Storage.Misconfigured", "denied"),
        execution_failed(7, 6, "Storage.Misconfigured", "denied"),
    ];
    assert_eq!(cause_of(&history).await, Some(cause(Some("DetectLabels"), "Storage.Misconfigured", "denied")));
}

#[tokio::test]
async fn a_history_without_a_failure_has_no_cause() {
    assert_eq!(cause_of(&[entered(1, 0, "TaskStateEntered", "DetectLabels")]).await, None);
    assert_eq!(cause_of(&[]).await, None);
}

#[tokio::test]
async fn a_history_with_a_loop_is_read_to_its_end() {
    let history = [scheduled(1, 2), scheduled(2, 1), task_failed(3, 2, "E", "c")];
    assert_eq!(cause_of(&history).await, Some(cause(None, "E", "c")));
}

#[tokio::test]
async fn an_unreadable_history_is_a_storage_error() {
    for (code, name) in [("ThrottlingException", "Storage.Unavailable"), ("AccessDeniedException", "Storage.Misconfigured")] {
        let error = step_functions(&Replay::new([json_error(400, code)])).await.failure_cause(EXECUTION).await.unwrap_err();
        assert_eq!(error.name(), name, "{code}");
    }
}

#[tokio::test]
async fn an_unknown_execution_has_no_cause() {
    let forgotten = Replay::new([json_error(400, "ExecutionDoesNotExist")]);
    assert_eq!(step_functions(&forgotten).await.failure_cause(EXECUTION).await.unwrap(), None);
}

async fn tell(replay: &Replay) -> Result<Notified, &'static str> {
    let outcome =
        ReviewOutcome { status: ReviewStatus::Approved, reviewed_by: Some("anna".into()), reviewed_at: Some(5), review_reason: None };
    step_functions(replay).await.notify(&"token-1".into(), &outcome).await.map_err(|error| error.name())
}

#[tokio::test]
async fn a_decision_is_sent_with_the_token_and_the_attribute_names_of_the_record() {
    let replay = Replay::new([ok("{}")]);
    assert_eq!(tell(&replay).await, Ok(Notified::Yes));
    let asked = replay.only().json();
    assert_eq!(asked["taskToken"], json!("token-1"));
    let output: Value = serde_json::from_str(asked["output"].as_str().unwrap()).unwrap();
    assert_eq!(output, json!({"Status": "APPROVED", "ReviewedBy": "anna", "ReviewedAt": 5}));
}

#[tokio::test]
async fn notifying_an_execution_that_does_not_wait_is_not_an_error() {
    for code in ["TaskTimedOut", "TaskDoesNotExist", "InvalidToken"] {
        assert_eq!(tell(&Replay::new([json_error(400, code)])).await, Ok(Notified::NotWaiting), "{code}");
    }
    for (code, name) in [
        ("AccessDeniedException", "Storage.Misconfigured"),
        ("InvalidOutput", "Storage.Misconfigured"),
        ("ThrottlingException", "Storage.Unavailable"),
    ] {
        assert_eq!(tell(&Replay::new([json_error(400, code)])).await, Err(name), "{code}");
    }
}
