//! The states of an execution, from its history.

use super::summary::Summary;
use serde::Serialize;
use sightline_aws::stepfunctions::Event;
use sightline_domain::model::{
    analysis::Outcome,
    clock::EpochMillis,
    record::{Analyses, Record},
};
use std::collections::HashMap;

/// A state that the execution entered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Step {
    pub state: String,
    /// Type of the state, such as `Task`.
    pub kind: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub input: Option<Summary>,
    /// SUCCEEDED, FAILED, RUNNING or STOPPED (the execution ended first); DONE, SKIPPED or FAILED if it comes from the record.
    pub outcome: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub entered_at: Option<EpochMillis>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub left_at: Option<EpochMillis>,
    /// Attempts after the first.
    pub retries: usize,
    /// Name of the last error.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cause: Option<String>,
    /// From the record: the key of the result, or why the analysis was skipped or failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// The states in the order in which the execution entered them.
///
/// The events of parallel branches interleave, so that an event belongs to the state to which its chain of `previous` events leads.
pub fn steps(events: &[Event]) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    // Index of the step of each event.
    let mut step_of: HashMap<i64, usize> = HashMap::new();
    for event in events {
        if let Some(kind) = event.kind.strip_suffix("StateEntered") {
            step_of.insert(event.id, steps.len());
            steps.push(Step::entered(kind, event));
            continue;
        }
        let by_name = |state: &String| steps.iter().rposition(|step| step.state == *state && step.left_at.is_none());
        let named = event.state.as_ref().and_then(by_name).or_else(|| step_of.get(&event.previous).copied());
        // The last event of an execution may lack a previous event.
        let open = || event.kind.starts_with("Execution").then(|| steps.iter().rposition(|step| step.left_at.is_none())).flatten();
        let Some(index) = named.or_else(open) else { continue };
        step_of.insert(event.id, index);
        if let Some(step) = steps.get_mut(index) {
            step.apply(event);
        }
    }
    steps
}

impl Step {
    fn entered(kind: &str, event: &Event) -> Self {
        Self {
            state: event.state.clone().unwrap_or_default(),
            kind: kind.to_owned(),
            input: event.input.as_deref().and_then(Summary::of_input),
            outcome: "RUNNING".to_owned(),
            entered_at: Some(event.at),
            left_at: None,
            retries: 0,
            error: None,
            cause: None,
            note: None,
        }
    }

    fn apply(&mut self, event: &Event) {
        if event.kind.ends_with("StateExited") {
            self.left_at = Some(event.at);
            "SUCCEEDED".clone_into(&mut self.outcome);
        } else if event.kind.starts_with("Execution") {
            // A state that still runs ends with the execution, and keeps its own error if it has one.
            if self.left_at.is_none() && event.error.is_some() {
                self.error = self.error.take().or_else(|| event.error.clone());
                self.cause = self.cause.take().or_else(|| event.cause.clone());
                "FAILED".clone_into(&mut self.outcome);
                self.left_at = Some(event.at);
            }
        } else if matches!(event.kind.as_str(), "TaskScheduled" | "LambdaFunctionScheduled") && self.outcome == "FAILED" {
            self.retries += 1;
            "RUNNING".clone_into(&mut self.outcome);
        } else if event.error.is_some() || event.kind.ends_with("Failed") || event.kind.ends_with("TimedOut") {
            self.error.clone_from(&event.error);
            self.cause.clone_from(&event.cause);
            "FAILED".clone_into(&mut self.outcome);
        }
    }
}

/// Marks the states that still ran when the execution ended as STOPPED.
pub fn stop_running(steps: &mut [Step]) {
    for step in steps.iter_mut().filter(|step| step.outcome == "RUNNING") {
        "STOPPED".clone_into(&mut step.outcome);
    }
}

/// The states of the analyses, with their outcomes.
fn outcomes(analyses: &Analyses) -> [(&'static str, Option<&Outcome>); 4] {
    [
        ("DetectLabels", analyses.labels.as_ref()),
        ("AnalyzeFaces", analyses.faces.as_ref()),
        ("DetectText", analyses.text.as_ref()),
        ("ModerateImage", analyses.moderation.as_ref()),
    ]
}

/// Adds the analyses that the history does not have, behind their Parallel state, and returns their number.
///
/// The local engine records no events of states inside a Parallel state.
pub fn add_analyses(steps: &mut Vec<Step>, record: &Record) -> usize {
    let missing: Vec<Step> = outcomes(&record.analyses)
        .into_iter()
        .filter_map(|(state, outcome)| outcome.map(|outcome| (state, outcome)))
        .filter(|(state, _)| steps.iter().all(|step| step.state != *state))
        // In a complete history, a skipped analysis has the state `NoPerson` or `NoText` instead of its own.
        .filter(|(state, outcome)| !(matches!(outcome, Outcome::Skipped { .. }) && has_skip_state(steps, state)))
        .map(|(state, outcome)| from_record(state, outcome, record))
        .collect();
    let added = missing.len();
    let behind = steps.iter().position(|step| step.state == "AnalyzeImage").map_or(steps.len(), |index| index + 1);
    steps.splice(behind..behind, missing);
    added
}

fn has_skip_state(steps: &[Step], state: &str) -> bool {
    let skip_state = if state == "AnalyzeFaces" { "NoPerson" } else { "NoText" };
    steps.iter().any(|step| step.state == skip_state)
}

fn from_record(state: &str, outcome: &Outcome, record: &Record) -> Step {
    let (status, note) = match outcome {
        Outcome::Done { result_key } => ("DONE", result_key),
        Outcome::Skipped { reason } => ("SKIPPED", reason),
        Outcome::Failed { reason } => ("FAILED", reason),
    };
    Step {
        state: state.to_owned(),
        kind: "Task".to_owned(),
        input: Some(Summary::of_image(record)),
        outcome: status.to_owned(),
        entered_at: None,
        left_at: None,
        retries: 0,
        error: None,
        cause: None,
        note: Some(note.clone()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::record::tests::record;
    use serde_json::json;

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
    fn failed_execution_ends_in_the_failed_state() {
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
        assert_eq!(add_analyses(&mut steps, &record(json!({"Analyses": analyses}))), 2);
        let states: Vec<_> = steps.iter().map(|step| step.state.as_str()).collect();
        assert_eq!(states, ["InspectImage", "AnalyzeImage", "DetectLabels", "AnalyzeFaces", "StoreRecord"]);
        assert!(steps[2].input.as_ref().is_some_and(|input| input.image_id.is_some()), "the input of the analysis");
        assert_eq!((steps[3].outcome.as_str(), steps[3].note.as_deref()), ("SKIPPED", Some("no person")));
    }

    #[test]
    fn state_shows_its_input_without_the_task_token() {
        let input = Some(r#"{"ImageID":"an-id","Key":"raw-uploads/a.jpg","Size":1,"TaskToken":"secret"}"#.to_owned());
        let steps = steps(&[Event { input, ..event(1, 0, "TaskStateEntered", "DetectLabels") }]);
        let json = serde_json::to_value(&steps[0]).unwrap();
        assert_eq!(json["Input"], json!({"ImageID": "an-id", "Key": "raw-uploads/a.jpg", "Size": 1}));
    }

    #[test]
    fn complete_history_gets_no_analyses_from_the_record() {
        let mut steps = steps(&[event(1, 0, "TaskStateEntered", "DetectLabels"), event(2, 1, "PassStateEntered", "NoPerson")]);
        let analyses = json!({"Labels": {"Status": "DONE", "ResultKey": "l"}, "Faces": {"Status": "SKIPPED", "Reason": "no person"}});
        assert_eq!(add_analyses(&mut steps, &record(json!({"Analyses": analyses}))), 0);
    }

    #[test]
    fn end_of_the_execution_belongs_to_the_running_state() {
        let events = [event(1, 0, "FailStateEntered", "Stop"), failing(9, 0, "ExecutionFailed", "Some.Error")];
        assert_eq!(steps(&events)[0].outcome, "FAILED");
        let mut aborted = steps(&[event(1, 0, "TaskStateEntered", "AwaitReview"), event(2, 1, "ExecutionAborted", "")]);
        stop_running(&mut aborted);
        assert_eq!(aborted[0].outcome, "STOPPED");
    }
}
