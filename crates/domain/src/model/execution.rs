//! Executions of the state machine and the events of their histories.

use crate::model::clock::EpochMillis;

/// An execution, as listings show it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Execution {
    /// ARN.
    pub arn: String,
    /// Name, which is unique for 90 days.
    pub name: String,
    /// RUNNING, SUCCEEDED, FAILED, `TIMED_OUT`, ABORTED or `PENDING_REDRIVE`.
    pub status: String,
    /// Start time, epoch milliseconds.
    pub started_at: EpochMillis,
    /// Stop time, epoch milliseconds; `None` while it runs.
    pub stopped_at: Option<EpochMillis>,
}

/// An execution, with its input and the reason of its failure.
#[derive(Debug, Clone)]
pub struct ExecutionDetail {
    /// The same facts as in listings.
    pub execution: Execution,
    /// Its input: JSON.
    pub input: Option<String>,
    /// Name of the error that ended it.
    pub error: Option<String>,
    /// Cause of the error.
    pub cause: Option<String>,
    /// How often it was redriven.
    pub redrives: i32,
    /// Why it cannot be redriven; `None` if it can, or if Step Functions does not say.
    pub not_redrivable: Option<String>,
}

/// One event of a history.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Event {
    /// Number in the history.
    pub id: i64,
    /// Number of the event that caused it; 0 if there is none.
    pub previous: i64,
    /// Time, epoch milliseconds.
    pub at: EpochMillis,
    /// The type, such as `TaskStateEntered`.
    pub kind: String,
    /// Name of the state that was entered or left.
    pub state: Option<String>,
    /// Input of the state that was entered: JSON.
    pub input: Option<String>,
    /// Error name.
    pub error: Option<String>,
    /// Cause of the error.
    pub cause: Option<String>,
}

impl ExecutionDetail {
    /// Whether it failed, timed out or was aborted.
    pub fn has_failed(&self) -> bool {
        FAILURES.contains(&self.execution.status.as_str())
    }
}

/// The statuses of failed executions, for which EventBridge calls `record-failure`.
pub const FAILURES: [&str; 3] = ["FAILED", "TIMED_OUT", "ABORTED"];

/// The `errorMessage` of an error's `cause` if it is Lambda's JSON, or else the whole `cause`.
pub fn error_message(cause: &str) -> String {
    let json: Option<serde_json::Value> = serde_json::from_str(cause).ok();
    let message = json.as_ref().and_then(|json| json.get("errorMessage")).and_then(serde_json::Value::as_str);
    message.unwrap_or(cause).to_owned()
}

/// The name in the ARN of an execution.
pub fn execution_name(arn: &str) -> &str {
    arn.rsplit(':').next().unwrap_or(arn)
}
