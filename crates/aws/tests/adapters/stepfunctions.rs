//! Step Functions: executions, the causes in their histories, redrives, notifications and bulk imports (fault matrix, rows 31 and 33).

use crate::{
    replay::{Answer, Replay, Request, json_error, ok, step_functions},
    s3::import_source::photo,
};
use serde_json::{Value, json};
use sightline_aws::stepfunctions::{BulkImports, MapRun, Started};
use sightline_domain::{
    model::{
        error::StepError,
        review::{ReviewOutcome, ReviewStatus},
    },
    ports::{ExecutionOperations, ExecutionQuery, ExecutionState, Executions, FailureCause, Notified, Redriven, Stopped},
};
use sightline_tests::samples::EXECUTION;

async fn state(status: &str) -> ExecutionState {
    let described = json!({"executionArn": EXECUTION, "stateMachineArn": "m", "name": "n", "status": status, "startDate": 1.0,
        "stopDate": 2.5, "input": "{}", "error": "E", "cause": "c"});
    step_functions(&Replay::new([ok(described.to_string())])).await.find(EXECUTION).await.unwrap().unwrap().state
}

#[tokio::test]
async fn an_execution_is_running_ended_or_unknown() {
    for status in ["RUNNING", "PENDING_REDRIVE", "NEVER_HEARD_OF"] {
        assert_eq!(state(status).await, ExecutionState::Running, "{status}");
    }
    assert_eq!(state("SUCCEEDED").await, ExecutionState::Succeeded { stopped_at: Some(2500) });
    for status in ["FAILED", "TIMED_OUT", "ABORTED"] {
        let failed =
            ExecutionState::Failed { status: status.into(), error: Some("E".into()), cause: Some("c".into()), stopped_at: Some(2500) };
        assert_eq!(state(status).await, failed);
    }
    let find = |code| async move {
        step_functions(&Replay::new([json_error(400, code)])).await.find(EXECUTION).await.map_err(|error| error.name())
    };
    assert_eq!(find("ExecutionDoesNotExist").await, Ok(None));
    // A denied call must not count as a lost execution.
    assert_eq!(find("AccessDeniedException").await, Err("Storage.Misconfigured"));
}

#[tokio::test]
async fn executions_are_started_through_the_live_alias() {
    let replay = Replay::new([ok(json!({"executionArn": "new", "startDate": 1.0}).to_string())]);
    assert_eq!(step_functions(&replay).await.start("{}").await.unwrap(), "new");
    assert_eq!(replay.only().json()["stateMachineArn"], "arn:aws:states:eu-west-1:123456789012:stateMachine:image-analysis:live");
}

async fn stop(answers: impl IntoIterator<Item = Answer>) -> (Result<Stopped, &'static str>, Vec<Value>) {
    let replay = Replay::new(answers);
    let workflow = step_functions(&replay).await;
    let stopped = workflow.stop(EXECUTION).await.map_err(|error| error.name());
    (stopped, replay.requests().iter().map(Request::json).collect())
}

fn execution(status: &str) -> Answer {
    ok(json!({"executionArn": EXECUTION, "stateMachineArn": "m", "status": status, "startDate": 1_772_366_400.0}).to_string())
}

#[tokio::test]
async fn a_running_execution_is_stopped_with_a_reason() {
    let (stopped, sent) = stop([execution("RUNNING"), ok(json!({"stopDate": 1_772_366_400.0}).to_string())]).await;
    assert_eq!(stopped, Ok(Stopped::Stopped));
    assert_eq!((&sent[1]["executionArn"], &sent[1]["error"]), (&json!(EXECUTION), &json!("Image.Erased")));
}

#[tokio::test]
async fn an_ended_or_unknown_execution_is_not_stopped() {
    for status in ["SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED"] {
        assert_eq!(stop([execution(status)]).await.0, Ok(Stopped::NotRunning), "{status}");
    }
    assert_eq!(stop([json_error(400, "ExecutionDoesNotExist")]).await.0, Ok(Stopped::NotRunning));
    for ended in ["ExecutionDoesNotExist", "ValidationException"] {
        assert_eq!(stop([execution("RUNNING"), json_error(400, ended)]).await.0, Ok(Stopped::NotRunning), "{ended}");
    }
    assert_eq!(stop([json_error(400, "AccessDeniedException")]).await.0, Err("Storage.Misconfigured"));
    assert_eq!(stop([execution("RUNNING"), json_error(400, "AccessDeniedException")]).await.0, Err("Storage.Misconfigured"));
}

/// The cause in a history that is given in order; Step Functions returns the newest event first.
async fn cause_of(oldest_first: &[Value]) -> Option<FailureCause> {
    let events: Vec<Value> = oldest_first.iter().rev().cloned().collect();
    let replay = Replay::new([ok(json!({"events": events}).to_string())]);
    let cause = step_functions(&replay).await.failure_cause(EXECUTION).await.unwrap();
    let sent = replay.only().json();
    assert_eq!((&sent["executionArn"], &sent["reverseOrder"]), (&json!(EXECUTION), &json!(true)));
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

async fn notify(replay: &Replay) -> Result<Notified, &'static str> {
    let outcome =
        ReviewOutcome { status: ReviewStatus::Approved, reviewed_by: Some("anna".into()), reviewed_at: Some(5), review_reason: None };
    step_functions(replay).await.notify(&"token-1".into(), &outcome).await.map_err(|error| error.name())
}

#[tokio::test]
async fn a_decision_is_sent_with_the_token_and_the_attribute_names_of_the_record() {
    let replay = Replay::new([ok("{}")]);
    assert_eq!(notify(&replay).await, Ok(Notified::Yes));
    let sent = replay.only().json();
    assert_eq!(sent["taskToken"], json!("token-1"));
    let output: Value = serde_json::from_str(sent["output"].as_str().unwrap()).unwrap();
    assert_eq!(output, json!({"Status": "APPROVED", "ReviewedBy": "anna", "ReviewedAt": 5}));
}

#[tokio::test]
async fn notifying_an_execution_that_does_not_wait_is_not_an_error() {
    for code in ["TaskTimedOut", "TaskDoesNotExist", "InvalidToken"] {
        assert_eq!(notify(&Replay::new([json_error(400, code)])).await, Ok(Notified::NotWaiting), "{code}");
    }
    for (code, name) in [
        ("AccessDeniedException", "Storage.Misconfigured"),
        ("InvalidOutput", "Storage.Misconfigured"),
        ("ThrottlingException", "Storage.Unavailable"),
    ] {
        assert_eq!(notify(&Replay::new([json_error(400, code)])).await, Err(name), "{code}");
    }
}

#[tokio::test]
async fn an_execution_is_redriven_by_its_arn() {
    let replay = Replay::new([ok(json!({"redriveDate": 1_772_366_400.0}).to_string())]);

    let redriven = step_functions(&replay).await.redrive(EXECUTION).await.unwrap();

    assert_eq!(redriven, Redriven::Yes);
    assert_eq!(replay.only().json()["executionArn"], EXECUTION);
}

/// Injected: the recorded refusal ExecutionNotRedrivable.
/// Seen: the refusal is returned with its reason.
#[tokio::test]
async fn row_31_a_refused_redrive_keeps_its_reason() {
    let replay = Replay::new([json_error(400, "ExecutionNotRedrivable")]);

    let redriven = step_functions(&replay).await.redrive(EXECUTION).await.unwrap();

    assert_eq!(redriven, Redriven::Refused("the reason".to_owned()));
}

/// Injected: the responses of an engine without redrive, and of one that denies it.
/// Seen: the first is `Unknown`; the second is Storage.Misconfigured.
#[tokio::test]
async fn row_31_an_engine_without_redrive_is_distinguished_from_a_failing_one() {
    let local = Replay::new([json_error(400, "InvalidAction")]);
    let denied = Replay::new([json_error(400, "AccessDeniedException")]);

    assert_eq!(step_functions(&local).await.redrive(EXECUTION).await.unwrap(), Redriven::Unknown);
    assert_eq!(step_functions(&denied).await.redrive(EXECUTION).await.unwrap_err().name(), "Storage.Misconfigured");
}

const MACHINE: &str = "arn:aws:states:eu-west-1:123456789012:stateMachine:bulk-import";

async fn imports(replay: &Replay) -> BulkImports {
    BulkImports::new(aws_sdk_sfn::Client::new(&replay.config().await), MACHINE)
}

#[tokio::test]
async fn an_import_is_started_by_name_and_a_taken_name_is_reported() {
    let replay = Replay::new([ok(json!({"executionArn": "arn", "startDate": 1.0}).to_string())]);
    assert_eq!(imports(&replay).await.start("import-1", "{}").await.unwrap(), Started::Yes("arn".into()));
    let sent = replay.only().json();
    assert_eq!((&sent["name"], &sent["stateMachineArn"]), (&json!("import-1"), &json!(MACHINE)));

    let taken = Replay::new([json_error(400, "ExecutionAlreadyExists")]);
    assert_eq!(imports(&taken).await.start("import-1", "{}").await.unwrap(), Started::NameTaken);
}

#[tokio::test]
async fn the_maximum_concurrency_is_read_from_the_definition() {
    let definition = json!({"States": {"ImportImages": {"Type": "Map", "MaxConcurrency": 12}}}).to_string();
    let described =
        json!({"stateMachineArn": MACHINE, "name": "n", "definition": definition, "roleArn": "r", "type": "STANDARD", "creationDate": 1.0});
    let replay = Replay::new([ok(described.to_string())]);
    assert_eq!(imports(&replay).await.max_concurrency().await.unwrap(), Some(12));
}

#[tokio::test]
async fn a_map_run_is_counted_and_its_concurrency_limited() {
    let counts =
        json!({"pending": 5, "running": 2, "succeeded": 7, "failed": 1, "timedOut": 1, "aborted": 1, "total": 17, "resultsWritten": 0});
    let listed = json!({"mapRuns": [{"executionArn": "e", "mapRunArn": "m", "stateMachineArn": MACHINE, "startDate": 1.0}]});
    let described = json!({"mapRunArn": "m", "executionArn": "e", "status": "RUNNING", "startDate": 1.0, "maxConcurrency": 20,
        "toleratedFailurePercentage": 5.0, "toleratedFailureCount": 0, "itemCounts": counts, "executionCounts": counts});
    let replay = Replay::new([ok(listed.to_string()), ok(described.to_string()), ok("{}")]);
    let imports = imports(&replay).await;

    let run = imports.map_run("e").await.unwrap();

    assert_eq!(run, Some(MapRun { arn: "m".into(), total: 17, pending: 5, running: 2, succeeded: 7, failed: 3 }));
    imports.set_max_concurrency("m", 4).await.unwrap();
    assert_eq!(replay.requests().last().unwrap().json(), json!({"mapRunArn": "m", "maxConcurrency": 4}));
    let none = Replay::new([ok(json!({"mapRuns": []}).to_string())]);
    assert_eq!(self::imports(&none).await.map_run("e").await.unwrap(), None);
}

#[tokio::test]
async fn failed_items_are_listed_with_object_and_reason() {
    let child = json!({"executionArn": "c", "stateMachineArn": MACHINE, "name": "c", "status": "FAILED", "startDate": 1.0});
    let input =
        json!({"Bucket": "photos", "Key": "2019/a%20b%2B%C3%BC.jpg", "VersionId": "v1", "ETag": "e1", "OwnerID": "anna"}).to_string();
    let detail = json!({"executionArn": "c", "stateMachineArn": MACHINE, "name": "c", "status": "FAILED", "startDate": 1.0, "input": input,
        "error": "Import.SourceMissing", "cause": "{\"errorMessage\": \"gone\"}"});
    let none = json!({"executions": []}).to_string();
    let replay = Replay::new([ok(json!({"executions": [child]}).to_string()), ok(detail.to_string()), ok(none.clone()), ok(none)]);

    let failures = imports(&replay).await.failures("m", 10).await.unwrap();

    assert_eq!(failures.len(), 1);
    assert_eq!((&failures[0].object, failures[0].error.as_str()), (&photo(), "Import.SourceMissing"));
    let sent = replay.requests()[0].json();
    assert_eq!(sent, json!({"mapRunArn": "m", "statusFilter": "FAILED"}));
}

#[tokio::test]
async fn a_page_of_executions_ends_at_the_earliest_time_that_is_asked_for() {
    let item = |name: &str, started: f64| json!({"executionArn": name, "stateMachineArn": "m", "name": name, "status": "FAILED", "startDate": started});
    let page = |items: &[Value]| ok(json!({"executions": items, "nextToken": "more"}).to_string());
    let replay = Replay::new([page(&[item("b", 20.0), item("a", 10.0)]), page(&[item("b", 20.0), item("a", 10.0)])]);
    let executions = step_functions(&replay).await;
    let query = ExecutionQuery { status: Some("FAILED"), since: 0, limit: 2, token: Some("token") };
    let all = executions.page(&query).await.unwrap();
    assert_eq!((all.items.len(), all.next.as_deref()), (2, Some("more")));
    let recent = executions.page(&ExecutionQuery { since: 15_000, ..query }).await.unwrap();
    assert_eq!((recent.items.iter().map(|item| item.name.as_str()).collect::<Vec<_>>(), recent.next), (vec!["b"], None));
    let sent = replay.requests()[0].json();
    assert_eq!((&sent["statusFilter"], &sent["maxResults"], &sent["nextToken"]), (&json!("FAILED"), &json!(2), &json!("token")));
}

#[tokio::test]
async fn a_history_is_read_up_to_its_limit() {
    let page = |first: i64, next: Option<&str>| {
        let event = |id: i64| json!({"id": id, "previousEventId": id - 1, "timestamp": 1.0, "type": "ExecutionStarted"});
        ok(json!({"events": [event(first), event(first + 1)], "nextToken": next}).to_string())
    };
    let replay = Replay::new([page(1, Some("more")), page(3, Some("still more"))]);
    let events = step_functions(&replay).await.history(EXECUTION, 3).await.unwrap();
    assert_eq!(events.iter().map(|event| event.id).collect::<Vec<_>>(), [1, 2, 3]);
    assert_eq!(replay.requests()[1].json()["nextToken"], "more");
}
