//! From a history of events to a timeline of states.

use super::summary::Summary;
use serde::Serialize;
use sightline_aws::stepfunctions::Event;
use sightline_domain::model::{
    analysis::Outcome,
    clock::EpochMillis,
    record::{Analyses, Record},
};
use std::collections::HashMap;

/// How a state went.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Step {
    /// Name of the state.
    pub state: String,
    /// Type, such as `Task`.
    pub kind: String,
    /// What it was given, in short.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub input: Option<Summary>,
    /// SUCCEEDED, FAILED, RUNNING, STOPPED (the execution ended first), or as the record says: DONE, SKIPPED, FAILED.
    pub outcome: String,
    /// Epoch milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub entered_at: Option<EpochMillis>,
    /// Epoch milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub left_at: Option<EpochMillis>,
    /// Tries after the first.
    pub retries: usize,
    /// Last error.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// What it said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cause: Option<String>,
    /// Why it is told from the record and not from the history, or why it was skipped.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// The states that were entered, in order.
///
/// An event belongs to the state whose entry its chain of `previous` leads to: branches of a Parallel interleave.
pub fn steps(events: &[Event]) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    // Of each event, the index of the step it belongs to.
    let mut owner: HashMap<i64, usize> = HashMap::new();
    for event in events {
        if let Some(kind) = event.kind.strip_suffix("StateEntered") {
            owner.insert(event.id, steps.len());
            steps.push(Step::entered(kind, event));
            continue;
        }
        let by_name = |state: &String| steps.iter().rposition(|step| step.state == *state && step.left_at.is_none());
        let named = event.state.as_ref().and_then(by_name).or_else(|| owner.get(&event.previous).copied());
        // The end of an execution need not say which state led to it.
        let open = || event.kind.starts_with("Execution").then(|| steps.iter().rposition(|step| step.left_at.is_none())).flatten();
        let Some(index) = named.or_else(open) else { continue };
        owner.insert(event.id, index);
        if let Some(step) = steps.get_mut(index) {
            step.take(event);
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

    fn take(&mut self, event: &Event) {
        if event.kind.ends_with("StateExited") {
            self.left_at = Some(event.at);
            "SUCCEEDED".clone_into(&mut self.outcome);
        } else if event.kind.starts_with("Execution") {
            // The end of the execution; a state that still runs ends with it, by the error that it had itself, if any.
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

/// What still ran when the execution ended, ended with it.
pub fn close(steps: &mut [Step]) {
    for step in steps.iter_mut().filter(|step| step.outcome == "RUNNING") {
        "STOPPED".clone_into(&mut step.outcome);
    }
}

/// Names of the analysis states with what the record knows of each.
fn analyses(known: &Analyses) -> [(&'static str, Option<&Outcome>); 4] {
    [
        ("DetectLabels", known.labels.as_ref()),
        ("AnalyzeFaces", known.faces.as_ref()),
        ("DetectText", known.text.as_ref()),
        ("ModerateImage", known.moderation.as_ref()),
    ]
}

/// Adds the analyses that the history does not show, behind the Parallel state they ran in; gives how many were added.
///
/// The local engine writes no events for what runs inside a Parallel state.
pub fn complete(steps: &mut Vec<Step>, record: &Record) -> usize {
    let missing: Vec<Step> = analyses(&record.analyses)
        .into_iter()
        .filter_map(|(state, outcome)| outcome.map(|outcome| (state, outcome)))
        .filter(|(state, _)| steps.iter().all(|step| step.state != *state))
        // On a complete history a skipped analysis has no state of its own either: `NoPerson` or `NoText` stands for it.
        .filter(|(state, outcome)| !(matches!(outcome, Outcome::Skipped { .. }) && skip_shown(steps, state)))
        .map(|(state, outcome)| from_record(state, outcome, record))
        .collect();
    let added = missing.len();
    let behind = steps.iter().position(|step| step.state == "AnalyzeImage").map_or(steps.len(), |index| index + 1);
    steps.splice(behind..behind, missing);
    added
}

fn skip_shown(steps: &[Step], state: &str) -> bool {
    let stand_in = if state == "AnalyzeFaces" { "NoPerson" } else { "NoText" };
    steps.iter().any(|step| step.state == stand_in)
}

fn from_record(state: &str, outcome: &Outcome, record: &Record) -> Step {
    let (said, note) = match outcome {
        Outcome::Done { result_key } => ("DONE", result_key),
        Outcome::Skipped { reason } => ("SKIPPED", reason),
        Outcome::Failed { reason } => ("FAILED", reason),
    };
    Step {
        state: state.to_owned(),
        kind: "Task".to_owned(),
        input: Some(Summary::of_image(record)),
        outcome: said.to_owned(),
        entered_at: None,
        left_at: None,
        retries: 0,
        error: None,
        cause: None,
        note: Some(note.clone()),
    }
}

#[cfg(test)]
mod tests;
