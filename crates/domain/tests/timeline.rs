//! The states of an execution, from its history and its record.

#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::unwrap_used, reason = "tests fail by panicking")]

use serde_json::{Value, json};
use sightline_domain::{
    model::{execution::Event, record::Record},
    rules::timeline::{add_analyses, steps, stop_running},
};

/// A record with these `analyses`.
fn record(analyses: &Value) -> Record {
    let whole = json!({"ImageID": "an-id", "UploadTimestamp": 1, "ProcessingStatus": "COMPLETED", "Analyses": analyses,
        "S3_URL": "s3://images/raw-uploads/default/x.jpg", "SchemaVersion": 1});
    serde_json::from_value(whole).unwrap()
}

fn event(id: i64, previous: i64, kind: &str, state: &str) -> Event {
    let state = (!state.is_empty()).then(|| state.to_owned());
    Event { id, previous, at: id * 100, kind: kind.into(), state, ..Event::default() }
}

fn failing(id: i64, previous: i64, kind: &str, error: &str) -> Event {
    Event { error: Some(error.into()), cause: Some("because".into()), ..event(id, previous, kind, "") }
}

#[test]
fn events_of_parallel_branches_belong_to_their_own_states() {
    let events = [
        event(1, 0, "ExecutionStarted", ""),
        event(2, 1, "ParallelStateEntered", "AnalyzeImage"),
        event(3, 2, "ParallelStateStarted", ""),
        event(4, 3, "TaskStateEntered", "DetectLabels"),
        event(5, 3, "TaskStateEntered", "ModerateImage"),
        event(6, 4, "TaskScheduled", ""),
        event(7, 5, "TaskScheduled", ""),
        failing(8, 7, "TaskFailed", "Recognition.Unavailable"),
        event(9, 6, "TaskSucceeded", ""),
        event(10, 9, "TaskStateExited", "DetectLabels"),
        event(11, 8, "TaskScheduled", ""),
        event(12, 11, "TaskSucceeded", ""),
        event(13, 12, "TaskStateExited", "ModerateImage"),
    ];
    let steps = steps(&events);
    let outcomes: Vec<_> = steps.iter().map(|step| (step.state.as_str(), step.outcome.as_str(), step.retries)).collect();
    assert_eq!(outcomes, [("AnalyzeImage", "RUNNING", 0), ("DetectLabels", "SUCCEEDED", 0), ("ModerateImage", "SUCCEEDED", 1)]);
    assert_eq!(steps[2].error.as_deref(), Some("Recognition.Unavailable"));
}

#[test]
fn a_failed_execution_ends_in_the_failed_state() {
    let events = [
        event(1, 0, "ExecutionStarted", ""),
        event(2, 1, "TaskStateEntered", "InspectImage"),
        event(3, 2, "TaskScheduled", ""),
        failing(4, 3, "TaskFailed", "Storage.Misconfigured"),
        failing(5, 4, "ExecutionFailed", "Storage.Misconfigured"),
    ];
    let steps = steps(&events);
    assert_eq!((steps.len(), steps[0].outcome.as_str(), steps[0].left_at), (1, "FAILED", Some(500)));
    assert_eq!(steps[0].cause.as_deref(), Some("because"));
}

#[test]
fn analyses_missing_in_the_history_come_from_the_record() {
    let mut steps = steps(&[
        event(1, 0, "TaskStateEntered", "InspectImage"),
        event(2, 1, "TaskStateExited", "InspectImage"),
        event(3, 2, "ParallelStateEntered", "AnalyzeImage"),
        event(4, 3, "ParallelStateExited", "AnalyzeImage"),
        event(5, 4, "TaskStateEntered", "StoreRecord"),
    ]);
    let analyses = json!({"Labels": {"Status": "DONE", "ResultKey": "l"}, "Faces": {"Status": "SKIPPED", "Reason": "no person"}});
    assert_eq!(add_analyses(&mut steps, &record(&analyses)), 2);
    let states: Vec<_> = steps.iter().map(|step| step.state.as_str()).collect();
    assert_eq!(states, ["InspectImage", "AnalyzeImage", "DetectLabels", "AnalyzeFaces", "StoreRecord"]);
    assert!(steps[2].input.as_ref().is_some_and(|input| input.image_id.is_some()), "the input of the analysis");
    assert_eq!((steps[3].outcome.as_str(), steps[3].note.as_deref()), ("SKIPPED", Some("no person")));
}

#[test]
fn a_state_shows_its_input_without_the_task_token() {
    let input = Some(r#"{"ImageID":"an-id","Key":"raw-uploads/a.jpg","Size":1,"TaskToken":"secret"}"#.to_owned());
    let steps = steps(&[Event { input, ..event(1, 0, "TaskStateEntered", "DetectLabels") }]);
    let json = serde_json::to_value(&steps[0]).unwrap();
    assert_eq!(json["Input"], json!({"ImageID": "an-id", "Key": "raw-uploads/a.jpg", "Size": 1}));
}

#[test]
fn a_complete_history_gets_no_analyses_from_the_record() {
    let mut steps = steps(&[event(1, 0, "TaskStateEntered", "DetectLabels"), event(2, 1, "PassStateEntered", "NoPerson")]);
    let analyses = json!({"Labels": {"Status": "DONE", "ResultKey": "l"}, "Faces": {"Status": "SKIPPED", "Reason": "no person"}});
    assert_eq!(add_analyses(&mut steps, &record(&analyses)), 0);
}

#[test]
fn the_end_of_the_execution_belongs_to_the_running_state() {
    let events = [event(1, 0, "FailStateEntered", "Stop"), failing(9, 0, "ExecutionFailed", "Some.Error")];
    assert_eq!(steps(&events)[0].outcome, "FAILED");
    let mut aborted = steps(&[event(1, 0, "TaskStateEntered", "AwaitReview"), event(2, 1, "ExecutionAborted", "")]);
    stop_running(&mut aborted);
    assert_eq!(aborted[0].outcome, "STOPPED");
}

#[test]
fn a_caught_error_is_not_a_failure_of_the_state() {
    let events = [
        event(1, 0, "TaskStateEntered", "DetectText"),
        event(2, 1, "TaskScheduled", ""),
        failing(3, 2, "TaskFailed", "Recognition.Refused"),
        event(4, 3, "TaskStateExited", "DetectText"),
    ];
    let steps = steps(&events);
    assert_eq!(
        (steps[0].outcome.as_str(), steps[0].is_caught, steps[0].error.as_deref()),
        ("SUCCEEDED", true, Some("Recognition.Refused"))
    );
}
