//! The states of an execution, from its history.

use crate::{
    model::{
        analysis::Outcome,
        clock::EpochMillis,
        execution::Event,
        record::{Analyses, Record},
    },
    rules::input_summary::Summary,
};
use serde::Serialize;
use std::collections::HashMap;

/// A state that the execution entered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Step {
    /// Its name.
    pub state: String,
    /// Type of the state, such as `Task`.
    pub kind: String,
    /// What may be shown of its input.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub input: Option<Summary>,
    /// SUCCEEDED, FAILED, RUNNING or STOPPED (the execution ended first); DONE, SKIPPED or FAILED if it comes from the record.
    pub outcome: String,
    /// When it was entered, epoch milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub entered_at: Option<EpochMillis>,
    /// When it was left, epoch milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub left_at: Option<EpochMillis>,
    /// Attempts after the first.
    pub retries: usize,
    /// Name of the last error.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// Cause of the error.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cause: Option<String>,
    /// From the record: the key of the result, or why the analysis was skipped or failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// Whether its error was caught, so that the execution continued at another state.
    #[serde(skip)]
    pub is_caught: bool,
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
            is_caught: false,
        }
    }

    fn apply(&mut self, event: &Event) {
        if event.kind.ends_with("StateExited") {
            self.left_at = Some(event.at);
            self.is_caught = self.outcome == "FAILED";
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
        is_caught: false,
    }
}
