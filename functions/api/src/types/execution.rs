//! Executions of the state machine.

use super::Time;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The status of an execution.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ExecutionStatus {
    /// In progress, or waiting for a review.
    Running,
    /// Succeeded.
    Succeeded,
    /// Failed.
    Failed,
    /// Timed out.
    TimedOut,
    /// Aborted.
    Aborted,
    /// About to be redriven.
    PendingRedrive,
}

/// An execution in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ExecutionSummary {
    /// Its name, which is its id in this API.
    #[schema(example = "5f0c1b9e-3a57-5d0c-9b1d-2f6a7c8e9d10")]
    pub id: String,
    /// Its ARN.
    pub arn: String,
    /// Its status.
    pub status: ExecutionStatus,
    /// When it started.
    pub started_at: Time,
    /// When it stopped; null while it runs.
    pub stopped_at: Option<Time>,
    /// Its image; null if its input is not known any more.
    pub image_id: Option<String>,
    /// The name of the file, unless the image was erased.
    pub image_name: Option<String>,
    /// Name of the error that ended it.
    #[schema(example = "Recognition.Unavailable")]
    pub error: Option<String>,
    /// Cause of the error, at most 500 characters.
    pub cause: Option<String>,
    /// Whether a redrive would run it again.
    pub redrivable: bool,
    /// If not: why, in one sentence.
    pub why: Option<String>,
}

/// A page of executions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct ExecutionPage {
    /// Newest first.
    pub executions: Vec<ExecutionSummary>,
    /// The cursor of the next page; null on the last page.
    pub next: Option<String>,
}

/// The outcome of a state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum StateOutcome {
    /// It runs.
    Running,
    /// It succeeded.
    Succeeded,
    /// It failed.
    Failed,
    /// Its error was caught: the execution continued at another state.
    Caught,
    /// The execution ended first.
    Stopped,
    /// From the record, because the history does not have this state: the analysis was done.
    Done,
    /// From the record: the analysis was not needed.
    Skipped,
}

/// What may be shown of the input of a state: ids, counts and names of labels; never found text, faces or tokens.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct InputSummary {
    /// The image.
    pub image_id: Option<String>,
    /// Key of the original.
    pub key: Option<String>,
    /// Bytes of the original.
    pub size: Option<u64>,
    /// Upright width, px.
    pub width: Option<u64>,
    /// Upright height, px.
    pub height: Option<u64>,
    /// Names of labels.
    pub labels: Option<Vec<String>>,
    /// Number of faces.
    pub faces: Option<usize>,
    /// Number of lines of text.
    pub text_lines: Option<usize>,
    /// Verdict of the moderation.
    pub verdict: Option<String>,
    /// Name of a caught error.
    pub error: Option<String>,
}

/// A state that the execution entered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ExecutionState {
    /// Name of the state.
    #[schema(example = "DetectLabels")]
    pub name: String,
    /// Its type, such as `Task`.
    pub kind: String,
    /// Its outcome.
    pub outcome: StateOutcome,
    /// Number of attempts.
    pub attempts: usize,
    /// When it was entered; null if it comes from the record.
    pub started_at: Option<Time>,
    /// When it was left.
    pub ended_at: Option<Time>,
    /// Name of its last error.
    pub error: Option<String>,
    /// Cause of the error, at most 500 characters.
    pub cause: Option<String>,
    /// A summary of its input.
    pub input: Option<InputSummary>,
    /// From the record: why the analysis was skipped or failed.
    pub note: Option<String>,
}

/// An execution with its states.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Execution {
    /// The facts that lists show.
    #[serde(flatten)]
    pub summary: ExecutionSummary,
    /// How often it was redriven.
    pub redrives: i32,
    /// The states in the order in which it entered them; at most the first 1,000 events are read.
    pub states: Vec<ExecutionState>,
}

/// Runs an execution again.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RedriveRequest {
    /// Only say what would be done.
    #[serde(default)]
    pub dry_run: bool,
    /// Start a new execution if a redrive is not possible.
    #[serde(default)]
    pub or_restart: bool,
}

/// Runs executions again: those that are named, or else all that failed.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RedriveManyRequest {
    /// Names of executions, at most 50.
    #[serde(default)]
    #[schema(max_items = 50)]
    pub ids: Option<Vec<String>>,
    /// Only executions that ended with this error; `*` matches any text and `?` any character.
    #[serde(default)]
    #[schema(example = "Recognition.*")]
    pub error: Option<String>,
    /// Only executions that started at this time or later: a day or an ISO 8601 time; by default 14 days ago.
    #[serde(default)]
    #[schema(example = "2026-11-24")]
    pub since: Option<String>,
    /// Only say what would be done.
    #[serde(default)]
    pub dry_run: bool,
    /// Start new executions where a redrive is not possible.
    #[serde(default)]
    pub or_restart: bool,
}

/// What was done with an execution.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum RedriveAction {
    /// It resumes at the state that failed.
    Redriven,
    /// It would resume at the state that failed.
    WouldRedrive,
    /// A new execution has replaced it.
    Restarted,
    /// A new execution would replace it.
    WouldRestart,
    /// It cannot run again; `reason` says why.
    Skipped,
    /// It was not run again; `reason` says why.
    NotRedriven,
}

/// What was done with one execution.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct RedriveOutcome {
    /// Name of the execution.
    pub id: String,
    /// Its image.
    pub image_id: Option<String>,
    /// What was done.
    pub action: RedriveAction,
    /// Why, in one sentence.
    pub reason: Option<String>,
    /// Name of the new execution.
    pub new_id: Option<String>,
}

/// What was done with each execution.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct RedriveOutcomes {
    /// In the order of the request, or newest first.
    pub outcomes: Vec<RedriveOutcome>,
    /// Whether more failed executions match: repeat the call.
    pub more: bool,
}
